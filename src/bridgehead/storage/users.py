"""People who may act here: local users with their groups, and subjects of an issuer who may not any more."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from bridgehead.errors import UserError
from bridgehead.spec.problem import nearest
from bridgehead.spec.tool import JSON
from bridgehead.storage.authority import news
from bridgehead.storage.database import Database
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


class Users:
    """The store of users, on PostgreSQL; every change is on the record, passwords and their hashes are not."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, name: str, groups: Collection[str], password: bytes | None, *, by: str) -> bool:
        """Adds a user, or gives one that is there these groups and this password; False in the second case.

        Without a password the one that is set stays. Somebody who was disabled may act again.
        """
        async with self._database.transaction() as conn:
            chain = await Chain.lock(conn, CHAIN, actor=f"person:{by}", create=True)
            row = await (
                await conn.execute(
                    "insert into users (name, groups, password, added_by) values (%(n)s, %(g)s, %(p)s, %(by)s)"
                    " on conflict (name) do update set groups = excluded.groups,"
                    " password = coalesce(excluded.password, users.password), disabled_by = null, disabled_at = null,"
                    " disabled_why = null returning (xmax = 0) as fresh",
                    {"n": name, "g": sorted(groups), "p": password, "by": by},
                )
            ).fetchone()
            fresh = row is not None and bool(row["fresh"])
            refs: dict[str, JSON] = {"user": name, "groups": sorted(groups), "by": by}
            await chain.append("user.added" if fresh else "user.changed", {**refs, "password": password is not None})
            await chain.close()
            await news(conn)
            return fresh

    async def disable(self, name: str, *, by: str, reason: str) -> bool:
        """Lets a user act no more, at once; False when that was so already. Raises UserError for an unknown one."""
        async with self._database.transaction() as conn:
            chain = await Chain.lock(conn, CHAIN, actor=f"person:{by}", create=True)
            row = await (
                await conn.execute("select disabled_by from users where name = %s for update", (name,))
            ).fetchone()
            if row is None:
                raise unknown(name, [one.name for one in await self.listing()])
            if row["disabled_by"] is not None:
                return False
            await conn.execute(
                "update users set disabled_by = %s, disabled_why = %s, disabled_at = clock_timestamp() where name = %s",
                (by, reason, name),
            )
            await chain.append("user.disabled", {"user": name, "by": by, "why": reason})
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
            rows = await (
                await conn.execute(
                    "select name, groups, password is not null as signs_in, added_by, added_at, disabled_by,"
                    " disabled_why from users order by name"
                )
            ).fetchall()
        return [
            User(
                row["name"],
                frozenset(row["groups"]),
                row["signs_in"],
                row["added_by"],
                row["added_at"],
                "" if row["disabled_by"] is None else f"disabled by {row['disabled_by']}: {row['disabled_why']}",
            )
            for row in rows
        ]

    async def find(self, name: str) -> tuple[User, bytes | None]:
        """Returns a user and what is kept of the password; raises UserError (``user.unknown``) for an unknown one."""
        everybody = await self.listing()
        for user in everybody:
            if user.name == name:
                async with self._database.connection() as conn:
                    row = await (await conn.execute("select password from users where name = %s", (name,))).fetchone()
                return user, None if row is None or row["password"] is None else bytes(row["password"])
        raise unknown(name, [user.name for user in everybody])


def unknown(name: str, known: Sequence[str]) -> UserError:
    """Returns the error for a name that no user has."""
    return UserError(
        f"there is no user {name!r}",
        code="user.unknown",
        hint=nearest(name, known) or "'bridgehead user add' makes one, 'bridgehead user list' shows them.",
    )
