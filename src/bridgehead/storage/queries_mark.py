"""Whether a case is as it was when somebody looked last: a mark that differs once anything of it that is shown does."""

from __future__ import annotations

from hashlib import sha256
from typing import Final

from bridgehead.storage.database import Database
from bridgehead.storage.queries import ALIVE

# What happens to a case is on its chain; what operators stop and which workers live stands elsewhere.
_MARK: Final = (
    "select c.state, c.outcome, c.level, c.deadline_at, c.wake_at <= bridgehead_now() as awake, ch.seq, ch.head,"
    " (select string_agg(r.id || r.role || r.state || coalesce(r.escalate_at::text, ''), ' ' order by r.id)"
    " from reviews r where r.case_id = c.id) as reviews,"
    " (select count(*) || coalesce(max(k.set_at)::text, '') || coalesce(max(k.lifted_at)::text, '')"
    " from controls k) as stopped,"
    " (select count(*) from cases o where o.deployment = c.deployment and o.business_key = c.business_key) as related,"
    " exists (select from worker_releases w where w.release = c.release and w.worker_id in (" + ALIVE + ")) as served,"
    " exists (select from data_keys d where d.id = c.key_id and d.wrapped is null) as erased,"
    " (select string_agg(i.undo_id || '.' || i.place || i.state || i.attempt || i.why"
    " || coalesce('R' || i.review_id, ''), ' ' order by i.undo_id, i.place)"
    " from undo_items i where i.case_id = c.id) as undoing"
    " from cases c left join chains ch on ch.chain = 'C-' || c.id where c.id = %s"
)


async def mark(database: Database, case_id: int) -> str:
    """Returns the mark of a case; empty for one that is not there."""
    async with database.connection() as conn:
        row = await (await conn.execute(_MARK.encode(), (case_id,))).fetchone()
    return "" if row is None else sha256(repr(sorted(row.items())).encode()).hexdigest()[:16]
