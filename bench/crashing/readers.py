"""The readers' processes of a worker, forked from it before it has threads: they need not import anything any more.

A worker that has lived for a second would else spend most of its processor time on the imports of two readers, and
thousands of orders would wait for nothing that this bench asks about. What they run is the product's own loop.
"""

from __future__ import annotations

import asyncio
import os
import signal
from dataclasses import dataclass
from typing import Any, Final

from bridgehead.engine import reading_child
from bridgehead.engine.worker import READING

MODULE: Final = "bridgehead.engine.reading_child"


@dataclass
class Reader:
    """What the worker uses of ``asyncio.subprocess.Process``."""

    pid: int
    stdin: asyncio.StreamWriter
    stdout: asyncio.StreamReader
    returncode: int | None = None

    def kill(self) -> None:
        """Ends it at once."""
        os.kill(self.pid, signal.SIGKILL)

    async def wait(self) -> int:
        """Returns how it ended."""
        _, status = await asyncio.to_thread(os.waitpid, self.pid, 0)
        self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode


def prefork() -> None:
    """Forks as many readers as a worker uses, and lets the worker of this process use them in place of new ones.

    Called in a process without threads and without an event loop.
    """
    waiting = [_forked() for _ in range(READING)]
    real = asyncio.create_subprocess_exec

    async def start(*arguments: Any, **named: Any) -> Any:  # noqa: ANN401  # stands in for a function of asyncio
        if MODULE not in arguments or not waiting:
            return await real(*arguments, **named)
        pid, requests, answers = waiting.pop()
        return await _connected(pid, requests, answers, named["limit"])

    asyncio.create_subprocess_exec = start


def _forked() -> tuple[int, int, int]:
    asked, requests = os.pipe()
    answers, told = os.pipe()
    pid = os.fork()
    if pid:
        os.close(asked)
        os.close(told)
        return pid, requests, answers
    try:
        os.setsid()
        os.close(requests)  # else it would never see the end of its input
        os.close(answers)
        os.dup2(asked, 0)
        os.dup2(told, 1)
        reading_child.main()
    finally:
        os._exit(1)


async def _connected(pid: int, requests: int, answers: int, limit: int) -> Reader:
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=limit)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(answers, "rb"))
    transport, protocol = await loop.connect_write_pipe(asyncio.streams.FlowControlMixin, os.fdopen(requests, "wb"))
    return Reader(pid, asyncio.StreamWriter(transport, protocol, None, loop), reader)
