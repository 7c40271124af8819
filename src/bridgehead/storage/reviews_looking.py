"""Reviews that look at what was decided: a blind second opinion, and a proposal that is wrong on purpose.

Neither moves a case: no effect hangs on them, and nothing is ever sent for them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

from bridgehead.cases.writes import ReviewOpen
from bridgehead.effects.keys import args_digest
from bridgehead.errors import UserError
from bridgehead.gate.normal import two_people
from bridgehead.ids import ReviewId, show
from bridgehead.ledger.vault import Vault
from bridgehead.reviews.model import Review, ReviewKind
from bridgehead.reviews.seeding import Planted
from bridgehead.spec.tool import JSON
from bridgehead.storage.database import Connection, Database
from bridgehead.storage.sealing import Chain, Sealer, from_bytes, load_key
from bridgehead.storage.writing import open_review

_TOLD: Final = ("tool", "effect_class", "args", "why", "second")
"""What of the first review the second one shows: the question, and nothing of what came of it."""

# The moment is computed once: asked for each row, it would cost more than the counting.
_MEASURES: Final = b"""
with since as materialized (select bridgehead_now() - make_interval(secs => %(since)s) as at)
select r.decided_by as person,
  count(*) filter (where r.kind not in ('audit', 'seeded')) as decided,
  count(*) filter (where r.kind not in ('audit', 'seeded') and r.state = 'approved') as approved,
  count(*) filter (where r.kind not in ('audit', 'seeded') and r.state = 'edited') as edited,
  count(*) filter (where r.kind not in ('audit', 'seeded') and r.state in ('rejected', 'returned')) as refused,
  percentile_cont(0.5) within group (order by r.minutes::float8) as median_minutes,
  percentile_cont(0.9) within group (order by r.minutes::float8) as most_minutes,
  count(*) filter (where r.due_at is not null) as promised,
  count(*) filter (where r.decided_at <= r.due_at) as in_time,
  count(*) filter (where r.kind = 'seeded') as seeded,
  count(*) filter (where r.kind = 'seeded' and r.state <> 'approved') as caught
from since, reviews r where r.decided_by is not null and r.decided_at >= since.at
  and (%(deployment)s::text is null or r.deployment = %(deployment)s)
group by r.decided_by order by r.decided_by
"""
_COMPARED: Final = b"""
with since as materialized (select bridgehead_now() - make_interval(secs => %(since)s) as at)
select who.person, count(*) as compared,
  count(*) filter (where (a.state = 'approved') = (f.state = 'approved')) as agreed
from since, reviews a join reviews f on f.id = a.looks_at
cross join lateral (values (a.decided_by), (f.decided_by)) who (person)
where a.kind = 'audit' and a.state in ('approved', 'rejected') and f.decided_by is not null
  and a.decided_at >= since.at
  and (%(deployment)s::text is null or a.deployment = %(deployment)s)
