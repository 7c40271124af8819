"""Walks the lines a sender wrote and gathers orders from them: labels, tables, lists and sentences."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from bridgehead.documents.addresses import read_address
from bridgehead.documents.dates import find_days
from bridgehead.documents.draft import DraftLine
from bridgehead.documents.mail.changes import Changes
from bridgehead.documents.mail.labels import LABEL, field_of, fields_in, fits
from bridgehead.documents.mail.patterns import (
    ADDRESS_END,
    BLOCK_FIELDS,
    CONSTRAINT,
    MAX_LINES,
    MAX_WORK,
    NUMBERED,
    PO_NUMBER,
    POSITION_ALONE,
    REQUESTED,
    SUM,
    SUMS,
    sentences,
)
from bridgehead.documents.mail.sections import TextLine
from bridgehead.documents.mail.table import find_header, is_rule, split_cells
from bridgehead.documents.order import Source
from bridgehead.documents.order_fields import put_field
from bridgehead.documents.outcome import Refusal
from bridgehead.documents.references import take_references
from bridgehead.documents.tables.cells import Ways, read_price
from bridgehead.documents.tables.headings import LABEL_FIELDS, heading_of, label_of, squash
from bridgehead.documents.tables.item_codes import code_rank
from bridgehead.documents.tables.table import put_line_day
from bridgehead.documents.terms import CURRENCY, incoterms_of

_LONGEST_LABEL = 40
_ORDERS_OWN = frozenset(
    ["po_number", "po_or_part", "order_date", "requested_date", "customer_number", "incoterms", "currency"]
)
"""Labels that no line of an address has."""
_DESCRIBED = re.compile(r"\s{1,12}(?P<pos>0{0,4}[1-9]\d{0,3})\s{2,8}(?P<words>[^\W\d_]\S*(?:\s\S+){0,12})\s*")
_SEVERAL = re.compile(r":\s*\S.*\s{2,}[^\W\d_][^:;]{0,40}:\s")
"""A second label with its value, further right in the line."""
_FEW = 4
_PLACES = frozenset({"ship_to", "bill_to", "ship_to.name"})
_PARTS = frozenset({"part", "article", "supplier_part", "customer_part", "gtin"})
_TWO = 2
_ADDRESS_LINES = 8
_TELEGRAM = 3
"""So many pieces between semicolons make a line that says one thing after the other."""


class Walker(Changes):
    """Reads lines in order; ``drafts`` holds the orders found. ``changing``: the mail says that it changes an order."""

    def __init__(self, part: str, ways: Ways, *, changing: bool = False) -> None:
        super().__init__(part, ways)
        self.changing = changing

    def walk(self, lines: Sequence[TextLine]) -> None:
        """Reads all lines; what no field holds becomes a note of the order it stands in."""
        at = 0
        if sum(len(text) ** 2 for _, text in lines) > MAX_WORK or len(lines) > MAX_LINES:
            raise Refusal(
                "mail.too_long",
                f"The text is longer than an order in a mail is; {MAX_LINES} lines are read.",
                self.part,
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
            taken = self._change_table(lines, at)
            if taken:
                at = taken
                continue
            self._doubt_heading(number, text)
            at = self._turned(lines, at) or self._line(lines, at, number, text)
        self._close_block()
        self._close_pending()
        self._watch_loose()
        self._watch_places()

    def _doubt_heading(self, number: int, text: str) -> None:
        """Warns of a table that counts nothing: figures in its rows would be taken for quantities."""
        cells = split_cells(text, "\t" if "\t" in text else "|" if "|" in text else "  ")
        fields = {found.field for cell in cells if (found := heading_of(cell.text)) is not None}
        if len(cells) > _TWO and "position" in fields and fields & _PARTS and "quantity" not in fields:
            self.draft.warn("uncertain", f"the table below line {number} has no quantities: {text.strip()[:120]!r}")

    def _segments(self, text: str, source: Source) -> bool:
        """``Item: AB-100; Qty: 10; Price: 3.20`` in one line."""
        pieces = [piece for piece in re.split(r"\s*[;|\t]\s*|,\s+(?=[^\W\d])|\s{3,}", text) if piece.strip()]
        if len(pieces) < 2:
            return False
        pairs = [
            (match, label_of(match["label"])) for piece in pieces if (match := LABEL.match(piece)) and match["value"]
        ]
        names = {name for _, name in pairs if name is not None}
        if (
            len(pairs) != len(pieces)
            or "quantity" not in names
            or not names & {"part", "article", "supplier_part", "customer_part", "gtin"}
        ):
            if len(pairs) == len(pieces) and None not in {name for _, name in pairs} and not names & BLOCK_FIELDS:
                return all(
                    self._labelled([(source.line, piece)], 0, match, source)
                    for (match, _), piece in zip(pairs, pieces, strict=True)
                )
            return False
        self._close_block()
        for match, name in pairs:
            if not self._block_field(name or "", match["label"], match["value"].strip(), source):
                self.draft.warn("uncertain", f"{match['value'].strip()[:40]!r} was not read (line {source.line})")
        self._close_block()
        return True

    def _line(self, lines: Sequence[TextLine], at: int, number: int, text: str) -> int:
        source = self._source(number, text)
        if len(text) > 2000:
            self._note(text[:2000], source)
            return at + 1
        taken = self._headed(lines, at) or self._telegram(number, text, source, at)
        if taken:
            return taken
        said = sentences(text)
        if len(said) > 1:
            for sentence in said:
                self._line([(number, sentence)], 0, number, sentence)
            return at + 1
        if self._change(text, source) or self._opens_item(text, source) or self._describes_block(text, source):
            return at + 1
        position = POSITION_ALONE.fullmatch(text.strip().lower())
        if position is not None:
            self._close_block()
            self.block = DraftLine(number=int(position[1]), sources={"number": source})
            return at + 1
        if self._segments(text, source):
            return at + 1
        label = LABEL.match(text.strip())
        if label is not None and _SEVERAL.search(text) is None:
            taken = (self._day_of_item(text, label, source) and at + 1) or self._labelled(lines, at, label, source)
            if taken:
                return taken
        if self._day_below(text, source):
            return at + 1
        text = self._fields(text, source)
        if not text.strip():
            return at + 1
        if self._sums(text, source):
            return at + 1
        text = self._customer(text, source)
        left = self._place(self._order_number(take_references(text, self.draft, source), source), source)
        if left.strip(" .,:;-–") and not self._items(left, source, whole=left == text):
            self._sentence(left, text, source)
        return at + 1

    def _sums(self, text: str, source: Source) -> bool:
        """Takes a sum of the order with its name, and nothing else."""
        summed = SUM.match(text)
        if summed is None:
            return False
        name = LABEL_FIELDS.get(squash(re.sub(CURRENCY, " ", summed["label"])))
        if name in {"gross_total", "tax"}:
            return True
        return name is not None and put_field(
            self.draft, name, summed["value"], replace(source, how="label"), self.ways
        )

    def _headed(self, lines: Sequence[TextLine], at: int) -> int:
        """Takes what stands below a label that has a line of its own: a value, an address, addresses side by side."""
        if self._heads(lines, at):
            return at + (2 if lines[at + 1][1].strip() else 3)
        return (
            self._headed_address(lines, at)
            or self._side_by_side(lines, at)
            or self._columned_address(lines, at)
            or self._opens_described(lines, at)
        )

    def _columned_address(self, lines: Sequence[TextLine], at: int) -> int:
        """Takes an address whose parts stand on lines of their own behind their names, without colons."""
        found: list[tuple[str, str, Source]] = []
        for number, text in lines[at : at + _ADDRESS_LINES]:
            cells = split_cells(text, "  ")
            name = label_of(cells[0].text) if len(cells) == _TWO else None
            if name is None or not name.startswith("ship_to."):
                break
            found.append((name, cells[1].text, replace(self._source(number, text), how="label")))
        if not {"ship_to.city", "ship_to.postal_code"} <= {name for name, _, _ in found}:
            return 0
        self._close_block()
        for name, value, source in found:
            put_field(self.draft, name, value, source, self.ways)
        return at + len(found)

    def _opens_described(self, lines: Sequence[TextLine], at: int) -> int:
        """``  1  Valve, brass``: a position and words open an item when the fields of an item stand below them."""
        found = _DESCRIBED.fullmatch(lines[at][1])
        if found is None or at + 1 >= len(lines) or find_header(lines, at) is not None:
            return 0
        if code_rank(found["words"].strip()):
            return 0
        fields, rest = fields_in(lines[at + 1][1], self.ways)
        names = {field.name for field in fields}
        if rest or "quantity" not in names or not names <= BLOCK_FIELDS | {"requested_date", "stated_total"}:
            return 0
        source = self._source(*lines[at])
        self._close_block()
        self.block = DraftLine(number=int(found["pos"]), description=found["words"].strip())
        self.block.sources = {"number": source, "description": source}
        return at + 1

    def _telegram(self, number: int, text: str, source: Source, at: int) -> int:
        """Takes a line that says one thing after the other between semicolons; 0 when it is none."""
        pieces = [piece.strip() for piece in text.split("; ") if piece.strip()]
        label = LABEL.match(pieces[0]) if len(pieces) >= _TELEGRAM else None
        if len(pieces) < _TELEGRAM or (label is not None and label_of(label["label"]) in _PLACES):
            return 0
        if not self._segments(text, source):
            for piece in pieces:
                self._line([(number, piece)], 0, number, piece)
        return at + 1

    def _side_by_side(self, lines: Sequence[TextLine], at: int) -> int:
        """Takes addresses that stand beside each other under their labels; 0 when none do."""
        heads = split_cells(lines[at][1], "  ")
        names = [label_of(cell.text.rstrip(":")) for cell in heads]
        names = ["ship_to" if name == "ship_to.name" else name for name in names]
        colons = all(cell.text.endswith(":") for cell in heads)
        if (
            len(heads) < _TWO
            or not set(names) & {"ship_to", "bill_to"}
            or any(name not in {"ship_to", "bill_to", "customer_name", "ignore", None} for name in names)
            or (None in names and not colons)
        ):
            return 0
        self._close_block()
        columns: list[list[tuple[str, Source]]] = [[] for _ in heads]
        end = at + 1
        while end < len(lines) and end - at <= _ADDRESS_LINES and lines[end][1].strip():
            number, text = lines[end]
            label = LABEL.match(text)
            if find_header(lines, end) is not None or (label is not None and label_of(label["label"]) in _ORDERS_OWN):
                break
            for index, head in enumerate(heads):
                stop = heads[index + 1].start if index + 1 < len(heads) else len(text)
                piece = text[head.start : stop].strip()
                if piece:
                    columns[index].append((piece, replace(self._source(number, text), how="place")))
            end += 1
        for name, column in zip(names, columns, strict=True):
            if name in {"ship_to", "bill_to"} and column:
                read_address(column, self.draft.ship_to if name == "ship_to" else self.draft.bill_to)
            elif name == "customer_name" and column:
                self.draft.buyer.put("name", column[0][0], column[0][1])
        return end

    def _heads(self, lines: Sequence[TextLine], at: int) -> bool:
        """Takes a label that stands alone with its value in the next line, and nothing else there."""
        text = lines[at][1].strip().rstrip(":").strip("* ")
        name = label_of(text) if len(text) < _LONGEST_LABEL and not any(map(str.isdigit, text)) else None
        if name is None or at + 1 >= len(lines):
            return False
        skipped = 1 if not lines[at + 1][1].strip() and at + 2 < len(lines) else 0
        number, below = lines[at + 1 + skipped]
        value = below.strip().strip("* ")
        source = replace(self._source(number, below), how="label")
        if name in SUMS:
            if read_price(value, self.ways) is None:
                return False
            return name in {"gross_total", "tax"} or put_field(self.draft, name, value, source, self.ways)
        if name not in {"order_date", "requested_date", "po_number"} or not fits(name, value, self.ways):
            return False
        self._close_block()
        if name == "po_number":
            self._open_order(value.lstrip("# "), source)
            return True
        return put_field(self.draft, name, value, source, self.ways)

    def _headed_address(self, lines: Sequence[TextLine], at: int) -> int:
        """Takes an address whose label stands alone above it, without a colon; 0 when it is none."""
        text = lines[at][1].strip().strip("*#").strip()
        if len(text) > _LONGEST_LABEL or any(map(str.isdigit, text)) or text.endswith((".", "!", "?", ":")):
            return 0
        name = label_of(text)
        name = "ship_to" if name == "ship_to.name" else name
        if name not in {"ship_to", "bill_to"} or at + 1 >= len(lines) or not lines[at + 1][1].strip():
            return 0
        self._close_block()
        return self._address(name, lines, at, "")

    def _day_below(self, text: str, source: Source) -> bool:
        """A word for delivery and a day, indented under an item, are the item's: ``livraison 09/11/26``."""
        if not (self.last_was_item and self.draft.lines and text.startswith(("  ", "\t"))):
            return False
        days = list(find_days(text, self.ways.days))
        line = self.draft.lines[-1]
        if len(days) != 1 or days[0].day is None or line.requested_date is not None:
            return False
        around = (text[: days[0].start] + text[days[0].end :]).strip(" .,:;")
        if any(map(str.isdigit, around)) or len(around.split()) > _FEW or not REQUESTED.search(around):
            return False
        line.requested_date = days[0].day
        line.mark("requested_date", source)
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
        if names & BLOCK_FIELDS and not names & {"po_or_part"}:
            if (
                rest
                or not names <= BLOCK_FIELDS | {"requested_date", "stated_total"}
                or (len(found) < 2 and self.block is None)
            ):
                return text
            for field in found:
                self._block_field(
                    "amount" if field.name == "stated_total" else field.name, field.label, field.value, source
                )
            return ""
        for field in found:
            match = LABEL.match(f"{field.label}: {field.value}")
            if match is None or not self._labelled([(source.line, text)], 0, match, source):
                left.append(f"{field.label} {field.value}")
        if rest and not self._speaks(rest) and "   " in text:
            self._note(rest, source)
            rest = ""
        return "   ".join([*([rest] if rest else []), *left])

    @staticmethod
    def _speaks(text: str) -> bool:
        return any(one.isdigit() for one in text) or len(text.split()) > 8

    def _after_number(self, rest: str, source: Source) -> None:
        """What stands behind an order number is the day of the order, and then what any sentence is."""
        days = [day for day in find_days(rest, self.ways.days) if day.day is not None]
        if days and self.draft.order_date in {None, days[0].day} and not REQUESTED.search(rest[: days[0].start]):
            self.draft.order_date = days[0].day
            self.draft.mark("order_date", source)
            rest = rest[days[0].end :]
        if sum(map(str.isalnum, rest)) >= _FEW:
            self._sentence(rest, rest, source)

    def _labelled(self, lines: Sequence[TextLine], at: int, label: re.Match[str], source: Source) -> int:  # noqa: C901 - one branch for each kind of field
        """Takes a labelled line (and the address block below it); 0 when the label or value says nothing."""
        source = replace(source, how="label")
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
                if (
                    below.strip()
                    and name != "note"
                    and put_field(
                        self.draft, name, below.strip(), replace(self._source(number, below), how="label"), self.ways
                    )
                ):
                    return at + 2
            return 0
        if name in BLOCK_FIELDS or (name == "requested_date" and self.block is not None):
            if name == "po_or_part" and NUMBERED.fullmatch(value) and self._may_open(value):
                self._close_block()
                self._open_order(value, source)
                return at + 1
            return at + 1 if self._block_field(name, label["label"], value, source) else 0
        self._close_block()
        if name == "po_number":
            found = re.match(PO_NUMBER, value.lstrip("# "))
            if found is None:
                return 0
            self._open_order(found["no"], source)
            self._after_number(value.lstrip("# ")[found.end() :], source)
            return at + 1
        if name in {"ignore", "framework", "gross_total", "tax", "discount"}:
            if name in {"framework", "ignore"} and not take_references(lines[at][1].strip(), self.draft, source).strip(
                " .,:;-–"
            ):
                return at + 1
            if name in {"framework", "discount"}:
                self._note(lines[at][1].strip(), source)
            return at + 1
        if name == "stated_total":
            value = re.split(r"\s+\(|\s+(?:net|netto|excl|ht|zzgl|\+|ex)\b", value, maxsplit=1, flags=re.IGNORECASE)[0]
        if name == "incoterms" and incoterms_of(value.upper()) is None:
            self._note(lines[at][1].strip(), source)
            return at + 1
        if name == "requested_date" and re.search(
            r"\b(?:asap|as soon as|so (?:bald|schnell)|schnellst|umgehend|sofort|d[eè]s que|lo antes|cuanto antes|prima possibile|zo (?:snel|spoedig))",
            value,
            re.IGNORECASE,
        ):
            self._note(lines[at][1].strip(), source)
            if any(one.isdigit() for one in value):
                self.draft.warn("date", f"{value[:40]!r} names no single day (line {source.line})")
            return at + 1
        if name == "requested_date" and CONSTRAINT.search(value):
            self.draft.warn("date", f"{value[:40]!r} limits the day and names none (line {source.line})")
        if put_field(self.draft, name, value, source, self.ways):
            return at + 1
        if name in {"order_date", "requested_date"} and any(one.isdigit() for one in value):
            self.draft.warn("date", f"{value[:40]!r} names no calendar day (line {source.line})")
            return at + 1
        if name in SUMS:
            self.draft.warn(
                "uncertain", f"{label['label'].strip()[:40]!r} states no number (line {source.line}: {value[:40]!r})"
            )
            return at + 1
        return 0

    def _address(self, which: str, lines: Sequence[TextLine], at: int, value: str) -> int:
        party = self.draft.ship_to if which == "ship_to" else self.draft.bill_to
        number, text = lines[at]
        block: list[tuple[str, Source]] = [(value, replace(self._source(number, text), how="label"))] if value else []
        follow = at + 1
        while follow < len(lines) and len(block) < 8:
            number, text = lines[follow]
            stripped = text.strip().lstrip("*>|-•· ").rstrip(" |")
            if is_rule(text):
                break
            if not stripped:
                if block:
                    break
                follow += 1
                continue
            label = LABEL.match(text)
            if (
                label is not None
                and label["value"]
                and label_of(label["label"]) is not None
                and not stripped.upper().startswith(("GLN", "ILN"))
            ):
                break
            if len(stripped) > 90 or (
                ADDRESS_END.search(stripped) and not stripped.upper().startswith(("GLN", "ILN", "ID"))
            ):
                break
            if block and (find_header(lines, follow) is not None or self._is_item(stripped)):
                break
            if value and "," in value and any(one.isdigit() for one in value):
                break
            block.append((stripped, replace(self._source(number, text), how="label")))
            follow += 1
        if not block:
            return 0
        before = dict(party.values)
        if before and which == "ship_to":
            self.draft.warn("uncertain", f"a second delivery address (line {number})")
        else:
            read_address(block, party)
            used = {source.line for source in party.sources.values()}
            last = max((at for at in range(at, follow) if lines[at][0] in used), default=follow - 1)
            follow = last + 1
        return follow
