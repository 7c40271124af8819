"""Reads orders from the sheets of a workbook (.xlsx, .xlsb, .xls, .ods): the sheets that order, and no others."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from bridgehead.documents.order import Order, Source
from bridgehead.documents.outcome import Hints, Kind, NotAnOrder, Orders, Reading, Refusal
from bridgehead.documents.tables.around import fields_around
from bridgehead.documents.tables.csv_records import Row, letter
from bridgehead.documents.tables.grids import Book, Grid, open_book
from bridgehead.documents.tables.headings import heading_of, squash
from bridgehead.documents.tables.order_rows import ordered_rows, read_rows, sections
from bridgehead.documents.tables.sheet import Sheet, lay_out, without_columns
from bridgehead.documents.tables.table import is_total_row
from bridgehead.documents.tables.table_kinds import SAID, list_kind, table_kind
from bridgehead.documents.vigilance import addresses_machine, instruction_in

_DECIDING: Final = frozenset(
    {"quantity", "part", "article", "customer_part", "supplier_part", "gtin", "unit", "price", "price_basis"}
    | {"requested_date", "po_number", "po_or_part", "currency", "description"}
)
_NEEDED: Final = frozenset({"quantity", "part", "article", "customer_part", "supplier_part", "po_number"})
_SUPPLIERS: Final = re.compile(
    r"(?:supplier|vendor|kreditor|creditor|crediteur|vend|lief(?:erant)?|lft|four(?:n|nisseur)?|prov(?:eedor)?|forn(?:itore|ecedor)?|lev(?:erancier|erantor|erandor)?|dost(?:awca)?|dodavatel|toimittaja|szallito)(?:name|nom|nombre|naam|namn|no|nr)?"
)
"""What heads the column of who is to deliver."""
_LISTED: Final = 10
_LETTERS: Final = 3
_WATCHED_ROWS: Final = 2_000
"""So many rows of what is hidden are searched for words to the reader."""


@dataclass(slots=True)
class _Table:
    grid: Grid
    sheet: Sheet
    ordered: int

    @property
    def numbered(self) -> bool:
        """Whether the sheet itself says which order its rows are of."""
        return self.sheet.fields.number() is not None or any(
            (heading := heading_of(name)) is not None and heading.field in {"po_number", "sales_order"}
            for name in self.sheet.names
        )


def read_workbook(document: bytes, part: str = "document", hints: Hints | None = None) -> Reading:
    """Reads every order of a workbook. Hidden sheets, rows and columns order nothing, and are told.

    Sources name the sheet in ``part``, the row as ``line`` and the column by its letter.

    Raises Refusal: those of ``open_book``; ``xlsx.missing``, ``xlsx.row``, ``xlsx.formula`` with sheet and row.
    """
    book = open_book(document, part)
    tables, others, kinds = _tables(book, part)
    ordering = [table for table in tables if table.ordered]
    if not ordering:
        return _nothing(book, tables, kinds, part)
    named = [table for table in ordering if list_kind(table.grid.name) is None]
    chosen, left = _chosen(named or ordering)
    for table in chosen:
        _add_covers(table, others, part)
        _tell(table, book, part)
        table.sheet.told.extend(
            (
                "ignored",
                f"sheet {one.grid.name!r} has {one.ordered} rows with quantities and was not read",
            )
            for one in left
        )
    number = next((found for table in chosen if (found := table.sheet.fields.number()) is not None), None)
    given = None if number is None else (number.value, number.source)
    orders: list[Order] = []
    for table in chosen:
        orders.extend(read_rows(table.sheet, hints or Hints(), given))
    return Orders(_told_apart(orders))


def _tables(book: Book, part: str) -> tuple[list[_Table], list[Grid], list[Kind]]:
    """The visible sheets with a table of items, those without, and what others are."""
    tables: list[_Table] = []
    others: list[Grid] = []
    kinds: list[Kind] = []
    for grid in book.grids:
        if not grid.visible or not grid.rows:
            continue
        visible = [row for row in grid.rows if row.line - 1 not in grid.look.hidden_rows]
        rows = without_columns(visible, frozenset(grid.look.hidden_columns))
        kind = next(
            (kind for row in rows[:12] if len(row.cells) > _LETTERS and (kind := table_kind(row.cells)) is not None),
            None,
        )
        sheet = Sheet(f"{part}, sheet {grid.name}", rows, "xlsx", letters=True, spanned=grid.spanned)
        if kind is not None:
            kinds.append(kind)
        elif lay_out(sheet):
            tables.extend(_Table(grid, one, ordered_rows(one)) for one in sections(sheet))
        else:
            others.append(grid)
    return tables, others, kinds


def _nothing(book: Book, tables: Sequence[_Table], kinds: Sequence[Kind], part: str) -> Reading:
    """What a workbook without an ordered row is; raises Refusal where it should have some."""
    hidden = [grid for grid in book.grids if not grid.visible and grid.rows]
    if kinds:
        return NotAnOrder(kinds[0], f"The headings of the table are those of {SAID.get(kinds[0], kinds[0])}.")
    for grid in book.grids:
        kind = list_kind(" ".join([grid.name, *(cell for row in grid.rows[:3] for cell in row.cells[:6])]))
        if kind is not None:
            return NotAnOrder(kind, f"Sheet {grid.name!r} is {SAID.get(kind, kind)}, and no quantity is ordered.")
    if tables:
        return NotAnOrder("other", f"Sheet {tables[0].grid.name!r} is an order form in which no quantity is filled in.")
    first = next((grid for grid in book.grids if grid.visible and grid.rows), None)
    if first is None:
        raise Refusal("empty", "No visible sheet of the workbook holds anything." if hidden else "It is empty.", part)
    shown = " | ".join(cell.strip() for cell in first.rows[0].cells if cell.strip())[:200]
    raise Refusal(
        "xlsx.missing",
        f"No row of a sheet heads a quantity and an item; the first row is {shown!r}.",
        f"{part}, sheet {first.name}, line {first.rows[0].line}",
    )


def _chosen(tables: list[_Table]) -> tuple[list[_Table], list[_Table]]:
    """The sheets that are read, and those that cannot be placed: neither numbered nor going on with another's table."""
    first = next((table for table in tables if table.numbered), tables[0])
    chosen, left = [first], []
    for table in tables:
        if table is first:
            continue
        number, known = table.sheet.fields.number(), first.sheet.fields.number()
        same = [squash(name) for name in table.sheet.names] == [squash(name) for name in first.sheet.names]
        if same and (number is None or (known is not None and known.value == number.value)):
            first.sheet.body.extend(replace(row, part=table.sheet.part) for row in table.sheet.body)
            first.sheet.told.extend(table.sheet.told)
        elif table.numbered:
            chosen.append(table)
        else:
            left.append(table)
    return chosen, left


