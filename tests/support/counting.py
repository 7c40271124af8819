"""An HTTP server that counts what reaches it, and worker processes that ask it under shared limits."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from bisect import bisect_left
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from pathlib import Path

from bridgehead.clock import boot_s
from tests.support.limited_worker import Load

ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Counting:
    """What a server saw: when each request came and from whom, and how many were under way at most.

    Each request is answered after ``answer_s``; the ones before ``refuse_until_s`` with 429 and ``retry_after``.
    """

    answer_s: float = 0.0
    retry_after: int = 1
    refuse_until_s: float = 0.0
    port: int = 0
    came_s: list[float] = field(default_factory=list)
    by: list[int] = field(default_factory=list)
    refused_s: list[float] = field(default_factory=list)
    under_way: int = 0
    most: int = 0
    seen: asyncio.Condition = field(default_factory=asyncio.Condition)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Counting]:
        """Serves on loopback."""
        connections: set[asyncio.StreamWriter] = set()
        handlers: set[asyncio.Task[None]] = set()

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            connections.add(writer)
            if (task := asyncio.current_task()) is not None:
                handlers.add(task)
                task.add_done_callback(handlers.discard)
            try:
                while True:
                    await self._answer(await reader.readuntil(b"\r\n\r\n"), writer)
            except (asyncio.IncompleteReadError, ConnectionError):
                return
            finally:
                connections.discard(writer)
                writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0, backlog=1_000)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            for writer in list(connections):
                writer.close()
            await server.wait_closed()
            if handlers:
                await asyncio.wait(handlers)

    async def _answer(self, head: bytes, writer: asyncio.StreamWriter) -> None:
        now_s = boot_s()
        self.came_s.append(now_s)
        self.by.append(int(head.partition(b"X-Worker: ")[2].split(b"\r\n")[0]))
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        async with self.seen:
            self.seen.notify_all()
        try:
            if self.answer_s:
                await asyncio.sleep(self.answer_s)
            if now_s < self.refuse_until_s:
                self.refused_s.append(now_s)
                wait = f"Retry-After: {self.retry_after}\r\n"
                writer.write(f"HTTP/1.1 429 Too Many\r\n{wait}Content-Length: 0\r\n\r\n".encode())
            else:
                writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
        finally:
            self.under_way -= 1  # before the answer can be read: its reader may send the next one
        await writer.drain()

    async def until(self, count: int, *, timeout_s: float = 20.0) -> None:
        """Returns when so many requests have come."""
        async with asyncio.timeout(timeout_s), self.seen:
            await self.seen.wait_for(lambda: len(self.came_s) >= count)

    def between(self, start_s: float, end_s: float) -> int:
        """Returns how many came from ``start_s`` on and before ``end_s``."""
        return bisect_left(self.came_s, end_s) - bisect_left(self.came_s, start_s)

    def busiest(self, window_s: float, *, start_s: float = 0.0) -> int:
        """Returns the most that came in any window of this length, wherever it begins."""
        first = bisect_left(self.came_s, start_s)
        return max(
            (
                bisect_left(self.came_s, at_s + window_s) - index
                for index, at_s in enumerate(self.came_s[first:], first)
            ),
            default=0,
        )

    def gap(self, start_s: float, end_s: float) -> float:
        """Returns the longest time without a request in this span."""
        came = [start_s, *(at_s for at_s in self.came_s if start_s <= at_s < end_s), end_s]
        return max(after - before for before, after in pairwise(came))


@asynccontextmanager
async def workers(load: Load, count: int) -> AsyncIterator[list[subprocess.Popen[bytes]]]:
    """Runs worker processes under one load; they are stopped, and ended if they do not stop."""
    started = [_start(load) for _ in range(count)]
    try:
        yield started
    finally:
        await stop(started)


def _start(load: Load) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "tests.support.limited_worker", json.dumps(asdict(load))]
    return subprocess.Popen(command, cwd=ROOT)


async def stop(started: Sequence[subprocess.Popen[bytes]]) -> None:
    """Stops processes, all at once."""
    for process in started:
        process.terminate()
    for process in started:
        try:
            await asyncio.to_thread(process.wait, timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            await asyncio.to_thread(process.wait)
