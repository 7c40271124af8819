"""The texts of a workbook with where they stand for who opens it: a cell, a comment on one, a text box, a property."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from bridgehead.documents.outcome import Refusal
from bridgehead.documents.tables.grids import Book, Grid, open_book

_ROWS: Final = 5_000


def book_pieces(data: bytes) -> list[tuple[str, str]]:
    """Returns place and text of what a workbook holds, what stands beside its cells first; none of what is refused."""
    try:
        book = open_book(data, "workbook")
    except Refusal:
        return []
    return list(_pieces(book))


def book_rows(data: bytes, most: int) -> list[str]:
    """Returns the first rows of the sheets that are seen, as text; none of what is refused."""
    try:
        book = open_book(data, "workbook")
    except Refusal:
        return []
    seen = [grid for grid in book.grids if grid.visible]
    rows = [" | ".join(cell.strip() for cell in row.cells) for grid in seen for row in grid.rows]
    return [row for row in rows if row.strip(" |")][:most]


def _pieces(book: Book) -> Iterator[tuple[str, str]]:
    yield from (*book.seen, *book.unseen)
    for grid in book.grids:
        for row in grid.rows[:_ROWS]:
            for column, cell in enumerate(row.cells):
                if cell.strip():
                    yield f"cell {_letters(column)}{row.line} of {_sheet(grid, row.line - 1, column)}", cell


def _sheet(grid: Grid, row: int, column: int) -> str:
    """Returns the name of a sheet with what hides a cell of it."""
    look = grid.look
    hidden = (
        "hidden"
        if not grid.visible
        else "in a hidden row"
        if row in look.hidden_rows
        else "in a hidden column"
        if column in look.hidden_columns
        else "in letters that do not show"
        if (row, column) in look.invisible
        else ""
    )
    return f"sheet {grid.name}{f', {hidden}' if hidden else ''}"


def _letters(column: int) -> str:
    """Returns the letters of a column: 0 is A, 26 is AA."""
    name = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        name = chr(ord("A") + rest) + name
    return name
