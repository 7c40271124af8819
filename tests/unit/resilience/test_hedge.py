"""Second attempts: when they start, who wins, who is cancelled, and how many there may be."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridgehead.errors import Failed
from bridgehead.resilience import hedge
from bridgehead.resilience.hedge import Attempt, HedgeBudget, Hedging, RunningQuantile, hedged

DURATIONS = st.floats(0, 1e6, allow_nan=False)


class Scene:
    """Attempts that end when the test says so, and a timer and a clock that the test moves."""

    def __init__(self) -> None:
        self.started: list[asyncio.Future[str]] = []
        self.ended: list[Attempt] = []
        self.cancelled: list[int] = []
        self.rang = asyncio.Event()
        self.now = 0.0

    async def run(self) -> str:
        number = len(self.started)
        self.started.append(asyncio.get_running_loop().create_future())
        try:
            return await self.started[number]
        except asyncio.CancelledError:
            self.cancelled.append(number)
            raise

    async def timer(self, seconds: float) -> None:
        await self.rang.wait()

    def call(self, budget: HedgeBudget | None = None, after_s: float | None = 9.0) -> asyncio.Task[str]:
        return asyncio.create_task(
            hedged(
                self.run,
                after_s=after_s,
                budget=budget,
                ended=self.ended.append,
                timer=self.timer,
                now_s=lambda: self.now,
            )
        )

    async def begun(self, count: int) -> None:
        await until(lambda: len(self.started) >= count)

    def endings(self) -> list[tuple[bool, str]]:
        return sorted((attempt.second, attempt.ending) for attempt in self.ended)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110  # one turn of the loop, no time
            await asyncio.sleep(0)


@given(st.lists(DURATIONS, max_size=80), st.integers(1, 20), st.sampled_from([0.5, 0.9, 0.99]))
def test_the_running_quantile_is_that_of_the_last_durations(values: list[float], size: int, share: float) -> None:
    """The quantile is the nearest-rank one of the last so many durations, and memory never exceeds them."""
    found = RunningQuantile(share, size=size, least=1)
    for count, value in enumerate(values, 1):
        found.add(value)
        kept = sorted(values[max(0, count - size) : count])
        assert found.value() == kept[max(0, ceil(share * len(kept)) - 1)]
    assert len(found._order) == len(found._sorted) <= size


def test_a_quantile_of_too_few_durations_is_none() -> None:
    """Nothing is said about a quantile before enough durations are known, and no duration may be nonsense."""
    found = RunningQuantile(size=10, least=3)
    found.add(1.0)
    found.add(2.0)
    assert found.value() is None
    found.add(3.0)
    assert found.value() == 3.0
    for wrong in (-1.0, float("nan")):
        with pytest.raises(ValueError, match="no duration"):
            found.add(wrong)


@given(
    st.lists(st.booleans(), max_size=400), st.sampled_from([0.0, 0.05, 0.11, 1.0]), st.sampled_from([1.0, 5.0, 50.0])
)
def test_second_attempts_never_exceed_their_share(calls: list[bool], share: float, burst: float) -> None:
    """At every moment second attempts are at most the declared share of the first ones."""
    budget = HedgeBudget(share, burst)
    for wants in calls:
        budget.first()
        if wants:
            budget.second()
        assert budget.seconds <= share * budget.firsts + 1e-9


def test_a_budget_is_used_in_full() -> None:
    """Whoever asks for every call gets the whole share and no more."""
    budget = HedgeBudget(0.1)
    for _ in range(1_000):
        budget.first()
        budget.second()
    assert 99 <= budget.seconds <= 100


async def test_a_fast_answer_is_not_hedged() -> None:
    """An answer before the timer is the only attempt."""
    scene = Scene()
    call = scene.call()
    await scene.begun(1)
    scene.started[0].set_result("first")
    assert await call == "first"
    assert scene.endings() == [(False, "answered")]


async def test_the_second_attempt_wins_and_the_first_is_cancelled_and_told_of() -> None:
    """The faster second attempt's answer counts; the first is over before it is returned, with the time it took."""
    scene = Scene()
    call = scene.call()
    await scene.begun(1)
    scene.now = 9.0
    scene.rang.set()
    await scene.begun(2)
    scene.now = 12.0
    scene.started[1].set_result("second")
    assert await call == "second"
    assert scene.cancelled == [0]
    assert [(a.second, a.ending, a.took_s) for a in scene.ended] == [
        (True, "answered", 3.0),
        (False, "cancelled", 12.0),
    ]


