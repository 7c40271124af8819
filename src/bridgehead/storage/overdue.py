"""Cases whose time is over before their agent was done: fenced and handed over, whoever holds them."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from bridgehead import points
from bridgehead.engine.ports import Serving
from bridgehead.errors import Unavailable
from bridgehead.ids import show
from bridgehead.storage.database import Connection, Database

log = logging.getLogger("bridgehead.sweep")

BATCH: Final = 100
LOCK_MS: Final = 500
"""How long a hand-over waits for a lock before it looks who stands in its way."""
STILL_S: Final = 1.0
"""An open transaction that does nothing for so long belongs to a process that stands still."""
WHY: Final = "Its time was over before it was done."

_OURS: Final = """
    from cases c join unnest(%(deployments)s::text[], %(graces)s::float8[]) as d (deployment, grace) using (deployment)
    where c.deadline_at is not null and c.state not in ('with_person', 'done')
"""
_OVER: Final = f"""
    select c.id, c.deployment {_OURS} and c.deadline_at <= bridgehead_now() + make_interval(secs => %(most)s)
    and c.deadline_at <= bridgehead_now() + make_interval(secs => d.grace) order by c.deadline_at limit {BATCH}
"""
_NEXT: Final = f"""
    select extract(epoch from c.deadline_at - bridgehead_now())::float8 - d.grace as left_s
    {_OURS} order by c.deadline_at limit 1
"""
_LOCK: Final = """
    select id from cases where id = %(case)s and state not in ('with_person', 'done')
    and deadline_at <= bridgehead_now() + make_interval(secs => %(grace)s) for update skip locked
"""
_CUT: Final = """
    select pid, pg_terminate_backend(pid) from pg_stat_activity where datname = current_database()
    and usename = current_user and application_name = 'bridgehead' and state like 'idle in transaction%%'
    and state_change < clock_timestamp() - make_interval(secs => %(still)s)
"""


class Overdue:
    """Hands over what is out of time, a little before the deadline itself (``Serving.grace_s``).

    The worker that runs a case hands it over by itself before that; who finds it here after all takes it from one
    that is frozen, cut off or dead. Locks of a process that was stopped within a transaction do not hold it up: its
    connection is ended once it has stood still for ``STILL_S``.
    """

    def __init__(
        self, database: Database, to_person: Callable[[Connection, int, Serving, str], Awaitable[str]]
    ) -> None:
        self._database = database
        self._to_person = to_person

    async def hand_over(self, serving: Mapping[str, Serving]) -> int:
        """Returns how many cases were handed over."""
        graces = [one.grace_s for one in serving.values()]
        values = {"deployments": list(serving), "graces": graces, "most": max(graces, default=0.0)}
        async with self._database.connection() as conn:
            found = await (await conn.execute(_OVER.encode(), values)).fetchall()
        count = 0
        for row in found:
            one = serving[row["deployment"]]
            told = await self._one(row["id"], one)
            if told is None and await self._cut():
                told = await self._one(row["id"], one)
            count += told is not None
        return count

    async def next_s(self, serving: Mapping[str, Serving]) -> float | None:
        """Returns in how many seconds the next case is out of time; None when there is none."""
        values = {"deployments": list(serving), "graces": [one.grace_s for one in serving.values()]}
        async with self._database.connection() as conn:
            row = await (await conn.execute(_NEXT.encode(), values)).fetchone()
        return None if row is None else float(row["left_s"])

    async def _one(self, case_id: int, serving: Serving) -> str | None:
        """Returns what became of one case; None when somebody else holds its locks, or was first."""
        try:
            async with self._database.transaction() as conn:
                await conn.execute(f"set local lock_timeout = {LOCK_MS}".encode())
                values = {"case": case_id, "grace": serving.grace_s}
                if await (await conn.execute(_LOCK.encode(), values)).fetchone() is None:
                    return None
                told = await self._to_person(conn, case_id, serving, WHY)
        except Unavailable as error:
            log.info("%s is not handed over yet: %s", show("C", case_id), error.message)
            return None
        points.reach("engine.hand_over.after")
        log.info("%s %s", show("C", case_id), told)
        return told

    async def _cut(self) -> bool:
        """Ends the connections of processes that stand still within a transaction; False when there is none."""
        async with self._database.connection() as conn:
            rows = await (await conn.execute(_CUT.encode(), {"still": STILL_S})).fetchall()
        for row in rows:
            log.warning("connection %s ended: it stood still within a transaction that held up a deadline", row["pid"])
        return bool(rows)
