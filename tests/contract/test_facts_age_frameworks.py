"""A model agent's turn rests on what was read: when that is read again and differs, the turn is made anew."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.contract.test_pydantic_ai import INNER as PYDANTIC_AI
from tests.support.langchain_agents import INNER as LANGCHAIN
from tests.support.world import World

TOOLS_CODE = """
@read(max_age="15m")
async def credit(customer: str) -> str:
    '''How a customer stands.'''
    file = HERE / "credit.txt"
    return file.read_text() if file.exists() else "good"

@reversible(key="po", verify=find, timeout="1s")
async def book(po: str, amount: int) -> Booking:
    '''Books an order.'''
    enter(po=po, number=f"N-{po}", amount=amount)
    return Booking(f"N-{po}", po, amount)
"""
REPLIES = """
def decide(messages):
    standing = str(results(messages)[-1])
    return [call("book", po="1", amount=50)] if "good" in standing else "the customer is " + standing

REPLIES = ([call("credit", customer="C-1")], decide, "booked")
"""
OF_PYDANTIC_AI = f"""{PYDANTIC_AI}{TOOLS_CODE}{REPLIES}
inner = Agent(scripted(*REPLIES), tools=[credit, book])
agent = govern("{{module}}:inner", prompt="Book {{case.input[po]}}")
"""
OF_LANGCHAIN = f"""
HERE = Path(__file__).parent
{TOOLS_CODE}
from bridgehead.adapters.langchain import govern
agent = govern("{{module}}_inner:inner", prompt="Book {{case.input[po]}}")
"""
INNER = f"""{LANGCHAIN}
from {{module}} import book, credit
{REPLIES}
inner = create_agent(scripted(*REPLIES), tools=[credit, book])
"""
TOOLS = "book: {hold: desk}\ncredit: allow"


@pytest.mark.parametrize("framework", ["pydantic-ai", "langchain"])
@pytest.mark.parametrize("standing, late", [("good", 16), ("blocked", 14), ("blocked", 16)])
async def test_an_approved_booking_rests_on_no_fact_that_changed(
    world: World, framework: str, standing: str, late: int
) -> None:
    """P5: past max_age a changed fact leads to a fresh turn and, where that goes another way, to a person."""
    code = (OF_PYDANTIC_AI if framework == "pydantic-ai" else OF_LANGCHAIN).replace("{module}", world.module)
    more = "limits: {steps: 40, repeats: 5}"
    place = world.write(code, tools=TOOLS, more=more)
    (place / f"{world.module}_inner.py").write_text(INNER.replace("{module}", world.module))
    await world.deploy(code, tools=TOOLS, more=more, deadline="48h")
    await world.submit({"po": "1"})
    await world.settle()
    assert [review.kind for review in await world.reviews()] == ["approval"]
    (place / "credit.txt").write_text(standing)
    await world.pass_time(timedelta(minutes=late))
    await world.decide("approve")
    await world.settle()
    changed = standing == "blocked" and late > 15
    assert len(world.books()) == (0 if changed else 1)
    assert [review.error_class for review in await world.reviews()] == (["diverged"] if changed else [])
