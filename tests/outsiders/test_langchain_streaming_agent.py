from __future__ import annotations

from datetime import timedelta

import pytest

from bridgehead.models.port import Reply
from bridgehead.models.scripted_server import Asked, ScriptedServer
from tests.outsiders import desk as around
from tests.outsiders.desk import Desk, Shop, Talk, say

desk, model, shop, shop_process = around.desk, around.model, around.shop, around.shop_process

TOOLS = """
look_up: allow
send_mail: {hold: desk, within: 12h, valid_for: 24h}
"""


def assistant(asked: Asked) -> Reply:
    """Looks, sends one mail, and says in words what came of it."""
    talk = Talk.of(asked)
    if not talk.count("look_up"):
        look = talk.call("look_up", customer=talk.order["customer"], po_number=talk.order["po"])
        return Reply("Let me see.", (look,), finish_reason="tool_calls")
    if not talk.count("send_mail"):
        return say(talk.mail())
    return say(text=f"It is done: {talk.last('send_mail')}")


@pytest.mark.parametrize("entry", ["answer", None])
async def test_a_streaming_application_waits_overnight_and_streams_on(
    desk: Desk, shop: Shop, model: ScriptedServer, entry: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    """P3: an application whose tools swallow every exception and that streams itself is held, and mails once."""
    model._script = assistant
    options = "" if entry is None else f'run="{{file}}:{entry}"'
    reads = '"look_up": read(),'
    await desk.deploy(of="langchain_streaming_agent", tools=TOOLS, reads=reads, declared="", options=options)
    await desk.order("1")
    await desk.world.settle()
    assert shop.mails() == []
    assert await desk.outcomes() == ["waiting"]
    assert len(model.requests) == 2, "nothing runs on after the suspension"
    assert all(asked.stream is (entry is not None) for asked in model.requests)
    first = capsys.readouterr().out
    await desk.world.pass_time(timedelta(hours=11))
    await desk.world.decide("approve")
    await desk.world.settle()
    assert len(shop.mails()) == 1
    assert await desk.outcomes() == ["completed"]
    assert len(model.requests) == 3
    assert shop.seen().count("GET /customers/C-1") == 1
    if entry is not None:
        shown = capsys.readouterr().out
        assert "Let me see." in first
        assert shown.startswith(first.rstrip("\n")), "recorded turns stream to the application as fresh ones do"
        assert "[send_mail] sent" in shown
        assert "It is done: sent" in shown
