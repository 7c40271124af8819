"""Flattens files whose rows say in their first cell what they are: headers, lines and trailers of orders."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bridgehead.documents.tables.headings import heading_of
from bridgehead.documents.tables.table import header_score

_LONGEST_MARK = 6


@dataclass(frozen=True, slots=True)
class Row:
    """The cells of a row, and the line of the file that each stood in.

    ``numbers`` are the cells that the file holds as numbers or days and not as text: they have one reading.
    """

    line: int
    cells: list[str]
    lines: tuple[int, ...] = ()
    numbers: frozenset[int] = frozenset()
    part: str = ""
    """The part it stands in, when that is not the one of its table."""
    columns: tuple[int, ...] = ()
    """The columns its cells stood in, when the table lay on its side."""

    def line_of(self, index: int) -> int:
        """The line that cell ``index`` was read from."""
        return self.lines[index] if index < len(self.lines) else self.line

    def column_of(self, index: int) -> int:
        """The column that cell ``index`` was read from."""
        return self.columns[index] if index < len(self.columns) else index


def letter(index: int) -> str:
    """The letters of a column: A for 0, AA for 26."""
    name = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        name = chr(65 + rest) + name
    return name


def flatten(rows: Sequence[Row]) -> list[Row] | None:
    """One heading row and one row per order line, each with its order's header and trailer cells.

    None when the file is not of this kind: its first rows must declare, each behind its own mark, the
    headings of the order and of the line.
    """
    heads: dict[str, Row] = {}
    for row in rows[:6]:
        mark = row.cells[0].strip() if row.cells else ""
        names = [cell for cell in row.cells[1:] if cell.strip()]
        if (
            not mark
            or len(mark) > _LONGEST_MARK
            or mark in heads
            or not names
            or 2 * sum(heading_of(name) is not None for name in names) <= len(names)
        ):
            break
        heads[mark] = row
    line_mark = next((mark for mark, row in heads.items() if header_score(row.cells[1:])), None)
    if line_mark is None or len(heads) < 2:
        return None
    marks = list(heads)
    order_mark = marks[0]
    if order_mark == line_mark:
        return None
    trailers = [mark for mark in marks if mark not in {order_mark, line_mark}]
    names = [*_padded(heads, order_mark), *_padded(heads, line_mark)]
    for mark in trailers:
        names.extend(_padded(heads, mark))
    found = [Row(heads[line_mark].line, names)]
    order: Row | None = None
    waiting: list[Row] = []

    def close(ends: dict[str, Row]) -> None:
        for line in waiting:
            pieces = [order, line, *(ends.get(mark) for mark in trailers)]
            cells: list[str] = []
            lines: list[int] = []
            for mark, piece in zip((order_mark, line_mark, *trailers), pieces, strict=True):
                size = len(heads[mark].cells) - 1
                own = [] if piece is None else piece.cells[1:]
                spare = [""] * max(0, size - len(own))
                cells.extend([*own, *spare])
                lines.extend([line.line if piece is None else piece.line] * (len(own) + len(spare)))
            found.append(Row(line.line, cells, tuple(lines)))
        waiting.clear()

    ends: dict[str, Row] = {}
    for row in rows[len(heads) :]:
        mark = row.cells[0].strip()
        if mark == order_mark:
            close(ends)
            order, ends = row, {}
        elif mark == line_mark:
            waiting.append(row)
        elif mark in trailers:
            ends[mark] = row
        else:
            return None
    close(ends)
    return found if len(found) > 1 else None


def _padded(heads: dict[str, Row], mark: str) -> list[str]:
    return list(heads[mark].cells[1:])
