"""What the order agent asks of an ERP, over whichever connector the deployment calls ``erp``.

Another ERP is another ``erp.yaml``; nothing here changes. ``port.py`` names its reads and actions with
every argument and field.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, replace
from datetime import date
from decimal import Decimal
from typing import Final, Literal, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError

from bridgehead import Failed, Mismatch
from bridgehead.clock import utc_now
from bridgehead.connectors.opening import connector
from bridgehead.money import Money
from bridgehead.templates.purchase_orders.erp.wire import (
    BookedBy,
    BookedOrder,
    Booking,
    Customer,
    Customers,
    Item,
    OrderLine,
    PartNames,
    PriceSource,
    Quote,
    Quotes,
    Resolved,
)
from bridgehead.templates.purchase_orders.naming import Catalogue, exact, matched_by
from bridgehead.templates.purchase_orders.port import NAME

T = TypeVar("T")
Way = Literal["create_order", "create_order_by_import"]
"""The action by which an order is booked."""

TOLERANCE: Final = Decimal("0.02")
"""How far an order's price may lie from ours, relatively: two per cent."""
NO_LIMIT: Final = Decimal("9999999999999.99")
"""The credit limit of a customer for whom the ERP gives none: the credit rule then never objects."""
NO_ORG: Final = "none"
"""The sales organisation of a customer for whom an ERP that has several gives none: nobody has a right to it."""
_CENT: Final = Decimal("0.01")
FINEST: Final = Decimal("0.001")
"""What quantities are multiples of where the ERP does not say: the smallest quantity that can be booked."""

_CUSTOMER: Final = TypeAdapter(Customer)
_ITEM: Final = TypeAdapter(Item)
_ORDER: Final = TypeAdapter(BookedOrder)
_BOOKING: Final = TypeAdapter(Booking)
_QUOTE: Final = TypeAdapter(Quote)
_LINE: Final = frozenset(field.name for field in fields(OrderLine))
_FOUND_HERE: Final = frozenset({"matched_by"})

_erp = connector(NAME)


async def find_customers(names: Mapping[str, str]) -> Customers:
    """Returns every customer that at least one of ``email, name, duns, gln, vat, number`` names, by number."""
    takes = _erp.connected.connector.reads["customers"][2].params
    asked = {name: value for name, value in names.items() if name in takes}
    found = [_customer(record) for record in await _erp.read("customers", **asked)] if asked else []
    named = [replace(customer, matched_by=matched_by(customer, names)) for customer in found]
    # An ERP may search more broadly than a customer may be identified.
    return Customers(tuple(sorted((one for one in named if one.matched_by), key=lambda one: one.number)))


async def resolve(customer: str, lines: Sequence[PartNames]) -> Resolved:
    """Returns which items a customer's names mean, one entry per line."""
    named = (name.strip() for line in lines for name in (line.customer_part, line.supplier_part) if name)
    parts = sorted({name for name in named if name})
    gtins = sorted({gtin for line in lines if (gtin := (line.gtin or "").strip())})
    references, as_of, by_gtin = await asyncio.gather(
        _references(customer, parts), business_day(), _items("items_by_gtin", gtins=gtins)
    )
    items = await _items("items", numbers=sorted({*parts, *references.values()}))
    catalogue, theirs = Catalogue([*items, *by_gtin]), {exact(part): item for part, item in references.items()}
    resolved = [catalogue.resolve(line, theirs) for line in lines]
    unnamed = [
        (place, description)
        for place, line in enumerate(resolved)
        if line.item is None and not line.candidates and (description := (lines[place].description or "").strip())
    ]
    similar = await asyncio.gather(*(_similar(description) for _, description in unnamed))
    for (place, _), candidates in zip(unnamed, similar, strict=True):
        resolved[place] = replace(resolved[place], candidates=candidates)
    return Resolved(as_of, tuple(resolved))