async def test_the_first_attempt_may_still_win() -> None:
    """A first attempt that answers after all cancels the second."""
    scene = Scene()
    call = scene.call()
    await scene.begun(1)
    scene.rang.set()
    await scene.begun(2)
    scene.started[0].set_result("first")
    assert await call == "first"
    assert scene.cancelled == [1]
    assert scene.endings() == [(False, "answered"), (True, "cancelled")]


async def test_an_early_error_is_raised_and_not_hedged() -> None:
    """What the first attempt raises before the timer is left to whoever retries."""
    scene = Scene()
    call = scene.call()
    await scene.begun(1)
    scene.started[0].set_exception(Failed("no", error_class="throttled"))
    with pytest.raises(Failed) as raised:
        await call
    assert raised.value.error_class == "throttled"
    assert len(scene.started) == 1


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
async def test_when_both_fail_the_first_ones_error_is_raised(order: tuple[int, int]) -> None:
    """Whichever fails first, the first attempt's class is the one that is raised."""
    scene = Scene()
    call = scene.call()
    await scene.begun(1)
    scene.rang.set()
    await scene.begun(2)
    classes = ("timeout", "throttled")
    for number in order:
        assert not call.done()
        scene.started[number].set_exception(Failed("no", error_class=classes[number]))  # type: ignore[arg-type]  # two of the closed list
        await until(lambda: bool(scene.ended))
    with pytest.raises(Failed) as raised:
        await call
    assert raised.value.error_class == "timeout"
    assert scene.endings() == [(False, "failed"), (True, "failed")]


@pytest.mark.parametrize("failing", [0, 1])
async def test_one_error_does_not_spoil_the_other_attempt(failing: int) -> None:
    """After the hedge has started, one good answer is enough."""
    scene = Scene()
    call = scene.call()
    await scene.begun(1)
    scene.rang.set()
    await scene.begun(2)
    scene.started[failing].set_exception(Failed("no", error_class="transient"))
    await until(lambda: bool(scene.ended))
    scene.started[1 - failing].set_result("good")
    assert await call == "good"


@pytest.mark.parametrize("after_s", [9.0, None])
async def test_no_second_attempt_without_a_budget_or_a_quantile(after_s: float | None) -> None:
    """A call that may not be hedged goes on alone."""
    scene, budget = Scene(), HedgeBudget()
    call = scene.call(budget, after_s)
    await scene.begun(1)
    scene.rang.set()
    for _ in range(20):
        await asyncio.sleep(0)
    assert len(scene.started) == 1
    scene.started[0].set_result("first")
    assert await call == "first"
    assert budget.seconds == 0


async def test_who_has_waited_longest_is_asked_a_second_time_first() -> None:
    """Calls that find the budget empty are hedged in their order once others have earned it, and no more than that."""
    budget = HedgeBudget(0.5)
    scenes = [Scene() for _ in range(3)]
    calls = []
    for waiting, scene in enumerate(scenes, 1):
        calls.append(scene.call(budget))
        scene.rang.set()
        await until(lambda waiting=waiting: budget.waited == waiting)  # type: ignore[misc]  # mypy knows no defaults of lambdas
    scenes[0].started[0].set_result("alone")
    assert await calls[0] == "alone"
    for count in (1, 2, 3):
        budget.first()
        await asyncio.sleep(0)
        assert budget.seconds == count // 2
    await scenes[1].begun(2)
    assert len(scenes[2].started) == 1
    budget.first()
    await scenes[2].begun(2)
    for call, scene in zip(calls[1:], scenes[1:], strict=True):
        scene.started[1].set_result("second")
        assert await call == "second"
    assert budget.seconds == 2


async def test_a_turn_that_nobody_heard_of_is_given_back() -> None:
    """Who stops waiting in the moment of its turn leaves it to the next."""
    budget = HedgeBudget(1.0)
    waiting = asyncio.create_task(budget.turn())
    await until(lambda: budget.waited == 1)
    budget.first()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert budget.seconds == 0
    await budget.turn()
    assert budget.seconds == 1


