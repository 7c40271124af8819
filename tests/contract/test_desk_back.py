"""Sending back: the held call is not made, and the agent goes on with what a person told it."""

from __future__ import annotations

import pytest

from bridgehead.desk import reviewing
from bridgehead.desk.reviewing import Decision
from bridgehead.errors import UserError
from tests.support.held import actor, deploy, held, people
from tests.support.world import World

LISTENS = """
@read
async def ask_again(po: str) -> str:
    return po

@reversible(key="po", verify=find)
async def book(po: str, amount: int) -> Booking:
    enter(number=po, po=po, amount=amount)
    return Booking(po, po, amount)

async def agent(case: Case[dict], ctx: Context) -> Booking:
    order = case.input
    try:
        return await book(order["po"], order["amount"])
    except Refused as refused:
        if refused.code != "review.returned":
            raise
        await ask_again(order["po"])
        return await book(order["po"], 5 if "take five" in str(refused) else 15)
"""
TOOLS = """
ask_again: allow
book: {allow: amount <= 10, otherwise: {hold: desk}}
"""


@pytest.fixture
async def desk(world: World) -> World:
    """Gives a world whose agent listens to guidance."""
    await deploy(world, code=LISTENS, tools=TOOLS)
    await people(world, kim="desk")
    return world


async def test_the_agent_goes_on_with_the_guidance(desk: World) -> None:
    """A call that is sent back is not made; what the agent makes of the guidance meets the gate like any call."""
    (one,) = await held(desk, 20)
    decided = await reviewing.decide(desk.app, actor("kim"), one.id, Decision("back", "take five of them"))
    assert (decided.state, decided.answer) == ("returned", "take five of them")
    await desk.settle()
    assert [entry["amount"] for entry in desk.books()] == [5]
    (case,) = await desk.cases()
    assert case["outcome"] == "completed"
    effects = await desk.rows("select state from effects order by id")
    assert [row["state"] for row in effects] == ["cancelled", "committed"]


async def test_what_comes_of_it_may_be_held_again(desk: World) -> None:
    """The agent's next call is held where its own rule says so, and every replay meets the first answer again."""
    (one,) = await held(desk, 20)
    await reviewing.decide(desk.app, actor("kim"), one.id, Decision("back", "that is too many"))
    await desk.settle()
    (again,) = await desk.reviews()
    assert again.shown["args"] == {"po": "PO-20", "amount": 15}
    await reviewing.decide(desk.app, actor("kim"), again.id, Decision("approve"))
    await desk.settle()  # the agent runs from the top: both refusal and reading are served from the journal
    assert [entry["amount"] for entry in desk.books()] == [15]
    steps = await desk.rows("select name, kind from steps where kind = 'read'")
    assert len(steps) == 1
    assert (await desk.cases())[0]["error_class"] is None


async def test_guidance_is_not_left_out(desk: World) -> None:
    """Nothing is sent back without a word, and the review stays open."""
    (one,) = await held(desk, 20)
    for nothing in (None, "  "):
        with pytest.raises(UserError, match="needs guidance"):
            await reviewing.decide(desk.app, actor("kim"), one.id, Decision("back", nothing))
    assert [review.id for review in await desk.reviews()] == [one.id]
