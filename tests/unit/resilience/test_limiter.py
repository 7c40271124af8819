from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import pytest

from bridgehead.clock import boot_s
from bridgehead.connectors.limits import LocalLimits, NoLimits
from bridgehead.connectors.ports import Limits
from bridgehead.errors import Failed, Unavailable
from bridgehead.resilience.limiter import Limiter
from bridgehead.resilience.ports import Bounds, Drawn, Held
from bridgehead.resilience.rate import Rate


class Store:
    """Passes on to a local store and notes what it was asked; ``away`` makes it fail as a lost database does."""

    def __init__(self) -> None:
        self.inner = LocalLimits("x", Bounds())._store
        self.asked: list[str] = []
        self.away = False
        self.fewest: int | None = None
        self.lost = False
        self.answering = asyncio.Event()
        self.answering.set()

    def note(self, what: str) -> None:
        self.asked.append(what)
        if self.away:
            raise Unavailable("the database does not answer", code="db.unavailable")

    async def draw(self, rate: Rate, count: int, horizon_s: float) -> Drawn:
        self.note(f"draw {count}")
        drawn = await self.inner.draw(rate, count, horizon_s)
        await self.answering.wait()
        return drawn

    async def give_back(self, rate: Rate, count: int, end: str) -> None:
        self.note(f"give back {count}")
        await self.inner.give_back(rate, count, end)

    async def push(self, rate: Rate | None, pause_s: float) -> None:
        self.note("push")
        await self.inner.push(rate, pause_s)

    async def take(self, holder: str, cap: int, count: int, held: int, lease_s: float) -> Held:
        self.note(f"take {count}")
        return await self.inner.take(holder, cap, count, held, lease_s)

    async def renew(self, holder: str, lease_s: float) -> Held:
        self.note("renew")
        found = await self.inner.renew(holder, lease_s)
        return Held(() if self.lost else found.places, found.pause_s, self.fewest)

    async def release(self, holder: str, places: Sequence[int]) -> None:
        self.note(f"release {len(places)}")
        await self.inner.release(holder, places)


def limiter(
    store: Store, *, rate: Rate | None = None, concurrency: int | None = None, lease_s: float = 15.0
) -> Limiter:
    return Limiter("erp", Bounds(rate, concurrency), store, lease_s=lease_s)


async def admitted(limits: Limits, within_s: float = 5.0) -> float:
    """Passes once and returns when."""
    async with limits.admit(within_s=within_s):
        return boot_s()


async def outcome(limits: Limits, within_s: float) -> Failed | None:
    """Passes once, or returns how it failed."""
    try:
        await admitted(limits, within_s)
    except Failed as error:
        return error
    return None


async def until(condition: Callable[[], object]) -> None:
    """Waits for a condition, ten seconds at most."""
    end_s = boot_s() + 10.0
    while not condition():
        assert boot_s() < end_s
        await asyncio.sleep(0.001)


async def test_without_bounds_nothing_is_asked() -> None:
    """A system with neither rate nor concurrency costs no question, not even when it asks for a pause."""
    store = Store()
    limits = limiter(store)
    for _ in range(100):
        await admitted(limits)
    await limits.refused(0.05)
    started_s = boot_s()
    assert await admitted(limits) - started_s >= 0.04
    assert store.asked == []
    await limits.aclose()


async def test_callers_come_in_order_and_evenly() -> None:
    """Callers pass in the order of coming, the burst at once and then one a spacing, never sooner."""
    limits = LocalLimits("erp", Bounds(Rate(50.0, 3)))
    order: list[int] = []
    passed: list[float] = []

    async def call(number: int) -> None:
        passed.append(await admitted(limits))
        order.append(number)

    started_s = boot_s()
    await asyncio.gather(*(call(number) for number in range(10)))
    assert order == list(range(10))
    assert all(at_s - started_s >= (number - 2) / 50.0 - 0.001 for number, at_s in enumerate(passed))
    await limits.aclose()


