"""The demo's other processes: the ERP and the workers, each started, killed and ended by its own process id."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bridgehead.clock import boot_s
from bridgehead.errors import Unavailable

BOOKS: Final = "erp.sqlite"
"""The ERP's books, in the run's folder."""
_POLL_S: Final = 0.02
_START_S: Final = 30.0
_END_S: Final = 15.0
_TAIL: Final = 600


@dataclass(frozen=True, slots=True)
class Child:
    """One process and where it logs."""

    process: subprocess.Popen[bytes]
    log: Path

    @property
    def pid(self) -> int:
        """Its process id."""
        return self.process.pid

    @property
    def lives(self) -> bool:
        """Whether it still runs."""
        return self.process.poll() is None

    def kill(self) -> None:
        """Ends it with SIGKILL, in the middle of whatever it does."""
        self.process.kill()
        self.process.wait(_END_S)

    async def end(self) -> int:
        """Asks it to stop, kills it when it does not within 15 s, and returns its exit code."""
        if self.lives:
            self.process.send_signal(signal.SIGTERM)
        try:
            return await asyncio.to_thread(self.process.wait, _END_S)
        except subprocess.TimeoutExpired:
            self.kill()
            return self.process.returncode

    def tail(self) -> str:
        """Returns the end of what it logged."""
        with contextlib.suppress(OSError):
            return self.log.read_text(encoding="utf-8", errors="replace")[-_TAIL:].strip()
        return ""


def start(module: str, arguments: Sequence[str], *, log: Path, environment: Mapping[str, str]) -> Child:
    """Starts ``python -m module`` in a session of its own, so that Ctrl-C reaches only who can tidy up."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 - this interpreter, with arguments of the demo's own
            [sys.executable, "-m", module, *arguments],
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    return Child(process, log)


async def start_erp(folder: Path, *, people: Path, master: Path, seed: int, latency_ms: float) -> tuple[Child, str]:
    """Starts the ERP on a free port and returns it with its URL once it answers; raises Unavailable when it ends.

    Its client's secret is in ``erp.secret`` of the folder, which the ERP makes.
    """
    port_file = folder / "erp.port"
    child = start(
        "bridgehead.templates.purchase_orders.erp",
        [
            *("--master", str(master), "--people", str(people), "--db", str(folder / BOOKS)),
            *("--port-file", str(port_file), "--latency-ms", str(latency_ms), "--latency-seed", str(seed)),
        ],
        log=folder / "logs" / "erp.log",
        environment={},
    )
    limit_s = boot_s() + _START_S
    while not port_file.exists():
        if not child.lives or boot_s() > limit_s:
            child.kill()
            raise Unavailable(f"the demo ERP did not start: {child.tail() or 'it said nothing'}", code="demo.erp")
        await asyncio.sleep(_POLL_S)
    return child, f"http://127.0.0.1:{port_file.read_text(encoding='ascii')}"
