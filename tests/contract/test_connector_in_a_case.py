"""A system behind its specification alone: its reads and actions are the tools of a governed case."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from bridgehead.connectors.opening import forget
from bridgehead.spec.deployment import Level
from tests.support.world import World
from tests.unit.erp.running import RunningErp

SPEC = """
connector: erp
kind: http
connection: {url: "env:TEST_ERP_URL", timeout: 5s}
auth:
  oauth2: {token_url: "env:TEST_ERP_TOKEN_URL", client_id: bridgehead, client_secret: "env:TEST_ERP_SECRET"}
limits: {rate: 500/s, burst: 50, concurrency: 8}
entities:
  order:
    key: order_number
    max_age: 1m
    fields:
      order_number: {from: order_number, type: code}
      customer: {from: customer, type: code}
      po_number: {from: po_number, type: code}
      status:
        from: status
        type: enum
        values: {open: open, in_production: open, shipped: shipped, cancelled: cancelled}
      total: {from: total, type: money, currency: currency}
      lines:
        from: lines
        type: list
        fields: {item: {from: item, type: code}, quantity: {from: quantity, type: decimal}}
    reads:
      orders_of:
        params: {customer: code, po_number: code}
        request: {path: /orders, query: {customer: "{customer}", po_number: "{po_number}"}}
        rows: items
        paging: {cursor: {at: next, param: cursor}}
        complete: {count: total}
      get_order:
        one: true
        params: {order_number: code}
        request: {path: "/orders/{order_number}"}
actions:
  book:
    effect: reversible
    params:
      customer: code
      po_number: code
      order_date: date
      lines: [{line: integer, item: code, quantity: decimal, unit: code, price: decimal, date: date}]
      total: decimal
    key: [customer, po_number]
    lookup:
      read: orders_of
      with: {customer: "{customer}", po_number: "{po_number}"}
      without: {status: cancelled}
      same:
        total: "{total}"
        lines: {each: lines, do: {item: "{item.item}", quantity: "{item.quantity}"}}
    request:
      method: POST
      path: /orders/import
      body:
        customer: "{customer}"
        po_number: "{po_number}"
        order_date: "{order_date}"
        currency: EUR
        ship_to: C200-1
        header_code: AD
        total: "{total}"
        lines:
          each: lines
          do:
            line: "{item.line}"
            item: "{item.item}"
            quantity: "{item.quantity}"
            unit: "{item.unit}"
            price: "{item.price}"
            date: "{item.date}"
            code: IA
    repeat: if_absent
    result: {entity: order}
    undo: {action: cancel, with: {order_number: "{result.order_number}"}}
    preview:
      order_number: none
      customer: "{customer}"
      po_number: "{po_number}"
      status: open
      lines: []
      total: {amount: "{total}", currency: EUR}
    visible_within: 0.5s
  cancel:
    effect: irreversible
    params: {order_number: code}
    if_match: {read: get_order, with: {order_number: "{order_number}"}}
    request: {method: POST, path: "/orders/{order_number}/cancel", headers: {If-Match: "{version}"}}
    result: {entity: order}
health: {request: {path: /health}}
"""

CODE = """
from datetime import date
from decimal import Decimal
from bridgehead.connectors.opening import connect

erp = connect("erp.yaml")

async def agent(case: Case[dict], ctx: Context) -> str:
    if await erp.tools["orders_of"](customer="C200", po_number=case.input["po"]):
        return "there already"
    line = {"line": 1, "item": "A-1", "quantity": "20", "unit": "C62", "price": "3.10", "date": "2026-12-01"}
    made = await erp.tools["book"](
        customer="C200", po_number=case.input["po"], order_date=date(2026, 11, 2), lines=[line], total=Decimal("62.00"))
    return made.order_number
"""
TOOLS = "orders_of: allow\nbook: allow"


@pytest.fixture
def erp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RunningErp]:
    folder = tmp_path / "erp"
    folder.mkdir()
    running = RunningErp(folder)
    running.start()
    monkeypatch.setenv("TEST_ERP_URL", running.url)
    monkeypatch.setenv("TEST_ERP_TOKEN_URL", f"{running.url}/oauth/token")
    monkeypatch.setenv("TEST_ERP_SECRET", running.secret)
    yield running
    running.stop()


async def deploy(world: World, level: Level = "autonomous") -> None:
    place = world.write(CODE, tools=TOOLS, more="connect: [erp.yaml]")
    (place / "erp.yaml").write_text(textwrap.dedent(SPEC))
    forget(place / "erp.yaml")
    await world.deploy(CODE, tools=TOOLS, more="connect: [erp.yaml]", level=level)


def booked(erp: RunningErp) -> list[str]:
    reply = httpx.get(f"{erp.url}/books", headers={"Authorization": f"Bearer {erp.token()}"}, trust_env=False)
    return [entry["order"]["po_number"] for entry in reply.json()["items"] if entry["endpoint"] != "start"]


def fault(erp: RunningErp, mode: str, path: str, method: str) -> None:
    rule = {"path": path, "method": method, "mode": mode, "count": 1, "seconds": 1}
    httpx.post(f"{erp.url}/faults", json=rule, trust_env=False).raise_for_status()


async def test_a_case_reads_and_books_through_the_specification(world: World, erp: RunningErp) -> None:
    """P1: the reads and actions of a specification are governed tools, and nothing else is needed."""
    await deploy(world)
    await world.submit({"po": "4711"})
    await world.settle()
    (case,) = await world.cases()
    assert case["outcome"] == "completed"
    assert booked(erp) == ["4711"]


@pytest.mark.parametrize("mode", ["lose_reply", "500_after", "throttle", "expire_tokens"])
async def test_every_way_to_fail_books_once(world: World, erp: RunningErp, mode: str) -> None:
    """P2: a lost reply, an error after the effect, a 429 and a token that ends are one booking in the ERP's books."""
    await deploy(world)
    fault(erp, mode, "/orders/import", "POST")
    await world.submit({"po": "4711"})
    await world.settle(timeout_s=40)
    assert booked(erp) == ["4711"]
    assert [case["outcome"] for case in await world.cases()] == ["completed"]


async def test_in_shadow_nothing_is_sent(world: World, erp: RunningErp) -> None:
    """P7: in shadow an action answers with its preview and the system hears nothing of it."""
    await deploy(world, level="shadow")
    await world.submit({"po": "4711"})
    await world.settle()
    assert booked(erp) == []
    (case,) = await world.cases()
    assert case["outcome"] == "completed"


async def test_the_code_of_another_deployment_is_no_rival(world: World, erp: RunningErp) -> None:
    """P1: a process may serve a deployment whose code declares a tool of the name that another's connector has."""
    declared = '@reversible(key="po")\nasync def book(po: str) -> str:\n    return po\n'
    agent = "async def agent(case: Case[dict], ctx: Context) -> str:\n    return await book(case.input['po'])\n"
    other = World(app=world.app, folder=world.folder)
    await other.deploy(declared + agent, tools="book: allow", name="other")
    await deploy(world)
    await world.submit({"po": "4711"})
    await world.settle()
    assert booked(erp) == ["4711"]
