"""Writes Order-X: orders as UN/CEFACT Cross Industry XML, as a file alone or within a PDF, alone or in a mail.

Order-X 1.0, profiles BASIC and COMFORT (FNFE-MPE and FeRD), on the message SCRDMCCBDACIOMessageStructure of D.20B:
document types by UNTDID 1001 (220 order, 230 change, 231 response), functions by UNTDID 1225, line actions by 1229.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Final, Literal

from bridgehead.templates.purchase_orders.corpus.breaking_xml import break_xml
from bridgehead.templates.purchase_orders.corpus.cover import wrap, wrap_change, wrap_other
from bridgehead.templates.purchase_orders.corpus.dice import Dice
from bridgehead.templates.purchase_orders.corpus.habits import Habit
from bridgehead.templates.purchase_orders.corpus.letterbox import OUR_GLN, OUR_NAME, OUR_VAT, Change, Envelope
from bridgehead.templates.purchase_orders.corpus.model import Address, WrittenLine, WrittenOrder, plain
from bridgehead.templates.purchase_orders.corpus.pdf.breaking import broken_pdf
from bridgehead.templates.purchase_orders.corpus.pdf.hybrid import embedded, hybrid
from bridgehead.templates.purchase_orders.corpus.pdf.notices import change_bytes
from bridgehead.templates.purchase_orders.corpus.pdf.write import pdf_other
from bridgehead.templates.purchase_orders.corpus.xml_tree import Comment, Dress, Element, element, maybe, write

_SPACES: Final = {
    "rsm": "urn:un:unece:uncefact:data:{message}:100",
    "ram": "urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:128",
    "udt": "urn:un:unece:uncefact:data:standard:UnqualifiedDataType:128",
    "qdt": "urn:un:unece:uncefact:data:standard:QualifiedDataType:128",
}
_ORDER: Final = "SCRDMCCBDACIOMessageStructure"
_DESPATCH: Final = "SCRDMCCBDACIDAMessageStructure"
FILE: Final = "order-x.xml"
"""The name that Order-X 1.0 demands of the file within a PDF."""
_TERMS: Final = {"en": "Net {n} days", "de": "{n} Tage netto", "fr": "{n} jours net"}
_STATUS: Final = {"quantity": "3", "date": "3", "drop": "2"}
_PAPER_BREAKS: Final = ("truncated", "encrypted", "page_missing")


@dataclass(frozen=True, slots=True)
class Style:
    """How a program writes, and what it sends: the file, the paper with the file in it, or that in a mail."""

    profile: Literal["basic", "comfort"]
    sends: Literal["file", "paper", "mail"]
    prefixes: tuple[str, str, str] = ("rsm", "ram", "udt")
    indent: str = "  "
    newline: str = "\n"
    period: bool = False


STYLES: Final[dict[str, Style]] = {
    "basic_file": Style("basic", "file"),
    "comfort_file": Style("comfort", "file", ("", "a", "u"), indent="\t", period=True),
    "basic_paper": Style("basic", "paper", indent=""),
    "comfort_paper": Style("comfort", "paper", newline="\r\n"),
    "basic_mail": Style("basic", "mail", ("x", "r", "t"), indent=""),
    "comfort_mail": Style("comfort", "mail", period=True),
}


def extension(habit: Habit, orders: int) -> str:
    """Returns the kind of file that arrives from this customer; several orders come as files of one mail."""
    sends = STYLES[habit.layout.name].sends
    return "eml" if orders > 1 or sends == "mail" else {"file": "xml", "paper": "pdf"}[sends]


class Pen:
    """Writes the elements of one sending."""

    def __init__(self, sending: Envelope) -> None:
        self.sending = sending
        self.style = STYLES[sending.habit.layout.name]
        self.voice = sending.habit.voice

    def day(self, name: str, day: date) -> Element:
        """Returns a date, by some programs with its time."""
        stamp = "203" if self.voice % 5 == 3 and name == "ram:IssueDateTime" else "102"
        shown = day.strftime("%Y%m%d") + ("0900" if stamp == "203" else "")
        return element(name, element("udt:DateTimeString", shown, attributes={"format": stamp}))

    def money(self, name: str, amount: Decimal) -> Element:
        """Returns an amount; the currency is the order's."""
        exact = amount == amount.quantize(Decimal("0.01"))
        return element(name, format(amount, ".2f") if exact and self.voice % 3 else plain(amount))

    def quantity(self, name: str, amount: Decimal, unit: str) -> Element:
        """Returns a quantity with its unit."""
        shown = format(amount, ".4f") if self.voice % 4 == 1 else plain(amount)
        return element(name, shown, attributes={"unitCode": unit})

    def address(self, place: Address) -> Element:
        """Returns PostalTradeAddress."""
        first, _, second = place.street.partition(", ") if self.voice % 5 == 1 else (place.street, "", "")
        return element(
            "ram:PostalTradeAddress",
            element("ram:PostcodeCode", place.postal_code), element("ram:LineOne", first),
            maybe("ram:LineTwo", second), element("ram:CityName", place.city), element("ram:CountryID", place.country),
        )  # fmt: skip

    def place(self, name: str, place: Address) -> Element:
        """Returns the party that gets the goods or the invoice."""
        known = place.id if place.id and self.voice % 3 == 0 else None
        gln = {"schemeID": "0088"}
        world = maybe("ram:GlobalID", place.gln if place.id and self.voice % 2 else None, gln)
        return element(name, maybe("ram:ID", known), world, element("ram:Name", place.name), self.address(place))

    def buyer(self) -> Element:
        """Returns BuyerTradeParty."""
        customer = self.sending.customer
        contact = None
        if self.style.profile == "comfort" and self.voice % 3 == 1:
            mail = element("ram:EmailURIUniversalCommunication", element("ram:URIID", customer.emails[0]))
            contact = element("ram:DefinedTradeContact", element("ram:DepartmentName", "Purchasing"), mail)
        taxed = None
        if customer.vat and self.voice % 4:
            number = element("ram:ID", customer.vat, attributes={"schemeID": "VA"})
            taxed = element("ram:SpecifiedTaxRegistration", number)
        return element(
            "ram:BuyerTradeParty",
            maybe("ram:ID", customer.number if self.voice % 2 or not customer.vat else None),
            maybe("ram:GlobalID", customer.gln if self.voice % 3 else None, {"schemeID": "0088"}),
            element("ram:Name", customer.name), contact,
            self.address(customer.bill_to) if self.voice % 2 == 0 else None, taxed,
        )  # fmt: skip

    def seller(self) -> Element:
        """Returns SellerTradeParty."""
        gln = maybe("ram:GlobalID", OUR_GLN if self.voice % 2 else None, {"schemeID": "0088"})
        number = element("ram:ID", OUR_VAT, attributes={"schemeID": "VA"})
        taxed = element("ram:SpecifiedTaxRegistration", number) if self.voice % 3 else None
        return element("ram:SellerTradeParty", gln, element("ram:Name", OUR_NAME), taxed)

    def wished(self, day: date | None) -> Element | None:
        """Returns the event of delivery that the buyer wants, as a day or as a period of one day."""
        if day is None:
            return None
        when = self.day("ram:OccurrenceDateTime", day)
        if self.style.period:
            ends = (self.day("ram:StartDateTime", day), self.day("ram:EndDateTime", day))
            when = element("ram:OccurrenceSpecifiedPeriod", *ends)
        return element("ram:RequestedDeliverySupplyChainEvent", when)

    def line(self, line: WrittenLine, *, status: str | None = None, more: str | None = None) -> Element:
        """Returns IncludedSupplyChainTradeLineItem; ``more`` is a remark on the line."""
        remark = element("ram:IncludedNote", element("ram:Content", more)) if more else None
        head = element(
            "ram:AssociatedDocumentLineDocument",
            element("ram:LineID", str(line.number)), maybe("ram:LineStatusCode", status), remark,
        )  # fmt: skip
        product = element(
            "ram:SpecifiedTradeProduct",
            maybe("ram:GlobalID", line.gtin, {"schemeID": "0160"}), maybe("ram:SellerAssignedID", line.ours),
            maybe("ram:BuyerAssignedID", line.theirs), element("ram:Name", line.description or "-"),
        )  # fmt: skip
        delivery = element(
            "ram:SpecifiedLineTradeDelivery",
            self.quantity("ram:RequestedQuantity", line.quantity, line.unit), self.wished(line.requested_date),
        )  # fmt: skip
        settled = None
        if line.amount is not None:
            amount = self.money("ram:LineTotalAmount", line.amount)
            summed = element("ram:SpecifiedTradeSettlementLineMonetarySummation", amount)
            settled = element("ram:SpecifiedLineTradeSettlement", summed)
        agreed = element("ram:SpecifiedLineTradeAgreement", self._prices(line))
        return element("ram:IncludedSupplyChainTradeLineItem", head, product, agreed, delivery, settled)

    def _prices(self, line: WrittenLine) -> list[Element]:
        """Returns the net price, by some programs after the gross price and its discount."""
        if line.price is None:
            return []
        per = None
        if line.basis != 1 or self.voice % 3 == 0:
            per = self.quantity("ram:BasisQuantity", line.basis, line.unit)
        net = element("ram:NetPriceProductTradePrice", element("ram:ChargeAmount", plain(line.price)), per)
        gross = line.price / Decimal("0.8")
        if self.style.profile != "comfort" or self.voice % 4 != 2 or gross != gross.quantize(Decimal("0.000001")):
            return [net]
        off = element(
            "ram:AppliedTradeAllowanceCharge",
            element("ram:ChargeIndicator", element("udt:Indicator", "false")),
            element("ram:ActualAmount", plain(gross - line.price)),
        )
        return [element("ram:GrossPriceProductTradePrice", element("ram:ChargeAmount", plain(gross)), per, off), net]

    def document(
        self, kind: str, number: str, body: Element, *, day: date, purpose: str | None = "9",
        notes: Sequence[Element | Comment] = (), message: str = _ORDER,
    ) -> bytes:  # fmt: skip
        """Returns the whole document: context, head and the transaction."""
        guideline = element("ram:ID", f"urn:order-x.eu:1p0:{self.style.profile}")
        process = None
        if self.voice % 2:
            process = element("ram:BusinessProcessSpecifiedDocumentContextParameter", element("ram:ID", "A1"))
        context = element(
            "rsm:ExchangedDocumentContext",
            process, element("ram:GuidelineSpecifiedDocumentContextParameter", guideline),
        )  # fmt: skip
        head = element(
            "rsm:ExchangedDocument",
            element("ram:ID", number), element("ram:TypeCode", kind), self.day("ram:IssueDateTime", day),
            maybe("ram:PurposeCode", purpose),
            element("ram:RequestedResponseTypeCode", "AC") if self.voice % 4 == 2 and kind == "220" else None, notes,
        )  # fmt: skip
        spaces = {key: uri.format(message=message) for key, uri in _SPACES.items()}
        if self.style.indent == "":
            spaces.pop("qdt")
        keys = dict(zip(("rsm", "ram", "udt"), self.style.prefixes, strict=True))
        dress = Dress(spaces, keys, indent=self.style.indent, newline=self.style.newline)
        return write(element(f"rsm:{message}", context, head, body), dress)


