"""The model server of ``bench/tail.py``: answers chat completions after a lognormal time, in a process of its own.

What a request asks for stands in its last message as JSON: ``id``, ``rho``, ``seed``, ``stall``. The log of the
latency of every further attempt of an id correlates by ``rho`` with that of the first one. A caller that hangs up
is forgotten at once. ``GET /seen`` tells how often each id was asked, ``GET /late`` by how much answers were late
since it was asked last: what this process itself adds to a latency. ``python bench/tail_server.py SCALE`` prints its
port.
"""

from __future__ import annotations

import asyncio
import json
import math
import random
import sys
from collections import Counter
from typing import Final

Z99: Final = 2.3263478740408408
"""The 99 % quantile of the standard normal distribution."""
MODELS: Final = {"slow": (5.0, 120.0), "fast": (3.0, 12.0)}
"""p50 and p99 in seconds."""


def sigma(model: str) -> float:
    """Returns the deviation of the log of a model's latency."""
    p50, p99 = MODELS[model]
    return math.log(p99 / p50) / Z99


def latency_s(model: str, asked: dict[str, object], attempt: int) -> float:
    """Returns how long an attempt takes, the same each time it is asked for."""
    name, rho = f"{asked['seed']}/{asked['id']}", float(str(asked["rho"]))
    first = random.Random(f"{name}/0").gauss(0, 1)
    z = first
    if attempt:
        z = rho * first + math.sqrt(1 - rho * rho) * random.Random(f"{name}/{model}/{attempt}").gauss(0, 1)
    return MODELS[model][0] * math.exp(sigma(model) * z)


class Answering(asyncio.Protocol):
    """One connection: requests one after the other (HTTP/1.1, RFC 9112), each answered when its time has come."""

    def __init__(self, scale: float, seen: Counter[str], late_s: list[float]) -> None:
        self._scale, self._seen, self._late_s = scale, seen, late_s
        self._data = b""
        self._timer: asyncio.TimerHandle | None = None
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keeps the way back."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  # the protocol's signature
        """The caller has hung up: nobody waits any more."""
        if self._timer is not None:
            self._timer.cancel()

    def data_received(self, data: bytes) -> None:
        """Takes what came, and sets the time of the answer once a request is whole."""
        self._data += data
        head, end, body = self._data.partition(b"\r\n\r\n")
        if not end:
            return
        lines = head.lower().split(b"\r\n")
        length = next(int(line.partition(b":")[2]) for line in lines if line.startswith(b"content-length:"))
        if len(body) < length:
            return
        self._data = body[length:]
        if lines[0].startswith(b"get /seen"):
            self._send(json.dumps(self._seen).encode())
            return
        if lines[0].startswith(b"get /late"):
            self._send(json.dumps(self._late_s).encode())
            self._late_s.clear()
            return
        self._ask(json.loads(body[:length]))

    def _ask(self, request: dict[str, object]) -> None:
        model, messages = str(request["model"]), request["messages"]
        assert isinstance(messages, list)
        asked = json.loads(messages[-1]["content"])
        attempt = self._seen[f"{asked['seed']}/{asked['id']}"]
        self._seen[f"{asked['seed']}/{asked['id']}"] += 1
        if asked.get("stall"):
            return
        took_s = latency_s(model, asked, attempt)
        reply = {
            "model": model,
            "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "yes"}}],
            "usage": {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110},
        }
        body = json.dumps(reply).encode()
        loop = asyncio.get_running_loop()
        due_s = loop.time() + took_s * self._scale
        self._timer = loop.call_at(due_s, self._answer, body, due_s)

    def _answer(self, body: bytes, due_s: float) -> None:
        self._late_s.append(asyncio.get_running_loop().time() - due_s)
        self._send(body)

    def _send(self, body: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            head = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
            self._transport.write(head.encode() + body)


async def main() -> None:
    """Serves on loopback until it is ended."""
    scale, seen, late_s = float(sys.argv[1]), Counter[str](), list[float]()
    server = await asyncio.get_running_loop().create_server(
        lambda: Answering(scale, seen, late_s), "127.0.0.1", 0, backlog=1_000
    )
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
