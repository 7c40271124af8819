"""People who may act here: local users with their groups, and subjects of an issuer who may not any more."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from bridgehead.errors import Refused, UserError
from bridgehead.spec.problem import nearest
from bridgehead.spec.tool import JSON
from bridgehead.storage.authority import news
from bridgehead.storage.database import Connection, Database
from bridgehead.storage.sealing import Chain

CHAIN = "S-authority"


@dataclass(frozen=True, slots=True)
class User:
    """One local user. ``signs_in``: a password is set. ``disabled``: by whom and why, empty for one who may act."""

    name: str
    groups: frozenset[str]
    signs_in: bool
    added_by: str
    added_at: datetime
    disabled: str = ""
    roles: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class SignIn:
    """What is needed to compare a password; the same for a name that no user has, but for ``user``.

    ``old_kind``: some user's password is still kept the old way, which takes another time to compare.
    """

    user: User | None
    stored: bytes | None
    old_kind: bool


class Users:
    """The store of users, on PostgreSQL; every change is on the record, passwords and their hashes are not."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(
        self,
        name: str,
        groups: Collection[str],
        password: bytes | None,
        *,
        by: str,
        roles: Collection[str] | None = None,
    ) -> bool:
        """Adds a user, or gives one that is there these groups and this password; False in the second case.

        Without a password the one that is set stays, and so do roles where none are given. Somebody who was
        disabled may act again.
        """
        async with self._database.transaction() as conn:
            chain = await Chain.lock(conn, CHAIN, actor=f"person:{by}", create=True)
            fresh = await write_user(conn, chain, name, groups, password, by=by, roles=roles)
            await chain.close()
            await news(conn)
            return fresh

    async def set_roles(self, name: str, roles: Collection[str], *, by: str, keep_an_admin: bool) -> bool:
        """Gives a user exactly these roles, from the next request on; False when they were so already.

        Raises UserError for an unknown user, and with ``keep_an_admin`` Refused (``admin.last``) where nobody
        would be left who may give roles.
        """
        async with self._database.transaction() as conn:
            chain = await Chain.lock(conn, CHAIN, actor=f"person:{by}", create=True)
            before = await self._known(conn, name)
            if sorted(before) == sorted(roles):
                return False
            if keep_an_admin and "admin" in before and "admin" not in roles:
                await _another_admin(conn, name)
            await conn.execute("update users set roles = %s where name = %s", (sorted(roles), name))
            await chain.append("user.roles", {"user": name, "roles": sorted(roles), "by": by})
            await chain.close()
            await news(conn)
            return True

    async def set_groups(self, name: str, groups: Collection[str], *, by: str) -> None:
        """Puts a user into exactly these groups. Raises UserError for an unknown user."""
        async with self._database.transaction() as conn:
            chain = await Chain.lock(conn, CHAIN, actor=f"person:{by}", create=True)
            await self._known(conn, name)
            await conn.execute("update users set groups = %s where name = %s", (sorted(groups), name))
            await chain.append("user.groups", {"user": name, "groups": sorted(groups), "by": by})
            await chain.close()
            await news(conn)

    async def set_password(self, name: str, password: bytes, *, by: str, tokens: bool = False) -> None:
        """Sets what is kept of a password, and ends every session, every unused link and, with ``tokens``, every token.

        Raises UserError for an unknown user.
        """
        async with self._database.transaction() as conn:
            chain = await Chain.lock(conn, CHAIN, actor=f"person:{by}", create=True)
            await self._known(conn, name)
            await conn.execute("update users set password = %s where name = %s", (password, name))
            await end_sessions(conn, "", name, by=by)
            await end_links(conn, name)
            await chain.append("user.password", {"user": name, "by": by})
            if tokens:
                await end_tokens(conn, chain, "", name, by=by, reason=WITH_ITS_OWNERS)
            await chain.close()

    async def keep_better(self, name: str, before: bytes, after: bytes) -> None:
        """Puts another form of the same password in place of the one that is kept; nothing is on the record."""
        async with self._database.connection() as conn:
            await conn.execute(
                "update users set password = %s where name = %s and password = %s", (after, name, before)
            )

    async def for_sign_in(self, name: str) -> SignIn:
        """Returns what a password is compared with; an unknown name takes the same question to the database."""
        async with self._database.connection() as conn:
            row = await (
                await conn.execute(
                    f"select {_COLUMNS}, u.password, exists (select from users o where get_byte(o.password, 0) = 1)"
                    " as old_kind from (select %s::text as asked) a left join users u on u.name = a.asked",
                    (name,),
                )
            ).fetchone()
        if row is None or row["name"] is None:
            return SignIn(None, None, row is not None and bool(row["old_kind"]))
        return SignIn(_user(row), None if row["password"] is None else bytes(row["password"]), bool(row["old_kind"]))

    async def has_admin(self) -> bool:
        """Tells whether some local user who may act has the role admin."""
        async with self._database.connection() as conn:
            return await has_admin(conn)

    async def disable(self, name: str, *, by: str, reason: str, keep_an_admin: bool = False) -> bool:
        """Lets a user act no more, at once: sessions, tokens and links end too; False when that was so already.

        Raises UserError for an unknown one, and with ``keep_an_admin`` Refused (``admin.last``) for the last admin.
        """
        async with self._database.transaction() as conn:
            chain = await Chain.lock(conn, CHAIN, actor=f"person:{by}", create=True)
            row = await (
                await conn.execute("select disabled_by from users where name = %s for update", (name,))
            ).fetchone()
            if row is None:
                raise unknown(name, [one.name for one in await self.listing()])
            if row["disabled_by"] is not None:
                return False
            if keep_an_admin:
                await _another_admin(conn, name)
            await conn.execute(
                "update users set disabled_by = %s, disabled_why = %s, disabled_at = clock_timestamp() where name = %s",
                (by, reason, name),
            )
            await chain.append("user.disabled", {"user": name, "by": by, "why": reason})
            await end_all(conn, chain, "", name, by=by, reason=reason)
            await end_links(conn, name)
            await chain.close()
            await news(conn)
            return True

    async def bar(self, issuer: str, subject: str, *, by: str, reason: str) -> bool:
        """Lets a subject of an issuer act no more, whatever its tokens say; False when that was so already."""
        async with self._database.transaction() as conn:
            chain = await Chain.lock(conn, CHAIN, actor=f"person:{by}", create=True)
            row = await (
                await conn.execute(
                    "insert into barred_subjects (issuer, subject, barred_by, reason) values (%s, %s, %s, %s)"
                    " on conflict do nothing returning subject",
                    (issuer, subject, by, reason),
                )
            ).fetchone()
            if row is None:
                return False
            await chain.append("user.barred", {"issuer": issuer, "user": subject, "by": by, "why": reason})
            await end_all(conn, chain, issuer, subject, by=by, reason=reason)
            await chain.close()
            await news(conn)
            return True

    async def admit(self, issuer: str, subject: str, *, by: str) -> bool:
        """Lets a barred subject of an issuer act again; False where it was not barred."""
        async with self._database.transaction() as conn:
            chain = await Chain.lock(conn, CHAIN, actor=f"person:{by}", create=True)
            row = await (
                await conn.execute(
                    "delete from barred_subjects where issuer = %s and subject = %s returning subject",
                    (issuer, subject),
                )
            ).fetchone()
            if row is None:
                return False
            await chain.append("user.admitted", {"issuer": issuer, "user": subject, "by": by})
            await chain.close()
            await news(conn)
            return True

    async def barred(self, issuer: str, subject: str) -> str:
        """Returns why a subject of an issuer may not act here, empty where it may."""
        async with self._database.connection() as conn:
            row = await (
                await conn.execute(
                    "select barred_by, reason from barred_subjects where issuer = %s and subject = %s",
                    (issuer, subject),
                )
            ).fetchone()
        return "" if row is None else f"barred by {row['barred_by']}: {row['reason']}"

    async def listing(self) -> Sequence[User]:
        """Returns all local users by name."""
        async with self._database.connection() as conn:
            rows = await (await conn.execute(f"select {_COLUMNS} from users u order by u.name")).fetchall()
        return [_user(row) for row in rows]

    async def find(self, name: str) -> tuple[User, bytes | None]:
        """Returns a user and what is kept of the password; raises UserError (``user.unknown``) for an unknown one."""
        found = await self.for_sign_in(name)
        if found.user is None:
            raise unknown(name, [user.name for user in await self.listing()])
        return found.user, found.stored

    async def _known(self, conn: Connection, name: str) -> list[str]:
        """Locks a user and returns their roles; raises UserError for an unknown one."""
        row = await (await conn.execute("select roles from users where name = %s for update", (name,))).fetchone()
        if row is None:
            raise unknown(name, [one.name for one in await self.listing()])
        return list(row["roles"])


