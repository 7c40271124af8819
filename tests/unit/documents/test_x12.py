from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from bridgehead.documents.outcome import NotAnOrder
from bridgehead.documents.reading import read
from tests.unit.documents.samples import BODY, GS, ISA, interchange, only, orders, refused, transaction


def test_an_order_is_read_whole() -> None:
    """Every element of a plain 850 that an order has a field for is in that field."""
    order = only(interchange())
    assert (order.po_number, order.order_date, order.requested_date) == (
        "PO-4711",
        date(2026, 10, 30),
        date(2026, 11, 20),
    )
    assert (order.currency, order.stated_line_count, order.stated_quantity_total) == ("EUR", 2, Decimal(25))
    assert order.ship_to is not None
    assert (order.ship_to.street, order.ship_to.city, order.ship_to.postal_code) == ("Ringweg 5", "Stuttgart", "70173")
    first, second = order.lines
    assert (first.number, first.quantity, first.unit, first.price) == (10, Decimal(20), "EA", Decimal("3.2"))
    assert (first.supplier_part, first.description) == ("AB-1001", "Valve")
    assert (second.customer_part, second.supplier_part, second.unit) == ("K-55", "AB-2002", "BX")
    assert (order.notes, order.warnings) == (("Please confirm.",), ())


def test_separators_are_those_of_the_interchange() -> None:
    """Separators are taken from ISA, and lines wrapped at the terminator change nothing."""
    plain = only(interchange())
    other = interchange().replace(b"*", b"|").replace(b"~", b"'\n")
    assert only(other).lines == plain.lines


def test_several_transactions_are_several_orders() -> None:
    """An interchange of three transactions gives three orders, each with its own lines."""
    bodies = [(f"BEG*00*SA*PO-{n}**20261030~", *BODY[1:]) for n in range(3)]
    found = orders(interchange(*(transaction(body, f"000{n}") for n, body in enumerate(bodies))))
    assert [order.po_number for order in found] == ["PO-0", "PO-1", "PO-2"]
    assert {len(order.lines) for order in found} == {2}


@pytest.mark.parametrize(
    "document, code, where",
    [
        (ISA[:80].encode(), "x12.isa", "ISA"),
        (ISA.encode(), "x12.cut_off", "ISA"),
        ((ISA + GS + transaction()).encode(), "x12.cut_off", "SE"),
        (interchange(transaction(count=9)), "x12.count", "SE"),
        (interchange(sets=2), "x12.count", "GE"),
        (interchange(control="000009999"), "x12.control_number", "IEA"),
        (interchange(transaction()[:-12] + transaction(number="0002")), "x12.", "SE"),
        (interchange() + b"left over", "x12.trailing", "segment"),
        (interchange(transaction((BODY[0], "PO1*1*x*EA*3*PE*VN*AB~"))), "x12.", "PO1"),
    ],
)
def test_a_broken_envelope_is_refused_by_segment(document: bytes, code: str, where: str) -> None:
    """A count, control number, nesting or element that is wrong is refused, naming the segment."""
    refusal = refused(document)
    assert refusal.code.startswith(code)
    assert where in refusal.where


def test_a_day_that_is_none_is_told() -> None:
    """A date that the calendar does not have is a doubt that names its segment, and no other day."""
    order = only(interchange(transaction(("BEG*00*SA*PO-1**20261399~", *BODY[1:]))))
    assert order.order_date is None
    assert [warning for warning in order.warnings if warning.startswith("date:") and "BEG" in warning]


@pytest.mark.parametrize(
    "purpose, expected", [("00", "original"), ("01", "cancel"), ("04", "change"), ("05", "change")]
)
def test_the_purpose_is_read(purpose: str, expected: str) -> None:
    """BEG01 says whether a document orders, changes or cancels."""
    body = (BODY[0].replace("*00*", f"*{purpose}*"), *BODY[1:])
    assert only(interchange(transaction(body))).purpose == expected


def test_an_acknowledgement_is_no_order() -> None:
    """An 855 is told apart from an order."""
    outcome = read(interchange(transaction().replace("ST*850", "ST*855")).replace(b"GS*PO", b"GS*PR"), "a")
    assert isinstance(outcome, NotAnOrder)
    assert outcome.kind == "order_response"
