"""Writes cXML OrderRequests (new, update and delete) in the styles of six buyers' systems.

cXML 1.2: the user's guide and the DTD of releases 1.2.008 to 1.2.050. Every document carries the shared secret of its
sender, which is a password: it is in no truth, and nothing that reads a document may pass it on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from bridgehead.templates.purchase_orders.corpus.dice import Dice
from bridgehead.templates.purchase_orders.corpus.letterbox import OUR_NAME, Change, Envelope
from bridgehead.templates.purchase_orders.corpus.mailed_files import one_or_mailed
from bridgehead.templates.purchase_orders.corpus.model import Address, WrittenLine, WrittenOrder, plain
from bridgehead.templates.purchase_orders.corpus.xml_tree import Comment, Dress, Element, element, maybe, write

_DTD: Final = "http://xml.cxml.org/schemas/cXML/{release}/cXML.dtd"
_COUNTRIES: Final = {"US": "United States", "CA": "Canada", "GB": "United Kingdom", "DE": "Germany", "FR": "France",
                     "NL": "Netherlands"}  # fmt: skip
_CLASSES: Final = {"MTR": "40142000", "KGM": "13101600", "SET": "31181700", "PA": "31162800"}
"""UNSPSC commodities by the unit of the article; bolts and the like for all others."""
_OFFSETS: Final = {"US": "-05:00", "CA": "-05:00", "GB": "+00:00"}


@dataclass(frozen=True, slots=True)
class Style:
    """How a buyer's system writes. ``dates`` are moments with an offset, or days alone."""

    release: str
    agent: str
    indent: str = "  "
    newline: str = "\n"
    single: bool = False
    speaks: bool = True
    dates: str = "moment"
    doctype: bool = True
    extrinsics: tuple[tuple[str, str], ...] = ()


STYLES: Final[dict[str, Style]] = {
    "network": Style("1.2.014", "Network Hub 26s", indent="    "),
    "suite": Style("1.2.020", "Spend Suite 38.1",
                   extrinsics=(("PO Status", "issued"), ("Requester Dept", "Maintenance"))),
    "erp_outbound": Style("1.2.008", "ERP Outbound 7.5", indent="", dates="day", speaks=False),
    "campus": Style("1.2.023", "Campus Buyer 22.3", extrinsics=(("CostCenter", "4410"), ("PONature", "standard"))),
    "shop": Style("1.2.011", "Shop Connector 3", single=True, newline="\r\n"),
    "modern": Style("1.2.050", "Procure Cloud 2026.4", indent="\t", doctype=False),
}  # fmt: skip


