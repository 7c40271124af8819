"""Migrations: numbered SQL files in a ``pre`` and a ``post`` half, applied under an advisory lock.

``pre`` runs before new workers start and leaves old ones working; ``post`` runs when no old
worker is left. A schema newer than this code is refused instead of guessed at.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib import resources

from bridgehead.errors import UserError
from bridgehead.storage.database import Connection, Database

_LOCK = 0x42524947  # "BRIG"
_FILE = re.compile(r"^(\d{4})_(pre|post)\.sql$")


@dataclass(frozen=True, slots=True, order=True)
class Migration:
    """One file: its number, its half (``pre`` sorts before ``post`` by ``rank``) and its SQL."""

    number: int
    rank: int
    half: str
    sql: str


def migrations() -> list[Migration]:
    """Returns all migrations of this version, in order."""
    found = []
    for entry in resources.files("bridgehead.storage").joinpath("migrations").iterdir():
        match = _FILE.match(entry.name)
        if match:
            half = match[2]
            found.append(Migration(int(match[1]), 0 if half == "pre" else 1, half, entry.read_text("utf-8")))
    return sorted(found)


async def migrate(database: Database, *, queue_schema: str) -> list[str]:
    """Brings the schema up to this version and returns the names applied.

    Several processes may call it at once: one applies, the others wait and find nothing to do.
    ``queue_schema`` is the dispatch queue's own SQL, applied with the first migration.
    Raises UserError when the schema is newer than this code.
    """
    applied: list[str] = []
    async with database.transaction() as conn:
        await conn.execute("select pg_advisory_xact_lock(%s)", (_LOCK,))
        await conn.execute(
            "create table if not exists bridgehead_migrations ("
            " number integer not null, half text not null, applied_at timestamptz not null default clock_timestamp(),"
            " primary key (number, half))"
        )
        done = await _done(conn)
        ours = migrations()
        newest = max(m.number for m in ours)
        if done and max(number for number, _ in done) > newest:
            raise UserError(
                f"the database has schema {max(n for n, _ in done)}, and this version knows {newest}",
                code="db.newer",
                hint="Install the version of Bridgehead that wrote it, or a newer one.",
            )
        if not done:
            await conn.execute(queue_schema.encode())
        for migration in ours:
            if (migration.number, migration.half) not in done:
                await conn.execute(migration.sql.encode())
                await conn.execute(
                    "insert into bridgehead_migrations (number, half) values (%s, %s)",
                    (migration.number, migration.half),
                )
                applied.append(f"{migration.number:04d}_{migration.half}")
    return applied


async def version(database: Database) -> int | None:
    """Returns the number of the newest applied migration, or None for an empty database."""
    async with database.connection() as conn:
        found = await (await conn.execute("select to_regclass('bridgehead_migrations') as there")).fetchone()
        if found is None or found["there"] is None:
            return None
        row = await (await conn.execute("select max(number) as newest from bridgehead_migrations")).fetchone()
        return None if row is None else row["newest"]


async def _done(conn: Connection) -> set[tuple[int, str]]:
    rows = await (await conn.execute("select number, half from bridgehead_migrations")).fetchall()
    return {(row["number"], row["half"]) for row in rows}
