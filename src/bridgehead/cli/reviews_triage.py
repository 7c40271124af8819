"""Open work by what it is about, how long it waits and how much money is at stake, so that people can choose."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Final, Literal

from bridgehead.cli.output import brief, minute, money, note, table
from bridgehead.ids import show
from bridgehead.reviews.gist import reason_of, why_of, words_of
from bridgehead.reviews.stakes import stake_of

if TYPE_CHECKING:
    from bridgehead.reviews.model import Review

Order = Literal["reason", "due", "age", "money"]
ORDERS: Final = ("reason", "due", "age", "money")
MOST: Final = 1_000
"""More open reviews than that are not sorted: the list says so."""
_SHOWN: Final = 6
_WHY: Final = 72


@dataclass(frozen=True, slots=True)
class Work:
    """One open review as it is chosen: whom it is about, since when, until when, and the money in it."""

    id: str
    about: str
    subject: str
    role: str
    reason: str
    why: str
    opened_at: datetime
    due_at: datetime | None
    amount: Decimal | None
    currency: str


@dataclass(frozen=True, slots=True)
class Group:
    """Open reviews for the same reason. ``at_stake`` is by currency; ``unpriced`` of them name no money."""

    reason: str
    count: int
    roles: tuple[str, ...]
    oldest_at: datetime
    due_at: datetime | None
    at_stake: Mapping[str, Decimal]
    unpriced: int
    reviews: tuple[str, ...]
    why: str


def work_of(review: Review, subject: str) -> Work:
    """Returns a review as it is chosen; its reason is the cause that was named, a document's kind, or the tool."""
    amount, currency = (review.stake, review.stake_currency) if review.stake is not None else stake_of(review.shown)
    return Work(
        id=show("R", review.id),
        about=show("C", review.case_id) if review.case_id is not None else show("A", review.arrival_id or 0),
        subject=subject,
        role=review.role,
        reason=reason_of(review),
        why=why_of(review),
        opened_at=review.opened_at,
        due_at=review.escalate_at,
        amount=amount,
        currency=currency,
    )


def sorted_by(works: Sequence[Work], order: Order) -> list[Work]:
    """Returns work in the order in which to look at it: what is due first, oldest first, or most money first."""
    oldest = sorted(works, key=lambda one: one.opened_at)
    if order == "due":
        return sorted(oldest, key=lambda one: (one.due_at is None, one.due_at or one.opened_at))
    if order == "money":
        return sorted(oldest, key=lambda one: (one.amount is None, -(one.amount or Decimal(0))))
    return oldest


def groups(works: Sequence[Work]) -> list[Group]:
    """Returns work by reason, the reason with the most open first; within one, most money first."""
    by_reason: dict[str, list[Work]] = {}
    for one in sorted_by(works, "money"):
        by_reason.setdefault(one.reason, []).append(one)
    found = []
    for reason, own in by_reason.items():
        at_stake: dict[str, Decimal] = {}
        for one in own:
            if one.amount is not None:
                at_stake[one.currency] = at_stake.get(one.currency, Decimal(0)) + one.amount
        dues = [one.due_at for one in own if one.due_at is not None]
        found.append(
            Group(
                reason=reason,
                count=len(own),
                roles=tuple(sorted({one.role for one in own})),
                oldest_at=min(one.opened_at for one in own),
                due_at=min(dues) if dues else None,
                at_stake=at_stake,
                unpriced=sum(one.amount is None for one in own),
                reviews=tuple(one.id for one in own),
                why=own[0].why,
            )
        )
    return sorted(found, key=lambda one: (-one.count, one.oldest_at))


def print_groups(found: Sequence[Group], now: datetime) -> None:
    """Prints work by reason."""
    table(
        ("reason", "open", "roles", "oldest (UTC)", "next due", "at stake", "reviews, most money first"),
        [
            (
                one.reason,
                str(one.count),
                ", ".join(one.roles),
                minute(one.oldest_at),
                _due(one.due_at, now),
                ", ".join(money(amount, currency) for currency, amount in one.at_stake.items()) or "-",
                ", ".join(one.reviews[:_SHOWN]) + (f" and {one.count - _SHOWN} more" if one.count > _SHOWN else ""),
            )
            for one in found
        ],
        empty="Nobody has anything to decide.",
    )
    if found:
        note("One by one: bridgehead reviews --by money, due or age. Currencies are not converted.")


def print_works(works: Sequence[Work], now: datetime) -> None:
    """Prints work one by one, with why."""
    table(
        ("review", "about", "whom", "role", "opened (UTC)", "due", "at stake", "why"),
        [
            (
                one.id,
                one.about,
                "-" if one.subject == one.about else one.subject,
                one.role,
                minute(one.opened_at),
                _due(one.due_at, now),
                "-" if one.amount is None else money(one.amount, one.currency),
                brief(f"{words_of(one.reason)}: {one.why}" if one.why else words_of(one.reason), _WHY),
            )
            for one in works
        ],
        empty="Nobody has anything to decide.",
    )


def _due(moment: datetime | None, now: datetime) -> str:
    return minute(moment) + (" late" if moment is not None and moment <= now else "")
