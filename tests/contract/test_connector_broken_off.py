"""An action in two requests that is broken off anywhere: it is found, finished, and never made twice."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from bridgehead.connectors.connector import Connector
from bridgehead.connectors.document import Specification
from bridgehead.connectors.proving.record import record
from bridgehead.errors import Failed, UserError
from tests.support.http_server import Asked, Told, http_server
from tests.support.http_wires import Wired

ARGS = {"po": "7", "total": "10.00"}


@dataclass
class Shop:
    """A system that makes drafts and confirms them; ``lose`` names the requests whose reply is lost, once each."""

    orders: list[dict[str, object]] = field(default_factory=list)
    lose: list[str] = field(default_factory=list)
    confirmed: int = 0
    asked: list[str] = field(default_factory=list)

    def answer(self, asked: Asked) -> Told:
        what = "confirm" if asked.path.endswith("/confirm") else "make" if asked.method == "POST" else "find"
        self.asked.append(what)
        if what == "find":
            return Told(body=[one for one in self.orders if one["po"] == asked.query.get("po")])
        if what == "make":
            made = {"id": str(len(self.orders) + 1), "state": "draft", "stock": "5", **json.loads(asked.body)}
            self.orders.append(made)
        else:
            made = self.orders[int(asked.path.split("/")[2]) - 1]
            if made["state"] != "draft":
                return Told(status=422, body={"detail": "it is confirmed"})
            made["state"] = "confirmed"
            self.confirmed += 1
        if what in self.lose:
            self.lose.remove(what)
            return Told(end="reset")
        return Told(body=made)


@pytest.fixture
async def connected() -> AsyncIterator[tuple[Shop, Connector]]:
    shop = Shop()
    async with http_server(shop.answer) as server, Wired(server.url) as wired:
        find = {"params": {"po": "code"}, "request": {"path": "/orders", "query": {"po": "{po}"}}}
        entity = {
            "key": "id",
            "cache": "1h",
            "fields": {"id": "id", "po": "po", "state": "state", "total": {"type": "decimal"}},
            "reads": {"find": find},
        }
        book = {
            "effect": "irreversible",
            "params": {"po": "code", "total": "decimal"},
            "lookup": {
                "read": "find",
                "with": {"po": "{po}"},
                "same": {"total": "{total}"},
                "done": {"state": "confirmed"},
            },
            "request": {"method": "POST", "path": "/orders", "body": {"po": "{po}", "total": "{total}"}},
            "then": [{"method": "POST", "path": "/orders/{reply.id}/confirm"}],
            "result": {"entity": "order"},
            "repeat": "if_absent",
        }
        spec = Specification.model_validate(
            {
                "connector": "shop",
                "kind": "http",
                "connection": {"url": server.url},
                "retry": {"tries": 1},
                "entities": {"order": entity},
                "actions": {"book": book},
            }
        )
        yield shop, Connector(spec, wired.wire)


async def test_what_is_found_unfinished_is_finished_and_that_is_said(
    connected: tuple[Shop, Connector], tmp_path: Path
) -> None:
    """Equal content that is there as a draft is finished; whoever records it is told that something was sent."""
    shop, connector = connected
    for _ in range(2):
        shop.orders.append(
            {"id": str(len(shop.orders) + 1), "po": f"7{len(shop.orders)}", "state": "draft", "total": "10"}
        )
    await connector.act("book", {"po": "70", "total": "10"}, key="k")
    assert (connector.counters.actions, connector.counters.finished, shop.confirmed) == (0, 1, 1)
    path = tmp_path / "shop.yaml"
    given = connector.spec.model_dump(mode="json", by_alias=True, exclude_unset=True)
    given["entities"]["order"].pop("cache")
    path.write_text(json.dumps(given), encoding="utf-8")
    for said in ("was there, unfinished: what was due was sent", "is there already: nothing was sent"):
        with pytest.raises(UserError, match=said):
            await record(path, "book", {"po": "71", "total": "10"}, write=True)
    assert (shop.confirmed, shop.asked.count("make")) == (2, 0)


@pytest.mark.parametrize("lose", [["make"], ["confirm"], ["make", "confirm"], ["confirm", "confirm"]])
async def test_an_effect_that_was_broken_off_is_finished_once(
    connected: tuple[Shop, Connector], lose: list[str]
) -> None:
    """Whichever reply is lost, and whoever then reads it back or calls again, there is one confirmed order."""
    shop, connector = connected
    shop.lose = list(lose)
    with pytest.raises(Failed) as failed:
        await connector.act("book", ARGS, key="k")
    assert failed.value.applied is None
    for _ in range(3):
        with suppress(Failed):
            await connector.verify("book", ARGS, key="k")
    await connector.act("book", ARGS, key="k")
    assert ([one["state"] for one in shop.orders], shop.confirmed) == (["confirmed"], 1)
    assert shop.asked.count("make") == 1


async def test_another_order_under_the_key_is_never_taken_for_ours(connected: tuple[Shop, Connector]) -> None:
    """Where the key is used for other content nothing is sent, however often it is tried."""
    shop, connector = connected
    shop.orders.append({"id": "1", "po": "7", "state": "confirmed", "total": "11.00"})
    for _ in range(2):
        with pytest.raises(Failed, match=r"already: total: sent '10.00', there: '11.00'") as failed:
            await connector.act("book", ARGS, key="k")
        assert (failed.value.error_class, failed.value.applied) == ("conflict", False)
    assert shop.asked == ["find", "find"]


async def test_a_lost_reply_leaves_nothing_in_memory(connected: tuple[Shop, Connector]) -> None:
    """What was kept in memory before a write is not told after it, also when its reply was lost."""
    shop, connector = connected
    assert (await connector.read("find", {"po": "7"})).records == ()
    assert (await connector.read("find", {"po": "7"})).cached
    shop.lose = ["make"]
    with pytest.raises(Failed):
        await connector.act("book", ARGS, key="k")
    assert len((await connector.read("find", {"po": "7"})).records) == 1
