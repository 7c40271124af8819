"""A rival in a process of its own, under its own Python: orders go in, what they took comes out."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from bench.rivals.ran import Ran

ROOT: Final = Path(__file__).resolve().parents[2]
PYTHON: Final = ROOT / ".venv-rivals" / "bin" / "python"
READY: Final = ROOT / ".venv-rivals" / ".ready"
PATIENCE_S: Final = 180.0
MISSING: Final = 3
"""The exit code where the rivals are not installed: nothing was measured."""


def missing() -> str:
    """Returns what to say when the rivals are not installed, or nothing when they are."""
    if READY.is_file() and PYTHON.exists():
        return ""
    return f"""
THE RIVALS ARE NOT INSTALLED: there is no {READY.parent.name} with LangGraph and DBOS in it.
Run this in {ROOT.name}, and then this benchmark again:

    make rivals
"""


class Rival:
    """One rival's process; stopped by SIGSTOP while others are measured."""

    def __init__(self, arguments: Sequence[str]) -> None:
        self._arguments = arguments
        self._process: asyncio.subprocess.Process | None = None
        self.versions: Mapping[str, str] = {}

    async def open(self) -> None:
        """Starts it and waits until it takes orders."""
        self._process = await asyncio.create_subprocess_exec(
            PYTHON,
            "-m",
            *self._arguments,
            cwd=ROOT,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=2**26,
        )
        self.versions = (await self._line())["versions"]

    async def prepare(self, cases: int, concurrency: int) -> None:
        """Gives an order; returns when the process is connected and warm, before the cases that count."""
        await self._say(json.dumps({"cases": cases, "concurrency": concurrency}))
        await self._line()

    async def run(self) -> Ran:
        """Lets the cases run and returns what they took; raises RuntimeError when the process ends."""
        await self._say("go")
        answer: dict[str, Any] = await self._line()
        return Ran(answer["cases"], answer["wall_s"], answer["cpu_s"], answer["steps_ms"])

    def freeze(self) -> None:
        """Stops it where it stands."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Lets it go on."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    async def close(self) -> None:
        """Ends it."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()

    async def _say(self, text: str) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.write(text.encode() + b"\n")
        await self._process.stdin.drain()

    async def _line(self) -> dict[str, Any]:
        assert self._process is not None
        assert self._process.stdout is not None
        line = await asyncio.wait_for(self._process.stdout.readline(), PATIENCE_S)
        if not line:
            raise RuntimeError(f"{' '.join(self._arguments[:2])} ended; what it said is above")
        found: dict[str, Any] = json.loads(line)
        return found
