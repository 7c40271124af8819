"""What happens when a tool is called: journal, gate, then a read made once or an effect sent once."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial

from bridgehead import clock
from bridgehead.cases.allowing import Taken, taken_by_task
from bridgehead.cases.approving import Given, given, review_open
from bridgehead.cases.authority import ended
from bridgehead.cases.checking import Unheard, checked_read
from bridgehead.cases.deciding import as_approved, decide, decision_write, priced, refusal_code, remedy, timer_write
from bridgehead.cases.effecting import Effecting
from bridgehead.cases.failures import PARKS, RETRIED, TRIES, failure, failure_json, recorded_error
from bridgehead.cases.knowing import ReadBack
from bridgehead.cases.ports import StepRow
from bridgehead.cases.refreshing import refreshed, sent
from bridgehead.cases.segment import BRANCH, Segment
from bridgehead.cases.stopping import heed
from bridgehead.cases.tools import SOURCES, BoundTool, Source
from bridgehead.cases.waits import PAUSE_S, admitted, may_wait, put_off, timed, unheard_s, wake_s
from bridgehead.cases.writes import DecisionWrite, ReviewUse, StepWrite
from bridgehead.effects.keys import args_digest
from bridgehead.errors import Failed, Refused, Suspended
from bridgehead.gate.history import History
from bridgehead.gate.redaction import blacked_out
from bridgehead.resilience import deadline
from bridgehead.resilience.dependency import Dependency
from bridgehead.resilience.retry import full_jitter_s, retry_after_s, spending
from bridgehead.spec.tool import JSON


@dataclass(slots=True)
class _Reading:
    """One read on its way: its place in the journal, and what of it a person let through."""

    bound: BoundTool
    branch: str
    digest: bytes
    occurrence: int
    given: Given
    started_at: datetime = field(default_factory=clock.utc_now)
    started: float = field(default_factory=clock.perf_s)
    tries: list[JSON] = field(default_factory=list)
    """Attempts that failed and were made again: when, and what each failed with."""

    @property
    def args(self) -> Mapping[str, JSON]:
        """What it is called with."""
        return self.given.args

    def step(self, outcome: Mapping[str, JSON]) -> StepWrite:
        """Returns its record."""
        return StepWrite(
            kind="read",
            branch=self.branch,
            name=self.bound.tool.name,
            digest=self.digest,
            occurrence=self.occurrence,
            ok="result" in outcome,
            payload={"args": dict(self.args), **outcome, **({"tries": self.tries} if self.tries else {})},
            started_at=self.started_at,
            duration_ms=(clock.perf_s() - self.started) * 1000,
        )


class Calling:
    """Makes the calls of one segment."""

    def __init__(self, segment: Segment) -> None:
        self._segment = segment
        self._effecting = Effecting(segment, self.read_again)

    async def call(self, bound: BoundTool, args: Mapping[str, JSON]) -> object:
        """Returns the tool's typed result, recorded or fresh.

        Raises Refused when the gate or a person says no, Failed when the call ends in an
        error class, Suspended or LeaseLost when the segment is over.
        """
        segment = self._segment
        digest = args_digest(segment.bench.hmac, bound.tool.name, args)
        if bound.tool.is_effect:
            value = await segment.governed(self._effecting.perform(bound, args, digest))
        else:
            value = await segment.governed(self._read(bound, args, digest))
        return bound.load_result(value)

    async def _read(self, bound: BoundTool, args: Mapping[str, JSON], digest: bytes) -> JSON:
        segment, tool, branch = self._segment, bound.tool, BRANCH.get()
        occurrence, step = segment.journal.read(branch, tool.name, digest)
        if step is not None and not step.ok:
            raise recorded_error(step.payload)
        if step is not None and (segment.dry or not self._due(bound, step)):
            return step.payload["result"]
        virtual = _holds_virtual(args, segment.virtual_marks)
        if not virtual:  # what stands for a virtual read leaves no step, and is asked again by every replay
            await segment.fresh()
        await heed(segment, bound)
        if tool.effect_class == "outbound_read":
            await refreshed(segment, tool, args, self.read_again)
            args = segment.knowing.redacted(tool, args)
        reading = _Reading(bound, branch, digest, occurrence, Given(args, digest))
        if not virtual:
            await self._given(reading)
        share = await taken_by_task(segment, bound, reading.args)
        repeats = segment.journal.repeats(tool.name, digest) - 1
        verdict = await self._decided(reading, repeats, share.history)
        if virtual:
            segment.release(tool.cost)  # leaves no step and costs nothing
            return await self._virtual_read(bound, reading.args)
        return await self._made(reading, step, verdict, share)

    async def _given(self, reading: _Reading) -> None:
        """Takes up what a person decided about a read that was held."""
        segment, name = self._segment, reading.bound.tool.name
        held = segment.journal.held_read(reading.branch, name, reading.digest, reading.occurrence)
        if held is None:
            return
        await segment.replayed()
        try:
            reading.given = given(segment, reading.bound, held, reading.digest)
        except Refused as refused:
            await segment.commit(reading.step({"error": {"refused": refused.message, "code": refused.code}}))
            raise

    async def _decided(self, reading: _Reading, repeats: int, history: History) -> DecisionWrite:
        """Returns the record of the gate's yes. Raises Refused on a no; a read that is held ends the segment."""
        segment, bound, asked = self._segment, reading.bound, reading.given
        decision = decide(segment, bound, asked.args, asked.digest, repeats, asked.approval, history)
        if asked.approval is not None:
            decision = as_approved(decision, asked.args)
        verdict = decision_write(segment, bound.tool.name, asked.digest, decision)
        reading.given = replace(asked, args=blacked_out(asked.args, decision.redact))
        if decision.verdict == "hold" and not segment.shadow:
            await segment.replayed()
            place: dict[str, JSON] = {"branch": reading.branch, "occurrence": reading.occurrence}
            first = asked.reviews[0] if asked.reviews else None
            held = review_open(segment, bound, reading.args, reading.digest, decision, first=first, place=place)
            await segment.commit(verdict, held)
            raise segment.wait(stop_clock=True)
        if decision.verdict != "allow":
            message = f"{bound.tool.name}: {decision.short()}"
            refused = Refused(message, code=refusal_code(decision), hint=remedy(decision))
            await segment.commit(verdict, reading.step({"error": {"refused": message, "code": refused.code}}))
            raise ended(segment, bound.tool.name, decision) or refused
        return verdict

    async def _made(self, reading: _Reading, step: StepRow | None, verdict: DecisionWrite, share: Taken) -> JSON:
        """Makes a read that is allowed, and records it in the place of ``step``, where it was made before."""
        segment, bound, args = self._segment, reading.bound, reading.args
        name, digest = bound.tool.name, reading.digest
        used = [ReviewUse(one.id) for one in reading.given.reviews]
        sources: list[Source] = []
        share.made = True
        try:
            result, checks, wrong = await checked_read(
                segment, bound, args, partial(self._attempt, bound, args, sources, reading.tries)
            )
        except Failed as error:
            share.made = not error.attributes.get("put_off")
            waits = await self._waits(bound, error, reading.tries)
            if waits is not None:
                raise waits from None
            said = error.writes if isinstance(error, Unheard) else ()
            record = reading.step({"error": failure_json(error)})
            await segment.commit(verdict, record, *used, *said, *priced(bound))
            raise
        if wrong:
            failed = Failed(f"{name}: {wrong}", error_class="invalid_output", applied=False)
            record = reading.step({"error": failure_json(failed), "wrong": result})
            await segment.commit(verdict, record, *used, *checks, *priced(bound))
            raise segment.hand_over("invalid_output", failed.message, tool=name, wrong=result)
        told: dict[str, JSON] = {"result": result}
        if sources:
            told |= {"sources": [one.json() for one in sources], "known_s": max(one.known_s for one in sources)}
        changed = step is not None and result != step.payload["result"]
        if step is not None:
            told |= {"read_again": True, "changed": changed}
        segment.record(verdict, reading.step(told), *used, *checks, *priced(bound))
        segment.journal.fresh(name, digest)
        took_s = clock.perf_s() - reading.started
        self._known(bound, args, (reading.branch, digest, reading.occurrence), told, took_s)
        if step is not None and changed:
            segment.journal.void(step)
        return result

    def _known(
        self,
        bound: BoundTool,
        args: Mapping[str, JSON],
        slot: tuple[str, bytes, int],
        told: Mapping[str, JSON],
        took_s: float,
    ) -> None:
        """Tells what the case knows of a read that was made just now: it is as old as its beginning."""
        if self._segment.knowing.active:
            known_s = told.get("known_s")
            back = ReadBack(bound.tool.name, args, *slot, told["result"], None, sent(self._segment))
            older_s = float(known_s) if isinstance(known_s, int | float) else 0.0
            self._segment.knowing.was_read(back, read_s=clock.boot_s() - took_s, older_s=older_s)

    async def read_again(self, back: ReadBack) -> bool:
        """Makes a recorded read again in its place in the journal; returns whether it brought something else.

        Raises Failed when it brought nothing, or the gate refuses it.
        """
        segment, bound = self._segment, self._segment.bench.tools.get(back.tool)
        if bound is None:
            raise Failed(f"{back.tool} is no tool of this release", error_class="stale_fact")
        await segment.fresh()
        await heed(segment, bound)
        share = await taken_by_task(segment, bound, back.args)
        decision = decide(segment, bound, back.args, back.digest, 0, history=share.history)
        verdict = decision_write(segment, back.tool, back.digest, decision)
        if decision.verdict != "allow":
            await segment.commit(verdict)
            raise Failed(f"{back.tool}: {decision.short()}", error_class="stale_fact")
        share.made = True
        sources: list[Source] = []
        started_at, started = clock.utc_now(), clock.perf_s()
        try:
            result, checks, wrong = await checked_read(
                segment, bound, back.args, partial(self._attempt, bound, back.args, sources, [])
            )
        except Failed:
            segment.release(bound.tool.cost)
            raise
        if wrong:
            raise Failed(f"{back.tool}: {wrong}", error_class="invalid_output", applied=False)
        changed = result != back.result
        told: dict[str, JSON] = {"result": result, "read_again": True, "changed": changed}
        if sources:
            told |= {"sources": [one.json() for one in sources], "known_s": max(one.known_s for one in sources)}
        step = StepWrite(
            kind="read",
            branch=back.branch,
            name=back.tool,
            digest=back.digest,
            occurrence=back.occurrence,
            ok=True,
            payload={"args": dict(back.args), **told},
            started_at=started_at,
            duration_ms=(clock.perf_s() - started) * 1000,
        )
        await segment.commit(verdict, step, *checks, *priced(bound))
        if not changed:
            slot = (back.branch, back.digest, back.occurrence)
            self._known(bound, back.args, slot, told, clock.perf_s() - started)
        return changed

    async def _waits(self, bound: BoundTool, error: Failed, tries: Sequence[JSON]) -> Suspended | None:
        """Returns what a case waits by whose read failed and may be made again; None: its failure is final.

        A read that could not be checked was made, and is made anew then, since it may have changed: both are paid for.
        """
        segment, name = self._segment, bound.tool.name
        parked, off = segment.journal.parked(name), bool(error.attributes.get("put_off"))
        timer = timer_write(name, parked, error.error_class, why=error.message, tries=tries)
        if isinstance(error, Unheard):
            if not off and (error.error_class not in RETRIED or parked >= PARKS):
                return None
            await segment.commit(*(() if off else (timer,)), *error.writes, *priced(bound))
            return segment.wait(wake_after_s=unheard_s(error, parked))
        if off:
            return put_off(segment, bound, error)
        if not may_wait(segment, bound, error, parked):
            return None
        segment.refund(bound.tool.cost)
        await segment.commit(timer)
        return segment.wait(wake_after_s=wake_s(segment, bound, error, parked))

    def _due(self, bound: BoundTool, step: StepRow) -> bool:
        """Whether a recorded read must be made again: nothing was done on it yet, and it is too old or known to be."""
        if self._segment.journal.stale(step):
            return True
        max_age_s = bound.tool.max_age_s
        if max_age_s is None or self._segment.journal.acted_on(step):
            return False
        known_s = step.payload.get("known_s")
        older = known_s if isinstance(known_s, int | float) else 0.0
        return step.age_s + older + clock.boot_s() - self._segment.started_s >= max_age_s

    async def _attempt(
        self, bound: BoundTool, args: Mapping[str, JSON], sources: list[Source], tries: list[JSON]
    ) -> JSON:
        """Returns what the read brings, made again while its class, its time and the retry budget allow it.

        ``tries`` gets when and why each attempt failed that was made again.

        A read of a case that has waited for the same dependency is made again too: it is paid for like the others.
        """
        bench, name = self._segment.bench, bound.tool.name
        dependency = bench.dependencies.of(bound.dependency)
        repeat = self._segment.journal.parked(name) > 0
        if bound.tool.effect_class == "outbound_read":  # what it carries outside rests on what was read before
            await self._segment.flush()
        for attempt in range(TRIES):
            deadline.check(name)
            async with admitted(self._segment, bound, repeat=repeat) as call:
                try:
                    result = await self._once(bound, args, sources, dependency)
                except Exception as error:  # noqa: BLE001  # the boundary to a tool's body: anything it raises is classified
                    failed, cause = failure(error), error
                    await call.ended(failed)
                else:
                    await call.ended(None)
                    return result
            pause_s = full_jitter_s(attempt, bench.retry_base_s, bound.tool.timeout_s, retry_after_s(failed))
            again = failed.error_class in RETRIED and attempt < TRIES - 1 and pause_s < deadline.bounded(PAUSE_S)
            if not again or not dependency.may_repeat():
                raise failed from cause
            at = clock.utc_now().isoformat()
            tries.append({"at": at, "error_class": failed.error_class, "message": failed.message})
            repeat = False  # paid for
            await asyncio.sleep(pause_s)
        raise AssertionError("unreachable")  # pragma: no cover - the last attempt returns or raises

    async def _once(
        self, bound: BoundTool, args: Mapping[str, JSON], sources: list[Source], dependency: Dependency
    ) -> JSON:
        """Makes one attempt, with a second one beside it where it takes long.

        What a wire makes again by itself is out of the same budget. Each attempt has sources of its own: those
        of the one that answered count.
        """

        async def ask() -> tuple[JSON, list[Source]]:
            own: list[Source] = []
            kept = SOURCES.set(own)
            try:
                return await bound.invoke(args), own
            finally:
                SOURCES.reset(kept)

        name, timeout_s = bound.tool.name, bound.tool.timeout_s
        with spending(dependency.budget):
            if bound.tool.may_hedge and inspect.iscoroutinefunction(bound.function):  # a thread cannot be cancelled
                hedging = dependency.hedging(name)
                result, found = await timed(timeout_s, hedging.call(ask, allowed=dependency.may_hedge(name)))
            else:
                result, found = await timed(timeout_s, ask())
        sources[:] = found
        return result

    async def _virtual_read(self, bound: BoundTool, args: Mapping[str, JSON]) -> JSON:
        if bound.preview_read is None:
            raise self._segment.hand_over(
                "out_of_scope",
                f"{bound.tool.name} reads what a virtual write would have made, and declares no preview_read.",
                not_comparable=True,
            )
        return bound.dump_result(await bound.preview_read(**bound.load_args(args)))


def _holds_virtual(value: JSON, marks: set[str]) -> bool:
    if isinstance(value, str):
        return any(mark in value for mark in marks)
    if isinstance(value, Mapping):
        return any(_holds_virtual(item, marks) for item in value.values())
    if isinstance(value, (list, tuple)):
        return any(_holds_virtual(item, marks) for item in value)
    return False
