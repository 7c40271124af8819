"""Reads what XML orders show, by the schemas alone: UBL 2.1, cXML 1.2 and the Cross Industry order of Order-X."""

from __future__ import annotations

import base64
import io
from decimal import Decimal
from email import message_from_bytes
from email.policy import default

from lxml import etree
from pypdf import PdfReader

from tests.unit.corpus.showing import Line, Shown

UBL = "urn:oasis:names:specification:ubl:schema:xsd:"
SPACES = {
    "a": UBL + "CommonAggregateComponents-2",
    "b": UBL + "CommonBasicComponents-2",
    "m": "urn:un:unece:uncefact:data:SCRDMCCBDACIOMessageStructure:100",
    "r": "urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:128",
    "u": "urn:un:unece:uncefact:data:standard:UnqualifiedDataType:128",
}
PURPOSES = {"9": "original", "1": "cancel", "4": "change", "5": "change"}


def parse(document: bytes) -> etree._Element:
    """Returns the root; entities, DTDs and the network are off. Raises lxml's error for what is not well-formed."""
    parser = etree.XMLParser(resolve_entities=False, load_dtd=False, no_network=True)
    return etree.fromstring(document.removeprefix(b"\xef\xbb\xbf"), parser)


def xml_files(document: bytes) -> list[bytes]:
    """Returns the XML in an arrival: the file itself, what a PDF holds, or what is attached to a mail."""
    if document.startswith(b"%PDF"):
        held = PdfReader(io.BytesIO(document)).attachments
        return [content for name, contents in held.items() if name == "order-x.xml" for content in contents]
    if b"\nContent-Type: " not in document[:3000]:
        return [document]
    found = []
    for part in message_from_bytes(document, policy=default).walk():
        name = (part.get_filename() or "").lower()
        if name.endswith((".xml", ".pdf")):
            content = part.get_payload(decode=True)
            assert isinstance(content, bytes)
            found.extend([content] if name.endswith(".xml") else xml_files(content))
    return found


class Node:
    """An element with short ways to its texts."""

    def __init__(self, element: etree._Element) -> None:
        self.element = element

    def all(self, path: str) -> list[Node]:
        """Returns the elements at a path."""
        return [Node(found) for found in self.element.iterfind(path, SPACES)]

    def text(self, path: str) -> str | None:
        """Returns the text at a path, None where nothing stands."""
        found = self.element.find(path, SPACES)
        return None if found is None or not found.text else found.text

    def number(self, path: str) -> Decimal | None:
        """Returns the number at a path."""
        text = self.text(path)
        return None if text is None else Decimal(text)

    def everything(self, path: str) -> str | None:
        """Returns all texts below a path, None where the path leads nowhere."""
        found = self.element.find(path, SPACES)
        return None if found is None else " ".join(str(text) for text in found.itertext())

    def said(self) -> str:
        """Returns every text, attribute and comment, and the text of what is embedded."""
        parts = [text for each in self.element.iter() for text in (each.text, each.tail) if text]
        parts.extend(str(value) for each in self.element.iter() for value in getattr(each, "attrib", {}).values())
        embedded = [found.text or "" for found in self.element.iterfind(".//b:EmbeddedDocumentBinaryObject", SPACES)]
        parts.extend(base64.b64decode(text).decode() for text in embedded)
        return " ".join(parts)


