"""Pages hear when something changed: one look at the database per process, however many pages are open.

``GET /live?topics=reviews,cases,overview`` is a stream of server-sent events (WHATWG HTML, "Server-sent
events"): the event's name is the topic, and a page fetches what it shows anew. An event says that something
may have changed, never what.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import datetime
from typing import Final

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse

from bridgehead.clock import perf_s, utc_now
from bridgehead.console.here import Here
from bridgehead.errors import Unavailable
from bridgehead.storage.queries_live import TOPICS, Topic

log = logging.getLogger("bridgehead.console")

LOOK_S: Final = 1.0
_REST: Final = 30
"""The pause between two looks is at least so many times what the look took."""
BEAT_S: Final = 15.0
LONGEST_S: Final = 300.0
"""Then the page asks anew, and its session is looked up anew."""
MOST: Final = 500
"""Streams of one process; more are told to come again."""
MOST_OF_ONE: Final = 100
"""Of these, streams of one person: nobody takes the place of all others."""


class Live:
    """The streams of a process, and the one look that feeds them."""

    def __init__(self, look: Callable[[], Awaitable[Mapping[Topic, str]]], *, look_s: float = LOOK_S) -> None:
        self._look = look
        self._look_s = look_s
        self._listening: set[_Listener] = set()
        self._task: asyncio.Task[None] | None = None
        self._closed = asyncio.Event()
        self.changed_at: datetime | None = None
        """When a change was seen last, by this machine's clock; None where none was since anybody listened."""

    @property
    def open(self) -> int:
        """Returns how many pages listen."""
        return len(self._listening)

    async def stream(self, request: Request, here: Here) -> Response:
        """Answers with the events of the topics that are asked for."""
        asked = request.query_params.get("topics", "").split(",")
        topics = frozenset(topic for topic in TOPICS if topic in asked)
        if not topics:
            return PlainTextResponse(f"topics= names some of {', '.join(TOPICS)}\n", 400)
        who = here.actor.person
        own = sum(one.who == who for one in self._listening)
        if len(self._listening) >= MOST or own >= MOST_OF_ONE or self._closed.is_set():
            return PlainTextResponse("Too many pages listen.\n", 503, {"Retry-After": "30"})
        return StreamingResponse(
            self._events(topics, who),
            media_type="text/event-stream",
            headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
        )

    async def close(self) -> None:
        """Ends all streams; a page then asks the next process."""
        self._closed.set()
        for listener in self._listening:
            listener.changed.set()
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _events(self, topics: frozenset[Topic], who: str) -> AsyncIterator[str]:
        listener = _Listener(topics, who)
        self._listening.add(listener)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._watch())
        until = asyncio.get_running_loop().time() + LONGEST_S
        try:
            yield "retry: 2000\n\n"
            while not self._closed.is_set() and asyncio.get_running_loop().time() < until:
                try:
                    async with asyncio.timeout(BEAT_S):
                        await listener.changed.wait()
                except TimeoutError:
                    yield ": still here\n\n"
                    continue
                for topic in listener.take():
                    yield f"event: {topic}\ndata: 1\n\n"
        finally:
            self._listening.discard(listener)

    async def _watch(self) -> None:
        """Looks as long as somebody listens; tells of each change at once, and once more after the next look."""
        before: Mapping[Topic, str] | None = None
        again: set[Topic] = set()
        while self._listening:
            started_s = perf_s()
            try:
                found = await self._look()
            except Unavailable as error:
                log.warning("pages are not told of changes: %s", error.message)
            else:
                changed = {topic for topic in TOPICS if before is not None and found[topic] != before[topic]}
                if changed | again:
                    self.changed_at = utc_now()
                for listener in self._listening:
                    listener.tell(changed | again)
                before, again = found, changed
            await asyncio.sleep(max(self._look_s, _REST * (perf_s() - started_s)))


class _Listener:
    """One page that listens."""

    def __init__(self, topics: frozenset[Topic], who: str) -> None:
        self._topics = topics
        self.who = who
        self._due: set[Topic] = set()
        self.changed = asyncio.Event()

    def tell(self, topics: set[Topic]) -> None:
        """Remembers what the page has to hear."""
        self._due |= topics & self._topics
        if self._due:
            self.changed.set()

    def take(self) -> list[Topic]:
        """Returns what is to be told, and forgets it."""
        due = sorted(self._due)
        self._due.clear()
        self.changed.clear()
        return due
