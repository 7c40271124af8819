"""What the order agent asks of an ERP, over whichever connector the deployment calls ``erp``.

Another ERP is another ``erp.yaml``; nothing here changes. Its reads are ``customers``,
``customer_parts``, ``items``, ``prices`` and ``orders`` (and, where it has them, ``business_day`` and
``similar_items``), its actions ``create_order`` and ``cancel_order``: docs/reference/order-port.md
names every argument and field.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Final, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError

from bridgehead import Failed, Mismatch
from bridgehead.clock import utc_now
from bridgehead.connectors.opening import connector
from bridgehead.templates.purchase_orders.erp.wire import (
    BookedOrder,
    Booking,
    Customer,
    Customers,
    Item,
    PartNames,
    Quote,
    Quotes,
    Resolved,
)
from bridgehead.templates.purchase_orders.naming import Catalogue, exact, matched_by

T = TypeVar("T")

NAME: Final = "erp"
TOLERANCE: Final = Decimal("0.02")
"""How far an order's price may lie from ours, relatively, where the ERP does not say."""

_CUSTOMER: Final = TypeAdapter(Customer)
_ITEM: Final = TypeAdapter(Item)
_ORDER: Final = TypeAdapter(BookedOrder)
_BOOKING: Final = TypeAdapter(Booking)
_CREDIT: Final = ("limit", "open", "overdue_days", "blocked")
_NOT_HELD: Final[Mapping[str, str]] = {"header_code": "AD", "booked_by": "system"}

_erp = connector(NAME)


async def find_customers(names: Mapping[str, str]) -> Customers:
    """Returns every customer that at least one of ``email, name, duns, gln, vat, number`` names, by number."""
    found = [_customer(record) for record in await _erp.read("customers", **names)]
    named = [replace(customer, matched_by=matched_by(customer, names)) for customer in found]
    # An ERP may search more broadly than a customer may be identified.
    return Customers(tuple(sorted((one for one in named if one.matched_by), key=lambda one: one.number)))


async def resolve(customer: str, lines: Sequence[PartNames]) -> Resolved:
    """Returns which items a customer's names mean, one entry per line."""
    parts = sorted({name.strip() for line in lines for name in (line.customer_part, line.supplier_part) if name})
    gtins = sorted({line.gtin.strip() for line in lines if line.gtin})
    references: dict[str, str] = {}
    if parts:
        for record in await _erp.read("customer_parts", customer=customer, parts=parts):
            references[exact(_text(record, "part"))] = _text(record, "item")
    numbers = sorted({*parts, *references.values()})
    items = await _items(numbers, gtins) if numbers or gtins else ()
    catalogue = Catalogue(items, references)
    resolved = [catalogue.resolve(line) for line in lines]
    for place, line in enumerate(resolved):
        described = lines[place].description
        if line.item is None and not line.candidates and described and _has("similar_items"):
            similar = await _erp.read("similar_items", description=described)
            resolved[place] = replace(line, candidates=tuple(sorted(_text(one, "number") for one in similar)[:5]))
    return Resolved(await business_day(), tuple(resolved))


async def quote(customer: str, items: Sequence[str], *, on: date | None, currency: str | None) -> Quotes:
    """Returns the contract price of each item on a day (the youngest when several hold), else its list price."""
    day = on or await business_day()
    money = currency or _customer((await _erp.read("customers", number=customer))[0]).currency
    offered = await _erp.read("prices", customer=customer, items=list(items), on=day, currency=money)
    priced = tuple(_quoted(item, offered, day, money) for item in items)
    return Quotes(customer, day, money, TOLERANCE, priced)


async def orders(customer: str, po_number: str) -> tuple[BookedOrder, ...]:
    """Returns a customer's orders under its PO number, oldest first, cancelled ones included."""
    found = [_order(record) for record in await _erp.read("orders", customer=customer, po_number=po_number)]
    return tuple(sorted(found, key=lambda order: (order.booked_at, order.order_number)))


async def book(booking: Booking) -> BookedOrder:
    """Books an order under the effect's key; what is booked already with the same content is the answer."""
    made = await _erp.act("create_order", **_BOOKING.dump_python(booking, mode="python"))
    return _as_asked(_order(made), booking)


