"""What people read in a notification, in plain sentences: the same in a mail, in Slack and in Teams."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from bridgehead.ids import show
from bridgehead.reviews.model import Review, ReviewKind, ReviewState
from bridgehead.reviews.ports import Event, Message
from bridgehead.spec.tool import JSON

KINDS: Final[dict[ReviewKind, str]] = {
    "approval": "An approval",
    "question": "A question",
    "exception": "A case for a person",
    "unknown_effect": "A call whose outcome nobody knows",
    "deadline": "A case that is out of time",
    "conflict": "A conflict",
    "document": "A document",
    "audit": "A check",
    "seeded": "An approval",
}
_EVENTS: Final[dict[Event, str]] = {
    "opened": "waits for {role}",
    "escalated": "now waits for {role}",
    "overdue": "is overdue, and still waits for {role}",
    "decided": "waits for nobody any more",
}
_STATES: Final[dict[ReviewState, str]] = {
    "open": "It is open.",
    "approved": "It was approved",
    "edited": "It was approved with changes",
    "rejected": "It was rejected",
    "answered": "It was answered",
    "taken": "The case was taken over",
    "returned": "It was sent back",
    "superseded": "It was superseded",
    "cancelled": "It was cancelled",
    "expired": "It has expired",
}


def headline(message: Message) -> str:
    """Returns in one sentence what happened."""
    kind = KINDS[message.review.seen_as()]
    happened = _EVENTS[message.event].format(role=message.review.role)
    return f"{kind} of {message.deployment} {happened}: {message.name}"


def facts(message: Message) -> list[tuple[str, str]]:
    """Returns what every notification says of a review: which it is, for whom, and until when."""
    review = message.review
    about = show("C", review.case_id) if review.case_id is not None else show("A", review.arrival_id or 0)
    found = [("Review", message.name), ("About", about), ("Role", review.role)]
    if message.event != "decided" and review.due_at is not None:
        found.append(("Due", moment(review.due_at)))
    return found


def ended(review: Review) -> str:
    """Returns in one sentence how a review was decided, by whom, by which channel and when."""
    text = _STATES[review.state]
    if review.state == "open":
        return text
    if review.decided_by:
        text += f" by {review.decided_by}"
    if review.decided_via:
        text += f" via {review.decided_via}"
    return f"{text} at {moment(review.decided_at)}." if review.decided_at is not None else f"{text}."


def moment(at: datetime) -> str:
    """Returns a moment to the minute, in UTC."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def told(message: Message) -> dict[str, JSON]:
    """Returns what another system is told: ids, role, due and link, and the call where the channel carries it."""
    review = message.review
    found: dict[str, JSON] = {
        "review": message.name,
        "kind": review.seen_as(),
        "deployment": message.deployment,
        "role": review.role,
        "case": None if review.case_id is None else show("C", review.case_id),
        "arrival": None if review.arrival_id is None else show("A", review.arrival_id),
        "due": None if review.due_at is None else review.due_at.astimezone(UTC).isoformat(),
        "state": review.state,
        "link": message.link,
    }
    if message.event == "decided":
        found |= {
            "decided_by": review.decided_by,
            "decided_via": review.decided_via,
            "decided_at": None if review.decided_at is None else review.decided_at.astimezone(UTC).isoformat(),
        }
    if message.summary is not None:
        found["summary"] = {
            "title": message.summary.title,
            "arguments": dict(message.summary.lines),
            "why": list(message.summary.why),
            "whole": message.summary.whole,
        }
    return found
