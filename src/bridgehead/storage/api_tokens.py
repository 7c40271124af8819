"""Tokens of the API on PostgreSQL: the SHA-256 of each, what it may do, and until when; all of it on the record."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bridgehead.errors import UserError
from bridgehead.storage.database import Database
from bridgehead.storage.sealing import Chain
from bridgehead.storage.sessions import HOLDER, HOLDER_COLUMNS, STANDS, Holder, holder
from bridgehead.storage.users import CHAIN


@dataclass(frozen=True, slots=True)
class TokenRow:
    """One token as people read it; the token itself is nowhere. ``over`` says that its time has passed."""

    id: int
    label: str
    issuer: str
    subject: str
    scopes: tuple[str, ...]
    made_by: str
    made_at: datetime
    ends_at: datetime
    used_at: datetime | None
    revoked_by: str | None
    revoked_why: str | None
    over: bool


class ApiTokens:
    """The store of tokens. Times are the database's business time, which the test clock moves."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def make(
        self,
        digest: bytes,
        label: str,
        issuer: str,
        subject: str,
        scopes: Collection[str],
        *,
        lasts: timedelta,
        by: str,
    ) -> int:
        """Stores a token and returns its number."""
        async with self._database.transaction() as conn:
            chain = await Chain.lock(conn, CHAIN, actor=f"person:{by}", create=True)
            row = await (
                await conn.execute(
                    "insert into api_tokens (token_digest, label, issuer, subject, scopes, made_by, made_at, ends_at)"
                    " values (%s, %s, %s, %s, %s, %s, bridgehead_now(), bridgehead_now() + %s) returning id",
                    (digest, label, issuer, subject, sorted(scopes), by, lasts),
                )
            ).fetchone()
            number = 0 if row is None else int(row["id"])
            await chain.append(
                "token.made",
                {"token": number, "user": subject, "issuer": issuer, "scopes": sorted(scopes), "by": by,
                 "label": label, "lasts_s": int(lasts.total_seconds())},
                {"token": digest},
            )  # fmt: skip
            await chain.close()
        return number

    async def find(self, digest: bytes) -> tuple[int, frozenset[str], Holder] | None:
        """Returns a token's number, its scopes and whose it is; None for one that is unknown, revoked or over.

        None also where its holder may not act any more. That it was used is noted to the minute.
        """
        async with self._database.connection() as conn:
            row = await (
                await conn.execute(
                    f"select x.id, x.scopes, {HOLDER_COLUMNS}, x.used_at is null"
                    " or x.used_at < bridgehead_now() - interval '1 minute' as stale"
                    f" from api_tokens x{HOLDER} where x.token_digest = %s and x.revoked_by is null"
                    f" and x.ends_at > bridgehead_now() and {STANDS}",
                    (digest,),
                    prepare=True,
                )
            ).fetchone()
            if row is None:
                return None
            if row["stale"]:
                await conn.execute("update api_tokens set used_at = bridgehead_now() where id = %s", (row["id"],))
        return int(row["id"]), frozenset(row["scopes"]), holder(row)

    async def revoke(self, number: int, *, by: str, reason: str) -> bool:
        """Ends a token, from the next request on; False for one that was revoked before.

        Raises UserError (``token.unknown``) for one that is not there.
        """
        async with self._database.transaction() as conn:
            chain = await Chain.lock(conn, CHAIN, actor=f"person:{by}", create=True)
            row = await (
                await conn.execute("select revoked_by from api_tokens where id = %s for update", (number,))
            ).fetchone()
            if row is None:
                raise unknown_token(number)
            if row["revoked_by"] is not None:
                return False
            await conn.execute(
                "update api_tokens set revoked_by = %s, revoked_at = bridgehead_now(), revoked_why = %s where id = %s",
                (by, reason, number),
            )
            await chain.append("token.revoked", {"token": number, "by": by, "why": reason})
            await chain.close()
        return True

    async def listing(self, of: tuple[str, str] | None = None) -> Sequence[TokenRow]:
        """Returns tokens, the latest first, at most 500: of one holder (issuer and subject), or of everybody."""
        async with self._database.connection() as conn:
            rows = await (
                await conn.execute(
                    "select id, label, issuer, subject, scopes, made_by, made_at, ends_at, used_at, revoked_by,"
                    " revoked_why, ends_at <= bridgehead_now() as over from api_tokens"
                    " where %(all)s or (issuer = %(issuer)s and subject = %(subject)s) order by id desc limit 500",
                    {"all": of is None, "issuer": of and of[0], "subject": of and of[1]},
                )
            ).fetchall()
        return [TokenRow(**{**row, "scopes": tuple(row["scopes"])}) for row in rows]


def unknown_token(number: int) -> UserError:
    """Returns the error for a number that no token has."""
    return UserError(
        f"there is no token {number}", code="token.unknown", hint="'bridgehead token list' shows those that are there."
    )
