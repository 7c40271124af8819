"""Reading arrivals in a process of its own, with a time limit: a document can hang or kill its reader."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from collections.abc import AsyncIterator, Sequence

from bridgehead.cases.intake import NewCase, NoCase, ToReview
from bridgehead.engine.reading_child import HEADER, from_json
from bridgehead.errors import BridgeheadError

READ_S = 20.0


class ReaderLost(BridgeheadError):
    """The reader's process died or ran out of time over a document."""

    code = "arrival.reader_lost"


class ReadingProcess:
    """One child process that runs readers, started on first use and replaced when it is lost."""

    def __init__(self, *, timeout_s: float = READ_S) -> None:
        self._timeout_s = timeout_s
        self._child: asyncio.subprocess.Process | None = None
        self._turn = asyncio.Lock()

    async def read(self, reader: str, folder: str, document: bytes, name: str) -> Sequence[NewCase | ToReview] | NoCase:
        """Returns what ``module:object`` in ``folder`` makes of a document.

        Raises ReaderLost when the process died or the time ran out; a reader that raises
        gives a ToReview, because its document is one for a person.
        """
        # One document at a time: the time limit is that document's own, and a loss hits nobody else.
        async with self._turn:
            try:
                async with asyncio.timeout(self._timeout_s):
                    head = json.dumps({"reader": reader, "folder": folder, "name": name}).encode()
                    body = await self._exchange(head, document)
            except (TimeoutError, OSError, asyncio.IncompleteReadError) as error:
                await self.close()
                raise ReaderLost(f"the reader was lost over {name}: {type(error).__name__}") from error
            except BaseException:
                await self.close()  # cut in mid-exchange: the next answer would be this document's
                raise
        return from_json(json.loads(body))

    async def close(self) -> None:
        """Ends the child process at once."""
        child, self._child = self._child, None
        if child is None:
            return
        with contextlib.suppress(ProcessLookupError):
            child.kill()
        await child.wait()
        if child.stdin is not None:
            child.stdin.close()

    async def _exchange(self, head: bytes, document: bytes) -> bytes:
        if self._child is None or self._child.returncode is not None:
            self._child = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "bridgehead.engine.reading_child",
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                limit=2**20,
                start_new_session=True,  # a terminal's Ctrl-C is for the worker, which ends this process itself
            )
        child = self._child
        if child.stdin is None or child.stdout is None:  # pragma: no cover - both are pipes
            raise OSError("the reader has no pipes")
        child.stdin.write(b"".join(HEADER.pack(len(message)) + message for message in (head, document)))
        await child.stdin.drain()
        (length,) = HEADER.unpack(await child.stdout.readexactly(HEADER.size))
        return await child.stdout.readexactly(length)


class ReadingPool:
    """Readers for so many documents at once, so that one that hangs does not hold up the next."""

    def __init__(self, size: int, *, timeout_s: float = READ_S) -> None:
        self._all = [ReadingProcess(timeout_s=timeout_s) for _ in range(size)]
        # The one used last is used next: a further process starts only when it is needed.
        self._idle: asyncio.LifoQueue[ReadingProcess] = asyncio.LifoQueue()
        for process in self._all:
            self._idle.put_nowait(process)

    @contextlib.asynccontextmanager
    async def process(self) -> AsyncIterator[ReadingProcess]:
        """Gives an idle process, once there is one."""
        process = await self._idle.get()
        try:
            yield process
        finally:
            self._idle.put_nowait(process)

    async def close(self) -> None:
        """Ends every process at once."""
        for process in self._all:
            await process.close()
