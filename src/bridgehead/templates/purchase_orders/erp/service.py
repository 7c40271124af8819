"""The ERP's endpoints: each reads a checked request, asks master data or books, and answers typed JSON.

No endpoint but those that ``openapi.OPERATIONS`` names as open is reached without a token of its scope.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Final, TypeAlias, TypeVar

from pydantic import AwareDatetime, TypeAdapter, ValidationError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, compile_path

from bridgehead import clock
from bridgehead.templates.purchase_orders.erp import wire
from bridgehead.templates.purchase_orders.erp.books import Books, instant
from bridgehead.templates.purchase_orders.erp.faults import Conditions, Fault, FaultPlan, Latency, throttled
from bridgehead.templates.purchase_orders.erp.master import Master
from bridgehead.templates.purchase_orders.erp.oauth import Endpoints, bearer
from bridgehead.templates.purchase_orders.erp.openapi import OPERATIONS, document
from bridgehead.templates.purchase_orders.erp.paging import PARAMETERS, Page, page_of, read_page
from bridgehead.templates.purchase_orders.erp.problems import (
    RequestError,
    on_http_error,
    on_request_error,
    read_body,
    read_query,
)
from bridgehead.templates.purchase_orders.erp.tokens import Access, Issuer
from bridgehead.templates.purchase_orders.erp.traffic import Counts, Throttle

T = TypeVar("T")
S = TypeVar("S", bound=wire.Search)
Handler: TypeAlias = Callable[[Request], Awaitable[Response]]

_BOOKING: Final = TypeAdapter(wire.Booking)
_RESOLVE: Final = TypeAdapter(wire.ResolveRequest)
_QUOTE: Final = TypeAdapter(wire.QuoteRequest)
_FAULT: Final = TypeAdapter(Fault)
_CHANGE: Final = TypeAdapter(wire.OrderChange)
_PARTS: Final = TypeAdapter(wire.PartSearch)
_ITEMS: Final = TypeAdapter(wire.ItemSearch)
_PRICES: Final = TypeAdapter(wire.PriceSearch)
_MOMENT: Final = TypeAdapter(AwareDatetime)
_PATCHES: Final = ("application/merge-patch+json", "application/json")
_CHALLENGE: Final = 'Bearer realm="erp"'
_LONGEST_KEY: Final = 200
_SEARCH: Final = ("email", "name", "duns", "gln", "vat", "number")


@dataclass(frozen=True, slots=True)
class Erp:
    """The service without its server."""

    master: Master
    books: Books
    issuer: Issuer
    throttle: Throttle
    faults: FaultPlan
    counts: Counts

    async def health(self, _request: Request) -> Response:
        """Says that the service answers, and its business date."""
        return _answer(wire.Health("ok", self.master.as_of, self.books.count()))

    async def openapi(self, _request: Request) -> Response:
        """Returns the OpenAPI document."""
        return Response(document(), media_type="application/json")

    async def find_customers(self, request: Request) -> Response:
        """Searches customers by any of their names; without a name, lists them all."""
        query = read_query(request, (*_SEARCH, *PARAMETERS))
        page = read_page("/customers", query)
        found = self.master.find_customers(query) if query else tuple(self.master.customers.values())
        rows, following = _cut_out(page, {customer.number: customer for customer in found})
        return _answer(wire.CustomerPage(rows, len(found), page.limit, following), headers=page.link(following))

    async def items(self, request: Request) -> Response:
        """Lists all items."""
        page = read_page("/items", read_query(request, PARAMETERS))
        rows, following = _cut_out(page, self.master.items)
        return _answer(wire.ItemPage(rows, len(self.master.items), page.limit, following), headers=page.link(following))

    async def search_items(self, request: Request) -> Response:
        """Finds items by number, GTIN or description."""
        asked = await read_body(request, _ITEMS)
        if not (asked.numbers or asked.gtins or asked.description):
            raise RequestError(422, "name at least one of numbers, gtins, description")
        known = self.master.catalogue
        found = [*known.numbered(asked.numbers), *known.marked(asked.gtins)]
        found += self.master.similar(asked.description) if asked.description else []
        page = _asked_page("/items/search", asked, _ITEMS)
        by_number = {item.number: item for item in found}
        rows, following = _cut_out(page, by_number)
        return _answer(wire.ItemPage(rows, len(by_number), page.limit, following))

    async def search_parts(self, request: Request) -> Response:
        """Finds which items a customer means by its part numbers."""
        asked = await read_body(request, _PARTS)
        self._customer(asked.customer, field="customer")
        page = _asked_page("/parts/search", asked, _PARTS)
        found = self.master.parts(asked.customer, asked.parts)
        rows, following = _cut_out(page, _numbered(found))
        return _answer(wire.CustomerPartPage(rows, len(found), page.limit, following))

    async def search_prices(self, request: Request) -> Response:
        """Finds all prices of items for a customer on a day."""
        asked = await read_body(request, _PRICES)
        customer = self._customer(asked.customer, field="customer")
        page = _asked_page("/prices/search", asked, _PRICES)
        on, currency = asked.on or self.master.as_of, asked.currency or customer.currency
        found = self.master.prices(customer.number, asked.items, on, currency)
        rows, following = _cut_out(page, _numbered(found))
        return _answer(wire.PricePage(rows, len(found), page.limit, following))

    async def customer(self, request: Request) -> Response:
        """Returns one customer with its ETag."""
        found = self._customer(request.path_params["number"], status=404)
        body = TypeAdapter(wire.Customer).dump_json(found)
        return Response(body, media_type="application/json", headers={"ETag": f'"{sha256(body).hexdigest()[:16]}"'})

    async def item(self, request: Request) -> Response:
        """Returns one item."""
        found = self.master.items.get(request.path_params["number"])
        if found is None:
            raise RequestError(404, f"there is no item {request.path_params['number']}")
        return _answer(found)

    async def resolve_items(self, request: Request) -> Response:
        """Finds the items that the lines of a document mean."""
        asked = await read_body(request, _RESOLVE)
        self._customer(asked.customer, field="customer")
        lines = tuple(self.master.resolve(asked.customer, names) for names in asked.lines)
        return _answer(wire.Resolved(self.master.as_of, lines))

    async def price(self, request: Request) -> Response:
        """Returns the price of one item."""
        query = read_query(request, ("customer", "item", "on", "currency"))
        for needed in ("customer", "item"):
            if needed not in query:
                raise RequestError(400, f"query parameter {needed!r} is missing", field=needed)
        try:
            item = query.pop("item")
            asked = _QUOTE.validate_python({**query, "items": [item]})
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            raise RequestError(400, f"{first['loc'][0]}: {first['msg']}", field=str(first["loc"][0])) from error
        quote = self._quotes(asked).items[0]
        if quote.price is None:
            raise RequestError(404, f"item {quote.item} has no price for {asked.customer}")
        return _answer(quote)

    async def quote(self, request: Request) -> Response:
        """Returns the prices of several items."""
        return _answer(self._quotes(await read_body(request, _QUOTE)))

    async def book(self, request: Request) -> Response:
        """Books an order; honours Idempotency-Key."""
        key = request.headers.get("idempotency-key")
        if key is not None and not 1 <= len(key) <= _LONGEST_KEY:
            raise RequestError(400, f"a key has 1 to {_LONGEST_KEY} characters", field="Idempotency-Key")
        booking = await self._booking(request)
        order, replay = await self.books.book(booking, endpoint="/orders", idempotency_key=key)
        headers = {"ETag": f'"{order.order_number}.1"', "Location": f"/orders/{order.order_number}"}
        if replay:
            return _answer(order, headers=headers | {"Idempotent-Replay": "true"})
        return _answer(order, status=201, headers=headers)

    async def import_order(self, request: Request) -> Response:
        """Books an order the old way: every call books."""
        booking = await self._booking(request)
        order, _ = await self.books.book(booking, endpoint="/orders/import")
        return _answer(order, status=201, headers={"Location": f"/orders/{order.order_number}"})

    async def find_orders(self, request: Request) -> Response:
        """Lists orders, by the customer's reference or by when they changed."""
        query = read_query(request, ("customer", "po_number", "changed_since", *PARAMETERS))
        page = read_page("/orders", query)
        filters = dict(page.filters)
        if "changed_since" in filters:
            filters["changed_since"] = _since(filters["changed_since"])
        as_of = clock.utc_now()
        rows, total, more = self.books.page(filters, after=_place(page.after), limit=page.limit)
        last = (rows[-1].change if "changed_since" in filters else rows[-1].sequence) if rows else 0
        following = page.cursor(str(last)) if more else None
        items = tuple(row.order for row in rows)
        return _answer(wire.OrderPage(items, total, page.limit, following, as_of), headers=page.link(following))

    async def order(self, request: Request) -> Response:
        """Returns one order with its ETag."""
        row = self.books.order(request.path_params["number"])
        if row is None:
            raise RequestError(404, f"there is no order {request.path_params['number']}")
        return _answer(row.order, headers={"ETag": row.etag})

    async def change(self, request: Request) -> Response:
        """Changes an open order of the version named in If-Match."""
        if_match = _version(request)
        wanted = await read_body(request, _CHANGE, kinds=_PATCHES)
        if not wanted.model_fields_set:
            raise RequestError(422, f"name at least one of {', '.join(wire.OrderChange.model_fields)}")
        row = await self.books.change(request.path_params["number"], if_match, wanted)
        return _answer(row.order, headers={"ETag": row.etag})

    async def cancel(self, request: Request) -> Response:
        """Cancels an open order of the version named in If-Match."""
        row = await self.books.cancel(request.path_params["number"], _version(request))
        return _answer(row.order, headers={"ETag": row.etag})

    async def export(self, _request: Request) -> Response:
        """Lists everything that was booked, for an outside auditor."""
        return _answer(wire.BookPage(self.master.as_of, self.books.entries()))

    async def add_fault(self, request: Request) -> Response:
        """Plans a fault."""
        self.faults.waiting.append(await read_body(request, _FAULT))
        return Response(status_code=204)

    async def clear_faults(self, _request: Request) -> Response:
        """Forgets the faults that were not used up."""
        self.faults.waiting.clear()
        return Response(status_code=204)

    async def traffic(self, _request: Request) -> Response:
        """Returns what came since the start, or since it was cleared."""
        counts = self.counts
        windows = {
            name: {"most_in_one_second": window.most, "span_s": window.span_s}
            for name, window in (("asked", counts.asked), ("served", counts.served))
        }
        return JSONResponse(
            {"requests": counts.requests, "statuses": counts.statuses, "grants": self.issuer.grants, **windows}
        )

    async def clear_traffic(self, _request: Request) -> Response:
        """Counts from nothing again."""
        self.counts.clear()
        self.issuer.grants.clear()
        return Response(status_code=204)

    def guarded(self, handler: Handler, scope: str | None) -> Handler:
        """Returns the handler behind the token, the client's rate and the scope; ``scope`` None leaves it open."""
        if scope is None:
            return handler

        async def checked(request: Request) -> Response:
            access = self._access(request)
            wait_s = self.throttle.take(access.client.id)
            if wait_s is not None:
                return throttled(wait_s)
            if scope not in access.scopes:
                challenge = f'{_CHALLENGE}, error="insufficient_scope", scope="{scope}"'
                raise RequestError(403, f"this token has no scope {scope}", headers={"WWW-Authenticate": challenge})
            return await handler(request)

        return checked

    def _access(self, request: Request) -> Access:
        """Returns what the request's token allows; raises RequestError 401 as RFC 6750, section 3, words it."""
        token = bearer(request)
        if token is None:
            raise RequestError(401, "this needs a bearer token", headers={"WWW-Authenticate": _CHALLENGE})
        access = self.issuer.check(token)
        if access is None:
            challenge = f'{_CHALLENGE}, error="invalid_token", error_description="unknown, expired or revoked"'
            raise RequestError(
                401, "this token is unknown, expired or revoked", headers={"WWW-Authenticate": challenge}
            )
        return access

    def _customer(self, number: str, *, status: int = 422, field: str | None = None) -> wire.Customer:
        found = self.master.customers.get(number)
        if found is None:
            raise RequestError(status, f"there is no customer {number}", field=field)
        return found

    def _quotes(self, asked: wire.QuoteRequest) -> wire.Quotes:
        customer = self._customer(asked.customer, field="customer")
        on = asked.on or self.master.as_of
        currency = asked.currency or customer.currency
        quotes = tuple(self.master.quote(customer.number, item, on, currency) for item in asked.items)
        return wire.Quotes(customer.number, on, currency, self.master.tolerance, quotes)

    async def _booking(self, request: Request) -> wire.Booking:
        booking = await read_body(request, _BOOKING)
        customer = self._customer(booking.customer, field="customer")
        if booking.sales_org != customer.sales_org:
            raise RequestError(422, f"{customer.number} is not of {booking.sales_org}", field="sales_org")
        if booking.ship_to not in {address.id for address in customer.ship_tos}:
            raise RequestError(422, f"{booking.ship_to} is no ship-to of {customer.number}", field="ship_to")
        if len({line.line for line in booking.lines}) != len(booking.lines):
            raise RequestError(422, "two lines have the same number", field="lines")
        for index, line in enumerate(booking.lines):
            item = self.master.items.get(line.item)
            if item is None:
                raise RequestError(422, f"there is no item {line.item}", field=f"lines[{index}].item")
            if line.unit != item.base_unit:
                raise RequestError(422, f"{line.item} is booked in {item.base_unit}", field=f"lines[{index}].unit")
        if booking.total != booking.lines_total():
            raise RequestError(422, f"the lines sum to {booking.lines_total()}, not {booking.total}", field="total")
        return booking


