"""The parts of UBL documents, as the programs of seven senders write them: parties, places, amounts, lines.

OASIS UBL 2.1 and 2.0; Peppol BIS 3 and CEN BII where a style follows them; the envelope is UN/CEFACT's Standard
Business Document Header 1.3. Units are codes of UN/ECE Recommendation 20.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from bridgehead.templates.purchase_orders.corpus.letterbox import OUR_GLN, OUR_NAME, OUR_VAT, Envelope
from bridgehead.templates.purchase_orders.corpus.model import Address, WrittenLine, plain
from bridgehead.templates.purchase_orders.corpus.xml_tree import Comment, Dress, Element, element, maybe, write

_UBL: Final = "urn:oasis:names:specification:ubl:schema:xsd"
_SBDH: Final = "http://www.unece.org/cefact/namespaces/StandardBusinessDocumentHeader"
_XSI: Final = "http://www.w3.org/2001/XMLSchema-instance"
_BIS: Final = "urn:fdc:peppol.eu:poacc"
_BII: Final = "urn:www.cenbii.eu"

_VAT_SCHEMES: Final = {"DE": "9930", "NL": "9944", "SE": "9955", "BE": "9925", "IT": "9906", "PL": "9945", "GB": "9932",
                       "ES": "9920", "FR": "9957", "AT": "9914"}  # fmt: skip
"""Peppol's code list of participant identifier schemes, for VAT numbers by country."""


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
