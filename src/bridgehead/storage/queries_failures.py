"""Cases that left the agent's hands and effects that did not come about, counted over a period, with examples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from psycopg.rows import DictRow

from bridgehead.ids import show
from bridgehead.resilience.leaving import HANDED_OVER, REFUSED
from bridgehead.storage.database import Database

_SCOPE: Final = (
    " where c.error_class is not null and c.opened_at >= bridgehead_now() - make_interval(secs => %(since)s)"
    " and (%(deployment)s::text is null or c.deployment = %(deployment)s)"
    " and (%(error_class)s::text is null or c.error_class = %(error_class)s)"
    " and (%(release)s::bytea is null or c.release = %(release)s)"
)
_COUNTED: Final = (
    "select c.error_class, c.cause, c.deployment, c.release,"
    " date_trunc(%(bucket)s, c.opened_at at time zone 'UTC') at time zone 'UTC' as at, count(*) as n,"
    " count(*) filter (where c.state <> 'done') as open, max(c.id) as latest"
    f" from cases c{_SCOPE} group by 1, 2, 3, 4, 5"
)
# An index of the class serves one class, that of the time serves all.
_EXAMPLES: Final = (
    "select c.id, c.deployment, c.release, c.error_class, c.cause, c.state, c.outcome, c.opened_at,"
    " (select min(r.id) from reviews r where r.case_id = c.id and r.state = 'open') as review"
    f" from cases c{_SCOPE} and (%(every)s or (c.cause is null and not c.error_class = any(%(no_failures)s::text[])))"
    " order by c.opened_at desc, c.id desc limit %(n)s"
)
_EFFECTS: Final = (
    "select e.tool, e.deployment, e.state, count(*) as n, max(e.case_id) as latest from effects e"
    " where e.state in ('failed', 'unknown') and e.proposed_at >= bridgehead_now() - make_interval(secs => %(since)s)"
    " and (%(deployment)s::text is null or e.deployment = %(deployment)s)"
    " group by 1, 2, 3 order by n desc limit 50"
)
# Documents alone have reviews of arrivals, and those are in an index of their own.
_UNREAD: Final = (
    "select count(*) as n, count(*) filter (where r.state = 'open') as open from reviews r"
    " where r.arrival_id is not null and r.kind = 'document'"
    " and r.opened_at >= bridgehead_now() - make_interval(secs => %(since)s)"
    " and not coalesce(r.error_class, '') = any(%(no_failures)s::text[])"
    " and (%(deployment)s::text is null or r.deployment = %(deployment)s)"
    " and (%(error_class)s::text is null or r.error_class = %(error_class)s)"
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What failures are asked for; None narrows nothing. ``release`` is a digest."""

    since_s: float
    deployment: str | None = None
    error_class: str | None = None
    release: bytes | None = None

    @property
    def values(self) -> Mapping[str, object]:
        """Returns it as a statement takes it."""
        return {
            "since": self.since_s,
            "deployment": self.deployment,
            "error_class": self.error_class,
            "release": self.release,
        }


@dataclass(frozen=True, slots=True)
class Counted:
    """What left in one way, of one deployment and release in one hour or day. ``latest`` is a case's number.

    ``cause`` is None where no agent handed it over itself.
    """

    error_class: str
    cause: str | None
    deployment: str
    release: str
    at: datetime
    n: int
    open: int
    latest: str


@dataclass(frozen=True, slots=True)
class Example:
    """One case that left the agent's hands, and the review that is open for it."""

    case: str
    deployment: str
    release: str
    error_class: str
    cause: str | None
    state: str
    outcome: str | None
    opened_at: datetime
    review: str | None


@dataclass(frozen=True, slots=True)
class EffectsFailed:
    """Effects of one tool that failed, or of which nobody knows yet."""

    tool: str
    deployment: str
    state: str
    n: int
    latest: str


class FailureQueries:
    """Reads over one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def counted(self, wanted: Wanted, *, bucket: str) -> Sequence[Counted]:
        """Returns what left by class, cause, deployment, release and hour or day."""
        rows = await self._rows(_COUNTED, {**wanted.values, "bucket": bucket})
        return [
            Counted(
                row["error_class"],
                row["cause"],
                row["deployment"],
                bytes(row["release"]).hex(),
                row["at"],
                row["n"],
                row["open"],
                show("C", row["latest"]),
            )
            for row in rows
        ]

    async def examples(self, wanted: Wanted, *, limit: int) -> Sequence[Example]:
        """Returns the latest cases that failed; of one class, or one release of it, the latest that left by it."""
        no_failures = sorted(HANDED_OVER | REFUSED)
        values = {**wanted.values, "n": limit, "every": wanted.error_class is not None, "no_failures": no_failures}
        rows = await self._rows(_EXAMPLES, values)
        return [
            Example(
                show("C", row["id"]),
                row["deployment"],
                bytes(row["release"]).hex(),
                row["error_class"],
                row["cause"],
                row["state"],
                row["outcome"],
                row["opened_at"],
                None if row["review"] is None else show("R", row["review"]),
            )
            for row in rows
        ]

    async def effects(self, wanted: Wanted) -> Sequence[EffectsFailed]:
        """Returns how many effects of each tool failed or are unknown."""
        rows = await self._rows(_EFFECTS, wanted.values)
        return [
            EffectsFailed(row["tool"], row["deployment"], row["state"], row["n"], show("C", row["latest"]))
            for row in rows
        ]

    async def unread(self, wanted: Wanted) -> tuple[int, int]:
        """Returns how many documents could not be read, and how many of them wait for a person; of no release any."""
        if wanted.release is not None:
            return 0, 0
        (row,) = await self._rows(_UNREAD, {**wanted.values, "no_failures": sorted(HANDED_OVER | REFUSED)})
        return row["n"], row["open"]

    async def _rows(self, statement: str, values: Mapping[str, object]) -> list[DictRow]:
        async with self._database.connection() as conn:
            return list(await (await conn.execute(statement, dict(values))).fetchall())
