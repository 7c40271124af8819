"""How far each polled source was read, for every deployment: kept here, never at the source."""

from __future__ import annotations

from bridgehead.storage.database import Database


class Cursors:
    """The cursors of polled sources, on PostgreSQL. Every call raises Unavailable when the database is away."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, deployment: str, source: str) -> str | None:
        """Returns the value up to which all is stored; None for a source that was never read."""
        async with self._database.connection() as conn:
            row = await (
                await conn.execute(
                    "select value from intake_cursors where deployment = %s and source = %s", (deployment, source)
                )
            ).fetchone()
        return None if row is None else str(row["value"])

    async def move(self, deployment: str, source: str, value: str) -> None:
        """Keeps a value, which may lie before the one that was kept: what is then read again is stored already."""
        async with self._database.connection() as conn:
            await conn.execute(
                "insert into intake_cursors (deployment, source, value) values (%s, %s, %s)"
                " on conflict (deployment, source) do update set value = excluded.value, moved_at = clock_timestamp()"
                " where intake_cursors.value <> excluded.value",
                (deployment, source, value),
            )
