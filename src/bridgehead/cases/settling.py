"""Effects whose reply is not known: read back until they are settled, or a person settles them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from pydantic import ValidationError

from bridgehead import clock, points
from bridgehead.cases.deciding import priced
from bridgehead.cases.failures import failure
from bridgehead.cases.ports import EffectRow
from bridgehead.cases.segment import Segment
from bridgehead.cases.tools import BoundTool, Verify
from bridgehead.cases.waits import admitted, timed
from bridgehead.cases.writes import EffectMove, ReviewOpen, StepWrite
from bridgehead.effects.keys import idempotency_key
from bridgehead.effects.settle import Attempt, ReadBack, next_step
from bridgehead.effects.states import UNSETTLED
from bridgehead.errors import Failed, Mismatch
from bridgehead.resilience.retry import retry_after_s
from bridgehead.reviews.model import Review
from bridgehead.spec.tool import JSON

LOOK_AGAIN_S = 2.0


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
        said, result, text = await self._read_back(bound, row)
        match next_step(Attempt(bound.tool, row.seconds_left), said):
            case "commit":
                return await self._commit(row, result)
            case "wait":
                soonest_s = row.seconds_left if row.seconds_left > 0 else LOOK_AGAIN_S
                self._segment.wait(wake_after_s=max(soonest_s, self._put_off_s))
            case "resend":
                await self._fail(row, "it was not there when its time had passed; the target recognises its key")
            case "ask":
                await self._ask(row, text)
        return None

    async def _read_back(self, bound: BoundTool, row: EffectRow) -> tuple[ReadBack, JSON, str]:
        if bound.verify is None:
            return "none", None, f"No reply to {row.tool} came, and the tool declares no verify."
        self._put_off_s = 0.0
        try:
            found = await self._asked(bound, bound.verify, row)
        except Mismatch as error:
            return "mismatch", None, f"Something else is there than was sent: {error.message}"
        except Exception as error:  # noqa: BLE001  # the boundary to a tool's verify: anything it raises is classified
            failed = failure(error)
            if failed.attributes.get("put_off"):  # its system is known to be down: looked at with its next turn
                self._put_off_s = retry_after_s(failed) or 0.0
            return "failed", None, failed.message
        if found is None:
            return "absent", None, f"{row.tool} is not there, and its target recognises no key, so it may still come."
        try:
            return "found", None if bound.returns_nothing else bound.dump_result(found), ""
        except (ValidationError, Failed):
            return "mismatch", None, f"verify found something that is no result of {row.tool}."

    async def _asked(self, bound: BoundTool, verify: Verify, row: EffectRow) -> object:
        """Returns what ``verify`` finds; it is a call of its system like any other, and tells whether that is up."""
        async with admitted(self._segment, bound, repeat=False) as call:
            try:
                key = idempotency_key(row.key, row.occurrence)
                found = await timed(bound.tool.timeout_s, verify(key=key, args=dict(row.args)))
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
        said, result, text = ("none", None, "") if bound is None else await self._read_back(bound, row)
        if said == "found":
            return await self._commit(row, result)
        if said == "mismatch":
            await self._ask(row, text)
            return None
        await self._fail(row, f"{who} found that it did not happen")
        return None

    async def _commit(self, row: EffectRow, result: JSON, *, by: str = "read back") -> Happened:
        recorded: dict[str, JSON] = {"result": result, "settled_by": by}
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
        await self._segment.commit(EffectMove(row.id, "unknown", "committed", recorded), step, *cost)
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
