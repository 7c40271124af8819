from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator

import pytest

from bridgehead.clock import boot_s
from bridgehead.errors import Failed
from bridgehead.resilience.ports import Bounds
from bridgehead.resilience.rate import Rate
from bridgehead.storage.database import Database
from bridgehead.storage.limits import LimitRows, SharedLimits
from bridgehead.storage.migrate import migrate
from tests.support.counting import Counting, workers
from tests.support.limited_worker import Load

RATE, BURST = 100.0, 20


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """Gives an open database with the tables."""
    opened = Database(database_url)
    await opened.open()
    await migrate(opened, queue_schema="")
    yield opened
    await opened.close()


async def all_at_work(seen: Counting, count: int) -> None:
    """Returns when each worker has sent something."""
    while len(set(seen.by)) < count:
        await seen.until(len(seen.by) + 1)


async def test_four_workers_keep_one_rate(database: Database) -> None:
    """Four busy workers together send what the rate gives and no more, in any second, and all heed a 429."""
    async with (
        Counting().open() as seen,
        workers(Load(database.url, seen.port, rate=RATE, burst=BURST, callers=4), 4),
    ):
        await all_at_work(seen, 4)
        start_s = boot_s()
        best = 0
        while best < 0.98 * RATE * 1.5:
            assert boot_s() - start_s < 6.0, f"{best} in the best 1.5 s"
            await seen.until(len(seen.came_s) + 50)
            best = seen.busiest(1.5, start_s=start_s)
        end_s = boot_s()
        assert seen.between(start_s, end_s) <= 1.02 * RATE * (end_s - start_s) + BURST
        assert seen.busiest(1.0) <= 1.02 * RATE + BURST
        assert len(set(seen.by)) == 4

        seen.refuse_until_s = boot_s() + 0.05
        while not seen.refused_s:
            await seen.until(len(seen.came_s) + 1)
        first_s = seen.refused_s[0]
        while seen.came_s[-1] < first_s + 1.0:
            await seen.until(len(seen.came_s) + 1)
        # Turns that the other workers had drawn already are the exception, a tenth of a second's.
        assert seen.between(first_s + 0.25, first_s + 0.99) == 0
        assert seen.between(first_s, first_s + 0.25) <= 0.25 * RATE
        await seen.until(len(seen.came_s) + 30, timeout_s=3.0)
        assert seen.busiest(0.25, start_s=first_s + 1.0) <= 0.25 * RATE + 5, "a pause leaves no burst"


async def test_four_workers_keep_one_bound_of_requests_under_way(database: Database) -> None:
    """Four busy workers never have more requests under way than declared, use every place, and none is left out."""
    async with (
        Counting(answer_s=0.01).open() as seen,
        workers(Load(database.url, seen.port, concurrency=3, callers=4), 4),
    ):
        await all_at_work(seen, 4)
        start = len(seen.by)
        share = Counter[int]()
        while len(share) < 4 or min(share.values()) < 5:
            assert len(seen.by) < start + 2_000, share
            await seen.until(len(seen.by) + 20)
            share = Counter(seen.by[start:])
    assert seen.most == 3


async def test_the_places_of_a_killed_worker_fall_free_with_its_lease(database: Database) -> None:
    """Places held by a worker that is killed are nobody's until their lease ends, and others' then."""
    async with (
        Counting().open() as seen,
        workers(Load(database.url, seen.port, concurrency=2, callers=3, lease_s=1.0), 1) as (worker,),
    ):
        await seen.until(20)
        limits = SharedLimits(database, "counted", Bounds(concurrency=2), lease_s=1.0)
        rows = LimitRows(database, "counted")
        assert (await rows.take("other", 2, 2, 0, 1.0)).places == ()
        killed_s = boot_s()
        worker.kill()
        await asyncio.to_thread(worker.wait)
        async with limits.admit(within_s=5.0), limits.admit(within_s=5.0):
            assert 0.5 < boot_s() - killed_s < 3.0
        await limits.aclose()


async def test_the_database_counts_as_the_arithmetic_does(database: Database) -> None:
    """Draws, returns, pauses and refusals in the database move its time as the pure functions say."""
    rate = Rate(8.0, 3)
    rows = LimitRows(database, "erp")
    first = await rows.draw(rate, 4, 1.0)
    assert (first.count, abs(first.begin_s) < 0.1) == (4, True)
    second = await rows.draw(rate, 1, 1.0)
    assert second.begin_s == pytest.approx(0.5, abs=0.2)
    await rows.give_back(rate, 4, first.end)
    third = await rows.draw(rate, 1, 1.0)
    assert third.begin_s == pytest.approx(0.625, abs=0.2), "another had drawn: nothing came back"
    await rows.give_back(rate, 1, third.end)
    again = await rows.draw(rate, 1, 1.0)
    assert again.end == third.end
    assert (await rows.draw(rate, 1, 0.2)).count == 0, "its first turn is later than that"
    assert (await rows.draw(rate, 1, 1.0)).end > again.end
    await rows.push(rate, 30.0)
    late = await rows.draw(rate, 1, 60.0)
    assert late.begin_s - rate.slack_s == pytest.approx(30.0, abs=0.2)
    other = await LimitRows(database, "shop").draw(rate, 1, 0.0)
    assert other.count == 1


