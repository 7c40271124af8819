"""The system that goes down, in a process of its own: it answers slowly, bears so much, and counts what comes.

``GET /stock/N`` is the call that is counted. ``POST /state`` with ``{"failing": share}`` takes it down (1), lets
a share of the calls fail, or brings it back (0); ``GET /seen`` returns every call since the start: when it came by the
machine's boot clock, for which N, and whether it was answered with success.
"""

from __future__ import annotations

import asyncio
import json
import sys
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bridgehead.clock import boot_s

ANSWER_S = 0.05
CROWD = 40
"""Who comes while so many wait is refused: a stampede brings the system down again."""


@dataclass
class System:
    """One system: how many calls it works on at once, what share fails, and what it has seen."""

    places: int
    failing: float = 0.0
    came: int = 0
    waiting: int = 0
    seen: list[tuple[float, str, bool]] = field(default_factory=list)

    async def stock(self, number: str) -> tuple[int, object]:
        """Answers one call."""
        at_s = boot_s()
        self.came += 1
        # Spread evenly: of every ten calls the share fails, so that two runs fail alike.
        if (self.came * self.failing) % 1 + self.failing >= 1 or self.waiting >= CROWD:
            self.seen.append((at_s, number, False))
            return 503, {"error": "down"}
        self.waiting += 1
        try:
            async with self.room:
                await asyncio.sleep(ANSWER_S)
        finally:
            self.waiting -= 1
        self.seen.append((at_s, number, True))
        return 200, 7

    def __post_init__(self) -> None:
        self.room = asyncio.Semaphore(self.places)

    async def answer(self, method: str, path: str, body: bytes) -> tuple[int, object]:
        """Answers one request."""
        match method, path.split("/")[1:]:
            case "GET", ["stock", number]:
                return await self.stock(number)
            case "POST", ["state"]:
                self.failing = float(json.loads(body)["failing"])
                return 200, boot_s()
            case "GET", ["seen"]:
                return 200, self.seen
        return 404, None

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serves one connection until it ends."""
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                method, path, _ = head.split(" ", 2)
                length = head.lower().partition("content-length:")[2].split("\r\n")[0].strip()
                body = await reader.readexactly(int(length)) if length else b""
                status, told = await self.answer(method, path, body)
                sent = json.dumps(told).encode()
                head = f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {len(sent)}\r\n\r\n"
                writer.write(head.encode() + sent)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            writer.close()


async def main() -> None:
    """Serves on loopback and prints its port; ends with its standard input."""
    system = System(int(sys.argv[1]))
    server = await asyncio.start_server(system.serve, "127.0.0.1", 0, backlog=1_000)
    print(server.sockets[0].getsockname()[1], flush=True)
    async with server:
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main())
