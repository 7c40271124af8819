"""A real HTTP server on loopback that speaks the chat completions API from a script, faults included."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from types import TracebackType
from typing import Final, Literal, Self, TypeAlias

from bridgehead.clock import utc_now
from bridgehead.models.port import Reply
from bridgehead.models.scripted import pieces, text_of
from bridgehead.spec.tool import JSON

FaultKind = Literal[
    "status",
    "drop",
    "truncate",
    "end_early",
    "stall_first",
    "stall_between",
    "garbage",
    "not_utf8",
    "error_event",
    "no_usage",
    "length",
    "content_filter",
    "refusal",
    "oversize",
    "html",
    "redirect",
]

_LARGEST_REQUEST: Final = 16 * 1024 * 1024
_HEADER_END: Final = b"\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Fault:
    """What goes wrong with one answer.

    ``status`` answers with ``code`` and ``body``; ``drop`` closes without an answer;
    ``truncate`` breaks the connection and ``end_early`` ends it in order, both after half
    of ``reply``; the ``stall`` kinds fall silent until the server is closed. The others
    change the content of ``reply``.
    """

    kind: FaultKind
    reply: Reply = field(default_factory=lambda: Reply(text="a scripted answer of several words"))
    code: int = 500
    body: Mapping[str, JSON] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as it came. Header names are lower-case."""

    path: str
    headers: Mapping[str, str]
    body: Mapping[str, JSON]

    @property
    def stream(self) -> bool:
        """True when the client asked for an event stream."""
        return self.body.get("stream") is True


Served: TypeAlias = Reply | Fault
ServerScript: TypeAlias = Iterable[Served] | Callable[[Asked], Served]


