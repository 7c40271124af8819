"""A recorded HTTP system: it answers at the wire's edge as it did, remembers what was written, and fails on demand."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Final, cast
from urllib.parse import parse_qsl

import httpx

from bridgehead.connectors.document import Specification
from bridgehead.connectors.document_action import ActionPart
from bridgehead.connectors.document_entity import EntityPart, ReadPart
from bridgehead.connectors.hosts import base_url
from bridgehead.connectors.http_reply import Reply
from bridgehead.connectors.http_request import FORM, Outgoing
from bridgehead.connectors.http_wire import HttpWire
from bridgehead.connectors.paths import parts_of
from bridgehead.connectors.ports import Answer, Limits, Values
from bridgehead.connectors.proving.recording import Call, Recording
from bridgehead.connectors.proving.world import Loose, Reaction, World, asked_by, tagged
from bridgehead.connectors.references import Redactor

SIGN_IN: Final = "(sign-in)"
KEPT_HEADERS: Final = frozenset({"content-type", "date", "age", "etag", "link", "location", "retry-after"})


class TaggedHttpWire(HttpWire):
    """The wire itself over a carrier of its own, which is told by which read or action each request was made."""

    def __init__(
        self,
        spec: Specification,
        *,
        folder: Path,
        limits: Limits,
        redactor: Redactor,
        carrier: Callable[[Callable[[], httpx.AsyncBaseTransport]], httpx.AsyncBaseTransport],
    ) -> None:
        self._carrier = carrier
        self._names = {id(read): name for entity in spec.entities.values() for name, read in entity.reads.items()}
        # An action whose later requests are picked is a copy; its parts are the same.
        self._names |= {id(action.result): name for name, action in spec.actions.items()}
        super().__init__(spec, folder=folder, limits=limits, redactor=redactor)

    def transport(self) -> httpx.AsyncBaseTransport:
        """Returns the carrier around the real connections, which are made only if it asks for them."""
        return self._carrier(super().transport)

    async def read(self, entity: EntityPart, read: ReadPart, values: Values, *, primary: bool = False) -> Answer:
        """See the wire."""
        with tagged(self._names.get(id(read), "read"), writes=False):
            return await super().read(entity, read, values, primary=primary)

    async def act(self, action: ActionPart, values: Values) -> Answer:
        """See the wire."""
        with tagged(self._names.get(id(action.result), "action"), writes=True):
            return await super().act(action, values)

    async def follow(self, action: ActionPart, values: Values) -> None:
        """See the wire."""
        with tagged(self._names.get(id(action.result), "action"), writes=False):
            await super().follow(action, values)

    async def _ask_credential(self, out: Outgoing) -> Reply:
        with tagged(SIGN_IN, writes=False):
            return await super()._ask_credential(out)


class HttpWorld(World, httpx.AsyncBaseTransport):
    """The HTTP system of one call."""

    def __init__(self, spec: Specification, recording: Recording, call: Call) -> None:
        super().__init__(spec, recording, call)
        self._base = base_url(spec.connection.url, connector=spec.connector)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answers as the system did, unless the fault answers for it."""
        of, writes = asked_by()
        body = await request.aread()
        if of == SIGN_IN:
            return responding(self._credential())
        question = question_of(request, body, self._base, named_headers(self.spec, of), secret_query(self.spec))
        return responding(await self.answered(of, question, write=writes))

    def _credential(self) -> Reaction:
        self.tokens += 1
        token = f"stand-in-token-{self.tokens}"
        login = self.spec.auth.login if self.spec.auth is not None else None
        if login is None:
            return {"status": 200, "body": {"access_token": token, "token_type": "Bearer", "expires_in": 3600}}
        body: dict[str, object] = {}
        for path in login.take.values():
            inside = body
            *steps, last = parts_of(path)
            for step in steps:
                inside = cast("dict[str, object]", inside.setdefault(step, {}))
            inside[last] = token
        return {"status": 200, "body": body}


class LooseHttpWorld(Loose, HttpWorld):
    """An HTTP system whose answers were cleaned."""


