"""The desk after a run: ``serve`` shows the orders that wait for people, until whoever looks has seen enough."""

from __future__ import annotations

import asyncio
import re
import socket
from dataclasses import dataclass
from typing import Final

from bridgehead.clock import boot_s
from bridgehead.errors import Unavailable
from bridgehead.templates.purchase_orders.demo.house import House
from bridgehead.templates.purchase_orders.demo.processes import Child, start

PORT: Final = 8480
_POLL_S: Final = 0.1
_START_S: Final = 60.0
_ADDRESS: Final = re.compile(r"^console at (\S+)$", re.MULTILINE)
_FIRST: Final = re.compile(r"^\s+(\S+/first-run\?code=\S+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Desk:
    """The console of the run: its process, where it is, and the link by which somebody signs in for the first time."""

    process: Child
    address: str
    first: str

    async def wait(self) -> None:
        """Waits until the process ends or this task is cancelled; then the process is ended."""
        try:
            await asyncio.to_thread(self.process.process.wait)
        finally:
            await asyncio.shield(self.process.end())


async def open_desk(house: House, port: str) -> Desk:
    """Starts ``bridgehead serve`` on the run's deployment; raises Unavailable when it does not start.

    ``port`` is where its console is to be; empty: at 8480, or at a free one where another program has that.
    """
    process = start(
        "bridgehead",
        ["serve", str(house.deployment_folder)],
        log=house.folder / "logs" / "console.log",
        environment={"BRIDGEHEAD_HTTP_PORT": port or str(PORT if _free(PORT) else 0)},
    )
    limit_s = boot_s() + _START_S
    while True:
        text = process.log.read_text(encoding="utf-8", errors="replace")
        address, first = _ADDRESS.search(text), _FIRST.search(text)
        if address is not None and first is not None:
            return Desk(process, address[1], first[1])
        if not process.lives or boot_s() > limit_s:
            process.kill()
            raise Unavailable(f"the console did not start: {process.tail() or 'it said nothing'}", code="demo.console")
        await asyncio.sleep(_POLL_S)


def _free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
