from __future__ import annotations

import itertools
import warnings
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from psycopg import AsyncConnection, connect, errors
from psycopg.rows import TupleRow

from bridgehead.ledger.chain import EMPTY, Row
from bridgehead.ledger.heads import read_heads
from bridgehead.ledger.verify import verify
from bridgehead.storage.ledger_rows import export_ledger_heads, snapshot, stored_heads, stream, verify_ledger
from tests.unit.ledger.chains import START, grown, head_of

CHAINS = {name: grown(name, length) for name, length in (("A-1", 1), ("C-1", 5), ("C-10", 3), ("C-2", 4))}


@pytest.fixture(scope="module")
def uri() -> Iterator[str]:
    with warnings.catch_warnings():
        # The embedded server's wheel looks for a runtime folder that a test machine need not have.
        warnings.simplefilter("ignore")
        from bench.ledger import SCHEMA, start_server
    server = start_server()
    with connect(server.get_uri()) as conn:
        conn.execute(SCHEMA)
    yield server.get_uri()
    server.stop()


@pytest.fixture
async def conn(uri: str) -> AsyncIterator[AsyncConnection[TupleRow]]:
    async with await AsyncConnection.connect(uri, autocommit=True) as conn:
        await conn.execute("insert into chains values ('C-3', 0, '\\x')")
        for rows in reversed(CHAINS.values()):
            await append(conn, rows)
        yield conn
        await conn.execute("truncate chains, ledger")


async def append(conn: AsyncConnection[TupleRow], rows: list[Row]) -> None:
    head = head_of(rows)
    async with conn.transaction():
        await conn.execute(
            "insert into chains values (%s, %s, %s)"
            " on conflict (chain) do update set seq = excluded.seq, head = excluded.head",
            (rows[0].chain, head.seq, head.hash),
        )
        for row in reversed(rows):
            await conn.execute("insert into ledger values (%s, %s, %s, %s)", (row.chain, row.seq, row.body, row.hash))


@pytest.mark.parametrize("batch", [1, 2, 5000])
async def test_rows_come_by_chain_and_in_order_whatever_the_batch(conn: AsyncConnection[TupleRow], batch: int) -> None:
    """Every row is read once, whole, grouped by chain and ascending."""
    async with snapshot(conn):
        rows = [row async for row in stream(conn, batch)]
    assert {name: [row for row in rows if row.chain == name] for name in CHAINS} == CHAINS
    groups = [name for name, _ in itertools.groupby(rows, key=lambda row: row.chain)]
    assert sorted(groups) == sorted(CHAINS)


async def test_rows_and_heads_agree_while_others_append(uri: str, conn: AsyncConnection[TupleRow]) -> None:
    """A row that is appended between reading the heads and reading the rows raises no alarm."""
    async with snapshot(conn):
        heads = await stored_heads(conn)
        async with await AsyncConnection.connect(uri, autocommit=True) as other:
            await append(other, grown("C-1", 2, head_of(CHAINS["C-1"])))
        seen = await verify(stream(conn), heads)
    assert seen.whole
    assert (await verify_ledger(conn)).rows == seen.rows + 2


async def test_exported_heads_verify_the_database_later(conn: AsyncConnection[TupleRow], tmp_path: Path) -> None:
    """Heads exported from the database read back, and hold against it after it has grown."""
    await export_ledger_heads(conn, tmp_path / "heads", at=START)
    exported = read_heads(tmp_path / "heads")
    assert exported == {name: head_of(rows) for name, rows in CHAINS.items()}
    assert (await stored_heads(conn))["C-3"] == EMPTY
    await append(conn, grown("C-3", 2))
    assert (await verify_ledger(conn, exported)).whole


async def test_a_chain_changed_in_the_database_is_named(conn: AsyncConnection[TupleRow], tmp_path: Path) -> None:
    """An administrator who deletes a chain or edits a row is found out."""
    await export_ledger_heads(conn, tmp_path / "heads", at=START)
    await conn.execute("update ledger set body = body || ' ' where chain = 'C-2' and seq = 2")
    await conn.execute("delete from ledger where chain = 'C-10'")
    await conn.execute("delete from chains where chain = 'C-10'")
    seen = await verify_ledger(conn, read_heads(tmp_path / "heads"))
    assert {(each.chain, each.seq, each.kind) for each in seen.breaks} == {
        ("C-2", 2, "altered"),
        ("C-10", 1, "missing_chain"),
    }


async def test_a_verification_writes_nothing(conn: AsyncConnection[TupleRow]) -> None:
    """The snapshot that verification reads in refuses every write."""
    with pytest.raises(errors.ReadOnlySqlTransaction):
        async with snapshot(conn):
            await conn.execute("delete from ledger")


async def test_a_snapshot_inside_a_transaction_is_refused(conn: AsyncConnection[TupleRow]) -> None:
    """A snapshot that would be older than it says is refused."""
    with pytest.raises(ValueError, match="in no transaction"):
        async with conn.transaction(), snapshot(conn):
            pass
