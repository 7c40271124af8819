"""HTTP/1.1 as the proxy needs it: a request or an answer from a stream, with its body whole (RFC 9112)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

HEAD_MOST: Final = 64 * 1024
BODY_MOST: Final = 64 * 1024 * 1024
_OF_ONE_HOP: Final = frozenset({b"connection", b"keep-alive", b"proxy-connection", b"te", b"trailer", b"upgrade"})
_EMPTY: Final = frozenset({b"204", b"304"})


class Unreadable(Exception):  # met where a connection is served, and seen by nobody else
    """What came is no HTTP/1.1, or more of it than is taken."""


@dataclass(frozen=True, slots=True)
class Message:
    """A request or an answer: its first line, its header fields as they came, its body without framing."""

    first: bytes
    fields: Sequence[tuple[bytes, bytes]]
    body: bytes

    @property
    def method(self) -> str:
        """The method of a request."""
        return self.first.split(b" ", 1)[0].decode("latin-1").upper()

    @property
    def target(self) -> str:
        """The path of a request, with its query."""
        parts = self.first.split(b" ")
        return parts[1].decode("latin-1") if len(parts) > 1 else ""

    @property
    def path(self) -> str:
        """The path of a request without its query."""
        return self.target.partition("?")[0]

    @property
    def head(self) -> bytes:
        """First line and fields, framed for the body as it stands; a body of known length follows."""
        kept = [
            name + b": " + value
            for name, value in self.fields
            if name.lower() not in _OF_ONE_HOP and name.lower() not in (b"content-length", b"transfer-encoding")
        ]
        if not self.no_body:
            kept.append(b"Content-Length: " + str(len(self.body)).encode())
        return b"\r\n".join([self.first, *kept])

    @property
    def open_head(self) -> bytes:
        """First line and fields with the framing they came with; a body without any ends with its connection."""
        kept = [name + b": " + value for name, value in self.fields if name.lower() not in _OF_ONE_HOP]
        return b"\r\n".join([self.first, *kept, *([] if self.framed else [b"Connection: close"])])

    @property
    def framed(self) -> bool:
        """Whether an answer says where its body ends."""
        return self.no_body or bool(self.field(b"content-length") or self.field(b"transfer-encoding"))

    @property
    def no_body(self) -> bool:
        """Whether it is an answer that has none by its status; its length must not be given either."""
        parts = self.first.split(b" ", 2)
        return self.first.startswith(b"HTTP/") and len(parts) > 1 and parts[1] in _EMPTY

    def with_body(self, body: bytes) -> Message:
        """Returns it with another body."""
        return replace(self, body=body)

    def field(self, name: bytes) -> bytes:
        """Returns a field's value, or nothing."""
        return next((value for one, value in self.fields if one.lower() == name), b"")


def answer(status: int, body: bytes, content_type: str, more: Mapping[str, str] | None = None) -> Message:
    """Returns an answer of the proxy's own."""
    fields = [(b"Content-Type", content_type.encode())]
    fields += [(name.encode(), value.encode()) for name, value in (more or {}).items()]
    return Message(f"HTTP/1.1 {status} Injected".encode(), fields, body)


async def read_request(reader: asyncio.StreamReader) -> Message | None:
    """Returns the next request of a connection; None when it has ended. Raises Unreadable."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as error:
        if error.partial:
            raise Unreadable from error
        return None
    except asyncio.LimitOverrunError as error:
        raise Unreadable from error
    first, fields = _parsed(head)
    if first.count(b" ") != 2:  # noqa: PLR2004  # method, target, version
        raise Unreadable
    return Message(first, fields, await _body(reader, fields, to_the_end=False))


async def read_answer(reader: asyncio.StreamReader, method: str) -> Message:
    """Returns the answer to a request; interim ones are passed over. Raises Unreadable or IncompleteReadError."""
    head = await read_answer_head(reader)
    if method == "HEAD" or head.no_body:
        return head
    return head.with_body(await _body(reader, head.fields, to_the_end=True))


async def read_answer_head(reader: asyncio.StreamReader) -> Message:
    """Returns an answer whose body is still to be read; interim ones are passed over. Raises as ``read_answer``."""
    while True:
        try:
            first, fields = _parsed(await reader.readuntil(b"\r\n\r\n"))
        except asyncio.LimitOverrunError as error:
            raise Unreadable from error
        if not first.startswith(b"HTTP/1.") or b" " not in first:
            raise Unreadable
        if not first.split(b" ", 2)[1].startswith(b"1"):
            return Message(first, fields, b"")


async def as_it_comes(reader: asyncio.StreamReader, head: Message, method: str) -> AsyncIterator[bytes]:
    """Gives an answer's body in its own framing, piece by piece, to its end. Raises as ``read_answer``."""
    if method == "HEAD" or head.no_body:
        return
    if head.field(b"transfer-encoding"):
        while True:
            line = await reader.readuntil(b"\r\n")
            size = _size(line)
            if size:
                yield line + await reader.readexactly(size + 2)
                continue
            while line != b"\r\n":
                yield line
                line = await reader.readuntil(b"\r\n")
            yield line
            return
    length = head.field(b"content-length")
    if length and not length.isdigit():
        raise Unreadable
    left = int(length) if length else None
    while left is None or left:
        block = await reader.read(HEAD_MOST if left is None else min(left, HEAD_MOST))
        if not block:
            if left:
                raise asyncio.IncompleteReadError(b"", left)
            return
        left = None if left is None else left - len(block)
        yield block


def _size(line: bytes) -> int:
    """Returns the size in the first line of a chunk."""
    try:
        size = int(line.split(b";")[0].strip(), 16)
    except ValueError as error:
        raise Unreadable from error
    if not 0 <= size <= BODY_MOST:
        raise Unreadable
    return size


def _parsed(head: bytes) -> tuple[bytes, list[tuple[bytes, bytes]]]:
    first, *lines = head[:-4].split(b"\r\n")
    fields = []
    for line in lines:
        name, colon, value = line.partition(b":")
        if not colon or not name or name != name.strip():
            raise Unreadable
        fields.append((name, value.strip()))
    return first, fields


async def _body(reader: asyncio.StreamReader, fields: Sequence[tuple[bytes, bytes]], *, to_the_end: bool) -> bytes:
    known = {name.lower(): value for name, value in fields}
    if b"transfer-encoding" in known:
        return await _chunks(reader)
    if b"content-length" in known:
        if not known[b"content-length"].isdigit() or int(known[b"content-length"]) > BODY_MOST:
            raise Unreadable
        return await reader.readexactly(int(known[b"content-length"]))
    if not to_the_end:
        return b""
    found = bytearray()
    while block := await reader.read(HEAD_MOST):
        found += block
        if len(found) > BODY_MOST:
            raise Unreadable
    return bytes(found)


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    found = bytearray()
    while True:
        size = _size(await reader.readuntil(b"\r\n"))
        if len(found) + size > BODY_MOST:
            raise Unreadable
        if size == 0:
            while (await reader.readuntil(b"\r\n")) != b"\r\n":
                pass
            return bytes(found)
        found += await reader.readexactly(size)
        await reader.readexactly(2)
