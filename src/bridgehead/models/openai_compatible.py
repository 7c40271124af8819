"""A model behind any OpenAI-compatible URL: complete answers within their time, or a classified failure."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncGenerator, AsyncIterator, Generator, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self

import httpx

from bridgehead.errors import Failed, UserError
from bridgehead.models import classes, wire
from bridgehead.models.checked import check_turn, conclude, invalid, parse_json
from bridgehead.models.port import Chunk, Reply, Turn
from bridgehead.models.secret import SecretReference, resolve
from bridgehead.models.sse import EventDecoder
from bridgehead.spec.deployment import ModelSpec
from bridgehead.spec.tool import JSON

_DONE: Final = "[DONE]"
_HOST: Final = re.compile(r"[\w.:-]+")
MAX_BYTES: Final = 2 * 2**20
"""The largest answer that is taken unless something else is said: a novel has less."""
_LARGEST_ERROR: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long an answer may take, in seconds.

    ``total_s`` covers everything, in a stream also the time its reader takes. ``first_s``
    ends at the first event of a stream, ``idle_s`` is the longest silence after it.
    """

    total_s: float = 60.0
    first_s: float = 30.0
    idle_s: float = 15.0
    connect_s: float = 5.0


class OpenAICompatible:
    """Asks ``POST {url}/chat/completions``; the format is the OpenAI API's.

    ``key`` names the secret that is sent as bearer token; its value is read at each call
    and is part of no attribute, message or log line. Use it as an async context manager,
    or call ``aclose``. Redirects are refused, because they would carry the key elsewhere.
    Answers larger than ``max_bytes`` are refused. ``max_tokens_field`` is for servers that
    know the limit by its other name only. For retries, limits and breakers see
    the room ``resilience``.
    """

    def __init__(
        self,
        url: str,
        model: str,
        *,
        key: SecretReference | None = None,
        timeouts: Timeouts | None = None,
        max_bytes: int = MAX_BYTES,
        max_tokens_field: wire.MaxTokensField = "max_tokens",
        connections: int = 64,
    ) -> None:
        self._url = _endpoint(url)
        self._model = model
        self._key = key
        self._timeouts = timeouts or Timeouts()
        self._max_bytes = max_bytes
        self._max_tokens_field = max_tokens_field
        # httpx limits each phase; the time until the first byte and between two is limited here.
        limits = httpx.Timeout(self._timeouts.total_s, connect=self._timeouts.connect_s)
        self._http = httpx.AsyncClient(
            auth=None if key is None else _Bearer(key),
            timeout=limits,
            limits=httpx.Limits(max_connections=connections, max_keepalive_connections=connections),
            headers={"accept-encoding": "identity"},
            follow_redirects=False,
        )

    @classmethod
    def from_spec(
        cls, spec: ModelSpec, environment: Mapping[str, str] | None = None, *, max_bytes: int = MAX_BYTES
    ) -> Self:
        """Returns the client that a deployment describes; raises UserError where a reference is unset."""
        key = spec.key
        total_s = spec.timeout_s
        return cls(
            resolve(spec.url, environment),
            resolve(spec.name, environment),
            key=None if key is None else SecretReference(key, *(() if environment is None else (environment,))),
            timeouts=Timeouts(total_s, min(spec.first_s, total_s), min(spec.idle_s, total_s), min(5.0, total_s)),
            max_bytes=max_bytes,
        )

    def __repr__(self) -> str:
        key = "none" if self._key is None else self._key.reference
        return f"OpenAICompatible({self._url!r}, {self._model!r}, key={key})"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Closes the connections."""
        await self._http.aclose()

    async def turn(self, request: Turn) -> Reply:
        """Returns the whole answer, asked for in one piece."""
        body = self._body(request, stream=False)
        failure: Failed | None = None
        data = b""
        try:
            async with asyncio.timeout(self._timeouts.total_s), self._open(body) as response:
                data = await self._read(response)
        except TimeoutError:
            failure = _late("the model did not answer in time", self._timeouts.total_s)
        except httpx.TransportError as error:
            failure = classes.of_transport(error)
        if failure is not None:
            raise failure  # outside the handler, so that no httpx request hangs on it
        return conclude(request, wire.whole(_object(_decoded(data))))

    async def stream(self, request: Turn) -> AsyncGenerator[Chunk, None]:
        """Yields the answer's text as it comes, then one chunk with the reply."""
        body = self._body(request, stream=True)
        answer = wire.Answer()
        loop = asyncio.get_running_loop()
        end = loop.time() + self._timeouts.total_s
        failure: Failed | None = None
        allowed = min(self._timeouts.total_s, self._timeouts.first_s)
        started = False
        async with contextlib.AsyncExitStack() as stack:
            try:
                async with asyncio.timeout(allowed):
                    response = await stack.enter_async_context(self._open(body))
                    _expect_events(response)
                first_by = loop.time() + allowed
                events = await stack.enter_async_context(contextlib.aclosing(self._events(response)))
                while failure is None:
                    patience = min(end - loop.time(), self._timeouts.idle_s if started else first_by - loop.time())
                    allowed = max(patience, 0.0)
                    async with asyncio.timeout(allowed):
                        event = await anext(events, _DONE)
                    if event == _DONE:
                        break
                    started = True
                    text = answer.add(_event(event))
                    if text:
                        yield Chunk(text)
            except TimeoutError:
                failure = _late("the model fell silent" if started else "the model did not begin in time", allowed)
            except httpx.TransportError as error:
                failure = _broken_off(error) if started else classes.of_transport(error)
        if failure is not None:
            raise failure  # outside the handler, so that no httpx request hangs on it
        yield Chunk(reply=conclude(request, answer.raw()))

    def _body(self, request: Turn, *, stream: bool) -> Mapping[str, JSON]:
        check_turn(request)
        return wire.request_body(request, self._model, stream=stream, max_tokens_field=self._max_tokens_field)

    @contextlib.asynccontextmanager
    async def _open(self, body: Mapping[str, JSON]) -> AsyncIterator[httpx.Response]:
        """Sends a request and gives its answer; raises Failed for any status but 200."""
        async with self._http.stream("POST", self._url, json=body) as response:
            if response.status_code != httpx.codes.OK:
                raise classes.of_response(response.status_code, response.headers, await _error_body(response))
            if response.headers.get("content-encoding", "identity") != "identity":
                raise invalid("the model's server compressed its answer although none was accepted")
            yield response

    async def _read(self, response: httpx.Response) -> bytes:
        data = bytearray()
        async for piece in response.aiter_bytes():
            data += piece
            self._bound(len(data))
        return bytes(data)

    async def _events(self, response: httpx.Response) -> AsyncGenerator[str, None]:
        decoder = EventDecoder()
        size = 0
        async for piece in response.aiter_bytes():
            size += len(piece)
            self._bound(size)
            for event in _fed(decoder, piece):
                yield event

    def _bound(self, size: int) -> None:
        if size > self._max_bytes:
            raise invalid(f"the model's answer is larger than {self._max_bytes} bytes")


