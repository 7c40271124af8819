"""Runs one segment of a case, from the claim to the commit that releases it."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import json
import traceback
from collections.abc import Callable
from functools import partial
from typing import cast

from pydantic import ValidationError

from bridgehead import points
from bridgehead.cases import limits
from bridgehead.cases.agents import Agent
from bridgehead.cases.checking import UNHEARD, Unheard, check_outcome
from bridgehead.cases.context import Case, Context
from bridgehead.cases.deciding import timer_write
from bridgehead.cases.failures import PARKS, RETRIED
from bridgehead.cases.hiding import SECRETS
from bridgehead.cases.ports import Claim, Loaded
from bridgehead.cases.segment import Bench, Closed, Segment
from bridgehead.cases.settling import Settling
from bridgehead.cases.threads import in_thread
from bridgehead.cases.tools import CURRENT, LOOP, SYSTEMS
from bridgehead.cases.waits import unheard_s
from bridgehead.cases.writes import Finish, HandOver, ReviewOpen, Wait, Write
from bridgehead.effects.images import without_image
from bridgehead.effects.states import UNSETTLED
from bridgehead.errors import BridgeheadError, ErrorClass, Failed, LeaseLost, Refused, Suspended
from bridgehead.ids import show
from bridgehead.resilience import deadline
from bridgehead.spec.deployment import CaseSpec
from bridgehead.spec.tool import JSON

UNWIND_S = 5.0
"""How long a closed segment's agent may take to unwind before it is left behind, unable to act."""


async def run_segment(
    bench: Bench,
    claim: Claim,
    agent: Agent,
    *,
    watch: Callable[[Segment], None] | None = None,
    loaded: Loaded | None = None,
) -> str:
    """Runs the agent from the top until it ends or must wait, and releases the claim.

    ``loaded`` is what the segment starts from where that is known, as of a case that was only just opened.
    ``watch`` is given the segment once it is loaded, so that its worker can close it as lost.
    Returns what became of the case: ``waiting``, ``ended``, or ``lost`` when somebody else
    has it (then nothing of this segment counts).
    """
    if loaded is None:
        try:
            loaded = await bench.store.load(claim)
        except LeaseLost:
            return "lost"
    segment = Segment(bench, claim, loaded)
    if watch is not None:
        watch(segment)
    systems = SYSTEMS.set(bench.systems)
    try:
        left_s = working_s(loaded, bench.deployment.case)
        with deadline.within(left_s):
            if await Settling(segment).settle_all():
                await _run_agent(segment, agent, limits.until(segment, left_s))
        return await _release(segment)
    except LeaseLost:
        return "lost"
    finally:
        SYSTEMS.reset(systems)


async def replay(segment: Segment, agent: Agent, *, within_s: float) -> None:
    """Runs the agent over what is recorded and nothing else: ``segment`` must be dry.

    It ends with the first call that no record answers, ``segment.closed`` says how. An agent that does not come
    there within ``within_s`` has diverged.
    """
    systems = SYSTEMS.set(segment.bench.systems)
    try:
        late = limits.Until(within_s, "diverged", f"The agent did not come to the end of its record in {within_s:g} s.")
        await _run_agent(segment, agent, late)
    finally:
        SYSTEMS.reset(systems)


def working_s(loaded: Loaded, spec: CaseSpec) -> float | None:
    """Returns the seconds in which a case may still call anybody: until its deadline, less the hand-over's time."""
    if loaded.deadline_at is None:
        return None
    left_s = (loaded.deadline_at - loaded.now).total_seconds()
    return left_s - deadline.reserve_s(spec)


async def _run_agent(segment: Segment, agent: Agent, until: limits.Until | None) -> None:
    """Runs the agent beside the segment's closing and its time, whichever comes first."""
    loaded = segment.loaded
    try:
        value = agent.input.validate_python(loaded.input)
    except ValidationError as error:
        segment.hand_over(
            "invalid_input", f"The stored input is not what the agent takes: {error.error_count()} errors."
        )
        return
    case: Case[object] = Case(
        id=show("C", segment.claim.case_id),
        input=value,
        text=loaded.text,
        revision=loaded.revision,
        revises=None if loaded.revises is None else show("C", loaded.revises),
        level=segment.claim.level,
        deadline_at=loaded.deadline_at,
    )
    context = Context(segment, case)
    running = asyncio.create_task(_call(segment, agent, case, context))
    closing = asyncio.create_task(segment.closing.wait())
    try:
        left_s = None if until is None else until.seconds
        done, _ = await asyncio.wait({running, closing}, timeout=left_s, return_when=asyncio.FIRST_COMPLETED)
        if not done and until is not None and segment.closed is None:
            segment.hand_over(until.error_class, until.reason)
        if segment.closed is not None and not running.done():
            running.cancel()
            await asyncio.wait({running}, timeout=UNWIND_S)
    finally:
        closing.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await closing
        if not running.done():
            running.cancel()
    segment.ended = True
    await segment.drain()
    if segment.closed is None:
        await _conclude(segment, agent, running)
    elif running.done() and not running.cancelled():
        running.exception()


async def _call(segment: Segment, agent: Agent, case: Case[object], context: Context) -> object:
    current = CURRENT.set(context.call)
    loop = LOOP.set(asyncio.get_running_loop())
    try:
        if inspect.iscoroutinefunction(agent.run):
            return await agent.run(case, context)
        found = await in_thread("agent", partial(agent.run, case, context))
        return await found if inspect.isawaitable(found) else found
    except SystemExit as error:  # let through, it would end the worker's event loop
        raise RuntimeError(f"the agent called exit({error.code})") from error
    finally:
        CURRENT.reset(current)
        LOOP.reset(loop)
        del segment


