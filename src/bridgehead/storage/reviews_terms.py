"""What the file that was loaded last says of each role: written when a deployment is registered, read by every desk."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from bridgehead.money import Money
from bridgehead.reviews.terms import Terms
from bridgehead.storage.database import Connection, Database

_PUT: Final = b"""
insert into deployment_roles (deployment, role, members, hours, holidays, within_s, then_role, claim_s, claims, rate,
    rate_currency, idle_cap_minutes, resume_s)
values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
on conflict (deployment, role) do update set members = excluded.members, hours = excluded.hours,
    holidays = excluded.holidays, within_s = excluded.within_s, then_role = excluded.then_role,
    claim_s = excluded.claim_s, claims = excluded.claims, rate = excluded.rate,
    rate_currency = excluded.rate_currency, idle_cap_minutes = excluded.idle_cap_minutes, resume_s = excluded.resume_s
"""
_FIND: Final = b"""
select d.*, n.now from (select bridgehead_now() as now) n
left join deployment_roles d on d.deployment = %s and d.role = %s
"""


class RoleTerms:
    """The store of what roles are held to, on PostgreSQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def put(self, deployment: str, terms: Sequence[Terms]) -> None:
        """Keeps what a deployment says of its roles; a role that it names no more is forgotten."""
        async with self._database.transaction() as conn:
            await conn.execute("select pg_advisory_xact_lock(hashtext(%s))", (f"roles {deployment}",))
            for one in sorted(terms, key=lambda each: each.role):
                await conn.execute(_PUT, _values(one))
            await conn.execute(
                "delete from deployment_roles where deployment = %s and not (role = any(%s))",
                (deployment, [one.role for one in terms]),
            )

    async def listing(self, deployment: str | None = None) -> Sequence[Terms]:
        """Returns the roles of a deployment, or of all, by name."""
        async with self._database.connection() as conn:
            rows = await (
                await conn.execute(
                    "select * from deployment_roles where %(d)s::text is null or deployment = %(d)s"
                    " order by deployment, role",
                    {"d": deployment},
                )
            ).fetchall()
        return [_terms(row) for row in rows]


async def terms_at(conn: Connection, deployment: str, role: str) -> tuple[Terms | None, datetime]:
    """Returns what a role is held to, None for one that is registered nowhere, and the database's time."""
    row = await (await conn.execute(_FIND, (deployment, role))).fetchone()
    if row is None:  # pragma: no cover - the outer join always gives a row
        raise LookupError(role)
    return (None if row["role"] is None else _terms(row)), row["now"]


def _terms(row: dict[str, Any]) -> Terms:
    return Terms(
        deployment=row["deployment"],
        role=row["role"],
        members=tuple(row["members"]),
        hours=row["hours"],
        holidays=tuple(row["holidays"]),
        within_s=row["within_s"],
        then=row["then_role"],
        claim_s=row["claim_s"],
        claims=row["claims"],
        rate=None if row["rate"] is None else Money(row["rate"], row["rate_currency"]),
        idle_cap_minutes=row["idle_cap_minutes"],
        resume_s=row["resume_s"],
    )


def _values(one: Terms) -> tuple[object, ...]:
    return (
        one.deployment,
        one.role,
        list(one.members),
        one.hours,
        list(one.holidays),
        one.within_s,
        one.then,
        one.claim_s,
        one.claims,
        None if one.rate is None else one.rate.amount,
        None if one.rate is None else one.rate.currency,
        one.idle_cap_minutes,
        one.resume_s,
    )