async def test_many_callers_share_a_question() -> None:
    """Turns are drawn for those who wait, several in one go, and none for nobody."""
    store = Store()
    limits = limiter(store, rate=Rate(1_000.0, 50))
    await asyncio.gather(*(admitted(limits) for _ in range(40)))
    assert store.asked == ["draw 40"]
    await limits.aclose()


async def test_a_turn_too_late_fails_at_once_and_is_not_lost() -> None:
    """A caller that cannot wait for its turn is told so at once, with the wait, and leaves the turn to others."""
    limits = LocalLimits("erp", Bounds(Rate(2.0)))
    await admitted(limits)
    started_s = boot_s()
    failed = [await outcome(limits, 0.2) for _ in range(3)]
    assert boot_s() - started_s < 0.2
    for error in failed:
        assert error is not None
        assert (error.error_class, error.applied) == ("throttled", False)
        assert 0.2 < float(str(error.attributes["retry_after"])) <= 0.5
    assert 0.3 < await admitted(limits) - started_s < 0.8
    await limits.aclose()


async def test_only_as_many_wait_as_can_be_served_in_time() -> None:
    """Of twenty callers at once with time for three turns the others fail at once, and those in time pass."""
    limits = LocalLimits("erp", Bounds(Rate(10.0)))
    started_s = boot_s()
    found = await asyncio.gather(*(outcome(limits, 0.25) for _ in range(20)))
    assert [error is None for error in found] == [True] * 3 + [False] * 17
    assert boot_s() - started_s < 0.4
    await limits.aclose()


async def test_a_cancelled_callers_turn_goes_to_the_next_or_back() -> None:
    """Who is cancelled leaves its turn to who waits behind it, and nobody's turn is given back."""
    store = Store()
    limits = limiter(store, rate=Rate(5.0))
    await admitted(limits)
    first = asyncio.create_task(admitted(limits))
    await until(lambda: len(store.asked) >= 2)
    second = asyncio.create_task(admitted(limits))
    await asyncio.sleep(0)
    started_s = boot_s()
    first.cancel()
    assert await second - started_s < 0.25
    third = asyncio.create_task(admitted(limits))
    await until(lambda: store.asked.count("draw 1") == 3)
    third.cancel()
    await until(lambda: "give back 1" in store.asked)
    assert await admitted(limits) - started_s < 0.45
    await limits.aclose()


async def test_a_worker_that_stood_still_does_not_catch_up_at_once() -> None:
    """Turns that passed while the process stood still have lapsed: afterwards the rate is kept all the same."""
    limits = LocalLimits("erp", Bounds(Rate(100.0)))
    passed: list[float] = []

    async def call(number: int) -> None:
        passed.append(await admitted(limits))
        if number == 0:
            until_s = boot_s() + 0.3
            while boot_s() < until_s:
                pass

    await asyncio.gather(*(call(number) for number in range(12)))
    # Six turns at most are no later than 0.05 s; the other five are drawn anew, one each 0.01 s.
    assert passed[-1] - passed[0] >= 0.3 + 0.039
    await limits.aclose()


async def test_limits_that_cannot_be_asked_let_nobody_pass() -> None:
    """While the database is away every caller fails with nothing sent, and passes again when it is back."""
    store = Store()
    both = limiter(store, rate=Rate(100.0), concurrency=2)
    store.away = True
    for limits in (limiter(store, rate=Rate(100.0)), limiter(store, concurrency=2), both):
        error = await outcome(limits, 1.0)
        assert error is not None
        assert (error.error_class, error.applied) == ("dependency_down", False)
        assert "the database does not answer" in error.message
    store.away = False
    await admitted(both)
    await both.aclose()


