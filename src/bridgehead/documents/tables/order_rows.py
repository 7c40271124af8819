"""Reads the rows of a table that is laid out into orders: the one reader of files with delimiters and of workbooks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import lru_cache
from typing import Final

from bridgehead.documents.dates import HOURS, DayContext, day_order, find_days, relative_day
from bridgehead.documents.doubt import doubt_in
from bridgehead.documents.draft import Draft, DraftLine
from bridgehead.documents.language import guess_day_order, language_of
from bridgehead.documents.mail.patterns import CONSTRAINT, REQUESTED
from bridgehead.documents.numbers import DecimalSign, decimal_sign
from bridgehead.documents.order import Order, Source
from bridgehead.documents.order_fields import put_field
from bridgehead.documents.outcome import Hints, Refusal
from bridgehead.documents.tables.around import TO_WRITE_ON, fields_around, words_of
from bridgehead.documents.tables.below import take_below
from bridgehead.documents.tables.cells import Ways, read_quantity
from bridgehead.documents.tables.csv_records import Row
from bridgehead.documents.tables.heading_parts import fold
from bridgehead.documents.tables.headings import before_of, label_of
from bridgehead.documents.tables.item_codes import MOST_LIKELY, code_rank
from bridgehead.documents.tables.purposes import with_purposes
from bridgehead.documents.tables.sheet import Sheet, lay_out
from bridgehead.documents.tables.sums import close_sums, find_sum, sum_kind, take_sum
from bridgehead.documents.tables.table import (
    LINE_FIELDS,
    Columns,
    header_score,
    is_total_row,
    line_from_cells,
    resolve_columns,
)
from bridgehead.documents.tables.table_kinds import done_in, is_status
from bridgehead.documents.vigilance import addresses_machine, deviation_in, instruction_in, watch

_SAMPLE: Final = 400
"""Rows that decide how numbers and days are written."""
_FORMULA: Final = re.compile(r"\s*(?:[=@]\S|[+-][A-Za-z])")
"""What a spreadsheet would compute instead of show; in an order it is no value."""
_FIGURE: Final = re.compile(r"\d[.,]\d{2}(?!\d)")
_UNFILLED: Final = re.compile(
    r"(?:rows?|lines?|items?|zeilen|positionen|artikel|lignes|articles|filas|lineas|articulos|righe|articoli|regels|artikelen|rader|wiersze|pozycje)"
    r"\W+(?:\w+\W+){0,2}(?:without|ohne|sans|sin|senza|zonder|utan|bez)\W+(?:\w+\W+){0,2}"
    r"(?:quantity|qty|menge|quantite|cantidad|quantita|aantal|hoeveelheid|antal|kvantitet|ilosci)\W+[^.!?]{0,60}[.!]?"
)
"""What an order form says of the rows that are not filled in."""
_SMALL: Final = re.compile(r"(?<![\w-])[^\W\d_A-Z]{2,}(?![\w-])")
"""A word without capitals: a text above a table with more than two of them says something."""
_PAIR: Final = 2
_WORDS: Final = 3
"""More words than a quantity with its unit has."""
_OF_LINES: Final = LINE_FIELDS - {"requested_date", "po_or_part"}
_EPOCH: Final = date(1899, 12, 30)
"""Day 0 of the days that spreadsheets count (ECMA-376 part 1, 18.17.4.1)."""
_SERIAL: Final = re.compile(r"[345]\d{4}")
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
_NAMING_ORDER: Final = (*_PARTS, "description")
_NAMING: Final = frozenset(_NAMING_ORDER)
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
    last: int = 0
    """The line that the last item ends in."""
    before: list[tuple[int, int]] = field(default_factory=list)
    """Columns of what shall be, each with that of what was."""
    dated: set[int] = field(default_factory=set)
    """The items, by place, whose day stood below them."""


def read_rows(sheet: Sheet, hints: Hints, number: tuple[str, Source] | None = None) -> tuple[Order, ...]:
    """Reads every order of the table, told apart by its order-number column.

    ``number`` is the order number that stands elsewhere, for a table without one; ``hints`` give it last of all.

    Raises Refusal ``FORM.missing`` naming the essential column that is absent, ``FORM.row`` for a row that is
    neither a line, a sum nor a remark, ``FORM.no_rows``; FORM is ``csv`` or ``xlsx``.
    """
    columns = with_purposes(resolve_columns(sheet.names, [row.cells for row in sheet.body]), sheet.body)
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
    table.before = [
        (at, old)
        for old, name in enumerate(sheet.names)
        if columns.fields[old] is None
        and (field := before_of(name)) is not None
        and (at := columns.index(field)) is not None
    ]
    if not any(columns.index(name) is not None for name in _PARTS):
        _tell_codes(sheet, columns)
    for row in sheet.body:
        _row(table, _spread(table, row), common)
    if not table.drafts:
        raise Refusal(
            f"{sheet.form}.no_rows", "No order line stands below the header.", f"{sheet.part}, line {header_line}"
        )
    return _finished(table)


def sections(sheet: Sheet) -> list[Sheet]:
    """The sheet, divided where another table begins under another order's number; one that goes on stays whole."""
    columns = resolve_columns(sheet.names, [row.cells for row in sheet.body])
    last = 0
    for index, row in enumerate(sheet.body):
        if header_score(row.cells) >= _PAIR and not row.numbers and index:
            between = sheet.body[last:index]
            if any(_is_labelled(one) for one in between):
                below = Sheet(sheet.part, sheet.body[last:], sheet.form, letters=sheet.letters, spanned=sheet.spanned)
                if lay_out(below):
                    sheet.body = sheet.body[:last]
                    return [sheet, *sections(below)]
        elif _is_line(columns, row) or find_sum(columns, row.cells) is not None:
            last = index + 1
    return [sheet]


