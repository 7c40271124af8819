"""Reviews as plain values, and which decisions each kind takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final, Literal

from bridgehead.errors import UserError
from bridgehead.ids import ReviewId
from bridgehead.spec.tool import JSON

ReviewKind = Literal[
    "approval",
    "question",
    "exception",
    "unknown_effect",
    "deadline",
    "conflict",
    "document",
    "audit",
    "seeded",
]
ReviewState = Literal[
    "open", "approved", "edited", "rejected", "answered", "taken", "returned", "superseded", "cancelled", "expired"
]
Verb = Literal["approve", "edit", "reject", "answer", "take", "back"]
Standing = Literal[
    "open",
    "claimed",
    "timed_out",
    "no_channel",
    "approved",
    "edited",
    "rejected",
    "answered",
    "taken",
    "returned",
    "superseded",
    "cancelled",
    "expired",
]
"""How a review stands for people: its state, and while it is open whether somebody has it before them, whether
nobody decided in time, and whether nobody could be told. None of these decides anything."""

VERBS: Final[Mapping[ReviewKind, tuple[Verb, ...]]] = {
    "approval": ("approve", "edit", "reject", "back", "take"),
    "conflict": ("edit", "reject", "back", "take"),
    "question": ("answer", "reject", "take"),
    "unknown_effect": ("answer", "take"),
    "exception": ("answer",),
    "deadline": ("answer",),
    "document": ("answer",),
    "audit": ("approve", "reject"),
    "seeded": ("approve", "edit", "reject", "back", "take"),
}
"""What a person may do with each kind. ``answer`` on an exception or a deadline closes the case;
``take`` fences the agent and leaves the case with whoever took it, as an exception to answer; ``back`` lets the agent
go on without the call and with guidance. An audit is right (approve) or wrong (reject). A seeded check takes what an
approval takes, so that nothing gives it away, and moves nothing."""

STATE_OF: Final[Mapping[Verb, ReviewState]] = {
    "approve": "approved",
    "edit": "edited",
    "reject": "rejected",
    "answer": "answered",
    "take": "taken",
    "back": "returned",
}

FENCING: Final[frozenset[ReviewKind]] = frozenset({"exception", "deadline"})
"""Kinds whose case has left the agent's hands for good."""

PAUSING: Final[frozenset[ReviewKind]] = frozenset({"approval", "question", "unknown_effect", "conflict"})
"""Kinds whose case stays resumable; its deadline clock stops while they are open."""


LOOKING: Final[frozenset[ReviewKind]] = frozenset({"audit", "seeded"})
"""Kinds that look at what people or the agent decided: no case waits for them, and none is moved by them."""


@dataclass(frozen=True, slots=True)
class Review:
    """One open or decided piece of human work, as a segment or a list needs it.

    ``args_digest`` binds an approval to the exact arguments shown; ``answer`` is what the
    person gave (edited arguments, an answer, a reason), as JSON.
    """

    id: ReviewId
    kind: ReviewKind
    role: str
    state: ReviewState
    case_id: int | None
    arrival_id: int | None
    effect_id: int | None
    args_digest: bytes | None
    shown: Mapping[str, JSON]
    opened_at: datetime
    valid_for: timedelta | None = None
    decided_at: datetime | None = None
    decided_by: str | None = None
    answer: JSON = None
    used: bool = False
    escalate_at: datetime | None = None
    error_class: str | None = None
    due_at: datetime | None = None
    """When it should be decided, by the hours of its role; None where nobody promised a time."""
    timed_out_at: datetime | None = None
    no_channel_at: datetime | None = None
    claimed_by: str | None = None
    claim_until: datetime | None = None
    stake: Decimal | None = None
    stake_currency: str = ""
    decided_via: str | None = None
    decided_for: str | None = None
    """Whose role the decider had been handed; None for one of their own."""
    looks_at: ReviewId | None = None

    def seen_as(self) -> ReviewKind:
        """Returns the kind that people are told."""
        return seen_as(self.kind, self.state)

    def claimant(self, now: datetime) -> str | None:
        """Returns who has it before them at a moment; a claim that is over counts for nothing."""
        return self.claimed_by if self.claim_until is not None and self.claim_until > now else None

    def overdue(self, now: datetime) -> bool:
        """Tells whether it is undecided past the time that it should have been decided in."""
        return self.state == "open" and self.due_at is not None and self.due_at <= now

    def standing(self, now: datetime) -> Standing:
        """Returns how it stands for people at a moment."""
        if self.state != "open":
            return self.state
        if self.claimant(now) is not None:
            return "claimed"
        if self.timed_out_at is not None:
            return "timed_out"
        return "no_channel" if self.no_channel_at is not None else "open"


def seen_as(kind: ReviewKind, state: ReviewState) -> ReviewKind:
    """Returns the kind that people are told: a seeded check passes for an approval until it is decided."""
    return "approval" if kind == "seeded" and state == "open" else kind


def check_verb(kind: ReviewKind, verb: Verb) -> None:
    """Returns when the kind takes the verb; raises UserError naming the ones it does take."""
    if verb not in VERBS[kind]:
        raise UserError(
            f"a review of kind {seen_as(kind, 'open')} cannot be decided with {verb!r}",
            code="review.verb",
            hint=f"It takes: {', '.join(VERBS[kind])}.",
        )


def check_answer(kind: ReviewKind, verb: Verb, answer: JSON) -> None:
    """Returns when the answer is one the case can go on with; raises UserError saying what is expected."""
    given = answer if isinstance(answer, Mapping) else {}
    if verb == "back" and not (isinstance(answer, str) and answer.strip()):
        raise UserError(
            "sending a case back needs guidance for the agent",
            code="review.answer",
            hint="Say in a sentence what it should do instead.",
        )
    if verb == "edit" and not isinstance(given.get("args"), Mapping):
        raise UserError(
            "an edit needs the arguments as they should be",
            code="review.answer",
            hint='Give {"args": {…}}, with every argument of the call.',
        )
    if verb == "answer" and kind == "unknown_effect" and not isinstance(given.get("happened"), bool):
        raise UserError(
            "an unknown effect is settled by saying whether it happened",
            code="review.answer",
            hint='Give {"happened": true, "result": …} or {"happened": false}.',
        )


def approval_expired(review: Review, now: datetime) -> bool:
    """Returns whether a granted approval has outlived its ``valid_for``."""
    if review.valid_for is None or review.decided_at is None:
        return False
    return now > review.decided_at + review.valid_for