group by who.person
"""


@dataclass(frozen=True, slots=True)
class Counted:
    """What one person decided in a time: counts, minutes, seeded checks and blind second opinions."""

    person: str
    decided: int
    approved: int
    edited: int
    refused: int
    median_minutes: float | None
    most_minutes: float | None
    promised: int
    in_time: int
    seeded: int
    caught: int
    compared: int
    agreed: int


class Looking:
    """The store of second looks, on PostgreSQL."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self._database = database
        self._vault = vault

    async def second(self, review: Review, deployment: str, *, by: str) -> ReviewId:
        """Asks the same role the same question once more, without what the first person decided; returns the review.

        Raises UserError (``review.second``) for a review that nobody approved, edited or rejected.
        """
        if review.kind not in ("approval", "conflict") or review.state not in ("approved", "edited", "rejected"):
            raise UserError(
                f"{show('R', review.id)} is {review.state}, of kind {review.seen_as()}",
                code="review.second",
                hint="A second opinion is about a call that somebody approved, edited or rejected.",
            )
        shown = {name: review.shown[name] for name in _TOLD if name in review.shown}
        return await self._open("audit", review, deployment, shown, review.args_digest, None, by)

    async def seed(
        self, review: Review, deployment: str, args: Mapping[str, JSON], planted: Planted, *, by: str
    ) -> ReviewId:
        """Puts a call that is wrong on purpose before the role, as if it were held; returns the review.

        Raises UserError (``review.seed``) for a review that is about no call.
        """
        tool = review.shown.get("tool")
        if review.kind != "approval" or not isinstance(tool, str):
            raise UserError(
                f"{show('R', review.id)} is about no call that is approved",
                code="review.seed",
                hint="Make a seeded check of an approval.",
            )
        shown = {**{name: review.shown[name] for name in _TOLD if name in review.shown}, "args": dict(args)}
        digest = args_digest(self._vault.hmac, tool, args)
        return await self._open("seeded", review, deployment, shown, digest, planted, by)

    async def planted(self, review_id: ReviewId) -> Planted | None:
        """Returns what is wrong in a seeded check; None for any other review."""
        async with self._database.connection() as conn:
            return await planted_in(conn, self._vault, review_id)

    async def counted(self, *, since_s: float, deployment: str | None = None) -> Sequence[Counted]:
        """Returns what each person decided in the last seconds, by name."""
        values = {"since": since_s, "deployment": deployment}
        async with self._database.connection() as conn:
            rows = await (await conn.execute(_MEASURES, values)).fetchall()
            pairs = await (await conn.execute(_COMPARED, values)).fetchall()
        by_person = {row["person"]: row for row in pairs}
        nobody = {"compared": 0, "agreed": 0}
        return [Counted(**{**nobody, **row, **by_person.get(row["person"], {})}) for row in rows]

    async def _open(
        self,
        kind: ReviewKind,
        review: Review,
        deployment: str,
        shown: Mapping[str, JSON],
        digest: bytes | None,
        planted: Planted | None,
        by: str,
    ) -> ReviewId:
        async with self._database.transaction() as conn:
            row = await (
                await conn.execute("select key_id from cases where id = %s for update", (review.case_id,))
            ).fetchone()
            if row is None:
                raise UserError(
                    f"{show('R', review.id)} belongs to no case", code="review.second", hint="Choose another one."
                )
            chain = await Chain.lock(conn, show("C", review.case_id or 0), actor=f"person:{by}")
            sealer = Sealer(conn, row["key_id"], await load_key(conn, self._vault, row["key_id"]))
            valid_s = None if review.valid_for is None else review.valid_for.total_seconds()
            opened = ReviewOpen(
                token="look",  # noqa: S106  # a name within this commit, no secret
                kind=kind,
                role=review.role,
                shown=shown,
                digest=digest,
                valid_for_s=valid_s,
            )
            number = await open_review(conn, chain, sealer, deployment, opened, {}, case_id=review.case_id)
            secret = None if planted is None else await sealer.put(planted.json())
            await conn.execute(
                "update reviews set looks_at = %s, planted = %s where id = %s", (review.id, secret, number)
            )
            await chain.close()
            return ReviewId(number)


async def refuse_own(conn: Connection, vault: Vault, review: Review, by: str) -> None:
    """Raises UserError (``review.same_person``) for a second look at one's own decision, and for one's own check."""
    if review.kind == "audit" and review.looks_at is not None:
        row = await (await conn.execute("select decided_by from reviews where id = %s", (review.looks_at,))).fetchone()
        author = "" if row is None else str(row["decided_by"] or "")
    elif review.kind == "seeded":
        planted = await planted_in(conn, vault, review.id)
        author = "" if planted is None else planted.by
    else:
        return
    if author and not two_people(author, by):
        raise UserError(
            f"{by} has to do with {show('R', review.id)} already",
            code="review.same_person",
            hint="Somebody else of the role decides.",
        )


async def planted_in(conn: Connection, vault: Vault, review_id: ReviewId) -> Planted | None:
    """Returns what is wrong in a seeded check, in a transaction; None for any other review."""
    row: Mapping[str, Any] | None = await (
        await conn.execute(
            "select r.key_id, r.planted, b.sealed from reviews r join blobs b on b.commitment = r.planted"
            " where r.id = %s",
            (review_id,),
        )
    ).fetchone()
    if row is None:
        return None
    key = await load_key(conn, vault, row["key_id"])
    found = cast("Mapping[str, JSON]", from_bytes(key.open(bytes(row["sealed"]), bytes(row["planted"]))))
    return Planted(str(found["path"]), found["before"], found["after"], str(found["by"]))
