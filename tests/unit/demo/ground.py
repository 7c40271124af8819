"""Books, truths and records in small, for tests of the audit and the score."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from bridgehead.templates.purchase_orders.demo.record import ArrivalRecord, CaseRecord, Decision, Work
from bridgehead.templates.purchase_orders.demo.truth import ArrivalTruth, OrderTruth
from bridgehead.templates.purchase_orders.erp.wire import BookedBy, BookedOrder, BookEntry, Booking, OrderLine

AT = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)


def booking(po_number: str = "PO-1", *, customer: str = "K-1", quantity: int = 10, price: str = "2.5000") -> Booking:
    """Returns a booking of one line."""
    line = OrderLine(10, "I-1", Decimal(quantity), "C62", Decimal(price), date(2026, 11, 20), "IA")
    return Booking(
        customer=customer,
        po_number=po_number,
        order_date=date(2026, 11, 1),
        currency="EUR",
        ship_to=f"{customer}-01",
        header_code="AD",
        lines=(line,),
        total=(Decimal(quantity) * Decimal(price)).quantize(Decimal("0.01")),
    )


def entry(number: str, content: Booking, *, by: BookedBy = "system", endpoint: str = "/orders") -> BookEntry:
    """Returns an entry of the books."""
    order = BookedOrder(
        **{field.name: getattr(content, field.name) for field in fields(Booking)},
        order_number=number,
        status="open",
        booked_by=by,
        booked_at=AT,
    )
    return BookEntry(int(number.rpartition("-")[2]), endpoint, None, None, order)


def cancelled(one: BookEntry) -> BookEntry:
    """Returns the entry as it is after a cancellation."""
    return replace(one, cancelled_at=AT, order=replace(one.order, status="cancelled"))


def decision(number: str | None, content: Booking, *, case: str = "C-1") -> Decision:
    """Returns a decision of our record."""
    return Decision(case=case, booking=content, tool="book_order", order_number=number)


def truth(name: str, *orders: OrderTruth, is_order: bool = True, queue: str | None = None) -> ArrivalTruth:
    """Returns the truth of a document."""
    return ArrivalTruth(name, "email", (), is_order, orders, queue)


def right(content: Booking | None, *, po_number: str = "PO-1", owner: str | None = None) -> OrderTruth:
    """Returns what is right for an order: this booking, or an owner."""
    cause = None if owner is None else "price"
    return OrderTruth("K-1", po_number, owner is None, owner, cause, content)


def case(
    number: str | None = None,
    *,
    po_number: str = "PO-1",
    work: Work | None = None,
    relation: str = "opened",
    kind: str | None = None,
    level: str = "autonomous",
) -> CaseRecord:
    """Returns a case: booked under a number, or with a person, or (neither) finished without anything."""
    return CaseRecord(
        id="C-1",
        relation=relation,
        level=level,
        po_number=po_number,
        finished=work is None,
        output={} if kind is None else {"kind": kind},
        order_number=number,
        work=work,
        decided_at=AT + timedelta(seconds=2),
    )


def record(name: str, *cases: CaseRecord, work: tuple[Work, ...] = (), state: str = "read") -> ArrivalRecord:
    """Returns what our record says of a document."""
    return ArrivalRecord("A-1", name, state, AT, AT + timedelta(seconds=1), cases, work)
