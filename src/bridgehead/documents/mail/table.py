"""Finds tables pasted into mail text: tabs, pipes, aligned blanks, single blanks, or one cell to a line."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from bridgehead.documents.mail.sections import TextLine
from bridgehead.documents.tables.headings import heading_of
from bridgehead.documents.tables.table import header_score

_RULE = re.compile(r"[\s|+=_~#\-–—:.*┌┬┐├┼┤└┴┘─═╔╦╗╠╬╣╚╩╝]{3,}")
_RULER = re.compile(r"\s*(?:-{2,}|={2,})(?:\s{1,4}(?:-{2,}|={2,})){2,30}\s*")
_DASHES = re.compile(r"-{2,}|={2,}")
_FEWEST = 2
_WIDE = re.compile(r"\s{2,}|\t")


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell and the columns of text it spans."""

    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Header:
    """A header row: how its rows are divided, its cells, and how many text lines it takes."""

    style: str
    cells: tuple[Cell, ...]
    lines: int
    spaced: bool = False
    """Blank lines stand between the cells of a table with one cell to a line."""

    @property
    def names(self) -> tuple[str, ...]:
        """The headings."""
        return tuple(cell.text for cell in self.cells)


def is_rule(text: str) -> bool:
    """Whether a line is only drawn (dashes, equal signs, plus signs)."""
    return bool(text.strip()) and _RULE.fullmatch(text) is not None


def find_header(lines: Sequence[TextLine], index: int) -> Header | None:
    """The table header that starts at ``lines[index]``; None when no table starts there."""
    text = lines[index][1]
    if len(text) > 600:
        return None
    ruled = _ruled(lines, index)
    if ruled is not None:
        return ruled
    for style in ("|", "\t", ";", '"', "/", "  "):
        cells = split_cells(text, style)
        if len(cells) >= 2 and header_score([cell.text for cell in cells]) >= 2:
            known = sum(1 for cell in cells if heading_of(cell.text) is not None)
            if known * 2 >= len(cells):
                return Header(style, tuple(cells), 1)
    words = _header_words(text)
    if words is not None:
        return Header(" ", words, 1)
    return _vertical(lines, index)


_BULLET: Final = re.compile(r"^[-–*•·]\s+")
"""What a row of a list begins with; it is of no cell."""


def split_cells(text: str, style: str) -> list[Cell]:
    """Divides a row in the style of its table; empty cells stay in piped, tabbed, quoted and semicolon rows."""
    if style == '"':
        return _quoted(text)
    if style == "/":
        pieces = re.split(r"\s/\s", _BULLET.sub("", text.strip()))
        return [Cell(piece.strip(), at, at + 1) for at, piece in enumerate(pieces)] if len(pieces) > _FEWEST else []
    if style in {"|", "\t", ";"}:
        if style not in text:
            return []
        bare = text.strip()
        offset = len(text) - len(text.lstrip()) if style != "\t" else 0
        bare = bare if style != "\t" else text
        if style == "|":
            if bare.startswith("|"):
                bare, offset = bare[1:], offset + 1
            bare = bare.removesuffix("|")
        cells, at = [], offset
        for piece in bare.split(style):
            cells.append(Cell(piece.strip().strip("*").strip(), at, at + len(piece)))
            at += len(piece) + 1
        return cells
    cells = []
    at = 0
    for gap in [*_WIDE.finditer(text), None]:
        end = gap.start() if gap else len(text)
        piece = text[at:end]
        if piece.strip():
            cells.append(Cell(piece.strip().strip("*").strip(), at + len(piece) - len(piece.lstrip()), end))
        if gap:
            at = gap.end()
    return cells


def _quoted(text: str) -> list[Cell]:
    """The cells of a row of a file with commas and quotation marks that was pasted into the text."""
    if not text.lstrip().startswith('"') or '","' not in text:
        return []
    try:
        cells = next(csv.reader([text.strip()], strict=True), [])
    except csv.Error:
        return []
    return [Cell(cell.strip(), at, at + 1) for at, cell in enumerate(cells)]


