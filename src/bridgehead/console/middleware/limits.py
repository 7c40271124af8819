"""Nobody holds the console up: what is too large is refused before it is read, and who is too slow is dropped."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

BODY_S: Final = 30.0
"""So long a body may take to come in."""
LONGEST_TARGET: Final = 8192
"""Octets of a request's path with its query (RFC 9110, section 4.1, asks for 8000 at least)."""


class TooLarge(Exception):  # what happened
    """The body outgrew what the page takes; no more of it is read."""


class TooSlow(Exception):  # what happened
    """The body did not come in in time."""


class LimitLayer:
    """Bounds each request: its target, its body by ``allowed(path)`` bytes, and the time that it takes to come in."""

    def __init__(
        self,
        app: ASGIApp,
        allowed: Callable[[str], int],
        *,
        body_s: float = BODY_S,
    ) -> None:
        self._app = app
        self._allowed = allowed
        self._body_s = body_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on, and what is beyond the bounds not at all."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if len(scope.get("raw_path", b"")) + len(scope["query_string"]) > LONGEST_TARGET:
            await _refuse(414, "That address is too long.", scope, receive, send)
            return
        limit = self._allowed(str(scope["path"]))
        length = Request(scope).headers.get("content-length")
        if length is not None and (not length.isascii() or not length.isdigit() or int(length) > limit):
            await _refuse(413, f"This page takes at most {limit} bytes.", scope, receive, send)
            return
        bounded = _Bounded(receive, send, limit=limit, body_s=self._body_s)
        try:
            await self._app(scope, bounded.receive, bounded.send)
        except TooLarge:
            if not bounded.begun:
                await _refuse(413, f"This page takes at most {limit} bytes.", scope, receive, send)
        except TooSlow:
            if not bounded.begun:
                await _refuse(408, "The request did not come in in time.", scope, receive, send)


class _Bounded:
    """One request's way in, with its bounds."""

    def __init__(self, receive: Receive, send: Send, *, limit: int, body_s: float) -> None:
        self._receive = receive
        self._send = send
        self._limit = limit
        self._until = asyncio.get_running_loop().time() + body_s
        self._size = 0
        self._whole = False
        self.begun = False

    async def receive(self) -> Message:
        """Returns the next piece; raises TooLarge or TooSlow. After the whole body, waits for the client to leave."""
        if self._whole:
            return await self._receive()
        try:
            async with asyncio.timeout_at(self._until):
                message = await self._receive()
        except TimeoutError:
            raise TooSlow from None
        if message["type"] == "http.request":
            self._size += len(message.get("body", b""))
            self._whole = not message.get("more_body", False)
            if self._size > self._limit:
                raise TooLarge
        return message

    async def send(self, message: Message) -> None:
        """Hands one piece of the answer on."""
        self.begun = True
        await self._send(message)


async def _refuse(status: int, text: str, scope: Scope, receive: Receive, send: Send) -> None:
    # What is refused was not read to its end: the connection is of no further use.
    await PlainTextResponse(text + "\n", status, {"Connection": "close"})(scope, receive, send)
