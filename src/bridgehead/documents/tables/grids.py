"""Opens a workbook of any kind and gives its sheets as rows of text, with what is hidden in them."""

from __future__ import annotations

import datetime as dt
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from python_calamine import CalamineError, CalamineWorkbook, PasswordError, SheetTypeEnum, SheetVisibleEnum

from bridgehead.documents.outcome import Refusal
from bridgehead.documents.tables.archive import open_archive, repack
from bridgehead.documents.tables.biff import look_at_xls, look_at_xlsb, workbook_stream
from bridgehead.documents.tables.csv_records import Row
from bridgehead.documents.tables.look import Look
from bridgehead.documents.tables.ods import look_at_ods
from bridgehead.documents.tables.ooxml import Styles, look_at, sheet_paths, spoken_beside, string_lengths

MAX_ROWS: Final = 20_000
MAX_COLUMNS: Final = 400
MAX_SHEETS: Final = 60
_THOUSANDTHS: Final = re.compile(r"-?\d{1,3}\.\d{3}")
Value = int | float | str | bool | dt.time | dt.date | dt.datetime | dt.timedelta


@dataclass(frozen=True, slots=True)
class Grid:
    """One sheet. ``rows`` are those with anything in them, all of them; ``look`` says which of them are hidden."""

    name: str
    visible: bool
    rows: list[Row]
    look: Look
    spanned: dict[tuple[int, int], str]


@dataclass(slots=True)
class Book:
    """The sheets of a workbook, and the texts that stand in no cell: seen by who opens it, or by nobody."""

    grids: list[Grid] = field(default_factory=list)
    seen: list[tuple[str, str]] = field(default_factory=list)
    unseen: list[tuple[str, str]] = field(default_factory=list)


def open_book(document: bytes, part: str) -> Book:
    """Opens .xlsx, .xlsb, .xls or .ods.

    What is given to the reader of values is a copy of what was measured before, for that reader takes memory for
    every cell up to the last one.

    Raises Refusal: ``encrypted``, ``macros``, ``workbook.bomb``, ``workbook.too_large``, ``workbook.broken``.
    """
    if document.startswith(b"PK"):
        members = open_archive(document, part)
        looks = _looks(members, part)
        book = Book(*([], *spoken_beside(members))) if "xl/workbook.xml" in members else Book()
        document = repack(members)
    else:
        looks = look_at_xls(workbook_stream(document, part), part)
        book = Book()
    try:
        with CalamineWorkbook.from_filelike(io.BytesIO(document)) as workbook:
            _take_sheets(workbook, looks, book, part)
    except PasswordError as error:
        raise Refusal("encrypted", "The workbook is protected by a password.", part) from error
    except (CalamineError, KeyError, ValueError, OverflowError) as error:
        raise Refusal("workbook.broken", f"The workbook cannot be read: {str(error)[:160]}.", part) from error
    except BaseException as error:
        # The library is written in Rust, whose panics come as a BaseException that no module exports.
        if type(error).__name__ != "PanicException":
            raise
        raise Refusal(
            "workbook.broken", "The workbook is damaged: what it says of its parts is not so.", part
        ) from error
    return book


def _take_sheets(workbook: CalamineWorkbook, looks: list[Look], book: Book, part: str) -> None:
    sheets = workbook.sheets_metadata
    if len(sheets) > MAX_SHEETS:
        raise Refusal("workbook.too_large", f"The workbook has more than {MAX_SHEETS} sheets.", part)
    for index, one in enumerate(sheets):
        where = f"{part}, sheet {one.name}"
        if one.typ is SheetTypeEnum.MacroSheet:
            raise Refusal("macros", "The workbook carries a macro sheet.", where)
        if one.typ is not SheetTypeEnum.WorkSheet:
            continue
        look = _at(looks, index)
        sheet = workbook.get_sheet_by_index(index)
        rows = _rows(sheet.to_python(skip_empty_area=False, nrows=MAX_ROWS + 1), look, where)
        spanned = _spanned(sheet.merged_cell_ranges or [], rows)
        book.grids.append(Grid(one.name, one.visible is SheetVisibleEnum.Visible, rows, look, spanned))


def _looks(members: dict[str, bytes], part: str) -> list[Look]:
    if "content.xml" in members:
        if b"encryption-data" in members.get("META-INF/manifest.xml", b""):
            raise Refusal("encrypted", "The workbook is protected by a password.", part)
        return look_at_ods(members["content.xml"], part)
    if "xl/workbook.bin" in members:
        sheets = sorted(
            (name for name in members if re.fullmatch(r"xl/worksheets/[^/]{1,80}\.bin", name)),
            key=lambda name: int(re.sub(r"\D", "", name) or 0),
        )
        return [look_at_xlsb(members[name], part) for name in sheets]
    if "xl/workbook.xml" not in members:
        raise Refusal("archive", "It is a zip archive and no workbook.", part)
    lengths, styles = string_lengths(members), Styles(members)
    return [
        look_at(members[path], f"{part}, sheet {name}", lengths, styles) if path in members else Look()
        for name, path in sheet_paths(members)
    ]


def _at(looks: Sequence[Look], index: int) -> Look:
    if index >= len(looks):
        raise ValueError("it names a sheet that it does not hold")
    return looks[index]


def _rows(values: list[list[Value]], look: Look, part: str) -> list[Row]:
    if len(values) > MAX_ROWS or any(len(cells) > MAX_COLUMNS and any(cells[MAX_COLUMNS:]) for cells in values):
        raise Refusal("workbook.too_large", f"It has more than {MAX_ROWS} rows or {MAX_COLUMNS} columns.", part)
    rows: list[Row] = []
    for at, cells in enumerate(values):
        texts = [_text(value, look.padded.get((at, column), 0)) for column, value in enumerate(cells[:MAX_COLUMNS])]
        while texts and not texts[-1].strip():
            texts.pop()
        if texts:
            typed = frozenset(
                column for column, value in enumerate(cells) if not isinstance(value, str | bool) and value != ""
            )
            rows.append(Row(at + 1, texts, (), typed))
    return rows


def _text(value: Value, digits: int) -> str:
    """A value as text of one reading: numbers with a point, days as ISO 8601.

    A number with three decimals gets a fourth, so that nobody takes its point for one between thousands.
    """
    if isinstance(value, str):
        return value.replace("\u00a0", " ")
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int | float):
        text = format(value, ".15g")
        if "e" in text or "n" in text:
            text = format(Decimal(text), "f") if "e" in text else ""
        if _THOUSANDTHS.fullmatch(text):
            text += "0"
        return text.zfill(digits) if text.isdigit() else text
    if isinstance(value, dt.datetime):
        return value.date().isoformat()
    return str(value)


def _spanned(
    ranges: Sequence[tuple[tuple[int, int], tuple[int, int]]], rows: Sequence[Row]
) -> dict[tuple[int, int], str]:
    """What the cells below the first of a merged column show."""
    by_line = {row.line: row for row in rows}
    found: dict[tuple[int, int], str] = {}
    for (top, left), (bottom, _) in ranges[:5000]:
        row = by_line.get(top + 1)
        if bottom > top and row is not None and left < len(row.cells):
            for line in range(top + 2, min(bottom, top + 2000) + 2):
                found[line, left] = row.cells[left].strip()
    return found
