"""What is there before the first request: orders from before, bookings that people made, the client's secret."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from pydantic import JsonValue, TypeAdapter, ValidationError

from bridgehead.errors import UserError
from bridgehead.ids import random_hex
from bridgehead.templates.purchase_orders.erp.books import Loaded
from bridgehead.templates.purchase_orders.erp.master import Master, read_json
from bridgehead.templates.purchase_orders.erp.problems import path_of
from bridgehead.templates.purchase_orders.erp.wire import Booking

_SECRET_BYTES: Final = 24
_OTHERS: Final = 0o077
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


def client_secret(path: Path) -> str:
    """Returns the secret in a file that its owner alone may read, and makes one when the file is missing.

    Raises UserError when others may read the file, or when it cannot be read or made.
    """
    try:
        with contextlib.suppress(FileExistsError):
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "w", encoding="ascii") as file:
                file.write(random_hex(_SECRET_BYTES))
        if path.stat().st_mode & _OTHERS:
            raise UserError(
                f"{path} holds a secret and others may read it", code="erp.file", hint=f"Run `chmod 600 {path}`."
            )
        secret = path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise UserError(f"{path} cannot be read or made: {error.strerror}", code="erp.file") from error
    if not secret:
        raise UserError(f"{path} is empty: it holds the client's secret", code="erp.file")
    return secret


def _booking(fields: Mapping[str, JsonValue], *, where: str) -> Booking:
    try:
        return _BOOKING.validate_python(dict(fields))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise UserError(f"{where}: {path_of(first['loc'])}: {first['msg']}", code="erp.file") from error