def _add_covers(table: _Table, others: Sequence[Grid], part: str) -> None:
    """Fields of sheets without a table hold for the table; their texts are only watched."""
    sheet = table.sheet
    known = {one.name for one in sheet.fields.found}
    for grid in others:
        if list_kind(grid.name) is not None:
            continue
        around = fields_around(f"{part}, sheet {grid.name}", grid.rows, letters=True)
        sheet.fields.found.extend(one for one in around.found if one.name not in known)
        sheet.asides.extend(around.texts)


def _tell(table: _Table, book: Book, part: str) -> None:
    """Warns of what is hidden, of formulas without a value, and of words beside the cells."""
    sheet, look = table.sheet, table.grid.look
    _formulas(table)
    hidden_rows = [row for row in table.grid.rows if row.line - 1 in look.hidden_rows]
    shown = [row for row in hidden_rows if sheet.header is not None and row.line > sheet.header.line]
    shown = [row for row in shown if not _is_of_another(sheet, row)]
    for row in shown[:_LISTED]:
        words = " | ".join(cell.strip() for cell in row.cells if cell.strip())[:120]
        sheet.told.append(
            ("ignored", f"row {row.line} of sheet {table.grid.name!r} is hidden and was not read: {words!r}")
        )
    for column in sorted(look.hidden_columns):
        _hidden_column(table, column)
    spoken = [
        (f"sheet {grid.name!r}", cell) for grid in book.grids if grid is not table.grid for cell in _words(grid.rows)
    ]
    spoken += [(f"row {row.line}, hidden", cell) for row in hidden_rows for cell in row.cells if " " in cell]
    spoken += [
        (f"column {letter(column)}, hidden", row.cells[column])
        for row in table.grid.rows[:_WATCHED_ROWS]
        for column in look.hidden_columns
        if column < len(row.cells) and " " in row.cells[column]
    ]
    spoken += [(where, text) for where, text in (*book.unseen, *book.seen)]
    for where, text in spoken:
        found = instruction_in(text) or addresses_machine(text)
        if found is not None:
            sheet.told.append(("instruction", f"{where}: {found!r}"))
    for where, text in book.seen:
        sheet.fields.texts.append((text, Source(f"{part}, {where}", 1, text[:300], how="place")))
    for row in table.grid.rows:
        for column, cell in enumerate(row.cells):
            if (row.line - 1, column) in look.invisible and sum(map(str.isalpha, cell)) > _LETTERS:
                sheet.told.append(("instruction", f"hidden text in {letter(column)}{row.line}: {cell[:120]!r}"))
    for grid in book.grids:
        if not grid.visible and grid.rows:
            inner = Sheet(grid.name, grid.rows, "xlsx", letters=True)
            if lay_out(inner) and (count := ordered_rows(inner)):
                sheet.told.append(("ignored", f"hidden sheet {grid.name!r} has {count} rows with quantities"))
    if len(look.currencies) == 1:
        sheet.currency = next(iter(look.currencies))