async def test_a_refusal_drops_the_turns_that_were_drawn() -> None:
    """After a 429 nobody passes before its time, nor on a turn drawn earlier, and who cannot wait fails at once."""
    limits = LocalLimits("erp", Bounds(Rate(20.0)))
    await admitted(limits)
    patient = [asyncio.create_task(admitted(limits)) for _ in range(3)]
    hasty = asyncio.create_task(outcome(limits, 0.25))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    started_s = boot_s()
    await limits.refused(0.4)
    error = await hasty
    assert error is not None
    assert error.error_class == "throttled"
    assert boot_s() - started_s < 0.2
    passed = await asyncio.gather(*patient)
    assert min(passed) - started_s >= 0.395
    assert passed == sorted(passed)
    await limits.aclose()


async def test_a_refusal_is_told_at_once_to_who_has_a_turn() -> None:
    """A caller whose turn was drawn and now comes too late does not wait for it in vain."""
    store = Store()
    limits = limiter(store, rate=Rate(1.0))
    await admitted(limits)
    waiting = asyncio.create_task(outcome(limits, 2.0))
    await until(lambda: limits._slots is not None and limits._slots._armed)
    started_s = boot_s()
    await limits.refused(5.0)
    error = await waiting
    assert error is not None
    assert error.error_class == "throttled"
    assert boot_s() - started_s < 0.5
    await limits.aclose()


async def test_a_refusal_counts_for_turns_that_are_just_being_drawn() -> None:
    """A turn whose draw was under way when the system refused is not used before the pause is over."""
    store = Store()
    limits = limiter(store, rate=Rate(100.0))
    store.answering.clear()
    waiting = asyncio.create_task(admitted(limits))
    await until(lambda: "draw 1" in store.asked)
    started_s = boot_s()
    refusing = asyncio.create_task(limits.refused(0.3))
    await asyncio.sleep(0)
    store.answering.set()
    assert await waiting - started_s >= 0.295
    await refusing
    await limits.aclose()


async def test_a_refusal_counts_here_while_the_database_is_away() -> None:
    """A pause that cannot be told to the others is kept here, and told as soon as the database is back."""
    store = Store()
    limits = limiter(store, rate=Rate(100.0))
    store.away = True
    started_s = boot_s()
    await limits.refused(0.3)
    store.away = False
    store.asked.clear()
    assert await admitted(limits) - started_s >= 0.295
    assert store.asked[0] == "push"
    await limits.aclose()


async def test_places_pass_from_caller_to_caller() -> None:
    """Never more are under way than there are places, and a place goes to the next caller without a question."""
    store = Store()
    limits = limiter(store, concurrency=3)
    under_way = most = 0

    async def call() -> None:
        nonlocal under_way, most
        async with limits.admit():
            under_way += 1
            most = max(most, under_way)
            await asyncio.sleep(0)
            under_way -= 1

    await asyncio.gather(*(call() for _ in range(200)))
    assert most == 3
    assert [one for one in store.asked if one.startswith("take")] == ["take 3"]
    await limits.aclose()
    assert store.asked[-1].startswith("release")


async def test_a_place_is_freed_when_nobody_uses_it() -> None:
    """An idle worker holds no place and asks nothing."""
    store = Store()
    limits = limiter(store, concurrency=3)
    await admitted(limits)
    await until(lambda: "release 1" in store.asked)
    places = limits._places
    assert places is not None
    await until(lambda: not places._held and not places._leaving)
    await limits.aclose()


async def test_a_caller_for_whom_no_place_falls_free_is_told() -> None:
    """A caller that waits for a place longer than it may fails with nothing sent; a cancelled one leaves no trace."""
    store = Store()
    limits = limiter(store, concurrency=1)
    async with limits.admit():
        error = await outcome(limits, 0.05)
        assert error is not None
        assert (error.error_class, error.applied) == ("throttled", False)
        assert "1 requests are under way" in error.message
        gone = asyncio.create_task(admitted(limits))
        await asyncio.sleep(0)
        gone.cancel()
    await admitted(limits, 0.5)
    await limits.aclose()


