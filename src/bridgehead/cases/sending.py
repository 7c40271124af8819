"""A call that may be made is intended first, sent once, and settled after (D5)."""

from __future__ import annotations

from typing import Final, Protocol

from bridgehead import clock, points
from bridgehead.cases.deciding import priced, timer_write
from bridgehead.cases.failures import failure, failure_json
from bridgehead.cases.journal import REREAD
from bridgehead.cases.ports import EffectRow, KeyTaken
from bridgehead.cases.proposing import Proposal, Proposing
from bridgehead.cases.segment import Segment
from bridgehead.cases.settling import Settling, found_by
from bridgehead.cases.stopping import unstopped
from bridgehead.cases.waits import admitted, may_wait, put_off, timed, wake_s
from bridgehead.cases.writes import AllowanceUse, EffectMove, Write
from bridgehead.effects.images import recorded_with
from bridgehead.effects.keys import idempotency_key
from bridgehead.errors import Failed, LeaseLost
from bridgehead.gate.model import Decision
from bridgehead.resilience import deadline
from bridgehead.resilience.dependency import Call
from bridgehead.resilience.dispositions import disposition
from bridgehead.resilience.retry import spending
from bridgehead.spec.tool import JSON

REREADS: Final = 2
"""How often a case reads its facts again because a target refused what rested on them; then a person decides."""


class Hold(Protocol):
    """Opens work for a person about a call that came upon another one with its key."""

    async def __call__(
        self, proposal: Proposal, decision: Decision, conflict: str = "", replaces: EffectRow | None = None
    ) -> JSON:
        """Ends the segment; raises Suspended."""
        ...


