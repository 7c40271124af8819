"""Takes what a mail changes of an order sent before: sentences about single positions, tables of old and new values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from bridgehead.documents.draft import DraftLine
from bridgehead.documents.mail.changing import Changed, read_change
from bridgehead.documents.mail.prose import Prose
from bridgehead.documents.mail.sections import TextLine
from bridgehead.documents.mail.table import Cell, Header, align, is_rule, split_cells
from bridgehead.documents.order import Source
from bridgehead.documents.tables.headings import before_of, heading_of
from bridgehead.documents.tables.table import part_in_brackets, put_line_day, resolve_columns

_STYLES: Final = ("|", "\t", ";", "  ")
_FEWEST: Final = 2
_PARTS: Final = ("supplier_part", "customer_part", "gtin")
_NAMES: Final = frozenset({"part", "article", "supplier_part", "customer_part", "gtin", "position", "po_or_part"})


class Changes(Prose):
    """Changes of single positions, on top of what orders are made of; they are looked for where a mail says so."""

    changing = False
    """Whether the words of the mail say that it changes an order."""

    def _change(self, text: str, source: Source) -> bool:
        """Takes a sentence that changes one position, unless that position stands in the mail already."""
        found = read_change(text, self.ways, source) if self.changing else None
        if found is None or not self._fits_in(found):
            return False
        for doubt in found.doubts:
            kind, _, words = doubt.partition(": ")
            self.draft.warn(kind, f"{words} (line {source.line}: {source.text[:80]!r})")
        return True

    def _fits_in(self, found: Changed) -> bool:
        """Adds a line of what changes, or what is new of it to one that was changed before."""
        line = found.line
        known = next((one for one in self.draft.lines if _same(one, line)), None)
        if known is None:
            self._close_block()
            self._close_pending()
            self._add(line)
            self.changed.append(line)
            return True
        fresh = {name: origin for name, origin in line.sources.items() if name not in known.sources}
        if not any(known is one for one in self.changed) or not {"quantity", "requested_date"} & set(fresh):
            return False
        if any(name in known.sources for name in ("quantity", "requested_date") if name in line.sources):
            return False
        for name, origin in fresh.items():
            setattr(known, name, getattr(line, name))
            known.mark(name, origin)
        return True

    def _change_table(self, lines: Sequence[TextLine], at: int) -> int:
        """Reads a table that names positions and the days that shall be; returns the index after it, 0 for another.

        A table with quantities is read as any other: what headings call old is of no field of it.
        """
        header = _header(lines[at][1]) if self.changing else None
        if header is None:
            return 0
        taken = 0
        rows: list[tuple[int, str, list[str]]] = []
        for index in range(at + 1, len(lines)):
            number, text = lines[index]
            if is_rule(text):
                continue
            cells = _row(header, text)
            if cells is None:
                break
            rows.append((number, text, cells))
            taken = index + 1
        if not rows:
            return 0
        self._close_block()
        fields = list(resolve_columns(header.names, [cells for _, _, cells in rows]).fields)
        for index, name in enumerate(header.names):
            if before_of(name) is not None:
                fields[index] = None
            elif fields[index] == "order_date":
                fields[index] = "requested_date"
        for number, text, cells in rows:
            self._changed_row(fields, header, cells, number, text)
        return taken

    def _changed_row(
        self, fields: Sequence[str | None], header: Header, cells: list[str], number: int, text: str
    ) -> None:
        line = DraftLine()
        for field, heading, cell in zip(fields, header.names, cells, strict=True):
            source = self._source(number, cell, heading)
            if not cell or field is None:
                continue
            if field == "position" and cell.rstrip(".)").isdecimal():
                line.number = int(cell.rstrip(".)"))
                line.mark("number", source)
            elif field in _PARTS or field == "description":
                setattr(line, field, cell)
                line.mark(field, source)
                part_in_brackets(line, field, cell, source)
            elif field == "requested_date":
                put_line_day(line, cell, self.ways, source, self.draft)
        if (line.number is None and line.part is None) or not self._fits_in(Changed(line)):
            self.draft.warn("uncertain", f"line {number} of the table was not read: {text.strip()[:120]!r}")


def _header(text: str) -> Header | None:
    """The headings of a table of positions and new days, without quantities; None for anything else."""
    for style in _STYLES:
        cells = split_cells(text, style)
        if len(cells) < _FEWEST:
            continue
        old = [before_of(cell.text) for cell in cells]
        fields = [
            None if before is not None else None if (found := heading_of(cell.text)) is None else found.field
            for cell, before in zip(cells, old, strict=True)
        ]
        dated = "requested_date" in fields or ("order_date" in fields and "requested_date" in old)
        if "quantity" not in fields and dated and _NAMES & set(fields):
            return Header(style, tuple(cells), 1)
    return None


def _row(header: Header, text: str) -> list[str] | None:
    cells: list[Cell] = split_cells(text, header.style)
    if not text.strip() or len(cells) < _FEWEST:
        return None
    if header.style == "  ":
        return align(header, cells)
    return [cell.text for cell in cells] if len(cells) == len(header.cells) else None


def _same(one: DraftLine, other: DraftLine) -> bool:
    """Whether two lines are of one position: by its number where both have one, else by a part number."""
    if one.number is not None and other.number is not None:
        return one.number == other.number
    parts = {one.supplier_part, one.customer_part, one.gtin} - {None}
    return bool(parts & {other.supplier_part, other.customer_part, other.gtin})