def order_xml(sending: Envelope, order: WrittenOrder) -> bytes:
    """Returns the order as XML."""
    pen = Pen(sending)
    hiding = sending.dice.one(("note", "comment", "line")) if order.instruction else ""
    said = [*order.notes, *([order.instruction] if order.instruction and hiding == "note" else [])]
    notes: list[Element | Comment] = [element("ram:IncludedNote", element("ram:Content", text)) for text in said]
    if order.instruction and hiding == "comment":
        notes.append(Comment(order.instruction))
    more = order.instruction if hiding == "line" else None
    lines = [pen.line(line, more=more if index == 0 else None) for index, line in enumerate(order.lines)]
    day = order.order_date or sending.at.date()
    body = _transaction(pen, order, lines)
    if order.purpose == "change":
        return pen.document("230", order.po_number, body, day=day, purpose="5", notes=notes)
    return pen.document("220", order.po_number, body, day=day, notes=notes)


def _transaction(
    pen: Pen, order: WrittenOrder, lines: Sequence[Element], *, referred: Element | None = None
) -> Element:
    agreement = element(
        "ram:ApplicableHeaderTradeAgreement",
        element("ram:BuyerReference", f"K{pen.voice + 20}") if pen.voice % 4 == 3 else None,
        pen.seller(), pen.buyer(), _incoterms(pen, order), referred,
    )  # fmt: skip
    delivery = element(
        "ram:ApplicableHeaderTradeDelivery",
        pen.place("ram:ShipToTradeParty", order.ship_to) if order.ship_to else None, pen.wished(order.requested_date),
    )  # fmt: skip
    paid = None
    if order.payment_terms:
        text = _TERMS[pen.sending.habit.language].format(n=order.payment_terms.removeprefix("N"))
        paid = element("ram:SpecifiedTradePaymentTerms", element("ram:Description", text))
    settlement = element(
        "ram:ApplicableHeaderTradeSettlement",
        maybe("ram:OrderCurrencyCode", order.currency),
        pen.place("ram:InvoiceeTradeParty", order.bill_to) if order.bill_to else None, paid, _summed(pen, order),
    )  # fmt: skip
    return element("rsm:SupplyChainTradeTransaction", lines, agreement, delivery, settlement)


