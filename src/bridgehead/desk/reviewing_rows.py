"""One review in a queue, as every list of work shows it: whom it is about, why it is there, what is at stake, when."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from bridgehead.ids import show as shown_id
from bridgehead.reviews.gist import reason_of, subject_of, why_of, words_of
from bridgehead.reviews.model import VERBS, ReviewKind, Standing, Verb
from bridgehead.storage.queries_subjects import NOBODY, documents, subjects

if TYPE_CHECKING:
    from bridgehead.app import App
    from bridgehead.auth.actor import Actor
    from bridgehead.cases.finding import Subject
    from bridgehead.reviews.model import Review
    from bridgehead.storage.reviews_queue import Queued


@dataclass(frozen=True, slots=True)
class ReviewRow:
    """One review in a queue. ``why`` is empty for who may not see documents; ``stake`` is what the call states.

    ``subject`` is whom and what it is about in a line: ``customer`` and ``number`` of the case, else the ``document``,
    else an id; all but the id are empty for who may not see documents. ``title`` adds the cause.
    ``due_at`` counts the working time of its role; ``claimed_by`` is who has it before them now.
    """

    id: int
    name: str
    kind: ReviewKind
    role: str
    deployment: str
    standing: Standing
    about: str
    case: int | None
    arrival: int | None
    effect: int | None
    reason: str
    why: str
    error_class: str | None
    opened_at: datetime
    due_at: datetime | None
    overdue: bool
    stake: Decimal | None
    stake_currency: str
    claimed_by: str | None
    claim_until: datetime | None
    decided_at: datetime | None
    decided_by: str | None
    takes: tuple[Verb, ...]
    customer: str
    number: str
    document: str
    subject: str
    title: str


async def subjects_of(app: App, found: Sequence[Review]) -> tuple[str, ...]:
    """Returns whom and what each review is about, in a line, for who may see documents."""
    called, named = await _called(app, found)
    return tuple(
        subject_of(
            called.get(one.case_id or 0, NOBODY).customer,
            called.get(one.case_id or 0, NOBODY).number,
            named.get(one.arrival_id or 0, ""),
            _about(one),
        )
        for one in found
    )


async def rows_of(app: App, actor: Actor, found: Sequence[Queued], *, named: bool = True) -> tuple[ReviewRow, ...]:
    """Returns reviews as a queue shows them, each with whom it is about."""
    if not named or not actor.may("read.documents"):
        return tuple(_row(one, actor, NOBODY, "") for one in found)
    called, files = await _called(app, [one.review for one in found])
    return tuple(
        _row(one, actor, called.get(one.review.case_id or 0, NOBODY), files.get(one.review.arrival_id or 0, ""))
        for one in found
    )


def _row(queued: Queued, actor: Actor, subject: Subject, document: str) -> ReviewRow:
    review, now = queued.review, queued.now
    about = _about(review)
    named = subject_of(subject.customer, subject.number, document, about)
    claimed_by = review.claimant(now) if review.state == "open" else review.claimed_by
    return ReviewRow(
        id=review.id,
        name=shown_id("R", review.id),
        kind=review.seen_as(),
        role=review.role,
        deployment=queued.deployment,
        standing=review.standing(now),
        about=about,
        case=review.case_id,
        arrival=review.arrival_id,
        effect=review.effect_id,
        reason=reason_of(review),
        why=why_of(review) if actor.may("read.documents") else "",
        error_class=review.error_class,
        opened_at=review.opened_at,
        due_at=review.due_at,
        overdue=review.overdue(now),
        stake=review.stake,
        stake_currency=review.stake_currency,
        claimed_by=claimed_by,
        claim_until=review.claim_until if claimed_by is not None else None,
        decided_at=review.decided_at,
        decided_by=review.decided_by,
        takes=VERBS[review.kind] if review.state == "open" else (),
        customer=subject.customer,
        number=subject.number,
        document=document,
        subject=named,
        title=f"{named}: {words_of(reason_of(review))}",
    )


async def _called(app: App, found: Sequence[Review]) -> tuple[Mapping[int, Subject], Mapping[int, str]]:
    """Returns the subjects of the cases that reviews are about, and the names of the documents of the others."""
    cases = {one.case_id for one in found if one.case_id is not None}
    arrivals = {one.arrival_id for one in found if one.case_id is None and one.arrival_id}
    return await subjects(app.database, app.vault, sorted(cases)), await documents(app.database, sorted(arrivals))


def _about(review: Review) -> str:
    return shown_id("C", review.case_id) if review.case_id is not None else shown_id("A", review.arrival_id or 0)
