"""The queue's hints: taken many at once, in their order, each handed on once, whatever its handler does."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from bridgehead.engine.ports import Due
from bridgehead.engine.queue import ProcrastinateDispatch
from bridgehead.ids import ArrivalId
from tests.support.world import World


class Taking:
    """A dispatch that notes how many hints each look at the queue has taken, and what its handler was told."""

    def __init__(self, world: World) -> None:
        self.dispatch = ProcrastinateDispatch(world.app.database.pool, world.app.database.url)
        self.looks: list[int] = []
        self.told: list[int] = []
        self.at_once = 0
        self._busy = 0
        take = self.dispatch._take

        async def noting(due: Due, most: int) -> Sequence[int]:
            found = await take(due, most)
            self.looks.append(len(found))
            return found

        self.dispatch._take = noting  # type: ignore[method-assign]  # noted, and otherwise the same

    async def handle(self, due: Due, number: int) -> None:
        """Takes a turn of the event loop for each, and fails at every third."""
        assert due == "arrival"
        self._busy += 1
        self.at_once = max(self.at_once, self._busy)
        self.told.append(number)
        await asyncio.sleep(0)
        self._busy -= 1
        if number % 3 == 0:
            raise ValueError("a handler that fails")


async def hint(world: World, taking: Taking, numbers: Sequence[int]) -> None:
    """Queues hints at arrivals."""
    async with world.app.database.transaction() as conn:
        await taking.dispatch.hint(conn, "arrival", numbers, fresh=True)


async def queued(world: World) -> int:
    """Returns how many rows the queue holds."""
    return len(await world.rows("select 1 from procrastinate_jobs"))


async def test_hints_are_taken_many_at_once_and_in_their_order(world: World) -> None:
    """P3: what waits is taken as many at once as there are slots, oldest first; handlers that fail stop nobody."""
    taking = Taking(world)
    await hint(world, taking, [5, 4, 3, 2, 1])
    await hint(world, taking, [10, 9, 8, 7, 6])
    running = asyncio.create_task(taking.dispatch.run(taking.handle, slots={"arrival": 4}))

    async def all_told() -> bool:
        return len(taking.told) >= 10

    await world.until(all_told, what="ten hints")
    await hint(world, taking, [11])

    async def told_at_once() -> bool:
        return len(taking.told) >= 11

    await world.until(told_at_once, timeout_s=1.5, what="a hint that is committed while the queue is empty")
    taking.dispatch.stop()
    await asyncio.wait_for(running, 10)
    assert taking.told == list(range(1, 12))
    assert taking.looks[0] == 4
    assert taking.at_once == 4
    assert await queued(world) == 0


async def test_stopping_waits_for_what_is_under_way_and_leaves_the_rest(world: World) -> None:
    """P3: a dispatch that is told to stop ends with its handlers; hints beyond its slots stay for others."""
    taking, entered, leave = Taking(world), asyncio.Event(), asyncio.Event()

    async def handle(due: Due, number: int) -> None:
        del due
        taking.told.append(number)
        entered.set()
        await leave.wait()

    await hint(world, taking, [1, 2, 3])
    running = asyncio.create_task(taking.dispatch.run(handle, slots={"arrival": 1}))
    await asyncio.wait_for(entered.wait(), 10)
    taking.dispatch.stop()
    done, _ = await asyncio.wait({running}, timeout=0.1)
    assert not done, "it ended before its handler"
    leave.set()
    await asyncio.wait_for(running, 10)
    assert taking.told == [1]
    assert await queued(world) == 2


async def test_only_the_first_attempt_at_an_arrival_is_counted_with_others(world: World) -> None:
    """P3: taking an arrival counts its first attempt; those after a worker's death are counted one by one."""
    await world.deploy("async def agent(case, ctx): ...", tools="{}")
    number = ArrivalId(await world.submit({"po": "1"}))
    firsts = []
    for _ in range(2):
        work = await world.app.arrivals.take(number, ["orders"])
        assert work is not None
        firsts.append(work.first)
    assert firsts == [True, False]
    assert await world.app.arrivals.attempt(number) == 2
