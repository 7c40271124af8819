"""What a step brought, or a case came to, is checked before anything rests on it: by rules, a second model, a vote.

A check is a function ``check(*, args, result)``: of a tool's arguments and result, or of a case's input and outcome,
as JSON. None or True says that nothing is wrong; False or a text says that something is, and what. It may be
``async def``. A check that raises has found nothing right, so nothing passes. Where it could not say because whom it
asks cannot be reached, the case waits for that and is checked then; see ``Unheard``.
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
from bridgehead.errors import BridgeheadError, Failed
from bridgehead.resilience.dispositions import RETRIED
from bridgehead.resilience.retry import retry_after_s
from bridgehead.spec.tool import JSON

if TYPE_CHECKING:
    from bridgehead.cases.segment import Segment
    from bridgehead.costs.meter import Cost

OUTCOME: Final = "outcome"
"""What a check of a case's outcome is of, where one of a step names its tool."""
UNHEARD: Final = "check of the outcome"
"""Under this name a case waits until its outcome can be checked."""
OUTCOME_S: Final = 60.0
"""How long the check of an outcome, or its repair, may take."""
_LONGEST: Final = 500

PAID: ContextVar[list[Cost]] = ContextVar("bridgehead_check_costs")
"""What a check has cost; one that asks a model adds to it, the case's books take it."""
SEGMENT: ContextVar[Segment] = ContextVar("bridgehead_check_segment")
"""The case that a check is asked for; one that asks a model does so within its limits and its time."""

Repair = Callable[..., object]
"""``repair(*, args, result, why)`` returns an outcome in the place of one that a check found wrong."""


@dataclass(frozen=True, slots=True)
class OutcomeCheck:
    """How a deployment's outcomes are checked, and what mends one that is wrong; None: a person gets the case."""

    check: Check
    repair: Repair | None = None


class Unheard(Failed):
    """A check could not say: whom it asks cannot be reached, or may not be asked. It found nothing right nor wrong.

    Its class is the one of that failure, so its disposition and its fallback are. ``writes`` put it on the record.
    """

    def __init__(self, subject: str, failed: Failed, writes: tuple[Write, ...]) -> None:
        super().__init__(
            f"{'the outcome' if subject == OUTCOME else subject} could not be checked: {failed.message}",
            error_class=failed.error_class,
            applied=False,
            hint=failed.hint,
        )
        self.attributes.update(failed.attributes)
        self.writes = writes


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a check said: ``why`` is empty when nothing is wrong. ``writes`` put it on the record and on the books."""

    why: str
    writes: tuple[Write, ...]
    subject: str = ""
    failed: Failed | None = None
    """Why it could not say, where that is in whom it asks."""

    def heard(self, *before: Write) -> Verdict:
        """Returns it; raises Unheard, with what was written ``before``, where the check could not say."""
        if self.failed is not None:
            raise Unheard(self.subject, self.failed, (*before, *self.writes))
        return self


def name_of(check: Check) -> str:
    """Returns what a check is called in the record."""
    return str(getattr(check, "__name__", type(check).__name__))


def models_of(check: Check) -> tuple[str, ...]:
    """Returns the entries under ``models`` of bridgehead.yaml that a check asks."""
    return tuple(getattr(check, "models", ()))


async def ask(
    segment: Segment, check: Check, subject: str, *, args: JSON, result: JSON, attempt: int, timeout_s: float
) -> Verdict:
    """Returns what ``check`` says of a result, bounded by ``timeout_s`` and by what is left of the case's time."""
    costs: list[Cost] = []
    failed: Failed | None = None
    kept, whose, started, said = PAID.set(costs), SEGMENT.set(segment), clock.perf_s(), True
    try:
        why = worded(await timed(timeout_s, _call(check, args=args, result=result)))
    except Exception as error:  # noqa: BLE001  # the boundary to a check's code: what it cannot say is not right
        why, said, failed = f"it could not be checked: {_told(check, error)}", False, _unheard(check, error)
    finally:
        SEGMENT.reset(whose)
        PAID.reset(kept)
    why = why[:_LONGEST]
    took_ms = (clock.perf_s() - started) * 1000
    record = CheckWrite(subject, name_of(check), attempt, passed=not why, why=why, duration_ms=took_ms, said=said)
    return Verdict(why, (record, *(CostWrite(cost) for cost in costs)), subject, failed)


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
    """Returns a check that lets pass what more than half of ``checks`` find right; one may be named several times.

    It finds wrong what so many find wrong that the others are too few, an even split too. One that raises could not
    say: it counts on neither side. Where that leaves it open, the vote could not say either. It then raises Failed
    as a voice did that may be heard later, if those could decide it, else as one did that stays away, if any.
    """
    if not checks:
        raise ValueError("a vote needs at least one check")

    async def voted(*, args: JSON, result: JSON) -> str | None:
        said = await asyncio.gather(*(_one(check, args=args, result=result) for check in checks))
        right, against = [one for one in said if one == ""], [one for one in said if one and isinstance(one, str)]
        if 2 * len(right) > len(said):
            return None
        if 2 * len(against) >= len(said):
            return f"{len(against)} of {len(said)} against: {'; '.join(dict.fromkeys(against))}"
        silent = [(check, one) for check, one in zip(checks, said, strict=True) if isinstance(one, Exception)]
        text = (
            f"of {len(said)} voices {len(right)} found it right, {len(against)} wrong and {len(silent)} could not say: "
            + "; ".join(dict.fromkeys(f"{name_of(check)}: {_told(check, one)}" for check, one in silent))
        )
        failures = [one for _, one in silent if isinstance(one, Failed)]
        later = [one for one in failures if one.error_class in RETRIED]
        if 2 * (len(right) + len(later)) <= len(said):
            final = [one.error_class for one in failures if one.error_class not in RETRIED]
            raise Failed(text, error_class=final[0] if final else "invalid_output", applied=False)
        last = max(later, key=lambda one: retry_after_s(one) or 0.0)
        failed = Failed(text, error_class=last.error_class, applied=False)
        failed.attributes.update(last.attributes)
        raise failed

    voted.models = tuple(dict.fromkeys(name for check in checks for name in models_of(check)))  # type: ignore[attr-defined]  # a function takes attributes
    voted.__name__ = f"vote of {len(checks)}: {', '.join(dict.fromkeys(map(name_of, checks)))}"
    return voted


