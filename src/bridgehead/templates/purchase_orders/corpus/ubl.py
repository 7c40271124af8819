"""Writes UBL orders, changes and cancellations in seven senders' styles, three of them Peppol's.

OASIS UBL 2.1 (and 2.0) Order, OrderChange and OrderCancellation; Peppol BIS Ordering 3 and its forerunner of CEN BII.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from bridgehead.templates.purchase_orders.corpus.letterbox import Change, Envelope
from bridgehead.templates.purchase_orders.corpus.mailed_files import one_or_mailed
from bridgehead.templates.purchase_orders.corpus.model import WrittenOrder
from bridgehead.templates.purchase_orders.corpus.ubl_pen import Pen
from bridgehead.templates.purchase_orders.corpus.xml_tree import Comment, Element, element, maybe

_TERMS: Final = {"en": "Net {n} days", "de": "{n} Tage netto", "fr": "{n} jours net", "es": "{n} días neto",
                 "it": "{n} giorni netto", "nl": "{n} dagen netto", "pl": "{n} dni netto",
                 "sv": "{n} dagar netto"}  # fmt: skip
_CANCELLED: Final = {"en": "Cancelled", "de": "Storniert", "fr": "Annulé", "es": "Anulado", "it": "Annullato",
                     "nl": "Geannuleerd", "pl": "Anulowano", "sv": "Makulerad"}  # fmt: skip


def write_orders(sending: Envelope, orders: Sequence[WrittenOrder], *, resent: bool = False) -> bytes:
    """Returns the order as a UBL document; several of them as files of one mail."""
    return one_or_mailed(sending, orders, write_order, resent=resent)


def write_order(sending: Envelope, order: WrittenOrder) -> bytes:
    """Returns one order as a UBL document."""
    pen = Pen(sending)
    voice, dice = pen.voice, sending.dice
    hiding = dice.one(("note", "comment", "attachment", "property")) if order.instruction else ""
    notes = [*order.notes, *([order.instruction] if order.instruction and hiding == "note" else [])]
    if pen.style.rules == "bis" and len(notes) > 1:
        notes = [" ".join(notes)]
    lines: list[Element | Comment] = [pen.line(line) for line in order.lines]
    if order.instruction and hiding == "comment":
        lines.insert(dice.between(0, len(lines) - 1), Comment(order.instruction))
    if order.instruction and hiding == "property":
        lines[0] = _with_property(lines[0], order.instruction)
    attached = _attached(order.instruction) if order.instruction and hiding == "attachment" else None
    reference = element("cbc:CustomerReference", f"KST {voice + 300}") if voice % 5 == 4 else None
    count = order.stated_line_count
    spoken = {"languageID": sending.habit.language if voice % 3 == 1 else ""}
    contract = element("cac:Contract", element("cbc:ID", f"RV-{voice + 4000}")) if voice % 6 == 5 else None
    return pen.document(
        "Order",
        pen.opening("order", order.po_number, order.order_date or sending.at.date()),
        maybe("cbc:IssueTime", sending.at.strftime("%H:%M:%S") if voice % 3 == 2 else None),
        maybe("cbc:OrderTypeCode", "220" if pen.style.rules == "bis" else None),
        [element("cbc:Note", note, attributes=spoken) for note in notes],
        maybe("cbc:DocumentCurrencyCode", order.currency), reference,
        maybe("cbc:LineCountNumeric", None if count is None else str(count)), attached, contract,
        pen.buyer(), pen.seller(), _billed(pen, order), _delivered(pen, order), _terms(pen, order),
        _charged(pen, order), _totals(pen, order), lines,
    )  # fmt: skip


def _with_property(line: Element | Comment, text: str) -> Element | Comment:
    """Returns an order line whose item has one more property, with this value."""
    if isinstance(line, Comment):
        return line
    inner = line.content[0]
    if not isinstance(inner, Element) or not isinstance(inner.content[-1], Element):
        return line
    item = inner.content[-1]
    more = element("cac:AdditionalItemProperty", element("cbc:Name", "Remark"), element("cbc:Value", text))
    grown = Element(item.name, (*item.content, more), item.attributes)
    return Element(line.name, (Element(inner.name, (*inner.content[:-1], grown), inner.attributes),))


def _attached(text: str) -> Element:
    """Returns a text file within the document."""
    data = base64.b64encode(text.encode()).decode("ascii")
    named = {"mimeCode": "text/plain", "filename": "info.txt"}
    return element(
        "cac:AdditionalDocumentReference",
        element("cbc:ID", "info"),
        element("cac:Attachment", element("cbc:EmbeddedDocumentBinaryObject", data, attributes=named)),
    )


def _billed(pen: Pen, order: WrittenOrder) -> Element | None:
    place = order.bill_to
    if place is None:
        return None
    named = element("cac:PartyName", element("cbc:Name", place.name)) if place.name else None
    identified = None
    if place.gln and (not place.name or pen.voice % 2):
        identified = element("cac:PartyIdentification", pen.gln("cbc:ID", place.gln))
    elif not place.name:
        identified = element("cac:PartyIdentification", element("cbc:ID", place.id))
    address = pen.address("cac:PostalAddress", place) if place.street else None
    return element("cac:AccountingCustomerParty", element("cac:Party", identified, named, address))


def _delivered(pen: Pen, order: WrittenOrder) -> Element | None:
    place, day = order.ship_to, order.requested_date
    if place is None and day is None:
        return None
    where = party = None
    if place is not None:
        number = None
        if place.gln and place.id and pen.voice % 2:
            number = pen.gln("cbc:ID", place.gln)
        elif place.id and (not place.street or pen.voice % 3):
            number = element("cbc:ID", place.id)
        address = pen.address("cac:Address", place) if place.street else None
        inside = place.name if pen.style.version != "2.0" and pen.voice % 4 == 0 else None
        where = element("cac:DeliveryLocation", number, maybe("cbc:Name", inside), address)
        if place.name and inside is None:
            party = element("cac:DeliveryParty", element("cac:PartyName", element("cbc:Name", place.name)))
    late = period = None
    if day is not None and pen.style.version == "2.0":
        late = element("cbc:LatestDeliveryDate", day.isoformat())
    elif day is not None:
        period = pen.period(day)
    return element("cac:Delivery", late, where, period, party)


def _terms(pen: Pen, order: WrittenOrder) -> list[Element]:
    found = []
    if order.incoterms:
        town = order.ship_to.city if order.ship_to else ""
        special = element("cbc:SpecialTerms", f"{order.incoterms} {town}".strip()) if pen.voice % 2 else None
        found.append(element("cac:DeliveryTerms", element("cbc:ID", order.incoterms), special))
    if order.payment_terms:
        days = order.payment_terms.removeprefix("N")
        note = element("cbc:Note", _TERMS[pen.sending.habit.language].format(n=days))
        period = element("cbc:DurationMeasure", days, attributes={"unitCode": "DAY"})
        settled = element("cac:SettlementPeriod", period) if pen.style.rules == "ubl" and pen.voice % 2 else None
        found.append(element("cac:PaymentTerms", note, settled))
    return found


def _charged(pen: Pen, order: WrittenOrder) -> Element | None:
    """Returns a charge of nothing, as programs write that freight is included."""
    if pen.voice % 8 != 5 or order.currency is None:
        return None
    return element(
        "cac:AllowanceCharge",
        element("cbc:ChargeIndicator", "true"), element("cbc:AllowanceChargeReason", "Freight"),
        pen.money("cbc:Amount", Decimal(0)),
    )  # fmt: skip


def _totals(pen: Pen, order: WrittenOrder) -> Element | None:
    total = order.stated_total
    if total is None:
        return None
    gross = total
    more: list[Element] = []
    if pen.voice % 3 == 1 and pen.style.rules == "bis":
        gross = (total * Decimal("1.19")).quantize(Decimal("0.01"), "ROUND_HALF_UP")
        more = [pen.money("cbc:TaxExclusiveAmount", total), pen.money("cbc:TaxInclusiveAmount", gross)]
    return element(
        "cac:AnticipatedMonetaryTotal",
        pen.money("cbc:LineExtensionAmount", total), more, pen.money("cbc:PayableAmount", gross),
    )  # fmt: skip


_STATUS: Final = {"quantity": "3", "date": "3", "drop": "2"}
"""Codes of UNCL 1229: 2 deleted, 3 changed."""


def write_change(sending: Envelope, change: Change) -> bytes:
    """Returns an OrderChange with the changed lines, or an OrderCancellation."""
    pen = Pen(sending)
    order, today = change.order, sending.at.date()
    referred = element(
        "cac:OrderReference",
        element("cbc:ID", order.po_number),
        maybe("cbc:IssueDate", order.order_date.isoformat() if order.order_date else None),
    )
    number = f"{order.po_number}-{'X' if change.kind == 'cancel' else '1'}"
    if change.kind == "cancel":
        note = element("cbc:CancellationNote", _CANCELLED[sending.habit.language])
        opening = pen.opening("order_cancellation", number, today)
        return pen.document("OrderCancellation", opening, note, referred, pen.buyer(), pen.seller())
    return pen.document(
        "OrderChange",
        pen.opening("order_change", number, today),
        element("cbc:SequenceNumberID", "1"),
        maybe("cbc:DocumentCurrencyCode", order.currency),
        referred, pen.buyer(), pen.seller(), _totals(pen, order),
        [pen.line(line, status=_STATUS[change.kind]) for line in order.lines],
    )  # fmt: skip