def _ruled(lines: Sequence[TextLine], index: int) -> Header | None:
    """A header over a line of dashes, a group of them under each heading: the groups say where columns begin."""
    below = lines[index + 1][1] if index + 1 < len(lines) else ""
    if _RULER.fullmatch(below) is None:
        return None
    spans = [(group.start(), group.end()) for group in _DASHES.finditer(below)]
    cells = slice_row(lines[index][1], [start for start, _ in spans])
    if header_score([cell.text for cell in cells]) < _FEWEST:
        return None
    return Header("=", tuple(cells), 2)


def slice_row(text: str, starts: Sequence[int]) -> list[Cell]:
    """The cells of a row whose columns begin at ``starts``."""
    ends = [*starts[1:], max(len(text), starts[-1])]
    return [Cell(text[start:end].strip(), start, end) for start, end in zip(starts, ends, strict=True)]


def align(header: Header, row: Sequence[Cell]) -> list[str] | None:
    """The cells of a row of aligned text in the order of the header's columns; None when they do not fit."""
    count = len(header.cells)
    if len(row) == count:
        return [cell.text for cell in row]
    if len(row) > count:
        return None
    placed = [""] * count
    last = -1
    for cell in row:
        overlaps = [min(cell.end, column.end) - max(cell.start, column.start) for column in header.cells]
        best = max(range(count), key=lambda at: overlaps[at])
        if overlaps[best] <= 0 or best <= last:
            return None
        if sum(1 for overlap in overlaps if overlap > 0) > 1 and header.cells[best].text.lower() != "description":
            near = sorted(overlaps, reverse=True)
            if near[1] >= near[0]:
                return None
        placed[best] = cell.text
        last = best
    return placed


def spread(fields: Sequence[str | None], words: Sequence[str]) -> list[str] | None:
    """Gives words divided by single blanks to columns: one each, the description takes what is between."""
    wide = next((at for at, field in enumerate(fields) if field == "description"), None)
    if wide is None:
        return list(words) if len(words) == len(fields) else None
    after = len(fields) - wide - 1
    if len(words) < len(fields):
        return None
    middle = words[wide : len(words) - after]
    return [*words[:wide], " ".join(middle), *words[len(words) - after :]]


def _header_words(text: str) -> tuple[Cell, ...] | None:
    words = text.split()
    if not 3 <= len(words) <= 16:
        return None
    cells: list[Cell] = []
    at = 0
    while at < len(words):
        for size in (3, 2, 1):
            candidate = " ".join(words[at : at + size])
            if at + size <= len(words) and heading_of(candidate) is not None:
                cells.append(Cell(candidate, at, at + size))
                at += size
                break
        else:
            return None
    return tuple(cells) if len(cells) >= 3 and header_score([cell.text for cell in cells]) >= 3 else None


def spaced_from_start(lines: Sequence[TextLine], index: int) -> bool:
    """Whether the line after the first is blank: then every cell has a blank line after it."""
    return index + 1 < len(lines) and not lines[index + 1][1].strip()


def _vertical(lines: Sequence[TextLine], index: int) -> Header | None:
    cells: list[Cell] = []
    used = 0
    for _, text in lines[index : index + 24]:
        stripped = text.strip()
        if stripped and (len(stripped) > 40 or ":" in stripped or heading_of(stripped) is None):
            break
        used += 1
        if not stripped and cells and not spaced_from_start(lines, index):
            break
        if stripped:
            cells.append(Cell(stripped, 0, 0))
        elif not cells:
            return None
    if len(cells) >= 3 and header_score([cell.text for cell in cells]) >= 3:
        while used and not lines[index + used - 1][1].strip():
            used -= 1
        spaced = any(not text.strip() for _, text in lines[index : index + used])
        return Header("vertical", tuple(cells), used, spaced)
    return None