async def booked(booking: Booking) -> BookedOrder | None:
    """Reads a booking back; raises Mismatch when its PO number holds other orders only."""
    found = await _erp.verify("create_order", **_BOOKING.dump_python(booking, mode="python"))
    if found is None:
        return None
    order = _as_asked(_order(found), booking)
    if order.content() != booking:
        raise Mismatch(
            f"{booking.customer}'s PO {booking.po_number} is booked with other content: {order.order_number}",
            hint="Compare the orders and settle the effect by hand.",
        )
    return order


async def cancel(number: str) -> None:
    """Cancels an order; one that is cancelled already is left alone. Failed ``conflict`` when it changed meanwhile."""
    await _erp.act("cancel_order", order_number=number)


async def business_day() -> date:
    """Returns the ERP's business date, "today" for every rule; the calendar's where it has none."""
    if not _has("business_day"):
        return utc_now().date()
    found = await _erp.read("business_day")
    day = getattr(found[0], "day", None)
    if not isinstance(day, date):
        raise _unfit("business_day", "day is no date")
    return day


def _has(read: str) -> bool:
    return read in _erp.connected.connector.reads


async def _items(numbers: Sequence[str], gtins: Sequence[str]) -> tuple[Item, ...]:
    asked = {"numbers": list(numbers) or None, "gtins": list(gtins) or None}
    return tuple(_item(record) for record in await _erp.read("items", **asked))


def _quoted(item: str, offered: Iterable[BaseModel], day: date, currency: str) -> Quote:
    held = [one for one in offered if exact(_text(one, "item")) == exact(item) and _holds(one, day, currency)]
    for source in ("contract", "list"):
        from_there = [one for one in held if getattr(one, "source", None) == source]
        if from_there:
            youngest = max(from_there, key=lambda one: getattr(one, "valid_from", None) or date.min)
            price = getattr(youngest, "price", None)
            if not isinstance(price, Decimal):
                raise _unfit("prices", "price is no decimal")
            return Quote(item, price, "contract" if source == "contract" else "list")
    return Quote(item, None, None)


def _holds(offer: BaseModel, day: date, currency: str) -> bool:
    begins, ends = getattr(offer, "valid_from", None), getattr(offer, "valid_to", None)
    if isinstance(begins, date) and day < begins:
        return False
    if isinstance(ends, date) and day > ends:
        return False
    return getattr(offer, "currency", currency) == currency


def _customer(record: object) -> Customer:
    given = _plain(record)
    credit = {name: given.pop(f"credit_{name}" if name in {"limit", "open"} else name, None) for name in _CREDIT}
    return _fit(_CUSTOMER, "customers", {**given, "credit": credit})


def _item(record: object) -> Item:
    given = _plain(record)
    units = {one["unit"]: one["factor"] for one in _listed(given.pop("units", ()))}
    listed = {one["currency"]: one["price"] for one in _listed(given.pop("list_prices", ()))}
    return _fit(_ITEM, "items", {**given, "units": units, "list_price": listed})


def _order(record: object) -> BookedOrder:
    given = _plain(record)
    lines = [{"code": "IA", **_given(line)} for line in _listed(given.pop("lines", ()))]
    return _fit(_ORDER, "orders", {**_NOT_HELD, **_given(given), "lines": lines})


def _as_asked(order: BookedOrder, booking: Booking) -> BookedOrder:
    """Takes what an ERP cannot hold from what was asked: the codes of an acknowledgement (X12 855)."""
    codes = {line.line: line.code for line in booking.lines}
    lines = tuple(replace(line, code=codes.get(line.line, line.code)) for line in order.lines)
    return replace(order, header_code=booking.header_code, lines=tuple(sorted(lines, key=lambda line: line.line)))


def _plain(record: object) -> dict[str, object]:
    if not isinstance(record, BaseModel):
        raise _unfit("an answer", "no record")
    return record.model_dump(mode="python")


def _listed(value: object) -> list[dict[str, object]]:
    return [dict(one) for one in value] if isinstance(value, list | tuple) else []


def _given(values: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in values.items() if value is not None}


def _text(record: BaseModel, field: str) -> str:
    return str(getattr(record, field, "") or "")


def _fit(adapter: TypeAdapter[T], read: str, values: Mapping[str, object]) -> T:
    known = {name: value for name, value in values.items() if value is not None}
    try:
        return adapter.validate_python(known)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise _unfit(read, f"{where}: {first['msg']}") from error


def _unfit(read: str, what: str) -> Failed:
    return Failed(f"{NAME}: {read} does not give what the order agent needs: {what}", error_class="invalid_output")
