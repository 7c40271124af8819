from __future__ import annotations

from datetime import timedelta

import pytest

from bridgehead.models.port import Reply
from bridgehead.models.scripted_server import Asked, ScriptedServer
from tests.outsiders import desk as around
from tests.outsiders.desk import Desk, Shop, Talk, say

desk, model, shop, shop_process = around.desk, around.model, around.shop, around.shop_process

DECLARED = """
    "get_overview": read(),
    "repeat_order": reversible(key="new_po_number", verify=look, timeout="1s"),
"""
TOOLS = """
get_customer: allow
find_orders: allow
get_overview: allow
repeat_order: {allow: customer == "C-2", otherwise: {hold: desk, within: 12h, valid_for: 24h}}
send_mail: {allow: to from anything}
"""


def assistant(asked: Asked) -> Reply:
    """Looks, repeats the order the question names, confirms it and says so in words."""
    talk = Talk.of(asked)
    customer, po = talk.order["customer"], talk.order["po"]
    if not talk.count("get_overview"):
        return say(talk.call("get_overview", customer=customer, po_number=po))
    if not talk.count("repeat_order"):
        return say(talk.call("repeat_order", customer=customer, po_number=po, new_po_number=f"{po}-again"))
    if not talk.count("send_mail"):
        return say(talk.mail())
    return say(text=f"It is done: {talk.last('repeat_order')}")


async def asked_to_repeat(desk: Desk, shop: Shop, model: ScriptedServer, entry: str, customer: str) -> None:
    """Lets the assistant work on one question, driven by one of its file's own functions."""
    model._script = assistant
    shop.take({"customer": customer, "po_number": "1", "items": [], "total": 5})
    await desk.deploy(of="streaming_agent", tools=TOOLS, declared=DECLARED, options=f'run="{{file}}:{entry}"')
    await desk.order("1", customer=customer)
    await desk.world.settle()


@pytest.mark.parametrize("entry", ["answer", "answer_in_steps"])
async def test_a_streaming_application_waits_overnight_and_streams_on(
    desk: Desk, shop: Shop, model: ScriptedServer, entry: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """P3: an application that streams its agent itself is held, resumed from the record, and books once."""
    await asked_to_repeat(desk, shop, model, entry, customer="C-1")
    assert [order["po_number"] for order in shop.orders()] == ["1"]
    assert await desk.outcomes() == ["waiting"]
    assert all(asked.stream for asked in model.requests)
    await desk.world.pass_time(timedelta(hours=11))
    capsys.readouterr()
    await desk.world.decide("approve")
    await desk.world.settle()
    assert [order["po_number"] for order in shop.orders()] == ["1", "1-again"]
    assert len(shop.mails()) == 1
    assert await desk.outcomes() == ["completed"]
    assert len(model.requests) == 4
    shown = capsys.readouterr().out
    assert "It is done: booked as S-2" in shown
    if entry == "answer_in_steps":
        assert shown.count("-> get_overview") == 1, "recorded turns stream to the application as fresh ones do"
    assert shop.seen().count("GET /customers/C-1") == 1


async def test_dependencies_serve_a_shadow_run(desk: Desk, shop: Shop, model: ScriptedServer) -> None:
    """P7: dependencies made by govern(deps=…) serve the reads of a shadow run, and writes stay virtual."""
    model._script = assistant
    deps = """deps=client, """
    await desk.deploy(
        of="streaming_agent",
        tools=TOOLS,
        declared=DECLARED,
        level="shadow",
        options=deps,
        before="""
async def client(case):
    import {file} as theirs
    async with theirs.make_client() as made:
        yield theirs.Deps(made)
    (BOOKS.parent / "closed").touch()
""",
    )
    await desk.order("1", customer="C-2")
    await desk.world.settle()
    assert await desk.outcomes() == ["completed"]
    assert "GET /customers/C-2" in shop.seen()
    assert shop.writes() == []
    assert (desk.world.place / "closed").exists()
    assert not any(asked.stream for asked in model.requests)
