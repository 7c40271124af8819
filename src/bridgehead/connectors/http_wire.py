"""Carries the calls of an ``http`` connector: fills, authenticates, admits, sends, pages and classifies.

Every failure is ``Failed`` with its class and whether the system acted. A request is sent again only
when it surely did nothing: any that reads, and a write that was refused (a limit, an expired token)
or never reached the system.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Final, TypeVar, cast
from weakref import WeakKeyDictionary

import httpx

from bridgehead.clock import boot_s
from bridgehead.connectors.classify import RETRYABLE, Classifier
from bridgehead.connectors.document import Specification
from bridgehead.connectors.document_action import ActionPart
from bridgehead.connectors.document_connection import RequestPart, TlsPart
from bridgehead.connectors.document_entity import CompletePart, EntityPart, ReadPart
from bridgehead.connectors.hosts import Hosts, base_url
from bridgehead.connectors.http_auth import open_auth
from bridgehead.connectors.http_paging import Broken, Page, Pages, Turn
from bridgehead.connectors.http_reply import Reply, content_of
from bridgehead.connectors.http_request import Outgoing, Request
from bridgehead.connectors.paths import MISSING, find
from bridgehead.connectors.ports import Answer, Limits, Raw, Values
from bridgehead.connectors.references import Redactor, setting
from bridgehead.errors import Failed, UserError
from bridgehead.ids import jitter
from bridgehead.resilience.deadline import bounded
from bridgehead.resilience.retry import may_repeat
from bridgehead.spec.tool import JSON

T = TypeVar("T")

_POOL: Final = httpx.Limits(max_connections=64, max_keepalive_connections=32, keepalive_expiry=30.0)
_SIDE_BY_SIDE: Final = 32
_MOST_EACH: Final = 10_000
"""Requests of one read: each is a task, and a call's time ends before more of them."""
_HEADERS: Final = {"Accept": "application/json", "Accept-Encoding": "gzip, deflate", "User-Agent": "bridgehead"}
_EMPTY: Final = frozenset({204, 205})
_COUNT_DIGITS: Final = 10


@dataclass(slots=True)
class _Call:
    """One call under way: until when it may take, what it is doing, and what it has asked."""

    until_s: float
    writes: bool
    doing: str = "start"
    asked: int = 0

    def left_s(self) -> float:
        return self.until_s - boot_s()


