"""Reviews as plain values, and which decisions each kind takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from bridgehead.errors import UserError
from bridgehead.ids import ReviewId
from bridgehead.spec.tool import JSON

ReviewKind = Literal["approval", "question", "exception", "unknown_effect", "deadline", "conflict", "document"]
ReviewState = Literal[
    "open", "approved", "edited", "rejected", "answered", "taken", "superseded", "cancelled", "expired"
]
Verb = Literal["approve", "edit", "reject", "answer", "take"]

VERBS: Final[Mapping[ReviewKind, tuple[Verb, ...]]] = {
    "approval": ("approve", "edit", "reject", "take"),
    "conflict": ("edit", "reject", "take"),
    "question": ("answer", "reject", "take"),
    "unknown_effect": ("answer", "take"),
    "exception": ("answer",),
    "deadline": ("answer",),
    "document": ("answer",),
}
"""What a person may do with each kind. ``answer`` on an exception or a deadline closes the case;
``take`` fences the agent and leaves the case with whoever took it, as an exception to answer."""

STATE_OF: Final[Mapping[Verb, ReviewState]] = {
    "approve": "approved",
    "edit": "edited",
    "reject": "rejected",
    "answer": "answered",
    "take": "taken",
}

FENCING: Final[frozenset[ReviewKind]] = frozenset({"exception", "deadline"})
"""Kinds whose case has left the agent's hands for good."""

PAUSING: Final[frozenset[ReviewKind]] = frozenset({"approval", "question", "unknown_effect", "conflict"})
"""Kinds whose case stays resumable; its deadline clock stops while they are open."""


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


def check_verb(kind: ReviewKind, verb: Verb) -> None:
    """Returns when the kind takes the verb; raises UserError naming the ones it does take."""
    if verb not in VERBS[kind]:
        raise UserError(
            f"a review of kind {kind} cannot be decided with {verb!r}",
            code="review.verb",
            hint=f"It takes: {', '.join(VERBS[kind])}.",
        )


def check_answer(kind: ReviewKind, verb: Verb, answer: JSON) -> None:
    """Returns when the answer is one the case can go on with; raises UserError saying what is expected."""
    given = answer if isinstance(answer, Mapping) else {}
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
