"""Orders that are files of their own: one is sent as it is, several come attached to one mail."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bridgehead.templates.purchase_orders.corpus.cover import wrap
from bridgehead.templates.purchase_orders.corpus.letterbox import Envelope
from bridgehead.templates.purchase_orders.corpus.model import WrittenOrder


def one_or_mailed(
    sending: Envelope,
    orders: Sequence[WrittenOrder],
    write: Callable[[Envelope, WrittenOrder], bytes],
    *,
    resent: bool = False,
) -> bytes:
    """Returns the only order's file, or a mail with an XML file for each of several."""
    if len(orders) == 1:
        return write(sending, orders[0])
    kind = "application/xml" if sending.habit.voice % 2 else "text/xml"
    files = [(f"order_{order.po_number.replace('/', '-')}.xml", kind, write(sending, order)) for order in orders]
    return wrap(sending, orders, files, resent=resent)
