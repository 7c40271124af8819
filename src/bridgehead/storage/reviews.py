"""Decisions of people: one winner each, on the chain, and the case wakes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import cast

from bridgehead import points
from bridgehead.cases.writes import CostWrite
from bridgehead.costs import meter
from bridgehead.engine.ports import Dispatch
from bridgehead.errors import Refused, UserError
from bridgehead.gate.grants import Granting
from bridgehead.gate.normal import two_people
from bridgehead.ids import ReviewId, show
from bridgehead.ledger.vault import Vault
from bridgehead.money import Money
from bridgehead.reviews.model import FENCING, LOOKING, STATE_OF, Review, Verb, check_answer, check_verb
from bridgehead.reviews.people import Decider
from bridgehead.spec.tool import JSON
from bridgehead.storage.cases import review_of
from bridgehead.storage.database import Connection, Database
from bridgehead.storage.reopening import lock_business, open_again
from bridgehead.storage.reviews_looking import refuse_own
from bridgehead.storage.reviews_moving import Deciding, move_case, settle_arrival
from bridgehead.storage.reviews_people import entitled, refuse_requester
from bridgehead.storage.sealing import Chain, Sealer, from_bytes, load_key
from bridgehead.storage.writing import write_cost


@dataclass(frozen=True, slots=True)
class Wanted:
    """One decision that somebody wants written; see ``Reviews.decide``."""

    review_id: ReviewId
    verb: Verb
    by: str
    answer: JSON = None
    shown_digest: bytes | None = None
    resume_s: float = 300.0
    rate: Money | None = None
    idle_cap_minutes: float | None = None
    minutes: float | None = None
    again: bool = False
    granting: Granting | None = None
    decider: Decider | None = None


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

    async def now(self) -> datetime:
        """Returns the time by which reviews are due."""
        async with self._database.connection() as conn:
            row = await (await conn.execute("select bridgehead_now() as now")).fetchone()
        if row is None:  # pragma: no cover - a select without a table gives one row
            raise LookupError
        return cast("datetime", row["now"])

    async def why_not(self, review_id: ReviewId, decider: Decider) -> str:
        """Returns why somebody may not decide a review as things stand; empty where they may."""
        async with self._database.transaction() as conn:
            found, deployment = await self._load(conn, review_id)
            try:
                lender = await entitled(conn, decider, deployment, found.role, show("R", review_id))
                if found.case_id is not None and found.kind in ("approval", "conflict"):
                    await refuse_requester(conn, decider, found.case_id, show("R", review_id), lender=lender)
            except Refused as refused:
                return refused.message
        return ""

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
        decider: Decider | None = None,
    ) -> Review:
        """Decides an open review and wakes its case; of two decisions at once one wins.

        ``again``: a case that left the agent's hands is closed by the answer, and opened again as another case,
        under a grant that ``granting`` makes where it acts for a user.

        ``shown_digest`` binds an approval to the arguments the person was shown. ``decider`` is held to what they
        may at this moment; without one nobody is asked who ``by`` is. Raises UserError when the review is no longer
        open, does not take the verb, or shows other arguments by now, and Refused for who may not decide it.
        """
        wanted = Wanted(
            review_id,
            verb,
            by,
            answer,
            shown_digest,
            resume_s,
            rate,
            idle_cap_minutes,
            minutes,
            again,
            granting,
            decider,
        )
        (decided,) = await self.decide_all([wanted])
        return decided

    async def decide_all(self, wanted: Sequence[Wanted]) -> Sequence[Review]:
        """Decides several reviews of one case in one transaction, all or none; raises as ``decide`` does.

        Raises UserError (``review.together``) for reviews of several cases, and for one beside others that ends them.
        """
        async with self._database.transaction() as conn:
            if len(wanted) > 1:
                await self._together(conn, wanted)
            decided = [await self._decide(conn, one) for one in wanted]
            points.reach("reviews.decide.before")
        points.reach("reviews.decide.after")
        return decided

    async def _together(self, conn: Connection, wanted: Sequence[Wanted]) -> None:
        rows = await (
            await conn.execute(
                "select distinct case_id from reviews where id = any(%s)", ([one.review_id for one in wanted],)
            )
        ).fetchall()
        ids = {one.review_id for one in wanted}
        if len(ids) < len(wanted) or len(rows) != 1 or rows[0]["case_id"] is None:
            raise UserError(
                "only different reviews of one case are decided together",
                code="review.together",
                hint="Decide the others apart.",
            )
        ends = next((one for one in wanted if one.verb == "take" or one.again), None)
        if ends is not None:
            raise UserError(
                f"{show('R', ends.review_id)} would end what the others are about",
                code="review.together",
                hint="Take the case, or give it back, by a decision of its own.",
            )

    async def _decide(self, conn: Connection, wanted: Wanted) -> Review:
        review_id, verb, by, answer = wanted.review_id, wanted.verb, wanted.by, wanted.answer
        found, deployment = await self._load(conn, review_id)
        check_verb(found.kind, verb)
        check_answer(found.kind, verb, answer)
        if wanted.shown_digest is not None and found.args_digest != wanted.shown_digest:
            raise UserError(
                f"R-{review_id} is about other arguments than the ones you were shown",
                code="review.changed",
                hint="Look at it again before you decide.",
            )
        again = wanted.again and found.kind in FENCING
        if again and found.case_id is not None:
            await lock_business(conn, found.case_id)
        key_id = await self._lock_case(conn, found)
        chain = await Chain.lock(conn, _chain(found), actor=f"person:{by}")
        lender = await self._entitled(conn, wanted, found, deployment)
        _second_person(found, wanted, lender)
        await refuse_own(conn, self._vault, found, by)
        sealer = Sealer(conn, key_id, await load_key(conn, self._vault, key_id))
        reference = None if answer is None else await sealer.put(answer)
        via = None if wanted.decider is None else wanted.decider.channel
        row = await (
            await conn.execute(
                "update reviews set state = %s, decided_by = %s, decided_at = bridgehead_now(), answer = %s,"
                " decided_via = %s, decided_for = %s where id = %s and state = 'open'"
                " returning opened_at, decided_at, role, claimed_at, claimed_by",
                (STATE_OF[verb], by, reference, via, lender, review_id),
            )
        ).fetchone()
        if row is None:
            now, _ = await self._load(conn, review_id)
            raise UserError(
                f"R-{review_id} is already {now.state}" + (f" by {now.decided_by}" if now.decided_by else ""),
                code="review.decided",
                hint="Nothing was changed by this second decision.",
            )
        began = row["claimed_at"] if row["claimed_by"] == by and row["claimed_at"] else row["opened_at"]
        spent = row["decided_at"] - began if wanted.minutes is None else timedelta(minutes=wanted.minutes)
        cost = meter.of_person(row["role"], spent, wanted.rate, wanted.idle_cap_minutes)
        refs: dict[str, JSON] = {
            "review": review_id,
            "decision": verb,
            "state": STATE_OF[verb],
            "by": by,
            "minutes": str(cost.minutes),
            **({} if via is None else {"via": via}),
            **({} if lender is None else {"for": lender}),
        }
        commitments = {} if reference is None else {"answer": reference}
        if found.args_digest is not None:
            commitments["args"] = found.args_digest
        await chain.append("review.decided", refs, commitments)
        await conn.execute("update reviews set minutes = %s where id = %s", (cost.minutes, review_id))
        if found.case_id is not None:
            await write_cost(conn, chain, found.case_id, CostWrite(cost))
            if again:
                await open_again(conn, self._dispatch, self._vault, found.case_id, by, wanted.granting)
            deciding = Deciding(conn, chain, sealer, found, deployment, verb, by, answer, wanted.resume_s)
            await move_case(deciding, self._dispatch)
        else:
            await settle_arrival(conn, found.arrival_id)
        await chain.close()
        decided, _ = await self._load(conn, review_id)
        return decided

    async def _entitled(self, conn: Connection, wanted: Wanted, found: Review, deployment: str) -> str | None:
        """Returns whose role the decider was handed, None for their own; raises Refused for who may not decide."""
        what = show("R", found.id)
        row = await (await conn.execute("select role from reviews where id = %s for update", (found.id,))).fetchone()
        role = found.role if row is None else str(row["role"])  # it may have gone to another role since it was loaded
        lender = None
        if wanted.decider is not None:
            decider = wanted.decider if role == found.role else replace(wanted.decider, members=None)
            lender = await entitled(conn, decider, deployment, role, what)
        if wanted.verb in ("approve", "edit") and found.case_id is not None and found.kind not in LOOKING:
            await refuse_requester(conn, wanted.decider or Decider(wanted.by), found.case_id, what, lender=lender)
        return lender

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


def _second_person(found: Review, wanted: Wanted, lender: str | None) -> None:
    """Refuses a second approval by the first person, and by or for whoever lent the role that either was given by."""
    first = found.shown.get("approved_first")
    if wanted.verb not in ("approve", "edit") or not isinstance(first, Mapping):
        return
    before = [str(first[name]) for name in ("by", "for") if first.get(name)]
    ours = [wanted.by, *([] if lender is None else [lender])]
    if not all(two_people(one, other) for one in before for other in ours):
        own = lender is None and not two_people(before[0], wanted.by)
        how = "approved" if own else "decides by the role of somebody who approved"
        raise UserError(
            f"{wanted.by} {how} R-{first.get('review')} already, and R-{found.id} asks for a second person",
            code="review.same_person",
            hint="Somebody else of the role decides.",
        )


def _chain(review: Review) -> str:
    return show("C", review.case_id) if review.case_id is not None else show("A", review.arrival_id or 0)
