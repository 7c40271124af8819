from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from bridgehead.engine import order as engine
from bridgehead.ids import ArrivalId
from bridgehead.spec.tool import JSON
from tests.support.world import World

SLOW_TO_READ = """
import time

def reader(document, name):
    order = json.loads(document)
    while order.get("slow") and not (Path(__file__).parent / "go").exists():
        (Path(__file__).parent / "reading").touch()
        time.sleep(0.01)
    return NewCase(input=order, key={"po": order["po"]})

@reversible(key="po", verify=find)
async def book(po: str, amount: int) -> Booking:
    enter(po=po, number=f"N-{po}", amount=amount)
    return Booking(f"N-{po}", po, amount)

async def agent(case: Case[dict], ctx: Context) -> Booking:
    return await book(case.input["po"], case.input["amount"])
"""
ORIGINAL: dict[str, JSON] = {"po": "1", "amount": 5, "slow": True}
CHANGED: dict[str, JSON] = {"po": "1", "amount": 7}


@dataclass
class Order:
    """What the worker was told of earlier arrivals; ``silent`` lets every earlier one count as not heard of lately."""

    waited: set[int] = field(default_factory=set)
    silent: bool = False


@pytest.fixture
def order(world: World, monkeypatch: pytest.MonkeyPatch) -> Order:
    """Notes which arrivals, once read, were told to wait; the time they wait is as long as no test takes, or none."""
    noted = Order()
    arrivals = world.app.arrivals
    ask = arrivals.under_way

    async def noting(deployment: str, before: ArrivalId, *, within_s: float) -> Sequence[int]:
        found = await ask(deployment, before, within_s=0.0 if noted.silent else within_s)
        if found:
            noted.waited.add(before)
        return found

    monkeypatch.setattr(arrivals, "under_way", noting)
    monkeypatch.setattr(engine, "ORDER_S", 20 * engine.ORDER_S)
    return noted


@asynccontextmanager
async def reading_both(world: World) -> AsyncIterator[int]:
    """Runs a worker whose one reader hangs over the original while the other reads the change; gives its number."""
    await world.deploy(SLOW_TO_READ, tools="book: allow")
    await world.submit(ORIGINAL)
    async with world.working():
        try:

            async def reading() -> bool:
                return (world.place / "reading").exists()

            await world.until(reading)
            yield await world.submit(CHANGED)
            (world.place / "go").touch()
            await world.until(world.at_rest)
        finally:
            (world.place / "go").touch()


async def read_and_waiting(world: World, order: Order, arrival: int) -> None:
    """Returns when an arrival was read and is told to wait; fails when it is settled without."""

    async def told() -> bool:
        return arrival in order.waited or await settled(world, arrival)

    await world.until(told)
    assert not await settled(world, arrival), "it did not wait"


async def settled(world: World, arrival: int) -> bool:
    """Whether an arrival is settled."""
    return bool(await world.rows("select 1 from arrivals where id = %s and state <> 'stored'", arrival))


async def test_a_change_waits_for_its_original(world: World, order: Order) -> None:
    """P2: a change that is read while its original still is, is its revision, and the original is what was booked."""
    async with reading_both(world) as changed:
        await read_and_waiting(world, order, changed)
        assert world.books() == []
    first, second = await world.cases()
    assert (first["revision"], second["revises"]) == (1, first["id"])
    assert world.books()[0]["amount"] == 5
    assert [review.kind for review in await world.reviews()] == ["conflict"]


async def test_an_original_that_was_overtaken_goes_to_a_person(world: World, order: Order) -> None:
    """P2: an original whose reading hung until its change was booked is no revision: a person says which counts."""
    async with reading_both(world) as changed:
        await read_and_waiting(world, order, changed)
        order.silent = True

        async def overtaken() -> bool:
            return await settled(world, changed) and bool(world.books())

        await world.until(overtaken)
        assert [entry["amount"] for entry in world.books()] == [7], "nothing was heard of the original"
    (case,) = await world.cases()
    assert (case["revision"], [entry["amount"] for entry in world.books()]) == (1, [7])
    (review,) = await world.reviews()
    assert (review.kind, review.error_class) == ("document", "conflict")
    assert f"C-{case['id']}" in str(review.shown["reason"])
