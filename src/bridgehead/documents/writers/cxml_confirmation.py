"""Writes a cXML ConfirmationRequest (cXML 1.2, Fulfill.dtd and the rules in its comments).

ConfirmationHeader is ``accept``, ``detail`` (every line of the order is told) or ``reject``, which has no lines. The
parts of a line add up to what was ordered: what is confirmed, ``accept`` as ordered or ``detail`` with another price or
day; ``backordered``; ``reject`` for what is not delivered; ``unknown`` for a line on hold. What is as it was ordered is
not repeated. So cXML cannot confirm more than was ordered, nor in another unit. Its dates have a time and a zone: a
confirmed day is its noon in UTC, so that it is the same day for nearly everybody. A price for several units is divided,
because UnitPrice is of one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Final, Literal

from lxml import etree

from bridgehead.documents.acknowledgement import (
    Acknowledgement,
    HeaderCode,
    LineCode,
    Unwritable,
    plain,
    same_unit,
)
from bridgehead.documents.order import Identifier
from bridgehead.documents.writers.item import AnsweredLine, answered_lines, price_of_one
from bridgehead.documents.writers.markup import child, document, parsed, xml_exact, xml_text

_HEADERS: Final[dict[HeaderCode, str]] = {"AD": "accept", "AC": "detail", "RJ": "reject", "AH": "detail"}
_LANG: Final = "{http://www.w3.org/XML/1998/namespace}lang"
_EACH: Final = "EA"
_WHOLE: Final[dict[LineCode, str]] = {"IR": "reject", "IH": "unknown"}


@dataclass(frozen=True, slots=True)
class CxmlEnvelope:
    """The header of a request: who sends to whom under which domain, and which message it answers.

    ``payload_id`` is the new message's, ``order_payload_id`` that of the OrderRequest, which cXML asks for.
    ``sender`` signs with ``shared_secret``, where the network asks for one; it is in the document and nowhere else.
    """

    from_: Identifier
    to: Identifier
    sender: Identifier
    payload_id: str
    order_payload_id: str
    shared_secret: str = field(default="", repr=False)
    user_agent: str = "Bridgehead"
    version: str = "1.2.063"
    deployment: Literal["production", "test"] = "production"
    language: str = "en"


def answering_cxml(received: bytes, *, payload_id: str, shared_secret: str = "", language: str = "en") -> CxmlEnvelope:
    """Returns the envelope of an answer to an OrderRequest: its ends exchanged, its payload id repeated.

    Raises Unwritable when ``received`` is no cXML with a header.
    """
    root = parsed(received)
    ends = [root.find(f"Header/{end}/Credential") for end in ("From", "To")]
    if root.tag != "cXML" or any(end is None for end in ends) or not root.get("payloadID"):
        raise Unwritable("The document is no cXML with From, To and payloadID.", where="received")
    buyer, seller = (
        Identifier(end.get("domain", ""), (end.findtext("Identity") or "").strip()) for end in ends if end is not None
    )
    test = any(request.get("deploymentMode") == "test" for request in root.findall("Request"))
    return CxmlEnvelope(
        from_=seller,
        to=buyer,
        sender=seller,
        payload_id=payload_id,
        order_payload_id=root.get("payloadID", ""),
        shared_secret=shared_secret,
        deployment="test" if test else "production",
        language=language,
    )


def write_confirmation_request(ack: Acknowledgement, envelope: CxmlEnvelope) -> bytes:
    """Returns the document. Raises Unwritable when cXML asks for something that is not known."""
    issued = ack.issued.replace(microsecond=0).isoformat()
    root = etree.Element("cXML", {"payloadID": xml_exact(envelope.payload_id, where="envelope.payload_id")})
    root.set("timestamp", issued)
    root.set(_LANG, xml_exact(envelope.language, where="envelope.language", longest=20))
    _ends(child(root, "Header"), envelope)
    request = child(root, "Request", deploymentMode=envelope.deployment)
    confirmation = child(request, "ConfirmationRequest")
    _header(confirmation, ack, envelope, issued)
    order = ack.order
    dated = order.order_date.isoformat() if order.order_date is not None else ""
    reference = child(
        confirmation,
        "OrderReference",
        orderID=xml_exact(order.po_number, where="order.po_number"),
        orderDate=dated,
    )
    answered = xml_exact(envelope.order_payload_id, where="envelope.order_payload_id")
    child(reference, "DocumentReference", payloadID=answered)
    if ack.code != "RJ":
        numbers = [line.number for line in order.lines]
        if len(set(numbers)) != len(numbers):
            raise Unwritable("Two lines of the order have one number.", where="order.lines")
        for one in answered_lines(ack):
            _line(confirmation, ack, one)
    version = xml_exact(envelope.version, where="envelope.version", longest=20)
    if not version.replace(".", "").isdigit():
        raise Unwritable(f"{version!r} is no version of cXML.", where="envelope.version")
    return document(root, doctype=f'<!DOCTYPE cXML SYSTEM "http://xml.cxml.org/schemas/cXML/{version}/Fulfill.dtd">\n')


def _ends(header: etree._Element, envelope: CxmlEnvelope) -> None:
    for tag, end in (("From", envelope.from_), ("To", envelope.to), ("Sender", envelope.sender)):
        held = child(header, tag)
        where = f"envelope.{tag.lower()}"
        credential = child(held, "Credential", domain=xml_exact(end.scheme, where=where))
        child(credential, "Identity", xml_exact(end.value, where=where))
        if tag == "Sender":
            if envelope.shared_secret:
                child(credential, "SharedSecret", xml_exact(envelope.shared_secret, where="envelope.shared_secret"))
            child(held, "UserAgent", xml_text(envelope.user_agent) or "Bridgehead")


def _header(parent: etree._Element, ack: Acknowledgement, envelope: CxmlEnvelope, issued: str) -> None:
    header = child(
        parent,
        "ConfirmationHeader",
        confirmID=xml_exact(ack.number, where="number"),
        operation="new",
        type=_HEADERS[ack.code],
        noticeDate=issued,
    )
    if ack.total is not None:
        _money(child(header, "Total"), ack, plain(ack.total, "total"))
    reasons = [ack.reason]
    if ack.code == "RJ":
        reasons += [f"{one.ordered.number}: {one.line.reason}" for one in answered_lines(ack) if one.line.reason]
    if text := xml_text(" ".join(reasons)):
        child(header, "Comments", text).set(_LANG, envelope.language)
    if ack.order_number:
        number = xml_exact(ack.order_number, where="order_number")
        child(header, "IdReference", identifier=number, domain="supplierReference")


def _line(parent: etree._Element, ack: Acknowledgement, one: AnsweredLine) -> None:
    ordered, line, where = one.ordered, one.line, one.where
    quantity = plain(ordered.quantity, f"order.{where}.quantity")
    unit = xml_text(one.unit("cxml", ordered=True)) or _EACH
    item = child(parent, "ConfirmationItem", quantity=quantity, lineNumber=str(ordered.number))
    child(item, "UnitOfMeasure", unit)
    if line.code in _WHOLE:
        _status(item, one, _WHOLE[line.code], ordered.quantity, unit)
        return
    rest = ordered.quantity - (line.quantity or 0) - (line.back_ordered or 0)
    if rest < 0 or not same_unit(ordered, line):
        raise Unwritable(
            "cXML confirms at most what was ordered, in the unit of the order.",
            where=f"{where}.quantity",
            hint="Ask the buyer to change the order.",
        )
    if line.quantity:
        _confirmed(item, ack, one, line.quantity, unit)
    if line.back_ordered:
        _status(item, one, "backordered", line.back_ordered, unit)
    if rest:
        _status(item, one, "reject", rest, unit)


def _confirmed(item: etree._Element, ack: Acknowledgement, one: AnsweredLine, quantity: Decimal, unit: str) -> None:
    """Writes what is confirmed of a line, with the price and the day that are not those of the order."""
    ordered, line, where = one.ordered, one.line, one.where
    requested = ordered.requested_date or ack.order.requested_date
    day = _noon(line.day) if line.day is not None and line.day != requested else ""
    asked = ordered.price / ordered.price_basis if ordered.price is not None and ordered.price_basis else None
    price = line.price if line.code != "IA" and line.price is not None else None
    if price is not None and asked == price / line.price_basis:
        price = None
    changed = price is not None or line.code in {"IP", "DR", "IC"}
    if changed and price is None and not day:
        raise Unwritable("cXML wants to know which price or which day has changed.", where=f"{where}.code")
    each = "" if price is None else price_of_one(price, line.price_basis, f"{where}.price")
    _status(item, one, "detail" if changed else "accept", quantity, unit, day=day, money=(ack, each) if each else None)


def _status(
    item: etree._Element,
    one: AnsweredLine,
    kind: str,
    quantity: Decimal,
    unit: str,
    *,
    day: str = "",
    money: tuple[Acknowledgement, str] | None = None,
) -> None:
    amount = plain(quantity, f"{one.where}.quantity")
    status = child(item, "ConfirmationStatus", quantity=amount, type=kind, deliveryDate=day)
    child(status, "UnitOfMeasure", unit)
    if money is not None:
        _money(child(status, "UnitPrice"), *money)
    if reason := xml_text(one.line.reason):
        child(status, "Comments", reason)


def _money(parent: etree._Element, ack: Acknowledgement, amount: str) -> None:
    if not ack.money:
        raise Unwritable("cXML asks for a currency, and neither order nor decision names one.", where="currency")
    child(parent, "Money", amount, currency=xml_exact(ack.money, where="currency", longest=3))


def _noon(day: date) -> str:
    return f"{day.isoformat()}T12:00:00+00:00"
