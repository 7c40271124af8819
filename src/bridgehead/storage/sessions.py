"""Sessions on PostgreSQL: who is signed in is asked of the tables at each request, and ended there for good."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from bridgehead.storage.database import Connection, Database
from bridgehead.storage.sealing import Chain
from bridgehead.storage.users import CHAIN, end_sessions

KEPT_DAYS: Final = 90
"""How long a session that is over is still listed."""

# Whose a session or a token is, as the tables know them at this moment; nobody for who may not act any more.
HOLDER: Final = (
    " left join users u on x.issuer = '' and u.name = x.subject and u.disabled_by is null"
    " left join subjects p on x.issuer <> '' and p.issuer = x.issuer and p.subject = x.subject"
    " and not exists (select from barred_subjects b where b.issuer = x.issuer and b.subject = x.subject)"
)
HOLDER_COLUMNS: Final = (
    "x.issuer, x.subject, u.roles, coalesce(u.groups, p.groups) as groups, coalesce(p.shown, '') as shown"
)
STANDS: Final = "(u.name is not null or p.subject is not null)"


@dataclass(frozen=True, slots=True)
class Holder:
    """Somebody who may act, as a session or a token finds them. ``roles`` are None for a subject of an issuer."""

    issuer: str
    subject: str
    groups: frozenset[str]
    roles: frozenset[str] | None
    shown: str


@dataclass(frozen=True, slots=True)
class Sealed:
    """The issuer's own token, sealed under a data key of its own."""

    wrapped: bytes
    data: bytes
    commitment: bytes


@dataclass(frozen=True, slots=True)
class SessionRow:
    """One session as people read it."""

    id: int
    issuer: str
    subject: str
    opened_at: datetime
    used_at: datetime
    ends_at: datetime
    ended_at: datetime | None
    ended_by: str | None
    address: str
    browser: str


class Sessions:
    """The store of sessions. Times are the database's business time, which the test clock moves."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def open(
        self,
        digest: bytes,
        issuer: str,
        subject: str,
        *,
        lasts: timedelta,
        address: str,
        browser: str,
        hint: Sealed | None = None,
        instead: bytes | None = None,
    ) -> int:
        """Opens a session, ends the one that the browser had (``instead``), and returns the number of the new one."""
        async with self._database.transaction() as conn:
            if instead is not None:
                await conn.execute(
                    "update sessions set ended_at = bridgehead_now(), ended_by = subject, hint_wrapped = null,"
                    " hint_sealed = null, hint_commitment = null where digest = %s and ended_at is null",
                    (instead,),
                )
            await conn.execute(
                "delete from sessions where ends_at < bridgehead_now() - make_interval(days => %s)", (KEPT_DAYS,)
            )
            row = await (
                await conn.execute(
                    "insert into sessions (digest, issuer, subject, opened_at, used_at, ends_at, address, browser,"
                    " hint_wrapped, hint_sealed, hint_commitment) values (%s, %s, %s, bridgehead_now(),"
                    " bridgehead_now(), bridgehead_now() + %s, %s, %s, %s, %s, %s) returning id",
                    (digest, issuer, subject, lasts, address, browser,
                     hint and hint.wrapped, hint and hint.data, hint and hint.commitment),
                )
            ).fetchone()  # fmt: skip
            return 0 if row is None else int(row["id"])

    async def find(self, digest: bytes, *, idle: timedelta) -> tuple[int, Holder] | None:
        """Returns a session's number and whose it is; None for one that is unknown, over, ended or idle for too long.

        None also where its holder may not act any more. That it was used is noted to the minute.
        """
        async with self._database.connection() as conn:
            row = await (
                await conn.execute(
                    f"select x.id, {HOLDER_COLUMNS}, x.used_at < bridgehead_now() - interval '1 minute' as stale"
                    f" from sessions x{HOLDER} where x.digest = %s and x.ended_at is null"
                    f" and x.ends_at > bridgehead_now() and x.used_at > bridgehead_now() - %s and {STANDS}",
                    (digest, idle),
                    prepare=True,
                )
            ).fetchone()
            if row is None:
                return None
            if row["stale"]:
                await conn.execute("update sessions set used_at = bridgehead_now() where id = %s", (row["id"],))
        return int(row["id"]), holder(row)

    async def end(self, number: int, *, by: str, record: bool = False) -> Sealed | None:
        """Ends a session, from the next request on; returns the issuer's token of it, if there is one.

        ``record``: somebody ends another's, which is an act of an admin and on the record.
        """
        async with self._database.transaction() as conn:
            row = await (
                await conn.execute(
                    "select issuer, subject, ended_at, hint_wrapped, hint_sealed, hint_commitment from sessions"
                    " where id = %s for update",
                    (number,),
                )
            ).fetchone()
            await conn.execute(
                "update sessions set ended_at = bridgehead_now(), ended_by = %s, hint_wrapped = null,"
                " hint_sealed = null, hint_commitment = null where id = %s and ended_at is null",
                (by, number),
            )
            if record and row is not None and row["ended_at"] is None:
                chain = await Chain.lock(conn, CHAIN, actor=f"person:{by}", create=True)
                refs = {"session": number, "user": row["subject"], "issuer": row["issuer"], "by": by}
                await chain.append("session.ended", refs)
                await chain.close()
        if row is None or row["hint_wrapped"] is None:
            return None
        return Sealed(bytes(row["hint_wrapped"]), bytes(row["hint_sealed"]), bytes(row["hint_commitment"]))

    async def end_all(self, issuer: str, subject: str, *, by: str, but: int | None = None) -> int:
        """Ends somebody's sessions, all but one; returns how many."""
        async with self._database.transaction() as conn:
            return await end_sessions(conn, issuer, subject, by=by, but=but)

    async def of(self, issuer: str, subject: str) -> Sequence[SessionRow]:
        """Returns somebody's sessions that are not over, the latest first."""
        async with self._database.connection() as conn:
            return await _rows(conn, "issuer = %s and subject = %s", (issuer, subject))

    async def standing(self) -> Sequence[SessionRow]:
        """Returns the sessions of everybody that are not over, the latest first, at most 500."""
        async with self._database.connection() as conn:
            return await _rows(conn, "true", ())

    async def find_row(self, number: int) -> SessionRow | None:
        """Returns one session that is not over."""
        async with self._database.connection() as conn:
            found = await _rows(conn, "id = %s", (number,))
        return found[0] if found else None


def holder(row: Mapping[str, Any]) -> Holder:
    """Returns the holder in a row that was read with ``HOLDER_COLUMNS``."""
    roles = row["roles"]
    return Holder(
        row["issuer"],
        row["subject"],
        frozenset(row["groups"] or ()),
        None if row["issuer"] else frozenset(roles or ()),
        row["shown"],
    )


async def _rows(conn: Connection, where: str, values: tuple[object, ...]) -> list[SessionRow]:
    rows = await (
        await conn.execute(
            "select id, issuer, subject, opened_at, used_at, ends_at, ended_at, ended_by, address, browser"
            f" from sessions where ended_at is null and ends_at > bridgehead_now() and {where}"
            " order by id desc limit 500".encode(),
            values,
        )
    ).fetchall()
    return [SessionRow(**row) for row in rows]
