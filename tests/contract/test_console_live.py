"""The stream that tells pages of changes: every page hears of each, and the database is looked at once for all."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack

import httpx
import pytest

from bridgehead.app import App
from bridgehead.auth.actor import Actor
from bridgehead.clock import perf_s
from bridgehead.console import live as live_module
from bridgehead.console import site as site_module
from bridgehead.console.live import Live
from bridgehead.console.middleware.sessions import COOKIE
from bridgehead.desk import reviewing
from bridgehead.errors import Unavailable
from bridgehead.storage.queries_live import TOPICS, Topic, look
from tests.support.browser import served
from tests.support.console import KnownSessions
from tests.support.held import actor, deploy, held, people
from tests.support.world import World

PAGES = 50
CODE = "async def agent(case, ctx):\n    return await ctx.ask('desk', 'How?', str)\n"


async def _hears(client: httpx.AsyncClient, url: str, listening: asyncio.Semaphore, topic: str) -> bool:
    """Opens a stream, says that it listens, and returns whether it hears of a topic."""
    async with client.stream("GET", url) as answer:
        assert answer.status_code == 200
        async for line in answer.aiter_lines():
            if line.startswith("retry"):
                listening.release()
            if line == f"event: {topic}":
                return True
    return False


async def test_fifty_pages_hear_of_a_change(app: App, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fifty pages that are open hear of a review that is opened, and one look a second serves all of them."""
    looks = 0

    async def counted(database: object) -> Mapping[Topic, str]:
        nonlocal looks
        looks += 1
        return await look(app.database)

    monkeypatch.setattr(site_module, "look", counted)
    await world.deploy(CODE, tools="{}")
    sessions = KnownSessions({"a token": Actor("ada", frozenset(), frozenset({"viewer"}))})
    limits = httpx.Limits(max_connections=PAGES)
    async with served(app, sessions) as at, httpx.AsyncClient(cookies={COOKIE: "a token"}, limits=limits) as client:
        listening = asyncio.Semaphore(0)
        url = f"{at.url}/live?topics=reviews"
        client.timeout = httpx.Timeout(60)
        pages = [asyncio.create_task(_hears(client, url, listening, "reviews")) for _ in range(PAGES)]
        for _ in range(PAGES):
            await asyncio.wait_for(listening.acquire(), 30)
        await world.until(lambda: asyncio.sleep(0, looks > 0), what="a first look")
        began_s, before = perf_s(), looks
        await world.submit({"po": "PO-1"})
        await world.settle()
        assert all(await asyncio.wait_for(asyncio.gather(*pages), 30))
        assert looks - before <= perf_s() - began_s + 2  # each page by itself would be fifty times as many


async def test_each_kind_of_change_moves_its_mark(app: App, world: World) -> None:
    """A case that comes moves the marks of cases and overview, a review that is opened moves all."""
    await world.deploy(CODE, tools="{}")
    empty = await look(app.database)
    await world.submit({"po": "PO-1"})
    came = await look(app.database)
    assert {topic for topic in TOPICS if empty[topic] != came[topic]} == {"cases", "overview"}
    await world.settle()
    asked = await look(app.database)
    assert {topic for topic in TOPICS if came[topic] != asked[topic]} == set(TOPICS)
    assert await look(app.database) == asked


async def test_a_database_that_is_away_ends_no_stream() -> None:
    """While the database does not answer pages keep listening, and hear of what changed once it does."""
    answers: list[str | None] = ["1", None, None, "2"]
    told = asyncio.Event()

    async def unsteady() -> Mapping[Topic, str]:
        found = answers.pop(0) if len(answers) > 1 else answers[0]
        if found is None:
            raise Unavailable("away")
        return dict.fromkeys(TOPICS, found)

    live = Live(unsteady, look_s=0.01)
    events = live._events(frozenset({"cases"}), "person:ada")
    heard: list[str] = []

    async def listen() -> None:
        async for line in events:
            heard.append(line)
            if line.startswith("event"):
                told.set()

    listening = asyncio.create_task(listen())
    await asyncio.wait_for(told.wait(), 10)
    await live.close()
    await asyncio.wait_for(listening, 10)
    assert "event: cases\ndata: 1\n\n" in heard
    assert live.open == 0


async def test_a_claim_and_an_escalation_are_changes_of_the_queue(world: World, app: App) -> None:
    """Somebody who takes a review, gives it back or gets it from another role is seen by all who look at the queue."""
    await deploy(world)
    await people(world, ann="desk")
    (review,) = await held(world, 700)
    marks = [(await look(app.database))["reviews"]]
    ann = actor("ann", "desk")
    await reviewing.claim(app, ann, review.id)
    marks.append((await look(app.database))["reviews"])
    await reviewing.release(app, ann, review.id)
    marks.append((await look(app.database))["reviews"])
    world.tampered = True  # the sweep writes it to the chain as well
    async with app.database.transaction() as conn:
        await conn.execute("update reviews set role = 'lead' where id = %s", (review.id,))
    marks.append((await look(app.database))["reviews"])
    assert len({*marks[:2]}) == 2, "the claim is not seen"
    assert marks[2] != marks[1], "giving it back is not seen"
    assert marks[3] != marks[2], "another role is not seen"


async def test_one_person_takes_no_place_of_another(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who has as many pages open as one may is told to come again, and somebody else is served."""
    monkeypatch.setattr(live_module, "MOST_OF_ONE", 2)
    sessions = KnownSessions({name: Actor(name, frozenset(), frozenset({"viewer"})) for name in ("ada", "bob")})
    async with served(app, sessions) as at, httpx.AsyncClient(timeout=30) as client, AsyncExitStack() as streams:
        lines: list[AsyncIterator[str]] = []

        async def asked(name: str) -> int:
            head = {"Cookie": f"{COOKIE}={name}"}
            answer = await streams.enter_async_context(
                client.stream("GET", f"{at.url}/live?topics=reviews", headers=head)
            )
            if answer.status_code == 200:
                lines.append(answer.aiter_lines())  # kept: a reader that is let go closes its stream
                await anext(lines[-1])
            return answer.status_code

        assert [await asked("ada") for _ in range(3)] == [200, 200, 503]
        assert await asked("bob") == 200