async def _conclude(segment: Segment, agent: Agent, running: asyncio.Task[object]) -> None:
    """Closes an open segment whose agent has ended: with its outcome, or to the role for its error class."""
    try:
        output = running.result()
    except asyncio.CancelledError:
        segment.hand_over("bug", "The agent was cancelled from within.")
    except (Suspended, LeaseLost):
        segment.hand_over("bug", "The agent raised a control-flow exception of its own.")
    except BaseExceptionGroup as group:
        _raised(segment, _first(group))
    except BaseException as error:  # noqa: BLE001  # the boundary to the agent's code: whatever it raises, a person gets the case
        _raised(segment, error)
    else:
        try:
            plain = cast("JSON", agent.output.dump_python(agent.output.validate_python(output), mode="json"))
            json.dumps(plain, allow_nan=False)
        except ValidationError as error:
            segment.hand_over(
                "invalid_output", f"The outcome is not of the declared type: {error.error_count()} errors."
            )
            return
        except (ValueError, TypeError, RecursionError) as error:
            segment.hand_over("invalid_output", f"The outcome cannot be written as JSON: {error}")
            return
        with contextlib.suppress(Suspended, LeaseLost):
            await segment.replayed(own=0)
            await _complete(segment, agent, plain)


def _raised(segment: Segment, error: BaseException) -> None:
    """Hands a case over whose agent raised; where in its code helps whoever looks into a bug, and nobody else."""
    error_class = error_class_of(error)
    if error_class == "bug":
        segment.hand_over(error_class, describe(error), traceback=trace(error))
    elif isinstance(error, Refused) and error.hint:
        # What the agent is told names no threshold; the person may know what would have allowed the call.
        segment.hand_over(error_class, describe(error), remedy=error.hint)
    else:
        segment.hand_over(error_class, describe(error))


async def _complete(segment: Segment, agent: Agent, outcome: JSON) -> None:
    """Closes the segment with its outcome when the deployment's check lets it pass, else with a person."""

    def load(value: object) -> JSON:
        plain = cast("JSON", agent.output.dump_python(agent.output.validate_python(value), mode="json"))
        json.dumps(plain, allow_nan=False)
        return plain

    try:
        outcome, checks, wrong = await check_outcome(segment, outcome, load)
    except Unheard as error:
        await _unheard(segment, error, outcome)
        return
    if checks:
        await segment.commit(*checks)
    if wrong:
        segment.hand_over("invalid_output", f"The outcome was found wrong: {wrong}", proposed=outcome)
    else:
        segment.close(Closed("ended", ending=Finish("completed", {"output": SECRETS.without(outcome)})))


async def _unheard(segment: Segment, error: Unheard, outcome: JSON) -> None:
    """Closes a segment whose outcome nobody could check: the case waits, or goes to the role for the failure."""
    parked, off = segment.journal.parked(UNHEARD), bool(error.attributes.get("put_off"))
    if off or (error.error_class in RETRIED and parked < PARKS):
        timer = () if off else (timer_write(UNHEARD, parked, error.error_class),)
        await segment.commit(*timer, *error.writes)
        segment.wait(wake_after_s=unheard_s(error, parked))
        return
    await segment.commit(*error.writes)
    segment.hand_over(error.error_class, f"{error.message[0].upper()}{error.message[1:]}", proposed=outcome)


async def _release(segment: Segment) -> str:
    """Writes how the segment ended; the claim is over with that commit."""
    if segment.dry:
        return "lost"
    closed = segment.closed
    if closed is None or closed.why == "lost":
        return "lost"
    points.reach("engine.release.before")
    if closed.why == "waiting":
        wait = Wait(closed.wake_after_s, closed.stop_clock, closed.at_once, closed.paused_tool)
        await segment.commit(*limits.worked(segment), wait)
        points.reach("engine.release.after")
        return "waiting"
    ending = closed.ending
    writes: list[Write] = []
    if closed.review is not None:
        writes.append(with_facts(closed.review, segment))
    if isinstance(ending, (Finish, HandOver)):
        writes.append(ending)
    await segment.commit(*writes)
    points.reach("engine.release.after")
    return "ended"


def with_facts(review: ReviewOpen, segment: Segment) -> ReviewOpen:
    """Returns the review with what the agent had done, so that a person starts from full state."""
    done: list[JSON] = [
        {"tool": row.tool, "state": row.state, "args": dict(row.args), "result": without_image(dict(row.result or {}))}
        for row in segment.journal.effects()
    ]
    shown: dict[str, JSON] = {**review.shown, "input": segment.loaded.input, "effects": done}
    unsettled: list[JSON] = [
        f"{show('E', row.id)} {row.tool}" for row in segment.journal.effects() if row.state in UNSETTLED
    ]
    if unsettled:
        shown["unsettled"] = unsettled
        shown["question"] = "Nobody knows whether these calls happened: look in the target system."
    return ReviewOpen(
        token=review.token,
        kind=review.kind,
        role=review.role,
        shown=shown,
        error_class=review.error_class,
        within_s=review.within_s,
    )


def error_class_of(error: BaseException) -> ErrorClass:
    """Returns the class in which an agent's own exception ends its case."""
    if isinstance(error, Failed):
        return error.error_class
    if isinstance(error, Refused):
        return "budget_exhausted" if error.code == "policy.limit" else "policy_denied"
    return "bug"


def describe(error: BaseException) -> str:
    """Returns one sentence for a person."""
    if isinstance(error, BridgeheadError):
        return error.message
    return f"The agent raised {type(error).__name__}: {error}"


def trace(error: BaseException) -> str:
    """Returns the end of the traceback, for the person who looks into a bug."""
    return "".join(traceback.format_exception(error))[-4000:]


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    first: BaseException = group
    while isinstance(first, BaseExceptionGroup):
        first = first.exceptions[0]
    return first