class ScriptedServer:
    """Serves ``POST {url}/chat/completions``; an async context manager that lives in the running loop.

    The script is a list, answered in the order in which requests come, or a function of
    the request. ``requests`` records every request. A list that has ended answers 500.
    """

    def __init__(self, script: ServerScript, *, model: str = "scripted-1") -> None:
        self.requests: list[Asked] = []
        self._script = script if callable(script) else _in_order(script)
        self._model = model
        self._numbers = itertools.count(1)
        self._closed = asyncio.Event()
        self._open: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    @property
    def url(self) -> str:
        """The base URL, as a client is given it. Only while the server runs."""
        if self._server is None:
            raise RuntimeError("the scripted server is not running")
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/v1"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0, limit=_LARGEST_REQUEST)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closed.set()
        if self._server is not None:
            self._server.close()
        for task in self._open:
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(self._converse(reader, writer))
        self._open.add(task)
        task.add_done_callback(self._open.discard)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answers the requests of one connection until either side ends it."""
        try:
            while (asked := await _read_request(reader)) is not None:
                self.requests.append(asked)
                if not asked.path.endswith("/chat/completions"):
                    body: Mapping[str, JSON] = {"error": {"message": "no such path", "code": "not_found"}}
                    await _send_json(writer, HTTPStatus.NOT_FOUND, body)
                    continue
                served = self._script(asked)
                keep = await (
                    self._fault(writer, asked, served)
                    if isinstance(served, Fault)
                    else self._reply(writer, asked, served)
                )
                if not keep:
                    break
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the client went away, which some tests are about
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    async def _reply(self, writer: asyncio.StreamWriter, asked: Asked, reply: Reply) -> None:
        number = next(self._numbers)
        if asked.stream:
            await _send_events(writer, [*self._events(number, asked, reply), "[DONE]"])
        else:
            await _send_json(writer, HTTPStatus.OK, self._completion(number, reply))

    async def _fault(self, writer: asyncio.StreamWriter, asked: Asked, fault: Fault) -> bool:
        """Plays one fault; returns whether the connection may be used again."""
        number = next(self._numbers)
        match fault.kind:
            case "status":
                await _send_json(writer, fault.code, fault.body, fault.headers)
                return True
            case "redirect":
                await _send_json(
                    writer, HTTPStatus.TEMPORARY_REDIRECT, {}, {"location": f"{self.url}/chat/completions"}
                )
                return True
            case "html":
                await _send(writer, HTTPStatus.OK, "text/html", b"<html>a captive portal</html>")
                return True
            case "drop":
                return False
            case "stall_first":
                await self._closed.wait()
                return False
            case "garbage" | "not_utf8":
                data = b"{not json" if fault.kind == "garbage" else b'{"choices": "\xff\xfe"}'
                if asked.stream:
                    await _send(writer, HTTPStatus.OK, "text/event-stream", b"data: " + data + b"\n\n")
                else:
                    await _send(writer, HTTPStatus.OK, "application/json", data)
                return True
            case "truncate" | "end_early" | "stall_between" | "error_event":
                return await self._half(writer, asked, fault, number)
            case _:
                await self._changed(writer, asked, fault, number)
                return True

    async def _half(self, writer: asyncio.StreamWriter, asked: Asked, fault: Fault, number: int) -> bool:
        """Sends half of an answer, and then what the fault says."""
        if asked.stream:
            events = self._events(number, asked, fault.reply)
            sent = _as_events(events[: max(1, len(events) // 2)])
            if fault.kind == "error_event":
                sent += _as_events([json.dumps({"error": dict(fault.body) or {"message": "overloaded"}})])
            kind = "text/event-stream"
        else:
            data = json.dumps(self._completion(number, fault.reply)).encode()
            sent, kind = data[: len(data) // 2], "application/json"
        writer.write(_head(HTTPStatus.OK, {"content-type": kind, "transfer-encoding": "chunked"}))
        writer.write(_chunk(sent))
        if fault.kind in {"end_early", "error_event"}:
            writer.write(_chunk(b""))
        await writer.drain()
        if fault.kind == "stall_between":
            await self._closed.wait()
        return fault.kind in {"end_early", "error_event"}

    async def _changed(self, writer: asyncio.StreamWriter, asked: Asked, fault: Fault, number: int) -> None:
        """Sends an answer that is whole as HTTP and changed as content."""
        reply = fault.reply
        if fault.kind == "oversize":
            reply = Reply(text="x" * (1024 * 1024), usage=reply.usage)
        if asked.stream:
            await _send_events(writer, [*self._events(number, asked, reply, fault.kind), "[DONE]"])
        else:
            await _send_json(writer, HTTPStatus.OK, self._completion(number, reply, fault.kind))

    def _completion(self, number: int, reply: Reply, fault: FaultKind | None = None) -> dict[str, JSON]:
        message: dict[str, JSON] = {"role": "assistant", "content": text_of(reply) or None}
        if reply.tool_calls:
            message["tool_calls"] = list(_calls(reply))
        if fault == "refusal":
            message |= {"content": None, "refusal": "I cannot help with that."}
        choice: dict[str, JSON] = {
            "index": 0,
            "message": message,
            "finish_reason": _finish(reply, fault),
            "logprobs": None,
        }
        body: dict[str, JSON] = {**self._envelope(number, reply, "chat.completion"), "choices": [choice]}
        if (used := _usage(reply)) is not None and fault != "no_usage":
            body["usage"] = used
        return body

    def _events(self, number: int, asked: Asked, reply: Reply, fault: FaultKind | None = None) -> list[str]:
        """Returns the data of a stream's events, the closing mark excepted."""
        deltas: list[dict[str, JSON]] = [{"role": "assistant", "content": ""}]
        if fault == "refusal":
            deltas.append({"refusal": "I cannot help with that."})
        else:
            deltas += [{"content": piece} for piece in pieces(text_of(reply))]
            deltas += [{"tool_calls": [part]} for part in _call_pieces(reply)]
        finish = _finish(reply, fault)
        choices: list[dict[str, JSON]] = [{"index": 0, "delta": delta, "finish_reason": None} for delta in deltas]
        choices.append({"index": 0, "delta": {}, "finish_reason": finish})
        envelope = self._envelope(number, reply, "chat.completion.chunk")
        events = [json.dumps({**envelope, "choices": [choice]}) for choice in choices]
        options = asked.body.get("stream_options")
        wanted = isinstance(options, Mapping) and options.get("include_usage") is True
        if wanted and fault != "no_usage" and (used := _usage(reply)) is not None:
            events.append(json.dumps({**envelope, "choices": [], "usage": used}))
        return events

    def _envelope(self, number: int, reply: Reply, kind: str) -> dict[str, JSON]:
        return {
            "id": f"chatcmpl-{number}",
            "object": kind,
            "created": int(utc_now().timestamp()),
            "model": reply.model or self._model,
        }


