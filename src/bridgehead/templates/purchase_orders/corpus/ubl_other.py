"""Writes UBL documents that are no orders: advices of despatch and receipt, requests for quotation, responses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from bridgehead.templates.purchase_orders.corpus.letterbox import Envelope
from bridgehead.templates.purchase_orders.corpus.model import WrittenLine
from bridgehead.templates.purchase_orders.corpus.ubl_pen import Pen
from bridgehead.templates.purchase_orders.corpus.xml_tree import Element, element

_KINDS: Final = {
    "delivery_note": ("DespatchAdvice",),
    "complaint": ("ReceiptAdvice",),
    "question": ("RequestForQuotation", "OrderResponse", "OrderResponseSimple", "StockAvailabilityReport"),
}
_TRANSACTIONS: Final = {"DespatchAdvice": "despatch_advice", "OrderResponse": "order_response"}
_REASONS: Final = {"en": "damaged", "de": "beschädigt", "fr": "abîmé", "es": "dañado", "it": "danneggiato",
                   "nl": "beschadigd", "pl": "uszkodzone", "sv": "skadat"}  # fmt: skip


def write_other(sending: Envelope, kind: str, lines: Sequence[WrittenLine], reference: str) -> bytes:
    """Returns a document that is no order: ``delivery_note``, ``complaint`` or ``question``."""
    pen = Pen(sending)
    name = sending.dice.one(_KINDS[kind])
    opening = pen.opening(_TRANSACTIONS.get(name, "other"), f"{name[0]}{26000 + sending.serial}", sending.at.date())
    referred = element("cac:OrderReference", element("cbc:ID", reference))
    numbered = [replace(line, number=index + 1) for index, line in enumerate(lines)]
    parties = (_seen(pen.buyer(), name), _seen(pen.seller(), name))
    if name == "OrderResponseSimple":
        accepted = element("cbc:AcceptedIndicator", "true")
        return pen.document(name, opening, accepted, referred, parties[1], parties[0])
    if name == "OrderResponse":
        code = element("cbc:OrderResponseCode", "AB")
        return pen.document(name, opening, code, referred, parties[1], parties[0])
    body = [_line(pen, name, line, reference) for line in numbered]
    if name in {"DespatchAdvice", "ReceiptAdvice"}:
        return pen.document(name, opening, referred, parties[0], parties[1], body)
    return pen.document(name, opening, parties[0], parties[1], body)


def _seen(party: Element, name: str) -> Element:
    """Returns a party in the role that it has in this kind of document."""
    inner = [part for part in party.content if isinstance(part, Element) and part.name == "cac:Party"]
    roles = {
        "DespatchAdvice": {"cac:BuyerCustomerParty": "cac:DespatchSupplierParty",
                           "cac:SellerSupplierParty": "cac:DeliveryCustomerParty"},
        "ReceiptAdvice": {"cac:BuyerCustomerParty": "cac:DeliveryCustomerParty",
                          "cac:SellerSupplierParty": "cac:DespatchSupplierParty"},
        "RequestForQuotation": {"cac:BuyerCustomerParty": "cac:OriginatorCustomerParty"},
        "StockAvailabilityReport": {"cac:BuyerCustomerParty": "cac:RetailerCustomerParty"},
    }  # fmt: skip
    role = roles.get(name, {}).get(party.name)
    return element(role, inner) if role else party


def _line(pen: Pen, name: str, line: WrittenLine, reference: str) -> Element:
    number, item = element("cbc:ID", str(line.number)), pen.items(line)
    if name == "DespatchAdvice":
        order = element("cac:OrderLineReference", element("cbc:LineID", "1"),
                        element("cac:OrderReference", element("cbc:ID", reference)))  # fmt: skip
        sent = pen.quantity("cbc:DeliveredQuantity", line.quantity, line.unit)
        return element("cac:DespatchLine", number, sent, order, item)
    if name == "ReceiptAdvice":
        refused = pen.quantity("cbc:RejectedQuantity", line.quantity, line.unit)
        reason = element("cbc:RejectReason", _REASONS[pen.sending.habit.language])
        return element("cac:ReceiptLine", number, refused, reason, item)
    if name == "StockAvailabilityReport":
        stock = pen.quantity("cbc:Quantity", line.quantity, line.unit)
        return element("cac:StockAvailabilityReportLine", number, stock, item)
    asked = element("cac:LineItem", number, pen.quantity("cbc:Quantity", line.quantity, line.unit), item)
    return element("cac:RequestForQuotationLine", number, asked)
