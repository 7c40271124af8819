"""A second attempt where the first takes long: started after the running p90, and the first good answer wins.

Source: J. Dean and L. A. Barroso, "The Tail at Scale", Communications of the ACM 56(2), 2013 ("hedged requests").
Every attempt is paid for, also one that was cancelled; ``Attempt`` tells how each one ended.
"""

from __future__ import annotations

import asyncio
import contextlib
from bisect import bisect_left, insort
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from math import ceil
from typing import Final, Generic, Literal, TypeVar

from bridgehead import clock

T = TypeVar("T")
Run = Callable[[], Awaitable[T]]
Ending = Literal["answered", "failed", "cancelled"]

SHARE: Final = 0.11
"""Second attempts, as a share of first ones: what lies beyond the p90, and a tenth of it for the noise of a sample."""
QUANTILE: Final = 0.9
SAMPLE: Final = 1_000
"""Durations that are kept: the p90 of so many is beyond 9 % to 11 % of what follows, in two of three samples."""
LEAST: Final = 30
"""With fewer durations a p90 says little, and nothing is hedged."""
BURST: Final = 50.0
"""Second attempts that a quiet time saves up: as many more may follow each other when a dependency turns slow."""
GRACE_S: Final = 1.0
"""So long a cancelled attempt is waited for. One that goes on regardless does not hold up the answer."""


@dataclass(slots=True)
class RunningQuantile:
    """The quantile ``share`` of the last ``size`` durations, by nearest rank; memory is bounded by ``size``.

    An attempt that was cancelled counts with the time it had taken: it lies beyond the quantile either way,
    and leaving it out would lower the quantile with every hedge.
    """

    share: float = QUANTILE
    size: int = SAMPLE
    least: int = LEAST
    _order: deque[float] = field(default_factory=deque)
    _sorted: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        if not 0 < self.share < 1 or not 1 <= self.least <= self.size:
            raise ValueError(f"no quantile: {self.share} of {self.least} to {self.size} durations")

    def add(self, seconds: float) -> None:
        """Takes one duration in; the oldest beyond ``size`` is forgotten."""
        if seconds != seconds or seconds < 0:  # noqa: PLR0124  # not a number
            raise ValueError(f"no duration: {seconds}")
        if len(self._order) == self.size:
            del self._sorted[bisect_left(self._sorted, self._order.popleft())]
        self._order.append(seconds)
        insort(self._sorted, seconds)

    def value(self) -> float | None:
        """Returns the quantile in seconds; None while fewer than ``least`` durations are known."""
        count = len(self._sorted)
        return None if count < self.least else self._sorted[max(0, ceil(self.share * count) - 1)]


@dataclass(slots=True)
class HedgeBudget:
    """How many second attempts there may be: never more than ``share`` of the first ones, counted from the start.

    A first attempt earns ``share``, a second one costs one; at most ``burst`` are saved up. Whoever finds none waits
    for its ``turn``: those that have run longest need a second attempt most, and a process that has only just
    begun to learn what is slow asks for more than its share.
    """

    share: float = SHARE
    burst: float = BURST
    firsts: int = 0
    seconds: int = 0
    waited: int = 0
    """How many found no token at once."""
    _tokens: float = 0.0
    _waiting: deque[asyncio.Future[None]] = field(default_factory=deque)

    def __post_init__(self) -> None:
        if not 0 <= self.share <= 1 or self.burst < 0:
            raise ValueError(f"no budget: {self.share} of the calls in bursts of {self.burst}")

    def first(self) -> None:
        """Counts a first attempt."""
        self.firsts += 1
        self._tokens = min(self.burst, self._tokens + self.share)
        self._serve()

    def second(self) -> bool:
        """Returns whether a second attempt may be made, and counts it."""
        if self._tokens < 1.0:
            return False
        self._tokens -= 1.0
        self.seconds += 1
        return True

    async def turn(self) -> None:
        """Returns when a second attempt may be made, and counts it; whoever waited longest comes first."""
        if not self._waiting and self.second():
            return
        self.waited += 1
        mine: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(mine)
        try:
            await mine
        except asyncio.CancelledError:
            if mine.done() and not mine.cancelled():
                self.give_back()
            raise
        finally:
            with contextlib.suppress(ValueError):
                self._waiting.remove(mine)

    def give_back(self) -> None:
        """Takes back a second attempt that was counted and not made."""
        self.seconds -= 1
        self._tokens = min(self.burst, self._tokens + 1.0)
        self._serve()

    def _serve(self) -> None:
        while self._waiting:
            if self._waiting[0].done():  # cancelled, and not yet told
                self._waiting.popleft()
            elif self.second():
                self._waiting.popleft().set_result(None)
            else:
                return


@dataclass(frozen=True, slots=True)
class Attempt:
    """How one attempt ended. ``second`` is the hedge; ``error`` is what a failed one raised."""

    second: bool
    ending: Ending
    took_s: float
    error: BaseException | None = None


