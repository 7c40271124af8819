"""Reads UBL 2 orders, changes and cancellations, with the customizations of Peppol BIS, EHF, OIOUBL and others.

Source: OASIS UBL 2.0 to 2.4, document types Order, Order Change and Order Cancellation; Peppol BIS Order 3 for what
its elements mean where UBL leaves it open.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

from bridgehead.documents.draft import DraftParty
from bridgehead.documents.order import Order, Purpose, ReferenceKind
from bridgehead.documents.terms import INCOTERMS, incoterms_of, payment_terms_of
from bridgehead.documents.xml.tree import Node
from bridgehead.documents.xml.ubl_line import UblLines
from bridgehead.documents.xml.ubl_party import put_party

PURPOSES: Final[dict[str, Purpose]] = {"Order": "original", "OrderChange": "change", "OrderCancellation": "cancel"}
_ORDINARY: Final = frozenset({"", "220", "105", "226", "402", "OR"})
_BLANKET: Final = frozenset({"221", "258"})
"""UN/EDIFACT 1001: blanket order, standing order."""
_REFERENCES: Final[tuple[tuple[str, ReferenceKind], ...]] = (
    ("SalesOrderID", "supplier_order"),
    ("CustomerReference", "other"),
    ("QuotationDocumentReference/ID", "quotation"),
    ("OrderDocumentReference/ID", "previous_order"),
    ("OriginatorDocumentReference/ID", "requisition"),
    ("CatalogueReference/ID", "other"),
    ("Contract/ID", "contract"),
    ("Contract/ContractDocumentReference/ID", "contract"),
    ("ProjectReference/ID", "project"),
    ("AccountingCost", "account"),
    ("AccountingCostCode", "account"),
)
_SKIPPED: Final = ("OrderDocumentReference", "QuotationDocumentReference", "OriginatorDocumentReference", "Contract")
_HARMLESS: Final = frozenset(
    {
        "UBLVersionID", "CustomizationID", "ProfileID", "ProfileExecutionID", "UUID", "IssueTime", "Signature",
        "RegistrationAddress", "TaxScheme", "ClassifiedTaxCategory", "TaxCategory", "TaxSubtotal",
        "TotalTaxAmount", "CountrySubentity", "CountrySubentityCode", "AddressFormatCode", "AddressTypeCode",
        "Telefax", "WebsiteURI", "LogoReferenceID", "OtherCommunication", "LocationCoordinate",
        "TaxExemptionReason", "ExemptionReason", "ExemptionReasonCode", "TaxLevelCode",
        "CorporateRegistrationScheme", "CompanyLegalForm", "TaxAmountTotal", "RoundingAmount",
        "TaxEvidenceIndicator", "IndustryClassificationCode", "LanguageID", "LocaleCode", "Region", "District",
        "BlockName", "PlotIdentification", "TimezoneOffset", "BrandName", "ModelName", "Keyword",
        "OriginCountry", "CatalogueIndicator", "TransactionCurrencyTaxAmount", "DocumentHash", "OriginAddress",
        "CatalogueDocumentReference", "TransportModeCode", "DataSendingCapability", "AgentParty",
        "PowerOfAttorney", "ServiceProviderParty", "TaxTotal", "FinancialAccount", "ExtensionURI",
        "ExtensionAgencyID", "ExtensionAgencyName", "ExtensionAgencyURI", "ExtensionVersionID",
        "ExtensionReasonCode", "ExtensionReason", "GrossWeightMeasure", "NetWeightMeasure",
        "NetNetWeightMeasure", "GrossVolumeMeasure", "NetVolumeMeasure", "TotalPackagesQuantity",
    }
)  # fmt: skip
_REVISION: Final = re.compile(r"([^#]{1,60})#[^#]{1,20}#[^#]{1,40}#([A-Za-z]{1,20})")
_REVISIONS: Final[dict[str, Purpose]] = {"revised": "change", "cancelled": "cancel"}
_CENT: Final = Decimal("0.01")


class UblOrder(UblLines):
    """Reads one Order, OrderChange or OrderCancellation."""

    def read(self) -> Order:
        """The order; raises Refusal where its number, its lines or a quantity are missing or no values."""
        root, purpose = self.root, PURPOSES[self.root.name]
        if purpose == "original":
            self.identify_order(root.child("ID"), "ID")
            purpose = self._revision(self._type())
        else:
            self.identify_order(root.find("OrderReference/ID"), "OrderReference/ID")
            self._change()
        copy = root.child("CopyIndicator")
        if copy is not None and copy.take().lower() in {"true", "1"}:
            self.draft.warn("uncertain", f"the order says that it is a copy ({self.where(copy)})")
        self._issued(root.find("OrderReference/IssueDate"), root.child("IssueDate"))
        self.put_currency(root.child("DocumentCurrencyCode"))
        self._other_currencies()
        for node in (*root.all("Note"), *root.all("CancellationNote")):
            self.note(node)
        self._references()
        self._parties()
        self._deliveries()
        self._terms()
        for node in root.all("AllowanceCharge"):
            self.draft.charges.append(self.charge_of(node))
            self.draft.mark(f"charges[{len(self.draft.charges) - 1}]", self.source(node))
        for at, node in enumerate(root.all("OrderLine")):
            self.line(node, at)
        self.line_places()
        self._totals()
        return self.finish(purpose, _HARMLESS)

    # Header

    def _type(self) -> Purpose:
        code = self.root.value("OrderTypeCode")
        if code in _BLANKET:
            return "other"
        if code not in _ORDINARY:
            self.draft.warn("uncertain", f"OrderTypeCode {code[:20]!r} is no ordinary kind of order")
        return "original"

    def _revision(self, purpose: Purpose) -> Purpose:
        """Whether the order replaces or revokes another one (NSO of the Italian state: number#day#sender#what)."""
        for node in self.root.all("OrderDocumentReference"):
            number = node.child("ID")
            found = None if number is None else _REVISION.fullmatch(number.take())
            if found is not None and number is not None:
                self.draft.refer("previous_order", found[1], self.source(number))
                node.skip()
                purpose = _REVISIONS.get(found[2].lower(), purpose)
        return purpose

    def _issued(self, ordered: Node | None, issued: Node | None) -> None:
        """The order's own day is that of the order which is changed or cancelled, where the document states it."""
        day = None if ordered is None else self.day(ordered)
        if day is None or ordered is None:
            self.put_day("order_date", issued)
            return
        self.draft.order_date = day
        self.draft.mark("order_date", self.source(ordered))
        changed = self.day(issued)
        if changed is not None and issued is not None and self.root.name != "Order":
            self.draft.date("other", changed, self.source(issued))

    def _change(self) -> None:
        root = self.root
        own, sequence = root.child("ID"), root.child("SequenceNumberID") or root.child("SequenceNumber")
        if own is not None:
            self.draft.refer("other", own.take(), self.source(own))
        released = sequence or own
        if released is not None and released.take():
            self.draft.release = released.take()
            self.draft.mark("release", self.source(released))
        reference = root.child("OrderReference")
        if reference is not None:
            reference.skip()

    def _other_currencies(self) -> None:
        """Prices in a currency that is not the document's are warned of, wherever they stand."""
        for name in ("PricingCurrencyCode", "RequestedInvoiceCurrencyCode", "TaxCurrencyCode"):
            self.put_currency(self.root.child(name))
        for stated, node in self.document.currencies.items():
            if stated.strip():
                self.put_currency(node, stated, "currencyID")

    def _references(self) -> None:
        root, draft = self.root, self.draft
        for path, kind in _REFERENCES:
            first, _, rest = path.partition("/")
            for node in root.all(first):
                found = node.find(rest) if rest else node
                if found is not None and not node.whole and found.take():
                    draft.refer(kind, found.take(), self.source(found))
        for name in _SKIPPED:
            for node in root.all(name):
                node.skip()
        for node in root.all("ContractType"):
            self.fact("contract", node.take(), node)
        for node in root.all("AdditionalDocumentReference"):
            self._document(node)
        for node in root.all("TransactionConditions"):
            for text in node.all("Description"):
                self.note(text)
            node.skip()
        for node in root.all("ValidityPeriod"):
            end = node.child("EndDate")
            day = self.day(end)
            if day is not None and end is not None:
                self.draft.date("valid_until", day, self.source(end))
            node.skip()

    def _document(self, node: Node) -> None:
        number, described = node.child("ID"), node.child("DocumentType") or node.child("DocumentDescription")
        if number is not None and number.take():
            self.draft.refer("other", number.take(), self.source(number))
        if described is not None:
            self.fact("document", described.take(), described)
        embedded = node.find("Attachment/EmbeddedDocumentBinaryObject")
        address = node.find("Attachment/ExternalReference/URI")
        name = number.take()[:60] if number is not None else ""
        if embedded is not None:
            self.embedded(embedded, name)
        elif address is not None:
            self.draft.warn("ignored", f"the document {name!r} at an address outside ({self.where(address)})")
        node.skip()

    def _parties(self) -> None:
        root, draft = self.root, self.draft
        for name, party in (
            ("BuyerCustomerParty", draft.buyer),
            ("SellerSupplierParty", draft.seller),
            ("AccountingCustomerParty", draft.bill_to),
        ):
            node = root.child(name)
            if node is None:
                continue
            # The account that the seller has for the buyer, and the buyer for the seller.
            account = node.child(
                "SupplierAssignedAccountID" if name != "SellerSupplierParty" else "CustomerAssignedAccountID"
            )
            self.put(party, "number", account)
            other = node.child("CustomerAssignedAccountID") or node.child("AdditionalAccountID")
            if other is not None and not other.seen and other.take():
                party.identify("account", other.take(), self.source(other))
            put_party(self, party, node.child("Party") or node)
            for contact in ("DeliveryContact", "BuyerContact", "OrderContact", "SellerContact", "AccountingContact"):
                self._contact(party, node.child(contact))

        for node in root.all("OriginatorCustomerParty"):
            self.facts("originator", node, "Party/PartyName/Name", "Party/Contact/Name")
            node.skip()

    def _contact(self, party: DraftParty, node: Node | None) -> None:
        if node is None:
            return
        self.put(party, "contact", node.child("Name"))
        self.put(party, "phone", node.child("Telephone"))
        mail = node.child("ElectronicMail")
        if mail is not None:
            self.put(party, "email", mail, mail.take().lower())
        node.skip()

    def _deliveries(self) -> None:
        draft = self.draft
        for at, node in enumerate(self.root.all("Delivery")):
            party = self.place(node)
            if at and party.values and not self.same_party(party, draft.ship_to):
                draft.warn("uncertain", f"a second place of delivery ({self.where(node)})")
            elif not at:
                draft.ship_to = party
            self._delivery_days(node)
            for shipment in node.all("Shipment"):
                self.facts("shipping priority", shipment, "ShippingPriorityLevelCode")
                if shipment.value("ID").upper() in {"", "NA", "N/A", "1"}:
                    continue
                self.fact("shipment", shipment.value("ID"), shipment)

    def _delivery_days(self, node: Node) -> None:
        """The end of a period is the day asked for; the period itself limits the delivery."""
        draft = self.draft
        for period in node.all("RequestedDeliveryPeriod"):
            start, end = period.child("StartDate"), period.child("EndDate")
            first, last = self.day(start), self.day(end)
            if start is not None and first is not None and last is not None and first != last:
                draft.date("not_before", first, self.source(start))
            if end is not None and last is not None and first is not None and first != last:
                draft.date("not_after", last, self.source(end))
            self.put_day("requested_date", end if last is not None else start)
            if first is not None and last is not None and first > last:
                draft.warn("contradiction", f"the period of delivery ends before it starts ({self.where(period)})")
            self.facts("delivery", period, "StartTime", "EndTime", "Description")
        latest, despatch = node.child("LatestDeliveryDate"), node.find("Despatch/RequestedDespatchDate")
        if latest is not None and (day := self.day(latest)) is not None:
            draft.date("not_after", day, self.source(latest))
            if draft.requested_date is None:
                self.put_day("requested_date", latest)
        for party in node.all("Despatch"):
            self.facts("despatch by", party, "DespatchParty/PartyName/Name")
            for one in party.children:
                if one.name in {"DespatchParty", "DespatchAddress", "DespatchLocation"}:
                    one.skip()
        if despatch is not None and (day := self.day(despatch)) is not None:
            draft.date("ship", day, self.source(despatch))
        self.facts("time", node, "LatestDeliveryTime", "Despatch/RequestedDespatchTime")

    def _terms(self) -> None:
        draft = self.draft
        for node in self.root.all("DeliveryTerms"):
            rule, special = node.child("ID"), node.child("SpecialTerms")
            for found in (rule, special, node.child("LossRiskResponsibilityCode")):
                code = "" if found is None else found.take()
                if code[:3].upper() in INCOTERMS and len(code) == 3:
                    code = code.upper()
                named = incoterms_of(code) if code else None
                if named and found is not None and draft.incoterms is None:
                    draft.incoterms = named
                    draft.mark("incoterms", self.source(found))
                elif named and named != draft.incoterms:
                    draft.warn("uncertain", f"two terms of delivery: {draft.incoterms} and {named}")
                if found is not None and code and code != named:
                    self.fact("delivery terms", code, found)
            place = node.child("DeliveryLocation")
            if place is not None:
                self.facts("place of the delivery terms", place, "ID", "Name", "Description", "Conditions")
                place.skip()
        notes = [note for node in self.root.all("PaymentTerms") for note in node.all("Note")]
        terms = " ".join(note.take() for note in notes).strip()
        if terms:
            draft.payment_terms = payment_terms_of(terms)
            draft.mark("payment_terms", self.source(notes[0], terms))
        self._settlement()
        for node in self.root.all("PaymentMeans"):
            due = node.child("PaymentDueDate")
            if due is not None and (day := self.day(due)) is not None:
                draft.date("other", day, self.source(due))
            self.facts("means of payment", node, "PaymentMeansCode")
            node.skip()

    def _settlement(self) -> None:
        """Days net and a discount that UBL states in elements; the words of a note come first."""
        net, discount, stated = "", "", None
        for node in self.root.all("PaymentTerms"):
            measure, percent = node.find("SettlementPeriod/DurationMeasure"), node.child("SettlementDiscountPercent")
            days, rate = self.number(measure), self.number(percent)
            if measure is None or days is None or measure.attributes.get("unitCode", "DAY") != "DAY":
                continue
            stated = measure
            if rate:
                discount = discount or f"{rate.normalize():f}/{days:f} "
            else:
                net = f"N{days:f}"
        if stated is not None and self.draft.payment_terms is None:
            self.draft.payment_terms = f"{discount}{net}".strip()
            self.draft.mark("payment_terms", self.source(stated, self.draft.payment_terms))

    # Totals

    def _totals(self) -> None:
        root, draft = self.root, self.draft
        count = root.child("LineCountNumeric")
        counted = self.number(count)
        if counted is not None and count is not None:
            draft.stated_line_count = int(counted)
            draft.mark("stated_line_count", self.source(count))
        tax = None
        for node in root.all("TaxTotal"):
            stated = node.child("TaxAmount")
            if tax is None and stated is not None:
                tax = self.state("tax_total", stated)
            node.skip()
        total = root.child("AnticipatedMonetaryTotal") or root.child("LegalMonetaryTotal")
        if total is None:
            return
        lines = self.state("lines_total", total.child("LineExtensionAmount"))
        net = total.child("TaxExclusiveAmount")
        # OIOUBL 2 states the sum of taxes here.
        if net is not None and (tax is None or self.number(net) != tax or not self.number(net)):
            self.state("net_total", net)
        less = self.state("allowance_total", total.child("AllowanceTotalAmount"))
        more = self.state("charge_total", total.child("ChargeTotalAmount"))
        gross = self.state("gross_total", total.child("TaxInclusiveAmount"))
        stated = net if net is not None and net.take() else total.child("LineExtensionAmount")
        if stated is not None and (value := self.number(stated)) is not None:
            draft.stated_total = value
            draft.mark("stated_total", self.source(stated))
        bare = None if lines is None else lines - (less or 0) + (more or 0)
        self._payable(total, gross, bare)

    def _payable(self, total: Node, gross: Decimal | None, net: Decimal | None) -> None:
        prepaid, rounding = total.child("PrepaidAmount"), total.child("PayableRoundingAmount")
        less, more = self.number(prepaid) or Decimal(0), self.number(rounding) or Decimal(0)
        payable = total.child("PayableAmount")
        stated = self.number(payable)
        if payable is None or stated is None:
            return
        if prepaid is not None and less:
            self.fact("prepaid", str(less), prepaid)
        if gross is None and stated == net:
            # Orders without TaxInclusiveAmount state what is payable before taxes as often as after.
            self.draft.state("net_total", stated, self.where(payable))
        elif not less and not more:
            self.draft.state("payable", stated, self.where(payable))
        elif gross is not None and abs(gross - less + more - stated) > _CENT:
            self.draft.warn(
                "totals",
                f"the amount payable is {gross - less + more}, stated is {stated} ({self.where(payable)})",
            )
