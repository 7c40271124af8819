"""Reads openTRANS orders (versions 1.0 and 2.1); other openTRANS documents are named by their root.

Source: openTRANS 1.0 and 2.1, document ORDER (Fraunhofer IAO); identifiers and units of BMEcat 2005.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from bridgehead.documents.draft import DraftLine, DraftParty
from bridgehead.documents.order import Charge, Order
from bridgehead.documents.outcome import Hints, Orders, Reading
from bridgehead.documents.terms import INCOTERMS, country_of
from bridgehead.documents.xml.fields import Fields
from bridgehead.documents.xml.tree import Document, Node

_ROLES: Final[dict[str, str]] = {
    "buyer": "buyer", "customer": "buyer", "supplier": "seller", "delivery": "ship_to", "invoice": "bill_to",
    "invoice_recipient": "bill_to",
}  # fmt: skip
_OLD_ROLES: Final[dict[str, str]] = {
    "BUYER_PARTY": "buyer", "SUPPLIER_PARTY": "seller", "INVOICE_PARTY": "bill_to",
}  # fmt: skip
_SCHEMES: Final[dict[str, str]] = {"iln": "GLN", "gln": "GLN", "duns": "DUNS"}
_HARMLESS: Final = frozenset(
    {
        "CONTROL_INFO", "TAX", "TAX_DETAILS_FIX", "FAX", "URL", "STATE", "TITLE", "ACADEMIC_TITLE", "LANGUAGE",
        "MIME_ROOT", "GENERATOR_INFO", "PAYMENT", "ORDER_PARTIES_REFERENCE", "TERRITORY", "COUNTRY_CODED",
        "ARTICLE_FEATURES_REFERENCE", "PRICE_FLAG", "CATALOG_ID", "DOCEXCHANGE_PARTIES_REFERENCE", "ACCOUNT",
        "PUBLIC_KEY", "SUPPLIER_IDREF", "TAX_NUMBER", "CUSTOMER_ORDER_REFERENCE",
    }
)  # fmt: skip


def is_opentrans(root: Node) -> bool:
    """Whether the root is an openTRANS order, with or without its namespace."""
    return root.name == "ORDER" and root.child("ORDER_HEADER") is not None


def read_opentrans(root: Node, document: Document, part: str, hints: Hints) -> Reading:
    """Reads the order. Raises Refusal."""
    return Orders((_OpenTransOrder(root, document, part, hints).read(),))


class _OpenTransOrder(Fields):
    """Reads one ORDER."""

    family = ("http://www.opentrans.org/", "http://www.bmecat.org/")

    def read(self) -> Order:
        """The order; raises Refusal where its number, its lines or a quantity are missing or no values."""
        root, draft = self.root, self.draft
        info = root.find("ORDER_HEADER/ORDER_INFO")
        if info is None:
            raise self.missing("ORDER_HEADER/ORDER_INFO")
        self.identify_order(info.child("ORDER_ID"), "ORDER_ID")
        self.put_day("order_date", info.child("ORDER_DATE") or info.find("DATETIME/DATE"))
        self.put_currency(info.child("CURRENCY") or info.child("PRICE_CURRENCY"))
        kind = root.attributes.get("type", "standard").lower()
        if kind not in {"standard", "express", ""}:
            draft.warn("uncertain", f"the order's type is {kind[:20]!r}")
        for other in info.all("CUSTOMER_ORDER_REFERENCE"):
            found = other.child("ORDER_ID")
            if found is not None:
                draft.refer("end_customer_order", found.take(), self.source(found))
            other.skip()
        self.facts("terms", info, "ORDER_CHANGE_DATE", "TERMS_AND_CONDITIONS")
        self._dates(info)
        self._references()
        self._parties(info)
        self._header_terms(info)
        for node in (*info.all("REMARKS"), *info.all("REMARK")):
            self.note(node)
        for node in (*info.all("MIME_INFO"), *info.all("HEADER_UDX")):
            self._extra(node)
        items = root.child("ORDER_ITEM_LIST")
        for node in [] if items is None else items.all("ORDER_ITEM"):
            self._line(node)
        self._summary()
        return self.finish("original", _HARMLESS)

    def _dates(self, info: Node) -> None:
        for box in info.all("DELIVERY_DATE"):
            start, end = box.child("DELIVERY_START_DATE"), box.child("DELIVERY_END_DATE")
            first, last = self.day(start), self.day(end)
            self.put_day("requested_date", end if last is not None else start)
            if first is not None and last is not None and first != last and start is not None:
                self.draft.date("not_before", first, self.source(start))
            if start is None and end is None:
                self.put_day("requested_date", box)
            if box.attributes.get("type", "").lower() == "fixed":
                self.fact("delivery date", "fixed", box)

    def _references(self) -> None:
        source = self.root.find("ORDER_HEADER/SOURCING_INFO")
        if source is None:
            return
        for path, kind in (("QUOTATION_ID", "quotation"), ("AGREEMENT/AGREEMENT_ID", "contract")):
            first, _, rest = path.partition("/")
            for node in source.all(first):
                found = node.find(rest) if rest else node
                if found is not None and found.take():
                    self.draft.refer(kind, found.take(), self.source(found))  # type: ignore[arg-type] # literals above
        source.skip()

    def _parties(self, info: Node) -> None:
        draft = self.draft
        boxes: list[tuple[str, Node]] = []
        for node in info.all("PARTIES"):
            boxes += [(one.value("PARTY_ROLE").lower(), one) for one in node.all("PARTY")]
        old = info.child("ORDER_PARTIES")
        if old is not None:
            boxes += [(role, one.child("PARTY") or one) for name, role in _OLD_ROLES.items() for one in old.all(name)]
            boxes += [("ship_to", box.find("DELIVERY_PARTY/PARTY") or box) for box in old.all("SHIPMENT_PARTIES")]
        parties = {"buyer": draft.buyer, "seller": draft.seller, "ship_to": draft.ship_to, "bill_to": draft.bill_to}
        for role, node in boxes:
            name = role if role in parties else _ROLES.get(role, "")
            if name:
                self._party(parties[name], node)
            else:
                self.fact(role or "party", node.value("ADDRESS/NAME"), node)
                node.skip()
        self._refer_parties(info, boxes, parties)

    def _refer_parties(self, info: Node, boxes: list[tuple[str, Node]], parties: dict[str, DraftParty]) -> None:
        """Roles given by reference to a party's number (openTRANS 2.1, ORDER_PARTIES_REFERENCE)."""
        box = info.child("ORDER_PARTIES_REFERENCE")
        if box is None:
            return
        known: dict[str, Node] = {}
        for _, node in boxes:
            for one in node.all("PARTY_ID"):
                known.setdefault(one.take(), node)
        for path, name in (
            ("BUYER_IDREF", "buyer"), ("SUPPLIER_IDREF", "seller"), ("INVOICE_RECIPIENT_IDREF", "bill_to"),
            ("SHIPMENT_PARTIES_REFERENCE/DELIVERY_IDREF", "ship_to"),
        ):  # fmt: skip
            referred = box.find(path)
            party = parties[name]
            if referred is not None and not party.values and referred.take() in known:
                self._party(party, known[referred.take()])

    def _party(self, party: DraftParty, node: Node) -> None:
        node.whole = False
        node.value("PARTY_ROLE")
        for one in node.all("PARTY_ID"):
            kind = one.attributes.get("type", "").lower()
            if kind in _SCHEMES:
                self.identify(party, _SCHEMES[kind], one)
            elif kind in {"", "supplier_specific", "buyer_specific", "customer_specific", "party_specific"}:
                self.put(party, "number", one)
            else:
                self.identify(party, kind, one)
        address = node.child("ADDRESS")
        if address is None:
            return
        self.put(party, "name", address.child("NAME"))
        self.facts(f"{node.value('PARTY_ROLE') or 'party'} name", address, "NAME2", "NAME3")
        street = ", ".join(one for one in (address.value("STREET"), address.value("DEPARTMENT")) if one)
        if street:
            self.put(party, "street", address.child("STREET") or address, street)
        self.put(party, "city", address.child("CITY"))
        self.put(party, "region", address.child("STATE"))
        self.put(party, "postal_code", address.child("ZIP"))
        address.value("ZIPBOX")
        address.value("BOXNO")
        code, country = address.value("COUNTRY_CODED"), address.child("COUNTRY")
        if country is not None:
            self.put(party, "country", country, code.upper() or country_of(country.take()) or country.take())
        self.put(party, "vat", address.child("VAT_ID"))
        self.put(party, "phone", address.child("PHONE"))
        mail = address.child("EMAIL") or address.find("EMAILS/EMAIL")
        if mail is not None:
            self.put(party, "email", mail, mail.take().lower())
        for contact in (*address.all("CONTACT_DETAILS"), *address.all("CONTACT")):
            whole = " ".join(one for one in (contact.value("FIRST_NAME"), contact.value("CONTACT_NAME")) if one)
            self.put(party, "contact", contact.child("CONTACT_NAME") or contact, whole)
            self.put(party, "phone", contact.child("PHONE"))
            self.put(party, "email", contact.child("EMAIL") or contact.find("EMAILS/EMAIL"))
            contact.skip()
        for one in address.all("ADDRESS_REMARKS"):
            self.note(one)

    def _header_terms(self, info: Node) -> None:
        draft = self.draft
        for path in ("TRANSPORT/INCOTERM", "TRANSPORT"):
            node = info.find(path)
            code = "" if node is None else node.take().upper()
            if node is not None and code in INCOTERMS and draft.incoterms is None:
                draft.incoterms = code
                draft.mark("incoterms", self.source(node))
        for node in info.all("TRANSPORT"):
            for name in ("LOCATION", "TRANSPORT_REMARK"):
                found = node.child(name)
                if found is not None:
                    self.fact("transport", found.take(), found)
            node.skip()
        for path in ("PAYMENT/PAYMENT_TERMS/PAYMENT_TERM", "PAYMENT/PAYMENT_TERM"):
            node = info.find(path)
            if node is not None and node.take() and draft.payment_terms is None:
                draft.payment_terms = node.take()
                draft.mark("payment_terms", self.source(node))
        self._payment_days(info)
        for name in ("PARTIAL_SHIPMENT_ALLOWED", "INTERNATIONAL_RESTRICTIONS"):
            node = info.child(name)
            if node is not None:
                self.fact(name.lower().replace("_", " "), node.take(), node)

    def _payment_days(self, info: Node) -> None:
        boxes = [*info.all("PAYMENT")]
        net, discount = "", ""
        for box in boxes:
            for term in box.walk():
                if term.name != "TIME_FOR_PAYMENT":
                    continue
                days, rate = term.value("DAYS"), term.value("DISCOUNT_FACTOR")
                if days.isascii() and days.isdigit() and rate:
                    percent = (1 - (self.number(term, rate) or Decimal(1))) * 100
                    discount = f"{percent.normalize():f}/{days} " if 0 < percent < 50 else ""
                elif days.isascii() and days.isdigit():
                    net = f"N{int(days)}"
        if (net or discount) and self.draft.payment_terms is None:
            self.draft.payment_terms = f"{discount}{net}".strip()
            self.draft.mark("payment_terms", self.source(boxes[0], self.draft.payment_terms))

    def _extra(self, node: Node) -> None:
        """Files and fields of the sender's own."""
        for one in node.walk():
            if one.name == "MIME_SOURCE" and one.take():
                self.draft.warn("ignored", f"the file {one.take()[:80]!r} ({self.where(one)})")
            elif not one.children and one.take() and node.name.endswith("UDX"):
                self.fact(one.name, one.take(), one)
        node.skip()

    def _line(self, node: Node) -> None:
        line = self.new_line(node)
        self.put_number(line, node.child("LINE_ITEM_ID"))
        unit = node.value("ORDER_UNIT")
        self.put_quantity(line, node.child("QUANTITY"), "")
        if line.quantity is None:
            raise self.missing(f"QUANTITY in line {line.number}", node)
        written = node.child("ORDER_UNIT")
        if written is not None and unit:
            self.put_unit(line, unit, self.source(written))
        self._product(line, node.child("PRODUCT_ID") or node.child("ARTICLE_ID"))
        if line.part is None:
            self.draft.warn("uncertain", f"line {line.number} names no part number ({self.where(node)})")
        self._price(line, node)
        parts = []
        for box in node.all("DELIVERY_DATE"):
            chosen = box.child("DELIVERY_END_DATE") or box.child("DELIVERY_START_DATE") or box
            parts.append((None, self.day(chosen), self.source(chosen)))
            box.skip()
        self.put_deliveries(line, parts)
        for one in (*node.all("REMARKS"), *node.all("REMARK")):
            self.line_note(line, one)
        for name in ("PRODUCT_FEATURES", "ARTICLE_FEATURES", "ITEM_UDX", "CUSTOMER_ORDER_REFERENCE", "ACCOUNTING_INFO",
                     "SOURCING_INFO", "PARTIAL_SHIPMENT_ALLOWED", "PRODUCT_COMPONENTS", "LOGISTIC_DETAILS",
                     "SPECIAL_TREATMENT_CLASS", "SHIPMENT_PARTIES_REFERENCE", "COST_CATEGORY_ID"):  # fmt: skip
            for one in node.all(name):
                words = " ".join(inner.take() for inner in one.walk() if inner.take())
                if words:
                    self.line_fact(line, f"{name.lower().replace('_', ' ')}: {words[:500]}", one)
                    self.watched.append((words[:2000], f"line {line.number}, text"))
                one.skip()
        for one in node.all("MIME_INFO"):
            self._extra(one)

    def _product(self, line: DraftLine, node: Node | None) -> None:
        if node is None:
            return
        self.put_part(line, "supplier_part", node.child("SUPPLIER_PID") or node.child("SUPPLIER_AID"))
        for name in ("BUYER_PID", "BUYER_AID"):
            for one in node.all(name):
                self.put_part(line, "customer_part", one)
        for name in ("INTERNATIONAL_PID", "INTERNATIONAL_AID"):
            for one in node.all(name):
                self.put_standard(line, one.attributes.get("type", ""), one)
        for one in node.all("MANUFACTURER_INFO"):
            number = one.child("MANUFACTURER_PID")
            if number is not None and number.take():
                self.put_item_number(line, "manufacturer", number)
            one.skip()
        short, long = node.child("DESCRIPTION_SHORT"), node.child("DESCRIPTION_LONG")
        chosen = short if short is not None and short.take() else long
        if chosen is not None and chosen.take():
            line.description = chosen.take()
            line.mark("description", self.source(chosen))
        if long is not None and long is not chosen:
            self.line_note(line, long, own_words=False)
        for name in ("CONFIG_CODE_FIX", "LOT_NUMBER", "SERIAL_NUMBER", "PRODUCT_TYPE"):
            for one in node.all(name):
                if one.take():
                    self.line_fact(line, f"{name.lower().replace('_', ' ')}: {one.take()}", one)

    def _price(self, line: DraftLine, node: Node) -> None:
        price = node.child("PRODUCT_PRICE_FIX") or node.child("ARTICLE_PRICE")
        if price is None:
            self.put_amount(line, node.child("PRICE_LINE_AMOUNT"))
            return
        basis = price.child("PRICE_QUANTITY")
        amount = price.child("PRICE_AMOUNT") or price.child("FULL_PRICE")
        self.put_price(line, amount, self.number(basis), basis)
        self.put_amount(line, node.child("PRICE_LINE_AMOUNT") or price.child("PRICE_LINE_AMOUNT"))
        unit = price.child("PRICE_UNIT")
        if unit is not None:
            self.compare_units(line, unit.take(), unit)
        for box in price.all("ALLOW_OR_CHARGES_FIX"):
            for one in box.all("ALLOW_OR_CHARGE"):
                amount = one.find("ALLOW_OR_CHARGE_VALUE/AOC_MONETARY_AMOUNT")
                kind, name = one.attributes.get("type", ""), one.value("ALLOW_OR_CHARGE_NAME")
                value = self.number(amount)
                self.line_fact(line, f"price holds {kind}: {name} {value or ''}".strip(), one)
            box.skip()
        for one in node.all("PRODUCT_PRICE_FIX"):
            one.skip()

    def _summary(self) -> None:
        box, draft = self.root.child("ORDER_SUMMARY"), self.draft
        if box is None:
            return
        count = box.child("TOTAL_ITEM_NUM")
        counted = self.number(count)
        if counted is not None and count is not None:
            draft.stated_line_count = int(counted)
            draft.mark("stated_line_count", self.source(count))
        for one in box.all("ALLOW_OR_CHARGES_FIX"):
            for inner in one.all("ALLOW_OR_CHARGE"):
                value = self.number(inner.find("ALLOW_OR_CHARGE_VALUE/AOC_MONETARY_AMOUNT"))
                draft.charges.append(
                    Charge(
                        allowance=inner.attributes.get("type", "").lower() != "surcharge",
                        amount=value,
                        reason=inner.value("ALLOW_OR_CHARGE_NAME") or None,
                    )
                )
                draft.mark(f"charges[{len(draft.charges) - 1}]", self.source(inner))
            one.skip()
        total = box.child("TOTAL_AMOUNT")
        value = self.number(total)
        if value is not None and total is not None:
            draft.stated_total = value
            draft.mark("stated_total", self.source(total))
