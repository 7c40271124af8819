"""The ERP's endpoints: each reads a checked request, asks master data or books, and answers typed JSON."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from pydantic import TypeAdapter, ValidationError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bridgehead.templates.purchase_orders.erp import wire
from bridgehead.templates.purchase_orders.erp.books import Books
from bridgehead.templates.purchase_orders.erp.faults import Conditions, Fault, FaultPlan, Latency
from bridgehead.templates.purchase_orders.erp.master import Master
from bridgehead.templates.purchase_orders.erp.openapi import document
from bridgehead.templates.purchase_orders.erp.problems import (
    RequestError,
    on_http_error,
    on_request_error,
    read_body,
    read_query,
)

_BOOKING: Final = TypeAdapter(wire.Booking)
_RESOLVE: Final = TypeAdapter(wire.ResolveRequest)
_QUOTE: Final = TypeAdapter(wire.QuoteRequest)
_FAULT: Final = TypeAdapter(Fault)
_LONGEST_KEY: Final = 200
_SEARCH: Final = ("email", "name", "duns", "gln", "vat", "number")


@dataclass(frozen=True, slots=True)
class Erp:
    """The service without its server."""

    master: Master
    books: Books
    faults: FaultPlan

    async def health(self, _request: Request) -> Response:
        """Says that the service answers, and its business date."""
        return _answer(wire.Health("ok", self.master.as_of, self.books.count()))

    async def openapi(self, _request: Request) -> Response:
        """Returns the OpenAPI document."""
        return Response(document(), media_type="application/json")

    async def find_customers(self, request: Request) -> Response:
        """Searches customers by any of their names."""
        query = read_query(request, _SEARCH)
        if not query:
            raise RequestError(400, f"name at least one of {', '.join(_SEARCH)}")
        return _answer(wire.Customers(self.master.find_customers(query)))

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
        """Looks orders up by the customer's reference."""
        query = read_query(request, ("customer", "po_number"))
        for needed in ("customer", "po_number"):
            if needed not in query:
                raise RequestError(400, f"query parameter {needed!r} is missing", field=needed)
        return _answer(wire.Orders(self.books.find(query["customer"], query["po_number"])))

    async def order(self, request: Request) -> Response:
        """Returns one order with its ETag."""
        row = self.books.order(request.path_params["number"])
        if row is None:
            raise RequestError(404, f"there is no order {request.path_params['number']}")
        return _answer(row.order, headers={"ETag": row.etag})

    async def cancel(self, request: Request) -> Response:
        """Cancels an open order of the version named in If-Match."""
        if_match = request.headers.get("if-match")
        if not if_match:
            raise RequestError(428, "say which version to cancel: If-Match with the order's ETag", field="If-Match")
        row = await self.books.cancel(request.path_params["number"], if_match)
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
    master: Master, books: Books, *, latency: Latency | None = None, with_faults: bool = False
) -> Starlette:
    """Returns the ASGI application over loaded master data and open books.

    ``with_faults`` adds POST and DELETE /faults, which a test uses to break requests.
    """
    erp = Erp(master, books, FaultPlan())
    routes = [Route(path, handler, methods=[method]) for (method, path), handler in _handlers(erp).items()]
    if with_faults:
        routes += [
            Route("/faults", erp.add_fault, methods=["POST"]),
            Route("/faults", erp.clear_faults, methods=["DELETE"]),
        ]
    return Starlette(
        routes=routes,
        middleware=[Middleware(Conditions, latency=latency or Latency(0, 0), plan=erp.faults)],
        exception_handlers={RequestError: on_request_error, HTTPException: on_http_error},
    )


def _handlers(erp: Erp) -> Mapping[tuple[str, str], Callable[[Request], Awaitable[Response]]]:
    return {
        ("GET", "/health"): erp.health,
        ("GET", "/openapi.json"): erp.openapi,
        ("GET", "/customers"): erp.find_customers,
        ("GET", "/customers/{number}"): erp.customer,
        ("POST", "/items/resolve"): erp.resolve_items,
        ("GET", "/items/{number}"): erp.item,
        ("GET", "/prices"): erp.price,
        ("POST", "/prices/quote"): erp.quote,
        ("POST", "/orders"): erp.book,
        ("POST", "/orders/import"): erp.import_order,
        ("GET", "/orders"): erp.find_orders,
        ("GET", "/orders/{number}"): erp.order,
        ("POST", "/orders/{number}/cancel"): erp.cancel,
        ("GET", "/books"): erp.export,
    }


def _answer(value: object, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    body = _ADAPTERS[type(value)].dump_json(value)
    return Response(body, status, headers=headers, media_type="application/json")


_ADAPTERS: Final[Mapping[type, TypeAdapter[object]]] = {
    kind: TypeAdapter(kind)
    for kind in (
        wire.Health,
        wire.Customers,
        wire.Item,
        wire.Resolved,
        wire.Quote,
        wire.Quotes,
        wire.BookedOrder,
        wire.Orders,
        wire.BookPage,
    )
}