async def write_user(
    conn: Connection,
    chain: Chain,
    name: str,
    groups: Collection[str],
    password: bytes | None,
    *,
    by: str,
    roles: Collection[str] | None = None,
) -> bool:
    """Does what ``Users.add`` does within a transaction that holds the chain."""
    row = await (
        await conn.execute(
            "insert into users (name, groups, password, added_by, roles)"
            " values (%(n)s, %(g)s, %(p)s, %(by)s, coalesce(%(r)s::text[], '{}')) on conflict (name) do update set"
            " groups = excluded.groups, password = coalesce(excluded.password, users.password), disabled_by = null,"
            " disabled_at = null, disabled_why = null, roles = coalesce(%(r)s::text[], users.roles)"
            " returning (xmax = 0) as fresh",
            {"n": name, "g": sorted(groups), "p": password, "by": by, "r": None if roles is None else sorted(roles)},
        )
    ).fetchone()
    fresh = row is not None and bool(row["fresh"])
    refs: dict[str, JSON] = {"user": name, "groups": sorted(groups), "by": by}
    if roles is not None:
        refs["roles"] = sorted(roles)
    if password is not None and not fresh:
        await end_sessions(conn, "", name, by=by)
        await end_links(conn, name)
    await chain.append("user.added" if fresh else "user.changed", {**refs, "password": password is not None})
    return fresh


