"""Reads the lines of a cXML OrderRequest (ItemOut), and what its header and lines have in common."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from bridgehead.documents.draft import DraftLine
from bridgehead.documents.order import Charge
from bridgehead.documents.xml.fields import Fields
from bridgehead.documents.xml.tree import Node

_LINE_ATTRIBUTES: Final = frozenset(
    {
        "quantity", "lineNumber", "requestedDeliveryDate", "requestedShipmentDate", "requisitionID",
        "agreementItemNumber", "itemType", "compositeItemType", "parentLineNumber", "isAdHoc", "itemCategory", "lang",
        "itemClassification",
        "isDeliveryCompleted", "isKanban", "confirmationDueDate", "unlimitedDelivery", "isReturn", "stockTransferType",
    }
)  # fmt: skip
_IN_WORDS: Final = (
    "SupplierID", "MasterAgreementIDInfo", "MasterAgreementReference", "ControlKeys", "Tolerances", "ReleaseInfo",
    "Packaging", "ItemOutIndustry", "TermsOfDelivery", "Contact", "BuyerProductID",
)  # fmt: skip
_DETAIL_IN_WORDS: Final = (
    "ItemDetailIndustry", "Dimension", "MaxQuantity", "MinQuantity", "MaxAmount", "MaxReleaseQuantity",
)  # fmt: skip


class CxmlLines(Fields):
    """Takes lines, comments and extrinsics; ``blanket`` is set for orders whose lines need no quantity."""

    format = "cxml"
    blanket = False

    def comments(self, node: Node, line: DraftLine | None) -> None:
        """Keeps a comment; the files attached to it are not in the document."""
        if line is None:
            self.note(node)
        else:
            self.line_note(line, node)
        for one in node.all("Attachment"):
            what = one.value("URL") or "a file"
            self.draft.warn("ignored", f"the attachment {what[:80]!r} ({self.where(one)})")
            one.skip()

    def extrinsics(self, node: Node, line: DraftLine | None) -> None:
        """Keeps the fields of the sender's own in a node."""
        for one in node.all("Extrinsic"):
            name = one.attributes.get("name", "extrinsic")[:60]
            value = " ".join(inner.take() for inner in one.walk() if inner.take())
            if line is None:
                self.fact(name, value, one)
            elif value:
                self.line_fact(line, f"{name}: {value}", one)
                if name.lower() == "quantitymultiplier" and value.strip("0. ") != "1":
                    self.draft.warn("uncertain", f"line {line.number}: its quantity is times {value[:20]}")
                self.watched.append((value, f"line {line.number}, text"))
            one.skip()

    def line(self, node: Node) -> None:
        """Reads an ItemOut."""
        line = self.new_line(node)
        self.put_number(line, node, node.attributes.get("lineNumber", ""), "lineNumber")
        detail = node.child("ItemDetail") or node.child("BlanketItemDetail")
        unit_node = None if detail is None else detail.child("UnitOfMeasure")
        quantity = node.attributes.get("quantity", "")
        self.put_quantity(line, node, "", quantity, "quantity")
        if line.quantity is None and not self.blanket:
            raise self.missing(f"quantity in ItemOut {len(self.draft.lines)}", node)
        if unit_node is not None and unit_node.take():
            self.put_unit(line, unit_node.take(), self.source(unit_node))
        self._numbers(line, node)
        if detail is not None:
            self._detail(line, detail)
        if line.part is None:
            self.draft.warn("uncertain", f"line {line.number} names no part number ({self.where(node)})")
        self._line_days(line, node)
        for name in sorted(node.attributes.keys() - _LINE_ATTRIBUTES):
            self.draft.warn("ignored", f"ItemOut/@{name[:40]} {node.attributes[name][:60]!r}")
        for name, label in (
            ("requisitionID", "requisition"), ("agreementItemNumber", "agreement item"), ("itemType", "item type"),
            ("parentLineNumber", "part of line"), ("itemCategory", "item category"), ("requestedShipmentDate", "ship"),
        ):  # fmt: skip
            value = node.attributes.get(name, "").strip()
            if value:
                self.line_fact(line, f"{label}: {value}", node)
        if node.attributes.get("isReturn", "").lower() == "yes":
            self.draft.warn("uncertain", f"line {line.number} is a return ({self.where(node)})")
        for one in node.all("Comments"):
            self.comments(one, line)
        self.extrinsics(node, line)
        self._line_rest(line, node)

    def _numbers(self, line: DraftLine, node: Node) -> None:
        item = node.child("ItemID")
        if item is None:
            return
        self.put_part(line, "supplier_part", item.child("SupplierPartID"))
        self.put_part(line, "customer_part", item.child("BuyerPartID"))
        for one in item.all("IdReference"):
            value = one.attributes.get("identifier", "").strip()
            self.put_standard(line, one.attributes.get("domain", "") or "reference", one, value)
            one.skip()
        auxiliary = item.child("SupplierPartAuxiliaryID")
        if auxiliary is not None:
            words = " ".join(inner.take() for inner in auxiliary.walk() if inner.take())
            if words:
                self.line_fact(line, f"auxiliary part id: {words[:500]}", auxiliary)

    def _detail_price(self, line: DraftLine, node: Node) -> None:
        price = node.child("UnitPrice") or node.child("MaxAmount")
        basis = node.child("PriceBasisQuantity")
        per = self.number(basis, basis.attributes.get("quantity", "")) if basis is not None else None
        if price is not None and price.name == "UnitPrice":
            money = price.child("Money")
            self.put_price(line, money, per, basis)
            if money is not None:
                self.put_currency(money, money.attributes.get("currency", ""), "currency")
            for one in price.all("Modifications"):
                for kind, amount, rate, reason in modifications(self, one):
                    self.line_fact(line, f"price holds {kind}: {reason} {amount or ''} {rate or ''}".strip(), one)
                one.skip()
        if basis is not None:
            self._basis(line, basis)

    def _detail(self, line: DraftLine, node: Node) -> None:
        self._detail_price(line, node)
        description = node.child("Description")
        if description is not None:
            short = description.child("ShortName")
            text = description.take() or ("" if short is None else short.take())
            if text:
                line.description = text
                line.mark("description", self.source(description, text))
        # The description in further languages says the same once more.
        for one in node.all("Description")[1:]:
            one.seen = True
        for one in node.all("Classification"):
            if one.take():
                self.put_item_number(line, one.attributes.get("domain", "") or "class", one)
        for one in node.all("ManufacturerPartID"):
            self.put_item_number(line, "manufacturer", one)
        self.line_facts(line, "manufacturer", node, "ManufacturerName")
        for industry in node.all("ItemDetailIndustry"):
            number = industry.find("ItemDetailRetail/EANID")
            if number is not None and number.take():
                self.put_part(line, "gtin", number)
                number.skip()
        for name in _DETAIL_IN_WORDS:
            for one in node.all(name):
                self.line_words(line, name, one)
        self.extrinsics(node, line)

    def _basis(self, line: DraftLine, basis: Node) -> None:
        unit = basis.child("UnitOfMeasure")
        factor = basis.attributes.get("conversionFactor", "").strip()
        if unit is not None:
            self.compare_units(line, unit.take(), unit)
        if factor and self.number(basis, factor) != Decimal(1):
            self.draft.warn(
                "uncertain",
                f"line {line.number}: the price's unit is {factor[:20]} of the ordered ({self.where(basis)})",
            )
        basis.skip()

    def _line_days(self, line: DraftLine, node: Node) -> None:
        asked = node.attributes.get("requestedDeliveryDate", "")
        parts = []
        for one in node.all("ScheduleLine"):
            text = one.attributes.get("requestedDeliveryDate", "")
            parts.append(
                (self.number(one, one.attributes.get("quantity", "")), self.day(one, text), self.source(one, text))
            )
            one.skip()
        self.put_deliveries(line, parts)
        day = self.day(node, asked)
        if day is not None and not line.deliveries:
            line.requested_date = day
            line.mark("requested_date", self.source(node, asked, "requestedDeliveryDate"))

    def _line_rest(self, line: DraftLine, node: Node) -> None:
        for name in ("Shipping", "Tax"):
            for one in node.all(name):
                money = one.child("Money")
                amount = self.number(money)
                if name == "Shipping" and amount:
                    line.charges.append(Charge(allowance=False, amount=amount, reason=one.value("Description") or name))
                one.skip()
        for name in ("SpendDetail", "Distribution"):
            for one in node.all(name):
                codes = [
                    inner.attributes["id"]
                    for inner in one.walk()
                    if inner.name in {"AccountingSegment", "Segment"} and inner.attributes.get("id")
                ]
                if codes:
                    self.line_fact(line, f"account: {' '.join(codes)[:300]}", one)
                one.skip()
        for name in _IN_WORDS:
            for one in node.all(name):
                self.line_words(line, name, one)


def modifications(fields: Fields, node: Node) -> Iterator[tuple[str, Decimal | None, Decimal | None, str | None]]:
    """Deductions and costs in a Modifications element: which of both, amount, percent, reason."""
    for one in node.all("Modification"):
        chosen = one.child("AdditionalDeduction") or one.child("AdditionalCost")
        if chosen is None:
            continue
        paths = ("Money", "DeductionAmount/Money", "AdditionalAmount/Money")
        money = next((found for path in paths if (found := chosen.find(path)) is not None), None)
        percent = chosen.child("Percentage") or chosen.child("DeductionPercent")
        rate = None if percent is None else fields.number(percent, percent.attributes.get("percent", ""))
        detail = one.child("ModificationDetail")
        reason = "" if detail is None else detail.attributes.get("name", "") or detail.value("Description")
        yield chosen.name, fields.number(money), rate, reason or None
