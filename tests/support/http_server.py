"""A server on loopback whose every answer a test writes, broken ones included, over real sockets."""

from __future__ import annotations

import asyncio
import json
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from socket import SO_LINGER, SOL_SOCKET
from urllib.parse import parse_qsl, urlsplit


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as it came; header names in lower case."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> object:
        return json.loads(self.body)


@dataclass(frozen=True, slots=True)
class Told:
    """One answer. ``end`` is how it ends: whole, cut after half the body, reset, or never begun."""

    status: int = 200
    body: object = None
    headers: Mapping[str, str] = field(default_factory=dict)
    raw: bytes | None = None
    end: str = "whole"


Handler = Callable[[Asked], Told | Awaitable[Told]]


@dataclass(slots=True)
class HttpServer:
    """What was asked, by whom (``peers``: certificates), and where the server answers; ``handler`` may be exchanged."""

    handler: Handler
    url: str = ""
    asked: list[Asked] = field(default_factory=list)
    under_way: int = 0
    most: int = 0
    peers: list[Mapping[str, object] | None] = field(default_factory=list)
    forever: asyncio.Event = field(default_factory=asyncio.Event)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if writer.get_extra_info("ssl_object") is not None:
            self.peers.append(writer.get_extra_info("peercert") or None)
        try:
            while await self._one(reader, writer):
                pass
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").strip().split("\r\n")
        method, target, _ = first.split(" ")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        parts = urlsplit(target)
        one = Asked(method, parts.path, dict(parse_qsl(parts.query, keep_blank_values=True)), headers, body)
        self.asked.append(one)
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        try:
            found = self.handler(one)
            told = found if isinstance(found, Told) else await found
        finally:
            self.under_way -= 1
        return await self._tell(told, writer) and headers.get("connection") != "close"

    async def _tell(self, told: Told, writer: asyncio.StreamWriter) -> bool:
        if told.end == "hang":
            await self.forever.wait()
        if told.end == "reset":
            writer.get_extra_info("socket").setsockopt(SOL_SOCKET, SO_LINGER, struct.pack("ii", 1, 0))
        if told.end in {"reset", "close"}:
            return False
        content = told.raw if told.raw is not None else b"" if told.body is None else json.dumps(told.body).encode()
        kind = {} if told.body is None else {"Content-Type": "application/json"}
        headers = {**kind, "Content-Length": str(len(content)), **told.headers}
        head = f"HTTP/1.1 {told.status} {HTTPStatus(told.status).phrase}\r\n"
        head += "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        whole = told.end == "whole"
        writer.write(head.encode("latin-1") + b"\r\n" + (content if whole else content[: len(content) // 2]))
        await writer.drain()
        return whole


@asynccontextmanager
async def http_server(handler: Handler, *, tls: ssl.SSLContext | None = None) -> AsyncIterator[HttpServer]:
    """Gives a server on a free port of loopback, closed at the end with every connection of it."""
    made = HttpServer(handler)
    tasks: set[asyncio.Task[None]] = set()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(made.serve(reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    server = await asyncio.start_server(accept, "127.0.0.1", 0, ssl=tls)
    made.url = f"{'https' if tls else 'http'}://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield made
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await server.wait_closed()
