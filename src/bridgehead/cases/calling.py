"""What happens when a tool is called: journal, gate, then a read made once or an effect sent once."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Mapping
from functools import partial

from bridgehead import clock
from bridgehead.cases.checking import checked_read
from bridgehead.cases.deciding import decide, decision_write, priced, refusal_code, remedy, timer_write
from bridgehead.cases.effecting import Effecting
from bridgehead.cases.failures import RETRIED, TRIES, failure, failure_json, recorded_error
from bridgehead.cases.ports import StepRow
from bridgehead.cases.segment import BRANCH, Segment
from bridgehead.cases.stopping import heed
from bridgehead.cases.tools import SOURCES, BoundTool, Source
from bridgehead.cases.waits import PAUSE_S, admitted, may_wait, put_off, timed, wake_s
from bridgehead.cases.writes import StepWrite
from bridgehead.effects.keys import args_digest
from bridgehead.errors import Failed, Refused
from bridgehead.resilience import deadline
from bridgehead.resilience.dependency import Dependency
from bridgehead.resilience.retry import full_jitter_s, retry_after_s, spending
from bridgehead.spec.tool import JSON


class Calling:
    """Makes the calls of one segment."""

    def __init__(self, segment: Segment) -> None:
        self._segment = segment
        self._effecting = Effecting(segment)

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
        repeats = segment.journal.repeats(tool.name, digest) - 1
        decision = decide(segment, bound, args, digest, repeats)
        verdict = decision_write(segment, tool.name, digest, decision)

        def write(outcome: Mapping[str, JSON]) -> StepWrite:
            return StepWrite(
                kind="read",
                branch=branch,
                name=tool.name,
                digest=digest,
                occurrence=occurrence,
                ok="result" in outcome,
                payload={"args": dict(args), **outcome},
                started_at=started_at,
                duration_ms=(clock.perf_s() - started) * 1000,
            )

        started_at, started = clock.utc_now(), clock.perf_s()
        if decision.verdict != "allow":
            refused = Refused(f"{tool.name}: {decision.short()}", code=refusal_code(decision), hint=remedy(decision))
            await segment.commit(verdict, write({"error": {"refused": refused.message, "code": refused.code}}))
            raise refused
        if virtual:
            segment.release(tool.cost)  # leaves no step and costs nothing
            return await self._virtual_read(bound, args)
        sources: list[Source] = []
        try:
            result, checks, wrong = await checked_read(
                segment, bound, args, partial(self._attempt, bound, args, sources)
            )
        except Failed as error:
            if error.attributes.get("put_off"):
                raise put_off(segment, bound, error) from None
            parked = segment.journal.parked(tool.name)
            if may_wait(segment, bound, error, parked):
                segment.refund(tool.cost)
                await segment.commit(timer_write(tool.name, parked, error.error_class))
                raise segment.wait(wake_after_s=wake_s(segment, bound, error, parked)) from None
            await segment.commit(verdict, write({"error": failure_json(error)}), *priced(bound))
            raise
        if wrong:
            failed = Failed(f"{tool.name}: {wrong}", error_class="invalid_output", applied=False)
            record = write({"error": failure_json(failed), "wrong": result})
            await segment.commit(verdict, record, *checks, *priced(bound))
            raise segment.hand_over("invalid_output", failed.message, tool=tool.name, wrong=result)
        told: dict[str, JSON] = {"result": result}
        if sources:
            told |= {"sources": [one.json() for one in sources], "known_s": max(one.known_s for one in sources)}
        changed = step is not None and result != step.payload["result"]
        if step is not None:
            told |= {"read_again": True, "changed": changed}
        await segment.commit(verdict, write(told), *checks, *priced(bound))
        if step is not None and changed:
            segment.journal.void(step)
        return result

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

    async def _attempt(self, bound: BoundTool, args: Mapping[str, JSON], sources: list[Source]) -> JSON:
        """Returns what the read brings, made again while its class, its time and the retry budget allow it.

        A read of a case that has waited for the same dependency is made again too: it is paid for like the others.
        """
        bench, name = self._segment.bench, bound.tool.name
        dependency = bench.dependencies.of(bound.dependency)
        repeat = self._segment.journal.parked(name) > 0
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