def _is_of_another(sheet: Sheet, row: Row) -> bool:
    """Whether a hidden row names one supplier and every row that is shown another: a list filtered for who reads it."""
    at = next((index for index, name in enumerate(sheet.names) if _SUPPLIERS.fullmatch(squash(name)) is not None), None)
    if at is None or at >= len(row.cells) or not row.cells[at].strip():
        return False
    named = {squash(one.cells[at]) if at < len(one.cells) else "" for one in sheet.body if not is_total_row(one.cells)}
    named.discard("")
    return len(named) == 1 and squash(row.cells[at]) not in named


def _words(rows: Sequence[Row]) -> list[str]:
    return [cell for row in rows[:_WATCHED_ROWS] for cell in row.cells if " " in cell]


def _hidden_column(table: _Table, column: int) -> None:
    """Warns of a hidden column of the table that a field of a line would have been read from."""
    sheet = table.sheet
    header = next((row for row in table.grid.rows if sheet.header is not None and row.line == sheet.header.line), None)
    if header is None or column >= len(header.cells):
        return
    heading = heading_of(header.cells[column])
    if heading is not None and heading.field in _DECIDING:
        name = header.cells[column].strip()[:40]
        sheet.told.append(("ignored", f"column {letter(column)} ({name!r}) is hidden and was not read"))


def _formulas(table: _Table) -> None:
    """Refuses an item whose quantity or number is a formula without a value; warns of other fields."""
    sheet = table.sheet
    lost = table.grid.look.uncomputed
    if not lost or sheet.header is None:
        return
    fields = [heading.field if (heading := heading_of(name)) is not None else None for name in sheet.names]
    items = {
        index for index, name in enumerate(fields) if name in _NEEDED | {"description", "gtin"} and name != "quantity"
    }
    for row in sheet.body:
        if row.part or is_total_row(row.cells):
            continue
        named = any(index < len(row.cells) and row.cells[index].strip() for index in items)
        for index, name in enumerate(fields):
            if (row.line - 1, index) not in lost or name not in _DECIDING or not named:
                continue
            cell = f"{letter(index)}{row.line}"
            if name in _NEEDED:
                raise Refusal(
                    "xlsx.formula",
                    f"{cell} is a formula, and the file holds no value for it; it was never computed.",
                    f"{sheet.part}, line {row.line}",
                )
            sheet.told.append(("uncertain", f"{cell} of sheet {table.grid.name!r} is a formula without a value"))


def _told_apart(orders: Sequence[Order]) -> tuple[Order, ...]:
    """The orders; two sheets that give one number to different rows are doubted."""
    numbers = [order.po_number for order in orders]
    return tuple(
        order
        if numbers.count(order.po_number) == 1
        else replace(
            order, warnings=(*order.warnings, f"contradiction: two sheets hold order {order.po_number}, each its own")
        )
        for order in orders
    )
