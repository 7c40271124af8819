"""A cancellation and the order that it cancels name each other, also where they name their customer differently."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Final

import pytest

from bridgehead.spec.tool import JSON
from tests.cli.calls import Cli

CODE: Final = '''
"""A desk whose documents are orders as JSON: it books those of known customers, and leaves the rest to people."""
import json
from dataclasses import dataclass

from bridgehead import Case, Context, NewCase, read, reversible

NUMBERS = {"10069": "10069", "a@kern.example": "10069", "b@vosges.example": "10070"}


@dataclass
class Booked:
    number: str


@read(max_age="15m")
async def find_customer(name: str) -> dict:
    return {"items": [{"number": NUMBERS[name]}] if name in NUMBERS else []}


@read(max_age="15m")
async def find_orders(customer: str, po_number: str) -> dict:
    return {"items": []}


async def undone(*, key, args, result):
    return None


async def found(*, key, args):
    return {"number": "SO-9"}


@reversible(key="order.po_number", verify=found, undo=undone, idempotent=True)
async def book(order: dict) -> dict:
    return {"number": "SO-9"}


def reader(document, name):
    order = {"warnings": [], "sources": {}, "controls": [], "lines": [], **json.loads(document)}
    who = order["buyer"].get("number") or order["buyer"]["email"]
    return NewCase(input=order, content={"lines": order["lines"]}, key={"customer": who, "po": order["po_number"]})


async def agent(case: Case[dict], ctx: Context) -> Booked:
    buyer = case.input["buyer"]
    customers = (await find_customer(buyer.get("number") or buyer["email"]))["items"]
    for one in customers:
        await find_orders(one["number"], case.input["po_number"])
    if case.input.get("purpose") == "cancel" or case.input.get("doubt"):
        await ctx.hand_over("desk", "a person decides", cause="change", details={"to_do": "do what it asks"})
    return Booked((await book({"po_number": case.input["po_number"]}))["number"])
'''
YAML: Final = """
deployment: orders
agent: {module}:agent
reader: {module}:reader
owner: desk@example.com
case: {{key: [customer, po], deadline: 30m}}
tools: {{find_customer: allow, find_orders: allow, book: allow}}
roles: {{desk: {{members: "group:desk"}}}}
fallback: desk
"""
LINES: Final[list[JSON]] = [{"number": 1, "supplier_part": "P1", "quantity": "100", "unit": "STK", "price": "1.37"}]
KERN: Final[JSON] = {"email": "a@kern.example"}


@pytest.fixture
def desk(cli: Cli, tmp_path: Path) -> Path:
    """Gives the desk's folder, acting on its own."""
    folder = tmp_path / "orders"
    folder.mkdir()
    (folder / f"{cli.module}.py").write_text(CODE)
    (folder / "bridgehead.yaml").write_text(YAML.format(module=cli.module))
    cli.ok("promote", folder, "--to", "autonomous", "--why", "a test", "--by", "pat")
    return folder


def came(cli: Cli, desk: Path, name: str, **order: JSON) -> None:
    """Hands in an order and lets the desk work."""
    cli.ok("submit", desk, "-", "--name", name, stdin=json.dumps(order).encode())
    cli.work(desk)


def short(cli: Cli, number: str) -> str:
    """Returns what an account says in short."""
    return cli.ok("explain", number).out.partition("In short\n")[2].partition("\n\n")[0]


def test_an_order_that_waits_is_not_booked_before_its_cancellation(cli: Cli, desk: Path) -> None:
    """Both name each other with the reason why they are one business, and the order says what it waits for."""
    came(cli, desk, "order.json", po_number="PO-1", buyer={"number": "10069"}, lines=LINES, doubt=True)
    came(cli, desk, "cancel.json", po_number="po-1", buyer=KERN, purpose="cancel")
    order, cancel = short(cli, "C-1"), short(cli, "C-2")
    assert "C-2, which came later about the same business, is with desk (R-2)" in order
    assert "C-2 names its customer otherwise; it is tied to this by order PO-1 of customer 10069 by what the" in order
    assert "- Do not book before C-2 is settled, nor send this case back to the agent; it cancels the order." in order
    assert "- Asked in C-1, and cancelled here: line 1 (P1): 100 STK at 1.37" in cancel
    assert "C-1, which came before about the same business, is with desk (R-1)" in cancel
    assert "- C-1 has the order still to decide: close that one too, bridgehead review R-1" in cancel
    cli.ok("review", "R-2", "answer", "told them it is too late", "--by", "kim")
    assert (
        "- Do not book, nor send this case back to the agent before you know how C-2 ended: it cancels the order, and"
        " is done." in short(cli, "C-1")
    )
    ended = short(cli, "C-2")
    assert re.search(
        r"kim closed it for desk at 20[\d :-]+ \(R-2\) and wrote: told them it is too late\n- To do: nothing\.", ended
    ), ended


def test_a_booked_order_says_that_its_cancellation_waits(cli: Cli, desk: Path) -> None:
    """The booking names what waits about it, and the cancellation the booking, where it can be taken back."""
    came(cli, desk, "order.json", po_number="PO-1", buyer={"number": "10069"}, lines=LINES)
    assert "- To do: nothing." in short(cli, "C-1")
    came(cli, desk, "cancel.json", po_number="PO-1", buyer=KERN, purpose="cancel")
    assert (
        "- To do: nothing here. About the same business C-2, which cancels the order, waits for desk: bridgehead"
        " review R-1" in short(cli, "C-1")
    )
    assert "- C-1 booked the order (E-1). What it did can be taken back there" in short(cli, "C-2")
    assert "bridgehead undo --case C-1 --dry-run shows it" in short(cli, "C-2")
    cli.ok("undo", "--case", "C-1", "--why", "cancelled", "--by", "kim", "--yes", "--deployment", desk)
    assert "booked the order" not in short(cli, "C-2")


def test_the_same_number_of_another_customer_ties_nothing(cli: Cli, desk: Path) -> None:
    """An order number alone makes no business: the customer that was found, or a name that both give, has to agree."""
    came(cli, desk, "order.json", po_number="PO-1", buyer={"number": "10069"}, lines=LINES, doubt=True)
    came(cli, desk, "other.json", po_number="PO-1", buyer={"email": "b@vosges.example"}, purpose="cancel")
    came(cli, desk, "unknown.json", po_number="PO-1", buyer={"email": "c@x.example"}, purpose="cancel")
    told = short(cli, "C-1")
    assert "C-2" not in told
    assert "C-3" not in told
    came(cli, desk, "number.json", po_number="PO-1", buyer={"number": "777", "email": "c@x.example"}, purpose="cancel")
    assert "C-3 names its customer otherwise; it is tied to this by order PO-1 of one customer by" in short(cli, "C-4")
    assert "C-1" not in short(cli, "C-4")
