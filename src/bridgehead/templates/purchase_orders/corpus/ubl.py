"""Writes UBL orders, changes and cancellations in seven senders' styles, three of them Peppol's.

OASIS UBL 2.1 (and 2.0) Order, OrderChange and OrderCancellation; Peppol BIS Ordering 3 and its forerunner of CEN BII;
the envelope is UN/CEFACT's Standard Business Document Header 1.3. Units are codes of UN/ECE Recommendation 20.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from bridgehead.templates.purchase_orders.corpus.letterbox import OUR_GLN, OUR_NAME, OUR_VAT, Change, Envelope
from bridgehead.templates.purchase_orders.corpus.mailed_files import one_or_mailed
from bridgehead.templates.purchase_orders.corpus.model import Address, WrittenLine, WrittenOrder, plain
from bridgehead.templates.purchase_orders.corpus.xml_tree import Comment, Dress, Element, element, maybe, write

_UBL: Final = "urn:oasis:names:specification:ubl:schema:xsd"
_SBDH: Final = "http://www.unece.org/cefact/namespaces/StandardBusinessDocumentHeader"
_XSI: Final = "http://www.w3.org/2001/XMLSchema-instance"
_BIS: Final = "urn:fdc:peppol.eu:poacc"
_BII: Final = "urn:www.cenbii.eu"

_VAT_SCHEMES: Final = {"DE": "9930", "NL": "9944", "SE": "9955", "BE": "9925", "IT": "9906", "PL": "9945", "GB": "9932",
                       "ES": "9920", "FR": "9957", "AT": "9914"}  # fmt: skip
"""Peppol's code list of participant identifier schemes, for VAT numbers by country."""
_TERMS: Final = {"en": "Net {n} days", "de": "{n} Tage netto", "fr": "{n} jours net", "es": "{n} días neto",
                 "it": "{n} giorni netto", "nl": "{n} dagen netto", "pl": "{n} dni netto",
                 "sv": "{n} dagar netto"}  # fmt: skip
