"""Reads the rows of a table that is laid out into orders: the one reader of files with delimiters and of workbooks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Final

from bridgehead.documents.dates import DayContext, day_order
from bridgehead.documents.doubt import doubt_in
from bridgehead.documents.draft import Draft
from bridgehead.documents.language import guess_day_order, language_of
from bridgehead.documents.numbers import decimal_sign
from bridgehead.documents.order import Order, Source
from bridgehead.documents.order_fields import put_field
from bridgehead.documents.outcome import Hints, Refusal
from bridgehead.documents.tables.around import fields_around, words_of
from bridgehead.documents.tables.cells import Ways, read_price
from bridgehead.documents.tables.csv_records import Row
from bridgehead.documents.tables.headings import label_of
from bridgehead.documents.tables.item_codes import code_rank
from bridgehead.documents.tables.sheet import Sheet
from bridgehead.documents.tables.table import Columns, header_score, is_total_row, line_from_cells, resolve_columns
from bridgehead.documents.tables.table_kinds import done_in, is_status
from bridgehead.documents.vigilance import addresses_machine, deviation_in, instruction_in, watch

_SAMPLE: Final = 400
"""Rows that decide how numbers and days are written."""
_FORMULA: Final = re.compile(r"\s*(?:[=@]\S|[+-][A-Za-z])")
"""What a spreadsheet would compute instead of show; in an order it is no value."""
_FIGURE: Final = re.compile(r"\d[.,]\d{2}(?!\d)")
_LISTED: Final = 5
_ORDER_LEVEL: Final = frozenset(
    [
        "po_number",
        "order_date",
        "currency",
        "customer_number",
        "customer_name",
        "email",
        "ship_to",
        "ship_to.name",
        "ship_to.number",
        "ship_to.gln",
        "ship_to.street",
        "ship_to.city",
        "ship_to.postal_code",
        "ship_to.country",
        "bill_to",
        "incoterms",
        "payment_terms",
        "buyer.vat",
        "buyer.gln",
        "buyer.duns",
        "release",
        "note",
        "purpose",
        "stated_total",
    ]
)
_SPANNING: Final = _ORDER_LEVEL - {"note", "stated_total"} | {"requested_date"}
_PARTS: Final = ("supplier_part", "customer_part", "gtin")
_FORM_SHARE: Final = 2
"""One row in so many without a quantity makes a table an order form: a list in which quantities are filled in."""


@dataclass(slots=True)
class _Table:
    """A table being read; ``remarks`` are its rows that are neither lines nor sums."""

    sheet: Sheet
    columns: Columns
    ways: Ways
    hints: Hints
    form: bool
    number: str | None
    drafts: dict[str, Draft] = field(default_factory=dict)
    current: Draft | None = None
    remarks: list[Row] = field(default_factory=list)
    seen: dict[tuple[str, ...], int] = field(default_factory=dict)
    passed: int = 0


def read_rows(sheet: Sheet, hints: Hints, number: tuple[str, Source] | None = None) -> tuple[Order, ...]:
    """Reads every order of the table, told apart by its order-number column.

    ``number`` is the order number that stands elsewhere, for a table without one; ``hints`` give it last of all.

    Raises Refusal ``FORM.missing`` naming the essential column that is absent, ``FORM.row`` for a row that is
    neither a line, a sum nor a remark, ``FORM.no_rows``; FORM is ``csv`` or ``xlsx``.
    """
    columns = resolve_columns(sheet.names, [row.cells for row in sheet.body])
    ways = _ways(sheet, columns, hints)
    by_column = columns.index("po_number")
    stated = sheet.fields.number()
    common = (stated.value, stated.source) if stated is not None else number
    if common is None and hints.po_number:
        common = (hints.po_number, Source("header", 1, hints.po_number, column="Subject", how="pattern"))
    header_line = sheet.header.line if sheet.header is not None else 1
    if by_column is None and common is None:
        raise Refusal(
            f"{sheet.form}.missing",
            "There is no order number: no such column and no such field above the table.",
            f"{sheet.part}, line {header_line}: {', '.join(name for name in sheet.names if name)[:300]}",
        )
    table = _Table(
        sheet, columns, ways, hints, _is_form(columns, sheet.body), common[0] if common and by_column is None else None
    )
    for row in sheet.body:
        _row(table, _spread(table, row), common)
    if not table.drafts:
        raise Refusal(
            f"{sheet.form}.no_rows", "No order line stands below the header.", f"{sheet.part}, line {header_line}"
        )
    return _finished(table)


def ordered_rows(sheet: Sheet) -> int:
    """How many rows of a table that is laid out have a quantity that is not zero."""
    columns = resolve_columns(sheet.names, [row.cells for row in sheet.body])
    return sum(1 for row in sheet.body if _has_quantity(columns, row) and not is_total_row(row.cells))


def _row(table: _Table, row: Row, common: tuple[str, Source] | None) -> None:
    sheet, columns = table.sheet, table.columns
    place = f"{sheet.part}, line {row.line}"
    if header_score(row.cells) > 2:
        if sheet.letters and [cell.strip() for cell in row.cells] == [cell.strip() for cell in sheet.names]:
            return
        raise Refusal(f"{sheet.form}.row", "A second table begins; each file may hold one.", place)
    if is_total_row(row.cells) or not _is_line(columns, row):
        if not _continues(table, row) and not _summed(table, row):
            table.remarks.append(row)
        return
    if table.form and not _has_quantity(columns, row):
        table.passed += 1
        return
    current = table.current = _draft_of(table, row, common, place)
    _outside(table, current, row, place)
    _order_fields(table, current, row)
    _watch_other_cells(table, current, row)
    key = (current.po_number, *(cell.strip() for cell in row.cells))
    if key in table.seen:
        current.warn("uncertain", f"row {row.line} repeats row {table.seen[key]}")
    table.seen.setdefault(key, row.line)
    item = line_from_cells(columns, row.cells, table.ways, lambda at: sheet.source(row, at), current)
    if item is None:
        at = columns.index("quantity")
        found = row.cells[at] if at is not None and at < len(row.cells) else ""
        raise Refusal(f"{sheet.form}.row", f"The quantity {found[:30]!r} is no number.", place)
    if item.part is None and not item.description:
        raise Refusal(f"{sheet.form}.row", "The row names nothing to order.", place)
    current.lines.append(item)


def _draft_of(table: _Table, row: Row, common: tuple[str, Source] | None, place: str) -> Draft:
    """The order that a row belongs to: its own column says, or what stands above the table, or the row before."""
    sheet, by_column = table.sheet, table.columns.index("po_number")
    own = row.cells[by_column].strip() if by_column is not None and by_column < len(row.cells) else ""
    number = own or table.number or (table.current.po_number if table.current else "")
    number = number or (common[0] if common is not None else "")
    if not number:
        raise Refusal(f"{sheet.form}.row", "The row names no order number.", place)
    draft = table.drafts.get(number)
    if draft is None:
        draft = table.drafts[number] = Draft(sheet.form)
        draft.po_number = number
        if by_column is not None and own:
            draft.mark("po_number", sheet.source(row, by_column))
        elif common is not None:
            draft.mark("po_number", common[1])
    return draft


def _outside(table: _Table, draft: Draft, row: Row, place: str) -> None:
    """What stands right of the table: an error in a file with delimiters, a remark in a sheet."""
    sheet = table.sheet
    beyond = [(at, cell.strip()) for at, cell in enumerate(row.cells) if at >= len(sheet.names) and cell.strip()]
    if beyond and not sheet.letters:
        raise Refusal(f"{sheet.form}.row", f"The row has {len(row.cells)} cells, the header {len(sheet.names)}.", place)
    for at, cell in beyond:
        draft.note(cell, replace(sheet.source(row, at), how="place"))
        if any(one.isdigit() for one in cell):
            draft.warn("uncertain", f"row {row.line}: {cell[:60]!r} stands beside the table")


def _spread(table: _Table, row: Row) -> Row:
    """The row with what a cell merged over several lines shows; a quantity or a part number is of one line only."""
    if not table.sheet.spanned:
        return row
    cells = list(row.cells) + [""] * (len(table.columns.fields) - len(row.cells))
    for index, name in enumerate(table.columns.fields):
        if name in _SPANNING and not cells[index].strip():
            cells[index] = table.sheet.spanned.get((row.line, index), "")
    return replace(row, cells=cells)


def _ways(sheet: Sheet, columns: Columns, hints: Hints) -> Ways:
    """How the table writes numbers and days. Cells that are numbers in the file say nothing about it."""
    body = sheet.body[:_SAMPLE]
    sample = "\n".join(
        [*words_of(sheet.fields), " ".join(sheet.names), *("\t".join(row.cells) for row in sheet.body[:_SAMPLE])]
    )
    language = language_of(sample.replace("_", " "))
    sign = decimal_sign("\n".join(_numbers(columns, body)))
    whole = _whole_thousandths(columns, sheet.body)
    if sign is None and language not in {None, "en"} and whole:
        sign = ","
    return Ways(
        sign,
        DayContext(day_order(sample, guess_day_order(sample, language)), hints.written),
        language,
        thousandths=sign is not None and whole,
    )


def _numbers(columns: Columns, rows: Sequence[Row]) -> Iterator[str]:
    for name in ("price", "amount", "quantity"):
        at = columns.index(name)
        if at is not None:
            yield from (row.cells[at] for row in rows if at < len(row.cells) and at not in row.numbers)


def _whole_thousandths(columns: Columns, rows: Sequence[Row]) -> bool:
    """Whether every quantity is printed with three decimals that are zero, as lists of ERP systems do."""
    at = columns.index("quantity")
    if at is None:
        return False
    cells = [
        row.cells[at].strip() for row in rows if at < len(row.cells) and at not in row.numbers and row.cells[at].strip()
    ]
    return len(cells) > 1 and all(
        re.fullmatch(r"(?:\d{1,3}(?:\.\d{3})*,000|\d{1,3}(?:,\d{3})*\.000)", cell) for cell in cells
    )


def _has_quantity(columns: Columns, row: Row) -> bool:
    at = columns.index("quantity")
    cell = row.cells[at].strip() if at is not None and at < len(row.cells) else ""
    return any(one in "123456789" for one in cell)


def _is_form(columns: Columns, rows: Sequence[Row]) -> bool:
    """Whether the table is an order form: half of its items or more have no quantity."""
    lines = [row for row in rows if _is_line(columns, row) and not is_total_row(row.cells)]
    without = sum(1 for row in lines if not _has_quantity(columns, row))
    return without > 1 and without * _FORM_SHARE >= len(lines)


def _is_line(columns: Columns, row: Row) -> bool:
    at = columns.index("quantity")
    filled = sum(1 for cell in row.cells if cell.strip())
    if at is not None and at < len(row.cells) and row.cells[at].strip():
        return filled > 1
    part = next((i for f in _PARTS if (i := columns.index(f)) is not None), None)
    has_part = part is not None and part < len(row.cells) and bool(row.cells[part].strip())
    position = columns.index("position")
    numbered = position is not None and position < len(row.cells) and row.cells[position].strip().isdigit()
    return has_part and (filled >= 3 or numbered)


def _order_fields(table: _Table, draft: Draft, row: Row) -> None:
    for index, name in enumerate(table.columns.fields):
        if name in _ORDER_LEVEL and name != "po_number" and index < len(row.cells) and row.cells[index].strip():
            put_field(draft, name or "", row.cells[index].strip(), table.sheet.source(row, index), table.ways)


@lru_cache(maxsize=2048)
def _spoken(cell: str) -> tuple[str | None, str | None]:
    """What a cell that no field holds says to the reader, and what it says against the row."""
    instruction = instruction_in(cell) or addresses_machine(cell)
    found = None
    if any(one.isalpha() for one in cell):
        found = deviation_in(cell) or doubt_in(cell)
    return instruction, found if found and (" " in cell or code_rank(cell) == 0) else None


def _watch_other_cells(table: _Table, draft: Draft, row: Row) -> None:
    """A cell of a column that no field holds may still say that the row does not count."""
    names = table.columns.names
    for index, name in enumerate(table.columns.fields):
        cell = row.cells[index].strip() if index < len(row.cells) else ""
        if not cell:
            continue
        if _FORMULA.match(cell):
            draft.warn("instruction", f"row {row.line} holds a formula: {cell[:60]!r}")
        if name is not None:
            continue
        instruction, against = _spoken(cell[:2000])
        if instruction is not None:
            draft.warn("instruction", f"row {row.line}, column {names[index]}: {instruction!r}")
        if against is not None or (is_status(names[index]) and done_in(cell)):
            draft.warn("contradiction", f"row {row.line}, column {names[index]}: {cell[:80]!r}")


def _continues(table: _Table, row: Row) -> bool:
    """A row with nothing but a description goes on with that of the line above."""
    at = table.columns.index("description")
    if table.current is None or at is None or not table.current.lines:
        return False
    filled = [index for index, cell in enumerate(row.cells) if cell.strip()]
    if filled != [at] or table.remarks:
        return False
    text = row.cells[at].strip()
    last = table.current.lines[-1]
    if len(text) > 120 or text.endswith((".", "!", "?", ":")) or ":" in text or last.description is None:
        return False
    last.description = f"{last.description} {text}"
    return True


def _summed(table: _Table, row: Row) -> bool:
    """Takes a row of sums or a field below the table; False when it is a remark."""
    columns, ways = table.columns, table.ways
    filled = [(index, cell.strip()) for index, cell in enumerate(row.cells) if cell.strip()]
    if not filled:
        return True
    if not table.drafts:
        return False
    label = filled[0][1].rstrip(": ")
    name = label_of(label)
    draft = list(table.drafts.values())[-1]
    if name in {"stated_total", "amount", "gross_total", "tax"} or is_total_row(row.cells):
        at = columns.index("amount")
        quantity_at = columns.index("quantity")
        value = next(((index, cell) for index, cell in filled if index == at and index > 0), None)
        if value is None and len(filled) > 1:
            value = next(
                (
                    (index, cell)
                    for index, cell in reversed(filled[1:])
                    if index != quantity_at and read_price(cell, ways)
                ),
                None,
            )
        quantity = next(((index, cell) for index, cell in filled if index == quantity_at and index > 0), None)
        if quantity is not None and value is None and name in {"stated_total", "gross_total", "tax"} and at is None:
            quantity, value = None, quantity
        if name in {"gross_total", "tax"} or len(table.drafts) > 1:
            return name in {"gross_total", "tax"}
        if quantity is not None:
            put_field(draft, "stated_quantity_total", quantity[1], _labelled(table, row, quantity[0]), ways)
        if value is not None:
            put_field(draft, "stated_total", value[1], _labelled(table, row, value[0]), ways)
        return value is not None or quantity is not None
    return False


def _labelled(table: _Table, row: Row, index: int) -> Source:
    source = table.sheet.source(row, index)
    return Source(source.part, source.line, source.text, column=source.column, how="label")


def _finished(table: _Table) -> tuple[Order, ...]:
    sheet = table.sheet
    below = fields_around(sheet.part, table.remarks, letters=sheet.letters)
    alerts = [
        (source.line, found)
        for text, source in (*sheet.fields.texts, *sheet.asides)
        if (found := instruction_in(text) or addresses_machine(text)) is not None
    ]
    doubts = [(source.line, found) for text, source in sheet.fields.texts if (found := doubt_in(text)) is not None]
    notes = [(row, " ".join(cell.strip() for cell in row.cells if cell.strip())) for row in table.remarks]
    orders: list[Order] = []
    single = len(table.drafts) == 1
    for draft in table.drafts.values():
        sheet.fields.put(draft, table.ways)
        if single:
            below.put(draft, table.ways)
        for row, remark in notes:
            if single and row.line in below.lines:
                continue
            draft.note(remark, Source(sheet.part, row.line, remark[:300], how="place"))
            if _FIGURE.search(remark):
                draft.warn("uncertain", f"row {row.line} holds a figure and is no line: {remark[:120]!r}")
        for line, words in alerts:
            draft.warn("instruction", f"line {line}: {words!r}")
        for line, words in doubts:
            draft.warn("contradiction", f"line {line}, above the table, says {words!r}")
        for kind, words in sheet.told:
            draft.warn(kind, words)
        if draft.currency is None and sheet.currency is not None:
            draft.currency = sheet.currency
            line = sheet.header.line if sheet.header is not None else 1
            draft.mark("currency", Source(sheet.part, line, sheet.currency, how="derived"))
        watch(draft)
        orders.append(draft.finish())
    return tuple(orders)
