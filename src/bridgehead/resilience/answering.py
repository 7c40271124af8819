"""How a model is asked: within its limits and its time, hedged, made again, and in the end another model instead.

Whoever asks makes an ``Asker`` for one turn and gives it a function that asks a model by name. Each model is a
dependency of its own (``model:DEPLOYMENT/NAME``) with its breaker, its retry budget and its durations. What every
attempt came to stands in ``Asker.attempts``, because every attempt may have to be paid for.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final, Generic, TypeAlias, TypeVar

from bridgehead import clock
from bridgehead.errors import ErrorClass, Failed
from bridgehead.resilience import deadline
from bridgehead.resilience.dependency import Dependencies, Dependency
from bridgehead.resilience.dispositions import DISPOSITIONS, RETRIED
from bridgehead.resilience.hedge import Attempt, Ending, Hedging
from bridgehead.resilience.ports import Limits
from bridgehead.resilience.retry import full_jitter_s, retry_after_s
from bridgehead.resilience.tokens import TokenLimit
from bridgehead.spec.deployment import Criticality

T = TypeVar("T")
Repair: TypeAlias = Callable[[str, Failed], Awaitable[Any]]

TRIES: Final = 3
"""Attempts of one model within one turn, hedges not counted; one less where another model can answer."""
PAUSE_S: Final = 5.0
"""A longer pause is none within a turn: another model answers, or the case waits and holds no worker."""
BASE_S: Final = 0.2
OUTPUT_TOKENS: Final = 1_024
"""What an answer is thought to take of a rate of tokens before it is known, where no ``max_tokens`` is declared."""

MOST_TOKENS: Final = 10_000_000
"""No model reads or writes more in one turn. A count beyond it is a server's fault, and as good as none."""

REPAIRED: Final[frozenset[ErrorClass]] = frozenset(name for name, found in DISPOSITIONS.items() if found == "repair")
"""Classes in which a model is asked once more, and told what was wrong; then another model may answer."""
FALLS_BACK: Final[frozenset[ErrorClass]] = RETRIED | {
    name for name, found in DISPOSITIONS.items() if found == "fall_back"
}
"""Classes in which another model may answer; those that are retried only when that is over."""


@dataclass(frozen=True, slots=True)
class Route:
    """How one model is asked. None is: no bound, no hedge, no other model.

    ``hedge`` names the model that is asked a second time (itself, or a faster one), ``fallback`` the one that
    answers instead. ``timeout_s`` bounds one attempt. ``max_tokens`` is how long an answer may get.
    """

    name: str
    timeout_s: float | None = None
    hedge: str | None = None
    fallback: str | None = None
    max_tokens: int | None = None
    requests: Limits | None = None
    tokens: TokenLimit | None = None


@dataclass(frozen=True, slots=True)
class Stage:
    """What is made do with from a moment on ``clock.boot_s()``: another model; None is no model at all."""

    from_s: float
    model: str | None


@dataclass(frozen=True, slots=True)
class Spent:
    """What one attempt came to.

    ``why`` says why it was made: nothing (the first), ``hedge``, ``retry``, ``hurry`` (a later stage), or
    ``fallback after CLASS``.
    ``sent`` is False when nothing reached the model. One with ``repair`` was told what was wrong with an answer.
    ``tokens`` are those of the input and the output of an answer that was no good, where its model told them.
    """

    model: str
    ending: Ending
    took_s: float
    why: str = ""
    error_class: ErrorClass | None = None
    sent: bool = True
    tokens: tuple[int | None, int | None] | None = None


@dataclass(frozen=True, slots=True)
class Answer(Generic[T]):
    """A good answer, and which model gave it."""

    value: T
    model: str
    why: str


@dataclass(slots=True)
class Answering:
    """The models of one deployment in one process: how each is asked, and how long each takes."""

    dependencies: Dependencies = field(default_factory=Dependencies)
    routes: Mapping[str, Route] = field(default_factory=dict)
    deployment: str = ""
    base_s: float = BASE_S
    """The bound of the first pause before a model is asked again."""
    _hedgings: dict[str, Hedging] = field(default_factory=dict)

    def route(self, name: str) -> Route:
        """Returns how a model is asked; one that is not declared has no bounds."""
        return self.routes.get(name) or Route(name)

    def dependency(self, name: str) -> Dependency:
        """Returns what is known of a model as a dependency."""
        return self.dependencies.of(f"model:{self.deployment}/{name}" if self.deployment else f"model:{name}")

    def chain(self, name: str) -> tuple[Route, ...]:
        """Returns a model and those that answer instead of it, in their order."""
        routes = [self.route(name)]
        while (following := routes[-1].fallback) is not None:
            routes.append(self.route(following))
        return tuple(routes)

    def hedging(self, name: str) -> Hedging:
        """Returns how long a model takes, and how many of its calls may be hedged."""
        return self._hedgings.setdefault(name, Hedging())

    def asker(
        self,
        name: str,
        *,
        size: int = 0,
        criticality: Criticality = "normal",
        repeat: bool = False,
        stages: Sequence[Stage] = (),
    ) -> Asker:
        """Returns what asks for one turn, beginning with the model ``name``.

        ``size`` is about how many tokens the request has; ``repeat`` says that the case has waited for the model.
        ``stages`` follow each other in time: what is made do with instead as the case's time runs out.
        """
        return Asker(self, name, size, criticality, repeat, stages)