_CANCELLED: Final = {"en": "Cancelled", "de": "Storniert", "fr": "Annulé", "es": "Anulado", "it": "Annullato",
                     "nl": "Geannuleerd", "pl": "Anulowano", "sv": "Makulerad"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Style:
    """How a sender's program writes. ``rules`` are those of bis, bii or plain UBL."""

    rules: str = "ubl"
    version: str = "2.1"
    prefixes: tuple[str, str, str] = ("", "cac", "cbc")
    indent: str = "  "
    newline: str = "\n"
    encoding: str = "utf-8"
    declaration: bool = True
    standalone: bool = False
    everywhere: bool = False
    single: bool = False
    header: bool = False
    old_schemes: bool = False
    located: bool = False


STYLES: Final[dict[str, Style]] = {
    "peppol": Style("bis", ""),
    "peppol_sbdh": Style("bis", "2.1", header=True, indent="    "),
    "erp_21": Style(prefixes=("ns0", "ns1", "ns2"), standalone=True, located=True),
    "redeclared": Style(everywhere=True, newline="\r\n"),
    "bii_20": Style("bii", prefixes=("", "a", "b"), old_schemes=True, indent="\t"),
    "latin_20": Style(version="2.0", prefixes=("ord", "cac", "cbc"), encoding="latin-1", old_schemes=True, single=True),
    "one_line": Style("bis", "", indent="", declaration=False),
}


class Pen:
    """Writes the elements of one sending; methods are named for what they write."""

    def __init__(self, sending: Envelope) -> None:
        self.sending = sending
        self.style = STYLES[sending.habit.layout.name]
        self.voice = sending.habit.voice
        self.currency = sending.customer.currency

    def money(self, name: str, amount: Decimal) -> Element:
        """Returns an amount of money with its currency."""
        shown = plain(amount) if self.voice % 3 == 1 else format(amount, ".2f")
        exact = shown if Decimal(shown) == amount else plain(amount)
        return element(name, exact, attributes={"currencyID": self.currency})

    def quantity(self, name: str, amount: Decimal, unit: str) -> Element:
        """Returns a quantity with its unit."""
        listed = {"unitCodeListID": "UNECERec20"} if self.style.old_schemes and self.voice % 2 else {}
        shown = (
            format(amount, ".2f")
            if self.voice % 4 == 2 and amount == amount.quantize(Decimal("0.01"))
            else plain(amount)
        )
        return element(name, shown, attributes={"unitCode": unit, **listed})

    def gln(self, name: str, gln: str) -> Element:
        """Returns a GLN under the scheme that this sender knows it by."""
        old = {"schemeID": "GLN", "schemeAgencyID": "9"}
        return element(name, gln, attributes=old if self.style.old_schemes else {"schemeID": "0088"})

    def endpoint(self) -> Element:
        """Returns the buyer's electronic address: GLN, DUNS or VAT number."""
        customer = self.sending.customer
        if customer.gln and (self.voice % 3 or not customer.vat):
            return self.gln("cbc:EndpointID", customer.gln)
        if customer.duns and self.voice % 2:
            return element("cbc:EndpointID", customer.duns, attributes={"schemeID": "0060"})
        scheme = "VAT" if self.style.old_schemes else _VAT_SCHEMES.get(customer.country, "9930")
        return element("cbc:EndpointID", customer.vat or customer.number, attributes={"schemeID": scheme})

    def identified(self) -> list[Element]:
        """Returns how the buyer is identified besides its name."""
        customer, found = self.sending.customer, []
        if customer.gln and self.voice % 2:
            found.append(element("cac:PartyIdentification", self.gln("cbc:ID", customer.gln)))
        elif customer.duns:
            duns = {"schemeID": "DUNS" if self.style.old_schemes else "0060"}
            found.append(element("cac:PartyIdentification", element("cbc:ID", customer.duns, attributes=duns)))
        return found

    def address(self, name: str, place: Address) -> Element:
        """Returns a postal address."""
        street = place.street
        more = None
        if self.voice % 5 == 2 and ", " in street:
            street, more = street.split(", ", 1)
        return element(
            name,
            maybe("cbc:StreetName", street), maybe("cbc:AdditionalStreetName", more), maybe("cbc:CityName", place.city),
            maybe("cbc:PostalZone", place.postal_code), maybe("cbc:CountrySubentity", place.region),
            element("cac:Country", element("cbc:IdentificationCode", place.country)),
        )  # fmt: skip

    def buyer(self) -> Element:
        """Returns BuyerCustomerParty."""
        customer = self.sending.customer
        known = self.style.rules == "ubl" and (self.voice % 2 == 0 or not customer.gln)
        reached = element(
            "cac:Contact",
            maybe("cbc:Telephone", customer.phone if self.voice % 2 else None),
            element("cbc:ElectronicMail", customer.emails[0]),
        ) if self.voice % 3 == 0 else None  # fmt: skip
        return element(
            "cac:BuyerCustomerParty",
            maybe("cbc:SupplierAssignedAccountID", customer.number if known else None),
            element(
                "cac:Party",
                self.endpoint() if self.style.rules != "ubl" else None,
                self.identified(),
                element("cac:PartyName", element("cbc:Name", customer.name)),
                self.address("cac:PostalAddress", customer.bill_to) if self.voice % 2 else None,
                self._taxed(),
                element("cac:PartyLegalEntity", element("cbc:RegistrationName", customer.name))
                if self.style.rules == "bis" else None,
                reached,
            ),
        )  # fmt: skip

    def _taxed(self) -> Element | None:
        vat = self.sending.customer.vat
        if not vat or self.voice % 4 == 3:
            return None
        scheme = element("cac:TaxScheme", element("cbc:ID", "VAT"))
        return element("cac:PartyTaxScheme", element("cbc:CompanyID", vat), scheme)

    def seller(self) -> Element:
        """Returns SellerSupplierParty."""
        endpoint = self.gln("cbc:EndpointID", OUR_GLN) if self.voice % 2 else None
        if endpoint is None and self.style.rules != "ubl":
            endpoint = element("cbc:EndpointID", OUR_VAT, attributes={"schemeID": "9930"})
        named = element("cac:PartyName", element("cbc:Name", OUR_NAME))
        legal = element("cac:PartyLegalEntity", element("cbc:RegistrationName", OUR_NAME))
        party = element("cac:Party", endpoint, named, legal if self.style.rules == "bis" else None)
        return element("cac:SellerSupplierParty", party)

    def period(self, day: date) -> Element:
        """Returns the period in which delivery is wished, which is one day."""
        text = day.isoformat() + ("+01:00" if self.style.rules == "ubl" and self.voice % 7 == 3 else "")
        start = element("cbc:StartDate", text) if self.voice % 3 else None
        return element("cac:RequestedDeliveryPeriod", start, element("cbc:EndDate", text))

    def document(self, kind: str, *content: Element | Comment | Sequence[Element | Comment] | None) -> bytes:
        """Returns the document of this kind (Order, OrderChange, ...), in its envelope where the sender has one."""
        style = self.style
        root, parts, basics = style.prefixes
        spaces = {"doc": f"{_UBL}:{kind}-2", "cac": f"{_UBL}:CommonAggregateComponents-2",
                  "cbc": f"{_UBL}:CommonBasicComponents-2"}  # fmt: skip
        more = {}
        if style.located:
            more = {"xmlns:xsi": _XSI, "xsi:schemaLocation": f"{_UBL}:{kind}-2 UBL-{kind}-2.1.xsd"}
        top = element(f"doc:{kind}", *content, attributes={})
        if style.header:
            top = self._enveloped(kind, top, spaces)
            spaces, more = {"sbd": _SBDH}, {}
        return write(
            top,
            Dress(
                spaces, {"doc": root, "cac": parts, "cbc": basics, "sbd": ""},
                indent=style.indent, newline=style.newline, encoding=style.encoding,
                declaration=style.declaration, standalone=style.standalone,
                everywhere=style.everywhere, single=style.single, more=more,
            ),
        )  # fmt: skip

    def _enveloped(self, kind: str, inner: Element, spaces: dict[str, str]) -> Element:
        """Returns the Standard Business Document around an order, which declares its own namespaces."""
        customer, at = self.sending.customer, self.sending.at
        root, parts, basics = self.style.prefixes
        keys = {"doc": root, "cac": parts, "cbc": basics}
        declared = {f"xmlns:{keys[name]}" if keys[name] else "xmlns": uri for name, uri in spaces.items()}
        iso = {"Authority": "iso6523-actorid-upis"}
        sender = (
            f"0088:{customer.gln}" if customer.gln else f"{_VAT_SCHEMES.get(customer.country, '9930')}:{customer.vat}"
        )
        scopes = [
            element("sbd:Scope", element("sbd:Type", name), element("sbd:InstanceIdentifier", text))
            for name, text in (
                ("DOCUMENTID", f"{spaces['doc']}::{kind}##{_BIS}:trns:order:3::2.1"),
                ("PROCESSID", f"{_BIS}:bis:ordering:3"),
            )
        ]
        header = element(
            "sbd:StandardBusinessDocumentHeader",
            element("sbd:HeaderVersion", "1.0"),
            element("sbd:Sender", element("sbd:Identifier", sender, attributes=iso)),
            element("sbd:Receiver", element("sbd:Identifier", f"0088:{OUR_GLN}", attributes=iso)),
            element(
                "sbd:DocumentIdentification",
                element("sbd:Standard", spaces["doc"]), element("sbd:TypeVersion", "2.1"),
                element("sbd:InstanceIdentifier", f"{self.sending.serial:08x}-{customer.number}"),
                element("sbd:Type", kind), element("sbd:CreationDateAndTime", at.strftime("%Y-%m-%dT%H:%M:%SZ")),
            ),
            element("sbd:BusinessScope", scopes),
        )  # fmt: skip
        return element("sbd:StandardBusinessDocument", header, Element(inner.name, inner.content, declared))

    def opening(self, transaction: str, number: str, day: date) -> list[Element]:
        """Returns what every document begins with, to its date."""
        style = self.style
        custom = profile = None
        if style.rules == "bis":
            custom, profile = (
                f"{_BIS}:trns:{transaction}:3",
                f"{_BIS}:bis:{'order_only' if self.voice % 4 == 1 else 'ordering'}:3",
            )
        elif style.rules == "bii":
            custom = f"{_BII}:transaction:biitrns001:ver2.0:extended:urn:www.peppol.eu:bis:peppol3a:ver2.0"
            profile = f"{_BII}:profile:bii03:ver2.0"
        found = [
            maybe("cbc:UBLVersionID", style.version), maybe("cbc:CustomizationID", custom),
            maybe("cbc:ProfileID", profile), element("cbc:ID", number),
            maybe("cbc:CopyIndicator", "false" if style.version == "2.0" else None),
            element("cbc:IssueDate", day.isoformat()),
        ]  # fmt: skip
        return [part for part in found if part is not None]

    def items(self, line: WrittenLine) -> Element:
        """Returns Item: description and the numbers of buyer, seller and GS1."""
        named = [maybe("cbc:Name", line.description)]
        if line.description and self.style.rules == "ubl" and self.voice % 2:
            named = [element("cbc:Description", line.description), *named]
        gtin = {"schemeID": "GTIN", "schemeAgencyID": "9"} if self.style.old_schemes else {"schemeID": "0160"}
        ids: tuple[tuple[str, str | None, dict[str, str]], ...] = (
            ("Buyers", line.theirs, {}), ("Sellers", line.ours, {}), ("Standard", line.gtin, gtin),
        )  # fmt: skip
        return element(
            "cac:Item",
            [part for part in named if part is not None],
            [
                element(f"cac:{kind}ItemIdentification", element("cbc:ID", text, attributes=scheme))
                for kind, text, scheme in ids
                if text
            ],
        )

    def price(self, line: WrittenLine) -> Element | None:
        """Returns Price: net, by some senders with the discount that led to it."""
        if line.price is None:
            return None
        based = line.basis != 1 or self.voice % 4 == 1
        per = self.quantity("cbc:BaseQuantity", line.basis, line.unit) if based else None
        cut = None
        if self.voice % 6 == 1:
            gross = line.price / Decimal("0.75")
            if gross == gross.quantize(Decimal("0.000001")):
                cut = element(
                    "cac:AllowanceCharge",
                    element("cbc:ChargeIndicator", "false"),
                    self.money("cbc:Amount", gross - line.price), self.money("cbc:BaseAmount", gross),
                )  # fmt: skip
        return element("cac:Price", self.money("cbc:PriceAmount", line.price), per, cut)

    def line(self, line: WrittenLine, *, status: str | None = None) -> Element:
        """Returns OrderLine."""
        number = f"{line.number:04}" if self.voice % 9 == 2 else str(line.number)
        due = None
        if line.requested_date:
            due = element("cac:Delivery", self.period(line.requested_date))
        return element(
            "cac:OrderLine",
            element(
                "cac:LineItem",
                element("cbc:ID", number), maybe("cbc:LineStatusCode", status),
                self.quantity("cbc:Quantity", line.quantity, line.unit),
                self.money("cbc:LineExtensionAmount", line.amount) if line.amount is not None else None,
                due, self.price(line), self.items(line),
            ),
        )  # fmt: skip


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
