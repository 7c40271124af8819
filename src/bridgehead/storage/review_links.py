"""Links that open one review for one person: known by a digest, good for one decision, dead with the review."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final, Literal

from bridgehead.ids import ReviewId
from bridgehead.storage.database import Database
from bridgehead.storage.sessions import HOLDER, HOLDER_COLUMNS, STANDS, Holder, holder

Standing = Literal["good", "used", "expired", "decided"]

_FIND: Final = b"""
select l.review_id, l.person, l.args_digest, l.used_at is not null as used, l.expires_at <= bridgehead_now() as expired,
  r.state, r.decided_by
from review_links l join reviews r on r.id = l.review_id where l.code = %s
"""
_USE: Final = b"""
update review_links l set used_at = bridgehead_now() from reviews r
where l.code = %s and r.id = l.review_id and r.state = 'open'
  and l.used_at is null and l.expires_at > bridgehead_now() returning l.code
"""


@dataclass(frozen=True, slots=True)
class ReviewLink:
    """What a link stands for. ``digest`` names the arguments of the moment at which it was sent."""

    review_id: ReviewId
    person: str
    digest: bytes | None
    standing: Standing
    review_state: str
    decided_by: str | None


def digest_of(code: str) -> bytes:
    """Returns what is kept of a link's code."""
    return hashlib.sha256(code.encode()).digest()


class ReviewLinks:
    """The links, on PostgreSQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, code: str) -> ReviewLink | None:
        """Returns what a code stands for at this moment; None for one that was never sent."""
        async with self._database.connection() as conn:
            row = await (await conn.execute(_FIND, (digest_of(code),))).fetchone()
        if row is None:
            return None
        standing: Standing = (
            "decided" if row["state"] != "open" else "used" if row["used"] else "expired" if row["expired"] else "good"
        )
        digest = None if row["args_digest"] is None else bytes(row["args_digest"])
        return ReviewLink(ReviewId(row["review_id"]), row["person"], digest, standing, row["state"], row["decided_by"])

    async def holder(self, name: str) -> Holder | None:
        """Returns somebody by the name that the record calls them by, with what they hold now; None for nobody.

        Where no users are declared, anybody is who they are named.
        """
        subject, of, issuer = name.rpartition(" of ")
        async with self._database.connection() as conn:
            row = await (
                await conn.execute(
                    f"select {HOLDER_COLUMNS}, {STANDS} as stands, not exists (select from users) as undeclared"
                    f" from (select %s::text as issuer, %s::text as subject) x{HOLDER}".encode(),
                    (issuer if of else "", subject if of else name),
                )
            ).fetchone()
        if row is None:  # pragma: no cover - outer joins of one row give one row
            return None
        if row["undeclared"] and not of:
            return Holder("", name, frozenset(), frozenset({"reviewer"}), "")
        return holder(row) if row["stands"] else None

    async def use(self, code: str) -> bool:
        """Uses a code up, before anything is decided by it; False for one that is not good any more."""
        async with self._database.connection() as conn:
            return await (await conn.execute(_USE, (digest_of(code),))).fetchone() is not None

    async def give_back(self, code: str) -> None:
        """Makes a code good again with which nothing was decided."""
        async with self._database.connection() as conn:
            await conn.execute(b"update review_links set used_at = null where code = %s", (digest_of(code),))
