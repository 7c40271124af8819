"""A proxy before PostgreSQL that loses the connection at a chosen message, on either side of it."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from urllib.parse import parse_qs, urlsplit

_SOCKET = ".s.PGSQL.5432"


@dataclass(slots=True)
class CuttingProxy:
    """What stands before the server.

    ``at`` is looked for in what a client sends. ``before``: it never reaches the server; ``after``: the
    server has answered it, and the answer never reaches the client. Each happens ``times`` times.
    """

    upstream: Path
    url: str
    at: bytes = b""
    cut: Literal["before", "after"] = "before"
    times: int = 0
    refusing: bool = False
    """Takes no connection any more, as a server that is away."""
    refuse_then: bool = False
    """Becomes ``refusing`` with the first cut."""
    done: int = 0
    _serving: set[asyncio.Task[object]] = field(default_factory=set)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._serving.add(task)
        try:
            if not self.refusing:
                await self._pass_on(reader, writer)
        except asyncio.CancelledError:
            pass  # by end(), which waits for this task
        finally:
            self._serving.discard(task)
            writer.close()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        back, forth = await asyncio.open_unix_connection(str(self.upstream))
        silent = asyncio.Event()
        answers = asyncio.create_task(self._answers(back, writer, silent))
        try:
            with contextlib.suppress(OSError):
                while data := await reader.read(1 << 16):
                    if self.at and self.at in data and self.done < self.times:
                        self.done += 1
                        self.refusing = self.refuse_then
                        if self.cut == "before":
                            return
                        silent.set()
                    forth.write(data)
                    await forth.drain()
                    if silent.is_set():
                        await answers  # ends with the first answer that is withheld
                        return
        finally:
            answers.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await answers
            forth.close()

    @staticmethod
    async def _answers(back: asyncio.StreamReader, writer: asyncio.StreamWriter, silent: asyncio.Event) -> None:
        with contextlib.suppress(OSError):
            while data := await back.read(1 << 16):
                if silent.is_set():
                    return
                writer.write(data)
                await writer.drain()

    async def end(self) -> None:
        """Ends every connection."""
        for task in list(self._serving):
            task.cancel()
        await asyncio.gather(*self._serving, return_exceptions=True)


@asynccontextmanager
async def cutting_proxy(database_url: str) -> AsyncIterator[CuttingProxy]:
    """Gives a proxy before the database of a URL that names a Unix socket's folder."""
    split = urlsplit(database_url)
    upstream = Path(parse_qs(split.query)["host"][0]) / _SOCKET
    folder = Path(tempfile.mkdtemp(prefix="bhp-"))  # short: a socket's path may have 107 characters
    proxy = CuttingProxy(upstream, database_url.replace(str(upstream.parent), str(folder)))
    server = await asyncio.start_unix_server(proxy.serve, str(folder / _SOCKET))
    try:
        yield proxy
    finally:
        server.close()
        await proxy.end()
        await server.wait_closed()
        shutil.rmtree(folder, ignore_errors=True)
