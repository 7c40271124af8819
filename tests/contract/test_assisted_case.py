"""A case whose order rules doubt is read again with a model, on the record."""

from __future__ import annotations

import json

import pytest

from bridgehead.documents.assisted.seen import see
from bridgehead.spec.tool import JSON
from bridgehead.storage.queries_cases import CaseQueries
from tests.support.world import World
from tests.unit.documents.pointing import Pointed, answer, mail, numbered

DOUBTED = mail(
    "Purchase order 4711-26", "", "10 pcs AB-1200 gasket at 3.20 EUR 32.00 EUR list 4.00 EUR", "", "Total 32.00 EUR"
)
ITEM: dict[str, Pointed] = {
    "supplier_part": "AB-1200", "quantity": "10", "unit": "pcs", "price": "3.20 EUR", "amount": "32.00 EUR",
}  # fmt: skip
CODE = """
from bridgehead.documents.order import Order
from bridgehead.models import Reply, ScriptedModel, Usage
from bridgehead.templates.purchase_orders.assist import read_again
from bridgehead.templates.purchase_orders.intake import read_arrival

model = ScriptedModel(lambda turn: {reply})

def reader(document, name):
    return read_arrival(document, name, for_model={for_model})

async def agent(case: Case[Order], ctx: Context):
    case = await read_again(case, ctx, model)
    await ctx.ask("desk", "Is it so?", str)
    price = str(case.input.lines[0].price)
    return {{"warnings": list(case.input.warnings), "price": price, "asked": len(model.requests)}}
"""


async def run(world: World, reply: str, *, for_model: bool = True) -> tuple[dict[str, JSON], list[str]]:
    """Runs the order with a pause in between; returns what the agent saw, and the model turns paid for."""
    await world.deploy(CODE.format(reply=reply, for_model=for_model), tools="{}")
    await world.app.arrivals.store("orders", source="file", source_id="1", document=DOUBTED, name="a.eml", actor="test")
    await world.settle()
    await world.decide("answer", answer="yes")
    await world.settle()
    view = await CaseQueries(world.app.database, world.app.vault).case(1)
    assert isinstance(view.outcome, dict), view
    found = view.outcome["output"]
    assert isinstance(found, dict), view
    return found, [f"{cost.name}: {cost.input_tokens}" for cost in view.costs if cost.kind == "model"]


async def test_an_answer_is_recorded_and_asked_for_once(world: World) -> None:
    """P2: the case pauses and runs again from the top, and the model was asked once and paid for once."""
    said = answer(numbered(see(DOUBTED, "a.eml")), {"po_number": "4711-26"}, [ITEM])
    outcome, paid = await run(world, f"Reply(output={said!r}, usage=Usage(700, 90))")
    assert (outcome["warnings"], outcome["price"], outcome["asked"]) == ([], "3.20", 1)
    assert paid == ["scripted: 700"]


async def test_another_answer_leaves_the_value_and_adds_a_doubt(world: World) -> None:
    """The agent sees the price that the rules read, and why a person has to look at it."""
    said = answer(numbered(see(DOUBTED, "a.eml")), {"po_number": "4711-26"}, [{**ITEM, "price": "4.00 EUR"}])
    outcome, _ = await run(world, f"Reply(output={said!r})")
    assert outcome["price"] == "3.20"
    assert "a model reads line 1 price 4.00" in json.dumps(outcome["warnings"])


@pytest.mark.parametrize("for_model", [True, False])
async def test_without_an_answer_or_a_text_the_order_is_the_rules(world: World, for_model: bool) -> None:
    """A model that fails makes no case wait, and a case without the text asks none."""
    outcome, paid = await run(world, "Failed('down', error_class='dependency_down')", for_model=for_model)
    assert outcome["price"] == "3.20"
    assert len(json.dumps(outcome["warnings"])) > 10
    assert len(paid) == int(for_model)