class _Bearer(httpx.Auth):
    """Puts the key on a request at the moment it leaves."""

    def __init__(self, key: SecretReference) -> None:
        self._key = key

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        request.headers["authorization"] = f"Bearer {self._key.reveal()}"
        yield request


def _endpoint(url: str) -> str:
    """Returns where to post; raises UserError for an address that is none or that holds a password."""
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL:
        parsed = httpx.URL()
    named = _HOST.fullmatch(parsed.host) is not None
    if parsed.scheme not in {"http", "https"} or not named or parsed.query or parsed.fragment:
        raise UserError(
            "the model's URL is no HTTP address",
            code="model.url",
            hint="Write it like https://models.example.com/v1, without /chat/completions.",
        )
    if parsed.userinfo:
        raise UserError(
            "the model's URL holds a user or a password",
            code="model.url",
            hint="Name the secret as key: env:NAME instead.",
        )
    return str(parsed.copy_with(path=parsed.path.rstrip("/") + "/chat/completions"))


async def _error_body(response: httpx.Response) -> object:
    """Returns the JSON of an error answer, or None where it is none or too large to be one."""
    data = bytearray()
    async for piece in response.aiter_bytes():
        data += piece
        if len(data) > _LARGEST_ERROR:
            return None
    try:
        return parse_json(data.decode("utf-8"), "the error")
    except (UnicodeDecodeError, Failed):
        return None


def _expect_events(response: httpx.Response) -> None:
    kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "text/event-stream":
        raise invalid(f"the model's server was asked for an event stream and sent {kind[:60] or 'something unnamed'}")


def _fed(decoder: EventDecoder, piece: bytes) -> list[str]:
    try:
        return decoder.feed(piece)
    except UnicodeDecodeError:
        raise invalid("the model's answer is not UTF-8") from None


def _event(data: str) -> Mapping[str, object]:
    found = _object(parse_json(data, "a piece of the answer"))
    if isinstance(found.get("error"), Mapping | str):
        raise classes.of_event(found)
    return found


def _decoded(data: bytes) -> JSON:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise invalid("the model's answer is not UTF-8") from None
    return parse_json(text, "what the model's server sent")


def _object(found: JSON) -> Mapping[str, JSON]:
    if not isinstance(found, Mapping):
        raise invalid("what the model's server sent is no JSON object")
    return found


def _late(message: str, allowed_s: float) -> Failed:
    return Failed(message, error_class="timeout", allowed_s=round(allowed_s, 3))


def _broken_off(error: httpx.TransportError) -> Failed:
    """A timeout stays one; any other break after the first event leaves half an answer."""
    if isinstance(error, httpx.TimeoutException):
        return classes.of_transport(error)
    return invalid("the answer broke off", truncated=True)