class HttpWire:
    """One system over HTTP; one pool of connections for each event loop it is used on.

    Raises UserError when the specification's settings cannot be used here (``connector.setting``,
    ``connector.url``, ``connector.tls``, ``connector.hook``).
    """

    def __init__(self, spec: Specification, *, folder: Path, limits: Limits, redactor: Redactor) -> None:
        connection = spec.connection
        self._name = spec.connector
        self._spec = spec
        self._limits = limits
        self._timeout_s = connection.timeout
        self._connect_s = connection.connect_timeout
        self._base = base_url(setting(connection.url, folder=folder), connector=self._name)
        self._hosts = Hosts(self._name, self._base, connection.hosts)
        given = {name.lower() for name in connection.headers}
        self._headers = {name: value for name, value in _HEADERS.items() if name.lower() not in given}
        for name, value in connection.headers.items():
            self._headers[name] = found = setting(value, folder=folder)
            if found != value:
                redactor.add(found)
        self._proxy = None if connection.proxy is None else _proxy(setting(connection.proxy, folder=folder), redactor)
        self._tls = _trust(connection.tls, folder) if connection.tls is not None else None
        self._classifier = Classifier(self._name, spec.errors, redactor)
        self._pools: WeakKeyDictionary[asyncio.AbstractEventLoop, httpx.AsyncBaseTransport] = WeakKeyDictionary()
        self._requests: dict[int, tuple[RequestPart, Request]] = {}
        self._auth, token_url = open_auth(
            spec.auth, base=self._base, connector=self._name, folder=folder, prepare=self._login_request,
            send=self._ask_credential, classifier=self._classifier, redactor=redactor,
        )  # fmt: skip
        # The token endpoint may be reached for tokens alone; it is no host that an answer may lead to.
        self._issuer = None if token_url is None else Hosts(self._name, token_url)

    async def read(self, entity: EntityPart, read: ReadPart, values: Values, *, primary: bool = False) -> Answer:
        """Returns all records, every page of them; with ``each``, of every argument in its order."""
        if read.request is None:
            raise self._unfit("this read has no request")
        timeout_s = bounded(read.timeout or self._timeout_s)
        request = self._request(read.request)
        more = {"Cache-Control": "no-cache"} if primary else {}
        if read.each is None:
            call = _Call(boot_s() + timeout_s, writes=False)
            return await self._within(call, timeout_s, self._pages(call, entity, read, request, values, more))
        call = _Call(boot_s() + timeout_s, writes=False)
        return await self._within(call, timeout_s, self._each(call, entity, read, request, values, more))

    async def act(self, action: ActionPart, values: Values) -> Answer:
        """Sends an action once; it is sent again only after an answer, or an error, that shows it did nothing."""
        if action.request is None:
            raise self._unfit("this action has no request")
        more: dict[str, str] = {}
        if action.idempotency_header is not None and values.get("effect_key") is not None:
            more[action.idempotency_header] = str(values["effect_key"])
        if action.if_match is not None and action.if_match.header and values.get("version") is not None:
            more[action.if_match.header] = str(values["version"])
        named = {name.lower() for name in action.request.headers}
        more = {name: value for name, value in more.items() if name.lower() not in named}
        timeout_s = bounded(action.timeout or self._timeout_s)
        call = _Call(boot_s() + timeout_s, writes=True)
        out = self._request(action.request).filled(values, more=more)
        reply, body = await self._within(call, timeout_s, self._send(call, out))
        return Answer(
            body=_json(body), headers=_told(reply.headers), source_time=reply.known_at(),
            version=reply.headers.get("etag"), asked=call.asked,
        )  # fmt: skip

    async def follow(self, action: ActionPart, values: Values) -> None:
        """Sends the action's ``then`` requests in order; each is safe to repeat, so each is tried again."""
        timeout_s = bounded(action.timeout or self._timeout_s)
        for part in action.then:
            call = _Call(boot_s() + timeout_s, writes=False)
            out = self._request(part).filled(values)
            try:
                await self._within(call, timeout_s, self._send(call, out))
            except Failed as failed:
                failed.applied = None  # the action itself was carried out
                raise

    async def fetch(self, part: RequestPart, values: Values) -> bytes:
        """Returns what a request brings as it is, whatever it is: a document, not an answer. Raises Failed."""
        timeout_s = bounded(self._timeout_s)
        call = _Call(boot_s() + timeout_s, writes=False)
        out = self._request(part).filled(values)
        if not any(name.lower() == "accept" for name in part.headers):
            out.headers["Accept"] = "*/*"
        reply, _ = await self._within(call, timeout_s, self._send(call, out, parsed=False))
        return reply.content

    async def credential(self, *, used: str = "") -> str:
        """Returns what requests are signed in with, another one than ``used``; raises Failed. For other protocols."""
        if used:
            await self._auth.renewed(used)
        return await self._credential()

    async def health(self) -> None:
        """Returns when the system answers, with anything but a 5xx if no request is declared; raises Failed."""
        part = self._spec.health.request if self._spec.health is not None else None
        call = _Call(boot_s() + self._timeout_s, writes=False)
        if part is not None:
            await self._within(call, self._timeout_s, self._send(call, self._request(part).filled({})))
            return
        out = Outgoing("GET", self._base, dict(self._headers))
        reply = await self._within(call, self._timeout_s, self._exchange(call, out, self._hosts))
        if httpx.codes.is_server_error(reply.status):
            failed = self._classifier.answer(reply, MISSING, writes=False)
            if failed is not None:
                raise failed

    async def aclose(self) -> None:
        """Closes the running loop's connections."""
        pool = self._pools.pop(asyncio.get_running_loop(), None)
        if pool is not None:
            await pool.aclose()

    # A read

    async def _each(
        self, call: _Call, entity: EntityPart, read: ReadPart, request: Request, values: Values, more: Mapping[str, str]
    ) -> Answer:
        name = cast(str, read.each)
        given = values.get(name)
        if given is None or isinstance(given, str | bytes | Mapping) or not isinstance(given, Sequence):
            raise self._unfit(f"{name} is no list", name)
        if len(given) > _MOST_EACH:
            raise self._unfit(f"{name} has {len(given)} entries, each a request; at most {_MOST_EACH} are asked", name)
        places = asyncio.Semaphore(_SIDE_BY_SIDE)

        async def one(value: object) -> Answer:
            async with places:
                return await self._pages(call, entity, read, request, {**values, name: value}, more)

        tasks = [asyncio.ensure_future(one(value)) for value in _distinct(given)]
        try:
            found = await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        totals = [answer.total for answer in found if answer.total is not None]
        times = [answer.source_time for answer in found if answer.source_time is not None]
        return Answer(
            rows=[row for answer in found for row in answer.rows],
            total=sum(totals) if len(totals) == len(found) and found else None,
            ended=all(answer.ended for answer in found),
            source_time=min(times) if times and len(times) == len(found) else None,
            asked=call.asked,
        )

    async def _pages(
        self, call: _Call, entity: EntityPart, read: ReadPart, request: Request, values: Values, more: Mapping[str, str]
    ) -> Answer:
        pages = Pages(read.paging, entity)
        turns: Sequence[Turn] = pages.first()
        sized = turns[1:]
        rows: list[Raw] = []
        oldest: datetime | None = None
        undated = False
        while True:
            reply, body = await self._send(call, request.filled(values, turns, more=more))
            found = self._rows(read, reply, body)
            rows.extend(found)
            total = self._total(read.complete, reply, body)
            known = reply.known_at()
            undated = undated or known is None
            oldest = known if oldest is None or (known is not None and known < oldest) else oldest
            try:
                turn = pages.then(Page(found, body, reply.headers, reply.url), total=total, more=_follows(read, body))
            except Broken as broken:
                raise self._classifier.unreadable(str(broken), writes=False) from broken
            if turn is None:
                break
            turns = (turn, *sized)
        return Answer(
            rows=rows,
            body=_json(body),
            headers=_told(reply.headers),
            total=total,
            ended=_holds_end(read.complete, body),
            source_time=None if undated else oldest,
            version=reply.headers.get("etag"),
            asked=call.asked,
        )

    def _rows(self, read: ReadPart, reply: Reply, body: object) -> Sequence[Raw]:
        if body is MISSING:
            if reply.status in _EMPTY:
                return ()
            raise self._classifier.unreadable("the answer is empty", writes=False, status=reply.status)
        found = body if read.rows is None else find(body, read.rows)
        if found is MISSING:
            raise self._classifier.unreadable(f"the answer holds nothing at {read.rows}", writes=False)
        if found is None:
            return ()
        listed: Sequence[object] = found if isinstance(found, list) else [found]
        for place, row in enumerate(listed, 1):
            if not isinstance(row, Mapping):
                where = "the answer" if read.rows is None else read.rows
                raise self._classifier.unreadable(f"entry {place} of {where} is no record", writes=False)
        return cast(Sequence[Raw], listed)

    def _total(self, declared: CompletePart | None, reply: Reply, body: object) -> int | None:
        if declared is None or (declared.count is None and declared.count_header is None):
            return None
        value: object = MISSING if declared.count is None else find(body, declared.count)
        if declared.count_header is not None and value is MISSING:
            value = reply.headers.get(declared.count_header, MISSING)
        if value is MISSING or value is None:
            return None
        text = value.strip() if isinstance(value, str) else value
        if isinstance(text, int) and not isinstance(text, bool) and text >= 0:
            return text
        if isinstance(text, str) and text.isascii() and text.isdigit() and len(text) <= _COUNT_DIGITS:
            return int(text)
        where = declared.count or declared.count_header
        raise self._classifier.unreadable(f"the count at {where} is no number", writes=False)

    # One request

    async def _within(self, call: _Call, timeout_s: float, work: Awaitable[T]) -> T:
        """Returns what ``work`` returns, within the call's time."""
        try:
            async with asyncio.timeout(timeout_s):
                return await work
        except TimeoutError:
            waits = call.doing == "admission"
            raise self._classifier.failed(
                f"no turn within {timeout_s:g} s: its limits are used up"
                if waits
                else f"no answer within {timeout_s:g} s",
                "throttled" if waits else "timeout",
                applied=None if call.writes and call.doing == "sent" else False,
            ) from None

    async def _send(self, call: _Call, out: Outgoing, *, parsed: bool = True) -> tuple[Reply, object]:
        """Returns a successful answer and its JSON (MISSING if it has no body, or is not ``parsed``).

        What surely did nothing is tried again.
        """
        tried, renewed, credential = 1, False, ""
        while True:
            try:
                call.doing = "credential"
                credential = await self._credential()
                sending = replace(out, headers=dict(out.headers))
                await self._auth.apply(sending, credential)
                reply = await self._exchange(call, sending, self._hosts)
                return reply, self._checked(reply, writes=call.writes, parsed=parsed)
            except Failed as failed:
                if call.doing == "admission":
                    raise
                refused = failed.applied is False
                if failed.error_class == "auth_expired" and refused and call.doing == "sent" and not renewed:
                    renewed, call.doing = True, "credential"
                    if await self._auth.renewed(credential):
                        continue
                pause_s = await self._pause_s(failed, tried, by_system=call.doing == "sent")
                again = failed.error_class in RETRYABLE and (refused or not call.writes)
                if not again or tried >= self._spec.retry.tries or pause_s >= call.left_s() or not may_repeat():
                    raise
            call.doing = "pause"
            await asyncio.sleep(pause_s)
            tried += 1

    async def _credential(self) -> str:
        try:
            return await self._auth.ready()
        except UserError as error:
            # A secret that is not there fails the call, of which nothing was sent.
            raise self._classifier.failed(error.message, "auth_expired", applied=False, hint=error.hint) from error

    async def _pause_s(self, failed: Failed, tried: int, *, by_system: bool) -> float:
        """Returns how long to wait before the next try: full jitter over doubling steps, after what was asked for.

        A limit that the system itself named holds back every worker.
        """
        step_s = self._spec.retry.base * 2.0 ** (tried - 1)
        said = failed.attributes.get("retry_after")
        asked_s = float(said) if isinstance(said, int | float) else None
        if failed.error_class == "throttled" and by_system:
            await self._limits.refused(step_s if asked_s is None else asked_s)
        return jitter() * step_s + (asked_s or 0.0)

    async def _exchange(self, call: _Call, out: Outgoing, hosts: Hosts) -> Reply:
        """Returns one answer, read whole, whatever its status. Raises Failed when there is none, or a strange one."""
        hosts.check(out.url)
        call.doing = "admission"
        async with self._limits.admit(within_s=call.left_s()):
            call.doing = "connection"
            left_s = max(call.left_s(), 0.001)
            times = {"connect": min(self._connect_s, left_s), "read": left_s, "write": left_s, "pool": left_s}
            try:
                request = httpx.Request(
                    out.method, out.url, headers=out.headers, content=out.content, extensions={"timeout": times}
                )
            except UnicodeEncodeError:
                raise self._unfit("a header holds characters that HTTP cannot carry") from None
            call.doing = "sent"
            call.asked += 1
            try:
                response = await self._pool().handle_async_request(request)
            except (httpx.TransportError, ssl.SSLError) as error:
                raise self._classifier.transport(error, writes=call.writes) from None
            response.request = request
            with self._reading(call):
                try:
                    content = await content_of(response)
                finally:
                    await response.aclose()
        if response.has_redirect_location:
            self._check_redirect(call, response, hosts)
        return Reply(response.status_code, response.headers, content, out.url)

    @contextmanager
    def _reading(self, call: _Call) -> Iterator[None]:
        try:
            yield
        except httpx.RemoteProtocolError as error:
            raise self._classifier.broken_off(error, writes=call.writes) from None
        except httpx.TransportError as error:
            raise self._classifier.transport(error, writes=call.writes) from None
        except ValueError as error:
            raise self._classifier.unreadable(f"the answer cannot be read: {error}", writes=call.writes) from None

    def _check_redirect(self, call: _Call, response: httpx.Response, hosts: Hosts) -> None:
        """Raises Failed ``forbidden`` for a redirect that leads to a host that is not allowed; none is followed."""
        try:
            hosts.check(response.url.join(response.headers["location"]))
        except httpx.InvalidURL:
            return
        except Failed as failed:
            if call.writes and response.status_code not in {307, 308}:
                failed.applied = None
            raise

    def _checked(self, reply: Reply, *, writes: bool, parsed: bool = True) -> object:
        """Returns the JSON of a success (MISSING for an empty body); raises Failed for everything else."""
        succeeded = httpx.codes.is_success(reply.status)
        body, why = reply.json()
        if not succeeded or self._classifier.asks_about(reply.status):
            failed = self._classifier.answer(reply, body, writes=writes)
            if failed is not None:
                raise failed
        if why and parsed:
            raise self._classifier.unreadable(why, writes=writes, status=reply.status)
        return body

    # What requests need

    async def _ask_credential(self, out: Outgoing) -> Reply:
        """Sends a request for a token or a session; ``applied`` is False whatever happens: no call was sent."""
        call = _Call(boot_s() + self._timeout_s, writes=False)
        hosts = self._issuer or self._hosts
        return await self._within(call, self._timeout_s, self._exchange(call, out, hosts))

    def _login_request(self, values: Mapping[str, object]) -> Outgoing:
        part = self._spec.auth.login if self._spec.auth is not None else None
        if part is None:
            raise self._unfit("there is no login")
        return self._request(part.request).filled(values)

    def _request(self, part: RequestPart) -> Request:
        found = self._requests.get(id(part))
        if found is None or found[0] is not part:
            found = part, Request(part, self._base, self._headers, connector=self._name)
            self._requests[id(part)] = found
        return found[1]

    def transport(self) -> httpx.AsyncBaseTransport:
        """Returns what carries the requests of one event loop; a recorder, or a recording, takes its place here."""
        return httpx.AsyncHTTPTransport(verify=self._trusted(), proxy=self._proxy, limits=_POOL, trust_env=False)

    def _pool(self) -> httpx.AsyncBaseTransport:
        """Returns the running loop's connections.

        They are used without httpx's client, which would log every address at INFO, keys in the query
        included, keep cookies, and look for proxies in the environment.
        """
        loop = asyncio.get_running_loop()
        pool = self._pools.get(loop)
        if pool is None:
            pool = self._pools[loop] = self.transport()
        return pool

    def _trusted(self) -> ssl.SSLContext:
        if self._tls is None:
            self._tls = ssl.create_default_context()
        return self._tls

    def _unfit(self, text: str, field: str = "request") -> Failed:
        return self._classifier.failed(text, "invalid_input", applied=False, field=field)