@pytest.mark.parametrize("gone", ["answered", "cancelled"])
async def test_a_turn_that_comes_too_late_goes_to_the_next(gone: str) -> None:
    """A call that ends in the moment in which its second attempt is granted gives it back."""
    budget = HedgeBudget(1.0)
    one, other = Scene(), Scene()
    first = one.call(budget)
    one.rang.set()
    await until(lambda: budget.waited == 1)
    second = other.call(budget)
    other.rang.set()
    await until(lambda: budget.waited == 2)
    budget.first()  # grants it, and before anybody hears of that the call is over
    if gone == "answered":
        one.started[0].set_result("alone")
        assert await first == "alone"
    else:
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
    await other.begun(2)
    assert len(one.started) == 1
    assert budget.seconds == 1
    other.started[1].set_result("second")
    assert await second == "second"


async def test_a_cancelled_caller_leaves_no_attempt_behind() -> None:
    """Cancelling the call cancels both attempts, and both are over and told of when it ends."""
    scene = Scene()
    call = scene.call()
    await scene.begun(1)
    scene.rang.set()
    await scene.begun(2)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert sorted(scene.cancelled) == [0, 1]
    assert scene.endings() == [(False, "cancelled"), (True, "cancelled")]


async def test_a_loser_that_ignores_its_cancellation_does_not_hold_up_the_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An attempt that goes on regardless is waited for a moment only."""
    monkeypatch.setattr(hedge, "GRACE_S", 0.01)
    let_go = asyncio.Event()
    stubborn: list[asyncio.Task[object] | None] = []

    async def first() -> str:
        stubborn.append(asyncio.current_task())
        while not let_go.is_set():
            try:
                await let_go.wait()
            except asyncio.CancelledError:
                continue
        raise Failed("too late", error_class="bug")

    async def second() -> str:
        return "second"

    assert await hedged(first, second, after_s=0.0) == "second"
    task = stubborn[0]
    assert task is not None
    assert not task.done()
    let_go.set()
    await asyncio.wait({task})


async def test_hedging_learns_from_what_it_cancels() -> None:
    """A first attempt that was cancelled counts as long, so hedging does not pull its own quantile down."""
    hedging = Hedging(RunningQuantile(size=10, least=2), HedgeBudget(1.0))
    for seconds in (0.001, 0.001):
        hedging.quantile.add(seconds)

    async def slow() -> str:
        await asyncio.Event().wait()
        return "never"

    async def fast() -> str:
        return "fast"

    ended: list[Attempt] = []
    assert await hedging.call(slow, fast, ended=ended.append) == "fast"
    assert [a.ending for a in ended] == ["answered", "cancelled"]
    assert list(hedging.quantile._order) == [0.001, 0.001, ended[1].took_s]
    assert ended[1].took_s >= 0.001


async def test_hedging_learns_nothing_from_an_early_error() -> None:
    """A call that fails at once says nothing of how long answers take."""
    hedging = Hedging(RunningQuantile(size=10, least=2))

    async def failing() -> str:
        raise Failed("no", error_class="dependency_down")

    run: Callable[[], Awaitable[str]] = failing
    with pytest.raises(Failed):
        await hedging.call(run)
    assert not hedging.quantile._order


@pytest.mark.parametrize("wrong", [(1.0, 5, 1), (0.0, 5, 1), (0.9, 5, 6), (0.9, 5, 0)])
def test_a_quantile_that_is_none_is_refused(wrong: tuple[float, int, int]) -> None:
    """A share outside of (0, 1), or a least count that the sample never reaches, is an error."""
    share, size, least = wrong
    with pytest.raises(ValueError, match="no quantile"):
        RunningQuantile(share, size=size, least=least)


@pytest.mark.parametrize("wrong", [(1.1, 5.0), (-0.1, 5.0), (0.1, -1.0)])
def test_a_budget_that_is_none_is_refused(wrong: tuple[float, float]) -> None:
    """A share outside of [0, 1] or a negative burst is an error."""
    with pytest.raises(ValueError, match="no budget"):
        HedgeBudget(*wrong)