def ordered_rows(sheet: Sheet) -> int:
    """How many rows of a table that is laid out have a quantity that is not zero."""
    columns = resolve_columns(sheet.names, [row.cells for row in sheet.body])
    return sum(
        1 for row in sheet.body if _has_quantity(columns, row) and not is_total_row(row.cells) and not _is_field(row)
    )


def _row(table: _Table, row: Row, common: tuple[str, Source] | None) -> None:
    sheet, columns = table.sheet, table.columns
    place = f"{sheet.part}, line {row.line}"
    if header_score(row.cells) > 2:
        if sheet.letters and [cell.strip() for cell in row.cells] == [cell.strip() for cell in sheet.names]:
            return
        raise Refusal(f"{sheet.form}.row", "A second table begins; each file may hold one.", place)
    summed = is_total_row(row.cells) or find_sum(columns, row.cells) is not None
    if _goes_on(table, row):
        return
    if table.form and _is_unfilled(columns, row):
        table.passed += 1
        return
    if summed or not _is_line(columns, row):
        if not _continues(table, row) and not _summed(table, row):
            table.remarks.append(row)
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
    table.last = row.line
    if _is_sum_of(current, item):
        current.stated_quantity_total = item.quantity
        current.mark("stated_quantity_total", item.sources["quantity"])
        return
    current.lines.append(item)


