"""Reads the tables of a mail into items."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from bridgehead.documents.mail.items import Items
from bridgehead.documents.mail.labels import LABEL
from bridgehead.documents.mail.patterns import SUM, SUMS, states_sum
from bridgehead.documents.mail.sections import TextLine
from bridgehead.documents.mail.table import Header, align, is_rule, slice_row, split_cells, spread
from bridgehead.documents.numbers import DecimalSign
from bridgehead.documents.order import Source
from bridgehead.documents.order_fields import put_field
from bridgehead.documents.outcome import Refusal
from bridgehead.documents.tables.cells import Ways
from bridgehead.documents.tables.headings import LABEL_FIELDS, heading_of, label_of, squash
from bridgehead.documents.tables.item_codes import MOST_LIKELY, code_rank
from bridgehead.documents.tables.item_line import read_item
from bridgehead.documents.tables.table import Columns, header_score, is_total_row, line_from_cells, resolve_columns
from bridgehead.documents.terms import CURRENCY

_THOUSANDTHS: Final[tuple[tuple[DecimalSign, re.Pattern[str]], ...]] = (
    (",", re.compile(r"(?:\d{1,3}(?:\.\d{3})*|\d{4,9}),000")),
    (".", re.compile(r"(?:\d{1,3}(?:,\d{3})*|\d{4,9})\.000")),
)
_GROUPED: Final = re.compile(r"(?<=\d)[ \u00a0\u202f](?=\d{3}(?!\d))")
"""The blank before three digits of a number."""
_MOST_FIELDS = 16
_FEWEST_FIELDS = 3
_NARROWEST = 2


class Rows(Items):
    """Items of tables, on top of those of lines."""

    def _table(self, header: Header, lines: Sequence[TextLine], at: int) -> int:
        """Reads the table below ``header``; returns the index after it, 0 when no row follows."""
        self._close_block()
        rows = _whole(self._rows(header, lines, at + header.lines), len(header.cells))
        items = [cells for _, text, cells in rows if cells and not _counts(text)]
        samples = itertools.takewhile(lambda cells: not header_score(cells), items)
        columns = _described(resolve_columns(header.names, examples := list(samples)), examples)
        ways = self._ways_of(columns, items)
        count = len(self.draft.lines)
        end = at + header.lines
        gap = ruled = False
        names = header.names
        for index, text, row in rows:
            cells = row
            number = lines[min(index, len(lines) - 1)][0]
            if not text.strip():
                gap = True
                continue
            if is_rule(text):
                end, ruled = index + 1, len(self.draft.lines) > count
                continue
            if cells is None and header.style == " ":
                cells = spread(columns.fields, text.split())
            line = None
            summed = _counts(text) or (cells is not None and (is_total_row(cells) or states_sum(cells)))
            if cells is not None and not summed:

                def source_of(column: int, cells: list[str] = cells, number: int = number) -> Source:
                    return Source(
                        self.part,
                        number,
                        cells[column] if column < len(cells) else "",
                        column=names[column],
                        how="column",
                    )

                try:
                    line = line_from_cells(columns, cells, ways, source_of, self.draft)
                except Refusal:
                    line = None
                    self.draft.warn("uncertain", f"a cell of line {number} is no number: {text.strip()[:120]!r}")
            if line is not None and (line.part is not None or line.description):
                po = columns.index("po_number")
                if po is not None and cells is not None and cells[po]:
                    self._open_order(cells[po], self._source(number, text, header.names[po]))
                self._add(line)
                gap = ruled = False
            elif len(self.draft.lines) == count and gap:
                break
            elif summed or is_total_row([text]):
                self._total_row(text, cells, number)
            elif gap or ruled or not self._continues(text, cells, columns.fields, number):
                break
            end = index + (header.lines if header.style == "vertical" else 1)
        if len(self.draft.lines) == count and len(self.drafts) == 1:
            return 0
        return max(end, at + header.lines)

    def _ways_of(self, columns: Columns, rows: Sequence[Sequence[str]]) -> Ways:
        """How the table writes numbers: lists of ERP systems print every quantity with three decimals that are zero."""
        at = columns.index("quantity")
        filled = [row[at] for row in rows if at is not None and at < len(row) and row[at].strip()]
        cells = [_GROUPED.sub("", cell).split()[0] for cell in filled]
        cells = [cell for cell in cells if cell[:1].isdigit()]
        for sign, pattern in _THOUSANDTHS:
            if len(cells) > 1 and all(pattern.fullmatch(cell) for cell in cells) and self.ways.sign in {None, sign}:
                return replace(self.ways, sign=sign, thousandths=True)
        return self.ways

    def _turned(self, lines: Sequence[TextLine], at: int) -> int:
        """Reads a table whose headings stand in its first column, an item in each other; 0 when none starts here."""
        rows: list[tuple[int, str, list[str]]] = []
        for number, text in lines[at : at + _MOST_FIELDS]:
            style = next((one for one in ("\t", "|") if one in text), None)
            cells = [] if style is None else [cell.text for cell in split_cells(text, style)]
            if len(cells) < _NARROWEST or heading_of(cells[0]) is None or (rows and len(cells) != len(rows[0][2])):
                break
            rows.append((number, text, cells))
        if len(rows) < _FEWEST_FIELDS or not header_score([cells[0] for _, _, cells in rows]):
            return 0
        if header_score(rows[0][2]):
            return 0
        self._close_block()
        items = [[cells[column] for _, _, cells in rows] for column in range(1, len(rows[0][2]))]
        columns = resolve_columns([cells[0] for _, _, cells in rows], items)
        for item in items:

            def source_of(index: int, item: list[str] = item) -> Source:
                number, _, cells = rows[index]
                return Source(self.part, number, item[index], column=cells[0], how="column")

            try:
                line = line_from_cells(columns, item, self.ways, source_of, self.draft)
            except Refusal:
                line = None
            if line is not None and (line.part is not None or line.description):
                self._add(line)
            elif any(cell.strip() for cell in item):
                self.draft.warn("uncertain", f"a column of line {rows[0][0]} was not read: {' | '.join(item)[:120]!r}")
        return at + len(rows)

    def _rows(self, header: Header, lines: Sequence[TextLine], start: int) -> list[tuple[int, str, list[str] | None]]:
        rows: list[tuple[int, str, list[str] | None]] = []
        if header.style == "vertical":
            size = len(header.cells)
            end = start
            while (
                end < len(lines) and (header.spaced or lines[end][1].strip()) and not _ends_cells(lines[end][1].strip())
            ):
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
                split = split_cells(text, header.style) if header.style not in {" ", "="} else []
                if header.style == "=":
                    split = slice_row(text, [cell.start for cell in header.cells])
                if header.style in {"|", "\t", ";", '"', "/", "="}:
                    cells = [cell.text for cell in split] or None
                elif split:
                    cells = align(header, split)
            rows.append((index, text, cells))
        return rows

    def _continues(self, text: str, cells: list[str] | None, fields: Sequence[str | None], number: int) -> bool:
        """A row without quantity under an item: more description, or an item the columns do not fit."""
        source = self._source(number, text)
        if self._unreadable_quantity(fields, cells, number):
            return True
        filled = [cell for cell in cells or [] if cell]
        item = read_item(text, self.ways, source)
        if item is not None and item.rank >= 3 and item.line.part is not None:
            if "price" in fields and item.line.price is None:
                self.draft.warn("uncertain", f"line {number} does not fit the columns; its price was not read")
            return self._accept(item, source)
        if not self.draft.lines:
            return False
        last = self.draft.lines[-1]
        indented = text.startswith((" ", "\t", "|"))
        if item is not None and item.rank == 0 and self._attach(item, source):
            return True
        at = fields.index("description") if "description" in fields else len(fields)
        if cells is not None and len(filled) == 1 and at < len(cells) and cells[at]:
            last.description = f"{last.description or ''} {filled[0]}".strip()
            last.mark("description", last.sources.get("description", source))
            return True
        if indented and len(text.split()) <= 8 and LABEL.match(text.strip()) is None:
            last.description = f"{last.description or ''} {text.strip(' |')}".strip()
            last.mark("description", last.sources.get("description", source))
            return True
        position = fields.index("position") if "position" in fields else None
        numbered = cells is not None and position is not None and cells[position].rstrip(".").isdigit()
        if (item is not None and (item.code_rank >= 3 or len(filled) >= 3)) or (numbered and len(filled) >= 2):
            self.draft.warn("uncertain", f"line {number} of the table was not read: {text.strip()[:120]!r}")
            return True
        return False

    def _unreadable_quantity(self, fields: Sequence[str | None], cells: list[str] | None, number: int) -> bool:
        """Warns of a row that has a part number and a quantity which is none, such as a negative one."""
        values = {} if cells is None else dict(zip(fields, (cell.strip() for cell in cells), strict=False))
        cell = values.get("quantity", "")
        named = any(values.get(one) for one in ("supplier_part", "customer_part", "gtin"))
        if not (named and any(one.isdigit() for one in cell)):
            return False
        self.draft.warn("uncertain", f"the quantity of line {number} is no number: {cell[:40]!r}")
        return True

    def _total_row(self, text: str, cells: list[str] | None, number: int) -> None:
        bare = " ".join(cell for cell in cells if cell) if cells else text
        summed = SUM.match(bare.strip(" |"))
        if summed is None:
            return
        name = LABEL_FIELDS.get(squash(re.sub(CURRENCY, " ", summed["label"])))
        if name in {"stated_total", "stated_line_count", "stated_quantity_total"}:
            put_field(self.draft, name, summed["value"], replace(self._source(number, text), how="label"), self.ways)


def _described(columns: Columns, samples: Sequence[Sequence[str]]) -> Columns:
    """The columns, with the description read as number and words where no column has numbers and it begins with one."""
    at = columns.index("description")
    if at is None or {"supplier_part", "customer_part", "gtin", "article"} & set(columns.fields):
        return columns
    firsts = [row[at].split()[0].strip(",;:") for row in samples if at < len(row) and row[at].strip()]
    if not firsts or 2 * sum(code_rank(first) >= MOST_LIKELY or first.isdigit() for first in firsts) < len(firsts):
        return columns
    fields = tuple("article" if index == at else name for index, name in enumerate(columns.fields))
    return Columns(columns.names, fields, columns.headings)


def _counts(text: str) -> bool:
    """Whether a line says of the whole order how many lines or pieces it has or what it comes to, and no item."""
    summed = SUM.match(text.strip())
    return summed is not None and LABEL_FIELDS.get(squash(re.sub(CURRENCY, " ", summed["label"]))) in SUMS


def _ends_cells(text: str) -> bool:
    """Whether a line is no cell of a table with one cell to a line: a sum, or a label of the order with its value."""
    if label_of(text) in SUMS:
        return True
    summed = SUM.match(text)
    if summed is not None and LABEL_FIELDS.get(squash(re.sub(CURRENCY, " ", summed["label"]))) is not None:
        return True
    label = LABEL.match(text)
    return label is not None and bool(label["value"]) and label_of(label["label"]) not in {None, "ignore"}


def _whole(rows: list[tuple[int, str, list[str] | None]], size: int) -> list[tuple[int, str, list[str] | None]]:
    """The rows with those joined that take two lines each: the second begins with an empty cell and fills the first."""
    found: list[tuple[int, str, list[str] | None]] = []
    for index, text, cells in rows:
        before = found[-1][2] if found else None
        if before and cells and not cells[0].strip() and len(before) + len(cells) - 1 == size and before[0].strip():
            found[-1] = (index, f"{found[-1][1]} {text}", [*before, *cells[1:]])
        else:
            found.append((index, text, cells))
    return found
