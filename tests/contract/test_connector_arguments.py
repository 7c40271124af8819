"""What the body of a tool may ask of a connector: the arguments that the specification declares, and all of them."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from bridgehead.connectors.connector import Connector
from bridgehead.connectors.document import Specification
from bridgehead.errors import Failed
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
