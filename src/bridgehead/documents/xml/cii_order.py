"""Reads orders in the cross-industry structure of UN/CEFACT: Order-X and CrossIndustryOrder.

Source: Order-X 1.0 (FNFE-MPE and FeRD), profiles BASIC, COMFORT and EXTENDED; UN/CEFACT SCRDM D20B. Codes of
documents are UN/EDIFACT 1001, of their purpose 1225, of dates 2379.
"""

from __future__ import annotations

from datetime import date
from typing import Final

from bridgehead.documents.draft import DraftLine, DraftParty
from bridgehead.documents.order import Charge, Order, Purpose, ReferenceKind
from bridgehead.documents.outcome import Hints, NotAnOrder, Orders, Reading
from bridgehead.documents.terms import INCOTERMS, payment_terms_of
from bridgehead.documents.xml.fields import Fields, charge
from bridgehead.documents.xml.tree import Document, Node

CII_ORDERS: Final = frozenset({"SCRDMCCBDACIOMessageStructure", "CrossIndustryOrder"})
CII_CHANGES: Final = frozenset({"CrossIndustryOrderChange"})
_ORDERS: Final = frozenset({"", "220", "105", "226", "402"})
_BLANKET: Final = frozenset({"221", "258"})
_RESPONSES: Final = frozenset({"231", "320"})
_REFERENCES: Final[tuple[tuple[str, ReferenceKind], ...]] = (
    ("SellerOrderReferencedDocument", "supplier_order"),
    ("QuotationReferencedDocument", "quotation"),
    ("ContractReferencedDocument", "contract"),
    ("RequisitionReferencedDocument", "requisition"),
    ("CatalogueReferencedDocument", "other"),
    ("BlanketOrderReferencedDocument", "blanket_order"),
    ("PreviousOrderReferencedDocument", "previous_order"),
    ("PreviousOrderChangeReferencedDocument", "previous_order"),
    ("PreviousOrderResponseReferencedDocument", "other"),
    ("UltimateCustomerOrderReferencedDocument", "end_customer_order"),
)
_HARMLESS: Final = frozenset(
    {
        "ExchangedDocumentContext", "ApplicableTradeTax", "CategoryTradeTax", "SpecifiedTaxRegistration",
        "LanguageID", "Name", "CopyIndicator", "RequestedResponseTypeCode", "CountrySubDivisionName", "TypeCode",
        "ShipFromTradeParty", "BuyerRequisitionerTradeParty", "FunctionCode", "DepartmentName",
        "FaxUniversalCommunication",
        "TradingBusinessName", "GrossPriceProductTradePrice", "OriginTradeCountry", "BrandName", "ModelName",
        "ApplicableSupplyChainPackaging", "BuyerOrderReferencedDocument", "ReferenceTypeCode", "IssueDateTime",
        "BuyerAgentTradeParty", "SellerAgentTradeParty", "SubjectCode", "ContentCode", "CompleteNumber",
    }
)  # fmt: skip


def read_cii(root: Node, document: Document, part: str, hints: Hints) -> Reading:
    """Reads the order, or says that it is a response. Raises Refusal."""
    kind = root.value("ExchangedDocument/TypeCode")
    if kind in _RESPONSES:
        return NotAnOrder("order_response", f"Order-X type {kind}: an order response.")
    if kind in {"380", "381", "384", "389"}:
        return NotAnOrder("invoice", f"Cross-industry document of type {kind}: an invoice.")
    if kind == "310":
        return NotAnOrder("quotation", "Cross-industry document of type 310: a quotation.")
    return Orders((_CiiOrder(root, document, part, hints).read(),))


