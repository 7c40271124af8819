"""Whether a key is the one of a database: looked at once, over a short connection, and changed in nothing."""

from __future__ import annotations

from psycopg import AsyncConnection
from psycopg.rows import DictRow, dict_row

from bridgehead.ledger.vault import Unreadable, Vault
from bridgehead.storage.database import translated
from bridgehead.storage.sealing import check_key, has_keys

_CONNECT_S = 5


async def key_fits(url: str, vault: Vault | None) -> bool | None:
    """Returns whether the database at ``url`` opens with ``vault``; None when nothing was ever sealed in it.

    Without a vault the answer is False or None. Raises Unavailable when the database does not answer.
    """
    with translated():
        conn = await AsyncConnection[DictRow].connect(
            url, autocommit=True, row_factory=dict_row, connect_timeout=_CONNECT_S, application_name="bridgehead-doctor"
        )
        async with conn:
            found = await (await conn.execute("select to_regclass('data_keys') is not null as used")).fetchone()
            if found is None or not found["used"] or not await has_keys(conn):
                return None
            if vault is None:
                return False
            try:
                await check_key(conn, vault)
            except Unreadable:
                return False
            return True
