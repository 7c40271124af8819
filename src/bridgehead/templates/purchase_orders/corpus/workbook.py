"""Writes sheets of cells as Excel workbooks (ECMA-376, through openpyxl) and as CSV; the same cells, the same bytes.

Rows and columns count from 1.
"""

from __future__ import annotations

import io
import os
import re
import zipfile
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from openpyxl import Workbook
from openpyxl.comments import Comment
from openpyxl.styles import Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet
from openpyxl.writer.excel import ExcelWriter

Value = str | int | Decimal | date | None
Place = tuple[int, int]

_WRITTEN_AT: Final = (2026, 11, 2, 8, 0, 0)
_WRITTEN: Final = datetime(2026, 11, 2, 8, 0)  # noqa: DTZ001 - OOXML properties hold UTC without a zone
_BOLD: Final = Font(bold=True)
_WHITE: Final = Font(color="FFFFFFFF", size=1)
_GREY: Final = PatternFill("solid", fgColor="FFD9D9D9")
_WIDEST: Final = 46
_SHEET_PART: Final = re.compile(r"xl/worksheets/sheet(\d+)\.xml")


@dataclass(slots=True)
class Sheet:
    """One sheet as it is laid out. ``formulas`` stand before the values of their cells, which stay as their results."""

    name: str
    rows: list[list[Value]] = field(default_factory=list)
    bold: set[int] = field(default_factory=set)
    heads: set[int] = field(default_factory=set)
    merged: list[tuple[int, int, int, int]] = field(default_factory=list)
    hidden_rows: set[int] = field(default_factory=set)
    hidden_columns: set[int] = field(default_factory=set)
    white: set[Place] = field(default_factory=set)
    comments: dict[Place, str] = field(default_factory=dict)
    formulas: dict[Place, str] = field(default_factory=dict)
    filtered: bool = False
    hidden: bool = False

    def add(self, *cells: Value, at: int = 1) -> int:
        """Appends a row with its cells from column ``at`` on, and returns its number."""
        self.rows.append([*[None] * (at - 1), *cells])
        return len(self.rows)

    def put(self, row: int, column: int, value: Value) -> None:
        """Writes one cell, making room where there is none."""
        while len(self.rows) < row:
            self.rows.append([])
        cells = self.rows[row - 1]
        cells.extend([None] * (column - len(cells)))
        cells[column - 1] = value

    @property
    def width(self) -> int:
        """Returns the number of columns in use."""
        return max((len(row) for row in self.rows), default=0)


@dataclass(frozen=True, slots=True)
class Book:
    """A workbook: its sheets, which of them is shown first (from 0), how dates look, what its properties say."""

    sheets: tuple[Sheet, ...]
    active: int = 0
    date_format: str = "yyyy-mm-dd"
    author: str = ""
    description: str | None = None


class _Archive(zipfile.ZipFile):
    """A zip file whose entries all bear one date, and whose sheets get the formulas of their cells."""

    formulas: tuple[dict[Place, str], ...] = ()

    def writestr(self, zinfo_or_arcname: object, data: object, *_: object, **__: object) -> None:
        """Writes an entry under the date all entries bear."""
        entry = zipfile.ZipInfo(str(zinfo_or_arcname), _WRITTEN_AT)
        entry.compress_type = zipfile.ZIP_DEFLATED
        content = data.encode() if isinstance(data, str) else data
        if not isinstance(content, bytes):
            raise TypeError("an entry's content is text or bytes")
        super().writestr(entry, content, compresslevel=6)

    def write(self, filename: object, arcname: object = None, *_: object, **__: object) -> None:
        """Writes a file under the date all entries bear."""
        with open(os.fspath(str(filename)), "rb") as file:  # noqa: PTH123 - a path of openpyxl's own making
            content = file.read()
        found = _SHEET_PART.fullmatch(str(arcname))
        if found is not None and int(found.group(1)) <= len(self.formulas):
            content = _with_formulas(content, self.formulas[int(found.group(1)) - 1])
        self.writestr(arcname, content)


