"""Tables of order lines: columns as wide as their values, rows over several pages, sums carried from page to page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final, Literal

from bridgehead.templates.purchase_orders.corpus.pdf.sheet import BLACK, Align, Color, Sheet

Rules = Literal["grid", "rows", "head", "columns", "none"]
_LEAST_SIZE: Final = 5.5
_LEAST_TEXT: Final = 92.0
"""Points a column of descriptions keeps before the letters get smaller."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column: ``cells`` hold, per row, lines that stay apart. A ``grows`` column wraps and takes what is left.

    With ``most`` it wraps at that many points, and what is left goes to all columns. Sums that are carried stand in the
    column that is ``summed``.
    """

    title: str
    cells: Sequence[Sequence[str]]
    align: Align = "l"
    grows: bool = False
    most: float = 0.0
    summed: bool = False


@dataclass(frozen=True, slots=True)
class Look:
    """How a table looks. ``gap`` is the space between rows beyond ``pad``, in points; ``repeat`` is about titles."""

    rules: Rules = "grid"
    size: float = 8.5
    pad: float = 3.0
    side: float = 4.0
    gap: float = 0.0
    lead: float = 1.22
    fill: Color | None = None
    title_ink: Color = BLACK
    title_bold: bool = True
    title_size: float | None = None
    zebra: Color | None = None
    weight: float = 0.5
    ink: Color = BLACK
    repeat: bool = True


@dataclass(frozen=True, slots=True)
class Carry:
    """The running sum: amounts by row, the two labels, and how money is written."""

    amounts: Sequence[Decimal]
    forward: str
    brought: str
    show: Callable[[Decimal], str]


def widths_of(sheet: Sheet, columns: Sequence[Column], look: Look, width: float) -> tuple[list[float], Look]:
    """Returns the widths of the columns and the look, its letters made smaller until all of it fits."""
    while True:
        wide = [_natural(sheet, column, look) for column in columns]
        growing = [index for index, column in enumerate(columns) if column.grows and not column.most]
        spare = width - sum(wide)
        if spare >= 0 or look.size <= _LEAST_SIZE:
            break
        smaller = look.title_size - 0.5 if look.title_size else None
        look = replace(look, size=look.size - 0.5, title_size=smaller, side=max(look.side - 0.5, 1.5))
    share = spare / (len(growing) or len(columns))
    for index in growing or range(len(columns)):
        wide[index] += max(share, 0.0)
    return wide, look


def _natural(sheet: Sheet, column: Column, look: Look) -> float:
    words = column.title.replace("\n", " ").split(" ")
    title = max(sheet.measure(word, look.title_size or look.size, bold=look.title_bold) for word in words)
    if column.grows:
        longest = [word for cell in column.cells for line in cell for word in line.split(" ")]
        widest = max((sheet.measure(word, look.size) for word in longest), default=0.0)
        return max(title, column.most or min(_LEAST_TEXT, 11 * look.size), widest) + 2 * look.side
    widest = max((sheet.measure(line, look.size) for cell in column.cells for line in cell), default=0.0)
    return max(title, widest) + 2 * look.side


def draw_table(
    sheet: Sheet,
    columns: Sequence[Column],
    look: Look,
    *,
    under: Sequence[Sequence[str]] = (),
    under_at: int = 0,
    carry: Carry | None = None,
    x: float | None = None,
    width: float | None = None,
) -> None:
    """Draws the rows from ``y`` on. ``under`` are lines below a row, from column ``under_at`` to the right end."""
    whole = width or sheet.width
    wide, fitted = widths_of(sheet, columns, look, whole)
    _Table(sheet, columns, fitted, wide, sheet.left if x is None else x).draw(under, under_at, carry)


class _Table:
    def __init__(self, sheet: Sheet, columns: Sequence[Column], look: Look, wide: Sequence[float], x: float) -> None:
        self.sheet, self.columns, self.look, self.wide, self.x = sheet, columns, look, wide, x
        self.right = x + sum(wide)
        self.began = sheet.y

    def draw(self, under: Sequence[Sequence[str]], under_at: int, carry: Carry | None) -> None:
        sheet, look = self.sheet, self.look
        self._titles()
        running = Decimal(0)
        spare = 2.2 * look.size if carry is not None else 0.0
        for index in range(len(self.columns[0].cells)):
            cells = [self._wrapped(column, wide, index) for column, wide in zip(self.columns, self.wide, strict=True)]
            at = self.x + sum(self.wide[:under_at])
            below = [
                line
                for text in (under[index] if under else ())
                for line in sheet.wrap(text, self.right - at - look.side, look.size)
            ]
            height = (max(len(cell) for cell in cells) + len(below)) * look.size * look.lead + 2 * look.pad + look.gap
            if sheet.room < height + spare:
                self._carried(carry, carry.forward if carry else "", running)
                self._close()
                sheet.turn()
                self.began = sheet.y
                if look.repeat:
                    self._titles()
                self._carried(carry, carry.brought if carry else "", running)
            self._row(cells, below, at, height, striped=index % 2 == 1)
            if carry is not None:
                running += carry.amounts[index]
        self._close()

    def _wrapped(self, column: Column, wide: float, index: int) -> list[str]:
        if not column.grows:
            return list(column.cells[index])
        look = self.look
        return [line for text in column.cells[index] for line in self.sheet.wrap(text, wide - 2 * look.side, look.size)]

    def _titles(self) -> None:
        sheet, look = self.sheet, self.look
        size = look.title_size or look.size
        titles = [
            sheet.wrap(column.title, wide - 2 * look.side + 0.1, size, bold=look.title_bold)
            for column, wide in zip(self.columns, self.wide, strict=True)
        ]
        height = max(len(title) for title in titles) * size * look.lead + 2 * look.pad
        if look.fill is not None:
            sheet.box(self.x, sheet.y, self.right - self.x, height, fill=look.fill)
        x = self.x
        for column, wide, title in zip(self.columns, self.wide, titles, strict=True):
            y = sheet.y + look.pad
            for line in title:
                y += size * look.lead
                self._cell(column, x, wide, y - size * (look.lead - 0.9), line, size, title=True)
            x += wide
        sheet.y += height
        if look.rules in {"grid", "rows", "head", "columns"}:
            weight = look.weight if look.rules != "head" else look.weight * 1.6
            sheet.rule(self.x, sheet.y, self.right, sheet.y, weight, look.ink)
            sheet.rule(self.x, sheet.y - height, self.right, sheet.y - height, weight, look.ink)

    def _cell(
        self, column: Column, x: float, wide: float, y: float, text: str, size: float, *, title: bool = False
    ) -> None:
        look = self.look
        place = {"l": x + look.side, "r": x + wide - look.side, "c": x + wide / 2}[column.align]
        bold, ink = (look.title_bold, look.title_ink) if title else (False, BLACK)
        self.sheet.text(place, y, text, size, bold=bold, align=column.align, ink=ink)

    def _row(
        self, cells: Sequence[Sequence[str]], below: Sequence[str], at: float, height: float, *, striped: bool
    ) -> None:
        sheet, look = self.sheet, self.look
        if striped and look.zebra is not None:
            sheet.box(self.x, sheet.y, self.right - self.x, height, fill=look.zebra)
        x, step = self.x, look.size * look.lead
        for column, wide, cell in zip(self.columns, self.wide, cells, strict=True):
            for index, line in enumerate(cell):
                self._cell(column, x, wide, sheet.y + look.pad + index * step + look.size * 0.9, line, look.size)
            x += wide
        first = max(len(cell) for cell in cells)
        for index, line in enumerate(below):
            y = sheet.y + look.pad + (first + index) * step + look.size * 0.9
            sheet.text(at + look.side, y, line, look.size)
        sheet.y += height
        if look.rules in {"grid", "rows"}:
            sheet.rule(self.x, sheet.y, self.right, sheet.y, look.weight, look.ink)

    def _carried(self, carry: Carry | None, label: str, running: Decimal) -> None:
        if carry is None:
            return
        sheet, look = self.sheet, self.look
        y = sheet.y + look.size * 1.5
        index = next(index for index, column in enumerate(self.columns) if column.summed)
        sheet.text(self.x + sum(self.wide[: index + 1]) - look.side, y, carry.show(running), look.size, align="r")
        if look.rules in {"grid", "columns"}:
            sheet.text(self.x + self.wide[0] + look.side, y, label, look.size, italic=True)
        else:
            sheet.text(self.x + (self.right - self.x) * 0.6, y, label, look.size, italic=True, align="r")
        sheet.y += look.size * 2.2

    def _close(self) -> None:
        sheet, look = self.sheet, self.look
        if look.rules in {"grid", "columns"}:
            x = self.x
            for wide in (*self.wide, 0.0):
                sheet.rule(x, self.began, x, sheet.y, look.weight, look.ink)
                x += wide
        if look.rules in {"columns", "head", "grid"}:
            sheet.rule(self.x, sheet.y, self.right, sheet.y, look.weight, look.ink)
