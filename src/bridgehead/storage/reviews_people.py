"""Whether somebody may decide a review, asked in the transaction that writes the decision; and who stands in for whom.

The rows that the answer rests on stay locked until the decision is committed: a right that is taken away at the same
moment is taken away before it, and then refuses, or after it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bridgehead.errors import UserError
from bridgehead.gate.normal import two_people
from bridgehead.ids import show
from bridgehead.reviews.people import Decider, disabled, no_member, requester, unknown
from bridgehead.reviews.terms import is_member
from bridgehead.storage.database import Connection, Database
from bridgehead.storage.queries import person_of
from bridgehead.storage.reviews_terms import terms_at
from bridgehead.storage.sealing import Chain
from bridgehead.storage.users import CHAIN


@dataclass(frozen=True, slots=True)
class Delegation:
    """One role of one deployment, handed by a person to another until a moment."""

    id: int
    deployment: str
    role: str
    from_person: str
    to_person: str
    from_at: datetime
    until_at: datetime
    reason: str
    ended_at: datetime | None = None


async def entitled(conn: Connection, decider: Decider, deployment: str, role: str, what: str) -> str | None:
    """Returns for whom somebody may decide: None for a member of the role, else whose role they were handed.

    Raises Refused (``user.unknown``, ``user.disabled``, ``user.member``). Without declared users anybody who can
    reach the database decides under the name that they give.
    """
    groups = await _standing(conn, decider, what)
    if groups is None:
        return None
    members = decider.members
    if members is None:
        terms, _ = await terms_at(conn, deployment, role)
        members = None if terms is None else terms.members
    if is_member(decider.name, groups, members or ()):
        return None
    lender = await _handed(conn, decider.name, deployment, role, members or ())
    if lender is None:
        raise no_member(what, decider.name, role, members)
    return lender


async def refuse_requester(
    conn: Connection, decider: Decider, case_id: int, what: str, *, lender: str | None = None
) -> None:
    """Raises Refused (``review.requester``) for somebody whom the case acts for, and for who decides by their role."""
    row = await (await conn.execute("select subject, issuer from grants where case_id = %s", (case_id,))).fetchone()
    if row is None:
        return
    if not two_people(row["subject"], decider.subject):  # wherever either has signed in
        raise requester(what, decider.name, show("C", case_id))
    if lender is not None and not two_people(person_of(row["subject"], row["issuer"]), lender):
        raise requester(what, decider.name, show("C", case_id), lender=lender)


async def _standing(conn: Connection, decider: Decider, what: str) -> frozenset[str] | None:
    """Returns the groups that somebody has now; None where no users are declared at all."""
    if decider.issuer is not None:
        row = await (
            await conn.execute(
                "select barred_by, reason from barred_subjects where issuer = %s and subject = %s for share",
                (decider.issuer, decider.subject),
            )
        ).fetchone()
        if row is not None:
            raise disabled(what, decider.name, f"barred by {row['barred_by']}: {row['reason']}")
        return decider.groups
    row = await (
        await conn.execute(
            "select groups, disabled_by, disabled_why from users where name = %s for share", (decider.name,)
        )
    ).fetchone()
    if row is None:
        names = [one["name"] for one in await (await conn.execute("select name from users order by name")).fetchall()]
        if not names:
            return None
        raise unknown(what, decider.name, names)
    if row["disabled_by"] is not None:
        raise disabled(what, decider.name, f"disabled by {row['disabled_by']}: {row['disabled_why']}")
    return frozenset(row["groups"])


async def _handed(conn: Connection, to: str, deployment: str, role: str, members: Sequence[str]) -> str | None:
    """Returns who handed somebody a role and still has it themselves; None where nobody did."""
    rows = await (
        await conn.execute(
            "select d.from_person, d.from_issuer, u.groups, u.disabled_by from delegations d"
            " left join users u on u.name = d.from_person and d.from_issuer is null"
            " where d.to_person = %s and d.deployment = %s and d.role = %s and d.ended_at is null"
            " and d.from_at <= bridgehead_now() and d.until_at > bridgehead_now() order by d.id for share of d",
            (to, deployment, role),
        )
    ).fetchall()
    for row in rows:
        lender = str(row["from_person"])
        if row["from_issuer"] is None:
            held = row["groups"] is not None and row["disabled_by"] is None
            if held and is_member(lender, row["groups"], members):
                return lender
            continue
        barred = await (
            await conn.execute(
                "select 1 from barred_subjects where issuer = %s and subject = %s",
                (row["from_issuer"], lender.removesuffix(f" of {row['from_issuer']}")),
            )
        ).fetchone()
        if barred is None:
            return lender
    return None


class Delegations:
    """The store of who stands in for whom, on PostgreSQL; each is on the record of who may what."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def hand(self, decider: Decider, deployment: str, role: str, to: str, until: datetime, reason: str) -> int:
        """Hands somebody's own role to another until a moment; returns the delegation's id.

        Raises Refused for who is not in the role themselves (a role that was handed is not handed on), and UserError
        for a moment that has passed, an unknown or disabled receiver, and somebody's own name.
        """
        what = f"what is for {role}"
        async with self._database.transaction() as conn:
            # Users are locked below it, in the order in which who takes a right away locks them.
            chain = await Chain.lock(conn, CHAIN, actor=f"person:{decider.name}", create=True)
            if not two_people(decider.name, to):
                raise UserError(
                    "a role is handed to somebody else", code="delegation.self", hint="Name another person."
                )
            if await entitled(conn, decider, deployment, role, what) is not None:
                raise no_member(f"{what} for others", decider.name, role, decider.members or ())
            await self._receiver(conn, to)
            row = await (
                await conn.execute(
                    "insert into delegations (deployment, role, from_person, from_issuer, to_person, until_at, reason)"
                    " select %s, %s, %s, %s, %s, %s, %s where %s > bridgehead_now() returning id",
                    (deployment, role, decider.name, decider.issuer, to, until, reason, until),
                )
            ).fetchone()
            if row is None:
                raise UserError(
                    f"{until:%Y-%m-%d %H:%M} has passed", code="delegation.until", hint="Name a moment to come."
                )
            await chain.append(
                "role.handed",
                {
                    "delegation": row["id"],
                    "deployment": deployment,
                    "role": role,
                    "from": decider.name,
                    "to": to,
                    "until": until.isoformat(),
                    "why": reason,
                },
            )
            await chain.close()
            return int(row["id"])

    async def end(self, number: int, *, by: str) -> bool:
        """Ends a delegation at once; False when it was over already. Raises UserError for an unknown one."""
        async with self._database.transaction() as conn:
            chain = await Chain.lock(conn, CHAIN, actor=f"person:{by}", create=True)
            row = await (
                await conn.execute("select ended_at from delegations where id = %s for update", (number,))
            ).fetchone()
            if row is None:
                raise UserError(f"there is no delegation {number}", code="delegation.unknown")
            if row["ended_at"] is not None:
                return False
            await conn.execute("update delegations set ended_at = bridgehead_now() where id = %s", (number,))
            await chain.append("role.returned", {"delegation": number, "by": by})
            await chain.close()
            return True

    async def listing(self, *, person: str | None = None) -> Sequence[Delegation]:
        """Returns the delegations that count now, of everybody or from and to one person, oldest first."""
        async with self._database.connection() as conn:
            rows = await (
                await conn.execute(
                    "select * from delegations where ended_at is null and until_at > bridgehead_now()"
                    " and (%(p)s::text is null or to_person = %(p)s or from_person = %(p)s) order by id",
                    {"p": person},
                )
            ).fetchall()
        return [
            Delegation(
                row["id"],
                row["deployment"],
                row["role"],
                row["from_person"],
                row["to_person"],
                row["from_at"],
                row["until_at"],
                row["reason"],
                row["ended_at"],
            )
            for row in rows
        ]

    async def _receiver(self, conn: Connection, to: str) -> None:
        row = await (await conn.execute("select disabled_by from users where name = %s for share", (to,))).fetchone()
        known = await (await conn.execute("select 1 from users limit 1")).fetchone()
        if " of " in to or known is None:
            return  # a subject of an issuer is known by its own token
        if row is None or row["disabled_by"] is not None:
            raise UserError(
                f"there is no user {to!r} who may act here",
                code="user.unknown",
                hint="'bridgehead user list' shows them.",
            )
