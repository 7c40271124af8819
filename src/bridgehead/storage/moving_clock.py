"""The test clock: moves ``bridgehead_now()``, and with it deadlines, expiry, timers and freshness."""

from __future__ import annotations

from datetime import timedelta

from bridgehead.storage.database import Database


async def advance(database: Database, by: timedelta) -> None:
    """Moves the database's business time forward (or back); leases and sends do not notice.

    For tests and drills: a night passes for every case of this database at once.
    """
    async with database.connection() as conn:
        await conn.execute("update bridgehead_clock set shift = shift + %s", (by,))
