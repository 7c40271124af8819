from __future__ import annotations

import sys
from datetime import timedelta

import pytest

from bridgehead.models.port import Reply
from bridgehead.models.scripted_server import Asked, ScriptedServer
from bridgehead.spec.tool import JSON
from tests.outsiders import desk as around
from tests.outsiders.desk import Desk, Shop, Talk, Tomorrow, clerk, parallelises, repeats, report, rewords, say

desk, model, shop, shop_process = around.desk, around.model, around.shop, around.shop_process


async def test_an_order_is_booked_by_the_unchanged_file(desk: Desk, shop: Shop, model: ScriptedServer) -> None:
    """P2: an agent written for its framework alone books one order and ends with the framework's validated output."""
    await desk.deploy()
    await desk.order("4711")
    await desk.world.settle()
    assert await desk.outcomes() == ["completed"]
    assert [order["po_number"] for order in shop.orders()] == ["4711"]
    assert len(shop.mails()) == 1
    assert len(model.requests) == 4
    costs = await desk.world.rows("select sum(input_tokens) as i, sum(output_tokens) as o from costs")
    assert costs == [{"i": 400, "o": 40}]
    assert await desk.notes("drift") == 0


async def test_in_shadow_no_write_reaches_the_shop(desk: Desk, shop: Shop) -> None:
    """P7: in shadow the agent runs to its end on real reads, and the shop sees no write."""
    await desk.deploy(level="shadow")
    await desk.order("4711")
    await desk.order("4712", amount=2000)
    await desk.world.settle()
    assert await desk.outcomes() == ["completed", "completed"]
    assert shop.writes() == []
    states = await desk.world.rows("select tool, state from effects order by id")
    assert {(row["tool"], row["state"]) for row in states} == {("book_order", "virtual"), ("send_mail", "virtual")}


async def test_an_approval_overnight_resumes_under_another_date(
    desk: Desk, shop: Shop, model: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P3: a case held overnight goes on where it was, though its prompt holds today's date and that has changed."""
    await desk.deploy()
    await desk.order("4711", amount=2000)
    await desk.world.settle()
    assert shop.orders() == []
    asked = len(model.requests)
    assert asked == 2
    await desk.world.pass_time(timedelta(hours=11))
    monkeypatch.setattr(sys.modules[desk.file], "date", Tomorrow)
    await desk.world.decide("approve")
    await desk.world.settle()
    assert await desk.outcomes() == ["completed"]
    assert [order["total"] for order in shop.orders()] == [2000]
    assert len(model.requests) == asked + 2, "recorded turns are served, not asked again"
    assert "2031-01-02" in str(model.requests[-1].body["messages"])
    assert await desk.notes("drift") == 2


async def test_a_rejection_reaches_the_model_as_a_message(desk: Desk, shop: Shop, model: ScriptedServer) -> None:
    """P1: a rejected booking is told to the model, which goes on without it."""
    await desk.deploy()
    await desk.order("4711", amount=2000)
    await desk.world.settle()
    await desk.world.decide("reject", answer="over their limit")
    await desk.world.settle()
    assert await desk.outcomes() == ["completed"]
    assert shop.orders() == []
    assert "over their limit" in Talk.of(model.requests[-1]).last("book_order")


async def test_an_edited_booking_is_made_as_edited(desk: Desk, shop: Shop, model: ScriptedServer) -> None:
    """P1: a person's edited arguments are what the agent's own function is called with."""
    await desk.deploy()
    await desk.order("4711", amount=2000)
    await desk.world.settle()
    line: dict[str, JSON] = {"article": "A4", "quantity": 2, "unit_price": 450.0}
    edited: dict[str, JSON] = {"customer": "C-1", "po_number": "4711", "items": [line], "total": 900}
    await desk.world.decide("edit", answer={"args": edited})
    await desk.world.settle()
    assert [order["items"] for order in shop.orders()] == [[line]]
    assert await desk.outcomes() == ["completed"]


@pytest.mark.parametrize("script", [repeats, parallelises, rewords])
async def test_a_repeated_write_is_made_once(desk: Desk, shop: Shop, model: ScriptedServer, script: object) -> None:
    """P2: whether a model repeats, parallelises or rewords a write, the shop's books hold it once."""
    model._script = script  # type: ignore[assignment]  # one of the scripts above
    await desk.deploy()
    await desk.order("4711")
    await desk.world.settle()
    assert [order["po_number"] for order in shop.orders()] == ["4711"]
    assert len(shop.mails()) == 1
    if script is rewords:
        assert [review.kind for review in await desk.world.reviews()] == ["conflict"]
    else:
        assert await desk.outcomes() == ["completed"]


async def test_a_check_that_sends_nothing_may_say_so(desk: Desk, shop: Shop, model: ScriptedServer) -> None:
    """P2: a write whose own check asks the model to try again is no unknown effect where checks_first says so."""

    def corrects(asked: Asked) -> Reply:
        talk = Talk.of(asked)
        if not talk.count("book_order"):
            return say(talk.booking(total=7))
        return say(talk.booking()) if talk.count("book_order") < 2 else clerk(asked)

    model._script = corrects
    await desk.deploy(options="checks_first=['book_order']", declared=BOOK_BY_ALL)
    await desk.order("4711")
    await desk.world.settle()
    assert await desk.outcomes() == ["completed"]
    assert len(shop.orders()) == 1
    states = await desk.world.rows("select state from effects where tool = 'book_order' order by id")
    assert [row["state"] for row in states] == ["failed", "committed"]


BOOK_BY_ALL = '"book_order": reversible(verify=look, timeout="1s"),'


async def test_a_check_that_says_nothing_leaves_the_write_unknown(
    desk: Desk, shop: Shop, model: ScriptedServer
) -> None:
    """P2: a write that asks the model to try again may have been sent, so a person settles it."""
    model._script = lambda asked: say(Talk.of(asked).booking(total=7))
    await desk.deploy()
    await desk.order("4711")
    await desk.world.settle()
    assert shop.orders() == []
    assert [review.kind for review in await desk.world.reviews()] == ["unknown_effect"]


async def test_a_read_that_asks_to_try_again_is_replayed_so(desk: Desk, shop: Shop, model: ScriptedServer) -> None:
    """P2: a read's own request to try again is on the record and replayed without asking the shop again."""

    def corrects(asked: Asked) -> Reply:
        talk = Talk.of(asked)
        if not talk.count("get_customer"):
            return say(talk.call("get_customer", number="nobody"))
        return say(talk.booking()) if not talk.count("book_order") else report(talk)

    model._script = corrects
    await desk.deploy()
    await desk.order("4711", amount=2000)
    await desk.world.settle()
    await desk.world.decide("approve")
    await desk.world.settle()
    assert await desk.outcomes() == ["completed"]
    assert shop.seen().count("GET /customers/nobody") == 1
    assert await desk.notes("drift") == 0
