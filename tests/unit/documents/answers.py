"""An order, a decision about it, and ways to send it: small examples written for these tests."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

from hypothesis import strategies as st

from bridgehead.documents.acknowledgement import AcknowledgedLine, Acknowledgement, header_code
from bridgehead.documents.order import Identifier, Line, Order, Party
from bridgehead.documents.writers.acknowledge import Envelope
from bridgehead.documents.writers.cxml_confirmation import CxmlEnvelope
from bridgehead.documents.writers.edifact_envelope import EdifactEnvelope, EdifactParty
from bridgehead.documents.writers.mail_confirmation import MailEnvelope
from bridgehead.documents.writers.ubl_response import UblEnvelope
from bridgehead.documents.writers.x12_envelope import X12Envelope, X12Party

ISSUED = datetime(2026, 11, 3, 9, 5, tzinfo=UTC)
SELLER = Party(name="Wörks GmbH", gln="4012345000009")
BUYER = Party(name="Kern & Söhne GmbH", number="K-7", gln="4098765000008")
ORDER = Order(
    format="x12",
    purpose="original",
    po_number="PO-4711",
    buyer=BUYER,
    lines=(
        Line(10, Decimal(20), "EA", supplier_part="AB-1001", description='Valve <2">', unit_code="C62"),
        Line(20, Decimal(5), "BX", customer_part="K-55", gtin="4006381333931", price=Decimal("12.5"), unit_code="BX"),
        Line(30, Decimal("7.5"), "KG", supplier_part="AB-3", price=Decimal(320), price_basis=Decimal(100),
             unit_code="KGM"),
        Line(40, Decimal(1000), "EA", supplier_part="AB-4", unit_code="C62"),
        Line(50, Decimal(3), "EA", supplier_part="AB-5", unit_code="C62"),
        Line(60, Decimal(2), "EA", supplier_part="AB-6", unit_code="C62"),
        Line(70, Decimal(9), "EA", supplier_part="AB-7", unit_code="C62"),
    ),
    order_date=date(2026, 10, 30),
    currency="EUR",
    ship_to=Party(name="Kern Lager", number="K-7-2"),
)  # fmt: skip
LINES = (
    AcknowledgedLine("IA", Decimal(20), price=Decimal("3.2"), day=date(2026, 11, 20), item="AB-1001"),
    AcknowledgedLine("IP", Decimal(5), price=Decimal("13.75"), day=date(2026, 11, 20), item="AB-2", reason="List 2027"),
    AcknowledgedLine("IQ", Decimal(7), price=Decimal(330), price_basis=Decimal(100), day=date(2026, 11, 21)),
    AcknowledgedLine("IQ", Decimal(600), price=Decimal("0.015"), day=date(2026, 12, 1), back_ordered=Decimal(400)),
    AcknowledgedLine("DR", Decimal(3), price=Decimal(99), day=date(2027, 1, 11)),
    AcknowledgedLine("IR", reason="No longer made: see AB-60"),
    AcknowledgedLine("IH", reason="Being looked at"),
)
DECIDED = LINES[:6]
X12 = X12Envelope(X12Party("ZZ", "WORKS"), X12Party("14", "4098765000008", "KERN"), 17)
EDIFACT = EdifactEnvelope(EdifactParty("4012345000009", "14"), EdifactParty("4098765000008", "14"), "R17")
UBL = UblEnvelope()
CXML = CxmlEnvelope(
    Identifier("DUNS", "100"), Identifier("NetworkId", "AN1"), Identifier("NetworkId", "AN2"), "p-17@works", "p-1@kern"
)
MAIL = MailEnvelope("orders@works.example", "einkauf@kern.example", "<c17@works.example>", "de")
ENVELOPES: tuple[Envelope, ...] = (X12, EDIFACT, UBL, CXML, MAIL)

anything = st.text(max_size=80) | st.text("*~>^+:?'\"<&]\r\n\t A", max_size=20)
"""Any text at all: separators, line breaks, marks of direction, unpaired surrogates, every script."""
tame = st.text("AZ09-", min_size=1, max_size=12)
"""Identifiers that every format can carry."""


def answer(lines: tuple[AcknowledgedLine, ...] = LINES, order: Order = ORDER, **changes: object) -> Acknowledgement:
    """Returns the decision about the first lines of an order."""
    code = header_code(lines)
    booked = code in {"AD", "AC"}
    ack = Acknowledgement(
        order=replace(order, lines=order.lines[: len(lines)]),
        code=code,
        lines=lines,
        seller=SELLER,
        number="ACK-17",
        issued=ISSUED,
        order_number="SO-9001" if booked else "",
        total=Decimal("458.7") if booked else None,
    )
    return replace(ack, **changes)  # type: ignore[arg-type]  # the names are the test's own


@st.composite
def wild_answers(draw: st.DrawFn, identifiers: st.SearchStrategy[str]) -> Acknowledgement:
    """A decision with any text in every name and note, and ``identifiers`` for every number."""
    ordered = replace(
        ORDER.lines[0],
        customer_part=draw(identifiers),
        supplier_part=draw(identifiers),
        gtin=draw(identifiers),
        description=draw(anything),
    )
    party = Party(
        name=draw(anything),
        number=draw(identifiers),
        gln=draw(identifiers),
        duns=draw(identifiers),
        vat=draw(identifiers),
    )
    order = replace(
        ORDER,
        format=draw(st.sampled_from(("x12", "edifact", "ubl", "cxml", "email"))),
        po_number=draw(identifiers),
        release=draw(identifiers),
        buyer=party,
        ship_to=party,
        lines=(ordered,),
    )
    decided = replace(LINES[0], item=draw(identifiers), reason=draw(anything))
    return Acknowledgement(
        order=order,
        code="AD",
        lines=(decided,),
        seller=Party(name=draw(anything), gln=draw(identifiers)),
        number="A" + draw(identifiers),
        issued=ISSUED,
        order_number=draw(identifiers),
        reason=draw(anything),
    )