async def quote(customer: str, items: Sequence[str], *, on: date | None, currency: str | None) -> Quotes:
    """Returns the contract price of each item on a day (the youngest when several hold), else its list price."""
    day = on or await business_day()
    money = currency or _customer((await _erp.read("customers", number=customer))[0]).currency
    offered = await _erp.read("prices", customer=customer, items=list(items), on=day, currency=money)
    priced = tuple(_quoted(item, offered, day, money) for item in items)
    return Quotes(customer, day, money, TOLERANCE, priced)


async def orders(customer: str, po_number: str) -> tuple[BookedOrder, ...]:
    """Returns a customer's orders under its PO number, oldest first, cancelled ones included.

    Where the ERP does not say who booked one, it was a person.
    """
    records = await _erp.read("orders", customer=customer, po_number=po_number)
    found = [_order(record, booked_by="person") for record in records]
    return tuple(sorted(found, key=lambda order: (order.booked_at, order.order_number)))


async def book(booking: Booking, way: Way) -> BookedOrder:
    """Books an order under the effect's key."""
    made = await _erp.act(way, **_BOOKING.dump_python(booking, mode="python"))
    return _as_asked(_order(made, booked_by="system"), booking)


async def booked(booking: Booking, way: Way) -> BookedOrder | None:
    """Reads a booking back; raises Mismatch when its PO number holds other orders only."""
    found = await _erp.verify(way, **_BOOKING.dump_python(booking, mode="python"))
    if found is None:
        return None
    order = _as_asked(_order(found, booked_by="system"), booking)
    if order.content() != booking:
        raise Mismatch(
            f"{booking.customer}'s PO {booking.po_number} is booked with other content: {order.order_number}",
            hint="Compare the orders and settle the effect by hand.",
        )
    return order


async def cancel(number: str, *, key: str) -> None:
    """Cancels an order; one that is cancelled already is left alone. Failed ``conflict`` when it may not be."""
    await _erp.connected.connector.act("cancel_order", {"order_number": number}, key=key)


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


def _has_field(read: str, field: str) -> bool:
    connected = _erp.connected.connector
    return any(read in entity.reads and field in entity.fields for entity in connected.spec.entities.values())


async def _references(customer: str, parts: Sequence[str]) -> dict[str, str]:
    """Returns item numbers by the customer's own part numbers."""
    if not parts:
        return {}
    found = await _erp.read("customer_parts", customer=customer, parts=list(parts))
    return {_text(record, "part"): _text(record, "item") for record in found}


async def _items(read: str, **named: Sequence[str]) -> list[Item]:
    if not any(named.values()) or not _has(read):
        return []
    return [_item(record) for record in await _erp.read(read, **named)]


async def _similar(description: str) -> tuple[str, ...]:
    """Returns numbers that a person may want to look at, five at most."""
    if not _has("similar_items"):
        return ()
    found = await _erp.read("similar_items", description=description)
    return tuple(sorted({_text(one, "number") for one in found})[:5])


def _quoted(item: str, offered: Iterable[BaseModel], day: date, currency: str) -> Quote:
    held = [
        one for one in map(_plain, offered) if exact(str(one["item"])) == exact(item) and _holds(one, day, currency)
    ]
    sources: tuple[PriceSource, ...] = ("contract", "list")
    for source in sources:
        from_there = [one for one in held if (one.get("source") or "list") == source]
        if from_there:
            youngest = max(from_there, key=lambda one: _day(one, "valid_from") or date.min)
            told = {"item": item, "price": youngest["price"], "source": source, "valid_to": _day(youngest, "valid_to")}
            return _fit(_QUOTE, "prices", told)
    return Quote(item, None, None)


def _holds(offer: Mapping[str, object], day: date, currency: str) -> bool:
    begins, ends = _day(offer, "valid_from"), _day(offer, "valid_to")
    in_time = (begins is None or begins <= day) and (ends is None or day <= ends)
    return in_time and offer.get("currency") in {None, currency}