class _CiiOrder(Fields):
    """Reads one order or change of an order."""

    format = "orderx"
    family = ("urn:un:unece:uncefact:",)

    def read(self) -> Order:
        """The order; raises Refusal where its number, its lines or a quantity are missing or no values."""
        root, draft = self.root, self.draft
        self.places: list[tuple[DraftLine, DraftParty]] = []
        head = root.child("ExchangedDocument")
        deal = root.child("SupplyChainTradeTransaction")
        if head is None:
            raise self.missing("ExchangedDocument")
        if deal is None:
            raise self.missing("SupplyChainTradeTransaction")
        self.agreement = deal.child("ApplicableHeaderTradeAgreement") or deal
        self.delivery = deal.child("ApplicableHeaderTradeDelivery") or deal
        self.settlement = deal.child("ApplicableHeaderTradeSettlement") or deal
        purpose = self._head(head)
        self.put_currency(self.settlement.child("OrderCurrencyCode"))
        for name in ("TaxCurrencyCode", "InvoiceCurrencyCode"):
            self.put_currency(self.settlement.child(name))
        self._references()
        for name, party in (("BuyerTradeParty", draft.buyer), ("SellerTradeParty", draft.seller)):
            self._party(party, self.agreement.child(name))
        self._party(draft.ship_to, self.delivery.child("ShipToTradeParty"))
        self._party(draft.bill_to, self.settlement.child("InvoiceeTradeParty"))
        for name in ("UltimateShipToTradeParty", "ProductEndUserTradeParty", "PayerTradeParty"):
            for box in (self.agreement, self.delivery, self.settlement):
                other = box.find(f"{name}/Name")
                if other is not None and other.take():
                    self.fact(name.removesuffix("TradeParty"), other.take(), other)
                    box.child(name).skip()  # type: ignore[union-attr] # its name was found
        self._days()
        self._terms()
        for node in self.settlement.all("SpecifiedTradeAllowanceCharge"):
            draft.charges.append(self._charge(node))
            draft.mark(f"charges[{len(draft.charges) - 1}]", self.source(node))
        for node in self.settlement.all("SpecifiedLogisticsServiceCharge"):
            amount = self.number(node.child("AppliedAmount"))
            if amount is not None:
                draft.charges.append(Charge(allowance=False, amount=amount, reason=node.value("Description") or None))
                draft.mark(f"charges[{len(draft.charges) - 1}]", self.source(node))
            node.skip()
        for node in deal.all("IncludedSupplyChainTradeLineItem"):
            self._line(node)
        self.settle_places(self.places)
        self._totals()
        return self.finish(purpose, _HARMLESS)

    def _head(self, head: Node) -> Purpose:
        draft = self.draft
        kind, function = head.value("TypeCode"), head.value("PurposeCode")
        change = kind == "230" or function in {"4", "5", "1", "3"} or self.root.name in CII_CHANGES
        own, ordered = head.child("ID"), self.agreement.find("BuyerOrderReferencedDocument/IssuerAssignedID")
        named = change and ordered is not None and bool(ordered.take())
        self.identify_order(ordered if named else own, "ExchangedDocument/ID")
        if named and own is not None and own.take() and own.take() != draft.po_number:
            draft.refer("other", own.take(), self.source(own))
            draft.release = own.take()
            draft.mark("release", self.source(own))
        issued = head.find("IssueDateTime/DateTimeString")
        if (day := self._day(issued)) is not None and issued is not None:
            draft.order_date = day
            draft.mark("order_date", self.source(issued))
        for note in head.all("IncludedNote"):
            for text in note.all("Content"):
                self.note(text)
        for period in head.all("EffectiveSpecifiedPeriod"):
            end = period.find("EndDateTime/DateTimeString")
            if (day := self._day(end)) is not None and end is not None:
                draft.date("valid_until", day, self.source(end))
            period.skip()
        self._doubts(function)
        if function in {"1", "3"}:
            return "cancel"
        if change:
            return "change"
        if kind in _BLANKET:
            return "other"
        if kind not in _ORDERS:
            draft.warn("uncertain", f"TypeCode {kind[:10]!r} is no ordinary kind of order")
        return "original"

    def _doubts(self, function: str) -> None:
        draft = self.draft
        for path, words in (("ExchangedDocumentContext/TestIndicator/Indicator", "the order is a test"),
                            ("ExchangedDocument/CopyIndicator/Indicator", "the order is a copy")):  # fmt: skip
            node = self.root.find(path)
            if node is not None and node.take().lower() in {"true", "1"}:
                draft.warn("uncertain", f"{words} ({self.where(node)})")
        if function in {"7", "31"}:
            draft.warn("uncertain", f"PurposeCode {function}: the order is a copy or a duplicate")
        elif function not in {"", "9", "4", "5", "1", "3", "6", "13"}:
            draft.warn("uncertain", f"PurposeCode {function[:10]!r} is no ordinary purpose of an order")

    def _day(self, node: Node | None) -> date | None:
        """A day in format 102 (CCYYMMDD), 203 or 204 (with time), or as xs:dateTime."""
        if node is None:
            return None
        text = node.take()
        digits = text[:8]
        if digits.isascii() and digits.isdigit() and len(digits) == 8:
            return self.day(node, f"{digits[:4]}-{digits[4:6]}-{digits[6:]}")
        return self.day(node)

    def _references(self) -> None:
        for name, kind in _REFERENCES:
            for node in self.agreement.all(name):
                number = node.child("IssuerAssignedID")
                if number is not None and number.take():
                    self.draft.refer(kind, number.take(), self.source(number))
                node.skip()
        for node in self.agreement.all("AdditionalReferencedDocument"):
            self._document(node, None)
        for path in ("SpecifiedProcuringProject/ID", "BuyerReference"):
            stated = self.agreement.find(path)
            if stated is not None and stated.take():
                self.draft.refer("other" if path == "BuyerReference" else "project", stated.take(), self.source(stated))
        for node in self.settlement.all("ReceivableSpecifiedTradeAccountingAccount"):
            number = node.child("ID")
            if number is not None and number.take():
                self.draft.refer("account", number.take(), self.source(number))

    def _document(self, node: Node, line: DraftLine | None) -> None:
        number, name = node.child("IssuerAssignedID"), node.child("Name")
        if number is not None and number.take():
            if line is None:
                self.draft.refer("other", number.take(), self.source(number))
            else:
                self.line_fact(line, f"document: {number.take()}", number)
        if name is not None and line is None:
            self.fact("document", name.take(), name)
        embedded, address = node.child("AttachmentBinaryObject"), node.child("URIID")
        if embedded is not None:
            self.embedded(embedded, "" if number is None else number.take())
        elif address is not None and address.take():
            self.draft.warn("ignored", f"a document at an address outside ({self.where(address)})")
        node.skip()

    def _party(self, party: DraftParty, node: Node | None) -> None:
        if node is None:
            return
        self.put(party, "number", node.child("ID"))
        for one in node.all("ID")[1:]:
            self.identify(party, one.attributes.get("schemeID", "") or "id", one)
        for one in node.all("GlobalID"):
            self.identify(party, one.attributes.get("schemeID", "") or "global", one)
        self.put(party, "name", node.child("Name"))
        legal = node.child("SpecifiedLegalOrganization")
        if legal is not None:
            number = legal.child("ID")
            if number is not None and number.take():
                self.identify(party, number.attributes.get("schemeID", "") or "legal", number)
            self.put(party, "name", legal.child("TradingBusinessName"))
        for one in node.all("DefinedTradeContact"):
            self.put(party, "contact", one.child("PersonName"))
            self.put(party, "contact", one.child("DepartmentName"))
            self.put(party, "phone", one.find("TelephoneUniversalCommunication/CompleteNumber"))
            mail = one.find("EmailURIUniversalCommunication/URIID")
            if mail is not None:
                self.put(party, "email", mail, mail.take().lower())
            one.skip()
        self._address(party, node.child("PostalTradeAddress"))
        endpoint = node.find("URIUniversalCommunication/URIID")
        if endpoint is not None and endpoint.take():
            scheme = endpoint.attributes.get("schemeID", "")
            if scheme == "EM" or "@" in endpoint.take():
                self.put(party, "email", endpoint, endpoint.take().lower())
            else:
                self.identify(party, scheme or "endpoint", endpoint)
        for one in node.all("SpecifiedTaxRegistration"):
            number = one.child("ID")
            if number is not None and number.take():
                if number.attributes.get("schemeID", "VA") == "VA":
                    self.put(party, "vat", number)
                else:
                    party.identify(number.attributes["schemeID"], number.take(), self.source(number))
        for one in node.all("Description"):
            one.seen = True

    def _address(self, party: DraftParty, node: Node | None) -> None:
        if node is None:
            return
        lines = [node.value(name) for name in ("StreetName", "BuildingNumber", "LineOne", "LineTwo", "LineThree")]
        found = ", ".join(one for one in lines if one)
        if found:
            self.put(party, "street", node.child("LineOne") or node.child("StreetName") or node, found)
        self.put(party, "city", node.child("CityName"))
        self.put(party, "region", node.child("CountrySubDivisionName"))
        self.put(party, "postal_code", node.child("PostcodeCode"))
        country = node.child("CountryID")
        if country is not None:
            self.put(party, "country", country, country.take().upper())

    def _event(self, box: Node) -> tuple[date | None, date | None, Node | None]:
        """First and last day of a delivery asked for, and the node that states the last."""
        day = box.find("OccurrenceDateTime/DateTimeString")
        start = box.find("OccurrenceSpecifiedPeriod/StartDateTime/DateTimeString")
        end = box.find("OccurrenceSpecifiedPeriod/EndDateTime/DateTimeString")
        exact, first, last = self._day(day), self._day(start), self._day(end)
        node = day if exact is not None else end if last is not None else start
        return first, exact or last or first, node

    def _days(self) -> None:
        draft = self.draft
        for box in self.delivery.all("RequestedDeliverySupplyChainEvent"):
            first, last, node = self._event(box)
            if last is None or node is None:
                continue
            if draft.requested_date is None:
                draft.requested_date = last
                draft.mark("requested_date", self.source(node))
            elif draft.requested_date != last:
                draft.warn("uncertain", f"two dates of delivery: {draft.requested_date} and {last}")
            if first is not None and first != last:
                draft.date("not_before", first, self.source(node))
            box.skip()
        for box in self.delivery.all("RequestedDespatchSupplyChainEvent"):
            _, last, node = self._event(box)
            if last is not None and node is not None:
                draft.date("ship", last, self.source(node))
            box.skip()

    def _terms(self) -> None:
        draft = self.draft
        for node in self.agreement.all("ApplicableTradeDeliveryTerms"):
            code = node.child("DeliveryTypeCode")
            words = "" if code is None else code.take()
            if code is not None and words.upper() in INCOTERMS:
                draft.incoterms = words.upper()
                draft.mark("incoterms", self.source(code))
            elif code is not None:
                self.fact("delivery terms", words, code)
            self.facts("delivery terms", node, "Description", "RelevantTradeLocation/ID", "RelevantTradeLocation/Name")
        for node in self.settlement.all("SpecifiedTradePaymentTerms"):
            text = node.child("Description")
            if text is not None and text.take() and draft.payment_terms is None:
                draft.payment_terms = payment_terms_of(text.take())
                draft.mark("payment_terms", self.source(text))
        for node in self.settlement.all("SpecifiedTradeSettlementPaymentMeans"):
            for one in node.children:
                if one.take():
                    self.fact("means of payment", one.take(), one)
            node.skip()

    def _charge(self, node: Node) -> Charge:
        amount = self.number(node.child("ActualAmount"))
        found = charge(
            allowance=node.value("ChargeIndicator/Indicator").lower() not in {"true", "1"},
            amount=None if amount is None else abs(amount),
            percent=self.number(node.child("CalculationPercent")),
            base=self.number(node.child("BasisAmount")),
            code=node.value("ReasonCode"),
            reason=node.value("Reason"),
        )
        node.skip()
        return found

    # Lines

    def _line(self, node: Node) -> None:
        line = self.new_line(node)
        document = node.child("AssociatedDocumentLineDocument")
        if document is not None:
            self.put_number(line, document.child("LineID"))
            for note in document.all("IncludedNote"):
                for text in note.all("Content"):
                    self.line_note(line, text)
            status = document.child("LineStatusCode")
            if status is not None and status.take():
                self.line_fact(line, f"status: {status.take()}", status)
                if status.take() in {"2", "7"}:
                    self.draft.warn("uncertain", f"line {line.number} has the status {status.take()}")
        delivery = node.child("SpecifiedLineTradeDelivery") or node.child("SpecifiedSupplyChainTradeDelivery")
        quantity = None
        if delivery is not None:
            quantity = delivery.child("RequestedQuantity") or delivery.child("BilledQuantity")
        unit = "" if quantity is None else quantity.attributes.get("unitCode", "")
        self.put_quantity(line, quantity, unit)
        if line.quantity is None:
            raise self.missing(f"RequestedQuantity in line {line.number}", node)
        self._product(line, node.child("SpecifiedTradeProduct"))
        if line.part is None:
            self.draft.warn("uncertain", f"line {line.number} names no part number ({self.where(node)})")
        agreement = node.child("SpecifiedLineTradeAgreement")
        if agreement is not None:
            self._price(line, agreement)
        if delivery is not None:
            self._line_delivery(line, delivery)
        self._settle_line(line, node)

    def _settle_line(self, line: DraftLine, node: Node) -> None:
        settlement = node.child("SpecifiedLineTradeSettlement")
        if settlement is not None:
            self.put_amount(line, settlement.find("SpecifiedTradeSettlementLineMonetarySummation/LineTotalAmount"))
            for one in settlement.all("SpecifiedTradeAllowanceCharge"):
                line.charges.append(self._charge(one))
                line.mark(f"charges[{len(line.charges) - 1}]", self.source(one))
            self.line_facts(line, "account", settlement, "ReceivableSpecifiedTradeAccountingAccount/ID")
            for one in settlement.all("SpecifiedTradeSettlementLineMonetarySummation"):
                one.skip()

    def _product(self, line: DraftLine, node: Node | None) -> None:
        if node is None:
            return
        for one in node.all("GlobalID"):
            self.put_standard(line, one.attributes.get("schemeID", ""), one)
        self.put_part(line, "supplier_part", node.child("SellerAssignedID"))
        self.put_part(line, "customer_part", node.child("BuyerAssignedID"))
        for name in ("ManufacturerAssignedID", "IndustryAssignedID", "ModelID"):
            for one in node.all(name):
                if one.take():
                    self.put_item_number(line, name.removesuffix("AssignedID").lower(), one)
        names = [*node.all("Name"), *node.all("Description")]
        chosen = next((one for one in names if one.take()), None)
        if chosen is not None:
            line.description = chosen.take()
            line.mark("description", self.source(chosen))
        for one in node.all("Description"):
            if one.take() and one.take() != line.description:
                self.line_note(line, one, own_words=False)
        self._properties(line, node)

    def _properties(self, line: DraftLine, node: Node) -> None:
        for one in node.all("DesignatedProductClassification"):
            code = one.child("ClassCode")
            if code is not None and code.take():
                self.put_item_number(line, code.attributes.get("listID", "") or "class", code)
            one.skip()
        for one in node.all("ApplicableProductCharacteristic"):
            label = one.value("Description") or one.value("TypeCode")
            value = one.child("Value") or one.child("ValueMeasure")
            if value is not None and value.take():
                unit = value.attributes.get("unitCode", "")
                self.line_fact(line, f"{label or 'property'}: {value.take()} {unit}".strip(), value)
                self.watched.append((value.take(), f"line {line.number}, text"))
            one.skip()
        self.line_facts(line, "lot", node, "BatchID", "IndividualTradeProductInstance/BatchID")
        self.line_facts(line, "serial number", node, "IndividualTradeProductInstance/SerialID")
        for one in (*node.all("AdditionalReferenceReferencedDocument"), *node.all("IncludedReferencedProduct")):
            number = one.child("IssuerAssignedID") or one.child("SellerAssignedID") or one.child("Name")
            if number is not None and number.take():
                self.line_fact(line, f"{one.name}: {number.take()}", number)
            one.skip()

    def _price(self, line: DraftLine, node: Node) -> None:
        price = node.child("NetPriceProductTradePrice") or node.child("GrossPriceProductTradePrice")
        if price is not None:
            basis = price.child("BasisQuantity")
            self.put_price(line, price.child("ChargeAmount"), self.number(basis), basis)
            if basis is not None:
                self.compare_units(line, basis.attributes.get("unitCode", ""), basis)
            for name in ("MinimumQuantity", "MaximumQuantity"):
                found = price.child(name)
                if found is not None:
                    self.line_fact(line, f"price, {name}: {found.take()}", found)
            price.skip()
        for name, _ in (*_REFERENCES, ("BuyerOrderReferencedDocument", "")):
            for one in node.all(name):
                for inner in (one.child("IssuerAssignedID"), one.child("LineID")):
                    if inner is not None and inner.take():
                        self.line_fact(line, f"{name.removesuffix('ReferencedDocument')}: {inner.take()}", inner)
                one.skip()
        for one in node.all("AdditionalReferencedDocument"):
            self._document(one, line)

    def _line_delivery(self, line: DraftLine, node: Node) -> None:
        parts = []
        for box in node.all("RequestedDeliverySupplyChainEvent"):
            first, last, stated = self._event(box)
            quantity = box.child("UnitQuantity")
            parts.append((self.number(quantity), last, self.source(stated or box)))
            if first is not None and first != last and stated is not None:
                self.line_fact(line, f"delivery from {first} to {last}", stated)
            box.skip()
        self.put_deliveries(line, parts)
        for box in node.all("RequestedDespatchSupplyChainEvent"):
            _, last, stated = self._event(box)
            if last is not None and stated is not None:
                self.line_fact(line, f"ship: {last}", stated)
            box.skip()
        self.line_facts(line, "partial delivery", node, "PartialDeliveryAllowedIndicator/Indicator")
        self.line_facts(line, "packages", node, "PackageQuantity")
        self.line_facts(line, "per package", node, "PerPackageUnitQuantity")
        self.line_facts(line, "agreed quantity", node, "AgreedQuantity")
        party = node.child("ShipToTradeParty")
        if party is not None:
            own = DraftParty()
            self._party(own, party)
            self.places.append((line, own))

    # Totals

    def _totals(self) -> None:
        box = self.settlement.child("SpecifiedTradeSettlementHeaderMonetarySummation")
        if box is None:
            return
        draft = self.draft
        self.state("tax_total", box.child("TaxTotalAmount"))
        self.state("lines_total", box.child("LineTotalAmount"))
        for name, kind in (("ChargeTotalAmount", "charge_total"), ("AllowanceTotalAmount", "allowance_total")):
            total = box.child(name)
            value = self.state(kind, total)
            allowance = kind == "allowance_total"
            # Profile BASIC states the sums of charges and allowances without the charges themselves.
            if value and total is not None and not any(one.allowance == allowance for one in draft.charges):
                draft.charges.append(Charge(allowance=allowance, amount=abs(value)))
                draft.mark(f"charges[{len(draft.charges) - 1}]", self.source(total))
        net = box.child("TaxBasisTotalAmount")
        self.state("net_total", net)
        self.state("gross_total", box.child("GrandTotalAmount"))
        parts = [self.number(box.child(name)) for name in ("TotalPrepaidAmount", "RoundingAmount")]
        if not any(parts):
            self.state("payable", box.child("DuePayableAmount"))
        stated = net or box.child("LineTotalAmount")
        if stated is not None and (value := self.number(stated)) is not None:
            draft.stated_total = value
            draft.mark("stated_total", self.source(stated))
