"""Decisions of people: one winner each, on the chain, and the case wakes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import cast

from bridgehead import points
from bridgehead.cases.writes import CostWrite, ReviewOpen
from bridgehead.costs import meter
from bridgehead.engine.ports import Dispatch
from bridgehead.errors import UserError
from bridgehead.gate.grants import Granting
from bridgehead.gate.normal import two_people
from bridgehead.ids import ReviewId, show
from bridgehead.ledger.vault import Vault
from bridgehead.money import Money
from bridgehead.reviews.model import FENCING, STATE_OF, Review, Verb, check_answer, check_verb
from bridgehead.spec.tool import JSON
from bridgehead.storage.cases import review_of
from bridgehead.storage.database import Connection, Database
from bridgehead.storage.full_state import full_state
from bridgehead.storage.reopening import lock_business, open_again
from bridgehead.storage.sealing import Chain, Sealer, from_bytes, load_key
from bridgehead.storage.writing import open_review, supersede_reviews, write_cost


class Reviews:
    """The store of reviews, on PostgreSQL."""

    def __init__(self, database: Database, dispatch: Dispatch, vault: Vault) -> None:
        self._database = database
        self._dispatch = dispatch
        self._vault = vault

    async def find(self, review_id: ReviewId) -> tuple[Review, str]:
        """Returns a review with what it shows, and its deployment; raises UserError for an unknown one."""
        async with self._database.connection() as conn:
            return await self._load(conn, review_id)

    async def listing(
        self, *, deployment: str | None = None, role: str | None = None, state: str | None = "open", limit: int = 200
    ) -> Sequence[tuple[Review, str]]:
        """Returns reviews with their deployments, oldest first."""
        async with self._database.connection() as conn:
            rows = await (
                await conn.execute(
                    "select id from reviews where (%(d)s::text is null or deployment = %(d)s)"
                    " and (%(r)s::text is null or role = %(r)s) and (%(s)s::text is null or state = %(s)s)"
                    " order by id limit %(n)s",
                    {"d": deployment, "r": role, "s": state, "n": limit},
                )
            ).fetchall()
            return [await self._load(conn, ReviewId(row["id"])) for row in rows]

    async def decide(
        self,
        review_id: ReviewId,
        verb: Verb,
        *,
        by: str,
        answer: JSON = None,
        shown_digest: bytes | None = None,
        resume_s: float = 300.0,
        rate: Money | None = None,
        idle_cap_minutes: float | None = None,
        minutes: float | None = None,
        again: bool = False,
        granting: Granting | None = None,
    ) -> Review:
        """Decides an open review and wakes its case; of two decisions at once one wins.

        ``again``: a case that left the agent's hands is closed by the answer, and opened again as another case,
        under a grant that ``granting`` makes where it acts for a user.

        ``shown_digest`` binds an approval to the arguments the person was shown. Raises
        UserError when the review is no longer open, does not take the verb, or shows other
        arguments by now.
        """
        async with self._database.transaction() as conn:
            found, deployment = await self._load(conn, review_id)
            check_verb(found.kind, verb)
            check_answer(found.kind, verb, answer)
            if shown_digest is not None and found.args_digest != shown_digest:
                raise UserError(
                    f"R-{review_id} is about other arguments than the ones you were shown",
                    code="review.changed",
                    hint="Look at it again before you decide.",
                )
            first = found.shown.get("approved_first")
            if verb in ("approve", "edit") and isinstance(first, Mapping) and not two_people(str(first.get("by")), by):
                raise UserError(
                    f"{by} approved R-{first.get('review')} already, and R-{review_id} asks for a second person",
                    code="review.same_person",
                    hint="Somebody else of the role decides.",
                )
            again = again and found.kind in FENCING
            if again and found.case_id is not None:
                await lock_business(conn, found.case_id)
            key_id = await self._lock_case(conn, found)
            chain = await Chain.lock(conn, _chain(found), actor=f"person:{by}")
            sealer = Sealer(conn, key_id, await load_key(conn, self._vault, key_id))
            reference = None if answer is None else await sealer.put(answer)
            row = await (
                await conn.execute(
                    "update reviews set state = %s, decided_by = %s, decided_at = bridgehead_now(), answer = %s"
                    " where id = %s and state = 'open' returning opened_at, decided_at, role",
                    (STATE_OF[verb], by, reference, review_id),
                )
            ).fetchone()
            if row is None:
                now, _ = await self._load(conn, review_id)
                raise UserError(
                    f"R-{review_id} is already {now.state}" + (f" by {now.decided_by}" if now.decided_by else ""),
                    code="review.decided",
                    hint="Nothing was changed by this second decision.",
                )
            spent = row["decided_at"] - row["opened_at"] if minutes is None else timedelta(minutes=minutes)
            cost = meter.of_person(row["role"], spent, rate, idle_cap_minutes)
            refs: dict[str, JSON] = {
                "review": review_id,
                "decision": verb,
                "state": STATE_OF[verb],
                "by": by,
                "minutes": str(cost.minutes),
            }
            commitments = {} if reference is None else {"answer": reference}
            if found.args_digest is not None:
                commitments["args"] = found.args_digest
            await chain.append("review.decided", refs, commitments)
            await conn.execute("update reviews set minutes = %s where id = %s", (cost.minutes, review_id))
            if found.case_id is not None:
                await write_cost(conn, chain, found.case_id, CostWrite(cost))
                if again:
                    await open_again(conn, self._dispatch, self._vault, found.case_id, by, granting)
                await self._move_case(conn, chain, sealer, found, verb, by, answer, resume_s, deployment)
            else:
                await conn.execute(
                    "update arrivals set state = 'settled', settled_at = bridgehead_now() where id = %s"
                    " and not exists (select from reviews where arrival_id = %s and state = 'open')",
                    (found.arrival_id, found.arrival_id),
                )
            await chain.close()
            decided, _ = await self._load(conn, review_id)
            points.reach("reviews.decide.before")
        points.reach("reviews.decide.after")
        return decided

    async def _move_case(
        self,
        conn: Connection,
        chain: Chain,
        sealer: Sealer,
        review: Review,
        verb: Verb,
        by: str,
        answer: JSON,
        resume_s: float,
        deployment: str,
    ) -> None:
        case_id = review.case_id
        if case_id is None:  # pragma: no cover - the caller looked
            return
        if verb == "take" and review.kind not in FENCING:
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
            await open_review(conn, chain, sealer, deployment, further, {}, case_id=case_id)
        elif review.kind in FENCING:
            if verb == "answer":
                outcome = await sealer.put({"output": answer, "by": by})
                closed = await conn.execute(
                    "update cases set state = 'done', outcome = 'settled_by_person', outcome_blob = %s,"
                    " closed_at = bridgehead_now() where id = %s and state = 'with_person'",
                    (outcome, case_id),
                )
                if closed.rowcount:  # a case has one outcome: a second answer is recorded and closes nothing
                    await chain.append("case.done", {"outcome": "settled_by_person", "by": by}, {"outcome": outcome})
        else:
            await self._wake(conn, case_id, resume_s)

    async def _wake(self, conn: Connection, case_id: int, resume_s: float) -> None:
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
            await self._dispatch.hint(conn, "case", [case_id])

    async def _lock_case(self, conn: Connection, review: Review) -> int:
        if review.case_id is not None:
            statement, number = "select key_id from cases where id = %s for update", review.case_id
        else:
            statement, number = "select key_id from arrivals where id = %s for update", review.arrival_id or 0
        row = await (await conn.execute(statement.encode(), (number,))).fetchone()
        return int(row["key_id"]) if row is not None else 0

    async def _load(self, conn: Connection, review_id: ReviewId) -> tuple[Review, str]:
        row = await (
            await conn.execute(
                "select r.*, p.sealed as sealed_payload, a.sealed as sealed_answer from reviews r"
                " join blobs p on p.commitment = r.payload left join blobs a on a.commitment = r.answer"
                " where r.id = %s",
                (review_id,),
            )
        ).fetchone()
        if row is None:
            raise UserError(
                f"there is no review R-{review_id}", code="review.unknown", hint="'bridgehead reviews' lists them."
            )
        key = await load_key(conn, self._vault, row["key_id"])
        shown = from_bytes(key.open(bytes(row["sealed_payload"]), bytes(row["payload"])))
        answer = None
        if row["answer"] is not None:
            answer = from_bytes(key.open(bytes(row["sealed_answer"]), bytes(row["answer"])))
        return review_of(row, shown=cast("Mapping[str, JSON]", shown), answer=answer), row["deployment"]


def _chain(review: Review) -> str:
    return show("C", review.case_id) if review.case_id is not None else show("A", review.arrival_id or 0)
