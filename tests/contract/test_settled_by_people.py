"""What a person says of an unknown effect is held against the tool and its target before it counts."""

from __future__ import annotations

import pytest

from bridgehead.spec.tool import JSON
from tests.support.world import World

CODE = """
async def blind(*, key, args):
    if not (BOOKS.parent / "seeing").exists():
        return None
    return await find(key=key, args=args)

@irreversible(key="po", timeout="1s")
async def book(po: str) -> Booking:
    first = not entries()
    enter(po=po, number="N", amount=0)
    if first:
        raise ConnectionError("the reply was lost")
    return Booking("N", po)

async def agent(case: Case[dict], ctx: Context) -> Booking:
    return await book(case.input["po"])
"""


async def unknown(world: World, code: str) -> None:
    """Books once with the reply lost, up to the question what became of it."""
    await world.deploy(code, tools="book: allow")
    await world.submit({"po": "1"})
    await world.settle()
    assert [review.kind for review in await world.reviews()] == ["unknown_effect"]


@pytest.mark.parametrize("result", [None, {"bogus": 1}, "N-1", {"number": "N-1", "po": []}])
async def test_a_result_of_another_shape_is_asked_for_again(world: World, result: JSON) -> None:
    """P3: a person's word with a result that the tool cannot have returned settles nothing and can be given again."""
    await unknown(world, CODE)
    await world.decide("answer", answer={"happened": True, "result": result})
    await world.settle()
    (review,) = await world.reviews()
    assert review.kind == "unknown_effect"
    assert "pat said that it happened; the result given does not fit" in str(review.shown["reason"])
    assert [row["state"] for row in await world.rows("select state from effects")] == ["unknown"]
    await world.decide("answer", answer={"happened": True, "result": {"number": "N-0", "po": "1"}})
    await world.settle()
    (case,) = await world.cases()
    assert case["outcome"] == "completed"
    assert len(world.books()) == 1


async def test_what_the_target_shows_stands_above_a_persons_no(world: World) -> None:
    """P2: before a call is made again because a person said that it did not happen, it is read back once more."""
    await unknown(world, CODE.replace('timeout="1s"', 'timeout="1s", verify=blind'))
    (world.place / "seeing").touch()
    await world.decide("answer", answer={"happened": False})
    await world.settle()
    (case,) = await world.cases()
    assert case["outcome"] == "completed"
    assert len(world.books()) == 1
