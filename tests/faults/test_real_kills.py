"""Real worker processes, killed and frozen with real signals; judged by books that are not ours."""

from __future__ import annotations

import time

import pytest

from tests.support.world import World, WorkerProcess, end_all

SLOW = """
IDEMPOTENT = os.environ.get("TARGET", "") == "idempotent"
GATE = Path(__file__).parent

async def point(name):
    '''Announces a point and stays there as long as its file says so.'''
    (GATE / f"at-{name}").touch()
    while (GATE / f"stop-{name}").exists():
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
ORDER = {"po": "1", "customer": "c", "amount": 5}


def announced(world: World, name: str) -> bool:
    """Whether some worker has come to a point."""
    return (world.place / f"at-{name}").exists()


async def reach(world: World, name: str) -> None:
    """Waits until a worker has come to a point."""

    async def there() -> bool:
        return announced(world, name)

    await world.until(there, what=f"the point {name}")


async def finished(world: World) -> bool:
    """Whether every case is done or with a person."""
    rows = await world.rows("select 1 from cases where state not in ('done', 'with_person')")
    cases = await world.rows("select 1 from cases")
    return bool(cases) and not rows


@pytest.mark.parametrize("name", ["read", "send", "reply", "outcome"])
@pytest.mark.parametrize("target", ["idempotent", "plain"])
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
        killed = time.monotonic()
        workers[0].kill()
        await reach(world, "read")
        assert time.monotonic() - killed < 5
    finally:
        end_all(workers)


@pytest.mark.parametrize("target", ["idempotent", "plain"])
async def test_a_zombie_between_intent_and_send_never_doubles(world: World, target: str) -> None:
    """P2: a worker frozen between intent and send, overtaken and thawed, never makes a second booking."""
    await world.deploy(SLOW, tools=TOOLS)
    (world.place / "stop-send").touch()
    await world.submit(ORDER)
    workers: list[WorkerProcess] = []
    try:
        workers.append(world.start_worker(TARGET=target))
        await reach(world, "send")
        workers[0].freeze()
        (world.place / "stop-send").unlink()
        workers.append(world.start_worker(TARGET=target))

        async def over() -> bool:
            return await finished(world) or bool(await world.reviews())

        await world.until(over, timeout_s=40)
        workers[0].thaw()

        async def zombie_knows() -> bool:
            return len(await world.rows("select 1 from workers")) >= 3

        await world.until(zombie_knows, timeout_s=20)
        await world.until(over)
    finally:
        end_all(workers)
    if target == "idempotent":
        assert len(world.books()) == 1
        assert [case["outcome"] for case in await world.cases()] == ["completed"]
    else:
        assert len(world.books()) <= 1
        assert [review.kind for review in await world.reviews()] == ["unknown_effect"]
