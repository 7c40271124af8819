"""Requests that may be sent twice: what was asked under a sender's key, and what was answered, for a day.

An answer is sealed under a key of its own: it holds what a case holds, and goes with the row.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from bridgehead.ledger.vault import Unreadable, Vault
from bridgehead.storage.database import Database

KEPT_S: Final = 86_400.0
DEAD_S: Final = 120.0
"""A request that has not been answered for so long died with its process; the next one under its key runs."""

_BEGIN: Final = """
insert into api_requests as r (sender, key, digest) values (%(sender)s, %(key)s, %(digest)s)
on conflict (sender, key) do update set started_at = clock_timestamp(), run = r.run + 1, digest = excluded.digest,
  status = null, wrapped = null, sealed = null, commitment = null
where r.started_at < clock_timestamp() - make_interval(secs => %(kept)s)
  or (r.status is null and r.digest = excluded.digest
      and r.started_at < clock_timestamp() - make_interval(secs => %(dead)s))
returning run
"""
_FORGET: Final = (
    "delete from api_requests where (sender, key) in (select sender, key from api_requests"
    " where started_at < clock_timestamp() - make_interval(secs => %s) order by started_at limit 20)"
)


@dataclass(frozen=True, slots=True)
class Begun:
    """The request runs; ``run`` is its token: an answer under an older one is not stored."""

    run: int


@dataclass(frozen=True, slots=True)
class Known:
    """The request was sent before. ``status`` None: it is under way. ``same`` False: the key came with another one.

    ``body`` None: its answer was not to be kept, or cannot be opened any more.
    """

    same: bool
    status: int | None
    body: bytes | None


class ApiRequests:
    """The store of requests."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self._database = database
        self._vault = vault

    async def begin(self, sender: str, key: str, digest: bytes) -> Begun | Known:
        """Begins a request, or returns what is known of the one that was begun under this key."""
        values = {"sender": sender, "key": key, "digest": digest, "kept": KEPT_S, "dead": DEAD_S}
        async with self._database.transaction() as conn:
            await conn.execute(_FORGET, (KEPT_S,))
            row = await (await conn.execute(_BEGIN, values)).fetchone()
            if row is not None:
                return Begun(row["run"])
            known = await (
                await conn.execute(
                    "select digest, status, wrapped, sealed, commitment from api_requests"
                    " where sender = %s and key = %s",
                    (sender, key),
                )
            ).fetchone()
        if known is None:  # its sender took it back in between: whoever asks again runs
            return Known(same=True, status=None, body=None)
        body = None
        if known["sealed"] is not None:
            try:
                body = self._vault.unwrap(known["wrapped"]).open(bytes(known["sealed"]), bytes(known["commitment"]))
            except Unreadable:
                body = None
        return Known(bytes(known["digest"]) == digest, known["status"], body)

    async def finish(self, sender: str, key: str, run: int, status: int, body: bytes | None) -> None:
        """Stores the answer of a request; ``body`` None keeps the status alone."""
        wrapped, sealed = None, None
        if body is not None:
            wrapped, data_key = self._vault.new_data_key()
            sealed = data_key.seal(body)
        async with self._database.connection() as conn:
            await conn.execute(
                "update api_requests set status = %s, wrapped = %s, sealed = %s, commitment = %s"
                " where sender = %s and key = %s and run = %s",
                (
                    status,
                    wrapped,
                    None if sealed is None else sealed.data,
                    None if sealed is None else sealed.commitment,
                    sender,
                    key,
                    run,
                ),
            )

    async def drop(self, sender: str, key: str, run: int) -> None:
        """Forgets a request that came to nothing, so that it may be sent again under its key."""
        async with self._database.connection() as conn:
            await conn.execute(
                "delete from api_requests where sender = %s and key = %s and run = %s and status is null",
                (sender, key, run),
            )
