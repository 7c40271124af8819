"""Microsoft Graph's mail through `poll`, against a small server with its URLs, paging and errors (not the vendor's)."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import unquote

import pytest

from bridgehead.connectors.watching import Source
from bridgehead.errors import Failed
from tests.support.http_server import Asked, Told, http_server
from tests.support.intake import serving
from tests.support.world import World

SPEC = """
connector: graph
kind: http
untried: "Run against a server of our own alone, not against the vendor's."
connection: {{url: "{url}/v1.0/users/orders@example.com", timeout: 5s}}
auth: {{bearer: {{token: env:GRAPH_TOKEN}}}}
retry: {{tries: 1}}
entities:
  message:
    key: id
    fields:
      id: {{from: id, type: code}}
      received: {{from: receivedDateTime, type: datetime}}
    reads:
      new_messages:
        params: {{since: datetime?}}
        request:
          path: /mailFolders/inbox/messages
          query:
            $filter: "receivedDateTime ge {{since|%Y-%m-%dT%H:%M:%SZ}}"
            $select: id,receivedDateTime
            $orderby: receivedDateTime
            $top: "2"
        rows: value
        paging: {{cursor: {{at: '@odata\\.nextLink'}}}}
intake:
  poll:
    read: new_messages
    cursor: received
    document: {{path: "/messages/{{id}}/$value"}}
    suffix: .eml
"""
START = datetime.fromisoformat("2026-03-01T08:00:00+00:00")
ID = "AAMk/AGI2=+{}"


@dataclass
class Graph:
    """Messages by id; `broken` counts how often the content of one cannot be had, and with which status."""

    url: str = ""
    messages: dict[str, tuple[datetime, bytes]] = field(default_factory=dict)
    broken: dict[str, tuple[int, int]] = field(default_factory=dict)
    asked: Counter[str] = field(default_factory=Counter)

    def put(self, number: int, text: str) -> None:
        mime = f"From: a@example.com\r\nSubject: {text}\r\n\r\n{text}\r\n".encode()
        self.messages[ID.format(number)] = (START + timedelta(minutes=number), mime)

    def answer(self, asked: Asked) -> Told:
        if asked.headers.get("authorization") != "Bearer graph-token":
            return self._error(401, "InvalidAuthenticationToken")
        if asked.path.endswith("/$value"):
            return self._content(unquote(asked.path.split("/")[-2]))
        since = asked.query.get("$filter", "receivedDateTime ge 1970-01-01T00:00:00Z").rpartition(" ")[2]
        assert since.endswith("Z")
        found = sorted(self.messages.items(), key=lambda one: one[1][0])
        listed = [
            {"id": number, "receivedDateTime": f"{at:%Y-%m-%dT%H:%M:%SZ}"}
            for number, (at, _) in found
            if at >= datetime.fromisoformat(since)
        ]
        begin = int(asked.query.get("$skip", "0"))
        body: dict[str, object] = {"@odata.context": "$metadata#messages", "value": listed[begin : begin + 2]}
        if begin + 2 < len(listed):
            tail = f"&$filter=receivedDateTime ge {since}" if "$filter" in asked.query else ""
            body["@odata.nextLink"] = f"{self.url}{asked.path}?$skip={begin + 2}{tail}".replace(" ", "%20")
        return Told(body=body)

    def _content(self, number: str) -> Told:
        self.asked[number] += 1
        status, left = self.broken.get(number, (0, 0))
        if left:
            self.broken[number] = (status, left - 1)
            return self._error(status, "ErrorItemNotFound")
        return Told(raw=self.messages[number][1], headers={"Content-Type": "text/plain"})

    @staticmethod
    def _error(status: int, code: str) -> Told:
        return Told(status=status, body={"error": {"code": code, "message": "no"}})


async def look(source: Source) -> None:
    await source.look(asyncio.Event())  # type: ignore[attr-defined]  # of every source that is watched


async def test_messages_come_as_mime(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Messages are listed by a filter and pages, each one's MIME content is the arrival, and is asked for once."""
    monkeypatch.setenv("GRAPH_TOKEN", "graph-token")
    graph = Graph()
    for number in range(5):
        graph.put(number, f"order {number}")
    async with http_server(graph.answer) as server:
        graph.url = server.url
        with serving(world, intake="[{poll: graph}]", connectors={"graph": SPEC.format(url=server.url)}) as served:
            (source,) = (await served.sources()).all
            await look(source)
            graph.put(5, "order 5")
            await look(source)
            await look(source)
            assert await served.documents() == [graph.messages[ID.format(number)][1] for number in range(6)]
    assert set(graph.asked.values()) == {1}
    (row, *_) = await world.rows("select source, name from arrivals order by id")
    assert row == {"source": "poll", "name": "graph-AAMk_AGI2=+0.eml"}


async def test_content_that_cannot_be_had_goes_to_a_person(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A message whose content is gone reaches a person; one whose content fails for a while is waited for."""
    monkeypatch.setenv("GRAPH_TOKEN", "graph-token")
    graph = Graph()
    for number in range(3):
        graph.put(number, f"order {number}")
    graph.broken = {ID.format(0): (404, 99), ID.format(1): (503, 2)}
    async with http_server(graph.answer) as server:
        graph.url = server.url
        with serving(world, intake="[{poll: graph}]", connectors={"graph": SPEC.format(url=server.url)}) as served:
            (source,) = (await served.sources()).all
            for _ in range(2):
                with pytest.raises(Failed):
                    await look(source)
            await look(source)
            documents = await served.documents()
            assert documents[1:] == [graph.messages[ID.format(number)][1] for number in (2, 1)]
            assert b"AAMk/AGI2=+0" in documents[0]
            await asyncio.to_thread(served.until_idle)
    (review,) = await world.reviews()
    assert "Its document could not be had" in str(review.shown)
    assert len(await world.cases()) == 2
