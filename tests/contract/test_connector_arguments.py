"""What the body of a tool may ask of a connector: the arguments that the specification declares, and all of them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from bridgehead.cases.tools import SYSTEMS, Declaration
from bridgehead.connectors.connector import Connector
from bridgehead.connectors.document import Specification
from bridgehead.connectors.opening import connector
from bridgehead.connectors.toolset import Connected
from bridgehead.errors import Failed, Mismatch
from tests.support.http_server import Told, http_server
from tests.support.http_wires import Wired

ORDER = {"id": "1", "nr": "A1", "total": "10.00", "cur": "EUR"}


def connected(wired: Wired, changes: Mapping[str, object]) -> Connector:
    """Returns a connector of one read and one action over a wire, with ``changes`` to its action."""
    params = {"customer": "code", "po": "code?"}
    entity = {
        "key": "id",
        "fields": {"id": "id", "number": "nr", "total": {"type": "money", "currency": "cur"}},
        "reads": {"find": {"params": params, "request": {"path": "/orders", "query": {"c": "{customer}"}}}},
    }
    action = {
        "effect": "irreversible",
        "params": {"customer": "code?", "po": "code?", "total": "money?"},
        "request": {"method": "POST", "path": "/orders", "body": {"c": "{customer}"}},
        "result": {"entity": "order"},
        **changes,
    }
    spec = Specification.model_validate(
        {
            "connector": "shop",
            "kind": "http",
            "connection": {"url": wired.spec.connection.url},
            "entities": {"order": entity},
            "actions": {"book": action},
        }
    )
    return Connector(spec, wired.wire)


@pytest.mark.parametrize(
    "given, says",
    [
        ({}, "find needs customer"),
        ({"customer": None, "po": "7"}, "find needs customer"),
        ({"custmer": "K"}, "takes no argument 'custmer'"),
        ({"customer": "K", "cursor": "x"}, "takes no argument 'cursor'"),
    ],
)
async def test_a_read_without_its_argument_does_not_bring_everybodys_records(
    given: dict[str, object], says: str
) -> None:
    """A missing or misspelt argument is refused, not left out of the request."""
    async with http_server(lambda _: Told(body=[ORDER])) as server, Wired(server.url) as wired:
        with pytest.raises(Failed, match=says) as failed:
            await connected(wired, {}).read("find", given)
        assert (failed.value.error_class, failed.value.applied) == ("invalid_input", False)
    assert server.asked == []


@pytest.mark.parametrize("given", [{"custmer": "K"}, {"effect_key": "x"}, {"version": "*"}, {"reply": {}}])
async def test_an_action_takes_its_own_arguments_alone(given: dict[str, object]) -> None:
    """Nothing is sent for an unknown argument, one that would stand for a name of the connector's own included."""
    async with http_server(lambda _: Told(body=ORDER)) as server, Wired(server.url) as wired:
        with pytest.raises(Failed, match="takes no argument") as failed:
            await connected(wired, {}).act("book", given, key="k")
        assert failed.value.applied is False
    assert server.asked == []


async def test_a_lookup_that_lacks_its_argument_finds_nobody_elses_order() -> None:
    """Where the lookup's argument is absent it cannot tell whose order is there: nothing is asked and nothing sent."""
    lookup = {"read": "find", "with": {"customer": "{customer}", "po": "{po}"}}
    async with http_server(lambda _: Told(body=[ORDER])) as server, Wired(server.url) as wired:
        with pytest.raises(Failed, match="find needs customer") as failed:
            await connected(wired, {"lookup": lookup}).act("book", {"po": "7"}, key="k")
        assert (failed.value.error_class, failed.value.applied) == ("invalid_input", False)
    assert server.asked == []


LINES = [{"item": "A-1", "quantity": "2.00", "note": "for Ms Grey"}]
STUMBLING = {
    "params": {"customer": "code", "lines": [{"item": "code", "quantity": "decimal", "note": "text?"}]},
    "lookup": {"read": "find", "with": {"customer": "{customer}"}, "same": {"lines": "{lines}"}},
}


def desk(wired: Wired) -> Connector:
    """Returns a connector whose booking is compared line by line."""
    made = connected(wired, STUMBLING)
    spec = made.spec.model_dump(mode="json", by_alias=True, exclude_unset=True)
    spec["entities"]["order"]["fields"]["lines"] = {
        "type": "list",
        "fields": {"item": "item", "quantity": {"type": "decimal"}, "note": {"optional": True, "label": "personal"}},
    }
    return Connector(Specification.model_validate(spec), wired.wire)


async def test_what_is_not_declared_inside_of_an_argument_is_left_out() -> None:
    """A caller that knows more fields of a line than the specification declares meets the same order again."""
    line = {"item": "A-1", "quantity": Decimal(2), "note": "for Ms Grey", "code": "IA", "date": date(2026, 11, 2)}
    async with http_server(lambda _: Told(body=[ORDER | {"lines": LINES}])) as server, Wired(server.url) as wired:
        shop = desk(wired)
        for found in (
            await shop.act("book", {"customer": "K", "lines": [line]}, key="k"),
            await shop.verify("book", {"customer": "K", "lines": (line,)}, key="k"),
        ):
            assert getattr(found, "number", None) == "A1"
    assert [asked.method for asked in server.asked] == ["GET", "GET"]


@pytest.mark.parametrize(
    "change, says",
    [
        ({"quantity": Decimal(3)}, "lines.0.quantity: sent '3', there: '2.00'"),
        ({"item": "B" * 200}, "lines.0.item: sent 'BBBB"),
        ({"note": "for Mr Black"}, "lines.0.note: it differs (hidden)"),
    ],
)
async def test_what_differs_inside_is_named(change: dict[str, object], says: str) -> None:
    """Another order is told by the place inside and both values, cut; a labelled one by its place alone."""
    line = {"item": "A-1", "quantity": Decimal(2), "note": "for Ms Grey"} | change
    async with http_server(lambda _: Told(body=[ORDER | {"lines": LINES}])) as server, Wired(server.url) as wired:
        with pytest.raises(Mismatch) as met:
            await desk(wired).verify("book", {"customer": "K", "lines": [line]}, key="k")
    assert says in met.value.message
    assert "Grey" not in met.value.message
    assert "Black" not in met.value.message
    assert len(met.value.message) < 200


async def booked_by_name(customer: str) -> None:
    """Books at the shop, whichever deployment's."""
    await connector("shop").act("book", customer=customer, header_code="AC")


async def test_a_tool_for_several_deployments_may_know_more_arguments_than_one_declares() -> None:
    """By a connector's name, an argument that this deployment's specification does not declare is left out."""
    tool = Declaration(effect_class="irreversible").bind(booked_by_name)
    async with http_server(lambda _: Told(body=ORDER)) as server, Wired(server.url) as wired:
        systems = SYSTEMS.set({"shop": Connected(connected(wired, {}), path=Path("shop.yaml"))})
        try:
            await tool.invoke({"customer": "K"}, key="k")
        finally:
            SYSTEMS.reset(systems)
    assert [asked.json for asked in server.asked] == [{"c": "K"}]
