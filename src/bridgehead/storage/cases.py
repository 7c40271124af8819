"""Claimed cases: loaded once per segment, and every write fenced in one transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

from psycopg.rows import DictRow

from bridgehead.cases.ports import Claim, EffectRow, Loaded, StepRow
from bridgehead.cases.writes import Write
from bridgehead.engine.ports import Dispatch
from bridgehead.errors import LeaseLost
from bridgehead.ids import CaseId
from bridgehead.reviews.model import Review
from bridgehead.spec.tool import JSON
from bridgehead.storage.committing import Writer
from bridgehead.storage.database import Database, pipelined
from bridgehead.storage.grants import delegation
from bridgehead.storage.sealing import from_bytes

_CASE: Final = (
    b"select c.revision, c.revises, c.deadline_at, c.worked_s, c.input, b.sealed, bridgehead_now() as now,"
    b" g.token, g.kid, g.narrowed, k.public from cases c join blobs b on b.commitment = c.input"
    b" left join grants g on g.case_id = c.id left join signing_keys k on k.kid = g.kid"
    b" where c.id = %s and c.epoch = %s and c.state = 'running'"
)
_RECORDED: Final = (
    (
        b"select s.*, b.sealed, extract(epoch from bridgehead_now() - s.started_at)::float8 as age_s"
        b" from steps s join blobs b on b.commitment = s.payload where s.case_id = %s order by s.seq"
    ),
    (
        b"select e.*, a.sealed as sealed_args, r.sealed as sealed_result,"
        b" coalesce(extract(epoch from e.settle_from - clock_timestamp())::float8, 0) as seconds_left"
        b" from effects e join blobs a on a.commitment = e.payload left join blobs r on r.commitment = e.result"
        b" where e.case_id = %s order by e.id"
    ),
    (
        b"select r.*, p.sealed as sealed_payload, a.sealed as sealed_answer from reviews r"
        b" join blobs p on p.commitment = r.payload left join blobs a on a.commitment = r.answer"
        b" where r.case_id = %s order by r.id"
    ),
    b"select currency, sum(amount) as amount from costs where case_id = %s and amount is not null group by currency",
)
"""The journal of a case: its steps, effects, reviews and what it has spent."""


class Cases:
    """The case store on PostgreSQL."""

    def __init__(self, database: Database, dispatch: Dispatch) -> None:
        self._database = database
        self._writer = Writer(database, dispatch)

    async def load(self, claim: Claim) -> Loaded:
        """Returns everything a segment starts from; raises LeaseLost when the claim is over."""
        # What earlier segments recorded: a case that is claimed for the first time has none.
        fresh = claim.epoch == 1
        case = (claim.case_id,)
        async with self._database.connection() as conn:
            async with pipelined(conn):
                found = await conn.execute(_CASE, (claim.case_id, claim.epoch), prepare=True)
                recorded = [] if fresh else [await conn.execute(one, case, prepare=True) for one in _RECORDED]
            row = await found.fetchone()
            if row is None:
                raise LeaseLost
            steps, effects, reviews, spent = [await one.fetchall() for one in recorded] or ([], [], [], [])
        stored = cast("dict[str, JSON]", from_bytes(claim.key.open(bytes(row["sealed"]), bytes(row["input"]))))
        return Loaded(
            input=stored["input"],
            text=str(stored["text"]),
            revision=row["revision"],
            revises=None if row["revises"] is None else CaseId(row["revises"]),
            now=row["now"],
            deadline_at=row["deadline_at"],
            steps=[_step(one, claim) for one in steps],
            effects=[_effect(one, claim) for one in effects],
            reviews=[_review(one, claim) for one in reviews],
            spent={one["currency"]: one["amount"] for one in spent},
            worked_s=row["worked_s"],
            grant=None if row["token"] is None else delegation(row, claim.case_id, claim.deployment, row["now"]),
            narrowed=row["narrowed"] or 0,
        )

    async def commit(self, claim: Claim, writes: Sequence[Write], *, actor: str) -> Mapping[str, int]:
        """Writes all or nothing behind the fence, together with what other cases write; see the port."""
        return await self._writer.commit(claim, writes, actor=actor)


def _step(row: DictRow, claim: Claim) -> StepRow:
    return StepRow(
        seq=row["seq"],
        kind=row["kind"],
        branch=row["branch"],
        name=row["name"],
        digest=bytes(row["args_digest"]),
        occurrence=row["occurrence"],
        ok=row["ok"],
        payload=_opened(claim, row["sealed"], row["payload"]),
        age_s=row["age_s"],
    )


def _effect(row: DictRow, claim: Claim) -> EffectRow:
    return EffectRow(
        id=row["id"],
        tool=row["tool"],
        key=bytes(row["key"]),
        digest=bytes(row["args_digest"]),
        branch=row["branch"],
        occurrence=row["occurrence"],
        state=row["state"],
        attempt=row["attempt"],
        args=_opened(claim, row["sealed_args"], row["payload"]),
        result=None if row["result"] is None else _opened(claim, row["sealed_result"], row["result"]),
        seconds_left=row["seconds_left"],
        superseded_by=row["superseded_by"],
    )


def _review(row: DictRow, claim: Claim) -> Review:
    return review_of(
        row,
        shown=_opened(claim, row["sealed_payload"], row["payload"]),
        answer=None
        if row["answer"] is None
        else from_bytes(claim.key.open(bytes(row["sealed_answer"]), bytes(row["answer"]))),
    )


def review_of(row: Mapping[str, Any], *, shown: Mapping[str, JSON], answer: JSON) -> Review:
    """Returns a review from its row and its opened payloads."""
    return Review(
        id=row["id"],
        kind=row["kind"],
        role=row["role"],
        state=row["state"],
        case_id=row["case_id"],
        arrival_id=row["arrival_id"],
        effect_id=row["effect_id"],
        args_digest=None if row["args_digest"] is None else bytes(row["args_digest"]),
        shown=shown,
        opened_at=row["opened_at"],
        valid_for=row["valid_for"],
        decided_at=row["decided_at"],
        decided_by=row["decided_by"],
        answer=answer,
        used=row["used_at"] is not None,
        escalate_at=row["escalate_at"],
        error_class=row["error_class"],
        due_at=row["due_at"] or row["escalate_at"],
        timed_out_at=row["timed_out_at"],
        no_channel_at=row["no_channel_at"],
        claimed_by=row["claimed_by"],
        claim_until=row["claim_until"],
        stake=row["stake"],
        stake_currency=row["stake_currency"] or "",
        decided_via=row["decided_via"],
        decided_for=row["decided_for"],
        looks_at=row["looks_at"],
    )


def _opened(claim: Claim, sealed: bytes, commitment: bytes) -> Mapping[str, JSON]:
    return cast("Mapping[str, JSON]", from_bytes(claim.key.open(bytes(sealed), bytes(commitment))))
