"""Whom cases are about and how people call them: read out of each case's own payload, and gone with its key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bridgehead.cases.finding import Subject
from bridgehead.ledger.vault import Vault
from bridgehead.storage.database import Connection, Database
from bridgehead.storage.queries import Opener

NOBODY = Subject()


async def subjects_in(conn: Connection, vault: Vault, numbers: Sequence[int]) -> Mapping[int, Subject]:
    """Returns the subjects of these cases; of one that cannot be opened, or does not say, there is none."""
    if not numbers:
        return {}
    rows = await (
        await conn.execute(
            "select c.id, c.input, b.sealed, k.wrapped from cases c join data_keys k on k.id = c.key_id"
            " join blobs b on b.commitment = c.input where c.id = any(%s)",
            (list(numbers),),
        )
    ).fetchall()
    found = {
        row["id"]: Subject.of(Opener.of(vault, row["wrapped"]).open(row["sealed"], row["input"]).value) for row in rows
    }
    return {number: one for number, one in found.items() if one != NOBODY}


async def subjects(database: Database, vault: Vault, numbers: Sequence[int]) -> Mapping[int, Subject]:
    """Returns the same over a connection of its own."""
    async with database.connection() as conn:
        return await subjects_in(conn, vault, numbers)


async def documents(database: Database, numbers: Sequence[int]) -> Mapping[int, str]:
    """Returns what these arrivals are called: the name of the file, or the subject of the mail."""
    if not numbers:
        return {}
    async with database.connection() as conn:
        rows = await (
            await conn.execute("select id, name from arrivals where id = any(%s)", (list(numbers),))
        ).fetchall()
    return {row["id"]: row["name"] for row in rows}
