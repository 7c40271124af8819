"""Claimed cases: loaded once per segment, and every write fenced in one transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from bridgehead.cases.ports import Claim, EffectRow, Loaded, StepRow
from bridgehead.cases.writes import Write
from bridgehead.engine.ports import Dispatch
from bridgehead.errors import LeaseLost
from bridgehead.ids import CaseId
from bridgehead.reviews.model import Review
from bridgehead.spec.tool import JSON
from bridgehead.storage.committing import Writer
from bridgehead.storage.database import Connection, Database
from bridgehead.storage.sealing import from_bytes


class Cases:
    """The case store on PostgreSQL."""

    def __init__(self, database: Database, dispatch: Dispatch) -> None:
        self._database = database
        self._writer = Writer(database, dispatch)

    async def load(self, claim: Claim) -> Loaded:
        """Returns everything a segment starts from; raises LeaseLost when the claim is over."""
        async with self._database.connection() as conn:
            row = await (
                await conn.execute(
                    "select c.*, b.sealed, bridgehead_now() as now from cases c join blobs b on b.commitment = c.input"
                    " where c.id = %s and c.epoch = %s and c.state = 'running'",
                    (claim.case_id, claim.epoch),
                )
            ).fetchone()
            if row is None:
                raise LeaseLost
            stored = cast("dict[str, JSON]", from_bytes(claim.key.open(bytes(row["sealed"]), bytes(row["input"]))))
            return Loaded(
                input=stored["input"],
                text=str(stored["text"]),
                revision=row["revision"],
                revises=None if row["revises"] is None else CaseId(row["revises"]),
                now=row["now"],
                deadline_at=row["deadline_at"],
                steps=await _steps(conn, claim),
                effects=await _effects(conn, claim),
                reviews=await load_reviews(conn, claim),
                spent=await _spent(conn, claim.case_id),
            )

    async def commit(self, claim: Claim, writes: Sequence[Write], *, actor: str) -> Mapping[str, int]:
        """Writes all or nothing behind the fence, together with what other cases write; see the port."""
        return await self._writer.commit(claim, writes, actor=actor)


async def _steps(conn: Connection, claim: Claim) -> list[StepRow]:
    rows = await (
        await conn.execute(
            "select s.*, b.sealed, extract(epoch from bridgehead_now() - s.started_at)::float8 as age_s"
            " from steps s join blobs b on b.commitment = s.payload"
            " where s.case_id = %s order by s.seq",
            (claim.case_id,),
        )
    ).fetchall()
    return [
        StepRow(
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
        for row in rows
    ]


async def _effects(conn: Connection, claim: Claim) -> list[EffectRow]:
    rows = await (
        await conn.execute(
            "select e.*, a.sealed as sealed_args, r.sealed as sealed_result,"
            " coalesce(extract(epoch from e.settle_from - clock_timestamp())::float8, 0) as seconds_left"
            " from effects e join blobs a on a.commitment = e.payload left join blobs r on r.commitment = e.result"
            " where e.case_id = %s order by e.id",
            (claim.case_id,),
        )
    ).fetchall()
    return [
        EffectRow(
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
        for row in rows
    ]


async def load_reviews(conn: Connection, claim: Claim) -> list[Review]:
    """Returns the reviews of a claimed case, decided or not, oldest first."""
    rows = await (
        await conn.execute(
            "select r.*, p.sealed as sealed_payload, a.sealed as sealed_answer from reviews r"
            " join blobs p on p.commitment = r.payload left join blobs a on a.commitment = r.answer"
            " where r.case_id = %s order by r.id",
            (claim.case_id,),
        )
    ).fetchall()
    return [
        review_of(
            row,
            shown=_opened(claim, row["sealed_payload"], row["payload"]),
            answer=None
            if row["answer"] is None
            else from_bytes(claim.key.open(bytes(row["sealed_answer"]), bytes(row["answer"]))),
        )
        for row in rows
    ]


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
    )


async def _spent(conn: Connection, case_id: int) -> dict[str, Any]:
    rows = await (
        await conn.execute(
            "select currency, sum(amount) as amount from costs where case_id = %s and amount is not null"
            " group by currency",
            (case_id,),
        )
    ).fetchall()
    return {row["currency"]: row["amount"] for row in rows}


def _opened(claim: Claim, sealed: bytes, commitment: bytes) -> Mapping[str, JSON]:
    return cast("Mapping[str, JSON]", from_bytes(claim.key.open(bytes(sealed), bytes(commitment))))
