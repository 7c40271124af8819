"""The truth of the corpus as it is written beside the documents: what each arrival is, and what is right for it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydantic import TypeAdapter

from bridgehead.templates.purchase_orders.erp.wire import Booking

_BOOKING: Final = TypeAdapter(Booking)


@dataclass(frozen=True, slots=True)
class OrderTruth:
    """What is right for one order: ``booking`` None and ``touchless`` True is a resend, where nothing is booked."""

    customer: str
    po_number: str
    touchless: bool
    owner: str | None
    cause: str | None
    booking: Booking | None


@dataclass(frozen=True, slots=True)
class ArrivalTruth:
    """One document: its format, what is the matter with it, its orders, and whose queue it is for if it has none."""

    name: str
    format: str
    defects: tuple[str, ...]
    is_order: bool
    orders: tuple[OrderTruth, ...]
    queue: str | None


def read_truth(path: Path) -> tuple[ArrivalTruth, ...]:
    """Returns the truths of ``truth.jsonl`` in the order of arrival."""
    return tuple(_arrival(json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines())


def _arrival(written: Mapping[str, Any]) -> ArrivalTruth:
    return ArrivalTruth(
        name=written["arrival"],
        format=written["format"],
        defects=tuple(written["defects"]),
        is_order=written["is_order"],
        orders=tuple(_order(order) for order in written["orders"]),
        queue=written["queue"],
    )


def _order(written: Mapping[str, Any]) -> OrderTruth:
    reading, booking = written["reading"], written["booking"]
    return OrderTruth(
        customer=written["customer"],
        po_number="" if reading is None else reading["po_number"],
        touchless=written["touchless"],
        owner=written["owner"],
        cause=written["cause"],
        booking=None if booking is None else _BOOKING.validate_python(booking),
    )