def _is_sum_of(draft: Draft, item: DraftLine) -> bool:
    """Whether what reads as an item is the sum of the quantities above: a word in the column of names and a number."""
    if not draft.lines or item.part is not None or item.number is not None or item.unit or item.price is not None:
        return False
    known = [line.quantity for line in draft.lines if line.quantity is not None and line.part is not None]
    description = item.description or ""
    worded = sum_kind(description) is not None or label_of(description) == "stated_quantity_total"
    return worded or (len(known) == len(draft.lines) > 1 and sum(known) == item.quantity)


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
        draft.purpose = "change" if table.before else "original"
        if not any(one.isdigit() for one in number):
            draft.warn("uncertain", f"the order number {number[:40]!r} holds no digit ({place})")
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
    """The row with what a cell merged over several lines shows, and days that the file holds as their number.

    A quantity or a part number is of one line only.
    """
    counted = [
        index
        for index, name in enumerate(table.columns.fields)
        if name in {"requested_date", "order_date"}
        and index in row.numbers
        and _SERIAL.fullmatch(row.cells[index].strip())
    ]
    if not table.sheet.spanned and not counted and not table.before:
        return row
    cells = list(row.cells) + [""] * (len(table.columns.fields) - len(row.cells))
    for index, old in table.before:
        cells[index] = cells[index] if cells[index].strip() or old >= len(row.cells) else row.cells[old]
    for index in counted:
        cells[index] = (_EPOCH + timedelta(days=int(cells[index]))).isoformat()
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
    guess = guess_day_order(_places(sheet, columns), language)
    if language is None and guess == "mdy":
        language = "en"
    sign = decimal_sign("\n".join(_numbers(columns, body)))
    whole = _whole_thousandths(columns, sheet.body)
    usual = None if language is None else "." if language == "en" else ","
    several = _quantities(columns, sheet.body) > 1
    if sign is None and several and whole == usual:
        sign = whole
    return Ways(
        sign,
        DayContext(day_order(sample, guess), hints.written),
        language,
        thousandths=whole is not None and whole == sign and (several or whole == usual),
    )


def _places(sheet: Sheet, columns: Columns) -> str:
    """What says in which country a table was written: not what it names items, for some read like postcodes."""
    items = {index for index, name in enumerate(columns.fields) if name in _NAMING}
    cells = [cell for row in sheet.body[:_SAMPLE] for at, cell in enumerate(row.cells) if at not in items]
    return "\n".join([*words_of(sheet.fields), " ".join(sheet.names), *cells])


def _numbers(columns: Columns, rows: Sequence[Row]) -> Iterator[str]:
    for name in ("price", "amount", "quantity"):
        at = columns.index(name)
        if at is not None:
            yield from (row.cells[at] for row in rows if at < len(row.cells) and at not in row.numbers)


def _quantities(columns: Columns, rows: Sequence[Row]) -> int:
    return sum(1 for row in rows if _has_quantity(columns, row) and _is_line(columns, row))


def _whole_thousandths(columns: Columns, rows: Sequence[Row]) -> DecimalSign | None:
    """The sign before three decimals that are zero in every quantity, as lists of ERP systems print them."""
    at = columns.index("quantity")
    if at is None:
        return None
    cells = [
        row.cells[at].strip() for row in rows if at < len(row.cells) and at not in row.numbers and row.cells[at].strip()
    ]
    if all(re.fullmatch(r"\d{1,3}(?:\.\d{3})*,000", cell) for cell in cells):
        return ","
    return "." if all(re.fullmatch(r"\d{1,3}(?:,\d{3})*\.000", cell) for cell in cells) else None


def _is_field(row: Row) -> bool:
    """Whether a row is nothing but a label of the order and its value, or a word and a sentence."""
    filled = [cell.strip() for cell in row.cells if cell.strip()]
    if len(filled) != _PAIR or any(one.isdigit() for one in filled[0]):
        return False
    name = label_of(filled[0].rstrip(": "))
    return (name is not None and name not in _OF_LINES) or len(filled[1].split()) > _WORDS


def _has_quantity(columns: Columns, row: Row) -> bool:
    at = columns.index("quantity")
    cell = row.cells[at].strip() if at is not None and at < len(row.cells) else ""
    return any(one in "123456789" for one in cell)


