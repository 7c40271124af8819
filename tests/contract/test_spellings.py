from __future__ import annotations

from tests.support.world import World

BOOKS = """
@reversible(key="po", verify=find)
async def book(po: str, amount: int) -> Booking:
    enter(po=po, number=f"N-{po}", amount=amount)
    return Booking(f"N-{po}", po, amount)

async def agent(case: Case[dict], ctx: Context) -> str:
    done = []
    for po in case.input["spellings"]:
        done.append((await book(po, 5)).number)
    return ", ".join(done)
"""


async def test_another_spelling_is_held_as_a_conflict(world: World) -> None:
    """P2: a model that books one order under a second spelling books once, and a person sees the second call."""
    await world.deploy(BOOKS, tools="book: allow")
    await world.submit({"po": "1", "spellings": ["PO-1", "po\u20111 "]})
    await world.settle()
    assert [entry["po"] for entry in world.books()] == ["PO-1"]
    assert [review.kind for review in await world.reviews()] == ["conflict"]


async def test_a_resend_in_another_spelling_is_the_same_order(world: World) -> None:
    """P2: two arrivals whose business keys differ in spelling alone are one case and its revision, booked once."""
    await world.deploy(BOOKS, tools="book: allow")
    for po in ("AT-119", "at-119"):
        await world.submit({"po": po, "spellings": [po]})
        await world.settle()
    assert len(world.books()) == 1
    first, second = await world.cases()
    assert (first["revises"], second["revises"]) == (None, first["id"])