def application(
    master: Master,
    books: Books,
    issuer: Issuer,
    *,
    latency: Latency | None = None,
    throttle: Throttle | None = None,
    with_faults: bool = False,
) -> Starlette:
    """Returns the ASGI application over loaded master data and open books, for the clients of an issuer.

    ``with_faults`` adds POST and DELETE /faults and GET and DELETE /counts, with which a test breaks requests
    and counts them.
    """
    erp = Erp(master, books, issuer, throttle or Throttle(), FaultPlan(), Counts())
    scopes = {(operation.method.upper(), operation.path): operation.scope for operation in OPERATIONS}
    routes = [
        Route(path, erp.guarded(handler, scopes[method, path]), methods=[method])
        for (method, path), handler in _handlers(erp).items()
    ]
    names = [(method, path, compile_path(path)[0]) for method, path in scopes]

    def name_of(method: str, path: str) -> str:
        return next((f"{known} {shape}" for known, shape, at in names if known == method and at.match(path)), "other")

    if with_faults:
        routes += [
            Route("/faults", erp.add_fault, methods=["POST"]),
            Route("/faults", erp.clear_faults, methods=["DELETE"]),
            Route("/counts", erp.traffic, methods=["GET"]),
            Route("/counts", erp.clear_traffic, methods=["DELETE"]),
        ]
    return Starlette(
        routes=routes,
        middleware=[
            Middleware(
                Conditions,
                latency=latency or Latency(0, 0),
                plan=erp.faults,
                counts=erp.counts,
                issuer=issuer,
                name_of=name_of,
            )
        ],
        exception_handlers={RequestError: on_request_error, HTTPException: on_http_error},
    )


