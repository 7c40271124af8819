"""Whose turn it is: of all workers that would do one thing, one does it at a time."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

from bridgehead.storage.database import Database

HELD_S = 60
"""A worker that is frozen in its turn has lost it after this long, in seconds."""


class Turns:
    """Turns at named things, held by a transaction: whoever dies has given its own back."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @contextlib.asynccontextmanager
    async def turn(self, name: str) -> AsyncIterator[bool]:
        """Gives whether it is our turn for the length of the block; nobody waits for it.

        It keeps quarrels away and is no guard: a turn that took longer than ``HELD_S`` may be
        somebody else's already. Raises Unavailable.
        """
        async with self._database.transaction() as conn:
            await conn.execute(f"set local idle_in_transaction_session_timeout = '{HELD_S}s'".encode())
            row = await (
                await conn.execute("select pg_try_advisory_xact_lock(hashtextextended(%s, 0)) as mine", (name,))
            ).fetchone()
            yield row is not None and bool(row["mine"])
