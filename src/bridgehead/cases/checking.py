"""What a step brought, or a case came to, is checked before anything rests on it: by rules, a second model, a vote.

A check is a function ``check(*, args, result)``: of a tool's arguments and result, or of a case's input and outcome,
as JSON. None or True says that nothing is wrong; False or a text says that something is, and what. It may be
``async def``. A check that raises has found nothing right, so what it looked at counts as wrong.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

from bridgehead import clock
from bridgehead.cases.deciding import priced
from bridgehead.cases.threads import in_thread
from bridgehead.cases.tools import BoundTool, Check
from bridgehead.cases.waits import timed
from bridgehead.cases.writes import CheckWrite, CostWrite, Write
from bridgehead.errors import Failed
from bridgehead.spec.tool import JSON

if TYPE_CHECKING:
    from bridgehead.cases.segment import Segment
    from bridgehead.costs.meter import Cost

OUTCOME: Final = "outcome"
"""What a check of a case's outcome is of, where one of a step names its tool."""
OUTCOME_S: Final = 60.0
"""How long the check of an outcome, or its repair, may take."""
_LONGEST: Final = 500

PAID: ContextVar[list[Cost]] = ContextVar("bridgehead_check_costs")
"""What a check has cost; one that asks a model adds to it, the case's books take it."""

Repair = Callable[..., object]
"""``repair(*, args, result, why)`` returns an outcome in the place of one that a check found wrong."""


@dataclass(frozen=True, slots=True)
class OutcomeCheck:
    """How a deployment's outcomes are checked, and what mends one that is wrong; None: a person gets the case."""

    check: Check
    repair: Repair | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a check said: ``why`` is empty when nothing is wrong. ``writes`` put it on the record and on the books."""

    why: str
    writes: tuple[Write, ...]


def name_of(check: Check) -> str:
    """Returns what a check is called in the record."""
    return str(getattr(check, "__name__", type(check).__name__))


async def ask(check: Check, subject: str, *, args: JSON, result: JSON, attempt: int, timeout_s: float) -> Verdict:
    """Returns what ``check`` says of a result, bounded by ``timeout_s`` and by what is left of the case's time."""
    costs: list[Cost] = []
    kept, started = PAID.set(costs), clock.perf_s()
    try:
        why = worded(await timed(timeout_s, _call(check, args=args, result=result)))
    except Exception as error:  # noqa: BLE001  # the boundary to a check's code: what it cannot say is not right
        why = f"it could not be checked: {type(error).__name__}: {error}"
    finally:
        PAID.reset(kept)
    why = why[:_LONGEST]
    took_ms = (clock.perf_s() - started) * 1000
    record = CheckWrite(subject, name_of(check), attempt, passed=not why, why=why, duration_ms=took_ms)
    return Verdict(why, (record, *(CostWrite(cost) for cost in costs)))


def worded(said: object) -> str:
    """Returns what is wrong by a check's answer, empty when nothing is; raises TypeError for no answer of a check."""
    if said is None or said is True:
        return ""
    if said is False:
        return "it is wrong"
    if isinstance(said, str):
        return said
    raise TypeError(f"a check returns None, True, False or a text, not {type(said).__name__}")


def vote(*checks: Check) -> Check:
    """Returns a check that finds wrong what more than half of ``checks`` do; the same one may be named several times.

    One that raises, or takes as long as all may, votes against. An even split is against.
    """
    if not checks:
        raise ValueError("a vote needs at least one check")

    async def voted(*, args: JSON, result: JSON) -> str | None:
        said = await asyncio.gather(*(_one(check, args=args, result=result) for check in checks))
        against = [why for why in said if why]
        if 2 * len(against) < len(said):
            return None
        return f"{len(against)} of {len(said)} against: {'; '.join(dict.fromkeys(against))}"

    voted.__name__ = f"vote of {len(checks)}: {', '.join(dict.fromkeys(map(name_of, checks)))}"
    return voted


async def checked_read(
    segment: Segment, bound: BoundTool, args: Mapping[str, JSON], attempt: Callable[[], Awaitable[JSON]]
) -> tuple[JSON, tuple[Write, ...], str]:
    """Returns a read's result, what its check puts on the record, and what is wrong with it: empty when nothing is.

    A result that is found wrong is read once more, and what comes then is checked anew.
    """
    result = await attempt()
    if bound.check is None:
        return result, (), ""
    name, timeout_s = bound.tool.name, bound.tool.timeout_s
    first = await ask(bound.check, name, args=args, result=result, attempt=0, timeout_s=timeout_s)
    if not first.why:
        return result, first.writes, ""
    if bound.tool.cost is not None:
        segment.spend(bound.tool.cost)
    result = await attempt()
    second = await ask(bound.check, name, args=args, result=result, attempt=1, timeout_s=timeout_s)
    return result, (*first.writes, *priced(bound), *second.writes), second.why


async def check_outcome(
    segment: Segment, outcome: JSON, load: Callable[[object], JSON]
) -> tuple[JSON, tuple[Write, ...], str]:
    """Returns the outcome, mended where that was declared and helped, with its record and what is wrong with it.

    ``load`` returns what a repair returned as an outcome, and raises where it is none.
    """
    declared = segment.bench.outcome
    if declared is None or segment.dry:
        return outcome, (), ""
    args = segment.loaded.input
    first = await ask(declared.check, OUTCOME, args=args, result=outcome, attempt=0, timeout_s=OUTCOME_S)
    if not first.why or declared.repair is None:
        return outcome, first.writes, first.why
    costs: list[Cost] = []
    kept = PAID.set(costs)
    try:
        work = _call(declared.repair, args=args, result=outcome, why=first.why)
        mended = load(await timed(OUTCOME_S, work))
    except Exception as error:  # noqa: BLE001  # the boundary to a repair's code: whatever it raises, a person gets the case
        text = f"{first.why}; its repair failed: {type(error).__name__}: {error}"
        return outcome, (*first.writes, *(CostWrite(cost) for cost in costs)), text[:_LONGEST]
    finally:
        PAID.reset(kept)
    second = await ask(declared.check, OUTCOME, args=args, result=mended, attempt=1, timeout_s=OUTCOME_S)
    return mended, (*first.writes, *(CostWrite(cost) for cost in costs), *second.writes), second.why


async def _call(function: Callable[..., object], **given: JSON) -> object:
    if inspect.iscoroutinefunction(function):
        return await function(**given)

    found = await in_thread("check", partial(function, **given))  # it may block
    return await found if inspect.isawaitable(found) else found


async def _one(check: Check, *, args: JSON, result: JSON) -> str:
    try:
        return worded(await _call(check, args=args, result=result))
    except Failed as failed:
        return f"{name_of(check)} failed ({failed.error_class})"
    except Exception as error:  # noqa: BLE001  # the boundary to a check's code: what it cannot say is not right
        return f"{name_of(check)} could not say: {type(error).__name__}"
