"""Finds the table in rows of cells, whatever they came from: its header, and the fields that stand above it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import zip_longest
from typing import Final

from bridgehead.documents.order import Source
from bridgehead.documents.tables.around import Fields, fields_around
from bridgehead.documents.tables.csv_records import Row, flatten, letter
from bridgehead.documents.tables.headings import heading_of, label_of, squash
from bridgehead.documents.tables.table import LINE_FIELDS, header_score
from bridgehead.documents.terms import currency_of
from bridgehead.documents.units import UNIT_CODES

HEADER_SEARCH: Final = 80
"""Rows within which the header must stand."""


@dataclass(slots=True)
class Sheet:
    """Rows of cells with the place of their table: ``names`` are its headings, ``body`` what is below them.

    ``letters`` says that sources name columns by letter, as in workbooks, and not by their heading.
    """

    part: str
    rows: list[Row]
    form: str
    letters: bool = False
    names: list[str] = field(default_factory=list)
    header: Row | None = None
    above: list[Row] = field(default_factory=list)
    body: list[Row] = field(default_factory=list)
    fields: Fields = field(default_factory=Fields)
    asides: list[tuple[str, Source]] = field(default_factory=list)
    """Texts that belong to no order and may yet speak to the reader."""
    told: list[tuple[str, str]] = field(default_factory=list)
    """Warnings, by kind, that hold for every order of the table."""
    spanned: dict[tuple[int, int], str] = field(default_factory=dict)
    """What cells that are merged downwards show, by line and column."""
    currency: str | None = None
    """The currency that the formats of its cells show."""

    def column(self, index: int) -> str:
        """What sources call a column: its letter, or its heading, or its number."""
        if self.letters:
            return letter(index)
        return self.names[index] if index < len(self.names) else str(index + 1)

    def source(self, row: Row, index: int) -> Source:
        """The source of a cell of the table."""
        text = row.cells[index].strip() if index < len(row.cells) else ""
        column = self.column(row.column_of(index) if self.letters else index)
        return Source(row.part or self.part, row.line_of(index), text, column=column, how="column")


def lay_out(sheet: Sheet) -> bool:
    """Finds header, body and the fields above; False when no row heads a quantity and something to order.

    A header may take two rows (``Delivery`` over ``Date``); the second is then part of the headings.
    """
    flat = flatten(sheet.rows)
    if flat is not None:
        sheet.header, sheet.names, sheet.body = flat[0], flat[0].cells, flat[1:]
        return True
    best, at, size = 0, -1, 1
    head = sheet.rows[: HEADER_SEARCH + 1]
    for index, row in enumerate(head[:HEADER_SEARCH]):
        score = header_score(row.cells)
        if score > best:
            best, at, size = score, index, 1
        below = head[index + 1] if index + 1 < len(head) else None
        if below is not None and _may_head(row) and _may_head(below):
            joined = header_score(_joined(row, below))
            if joined > max(best, score, header_score(below.cells)):
                best, at, size = joined, index, 2
    if not best:
        return _stand_up(sheet)
    sheet.header = sheet.rows[at]
    names = sheet.header.cells
    if size == 2:
        names = _joined(sheet.header, sheet.rows[at + 1])
    elif at + 1 < len(sheet.rows) and _names_units(sheet.rows[at + 1]):
        both, size = _joined(sheet.header, sheet.rows[at + 1]), 2
        names = [two if heading_of(two) is not None else one for one, two in zip_longest(names, both, fillvalue="")]
    sheet.names = list(names)
    sheet.above, sheet.body = sheet.rows[:at], sheet.rows[at + size :]
    gap = _beside(sheet.rows[at:], sheet.names) if sheet.letters else None
    if gap is not None:
        aside = [
            replace(row, cells=["" if place < gap else cell for place, cell in enumerate(row.cells)])
            for row in sheet.rows[at:]
        ]
        sheet.above = [*sheet.above, *(row for row in aside if any(cell.strip() for cell in row.cells))]
        sheet.names = sheet.names[:gap]
        cut = [replace(row, cells=row.cells[:gap]) for row in sheet.body]
        sheet.body = [row for row in cut if any(cell.strip() for cell in row.cells)]
    sheet.fields = fields_around(sheet.part, sheet.above, letters=sheet.letters)
    return True


def _stand_up(sheet: Sheet) -> bool:
    """Lays out a table that lies on its side: headings below one another, each with its values beside it.

    Each item may have its headings to itself.
    """
    groups: list[list[Row]] = []
    column = -1
    for index, row in enumerate(sheet.rows):
        at = next((place for place, cell in enumerate(row.cells) if cell.strip()), 0)
        heading = heading_of(row.cells[at]) if row.cells else None
        if heading is None or heading.field not in LINE_FIELDS or (column not in {-1, at} and groups):
            continue
        names = [squash(one.cells[column]) for one in groups[-1]] if groups else []
        if groups and row.line == groups[-1][-1].line + 1 and squash(row.cells[at]) not in names:
            groups[-1].append(row)
        else:
            groups.append([row])
        column = at
        if index > HEADER_SEARCH and not any(_heads(group, column) for group in groups):
            return False
    items = [group for group in groups if _heads(group, column)]
    if not items:
        return False
    if len(items) > 1:
        shared = {squash(row.cells[column]) for row in items[1]}
        while squash(items[0][0].cells[column]) not in shared:
            items[0] = items[0][1:]  # what stands before the first item alone is of the order
            if not _heads(items[0], column):
                return False
    named = {squash(row.cells[column]): row.cells[column] for group in items for row in group}
    sheet.header, sheet.names = items[0][0], list(named.values())
    for group in items:
        sheet.body.extend(_turned(group, column, list(named)))
    lines = {row.line for group in items for row in group}
    sheet.above = [row for row in sheet.rows if row.line not in lines]
    sheet.fields = fields_around(sheet.part, sheet.above, letters=sheet.letters)
    return bool(sheet.body)


def _heads(group: Sequence[Row], column: int) -> bool:
    return header_score([row.cells[column] for row in group]) > 0


def _turned(group: Sequence[Row], column: int, names: Sequence[str]) -> Iterator[Row]:
    """The items of headings that stand below one another, a row for every column beside them."""
    rows = {squash(row.cells[column]): row for row in group}
    for at in range(column + 1, max(len(row.cells) for row in group)):
        found = [rows.get(name) for name in names]
        cells = [row.cells[at] if row is not None and at < len(row.cells) else "" for row in found]
        if any(cell.strip() for cell in cells):
            typed = frozenset(index for index, row in enumerate(found) if row is not None and at in row.numbers)
            lines = tuple(group[0].line if row is None else row.line for row in found)
            yield Row(group[0].line, cells, lines, typed, columns=(at,) * len(cells))


def _beside(rows: Sequence[Row], names: Sequence[str]) -> int | None:
    """The column from which on labels of the order stand right of a table, behind a column that is empty."""
    width = max((len(row.cells) for row in rows), default=0)
    filled = [any(at < len(row.cells) and row.cells[at].strip() for row in rows) for at in range(width)]
    first = next((at for at, name in enumerate(names) if name.strip()), 0)
    for gap in range(first + 2, width - 1):
        if filled[gap]:
            continue
        right = [name for name in names[gap + 1 :] if name.strip()]
        if right and all(_is_column(name) for name in right):
            continue
        if any(_labels(row.cells[gap + 1 :]) for row in rows):
            return gap
    return None


def _is_column(name: str) -> bool:
    heading = heading_of(name)
    return heading is not None and heading.field in LINE_FIELDS


def _labels(cells: Sequence[str]) -> bool:
    """Whether a label of the order and its value are the first of the cells."""
    texts = [cell.strip() for cell in cells if cell.strip()][:2]
    name = label_of(texts[0].rstrip(": ")) if len(texts) > 1 else None
    return name is not None and name not in LINE_FIELDS - {"requested_date", "po_or_part"}


def _may_head(row: Row) -> bool:
    """Whether a row may be part of a header: words, and hardly a digit (``EUR per 100``)."""
    return not row.numbers and sum(any(one.isdigit() for one in cell) for cell in row.cells) <= 1


def _names_units(row: Row) -> bool:
    """Whether a row below the headings holds nothing but units and currencies."""
    filled = [cell.strip().strip("[]()").lower().rstrip(".") for cell in row.cells if cell.strip()]
    return bool(filled) and all(cell in UNIT_CODES or currency_of(cell) is not None for cell in filled)


def _joined(row: Row, below: Row) -> list[str]:
    size = max(len(row.cells), len(below.cells))
    return [
        " ".join(cells[index].strip() for cells in (row.cells, below.cells) if index < len(cells)).strip()
        for index in range(size)
    ]


def without_columns(rows: Sequence[Row], dropped: frozenset[int]) -> list[Row]:
    """The rows with the cells of some columns empty, so that letters and places stay what they are."""
    return [
        replace(row, cells=["" if at in dropped else cell for at, cell in enumerate(row.cells)]) if dropped else row
        for row in rows
    ]
