"""Takes fields out of an XML tree with their sources, and reports at the end what no field took."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Final

from bridgehead.documents.doubt import doubt_in, row_doubt_in
from bridgehead.documents.draft import Draft, DraftLine, DraftParty
from bridgehead.documents.identifiers import (
    DUNS_SCHEMES,
    GLN_SCHEMES,
    GTIN_SCHEMES,
    VAT_SCHEMES,
    gln_holds,
    gtin_holds,
    vat_holds,
)
from bridgehead.documents.order import Charge, Delivery, Identifier, Order, Purpose, Source
from bridgehead.documents.outcome import Hints, Refusal
from bridgehead.documents.units import unit_code
from bridgehead.documents.vigilance import addresses_machine, deviation_in, instruction_in, invisible_in, watch
from bridgehead.documents.xml.tree import Document, Node, set_aside

_NUMBER: Final = re.compile(r"[+-]?(?:\d{1,15}(?:\.\d{0,12})?|\.\d{1,12})")
_DAY: Final = re.compile(r"(\d{4})-(\d{2})-(\d{2})(?:[T ].{0,40}|Z|[+-]\d{2}:\d{2})?")
_CODE: Final = re.compile(r"[A-Z0-9]{2,3}")
_CENT: Final = Decimal("0.01")
_MOST_LINES: Final = 20_000
_MOST_IGNORED: Final = 30
_SHORT: Final = 12
_MOST_EMBEDDED: Final = 40_000
_NEAR: Final = 12
_LONG_ROW: Final = 2_000
_MOST_WORDS: Final = 1_000_000
"""Characters of free text in one order; looking through them takes about a second. A text counts 50 more."""
_REC20: Final = {"PA": "PA"}
"""Codes that mean something else as a word: PA is a packet in Recommendation 20 and a pair in Finnish."""


class Fields:
    """One order being read from a tree: ``draft`` holds it, the methods take values with their sources."""

    format = "xml"
    family: tuple[str, ...] = ()
    """How namespaces that belong to the format open; the root's own and none at all belong, too."""
    secret: frozenset[str] = frozenset()
    """Names of elements whose text is never repeated, with all below them."""

    def __init__(self, root: Node, document: Document, part: str, hints: Hints) -> None:
        self.root = root
        self.document = document
        self.part = part
        self.hints = hints
        self.draft = Draft(self.format, message=root.name)
        self.kept: list[tuple[str, Source]] = []
        self.watched: list[tuple[str, str]] = []
        stray = set_aside(root, document.uris, self._belongs)
        if stray:
            self.draft.warn("uncertain", f"the order holds elements of another namespace: {stray[:120]!r}")

    def _belongs(self, uri: str) -> bool:
        return uri in {"", self.root.uri} or uri.startswith(self.family)

    # Values

    def source(self, node: Node, text: str | None = None, attribute: str = "") -> Source:
        """The place of a node, or of an attribute of it."""
        path = f"{node.path}/@{attribute}" if attribute else node.path
        found = (node.text if text is None else text).strip()[:2000]
        return Source(self.part, self._row_of(node.line, found, -1 if attribute else 1), found, segment=path)

    def _row_of(self, line: int, text: str, step: int) -> int:
        """The line that ``text`` opens in: an attribute stands before the end of its tag, an element's text after."""
        rows, opening = self.document.rows, text.partition("\n")[0][:60]
        for at in range(line - 1, line - 1 + step * _NEAR, step):
            if not 0 <= at < len(rows) or len(rows[at]) > _LONG_ROW:
                break
            if opening in rows[at]:
                return at + 1
        return line

    def where(self, node: Node) -> str:
        """The place of a node for a person."""
        return f"{node.path}, line {node.line}"

    def missing(self, what: str, node: Node | None = None) -> Refusal:
        """The refusal of an order that lacks an element."""
        return Refusal("xml.missing_element", f"The order has no {what}.", self.where(node or self.root))

    def number(self, node: Node | None, text: str | None = None) -> Decimal | None:
        """The number in a node (xs:decimal); None for an empty or absent one. Raises Refusal for anything else."""
        if node is None:
            return None
        text = node.take() if text is None else text.strip()
        if not text:
            return None
        if not text.isascii() or _NUMBER.fullmatch(text) is None:
            raise Refusal("xml.value", f"{node.name} {text[:30]!r} is no number.", self.where(node))
        return Decimal(text)

    def day(self, node: Node | None, text: str | None = None) -> date | None:
        """The day in a node (xs:date or xs:dateTime, as written); warns of anything else."""
        if node is None:
            return None
        text = node.take() if text is None else text.strip()
        if not text:
            return None
        found = _DAY.fullmatch(text)
        try:
            if found is not None:
                return date(int(found[1]), int(found[2]), int(found[3]))
        except ValueError:
            pass
        self.draft.warn("date", f"{node.name} {text[:30]!r} is no date ({self.where(node)})")
        return None

    def put_day(self, name: str, node: Node | None, text: str | None = None, attribute: str = "") -> None:
        """Sets a date of the order; a second one that differs is warned of."""
        found = self.day(node, text)
        if found is None or node is None:
            return
        if getattr(self.draft, name) is None:
            setattr(self.draft, name, found)
            self.draft.mark(name, self.source(node, text, attribute))
        elif getattr(self.draft, name) != found:
            self.draft.warn("uncertain", f"two values for {name}: {found} ({self.where(node)})")

    # The order

    def identify_order(self, node: Node | None, what: str, text: str | None = None, attribute: str = "") -> None:
        """Sets the order's number from a node, or from the hints; raises Refusal without one."""
        value = "" if node is None else node.take() if text is None else text.strip()
        if value and node is not None:
            self.draft.po_number = value
            self.draft.mark("po_number", self.source(node, text, attribute))
            return
        if not self.hints.po_number:
            raise self.missing(f"{what} (the order's number)")
        self.draft.po_number = self.hints.po_number
        self.draft.mark("po_number", Source("header", 1, self.hints.po_number, how="derived"))
        self.draft.warn("uncertain", f"the order states no number ({what}); {self.hints.po_number!r} is of the mail")

    def put_currency(self, node: Node | None, text: str | None = None, attribute: str = "") -> None:
        """Sets the currency; another one is warned of."""
        value = "" if node is None else (node.take() if text is None else text.strip()).upper()
        if not value or node is None:
            return
        if self.draft.currency is None:
            self.draft.currency = value
            self.draft.mark("currency", self.source(node, value, attribute))
            if len(value) != 3 or not value.isascii() or not value.isalpha():
                self.draft.warn("uncertain", f"{value[:20]!r} is no code of a currency ({self.where(node)})")
        elif self.draft.currency != value:
            self.draft.warn("uncertain", f"two currencies: {self.draft.currency} and {value[:20]} ({self.where(node)})")

    def state(self, kind: str, node: Node | None) -> Decimal | None:
        """Takes a control value."""
        value = self.number(node)
        if value is not None and node is not None:
            self.draft.state(kind, value, self.where(node))  # type: ignore[arg-type] # the callers give literal kinds
        return value

    def note(self, node: Node | None) -> None:
        """Keeps the free text of a node."""
        if node is None:
            return
        node.seen = True
        text = node.text.strip()
        if text:
            self.draft.note(text, self.source(node))

    def fact(self, label: str, value: str, node: Node) -> None:
        """Keeps what the order states and no field holds as a note that is not taken for the sender's own words."""
        if value:
            self.kept.append((f"{label}: {value}", self.source(node, value)))

    def facts(self, label: str, node: Node | None, *paths: str) -> None:
        """Keeps the texts at these paths, each as a fact."""
        for path in paths:
            found = None if node is None else node.find(path)
            if found is not None:
                self.fact(label, found.take(), found)

    # Parties

    def put(self, party: DraftParty, name: str, node: Node | None, value: str | None = None) -> None:
        """Sets a field of a party from a node."""
        if node is None:
            return
        found = node.take() if value is None else value
        party.put(name, found, self.source(node, found))

    def identify(self, party: DraftParty, scheme: str, node: Node, value: str | None = None) -> None:
        """Puts a number of a party under its scheme; without a scheme it is the party's number."""
        found = node.take() if value is None else value
        if not found:
            return
        source = self.source(node, found)
        name = scheme.strip().upper()
        if name in GLN_SCHEMES:
            party.put("gln", found, source)
        elif name in DUNS_SCHEMES:
            party.put("duns", found, source)
        elif name in {"", "N/A", "NA", "ZZZ"}:
            party.put("number", found, source)
        else:
            party.identify(scheme.strip()[:40], found, source)
            if name in VAT_SCHEMES:
                party.put("vat", found, source)
            return
        if "gln" in party.values and name in GLN_SCHEMES and party.values["gln"] != found:
            party.identify(scheme, found, source)

    def same_party(self, one: DraftParty, other: DraftParty) -> bool:
        """Whether two parties agree in all that both state."""
        shared = one.values.keys() & other.values.keys() - {"contact", "phone", "email"}
        return bool(shared) and all(one.values[name] == other.values[name] for name in shared)

    # Lines

    def new_line(self, node: Node) -> DraftLine:
        """Opens a line."""
        if len(self.draft.lines) >= _MOST_LINES:
            raise Refusal("xml.too_large", f"The order has more than {_MOST_LINES} lines.", self.where(node))
        line = DraftLine()
        line.number = len(self.draft.lines) + 1
        self.draft.lines.append(line)
        return line

    def put_number(self, line: DraftLine, node: Node | None, text: str | None = None, attribute: str = "") -> None:
        """Sets the number of a line; one that is no number stays in its source alone."""
        value = "" if node is None else node.take() if text is None else text.strip()
        if not value or node is None:
            return
        if value.isascii() and value.isdigit() and 0 < len(value) <= 9 and int(value):
            line.number = int(value)
        line.mark("number", self.source(node, value, attribute))

    def put_quantity(
        self, line: DraftLine, node: Node | None, unit: str, text: str | None = None, attribute: str = ""
    ) -> None:
        """Sets quantity and unit; a quantity below zero is doubted."""
        quantity = self.number(node, text)
        if quantity is None or node is None:
            return
        if quantity < 0:
            self.draft.warn("uncertain", f"{node.name} {quantity} orders less than nothing ({self.where(node)})")
        line.quantity = quantity
        line.mark("quantity", self.source(node, text, attribute))
        if unit.strip():
            self.put_unit(line, unit, self.source(node, unit.strip()))

    def put_unit(self, line: DraftLine, unit: str, source: Source) -> None:
        """Sets the unit of a line: its code of Recommendation 20 or 21, or what the word means."""
        line.unit = unit.strip().upper()[:40]
        line.unit_code = code_of(line.unit)
        line.mark("unit", source)
        if line.unit_code:
            line.mark("unit_code", source)

    def put_price(self, line: DraftLine, node: Node | None, basis: Decimal | None, basis_node: Node | None) -> None:
        """Sets price and basis; a negative price is warned of."""
        price = self.number(node)
        if price is None or node is None:
            return
        line.price = price
        line.mark("price", self.source(node))
        if price < 0:
            self.draft.warn("uncertain", f"line {line.number} states the price {price} ({self.where(node)})")
        if basis is None or basis_node is None:
            return
        if basis <= 0:
            self.draft.warn("uncertain", f"line {line.number}: the price is for {basis} ({self.where(basis_node)})")
            return
        line.price_basis = basis
        line.mark("price_basis", self.source(basis_node))

    def compare_units(self, line: DraftLine, unit: str, node: Node) -> None:
        """Warns when a price is for another unit than is ordered."""
        other = code_of(unit.strip().upper())
        if unit.strip() and line.unit and other != line.unit_code:
            self.draft.warn(
                "uncertain",
                f"line {line.number} orders in {line.unit}, its price is for {unit.strip()[:20]} ({self.where(node)})",
            )

    def put_amount(self, line: DraftLine, node: Node | None) -> None:
        """Sets the stated amount of a line."""
        amount = self.number(node)
        if amount is not None and node is not None:
            line.amount = amount
            line.mark("amount", self.source(node))

    def put_part(self, line: DraftLine, name: str, node: Node | None, value: str | None = None) -> None:
        """Sets a part number of the line; a further one goes to ``item_numbers``."""
        found = "" if node is None else node.take() if value is None else value
        if not found or node is None:
            return
        if getattr(line, name) is None:
            setattr(line, name, found)
            line.mark(name, self.source(node, found))
        elif getattr(line, name) != found:
            self.put_item_number(line, name, node, found)

    def put_standard(self, line: DraftLine, scheme: str, node: Node, value: str | None = None) -> None:
        """Sets a number of a public scheme: a GTIN, or another."""
        found = node.take() if value is None else value
        name = scheme.strip().upper()
        if name in GTIN_SCHEMES or (not name and gtin_holds(found)):
            self.put_part(line, "gtin", node, found)
        elif found:
            self.put_item_number(line, scheme.strip() or "standard", node, found)

    def put_item_number(self, line: DraftLine, scheme: str, node: Node, value: str | None = None) -> None:
        """Adds a number under another scheme."""
        found = Identifier(scheme.strip()[:60], node.take() if value is None else value)
        if found.value and found not in line.item_numbers:
            line.mark(f"item_numbers[{len(line.item_numbers)}]", self.source(node, found.value))
            line.item_numbers.append(found)

    def line_note(self, line: DraftLine, node: Node | None, *, own_words: bool = True) -> None:
        """Keeps free text of a line; ``own_words`` are the buyer's to the seller, others describe the item."""
        if node is None:
            return
        node.seen = True
        text = node.text.strip()
        if text:
            self.line_fact(line, text, node)
            self.watched.append((text, f"line {line.number}, {'note' if own_words else 'text'}"))

    def line_fact(self, line: DraftLine, text: str, node: Node) -> None:
        """Keeps what a line states and no field holds."""
        if text and text not in line.notes:
            line.mark(f"notes[{len(line.notes)}]", self.source(node, text))
            line.notes.append(text)

    def line_facts(self, line: DraftLine, label: str, node: Node | None, *paths: str) -> None:
        """Keeps the texts at these paths, each as a fact of the line, with its unit."""
        for path in paths:
            found = None if node is None else node.find(path)
            if found is not None and found.take():
                unit = found.attributes.get("unitCode", "")
                self.line_fact(line, f"{label}: {found.take()} {unit}".strip(), found)

    def line_words(self, line: DraftLine, label: str, node: Node) -> None:
        """Keeps all that stands in a node and below it as one fact of the line."""
        words = " ".join(" ".join((*one.attributes.values(), one.take())).strip() for one in node.walk())
        if words.strip():
            self.line_fact(line, f"{label}: {' '.join(words.split())[:500]}", node)
        node.skip()

    def settle_places(self, found: Sequence[tuple[DraftLine, DraftParty]]) -> None:
        """Takes the places of delivery of the lines: the order's, when it has none and all lines agree on theirs."""
        draft = self.draft
        if found and not draft.ship_to.values and len(found) == len(draft.lines):
            draft.ship_to = found[0][1]
        for line, party in found:
            if party.values and not self.same_party(party, draft.ship_to):
                draft.warn("uncertain", f"line {line.number} has a place of delivery of its own")

    def put_deliveries(self, line: DraftLine, parts: Sequence[tuple[Decimal | None, date | None, Source]]) -> None:
        """Sets the day of a line, or the deliveries of one that comes in parts."""
        known = [(quantity, day, source) for quantity, day, source in parts if day is not None or quantity is not None]
        days = {day for _, day, _ in known}
        if len(days) == 1 and (day := next(iter(days))) is not None:
            line.requested_date = day
            line.mark("requested_date", known[0][2])
        if len(known) > 1 and all(quantity is not None for quantity, _, _ in known):
            line.deliveries = [Delivery(quantity or Decimal(0), day) for quantity, day, _ in known]
            for at, (_, _, source) in enumerate(known):
                line.mark(f"deliveries[{at}]", source)
        elif len(days) > 1:
            self.draft.warn("uncertain", f"line {line.number} is to be delivered on {len(days)} dates")
        elif len(known) == 1 and known[0][0] is not None and line.quantity not in {None, known[0][0]}:
            self.draft.warn("count", f"line {line.number} orders {line.quantity} and its delivery is of {known[0][0]}")

    # The end

    def finish(self, purpose: Purpose, harmless: frozenset[str]) -> Order:
        """Watches the words, reports what no field took, checks the sums.

        ``harmless`` are names of elements that change nothing for a seller, with all below them.
        """
        draft = self.draft
        draft.purpose = purpose
        if not draft.lines and purpose in {"original", "other"}:
            raise self.missing("line")
        texts = [*draft.notes, *(text for text, _ in self.watched), *(line.description or "" for line in draft.lines)]
        if sum(len(text) + 50 for text in texts) > _MOST_WORDS:
            raise Refusal("xml.too_large", "The order holds more free text than is read.", self.where(self.root))
        self._check_numbers()
        self._watch_remarks()
        watch(draft)
        self._watch_lines()
        self._watch_all()
        self._report_unread(harmless)
        for text, source in self.kept:
            draft.note(text, source)
        return draft.finish()

    def _check_numbers(self) -> None:
        # A party is who its number is on file for: a wrong digit leads nowhere and needs no person by itself.
        for name in ("buyer", "seller", "ship_to", "bill_to"):
            party: DraftParty = getattr(self.draft, name)
            gln, vat = party.values.get("gln"), party.values.get("vat")
            if gln is not None and not gln_holds(gln):
                self.draft.warn(
                    "remark", f"{name}: {gln[:20]!r} is no GLN by its check digit ({party.sources['gln'].segment})"
                )
            if vat is not None and vat_holds(vat) is False:
                self.draft.warn(
                    "remark",
                    f"{name}: {vat[:24]!r} is no VAT number by its check digits ({party.sources['vat'].segment})",
                )
        for line in self.draft.lines:
            if line.gtin is not None and not gtin_holds(line.gtin):
                self.draft.warn("uncertain", f"line {line.number}: {line.gtin[:20]!r} is no GTIN by its check digit")

    def _watch_remarks(self) -> None:
        for remark in self.document.remarks:
            found = instruction_in(remark.text) or addresses_machine(remark.text)
            if found is not None:
                self.draft.warn("instruction", f"a comment in the XML: {found!r} (line {remark.line})")
        if self.document.defaults:
            self.draft.warn("ignored", "the document type sets defaults of attributes, which are not applied")

    def embedded(self, node: Node, name: str) -> None:
        """Tells of a document embedded in Base64; what it says to the reader is told, what it holds is not read."""
        file = node.attributes.get("filename", "")[:60]
        self.draft.warn("ignored", f"the document {name[:60]!r} embedded as {file!r} ({self.where(node)})")
        try:
            text = base64.b64decode(node.text[:_MOST_EMBEDDED], validate=False).decode("utf-8", "replace")
        except (binascii.Error, ValueError):
            return
        found = instruction_in(text) or addresses_machine(text)
        if found is not None:
            self.draft.warn("instruction", f"{file or 'an embedded document'}: {found!r} ({self.where(node)})")

    def _watch_lines(self) -> None:
        for text, place in self.watched:
            own = place.endswith("note")
            found = instruction_in(text) or addresses_machine(text)
            if found is not None:
                self.draft.warn("instruction", f"{place}: {found!r}")
            elif invisible_in(text):
                self.draft.warn("instruction", f"{place} holds invisible characters")
            elif (doubt := (deviation_in(text) or doubt_in(text)) if own else row_doubt_in(text)) is not None:
                self.draft.warn("contradiction", f"{place} says {doubt!r}: {text[:200]!r}")

    def _watch_all(self) -> None:
        """Looks for orders to the reader wherever words stand, read or not, and in attributes."""
        known = {line.description for line in self.draft.lines} | {text for text, _ in self.watched}
        known.update(note for note in self.draft.notes)
        stack = [self.root]
        while stack:
            node = stack.pop()
            if node.name in self.secret:
                continue
            stack.extend(node.children)
            for text in (node.text, *node.attributes.values()):
                words = text.strip()
                if len(words) > _SHORT and " " in words and words not in known:
                    known.add(words)
                    found = instruction_in(words) or addresses_machine(words)
                    if found is not None:
                        self.draft.warn("instruction", f"{node.path}: {found!r} (line {node.line})")

    def _report_unread(self, harmless: frozenset[str]) -> None:
        """Warns of text that no field took, one warning for each kind of place."""
        kinds: dict[str, tuple[str, int, int]] = {}
        stack = [self.root]
        while stack:
            node = stack.pop()
            if node.whole or node.name in harmless:
                continue
            stack.extend(reversed(node.children))
            if node.seen or not (text := node.text.strip()):
                continue
            kind = node.kind
            shown, line, many = kinds.get(kind, (text[:60], node.line, 0))
            kinds[kind] = (shown, line, many + 1)
        for kind, (shown, line, many) in list(kinds.items())[:_MOST_IGNORED]:
            times = f", {many} times" if many > 1 else ""
            self.draft.warn("ignored", f"{kind} {shown!r} (line {line}{times})")
        if len(kinds) > _MOST_IGNORED:
            self.draft.warn("ignored", f"{len(kinds) - _MOST_IGNORED} further kinds of elements")


def code_of(unit: str) -> str:
    """The code of a unit where formats ask for one of Recommendation 20 or 21: house form, or the code as it stands."""
    known = _REC20.get(unit) or unit_code(unit)
    if known is not None:
        return known
    if len(unit) == 3 and unit.startswith("X"):
        # Recommendation 21 stands in 20 with an X before it.
        return code_of(unit[1:])
    return unit if _CODE.fullmatch(unit) else ""


def charge(
    *,
    allowance: bool,
    amount: Decimal | None,
    percent: Decimal | None,
    base: Decimal | None,
    code: str = "",
    reason: str = "",
) -> Charge:
    """An allowance or charge; a factor (0.1 for 10 %) is told from a percentage by base and amount."""
    if percent is not None and base and amount is not None and abs(base * percent / 100 - amount) > _CENT:
        percent = percent * 100 if abs(base * percent - amount) <= _CENT else None
    return Charge(allowance, amount, percent, code or None, reason[:500] or None)
