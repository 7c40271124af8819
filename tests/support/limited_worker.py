"""A process whose callers ask one server as often as its shared limits let them, until it is told to stop."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import sys
from dataclasses import dataclass

from bridgehead.errors import Failed
from bridgehead.resilience.ports import Bounds
from bridgehead.resilience.rate import Rate
from bridgehead.storage.database import Database
from bridgehead.storage.limits import SharedLimits

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Load:
    """What a worker is to do; times are in seconds."""

    url: str
    port: int
    rate: float | None = None
    burst: int = 1
    concurrency: int | None = None
    callers: int = 8
    within_s: float = 30.0
    lease_s: float = 15.0
    system: str = "counted"


async def calls(limits: SharedLimits, load: Load) -> None:
    """One caller: asks again and again on one connection, and tells a 429 to all."""
    reader, writer = await asyncio.open_connection("127.0.0.1", load.port)
    request = f"GET / HTTP/1.1\r\nHost: localhost\r\nX-Worker: {os.getpid()}\r\n\r\n".encode()
    while True:
        try:
            async with limits.admit(within_s=load.within_s):
                writer.write(request)
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
        except Failed as error:
            log.info("%s: %s", error.error_class, error.message)
            await asyncio.sleep(0.2)
            continue
        if head.startswith("HTTP/1.1 429 "):
            await limits.refused(float(head.partition("Retry-After: ")[2].split("\r\n")[0]))


async def main() -> None:
    """Works until SIGTERM; what it holds is given back then."""
    load = Load(**json.loads(sys.argv[1]))
    rate = None if load.rate is None else Rate(load.rate, load.burst)
    database = Database(load.url, size=4)
    await database.open()
    limits = SharedLimits(database, load.system, Bounds(rate, load.concurrency), lease_s=load.lease_s)
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    async with asyncio.TaskGroup() as group:
        callers = [group.create_task(calls(limits, load)) for _ in range(load.callers)]
        await stop.wait()
        for caller in callers:
            caller.cancel()
    await limits.aclose()
    await database.close()


if __name__ == "__main__":
    asyncio.run(main())
