"""Reads the lines of UBL 2 orders, and what their header and lines have in common."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Final

from bridgehead.documents.draft import DraftLine, DraftParty
from bridgehead.documents.order import Charge
from bridgehead.documents.xml.fields import Fields, charge
from bridgehead.documents.xml.tree import Node
from bridgehead.documents.xml.ubl_party import put_address, put_party

_ITEM_IN_WORDS: Final = ("AdditionalInformation", "TransactionConditions", "HazardousItem", "Dimension", "Certificate")
_CENT: Final = Decimal("0.01")
_DELETING: Final = frozenset({"2", "cancelled", "deleted", "disputed"})
_UNCHANGED: Final = frozenset({"", "1", "3", "4", "5", "nostatus", "revised", "added", "changed"})
"""Of a line's status: UBL's own words, and UN/EDIFACT 1229 (2 deleted; 4 no action; 5 accepted as it was)."""


class UblLines(Fields):
    """Takes lines, charges and places of delivery."""

    format = "ubl"
    family = ("urn:oasis:names:specification:ubl:schema:xsd:",)

    def line(self, outer: Node, at: int) -> None:
        """Reads an OrderLine."""
        node = outer.child("LineItem")
        if node is None:
            raise self.missing(f"LineItem in OrderLine {at + 1}", outer)
        line = self.new_line(outer)
        self.put_number(line, node.child("ID"))
        quantity = node.child("Quantity")
        unit = "" if quantity is None else quantity.attributes.get("unitCode", "")
        self.put_quantity(line, quantity, unit)
        if line.quantity is None and self.root.name == "Order":
            raise self.missing(f"Quantity in line {line.number}", node)
        self._line_price(line, node)
        self.put_amount(line, node.child("LineExtensionAmount"))
        for one in node.all("AllowanceCharge"):
            line.charges.append(self.charge_of(one))
            line.mark(f"charges[{len(line.charges) - 1}]", self.source(one))
        item = node.child("Item")
        if item is not None:
            self._item(line, item)
        if line.part is None:
            self.draft.warn("uncertain", f"line {line.number} names no part number ({self.where(node)})")
        self._line_delivery(line, node)
        for one in (*node.all("Note"), *outer.all("Note")):
            self.line_note(line, one)
        self._line_facts(line, outer, node)

    def _line_price(self, line: DraftLine, node: Node) -> None:
        price = node.child("Price")
        if price is None:
            return
        basis_node = price.child("BaseQuantity")
        self.put_price(line, price.child("PriceAmount"), self.number(basis_node), basis_node)
        factor = price.child("OrderableUnitFactorRate")
        rate = self.number(factor)
        if factor is not None and rate and rate != 1 and self._factored(line, rate, node.child("LineExtensionAmount")):
            line.mark("price", replace(self.source(factor), how="derived"))
        else:
            if basis_node is not None:
                self.compare_units(line, basis_node.attributes.get("unitCode", ""), basis_node)
            if factor is not None and rate not in {None, Decimal(1)}:
                self.draft.warn(
                    "uncertain", f"line {line.number}: the ordered unit is {rate} of the price's ({self.where(factor)})"
                )
        self.line_facts(line, "price type", price, "PriceType", "PriceTypeCode")
        # The price is net of its own allowance (UBL 2.1, Price; Peppol BIS Order 3, 6.6).
        for one in price.all("AllowanceCharge"):
            one.skip()

    def _factored(self, line: DraftLine, rate: Decimal, stated: Node | None) -> bool:
        """Makes the price one of the ordered unit, where the line's amount proves that the rate means this.

        A case of twelve bottles at 60.00 a bottle: rate 12, amount 720.00 (OIOUBL guideline on units).
        """
        amount = self.number(stated)
        if amount is None or line.price is None or line.quantity is None:
            return False
        if abs(line.quantity * line.price * rate / line.price_basis - amount) > _CENT:
            return False
        line.price *= rate
        return True

    def _item(self, line: DraftLine, item: Node) -> None:
        names, texts = item.all("Name"), item.all("Description")
        chosen = next((one for one in (*names, *texts) if one.take()), None)
        if chosen is not None:
            line.description = chosen.take()
            line.mark("description", self.source(chosen))
        for one in texts:
            if one.take() and one.take() != line.description:
                self.line_note(line, one, own_words=False)
        for tag, field in (
            ("SellersItemIdentification", "supplier_part"),
            ("BuyersItemIdentification", "customer_part"),
            ("StandardItemIdentification", "gtin"),
            ("ManufacturersItemIdentification", "manufacturer"),
            ("CatalogueItemIdentification", "catalogue"),
            ("AdditionalItemIdentification", "additional"),
        ):
            for node in item.all(tag):
                self._item_number(line, field, node)
        self._properties(line, item)
        for path, label in (
            ("ItemInstance/LotIdentification/LotNumberID", "lot"),
            ("ItemInstance/SerialID", "serial number"),
            ("PackQuantity", "pack"),
            ("PackSizeNumeric", "pack size"),
            ("HazardousRiskIndicator", "hazardous"),
        ):
            first, _, rest = path.partition("/")
            for node in item.all(first):
                found = node.find(rest) if rest else node
                if found is not None and found.take():
                    self.line_fact(line, f"{label}: {found.take()}", found)
        for node in item.all("ItemSpecificationDocumentReference"):
            self._line_document(line, node)
        for name in _ITEM_IN_WORDS:
            for node in item.all(name):
                self.line_words(line, name, node)
        for node in item.all("ManufacturerParty"):
            self.line_facts(line, "manufacturer", node, "PartyName/Name")
            node.skip()

    def _properties(self, line: DraftLine, item: Node) -> None:
        for node in item.all("CommodityClassification"):
            for one in node.children:
                scheme = one.attributes.get("listID") or one.name.removesuffix("Code")
                if one.take():
                    self.put_item_number(line, scheme, one)
        for node in item.all("AdditionalItemProperty"):
            name, value = node.child("Name"), node.child("Value") or node.child("ValueQuantity")
            if value is not None:
                unit = value.attributes.get("unitCode", "")
                self.line_fact(line, f"{name.take() if name else 'property'}: {value.take()} {unit}".strip(), value)
                self.watched.append((value.take(), f"line {line.number}, text"))
            node.skip()

    def _item_number(self, line: DraftLine, field: str, node: Node) -> None:
        number = node.child("ID") or node.child("ExtendedID")
        if number is None or not number.take():
            return
        scheme = number.attributes.get("schemeID", "")
        if field == "gtin":
            agency = number.attributes.get("schemeAgencyID", "")
            self.put_standard(line, scheme or ("GTIN" if agency == "9" else ""), number)
        elif field in {"supplier_part", "customer_part"}:
            self.put_part(line, field, number)
            if scheme.upper() in {"GTIN", "0160"}:
                self.put_standard(line, scheme, number)
        else:
            self.put_item_number(line, scheme or field, number)
        extended = node.child("ExtendedID")
        if extended is not None and extended is not number and extended.take():
            self.put_item_number(line, f"{field} extended", extended)

    def _line_delivery(self, line: DraftLine, node: Node) -> None:
        parts = []
        for one in node.all("Delivery"):
            period, latest = one.child("RequestedDeliveryPeriod"), one.child("LatestDeliveryDate")
            start = end = None
            if period is not None:
                start, end = period.child("StartDate"), period.child("EndDate")
                first, last = self.day(start), self.day(end)
                if first is not None and last is not None and first != last:
                    self.line_fact(line, f"delivery from {first} to {last}", period)
                for name in ("StartTime", "EndTime", "Description"):
                    self.line_facts(line, "delivery", period, name)
            chosen = next((day for day in (end, start, latest) if day is not None), None)
            quantity = one.child("Quantity")
            parts.append((self.number(quantity), self.day(chosen), self.source(chosen or quantity or one)))
            if latest is not None and chosen is not latest:
                self.line_fact(line, f"latest delivery: {latest.take()}", latest)
            self.line_facts(line, "delivery number", one, "ID")
        self.put_deliveries(line, parts)

    def line_places(self) -> None:
        """Takes the places of delivery that lines state."""
        found: list[tuple[DraftLine, DraftParty]] = []
        for line, outer in zip(self.draft.lines, self.root.all("OrderLine"), strict=True):
            for one in outer.child("LineItem").all("Delivery"):  # type: ignore[union-attr] # checked by _line
                party = self.place(one)
                if party.values:
                    found.append((line, party))
        self.settle_places(found)

    def _line_facts(self, line: DraftLine, outer: Node, node: Node) -> None:
        for name, label in (
            ("AccountingCost", "account"),
            ("AccountingCostCode", "account"),
            ("SalesOrderID", "the seller's line"),
            ("PartialDeliveryIndicator", "partial delivery"),
            ("BackOrderAllowedIndicator", "back order"),
            ("WarrantyInformation", "warranty"),
            ("MinimumQuantity", "minimum quantity"),
            ("MaximumQuantity", "maximum quantity"),
            ("InspectionMethodCode", "inspection"),
        ):
            for found in node.all(name):
                if found.take():
                    self.line_fact(line, f"{label}: {found.take()}", found)
        self.line_facts(line, "originator", node, "OriginatorParty/PartyName/Name")
        for party in node.all("OriginatorParty"):
            party.skip()
        status = node.child("LineStatusCode") or outer.child("SubstitutionStatusCode")
        if status is not None:
            code = status.take()
            if code.lower() not in {"", "nostatus"}:
                self.line_fact(line, f"status: {code}", status)
            if code.lower() in _DELETING or code.lower() not in _UNCHANGED:
                self.draft.warn("uncertain", f"line {line.number} has the status {code[:20]!r} ({self.where(status)})")
        for name in ("QuotationLineReference", "CatalogueLineReference", "OrderLineReference", "DocumentReference"):
            for one in outer.all(name):
                self._line_document(line, one)

    def _line_document(self, line: DraftLine, node: Node) -> None:
        for found in (node.child("ID"), node.child("LineID"), node.find("DocumentReference/ID")):
            if found is not None and found.take():
                self.line_fact(line, f"{node.name}: {found.take()}", found)
        if node.find("Attachment/EmbeddedDocumentBinaryObject") is not None:
            self.draft.warn("ignored", f"a document embedded in line {line.number} ({self.where(node)})")
        node.skip()

    def place(self, node: Node) -> DraftParty:
        """The place of a delivery: its party, its location, its address."""
        party = DraftParty()
        location, receiver = node.child("DeliveryLocation"), node.child("DeliveryParty")
        if receiver is not None:
            put_party(self, party, receiver)
        if location is not None:
            number = location.child("ID")
            if number is not None and number.take():
                self.identify(party, number.attributes.get("schemeID", ""), number)
            name = location.child("Name") or location.child("Description")
            if name is not None and "name" in party.values and name.take() != party.values["name"]:
                self.fact("place of delivery", name.take(), name)
            self.put(party, "name", name)
            for words in ("Conditions", "Description"):
                for text in location.all(words):
                    self.note(text)
            put_address(self, party, location.child("Address"))
        put_address(self, party, node.child("DeliveryAddress"))
        return party

    def charge_of(self, node: Node) -> Charge:
        """Reads an AllowanceCharge."""
        indicator = node.value("ChargeIndicator").lower()
        amount, base = self.number(node.child("Amount")), self.number(node.child("BaseAmount"))
        if amount is not None and amount < 0:
            self.draft.warn("uncertain", f"an allowance or charge of {amount} ({self.where(node)})")
        reasons = [one.take() for one in node.all("AllowanceChargeReason")]
        found = charge(
            allowance=indicator not in {"true", "1"},
            amount=None if amount is None else abs(amount),
            percent=self.number(node.child("MultiplierFactorNumeric")),
            base=base,
            code=node.value("AllowanceChargeReasonCode"),
            reason=" ".join(reasons),
        )
        node.skip()
        return found
