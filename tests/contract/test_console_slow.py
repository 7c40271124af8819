"""Clients that are slow on purpose are dropped by the server itself, over real connections."""

from __future__ import annotations

import asyncio
import contextlib
import select
import socket
from collections.abc import AsyncIterator

import pytest
import uvicorn
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse

from bridgehead.app import App
from bridgehead.connectors import listening
from bridgehead.connectors.listening import BesideWorker, InTime, listen
from bridgehead.console.here import Here
from bridgehead.console.page import Page
from tests.support.console import made

HEAD = b"Host: 127.0.0.1\r\n"


async def _act(request: Request, _here: Here) -> Response:
    return PlainTextResponse(f"read {len(await request.body())}")


async def _endless(_request: Request, _here: Here) -> Response:
    async def body() -> AsyncIterator[bytes]:
        while True:
            yield b"x" * 65536
            await asyncio.sleep(0)

    return StreamingResponse(body())


PAGES = (
    Page("/act", _act, right=None, methods=("POST",), outside=True),
    Page("/endless", _endless, right=None),
)


@pytest.fixture
async def port(app: App, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[int]:
    """Gives the port of a real server with short patience."""
    monkeypatch.setattr(listening, "HEAD_S", 0.5)
    monkeypatch.setattr(listening, "STALL_S", 0.5)
    listening_at = listen("127.0.0.1", 0, backlog=16)
    site = made(app, pages=PAGES, body_s=0.5)
    server = BesideWorker(
        uvicorn.Config(site, http=InTime, lifespan="off", log_config=None, access_log=False, ws="none")
    )
    serving = asyncio.create_task(server.serve(sockets=[listening_at]))
    yield listening_at.getsockname()[1]
    server.should_exit = server.force_exit = True
    await serving
    listening_at.close()


async def _rest(reader: asyncio.StreamReader) -> bytes:
    """Returns what still comes until the server closes the connection."""
    with contextlib.suppress(ConnectionError):
        async with asyncio.timeout(20):
            return await reader.read()
    return b""


async def test_a_head_that_drips_is_dropped(port: int) -> None:
    """A client that never ends its head loses the connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET / HTTP/1.1\r\n" + HEAD + b"X-Slow: a")
    assert await _rest(reader) == b""
    writer.close()


async def test_a_body_that_drips_is_dropped(port: int) -> None:
    """A client that sends its body too slowly is answered with 408, and the connection is closed."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"POST /act HTTP/1.1\r\n" + HEAD + b"Content-Length: 1000\r\n\r\nabc")
    found = await _rest(reader)
    assert found.startswith(b"HTTP/1.1 408"), found[:200]
    writer.close()


async def test_a_client_that_does_not_read_is_dropped(port: int) -> None:
    """A client that takes nothing of a long answer is cut off: nothing is piled up for it."""
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.sendall(b"GET /endless HTTP/1.1\r\n" + HEAD + b"\r\n")
        assert await asyncio.to_thread(_cut_off, client), "still connected"


def _cut_off(client: socket.socket) -> bool:
    """Returns whether the other end closes the connection; whoever writes to one that is closed is told."""
    poll = select.poll()
    poll.register(client, 0)
    for _ in range(200):
        try:
            client.send(b" ")
        except ConnectionError:
            return True
        if poll.poll(100):
            return True
    return False