class Sending:
    """Sends the effects of one segment."""

    def __init__(self, segment: Segment, records: Proposing, settling: Settling, hold: Hold) -> None:
        self._segment, self._records, self._settling, self._hold = segment, records, settling, hold

    async def intend(
        self,
        proposal: Proposal,
        decision: Decision,
        writes: tuple[Write, ...],
        known: int | str,
        replaces: EffectRow | None = None,
    ) -> JSON:
        """Commits the intent, then sends. The boot clock is read before the commit, so ``send_by`` errs early.

        It is read when the commit's turn has come: many may wait before it in one segment, and no time is counted
        in which nothing of the intent is written.
        """
        segment, bound = self._segment, proposal.bound
        deadline.check(bound.tool.name)
        try:
            async with admitted(segment, bound, repeat=segment.journal.parked(bound.tool.name) > 0) as call:
                await unstopped(segment, bound)
                return await self._intended(proposal, decision, writes, known, replaces, call)
        except Failed as error:
            if error.attributes.get("put_off"):  # nothing was intended, nothing sent
                raise put_off(segment, bound, error) from None
            raise

    async def _intended(
        self,
        proposal: Proposal,
        decision: Decision,
        writes: tuple[Write, ...],
        known: int | str,
        replaces: EffectRow | None,
        call: Call,
    ) -> JSON:
        segment = self._segment
        begun_s: list[float] = []
        points.reach("effects.intent.before")
        share = proposal.taken
        if share.parts:
            writes = (*writes, AllowanceUse(known, share.uses()))
        try:
            share.made = True
            tokens = await segment.commit(*writes, begins=lambda: begun_s.append(clock.boot_s()))
        except KeyTaken as other:
            share.made = False
            return await self._hold(proposal, decision, conflict=other.message, replaces=replaces)
        except LeaseLost:
            share.refused = True
            raise
        number = known if isinstance(known, int) else tokens[known]
        row = self._records.keep(proposal, number, "intended")
        self._records.replaced(replaces, number)
        points.reach("effects.intent.after")
        send_by_s = min(begun_s[0] + segment.bench.send_s, deadline.moment_s() or float("inf"))
        return await self._send(proposal, row, send_by_s, call)

    async def _send(self, proposal: Proposal, row: EffectRow, send_by_s: float, call: Call) -> JSON:
        segment, bound, number = self._segment, proposal.bound, row.id
        started_at, started = clock.utc_now(), clock.perf_s()
        if segment.closed is not None and segment.closed.why == "lost":
            raise LeaseLost
        if clock.boot_s() >= send_by_s or (segment.closed is not None and segment.closed.why == "ended"):
            # Stopped between intent and send: a successor may have looked already. Nothing was sent.
            late = Failed("its moment to be sent had passed", error_class="transient", applied=False)
            return await self._failed(proposal, number, late, started_at=started_at, started=started)
        if segment.knowing.stale(bound.tool, proposal.args):
            # It became too old between decision and send, in which a commit and a queue may lie. Nothing was sent.
            old = Failed("what it rests on became too old before it was sent", error_class="stale_fact", applied=False)
            return await self._failed(proposal, number, old, started_at=started_at, started=started)
        try:
            with spending(segment.bench.dependencies.of(bound.dependency).budget):
                key = idempotency_key(proposal.key, proposal.occurrence)
                segment.knowing.sent(bound.tool, proposal.args)
                points.reach("effects.send.before")
                result = await timed(bound.tool.timeout_s, bound.invoke(proposal.args, key=key))
                points.reach("effects.send.after")
        except Exception as error:  # noqa: BLE001  # the boundary to a tool's body: anything it raises is classified
            failed = failure(error)
            await call.ended(failed)
            if failed.applied is False:
                return await self._failed(proposal, number, failed, started_at=started_at, started=started)
            return await self._unknown(proposal, number, failed)
        await call.ended(None)
        recorded = recorded_with(result, await self._settling.image(bound, row))
        points.reach("effects.settle.before")
        segment.record(
            EffectMove(number, "intended", "committed", recorded, found_by=found_by(segment, result)),
            self._records.step(proposal, number, ok=True, started_at=started_at, started=started),
            *priced(bound),
        )
        if bound.verify is None:  # nobody could say what happened, were it lost before it stands
            await segment.flush()
        points.reach("effects.settle.after")
        segment.knowing.effect(self._records.keep(proposal, number, "committed", recorded))
        return result

    async def _failed(
        self, proposal: Proposal, number: int, failed: Failed, *, started_at: object, started: float
    ) -> JSON:
        """Records a call that surely did not happen: to be made again later, or for good."""
        segment, name = self._segment, proposal.bound.tool.name
        proposal.taken.made = False
        segment.refund(proposal.bound.tool.cost)
        parked, reread = segment.journal.parked(name), segment.journal.parked(name + REREAD)
        refused = disposition(failed.error_class, is_effect=True) == "read_again"
        anew = refused and segment.journal.read_since_sent and reread < REREADS
        again = anew or may_wait(segment, proposal.bound, failed, parked)
        recorded = {**failure_json(failed), "again": again}
        writes: list[Write] = [EffectMove(number, "intended", "failed", recorded)]
        if anew:
            writes.append(timer_write(name + REREAD, reread, failed.error_class, why=failed.message))
        elif again:
            writes.append(timer_write(name, parked, failed.error_class, why=failed.message))
        else:
            writes.append(self._records.step(proposal, number, ok=False, started_at=started_at, started=started))
        points.reach("effects.settle.before")
        await segment.commit(*writes)
        points.reach("effects.settle.after")
        self._records.keep(proposal, number, "failed", recorded)
        if anew:  # what it rested on is read again, and the gate decides again
            raise segment.wait(wake_after_s=0.0)
        if refused and reread:
            raise segment.hand_over(
                failed.error_class, f"{name} was refused again after its facts were read anew: {failed.message}"
            )
        if again:
            raise segment.wait(wake_after_s=wake_s(segment, proposal.bound, failed, parked))
        raise failed

    async def _unknown(self, proposal: Proposal, number: int, failed: Failed) -> JSON:
        """The reply is lost: look once at once; anything but "found" waits, and the agent never sees it."""
        segment = self._segment
        points.reach("effects.settle.before")
        await segment.commit(EffectMove(number, "intended", "unknown", failure_json(failed)))
        points.reach("effects.settle.after")
        row = self._records.keep(proposal, number, "unknown", failure_json(failed))
        settled = await self._settling.settle(row)
        if settled is None:
            segment.check_open()
            raise segment.wait(wake_after_s=row.seconds_left)
        return settled.result