def _handlers(erp: Erp) -> Mapping[tuple[str, str], Handler]:
    oauth = Endpoints(erp.issuer)
    return {
        ("POST", "/oauth/token"): oauth.token,
        ("POST", "/oauth/revoke"): oauth.revoke,
        ("GET", "/health"): erp.health,
        ("GET", "/openapi.json"): erp.openapi,
        ("GET", "/customers"): erp.find_customers,
        ("GET", "/customers/{number}"): erp.customer,
        ("POST", "/items/resolve"): erp.resolve_items,
        ("POST", "/items/search"): erp.search_items,
        ("POST", "/parts/search"): erp.search_parts,
        ("GET", "/items"): erp.items,
        ("GET", "/items/{number}"): erp.item,
        ("GET", "/prices"): erp.price,
        ("POST", "/prices/quote"): erp.quote,
        ("POST", "/prices/search"): erp.search_prices,
        ("POST", "/orders"): erp.book,
        ("POST", "/orders/import"): erp.import_order,
        ("GET", "/orders"): erp.find_orders,
        ("GET", "/orders/{number}"): erp.order,
        ("PATCH", "/orders/{number}"): erp.change,
        ("POST", "/orders/{number}/cancel"): erp.cancel,
        ("GET", "/books"): erp.export,
    }