def _incoterms(pen: Pen, order: WrittenOrder) -> Element | None:
    if not order.incoterms:
        return None
    town = None
    if pen.style.profile == "comfort" and order.ship_to is not None:
        town = element("ram:RelevantTradeLocation", element("ram:Name", order.ship_to.city))
    return element("ram:ApplicableTradeDeliveryTerms", element("ram:DeliveryTypeCode", order.incoterms), town)


def _summed(pen: Pen, order: WrittenOrder) -> Element | None:
    total = order.stated_total
    if total is None:
        return None
    tax = Decimal("0.20") if pen.sending.customer.country == "FR" else Decimal("0.19")
    taxed = pen.voice % 3 == 1
    taxes = (total * tax).quantize(Decimal("0.01"), "ROUND_HALF_UP") if taxed else Decimal(0)
    currency = {"currencyID": order.currency or pen.sending.customer.currency}
    return element(
        "ram:SpecifiedTradeSettlementHeaderMonetarySummation",
        pen.money("ram:LineTotalAmount", total), pen.money("ram:TaxBasisTotalAmount", total),
        element("ram:TaxTotalAmount", format(taxes, ".2f"), attributes=currency) if taxed else None,
        pen.money("ram:GrandTotalAmount", total + taxes),
    )  # fmt: skip


