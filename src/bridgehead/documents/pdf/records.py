"""Reads items whose fields stand one below another under a number of their own: ``Position 10``, ``Art. No.: ...``."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from bridgehead.documents.draft import Draft, DraftLine
from bridgehead.documents.order import Source
from bridgehead.documents.outcome import Refusal
from bridgehead.documents.pdf.further import labelled_line
from bridgehead.documents.pdf.items import looks_like_quantity
from bridgehead.documents.pdf.vocabulary import heading
from bridgehead.documents.pdf.words import Piece, Row
from bridgehead.documents.tables.cells import Ways, read_price, read_quantity
from bridgehead.documents.tables.headings import Heading
from bridgehead.documents.tables.table import Columns, line_from_cells

_OPENS: Final = re.compile(
    r"(?:lig\.?|pos(?:ition|ici[oó]n|izione|itie|ten|\.)?|item|line|zeile|ligne|poste|l[ií]nea|riga|regel|rad|poz(?:ycja|\.)?|lp\.?|n\.?[ºo°]?\.?|nr\.?|no\.?|#|art(?:ikel|icle|icolo|[ií]culo)?\.?)\s{0,2}(?:n[or°º]\.?\s?)?(\d{1,5})\s*[.:)]?",
    re.IGNORECASE,
)
_LABEL: Final = re.compile(r"([^:\d]{1,40}?)\s*:\s*(\S.*)")
_HELD: Final = frozenset({"quantity", "unit", "price", "amount", "description", "price_basis"})


@dataclass(slots=True)
class Record:
    """One item: its number, and the pieces that belong to it."""

    number: int
    row: Row
    pieces: list[Piece] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)


@dataclass(slots=True)
class Records:
    """The items of one order, numbered upwards."""

    items: list[Record]

    @property
    def first_line(self) -> int:
        """The line of its first item."""
        return self.items[0].row.line

    @property
    def last_line(self) -> int:
        """The last line of its last item."""
        return self.items[-1].rows[-1].line


def find_records(rows: Sequence[Row]) -> list[Records]:
    """Items that open with a number alone on its piece and have labelled fields below, by order.

    A number that is not above the one before opens another order. Empty unless each item has a quantity.
    """
    records: list[Record] = []
    found: list[Records] = []
    for row in rows:
        first = row.pieces[0]
        opening = _OPENS.fullmatch(first.text.strip())
        if opening is not None:
            if records and int(opening[1]) <= records[-1].number:
                found.append(Records(records))
                records = []
            records.append(Record(int(opening[1]), row, list(row.pieces[1:]), [row]))
            continue
        if not records:
            continue
        record = records[-1]
        last = record.rows[-1]
        apart = row.page == last.page and row.top - last.bottom > 1.4 * max(row.size, last.size)
        loose = apart or not _LABEL.fullmatch(first.text.strip())
        if loose and _field(first) is None and not _continues(first, record):
            continue
        record.pieces += row.pieces
        record.rows.append(row)
    if records:
        found.append(Records(records))
    whole = all(any(_field(piece) == "quantity" for piece in one.pieces) for group in found for one in group.items)
    return found if whole else []


def _field(piece: Piece) -> str | None:
    found = _LABEL.fullmatch(piece.text.strip())
    one = heading(found[1]) if found is not None else None
    return None if one is None else one.field


def _continues(piece: Piece, record: Record) -> bool:
    """Whether a piece without a label ends the one above it: at the same edge and close below."""
    last = record.rows[-1].pieces[0]
    return (
        record.row is not record.rows[-1] and abs(last.x0 - piece.x0) < 3 and piece.top - last.bottom < 0.6 * piece.size
    )


def read_records(records: Sequence[Record], ways: Ways, draft: Draft, part: str) -> list[DraftLine]:
    """The lines of such items; what in them could not be read becomes a warning of ``draft``."""
    lines: list[DraftLine] = []
    for record in records:
        line = _line(record, ways, draft, part)
        if line is not None:
            lines.append(line)
    return lines


def _line(record: Record, ways: Ways, draft: Draft, part: str) -> DraftLine | None:
    headings: list[Heading | None] = []
    cells: list[str] = []
    sources: list[Source] = []
    others: list[tuple[str, Source]] = []
    described: list[str] = []
    for piece in record.pieces:
        source = Source(part, piece.line, piece.text[:200], page=piece.page, how="label")
        found = _LABEL.fullmatch(piece.text.strip())
        one = heading(found[1]) if found is not None else None
        if found is None or one is None:
            described.append(piece.text)
        elif one.field in _HELD and not any(known is not None and known.field == one.field for known in headings):
            headings.append(one)
            cells.append(found[2].strip())
            sources.append(source)
        else:
            others.append((piece.text, source))
    for at, known in enumerate(headings):
        bad = known is not None and known.field in {"price", "amount"} and read_price(cells[at], ways) is None
        if bad:
            draft.warn(
                "uncertain", f"{cells[at][:40]!r} cannot be read (page {sources[at].page}, line {sources[at].line})"
            )
            cells[at] = ""
        if (
            known is not None
            and known.field == "quantity"
            and read_quantity(cells[at], ways) is None
            and looks_like_quantity(cells[at])
        ):
            cells[at] = cells[at].split()[0]
    names = tuple(known.field if known is not None else "" for known in headings)
    columns = Columns(names, tuple(names), tuple(headings))
    try:
        line = line_from_cells(columns, cells, ways, lambda at: sources[at], draft)
    except Refusal as refusal:
        draft.warn("uncertain", refusal.outcome.reason)
        line = None
    if line is None:
        draft.warn(
            "ignored",
            f"an item was not read: {record.row.text[:80]!r} (page {record.row.page}, line {record.row.line})",
        )
        return None
    line.number = record.number
    line.mark("number", Source(part, record.row.line, record.row.text[:80], page=record.row.page, how="label"))
    for text, source in others:
        if not labelled_line(line, text, ways, draft, source):
            line.notes.append(text)
    if described:
        line.description = " ".join([*([line.description] if line.description else []), *described])[:500]
        line.sources.setdefault(
            "description", Source(part, record.row.line, line.description[:200], page=record.row.page, how="place")
        )
    return line