def ubl(document: bytes) -> Shown:
    """Returns what a UBL Order, OrderChange or OrderCancellation shows."""
    root = parse(document)
    inner = next(each for each in root.iter("*") if str(each.tag).startswith("{" + UBL + "Order"))
    node, kind = Node(inner), etree.QName(inner).localname
    order = Shown(node.text("b:ID") or "", order_date=node.text("b:IssueDate"), texts=node.said())
    if kind != "Order":
        order.purpose = {"OrderChange": "change", "OrderCancellation": "cancel"}[kind]
        order.po_number = node.text("a:OrderReference/b:ID") or ""
        order.order_date = node.text("a:OrderReference/b:IssueDate")
    order.currency = node.text("b:DocumentCurrencyCode")
    order.incoterms = node.text("a:DeliveryTerms/b:ID")
    terms = node.text("a:PaymentTerms/b:Note")
    order.payment_terms = f"N{''.join(filter(str.isdigit, terms))}" if terms else None
    order.requested_date = _ubl_day(node, "a:Delivery")
    places = [node.everything(f"a:Delivery/a:{name}") for name in ("DeliveryLocation", "DeliveryParty")]
    order.ship_to = " ".join(place or "" for place in places) if any(place is not None for place in places) else None
    order.bill_to = node.everything("a:AccountingCustomerParty")
    order.stated_total = node.number("a:AnticipatedMonetaryTotal/b:LineExtensionAmount")
    count = node.text("b:LineCountNumeric")
    order.stated_line_count = int(count) if count else None
    for each in node.all("a:OrderLine/a:LineItem"):
        quantity = each.all("b:Quantity")[0].element
        line = Line(int(each.text("b:ID") or ""), Decimal(quantity.text or ""), quantity.get("unitCode") or "")
        line.customer_part = each.text("a:Item/a:BuyersItemIdentification/b:ID")
        line.supplier_part = each.text("a:Item/a:SellersItemIdentification/b:ID")
        line.gtin = each.text("a:Item/a:StandardItemIdentification/b:ID")
        line.description = each.text("a:Item/b:Name")
        line.price = each.number("a:Price/b:PriceAmount")
        line.price_basis = each.number("a:Price/b:BaseQuantity") or Decimal(1)
        line.requested_date = _ubl_day(each, "a:Delivery")
        line.amount = each.number("b:LineExtensionAmount")
        order.lines.append(line)
    return order


def _ubl_day(node: Node, path: str) -> str | None:
    late = node.text(f"{path}/b:LatestDeliveryDate")
    ends = [node.text(f"{path}/a:RequestedDeliveryPeriod/b:{name}") for name in ("StartDate", "EndDate")]
    days = {day[:10] for day in (late, *ends) if day}
    assert len(days) < 2
    return days.pop() if days else None


def cxml(document: bytes) -> Shown:
    """Returns what an OrderRequest shows."""
    root = Node(parse(document))
    header = root.all("Request/OrderRequest/OrderRequestHeader")[0]
    names = header.element.attrib
    order = Shown(str(names["orderID"]), texts=root.said())
    order.purpose = {"new": "original", "update": "change", "delete": "cancel"}[str(names["type"])]
    order.order_date = str(names["orderDate"])[:10]
    order.requested_date = str(names["requestedDeliveryDate"])[:10] if "requestedDeliveryDate" in names else None
    money = header.all("Total/Money")
    order.currency = money[0].element.get("currency") if money else None
    order.stated_total = header.number("Total/Money")
    order.ship_to, order.bill_to = header.everything("ShipTo"), header.everything("BillTo")
    for name in ("ShipTo", "BillTo"):
        for country in header.all(f"{name}/Address/PostalAddress/Country"):
            text = f" {country.element.get('isoCountryCode')}"
            order.ship_to = order.ship_to + text if name == "ShipTo" and order.ship_to is not None else order.ship_to
            order.bill_to = order.bill_to + text if name == "BillTo" and order.bill_to is not None else order.bill_to
    for terms in header.all("PaymentTerm"):
        order.payment_terms = f"N{terms.element.get('payInNumberOfDays')}"
    for terms in header.all("TermsOfDelivery/TransportTerms"):
        order.incoterms = terms.element.get("value")
    for each in root.all("Request/OrderRequest/ItemOut"):
        item = each.element
        unit = each.text("ItemDetail/UnitOfMeasure") or ""
        line = Line(int(item.get("lineNumber") or ""), Decimal(item.get("quantity") or ""), unit)
        line.customer_part = each.text("ItemID/BuyerPartID")
        line.supplier_part = each.text("ItemID/SupplierPartID")
        for other in each.all("ItemID/IdReference"):
            line.gtin = other.element.get("identifier")
        line.gtin = line.gtin or each.text("ItemDetail/ItemDetailIndustry/ItemDetailRetail/EANID")
        line.description = each.text("ItemDetail/Description")
        line.price = each.number("ItemDetail/UnitPrice/Money")
        for basis in each.all("ItemDetail/PriceBasisQuantity"):
            line.price_basis = Decimal(basis.element.get("quantity") or "")
        wished = item.get("requestedDeliveryDate")
        line.requested_date = wished[:10] if wished else None
        order.lines.append(line)
    return order


