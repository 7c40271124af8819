"""Reviews that nobody decided in time: asked of the next role, and visibly late at the end of the chain, never lost.

Silence decides nothing. Each step gives the next role its own time, by its own calendar; after the last one the review
stays open where it is, and says that nobody decided.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

from bridgehead.engine.ports import Serving
from bridgehead.ids import show
from bridgehead.spec.tool import JSON
from bridgehead.storage.database import Connection, Database
from bridgehead.storage.reviews_terms import terms_at
from bridgehead.storage.sealing import Chain

log = logging.getLogger("bridgehead.sweep")

BATCH: Final = 200
_LATE: Final = b"""
select id, case_id, arrival_id from reviews where state = 'open' and escalate_at <= bridgehead_now()
and deployment = any(%s) order by id limit %s
"""
_LOCK: Final = b"""
select id, role, deployment, coalesce(within_s, extract(epoch from escalate_at - opened_at)::float8) as within_s
from reviews where id = %s and state = 'open' and escalate_at <= bridgehead_now() for update
"""
_ASK: Final = b"""
update reviews set role = %s, due_at = %s, escalate_at = %s, claimed_by = null, claimed_at = null, claim_until = null
where id = %s
"""
_END: Final = b"update reviews set escalate_at = null, timed_out_at = bridgehead_now() where id = %s"


class Escalation:
    """Sees to late reviews of the deployments that a worker serves."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def escalate(self, serving: Mapping[str, Serving]) -> int:
        """Moves what was not decided in time one role on; returns how many reviews that were."""
        async with self._database.connection() as conn:
            found: Sequence[Mapping[str, Any]] = await (await conn.execute(_LATE, (list(serving), BATCH))).fetchall()
        count = 0
        for late in found:
            asked = await self._one(late, serving)
            if asked is None:
                continue
            count += 1
            log.info("%s was not decided in time: %s", show("R", late["id"]), asked)
        return count

    async def _one(self, late: Mapping[str, Any], serving: Mapping[str, Serving]) -> str | None:
        """Returns what became of one review, None where somebody was first."""
        name = show("C", late["case_id"]) if late["case_id"] else show("A", late["arrival_id"])
        async with self._database.transaction() as conn:
            chain = await Chain.lock(conn, name, actor="sweep")
            row = await (await conn.execute(_LOCK, (late["id"],))).fetchone()
            if row is None:
                return None
            further = await self._next(conn, row, serving)
            refs: dict[str, JSON] = {"review": row["id"], "from": row["role"], "to": further}
            await chain.append("review.escalated", refs)
            await chain.close()
        return "it is overdue, and nobody comes next" if further is None else f"{further} is asked"

    async def _next(self, conn: Connection, row: Mapping[str, Any], serving: Mapping[str, Serving]) -> str | None:
        """Asks the next role, with the time that it has; returns it, None at the end of the chain."""
        terms, _ = await terms_at(conn, row["deployment"], row["role"])
        further = serving[row["deployment"]].next_role.get(row["role"]) if terms is None else terms.then
        if further is None:
            await conn.execute(_END, (row["id"],))
            return None
        theirs, now = await terms_at(conn, row["deployment"], further)
        within_s = row["within_s"] if theirs is None or theirs.within_s is None else theirs.within_s
        due = now + timedelta(seconds=within_s) if theirs is None else theirs.due(now, within_s)
        await conn.execute(_ASK, (further, due, due, row["id"]))
        return further