class Asker:
    """Asks for one turn, once."""

    def __init__(
        self,
        answering: Answering,
        name: str,
        size: int,
        criticality: Criticality,
        repeat: bool,  # noqa: FBT001  # made by Answering.asker alone
        stages: Sequence[Stage],
    ) -> None:
        self.attempts: list[Spent] = []
        self.answered: tuple[str, str] | None = None
        """Which model gave the answer that counts, and why it was asked."""
        self._first = name
        self.name = name
        """The model that is asked first, as far as the time has come."""
        self.size = size
        self.repairs = False
        """Whether an answer that is not what was asked may be asked for once more: budgets reserve for both."""
        self.covers = False
        """Whether whoever asks blacks out what a model is not cleared for."""
        self._repair: Repair | None = None
        self.stages = stages
        self._answering = answering
        self._criticality = criticality
        self._repeat = repeat

    async def ask(
        self,
        one: Callable[[str], Awaitable[T]],
        *,
        used: Callable[[T], int | None] = lambda _: None,
        repair: Callable[[str, Failed], Awaitable[T]] | None = None,
    ) -> Answer[T]:
        """Returns a good answer of the first model in the chain that gives one, of the stage that the time is in.

        ``one`` asks the model of that name once and raises Failed; anything else that it raises passes.
        ``repair`` asks once more a model whose answer was not what was asked, and is given what was wrong with it;
        when that does not help another model may answer.
        ``used`` says how many tokens an answer took in all. What is under way when the next stage comes may go on for
        half of that stage: it was asked already, and to ask anew costs as much again.
        Raises the failure that is worth waiting for, where one model had such a one, else that of the first model;
        Failed ``deadline`` (``applied=False``, attribute ``no_model``) once a stage without a model has come.
        """
        self._repair = repair
        why = ""
        for number, stage in enumerate((*self.stages, None)):
            if stage is None or stage.from_s - clock.boot_s() > deadline.LEAST_S:
                try:
                    with deadline.within(None if stage is None else self._cut_s(number) - clock.boot_s()):
                        return await self._chained(self.name, why, one, used)
                except Failed:
                    if stage is None or stage.from_s - clock.boot_s() > deadline.LEAST_S:
                        raise
            if stage.model is None:
                raise Failed(
                    f"model {self.name}: not asked, for the case's time is nearly over",
                    error_class="deadline",
                    applied=False,
                    hint="`case.degrade` says so. An agent that can decide without a model catches this and does.",
                    no_model=True,
                )
            self.name, why = stage.model, "hurry"
        raise AssertionError("unreachable")  # pragma: no cover - the last stage returns or raises

    def _cut_s(self, number: int) -> float:
        """Returns when what was asked before a stage is given up: halfway to the stage after it, or to the end."""
        from_s, end_s = self.stages[number].from_s, deadline.moment_s()
        if number + 1 < len(self.stages):
            end_s = self.stages[number + 1].from_s
        return from_s if end_s is None else from_s + max(0.0, end_s - from_s) / 2

    async def _chained(
        self, name: str, why: str, one: Callable[[str], Awaitable[T]], used: Callable[[T], int | None]
    ) -> Answer[T]:
        """Asks a model, and those that answer instead of it."""
        failures = list[Failed]()
        while True:
            try:
                return await self._repaired(name, why, one, used)
            except Failed as failed:
                failures.append(failed)
                following = self._answering.route(name).fallback
                over = failed.error_class in (FALLS_BACK if self._repair is None else FALLS_BACK | REPAIRED)
                if following is None or not over:
                    break
                name, why = following, f"fallback after {failed.error_class}"
        raise next((found for found in failures if found.error_class in RETRIED), failures[0])

    async def _repaired(
        self, name: str, why: str, one: Callable[[str], Awaitable[T]], used: Callable[[T], int | None]
    ) -> Answer[T]:
        """Asks one model, and once more with what was wrong where its answer was not what was asked.

        One that was cut off is asked for no second time: its beginning was right, and the next would end there too.
        """
        repair = self._repair
        try:
            return await self._insistent(name, why, one, used)
        except Failed as failed:
            if repair is None or failed.error_class not in REPAIRED or failed.attributes.get("truncated"):
                raise
            wrong = failed
        return await self._insistent(name, "repair", lambda model: repair(model, wrong), used)

    async def _insistent(
        self, name: str, why: str, one: Callable[[str], Awaitable[T]], used: Callable[[T], int | None]
    ) -> Answer[T]:
        """Asks one model, again while class, time and retry budget allow it."""
        dependency, route = self._answering.dependency(name), self._answering.route(name)
        repeat = self._repeat and name == self._first
        tries = TRIES if route.fallback is None else TRIES - 1
        for attempt in range(tries):
            deadline.check(dependency.name)
            timeout_s = route.timeout_s or 60.0
            async with dependency.call(criticality=self._criticality, repeat=repeat, timeout_s=timeout_s) as call:
                try:
                    answer = await self._hedged(route, why, one, used)
                except Failed as failed:
                    await call.ended(failed)
                    error = failed
                else:
                    await call.ended(None)
                    self.answered = (answer.model, answer.why)
                    return answer
            pause_s = full_jitter_s(attempt, self._answering.base_s, PAUSE_S, retry_after_s(error))
            again = error.error_class in RETRIED and attempt < tries - 1 and pause_s < deadline.bounded(PAUSE_S)
            if not again or not dependency.may_repeat():
                raise error
            repeat, why = False, "retry"
            await asyncio.sleep(pause_s)
        raise AssertionError("unreachable")  # pragma: no cover - the last attempt returns or raises

    async def _hedged(
        self, route: Route, why: str, one: Callable[[str], Awaitable[T]], used: Callable[[T], int | None]
    ) -> Answer[T]:
        """Asks a model once, and where it takes long its hedge beside it."""

        def note(attempt: Attempt) -> None:
            model = other.name if attempt.second else route.name
            failed = attempt.error if isinstance(attempt.error, Failed) else None
            self.attempts.append(
                Spent(
                    model,
                    attempt.ending,
                    attempt.took_s,
                    "hedge" if attempt.second else why,
                    None if failed is None else failed.error_class,
                    sent=failed is None or failed.applied is not False,
                    tokens=None if failed is None else _tokens(failed),
                )
            )

        other = self._answering.route(route.hedge or route.name)
        down = self._answering.dependency(other.name).row.phase != "closed"
        async with self._admitted(route) as drawn:
            return await self._answering.hedging(route.name).call(
                lambda: self._sent(route, drawn, why, one, used),
                lambda: self._second(other, one, used),
                ended=note,
                allowed=route.hedge is not None and not down,
            )

    async def _second(
        self, route: Route, one: Callable[[str], Awaitable[T]], used: Callable[[T], int | None]
    ) -> Answer[T]:
        async with self._admitted(route) as drawn:
            return await self._sent(route, drawn, "hedge", one, used)

    @asynccontextmanager
    async def _admitted(self, route: Route) -> AsyncIterator[int]:
        """Waits for the model's limits, outside of what counts as its time; gives the tokens that were drawn."""
        drawn = self.size + (route.max_tokens or OUTPUT_TOKENS)
        within_s = deadline.bounded(min(route.timeout_s or PAUSE_S, PAUSE_S))
        if route.tokens is not None:
            await route.tokens.draw(drawn, within_s=within_s)
        if route.requests is None:
            yield drawn
            return
        async with route.requests.admit(within_s=within_s):
            yield drawn

    async def _sent(
        self, route: Route, drawn: int, why: str, one: Callable[[str], Awaitable[T]], used: Callable[[T], int | None]
    ) -> Answer[T]:
        """Sends one request and bounds its time."""
        bound_s = deadline.bounded(route.timeout_s or float("inf"))
        try:
            async with asyncio.timeout(None if bound_s == float("inf") else bound_s):
                value = await one(route.name)
        except TimeoutError:
            late = route.timeout_s is not None and bound_s >= route.timeout_s
            raise Failed(
                f"model {route.name}: no answer within {bound_s:.1f} s",
                error_class="timeout" if late else "deadline",
                hint="" if late else "The case's time was over before the answer came.",
            ) from None
        except Failed as failed:
            await self._refused(route, failed)
            raise
        if route.tokens is not None and (took := counted(used(value))) is not None:
            await route.tokens.settle(drawn, took)
        return Answer(value, route.name, why)

    async def _refused(self, route: Route, failed: Failed) -> None:
        """Lets no worker ask for as long as the model's server said with a 429."""
        after_s = retry_after_s(failed)
        if route.requests is not None and failed.error_class == "throttled" and after_s is not None:
            await route.requests.refused(after_s)


def counted(tokens: int | None) -> int | None:
    """Returns a count of tokens as a server told it; None, which is unknown, for one that cannot be."""
    return tokens if tokens is not None and 0 <= tokens <= MOST_TOKENS else None


def _tokens(failed: Failed) -> tuple[int | None, int | None] | None:
    """Returns what an answer that was no good took, where its model told it."""
    took = [failed.attributes.get(name) for name in ("input_tokens", "output_tokens")]
    counts = [counted(one) if isinstance(one, int) else None for one in took]
    return None if counts == [None, None] else (counts[0], counts[1])