def _tell_codes(sheet: Sheet, columns: Columns) -> None:
    """Warns of columns that look like part numbers, where no column was read as such."""
    lines = [row for row in sheet.body if _has_quantity(columns, row) and _is_line(columns, row)]
    for index, name in enumerate(columns.fields):
        cells = [row.cells[index].strip() for row in lines if index < len(row.cells)]
        if name is None and cells and all(code_rank(cell) >= MOST_LIKELY for cell in cells):
            heading = columns.names[index].strip()[:40]
            sheet.told.append(("uncertain", f"column {heading!r} looks like part numbers and was not read"))


def _is_unfilled(columns: Columns, row: Row) -> bool:
    """Whether a row of an order form offers an item of which none is ordered."""

    def cell(name: str) -> str:
        at = columns.index(name)
        return row.cells[at].strip() if at is not None and at < len(row.cells) else ""

    if any(one.isalpha() or one in "123456789" for one in cell("quantity")):
        return False
    filled = sum(1 for one in row.cells if one.strip())
    numbered = any(code_rank(cell(name)) for name in _PARTS)
    offers = (numbered and filled > 1) or (filled > _PAIR and any(cell(name) for name in _NAMING_ORDER))
    return offers and not is_total_row(row.cells) and not _is_field(row)


def _is_form(columns: Columns, rows: Sequence[Row]) -> bool:
    """Whether the table is an order form: half of its items or more have no quantity."""
    ordered = sum(1 for row in rows if _has_quantity(columns, row) and _is_line(columns, row))
    without = sum(1 for row in rows if _is_unfilled(columns, row))
    return bool(ordered) and without > 1 and without * _FORM_SHARE >= ordered + without


def _is_line(columns: Columns, row: Row) -> bool:
    at = columns.index("quantity")
    filled = sum(1 for cell in row.cells if cell.strip())
    if at is not None and at < len(row.cells) and row.cells[at].strip():
        return filled > 1 and not _is_field(row)
    part = next((i for f in _PARTS if (i := columns.index(f)) is not None), None)
    has_part = part is not None and part < len(row.cells) and bool(row.cells[part].strip()) and not _is_field(row)
    position = columns.index("position")
    numbered = position is not None and position < len(row.cells) and row.cells[position].strip().isdigit()
    return has_part and (filled >= 3 or numbered)


def _is_labelled(row: Row) -> bool:
    """Whether a row is nothing but a label and its value: ``PO number | 4711``."""
    filled = [cell.strip() for cell in row.cells if cell.strip()]
    return len(filled) == _PAIR and label_of(filled[0]) in {"po_number", "po_or_part", "order_date", "customer_number"}


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


def _goes_on(table: _Table, row: Row) -> bool:
    """Takes a row right below an item that adds to it."""
    if table.current is None or not table.current.lines or row.line != table.last + 1:
        return False
    at = table.columns.index("quantity")
    if at is not None and at < len(row.cells) and read_quantity(row.cells[at], table.ways) is not None:
        return False
    given = take_below(table.current, table.columns, row.cells, table.ways, lambda at: table.sheet.source(row, at))
    if "requested_date" in given:
        table.dated.add(len(table.current.lines))
    if given:
        table.last = row.line
    return bool(given)


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
    if len(table.drafts) > 1:
        # A sum below several orders is of all of them, and of none alone.
        return find_sum(columns, row.cells) is not None and not _FIGURE.search(filled[-1][1])
    draft = next(iter(table.drafts.values()))
    if not take_sum(draft, columns, row.cells, ways, lambda at: replace(table.sheet.source(row, at), how="label")):
        return False
    named = find_sum(columns, row.cells)
    beside = [cell if named is not None and at < named[0] else "" for at, cell in enumerate(row.cells)]
    if any(cell.strip() for cell in beside):
        table.remarks.append(replace(row, cells=beside))
    return True


