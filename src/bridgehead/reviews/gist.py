"""What a review is about in a few words: the reason that it is grouped by, and why it is there. Pure."""

from __future__ import annotations

from bridgehead.reviews.model import Review
from bridgehead.spec.tool import JSON


def reason_of(review: Review) -> str:
    """Returns what reviews are grouped by: the call, the cause that was named, a document's kind, or the class."""
    shown = review.shown
    if shown.get("tool"):
        return f"{review.seen_as()} of {shown.get('tool')}"
    cause = shown.get("cause") or shown.get("kind") or shown.get("code") or review.error_class
    return str(cause or review.seen_as())


def why_of(review: Review) -> str:
    """Returns on one line why a person is asked; empty where it is not said."""
    shown = review.shown
    why = shown.get("reason") or shown.get("question") or "; ".join(map(str, _list(shown.get("why"))))
    return " ".join(str(why or "").split())


def words_of(reason: str) -> str:
    """Returns a reason as people read it."""
    return reason.replace("_", " ")


def subject_of(customer: str, number: str, document: str, about: str) -> str:
    """Returns in a line whom and what a review is about: the customer and their number, the document, or its id."""
    named = ", ".join(one for one in (customer, number) if one)
    return named or document or about


def _list(value: JSON) -> list[JSON]:
    return value if isinstance(value, list) else [] if value is None else [value]
