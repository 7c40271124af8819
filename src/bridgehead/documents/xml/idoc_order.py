"""Reads SAP IDocs ORDERS and ORDCHG (basic types ORDERS01 to ORDERS05) in XML; other IDocs are named.

Source: SAP's documentation of basic type ORDERS05 (transaction WE60): segments E1EDK01 to E1EDS01 and the qualifiers
of their first field.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Final

from bridgehead.documents.draft import DraftLine, DraftParty
from bridgehead.documents.order import Charge, Order, Purpose, ReferenceKind, Source
from bridgehead.documents.outcome import Hints, Kind, NotAnOrder, Orders, Reading, Refusal
from bridgehead.documents.terms import INCOTERMS
from bridgehead.documents.xml.fields import Fields, charge
from bridgehead.documents.xml.tree import Document, Node

_PURPOSES: Final[dict[str, Purpose]] = {"ORDERS": "original", "ORDCHG": "change"}
_KINDS: Final[dict[str, tuple[Kind, str]]] = {
    "ORDRSP": ("order_response", "an order response"),
    "DESADV": ("delivery_note", "a despatch advice"),
    "INVOIC": ("invoice", "an invoice"),
    "DELFOR": ("forecast", "a delivery forecast"),
    "DELINS": ("forecast", "delivery instructions"),
    "DELJIT": ("forecast", "a just-in-time delivery call"),
    "REQOTE": ("quotation_request", "a request for quotation"),
    "QUOTES": ("quotation", "a quotation"),
    "PRICAT": ("catalogue", "a price catalogue"),
    "MATMAS": ("master_data", "material master data"),
    "DEBMAS": ("master_data", "customer master data"),
    "CREMAS": ("master_data", "vendor master data"),
    "REMADV": ("payment", "a remittance advice"),
    "STATUS": ("acknowledgement", "a receipt"),
    "ALEAUD": ("acknowledgement", "a receipt"),
    "INVRPT": ("stock_report", "a stock report"),
}
_PARTIES: Final = {"AG": "buyer", "WE": "ship_to", "RE": "bill_to", "LF": "seller"}
_REFERENCES: Final[dict[str, ReferenceKind]] = {
    "002": "supplier_order", "003": "other", "004": "quotation", "005": "contract", "006": "other",
    "007": "other", "043": "contract", "044": "other", "066": "previous_order",
}  # fmt: skip
_HARMLESS: Final = frozenset(
    {
        "EDI_DC40", "E1EDK14", "E1EDK04", "E1EDP04", "E1EDK36", "E1EDKA3", "E1EDK35", "E1EDL37", "E1EDP30", "E1EDK28",
        "QUALF", "SPRAS", "SPRAS_ISO", "TDSPRAS", "TDSPRASISO", "TDFORMAT", "TSSPRAS", "TSSPRAS_ISO", "KZABS", "HWAER",
        "WKURS", "BSART", "NTGEW", "BRGEW", "GEWEI", "VOLUM", "VOLEH", "WERKS", "LGORT", "MATKL", "PSTYP", "KZRAB",
        "TELFX", "REGIO", "EMPST", "RECIPNT_NO", "BELNR", "ABLAD", "TXT02", "CURCY", "EXNUM", "E1EDP08", "E1EDP07",
    }
)  # fmt: skip


def is_idoc(root: Node) -> bool:
    """Whether the root holds IDocs, or is one."""
    return root.name == "IDOC" or (root.child("IDOC") is not None and root.find("IDOC/EDI_DC40") is not None)


def read_idoc(root: Node, document: Document, part: str, hints: Hints) -> Reading:
    """Reads every ORDERS and ORDCHG of the document, or names what it holds. Raises Refusal."""
    idocs = [root] if root.name == "IDOC" else root.all("IDOC")
    orders: list[Order] = []
    others: list[str] = []
    for idoc in idocs:
        kind = _message(idoc, root)
        if kind in _PURPOSES:
            orders.append(_IdocOrder(idoc, root, document, part, hints, _PURPOSES[kind]).read())
        else:
            others.append(kind)
    if orders and others:
        raise Refusal("xml.mixed", f"The file holds orders and other IDocs ({others[0][:20]}).", part)
    if orders:
        return Orders(tuple(orders))
    kind, what = _KINDS.get(others[0], ("other", "no order"))
    return NotAnOrder(kind, f"SAP IDoc {others[0][:30]}: {what}.")


def _message(idoc: Node, root: Node) -> str:
    """The message type; one of the customer's own counts as the one it is named after."""
    stated = idoc.value("EDI_DC40/MESTYP").upper()
    known = (*_PURPOSES, *_KINDS)
    return next((one for one in known if one == stated), "") or next(
        (one for one in known if one in stated), stated or root.name.upper().rstrip("0123456789")
    )