async def test_a_place_given_to_who_is_just_cancelled_is_not_lost() -> None:
    """A caller that is cancelled in the moment it is given a place leaves it to the next one."""
    limits = limiter(Store(), concurrency=1)
    async with limits.admit():
        waiting = asyncio.create_task(admitted(limits))
        await asyncio.sleep(0)
    waiting.cancel()
    assert await outcome(limits, 1.0) is None
    await limits.aclose()


async def test_a_pause_told_to_another_worker_is_kept_here() -> None:
    """Under a bound of requests alone, a 429 that another worker got holds back the callers of this one too."""
    store = Store()
    limits = limiter(store, concurrency=1)
    await store.inner.push(None, 0.4)
    started_s = boot_s()
    assert await admitted(limits) - started_s >= 0.395
    await limits.aclose()


async def test_a_place_whose_lease_was_lost_is_handed_to_nobody() -> None:
    """A place that the shared state no longer knows as this worker's is not used again, also not by who waits here."""
    store = Store()
    limits = limiter(store, concurrency=1)
    async with limits.admit():
        store.lost = True
        store.asked.clear()
        await until(lambda: "renew" in store.asked)
        store.lost = False
        waiting = asyncio.create_task(outcome(limits, 0.2))
        await asyncio.sleep(0)
    assert await waiting is not None
    await limits.aclose()


async def test_a_place_lost_and_taken_anew_is_not_freed_by_its_old_request() -> None:
    """The end of a request whose place was lost frees nothing of who has the place after it."""
    store = Store()
    limits = limiter(store, concurrency=1)
    places = limits._places
    assert places is not None
    old = await places.take(boot_s() + 5.0)
    store.lost = True
    await until(lambda: not places._held)
    store.lost = False
    await store.inner.release(places._holder, [1])
    anew = await places.take(boot_s() + 5.0)
    places._yield = True  # the next place that falls free is for another worker
    places.put_back(old)
    places._yield = False
    assert await outcome(limits, 0.05) is not None
    assert places._held == {1: anew}
    places.put_back(anew)
    assert await outcome(limits, 1.0) is None
    await limits.aclose()


async def test_a_place_is_not_used_beyond_its_lease(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that stood still for longer than its lease asks again before it sends."""
    store = Store()
    limits = limiter(store, concurrency=1, lease_s=0.5)
    await admitted(limits)
    store.asked.clear()
    monkeypatch.setattr("bridgehead.resilience.places.boot_s", lambda: boot_s() + 1.0)
    assert limits._places is not None
    assert limits._places._idle() is None
    await limits.aclose()


async def test_a_worker_with_more_places_lets_one_go_to_one_with_fewer() -> None:
    """When another worker waits that holds fewer, the next place that falls free is freed for it, and only then."""
    store = Store()
    limits = limiter(store, concurrency=2)

    async def busy() -> None:
        while True:
            async with limits.admit():
                await asyncio.sleep(0.01)

    callers = [asyncio.create_task(busy()) for _ in range(4)]
    await until(lambda: store.asked.count("renew") >= 2)
    assert "release 1" not in store.asked
    store.fewest = 1
    await until(lambda: "release 1" in store.asked)
    for caller in callers:
        caller.cancel()
    await asyncio.wait(callers)
    await limits.aclose()


async def test_no_limits_keep_a_pause() -> None:
    """Without limits a caller passes at once, but for the pause that a system asked for."""
    limits = NoLimits()
    await limits.refused(5.0)
    error = await outcome(limits, 1.0)
    assert error is not None
    assert error.error_class == "throttled"
    await limits.aclose()


def test_a_bound_of_nothing_is_refused() -> None:
    """Zero requests under way is no bound but a system that may not be used."""
    with pytest.raises(ValueError, match="no bound"):
        Bounds(concurrency=0)
