"""Reading the ledger as it stands: its rows in order, in one snapshot with the heads and the tables they vouch for."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Final

from psycopg import AsyncConnection
from psycopg.pq import TransactionStatus
from psycopg.rows import TupleRow, tuple_row

from bridgehead.ledger.chain import Head, Row
from bridgehead.ledger.heads import export_heads
from bridgehead.ledger.vault import Vault
from bridgehead.ledger.verify import Verification, verify
from bridgehead.storage.ledger_tables import LedgerTables

_CURSOR: Final = "bridgehead_ledger"


@asynccontextmanager
async def snapshot(conn: AsyncConnection[TupleRow]) -> AsyncIterator[None]:
    """Opens a read-only snapshot, so that rows and heads agree while others append.

    Raises ValueError when the connection is in a transaction: its snapshot may be older.
    """
    if conn.info.transaction_status is not TransactionStatus.IDLE:
        raise ValueError("a snapshot needs a connection that is in no transaction")
    async with conn.transaction():
        await conn.execute("set transaction isolation level repeatable read, read only")
        yield


async def stream(conn: AsyncConnection[TupleRow], batch: int = 5000) -> AsyncIterator[Row]:
    """Yields every ledger row by chain and seq, ``batch`` rows a round trip; needs a transaction (``snapshot``)."""
    async with conn.cursor(_CURSOR, row_factory=tuple_row) as cursor:
        cursor.itersize = batch
        await cursor.execute("select chain, seq, body, hash from ledger order by chain, seq")
        async for chain, seq, body, digest in cursor:
            yield Row(chain, seq, body, digest)


async def stored_heads(conn: AsyncConnection[TupleRow]) -> dict[str, Head]:
    """Returns the stored head of every chain, also of chains that have no row yet."""
    async with conn.cursor(row_factory=tuple_row) as cursor:
        await cursor.execute("select chain, seq, head from chains")
        return {chain: Head(seq, digest) async for chain, seq, digest in cursor}


async def verify_ledger(
    conn: AsyncConnection[TupleRow], expected: Mapping[str, Head] | None = None, *, vault: Vault | None = None
) -> Verification:
    """Checks the whole ledger against its stored heads, the tables and, if given, the exported heads.

    With a ``vault`` every payload is opened and compared with its commitment.
    """
    async with snapshot(conn):
        return await verify(stream(conn), await stored_heads(conn), expected, LedgerTables(conn, vault))


async def export_ledger_heads(conn: AsyncConnection[TupleRow], path: Path, *, at: datetime) -> str:
    """Writes the stored heads to a new file; returns the file's SHA-256 in hex."""
    async with snapshot(conn):
        return export_heads(path, await stored_heads(conn), at=at)
