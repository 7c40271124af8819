"""What is under way before somebody is signed in: one-time links, sign-ins at an issuer, and counted guesses."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from bridgehead.errors import Refused
from bridgehead.storage.authority import news
from bridgehead.storage.database import Connection, Database
from bridgehead.storage.sealing import Chain
from bridgehead.storage.users import CHAIN, WITH_ITS_OWNERS, end_sessions, end_tokens, has_admin, write_user

FORGET: Final = timedelta(hours=1)
"""How long after the last guess the count begins anew."""


@dataclass(frozen=True, slots=True)
class Link:
    """What a one-time link is for: a named user's password, or (empty name) the first owner."""

    name: str
    groups: frozenset[str]


@dataclass(frozen=True, slots=True)
class Bound:
    """How many guesses are free, how long the first pause after them is, and to what the later ones grow.

    ``falls_s``: of each such span one guess is forgotten; None keeps them all until an hour passes without any.
    """

    kind: str
    key: bytes
    free: int
    first_s: float
    longest_s: float
    falls_s: float | None = None


# What is left of a span counts on: whoever comes more often than one is forgotten loses nothing of it by that.
_COUNT: Final = (
    "update sign_in_attempts a set failures = n.failures,"
    " last_at = bridgehead_now() - make_interval(secs => n.rest_s),"
    " blocked_until = bridgehead_now() + make_interval(secs => case when n.failures < %(free)s"
    " then 0 else least(%(most)s, %(first)s * power(2, least(n.failures - %(free)s, 30))) end)"
    " from (select kind, key, greatest(failures - coalesce(div(past_s, falls_s), 0), 0)::integer + 1 as failures,"
    " coalesce(mod(past_s, falls_s), 0)::double precision as rest_s"
    " from (select kind, key, failures, %(falls)s::numeric as falls_s,"
    " greatest(extract(epoch from bridgehead_now() - last_at), 0) as past_s from sign_in_attempts"
    " where kind = %(kind)s and key = %(key)s) as s) as n where a.kind = n.kind and a.key = n.key"
)


class Attempts:
    """Counts guesses in the database, so that every process that takes sign-ins counts together."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def take(self, bounds: Sequence[Bound]) -> bool:
        """Counts one guess against each bound before it is tried; False, and nothing is counted, within a pause.

        Counted first, any number of guesses at once are no more than as many one after another.
        """
        async with self._database.connection() as conn:
            await conn.execute(
                "delete from sign_in_attempts where (kind, key) in (select kind, key from sign_in_attempts"
                " where last_at < bridgehead_now() - %s limit 100 for update skip locked)",
                (FORGET,),
            )
        async with self._database.transaction() as conn:
            blocked = False
            for bound in sorted(bounds, key=lambda one: one.kind):  # one order, so that two never wait for each other
                blocked |= await self._blocked(conn, bound)
            if not blocked:
                for bound in bounds:
                    await conn.execute(
                        _COUNT,
                        {
                            "free": bound.free,
                            "first": bound.first_s,
                            "most": bound.longest_s,
                            "falls": bound.falls_s,
                            "kind": bound.kind,
                            "key": bound.key,
                        },
                    )
        return not blocked

    async def forgive(self, account: Bound, address: Bound) -> None:
        """Takes back what a guess counted that was right.

        The account's count begins anew; the address loses this one alone, so that who has an account of
        their own gains no further guesses at others by it.
        """
        async with self._database.transaction() as conn:
            await conn.execute("delete from sign_in_attempts where kind = %s and key = %s", (account.kind, account.key))
            await _one_less(conn, address)

    async def take_back(self, bound: Bound) -> None:
        """Takes back one that was counted and came to an end, or could not begin; the others still count."""
        async with self._database.connection() as conn:
            await _one_less(conn, bound)

    async def _blocked(self, conn: Connection, bound: Bound) -> bool:
        await conn.execute(
            "insert into sign_in_attempts (kind, key, failures, last_at, blocked_until)"
            " values (%s, %s, 0, bridgehead_now(), bridgehead_now()) on conflict do nothing",
            (bound.kind, bound.key),
        )
        row = await (
            await conn.execute(
                "select blocked_until > bridgehead_now() as blocked from sign_in_attempts"
                " where kind = %s and key = %s for update",
                (bound.kind, bound.key),
            )
        ).fetchone()
        return row is not None and bool(row["blocked"])


async def _one_less(conn: Connection, bound: Bound) -> None:
    await conn.execute(
        "update sign_in_attempts set failures = greatest(failures - 1, 0), blocked_until = bridgehead_now()"
        " where kind = %s and key = %s",
        (bound.kind, bound.key),
    )


class OneTimeLinks:
    """Links that work once and for a while; of each the SHA-256 of its code is kept."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def make(self, digest: bytes, name: str, groups: Collection[str], *, lasts: timedelta, by: str) -> None:
        """Stores a link; an older one for the same user works no more. A user's is on the record."""
        async with self._database.transaction() as conn:
            await conn.execute(
                "delete from one_time_links where ends_at < bridgehead_now() or (name = %s and name <> '')", (name,)
            )
            await conn.execute(
                "insert into one_time_links (digest, name, groups, made_by, ends_at)"
                " values (%s, %s, %s, %s, bridgehead_now() + %s)",
                (digest, name, sorted(groups), by, lasts),
            )
            if name:
                chain = await Chain.lock(conn, CHAIN, actor=f"person:{by}", create=True)
                await chain.append("user.invited", {"user": name, "by": by})
                await chain.close()

    async def find(self, digest: bytes) -> Link | None:
        """Returns what a link is for; None for one that is unknown, used or too old. It still works afterwards."""
        async with self._database.connection() as conn:
            row = await (
                await conn.execute(
                    "select name, groups from one_time_links where digest = %s and ends_at > bridgehead_now()",
                    (digest,),
                )
            ).fetchone()
        return None if row is None else Link(row["name"], frozenset(row["groups"]))

    async def use(
        self, digest: bytes, name: str, password: bytes, roles: Collection[str], *, tokens: bool = False
    ) -> str | None:
        """Uses a link up: its user has this password, or the first owner is made; returns the user's name.

        Sessions that the user had end, and with ``tokens`` their tokens do too.
        None for a link that is unknown, used or too old. Raises Refused (``admin.there``) where somebody has
        become an admin meanwhile, and (``user.taken``) for a first owner of a name that another user has.
        """
        async with self._database.transaction() as conn:
            row = await (
                await conn.execute(
                    "delete from one_time_links where digest = %s and ends_at > bridgehead_now()"
                    " returning name, groups",
                    (digest,),
                )
            ).fetchone()
            if row is None:
                return None
            who = row["name"] or name
            chain = await Chain.lock(conn, CHAIN, actor=f"person:{who}", create=True)
            known = await (
                await conn.execute("select disabled_by from users where name = %s for update", (who,))
            ).fetchone()
            if not row["name"]:
                if await has_admin(conn):
                    raise Refused("there is an owner already", code="admin.there", hint="Sign in, or ask an admin.")
                if known is not None:
                    raise Refused(f"{who} is another user's name", code="user.taken", hint="Choose another name.")
                await write_user(conn, chain, who, row["groups"], password, by=who, roles=roles)
                await conn.execute("delete from one_time_links where name = ''")
            elif known is None or known["disabled_by"] is not None:
                return None
            else:
                await conn.execute("update users set password = %s where name = %s", (password, who))
                await end_sessions(conn, "", who, by=who)
                await chain.append("user.password", {"user": who, "by": who})
                if tokens:
                    await end_tokens(conn, chain, "", who, by=who, reason=WITH_ITS_OWNERS)
            await chain.close()
            await news(conn)
        return str(who)