def _day(values: Mapping[str, object], name: str) -> date | None:
    found = values.get(name)
    return found if isinstance(found, date) else None


def _customer(record: object) -> Customer:
    plain = _plain(record)
    given = {name: value for name, value in plain.items() if name not in _FOUND_HERE}
    if "sales_org" in plain and not plain["sales_org"]:
        given["sales_org"] = NO_ORG
    credit = {"limit": NO_LIMIT, "open": Decimal(0), "overdue_days": 0, "blocked": False}
    for name, told in (("limit", "credit_limit"), ("open", "credit_open")):
        credit |= {name: amount} if (amount := given.pop(told, None)) is not None else {}
    credit |= {name: value for name in ("overdue_days", "blocked") if (value := given.pop(name, None)) is not None}
    return _fit(_CUSTOMER, "customers", {**given, "credit": credit})


def _item(record: object) -> Item:
    given = {"min_qty": Decimal(0), "multiple": FINEST, **_given(_plain(record))}
    units = given.pop("units", None)
    if isinstance(units, list):
        units = {one["unit"]: one["factor"] for one in units if isinstance(one, dict)}
    return _fit(_ITEM, "items", {**given, "units": units or {}, "list_price": {}})


def _order(record: object, *, booked_by: BookedBy) -> BookedOrder:
    given = {"header_code": "AD", "booked_by": booked_by, **_given(_plain(record))}
    lines = given.pop("lines", None)
    coded = [_line(one) for one in lines if isinstance(one, dict)] if isinstance(lines, list) else []
    return _fit(_ORDER, "orders", {**given, "lines": coded})


def _line(values: Mapping[str, object]) -> dict[str, object]:
    """Returns a line's own fields: a file may map more, and what is booked is refused with a field that is unknown."""
    return {"code": "IA"} | {name: value for name, value in _given(values).items() if name in _LINE}


def _as_asked(order: BookedOrder, booking: Booking) -> BookedOrder:
    """Takes what an ERP does otherwise from what was asked: codes of an acknowledgement (X12 855), and rounding.

    Numbers of lines, too, where all lines agree in their order: many an ERP numbers them itself.
    """
    made, asked = (sorted(lines, key=lambda line: line.line) for lines in (order.lines, booking.lines))
    if [line.content() for line in made] == [line.content() for line in asked]:
        made = [replace(line, line=own.line) for line, own in zip(made, asked, strict=True)]
    codes = {line.line: line.code for line in asked}
    # Two ways of rounding to cents, half up and half to even say, differ by a cent in a line at most. A line that
    # is not as asked is told by itself.
    rounded = abs(order.total - booking.total) <= _CENT * len(booking.lines)
    lines = tuple(replace(line, code=codes.get(line.line, line.code)) for line in made)
    return replace(
        order,
        sales_org=order.sales_org if _has_field("orders", "sales_org") else booking.sales_org,
        header_code=booking.header_code,
        lines=lines,
        total=booking.total if rounded else order.total,
    )


def _plain(record: object) -> dict[str, object]:
    if not isinstance(record, BaseModel):
        raise _unfit("an answer", "no record")
    return {name: _value(getattr(record, name)) for name in type(record).model_fields}


def _value(value: object) -> object:
    """Returns a record's value without its type: records as mappings, of money the amount."""
    if isinstance(value, BaseModel):
        return _plain(value)
    if isinstance(value, Money):
        return value.amount
    return [_value(one) for one in value] if isinstance(value, list | tuple) else value


def _given(values: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in values.items() if value is not None}


def _text(record: BaseModel, field: str) -> str:
    return str(getattr(record, field, None) or "")


def _fit(adapter: TypeAdapter[T], read: str, values: Mapping[str, object]) -> T:
    try:
        return adapter.validate_python(_given(values))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise _unfit(read, f"{where}: {first['msg']}") from error


def _unfit(read: str, what: str) -> Failed:
    return Failed(f"{NAME}: {read} does not give what the order agent needs: {what}", error_class="invalid_output")
