"""Reads orders in XML; other business documents in XML are recognised and named."""

from __future__ import annotations

import base64
import binascii
from dataclasses import replace
from typing import Final

from bridgehead.documents.order import Order
from bridgehead.documents.outcome import Hints, Kind, NotAnOrder, Orders, Reading, ReadPart, Refusal
from bridgehead.documents.xml.cii_order import CII_CHANGES, CII_ORDERS, read_cii
from bridgehead.documents.xml.cxml_order import read_cxml
from bridgehead.documents.xml.idoc_order import is_idoc, read_idoc
from bridgehead.documents.xml.kinds import NAMED, ORDER_WORDS, OTHER_ORDERS, UBL
from bridgehead.documents.xml.opentrans_order import is_opentrans, read_opentrans
from bridgehead.documents.xml.tree import Document, Node, parse
from bridgehead.documents.xml.ubl_order import PURPOSES, UblOrder

_UBL: Final = "urn:oasis:names:specification:ubl:schema:xsd:"
_UBL_1: Final = "urn:oasis:names:tc:ubl:"
_MOST_ENVELOPES: Final = 5
_MOST_HELD: Final = 1_000
_ROOTS: Final = frozenset({"cXML"}) | CII_ORDERS | CII_CHANGES
_HEADERS: Final = frozenset({"StandardBusinessDocumentHeader", "Header"})


def read_xml(
    document: bytes, part: str = "document", hints: Hints | None = None, read_part: ReadPart | None = None
) -> Reading:
    """Reads the orders of a document, or says what it is; ``read_part`` reads what an envelope holds in Base64.

    Raises Refusal: those of ``tree.parse``, ``xml.missing_element``, ``xml.value``, ``xml.unknown_order`` for an order
    under a schema that is not read, ``xml.unknown`` for what is not known to be anything.
    """
    parsed = parse(document, part)
    hints = hints or Hints()
    payloads: list[Node] = [parsed.root]
    for _ in range(_MOST_ENVELOPES):
        opened = [one for payload in payloads for one in _opened(payload, part)]
        if opened == payloads:
            break
        payloads = opened
    wrapped = ""
    if len(payloads) == 1 and not _is_known(payloads[0]):
        inside = _held(payloads[0])
        wrapped, payloads = (payloads[0].name, inside) if inside else ("", payloads)
    outcomes = [_read_payload(one, parsed, part, hints, read_part) for one in payloads]
    return _joined(outcomes, f"the order stands in {wrapped[:60]}, which is not read" if wrapped else "")


def _opened(node: Node, part: str) -> list[Node]:
    """What an envelope holds (UN/CEFACT SBDH 1.3, SOAP); the node itself when it is none."""
    if node.name == "StandardBusinessDocument":
        inside = [one for one in node.children if one.name not in _HEADERS]
    elif node.name == "Envelope" and "soap" in node.uri:
        body = node.child("Body")
        inside = [] if body is None else [*body.children]
    else:
        return [node]
    if not inside:
        raise Refusal("xml.empty", f"The envelope {node.name} holds no document.", f"{part}, line {node.line}")
    for one in inside:
        one.parent = None
    return inside


def _is_known(node: Node) -> bool:
    """Whether the node opens a document that is read or named by its schema."""
    return (
        node.uri.startswith((_UBL, _UBL_1))
        or node.name in _ROOTS
        or node.name.lower() in NAMED
        or node.name.lower() in OTHER_ORDERS
        or is_opentrans(node)
        or is_idoc(node)
        or _looks_like_ubl(node)
    )


def _held(node: Node) -> list[Node]:
    """Documents of known schemas a few levels inside a wrapper of an unknown one."""
    level: list[Node] = [node]
    for _ in range(_MOST_ENVELOPES):
        level = [child for one in level for child in one.children][:_MOST_HELD]
        found = [one for one in level if one.name in _ROOTS or (one.uri.startswith(_UBL) and one.name in PURPOSES)]
        if found:
            for one in found:
                one.parent = None
            return found
    return []


def _joined(outcomes: list[Reading], doubt: str) -> Reading:
    orders: list[Order] = []
    others: list[NotAnOrder] = []
    for outcome in outcomes:
        if isinstance(outcome, Orders):
            orders.extend(outcome.orders)
        elif isinstance(outcome, NotAnOrder):
            others.append(outcome)
        else:
            raise Refusal(outcome.code, outcome.reason, outcome.where)
    if not orders:
        return others[0]
    told = [f"ignored: the envelope also holds: {one.reason}" for one in others[:1]]
    told += [f"ignored: {doubt}"] if doubt else []
    if told:
        orders = [replace(one, warnings=(*one.warnings, *told)) for one in orders]
    return Orders(tuple(orders))


