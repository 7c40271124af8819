"""Tells a reading as plain data: one object per order, or one that says what the document is or why it is refused."""

from __future__ import annotations

from typing import Final

from pydantic import JsonValue, TypeAdapter

from bridgehead.documents.order import Order
from bridgehead.documents.outcome import NotAnOrder, Orders, Reading, Unreadable

_ORDER: Final[TypeAdapter[Order]] = TypeAdapter(Order)
_CHANGING: Final = frozenset({"860", "ORDCHG", "OrderChange", "OrderCancellation"})
"""Messages whose very kind says that they order nothing new."""
_KINDS: Final = {"change": "order_change", "cancel": "order_cancel", "confirmation": "order_response"}


def tell(file: str, form: str, reading: Reading) -> list[dict[str, JsonValue]]:
    """Returns the objects of one file, each with ``file, format, status, kind, reason, order``.

    ``status`` is ``order`` for an order, whose ``kind`` says what it is for: ``order``, or by its own word
    ``order_change`` or ``order_cancel`` of an earlier one; ``not_an_order`` with its ``kind`` (of ``outcome.Kind``)
    or ``refused``, whose ``kind`` is the stable code of the refusal. A message made for changes (860, ORDCHG,
    OrderChange), and a letter about one, is ``not_an_order`` of kind ``order_change`` or ``order_cancel``, with what
    was read under ``order`` all the same.
    ``format`` is that of the part the order was read from: ``pdf`` for a PDF in a mail.
    """
    if isinstance(reading, Orders):
        return [_order(file, order) for order in reading.orders]
    if isinstance(reading, NotAnOrder):
        return [_row(file, form, "not_an_order", reading.kind, reading.reason)]
    return [refused(file, form, reading)]


def refused(file: str, form: str, refusal: Unreadable) -> dict[str, JsonValue]:
    """Returns the object of a document that was refused as a whole."""
    where = f" ({refusal.where})" if refusal.where else ""
    return _row(file, form, "refused", refusal.code, f"{refusal.reason}{where}")


def _order(file: str, order: Order) -> dict[str, JsonValue]:
    plain: JsonValue = _ORDER.dump_python(order, mode="json")
    kind = _KINDS.get(order.purpose, "order")
    reasons = list(order.warnings)
    if kind != "order":
        what = "cancellation" if order.purpose == "cancel" else order.purpose
        reasons.insert(0, f"The document is a {what} of order {order.po_number}.")
    status = "not_an_order" if kind != "order" and (not order.message or order.message in _CHANGING) else "order"
    return {**_row(file, order.format, status, kind, " ".join(reasons)), "order": plain}


def _row(file: str, form: str, status: str, kind: str, reason: str) -> dict[str, JsonValue]:
    return {"file": file, "format": form, "status": status, "kind": kind, "reason": reason, "order": None}
