"""The queues of people, a page at a time: open work by when it is due, then by the money in it; decided work by age."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from bridgehead.ledger.vault import Vault
from bridgehead.reviews.model import Review
from bridgehead.spec.tool import JSON
from bridgehead.storage.cases import review_of
from bridgehead.storage.database import Database
from bridgehead.storage.queries import Opener

_DUE: Final = "review_due(r.due_at, r.escalate_at)"
_STAKE: Final = "(-coalesce(r.stake, 0))"
_SEEN_AS: Final = "case when r.kind = 'seeded' and r.state = 'open' then 'approval' else r.kind end"
"""A seeded check passes for an approval until it is decided."""
_LIVE: Final = "r.claimed_by is not null and r.claim_until > bridgehead_now()"
_STANDINGS: Final[Mapping[str, str]] = {
    "open": "r.state = 'open'",
    "claimed": f"r.state = 'open' and {_LIVE}",
    "unclaimed": f"r.state = 'open' and not coalesce({_LIVE}, false)",
    "timed_out": "r.state = 'open' and r.timed_out_at is not null",
    "no_channel": "r.state = 'open' and r.no_channel_at is not null",
    "all": "true",
}
"""What a wanted state is to the store; any other is a state of a review that is not open."""
_SHOWN: Final = f"""
select r.*, {_DUE}::text as by_due, {_STAKE}::text as by_stake, n.now,
  p.sealed as sealed_payload, a.sealed as sealed_answer, k.wrapped
from (select bridgehead_now() as now) n, (select r.* from reviews r where %s) r
join data_keys k on k.id = r.key_id left join blobs p on p.commitment = r.payload
left join blobs a on a.commitment = r.answer order by %s
"""


@dataclass(frozen=True, slots=True)
class Wish:
    """Which reviews are asked for; what is None or empty asks for all.

    ``state`` is a standing (open ones: open, claimed, unclaimed, timed_out, no_channel), a state, or ``all``.
    ``person`` and their ``groups``: only what is for a role of theirs, or for one that they were handed.
    ``cause``: the word by which an agent handed the case over, or its error class where it named none.
    """

    state: str = "open"
    deployment: str | None = None
    role: str | None = None
    kind: str | None = None
    case_id: int | None = None
    person: str | None = None
    groups: frozenset[str] = frozenset()
    claimed_by: str | None = None
    cause: str | None = None
    overdue: bool = False

    @property
    def undecided(self) -> bool:
        """Whether only open work is asked for: it comes in the order in which to look at it."""
        return self.state in _STANDINGS and self.state != "all"


@dataclass(frozen=True, slots=True)
class Queued:
    """One review on a page, with its deployment, the database's time, and where the page goes on behind it."""

    review: Review
    deployment: str
    now: datetime
    keys: tuple[str | int, ...]
    unreadable: str | None = None


class ReviewQueue:
    """Reads queues of reviews."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self._database = database
        self._vault = vault

    async def page(self, wish: Wish, *, after: tuple[str | int, ...] | None, limit: int) -> Sequence[Queued]:
        """Returns the next reviews of a queue, at most ``limit``, behind the keys of the last one before."""
        where, values = _chosen(wish)
        order = f"{_DUE}, {_STAKE}, r.id" if wish.undecided else "r.id desc"
        if after is not None and wish.undecided:
            where.append(f"({_DUE}, {_STAKE}, r.id) > (%(due)s::timestamptz, %(stake)s::numeric, %(id)s::bigint)")
            values |= {"due": str(after[0]), "stake": str(after[1]), "id": int(after[2])}
        elif after is not None:
            where.append("r.id < %(id)s::bigint")
            values["id"] = int(after[0])
        inner = f"{' and '.join(where)} order by {order} limit %(limit)s"
        async with self._database.connection() as conn:
            statement = _SHOWN.replace("%s", inner, 1).replace("%s", order, 1)
            rows = await (await conn.execute(statement.encode(), {**values, "limit": limit})).fetchall()
        return [self._queued(row, wish) for row in rows]

    async def counts(self, *, most: int = 10_000) -> Mapping[tuple[str, str], tuple[int, int]]:
        """Returns how many reviews are open, and how many of them overdue, by deployment and role; at most ``most``."""
        async with self._database.connection() as conn:
            rows = await (
                await conn.execute(
                    "select deployment, role, count(*) as open, count(*) filter (where coalesce(due_at, escalate_at)"
                    " <= bridgehead_now()) as overdue from (select * from reviews where state = 'open' limit %s) r"
                    " group by deployment, role order by deployment, role",
                    (most,),
                )
            ).fetchall()
        return {(row["deployment"], row["role"]): (row["open"], row["overdue"]) for row in rows}

    def _queued(self, row: dict[str, Any], wish: Wish) -> Queued:
        opener = Opener.of(self._vault, row["wrapped"])
        shown = opener.open(row["sealed_payload"], row["payload"])
        answer = opener.open(row["sealed_answer"], row["answer"])
        found: Mapping[str, JSON] = shown.value if isinstance(shown.value, Mapping) else {}
        keys = (row["by_due"], row["by_stake"], row["id"]) if wish.undecided else (row["id"],)
        return Queued(
            review_of(row, shown=found, answer=answer.value), row["deployment"], row["now"], keys, shown.unreadable
        )


def _chosen(wish: Wish) -> tuple[list[str], dict[str, object]]:
    """Returns the conditions of a wish, and their values."""
    where = [_STANDINGS.get(wish.state, "r.state = %(state)s")]
    values: dict[str, object] = {"state": wish.state}
    for name, value in (
        ("deployment", wish.deployment),
        ("role", wish.role),
        ("case_id", wish.case_id),
    ):
        if value is not None:
            where.append(f"r.{name} = %({name})s")
            values[name] = value
    if wish.kind is not None:
        where.append(f"{_SEEN_AS} = %(kind)s")
        values["kind"] = wish.kind
    if wish.cause is not None:
        # One look-up for each open review, and no join that the server could turn into a pass over all cases.
        where.append(
            "(select coalesce(nullif(c.cause, ''), c.error_class) from cases c where c.id = r.case_id) = %(cause)s"
        )
        values["cause"] = wish.cause
    if wish.claimed_by is not None:
        where.append(f"r.claimed_by = %(claimant)s and {_LIVE}")
        values["claimant"] = wish.claimed_by
    if wish.overdue:
        where.append("r.state = 'open' and coalesce(r.due_at, r.escalate_at) <= bridgehead_now()")
    if wish.person is not None:
        names = [wish.person, f"user:{wish.person}", *sorted(f"group:{group}" for group in wish.groups)]
        where.append(
            "(exists (select from deployment_roles d where d.deployment = r.deployment and d.role = r.role"
            " and d.members && %(names)s::text[])"
            " or exists (select from delegations g where g.deployment = r.deployment and g.role = r.role"
            " and g.to_person = %(person)s and g.ended_at is null and g.until_at > bridgehead_now()))"
        )
        values |= {"names": names, "person": wish.person}
    return where, values
