from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import cast

import psycopg
import pytest

from bridgehead.clock import utc_now
from bridgehead.connectors.polling import Polling
from bridgehead.errors import Unavailable
from tests.support.http_server import Asked, HttpServer, Told, http_server
from tests.support.intake import Served, kill, serving
from tests.support.world import World

SPEC = """
connector: crm
kind: http
connection: {{url: "{url}", timeout: 5s}}
retry: {{tries: 1}}
entities:
  ticket:
    key: number
    fields:
      number: {{from: nr, type: code}}
      changed: {{from: changed, type: datetime}}
      text: text
    reads:
      changed_tickets:
        params: {{since: datetime?}}
        request: {{path: /tickets, query: {{since: "{{since}}"}}}}
        rows: items
        paging: {{cursor: {{at: next, param: page}}}}
intake:
  poll: {{read: changed_tickets, cursor: changed, every: 1s{more}}}
"""
START = datetime.fromisoformat("2026-03-01T08:00:00+00:00")


@dataclass
class Crm:
    """A system that lists what changed at or after a time, two tickets a page, in the order of their numbers."""

    tickets: dict[str, dict[str, object]] = field(default_factory=dict)
    since: list[str | None] = field(default_factory=list)
    page: int = 2
    down: int = 0

    def put(self, number: str, at: datetime, text: str) -> None:
        self.tickets[number] = {"nr": number, "changed": at.isoformat(), "text": text}

    def answer(self, asked: Asked) -> Told:
        if self.down:
            self.down -= 1
            return Told(status=503)
        since = asked.query.get("since")
        begin = int(asked.query.get("page", "0"))
        if not begin:
            self.since.append(since)
        found = [one for _, one in sorted(self.tickets.items()) if self._after(one, since)]
        following = str(begin + self.page) if begin + self.page < len(found) else None
        return Told(body={"items": found[begin : begin + self.page], "next": following})

    @staticmethod
    def _after(ticket: dict[str, object], since: str | None) -> bool:
        at = str(ticket["changed"])
        if since is None or not at.startswith("2"):
            return True
        return datetime.fromisoformat(at) >= datetime.fromisoformat(since)


@dataclass
class Polled:
    """The deployment that polls the system."""

    served: Served
    crm: Crm
    source: Polling

    async def look(self) -> None:
        await self.source.look(asyncio.Event())

    async def texts(self) -> list[str]:
        """Returns the texts of all arrivals, oldest first."""
        return [json.loads(document)["text"] for document in await self.served.documents()]

    async def cursor(self) -> datetime | None:
        kept = await self.served.world.app.cursors.get("orders", "crm.changed_tickets")
        return None if kept is None else datetime.fromisoformat(kept)


@pytest.fixture
async def crm() -> AsyncIterator[tuple[Crm, HttpServer]]:
    made = Crm()
    async with http_server(made.answer) as server:
        yield made, server


@pytest.fixture
async def polled(world: World, crm: tuple[Crm, HttpServer]) -> AsyncIterator[Polled]:
    made, server = crm
    spec = SPEC.format(url=server.url, more="")
    with serving(world, intake="[{poll: crm}]", connectors={"crm": spec}) as served:
        (source,) = (await served.sources()).all
        yield Polled(served, made, cast(Polling, source))


async def test_each_version_is_one_arrival(polled: Polled) -> None:
    """New and changed records become arrivals, oldest first over all pages; what was seen before does not."""
    for number in range(5):
        polled.crm.put(f"T-{number}", START + timedelta(hours=5 - number), f"first {number}")
    await polled.look()
    assert await polled.texts() == ["first 4", "first 3", "first 2", "first 1", "first 0"]
    polled.crm.put("T-3", START + timedelta(hours=9), "second 3")
    await polled.look()
    await polled.look()
    assert (await polled.texts())[5:] == ["second 3"]
    assert polled.crm.since[0] is None
    assert await polled.cursor() == START + timedelta(hours=9)
    assert datetime.fromisoformat(polled.crm.since[2] or "") == START + timedelta(hours=9) - timedelta(minutes=1)


