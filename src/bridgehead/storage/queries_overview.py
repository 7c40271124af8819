"""What happened over a period, counted: closed cases, what people changed, what it cost, who is waited for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import cast

from bridgehead.storage.database import Database

# One pass over the closed cases of the period. A case that a person decided anything about is no longer touchless;
# one whose proposal a person changed, refused or took over, or whose effect was taken back, was not right at first.
_CLOSED = """
with closed as materialized (
  select id, closed_at, outcome, error_class from cases
  where deployment = %(deployment)s and closed_at >= bridgehead_now() - make_interval(secs => %(since)s)
    and closed_at is not null and (level = 'shadow') = %(shadow)s
), people as (
  select r.case_id, bool_or(r.state in ('edited', 'rejected', 'taken', 'returned')) as changed
  from reviews r join closed c on c.id = r.case_id
  where r.decided_by is not null and r.kind not in ('audit', 'seeded') group by r.case_id
), undone as (
  select distinct case_id from effects where state = 'undone' and deployment = %(deployment)s
)
select date_trunc(%(bucket)s, c.closed_at at time zone 'UTC') at time zone 'UTC' as at, count(*) as handled,
  count(*) filter (where c.outcome = 'completed') as completed,
  count(*) filter (where c.outcome = 'completed' and p.case_id is null) as touchless,
  count(*) filter (where c.outcome = 'completed' and not coalesce(p.changed, false) and u.case_id is null)
    as right_at_once,
  count(*) filter (where c.error_class = 'deadline') as late
from closed c left join people p on p.case_id = c.id left join undone u on u.case_id = c.id
group by 1 order by 1
"""
_COSTS = """
with closed as materialized (
  select id from cases
  where deployment = %(deployment)s and closed_at >= bridgehead_now() - make_interval(secs => %(since)s)
    and closed_at is not null and (level = 'shadow') = %(shadow)s
)
select k.currency, sum(k.amount) as amount, count(*) filter (where k.amount is null) as unknown,
  coalesce(sum(k.minutes), 0)::float8 as minutes
from closed c join costs k on k.case_id = c.id group by k.currency
"""
_CLASSES = """
select error_class, count(*) as n from cases
where error_class is not null and deployment = %(deployment)s
  and opened_at >= bridgehead_now() - make_interval(secs => %(since)s) group by error_class order by n desc, error_class
"""
_QUEUE = """
select role, count(*) as open, count(*) filter (where claim_until > bridgehead_now()) as claimed,
  count(*) filter (where coalesce(due_at, escalate_at) < bridgehead_now() or timed_out_at is not null) as overdue,
  min(opened_at) as oldest
from reviews where state = 'open' and (%(deployment)s::text is null or deployment = %(deployment)s)
group by role order by role
"""
_OPEN = """
select state, count(*) as n from cases
where state <> 'done' and deployment = %(deployment)s group by state
"""


@dataclass(frozen=True, slots=True)
class Closed:
    """The cases of one hour or day: all that were closed, and how they went."""

    at: datetime
    handled: int
    completed: int
    touchless: int
    right_at_once: int
    late: int


@dataclass(frozen=True, slots=True)
class Spent:
    """What the cases of a period cost in one currency; None: entries without one. ``unknown`` entries have no price."""

    currency: str | None
    amount: Decimal | None
    unknown: int
    minutes: float


@dataclass(frozen=True, slots=True)
class Waiting:
    """The open reviews of one role."""

    role: str
    open: int
    claimed: int
    overdue: int
    oldest: datetime


class OverviewQueries:
    """Counts over one database; each is bounded by an index of its period or of what is open."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def closed(self, deployment: str, *, since_s: float, bucket: str, shadow: bool) -> Sequence[Closed]:
        """Returns the closed cases of a period by ``bucket`` (``hour`` or ``day``, in UTC), oldest first."""
        rows = await self._rows(
            _CLOSED, {"deployment": deployment, "since": since_s, "bucket": bucket, "shadow": shadow}
        )
        return [Closed(**row) for row in rows]  # type: ignore[arg-type]  # the columns are its fields

    async def spent(self, deployment: str, *, since_s: float, shadow: bool) -> Sequence[Spent]:
        """Returns what those cases cost, by currency."""
        rows = await self._rows(_COSTS, {"deployment": deployment, "since": since_s, "shadow": shadow})
        return [Spent(**row) for row in rows]  # type: ignore[arg-type]  # the columns are its fields

    async def classes(self, deployment: str, *, since_s: float) -> Sequence[tuple[str, int]]:
        """Returns the error classes of cases that were opened in a period, most frequent first."""
        rows = await self._rows(_CLASSES, {"deployment": deployment, "since": since_s})
        return [(str(row["error_class"]), int(str(row["n"]))) for row in rows]

    async def waiting(self, deployment: str | None) -> Sequence[Waiting]:
        """Returns the open reviews by role."""
        rows = await self._rows(_QUEUE, {"deployment": deployment})
        return [Waiting(**row) for row in rows]  # type: ignore[arg-type]  # the columns are its fields

    async def now(self) -> datetime:
        """Returns the database's time, which the test clock can move."""
        return cast("datetime", (await self._rows("select bridgehead_now() as now", {}))[0]["now"])

    async def open(self, deployment: str) -> dict[str, int]:
        """Returns how many cases are open, by state."""
        rows = await self._rows(_OPEN, {"deployment": deployment})
        return {str(row["state"]): int(str(row["n"])) for row in rows}

    async def _rows(self, statement: str, values: dict[str, object]) -> list[dict[str, object]]:
        async with self._database.connection() as conn:
            return list(await (await conn.execute(statement, values)).fetchall())
