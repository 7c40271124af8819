"""Reads cXML OrderRequests: new orders, updates and deletions; other cXML documents are named.

Source: cXML User's Guide and DTD, version 1.2. Shared secrets, signatures and card numbers are never taken.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from bridgehead.documents.draft import DraftLine, DraftParty
from bridgehead.documents.order import Charge, Order, Purpose
from bridgehead.documents.outcome import Hints, NotAnOrder, Orders, Reading, Refusal
from bridgehead.documents.terms import INCOTERMS, country_of
from bridgehead.documents.xml.cxml_line import CxmlLines, modifications
from bridgehead.documents.xml.kinds import CXML
from bridgehead.documents.xml.tree import Document, Node

_PURPOSES: Final[dict[str, Purpose]] = {"": "original", "new": "original", "update": "change", "delete": "cancel"}
_CONTAINERS: Final = ("Request", "Message", "Response")
_SECRET: Final = frozenset({"SharedSecret", "DigitalSignature", "CredentialMac", "PCard", "PaymentReference"})
_HARMLESS: Final = frozenset(
    {
        "State", "Municipal", "CountryCode", "AreaOrCityCode", "Extension", "URL", "ShortName", "TaxDetail",
        "UserAgent", "OriginalDocument", "Fax", "LeadTime", "SupplierPartAuxiliaryID", "Distribution", "Batch",
    }
    | _SECRET
)  # fmt: skip
_HEAD_ATTRIBUTES: Final = frozenset(
    {
        "orderID", "orderDate", "orderType", "type", "orderVersion", "agreementID", "agreementPayloadID",
        "parentAgreementPayloadID", "requisitionID", "requestedDeliveryDate", "releaseRequired", "effectiveDate",
        "expirationDate", "shipComplete", "isInternalVersion", "pickUpDate", "lang", "isPriceMaskingEnabled",
    }
)  # fmt: skip
_MOST_ORDERS: Final = 20
"""The whole document is watched for each of its orders."""
_BUYERS: Final = ("soldto", "buyercorporate", "buyer", "buyeraccount", "purchasingagent", "purchaser", "requester")


def read_cxml(root: Node, document: Document, part: str, hints: Hints) -> Reading:
    """Reads every OrderRequest of a cXML document, or names what it holds. Raises Refusal."""
    found = [
        (box, one)
        for name in _CONTAINERS
        for box in root.all(name)
        for one in box.children
        if one.name not in {"Status", "Extrinsic"}
    ]
    many = sum(1 for _, one in found if one.name == "OrderRequest")
    if many > _MOST_ORDERS:
        said = f"The cXML document holds {many} requests; {_MOST_ORDERS} are read at most."
        raise Refusal("xml.too_large", said, f"{part}, line {root.line}")
    orders = [
        _CxmlOrder(one, root, box, document, part, hints).read() for box, one in found if one.name == "OrderRequest"
    ]
    if orders:
        return Orders(tuple(orders))
    if not found:
        if root.child("Response") is not None:
            return NotAnOrder("acknowledgement", "cXML Response: the status of a request.")
        raise Refusal("xml.empty", "The cXML document holds no request and no message.", f"{part}, line {root.line}")
    name = found[0][1].name[:60]
    kind, what = CXML.get(name, ("other", "a document that is no order"))
    return NotAnOrder(kind, f"cXML {name}: {what}.")


class _CxmlOrder(CxmlLines):
    """Reads one OrderRequest; its envelope gives the parties' identities."""

    secret = _SECRET | {"Header"}

    def __init__(self, order: Node, root: Node, box: Node, document: Document, part: str, hints: Hints) -> None:
        super().__init__(root, document, part, hints)
        self.draft.message = order.name
        self.order = order
        self.box = box

    def read(self) -> Order:
        """The order; raises Refusal where its number, its lines or a quantity are missing or no values."""
        order, draft = self.order, self.draft
        head = order.child("OrderRequestHeader")
        if head is None:
            raise self.missing("OrderRequestHeader", order)
        self.head = head
        self.blanket = head.attributes.get("orderType", "").lower() == "blanket"
        self.identify_order(head, "OrderRequestHeader/@orderID", head.attributes.get("orderID", ""), "orderID")
        purpose = self._type()
        self._days()
        self._references()
        self._identities()
        self._parties()
        self._terms()
        for node in head.all("Comments"):
            self.comments(node, None)
        self.extrinsics(head, None)
        for node in order.all("ItemOut"):
            self.line(node)
        self._line_places()
        self._totals()
        if self.box.attributes.get("deploymentMode", "").lower() == "test":
            draft.warn("uncertain", f"the request is a test (deploymentMode, line {self.box.line})")
        for node in self.root.children:
            if node is not self.box:
                node.skip()
        for node in self.box.children:
            if node is not order:
                node.skip()
        return self.finish(purpose, _HARMLESS)

    # Header

    def _type(self) -> Purpose:
        head, draft = self.head, self.draft
        written = head.attributes.get("type", "").lower()
        if written not in _PURPOSES:
            raise Refusal("xml.value", f"The order's type {written[:20]!r} is none of cXML.", self.where(head))
        kind = head.attributes.get("orderType", "").lower()
        if kind not in {"", "regular", "release", "blanket"}:
            draft.warn("uncertain", f"orderType {kind[:20]!r} is no ordinary kind of order ({self.where(head)})")
        for name in sorted(head.attributes.keys() - _HEAD_ATTRIBUTES):
            draft.warn("ignored", f"OrderRequestHeader/@{name[:40]} {head.attributes[name][:60]!r}")
        if head.attributes.get("isInternalVersion", "").lower() == "yes":
            draft.warn("uncertain", "the order says that it is an internal version of the buyer")
        if head.attributes.get("shipComplete", "").lower() == "yes":
            self.fact("ship complete", "yes", head)
        version = head.attributes.get("orderVersion", "").strip()
        if version:
            draft.release = version
            draft.mark("release", self.source(head, version, "orderVersion"))
        if _PURPOSES[written] == "original" and self.blanket:
            return "other"
        return _PURPOSES[written]

    def _days(self) -> None:
        head, draft = self.head, self.draft
        for attribute, field in (("orderDate", "order_date"), ("requestedDeliveryDate", "requested_date")):
            self.put_day(field, head, head.attributes.get(attribute, ""), attribute)
        for attribute, kind in (
            ("expirationDate", "valid_until"), ("effectiveDate", "other"), ("pickUpDate", "ship"),
        ):  # fmt: skip
            text = head.attributes.get(attribute, "")
            day = self.day(head, text)
            if day is not None:
                draft.date(kind, day, self.source(head, text, attribute))  # type: ignore[arg-type] # literals above
        for period in head.all("DeliveryPeriod"):
            for inner in period.all("Period"):
                end = inner.attributes.get("endDate", "")
                start = inner.attributes.get("startDate", "")
                for text, kind, name in ((start, "not_before", "startDate"), (end, "not_after", "endDate")):
                    day = self.day(inner, text)
                    if day is not None:
                        draft.date(kind, day, self.source(inner, text, name))  # type: ignore[arg-type] # literals above
                self.put_day("requested_date", inner, end or start, "endDate")

    def _references(self) -> None:
        head, draft = self.head, self.draft
        for attribute, kind in (
            ("agreementID", "blanket_order"), ("requisitionID", "requisition"),
        ):  # fmt: skip
            value = head.attributes.get(attribute, "").strip()
            draft.refer(kind, value, self.source(head, value, attribute))  # type: ignore[arg-type] # literals above
        for node in head.all("SupplierOrderInfo"):
            value = node.attributes.get("orderID", "").strip()
            draft.refer("supplier_order", value, self.source(node, value, "orderID"))
        for node in head.all("IdReference"):
            value = node.attributes.get("identifier", "").strip()
            if value:
                self.fact(node.attributes.get("domain", "reference"), value, node)

    def _identities(self) -> None:
        """Who sends and who receives, by the envelope; the buyer and the seller unless a party says more."""
        header = self.root.child("Header")
        if header is None:
            return
        for name, party in (("From", self.draft.buyer), ("To", self.draft.seller)):
            side = header.child(name)
            if side is None:
                continue
            for credential in side.all("Credential"):
                identity = credential.child("Identity")
                if identity is not None and identity.take():
                    self._identity(party, credential.attributes.get("domain", ""), identity, identity.take())
            self._correspondent(party, side.child("Correspondent"))

    def _identity(self, party: DraftParty, domain: str, node: Node, value: str) -> None:
        name = domain.strip().upper()
        if name in {"VENDORID", "CUSTOMERID", "BUYERID", "SYSTEMID", "BUYERACCOUNTID"}:
            party.put("number", value, self.source(node, value))
        elif name == "DUNS":
            party.put("duns", value, self.source(node, value))
        elif name in {"VAT", "VATID", "TAXID"}:
            party.put("vat", value, self.source(node, value))
        else:
            self.identify(party, domain.strip() or "identity", node, value)

    def _correspondent(self, party: DraftParty, node: Node | None) -> None:
        contact = None if node is None else node.child("Contact")
        if contact is not None:
            self._party(party, contact)

    def _parties(self) -> None:
        head, draft = self.head, self.draft
        self._party(draft.ship_to, head.find("ShipTo/Address"))
        self._party(draft.bill_to, head.find("BillTo/Address"))
        for name, party in (("ShipTo", draft.ship_to), ("BillTo", draft.bill_to)):
            for box in head.all(name):
                for node in box.all("IdReference"):
                    self._id_reference(party, node)
                self._carrier(box)
        others = [*head.all("BusinessPartner"), *head.all("Contact")]
        ranked = sorted(
            (one for one in others if one.attributes.get("role", "").lower() in _BUYERS),
            key=lambda one: _BUYERS.index(one.attributes.get("role", "").lower()),
        )
        for one in ranked:
            address = one.child("Address") or one
            if one.attributes.get("role", "").lower() == "soldto" or address.child("PostalAddress") is not None:
                self._party(draft.buyer, address)
            else:
                self._person(draft.buyer, one)
        for one in others:
            if one in ranked:
                continue
            role = one.attributes.get("role", "").lower()
            if role in {"supplier", "sales", "suppliercorporate", "supplieraccount"}:
                self._party(draft.seller, one.child("Address") or one)
            else:
                self.facts(role or "contact", one, "Name", "Address/Name")
            one.skip()
        billed = draft.bill_to.sources.get("name")
        if billed is not None and "name" not in draft.buyer.values:
            draft.buyer.put("name", draft.bill_to.values["name"], replace(billed, how="derived"))

    def _person(self, party: DraftParty, node: Node) -> None:
        self.put(party, "contact", node.child("Name"))
        self._reach(party, node)
        node.skip()

    def _reach(self, party: DraftParty, node: Node) -> None:
        mail = node.child("Email")
        if mail is not None:
            self.put(party, "email", mail, mail.take().lower())
        phone = node.find("Phone/TelephoneNumber")
        if phone is not None:
            country, area, number = (phone.value(name) for name in ("CountryCode", "AreaOrCityCode", "Number"))
            extension = phone.value("Extension")
            whole = " ".join(one for one in (f"+{country}" if country else "", area, number, extension) if one)
            if number:
                self.put(party, "phone", phone, whole)
        for one in (*node.all("Phone"), *node.all("Fax"), *node.all("Email"), *node.all("URL")):
            one.skip()

    def _party(self, party: DraftParty, node: Node | None) -> None:
        if node is None:
            return
        number = node.attributes.get("addressID", "").strip()
        if number:
            domain = node.attributes.get("addressIDDomain", "")
            if domain.upper() in {"GLN", "DUNS", "0088", "0060"}:
                self.identify(party, domain, node, number)
            else:
                party.put("number", number, self.source(node, number, "addressID"))
        self.put(party, "name", node.child("Name"))
        for one in node.all("IdReference"):
            self._id_reference(party, one)
        postal = node.child("PostalAddress")
        if postal is not None:
            self._address(party, postal, node)
        self._reach(party, node)
        for one in node.all("Extrinsic"):
            self.fact(one.attributes.get("name", "extrinsic")[:60], one.take(), one)

    def _address(self, party: DraftParty, node: Node, outer: Node) -> None:
        receivers = [one.take() for one in node.all("DeliverTo") if one.take()]
        first = node.child("DeliverTo")
        if receivers and first is not None:
            self.put(party, "contact", first, ", ".join(receivers))
        streets = [one.take() for one in node.all("Street") if one.take()]
        street = node.child("Street")
        if streets and street is not None:
            self.put(party, "street", street, ", ".join(streets))
        self.put(party, "city", node.child("City"))
        self.put(party, "region", node.child("State"))
        self.put(party, "postal_code", node.child("PostalCode"))
        country = node.child("Country")
        code = outer.attributes.get("isoCountryCode", "")
        if country is not None:
            code = country.attributes.get("isoCountryCode", "") or code or country_of(country.take()) or country.take()
            country.seen = True
        party.put("country", code.strip().upper(), self.source(country or outer, code))
        for one in node.all("Extrinsic"):
            self.fact(one.attributes.get("name", "extrinsic")[:60], one.take(), one)

    def _id_reference(self, party: DraftParty, node: Node) -> None:
        value = node.attributes.get("identifier", "").strip()
        if value:
            self._identity(party, node.attributes.get("domain", "") or "reference", node, value)
        node.skip()

    def _carrier(self, node: Node) -> None:
        for path, label in (
            ("CarrierIdentifier", "carrier"),
            ("TransportInformation/Route", "route"),
            ("TransportInformation/ShippingContractNumber", "shipping contract"),
            ("TransportInformation/ShippingInstructions/Description", "shipping instructions"),
        ):
            found = node.find(path)
            if found is not None:
                self.fact(label, found.take() or found.attributes.get("method", ""), found)

    def _terms(self) -> None:
        head, draft = self.head, self.draft
        term = head.child("PaymentTerm")
        if term is not None:
            self._payment_term(head.all("PaymentTerm"))
        delivery = head.child("TermsOfDelivery")
        if delivery is not None:
            transport = delivery.child("TransportTerms")
            words = "" if transport is None else transport.attributes.get("value", "")
            text = "" if transport is None else transport.take()
            code = next((one for one in (words.upper(), text.upper()[:3]) if one in INCOTERMS), "")
            if code and transport is not None:
                draft.incoterms = code
                draft.mark("incoterms", self.source(transport, words or text))
            for node in delivery.children:
                value = node.take() or node.attributes.get("value", "")
                if node.name == "Comments":
                    self.note(node)
                elif value and value.upper() != code:
                    self.fact(f"delivery: {node.name}", value, node)
                node.skip()
        for path in ("Payment", "ShipNoticeReleaseInfo"):
            for node in head.all(path):
                if node.child("PCard") is not None:
                    self.fact("payment", "a purchasing card", node)
                node.skip()

    def _payment_term(self, terms: list[Node]) -> None:
        """Days net and a discount, written as other readers write them (``2/10 N30``)."""
        net, discount = "", ""
        for node in terms:
            days = node.attributes.get("payInNumberOfDays", "").strip()
            percent = node.find("Discount/DiscountPercent")
            rate = "" if percent is None else percent.attributes.get("percent", "")
            if days.isascii() and days.isdigit() and len(days) < 5:
                if rate.strip("0. "):
                    discount = f"{rate}/{int(days)} "
                else:
                    net = f"N{int(days)}"
            for one in node.all("Extrinsic"):
                self.fact(one.attributes.get("name", "terms of payment"), one.take(), one)
            node.skip()
        if net or discount:
            self.draft.payment_terms = f"{discount}{net}".strip()
            self.draft.mark("payment_terms", self.source(terms[0], self.draft.payment_terms))

    def _line_places(self) -> None:
        found: list[tuple[DraftLine, DraftParty]] = []
        for line, node in zip(self.draft.lines, self.order.all("ItemOut"), strict=True):
            address = node.find("ShipTo/Address")
            if address is not None:
                party = DraftParty()
                self._party(party, address)
                found.append((line, party))
        self.settle_places(found)

    # Totals

    def _totals(self) -> None:
        head, draft = self.head, self.draft
        total = head.find("Total/Money")
        if total is not None:
            self.put_currency(total, total.attributes.get("currency", ""), "currency")
            value = self.number(total)
            if value is not None:
                draft.stated_total = value
                draft.mark("stated_total", self.source(total))
                draft.state("net_total", value, self.where(total))
        for box in head.all("Total"):
            for one in box.all("Modifications"):
                for kind, amount, rate, reason in modifications(self, one):
                    draft.charges.append(
                        Charge(
                            kind == "AdditionalDeduction", None if amount is None else abs(amount), rate, reason=reason
                        )
                    )
                    draft.mark(f"charges[{len(draft.charges) - 1}]", self.source(one))
                one.skip()
        shipping = head.child("Shipping")
        amount = None if shipping is None else self.number(shipping.child("Money"))
        if shipping is not None and amount:
            draft.charges.append(
                Charge(allowance=False, amount=abs(amount), reason=shipping.value("Description") or "shipping")
            )
            draft.mark(f"charges[{len(draft.charges) - 1}]", self.source(shipping.child("Money") or shipping))
        tax = head.child("Tax")
        if tax is not None:
            self.state("tax_total", tax.child("Money"))
            tax.skip()
        for node in head.all("Shipping"):
            node.skip()