async def test_a_second_that_several_records_share_loses_and_doubles_none(polled: Polled) -> None:
    """Records that become visible later with the cursor's own value, or a little before it, are taken once."""
    polled.crm.put("T-1", START, "one")
    await polled.look()
    polled.crm.put("T-2", START, "two")
    polled.crm.put("T-3", START - timedelta(seconds=40), "late")
    await polled.look()
    polled.crm.put("T-1", START, "one, again in this second")
    await polled.look()
    await polled.look()
    assert await polled.texts() == ["one", "late", "two", "one, again in this second"]


async def test_another_worker_goes_on_where_the_cursor_is(polled: Polled) -> None:
    """The cursor is the deployment's and in the database: another process asks from there and doubles nothing."""
    polled.crm.put("T-1", START, "one")
    await polled.look()
    polled.crm.put("T-2", START + timedelta(days=1), "two")
    await asyncio.to_thread(polled.served.until_idle)
    assert await polled.texts() == ["one", "two"]
    assert None not in polled.crm.since[1:]
    assert len(await polled.served.world.cases()) == 2


async def test_a_record_without_bottom_does_not_end_a_source(polled: Polled) -> None:
    """A record of hundreds of levels goes to a person as it is, and the others are taken beside it."""
    deep: object = "bottom"
    for _ in range(700):
        deep = [deep]
    polled.crm.tickets["T-1"] = {"nr": "T-1", "changed": START.isoformat(), "text": deep}
    polled.crm.put("T-2", START, "plain")
    await polled.look()
    await polled.look()
    documents = await polled.served.documents()
    assert len(documents) == 2
    assert sum(b"bottom" in document for document in documents) == 1


@pytest.mark.parametrize("more", ["", ", start: new"])
async def test_a_day_that_stands_for_none_does_not_end_a_source(
    world: World, crm: tuple[Crm, HttpServer], more: str
) -> None:
    """A record of the last day of the calendar is taken, and what changes after it is found all the same."""
    made, server = crm
    spec = SPEC.format(url=server.url, more=more).replace("type: datetime", "type: date").replace("datetime?", "date?")
    made.tickets["T-1"] = {"nr": "T-1", "changed": "9999-12-31", "text": "never"}
    with serving(world, intake="[{poll: crm}]", connectors={"crm": spec}) as served:
        polled = Polled(served, made, cast(Polling, (await served.sources()).all[0]))
        await polled.look()
        made.tickets["T-2"] = {"nr": "T-2", "changed": utc_now().date().isoformat(), "text": "today"}
        await polled.look()
        assert sorted(await polled.texts()) == ["never", "today"]


async def test_a_clock_that_goes_back_loses_nothing(polled: Polled) -> None:
    """A system whose clock was ahead and is put right is read on: what changes then is taken."""
    now = utc_now()
    polled.crm.put("T-1", now + timedelta(hours=6), "ahead")
    await polled.look()
    polled.crm.put("T-2", utc_now(), "after the clock was put right")
    await polled.look()
    await polled.look()
    assert await polled.texts() == ["ahead", "after the clock was put right"]
    cursor = await polled.cursor()
    assert cursor is not None
    assert now <= cursor <= utc_now()


async def test_a_record_that_does_not_fit_goes_to_a_person(polled: Polled) -> None:
    """A record that the mapping cannot read reaches a person with all that was sent; the others are taken."""
    polled.crm.put("T-1", START, "one")
    polled.crm.tickets["T-2"] = {"nr": "T-2", "changed": "yesterday", "text": "broken"}
    polled.crm.put("T-3", START, "three")
    await polled.look()
    await polled.look()
    assert sorted(await polled.texts()) == ["broken", "one", "three"]
    await asyncio.to_thread(polled.served.until_idle)
    (review,) = await polled.served.world.reviews()
    assert "ticket, record 2: changed" in str(review.shown)
    assert "yesterday" in str(review.shown)
    assert len(await polled.served.world.cases()) == 2


