"""The proxy itself: takes connections, asks the system behind it, and does what was chosen for each request."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import struct
from collections import Counter, defaultdict, deque
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from socket import SO_LINGER, SOL_SOCKET
from types import TracebackType
from typing import Final, Self
from urllib.parse import SplitResult, urlsplit

from bridgehead.drill.proxy import http
from bridgehead.drill.proxy.choosing import Choosing, Chosen, Injected
from bridgehead.drill.proxy.editing import edited
from bridgehead.drill.proxy.scenario import (
    ON_TCP,
    Answer,
    CutJson,
    Drip,
    Duplicate,
    Edit,
    Fault,
    Html,
    Latency,
    LostReply,
    Reset,
    Scenario,
    Stale,
    Stall,
    Truncate,
)
from bridgehead.errors import Unavailable, UserError

_BLOCK: Final = 64 * 1024
_STALE_MOST: Final = 100
_GETS_MOST: Final = 1_000
_PAGE: Final = b"<!doctype html><html><head><title>Sign in</title></head><body><h1>Please sign in</h1></body></html>"
Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class _Over(Exception):  # met where a connection is served, and seen by nobody else
    """This connection is over: what was to be done to it is done."""


class _Away(Exception):  # as above
    """The system behind the proxy gave no whole answer, and its client has heard nothing yet."""


@dataclass(frozen=True, slots=True)
class _Told:
    message: http.Message
    edits: int = 1


class FaultProxy:
    """Stands before ``upstream`` while it is entered (``async with``); ``url`` is where it answers.

    ``http://`` and ``https://`` are understood request by request; ``tcp://host:port`` and ``unix:///path`` are
    passed on as they come, and take the faults that need to know nothing of their content. ``injected`` proves
    what was done. Raises UserError for an upstream or a scenario it cannot serve, Unavailable where it cannot listen.
    """

    def __init__(
        self, upstream: str, scenario: Scenario, *, seed: int = 0, host: str = "127.0.0.1", port: int = 0
    ) -> None:
        self._parts = _upstream(upstream)
        self._http = self._parts.scheme in {"http", "https"}
        if not self._http and (unfit := sorted({rule.do.fault for rule in scenario.rules} - ON_TCP)):
            raise UserError(
                f"{', '.join(unfit)} cannot be done to {self._parts.scheme}://, whose content is not understood",
                code="drill.scenario",
                hint=f"There, use {', '.join(sorted(ON_TCP))}.",
            )
        self._scenario, self._seed, self._host, self._port = scenario, seed, host, port
        self._choosing = Choosing(scenario, seed)
        self._keeps = any(isinstance(rule.do, Stale) for rule in scenario.rules)
        self._answers: dict[str, deque[http.Message]] = defaultdict(lambda: deque(maxlen=_STALE_MOST))
        self._serving: set[asyncio.Task[object]] = set()
        self._server: asyncio.Server | None = None
        self.url = ""

    async def __aenter__(self) -> Self:
        try:
            self._server = await asyncio.start_server(self._serve, self._host, self._port, limit=http.HEAD_MOST)
        except OSError as error:
            raise Unavailable(
                f"the proxy cannot listen at {self._host}:{self._port}: {error.strerror or error}",
                code="drill.listen",
                hint="Choose another port; 0 takes a free one.",
            ) from error
        self._choosing = Choosing(self._scenario, self._seed)
        host, port = self._server.sockets[0].getsockname()[:2]
        scheme = "http" if self._http else "tcp"
        self.url = f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server is not None:
            self._server.close()
        for task in list(self._serving):
            task.cancel()
        await asyncio.gather(*self._serving, return_exceptions=True)

    @property
    def injected(self) -> list[Injected]:
        """What was done, oldest first."""
        return self._choosing.injected

    @property
    def passed(self) -> int:
        """How many requests (connections, where content is not understood) were passed on as they were."""
        return self._choosing.passed + self._choosing.missed.total()

    def counted(self) -> Mapping[str, int]:
        """Returns how often each rule struck, those included that never did."""
        counts = Counter(one.rule for one in self.injected)
        return {rule.title: counts[rule.title] for rule in self._scenario.rules}

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101  # asyncio serves each connection in a task
        self._serving.add(task)
        try:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError, http.Unreadable, _Over, _Away):
                if self._http:
                    while await self._exchange((reader, writer)):
                        pass
                else:
                    await self._tunnel((reader, writer))
        except asyncio.CancelledError:
            pass  # by __aexit__, which waits for this task
        finally:
            self._serving.discard(task)
            writer.close()

    async def _exchange(self, client: Stream) -> bool:
        """Serves one request; returns whether the connection takes another."""
        request = await http.read_request(client[0])
        if request is None:
            return False
        chosen = self._choosing.choose(request.method, request.path, request.body)
        try:
            await self._answered(client, request, chosen)
        except _Away as error:
            said = f"the system behind the proxy does not answer: {error}".encode()
            await _send(client[1], http.answer(502, said, "text/plain"))
        return request.field(b"connection").lower() != b"close" and request.first.endswith(b"HTTP/1.1")

    async def _answered(self, client: Stream, request: http.Message, chosen: Chosen | None) -> None:
        fault = None if chosen is None else chosen.rule.do
        if chosen is None:
            await self._pass_on(client, request)
        elif isinstance(fault, Latency):
            self._done(chosen, request)
            await _pause(client, chosen.delay_s)
            await self._pass_on(client, request)
        elif isinstance(fault, Reset) and fault.before:
            self._done(chosen, request)
            _reset(client[1])
            raise _Over
        elif isinstance(fault, Stall | Drip | Reset | Truncate):
            await self._shaped(client, request, chosen)
        elif isinstance(fault, LostReply):
            await self._ask(request)
            self._done(chosen, request)
            raise _Over
        else:
            told = await self._told(request, fault)
            if told is None:
                self._choosing.not_done(chosen)
                await self._pass_on(client, request)
                return
            if isinstance(fault, Edit) and told.edits == 0:
                self._choosing.not_done(chosen)
            else:
                self._done(chosen, request)
            await _send(client[1], told.message)

    async def _told(self, request: http.Message, fault: Fault | None) -> _Told | None:
        """Returns the whole answer that stands for the system's own; None where there is none to give."""
        match fault:
            case Answer():
                if fault.applied:
                    await self._ask(request)
                again = {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
                return _Told(http.answer(fault.status, fault.body.encode(), fault.content_type, again))
            case Html():
                return _Told(http.answer(200, _PAGE, "text/html; charset=utf-8"))
            case Duplicate():
                answers = [await self._ask(request) for _ in range(fault.times)]
                return _Told(answers[0])
            case Stale():
                kept = self._answers[request.target] if request.method == "GET" else deque[http.Message]()
                return None if len(kept) < fault.back else _Told(kept[-fault.back])
            case Edit():
                found = await self._ask(request)
                body = edited(found.body, fault)
                return _Told(found, edits=0) if body is None else _Told(found.with_body(body))
            case CutJson():
                found = await self._ask(request)
                return _Told(found.with_body(found.body[: int(len(found.body) * fault.share)]))
            case _:
                return None

    async def _pass_on(self, client: Stream, request: http.Message) -> None:
        """Answers as the system does; what it streams is handed on as it comes, unless answers are kept."""
        if self._keeps and request.method == "GET":
            await _send(client[1], await self._ask(request))
            return
        await self._shaped(client, request, None)

    async def _shaped(self, client: Stream, request: http.Message, chosen: Chosen | None) -> None:
        """Passes an answer on as it comes, with a fault in the way it does."""
        async with self._asking(request) as behind:
            try:
                head = await http.read_answer_head(behind)
            except (OSError, asyncio.IncompleteReadError, http.Unreadable) as error:
                raise _Away(type(error).__name__) from error
            body = http.as_it_comes(behind, head, request.method)
            await self._shape(head.open_head + b"\r\n\r\n", body, client, chosen, request)
            if not head.framed:
                raise _Over

    async def _shape(
        self,
        head: bytes,
        blocks: AsyncIterator[bytes],
        client: Stream,
        chosen: Chosen | None,
        request: http.Message | None,
    ) -> None:
        """Writes a head and what follows it. A fault after no bytes at all strikes before the head is sent."""
        writer = client[1]
        fault = None if chosen is None else chosen.rule.do
        left = fault.after_bytes if isinstance(fault, Stall | Reset | Truncate) else None
        if left == 0:
            await self._strike(client, chosen, request)
            left = None
        writer.write(head)
        if isinstance(fault, Drip):
            self._done(chosen, request)
        async for block in blocks:
            rest = block
            if left is not None and len(rest) < left:
                left -= len(rest)
            elif left is not None:
                writer.write(rest[:left])
                await writer.drain()
                rest = rest[left:]
                await self._strike(client, chosen, request)
                left = None
            if isinstance(fault, Drip):
                for start in range(0, len(rest), fault.bytes):
                    writer.write(rest[start : start + fault.bytes])
                    await writer.drain()
                    await _pause(client, fault.every)
            else:
                writer.write(rest)
            await writer.drain()
        await writer.drain()
        if left is not None and chosen is not None:
            self._choosing.not_done(chosen)  # what came was shorter

    async def _strike(self, client: Stream, chosen: Chosen | None, request: http.Message | None) -> None:
        """Stalls; or resets or closes the connection, and raises _Over."""
        fault = None if chosen is None else chosen.rule.do
        self._done(chosen, request)
        if isinstance(fault, Stall):
            await _pause(client, fault.seconds)
            return
        if isinstance(fault, Reset):
            await client[1].drain()
            _reset(client[1])
        raise _Over

    async def _ask(self, request: http.Message) -> http.Message:
        """Returns the system's whole answer."""
        async with self._asking(request) as behind:
            try:
                found = await http.read_answer(behind, request.method)
            except (OSError, asyncio.IncompleteReadError, http.Unreadable) as error:
                raise _Away(type(error).__name__) from error
        if self._keeps and request.method == "GET":
            if request.target not in self._answers and len(self._answers) >= _GETS_MOST:
                self._answers.pop(next(iter(self._answers)))
            self._answers[request.target].append(found)
        return found

    @contextlib.asynccontextmanager
    async def _asking(self, request: http.Message) -> AsyncIterator[asyncio.StreamReader]:
        reader, writer = await self._behind()
        try:
            writer.write(request.head + b"\r\nConnection: close\r\n\r\n" + request.body)
            await writer.drain()
            yield reader
        finally:
            writer.close()

    async def _behind(self) -> Stream:
        try:
            return await self._connected()
        except OSError as error:
            raise _Away(type(error).__name__) from error

    async def _connected(self) -> Stream:
        if self._parts.scheme == "unix":
            return await asyncio.open_unix_connection(self._parts.path, limit=http.HEAD_MOST)
        secure = ssl.create_default_context() if self._parts.scheme == "https" else None
        port = self._parts.port or (443 if secure else 80)
        return await asyncio.open_connection(self._parts.hostname, port, ssl=secure, limit=http.HEAD_MOST)

    async def _tunnel(self, client: Stream) -> None:
        """Passes one connection on, both ways, with the fault that was chosen for it in what comes back."""
        chosen = self._choosing.choose("", "*")
        fault = None if chosen is None else chosen.rule.do
        if isinstance(fault, Reset) and fault.before:
            self._done(chosen, None)
            _reset(client[1])
            raise _Over
        if isinstance(fault, Latency) and chosen is not None:
            self._done(chosen, None)
            await asyncio.sleep(chosen.delay_s)
        reader, writer = await self._behind()
        there = asyncio.create_task(_copy(client[0], writer))
        try:
            if isinstance(fault, LostReply):
                await reader.read(1)
                self._done(chosen, None)
                raise _Over
            await self._shape(b"", _blocks(reader), client, chosen, None)
        finally:
            there.cancel()
            await asyncio.gather(there, return_exceptions=True)
            writer.close()

    def _done(self, chosen: Chosen | None, request: http.Message | None) -> None:
        if chosen is not None:
            method, path = ("", "") if request is None else (request.method, request.path)
            self._choosing.done(chosen, method, path)


async def _send(writer: asyncio.StreamWriter, message: http.Message) -> None:
    writer.write(message.head + b"\r\n\r\n" + (b"" if message.no_body else message.body))
    await writer.drain()


async def _blocks(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    while block := await reader.read(_BLOCK):
        yield block


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while block := await reader.read(_BLOCK):
            writer.write(block)
            await writer.drain()
        writer.write_eof()


async def _pause(client: Stream, seconds: float | None) -> None:
    """Waits, for ever where no time is given; ends as soon as the client has gone."""
    gone = asyncio.create_task(_gone(client[0], client[1]))
    try:
        await asyncio.wait_for(asyncio.shield(gone), seconds)
    except TimeoutError:
        return
    finally:
        gone.cancel()
        await asyncio.gather(gone, return_exceptions=True)
    raise _Over


async def _gone(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Returns when the client has closed its side; asks for it, since a request behind this one stays unread."""
    while not reader.at_eof() and not writer.is_closing():  # noqa: ASYNC110  # a stream tells of its end only to who reads
        await asyncio.sleep(0.02)


def _reset(writer: asyncio.StreamWriter) -> None:
    """Ends a connection by RST (RFC 9293, 3.5.2): with lingering at zero nothing more is delivered."""
    sock = writer.get_extra_info("socket")
    if sock is not None:
        sock.setsockopt(SOL_SOCKET, SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


def _upstream(url: str) -> SplitResult:
    parts = urlsplit(url)
    try:
        known = parts.port is None or parts.port > 0
    except ValueError:
        known = False
    there = bool(parts.path if parts.scheme == "unix" else parts.hostname)
    if not known or not there or parts.scheme not in {"http", "https", "tcp", "unix"}:
        raise UserError(
            f"{url!r} is no upstream",
            code="drill.upstream",
            hint="Write http://host:port, https://host, tcp://host:port or unix:///path.",
        )
    if parts.scheme == "tcp" and parts.port is None:
        raise UserError(f"{url!r} names no port", code="drill.upstream", hint="Write tcp://host:port.")
    return parts