async def checked_read(
    segment: Segment, bound: BoundTool, args: Mapping[str, JSON], attempt: Callable[[], Awaitable[JSON]]
) -> tuple[JSON, tuple[Write, ...], str]:
    """Returns a read's result, what its check puts on the record, and what is wrong with it: empty when nothing is.

    A result that is found wrong is read once more, and what comes then is checked anew. Raises Unheard when the check
    could not say.
    """
    result = await attempt()
    if bound.check is None:
        return result, (), ""
    name, timeout_s = bound.tool.name, bound.tool.timeout_s
    first = await ask(segment, bound.check, name, args=args, result=result, attempt=0, timeout_s=timeout_s)
    if not first.heard().why:
        return result, first.writes, ""
    if bound.tool.cost is not None:
        segment.spend(bound.tool.cost)
    result = await attempt()
    second = await ask(segment, bound.check, name, args=args, result=result, attempt=1, timeout_s=timeout_s)
    before = (*first.writes, *priced(bound))
    return result, (*before, *second.writes), second.heard(*before).why


async def check_outcome(
    segment: Segment, outcome: JSON, load: Callable[[object], JSON]
) -> tuple[JSON, tuple[Write, ...], str]:
    """Returns the outcome, mended where that was declared and helped, with its record and what is wrong with it.

    ``load`` returns what a repair returned as an outcome, and raises where it is none. Raises Unheard when the check
    could not say.
    """
    declared = segment.bench.outcome
    if declared is None or segment.dry:
        return outcome, (), ""
    args = segment.loaded.input
    first = await ask(segment, declared.check, OUTCOME, args=args, result=outcome, attempt=0, timeout_s=OUTCOME_S)
    if not first.heard().why or declared.repair is None:
        return outcome, first.writes, first.why
    costs: list[Cost] = []
    kept = PAID.set(costs)
    try:
        work = _call(declared.repair, args=args, result=outcome, why=first.why)
        mended = load(await timed(OUTCOME_S, work))
    except Exception as error:  # noqa: BLE001  # the boundary to a repair's code: whatever it raises, a person gets the case
        text = f"{first.why}; its repair failed: {_told(declared.repair, error)}"
        return outcome, (*first.writes, *(CostWrite(cost) for cost in costs)), text[:_LONGEST]
    finally:
        PAID.reset(kept)
    second = await ask(segment, declared.check, OUTCOME, args=args, result=mended, attempt=1, timeout_s=OUTCOME_S)
    before = (*first.writes, *(CostWrite(cost) for cost in costs))
    return mended, (*before, *second.writes), second.heard(*before).why


async def _call(function: Callable[..., object], **given: JSON) -> object:
    if inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(getattr(function, "__call__", None)):  # noqa: B004  # asked what kind of function it is, not whether there is one
        return await function(**given)  # type: ignore[misc]  # one of the two is asynchronous

    found = await in_thread("check", partial(function, **given))  # it may block
    return await found if inspect.isawaitable(found) else found


async def _one(check: Check, *, args: JSON, result: JSON) -> str | Exception:
    """Returns what a voice finds wrong, empty for nothing, or what kept it from saying."""
    try:
        return worded(await _call(check, args=args, result=result))
    except Exception as error:  # noqa: BLE001  # the boundary to a check's code: what it cannot say is not right
        return error


def _unheard(check: Check, error: Exception) -> Failed | None:
    """Returns why a check that asks models could not say, None where the fault is in the check or the verdict."""
    if not models_of(check):
        return None
    if isinstance(error, TimeoutError):
        return Failed("no answer came in its time", error_class="timeout", applied=False)
    return error if isinstance(error, Failed) and error.error_class != "invalid_output" else None


def _told(check: Callable[..., object], error: Exception) -> str:
    """Returns in words what kept a check from saying anything."""
    if isinstance(error, BridgeheadError):
        return error.message
    return f"{name_of(check)} raised {type(error).__name__}" + (f": {error}" if str(error) else "")
