"""What is in the books before the first request: orders from before, and bookings that people made."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from pydantic import JsonValue, TypeAdapter, ValidationError

from bridgehead.errors import UserError
from bridgehead.templates.purchase_orders.erp.books import Loaded
from bridgehead.templates.purchase_orders.erp.master import Master, read_json
from bridgehead.templates.purchase_orders.erp.problems import path_of
from bridgehead.templates.purchase_orders.erp.wire import Booking

_BOOKING: Final = TypeAdapter(Booking)
_ASIDE: Final = ("minutes", "booked_by")
_PEOPLE: Final = TypeAdapter(list[dict[str, JsonValue]])


def history(master: Master) -> Iterator[Loaded]:
    """Yields the orders of the master file; raises UserError when one is no booking."""
    for order in master.history:
        fields = dict(order.digest_fields) | {"customer": order.customer, "po_number": order.po_number}
        yield Loaded(
            booking=_booking(fields, where=f"orders: {order.order_number}"),
            booked_by="history",
            loaded_as=f"history:{order.order_number}",
            order_number=order.order_number,
            status=order.status,
        )


def people(path: Path) -> Iterator[Loaded]:
    """Yields the bookings of a file of people's bookings: each a booking with the ``arrival`` it was made from.

    What else an entry may say (``minutes``, ``booked_by``) is not for the books.
    """
    entries = read_json(path, _PEOPLE)
    for index, entry in enumerate(entries):
        fields = dict(entry)
        arrival = str(fields.pop("arrival", ""))
        for name in _ASIDE:
            fields.pop(name, None)
        booking = _booking(fields, where=f"{path}: [{index}]")
        yield Loaded(
            booking=booking,
            booked_by="person",
            loaded_as=f"person:{arrival}:{booking.customer}:{booking.po_number}",
            booked_from=arrival or None,
        )


def _booking(fields: Mapping[str, JsonValue], *, where: str) -> Booking:
    try:
        return _BOOKING.validate_python(dict(fields))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise UserError(f"{where}: {path_of(first['loc'])}: {first['msg']}", code="erp.file") from error
