"""Reads orders from delimited text: portal exports with title rows, fields before the table, several orders, sums."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date

from bridgehead.documents.dates import DayContext, day_order, read_day
from bridgehead.documents.doubt import doubt_in
from bridgehead.documents.draft import Draft
from bridgehead.documents.language import guess_day_order, language_of
from bridgehead.documents.mail.table import is_rule
from bridgehead.documents.numbers import decimal_sign
from bridgehead.documents.order import Order, Source
from bridgehead.documents.order_fields import put_field
from bridgehead.documents.outcome import Kind, NotAnOrder, Orders, Refusal
from bridgehead.documents.tables.cells import Ways, read_price
from bridgehead.documents.tables.csv_records import Row, flatten
from bridgehead.documents.tables.headings import label_of
from bridgehead.documents.tables.item_line import code_rank
from bridgehead.documents.tables.table import Columns, header_score, is_total_row, line_from_cells, resolve_columns
from bridgehead.documents.tables.table_kinds import table_kind
from bridgehead.documents.vigilance import addresses_machine, deviation_in, instruction_in, watch

MAX_ROWS = 10_000
MAX_CELLS = 200
_HEADER_SEARCH = 60
_DELIMITERS = ";\t|,"
_FORMULA = re.compile(r"\s*(?:[=@]\S|[+-][A-Za-z])")
"""What a spreadsheet would compute instead of show; in an order it is no value."""
_FIGURE = re.compile(r"\d[.,]\d{2}(?!\d)")
_FRAME = re.compile(r"^[ \t]*\|(.*)\|[ \t]*$", re.MULTILINE)
_ORDER_LEVEL = frozenset(
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


@dataclass(slots=True)
class _Sheet:
    delimiter: str
    rows: list[Row]
    header: int = -1
    preamble: list[tuple[str, str, int, str]] = field(default_factory=list)


def looks_like_table(text: str) -> bool:
    """Whether the first lines hold a header row of an order table, or rows of one and the same width."""
    head = text[:8192]
    for delimiter in _DELIMITERS:
        lines = [line for line in head.splitlines()[:_HEADER_SEARCH] if line.count(delimiter) >= 1]
        if any(header_score(line.replace('"', "").split(delimiter)) for line in lines):
            return True
        widths = [line.count(delimiter) for line in lines[:12]]
        if delimiter != "," and len(widths) >= 3 and min(widths) == max(widths) >= 2:
            return True
        if (
            delimiter == ","
            and len(widths) >= 3
            and min(widths) == max(widths) >= 3
            and len(lines) == len(head.splitlines()[: len(lines)])
        ):
            return True
    return False


def read_csv(text: str, part: str = "document", today: date | None = None) -> Orders | NotAnOrder:  # noqa: C901 - one branch for each kind of row
    """Reads every order of a delimited file, told apart by its order-number column.

    A table whose headings are those of a delivery note, a complaint or an invoice is no order.

    Raises Refusal: ``csv.missing`` naming the essential columns that are absent, ``csv.row`` for a row
    that is neither a line, a sum nor a remark, ``csv.too_large``, ``csv.syntax``.
    """
    kind = _kind_of(text)
    if kind is not None:
        return NotAnOrder(kind, f"The headings of the table are those of a {kind.replace('_', ' ')}.")
    sheet = _sheet(text, part)
    names = sheet.rows[sheet.header].cells
    body = sheet.rows[sheet.header + 1 :]
    columns = resolve_columns(names, [row.cells for row in body])
    sample = "\n".join("\t".join(row.cells) for row in sheet.rows[:400])
    language = language_of(sample.replace("_", " "))
    sign = decimal_sign("\n".join(_numbers(columns, body[:400])))
    if sign is None and language not in {None, "en"} and _whole_thousandths(columns, body):
        sign = ","
    ways = Ways(
        sign,
        DayContext(day_order(sample, guess_day_order(sample, language)), today),
        language,
        thousandths=sign is not None and _whole_thousandths(columns, body),
    )
    drafts: dict[str, Draft] = {}
    by_column = columns.index("po_number")
    common = _preamble_number(sheet)
    if by_column is None and common is None:
        raise Refusal(
            "csv.missing",
            "There is no order number: no such column and no such field above the table.",
            f"{part}, line {sheet.rows[sheet.header].line}: {', '.join(name for name in names if name)[:300]}",
        )
    current: Draft | None = None
    seen: dict[tuple[str, ...], int] = {}
    last_remark: list[tuple[Row, str]] = []
    for row in body:
        number = row.cells[by_column].strip() if by_column is not None and by_column < len(row.cells) else ""
        number = number or (common if by_column is None else None) or (current.po_number if current else "")
        if header_score(row.cells) > 2:
            raise Refusal("csv.row", "A second table begins; each file may hold one.", f"{part}, line {row.line}")
        sources = _Sources(part, row, columns)
        if is_total_row(row.cells) or not _is_line(columns, row):
            if not _summed(row, columns, drafts, ways, part):
                last_remark.append((row, " ".join(cell.strip() for cell in row.cells if cell.strip())))
            continue
        if not number:
            raise Refusal("csv.row", "The row names no order number.", f"{part}, line {row.line}")
        if len(row.cells) > len(names) and any(cell.strip() for cell in row.cells[len(names) :]):
            raise Refusal(
                "csv.row", f"The row has {len(row.cells)} cells, the header {len(names)}.", f"{part}, line {row.line}"
            )
        current = drafts.get(number)
        if current is None:
            current = Draft("csv")
            drafts[number] = current
            current.po_number = number
            if by_column is not None:
                current.mark("po_number", sources(by_column))
            for name, value, line, label in sheet.preamble:
                put_field(current, name, value, Source(part, line, value, column=label), ways)
        _order_fields(current, columns, row, sources, ways)
        _watch_other_cells(current, columns, row)
        key = (number, *(cell.strip() for cell in row.cells))
        if key in seen:
            current.warn("uncertain", f"row {row.line} repeats row {seen[key]}")
        seen.setdefault(key, row.line)
        item = line_from_cells(columns, row.cells, ways, sources, current)
        if item is None:
            at = columns.index("quantity")
            found = row.cells[at] if at is not None and at < len(row.cells) else ""
            raise Refusal("csv.row", f"The quantity {found[:30]!r} is no number.", f"{part}, line {row.line}")
        if item.part is None and not item.description:
            raise Refusal("csv.row", "The row names nothing to order.", f"{part}, line {row.line}")
        current.lines.append(item)
    if not drafts:
        raise Refusal(
            "csv.no_rows", "No order line stands below the header.", f"{part}, line {sheet.rows[sheet.header].line}"
        )
    return Orders(tuple(_finished(draft, last_remark, part, sheet) for draft in drafts.values()))


def _finished(draft: Draft, remarks: Sequence[tuple[Row, str]], part: str, sheet: _Sheet) -> Order:
    for row, remark in remarks:
        draft.note(remark, Source(part, row.line, remark))
        if _FIGURE.search(remark):
            draft.warn("uncertain", f"row {row.line} holds a figure and is no line: {remark[:120]!r}")
    for row in sheet.rows[: sheet.header]:
        text = " ".join(cell for cell in row.cells if cell)
        found = instruction_in(text)
        if found is not None:
            draft.warn("instruction", f"line {row.line}: {found!r}")
    watch(draft)
    return draft.finish()


@dataclass(frozen=True, slots=True)
class _Sources:
    part: str
    row: Row
    columns: Columns

    def __call__(self, index: int) -> Source:
        text = self.row.cells[index].strip() if index < len(self.row.cells) else ""
        name = self.columns.names[index] if index < len(self.columns.names) else str(index + 1)
        return Source(self.part, self.row.line_of(index), text, column=name)


def _whole_thousandths(columns: Columns, rows: Sequence[Row]) -> bool:
    """Whether every quantity is printed with three decimals that are zero, as lists of ERP systems do."""
    at = columns.index("quantity")
    if at is None:
        return False
    cells = [row.cells[at].strip() for row in rows if at < len(row.cells) and row.cells[at].strip()]
    return len(cells) > 1 and all(
        re.fullmatch(r"(?:\d{1,3}(?:\.\d{3})*,000|\d{1,3}(?:,\d{3})*\.000)", cell) for cell in cells
    )


def _order_fields(draft: Draft, columns: Columns, row: Row, sources: _Sources, ways: Ways) -> None:
    for index, name in enumerate(columns.fields):
        if name in _ORDER_LEVEL and name != "po_number" and index < len(row.cells) and row.cells[index].strip():
            put_field(draft, name or "", row.cells[index].strip(), sources(index), ways)


def _watch_other_cells(draft: Draft, columns: Columns, row: Row) -> None:
    """A cell of a column that no field holds may still say that the row does not count."""
    for cell in row.cells:
        if _FORMULA.match(cell):
            draft.warn("instruction", f"row {row.line} holds a formula: {cell.strip()[:60]!r}")
    for index, name in enumerate(columns.fields):
        if name is None and index < len(row.cells) and row.cells[index].strip():
            instruction = instruction_in(row.cells[index]) or addresses_machine(row.cells[index])
            if instruction is not None:
                draft.warn("instruction", f"row {row.line}, column {columns.names[index]}: {instruction!r}")
            found = None
            if any(one.isalpha() for one in row.cells[index]):
                found = deviation_in(row.cells[index]) or doubt_in(row.cells[index])
            if found is not None and (" " in row.cells[index].strip() or code_rank(row.cells[index].strip()) == 0):
                draft.warn(
                    "contradiction", f"row {row.line}, column {columns.names[index]}: {row.cells[index].strip()[:80]!r}"
                )


def _is_line(columns: Columns, row: Row) -> bool:
    at = columns.index("quantity")
    filled = sum(1 for cell in row.cells if cell.strip())
    if at is not None and at < len(row.cells) and row.cells[at].strip():
        return True
    part = next((i for f in ("supplier_part", "customer_part", "gtin") if (i := columns.index(f)) is not None), None)
    has_part = part is not None and part < len(row.cells) and bool(row.cells[part].strip())
    position = columns.index("position")
    numbered = position is not None and position < len(row.cells) and row.cells[position].strip().isdigit()
    return has_part and (filled >= 3 or numbered)


def _summed(row: Row, columns: Columns, drafts: dict[str, Draft], ways: Ways, part: str) -> bool:
    """Takes a row of sums or a field below the table; False when it is a remark."""
    filled = [(index, cell.strip()) for index, cell in enumerate(row.cells) if cell.strip()]
    if not filled:
        return True
    if not drafts:
        return False
    label = filled[0][1].rstrip(": ")
    name = label_of(label)
    draft = list(drafts.values())[-1]
    if name in {"stated_total", "amount", "gross_total", "tax"} or is_total_row(row.cells):
        at = columns.index("amount")
        quantity_at = columns.index("quantity")
        value = next((cell for index, cell in filled if index == at and index > 0), None)
        if value is None and len(filled) > 1:
            value = next(
                (cell for index, cell in reversed(filled) if index != quantity_at and read_price(cell, ways)), None
            )
        quantity = next((cell for index, cell in filled if index == quantity_at and index > 0), None)
        if name in {"gross_total", "tax"} or len(drafts) > 1:
            return name in {"gross_total", "tax"}
        if quantity is not None and name != "stated_total_only":
            put_field(draft, "stated_quantity_total", quantity, Source(part, row.line, quantity), ways)
        if value is not None:
            put_field(draft, "stated_total", value, Source(part, row.line, value), ways)
        return value is not None or quantity is not None
    if len(filled) == 2 and name is not None and len(drafts) == 1:
        return put_field(draft, name, filled[1][1], Source(part, row.line, filled[1][1], column=label), ways)
    return False


def _sheet(text: str, part: str) -> _Sheet:  # noqa: C901 - one branch for each way a table is laid out
    declared = re.match(r"sep=(.)\r?\n", text)
    best: tuple[int, str, int] = (0, "", -1)
    head = text[:65536].splitlines()[:_HEADER_SEARCH]
    for delimiter in declared[1] if declared else _DELIMITERS:
        for index, line in enumerate(head):
            score = header_score(_cells(line, delimiter)) if delimiter in line else 0
            if score > best[0]:
                best = (score, delimiter, index)
    if not best[1]:
        raise Refusal("csv.missing", _missing(head), f"{part}, first {len(head)} lines")
    sheet = _Sheet(best[1], [])
    if text.count("\n") > MAX_ROWS * 2:
        raise Refusal("csv.too_large", f"More than {MAX_ROWS} rows.", part)
    if best[1] == "|":
        text = _FRAME.sub(r"\1", text)
    reader = csv.reader(io.StringIO(text), delimiter=best[1], strict=True)
    try:
        for cells in reader:
            if len(cells) > MAX_CELLS or len(sheet.rows) > MAX_ROWS:
                raise Refusal(
                    "csv.too_large", f"More than {MAX_ROWS} rows or {MAX_CELLS} columns.", f"line {reader.line_num}"
                )
            if not any(cell.strip() for cell in cells) or is_rule("".join(cells)):
                continue
            sheet.rows.append(Row(reader.line_num, cells))
    except csv.Error as error:
        raise Refusal("csv.syntax", f"The row cannot be split: {error}.", f"{part}, line {reader.line_num}") from error
    flat = flatten(sheet.rows)
    if flat is not None:
        sheet.rows, sheet.header = flat, 0
        return sheet
    for index, row in enumerate(sheet.rows[:_HEADER_SEARCH]):
        if header_score(row.cells) == best[0]:
            sheet.header = index
            break
    if sheet.header < 0:
        raise Refusal("csv.syntax", "The header row is broken by quotation marks.", part)
    for row in sheet.rows[: sheet.header]:
        _take_preamble(sheet, row)
    return sheet


def _kind_of(text: str) -> Kind | None:
    """What the first row with at least three headings-like cells says the table is, if it is no order."""
    for line in text[:16384].splitlines()[:12]:
        for delimiter in _DELIMITERS:
            if line.count(delimiter) >= 2:
                kind = table_kind(_cells(line, delimiter))
                if kind is not None:
                    return kind
    return None


def _cells(line: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader([line[:20_000]], delimiter=delimiter), [])
    except csv.Error:
        return []


def _take_preamble(sheet: _Sheet, row: Row) -> None:
    cells = [cell.strip() for cell in row.cells]
    at = 0
    while at < len(cells):
        label, _, inline = cells[at].partition(":")
        name = label_of(label) if label else None
        if name is not None and inline.strip():
            sheet.preamble.append((name, inline.strip(), row.line, label))
        elif name is not None and at + 1 < len(cells) and cells[at + 1]:
            sheet.preamble.append((name, cells[at + 1], row.line, label))
            at += 1
        elif name is None and cells[at] and ":" not in cells[at]:
            for word_name, value in _titled(cells[at]):
                sheet.preamble.append((word_name, value, row.line, cells[at]))
        at += 1


def _titled(text: str) -> Iterator[tuple[str, str]]:
    """A title row such as ``Purchase order 4500123``."""
    head, _, value = text.strip("# ").rpartition(" ")
    if head and any(one.isdigit() for one in value) and label_of(head) in {"po_number", "po_or_part"}:
        yield "po_number", value


def _preamble_number(sheet: _Sheet) -> str | None:
    return next(
        (
            value
            for name, value, _, _ in sheet.preamble
            if name in {"po_number", "po_or_part"} and " " not in value and any(one.isdigit() for one in value)
        ),
        None,
    )


def _numbers(columns: Columns, rows: Sequence[Row]) -> Iterator[str]:
    for name in ("price", "amount", "quantity"):
        at = columns.index(name)
        if at is not None:
            yield from (row.cells[at] for row in rows if at < len(row.cells))


def _missing(lines: Sequence[str]) -> str:
    first = next((line for line in lines if line.strip()), "")
    return f"No header row names a quantity and an item; the first row is {first[:200]!r}."


def order_day(value: str, ways: Ways) -> date | None:
    """The day in a cell, or None."""
    day = read_day(value, ways.days)
    return day.day if day is not None else None
