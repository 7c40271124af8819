"""The limits of systems in PostgreSQL, shared by all workers: one row a system for its rate, one row a place.

Every call is one statement that commits by itself, and waits for no disk: what a crash of the
database loses is the last fraction of a second of turns, drawn and most likely sent.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

from psycopg.rows import DictRow

from bridgehead.clock import boot_s
from bridgehead.errors import Unavailable
from bridgehead.resilience.limiter import LEASE_S, Limiter
from bridgehead.resilience.ports import Bounds, Drawn, Held
from bridgehead.resilience.rate import Rate
from bridgehead.storage.database import Database

ANSWER_S: Final = 5.0
"""A database that has not answered by then is taken for away."""
JUMP_S: Final = 1.0
"""A clock of the database that is this much further behind than it was has been set back."""
AGAIN_S: Final = 1.0
"""So long rows that are not found are taken for in use; then they are made, if they are gone."""

# The setting counts until the end of the statement's own transaction, so for its commit.
_QUICK: Final = "quick as materialized (select set_config('synchronous_commit', 'off', true))"

_DRAW: Final = f"""
with {_QUICK}
update limits set tat = greatest(tat, clock_timestamp()) + %(reach)s * interval '1 second' from quick
where system = %(system)s and tat <= clock_timestamp() + %(latest)s * interval '1 second'
returning extract(epoch from tat - clock_timestamp())::float8 - %(reach)s as begin_s, tat::text as end_,
 extract(epoch from clock_timestamp())::float8 as now_s
"""
_TOO_FAR: Final = """
select extract(epoch from tat - clock_timestamp())::float8 as begin_s,
 extract(epoch from clock_timestamp())::float8 as now_s from limits where system = %(system)s
"""
_SET_BACK: Final = """
update limits set tat = least(tat, clock_timestamp() + %(refill)s * interval '1 second'),
 paused_until = least(paused_until, clock_timestamp() + %(refill)s * interval '1 second')
where system = %(system)s
"""
_GIVE_BACK: Final = f"""
with {_QUICK}
update limits set tat = tat - %(reach)s * interval '1 second' from quick
where system = %(system)s and tat = %(end)s::timestamptz
"""
_PUSH: Final = """
update limits set tat = greatest(tat, clock_timestamp() + (%(pause)s + %(slack)s) * interval '1 second'),
 paused_until = greatest(paused_until, clock_timestamp() + %(pause)s * interval '1 second')
where system = %(system)s
"""
# One of those who wait is first: who holds fewest, and among those who came first. It is told to the
# others (who holds more lets a place go), and the next place that is freed is reserved for it. A note
# that was not repeated for a second, and a reservation that was not used so soon, are of one who has gone.
_TAKE: Final = f"""
with {_QUICK},
 free as materialized (
  select place from limit_places
  where system = %(system)s and exists (select from limits where system = %(system)s) and place <= %(cap)s and case
   when holder is not null then lease_until < clock_timestamp() and holder <> %(holder)s
   else reserved_for is null or reserved_for = %(holder)s or lease_until < clock_timestamp() end
  order by reserved_for = %(holder)s desc nulls last, place limit %(count)s for update skip locked),
 got as (
  update limit_places p set holder = %(holder)s, reserved_for = null,
   lease_until = clock_timestamp() + %(lease)s * interval '1 second'
  from free, quick where p.system = %(system)s and p.place = free.place returning p.place),
 short as (select (select count(*) from got) < %(count)s as yes, %(held)s + (select count(*) from got) as held),
 told as (
  update limits set waiting_holder = case when short.yes then %(holder)s end, waiting_held = short.held,
   waiting_at = clock_timestamp() from quick, short
  where system = %(system)s and case
   when waiting_holder = %(holder)s then true
   else short.yes and (waiting_holder is null or waiting_held > short.held
                       or waiting_at < clock_timestamp() - interval '1 second') end
  returning waiting_holder is not null as first)
select array(select place from got order by place) as places, null::int as fewest,
 coalesce((select first from told), false) as first,
 extract(epoch from paused_until - clock_timestamp())::float8 as pause_s
from limits where system = %(system)s
"""
_RENEW: Final = f"""
with {_QUICK},
 mine as (
  update limit_places set lease_until = clock_timestamp() + %(lease)s * interval '1 second' from quick
  where system = %(system)s and holder = %(holder)s returning place)
select array(select place from mine order by place) as places,
 case when waiting_holder <> %(holder)s and waiting_at > clock_timestamp() - interval '1 second'
  then waiting_held end as fewest, false as first,
 extract(epoch from paused_until - clock_timestamp())::float8 as pause_s
from limits where system = %(system)s
"""
_RELEASE: Final = f"""
with {_QUICK},
 heard as (
  update limits set waiting_holder = null from quick
  where system = %(system)s and waiting_holder <> %(holder)s and waiting_at > clock_timestamp() - interval '1 second'
  returning (select waiting_holder from limits where system = %(system)s) as waiting)
