"""What a segment may write: each value below becomes rows and one ledger row, in one commit.

A write names what it records, the ids that stand in the clear, and the payloads that are
sealed. Storage turns a sequence of writes into one fenced transaction; nothing else writes
to a running case.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Literal

from bridgehead.costs.meter import Cost
from bridgehead.effects.states import EffectState
from bridgehead.errors import ErrorClass
from bridgehead.ledger.vault import to_bytes
from bridgehead.reviews.model import ReviewKind
from bridgehead.spec.deployment import Level
from bridgehead.spec.tool import JSON

StepKind = Literal["read", "effect", "model", "question", "timer"]
OutcomeKind = Literal["completed", "settled_by_person", "would_hand_over", "not_comparable"]
NO_PAYLOAD: Mapping[str, JSON] = {}


@dataclass(frozen=True, slots=True)
class StepWrite:
    """One recorded call. ``digest`` finds it again: of the arguments, or of what fed a model turn."""

    kind: StepKind
    branch: str
    name: str
    digest: bytes
    occurrence: int
    ok: bool
    payload: Mapping[str, JSON]
    started_at: datetime
    duration_ms: float
    kept: bytes | None = field(default=None, compare=False, repr=False)
    """The payload as it was when it was ``frozen``."""


@dataclass(frozen=True, slots=True)
class DecisionWrite:
    """What the gate said of one call; ``token`` lets later writes of the same commit refer to it."""

    token: str
    tool: str
    digest: bytes
    verdict: Literal["allow", "hold", "deny"]
    policy_digest: bytes
    detail: Mapping[str, JSON]
    policies: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class EffectOpen:
    """A proposed effect in its first state. ``send_s`` and ``settle_s`` count from the commit."""

    token: str
    tool: str
    key: bytes
    digest: bytes
    branch: str
    occurrence: int
    state: EffectState
    args: Mapping[str, JSON]
    decision: str
    attempt: int = 0
    result: Mapping[str, JSON] | None = None
    send_s: float | None = None
    settle_s: float | None = None
    supersedes: int | None = None


@dataclass(frozen=True, slots=True)
class EffectMove:
    """A further state of an effect; a commit whose effect is not in ``before`` any more is lost."""

    effect_id: int
    before: EffectState
    after: EffectState
    result: Mapping[str, JSON] | None = None
    decision: str | None = None
    send_s: float | None = None
    settle_s: float | None = None
    found_by: tuple[bytes, ...] = ()
    """Digests by which its case is found from then on (see ``cases.finding``)."""
    kept: bytes | None = field(default=None, compare=False, repr=False)
    """The result as it was when it was ``frozen``."""


@dataclass(frozen=True, slots=True)
class ReviewOpen:
    """Work for a person. ``effect`` is an effect's id or the token of an EffectOpen of this commit."""

    token: str
    kind: ReviewKind
    role: str
    shown: Mapping[str, JSON]
    effect: int | str | None = None
    digest: bytes | None = None
    error_class: ErrorClass | None = None
    within_s: float | None = None
    valid_for_s: float | None = None


@dataclass(frozen=True, slots=True)
class ReviewUse:
    """A granted approval is used, once."""

    review_id: int


@dataclass(frozen=True, slots=True)
class AllowanceUse:
    """An intent takes so much of these allowances; where one was taken back, nothing of the commit stands.

    ``effect`` is an effect's id or the token of an EffectOpen of this commit. No history, so without a ledger row.
    """

    effect: int | str
    uses: tuple[tuple[int, Decimal], ...]


@dataclass(frozen=True, slots=True)
class CostWrite:
    """An entry of the case's books."""

    cost: Cost


@dataclass(frozen=True, slots=True)
class Note:
    """Something worth a ledger row and nothing else, such as drift in a prompt."""

    kind: str
    refs: Mapping[str, JSON] = field(default_factory=dict)
    payload: Mapping[str, JSON] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Wait:
    """The segment ends and the case waits: for a decision, or until ``wake_after_s`` from the commit.

    ``stop_clock`` stops the deadline while a person has something to decide. ``at_once``: it waits for nothing but
    another worker. ``paused_tool`` is the one that the case came to and that an operator paused.
    """

    wake_after_s: float | None
    stop_clock: bool
    at_once: bool = False
    paused_tool: str = ""


@dataclass(frozen=True, slots=True)
class CheckWrite:
    """What a check said of a tool's result or of an outcome. ``attempt`` is 1 for what came in the place of another."""

    subject: str
    checked_by: str
    attempt: int
    passed: bool
    why: str
    duration_ms: float
    said: bool = True
    """False: the check could not say anything, so that nothing passed."""


@dataclass(frozen=True, slots=True)
class Worked:
    """The agent has worked on the case for so many seconds in this segment; no history, so without a ledger row."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Adopt:
    """The case goes on under another release, and at ``level``, which is never above the one it had."""

    release: bytes
    level: Level


@dataclass(frozen=True, slots=True)
class Finish:
    """The case is closed with its one outcome."""

    outcome: OutcomeKind
    output: Mapping[str, JSON]
    error_class: ErrorClass | None = None
    cause: str | None = None
    """In shadow, of what the agent would have handed over: the word that it named."""


@dataclass(frozen=True, slots=True)
class HandOver:
    """The case leaves the agent's hands for good; the review of the same commit says why and to whom.

    ``cause`` is the word by which the agent itself handed it over, empty where it named none; None where it did not.
    """

    error_class: ErrorClass
    cause: str | None = None


Write = (
    StepWrite
    | DecisionWrite
    | EffectOpen
    | EffectMove
    | ReviewOpen
    | ReviewUse
    | AllowanceUse
    | CostWrite
    | Note
    | CheckWrite
    | Adopt
    | Worked
    | Wait
    | Finish
    | HandOver
)
END = (Wait, Finish, HandOver)
"""Writes that release the claim; a commit holds at most one, as its last."""


def frozen(write: Write) -> Write:
    """Returns the write with its payload kept as it is at this moment: the agent may change what it was given."""
    if isinstance(write, StepWrite):
        return replace(write, kept=to_bytes(write.payload))
    if isinstance(write, EffectMove) and write.result is not None:
        return replace(write, kept=to_bytes(write.result))
    return write
