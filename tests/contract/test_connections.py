"""Connections beside the pool: whoever is stopped while one is opened leaves nothing open."""

from __future__ import annotations

import asyncio

import psycopg
import pytest

from bridgehead.errors import Unavailable
from bridgehead.storage import database as storage
from bridgehead.storage.database import Connection, Database
from tests.support.foreign_sql import until

OPEN = "select pid from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"


@pytest.mark.parametrize("how", ["cancelled", "refused"])
async def test_a_connection_that_is_given_up_is_closed(
    database_url: str, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    """Cancelled or refused between connecting and its settings, a connection is closed, not left to the collector."""
    begun = asyncio.Event()
    made: list[Connection] = []

    async def stopped(conn: Connection) -> None:
        made.append(conn)
        begun.set()
        if how == "refused":
            raise psycopg.OperationalError("no")
        await asyncio.Event().wait()

    monkeypatch.setattr(storage, "_autocommit", stopped)
    database = Database(database_url, size=1)
    task = asyncio.create_task(database.connect(within_s=0.0))
    await begun.wait()
    task.cancel()
    with pytest.raises((asyncio.CancelledError, Unavailable)):
        await task
    assert all(conn.closed for conn in made)
    with psycopg.connect(database_url, autocommit=True) as outside:
        await until(lambda: not outside.execute(OPEN).fetchall())
