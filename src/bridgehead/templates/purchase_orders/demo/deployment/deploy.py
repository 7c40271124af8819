"""The code of the demo's deployment: the template's, with an ERP that takes idempotency keys for some orders only."""

from __future__ import annotations

from zlib import crc32

from bridgehead import Case, Context
from bridgehead.cases.intake import ReadResult
from bridgehead.documents.order import Order
from bridgehead.templates.purchase_orders.agent import Booked, Handled, process
from bridgehead.templates.purchase_orders.checks.verdict import Rules
from bridgehead.templates.purchase_orders.erp.wire import BookedOrder, Booking, Credit
from bridgehead.templates.purchase_orders.intake import read_arrival
from bridgehead.templates.purchase_orders.port import require
from bridgehead.templates.purchase_orders.tools import book_order, import_order

require()

OLD_INTERFACE = 3  # one customer in this many is booked through the interface without idempotency keys


def read(document: bytes, name: str) -> ReadResult:
    """Turns one arrival into its orders, nobody's work, or work for a role."""
    return read_arrival(document, name)


async def book(order: Booking, credit: Credit | None) -> BookedOrder:
    """Books an order the way its customer is booked, always the same one."""
    if crc32(order.customer.encode()) % OLD_INTERFACE == 0:
        return await import_order(order, credit)
    return await book_order(order, credit)


async def orders(case: Case[Order], ctx: Context) -> Booked | Handled:
    """Decides about one order and books it, or hands it over."""
    return await process(case, ctx, Rules(), book=book)