async def test_a_place_has_one_holder(database: Database) -> None:
    """A place is given once, extended and freed only by its holder, and the others hear who waits with fewest."""
    rows = LimitRows(database, "erp")
    assert (await rows.take("a", 3, 5, 0, 0.3)).places == (1, 2, 3)
    waits = await rows.take("b", 3, 1, 0, 5.0)
    assert (waits.places, waits.first) == ((), True)
    behind = await rows.take("c", 3, 1, 0, 5.0)
    assert (behind.places, behind.first) == ((), False), "it came later and holds no fewer"
    assert (await rows.renew("a", 0.3)).fewest == 0
    assert (await rows.renew("b", 5.0)).fewest is None, "that is its own note"
    await rows.release("b", [1, 2, 3])
    assert (await rows.renew("a", 0.3)).places == (1, 2, 3)
    await rows.release("a", [2])
    assert (await rows.take("c", 3, 1, 0, 5.0)).places == (), "it was freed for the first in line"
    assert (await rows.take("b", 3, 1, 0, 5.0)).places == (2,)
    end_s = boot_s() + 5.0
    while not (gone := (await rows.take("c", 3, 2, 0, 5.0)).places):
        assert boot_s() < end_s
    assert set(gone) <= {1, 3}
    await rows.push(None, 20.0)
    assert (await rows.renew("b", 5.0)).pause_s == pytest.approx(20.0, abs=0.5)
    fewer = LimitRows(database, "less")
    assert (await fewer.take("a", 3, 1, 0, 5.0)).places == (1,)
    assert (await fewer.take("b", 1, 1, 0, 5.0)).places == (), "its own bound is one, and that one is taken"


async def test_places_asked_for_at_one_moment_are_given_once(database: Database) -> None:
    """Of many who ask at the same time no two are given one place, and while one is free somebody has it."""
    rows = LimitRows(database, "erp")
    holders = [f"h{number}" for number in range(8)]
    await rows.take("first", 4, 1, 0, 5.0)
    await rows.release("first", [1])
    for _ in range(15):
        given = await asyncio.gather(*(rows.take(holder, 4, 2, 0, 5.0) for holder in holders))
        taken = [place for found in given for place in found.places]
        assert len(taken) == len(set(taken))
        for holder, found in zip(holders, given, strict=True):
            if found.places:
                await rows.release(holder, found.places)
    end_s = boot_s() + 5.0
    while len((await rows.take("last", 4, 4, 0, 5.0)).places) < 4:  # what was freed for one who has gone
        await rows.release("last", [1, 2, 3, 4])
        assert boot_s() < end_s


CLOCK = """
create table moved (by interval not null);
insert into moved values ('1 hour');
create function public.clock_timestamp() returns timestamptz volatile language sql
 as 'select pg_catalog.clock_timestamp() + by from public.moved';
"""


async def test_a_clock_that_goes_back_delays_nobody_longer_than_a_refill(database: Database) -> None:
    """P3: after the database's clock was set back an hour a limit is as if its bucket was empty, and no emptier."""
    async with database.connection() as conn:
        await conn.execute(CLOCK)
    moved = Database(f"{database.url}{'&' if '?' in database.url else '?'}options=-csearch_path%3Dpublic,pg_catalog")
    await moved.open()
    try:
        rate = Rate(8.0, 3)
        rows, others = LimitRows(moved, "erp"), LimitRows(moved, "erp")
        for one in (rows, others):
            assert (await one.draw(rate, 1, 1.0)).count == 1
        await rows.push(rate, 5.0)
        async with moved.connection() as conn:
            await conn.execute("update moved set by = '0'")
        found = await rows.draw(rate, 1, 1.0)
        refill_s = rate.slack_s + rate.spacing_s
        assert (found.count, found.begin_s <= refill_s) == (1, True)
        again = await others.draw(rate, 1, 1.0)
        assert again.count == 1, "whoever sees it second takes nothing away from what was drawn since"
        assert again.begin_s == pytest.approx(refill_s + rate.spacing_s, abs=0.2)
    finally:
        await moved.close()


async def test_turns_drawn_at_one_moment_are_all_different(database: Database) -> None:
    """Of many who draw at the same time no two are given one turn."""
    rows = LimitRows(database, "erp")
    await rows.draw(Rate(10.0), 1, 1.0)
    drawn = await asyncio.gather(*(rows.draw(Rate(10.0), 2, 60.0) for _ in range(20)))
    assert len({found.end for found in drawn}) == 20
    assert max(found.begin_s for found in drawn) > 3.5


async def test_without_its_database_nothing_is_sent(database: Database) -> None:
    """When the shared limits cannot be asked every caller fails with nothing sent, in a class that is tried again."""
    limits = SharedLimits(database, "erp", Bounds(Rate(100.0), 2))
    async with limits.admit():
        pass
    await database.close()
    await asyncio.sleep(0)
    refused = []
    for _ in range(3):
        try:
            async with limits.admit(within_s=2.0):
                pass
        except Failed as error:
            refused.append((error.error_class, error.applied))
    assert refused == [("dependency_down", False)] * 3
    await limits.aclose()


@pytest.mark.parametrize("gone", ["delete from limits", "delete from limit_places", "truncate limits, limit_places"])
@pytest.mark.parametrize("bounds", [Bounds(Rate(RATE, 1)), Bounds(concurrency=1), Bounds(Rate(RATE, 1), 1)])
async def test_rows_that_somebody_deleted_are_made_again(database: Database, gone: str, bounds: Bounds) -> None:
    """A worker that goes on after its system's rows were deleted has its turns again at once, without a new start."""
    limits = SharedLimits(database, "erp", bounds)
    for statement in (gone, gone):
        async with limits.admit(within_s=5.0):
            pass
        await limits.aclose()
        async with database.connection() as conn:
            await conn.execute(statement.encode())
    async with limits.admit(within_s=5.0):
        pass
    await limits.aclose()