def _cut_out(page: Page, rows: Mapping[str, T]) -> tuple[tuple[T, ...], str | None]:
    """Returns the rows of one page, by number, and the cursor of the next."""
    after = page.after or ""
    numbers = sorted(number for number in rows if number > after)
    chosen = numbers[: page.limit]
    following = page.cursor(chosen[-1]) if len(numbers) > page.limit else None
    return tuple(rows[number] for number in chosen), following


def _asked_page(path: str, asked: S, adapter: TypeAdapter[S]) -> Page:
    """Returns the page of a search by POST; its cursor is good with the same question only."""
    question = adapter.dump_json(replace(asked, limit=1, cursor=None)).decode()
    return page_of(path, {"question": question}, limit=asked.limit, cursor=asked.cursor)


def _numbered(rows: Sequence[T]) -> dict[str, T]:
    """Returns rows by their place, so that they are paged in their order."""
    return {f"{place:08d}": row for place, row in enumerate(rows)}


def _place(after: str | None) -> int:
    if after is not None and not after.isdigit():
        raise RequestError(400, "this cursor was not given out here", field="cursor")
    return int(after or 0)


def _since(text: str) -> str:
    try:
        return instant(_MOMENT.validate_strings(text))
    except (ValidationError, OverflowError) as error:
        detail = "changed_since is a time with its zone (RFC 3339), such as 2026-11-02T08:00:00Z"
        raise RequestError(400, detail, field="changed_since") from error


def _version(request: Request) -> str:
    if_match = request.headers.get("if-match")
    if not if_match:
        raise RequestError(428, "say which version is meant: If-Match with the order's ETag", field="If-Match")
    return if_match


def _answer(value: object, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    body = _ADAPTERS[type(value)].dump_json(value)
    return Response(body, status, headers=headers, media_type="application/json")


_ADAPTERS: Final[Mapping[type, TypeAdapter[object]]] = {
    kind: TypeAdapter(kind)
    for kind in (
        wire.Health,
        wire.CustomerPage,
        wire.ItemPage,
        wire.OrderPage,
        wire.CustomerPartPage,
        wire.PricePage,
        wire.Item,
        wire.Resolved,
        wire.Quote,
        wire.Quotes,
        wire.OrderRecord,
        wire.BookPage,
    )
}