def _hybrid(sending: Envelope, order: WrittenOrder, *, resent: bool) -> bytes:
    """Returns the paper with the file in it; an instruction to the reader stands in one of the two."""
    on_paper = order.instruction is not None and sending.dice.chance(0.5)
    bare = replace(order, instruction=None)
    xml = order_xml(sending, bare if on_paper else order)
    return hybrid(sending, order if on_paper else bare, xml, FILE, resent=resent)


def write_orders(sending: Envelope, orders: Sequence[WrittenOrder], *, resent: bool = False) -> bytes:
    """Returns the order as this customer sends it; several of them as files of one mail."""
    sends = STYLES[sending.habit.layout.name].sends
    if sends == "file" and len(orders) == 1:
        return order_xml(sending, orders[0])
    if sends == "paper" and len(orders) == 1:
        return _hybrid(sending, orders[0], resent=resent)
    files = []
    for order in orders:
        name = f"order_{order.po_number.replace('/', '-')}"
        if sends == "file":
            files.append((f"{name}.xml", "application/xml", order_xml(sending, order)))
        else:
            files.append((f"{name}.pdf", "application/pdf", _hybrid(sending, order, resent=resent)))
    return wrap(sending, orders, files, resent=resent)


def write_change(sending: Envelope, change: Change) -> bytes:
    """Returns the change (type 230) or its cancellation (function 1), as this customer sends what it writes."""
    pen = Pen(sending)
    order = change.order
    number = element("ram:IssuerAssignedID", order.po_number)
    referred = element("ram:BuyerOrderReferencedDocument", number)
    lines = [pen.line(line, status=_STATUS[change.kind]) for line in order.lines]
    body = _transaction(pen, order, lines, referred=referred)
    purpose = "1" if change.kind == "cancel" else "4"
    xml = pen.document("230", order.po_number, body, day=order.order_date or sending.at.date(), purpose=purpose)
    if pen.style.sends == "file":
        return xml
    paper = embedded(change_bytes(sending, change), xml, FILE)
    if pen.style.sends == "paper":
        return paper
    return wrap_change(sending, change, [(f"{order.po_number.replace('/', '-')}.pdf", "application/pdf", paper)])


def write_other(sending: Envelope, kind: str, lines: Sequence[WrittenLine], reference: str) -> bytes:
    """Returns what is no order: ``question`` (a response, type 231) or ``delivery_note`` (a despatch advice)."""
    pen = Pen(sending)
    if pen.style.sends == "file":
        return _other_xml(pen, kind, lines, reference)
    named = pdf_other(sending, kind, lines, reference)
    return named[2] if pen.style.sends == "paper" else wrap_other(sending, kind, lines, reference, [named])


def _other_xml(pen: Pen, kind: str, lines: Sequence[WrittenLine], reference: str) -> bytes:
    today = pen.sending.at.date()
    number = element("ram:IssuerAssignedID", reference)
    bare = [replace(line, number=index + 1, price=None) for index, line in enumerate(lines)]
    referred = element("ram:BuyerOrderReferencedDocument", number)
    agreement = element("ram:ApplicableHeaderTradeAgreement", pen.seller(), pen.buyer(), referred)
    delivery = element("ram:ApplicableHeaderTradeDelivery")
    parts = [pen.line(line, status="5" if kind == "question" else None) for line in bare]
    body = element("rsm:SupplyChainTradeTransaction", parts, agreement, delivery)
    if kind == "question":
        return pen.document("231", f"R{pen.sending.serial:05}", body, day=today, purpose="29")
    return pen.document("351", f"L{pen.sending.serial:05}", body, day=today, message=_DESPATCH)


def break_orderx(sending: Envelope, dice: Dice, whole: bytes, order: WrittenOrder) -> bytes:
    """Returns the file damaged, or the paper so that nobody can read it as a whole and no file is left in it."""
    sends = STYLES[sending.habit.layout.name].sends
    if sends == "file":
        return break_xml(sending, dice, whole, order)
    paper = broken_pdf(dice, order, sending.habit, dice.one(_PAPER_BREAKS))
    if sends == "paper":
        return paper
    return wrap(sending, [order], [(f"{order.po_number.replace('/', '-')}.pdf", "application/pdf", paper)])
