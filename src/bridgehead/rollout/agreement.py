"""Field by field: what an agent proposed, compared with what people booked. Pure; nothing is guessed.

Both sides are JSON, flattened to paths such as ``ship_to.city`` and ``lines[0].price``. Only
fields of the agent's outcome are compared. A number is a number however it is written
(``45``, ``"45.0000"``), but a text with leading zeros is none. An absent field is *missing*,
which is neither agreement nor difference.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final, Literal

from bridgehead.spec.tool import JSON

Scalar = str | int | float | bool | None
Fields = Mapping[str, Scalar]
"""A JSON value by path; ``lines[]`` holds how many entries a list has."""

_NUMBER: Final = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?", re.ASCII)
_INDEX: Final = re.compile(r"\[\d+\]")

Fate = Literal["agrees", "differs", "handed_over", "not_comparable", "no_booking", "nothing_in_common"]
"""What became of one case in the comparison."""


@dataclass(frozen=True, slots=True)
class Rules:
    """How sides are matched and what is compared.

    ``match`` pairs a path of the case with a path of the booking. ``only`` and ``ignore`` hold
    paths without indices (``lines[].price``); a path stands for all that lies below it.
    """

    match: tuple[tuple[str, str], ...]
    only: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()

    def compared(self, name: str) -> bool:
        """Whether a field counts."""
        if any(_below(name, path) for path in self.ignore):
            return False
        return not self.only or any(_below(name, path) for path in self.only)


@dataclass(frozen=True, slots=True)
class Proposal:
    """One closed case: its id, how it ended, what it was given and what it came to."""

    case: str
    outcome: str
    input: JSON
    output: JSON


@dataclass(frozen=True, slots=True)
class Difference:
    """One field of one case where the two sides are not equal."""

    case: str
    field: str
    agent: Scalar
    person: Scalar


@dataclass(slots=True)
class FieldCount:
    """How one field came out over all compared cases; list entries count under one name."""

    agree: int = 0
    differ: int = 0
    missing: int = 0


@dataclass(slots=True)
class Agreement:
    """What the comparison found.

    ``unused`` counts bookings for which no case proposed anything; ``minutes`` sums the field of
    that name over the bookings that were compared, None when none of them has it.
    """

    fates: dict[str, Fate] = field(default_factory=dict)
    fields: dict[str, FieldCount] = field(default_factory=dict)
    differences: list[Difference] = field(default_factory=list)
    bookings: int = 0
    unused: int = 0
    minutes: Decimal | None = None
    booking_fields: tuple[str, ...] = ()

    def count(self, fate: Fate) -> int:
        """Returns how many cases came out so."""
        return sum(1 for found in self.fates.values() if found == fate)

    @property
    def compared(self) -> int:
        """How many cases had a booking beside them."""
        return self.count("agrees") + self.count("differs")


class Comparison:
    """Compares proposals one after the other with a set of bookings, each of which is used once."""

    def __init__(self, bookings: Iterable[JSON], rules: Rules) -> None:
        self._rules = rules
        self._open: dict[tuple[str, ...], list[Fields]] = {}
        self.result = Agreement()
        names: set[str] = set()
        for booking in bookings:
            fields = flatten(booking)
            names.update(_INDEX.sub("[]", path) for path in fields)
            self.result.bookings += 1
            self.result.unused += 1
            key = _key(fields, [theirs for _, theirs in rules.match])
            if key is not None:
                self._open.setdefault(key, []).append(fields)
        self.result.booking_fields = tuple(sorted(names))

    def add(self, proposal: Proposal) -> Fate:
        """Compares one case and returns what became of it."""
        fate = self._fate(proposal)
        self.result.fates[proposal.case] = fate
        return fate

    def _fate(self, proposal: Proposal) -> Fate:
        if proposal.outcome == "not_comparable":
            return "not_comparable"
        if proposal.outcome != "completed":
            return "handed_over"
        ours = flatten(proposal.output)
        key = _key({**flatten(proposal.input), **ours}, [mine for mine, _ in self._rules.match])
        candidates = self._open.get(key, []) if key is not None else []
        if not candidates:
            return "no_booking"
        theirs = min(candidates, key=lambda one: sum(1 for _ in self._different(ours, one)))
        if not self._common(ours, theirs):
            return "nothing_in_common"
        candidates.remove(theirs)
        self.result.unused -= 1
        minutes = plain(theirs.get("minutes"))
        if isinstance(minutes, Decimal):
            self.result.minutes = (self.result.minutes or Decimal(0)) + minutes
        return self._compare(proposal.case, ours, theirs)

    def _compare(self, case: str, ours: Fields, theirs: Fields) -> Fate:
        fate: Fate = "agrees"
        for path, value in ours.items():
            name = _INDEX.sub("[]", path)
            if not self._rules.compared(name):
                continue
            if path not in theirs:
                if not name.endswith("[]"):
                    self.result.fields.setdefault(name, FieldCount()).missing += 1
                continue
            counts = self.result.fields.setdefault(name, FieldCount())
            if plain(value) == plain(theirs[path]):
                counts.agree += 1
            else:
                counts.differ += 1
                fate = "differs"
                self.result.differences.append(Difference(case, path, value, theirs[path]))
        return fate

    def _common(self, ours: Fields, theirs: Fields) -> list[str]:
        """Returns the compared fields of both sides, those aside by which they were matched."""
        matched = {mine for mine, _ in self._rules.match}
        return [
            path
            for path in ours
            if path in theirs and path not in matched and self._rules.compared(_INDEX.sub("[]", path))
        ]

    def _different(self, ours: Fields, theirs: Fields) -> Iterable[str]:
        return (path for path in self._common(ours, theirs) if plain(ours[path]) != plain(theirs[path]))


def flatten(value: JSON, path: str = "") -> dict[str, Scalar]:
    """Returns a JSON value by path; an empty mapping has no path, a list gives its length as well."""
    if isinstance(value, Mapping):
        found: dict[str, Scalar] = {}
        for name, inner in value.items():
            found |= flatten(inner, f"{path}.{name}" if path else name)
        return found
    if isinstance(value, Sequence) and not isinstance(value, str):
        found = {f"{path}[]": len(value)}
        for index, inner in enumerate(value):
            found |= flatten(inner, f"{path}[{index}]")
        return found
    return {path: value}


def plain(value: Scalar) -> str | Decimal | None:
    """Returns the form in which two values are compared."""
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    text = str(value).strip()
    return Decimal(text) if _NUMBER.fullmatch(text) else text


def _key(fields: Fields, paths: Sequence[str]) -> tuple[str, ...] | None:
    """Returns what two sides are matched by, or None when a part of it is missing."""
    parts = [plain(fields[path]) if path in fields else None for path in paths]
    if any(part is None or part == "" for part in parts):
        return None
    return tuple(str(part.normalize() if isinstance(part, Decimal) else part) for part in parts)


def _below(name: str, path: str) -> bool:
    return name == path or name.startswith((f"{path}.", f"{path}[]"))
