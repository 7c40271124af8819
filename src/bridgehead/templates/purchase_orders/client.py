"""Talks to any server that meets the ERP's OpenAPI document, and says of every failure whether the server acted.

``Failed.applied`` is False exactly when the server surely did nothing: it was never reached, or it
answered with a status of the 400s. A reply that is lost, late or unreadable after a request was
sent leaves it None: only reading back can tell.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from datetime import date
from http import HTTPStatus
from pathlib import Path
from typing import Final, TypeVar
from urllib.parse import quote, quote_plus
from weakref import WeakKeyDictionary

import httpx
from pydantic import Field, SecretStr, TypeAdapter, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from bridgehead.clock import boot_s
from bridgehead.errors import ErrorClass, Failed, UserError
from bridgehead.templates.purchase_orders.erp.wire import (
    BookedOrder,
    Booking,
    BookPage,
    Customer,
    CustomerPage,
    Customers,
    Health,
    OrderPage,
    PartNames,
    QuoteRequest,
    Quotes,
    Resolved,
    ResolveRequest,
    Token,
)

T = TypeVar("T")

_TIMEOUT: Final = httpx.Timeout(10.0, connect=3.0, pool=5.0)
_LIMITS: Final = httpx.Limits(max_connections=64, max_keepalive_connections=32, keepalive_expiry=30.0)

_CUSTOMERS: Final = TypeAdapter(CustomerPage)
_CUSTOMER: Final = TypeAdapter(Customer)
_RESOLVED: Final = TypeAdapter(Resolved)
_RESOLVE: Final = TypeAdapter(ResolveRequest)
_QUOTES: Final = TypeAdapter(Quotes)
_QUOTE: Final = TypeAdapter(QuoteRequest)
_ORDERS: Final = TypeAdapter(OrderPage)
_ORDER: Final = TypeAdapter(BookedOrder)
_BOOKING: Final = TypeAdapter(Booking)
_BOOKS: Final = TypeAdapter(BookPage)
_HEALTH: Final = TypeAdapter(Health)
_TOKEN: Final = TypeAdapter(Token)
_EARLY_S: Final = 5.0

_REFUSALS: Final[Mapping[int, ErrorClass]] = {
    401: "auth_expired",
    403: "forbidden",
    404: "not_found",
    408: "timeout",
    409: "conflict",
    410: "not_found",
    412: "conflict",
    425: "throttled",
    428: "conflict",
    429: "throttled",
}
_OUTAGES: Final[Mapping[int, ErrorClass]] = {502: "dependency_down", 503: "dependency_down", 504: "timeout"}


class ErpSettings(BaseSettings):
    """Where the ERP answers, and the secret that it knows the client by; without a secret no token is asked for."""

    model_config = SettingsConfigDict(env_prefix="ERP_", frozen=True, extra="ignore")

    url: str = Field(default="", description="Base URL of a server that meets docs/reference/erp-openapi.json.")
    client_id: str = Field(default="bridgehead", description="The client's id at the ERP's token endpoint.")
    client_secret: SecretStr = Field(default=SecretStr(""), description="The client's secret.")
    client_secret_file: Path | None = Field(default=None, description="A file that holds the secret instead.")


class ErpAuth(httpx.Auth):
    """Signs requests with a token by client credentials (RFC 6749, section 4.4).

    A token is asked for before the first request, shortly before it expires, and once more where the ERP
    refuses it with 401; a failure to get one surely sent nothing.
    """

    def __init__(self, http: httpx.AsyncClient, client_id: str, secret: SecretStr) -> None:
        self._http = http
        # RFC 6749, section 2.3.1: both are form-encoded before they are joined.
        self._basic = httpx.BasicAuth(quote_plus(client_id), quote_plus(secret.get_secret_value()))
        self._lock = asyncio.Lock()
        self._token = ""
        self._until_s = 0.0

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """Sends with the token at hand, and a second time with another where that is refused."""
        token = await self._fresh("")
        request.headers["Authorization"] = f"Bearer {token}"
        reply = yield request
        if reply.status_code == HTTPStatus.UNAUTHORIZED:
            request.headers["Authorization"] = f"Bearer {await self._fresh(token)}"
            yield request

    async def _fresh(self, refused: str) -> str:
        async with self._lock:
            if boot_s() >= self._until_s or self._token == refused:
                granted = await self._ask()
                self._token = granted.access_token
                self._until_s = boot_s() + granted.expires_in - min(_EARLY_S, granted.expires_in / 2)
            return self._token

    async def _ask(self) -> Token:
        form = {"grant_type": "client_credentials"}
        try:
            reply = await self._http.post("/oauth/token", data=form, auth=self._basic)
        except httpx.TransportError as error:
            raise _failed("no token: the connection broke", "dependency_down", applied=False) from error
        if not reply.is_success:
            error_class: ErrorClass = "dependency_down" if reply.is_server_error else "auth_expired"
            raise _failed("no token", error_class, applied=False, status=reply.status_code)
        try:
            return _TOKEN.validate_json(reply.content)
        except ValidationError as error:
            raise _failed("no token: the answer cannot be read", "invalid_output", applied=False) from error


class ErpClient:
    """One ERP, over one pool of connections; belongs to the event loop it is first used on."""

    def __init__(
        self,
        url: str,
        *,
        client_id: str = "bridgehead",
        secret: SecretStr | None = None,
        timeout: httpx.Timeout = _TIMEOUT,
    ) -> None:
        self._http = httpx.AsyncClient(base_url=url, timeout=timeout, limits=_LIMITS, trust_env=False)
        if secret:
            self._http.auth = ErpAuth(self._http, client_id, secret)

    async def aclose(self) -> None:
        """Closes the connections."""
        await self._http.aclose()

    async def health(self) -> Health:
        """Returns the business date, and that the server answers."""
        return _load(_HEALTH, await self._send("GET", "/health"))

    async def find_customers(self, names: Mapping[str, str]) -> Customers:
        """Returns every customer that at least one of ``email, name, duns, gln, vat, number`` names."""
        found: list[Customer] = []
        cursor: dict[str, str] = {}
        while True:
            page = _load(_CUSTOMERS, await self._send("GET", "/customers", params={**names, **cursor}))
            found += page.items
            if page.next is None:
                return Customers(tuple(found))
            cursor = {"cursor": page.next}

    async def customer(self, number: str) -> Customer:
        """Returns one customer; Failed ``not_found`` when there is none."""
        return _load(_CUSTOMER, await self._send("GET", f"/customers/{_segment(number)}"))

    async def resolve(self, customer: str, lines: tuple[PartNames, ...]) -> Resolved:
        """Returns which items a customer means, one entry per line."""
        body = _RESOLVE.dump_json(ResolveRequest(customer, lines))
        return _load(_RESOLVED, await self._send("POST", "/items/resolve", body=body))

    async def quote(
        self, customer: str, items: tuple[str, ...], *, on: date | None = None, currency: str | None = None
    ) -> Quotes:
        """Returns the prices of items per base unit; ``on`` and ``currency`` default as the server says."""
        body = _QUOTE.dump_json(QuoteRequest(customer, items, on, currency))
        return _load(_QUOTES, await self._send("POST", "/prices/quote", body=body))

    async def orders(self, customer: str, po_number: str) -> tuple[BookedOrder, ...]:
        """Returns a customer's orders under its PO number, oldest first, cancelled ones included."""
        query = {"customer": customer, "po_number": po_number}
        found: list[BookedOrder] = []
        while True:
            page = _load(_ORDERS, await self._send("GET", "/orders", params=query))
            found += (order.booked() for order in page.items)
            if page.next is None:
                return tuple(found)
            query["cursor"] = page.next

    async def order(self, number: str) -> tuple[BookedOrder, str]:
        """Returns one order and its ETag; Failed ``not_found`` when there is none."""
        reply = await self._send("GET", f"/orders/{_segment(number)}")
        return _load(_ORDER, reply), reply.headers.get("etag", "*")

    async def book(self, booking: Booking, *, key: str) -> BookedOrder:
        """Books an order under an idempotency key: the same key and booking again return the first answer."""
        body = _BOOKING.dump_json(booking)
        return _load(_ORDER, await self._send("POST", "/orders", body=body, headers={"Idempotency-Key": key}))

    async def import_order(self, booking: Booking) -> BookedOrder:
        """Books an order with no protection against a second call."""
        return _load(_ORDER, await self._send("POST", "/orders/import", body=_BOOKING.dump_json(booking)))

    async def cancel(self, number: str, *, etag: str) -> BookedOrder:
        """Cancels an open order of that version; Failed ``conflict`` when it changed or is not open."""
        reply = await self._send("POST", f"/orders/{_segment(number)}/cancel", headers={"If-Match": etag})
        return _load(_ORDER, reply)

    async def books(self) -> BookPage:
        """Returns everything that was ever booked."""
        return _load(_BOOKS, await self._send("GET", "/books"))

    async def _send(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        sent = dict(headers or {}) | ({"Content-Type": "application/json"} if body is not None else {})
        try:
            reply = await self._http.request(method, path, params=params, content=body, headers=sent)
        except httpx.ConnectTimeout as error:
            raise _failed("no connection in time", "timeout", applied=False) from error
        except httpx.PoolTimeout as error:
            raise _failed("no free connection in time", "timeout", applied=False) from error
        except (httpx.ConnectError, httpx.UnsupportedProtocol) as error:
            raise _failed("no connection", "dependency_down", applied=False) from error
        except httpx.TimeoutException as error:
            raise _failed("no answer in time", "timeout", applied=None) from error
        except httpx.TransportError as error:
            raise _failed(f"the connection broke ({type(error).__name__})", "transient", applied=None) from error
        if reply.is_success:
            return reply
        raise _refusal(reply)


_CLIENTS: Final[WeakKeyDictionary[asyncio.AbstractEventLoop, ErpClient]] = WeakKeyDictionary()


def erp_url() -> str:
    """Returns the base URL in ``ERP_URL``; raises UserError (``erp.url``) when that names no server.

    A file of the secret that cannot be read is refused too (``erp.secret``).
    A deployment calls it while it is loaded, so that no worker starts and no case is used up without an ERP.
    """
    settings = ErpSettings()
    url = settings.url
    try:
        parts = httpx.URL(url)
    except httpx.InvalidURL:
        parts = httpx.URL()
    if parts.scheme in {"http", "https"} and parts.host:
        _secret(settings)
        return url
    raise UserError(
        "ERP_URL is no URL of an ERP" if url else "ERP_URL is not set here",
        code="erp.url",
        hint="Set it to the base URL of a server that meets docs/reference/erp-openapi.json,"
        " such as `export ERP_URL=http://127.0.0.1:8750`, in every terminal that checks or runs this deployment.",
    )


def erp() -> ErpClient:
    """Returns the running loop's client for ``ERP_URL``; Failed ``dependency_down`` when that names no server."""
    loop = asyncio.get_running_loop()
    client = _CLIENTS.get(loop)
    if client is None:
        try:
            url = erp_url()
        except UserError as error:
            raise Failed(error.message, error_class="dependency_down", applied=False, hint=error.hint) from error
        settings = ErpSettings()
        client = _CLIENTS[loop] = ErpClient(url, client_id=settings.client_id, secret=_secret(settings))
    return client


def _secret(settings: ErpSettings) -> SecretStr:
    path = settings.client_secret_file
    if path is None:
        return settings.client_secret
    try:
        return SecretStr(path.read_text(encoding="utf-8").strip())
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no text"
        raise UserError(
            f"ERP_CLIENT_SECRET_FILE cannot be read: {why}",
            code="erp.secret",
            hint="Set it to the file that holds the client's secret, seen from where the command runs.",
        ) from error


async def close_erp() -> None:
    """Closes the running loop's client, if there is one."""
    client = _CLIENTS.pop(asyncio.get_running_loop(), None)
    if client is not None:
        await client.aclose()


def _segment(number: str) -> str:
    """Returns a number as one path segment, so that ``a/b`` or ``..`` cannot name another resource."""
    return quote(number, safe="").replace(".", "%2E")


def _load(adapter: TypeAdapter[T], reply: httpx.Response) -> T:
    try:
        return adapter.validate_json(reply.content)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise _failed(
            f"unreadable answer at {where or 'its start'}: {first['msg']}", "invalid_output", applied=None
        ) from (error)


def _refusal(reply: httpx.Response) -> Failed:
    status = reply.status_code
    detail, field = _problem(reply)
    if reply.is_client_error:
        return _failed(detail, _REFUSALS.get(status, "invalid_input"), applied=False, status=status, field=field)
    if reply.is_server_error:
        return _failed(detail, _OUTAGES.get(status, "transient"), applied=None, status=status)
    return _failed(detail, "invalid_output", applied=None, status=status)


def _problem(reply: httpx.Response) -> tuple[str, str | None]:
    """Returns what a problem document (RFC 9457) says, or the bare status."""
    try:
        content = reply.json()
    except ValueError:
        content = None
    if isinstance(content, dict) and isinstance(content.get("detail"), str):
        field = content.get("field")
        return str(content["detail"])[:500], field if isinstance(field, str) else None
    return f"it answered with status {reply.status_code}", None


def _failed(
    text: str, error_class: ErrorClass, *, applied: bool | None, status: int | None = None, field: str | None = None
) -> Failed:
    return Failed(f"ERP: {text}", error_class=error_class, applied=applied, status=status, field=field)
