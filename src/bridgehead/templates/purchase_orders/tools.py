"""The tools of the order agent: four reads and two ways to book, each declared once.

What they ask of the ERP is in ``system.py``; how the ERP is asked, in the deployment's ``erp.yaml``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from datetime import date
from typing import Final

from pydantic import TypeAdapter, ValidationError

from bridgehead import Failed, read, reversible
from bridgehead.clock import utc_now
from bridgehead.templates.purchase_orders import system
from bridgehead.templates.purchase_orders.erp.wire import (
    BookedOrder,
    Booking,
    Credit,
    Customers,
    Orders,
    PartNames,
    Quotes,
    Resolved,
)

_BOOKING: Final = TypeAdapter(Booking)
_BOOKED: Final = TypeAdapter(BookedOrder)
_KNOWN: Final = "system_of_record"
"""What the ERP says, it vouches for. What an answer only repeats of the question it does not."""
_OURS: Final = "confidential eu"
"""What one customer must not learn of another one, and what no model or address outside the region may be told."""
_CUSTOMER_LABELS: Final = {
    "*": f"{_KNOWN} {_OURS}",
    "items.credit": f"{_KNOWN} secret eu",
    "items.matched_by": f"untrusted {_OURS}",
    **dict.fromkeys(("items.number", "items.ship_tos"), f"{_KNOWN} {_OURS}"),
}
"""What is asked for may stand in the answer: the fields that are named are looked up, and not only said again."""
_ITEM_LABELS: Final = {"*": f"{_KNOWN} public", "lines.how": "untrusted", "lines.item": f"{_KNOWN} public"}
_AIMED_AT: Final = (
    "order.customer", "order.sales_org", "order.ship_to", "order.lines.item", "order.lines.price",
    "credit.limit", "credit.open", "credit.blocked", "credit.overdue_days",
)  # fmt: skip
"""What a hidden instruction would change: whose order it is, where it goes, what it is and costs, what may be owed.

Bank data are not among them, because no tool takes any: an argument that a tool does not have is denied.
"""
_NUMBERED: Final = {"order_number": _KNOWN}
_KEY: Final = ("order.customer", "order.po_number")


@read(max_age="15m", timeout="10s", labels=_CUSTOMER_LABELS)
async def find_customer(
    number: str | None = None,
    name: str | None = None,
    email: str | None = None,
    duns: str | None = None,
    gln: str | None = None,
    vat: str | None = None,
) -> Customers:
    """Finds the customers that any of these names; ``matched_by`` of each says which did."""
    names = {"number": number, "name": name, "email": email, "duns": duns, "gln": gln, "vat": vat}
    given = {key: value for key, value in names.items() if value}
    return await system.find_customers(given) if given else Customers(())


@read(max_age="15m", timeout="10s", labels=_ITEM_LABELS)
async def resolve_items(customer: str, lines: tuple[PartNames, ...]) -> Resolved:
    """Finds the items that a customer's part numbers, our numbers and GTINs mean, all lines at once."""
    return await system.resolve(customer, lines)


@read(
    max_age="15m",
    timeout="10s",
    labels={"*": f"{_KNOWN} {_OURS}"}
    | dict.fromkeys(("customer", "on", "currency", "items.item"), f"untrusted {_OURS}"),
)
async def quote_prices(
    customer: str, items: tuple[str, ...], on: date | None = None, currency: str | None = None
) -> Quotes:
    """Returns what items cost a customer on a day, per base unit: the contract price, else the list price."""
    return await system.quote(customer, items, on=on, currency=currency)


@read(max_age="1m", timeout="10s", labels={"*": f"untrusted {_OURS}", "items.order_number": f"{_KNOWN} {_OURS}"})
async def find_orders(customer: str, po_number: str) -> Orders:
    """Returns what the ERP already has under a customer's PO number."""
    return Orders(await system.orders(customer, po_number))


async def booked(*, key: str, args: Mapping[str, object]) -> BookedOrder | None:  # noqa: ARG001 - a verify takes both
    """Reads a booking back by the customer's reference.

    Returns the order of the same content, None when there is none; raises Mismatch when the
    reference holds other orders only. Cancelled orders do not count.
    """
    return await system.booked(_order(args), "create_order")


async def imported(*, key: str, args: Mapping[str, object]) -> BookedOrder | None:  # noqa: ARG001 - a verify takes both
    """Reads a booking of the old interface back, as ``booked`` does."""
    return await system.booked(_order(args), "create_order_by_import")


async def cancelled(*, key: str, args: Mapping[str, object], result: object) -> None:  # noqa: ARG001 - an undo takes all
    """Takes a booking back; one that is cancelled already is left alone.

    Raises Failed ``conflict`` when production has begun, or someone changed the order meanwhile.
    """
    await system.cancel(_BOOKED.validate_python(result).order_number, key=key)


async def as_if_booked(*, args: Mapping[str, object]) -> BookedOrder:
    """Returns what booking would answer, without an order number of the ERP's."""
    order = _order(args)
    return BookedOrder(
        **{field.name: getattr(order, field.name) for field in fields(Booking)},
        order_number="not booked",
        status="open",
        booked_by="system",
        booked_at=utc_now(),
    )


@reversible(
    key=_KEY,
    verify=booked,
    undo=cancelled,
    preview=as_if_booked,
    idempotent=True,
    timeout="30s",
    visible_within="2s",
    sensitive=_AIMED_AT,
    moves="order.total",
    labels=_NUMBERED,
)
async def book_order(order: Booking, credit: Credit | None = None) -> BookedOrder:  # noqa: ARG001 - for the gate
    """Books an order; the same effect again books nothing more.

    ``credit`` is what the ERP says of the customer. It is no part of the booking: policies decide by it.
    """
    return await system.book(order, "create_order")


@reversible(
    key=_KEY,
    verify=imported,
    undo=cancelled,
    preview=as_if_booked,
    timeout="30s",
    visible_within="2s",
    sensitive=_AIMED_AT,
    moves="order.total",
    labels=_NUMBERED,
)
async def import_order(order: Booking, credit: Credit | None = None) -> BookedOrder:  # noqa: ARG001 - as above
    """Books an order through the old interface, which takes no idempotency key; use ``book_order`` where you can."""
    return await system.book(order, "create_order_by_import")


def _order(args: Mapping[str, object]) -> Booking:
    if "order" not in args:
        raise Failed("the recorded arguments hold no order", error_class="bug")
    try:
        return _BOOKING.validate_python(args["order"])
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(("order", *(str(part) for part in first["loc"])))
        raise Failed(f"the order cannot be booked: {where}: {first['msg']}", error_class="invalid_input") from error