def orderx(document: bytes) -> Shown:
    """Returns what a Cross Industry order shows."""
    root = Node(parse(document))
    trade = root.all("m:SupplyChainTradeTransaction")[0]
    agreed, paid = "r:ApplicableHeaderTradeAgreement", "r:ApplicableHeaderTradeSettlement"
    delivered = "r:ApplicableHeaderTradeDelivery"
    purpose = PURPOSES[root.text("m:ExchangedDocument/r:PurposeCode") or "9"]
    order = Shown(root.text("m:ExchangedDocument/r:ID") or "", purpose, texts=root.said())
    order.order_date = _cii_day(root.text("m:ExchangedDocument/r:IssueDateTime/u:DateTimeString"))
    order.requested_date = _cii_wish(trade, delivered)
    order.currency = trade.text(f"{paid}/r:OrderCurrencyCode")
    order.incoterms = trade.text(f"{agreed}/r:ApplicableTradeDeliveryTerms/r:DeliveryTypeCode")
    terms = trade.text(f"{paid}/r:SpecifiedTradePaymentTerms/r:Description")
    order.payment_terms = f"N{''.join(filter(str.isdigit, terms))}" if terms else None
    order.ship_to = trade.everything(f"{delivered}/r:ShipToTradeParty")
    order.bill_to = trade.everything(f"{paid}/r:InvoiceeTradeParty")
    order.stated_total = trade.number(f"{paid}/r:SpecifiedTradeSettlementHeaderMonetarySummation/r:LineTotalAmount")
    for each in trade.all("r:IncludedSupplyChainTradeLineItem"):
        quantity = each.all("r:SpecifiedLineTradeDelivery/r:RequestedQuantity")[0].element
        number = each.text("r:AssociatedDocumentLineDocument/r:LineID")
        line = Line(int(number or ""), Decimal(quantity.text or ""), quantity.get("unitCode") or "")
        product, price = "r:SpecifiedTradeProduct", "r:SpecifiedLineTradeAgreement/r:NetPriceProductTradePrice"
        line.customer_part = each.text(f"{product}/r:BuyerAssignedID")
        line.supplier_part = each.text(f"{product}/r:SellerAssignedID")
        line.gtin = each.text(f"{product}/r:GlobalID")
        line.description = each.text(f"{product}/r:Name")
        line.price = each.number(f"{price}/r:ChargeAmount")
        line.price_basis = each.number(f"{price}/r:BasisQuantity") or Decimal(1)
        line.requested_date = _cii_wish(each, "r:SpecifiedLineTradeDelivery")
        summed = "r:SpecifiedLineTradeSettlement/r:SpecifiedTradeSettlementLineMonetarySummation"
        line.amount = each.number(f"{summed}/r:LineTotalAmount")
        order.lines.append(line)
    return order


def _cii_day(text: str | None) -> str | None:
    return f"{text[:4]}-{text[4:6]}-{text[6:8]}" if text else None


def _cii_wish(node: Node, path: str) -> str | None:
    event = f"{path}/r:RequestedDeliverySupplyChainEvent"
    starts = node.text(f"{event}/r:OccurrenceSpecifiedPeriod/r:StartDateTime/u:DateTimeString")
    ends = node.text(f"{event}/r:OccurrenceSpecifiedPeriod/r:EndDateTime/u:DateTimeString")
    assert starts == ends
    return _cii_day(node.text(f"{event}/r:OccurrenceDateTime/u:DateTimeString") or starts)
