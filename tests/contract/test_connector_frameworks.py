"""A connector's tools are the tools of an agent of any framework, with nothing written between."""

from __future__ import annotations

import textwrap

import pytest

from bridgehead.connectors.opening import forget
from tests.contract.test_connector_in_a_case import SPEC, booked, erp, fault
from tests.contract.test_pydantic_ai import INNER as PYDANTIC_AI
from tests.support.langchain_agents import INNER as LANGCHAIN
from tests.support.world import World
from tests.unit.erp.running import RunningErp

__all__ = ["erp"]

CALLS = """
LINE = {"line": 1, "item": "A-1", "quantity": "20", "unit": "C62", "price": "3.10", "date": "2026-12-01"}
REPLIES = (
    [call("orders_of", customer="C200", po_number="4711")],
    [call("book", customer="C200", po_number="4711", order_date="2026-11-02", lines=[LINE], total="62.00")],
    [call("book", customer="C200", po_number="4711", order_date="2026-11-02", lines=[LINE], total="62.00")],
    "booked",
)
"""
OF_PYDANTIC_AI = (
    PYDANTIC_AI
    + """
from bridgehead.connectors.opening import connect
erp = connect("erp.yaml")
"""
    + CALLS
    + """
inner = Agent(scripted(*REPLIES), tools=[erp.tools["orders_of"], erp.tools["book"]])
agent = govern("{module}:inner", prompt="Book {case.input[po]}")
"""
)
OF_LANGCHAIN = (
    LANGCHAIN
    + """
from bridgehead.connectors.opening import connect
erp = connect("erp.yaml")
"""
    + CALLS
    + """
inner = create_agent(scripted(*REPLIES), tools=[erp.tools["orders_of"], erp.tools["book"]])
"""
)
GOVERNS_LANGCHAIN = """
from bridgehead.adapters.langchain import govern
agent = govern("{module}_inner:inner", prompt="Book {case.input[po]}")
"""
TOOLS = "orders_of: allow\nbook: allow"


@pytest.mark.parametrize("framework", ["pydantic-ai", "langchain"])
@pytest.mark.parametrize("mode", ["", "lose_reply"])
async def test_an_agent_of_a_framework_books_through_a_specification(
    world: World, erp: RunningErp, framework: str, mode: str
) -> None:
    """P2: a framework's agent gets a connector's functions as its tools; a repeated call and a lost reply book once."""
    code = OF_PYDANTIC_AI if framework == "pydantic-ai" else GOVERNS_LANGCHAIN
    written = code.replace("{module}", world.module)
    more = "connect: [erp.yaml]\nlimits: {steps: 40, repeats: 5}"
    place = world.write(written, tools=TOOLS, more=more)
    (place / f"{world.module}_inner.py").write_text(OF_LANGCHAIN)
    (place / "erp.yaml").write_text(textwrap.dedent(SPEC))
    forget(place / "erp.yaml")
    await world.deploy(written, tools=TOOLS, more=more)
    if mode:
        fault(erp, mode, "/orders/import", "POST")
    await world.submit({"po": "4711"})
    await world.settle(timeout_s=40)
    assert booked(erp) == ["4711"]
    assert [case["outcome"] for case in await world.cases()] == ["completed"]
