"""Lists of reviews for the command line: oldest first, each with whom it is about and why it is there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bridgehead.ids import show
from bridgehead.ledger.vault import Vault
from bridgehead.reviews.gist import reason_of, subject_of, why_of
from bridgehead.storage.cases import review_of
from bridgehead.storage.database import Database
from bridgehead.storage.queries import Opener, page
from bridgehead.storage.queries_subjects import NOBODY, subjects_in


@dataclass(frozen=True, slots=True)
class ReviewLine:
    """One review in a list. ``overdue``: nobody decided within the time the deployment gives.

    ``subject`` is whom and what it is about: the customer and their number, else the document's name, else an id.
    ``reason`` is the cause in a word or the call, ``why`` a sentence, ``stake`` the money that it is about.
    """

    id: str
    kind: str
    role: str
    state: str
    deployment: str
    case: str | None
    arrival: str | None
    error_class: str | None
    opened_at: datetime
    escalate_at: datetime | None
    overdue: bool
    decided_at: datetime | None
    decided_by: str | None
    minutes: float | None
    subject: str
    customer: str | None
    number: str | None
    reason: str
    why: str
    stake: str | None
    stake_currency: str | None


async def review_lines(
    database: Database,
    vault: Vault,
    *,
    deployment: str | None = None,
    role: str | None = None,
    state: str | None = "open",
    after: int | None = None,
    limit: int = 50,
) -> Sequence[ReviewLine]:
    """Returns reviews, oldest first; ``after`` continues above an id of the page before."""
    async with database.connection() as conn:
        rows = await (
            await conn.execute(
                "select r.*, coalesce(r.state = 'open' and r.escalate_at <= bridgehead_now(), false) as overdue,"
                " p.sealed, k.wrapped, a.name as document from (select * from reviews"
                " where (%(d)s::text is null or deployment = %(d)s) and (%(r)s::text is null or role = %(r)s)"
                " and (%(s)s::text is null or state = %(s)s) and (%(a)s::bigint is null or id > %(a)s)"
                " order by id limit %(n)s) r join data_keys k on k.id = r.key_id"
                " left join blobs p on p.commitment = r.payload left join arrivals a on a.id = r.arrival_id"
                " order by r.id",
                {"d": deployment, "r": role, "s": state, "a": after, "n": page(limit)},
            )
        ).fetchall()
        called = await subjects_in(conn, vault, [row["case_id"] for row in rows if row["case_id"] is not None])
    found = []
    for row in rows:
        shown = Opener.of(vault, row["wrapped"]).open(row["sealed"], row["payload"]).value
        review = review_of(row, shown=shown if isinstance(shown, Mapping) else {}, answer=None)
        subject = called.get(row["case_id"] or 0, NOBODY)
        case = None if row["case_id"] is None else show("C", row["case_id"])
        arrival = None if row["arrival_id"] is None else show("A", row["arrival_id"])
        found.append(
            ReviewLine(
                id=show("R", row["id"]),
                kind=review.seen_as(),
                role=row["role"],
                state=row["state"],
                deployment=row["deployment"],
                case=case,
                arrival=arrival,
                error_class=row["error_class"],
                opened_at=row["opened_at"],
                escalate_at=row["escalate_at"],
                overdue=row["overdue"],
                decided_at=row["decided_at"],
                decided_by=row["decided_by"],
                minutes=None if row["minutes"] is None else float(row["minutes"]),
                subject=subject_of(subject.customer, subject.number, row["document"] or "", case or arrival or "-"),
                customer=subject.customer or None,
                number=subject.number or None,
                reason=reason_of(review),
                why=why_of(review),
                stake=None if review.stake is None else format(review.stake, "f"),
                stake_currency=review.stake_currency or None,
            )
        )
    return found