async def test_the_cursor_stays_behind_what_is_not_stored(polled: Polled, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the database goes away in the middle of a look, the cursor has not passed what is missing."""
    for number in (1, 2, 3):
        polled.crm.put(f"T-{number}", START + timedelta(hours=number), f"text {number}")
    store = polled.served.world.app.arrivals.store

    async def twice(deployment: str, **one: object) -> object:
        if b"text 2" in cast(bytes, one["document"]):
            raise Unavailable("the database does not answer")
        return await store(deployment, **one)  # type: ignore[arg-type]  # passed on as they are

    monkeypatch.setattr(polled.served.world.app.arrivals, "store", twice)
    with pytest.raises(Unavailable):
        await polled.look()
    assert await polled.cursor() in {None, START + timedelta(hours=1)}
    monkeypatch.undo()
    await polled.look()
    assert await polled.texts() == ["text 1", "text 2", "text 3"]


async def test_a_kill_between_storing_and_the_cursor_doubles_nothing(polled: Polled) -> None:
    """A worker that is killed after the arrivals are stored and before the cursor is moved doubles and loses none."""
    url = polled.served.world.app.settings.database_url
    assert url is not None
    for number in (1, 2, 3):
        polled.crm.put(f"T-{number}", START + timedelta(hours=number), f"text {number}")
    owner = await psycopg.AsyncConnection.connect(url.get_secret_value())
    try:
        await owner.execute("lock table intake_cursors in exclusive mode")
        worker = polled.served.start()

        async def all_stored() -> bool:
            return await polled.served.count() == 3

        await polled.served.world.until(all_stored)
        assert await polled.cursor() is None
        await asyncio.to_thread(kill, worker)
    finally:
        await owner.close()
    await asyncio.to_thread(polled.served.until_idle)
    assert await polled.texts() == ["text 1", "text 2", "text 3"]
    assert await polled.cursor() == START + timedelta(hours=3)
    assert len(await polled.served.world.cases()) == 3


async def test_two_workers_poll_one_system(polled: Polled) -> None:
    """Two workers that poll the same system while records change store each version once."""
    workers = [polled.served.start() for _ in range(2)]

    async def polls() -> bool:
        return len(polled.crm.since) > 3

    await polled.served.world.until(polls)
    for number in range(40):
        polled.crm.put(f"T-{number:02}", START + timedelta(seconds=number // 4), f"text {number:02}")

    async def all_stored() -> bool:
        return await polled.served.count() >= 40 and len(polled.crm.since) > 10

    await polled.served.world.until(all_stored)
    assert sorted(await polled.texts()) == [f"text {number:02}" for number in range(40)]
    assert [worker.process.poll() for worker in workers] == [None, None]


async def test_only_what_is_new_is_wanted(world: World, crm: tuple[Crm, HttpServer]) -> None:
    """With `start: new` what was there before the first look never becomes an arrival."""
    made, server = crm
    made.put("T-1", utc_now() - timedelta(days=400), "old")
    spec = SPEC.format(url=server.url, more=", start: new")
    with serving(world, intake="[{poll: crm.changed_tickets}]", connectors={"crm": spec}) as served:
        (source,) = (await served.sources()).all
        polled = Polled(served, made, cast(Polling, source))
        await polled.look()
        made.put("T-2", utc_now(), "new")
        await polled.look()
        assert await polled.texts() == ["new"]


async def test_a_system_that_is_away_is_waited_for(polled: Polled, caplog: pytest.LogCaptureFixture) -> None:
    """A system that answers 503 for a while is told in one line, and read again when it is back."""
    polled.crm.put("T-1", START, "one")
    polled.crm.down = 4
    polled.source._pause_s = 0.01
    stopped = asyncio.Event()
    watching = asyncio.create_task(polled.source.watch(stopped))

    async def read() -> bool:
        return polled.source.looks > 0

    try:
        await polled.served.world.until(read)
    finally:
        stopped.set()
        await watching
    assert await polled.texts() == ["one"]
    assert [record.levelname for record in caplog.records if "poll crm" in record.getMessage()] == ["WARNING"] * 2
    assert "all is well again" in caplog.text