class SignInsElsewhere:
    """Sign-ins at an issuer that are under way, and the people that it has shown."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def begin(self, state: bytes, browser: bytes, target: str, *, lasts: timedelta) -> None:
        """Remembers a sign-in until its answer comes."""
        async with self._database.transaction() as conn:
            await conn.execute("delete from sign_ins_elsewhere where ends_at < bridgehead_now()")
            await conn.execute(
                "insert into sign_ins_elsewhere (state, browser, target, ends_at)"
                " values (%s, %s, %s, bridgehead_now() + %s)",
                (state, browser, target, lasts),
            )

    async def end(self, state: bytes, browser: bytes) -> str | None:
        """Returns where the browser that began a sign-in was going, once; None for any other answer."""
        async with self._database.transaction() as conn:
            row = await (
                await conn.execute(
                    "delete from sign_ins_elsewhere where state = %s and browser = %s and ends_at > bridgehead_now()"
                    " returning target",
                    (state, browser),
                )
            ).fetchone()
        return None if row is None else str(row["target"])

    async def saw(self, issuer: str, subject: str, shown: str, groups: Collection[str]) -> None:
        """Keeps what the issuer said of somebody who has signed in; all their sessions and tokens follow it."""
        async with self._database.connection() as conn:
            await conn.execute(
                "insert into subjects (issuer, subject, shown, groups, seen_at)"
                " values (%s, %s, %s, %s, bridgehead_now()) on conflict (issuer, subject) do update"
                " set shown = excluded.shown, groups = excluded.groups, seen_at = excluded.seen_at",
                (issuer, subject, shown, sorted(groups)),
            )

    async def people(self) -> Sequence[tuple[str, str, str, frozenset[str], bool]]:
        """Returns issuer, subject, how they are called, groups, and whether they are barred; at most 500."""
        async with self._database.connection() as conn:
            rows = await (
                await conn.execute(
                    "select p.issuer, p.subject, p.shown, p.groups, b.subject is not null as barred from subjects p"
                    " left join barred_subjects b on b.issuer = p.issuer and b.subject = p.subject"
                    " order by p.shown, p.subject limit 500"
                )
            ).fetchall()
        return [(row["issuer"], row["subject"], row["shown"], frozenset(row["groups"]), row["barred"]) for row in rows]