class Pen:
    """Writes the parts of one sending."""

    def __init__(self, sending: Envelope) -> None:
        self.sending = sending
        self.style = STYLES[sending.habit.layout.name]
        self.voice = sending.habit.voice
        self.language = f"{sending.habit.language}-{sending.customer.country}"

    def moment(self, day: date) -> str:
        """Returns a day as this system writes it."""
        if self.style.dates == "day":
            return day.isoformat()
        hour = 8 + self.voice % 9
        return f"{day.isoformat()}T{hour:02}:{self.voice:02}:00{_OFFSETS.get(self.sending.customer.country, '+01:00')}"

    def spoken(self) -> dict[str, str]:
        """Returns the attribute that names the language; some systems always say it is English."""
        return {"xml:lang": "en" if self.voice % 3 == 0 else self.language}

    def money(self, name: str, amount: Decimal) -> Element:
        """Returns an element around Money."""
        shown = (
            format(amount, ".2f") if amount == amount.quantize(Decimal("0.01")) and self.voice % 3 else plain(amount)
        )
        return element(name, element("Money", shown, attributes={"currency": self.sending.customer.currency}))

    def payload(self, part: str = "") -> str:
        """Returns the payload's identifier, unique by time, serial and host (user's guide, section 2.3.1)."""
        sending = self.sending
        stamp = sending.at.strftime("%Y%m%d%H%M%S")
        return f"{stamp}.{sending.serial}{part}@{sending.customer.email_domains[0]}"

    def header(self) -> Element:
        """Returns Header with From, To and Sender."""
        customer = self.sending.customer
        network = f"AN0{int(customer.number) * 7919 % 10**10:010}"
        ours = element("Credential", element("Identity", "AN01000417552"), attributes={"domain": "NetworkID"})
        theirs = [element("Credential", element("Identity", network), attributes={"domain": "NetworkID"})]
        if customer.duns and self.voice % 2:
            theirs = [element("Credential", element("Identity", customer.duns), attributes={"domain": "DUNS"})]
        elif customer.duns:
            theirs.append(element("Credential", element("Identity", customer.duns), attributes={"domain": "DUNS"}))
        secret = f"{Dice('shared secret', customer.number).digits(11)}kQ"
        sender = element(
            "Credential",
            element("Identity", network if self.voice % 2 else f"sysadmin@{customer.email_domains[0]}"),
            element("SharedSecret", secret),
            attributes={"domain": "NetworkID" if self.voice % 2 else "AribaNetworkUserId"},
        )
        return element(
            "Header",
            element("From", theirs), element("To", ours),
            element("Sender", sender, element("UserAgent", self.style.agent)),
        )  # fmt: skip

    def document(self, request: Element) -> bytes:
        """Returns the whole document around the content of Request."""
        style = self.style
        attributes = {"payloadID": self.payload(), "timestamp": self.sending.at.strftime("%Y-%m-%dT%H:%M:%S+00:00")}
        if style.speaks:
            attributes["xml:lang"] = self.language
        if self.voice % 4 == 0 or not style.doctype:
            attributes["version"] = style.release
        mode = {"deploymentMode": "production"} if self.voice % 3 else {}
        root = element("cXML", self.header(), element("Request", request, attributes=mode), attributes=attributes)
        mark = "'" if style.single else '"'
        doctype = f"<!DOCTYPE cXML SYSTEM {mark}{_DTD.format(release=style.release)}{mark}>" if style.doctype else ""
        dress = Dress({}, {}, indent=style.indent, newline=style.newline, single=style.single, doctype=doctype)
        return write(root, dress)

    def address(self, name: str, place: Address) -> Element:
        """Returns ShipTo or BillTo."""
        attributes = {"isoCountryCode": place.country}
        if place.id and self.voice % 3:
            attributes["addressID"] = place.id
        streets = place.street.split(", ", 1) if self.voice % 4 == 2 else [place.street]
        postal = element(
            "PostalAddress",
            element("DeliverTo", "Goods-in") if self.voice % 5 == 1 and name == "ShipTo" else None,
            [element("Street", street) for street in streets],
            element("City", place.city), maybe("State", place.region), element("PostalCode", place.postal_code),
            element("Country", _COUNTRIES[place.country], attributes={"isoCountryCode": place.country}),
            attributes={"name": "default" if self.voice % 2 else ""},
        )  # fmt: skip
        mail = None
        if name == "BillTo" and self.voice % 3 == 1:
            mail = element("Email", self.sending.customer.emails[0], attributes={"name": "default"})
        named = element("Name", place.name, attributes=self.spoken())
        return element(name, element("Address", named, postal, mail, attributes=attributes))

    def described(self, text: str) -> Element:
        """Returns Description."""
        return element("Description", text, attributes=self.spoken())

    def item_id(self, line: WrittenLine) -> Element:
        """Returns ItemID: the supplier's part, which the DTD demands even where the buyer knows only its own."""
        hint = element("SupplierPartAuxiliaryID", f"cfg-{line.number}") if self.voice % 6 == 4 else None
        world = None
        if line.gtin and self.voice % 2:
            world = element("IdReference", attributes={"domain": "EAN-13", "identifier": line.gtin})
        part = element("SupplierPartID", line.ours or "")
        return element("ItemID", part, hint, maybe("BuyerPartID", line.theirs), world)

    def item(self, line: WrittenLine, remark: str | None = None) -> Element:
        """Returns ItemOut; ``remark`` is a comment on this line."""
        attributes = {"quantity": plain(line.quantity), "lineNumber": str(line.number)}
        if line.requested_date:
            attributes["requestedDeliveryDate"] = self.moment(line.requested_date)
        per = None
        if line.basis != 1 or self.voice % 7 == 3:
            unit = element("UnitOfMeasure", line.unit)
            per = element(
                "PriceBasisQuantity", unit, attributes={"quantity": plain(line.basis), "conversionFactor": "1"}
            )
        code = _CLASSES.get(line.unit_code, "31161500")
        retail = None
        if line.gtin and self.voice % 2 == 0:
            retail = element("ItemDetailIndustry", element("ItemDetailRetail", element("EANID", line.gtin)))
        detail = element(
            "ItemDetail",
            self.money("UnitPrice", line.price) if line.price is not None else None,
            self.described(line.description or "-"), element("UnitOfMeasure", line.unit), per,
            element("Classification", code, attributes={"domain": "UNSPSC"}) if self.voice % 4 != 3 else None,
            retail,
            element("Extrinsic", "no", attributes={"name": "inspection"}) if self.voice % 6 == 5 else None,
        )  # fmt: skip
        said = element("Comments", remark, attributes=self.spoken()) if remark else None
        return element("ItemOut", self.item_id(line), detail, said, attributes=attributes)


