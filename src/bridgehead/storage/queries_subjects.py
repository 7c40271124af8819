"""Whom cases are about and how people call them: read out of each case's own payload, and gone with its key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

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


@dataclass(frozen=True, slots=True)
class About:
    """Whom and what a case is about, and the money, as its input said when it was opened."""

    customer: str | None = None
    number: str | None = None
    amount: str | None = None
    currency: str | None = None

    @property
    def unnamed(self) -> About:
        """Returns it as whoever may not see documents sees it."""
        return About(amount=self.amount, currency=self.currency)


NOTHING = About()


async def abouts_in(conn: Connection, vault: Vault, numbers: Sequence[int]) -> Mapping[int, About]:
    """Returns what these cases are about; of one that does not say there is none."""
    called = await subjects_in(conn, vault, numbers)
    rows = await (
        await conn.execute(
            "select case_id, amount::text, currency from case_amounts where case_id = any(%s)", (list(numbers),)
        )
    ).fetchall()
    money = {row["case_id"]: (row["amount"], row["currency"] or None) for row in rows}
    found = {}
    for number in {*called, *money}:
        subject = called.get(number, NOBODY)
        found[number] = About(subject.customer or None, subject.number or None, *money.get(number, (None, None)))
    return found


async def abouts(database: Database, vault: Vault, numbers: Sequence[int]) -> Mapping[int, About]:
    """Returns the same over a connection of its own."""
    async with database.connection() as conn:
        return await abouts_in(conn, vault, numbers)


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
