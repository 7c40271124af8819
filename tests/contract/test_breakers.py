"""Breakers that all workers share through one PostgreSQL, and cases whose dependency is down and comes back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import pairwise

import pytest

from bridgehead.app import App
from bridgehead.clock import boot_s
from bridgehead.errors import Failed, Unavailable
from bridgehead.resilience.breaker import Change, Policy, Ramp, Row
from bridgehead.resilience.dependency import Dependencies, Dependency
from bridgehead.resilience.retry import RetryBudget
from bridgehead.settings import Settings
from bridgehead.storage.breakers import BreakerRows
from tests.support.http_server import Asked, Told, http_server
from tests.support.world import World

DOWN = Failed("refused", error_class="dependency_down", applied=False)
QUICK = Policy(open_s=0.05, open_most_s=0.1)


async def call(dependency: Dependency, failed: Failed | None = None, *, repeat: bool = False) -> bool:
    """Makes one call that ends so, and returns whether it was a probe."""
    async with dependency.call(repeat=repeat) as made:
        await made.ended(failed)
        return made.is_probe


async def put_off(dependency: Dependency) -> float:
    """Returns in how many seconds the case comes again whose call is put off."""
    with pytest.raises(Failed) as caught:
        await call(dependency)
    assert caught.value.applied is False
    assert caught.value.attributes["put_off"] is True
    return float(str(caught.value.attributes["retry_after"]))


async def break_it(dependency: Dependency) -> None:
    """Lets calls fail until the breaker is open."""
    while dependency.row.phase == "closed":
        await call(dependency, DOWN)


@asynccontextmanager
async def two(app: App, settings: Settings, policy: Policy) -> AsyncIterator[tuple[Dependencies, Dependencies]]:
    """Gives two processes' views over one database, the second over connections of its own."""
    async with App.opened(settings) as other:
        views = Dependencies(app.breakers, policy=policy), Dependencies(other.breakers, policy=policy)
        try:
            yield views
        finally:
            for view in views:
                await view.aclose()


async def until(condition: object, *, timeout_s: float = 5.0) -> float:
    """Waits for a condition and returns how long it took, in seconds."""
    start_s = boot_s()
    while not condition():  # type: ignore[operator]  # any callable
        assert boot_s() - start_s < timeout_s
        await asyncio.sleep(0.01)
    return boot_s() - start_s


async def test_what_one_worker_finds_down_all_leave_alone(app: App, settings: Settings) -> None:
    """P4: a breaker that one worker opens is open in the other within 2 s, though that one has seen no failure."""
    async with two(app, settings, Policy(open_s=30.0)) as (one, other):
        await call(one.of("erp"))
        await call(other.of("erp"))
        await break_it(one.of("erp"))
        assert await until(lambda: other.row("erp").phase == "open") < 2.0
        assert await put_off(other.of("erp")) > 10.0
        assert await call(other.of("crm")) is False


async def test_a_worker_that_was_idle_sends_nothing_in_vain(app: App, settings: Settings) -> None:
    """P4: the first call of a worker that has heard of nothing yet asks before it sends."""
    async with two(app, settings, Policy(open_s=30.0)) as (one, other):
        await break_it(one.of("erp"))
        assert await put_off(other.of("erp")) > 10.0


async def test_one_caller_over_all_workers_tries(app: App, settings: Settings) -> None:
    """P4: while one worker's probe is under way no other call is sent, by whatever worker; three successes close it."""
    async with two(app, settings, QUICK) as (one, other):
        await break_it(one.of("erp"))
        await call(other.of("crm"))
        for _ in range(3):
            await until(lambda: one.row("erp").phase != "open" or one.row("erp").probe_s <= boot_s())
            async with one.of("erp").call(timeout_s=20.0) as probe:
                assert probe.is_probe
                for view in (one, other):
                    await put_off(view.of("erp"))
                await probe.ended(None)
        assert one.row("erp").phase == "closed"
        await until(lambda: other.row("erp").phase == "closed" and other.row("erp").closings == 1)


async def test_the_probe_of_a_worker_that_is_gone_is_another_ones(app: App, settings: Settings) -> None:
    """P3: a probe that says nothing until its call's time is over keeps nobody from trying."""
    async with two(app, settings, QUICK) as (one, other):
        await break_it(one.of("erp"))
        await until(lambda: one.row("erp").probe_s <= boot_s())
        async with one.of("erp").call(timeout_s=0.01):
            await put_off(other.of("erp"))
            await asyncio.sleep(0.6)  # the lease is the call's time and half a second, by the database's clock
            assert await call(other.of("erp")) is True


class Away:
    """A store that does not answer."""

    async def rows(self) -> tuple[float, dict[str, Row]]:
        raise Unavailable("away")

    async def change(self, dependency: str, change: Change) -> tuple[float, Row]:
        raise Unavailable("away")

    async def draw(self, dependency: str, per_s: float, within_s: float) -> float | None:
        raise Unavailable("away")

    async def changes(self, every_s: float) -> AsyncIterator[None]:
        if every_s:
            raise Unavailable("away")
        yield  # an asynchronous generator