def _json(body: object) -> JSON:
    return None if body is MISSING else cast(JSON, body)


def _told(headers: httpx.Headers) -> dict[str, str]:
    return dict(headers.items())


def _holds_end(declared: CompletePart | None, body: object) -> bool:
    if declared is None:
        return True
    if declared.more is not None and find(body, declared.more) is not False:
        return False
    if declared.end is None:
        return True
    value = find(body, declared.end)
    return value is not MISSING and bool(value)


def _follows(read: ReadPart, body: object) -> bool | None:
    """Returns whether the answer says that more follows; None where it does not say it."""
    value = None if read.complete is None or read.complete.more is None else find(body, read.complete.more)
    return value if isinstance(value, bool) else None


def _distinct(values: Sequence[object]) -> Sequence[object]:
    try:
        return list(dict.fromkeys(values))
    except TypeError:
        return values


def _proxy(text: str, redactor: Redactor) -> httpx.Proxy:
    try:
        found = httpx.Proxy(text)
    except (ValueError, httpx.InvalidURL):
        raise UserError(
            "connection.proxy is no proxy", code="connector.url", hint="Write it as http://HOST:PORT, or env:NAME."
        ) from None
    if found.auth is not None:
        redactor.add(found.auth[1])
    return found


def _trust(part: TlsPart, folder: Path) -> ssl.SSLContext:
    """Returns whom to trust and what to show; raises UserError ``connector.tls``."""
    try:
        context = ssl.create_default_context(cafile=None if part.ca is None else str(folder / part.ca))
        if part.certificate is not None:
            key = None if part.key is None else str(folder / part.key.removeprefix("file:"))
            context.load_cert_chain(str(folder / part.certificate), key)
    except (OSError, ssl.SSLError) as error:
        raise UserError(
            f"connection.tls cannot be used: {error.strerror or type(error).__name__}", code="connector.tls",
            hint="Name PEM files beside the specification: ca, certificate, and key as file:PATH.",
        ) from error  # fmt: skip
    return context
