"""A plain order that passes every rule, and the ERP's facts about it; tests change one thing at a time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

from bridgehead.documents.order import Line, Order, Party
from bridgehead.templates.purchase_orders.checks.decide import decide
from bridgehead.templates.purchase_orders.checks.verdict import Facts, Rules, Verdict
from bridgehead.templates.purchase_orders.erp.wire import (
    Address,
    BookedOrder,
    Booking,
    Credit,
    Customer,
    Item,
    OrderStatus,
    Quote,
    ResolvedLine,
)

AS_OF = date(2026, 11, 2)  # a Monday
BOOKED_AT = datetime(2026, 11, 1, 8, tzinfo=UTC)
TOLERANCE = Decimal("0.02")

HARBOUR = Address("S1", "Werk Hafen", "Hafenstraße 5", "Köln", "50667", "DE", gln="4000001000012")
STATION = Address("S2", "Werk Süd", "Am Bahnhof 12", "Düren", "52349", "DE")
CUSTOMER = Customer(
    number="C100",
    name="Rheinwerk Müller GmbH",
    currency="EUR",
    credit=Credit(limit=Decimal(50000), open=Decimal(1000), overdue_days=0, blocked=False),
    ship_tos=(HARBOUR, STATION),
    payment_terms="N30",
    incoterms="DAP",
    matched_by=("email",),
)
PARTY = Party(name="Werk Hafen", street="Hafenstr. 5", city="Koeln", postal_code="50667", country="DE")


def item(number: str = "A-1", /, **changes: object) -> Item:
    plain = Item(
        number=number,
        description="Bracket",
        base_unit="C62",
        min_qty=Decimal(10),
        multiple=Decimal(5),
        stock=Decimal(500),
        lead_time_days=14,
        units={"BX": Decimal(12), "CT": Decimal(144)},
        list_price={"EUR": Decimal("3.2000")},
    )
    return replace(plain, **changes)  # type: ignore[arg-type]  # the test names the field


def line(number: int = 1, **changes: object) -> Line:
    plain = Line(number=number, quantity=Decimal(100), unit="EA", supplier_part="A-1", price=Decimal("3.1000"))
    return replace(plain, **changes)  # type: ignore[arg-type]  # the test names the field


def order(*lines: Line, **changes: object) -> Order:
    plain = Order(
        format="csv",
        purpose="original",
        po_number="PO-1",
        buyer=Party(name="Rheinwerk Müller GmbH"),
        lines=lines or (line(),),
        order_date=date(2026, 10, 30),
        requested_date=date(2026, 11, 20),
        currency="EUR",
        ship_to=PARTY,
    )
    return replace(plain, **changes)  # type: ignore[arg-type]  # the test names the field


def facts(
    asked: Order,
    *,
    items: Mapping[str, Item] | None = None,
    prices: Mapping[str, Decimal] | None = None,
    **changes: object,
) -> Facts:
    """Returns what an ERP with these items (by our number) says about the order; all cost 3.10 unless said."""
    known = {"A-1": item()} if items is None else items
    resolved = tuple(
        ResolvedLine(known[name], "number")
        if (name := ordered.supplier_part or "") in known
        else ResolvedLine(None, None)
        for ordered in asked.lines
    )
    price = {number: Decimal("3.1000") for number in known} if prices is None else prices
    plain = Facts(
        customer=CUSTOMER,
        as_of=AS_OF,
        resolved=resolved,
        quotes={number: Quote(number, price.get(number), "contract") for number in known},
        tolerance=TOLERANCE,
    )
    return replace(plain, **changes)  # type: ignore[arg-type]  # the test names the field


def verdict(asked: Order, known: Facts | None = None, rules: Rules | None = None) -> Verdict:
    return decide(asked, facts(asked) if known is None else known, rules)


def booked(booking: Booking, *, status: OrderStatus = "open", number: str = "SO-1") -> BookedOrder:
    """Returns the booking as the ERP holds it."""
    values = {name: getattr(booking, name) for name in Booking.__slots__}
    return BookedOrder(**values, order_number=number, status=status, booked_by="system", booked_at=BOOKED_AT)