async def test_a_database_that_is_away_leaves_each_worker_its_own_breaker() -> None:
    """P4: where the shared breakers cannot be asked a process opens, tries and closes by itself."""
    alone = Dependencies(Away(), policy=QUICK)  # type: ignore[arg-type]  # its generators end at once
    try:
        erp = alone.of("erp")
        await break_it(erp)
        assert alone.row("erp").phase == "open"
        await put_off(erp)
        for _ in range(3):
            await until(lambda: alone.row("erp").probe_s <= boot_s())
            assert await call(erp) is True
        assert alone.row("erp").phase == "closed"
        await call(erp)
    finally:
        await alone.aclose()


async def test_who_is_put_off_comes_back_one_after_another() -> None:
    """P4: cases that wait for one dependency are woken apart, at less than the rate from before its outage."""
    view = Dependencies(policy=Policy(open_s=5.0), ramp=Ramp(ramp_s=100.0))
    erp = view.of("erp")
    await break_it(erp)
    wakes = sorted([await put_off(erp) for _ in range(40)])
    assert wakes[0] >= 4.9
    spacing_s = 1 / view.ramp.back
    assert wakes[-1] == pytest.approx(5.0 + 39 * spacing_s, abs=2 * spacing_s)
    assert all(later - earlier < 2.5 * spacing_s for earlier, later in pairwise(wakes))


async def test_nobody_waits_longer_than_the_outage_explains() -> None:
    """P3: a process that has far more to wake than its rate lets it spreads them over a bounded time."""
    view = Dependencies(policy=Policy(open_s=5.0))
    erp = view.of("erp")
    await break_it(erp)
    wakes = [await put_off(erp) for _ in range(300)]
    assert max(wakes) <= 5.0 + 2 * view.ramp.ramp_s + 2 / view.ramp.back
    assert min(wakes) >= 4.0
    assert max(wakes) - min(wakes) > view.ramp.ramp_s


async def test_calls_come_back_slowly() -> None:
    """P4: right after an outage only some calls are let through, and the cases of the others wait."""
    view = Dependencies(policy=QUICK)
    erp = view.of("erp")
    await break_it(erp)
    for _ in range(3):
        await until(lambda: view.row("erp").probe_s <= boot_s())
        await call(erp)
    through = 0
    for _ in range(20):
        try:
            await call(erp)
        except Failed:
            continue
        through += 1
    assert 1 <= through <= 3


async def test_a_late_failure_from_before_says_nothing() -> None:
    """P4: a call that was sent before the breaker closed and fails after it does not open it again."""
    view = Dependencies(policy=QUICK)
    erp = view.of("erp")
    async with AsyncExitStack() as under_way:
        late = [await under_way.enter_async_context(erp.call()) for _ in range(6)]
        await break_it(erp)
        for _ in range(3):
            await until(lambda: view.row("erp").probe_s <= boot_s())
            await call(erp)
        for one in late:
            await one.ended(DOWN)
    assert view.row("erp").phase == "closed"


async def test_a_repeat_without_budget_is_put_off() -> None:
    """P4: a case that has failed before comes again out of the budget; none left, it waits and nothing is sent."""
    view = Dependencies(budget=RetryBudget(burst=1.0, trickle_s=0.0))
    erp = view.of("erp")
    await call(erp, DOWN, repeat=True)
    with pytest.raises(Failed, match="retry budget"):
        await call(erp, repeat=True)
    for _ in range(10):
        await call(erp)
    await call(erp, repeat=True)


@pytest.mark.parametrize("criticality, through", [("critical", True), ("normal", True), ("sheddable", False)])
async def test_the_least_critical_waits_where_places_are_full(criticality: str, through: bool) -> None:
    """P3: with every place of a dependency taken a sheddable case is put off, and comes again soon."""
    view = Dependencies(places={"erp": 2})
    erp = view.of("erp")
    async with erp.call(), erp.call():
        if through:
            async with erp.call(criticality=criticality):  # type: ignore[arg-type]  # one of the closed list
                assert erp.busy == 3
        else:
            with pytest.raises(Failed) as caught:
                await erp.call(criticality="sheddable").__aenter__()
            assert 0 < float(str(caught.value.attributes["retry_after"])) < 5
    async with erp.call(criticality="sheddable"):
        assert erp.busy == 1


READS = """
import httpx

URL = (Path(__file__).parent / "url").read_text()

@read(timeout="2s")
async def stock(po: str) -> int:
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = await client.get(f"{URL}/stock/{po}")
    if answer.status_code != 200:
        raise Failed("it is down", error_class="dependency_down", applied=False)
    return answer.json()

@reversible(key="po", verify=find)
async def book(po: str) -> Booking:
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = await client.post(f"{URL}/book/{po}")
    if answer.status_code != 200:
        raise Failed("it is down", error_class="dependency_down", applied=False)
    enter(po=po, number=f"N-{po}", amount=1)
    return Booking(f"N-{po}", po, 1)

async def agent(case: Case[dict], ctx: Context) -> Booking:
    await stock(case.input["po"])
    return await book(case.input["po"])
"""


