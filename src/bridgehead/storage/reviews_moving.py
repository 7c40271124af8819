"""What a decision does to the case that it is about: it wakes, changes hands, or is closed."""

from __future__ import annotations

from dataclasses import dataclass

from bridgehead.cases.writes import ReviewOpen
from bridgehead.engine.ports import Dispatch
from bridgehead.reviews.model import FENCING, LOOKING, Review, Verb
from bridgehead.spec.tool import JSON
from bridgehead.storage.database import Connection
from bridgehead.storage.full_state import full_state
from bridgehead.storage.sealing import Chain, Sealer
from bridgehead.storage.writing import open_review, supersede_reviews


@dataclass(frozen=True, slots=True)
class Deciding:
    """A decision in its transaction: the case is locked, and the review is decided in its table."""

    conn: Connection
    chain: Chain
    sealer: Sealer
    review: Review
    deployment: str
    verb: Verb
    by: str
    answer: JSON
    resume_s: float


async def move_case(deciding: Deciding, dispatch: Dispatch) -> None:
    """Carries a decision out on its case; one that only looks at what was decided moves nothing."""
    review, conn = deciding.review, deciding.conn
    if review.case_id is None or review.kind in LOOKING:
        return
    if deciding.verb == "take" and review.kind not in FENCING:
        await _take(deciding, review.case_id)
    elif review.kind in FENCING:
        if deciding.verb == "answer":
            await _close(deciding, review.case_id)
    else:
        await _wake(conn, dispatch, review.case_id, deciding.resume_s)


async def settle_arrival(conn: Connection, arrival_id: int | None) -> None:
    """Settles an arrival once nothing about it is left to be decided."""
    await conn.execute(
        "update arrivals set state = 'settled', settled_at = bridgehead_now() where id = %s"
        " and not exists (select from reviews where arrival_id = %s and state = 'open')",
        (arrival_id, arrival_id),
    )


async def _take(deciding: Deciding, case_id: int) -> None:
    conn, chain, sealer, by, review = deciding.conn, deciding.chain, deciding.sealer, deciding.by, deciding.review
    await supersede_reviews(conn, chain, case_id, ())
    await conn.execute(
        "update cases set state = 'with_person', epoch = epoch + 1, worker_id = null, wake = false,"
        " wake_at = null, deadline_at = null where id = %s and state <> 'done'",
        (case_id,),
    )
    await chain.append("case.with_person", {"taken_by": by})
    state = await full_state(conn, sealer, case_id)
    shown: dict[str, JSON] = {**review.shown, **state, "reason": f"{by} took the case over."}
    further = ReviewOpen(token="taken", kind="exception", role=review.role, shown=shown)  # noqa: S106  # a name
    await open_review(conn, chain, sealer, deciding.deployment, further, {}, case_id=case_id)


async def _close(deciding: Deciding, case_id: int) -> None:
    outcome = await deciding.sealer.put({"output": deciding.answer, "by": deciding.by})
    closed = await deciding.conn.execute(
        "update cases set state = 'done', outcome = 'settled_by_person', outcome_blob = %s,"
        " closed_at = bridgehead_now() where id = %s and state = 'with_person'",
        (outcome, case_id),
    )
    if closed.rowcount:  # a case has one outcome: a second answer is recorded and closes nothing
        refs: dict[str, JSON] = {"outcome": "settled_by_person", "by": deciding.by}
        await deciding.chain.append("case.done", refs, {"outcome": outcome})


async def _wake(conn: Connection, dispatch: Dispatch, case_id: int, resume_s: float) -> None:
    """Makes a waiting case due; one that runs is run again. Its deadline clock goes on, with time to resume."""
    row = await (
        await conn.execute(
            "update cases set wake = true, state = case when state = 'waiting' then 'due' else state end,"
            " hinted_at = clock_timestamp(),"
            " deadline_at = case when deadline_at is null and deadline_left is not null then bridgehead_now()"
            " + greatest(deadline_left, make_interval(secs => %s)) else deadline_at end"
            " where id = %s and state in ('waiting', 'running', 'due') returning state",
            (resume_s, case_id),
        )
    ).fetchone()
    if row is not None and row["state"] == "due":
        await dispatch.hint(conn, "case", [case_id])
