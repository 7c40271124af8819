"""A system of record with books of its own, in a process of its own: what it entered is what happened.

It knows nothing of Bridgehead. ``POST /bookings`` recognises an ``Idempotency-Key`` and enters once under it;
``POST /entries`` recognises nothing. ``GET /draws`` answers with another number each time, as a model may answer
otherwise each time. Every entry is appended to a file before it is answered.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Books:
    """The entries by order, and what was entered under which key."""

    file: Path
    entries: dict[str, list[dict[str, object]]] = field(default_factory=lambda: defaultdict(list))
    by_key: dict[str, dict[str, object]] = field(default_factory=dict)
    number: int = 0
    drawn: int = 0

    def enter(self, path: str, po: str, draw: str, key: str) -> dict[str, object]:
        """Enters an order, with what was drawn for it, and returns the entry or the one made under the same key."""
        if key and key in self.by_key:
            return self.by_key[key]
        self.number += 1
        entry: dict[str, object] = {"number": f"N-{self.number}", "po": po}
        with self.file.open("a", encoding="utf-8") as file:
            file.write(json.dumps({**entry, "path": path, "key": key}) + "\n")
        self.entries[f"{po}:{draw}" if draw else po].append(entry)
        if key:
            self.by_key[key] = entry
        return entry

    def answer(self, method: str, path: str, key: str, body: bytes) -> tuple[int, object]:
        """Returns status and body."""
        what, _, rest = path.strip("/").partition("/")
        if method == "POST":
            order = json.loads(body)
            return 201, self.enter(what, str(order["po"]), order.get("draw", ""), key if what == "bookings" else "")
        if what == "customers":
            return 200, {"number": rest, "blocked": False}
        if what == "draws":
            self.drawn += 1
            return 200, {"number": f"D-{self.drawn}"}
        found = self.entries.get(rest)
        return (200, found[0]) if found else (404, {"error": "there is no such entry"})


async def serve(file: Path, ready: int) -> None:
    """Serves for ever on a free port of loopback, and writes the URL to the descriptor ``ready``."""
    import os

    books = Books(file)

    async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, OSError):
            while await _request(books, reader, writer):
                pass
        writer.close()

    server = await asyncio.start_server(one, "127.0.0.1", 0, backlog=512)
    os.write(ready, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}\n".encode())
    await server.serve_forever()


async def _request(books: Books, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.rstrip().split("\r\n")
    fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    body = await reader.readexactly(int(fields.get("content-length", "0")))
    method, path, _ = first.split(" ")
    status, found = books.answer(method, path, fields.get("idempotency-key", ""), body)
    content = json.dumps(found).encode()
    writer.write(
        f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n".encode()
        + content
    )
    await writer.drain()
    return fields.get("connection", "").lower() != "close"