class _Body(httpx.AsyncByteStream):
    """A body that is handed over raw, and breaks off where the system did."""

    def __init__(self, content: bytes, *, cut: bool = False) -> None:
        self._content, self._cut = content, cut

    async def __aiter__(self) -> AsyncIterator[bytes]:
        if not self._cut:
            yield self._content
            return
        yield self._content[: len(self._content) // 2]
        raise httpx.RemoteProtocolError("peer closed connection without sending complete message body")


def responding(reaction: Mapping[str, object]) -> httpx.Response:
    """Returns an answer as the connections below the wire would give it."""
    body = reaction.get("body")
    text = reaction.get("text")
    content = b"" if body is None and text is None else as_json(body).encode() if text is None else str(text).encode()
    headers = {
        str(name): str(value) for name, value in cast("Mapping[str, object]", reaction.get("headers", {})).items()
    }
    if body is not None:
        headers.setdefault("content-type", "application/json")
    status = int(cast("int", reaction.get("status", 200)))
    return httpx.Response(status, headers=headers, stream=_Body(content, cut=bool(reaction.get("cut"))))


def streamed(response: httpx.Response, raw: bytes) -> httpx.Response:
    """Returns an answer whose body was read, to be read once more."""
    return httpx.Response(
        response.status_code, headers=response.headers, stream=_Body(raw), extensions=response.extensions
    )


def question_of(
    request: httpx.Request, body: bytes, base: httpx.URL, headers: Iterable[str], hidden_query: str | None
) -> dict[str, object]:
    """Returns what a request asks, below the connection's address, without its credentials."""
    url = request.url
    prefix = base.path.rstrip("/")
    here = (url.scheme, url.host, url.port) == (base.scheme, base.host, base.port) and url.path.startswith(prefix)
    path = url.path[len(prefix) :] if here else str(url.copy_with(query=None, fragment=None))
    asked: dict[str, object] = {"method": request.method, "path": path}
    query = _named([pair for pair in url.params.multi_items() if pair[0] != hidden_query])
    if query:
        asked["query"] = query
    named = {name.lower(): request.headers[name] for name in headers if name in request.headers}
    if named:
        asked["headers"] = named
    if not body:
        return asked
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == FORM:
        asked["form"] = _named(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
    else:
        parsed = parsed_json(body)
        asked |= {"text": body.decode("utf-8", "replace")} if parsed is None else {"body": parsed}
    return asked


def _named(pairs: Iterable[tuple[str, str]]) -> dict[str, object]:
    """Returns pairs by their names; a name that comes several times holds a list."""
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    return {name: values if len(values) > 1 else values[0] for name, values in found.items()}


def named_headers(spec: Specification, of: str) -> list[str]:
    """Returns the headers of a request that the specification itself gives a meaning."""
    action = spec.actions.get(of)
    if action is not None:
        given = list(action.request.headers) if action.request is not None else []
        given += [action.idempotency_header] if action.idempotency_header else []
        given += [action.if_match.header] if action.if_match is not None and action.if_match.header else []
        return sorted({*given, *(name for part in action.then for name in part.headers)})
    for entity in spec.entities.values():
        read = entity.reads.get(of)
        if read is not None and read.request is not None:
            return sorted(read.request.headers)
    return []


def secret_query(spec: Specification) -> str | None:
    """Returns the query parameter that carries a key, if one does."""
    return spec.auth.api_key.query if spec.auth is not None and spec.auth.api_key is not None else None


def parsed_json(content: bytes) -> object | None:
    """Returns the JSON in a body, numbers with a fraction exactly as they stand there; None where it is none."""
    try:
        return cast("object", json.loads(content, parse_float=Decimal))
    except (ValueError, RecursionError):
        return None


def as_json(value: object) -> str:
    """Returns a value as JSON, decimals as the numbers they were."""
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{json.dumps(str(key))}: {as_json(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(as_json(one) for one in value) + "]"
    return json.dumps(value, ensure_ascii=False, default=str)
