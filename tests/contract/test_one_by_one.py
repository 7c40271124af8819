"""A read for intake is the same read: it looks up what it needs first, and takes its own arguments alone."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bridgehead.connectors.connector import Connector
from bridgehead.connectors.document import Specification
from bridgehead.errors import Failed
from tests.support.http_server import Asked, Told, http_server
from tests.support.http_wires import Wired


def answer(asked: Asked) -> Told:
    if asked.path == "/shops":
        return Told(body=[{"id": "s-1"}])
    return Told(body=[{"id": "7"}] if asked.query.get("shop") == "s-1" else [])


@pytest.fixture
async def connector() -> AsyncIterator[Connector]:
    async with http_server(answer) as server, Wired(server.url) as wired:
        shops = {"key": "id", "fields": {"id": "id"}, "reads": {"shops": {"request": {"path": "/shops"}}}}
        orders = {
            "key": "id",
            "fields": {"id": "id"},
            "reads": {
                "orders": {
                    "params": {"since": "text?"},
                    "let": {"shop": {"read": "shops", "take": "id"}},
                    "request": {"path": "/orders", "query": {"shop": "{shop}", "since": "{since}"}},
                }
            },
        }
        spec = Specification.model_validate(
            {
                "connector": "shop",
                "kind": "http",
                "connection": {"url": server.url},
                "entities": {"shop": shops, "order": orders},
            }
        )
        yield Connector(spec, wired.wire)


async def test_a_polled_read_looks_up_what_it_needs(connector: Connector) -> None:
    """P3: records that a read finds only with what it looks up first are found by intake, too."""
    assert len((await connector.read("orders", {})).records) == 1
    assert len(await connector.one_by_one("orders", {"since": None})) == 1


async def test_an_argument_that_it_does_not_take_asks_nothing(connector: Connector) -> None:
    """P3: a polled read without the argument that its source gives is named instead of asking for everything."""
    with pytest.raises(Failed, match="takes no argument"):
        await connector.one_by_one("orders", {"until": "x"})
