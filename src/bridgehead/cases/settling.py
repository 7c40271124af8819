"""Effects whose reply is not known: read back until they are settled, or a person settles them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import inf
from typing import Final

from pydantic import ValidationError

from bridgehead import clock, points
from bridgehead.cases.deciding import priced
from bridgehead.cases.failures import failure
from bridgehead.cases.finding import found_by_result
from bridgehead.cases.ports import EffectRow
from bridgehead.cases.reading_back import Found, as_found, no_verify, not_read, watched
from bridgehead.cases.segment import Segment
from bridgehead.cases.tools import BoundTool, Seen, Verify
from bridgehead.cases.waits import admitted, timed
from bridgehead.cases.writes import EffectMove, ReviewOpen, StepWrite
from bridgehead.effects.images import recorded_with
from bridgehead.effects.keys import idempotency_key
from bridgehead.effects.settle import Attempt, next_step
from bridgehead.effects.states import UNSETTLED
from bridgehead.errors import Failed
from bridgehead.resilience.retry import retry_after_s
from bridgehead.reviews.model import Review
from bridgehead.spec.tool import JSON

LOOK_AGAIN_S = 2.0
IMAGE_S: Final = 2.0
"""How long the agent waits at most for a record to be read back that was written, and whose reply came."""


@dataclass(frozen=True, slots=True)
class Happened:
    """An effect that turned out to have happened, with its result (which may be None)."""

    result: JSON


class Settling:
    """Settles the unsettled effects of one segment; an agent never runs while one is open."""

    def __init__(self, segment: Segment) -> None:
        self._segment = segment
        self._put_off_s = 0.0

    async def settle_all(self) -> bool:
        """Settles what earlier segments left open; returns False when the case must wait for it."""
        settled = True
        for row in self._segment.journal.effects():
            if row.state in UNSETTLED:
                unsettled = row
                if row.state == "intended":
                    unsettled = await self._move_unknown(row)
                await self.settle(unsettled)
                settled = settled and self._segment.closed is None
        return settled

    async def settle(self, row: EffectRow) -> Happened | None:
        """Returns the result when the effect turns out to have happened.

        None means it is not known to have happened: either a further attempt is safe, or the
        segment is closed and the case waits, for time or for a person.
        """
        review = self._segment.journal.review_of(row.id)
        if review is not None and review.kind == "unknown_effect":
            return await self._by_person(row, review)
        bound = self._segment.bench.tools.get(row.tool)
        if bound is None:
            await self._ask(row, f"{row.tool} is not declared any more, so nobody can read it back.")
            return None
        found = await self._read_back(bound, row)
        match next_step(Attempt(bound.tool, row.seconds_left), found.said):
            case "commit":
                return await self._commit(row, found.result, image=found.image)
            case "wait":
                soonest_s = row.seconds_left if row.seconds_left > 0 else LOOK_AGAIN_S
                self._segment.wait(wake_after_s=max(soonest_s, self._put_off_s))
            case "resend":
                await self._fail(row, "it was not there when its time had passed; the target recognises its key")
            case "ask":
                await self._ask(row, found.text)
        return None

    async def image(self, bound: BoundTool, row: EffectRow) -> Mapping[str, JSON] | None:
        """Returns how the record looks that was just written, for an undo to compare with; None when nobody can say.

        Only what can be undone is read back for it, and never for long: the effect itself stands.
        """
        if bound.undo is None or bound.verify is None:
            return None
        found = await self._read_back(bound, row, within_s=IMAGE_S)
        return found.image if found.said == "found" else None

    async def _read_back(self, bound: BoundTool, row: EffectRow, *, within_s: float = inf) -> Found:
        if bound.verify is None:
            return no_verify(bound)
        self._put_off_s = 0.0
        try:
            found, seen = await self._asked(bound, bound.verify, row, within_s)
        except Exception as error:  # noqa: BLE001  # the boundary to a tool's verify: anything it raises is classified
            if failure(error).attributes.get("put_off"):  # its system is known to be down: looked at with its next turn
                self._put_off_s = retry_after_s(failure(error)) or 0.0
            return not_read(error)
        return as_found(bound, found, seen)

    async def _asked(
        self, bound: BoundTool, verify: Verify, row: EffectRow, within_s: float
    ) -> tuple[object, list[Seen]]:
        """Returns what ``verify`` finds; it is a call of its system like any other, and tells whether that is up."""
        async with admitted(self._segment, bound, repeat=False) as call:
            try:
                key = idempotency_key(row.key, row.occurrence)
                asking = watched(verify(key=key, args=dict(row.args)))
                found = await timed(min(bound.tool.timeout_s, within_s), asking)
            except Exception as error:
                await call.ended(failure(error))
                raise
            await call.ended(None)
            return found

    async def _by_person(self, row: EffectRow, review: Review) -> Happened | None:
        answer = review.answer
        if review.state != "answered" or not isinstance(answer, Mapping):
            self._segment.wait(stop_clock=True)
            return None
        who = review.decided_by or "a person"
        bound = self._segment.bench.tools.get(row.tool)
        if answer.get("happened"):
            try:
                result = answer.get("result") if bound is None else _typed(bound, answer.get("result"))
            except (ValidationError, Failed) as error:
                await self._ask(row, f"{who} said that it happened; the result given does not fit: {_why(error)}")
                return None
            return await self._commit(row, result, by=who)
        # Before it is sent again: the target's own word, where it can be asked, stands above anybody's.
        found = Found("none") if bound is None else await self._read_back(bound, row)
        if found.said == "found":
            return await self._commit(row, found.result, image=found.image)
        if found.said == "mismatch":
            await self._ask(row, found.text)
            return None
        await self._fail(row, f"{who} found that it did not happen")
        return None

    async def _commit(
        self, row: EffectRow, result: JSON, *, by: str = "read back", image: Mapping[str, JSON] | None = None
    ) -> Happened:
        recorded = recorded_with(result, image, settled_by=by)
        step = StepWrite(
            kind="effect",
            branch=row.branch,
            name=row.tool,
            digest=row.digest,
            occurrence=row.occurrence,
            ok=True,
            payload={"effect": row.id, "settled_by": by},
            started_at=clock.utc_now(),
            duration_ms=0.0,
        )
        bound = self._segment.bench.tools.get(row.tool)
        cost = () if bound is None else priced(bound)
        points.reach("effects.read_back.before")
        move = EffectMove(row.id, "unknown", "committed", recorded, found_by=found_by(self._segment, result))
        await self._segment.commit(move, step, *cost)
        points.reach("effects.read_back.after")
        self._segment.journal.put_effect(replace(row, state="committed", result=recorded))
        return Happened(result)

    async def _fail(self, row: EffectRow, why: str) -> None:
        recorded: dict[str, JSON] = {"error_class": "unknown_effect", "message": why, "again": True}
        points.reach("effects.read_back.before")
        await self._segment.commit(EffectMove(row.id, "unknown", "failed", recorded))
        points.reach("effects.read_back.after")
        bound = self._segment.bench.tools.get(row.tool)
        self._segment.release(None if bound is None else bound.tool.cost)
        self._segment.journal.put_effect(replace(row, state="failed", result=recorded))

    async def _ask(self, row: EffectRow, why: str) -> None:
        """Opens the review that settles it; until then no second attempt and no agent."""
        role = self._segment.bench.deployment.fallback.role_for("unknown_effect")
        shown: dict[str, JSON] = {
            "tool": row.tool,
            "args": dict(row.args),
            "reason": why,
            "question": "Did it happen? Look in the target system.",
        }
        review = ReviewOpen(
            token=self._segment.token(),
            kind="unknown_effect",
            role=role,
            shown=shown,
            effect=row.id,
            digest=row.digest,
            error_class="unknown_effect",
        )
        points.reach("effects.read_back.before")
        await self._segment.commit(review)
        points.reach("effects.read_back.after")
        self._segment.wait(stop_clock=True)

    async def _move_unknown(self, row: EffectRow) -> EffectRow:
        recorded: dict[str, JSON] = {"error_class": "unknown_effect", "message": "its worker was lost after the intent"}
        points.reach("effects.read_back.before")
        await self._segment.commit(EffectMove(row.id, "intended", "unknown", recorded))
        points.reach("effects.read_back.after")
        moved = replace(row, state="unknown", result=recorded)
        self._segment.journal.put_effect(moved)
        return moved


def found_by(segment: Segment, result: JSON) -> tuple[bytes, ...]:
    """Returns by what a case is found once an effect of it has answered."""
    bench = segment.bench
    return found_by_result(bench.hmac, bench.deployment.case.search, result)


def _typed(bound: BoundTool, result: JSON) -> JSON:
    """Returns a result that a person gave in the form the tool's own results have; raises ValidationError or Failed."""
    return None if bound.returns_nothing else bound.dump_result(bound.load_result(result))


def _why(error: Exception) -> str:
    """Returns what is wrong with a result, in one line."""
    if isinstance(error, ValidationError):
        return "; ".join(
            f"{'.'.join(map(str, one['loc'])) or 'result'}: {one['msg']}"
            for one in error.errors(include_url=False, include_input=False)[:3]
        )
    return str(error)