def _read_payload(root: Node, document: Document, part: str, hints: Hints, read_part: ReadPart | None) -> Reading:
    if root.name == "BinaryContent" and read_part is not None:
        try:
            inside = base64.b64decode(root.text, validate=False)
        except (binascii.Error, ValueError) as error:
            raise Refusal("xml.value", "BinaryContent is no Base64.", f"{part}, line {root.line}") from error
        return read_part(inside, "", part, hints)
    if root.name == "cXML":
        return read_cxml(root, document, part, hints)
    if root.name in CII_ORDERS | CII_CHANGES:
        return read_cii(root, document, part, hints)
    if is_opentrans(root):
        return read_opentrans(root, document, part, hints)
    if is_idoc(root):
        return read_idoc(root, document, part, hints)
    if root.uri.startswith(_UBL) or _looks_like_ubl(root):
        return _read_ubl(root, document, part, hints)
    return _named(root, part)


def _looks_like_ubl(root: Node) -> bool:
    """Whether a root without the namespace of UBL has the elements of UBL 2 all the same."""
    if root.name not in PURPOSES or root.uri.startswith(_UBL_1):
        return False
    return root.find("OrderLine/LineItem") is not None or (
        root.find("OrderReference/ID") is not None and root.child("IssueDate") is not None
    )


def _read_ubl(root: Node, document: Document, part: str, hints: Hints) -> Reading:
    if root.name not in PURPOSES:
        kind, what = UBL.get(root.name, ("other", f"a document of the type {root.name[:60]}"))
        if root.name == "Catalogue" and "punch" in root.value("CustomizationID").lower():
            kind, what = "punchout", "a basket from a visit of the catalogue, to be approved by the buyer"
        return NotAnOrder(kind, f"UBL {root.name[:60]}: {what}.")
    reader = UblOrder(root, document, part, hints)
    if not root.uri.startswith(_UBL) or "" in document.uris:
        reader.draft.warn("uncertain", "the order states elements without the namespace of UBL")
    try:
        return Orders((reader.read(),))
    except Refusal as refusal:
        if PURPOSES[root.name] == "original":
            raise
        named: Kind = "order_cancel" if PURPOSES[root.name] == "cancel" else "order_change"
        reason = f"UBL {root.name}. It cannot be read: {refusal.outcome.reason} ({refusal.outcome.where})"
        return NotAnOrder(named, reason)


def _named(root: Node, part: str) -> Reading:
    """What a document under a schema that is not read is; raises Refusal for orders and for the unknown."""
    name, where = root.name, f"{part}, line {root.line}"
    space = f" of the namespace {root.uri[:120]!r}" if root.uri else " without a namespace"
    plain = name.lower().replace("_", "").replace("-", "")
    if root.uri.startswith(_UBL_1):
        if name != "Order":
            return NotAnOrder(UBL.get(name, ("other", ""))[0], f"UBL 1 {name[:60]}.")
        raise Refusal("xml.unknown_order", "The document is a UBL 1.0 order; UBL 2 is read.", where)
    if plain in OTHER_ORDERS:
        raise Refusal(
            "xml.unknown_order", f"The document is {OTHER_ORDERS[plain]}, which is not read: {name[:60]}{space}.", where
        )
    if plain in NAMED:
        kind, what = NAMED[plain]
        return NotAnOrder(kind, f"XML {name[:60]}{space}: {what}.")
    for words, kind, what in _BY_WORDS:
        if any(word in plain for word in words):
            return NotAnOrder(kind, f"XML {name[:60]}{space}: {what} by its name.")
    inside = [child.name for child in root.children[:20]]
    names = [plain, *(one.lower().replace("_", "") for one in inside)]
    if plain == "po" or any(one.startswith(ORDER_WORDS) or one.endswith((*ORDER_WORDS, "850")) for one in names):
        raise Refusal(
            "xml.unknown_order",
            f"The document is an order under a schema that is not known: {name[:60]}{space}.",
            where,
        )
    raise Refusal("xml.unknown", f"XML of a kind that is not known: {name[:60]}{space}.", where)


_BY_WORDS: Final = (
    (("orderresponse", "orderconfirmation", "orderack", "acknowledgepurchaseorder", "auftragsbestaetigung"),
     "order_response", "an order response"),
    (("orderstatus",), "order_status", "an order status"),
    (("invoice", "rechnung", "facture", "fattura", "factura", "creditnote"), "invoice", "an invoice"),
    (("despatch", "dispatch", "shipnotice", "shipmentnotice", "lieferschein", "deliverynote"),
     "delivery_note", "a delivery note"),
    (("catalog",), "catalogue", "a catalogue"),
    (("requestforquot",), "quotation_request", "a request for quotation"),
    (("quotation",), "quotation", "a quotation"),
)  # fmt: skip
