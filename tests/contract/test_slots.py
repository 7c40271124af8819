"""Documents and cases have slots of their own: neither waits for the other's."""

from __future__ import annotations

import pytest

from bridgehead.engine import order, reading
from bridgehead.reviews.model import Review
from tests.support.world import World

CODE = """
import time

HERE = Path(__file__).parent

def reader(document, name):
    order = json.loads(document)
    if order.get("hang"):
        (HERE / "hanging").touch()
        while True:
            time.sleep(1)
    return NewCase(input=order, key={"po": order["po"]})

@irreversible(key="po", verify=find)
async def book(po: str, amount: int) -> Booking:
    enter(po=po, number="N", amount=amount)
    return Booking("N", po, amount)

async def agent(case: Case[dict], ctx: Context) -> str:
    if case.input.get("stay"):
        while not (HERE / "released").exists():
            await asyncio.sleep(0.02)
        return "stayed"
    return (await book(case.input["po"], case.input["amount"])).number
"""
TOOLS = "book: {allow: amount <= 1, otherwise: {hold: desk, valid_for: 8h}}"


async def deploy(world: World, concurrency: int) -> None:
    """Deploys for a worker with room for so many cases."""
    await world.deploy(CODE, tools=TOOLS)
    world.app.settings = world.app.settings.model_copy(update={"concurrency": concurrency})


async def held(world: World) -> Review:
    """Runs one order to its approval and returns the review."""
    await world.submit({"po": "held", "amount": 5})
    await world.settle()
    (review,) = await world.reviews()
    return review


async def approve(world: World, review: Review) -> None:
    """Approves what was held."""
    await world.app.reviews.decide(review.id, "approve", by="pat", shown_digest=review.args_digest, resume_s=300.0)


async def booked(world: World) -> bool:
    """Whether the held order is on the books."""
    return any(entry["po"] == "held" for entry in world.books())


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Gives a document 5 s to be read, and lets those after it wait as long."""
    monkeypatch.setattr(order, "ORDER_S", 20 * order.ORDER_S)
    defaults = reading.ReadingProcess.__init__.__kwdefaults__
    assert defaults == {"timeout_s": reading.READ_S}
    monkeypatch.setitem(defaults, "timeout_s", 5.0)


@pytest.mark.usefixtures("short")
async def test_a_hanging_document_holds_up_no_decision(world: World) -> None:
    """P3: while one document hangs and others queue behind it, an approved booking is made at once."""
    await deploy(world, 2)
    review = await held(world)
    await world.submit({"po": "hanging", "amount": 1, "hang": True})
    for number in range(6):
        await world.submit({"po": str(number), "amount": 1})

    async def hanging() -> bool:
        return (world.place / "hanging").exists()

    async with world.working():
        await world.until(hanging, what="the hanging reader")
        await approve(world, review)
        await world.until(lambda: booked(world), timeout_s=4, what="the approved booking")
        assert len(world.books()) == 1
        await world.until(world.at_rest, what="the reading of the others")
    assert [one.kind for one in await world.reviews()] == ["document"]
    assert {entry["po"] for entry in world.books()} == {"held", *map(str, range(6))}


async def test_arrivals_are_read_while_every_case_slot_is_taken(world: World) -> None:
    """P3: cases that keep a worker busy do not keep it from reading what arrives."""
    await deploy(world, 2)
    for number in range(6):
        await world.submit({"po": f"busy-{number}", "stay": True, "amount": 1})

    async def opened() -> bool:
        states = [case["state"] for case in await world.cases()]
        return states.count("running") == 2 and len(states) == 6

    async with world.working():
        await world.until(opened, what="two busy cases and four behind them")
        await world.submit({"po": "late", "amount": 1})

        async def read() -> bool:
            return len(await world.cases()) == 7

        await world.until(read, timeout_s=8, what="the reading of the late one")
        assert world.books() == []
        (world.place / "released").touch()
        await world.until(world.at_rest, what="rest")


async def test_a_decision_comes_before_cases_that_were_only_just_opened(world: World) -> None:
    """P3: however many fresh cases are queued, the one a person has decided goes on next."""
    await deploy(world, 1)
    review = await held(world)
    for number in range(30):
        await world.submit({"po": str(number), "amount": 1})
    await world.submit({"po": "busy", "stay": True, "amount": 1}, name="busy")

    async def opened() -> bool:
        return len(await world.cases()) == 32

    # All are opened, and their hints queued, by a worker that gets no further.
    assert world.loaded is not None
    served = await world.app.serve(world.loaded)
    worker = world.app.worker([served])
    for row in await world.rows("select id from arrivals where state = 'stored' order by id"):
        await worker._read_arrival(row["id"])  # type: ignore[arg-type]  # reading, without the queue
    await worker._reading.close()  # what its run would close
    assert await opened()
    await approve(world, review)
    async with world.working():
        await world.until(lambda: booked(world), what="the decided booking")
        (world.place / "released").touch()
        await world.until(world.at_rest, what="rest")
    assert world.books()[0]["po"] == "held"
    assert len(world.books()) == 31
