"""A database that was away is asked again soon, however long it was away."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from bridgehead.storage.database import RECONNECT_S, Database


async def test_the_pauses_before_a_new_connection_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cases never wait longer than two seconds for a database that is back, be it after minutes."""
    pool = Database("host=127.0.0.1 port=1").pool
    pauses: list[float] = []
    attempts: list[Any] = []

    async def away(*_: object, **__: object) -> None:
        raise psycopg.OperationalError("it is away")

    async def schedule(task: object, delay: float) -> None:
        pauses.append(delay)
        attempts.append(getattr(task, "attempt"))  # noqa: B009  # the library's own task

    monkeypatch.setattr(pool, "_connect", away)
    monkeypatch.setattr(pool, "schedule_task", schedule)
    await pool._add_connection(None)
    for _ in range(9):
        await pool._add_connection(attempts[-1])
    assert len(pauses) == 10
    assert max(pauses) == RECONNECT_S == 2.0
    assert pauses[0] < RECONNECT_S, "the first pauses grow"