update limit_places set holder = null, lease_until = clock_timestamp() + interval '0.25 second',
 reserved_for = case when place = %(first)s then (select waiting from heard) end
from quick where system = %(system)s and holder = %(holder)s and place = any(%(places)s)
"""
_SYSTEM: Final = "insert into limits (system) values (%(system)s) on conflict do nothing"
_PLACES: Final = """
insert into limit_places (system, place) select %(system)s, generate_series(1, %(cap)s) on conflict do nothing
"""


class SharedLimits(Limiter):
    """The declared limits of one system, counted over all workers of this database.

    ``system`` names what is limited: all who give the same name share its limits, also under
    different bounds (two releases): the rate's clock is one, and each spaces by its own rate.
    """

    def __init__(self, database: Database, system: str, bounds: Bounds, *, lease_s: float = LEASE_S) -> None:
        super().__init__(system, bounds, LimitRows(database, system), lease_s=lease_s)


class LimitRows:
    """The rows of one system (a ``LimitStore``). Raises Unavailable when the database does not answer in 5 s."""

    def __init__(self, database: Database, system: str) -> None:
        self._database = database
        self._system = system
        self._there = 0  # rows of places that are known to exist, and the system's own row
        self._made_s = 0.0
        self._seen: tuple[float, float] | None = None  # the database's clock, and this machine's after it was read

    async def draw(self, rate: Rate, count: int, horizon_s: float) -> Drawn:
        """Moves the theoretical arrival time, by the database's clock.

        Where that was set back, no time that was drawn or asked for before lies further ahead than an empty bucket
        takes to fill: several workers that see it come to the same.
        """
        values = {"reach": count * rate.spacing_s, "latest": rate.slack_s + horizon_s}
        asked_s = boot_s()
        row = await self._ask(_DRAW, **values)
        drawn = row is not None
        row = row or await self._ask(_TOO_FAR)
        if row is not None:
            refill_s = rate.slack_s + rate.spacing_s
            if self._set_back(row["now_s"], asked_s) and row["begin_s"] > refill_s:
                await self._ask(_SET_BACK, refill=refill_s)
                if not drawn:
                    return await self.draw(rate, count, horizon_s)
                return Drawn(min(row["begin_s"], refill_s), count, row["end_"])
            return Drawn(row["begin_s"], count if drawn else 0, row["end_"] if drawn else "")
        await self._ask(_SYSTEM)
        return await self.draw(rate, count, max(0.0, horizon_s))

    def _set_back(self, now_s: float, asked_s: float) -> bool:
        """Returns whether the database's clock went back since it was last seen; slow answers look like none."""
        before, self._seen = self._seen, (now_s, boot_s())
        return before is not None and (asked_s - before[1]) - (now_s - before[0]) > JUMP_S

    async def give_back(self, rate: Rate, count: int, end: str) -> None:
        """Moves it back, if it still stands where the draw left it."""
        await self._ask(_GIVE_BACK, reach=count * rate.spacing_s, end=end)

    async def push(self, rate: Rate | None, pause_s: float) -> None:
        """Moves it to the end of the pause."""
        await self._ask(_SYSTEM)
        await self._ask(_PUSH, pause=pause_s, slack=rate.slack_s if rate else 0.0)

    async def take(self, holder: str, cap: int, count: int, held: int, lease_s: float) -> Held:
        """Takes free places and those whose lease has ended, passing over the ones that others look at."""
        if self._there < cap:
            await self._ask(_SYSTEM)
            await self._ask(_PLACES, cap=cap)
            self._there, self._made_s = cap, boot_s()
        row = await self._ask(_TAKE, holder=holder, cap=cap, count=count, held=held, lease=lease_s)
        if row is None or (not row["places"] and boot_s() - self._made_s > AGAIN_S):
            self._there = 0  # somebody may have emptied the tables
        return _held(row)

    async def renew(self, holder: str, lease_s: float) -> Held:
        """Extends what is this holder's."""
        return _held(await self._ask(_RENEW, holder=holder, lease=lease_s))

    async def release(self, holder: str, places: Sequence[int]) -> None:
        """Frees what is this holder's, the first of them for the one who waits."""
        await self._ask(_RELEASE, holder=holder, places=list(places), first=min(places))

    async def _ask(self, statement: str, **values: object) -> DictRow | None:
        """Runs one statement and returns its row, if it gives one."""
        try:
            async with asyncio.timeout(ANSWER_S), self._database.connection() as conn:
                cursor = await conn.execute(statement.encode(), {"system": self._system, **values})
                return await cursor.fetchone() if cursor.description else None
        except TimeoutError as error:
            raise Unavailable(
                f"the database did not answer in {ANSWER_S:.0f} s",
                code="db.unavailable",
                hint="Is it running? See 'bridgehead db status'.",
            ) from error


def _held(row: DictRow | None) -> Held:
    if row is None:  # somebody emptied the tables: nothing is held
        return Held()
    return Held(tuple(row["places"]), max(0.0, row["pause_s"]), row["fewest"], first=row["first"])