def write_orders(sending: Envelope, orders: Sequence[WrittenOrder], *, resent: bool = False) -> bytes:
    """Returns the order as an OrderRequest; several of them as files of one mail."""
    return one_or_mailed(sending, orders, write_order, resent=resent)


def write_order(sending: Envelope, order: WrittenOrder) -> bytes:
    """Returns one OrderRequest: new, or an update that replaces what was sent before."""
    return _request(Pen(sending), order, "update" if order.purpose == "change" else "new")


def write_change(sending: Envelope, change: Change) -> bytes:
    """Returns an OrderRequest of type update with the changed lines, or of type delete with those of the order."""
    return _request(Pen(sending), change.order, "delete" if change.kind == "cancel" else "update")


def _request(pen: Pen, order: WrittenOrder, kind: str) -> bytes:
    dice, voice = pen.sending.dice, pen.voice
    hiding = dice.one(("comments", "comment", "extrinsic", "line")) if order.instruction else ""
    day = order.order_date or pen.sending.at.date()
    attributes = {"orderID": order.po_number, "orderDate": pen.moment(day), "type": kind}
    if kind != "new" or voice % 4 == 1:
        attributes["orderVersion"] = "1" if kind == "new" else "2"
    if voice % 5 == 2:
        attributes["orderType"] = "regular"
    if order.requested_date:
        attributes["requestedDeliveryDate"] = pen.moment(order.requested_date)
    notes = [*order.notes, *([order.instruction] if order.instruction and hiding == "comments" else [])]
    remarks: list[Element | Comment] = []
    if notes:
        remarks.append(element("Comments", "\n".join(notes), attributes=pen.spoken()))
    if order.instruction and hiding == "comment":
        remarks.append(Comment(order.instruction))
    earlier = None
    if kind != "new":
        earlier = element("DocumentReference", attributes={"payloadID": pen.payload(".0")})
    extrinsics = list(pen.style.extrinsics)
    if order.instruction and hiding == "extrinsic":
        extrinsics.append(("notes", order.instruction))
    header = element(
        "OrderRequestHeader",
        pen.money("Total", order.stated_total) if order.stated_total is not None else None,
        pen.address("ShipTo", order.ship_to) if order.ship_to else None,
        pen.address("BillTo", order.bill_to) if order.bill_to else None,
        _shipping(pen), _paid(order), _contact(pen), remarks, earlier, _delivered(order),
        [element("Extrinsic", text, attributes={"name": name}) for name, text in extrinsics],
        attributes=attributes,
    )  # fmt: skip
    said = order.instruction if hiding == "line" else None
    items = [pen.item(line, said if index == 0 else None) for index, line in enumerate(order.lines)]
    return pen.document(element("OrderRequest", header, items))


def _shipping(pen: Pen) -> Element | None:
    if pen.voice % 6 != 2:
        return None
    money = element("Money", "0.00", attributes={"currency": pen.sending.customer.currency})
    return element("Shipping", money, pen.described("Best way"))


def _paid(order: WrittenOrder) -> Element | None:
    if not order.payment_terms:
        return None
    return element("PaymentTerm", attributes={"payInNumberOfDays": order.payment_terms.removeprefix("N")})


def _delivered(order: WrittenOrder) -> Element | None:
    if not order.incoterms:
        return None
    return element(
        "TermsOfDelivery",
        element("TermsOfDeliveryCode", attributes={"value": "PriceCondition"}),
        element("ShippingPaymentMethod", attributes={"value": "Other"}),
        element("TransportTerms", attributes={"value": order.incoterms}),
    )


