"""What a tool is, without its code: the part that the gate, the release digest and the journal read."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias, Union, get_args

from bridgehead.errors import UserError
from bridgehead.money import Money

JSON: TypeAlias = Union[bool, int, float, str, Sequence["JSON"], Mapping[str, "JSON"], None]  # noqa: UP007  a recursive alias that exists at run time
"""A value that RFC 8259 can carry, in Python's own types."""

EffectClass = Literal["read", "outbound_read", "reversible", "irreversible"]
"""What a call does to the world; ``outbound_read`` is a read that leaves the trust boundary."""

EFFECT_CLASSES: Final[tuple[EffectClass, ...]] = get_args(EffectClass)

_UNIT_S: Final[Mapping[str, int]] = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}
_DURATION = re.compile(r"(?:(?P<d>\d+)d)?(?:(?P<h>\d+)h)?(?:(?P<m>\d+)m)?(?:(?P<s>\d+(?:\.\d+)?)s)?", re.ASCII)
_LONGEST_S: Final = 3_660 * 86_400.0


@dataclass(frozen=True, slots=True)
class Tool:
    """The descriptor of one tool; the callables it stands for live with the cases.

    ``key`` names the arguments that make a call the same effect (None: all of them);
    ``idempotent`` says that the target accepts an idempotency key; ``repeatable`` counts
    occurrences instead of merging them. ``sensitive`` names the arguments an attacker would
    aim at, ``labels`` what result
    fields are worth, ``source_time`` the field that says when the source knew it. ``hedge`` lets a ``read`` that takes
    long be asked a second time. ``parameters`` is the JSON Schema (2020-12) of the arguments; an
    argument it does not name is unknown and is denied. ``moves``, ``reaches`` and ``touches`` are the paths of
    the arguments that hold the money a call moves, its recipients and the records it touches: what caps count.
    """

    name: str
    effect_class: EffectClass
    key: tuple[str, ...] | None = None
    idempotent: bool = False
    repeatable: bool = False
    timeout_s: float = 20.0
    visible_within_s: float = 0.0
    max_age_s: float | None = None
    source_time: str | None = None
    sensitive: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    cost: Money | None = None
    hedge: bool = True
    parameters: Mapping[str, object] = field(default_factory=dict)
    result: Mapping[str, object] = field(default_factory=dict, compare=False)
    """The JSON Schema of what it returns, empty where nobody knows: rules that name a field are held to it."""
    description: str = ""
    has_verify: bool = False
    has_undo: bool = False
    has_preview: bool = False
    moves: str | None = None
    reaches: str | None = None
    touches: str | None = None

    @property
    def is_effect(self) -> bool:
        """True when a call changes the world, so that it is recorded before it is sent."""
        return self.effect_class in ("reversible", "irreversible")

    @property
    def may_hedge(self) -> bool:
        """True for a read that stays inside, costs nothing, and did not opt out: it may be asked twice at once."""
        return self.effect_class == "read" and self.hedge and self.cost is None

    def descriptor(self) -> dict[str, object]:
        """Returns everything that makes this tool what it is, as JSON, for the release digest."""
        return {
            "name": self.name,
            "effect_class": self.effect_class,
            "key": None if self.key is None else list(self.key),
            "idempotent": self.idempotent,
            "repeatable": self.repeatable,
            "timeout_s": self.timeout_s,
            "visible_within_s": self.visible_within_s,
            "max_age_s": self.max_age_s,
            **({} if self.source_time is None else {"source_time": self.source_time}),
            "sensitive": sorted(self.sensitive),
            "labels": dict(self.labels),
            "cost": None if self.cost is None else str(self.cost),
            **({} if self.hedge else {"hedge": False}),
            "parameters": dict(self.parameters),
            "description": self.description,
            "has_verify": self.has_verify,
            "has_undo": self.has_undo,
            "has_preview": self.has_preview,
            **{name: path for name in ("moves", "reaches", "touches") if (path := getattr(self, name)) is not None},
        }


def parse_duration(text: str) -> float:
    """Returns the seconds in ``90s``, ``15m``, ``1h30m`` or ``2d``; raises UserError otherwise.

    Units are d, h, m and s, each at most once and in this order; only seconds take a
    fraction. Nothing above ten years is accepted.
    """
    found = _DURATION.fullmatch(text.strip())
    if found is None or not any(found.groupdict().values()):
        raise UserError(
            f"{text!r} is no duration",
            code="input.duration",
            hint="Write a number and a unit (s, m, h, d), largest unit first: 20s, 15m, 1h30m, 2d.",
        )
    seconds = sum(float(amount) * _UNIT_S[unit] for unit, amount in found.groupdict().items() if amount)
    if seconds > _LONGEST_S:
        raise UserError(
            f"{text!r} is longer than ten years", code="input.duration", hint="The longest is ten years: 3660d."
        )
    return seconds
