"""Writes a UBL 2.1 OrderResponse, by default as Peppol BIS Ordering 3 asks for it (transaction T76).

OrderResponseCode is of UNCL4343 (AP accepted, CA accepted with change, RE rejected, AB received and not processed),
LineStatusCode of UNCL1229 (5 accepted, 3 changed, 7 not accepted). In Peppol only CA has lines: AP says when
the whole is promised, RE has the reasons of its lines in its note. Peppol has no code for a line on hold, and takes
lines that are missing as accepted: an order with lines on hold beside decided ones is refused there; plain UBL says 4.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

from lxml import etree

from bridgehead.documents.acknowledgement import (
    Acknowledgement,
    HeaderCode,
    LineCode,
    Unwritable,
    plain,
)
from bridgehead.documents.order import Identifier, Party
from bridgehead.documents.writers.item import AnsweredLine, answered_lines
from bridgehead.documents.writers.markup import child, document, parsed, xml_exact, xml_text

_UBL: Final = "urn:oasis:names:specification:ubl:schema:xsd:"
_CAC: Final = f"{{{_UBL}CommonAggregateComponents-2}}"
_CBC: Final = f"{{{_UBL}CommonBasicComponents-2}}"
_NAMESPACES: Final[dict[str | None, str]] = {
    None: f"{_UBL}OrderResponse-2",
    "cac": _CAC[1:-1],
    "cbc": _CBC[1:-1],
}
_PEPPOL: Final = "urn:fdc:peppol.eu:"
_CUSTOMIZATION: Final = f"{_PEPPOL}poacc:trns:order_response:3"
_PROFILE: Final = f"{_PEPPOL}poacc:bis:ordering:3"
_HEADERS: Final[dict[HeaderCode, str]] = {"AD": "AP", "AC": "CA", "RJ": "RE", "AH": "AB"}
_LINES: Final[dict[LineCode, str]] = {
    "IA": "5", "IP": "3", "IQ": "3", "DR": "3", "IC": "3", "IB": "3", "IR": "7", "IH": "4",
}  # fmt: skip
_SELLER, _BUYER = "SellerSupplierParty", "BuyerCustomerParty"
_GLN, _GTIN = "0088", "0160"


@dataclass(frozen=True, slots=True)
class UblEnvelope:
    """How a response is addressed: electronic addresses under their schemes (Peppol EAS, ``0088`` is a GLN).

    Without an address of its own a party is addressed by its GLN. ``customer_reference`` is the buyer's, repeated.
    """

    seller_endpoint: Identifier | None = None
    buyer_endpoint: Identifier | None = None
    peppol: bool = True
    customer_reference: str = ""


def answering_ubl(received: bytes) -> UblEnvelope:
    """Returns the envelope of an answer to a UBL order: the addresses that it gives, and Peppol where it says so.

    Raises Unwritable when ``received`` holds no UBL order; it may stand in an SBDH.
    """
    found = next(parsed(received).iter(*(f"{{{_UBL}{kind}-2}}{kind}" for kind in ("Order", "OrderChange"))), None)
    if found is None:
        raise Unwritable("The document holds no UBL order.", where="received")
    ends = (found.find(f"{_CAC}{role}/{_CAC}Party/{_CBC}EndpointID") for role in (_SELLER, _BUYER))
    seller, buyer = (
        Identifier(end.get("schemeID", ""), (end.text or "").strip())
        if end is not None and end.get("schemeID")
        else None
        for end in ends
    )
    return UblEnvelope(
        seller,
        buyer,
        peppol=_PEPPOL in (found.findtext(f"{_CBC}CustomizationID") or ""),
        customer_reference=found.findtext(f"{_CBC}CustomerReference") or "",
    )


def write_order_response(ack: Acknowledgement, envelope: UblEnvelope) -> bytes:
    """Returns the document. Raises Unwritable when Peppol asks for something that is not known."""
    if envelope.peppol and ack.code == "AC" and any(line.code == "IH" for line in ack.lines):
        raise Unwritable(
            "Peppol has no code for a line on hold beside lines that are decided.",
            where="lines",
            hint="Confirm when every line is decided, or write plain UBL (peppol=False).",
        )
    if not ack.money:
        raise Unwritable("UBL asks for a currency, and neither order nor decision names one.", where="currency")
    root = etree.Element(
        f"{{{_UBL}OrderResponse-2}}OrderResponse",
        nsmap=_NAMESPACES,  # type: ignore[arg-type]  # None is the default namespace; the stubs forgot it
    )
    _header(root, ack, envelope)
    if ack.code == "AC" or not envelope.peppol:
        numbers = [one.ordered.number for one in answered_lines(ack)]
        if len(set(numbers)) != len(numbers):
            raise Unwritable("Two lines of the order have one number.", where="order.lines")
        for one in answered_lines(ack):
            _line(root, ack, one)
    return document(root)


def _header(root: etree._Element, ack: Acknowledgement, envelope: UblEnvelope) -> None:
    order = ack.order
    if envelope.peppol:
        child(root, f"{_CBC}CustomizationID", _CUSTOMIZATION)
        child(root, f"{_CBC}ProfileID", _PROFILE)
    child(root, f"{_CBC}ID", xml_exact(ack.number, where="number"))
    if ack.order_number:
        child(root, f"{_CBC}SalesOrderID", xml_exact(ack.order_number, where="order_number"))
    child(root, f"{_CBC}IssueDate", ack.issued.date().isoformat())
    child(root, f"{_CBC}IssueTime", ack.issued.time().replace(microsecond=0).isoformat())
    child(root, f"{_CBC}OrderResponseCode", _HEADERS[ack.code])
    reasons = [ack.reason]
    if ack.code == "RJ" and envelope.peppol:
        reasons += [f"{one.ordered.number}: {one.line.reason}" for one in answered_lines(ack) if one.line.reason]
    if reason := xml_text(" ".join(reasons)):
        child(root, f"{_CBC}Note", reason)
    child(root, f"{_CBC}DocumentCurrencyCode", xml_exact(ack.money, where="currency", longest=3))
    if reference := xml_text(envelope.customer_reference):
        child(root, f"{_CBC}CustomerReference", reference)
    referred = child(root, f"{_CAC}OrderReference")
    child(referred, f"{_CBC}ID", xml_exact(order.po_number, where="order.po_number"))
    if not envelope.peppol and order.order_date is not None:
        child(referred, f"{_CBC}IssueDate", order.order_date.isoformat())
    _party(child(root, f"{_CAC}{_SELLER}"), ack.seller, envelope.seller_endpoint, envelope, "seller")
    _party(child(root, f"{_CAC}{_BUYER}"), order.buyer, envelope.buyer_endpoint, envelope, "buyer")
    days = [line.day for line in ack.lines if line.day is not None]
    if days and ack.code == "AD" and envelope.peppol:
        _promised(root, min(days), max(days))


def _party(
    parent: etree._Element, party: Party, endpoint: Identifier | None, envelope: UblEnvelope, where: str
) -> None:
    held = child(parent, f"{_CAC}Party")
    address = endpoint or (Identifier(_GLN, party.gln) if party.gln else None)
    if address is not None:
        value = xml_exact(address.value, where=f"{where} endpoint")
        child(held, f"{_CBC}EndpointID", value, schemeID=xml_exact(address.scheme, where=f"{where} endpoint"))
    elif envelope.peppol:
        raise Unwritable(
            f"Peppol asks for the electronic address of the {where}.",
            where=f"envelope.{where}_endpoint",
            hint=f"Give {where}_endpoint, for example Identifier('0088', GLN).",
        )
    name = xml_text(party.name or "")
    numbers = ((_GLN, party.gln), ("", party.number), *((one.scheme, one.value) for one in party.identifiers))
    scheme, number = next(((code, value) for code, value in (*numbers, ("", party.vat)) if value), ("", ""))
    if not name and not number:
        raise Unwritable(f"The {where} has neither name nor number.", where=where)
    if number:
        identified = child(held, f"{_CAC}PartyIdentification")
        child(identified, f"{_CBC}ID", xml_exact(number, where=f"{where} number"), schemeID=scheme)
    if name:
        child(child(held, f"{_CAC}PartyLegalEntity"), f"{_CBC}RegistrationName", name)


def _line(root: etree._Element, ack: Acknowledgement, one: AnsweredLine) -> None:
    line, ordered, where = one.line, one.ordered, one.where
    outer = child(root, f"{_CAC}OrderLine")
    item = child(outer, f"{_CAC}LineItem")
    child(item, f"{_CBC}ID", str(ordered.number))
    if reason := xml_text(line.reason):
        child(item, f"{_CBC}Note", reason)
    child(item, f"{_CBC}LineStatusCode", _LINES[line.code])
    unit = xml_text(one.unit("ubl", ordered=False))
    if line.quantity is not None:
        child(item, f"{_CBC}Quantity", plain(line.quantity, f"{where}.quantity"), unitCode=unit)
    if line.back_ordered:
        child(item, f"{_CBC}MaximumBackorderQuantity", plain(line.back_ordered, f"{where}.back_ordered"))
    if line.day is not None:
        _promised(item, line.day, line.day)
    if line.price is not None:
        price = child(item, f"{_CAC}Price")
        child(price, f"{_CBC}PriceAmount", plain(line.price, f"{where}.price"), currencyID=ack.money)
        basis = plain(line.price_basis, f"{where}.price_basis")
        child(price, f"{_CBC}BaseQuantity", basis, unitCode=unit)
    _item(item, one)
    child(child(outer, f"{_CAC}OrderLineReference"), f"{_CBC}LineID", str(ordered.number))


def _promised(parent: etree._Element, first: date, last: date) -> None:
    period = child(child(parent, f"{_CAC}Delivery"), f"{_CAC}PromisedDeliveryPeriod")
    child(period, f"{_CBC}StartDate", first.isoformat())
    child(period, f"{_CBC}EndDate", last.isoformat())


def _item(parent: etree._Element, one: AnsweredLine) -> None:
    ordered = one.ordered
    item = child(parent, f"{_CAC}Item")
    child(item, f"{_CBC}Name", xml_text(one.name) or f"Line {ordered.number}")
    for tag, value, scheme in (
        ("BuyersItemIdentification", ordered.customer_part, ""),
        ("SellersItemIdentification", one.our_part, ""),
        ("StandardItemIdentification", ordered.gtin, _GTIN),
    ):
        if value:
            identified = child(item, f"{_CAC}{tag}")
            child(identified, f"{_CBC}ID", xml_exact(value, where=f"{one.where}.item"), schemeID=scheme)
