from __future__ import annotations

from bridgehead.spec.tool import JSON
from tests.support.world import WorkerProcess, World, end_all

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


async def overtaking(world: World, release_after: str) -> list[WorkerProcess]:
    """Runs a worker whose one reader hangs over the original while the other reads the change; returns it."""
    await world.deploy(SLOW_TO_READ, tools="book: allow")
    original = await world.submit(ORIGINAL)
    workers = [world.start_worker()]
    place = world.place

    async def reading() -> bool:
        return (place / "reading").exists()

    try:
        await world.until(reading)
        changed = await world.submit(CHANGED)

        async def taken() -> bool:
            rows = await world.rows("select 1 from arrivals where id = %s and attempts > 0", changed)
            settled = await world.rows("select 1 from arrivals where id = %s and state <> 'stored'", changed)
            return bool(settled if release_after == "settled" else rows)

        await world.until(taken, timeout_s=20)
        (place / "go").touch()

        async def both() -> bool:
            return not await world.rows(
                "select 1 from arrivals where state = 'stored' and id = any(%s)", [original, changed]
            )

        await world.until(both, timeout_s=20)
        await world.until(world.at_rest, timeout_s=20)
    except BaseException:
        end_all(workers)
        raise
    return workers


async def test_a_change_waits_for_its_original(world: World) -> None:
    """P2: a change that is read while its original still is, is its revision, and the original is what was booked."""
    workers = await overtaking(world, "taken")
    end_all(workers)
    first, second = await world.cases()
    assert (first["revision"], second["revises"]) == (1, first["id"])
    assert world.books()[0]["amount"] == 5
    assert [review.kind for review in await world.reviews()] == ["conflict"]


async def test_an_original_that_was_overtaken_goes_to_a_person(world: World) -> None:
    """P2: an original whose reading hung until its change was booked is no revision: a person says which counts."""
    workers = await overtaking(world, "settled")
    end_all(workers)
    (case,) = await world.cases()
    assert (case["revision"], [entry["amount"] for entry in world.books()]) == (1, [7])
    (review,) = await world.reviews()
    assert (review.kind, review.error_class) == ("document", "conflict")
    assert f"C-{case['id']}" in str(review.shown["reason"])
