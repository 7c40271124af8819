"""The circuit breakers that all workers share: one row for each dependency, changed under its lock, told by NOTIFY.

What a change is, pure code says (``resilience.breaker``); here it is applied while no other worker can.
Times are ``bridgehead_now()``, which a test can move, as seconds since the epoch.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import psycopg
from psycopg import AsyncConnection
from psycopg.conninfo import make_conninfo
from psycopg.rows import DictRow

from bridgehead.errors import Unavailable
from bridgehead.resilience.breaker import Change, Phase, Row
from bridgehead.storage.database import KEEPALIVE, Database, translated

CHANNEL: Final = "bridgehead_breakers"
ANSWER_S: Final = 5.0
"""A database that has not answered by then is taken for away."""
SET_BACK_S: Final = 60.0
"""A turn further ahead than any is ever drawn is of a clock that has been set back since: it counts for none."""

_COLUMNS: Final = """
 dependency, phase, extract(epoch from since)::float8 as since, extract(epoch from down_since)::float8 as down_since,
 extract(epoch from probe_at)::float8 as probe_at, lost, passed, holder,
 extract(epoch from lease_until)::float8 as lease_until, down_s, failures, closings,
 calls_before, before_s, arrived,
 extract(epoch from bridgehead_now())::float8 as now
"""
_ALL: Final = f"select {_COLUMNS} from breakers order by phase = 'closed', dependency"
_MAKE: Final = "insert into breakers (dependency) values (%(dependency)s) on conflict do nothing"
_LOCK: Final = f"select {_COLUMNS} from breakers where dependency = %(dependency)s for update"
_WRITE: Final = """
update breakers set phase = %(phase)s, since = to_timestamp(%(since)s), down_since = to_timestamp(%(down_since)s),
 probe_at = to_timestamp(%(probe_at)s), lost = %(lost)s, passed = %(passed)s, holder = %(holder)s,
 lease_until = to_timestamp(%(lease_until)s), down_s = %(down_s)s, failures = %(failures)s, closings = %(closings)s,
 calls_before = %(before)s, before_s = %(before_s)s, arrived = %(arrived)s
where dependency = %(dependency)s
"""
# The moment counts at which the row is held, not the one at which the statement began to wait for it.
_DRAW: Final = """
with quick as materialized (select set_config('synchronous_commit', 'off', true))
update breakers set turn_at = %(spacing)s * interval '1 second' + case
 when turn_at > clock_timestamp() + %(set_back)s * interval '1 second' then clock_timestamp()
 else greatest(turn_at, clock_timestamp()) end
from quick where dependency = %(dependency)s and (turn_at <= clock_timestamp() + %(within)s * interval '1 second'
 or turn_at > clock_timestamp() + %(set_back)s * interval '1 second')
returning extract(epoch from turn_at - clock_timestamp())::float8 - %(spacing)s as wait_s
"""


@dataclass(frozen=True, slots=True)
class Known:
    """A breaker as people see it, its times as seconds since the epoch."""

    dependency: str
    row: Row
    now_s: float


class BreakerRows:
    """The rows of one database (a ``BreakerStore``). Raises Unavailable when it does not answer in 5 s."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def rows(self) -> tuple[float, Mapping[str, Row]]:
        """See the port."""
        found = await self._fetch()
        if not found:
            return 0.0, {}
        return found[0]["now"], {row["dependency"]: _row(row) for row in found}

    async def all(self) -> Sequence[Known]:
        """Returns every breaker that ever opened, those that are not closed first."""
        return [Known(row["dependency"], _row(row), row["now"]) for row in await self._fetch()]

    async def change(self, dependency: str, change: Change) -> tuple[float, Row]:
        """See the port."""
        try:
            async with asyncio.timeout(ANSWER_S), self._database.transaction() as conn:
                await conn.execute("set local synchronous_commit = off")  # lost with a crash, and found out anew
                await conn.execute(_MAKE.encode(), {"dependency": dependency})
                found = await (await conn.execute(_LOCK.encode(), {"dependency": dependency})).fetchone()
                if found is None:  # pragma: no cover - made above
                    raise _silent()
                before, now_s = _row(found), found["now"]
                after = change(before, now_s)
                if after != before:
                    await conn.execute(_WRITE.encode(), {"dependency": dependency, **_values(after)})
                    if replace(after, before=before.before, before_s=before.before_s, arrived=before.arrived) != before:
                        await conn.execute("select pg_notify(%s, %s)", (CHANNEL, dependency))
        except TimeoutError as error:
            raise _silent() from error
        return now_s, after

    async def draw(self, dependency: str, per_s: float, within_s: float) -> float | None:
        """See the port; by the database's real clock."""
        values = {"dependency": dependency, "spacing": 1.0 / per_s, "within": within_s, "set_back": SET_BACK_S}
        try:
            async with asyncio.timeout(ANSWER_S), self._database.connection() as conn:
                row = await (await conn.execute(_DRAW.encode(), values)).fetchone()
        except TimeoutError as error:
            raise _silent() from error
        return None if row is None else max(0.0, float(row["wait_s"]))

    async def changes(self, every_s: float) -> AsyncGenerator[None]:
        """See the port; holds a connection of its own while it is iterated."""
        with translated():
            told = make_conninfo(self._database.url, application_name="bridgehead-breakers", **KEEPALIVE)
            conn = await AsyncConnection.connect(told, autocommit=True)
            try:
                await conn.execute(f"listen {CHANNEL}".encode())
                while True:
                    yield
                    async for _ in conn.notifies(timeout=every_s, stop_after=1):
                        pass
            finally:
                await conn.close()

    async def _fetch(self) -> list[DictRow]:
        try:
            async with asyncio.timeout(ANSWER_S), self._database.connection() as conn:
                return await (await conn.execute(_ALL.encode())).fetchall()
        except TimeoutError as error:
            raise _silent() from error
        except psycopg.errors.UndefinedTable:  # a database that no worker of this version has opened yet
            return []


def _row(found: DictRow) -> Row:
    phase: Phase = found["phase"]
    return Row(
        phase=phase,
        since_s=found["since"],
        down_since_s=found["down_since"],
        probe_s=found["probe_at"],
        lost=found["lost"],
        passed=found["passed"],
        holder=found["holder"],
        lease_s=found["lease_until"],
        down_s=found["down_s"],
        failures=found["failures"],
        closings=found["closings"],
        before=found["calls_before"],
        before_s=found["before_s"],
        arrived=found["arrived"],
    )


def _values(row: Row) -> dict[str, object]:
    return {
        "phase": row.phase,
        "since": row.since_s,
        "down_since": row.down_since_s,
        "probe_at": row.probe_s,
        "lost": row.lost,
        "passed": row.passed,
        "holder": row.holder,
        "lease_until": row.lease_s,
        "down_s": row.down_s,
        "failures": row.failures,
        "closings": row.closings,
        "before": row.before,
        "before_s": row.before_s,
        "arrived": row.arrived,
    }


def _silent() -> Unavailable:
    return Unavailable(
        f"the database did not answer in {ANSWER_S:.0f} s",
        code="db.unavailable",
        hint="Is it running? See 'bridgehead db status'.",
    )