async def hedged(
    first: Run[T],
    second: Run[T] | None = None,
    *,
    after_s: float | None,
    budget: HedgeBudget | None = None,
    ended: Callable[[Attempt], None] = lambda _: None,
    timer: Callable[[float], Awaitable[None]] = asyncio.sleep,
    now_s: Callable[[], float] = clock.boot_s,
) -> T:
    """Returns the first good answer of ``first``, and of ``second`` that starts when ``after_s`` have passed.

    ``second`` is ``first`` once more where none is given. None for ``after_s`` is one attempt alone; where ``budget``
    has nothing left, ``second`` starts when its turn comes, if the answer has not come by then. What ``first`` raises
    before then is raised at once: whoever called knows whether to repeat it. When both fail, the error of ``first``
    is raised. The loser is cancelled and waited for, both are when the caller is cancelled; ``ended`` is told of
    each attempt, once.
    """
    if after_s is None:
        return await _alone(first, ended, now_s)
    race: _Race[T] = _Race(ended, now_s)
    try:
        one = race.start(first, second=False)
        if await _outlives(one, timer(max(0.0, after_s))) and await _admitted(one, budget):
            race.start(second or first, second=True)
        return await race.won()
    finally:
        await race.stop()


async def _alone(run: Run[T], ended: Callable[[Attempt], None], now_s: Callable[[], float]) -> T:
    """Makes one attempt that no second one will join: it needs no task of its own."""
    began_s = now_s()
    try:
        answer = await run()
    except asyncio.CancelledError:
        ended(Attempt(second=False, ending="cancelled", took_s=now_s() - began_s))
        raise
    except BaseException as error:
        ended(Attempt(second=False, ending="failed", took_s=now_s() - began_s, error=error))
        raise
    ended(Attempt(second=False, ending="answered", took_s=now_s() - began_s))
    return answer


async def _outlives(task: asyncio.Task[T], event: Awaitable[None]) -> bool:
    """Returns whether a task still runs when an event has come; that is given up when the task ends before."""
    waiting = asyncio.ensure_future(event)
    try:
        await asyncio.wait({task, waiting}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        waiting.cancel()
    return not task.done()


async def _admitted(task: asyncio.Task[T], budget: HedgeBudget | None) -> bool:
    """Returns whether a second attempt is paid for while the first one still runs."""
    if budget is None:
        return True
    counted, admitted = asyncio.ensure_future(budget.turn()), False
    try:
        await asyncio.wait({task, counted}, return_when=asyncio.FIRST_COMPLETED)
        admitted = counted.done() and not task.done()
    finally:
        if not counted.done():
            counted.cancel()
        elif not admitted:
            budget.give_back()
    return admitted


class _Race(Generic[T]):
    """The attempts of one call, in the order in which they began."""

    def __init__(self, ended: Callable[[Attempt], None], now_s: Callable[[], float]) -> None:
        self._ended = ended
        self._now_s = now_s
        self._running: dict[asyncio.Task[T], tuple[bool, float]] = {}
        self._all: list[asyncio.Task[T]] = []

    def start(self, run: Run[T], *, second: bool) -> asyncio.Task[T]:
        task: asyncio.Task[T] = asyncio.ensure_future(_awaited(run))
        self._running[task] = (second, self._now_s())
        self._all.append(task)
        return task

    async def won(self) -> T:
        """Returns the first good answer; raises the first attempt's error when there is none."""
        while self._running:
            done, _ = await asyncio.wait(self._running, return_when=asyncio.FIRST_COMPLETED)
            for task in (task for task in self._all if task in done):
                self._tell(task)
            for task in (task for task in self._all if task in done):
                if not task.cancelled() and task.exception() is None:
                    return task.result()
        return self._all[0].result()

    async def stop(self) -> None:
        """Cancels what still runs and waits for it, ``GRACE_S`` at most."""
        left = list(self._running)
        for task in left:
            task.cancel()
        try:
            if left:
                await asyncio.wait(left, timeout=GRACE_S)
        finally:
            for task in left:
                task.add_done_callback(_looked_at)
                self._tell(task, lost=True)

    def _tell(self, task: asyncio.Task[T], *, lost: bool = False) -> None:
        second, began_s = self._running.pop(task)
        took_s = self._now_s() - began_s
        if lost:  # also one that came to its own end a moment after the other: nobody uses its answer
            self._ended(Attempt(second, "cancelled", took_s))
            return
        error = asyncio.CancelledError() if task.cancelled() else task.exception()
        self._ended(Attempt(second, "answered" if error is None else "failed", took_s, error))


async def _awaited(run: Run[T]) -> T:
    return await run()


def _looked_at(task: asyncio.Task[T]) -> None:
    if not task.cancelled():
        task.exception()


@dataclass(slots=True)
class Hedging:
    """What one process knows of one dependency to hedge its calls: how long they take, and how many it may hedge.

    The bound needs no shared state: the sum over workers of at most a share each is at most that share of the sum.
    """

    quantile: RunningQuantile = field(default_factory=RunningQuantile)
    budget: HedgeBudget = field(default_factory=HedgeBudget)

    async def call(
        self,
        first: Run[T],
        second: Run[T] | None = None,
        *,
        ended: Callable[[Attempt], None] = lambda _: None,
        allowed: bool = True,
    ) -> T:
        """Returns what ``hedged`` returns, and learns from how long the first attempt took.

        ``allowed=False`` makes one attempt and learns all the same.
        """
        after_s = self.quantile.value() if allowed else None
        self.budget.first()

        def learn(attempt: Attempt) -> None:
            if not attempt.second:
                self._learn(attempt, after_s)
            ended(attempt)

        return await hedged(first, second, after_s=after_s, budget=self.budget, ended=learn)

    def _learn(self, attempt: Attempt, after_s: float | None) -> None:
        """An answer tells how long answers take; a failure, or the caller's own end, only that it took so long."""
        if attempt.ending == "answered" or (after_s is not None and attempt.took_s >= after_s):
            self.quantile.add(attempt.took_s)
