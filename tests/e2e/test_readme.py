"""The agent that the README shows, run as it stands there."""

from __future__ import annotations

import re
from datetime import timedelta

from bridgehead.app import load_deployment
from tests.docs import tree
from tests.support.world import World

ACME = '''
"""What the README's agent imports: the types and the ERP of a company."""
import json
from dataclasses import asdict, dataclass
from pathlib import Path

from bridgehead import NewCase

BOOKS = Path(__file__).parent / "books.jsonl"


@dataclass
class Order:
    customer: str
    po_number: str
    total: int


@dataclass
class Customer:
    number: str
    blocked: bool


@dataclass
class Booking:
    number: str


class Erp:
    async def customer(self, number: str) -> Customer:
        return Customer(number, blocked=number.startswith("overdue"))

    async def book(self, order: Order) -> Booking:
        with BOOKS.open("a") as books:
            books.write(json.dumps(asdict(order)) + "\\n")
        return Booking(f"N-{order.po_number}")

    async def find(self, *, key: str, args: dict) -> Booking | None:
        return None

    async def cancel(self, *, key: str, args: dict, result: dict) -> None: ...


erp = Erp()


def read_order(document: bytes, name: str) -> NewCase:
    return NewCase(Order(**json.loads(document)))
'''
RULES = """
deployment: orders
agent: readme_agent:orders
reader: acme:read_order
owner: order-desk@example.com
case: {key: [customer, po_number], deadline: 30m}
tools: {customer: allow, book: allow}
roles: {credit-control: {members: "group:credit"}}
fallback: credit-control
"""


async def test_the_agent_of_the_readme_works(world: World) -> None:
    """P2, P3: the README's agent books an order once, and waits overnight for a person where it says so."""
    found = re.search(r"## An agent\n\n```python\n(.*?)```", (tree.ROOT / "README.md").read_text("utf-8"), re.DOTALL)
    assert found is not None
    world.place.mkdir()
    for name, text in {"readme_agent.py": found[1], "acme.py": ACME, "bridgehead.yaml": RULES}.items():
        (world.place / name).write_text(text)
    world.loaded = load_deployment(world.place)
    await world.app.register(world.loaded)
    await world.app.levels.set_level("orders", "autonomous", by="tester", why="a test")

    await world.submit({"customer": "c", "po_number": "1", "total": 5})
    await world.submit({"customer": "overdue", "po_number": "2", "total": 5})
    await world.settle()
    assert [entry["po_number"] for entry in world.books()] == ["1"]
    (question,) = await world.reviews()
    assert (question.kind, question.role) == ("question", "credit-control")

    await world.pass_time(timedelta(hours=12))
    await world.decide("answer", answer={"number": "by hand"})
    await world.settle()
    assert {case["outcome"] for case in await world.cases()} == {"completed"}
    assert [entry["po_number"] for entry in world.books()] == ["1"]
