"""A proxy on loopback that treats HTTP calls roughly: it refuses, delays, and drops requests and replies, by a seed.

It stands before a server that closes after each answer. What it did is counted by what was asked and what became
of it, so that a test knows that it was rough at all.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final, Literal
from urllib.parse import urlsplit

Fate = Literal["whole", "throttled", "late", "lost", "unsent"]
"""Passed on; answered with 429 and not passed on; passed on after a pause; its reply dropped; itself dropped."""

REFUSAL: Final = (
    b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 0\r\nContent-Type: application/json\r\n"
    b"Content-Length: 2\r\nConnection: close\r\n\r\n{}"
)
_LARGEST: Final = 1 << 20


@dataclass(slots=True)
class RoughProxy:
    """What stands before ``upstream``. ``shares`` gives the share of calls for each fate, by what is asked.

    ``name`` tells of a request's body what is asked; what is not in ``shares`` is treated as ``*``.
    """

    upstream: str
    shares: Mapping[str, Mapping[Fate, float]]
    seed: int
    name: Callable[[bytes], str]
    late_s: float = 0.3
    url: str = ""
    counted: Counter[tuple[str, Fate]] = field(default_factory=Counter)
    under_way: set[asyncio.Task[object]] = field(default_factory=set)
    _chance: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self._chance = random.Random(f"{self.seed}/proxy")

    def count(self, fate: Fate) -> int:
        """Returns how many calls met a fate."""
        return sum(count for (_, one), count in self.counted.items() if one == fate)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self.under_way.add(task)
        task.add_done_callback(self.under_way.discard)
        try:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
                await self._pass_on(reader, writer)
        finally:
            writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        body = await reader.readexactly(_length(head))
        asked = self.name(body)
        fate = self._fate(asked)
        self.counted[asked, fate] += 1
        if fate == "throttled":
            writer.write(REFUSAL)
        elif fate != "unsent":
            if fate == "late":
                await asyncio.sleep(self.late_s * self._chance.random())
            reply = await self._asked(head, body)
            if fate != "lost":
                writer.write(reply)
        await writer.drain()

    def _fate(self, asked: str) -> Fate:
        drawn = self._chance.random()
        for fate, share in self.shares.get(asked, self.shares["*"]).items():
            drawn -= share
            if drawn < 0:
                return fate
        return "whole"

    async def _asked(self, head: bytes, body: bytes) -> bytes:
        """Returns the whole reply, read to its end even if nobody waits for it."""
        parts = urlsplit(self.upstream)
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        try:
            writer.write(head + body)
            await writer.drain()
            return await reader.read(-1)
        finally:
            writer.close()


def _length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    return 0


@asynccontextmanager
async def rough_proxy(
    upstream: str, *, shares: Mapping[str, Mapping[Fate, float]], seed: int, name: Callable[[bytes], str]
) -> AsyncIterator[RoughProxy]:
    """Gives a running proxy before ``upstream``."""
    proxy = RoughProxy(upstream, shares, seed, name)
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0, limit=_LARGEST)
    proxy.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield proxy
    finally:
        server.close()
        for task in list(proxy.under_way):
            task.cancel()
        await asyncio.gather(*proxy.under_way, return_exceptions=True)