class _IdocOrder(Fields):
    """Reads one IDoc."""

    def __init__(self, idoc: Node, root: Node, document: Document, part: str, hints: Hints, purpose: Purpose) -> None:
        super().__init__(root, document, part, hints)
        self.draft.message = idoc.value("EDI_DC40/MESTYP") or root.name
        self.places: list[tuple[DraftLine, DraftParty]] = []
        self.idoc = idoc
        self.purpose = purpose

    def read(self) -> Order:
        """The order; raises Refusal where its number, its lines or a quantity are missing or no values."""
        idoc, draft = self.idoc, self.draft
        head = idoc.child("E1EDK01")
        if head is None:
            raise self.missing("E1EDK01", idoc)
        own = next((one for one in idoc.all("E1EDK02") if one.value("QUALF") == "001"), None)
        number = own.child("BELNR") if own is not None else None
        self.identify_order(number or head.child("BELNR"), "E1EDK02 (001) or E1EDK01, BELNR")
        self.put_currency(head.child("CURCY"))
        self._dates(own)
        for node in idoc.all("E1EDK02"):
            found, kind = node.child("BELNR"), node.value("QUALF")
            if found is not None and found.take() and kind != "001":
                draft.refer(_REFERENCES.get(kind, "other"), found.take(), self.source(found))
            node.skip()
        for node in idoc.all("E1EDKA1"):
            self._party(node)
        self._vat(head)
        self._terms(head)
        for text in idoc.all("E1EDKT1"):
            self._text(text, "E1EDKT2", None)
        for node in idoc.all("E1EDK05"):
            draft.charges.append(self._charge(node))
        for node in idoc.all("E1EDP01"):
            self._line(node)
        self.settle_places(self.places)
        self._totals()
        if idoc.value("EDI_DC40/TEST"):
            draft.warn("uncertain", "the IDoc is a test (EDI_DC40/TEST)")
        for other in self.root.all("IDOC"):
            if other is not idoc:
                other.whole = True
        order = self.finish(self.purpose, _HARMLESS)
        for other in self.root.all("IDOC"):
            other.whole = False
        return order

    def number(self, node: Node | None, text: str | None = None) -> Decimal | None:
        """The number in a node; the sign may stand behind it."""
        written = "" if node is None else node.take() if text is None else text.strip()
        return super().number(node, f"-{written[:-1]}" if written.endswith("-") else written)

    def _sap_day(self, node: Node | None) -> date | None:
        """CCYYMMDD; zeros are no date."""
        if node is None:
            return None
        text = node.take()
        if not text.strip("0"):
            return None
        if len(text) == 8 and text.isascii() and text.isdigit():
            return self.day(node, f"{text[:4]}-{text[4:6]}-{text[6:]}")
        return self.day(node)

    def _dates(self, own: Node | None) -> None:
        draft = self.draft
        for node in self.idoc.all("E1EDK03"):
            kind, stated = node.value("IDDAT"), node.child("DATUM")
            day = self._sap_day(stated)
            if day is None or stated is None:
                continue
            if kind in {"012", "022"} and draft.order_date is None:
                draft.order_date = day
                draft.mark("order_date", self.source(stated))
            elif kind == "002" and draft.requested_date is None:
                draft.requested_date = day
                draft.mark("requested_date", self.source(stated))
            elif kind not in {"011", "012", "022", "025", "029"}:
                draft.date("other", day, self.source(stated))
            node.skip()
        stated = None if own is None else own.child("DATUM")
        day = self._sap_day(stated)
        if day is not None and stated is not None and draft.order_date is None:
            draft.order_date = day
            draft.mark("order_date", self.source(stated))

    def _party(self, node: Node) -> None:
        role = node.value("PARVW").upper()
        name = _PARTIES.get(role)
        if name is None:
            stated = node.child("NAME1")
            if stated is not None:
                self.fact(f"partner {role[:4]}", stated.take(), stated)
            node.skip()
            return
        party: DraftParty = getattr(self.draft, name)
        self._address(party, name, node)

    def _address(self, party: DraftParty, name: str, node: Node) -> None:
        self.put(party, "number", node.child("PARTN"))
        self.put(party, "number", node.child("LIFNR"))
        self.put(party, "name", node.child("NAME1"))
        self.facts(f"{name} name", node, "NAME2", "NAME3", "NAME4")
        streets = [node.value(one) for one in ("STRAS", "STRS2", "HAUSN")]
        self.put(party, "street", node.child("STRAS") or node, ", ".join(one for one in streets if one))
        self.put(party, "city", node.child("ORT01"))
        self.put(party, "region", node.child("REGIO"))
        node.value("ORT02")
        self.put(party, "postal_code", node.child("PSTLZ"))
        country = node.child("LAND1") or node.child("ISOAL")
        if country is not None:
            self.put(party, "country", country, country.take().upper())
        node.value("ISOAL")
        self.put(party, "phone", node.child("TELF1"))
        self.put(party, "contact", node.child("BNAME"))
        gln = node.child("ILNNR")
        if gln is not None:
            self.identify(party, "GLN", gln)
        self.facts(name, node, "PFACH", "TELF2", "IHREZ", "KNREF", "PAORG", "ORGTX", "PAGRU")
        for ignored in ("PARVW", "PSTL2", "USRALIAS", "NAME1"):
            node.value(ignored)

    def _vat(self, head: Node) -> None:
        self.put(self.draft.buyer, "vat", head.child("KUNDEUINR"))
        self.put(self.draft.seller, "vat", head.child("EIGENUINR"))

    def _terms(self, head: Node) -> None:
        draft = self.draft
        for node in self.idoc.all("E1EDK17"):
            code = node.child("LKOND")
            if code is not None and code.take().upper() in INCOTERMS and draft.incoterms is None:
                draft.incoterms = code.take().upper()
                draft.mark("incoterms", self.source(code))
            text = node.child("LKTEXT")
            if text is not None:
                self.fact("delivery terms", text.take(), text)
        net, discount, stated = "", "", None
        for node in self.idoc.all("E1EDK18"):
            days, percent = node.value("TAGE"), node.value("PRZNT").strip()
            if not days.isdigit():
                continue
            stated = node
            if percent.strip("0. "):
                rate = f"{Decimal(percent).normalize():f}" if percent.replace(".", "", 1).isdigit() else percent
                discount = discount or f"{rate}/{int(days)} "
            else:
                net = f"N{int(days)}"
            node.skip()
        if stated is not None and (net or discount):
            draft.payment_terms = f"{discount}{net}".strip()
            draft.mark("payment_terms", self.source(stated, draft.payment_terms))
        key = head.child("ZTERM")
        if key is not None and key.take():
            self.fact("payment terms", key.take(), key)

    def _text(self, node: Node, name: str, line: DraftLine | None) -> None:
        rows = [one.child("TDLINE") for one in node.all(name)]
        words = "\n".join(one.take() for one in rows if one is not None and one.take())
        if words:
            stated = next(one for one in rows if one is not None)
            if line is None:
                self.draft.note(words, self.source(stated, words))
            else:
                self.line_fact(line, words, stated)
                self.watched.append((words, f"line {line.number}, note"))
        node.skip()

    def _charge(self, node: Node) -> Charge:
        amount = self.number(node.child("BETRG"))
        found = charge(
            allowance=node.value("ALCKZ") == "-",
            amount=None if amount is None else abs(amount),
            percent=None if amount is not None else self.number(node.child("KPERC")),
            base=None,
            code=node.value("KSCHL"),
            reason=node.value("KOTXT"),
        )
        node.skip()
        return found

    def _line(self, node: Node) -> None:
        line = self.new_line(node)
        self.put_number(line, node.child("POSEX"))
        quantity = node.child("MENGE")
        self.put_quantity(line, quantity, node.value("MENEE"))
        if line.quantity is None:
            raise self.missing(f"MENGE in line {line.number}", node)
        basis = node.child("PEINH")
        self.put_price(line, node.child("VPREI"), self.number(basis), basis)
        self.put_amount(line, node.child("NETWR"))
        unit = node.child("PMENE")
        if unit is not None:
            self.compare_units(line, unit.take(), unit)
        ratio = [self.number(node.child(name)) for name in ("BMNG2", "BPUMN", "BPUMZ")]
        if ratio[1] != ratio[2]:
            self.draft.warn("uncertain", f"line {line.number}: its price is for another unit ({self.where(node)})")
        for one in node.all("E1EDP19"):
            self._item_number(line, one)
        if line.part is None:
            self.draft.warn("uncertain", f"line {line.number} names no part number ({self.where(node)})")
        parts: list[tuple[Decimal | None, date | None, Source]] = []
        for one in node.all("E1EDP20"):
            stated = one.child("EDATU")
            parts.append((self.number(one.child("WMENG")), self._sap_day(stated), self.source(stated or one)))
            one.skip()
        self.put_deliveries(line, parts)
        for one in node.all("E1EDP03"):
            day = self._sap_day(one.child("DATUM"))
            if one.value("IDDAT") == "002" and day is not None and line.requested_date is None:
                line.requested_date = day
                line.mark("requested_date", self.source(one, str(day)))
            one.skip()
        for one in node.all("E1EDPT1"):
            self._text(one, "E1EDPT2", line)
        for one in node.all("E1EDP05"):
            found = self._charge(one)
            self.line_fact(line, f"condition {found.code or ''} {found.reason or ''}: {found.amount}".strip(), one)
        self._line_rest(line, node)

    def _item_number(self, line: DraftLine, node: Node) -> None:
        kind, number, text = node.value("QUALF"), node.child("IDTNR"), node.child("KTEXT")
        if number is not None and number.take():
            if kind == "001":
                self.put_part(line, "customer_part", number)
            elif kind == "002":
                self.put_part(line, "supplier_part", number)
            elif kind == "003":
                self.put_part(line, "gtin", number)
            else:
                self.put_item_number(line, {"004": "manufacturer"}.get(kind, f"E1EDP19 {kind}"), number)
        if text is not None and text.take():
            if line.description is None:
                line.description = text.take()
                line.mark("description", self.source(text))
            elif text.take() != line.description:
                self.line_note(line, text, own_words=False)
        node.skip()

    def _line_rest(self, line: DraftLine, node: Node) -> None:
        action = node.child("ACTION")
        if action is not None and action.take() in {"003", "D"}:
            self.draft.warn("uncertain", f"line {line.number} is to be deleted ({self.where(action)})")
        for one in node.all("E1EDP02"):
            number = one.child("BELNR")
            if number is not None and number.take() and number.take() != self.draft.po_number:
                self.line_fact(
                    line, f"reference {one.value('QUALF')}: {number.take()} {one.value('ZEILE')}".strip(), number
                )
            one.skip()
        for one in node.all("E1EDPA1"):
            role = one.value("PARVW").upper()
            name = one.child("NAME1")
            if role == "WE":
                party = DraftParty()
                self._address(party, f"line {line.number} ship to", one)
                self.places.append((line, party))
            elif name is not None:
                self.line_fact(line, f"partner {role[:4]}: {name.take()}", name)
            one.skip()

    def _totals(self) -> None:
        draft = self.draft
        for node in self.idoc.all("E1EDS01"):
            kind, stated = node.value("SUMID"), node.child("SUMME")
            value = self.number(stated)
            if value is None or stated is None:
                continue
            if kind == "001":
                draft.stated_line_count = int(value)
                draft.mark("stated_line_count", self.source(stated))
            elif kind == "002":
                draft.stated_total = value
                draft.mark("stated_total", self.source(stated))
                self.put_currency(node.child("SUNIT"))
            elif kind == "005":
                draft.state("tax_total", value, self.where(stated))
            node.skip()