def _wish(draft: Draft, text: str, source: Source, ways: Ways) -> None:
    """A day by which a sentence around the table asks for delivery is the order's, or is doubted."""
    if not REQUESTED.search(text):
        return
    days = {day.day for day in find_days(text, ways.days)}
    if not days:
        relative = relative_day(text)
        if relative is not None:
            draft.warn("date", f"{relative!r} names no calendar day (line {source.line})")
        return
    wanted = {line.requested_date for line in draft.lines} - {None}
    day = next(iter(days))
    if len(days) == 1 and day is not None and not CONSTRAINT.search(text):
        if draft.requested_date is None and not wanted:
            draft.requested_date = day
            draft.mark("requested_date", replace(source, how="pattern"))
            return
        if days == ({draft.requested_date} if draft.requested_date else wanted):
            return
    draft.warn("contradiction", f"a day that the table does not have (line {source.line}: {text[:120]!r})")


def _only_wishes(text: str, ways: Ways) -> bool:
    """Whether a sentence asks for a day and says nothing else in figures: the field of the day holds it."""
    days = list(find_days(text, ways.days))
    rest = text[: days[0].start] + text[days[0].end :] if len(days) == 1 else text
    return bool(days) and REQUESTED.search(text) is not None and not any(map(str.isdigit, rest))


def _stands(sheet: Sheet, source: Source, beside: str = "") -> str:
    """Where a text stands: its line with what is said of it, or what it is where it stands in no cell of the sheet."""
    inside = source.part == sheet.part
    return f"line {source.line}{beside}" if inside else source.part.rpartition(", ")[2]


def _finished(table: _Table) -> tuple[Order, ...]:
    sheet = table.sheet
    below = fields_around(sheet.part, table.remarks, letters=sheet.letters)
    alerts = [
        (_stands(sheet, source), found)
        for text, source in (*sheet.fields.texts, *sheet.asides)
        if (found := instruction_in(text) or addresses_machine(text)) is not None
    ]
    doubts = [
        (_stands(sheet, source, ", above the table,"), found)
        for text, source in sheet.fields.texts
        if not _UNFILLED.fullmatch(fold(text).strip())
        and (instruction_in(text) or addresses_machine(text)) is None
        and (found := doubt_in(text)) is not None
    ]
    notes = [
        (row, " ".join(cell.strip() for cell in row.cells if cell.strip() and not TO_WRITE_ON.fullmatch(cell.strip())))
        for row in table.remarks
    ]
    said = [
        (text, source)
        for text, source in sheet.fields.texts
        if len(_SMALL.findall(text)) >= _WORDS
        and not _UNFILLED.fullmatch(fold(text).strip())
        and not _only_wishes(text, table.ways)
    ]
    orders: list[Order] = []
    single = len(table.drafts) == 1
    for draft in table.drafts.values():
        sheet.fields.put(draft, table.ways)
        if single:
            below.put(draft, table.ways)
        for row, remark in notes:
            if not remark or (single and row.line in below.lines):
                continue
            draft.note(remark, Source(sheet.part, row.line, remark[:300], how="place"))
            if _FIGURE.search(HOURS.sub(" ", remark)):
                draft.warn("uncertain", f"row {row.line} holds a figure and is no line: {remark[:120]!r}")
        for text, source in said:
            draft.note(text, source)
        for text, source in (*sheet.fields.texts, *below.texts):
            _wish(draft, text, source, table.ways)
        for place, words in alerts:
            draft.warn("instruction", f"{place}: {words!r}")
        for place, words in doubts:
            draft.warn("contradiction", f"{place} says {words!r}")
        for kind, words in sheet.told:
            draft.warn(kind, words)
        if draft.currency is None and sheet.currency is not None:
            draft.currency = sheet.currency
            line = sheet.header.line if sheet.header is not None else 1
            draft.mark("currency", Source(sheet.part, line, sheet.currency, how="derived"))
        if len(draft.lines) > 1 and table.dated == {len(draft.lines)}:
            draft.warn("uncertain", "the day below the last line may be that of every line")
        close_sums(draft)
        watch(draft)
        orders.append(draft.finish())
    return tuple(orders)
