"""The revisions of one business key: whether an older one still acts, so that a newer one waits."""

from __future__ import annotations

from typing import Final

from bridgehead.ids import CaseId
from bridgehead.storage.database import Database

SOON_S: Final = 1.0
LATER_S: Final = 15.0
"""How often a revision looks for an older one that a person or a slow target has yet to settle, in seconds."""


class RevisionRows:
    """The revisions of cases, on PostgreSQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def earlier_s(self, case_id: CaseId) -> float | None:
        """Returns after how many seconds to look again for an older revision that still acts; None: none does.

        One that waits for a person's approval does not: what it holds was not sent, and its key is still free.
        """
        async with self._database.connection() as conn:
            row = await (
                await conn.execute(
                    "select bool_or(o.state <> 'waiting' or o.wake_at is not null) as soon from cases c join cases o"
                    " on o.deployment = c.deployment and o.business_key = c.business_key and o.revision < c.revision"
                    " where c.id = %s and o.state in ('due', 'running', 'waiting')"
                    " and (o.state <> 'waiting' or o.wake_at is not null or exists (select from effects e"
                    "      where e.case_id = o.id and e.state in ('intended', 'unknown')))",
                    (case_id,),
                )
            ).fetchone()
        if row is None or row["soon"] is None:
            return None
        return SOON_S if row["soon"] else LATER_S
