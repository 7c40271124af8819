"""Real worker processes, killed and frozen with real signals; judged by books that are not ours."""

from __future__ import annotations

import asyncio

import pytest

from bridgehead.clock import boot_s
from bridgehead.spec.tool import JSON
from tests.support.world import WorkerProcess, World, end_all

SLOW = """
import time

IDEMPOTENT = os.environ.get("TARGET", "") == "idempotent"
GATE = Path(__file__).parent

async def point(name):
    '''Announces a point and stays there as long as its file says so.'''
    (GATE / f"at-{name}").touch()
    while (GATE / f"stop-{name}").exists():
        if os.environ.get("BLOCKING"):
            time.sleep(0.01)
        else:
            await asyncio.sleep(0.01)

@read(max_age="15m")
async def customer(number: str) -> str:
    await point("read")
    return f"customer {number}"

async def look(*, key, args):
    if os.environ.get("VERIFY") == "none":
        raise ConnectionError("the target does not answer")
    return await find(key=key, args=args)

@reversible(key="po", verify=look, idempotent=IDEMPOTENT, timeout="1s")
async def book(po: str, amount: int) -> Booking:
    await point("send")
    known = [entry for entry in entries() if entry["key"] == effect_key()]
    if not (IDEMPOTENT and known):
        enter(po=po, number=f"N-{po}", amount=amount, key=effect_key())
    await point("reply")
    return Booking(f"N-{po}", po, amount)

async def agent(case: Case[dict], ctx: Context) -> Booking:
    await customer(case.input["customer"])
    booked = await book(case.input["po"], case.input["amount"])
    await point("outcome")
    return booked
"""
TOOLS = "customer: allow\nbook: allow"
ORDER: dict[str, JSON] = {"po": "1", "customer": "c", "amount": 5}


def announced(world: World, name: str) -> bool:
    """Whether some worker has come to a point."""
    return (world.place / f"at-{name}").exists()


async def reach(world: World, name: str) -> None:
    """Waits until a worker has come to a point."""

    async def there() -> bool:
        return announced(world, name)

    await world.until(there, what=f"the point {name}")


async def finished(world: World) -> bool:
    """Whether every arrival is read and every case is done or with a person."""
    (row,) = await world.rows(
        "select count(*) > 0 and bool_and(state in ('done', 'with_person'))"
        " and not exists (select from arrivals where state = 'stored') as over from cases"
    )
    return bool(row["over"])


@pytest.mark.parametrize(
    "target,name",
    [
        ("plain", "read"),
        ("plain", "send"),
        ("idempotent", "send"),
        ("plain", "reply"),
        ("idempotent", "reply"),
        ("plain", "outcome"),
    ],
)
async def test_kill_at_every_point_books_once(world: World, name: str, target: str) -> None:
    """P2: kill -9 at any point of a case leaves exactly one booking, or none with an open unknown-effect review."""
    await world.deploy(SLOW, tools=TOOLS)
    (world.place / f"stop-{name}").touch()
    await world.submit(ORDER)
    workers: list[WorkerProcess] = []
    try:
        workers.append(world.start_worker(TARGET=target))
        await reach(world, name)
        workers[0].kill()
        (world.place / f"stop-{name}").unlink()
        workers.append(world.start_worker(TARGET=target))

        async def over() -> bool:
            return await finished(world) or bool(await world.reviews())

        await world.until(over, timeout_s=30)
    finally:
        end_all(workers)
    if target == "plain" and name == "send":
        assert world.books() == []
        assert [review.kind for review in await world.reviews()] == ["unknown_effect"]
    else:
        assert len(world.books()) == 1
        assert [case["outcome"] for case in await world.cases()] == ["completed"]


async def test_a_dropped_connection_moves_cases_within_five_seconds(world: World) -> None:
    """P3: the cases of a killed worker are taken up by another within 5 s."""
    await world.deploy(SLOW, tools=TOOLS)
    (world.place / "stop-read").touch()
    await world.submit(ORDER)
    workers: list[WorkerProcess] = []
    try:
        workers.append(world.start_worker())
        await reach(world, "read")
        (world.place / "at-read").unlink()
        workers.append(world.start_worker())

        async def two() -> bool:
            return len(await world.rows("select 1 from workers where stopped_at is null")) == 2

        await world.until(two)
        killed = boot_s()
        workers[0].kill()
        await reach(world, "read")
        assert boot_s() - killed < 5
    finally:
        end_all(workers)


@pytest.mark.parametrize("target", ["idempotent", "plain"])
async def test_a_zombie_between_intent_and_send_never_doubles(world: World, target: str) -> None:
    """P2: a worker stopped between intent and send, overtaken and continued, never makes a second booking."""
    # send_by is what protects: the zombie has committed its intent and run no line of the tool.
    await world.deploy(SLOW, tools=TOOLS)
    await world.submit(ORDER)
    workers: list[WorkerProcess] = []
    try:
        workers.append(world.start_worker(TARGET=target, STOP_AFTER="intent"))
        await reach(world, "intent")
        assert [row["state"] for row in await world.rows("select state from effects")] == ["intended"]
        workers.append(world.start_worker(TARGET=target))

        async def over() -> bool:
            return await finished(world) or bool(await world.reviews())

        await world.until(over, timeout_s=40)
        if target == "plain":
            # The successor has looked, found nothing and must not try again; a person looks too, and lets it go on.
            assert [review.kind for review in await world.reviews()] == ["unknown_effect"]
            assert world.books() == []
            await world.decide("answer", answer={"happened": False})

            async def done() -> bool:
                return await finished(world)

            await world.until(done, timeout_s=20)
        assert len(world.books()) == 1
        workers[0].thaw()
        await registered_anew(world)
    finally:
        end_all(workers)
    assert len(world.books()) == 1
    assert [case["outcome"] for case in await world.cases()] == ["completed"]