def _contact(pen: Pen) -> Element | None:
    customer = pen.sending.customer
    if pen.voice % 3 == 2:
        return None
    named = element("Name", "Purchasing", attributes=pen.spoken())
    mail = element("Email", customer.emails[-1])
    return element("Contact", named, mail, attributes={"role": "buyer"})


def write_other(sending: Envelope, kind: str, lines: Sequence[WrittenLine], reference: str) -> bytes:
    """Returns a document that is no order: ``delivery_note`` or ``question``, as one of several requests."""
    pen = Pen(sending)
    several = {
        "delivery_note": (_ship_notice, _receipt), "question": (_punchout, _confirmation, _quote, _profile),
    }[kind]  # fmt: skip
    return pen.document(sending.dice.one(several)(pen, lines, reference))


def _ship_notice(pen: Pen, lines: Sequence[WrittenLine], reference: str) -> Element:
    day = pen.moment(pen.sending.at.date())
    attributes = {"shipmentID": f"S{pen.sending.serial:06}", "noticeDate": day, "operation": "new"}
    portion = element(
        "ShipNoticePortion", element("OrderReference", attributes={"orderID": reference}),
        [
            element("ShipNoticeItem", element("UnitOfMeasure", line.unit),
                    attributes={"quantity": plain(line.quantity), "lineNumber": str(index + 1)})
            for index, line in enumerate(lines)
        ],
    )  # fmt: skip
    return element("ShipNoticeRequest", element("ShipNoticeHeader", attributes=attributes), portion)


def _receipt(pen: Pen, lines: Sequence[WrittenLine], reference: str) -> Element:
    attributes = {"receiptID": f"R{pen.sending.serial:06}", "receiptDate": pen.moment(pen.sending.at.date())}
    header = element("ReceiptRequestHeader", attributes={**attributes, "operation": "new"})
    order = element("ReceiptOrderInfo", element("OrderReference", attributes={"orderID": reference}))
    items = [
        element(
            "ReceiptItem",
            element("ReceiptItemReference", pen.item_id(line), attributes={"lineNumber": str(index + 1)}),
            element("UnitRate", element("UnitOfMeasure", line.unit)),
            attributes={"quantity": plain(line.quantity), "receiptLineNumber": str(index + 1), "type": "received"},
        )
        for index, line in enumerate(lines)
    ]  # fmt: skip
    return element("ReceiptRequest", header, element("ReceiptOrder", order, items))


def _punchout(pen: Pen, lines: Sequence[WrittenLine], reference: str) -> Element:
    del lines, reference
    domain = pen.sending.customer.email_domains[0]
    return element(
        "PunchOutSetupRequest",
        element("BuyerCookie", f"{pen.sending.serial:08x}"),
        element("BrowserFormPost", element("URL", f"https://buy.{domain}/punchin")),
        element("SupplierSetup", element("URL", "https://shop.brackwater.example.com/punchout")),
        attributes={"operation": "create"},
    )


def _confirmation(pen: Pen, lines: Sequence[WrittenLine], reference: str) -> Element:
    del lines
    attributes = {
        "type": "accept",
        "noticeDate": pen.moment(pen.sending.at.date()),
        "confirmID": f"C{pen.sending.serial}",
    }
    order = element("OrderReference", attributes={"orderID": reference})
    return element("ConfirmationRequest", element("ConfirmationHeader", attributes=attributes), order)


def _quote(pen: Pen, lines: Sequence[WrittenLine], reference: str) -> Element:
    del reference
    attributes = {"requestID": f"RFQ{pen.sending.serial:05}", "type": "new", "quoteReceivingPreference": "winningOnly",
                  "requestDate": pen.moment(pen.sending.at.date())}  # fmt: skip
    header = element("QuoteRequestHeader", element("Name", OUR_NAME, attributes=pen.spoken()), attributes=attributes)
    items = [
        element(
            "QuoteItemOut", pen.item_id(line), attributes={"quantity": plain(line.quantity), "lineNumber": str(at + 1)}
        )
        for at, line in enumerate(lines)
    ]
    return element("QuoteRequest", header, items)


def _profile(pen: Pen, lines: Sequence[WrittenLine], reference: str) -> Element:
    del pen, lines, reference
    return element("ProfileRequest")
