"""Walks the lines a sender wrote and gathers orders from them: labels, tables, lists and sentences."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from bridgehead.documents.addresses import read_address
from bridgehead.documents.cells import DIGITS, Ways, read_price
from bridgehead.documents.dates import find_days, relative_day
from bridgehead.documents.draft import Draft, DraftLine
from bridgehead.documents.headings import LABEL_FIELDS, heading_of, label_of, squash
from bridgehead.documents.item_line import Item, code_rank, read_item
from bridgehead.documents.mail_labels import LABEL, field_of, fields_in
from bridgehead.documents.mail_sections import TextLine
from bridgehead.documents.mail_table import Header, align, find_header, is_rule, split_cells, spread
from bridgehead.documents.order import Source
from bridgehead.documents.order_fields import put_field
from bridgehead.documents.outcome import Refusal
from bridgehead.documents.table import check_price_unit, is_total_row, line_from_cells, put_line_day, resolve_columns
from bridgehead.documents.terms import CURRENCY, incoterms_of, payment_terms_of

_LABEL = LABEL
_POSITION_ALONE = re.compile(r"(?:n\.?[°º]?\s?)?(?:pos(?:ition|ici[oó]n|izione|itie)?|line|zeile|ligne|poste|l[ií]nea|riga|regel|rad|poz(?:ycja)?|item)\.?\s{0,2}(?:no\.?|nr\.?|n°)?\s{0,2}(\d{1,5})\s?[.:)]?", re.IGNORECASE)
MAX_LINES: Final = 2_000
_TWINS: Final = 200
MAX_WORK: Final = 12_000_000
"""Sum of the squares of line lengths: what reading a text costs at worst."""
_POSITION_AND_PART = re.compile(r"\s{1,12}(?P<pos>0{0,4}[1-9]\d{0,4})\s{1,6}(?P<code>(?=[A-Za-z./_-]{0,20}\d)[A-Za-z0-9][A-Za-z0-9./_-]{2,30})(?:\s{1,3}\((?P<other>[^()]{2,60})\))?\s*")
_NUMBERED = re.compile(r"(?=[\w./-]{0,30}\d)[A-Za-z0-9][\w./-]{2,29}")
_PO_NUMBER: Final = r"(?P<no>(?=[A-Za-z0-9/_.-]{0,24}\d)[A-Za-z0-9][A-Za-z0-9/_.-]{1,30}[A-Za-z0-9])"
_PO = re.compile(
    r"(?<![\w-])(?P<word>(?:our |unsere[rn]? |notre |nuestro |nostro |onze |ons |purchase |new |neue |nouvelle )?(?:p\.?\s?o\.?|purchase[ -]?order|order|bestell(?:ung|nummer|nr)?|auftrag(?:s(?:nummer|nr))?|bon de commande|commande|cde|orden de compra|o\.?c\.?|pedido|ordine(?: d['’ ]?acquisto)?|o\.?d\.?a\.?|best[äa]llning(?:snr|snummer)?|ink[öo]psorder|zam[óo]wieni[ea]|inkooporder|bestelling|bestelbon|bestelnummer|ordernummer|order[- ]?reference|bestellreferenz|ref(?:erence)?\.? commande)"
    r"(?:[ .\-]{0,2}(?:no|nr|num(?:ber|mer|éro|ero|er)?|número|numero|n\.?[°ºo]|n(?=\.?\s?:?\s?[A-Z0-9#])|#|ref(?:erence)?|id))?)\.?\s{0,2}(?::|#|=)?\s{0,2}(?:is |lautet |est |es |è )?#?\s{0,1}"
    + _PO_NUMBER + r"(?![\w/]|-\w)",
    re.IGNORECASE,
)
_NOT_OURS = re.compile(
    r"(?:confirmation|acknowledg\w+|best[aä]tigung|quot\w+|offer|angebot\w*|previous|last|earlier|letzte\w*|vorige\w*|fr[uü]here\w*|pr[eé]c[eé]dente?|anterior|precedente|vorige|minimum|mindest|sales|same as|as in|wie in|wie bei|repeat|replacement for|instead of|statt|framework|blanket|rahmen\w*|your|ihre[rn]?|votre|su|vostro|uw)\s{0,3}$",
    re.IGNORECASE,
)
_REQUESTED = re.compile(
    r"\b(?:deliver(?:y|ed|ies)?|needed?|require[ds]?|by|due|ship(?:ment|ping|ped)?|arriv\w+|receive[d]?|no later than|liefer\w*|termin\w*|ben[oö]tig\w*|anlieferung|eintreff\w*|bis|sp[aä]testens|livr\w+|besoin|au plus tard|avant le|pour le|exp[eé]di\w+|entreg\w+|recib\w+|antes del?|para el|a m[aá]s tardar|plazo|consegn\w+|entro|ricever\w+|spedi\w+|per il|lever\w*|leverans\w*|levereras|senast|dostaw\w*|dostarcz\w*|uiterlijk|v[oó][oó]r|ontvang\w*|nodig)\b",
    re.IGNORECASE,
)
_ORDER_DAY = re.compile(r"\b(?:dated?|vom|date du|du|con fecha|de fecha|del|in data|d\.?d\.?|van|order date|bestelldatum)\W{0,4}$", re.IGNORECASE)
_CONSTRAINT = re.compile(
    r"\b(?:not before|no earlier|earliest|not later|nicht vor|fr[uü]hestens|pas avant|au plus t[oô]t|no antes|non prima|niet voor|vroegst\w*|closed|geschlossen|ferm[eé]e?s?|cerrad\w+|chius\w+|gesloten|holiday\w*|urlaub|cong[eé]s|vacaciones|ferie|vakantie|valid until|g[uü]ltig)\b",
    re.IGNORECASE,
)
_SUM = re.compile(rf"^[\s*_>-]{{0,6}}(?P<label>[^\d:€$£|]{{3,44}}?)[\s:=.|_-]{{0,30}}(?P<value>(?:{CURRENCY}\s?)?{DIGITS}(?:[ \u00a0]\d{{3}})*(?:[.,]\d+)?(?:,-)?\s?(?:{CURRENCY})?)\s{{0,2}}(?:\(?(?:net(?:to)?|excl\.? \w+|ht|h\.t\.|zzgl\.? \w+|\+ ?\w+|ex(?:cl)? vat)\)?\.?)?[\s*_]{{0,4}}$", re.IGNORECASE)
_GREETING = re.compile(
    r"^\s*(?:dear|hello|hi\b|good (?:morning|afternoon|day|evening)|to whom|sehr geehrte|guten (?:tag|morgen)|hallo|liebe[rs]?\b|gr[uü](?:ß|ss) gott|moin|bonjour|madame|monsieur|messieurs|cher|ch[eè]re|estimad[oa]s?|buen(?:os|as) (?:d[ií]as|tardes)|hola|muy (?:se[nñ]or\w*|buen\w+)|gentil[ie]|buon(?:giorno|asera)|egregi\w*|spett\w*|salve|geachte|beste\b|goede(?:morgen|middag|ndag)|dag\b|team\b|hej\b|god (?:morgon|dag|middag|eftermiddag)|dzie[ńn] dobry|szanown\w*|witam)[^\d]{0,80}$",
    re.IGNORECASE,
)
_PAYMENT = re.compile(r"\b(?:payment|terms|zahlung\w*|zahlbar|paiement|r[eè]glement|pago|pagamento|betaling\w*|net)\b", re.IGNORECASE)
_INCOTERM_USE = re.compile(r"\b(?:incoterms?|deliver\w*|liefer\w*|livr\w*|entreg\w*|consegn\w*|lever\w*|resa|terms|free|frei|franco|porto|20[12]\d)\b", re.IGNORECASE)
_JOIN = re.compile(
    rf"\s{{0,3}}(?:[;,]\s*(?:and|und|et|y|e|en)?|\b(?:and|und|sowie|plus|et|ainsi que|y|e|ed|en|as well as|along with|additionally|zus[aä]tzlich|ebenso))\s+(?:also )?(?=(?:{DIGITS})\s{{0,2}}[^\W\d_]{{0,14}}[×x.]?\s)",
    re.IGNORECASE,
)
_SUMS = frozenset("stated_total gross_total tax stated_line_count stated_quantity_total".split())
_BLOCK_FIELDS = frozenset("part article customer_part supplier_part gtin description quantity unit price price_basis amount position po_or_part".split())
_ADDRESS_END = re.compile(r"[:?!]|\b(?:please|bitte|veuillez|merci|por favor|prego|graag|we|wir|nous)\b", re.IGNORECASE)


class Walker:
    """Reads lines in order; ``drafts`` grows by one whenever another order number opens another order."""

    def __init__(self, part: str, ways: Ways) -> None:
        self.part = part
        self.ways = ways
        self.drafts = [Draft("email")]
        self.block: DraftLine | None = None
        self.block_items: list[DraftLine] = []
        self.pending: Item | None = None
        self.other_text: list[TextLine] = []
        self.last_was_item = False
        self.divided_at: int | None = None
        self.number_last = False

    @property
    def draft(self) -> Draft:
        """The order being read."""
        return self.drafts[-1]

    def walk(self, lines: Sequence[TextLine]) -> None:
        """Reads all lines; what no field holds becomes a note of the order it stands in."""
        at = 0
        if sum(len(text) ** 2 for _, text in lines) > MAX_WORK or len(lines) > MAX_LINES:
            raise Refusal(
                "mail.too_long", f"The text is longer than an order in a mail is; {MAX_LINES} lines are read.", self.part
            )
        while at < len(lines):
            number, text = lines[at]
            if not text.strip():
                self.last_was_item = self.last_was_item and self.pending is not None
                at += 1
                continue
            if is_rule(text):
                if self.draft.lines and self.draft.po_number:
                    self.divided_at = len(self.draft.lines)
                at += 1
                continue
            header = find_header(lines, at)
            if header is not None:
                taken = self._table(header, lines, at)
                if taken:
                    at = taken
                    continue
            at = self._line(lines, at, number, text)
        self._close_block()
        self._close_pending()

    def _source(self, number: int, text: str, column: str | None = None) -> Source:
        return Source(self.part, number, text.strip()[:300], column=column)

    # One line

    def _line(self, lines: Sequence[TextLine], at: int, number: int, text: str) -> int:
        source = self._source(number, text)
        if len(text) > 2000:
            self._note(text[:2000], source)
            return at + 1
        if label_of(text.strip()) in _SUMS and at + 1 < len(lines) and read_price(lines[at + 1][1].strip(), self.ways) is not None:
            below, amount = lines[at + 1]
            name = label_of(text.strip()) or ""
            if name in {"gross_total", "tax"} or put_field(self.draft, name, amount.strip(), self._source(below, amount), self.ways):
                return at + 2
        if self._opens_item(text, source) or self._describes_block(text, source):
            return at + 1
        position = _POSITION_ALONE.fullmatch(text.strip().lower())
        if position is not None:
            self._close_block()
            self.block = DraftLine(number=int(position[1]), sources={"number": source})
            return at + 1
        label = _LABEL.match(text.strip())
        if label is not None:
            taken = self._day_of_item(text, label, source) and at + 1 or self._labelled(lines, at, label, source)
            if taken:
                return taken
        if self._segments(text, source):
            return at + 1
        text = self._fields(text, source)
        if not text.strip():
            return at + 1
        summed = _SUM.match(text)
        if summed is not None:
            name = LABEL_FIELDS.get(squash(re.sub(CURRENCY, " ", summed["label"])))
            if name in {"gross_total", "tax"} or (name is not None and put_field(self.draft, name, summed["value"], source, self.ways)):
                return at + 1
        rest = self._order_number(text, source)
        if rest.strip(" .,:;-–") and not self._items(rest, source, whole=rest == text):
            self._sentence(rest, text, source)
        return at + 1

    def _opens_item(self, text: str, source: Source) -> bool:
        """``  10  6308-ZZ (our ref. 4711)``: position and part number alone open an item; its fields follow."""
        found = _POSITION_AND_PART.fullmatch(text)
        if found is None or code_rank(found["code"]) == 0 and not found["code"].isdigit():
            return False
        self._close_block()
        self.block = DraftLine(number=int(found["pos"]), supplier_part=found["code"])
        self.block.sources = {"number": source, "supplier_part": source}
        other = re.match(r"(.{0,30}?)[\s:]*([\w./-]*\d[\w./ -]*)$", found["other"] or "")
        if other is not None:
            heading = heading_of(other[1]) if other[1].strip() else None
            name = "customer_part" if heading is None or heading.field != "supplier_part" else "supplier_part"
            if name == "supplier_part":
                self.block.customer_part = self.block.supplier_part
                self.block.sources["customer_part"] = source
            setattr(self.block, name, other[2].strip())
            self.block.sources[name] = source
        return True

    def _describes_block(self, text: str, source: Source) -> bool:
        """The words under an opened item, before its quantity, describe it."""
        block = self.block
        if block is None or block.part is None or block.quantity is not None or block.description or not text.startswith((" ", "\t")):
            return False
        if ":" in text or len(text) > 120 or fields_in(text, self.ways)[0]:
            return False
        block.description = text.strip()
        block.sources["description"] = source
        return True

    def _day_of_item(self, text: str, label: re.Match[str], source: Source) -> bool:
        """A day that stands indented under an item is the item's."""
        if not (self.last_was_item and self.draft.lines and text.startswith((" ", "\t")) and label["value"]):
            return False
        line = self.draft.lines[-1]
        if label_of(label["label"]) != "requested_date" or line.requested_date is not None:
            return False
        put_line_day(line, label["value"].strip(), self.ways, source, self.draft)
        return True

    def _fields(self, text: str, source: Source) -> str:
        """Takes the fields of a line that names several, or one without a colon; returns what is left."""
        found, rest = fields_in(text, self.ways)
        if not found or len(text) > 400:
            return text
        left: list[str] = []
        names = {field.name for field in found}
        if names & _BLOCK_FIELDS and not names & {"po_or_part"}:
            if rest or not names <= _BLOCK_FIELDS | {"requested_date", "stated_total"} or (len(found) < 2 and self.block is None):
                return text
            for field in found:
                self._block_field("amount" if field.name == "stated_total" else field.name, field.label, field.value, source)
            return ""
        for field in found:
            match = _LABEL.match(f"{field.label}: {field.value}")
            if match is None or not self._labelled([(source.line, text)], 0, match, source):
                left.append(f"{field.label} {field.value}")
        if rest and not self._speaks(rest) and "   " in text:
            self._note(rest, source)
            rest = ""
        return "   ".join([*([rest] if rest else []), *left])

    @staticmethod
    def _speaks(text: str) -> bool:
        return any(one.isdigit() for one in text) or len(text.split()) > 8

    def _labelled(self, lines: Sequence[TextLine], at: int, label: re.Match[str], source: Source) -> int:
        """Takes a labelled line (and the address block below it); 0 when the label or value says nothing."""
        value = (label["value"] or "").strip()
        name = field_of(label["label"], value, self.ways)
        if name is None:
            return 0
        if name == "stated_total" and self._is_of_block(lines[at][1], value):
            name = "amount"
        if name in {"ship_to", "bill_to", "ship_to.name"} or (name == "ship_to.street" and not value):
            return self._address("bill_to" if name == "bill_to" else "ship_to", lines, at, value)
        if not value:
            if name in {"po_number", "order_date", "requested_date", "note", "stated_total"} and at + 1 < len(lines):
                number, below = lines[at + 1]
                if below.strip() and name != "note" and put_field(self.draft, name, below.strip(), self._source(number, below), self.ways):
                    return at + 2
            return 0
        if name in _BLOCK_FIELDS or (name == "requested_date" and self.block is not None):
            if name == "po_or_part" and _NUMBERED.fullmatch(value) and self._may_open(value):
                self._close_block()
                self._open_order(value, source)
                return at + 1
            return at + 1 if self._block_field(name, label["label"], value, source) else 0
        self._close_block()
        if name == "po_number":
            found = re.match(_PO_NUMBER, value.lstrip("# "))
            if found is None:
                return 0
            self._open_order(found["no"], source)
            rest = value.lstrip("# ")[found.end() :]
            for day in find_days(rest, self.ways.days):
                if day.day is not None and self.draft.order_date is None:
                    self.draft.order_date = day.day
                    self.draft.mark("order_date", source)
            return at + 1
        if name in {"ignore", "framework", "gross_total", "tax", "discount"}:
            if name in {"framework", "discount"}:
                self._note(lines[at][1].strip(), source)
            return at + 1
        if name == "stated_total":
            value = re.split(r"\s+\(|\s+(?:net|netto|excl|ht|zzgl|\+|ex)\b", value, maxsplit=1, flags=re.IGNORECASE)[0]
        if name == "incoterms" and incoterms_of(value.upper()) is None:
            self._note(lines[at][1].strip(), source)
            return at + 1
        if name == "requested_date" and re.search(r"\b(?:asap|as soon as|schnellst|umgehend|sofort|d[eè]s que|lo antes|cuanto antes|prima possibile|zo (?:snel|spoedig))", value, re.IGNORECASE):
            self._note(lines[at][1].strip(), source)
            return at + 1
        if put_field(self.draft, name, value, source, self.ways):
            return at + 1
        if name in {"order_date", "requested_date"} and any(one.isdigit() for one in value):
            self.draft.warn("date", f"{value[:40]!r} names no calendar day (line {source.line})")
            return at + 1
        if name in _SUMS:
            self.draft.warn("uncertain", f"{label['label'].strip()[:40]!r} states no number (line {source.line}: {value[:40]!r})")
            return at + 1
        return 0

    def _address(self, which: str, lines: Sequence[TextLine], at: int, value: str) -> int:
        party = self.draft.ship_to if which == "ship_to" else self.draft.bill_to
        number, text = lines[at]
        block: list[tuple[str, Source]] = [(value, self._source(number, text))] if value else []
        follow = at + 1
        while follow < len(lines) and len(block) < 8:
            number, text = lines[follow]
            stripped = text.strip().lstrip("*>| ").rstrip(" |")
            if not stripped:
                if block:
                    break
                follow += 1
                continue
            label = _LABEL.match(text)
            if label is not None and label["value"] and label_of(label["label"]) is not None and not stripped.upper().startswith(("GLN", "ILN")):
                break
            if len(stripped) > 90 or (_ADDRESS_END.search(stripped) and not stripped.upper().startswith(("GLN", "ILN", "ID"))):
                break
            if block and (find_header(lines, follow) is not None or self._is_item(stripped)):
                break
            if value and "," in value and any(one.isdigit() for one in value):
                break
            block.append((stripped, self._source(number, text)))
            follow += 1
        if not block:
            return 0
        before = dict(party.values)
        if before and which == "ship_to":
            self.draft.warn("uncertain", f"a second delivery address (line {number})")
        else:
            read_address(block, party)
        return follow

    def _is_item(self, text: str) -> bool:
        item = read_item(text, self.ways, Source(self.part, 0, text))
        return item is not None and item.rank >= 3 and (item.priced or item.code_rank >= 3)

    # Items

    def _segments(self, text: str, source: Source) -> bool:
        """``Item: AB-100; Qty: 10; Price: 3.20`` in one line."""
        pieces = [piece for piece in re.split(r"\s*[;|\t]\s*|,\s+(?=[^\W\d])|\s{3,}", text) if piece.strip()]
        if len(pieces) < 2:
            return False
        pairs = [(match, label_of(match["label"])) for piece in pieces if (match := _LABEL.match(piece)) and match["value"]]
        names = {name for _, name in pairs if name is not None}
        if len(pairs) != len(pieces) or "quantity" not in names or not names & {"part", "article", "supplier_part", "customer_part", "gtin"}:
            if len(pairs) == len(pieces) and None not in {name for _, name in pairs} and not names & _BLOCK_FIELDS:
                return all([self._labelled([(source.line, piece)], 0, match, source) for (match, _), piece in zip(pairs, pieces, strict=True)])
            return False
        self._close_block()
        taken = [self._block_field(name or "", match["label"], match["value"].strip(), source) for match, name in pairs]
        self._close_block()
        return all(taken)

    def _block_field(self, name: str, label: str, value: str, source: Source) -> bool:
        if name in {"position"}:
            self._close_block()
        if name == "po_or_part":
            name = "part"
        columns = resolve_columns([label], [[value]])
        field = columns.fields[0]
        block = self.block or DraftLine()
        if name in {"part", "article", "supplier_part", "customer_part", "gtin"} and block.part is not None and block.quantity is not None:
            self._close_block()
            block = DraftLine()
        if name == "quantity":
            if block.quantity is not None:
                self._close_block()
                block = DraftLine()
            read = line_from_cells(columns, [value], self.ways, lambda _: source, self.draft)
            if read is None:
                return False
            block.quantity, block.unit = read.quantity, read.unit or block.unit
            block.sources.update(read.sources)
        else:
            filler = resolve_columns(["Qty", label], [["1", value]])
            if name == "article":
                filler = resolve_columns(["Qty", label], [["1", "x y"]])
            try:
                read = line_from_cells(filler, ["1", value], self.ways, lambda _: source, self.draft)
            except Refusal:
                return False
            if read is None:
                return False
            read.sources.pop("quantity", None)
            if not read.sources and field is not None:
                return False
            for key, origin in read.sources.items():
                if key in block.sources:
                    continue
                setattr(block, key, getattr(read, key))
                block.sources[key] = origin
        self.block = block
        return True

    def _is_of_block(self, text: str, value: str) -> bool:
        """Whether a sum under the fields of an item is the item's: indented like them, or what they multiply to."""
        block = self.block
        if block is None or block.quantity is None or block.amount is not None:
            return False
        if text.startswith((" ", "\t")):
            return True
        price = read_price(value, self.ways)
        return price is not None and block.price is not None and abs(block.quantity * block.price / block.price_basis - price.value) <= Decimal("0.01")

    def _may_open(self, number: str) -> bool:
        """Whether a number that may be an order's or a part's is an order's: the first, or one of the same form."""
        known = self.draft.po_number
        if not known:
            return self.block is None
        return bool(self.draft.lines) and _form(known) == _form(number)

    def _close_block(self) -> None:
        block, self.block = self.block, None
        if block is None or not block.sources:
            return
        if block.quantity is not None and (block.part is not None or block.description):
            self._add(block)
        elif self.pending is not None and block.part is None and block.quantity is not None:
            pending, self.pending = self.pending, None
            for key, origin in block.sources.items():
                if key not in pending.line.sources:
                    setattr(pending.line, key, getattr(block, key))
                    pending.line.sources[key] = origin
            self._add(pending.line)
        elif self.draft.lines and block.quantity is None and block.part is None:
            last = self.draft.lines[-1]
            for key, origin in block.sources.items():
                if key not in last.sources:
                    setattr(last, key, getattr(block, key))
                    last.sources[key] = origin
        elif block.quantity is not None or block.part is not None:
            first = next(iter(block.sources.values()))
            self.draft.warn("uncertain", f"an item without {'part number' if block.quantity else 'quantity'} (line {first.line}: {first.text[:80]!r})")

    def _close_pending(self) -> None:
        pending, self.pending = self.pending, None
        if pending is not None:
            first = next(iter(pending.line.sources.values()), None)
            if first is not None:
                self.draft.warn("uncertain", f"an item without quantity (line {first.line}: {first.text[:80]!r})")

    def _items(self, text: str, source: Source, *, whole: bool) -> bool:
        pieces = [piece for piece in _JOIN.split(text) if piece and piece.strip()]
        if len(pieces) > 1:
            items = [read_item(piece, self.ways, source) for piece in pieces]
            kept = [item for item in items if item is not None and item.rank >= 2 and item.code_rank >= 1 and item.line.part]
            if len(kept) == len(pieces) and len({(item.line.part) for item in kept}) == len(kept):
                return all([self._accept(item, source, text) for item in kept])
        item = read_item(text, self.ways, source)
        if item is None:
            return False
        line = item.line
        words = len(text.split())
        short = words <= 14
        strong = line.part is not None and (item.code_rank >= 3 or line.gtin is not None)
        if item.rank >= 1 and line.part is not None:
            if strong and (item.rank >= 3 or item.listed or item.priced or (short and (item.rank >= 2 or self.last_was_item or words <= 6))):
                return self._accept(item, source, text)
            if not strong and item.rank >= 3 and (item.priced or item.listed or self.last_was_item or short):
                return self._accept(item, source, text)
        if item.rank >= 3 and line.part is None and line.description and (item.listed or item.priced) and whole:
            return self._accept(item, source, text)
        if item.rank == 0 and strong and (item.listed or item.code_rank == 9) and short:
            self._close_block()
            self._close_pending()
            self.pending = item
            return True
        if self.pending is not None and line.part is None and (item.rank >= 3 or item.priced) and short:
            pending = self.pending
            for key, origin in line.sources.items():
                if key not in pending.line.sources:
                    setattr(pending.line, key, getattr(line, key))
                    pending.line.sources[key] = origin
            pending.doubts.extend(item.doubts)
            pending.currency = pending.currency or item.currency
            pending.price_unit = pending.price_unit or item.price_unit
            if pending.line.quantity is not None:
                self.pending = None
                self._accept(pending, source, text)
            return True
        if self.last_was_item and self.draft.lines and item.rank == 0 and short:
            return self._attach(item, source)
        return False

    def _attach(self, item: Item, source: Source) -> bool:
        """A line under an item that adds its day, price or other part number."""
        last = self.draft.lines[-1]
        added = {key: origin for key, origin in item.line.sources.items() if key not in {"description", "number"}}
        if not added or (item.line.description and len(item.line.description.split()) > 4):
            return False
        if any(key in last.sources for key in added):
            return False
        for key, origin in added.items():
            setattr(last, key, getattr(item.line, key))
            last.sources[key] = origin
        self._doubts(item, source)
        return True

    def _accept(self, item: Item, source: Source, text: str) -> bool:
        self._close_block()
        self._close_pending()
        self._doubts(item, source)
        if item.currency is not None:
            if self.draft.currency is None:
                self.draft.currency = item.currency
                self.draft.mark("currency", source)
            elif self.draft.currency != item.currency:
                self.draft.warn("uncertain", f"two currencies: {self.draft.currency} and {item.currency} (line {source.line})")
        if item.line.part is not None and any(one.part == item.line.part for one in self.draft.lines[-_TWINS:]):
            self.draft.warn("contradiction", f"{item.line.part} is named again (line {source.line}: {source.text[:120]!r})")
        check_price_unit(item.line, item.price_unit, self.draft)
        if item.line.price is None and item.line.amount is not None and item.line.quantity:
            item.line.price, item.line.amount = None, item.line.amount
        self._add(item.line)
        self.last_was_item = True
        return True

    def _doubts(self, item: Item, source: Source) -> None:
        for doubt in item.doubts:
            kind, _, words = doubt.partition(": ")
            self.draft.warn(kind, f"{words} (line {source.line}: {source.text[:80]!r})")

    def _add(self, line: DraftLine) -> None:
        self.draft.lines.append(line)

    # Order number and sentences

    def _open_order(self, number: str, source: Source) -> None:
        number = number.rstrip(".-/")
        draft = self.draft
        self._close_block()
        if not draft.po_number:
            draft.po_number = number
            draft.mark("po_number", source)
            self.number_last = bool(draft.lines)
        elif draft.po_number != number and draft.lines:
            following = Draft("email")
            following.po_number = number
            following.mark("po_number", source)
            if self.number_last:
                self._move_lines(draft, following)
            self.divided_at = None
            self.drafts.append(following)
            self.last_was_item = False
        elif draft.po_number != number:
            draft.warn("uncertain", f"two order numbers: {draft.po_number} and {number} (line {source.line})")

    def _move_lines(self, draft: Draft, following: Draft) -> None:
        """Where numbers stand below their items, the items since the dividing line are the next order's."""
        if self.divided_at is None:
            draft.warn("uncertain", f"the items of order {draft.po_number} and {following.po_number} are not divided")
            following.warn("uncertain", f"the items of order {draft.po_number} and {following.po_number} are not divided")
            return
        following.lines.extend(draft.lines[self.divided_at :])
        del draft.lines[self.divided_at :]

    def _order_number(self, text: str, source: Source) -> str:
        """Takes the order number out of a sentence and returns the rest."""
        for found in _PO.finditer(text):
            number = found["no"]
            if number.isdigit() and found["word"].lower() == "po" and text[found.start("no") - 1].isalpha():
                number = found["word"] + number
            if not plausible_number(number, found["word"], self.ways) or _NOT_OURS.search(text[: found.start()]):
                continue
            days = [day for day in find_days(text[found.end() : found.end() + 40], self.ways.days) if day.day is not None]
            lead = text[found.end() : found.end() + (days[0].start if days else 0)]
            rest = text[: found.start()] + " " + text[found.end() :]
            if days and _ORDER_DAY.search(lead) and self.draft.order_date is None:
                self.draft.order_date = days[0].day
                self.draft.mark("order_date", source)
                rest = text[: found.start()] + " " + text[found.end() + days[0].end :]
            self._open_order(number, source)
            return rest
        return text

    def _sentence(self, rest: str, text: str, source: Source) -> None:
        if _GREETING.match(text):
            return
        draft = self.draft
        days = list(find_days(rest, self.ways.days))
        noted = False
        if days and _REQUESTED.search(rest) and not _CONSTRAINT.search(rest):
            if len({day.day for day in days}) == 1 and days[0].day is not None:
                if draft.requested_date is None:
                    draft.requested_date = days[0].day
                    draft.mark("requested_date", source)
                elif draft.requested_date != days[0].day:
                    draft.warn("contradiction", f"another day {days[0].day} (line {source.line}: {source.text[:120]!r})")
            else:
                draft.warn("date", f"{days[0].text!r} {days[0].doubt or 'is one of several days'} (line {source.line})")
        elif days:
            draft.warn("uncertain", f"a day that no field holds (line {source.line}: {source.text[:120]!r})")
        elif _REQUESTED.search(rest) and (relative := relative_day(rest)) is not None:
            draft.warn("date", f"{relative!r} names no calendar day (line {source.line})")
        code = incoterms_of(rest)
        if code is not None and _INCOTERM_USE.search(rest):
            put_field(draft, "incoterms", code, source, self.ways)
        if _PAYMENT.search(rest) and any(one.isdigit() for one in rest):
            terms = payment_terms_of(rest)
            if re.fullmatch(r"(?:\d[\d.]*/\d+ )?N\d+", terms):
                put_field(draft, "payment_terms", terms, source, self.ways)
                noted = True
        codes = [token for token in re.findall(r"[A-Za-z0-9][A-Za-z0-9./_-]{2,30}", rest) if code_rank(token) >= 3]
        item = read_item(rest, self.ways, source)
        if codes and item is not None and item.rank >= 1 and not days:
            draft.warn("uncertain", f"line {source.line} may order something and was not read: {source.text[:120]!r}")
        if not noted:
            self._note(text.strip(), source)

    def _note(self, text: str, source: Source) -> None:
        self.draft.note(text, source)

    # Tables

    def _table(self, header: Header, lines: Sequence[TextLine], at: int) -> int:
        """Reads the table below ``header``; returns the index after it, 0 when no row follows."""
        self._close_block()
        rows = self._rows(header, lines, at + header.lines)
        columns = resolve_columns(header.names, [cells for _, _, cells in rows if cells])
        count = len(self.draft.lines)
        end = at + header.lines
        gap = False
        for index, text, cells in rows:
            number = lines[min(index, len(lines) - 1)][0]
            if not text.strip():
                gap = True
                continue
            if is_rule(text):
                end = index + 1
                continue
            if cells is None and header.style == " ":
                cells = spread(columns.fields, text.split())
            line = None
            if cells is not None and not is_total_row(cells) and not _states_sum(cells):
                names = header.names

                def source_of(column: int, cells: list[str] = cells, number: int = number) -> Source:
                    return Source(self.part, number, cells[column] if column < len(cells) else "", column=names[column])

                try:
                    line = line_from_cells(columns, cells, self.ways, source_of, self.draft)
                except Refusal:
                    line = None
                    self.draft.warn("uncertain", f"a cell of line {number} is no number: {text.strip()[:120]!r}")
            if line is not None and (line.part is not None or line.description):
                po = columns.index("po_number")
                if po is not None and cells is not None and cells[po]:
                    self._open_order(cells[po], self._source(number, text, header.names[po]))
                self._add(line)
                gap = False
            elif len(self.draft.lines) == count and gap:
                break
            elif cells is not None and (is_total_row(cells) or _states_sum(cells)) or is_total_row([text]):
                self._total_row(text, cells, number)
            elif gap or not self._continues(text, cells, columns.fields, number):
                break
            end = index + (header.lines if header.style == "vertical" else 1)
        if len(self.draft.lines) == count and len(self.drafts) == 1:
            return 0
        return max(end, at + header.lines)

    def _rows(self, header: Header, lines: Sequence[TextLine], start: int) -> list[tuple[int, str, list[str] | None]]:
        rows: list[tuple[int, str, list[str] | None]] = []
        if header.style == "vertical":
            size = len(header.cells)
            end = start
            while end < len(lines) and (header.spaced or lines[end][1].strip()) and label_of(lines[end][1].strip()) not in _SUMS:
                end += 1
            filled = [(i, lines[i][1].strip()) for i in range(start, end) if lines[i][1].strip()]
            for first in range(0, len(filled) - size + 1, size):
                group = filled[first : first + size]
                if any(len(text) > 80 for _, text in group):
                    break
                rows.append((group[0][0], " ".join(text for _, text in group), [text for _, text in group]))
            return rows
        blanks = 0
        for index in range(start, len(lines)):
            text = lines[index][1]
            blanks = blanks + 1 if not text.strip() else 0
            if blanks > 2:
                break
            cells: list[str] | None = None
            if text.strip() and not is_rule(text):
                split = split_cells(text, header.style) if header.style != " " else []
                if header.style in {"|", "\t", ";"}:
                    cells = [cell.text for cell in split] or None
                elif split:
                    cells = align(header, split)
            rows.append((index, text, cells))
        return rows

    def _continues(self, text: str, cells: list[str] | None, fields: Sequence[str | None], number: int) -> bool:
        """A row without quantity under an item: more description, or an item the columns do not fit."""
        source = self._source(number, text)
        filled = [cell for cell in cells or [] if cell]
        item = read_item(text, self.ways, source)
        if item is not None and item.rank >= 3 and item.line.part is not None:
            return self._accept(item, source, text)
        if not self.draft.lines:
            return False
        last = self.draft.lines[-1]
        indented = text.startswith((" ", "\t", "|"))
        if item is not None and item.rank == 0 and self._attach(item, source):
            return True
        if cells is not None and len(filled) == 1 and "description" in fields and cells[fields.index("description")]:
            last.description = f"{last.description or ''} {filled[0]}".strip()
            last.mark("description", last.sources.get("description", source))
            return True
        if indented and len(text.split()) <= 8 and _LABEL.match(text.strip()) is None:
            last.description = f"{last.description or ''} {text.strip(' |')}".strip()
            last.mark("description", last.sources.get("description", source))
            return True
        position = fields.index("position") if "position" in fields else None
        numbered = cells is not None and position is not None and cells[position].rstrip(".").isdigit()
        if (item is not None and (item.code_rank >= 3 or len(filled) >= 3)) or (numbered and len(filled) >= 2):
            self.draft.warn("uncertain", f"line {number} of the table was not read: {text.strip()[:120]!r}")
            return True
        return False

    def _total_row(self, text: str, cells: list[str] | None, number: int) -> None:
        bare = " ".join(cell for cell in cells if cell) if cells else text
        summed = _SUM.match(bare.strip(" |"))
        if summed is None:
            return
        name = LABEL_FIELDS.get(squash(re.sub(CURRENCY, " ", summed["label"])))
        if name in {"stated_total", "stated_line_count", "stated_quantity_total"}:
            put_field(self.draft, name, summed["value"], self._source(number, text), self.ways)


def _states_sum(cells: Sequence[str]) -> bool:
    filled = [cell for cell in cells if cell.strip()]
    return len(filled) == 2 and label_of(filled[0]) in _SUMS


def _form(number: str) -> str:
    return re.sub(r"[A-Za-z]", "A", re.sub(r"\d", "0", number))


def plausible_number(number: str, word: str, ways: Ways) -> bool:
    """Whether what follows an order word is an order number and not a day, a quantity or a year."""
    if any(day.end - day.start >= len(number) - 1 for day in find_days(number, ways.days)):
        return False
    explicit = re.search(r"(?:no|nr|num\w*|n[°ºo]|#|ref\w*|id|nummer|numero|p\.?\s?o)\.?$", word.strip(), re.IGNORECASE) is not None
    if number.isdigit():
        return len(number) >= (3 if explicit else 4) and not (not explicit and re.fullmatch(r"20[2-4]\d", number))
    return any(one.isdigit() for one in number) and len(number) >= 3