@pytest.mark.parametrize("target", ["idempotent", "plain"])
async def test_a_zombie_inside_its_send_never_doubles(world: World, target: str) -> None:
    """P2: a worker frozen in the tool's own code, overtaken and thawed, makes one booking or leaves a review open."""
    # Its code blocks, so no timeout stops it: it goes on to its request as soon as it is thawed. What protects is
    # the key that the target gets, or that nobody tries a second time.
    await world.deploy(SLOW, tools=TOOLS)
    (world.place / "stop-send").touch()
    await world.submit(ORDER)
    workers: list[WorkerProcess] = []
    try:
        workers.append(world.start_worker(TARGET=target, BLOCKING="1"))
        await reach(world, "send")
        workers[0].freeze()
        (world.place / "stop-send").unlink()
        workers.append(world.start_worker(TARGET=target))

        async def over() -> bool:
            return await finished(world) or bool(await world.reviews())

        await world.until(over, timeout_s=40)
        workers[0].thaw()
        await registered_anew(world)
        await world.until(over)
    finally:
        end_all(workers)
    if target == "idempotent":
        assert len(world.books()) == 1
        assert [case["outcome"] for case in await world.cases()] == ["completed"]
    else:
        assert len(world.books()) <= 1
        assert [review.kind for review in await world.reviews()] == ["unknown_effect"]


async def registered_anew(world: World) -> None:
    """Waits until a worker that was declared dead has noticed, and every segment of its first life is over."""

    async def zombie_knows() -> bool:
        return len(await world.rows("select 1 from workers")) >= 3

    await world.until(zombie_knows, timeout_s=20)


SHARED = """
async def agent(case: Case[dict], ctx: Context) -> str:
    (Path(__file__).parent / f"pid-{os.getpid()}").touch()
    while len(list(Path(__file__).parent.glob("pid-*"))) < 2:
        await asyncio.sleep(0.01)
    return "shared"

@reversible(key="po", verify=find)
async def book(po: str, amount: int) -> Booking:
    enter(po=po, number=f"N-{po}", amount=amount)
    return Booking(f"N-{po}", po, amount)
"""


async def test_two_workers_share_the_work(world: World) -> None:
    """P3: cases go to every worker that serves them: none of these ends before two processes run one each."""
    await world.deploy(SHARED, tools="book: allow")
    for number in range(4):
        await world.submit({**ORDER, "po": str(number)})
    workers: list[WorkerProcess] = []
    try:
        workers.extend(world.start_worker(BRIDGEHEAD_CONCURRENCY="1") for _ in range(2))
        await world.until(lambda: finished(world), timeout_s=40)
    finally:
        end_all(workers)
    assert [review.shown for review in await world.reviews()] == []
    assert [case["outcome"] for case in await world.cases()] == ["completed"] * 4


async def test_copies_racing_into_two_workers_book_once(world: World) -> None:
    """P2: one order that arrives many times at once, read by two workers at once, is one case and one booking."""
    await world.deploy(SLOW, tools=TOOLS)
    workers: list[WorkerProcess] = []
    try:
        workers.extend(world.start_worker() for _ in range(2))

        async def two() -> bool:
            return len(await world.rows("select 1 from workers where stopped_at is null")) == 2

        await world.until(two, timeout_s=30)
        await asyncio.gather(*(world.submit(ORDER) for _ in range(30)))

        async def read() -> bool:
            return not await world.rows("select 1 from arrivals where state <> 'read'") and await finished(world)

        await world.until(read, timeout_s=40)
    finally:
        end_all(workers)
    relations = await world.rows(
        "select relation, count(*) as n from arrival_cases group by relation order by relation"
    )
    assert relations == [{"relation": "opened", "n": 1}, {"relation": "resend", "n": 29}]
    assert len(world.books()) == 1


STUCK = """
async def agent(case: Case[dict], ctx: Context) -> str:
    if os.environ.get("STUCK"):
        (Path(__file__).parent / "at-stuck").touch()
        while True:
            pass
    return "done"

@reversible(key="po", verify=find)
async def book(po: str, amount: int) -> Booking:
    return Booking(f"N-{po}", po, amount)
"""


async def test_an_agent_that_never_yields_keeps_no_case(world: World) -> None:
    """P3: a worker whose event loop an agent blocks gives up its cases, though its lease thread lives."""
    await world.deploy(STUCK, tools="book: allow")
    await world.submit(ORDER)
    workers: list[WorkerProcess] = []
    try:
        workers.append(world.start_worker(STUCK="1", BRIDGEHEAD_LEASE_S="0.6", BRIDGEHEAD_SEND_S="0.3"))
        await reach(world, "stuck")
        workers.append(world.start_worker())
        await world.until(lambda: finished(world), timeout_s=40)
    finally:
        end_all(workers)
    assert [case["outcome"] for case in await world.cases()] == ["completed"]