async def test_cases_wait_for_a_dependency_that_is_down_and_all_end(world: World) -> None:
    """P2, P3, P4: while a system is down its cases cost it hardly a call, and once it is back each is done, once."""
    up = {"stock": True, "book": True}

    def answer(asked: Asked) -> Told:
        return Told(200, 7) if up[asked.path.split("/")[1]] else Told(503, None)

    async with http_server(answer) as server:
        world.write(READS, tools="stock: allow\nbook: allow")
        (world.place / "url").write_text(server.url)
        await world.deploy(READS, tools="stock: allow\nbook: allow")
        view = world.app.dependencies
        view.policy, view.ramp = Policy(open_s=0.1, open_most_s=0.3), Ramp(start=20, headroom=50, back=50, ramp_s=0.2)
        up["stock"] = up["book"] = False
        async with world.working():
            for po in range(30):
                await world.submit({"po": f"P-{po}"})

            async def all_have_waited() -> bool:
                # Not at one moment: while the first come again, a machine that is busy has not begun the last.
                rows = await world.rows("select 1 from cases where state = 'waiting' or epoch > 1")
                return len(rows) == 30 and view.row("stock").phase != "closed"

            began_s = boot_s()
            await world.until(all_have_waited, timeout_s=60, what="30 cases that have waited")
            probes = (boot_s() - began_s) / 0.2
            assert len(server.asked) < 30 + 10 + probes, "more than the first calls, the budget and the probes"
            assert not await world.rows("select 1 from effects")
            up["stock"] = True
            await world.until(lambda: _phase(view, "book", "open"), timeout_s=40, what="the second breaker")
            up["book"] = True
            await world.until(world.at_rest, timeout_s=60, what="rest")
        assert {(row["state"], row["outcome"]) for row in await world.cases()} == {("done", "completed")}
        booked = [str(entry["po"]) for entry in world.books()]
        assert sorted(set(booked)) == sorted(booked)
        assert len(booked) == 30


async def _phase(view: Dependencies, name: str, phase: str) -> bool:
    return view.row(name).phase == phase


async def test_workers_draw_their_turns_from_one_row(app: App, settings: Settings) -> None:
    """P4: the turns of two stores follow each other; one that comes too late is not taken, nor one of a lost clock."""
    async with App.opened(settings) as other:
        stores = BreakerRows(app.database), BreakerRows(other.database)
        await stores[0].change("erp", lambda _row, now_s: Row("closed", now_s, now_s, down_s=1.0, closings=1))
        began_s = boot_s()
        waits = [await stores[place % 2].draw("erp", 0.5, 20.0) for place in range(6)]
        apart_s = boot_s() - began_s
        assert waits == pytest.approx([0.0, 2.0, 4.0, 6.0, 8.0, 10.0], abs=apart_s)
        assert await stores[1].draw("erp", 0.5, 11.0 - apart_s) is None
        together = await asyncio.gather(*(store.draw("erp", 1e3, 20.0) for store in stores * 10))
        turns = sorted(turn for turn in together if turn is not None)
        assert len(turns) == 20
        assert turns[-1] == pytest.approx(12.019, abs=boot_s() - began_s)
        async with app.database.connection() as conn:
            await conn.execute("update breakers set turn_at = clock_timestamp() + interval '1 hour'")
        assert await stores[0].draw("erp", 0.5, 1.0) == 0.0
        assert await stores[0].draw("nobody", 0.5, 1.0) is None


async def test_what_all_workers_count_is_one_sum(app: App, settings: Settings) -> None:
    """P4: what each worker counts of cases that came is in the other's row, and wakes nobody."""
    async with two(app, settings, Policy(open_s=30.0)) as views:
        for view in views:
            await call(view.of("erp"))
        await break_it(views[0].of("erp"))
        await until(lambda: views[1].row("erp").phase == "open")
        for view in views:
            for _ in range(5):
                with pytest.raises(Failed):
                    async with view.of("erp").call(fresh=True):
                        raise AssertionError("it is open")
        await until(lambda: all(view.row("erp").arrived == 10 for view in views))
        assert {view.row("erp").before for view in views} == {2}


async def test_the_rows_of_two_stores_are_one(app: App) -> None:
    """P4: a change is applied to what the others left, and everybody is told of it."""
    rows = BreakerRows(app.database)
    heard = rows.changes(30.0)
    await anext(heard)
    now_s, row = await rows.change("erp", lambda _row, now_s: Row("open", now_s, now_s, now_s + 5.0, failures=7))
    await asyncio.wait_for(anext(heard), 5)
    await heard.aclose()
    then_s, found = await BreakerRows(app.database).rows()
    assert (found["erp"].phase, found["erp"].failures) == ("open", 7)
    assert found["erp"].probe_s - row.probe_s == pytest.approx(0.0, abs=1e-3)
    assert 0 <= then_s - now_s < 5
    (known,) = await rows.all()
    assert known.dependency == "erp"
