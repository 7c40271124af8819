"""What the gate is asked and what it answers, as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Literal, cast

from bridgehead.errors import ErrorClass
from bridgehead.gate.facts import Read, Trace
from bridgehead.gate.grants import Grant
from bridgehead.gate.history import History
from bridgehead.gate.recorded import packed, unpacked
from bridgehead.money import Money
from bridgehead.spec.deployment import Level
from bridgehead.spec.tool import JSON, Tool

Verdict = Literal["allow", "hold", "deny"]
_ELSEWHERE: Final = frozenset({"deployment", "release"})

__all__ = ["Approval", "Call", "Decision", "Level", "Reason", "Verdict", "View"]


@dataclass(frozen=True, slots=True)
class Call:
    """One proposed call: the tool, its arguments as JSON, and the digest an approval is bound to."""

    tool: Tool
    args: Mapping[str, JSON]
    args_digest: bytes


@dataclass(frozen=True, slots=True)
class Approval:
    """A person's yes to one exact call.

    ``args_digest`` is of the arguments that person saw; ``valid_until_passed`` and ``used``
    are facts the caller read, because the gate asks no clock and no database.
    """

    review_id: int
    args_digest: bytes
    by: str
    valid_until_passed: bool
    used: bool
    second: str = ""
    """Who approved it after ``by``, another person; empty: nobody."""


@dataclass(frozen=True, slots=True)
class View:
    """Everything besides the call that a decision rests on, read by the caller before it asks.

    ``steps_so_far`` and ``repeats`` count what was made before this call or is under way: steps
    of the case, and calls of the same tool with the same arguments. ``cost_so_far`` is the priced
    spend of the case, calls under way included (None: no limit is set). ``suspended_tools`` is the kill switch.
    ``facts`` are by the path of the argument, ``read`` is everything read so far, ``grant`` the case's authority.
    """

    level: Level
    approval: Approval | None = None
    steps_so_far: int = 0
    repeats: int = 0
    cost_so_far: Money | None = None
    deployment: str = ""
    release: str = ""
    suspended_tools: frozenset[str] = frozenset()
    grant: Grant | None = None
    facts: Mapping[str, Trace] = field(default_factory=dict)
    read: Read = field(default_factory=Read)
    carried: Mapping[str, Read] = field(default_factory=dict)
    """What each argument of a call that leaves may hold, where the case has read anything that may not go anywhere."""
    history: History = field(default_factory=History)

    def to_json(self) -> dict[str, JSON]:
        """Returns the view for the record: fields at their default, deployment and release left out.

        These two stand in the ledger row of the decision already.
        """
        return cast("dict[str, JSON]", packed(self, without=_ELSEWHERE))

    @classmethod
    def from_json(cls, value: JSON, *, deployment: str, release: str) -> View:
        """Returns a recorded view, so that its decision can be made again; raises ValueError for what is none."""
        return replace(unpacked(cls, value), deployment=deployment, release=release)


@dataclass(frozen=True, slots=True)
class Reason:
    """One ground of a decision, in words an operator can act on.

    ``policy_id`` names the rule (``tools.book_order``, ``limits.steps``, a Cedar ``@id``),
    ``condition`` the part that failed, ``argument`` the path of the argument it read,
    ``found`` what stood there, ``remedy`` what would allow the call.
    """

    policy_id: str
    text: str
    condition: str = ""
    argument: str = ""
    found: str = ""
    remedy: str = ""

    def to_json(self) -> dict[str, str]:
        """Returns the reason as JSON, all fields present."""
        return {
            "policy_id": self.policy_id,
            "text": self.text,
            "condition": self.condition,
            "argument": self.argument,
            "found": self.found,
            "remedy": self.remedy,
        }


@dataclass(frozen=True, slots=True)
class Decision:
    """What the gate said of one call.

    ``role``, ``within_s`` and ``valid_for_s`` are set when the verdict is ``hold``;
    ``policy_digest`` (32 bytes, SHA-256) names the policies, limits and rules that decided.
    ``view`` is what it rested on, where whoever asked keeps it for the record.
    """

    verdict: Verdict
    reasons: tuple[Reason, ...]
    role: str | None = None
    within_s: float | None = None
    valid_for_s: float | None = None
    policy_digest: bytes = b""
    redact: tuple[str, ...] = ()
    """Arguments that are blacked out before anybody is shown the call and before it is made."""
    view: View | None = field(default=None, compare=False, repr=False)

    @property
    def error_class(self) -> ErrorClass:
        """The class a denied call ends in: a limit that is used up, or a policy that said no."""
        limited = any(reason.policy_id.startswith("limits.") for reason in self.reasons)
        if any(reason.policy_id == "gate.stale" for reason in self.reasons):
            return "stale_fact"
        return "budget_exhausted" if limited else "policy_denied"

    def to_json(self) -> dict[str, object]:
        """Returns the whole decision as JSON, for the ledger and for ``explain``."""
        told: dict[str, object] = {
            "verdict": self.verdict,
            "reasons": [reason.to_json() for reason in self.reasons],
            "role": self.role,
            "within_s": self.within_s,
            "valid_for_s": self.valid_for_s,
            "policy_digest": self.policy_digest.hex(),
        }
        if self.redact:
            told["redact"] = list(self.redact)
        return told if self.view is None else told | {"view": self.view.to_json()}

    def short(self) -> str:
        """Returns the form a model may see: verdict and argument names, no threshold and no value.

        A model that knew the limit could aim just below it (split an order, round a price).
        """
        if self.verdict == "allow":
            return "allowed"
        if self.verdict == "hold":
            return "held: a person decides about this call"
        names = sorted({reason.argument for reason in self.reasons if reason.argument})
        about = f" because of {', '.join(names)}" if names else ""
        return f"denied by policy{about}; the same call will be denied again"
