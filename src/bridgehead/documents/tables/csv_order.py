"""Reads orders from delimited text: portal exports with title rows, fields before the table, several orders, sums."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Sequence

from bridgehead.documents.mail.table import is_rule
from bridgehead.documents.outcome import Hints, Kind, NotAnOrder, Orders, Refusal
from bridgehead.documents.tables.csv_records import Row
from bridgehead.documents.tables.order_rows import read_rows, sections
from bridgehead.documents.tables.sheet import HEADER_SEARCH, Sheet, lay_out
from bridgehead.documents.tables.table import header_score
from bridgehead.documents.tables.table_kinds import SAID, table_kind

MAX_ROWS = 20_000
MAX_CELLS = 200
_DELIMITERS = ";\t|,"
_EASTERN = ("cp1250", "iso-8859-2")
"""8-bit encodings that bytes may be in where those of the west give no heading: nothing in a file names its own."""
_FRAME = re.compile(r"^[ \t]*\|(.*)\|[ \t]*$", re.MULTILINE)


def looks_like_table(text: str) -> bool:
    """Whether the first lines hold a header row of an order table, or rows of one and the same width.

    Text around a pasted table is no table: most of its lines have no delimiter.
    """
    head = text[:8192]
    filled = [line for line in head.splitlines()[:HEADER_SEARCH] if line.strip()]
    for delimiter in _DELIMITERS:
        lines = [line for line in filled if line.count(delimiter) >= 1]
        if any(header_score(line.replace('"', "").split(delimiter)) for line in lines):
            return len(lines) * 2 >= len(filled)
        widths = [line.count(delimiter) for line in lines[:12]]
        if delimiter != "," and len(widths) >= 3 and min(widths) == max(widths) >= 2:
            return True
        if delimiter == "," and len(widths) >= 3 and min(widths) == max(widths) >= 3 and lines == filled[: len(lines)]:
            return True
    return False


def read_csv(text: str, part: str = "document", hints: Hints | None = None) -> Orders | NotAnOrder:
    """Reads every order of a delimited file, told apart by its order-number column.

    A table whose headings are those of a delivery note, a complaint or an invoice is no order.

    Raises Refusal: ``csv.missing`` naming the essential columns that are absent, ``csv.row`` for a row
    that is neither a line, a sum nor a remark, ``csv.too_large``, ``csv.syntax``.
    """
    kind = _kind_of(text)
    if kind is not None:
        return NotAnOrder(kind, f"The headings of the table are those of {SAID.get(kind, kind)}.")
    orders = [order for one in sections(_sheet(text, part)) for order in read_rows(one, hints or Hints())]
    counts = Counter(order.po_number for order in orders)
    again = next((number for number, times in counts.items() if times > 1), None)
    if again is not None:
        raise Refusal("csv.row", f"Two tables of the file hold order {again[:40]}, each its own.", part)
    return Orders(tuple(orders))


def _sheet(text: str, part: str) -> Sheet:
    delimiter, score, head = _delimiter(text)
    for charset in _EASTERN if not score and not text.isascii() else ():
        try:
            other = text.encode("cp1252").decode(charset)
        except UnicodeError:
            continue
        delimiter, score, _ = _delimiter(other)
        if score:
            text = other
            break
    if not score:
        raise Refusal("csv.missing", _missing(head), f"{part}, first {len(head)} lines")
    if text.count("\n") > MAX_ROWS * 2:
        raise Refusal("csv.too_large", f"More than {MAX_ROWS} rows.", part)
    if delimiter == "|":
        text = _FRAME.sub(r"\1", text)
    rows: list[Row] = []
    reader = csv.reader(io.StringIO(text), delimiter=delimiter, strict=True)
    try:
        for cells in reader:
            if len(cells) > MAX_CELLS or len(rows) > MAX_ROWS:
                raise Refusal(
                    "csv.too_large", f"More than {MAX_ROWS} rows or {MAX_CELLS} columns.", f"line {reader.line_num}"
                )
            if not any(cell.strip() for cell in cells) or is_rule("".join(cells)):
                continue
            rows.append(Row(reader.line_num, cells))
    except csv.Error as error:
        raise Refusal("csv.syntax", f"The row cannot be split: {error}.", f"{part}, line {reader.line_num}") from error
    sheet = Sheet(part, rows, "csv")
    if not lay_out(sheet):
        raise Refusal("csv.syntax", "The header row is broken by quotation marks.", part)
    if len(rows) > 1 and not text.endswith(("\n", "\r")) and len(rows[-1].cells) < len(rows[-2].cells):
        sheet.told.append(
            ("uncertain", f"the last row (line {rows[-1].line}) is shorter than the one above; it may be cut off")
        )
    return sheet


def _delimiter(text: str) -> tuple[str, int, list[str]]:
    """The delimiter under which a row is most of all a header, how much it is, and the rows looked at."""
    declared = re.match(r"sep=(.)\r?\n", text)
    head = text[:65536].splitlines()[:HEADER_SEARCH]
    best: tuple[str, int] = ("", 0)
    for delimiter in declared[1] if declared else _DELIMITERS:
        for line in head:
            score = header_score(_cells(line, delimiter)) if delimiter in line else 0
            if score > best[1]:
                best = (delimiter, score)
    return (*best, head)


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


def _missing(lines: Sequence[str]) -> str:
    first = next((line for line in lines if line.strip()), "")
    return f"No header row names a quantity and an item; the first row is {first[:200]!r}."
