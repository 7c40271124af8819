"""How old a fact is counts by our clock: a system whose own runs ahead makes nothing younger than its asking."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bridgehead.clock import utc_now
from bridgehead.connectors.connector import Connector
from bridgehead.connectors.document import Specification
from bridgehead.errors import Failed
from tests.support.http_server import Told, http_server
from tests.support.http_wires import Wired


@pytest.mark.parametrize("ahead_s, fresh", [(3_600, True), (0, True), (-3_600, False)])
async def test_a_record_of_the_future_is_as_old_as_the_question(ahead_s: float, *, fresh: bool) -> None:
    """A time after our asking counts from our asking; one before it makes the fact as old as it says."""
    said = (utc_now() + timedelta(seconds=ahead_s)).isoformat()
    async with http_server(lambda _: Told(body=[{"id": "1", "at": said}])) as server, Wired(server.url) as wired:
        fields = {"id": "id", "at": {"from": "at", "type": "datetime"}}
        reads = {"find": {"request": {"path": "/orders"}}}
        spec = Specification.model_validate(
            {
                "connector": "shop",
                "kind": "http",
                "connection": {"url": server.url},
                "entities": {
                    "order": {"key": "id", "max_age": "1m", "source_time": "at", "fields": fields, "reads": reads}
                },
            }
        )
        connector = Connector(spec, wired.wire)
        if fresh:
            reading = await connector.read("find", {})
            assert reading.as_of <= reading.read_at
            assert utc_now() - reading.as_of < timedelta(seconds=30)
            return
        with pytest.raises(Failed, match="known 36") as failed:
            await connector.read("find", {})
        assert (failed.value.error_class, "clocks" in failed.value.hint) == ("stale_fact", True)