async def end_sessions(conn: Connection, issuer: str, subject: str, *, by: str, but: int | None = None) -> int:
    """Ends the sessions of somebody, all but one; returns how many."""
    done = await conn.execute(
        "update sessions set ended_at = bridgehead_now(), ended_by = %s, hint_wrapped = null, hint_sealed = null,"
        " hint_commitment = null where issuer = %s and subject = %s and ended_at is null and id is distinct from %s",
        (by, issuer, subject, but),
    )
    return done.rowcount


async def end_all(conn: Connection, chain: Chain, issuer: str, subject: str, *, by: str, reason: str) -> None:
    """Ends the sessions and the tokens of somebody who may act no more, so that neither comes back with them."""
    await end_sessions(conn, issuer, subject, by=by)
    await end_tokens(conn, chain, issuer, subject, by=by, reason=reason)


async def end_links(conn: Connection, name: str) -> None:
    """Ends the one-time link of a user that nobody used: who may act again, or has a password, is sent another one."""
    await conn.execute("delete from one_time_links where name = %s", (name,))


async def end_tokens(conn: Connection, chain: Chain, issuer: str, subject: str, *, by: str, reason: str) -> None:
    """Ends the tokens of somebody, on the record."""
    rows = await (
        await conn.execute(
            "update api_tokens set revoked_by = %s, revoked_at = bridgehead_now(), revoked_why = %s"
            " where issuer = %s and subject = %s and revoked_by is null returning id",
            (by, reason, issuer, subject),
        )
    ).fetchall()
    for row in sorted(rows, key=lambda one: int(one["id"])):
        await chain.append("token.revoked", {"token": row["id"], "by": by, "why": reason})


async def has_admin(conn: Connection) -> bool:
    """Tells whether some local user who may act has the role admin."""
    row = await (
        await conn.execute("select 1 from users where 'admin' = any(roles) and disabled_by is null limit 1")
    ).fetchone()
    return row is not None


async def _another_admin(conn: Connection, but: str) -> None:
    """Raises Refused where nobody else may give roles; the chain's lock lets one change at a time look."""
    row = await (
        await conn.execute(
            "select 1 from users where 'admin' = any(roles) and disabled_by is null and name <> %s limit 1", (but,)
        )
    ).fetchone()
    if row is None:
        raise Refused(
            f"{but} is the last who may give roles",
            code="admin.last",
            hint="Make somebody else an admin first.",
        )


WITH_ITS_OWNERS: Final = "its owner set a new password"
"""Why a token was revoked that ended with the password of its owner."""
_COLUMNS: Final = (
    "u.name, u.groups, u.roles, u.password is not null as signs_in, u.added_by, u.added_at, u.disabled_by,"
    " u.disabled_why"
)


def _user(row: Mapping[str, Any]) -> User:
    return User(
        row["name"],
        frozenset(row["groups"]),
        row["signs_in"],
        row["added_by"],
        row["added_at"],
        "" if row["disabled_by"] is None else f"disabled by {row['disabled_by']}: {row['disabled_why']}",
        frozenset(row["roles"]),
    )


def unknown(name: str, known: Sequence[str]) -> UserError:
    """Returns the error for a name that no user has."""
    return UserError(
        f"there is no user {name!r}",
        code="user.unknown",
        hint=nearest(name, known) or "'bridgehead user add' makes one, 'bridgehead user list' shows them.",
    )