def _with_formulas(content: bytes, formulas: dict[Place, str]) -> bytes:
    text = content.decode()
    for (row, column), formula in formulas.items():
        mark = re.compile(rf'(<c r="{get_column_letter(column)}{row}"[^>]*>)(<v>)')
        text = mark.sub(rf"\1<f>{formula}</f>\2", text, count=1)
    return text.encode()


def as_xlsx(book: Book) -> bytes:
    """Returns the workbook's file."""
    workbook = Workbook()
    workbook.remove(workbook.worksheets[0])
    for sheet in book.sheets:
        page = workbook.create_sheet(sheet.name)
        _fill(page, sheet, book.date_format)
    workbook.active = book.active
    workbook.properties.creator = book.author or "openpyxl"
    workbook.properties.description = book.description
    workbook.properties.created = _WRITTEN
    workbook.properties.modified = _WRITTEN
    target = io.BytesIO()
    archive = _Archive(target, "w", zipfile.ZIP_DEFLATED)
    archive.formulas = tuple(sheet.formulas for sheet in book.sheets)
    ExcelWriter(workbook, archive).save()
    return target.getvalue()


def _fill(page: Worksheet, sheet: Sheet, date_format: str) -> None:
    widths: dict[int, int] = {}
    for number, cells in enumerate(sheet.rows, start=1):
        for column, value in enumerate(cells, start=1):
            if value is None:
                continue
            cell = page.cell(number, column, value)
            if isinstance(value, date):
                cell.number_format = date_format
            elif isinstance(value, Decimal) and value != value.to_integral_value():
                cell.number_format = "#,##0.00##"
            elif isinstance(value, int):
                cell.number_format = "0"
            if number in sheet.bold or number in sheet.heads:
                cell.font = _BOLD
            if number in sheet.heads or isinstance(value, str):
                widths[column] = min(max(widths.get(column, 9), len(str(value)) + 2), _WIDEST)
    for column, width in widths.items():
        page.column_dimensions[get_column_letter(column)].width = width
    _dress(page, sheet)


def _dress(page: Worksheet, sheet: Sheet) -> None:
    for row in sheet.heads:
        for cell in page[row]:
            cell.fill = _GREY
    for place in sheet.white:
        page.cell(*place).font = _WHITE
    for top, left, bottom, right in sheet.merged:
        page.merge_cells(start_row=top, start_column=left, end_row=bottom, end_column=right)
    for row in sheet.hidden_rows:
        page.row_dimensions[row].hidden = True
    for column in sheet.hidden_columns:
        page.column_dimensions[get_column_letter(column)].hidden = True
    for place, text in sheet.comments.items():
        page.cell(*place).comment = Comment(text, "", height=80, width=300)
    if sheet.filtered and sheet.heads:
        top = min(sheet.heads)
        page.auto_filter.ref = f"A{top}:{get_column_letter(sheet.width)}{len(sheet.rows)}"
    if sheet.hidden:
        page.sheet_state = "hidden"


def as_csv(rows: list[list[str]], delimiter: str, *, quote_all: bool, encoding: str, padded: bool) -> bytes:
    """Returns rows of text as CSV; ``padded`` to one width, as programs save a sheet. RFC 4180 quoting.

    UTF-8 stands in where ``encoding`` lacks a letter.
    """
    width = max(len(row) for row in rows)

    def cell(text: str) -> str:
        special = delimiter in text or '"' in text or "\n" in text
        return '"' + text.replace('"', '""') + '"' if quote_all or special else text

    lines = [
        delimiter.join(cell(text) for text in (row + [""] * (width - len(row)) if padded else row)) for row in rows
    ]
    text = "".join(f"{line}\r\n" for line in lines)
    if encoding == "utf-16":
        return ("\ufeff" + text).encode("utf-16-le")
    try:
        return text.encode(encoding)
    except UnicodeEncodeError:
        return text.encode("utf-8")