def _finish(reply: Reply, fault: FaultKind | None) -> str:
    match fault:
        case "length" | "content_filter":
            return fault
        case _:
            return reply.finish_reason


def _usage(reply: Reply) -> dict[str, JSON] | None:
    used = reply.usage
    if used.input_tokens is None or used.output_tokens is None:
        return None
    body: dict[str, JSON] = {
        "prompt_tokens": used.input_tokens,
        "completion_tokens": used.output_tokens,
        "total_tokens": used.input_tokens + used.output_tokens,
    }
    if used.cached_tokens is not None:
        body["prompt_tokens_details"] = {"cached_tokens": used.cached_tokens}
    return body


def _calls(reply: Reply) -> Iterator[dict[str, JSON]]:
    for call in reply.tool_calls:
        function: dict[str, JSON] = {"name": call.name, "arguments": json.dumps(call.arguments)}
        yield {"id": call.id, "type": "function", "function": function}


def _call_pieces(reply: Reply) -> Iterator[dict[str, JSON]]:
    """Yields each call as a stream carries it: its head, then its arguments in two halves."""
    for index, call in enumerate(reply.tool_calls):
        text = json.dumps(call.arguments)
        head: dict[str, JSON] = {"name": call.name, "arguments": ""}
        yield {"index": index, "id": call.id, "type": "function", "function": head}
        for part in (text[: len(text) // 2], text[len(text) // 2 :]):
            yield {"index": index, "function": {"arguments": part}}


async def _read_request(reader: asyncio.StreamReader) -> Asked | None:
    """Returns the next request of a connection, None at its end. Bodies have a length (RFC 9112 section 6.2)."""
    try:
        head = (await reader.readuntil(_HEADER_END)).decode("latin-1")
    except asyncio.IncompleteReadError:
        return None
    first, *lines = head.rstrip("\r\n").split("\r\n")
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    data = await reader.readexactly(int(headers.get("content-length", "0")))
    body = json.loads(data) if data else {}
    return Asked(first.split(" ")[1], headers, body if isinstance(body, dict) else {})


async def _send_json(
    writer: asyncio.StreamWriter, status: int, body: Mapping[str, JSON], headers: Mapping[str, str] | None = None
) -> None:
    await _send(writer, status, "application/json", json.dumps(body).encode(), headers)


async def _send(
    writer: asyncio.StreamWriter, status: int, kind: str, data: bytes, headers: Mapping[str, str] | None = None
) -> None:
    writer.write(_head(status, {"content-type": kind, "content-length": str(len(data)), **(headers or {})}) + data)
    await writer.drain()


async def _send_events(writer: asyncio.StreamWriter, events: Iterable[str]) -> None:
    writer.write(
        _head(HTTPStatus.OK, {"content-type": "text/event-stream; charset=utf-8", "transfer-encoding": "chunked"})
    )
    for event in events:
        writer.write(_chunk(_as_events([event])))
        await writer.drain()
    writer.write(_chunk(b""))
    await writer.drain()


def _as_events(events: Iterable[str]) -> bytes:
    return b"".join(f"data: {event}\n\n".encode() for event in events)


def _head(status: int, headers: Mapping[str, str]) -> bytes:
    try:
        phrase = HTTPStatus(status).phrase
    except ValueError:
        phrase = "Unnamed"
    lines = [f"HTTP/1.1 {int(status)} {phrase}", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join(lines).encode("latin-1") + _HEADER_END


def _chunk(data: bytes) -> bytes:
    """Returns one chunk of a chunked body (RFC 9112 section 7.1); an empty one ends it."""
    return b"%x\r\n%b\r\n" % (len(data), data)


def _in_order(script: Iterable[Served]) -> Callable[[Asked], Served]:
    waiting = iter(script)

    def next_served(_asked: Asked) -> Served:
        for served in waiting:
            return served
        return Fault("status", code=500, body={"error": {"message": "the script has ended"}})

    return next_served
