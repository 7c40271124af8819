"""Sealed payloads and ledger rows: how a transaction stores what may be erased and what may not."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from bridgehead.errors import Unavailable
from bridgehead.ids import KeyId
from bridgehead.ledger.chain import Head, link
from bridgehead.ledger.vault import DataKey, Unreadable, Vault, to_bytes
from bridgehead.spec.tool import JSON
from bridgehead.storage.database import Connection


def from_bytes(data: bytes) -> JSON:
    """Returns the JSON in a payload."""
    found: JSON = json.loads(data)
    return found


async def new_key(conn: Connection, vault: Vault) -> tuple[KeyId, DataKey]:
    """Makes and stores a data key."""
    wrapped, key = vault.new_data_key()
    row = await (await conn.execute("insert into data_keys (wrapped) values (%s) returning id", (wrapped,))).fetchone()
    if row is None:  # pragma: no cover - an insert with returning gives a row or raises
        raise Unavailable("no data key was stored", code="db.unavailable")
    return KeyId(row["id"]), key


async def load_key(conn: Connection, vault: Vault, key_id: int) -> DataKey:
    """Returns a stored data key; raises Unreadable when it was erased or is another vault's."""
    row = await (await conn.execute("select wrapped from data_keys where id = %s", (key_id,))).fetchone()
    return vault.unwrap(None if row is None else row["wrapped"])


async def has_keys(conn: Connection) -> bool:
    """Returns whether anything was ever sealed in this database, erased keys included."""
    row = await (await conn.execute("select exists (select from data_keys) as there")).fetchone()
    return row is not None and bool(row["there"])


NEWEST_KEYS: Final = b"select wrapped from data_keys where wrapped is not null order by id desc limit 3"
CHAIN_HEAD: Final = b"select seq, head, bridgehead_now() as at from chains where chain = %s for update"


async def check_key(conn: Connection, vault: Vault) -> None:
    """Returns when the newest data keys of the database were wrapped by this vault, or there are none.

    Raises Unreadable (``ledger.wrong_key``) otherwise: under another master key nothing that is
    there is recognised, so that a resend would be a new case and its booking a second one.
    Several are looked at, because one damaged row must not stop everything.
    """
    check_newest(vault, await (await conn.execute(NEWEST_KEYS)).fetchall())


def check_newest(vault: Vault, rows: Sequence[Mapping[str, bytes]]) -> None:
    """Does the same for the rows of ``NEWEST_KEYS``."""
    failed: Unreadable | None = None
    for row in rows:
        try:
            vault.unwrap(row["wrapped"])
        except Unreadable as error:
            failed = failed or error
        else:
            return
    if failed is not None:
        raise failed


@dataclass(slots=True)
class Sealer:
    """Seals payloads under one data key within one transaction."""

    conn: Connection
    key_id: int
    key: DataKey

    async def put(self, payload: JSON | bytes) -> bytes:
        """Stores a payload and returns its commitment, which is also its reference."""
        sealed = self.key.seal(payload if isinstance(payload, bytes) else to_bytes(payload))
        await self.conn.execute(
            "insert into blobs (commitment, key_id, sealed) values (%s, %s, %s)",
            (sealed.commitment, self.key_id, sealed.data),
        )
        return sealed.commitment

    async def get(self, commitment: bytes) -> bytes:
        """Returns a stored payload."""
        row = await (
            await self.conn.execute("select sealed from blobs where commitment = %s", (commitment,))
        ).fetchone()
        if row is None:
            raise Unavailable("a payload is missing from the store", code="ledger.missing_payload")
        return self.key.open(row["sealed"], commitment)


@dataclass(slots=True)
class Chain:
    """The head of one chain, locked for this transaction; appends move it, ``close`` stores it.

    Lock order: the case row, then its chain. Every appender takes them in this order.
    """

    conn: Connection
    name: str
    head: Head
    at: datetime
    actor: str
    _moved: bool = field(default=False)

    @classmethod
    async def lock(cls, conn: Connection, name: str, *, actor: str, create: bool = False) -> Chain:
        """Locks a chain's head; ``create`` makes the chain when it is not there."""
        if create:
            await conn.execute("insert into chains (chain) values (%s) on conflict do nothing", (name,))
        row = await (await conn.execute(CHAIN_HEAD, (name,))).fetchone()
        if row is None:
            raise Unavailable(f"chain {name} is missing from the ledger", code="ledger.missing_chain")
        return cls(conn, name, Head(row["seq"], bytes(row["head"])), row["at"], actor)

    async def append(self, kind: str, refs: Mapping[str, JSON], commitments: Mapping[str, bytes] | None = None) -> None:
        """Links one row to the head and stores it."""
        row, self.head = link(
            self.head, self.name, at=self.at, kind=kind, actor=self.actor, refs=refs, commitments=commitments or {}
        )
        await self.conn.execute(
            "insert into ledger (chain, seq, body, hash) values (%s, %s, %s, %s)",
            (row.chain, row.seq, row.body, row.hash),
        )
        self._moved = True

    async def close(self) -> None:
        """Stores the head where the last append left it."""
        if self._moved:
            await self.conn.execute(
                "update chains set seq = %s, head = %s where chain = %s", (self.head.seq, self.head.hash, self.name)
            )
