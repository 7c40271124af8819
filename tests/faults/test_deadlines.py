"""A deadline is kept for the cases of a worker that was frozen, killed or cut off, and it cannot act after it."""

from __future__ import annotations

import asyncio

import pytest

from tests.faults.test_real_kills import ORDER, SLOW, TOOLS, announced, reach
from tests.support.world import WorkerProcess, World, end_all

DEADLINE = "6s"
PATIENT = {"BRIDGEHEAD_LEASE_S": "90", "BRIDGEHEAD_SEND_S": "60"}
"""Neither the lease nor the time to send ends while a test lasts: what protects is the deadline."""


async def with_person(world: World) -> bool:
    """Whether the first case is with a person."""
    return [case["state"] for case in await world.cases()][:1] == ["with_person"]


async def left_s(world: World) -> float:
    """Returns how long before its deadline the first case came to a person; negative when it was too late."""
    (row,) = await world.rows(
        "select extract(epoch from c.opened_at + interval '6s' - r.opened_at)::float8 as left_s"
        " from cases c join reviews r on r.case_id = c.id where r.error_class = 'deadline'"
    )
    return float(str(row["left_s"]))


async def two_workers(world: World, workers: list[WorkerProcess]) -> None:
    """Starts a second worker, which finds no case to do."""
    workers.append(world.start_worker(**PATIENT))

    async def there() -> bool:
        return len(await world.rows("select 1 from workers where stopped_at is null")) == 2

    await world.until(there)


async def goes_on(world: World, worker: WorkerProcess) -> None:
    """Thaws a worker and lets it do another case alone: by then it has met the end of its first one."""
    worker.thaw()
    await world.submit({**ORDER, "po": "2"})

    async def done() -> bool:
        return [case["state"] for case in await world.cases()][1:] == ["done"]

    await world.until(done, timeout_s=30)


@pytest.mark.parametrize("how", ["frozen", "killed"])
async def test_the_case_of_a_worker_that_stands_still_is_with_a_person_in_time(world: World, how: str) -> None:
    """P3: while its worker is frozen or was killed a case comes to a person before its deadline, by another worker."""
    await world.deploy(SLOW, tools=TOOLS, deadline=DEADLINE)
    (world.place / "stop-read").touch()
    await world.submit(ORDER)
    workers: list[WorkerProcess] = []
    try:
        workers.append(world.start_worker(**PATIENT))
        await reach(world, "read")
        await two_workers(world, workers)
        if how == "frozen":
            workers[0].freeze()
        else:
            workers[0].kill()
        await world.until(lambda: with_person(world))
        assert await left_s(world) >= 0
        (world.place / "stop-read").unlink()
        if how == "frozen":
            workers.pop().kill()
            await goes_on(world, workers[0])
    finally:
        end_all(workers)
    assert [booked["po"] for booked in world.books()] == (["2"] if how == "frozen" else [])


async def test_what_was_intended_before_the_deadline_is_not_sent_after_it(world: World) -> None:
    """P3: a worker frozen between intent and send, thawed after the deadline, sends nothing."""
    await world.deploy(SLOW, tools=TOOLS, deadline=DEADLINE)
    await world.submit(ORDER)
    workers: list[WorkerProcess] = []
    try:
        workers.append(world.start_worker(STOP_AFTER="intent", **PATIENT))
        await reach(world, "intent")
        await two_workers(world, workers)
        await world.until(lambda: with_person(world))
        assert await left_s(world) >= 0
        (review,) = await world.reviews()
        assert review.shown["unsettled"]
        workers.pop().kill()
        await goes_on(world, workers[0])
        assert announced(world, "send")
    finally:
        end_all(workers)
    assert [booked["po"] for booked in world.books()] == ["2"]


async def test_a_worker_frozen_within_a_transaction_holds_up_no_deadline(world: World) -> None:
    """P3: the connection of who stands still with a case's row locked is ended when the case's time is over."""
    await world.deploy(SLOW, tools=TOOLS, deadline="4s")
    await world.submit(ORDER)
    (world.place / "stop-read").touch()
    workers: list[WorkerProcess] = []
    try:
        workers.append(world.start_worker(**PATIENT))
        await reach(world, "read")
        async with asyncio.timeout(30), world.app.database.connection() as frozen:
            await frozen.execute("begin")
            await frozen.execute("update cases set epoch = epoch")
            workers[0].freeze()
            workers.append(world.start_worker(**PATIENT))
            await world.until(lambda: with_person(world))
            (row,) = await world.rows(
                "select extract(epoch from r.opened_at - c.opened_at)::float8 as s"
                " from reviews r join cases c on c.id = r.case_id"
            )
            assert float(str(row["s"])) < 9  # PostgreSQL itself would let it stand for ten seconds
            await frozen.close()
    finally:
        end_all(workers)
