"""Tells what a PDF says that orders nothing: its heading, number, day, the order it is about, its lines, in sentences.

Nothing is decided by it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from bridgehead.documents.dates import DayContext
from bridgehead.documents.masking import unquoted
from bridgehead.documents.order import Line, Order
from bridgehead.documents.outcome import Hints, Orders, Refusal
from bridgehead.documents.pdf.fields import Field, find_fields, is_generic
from bridgehead.documents.pdf.kinds import text_rows
from bridgehead.documents.pdf.layout import read_pages
from bridgehead.documents.pdf.opening import open_pdf
from bridgehead.documents.pdf.pages import sheets_of
from bridgehead.documents.pdf.titles import order_title, other_title
from bridgehead.documents.pdf.words import Sheet
from bridgehead.documents.tables.cells import Ways

_NONE: Final = "?"
"""Stands for the number of an order that the document does not name."""
_MOST: Final = 20
_LONGEST: Final = 160
_TITLE_ROWS: Final = 40
_HEADING: Final = 90


def pdf_says(document: bytes) -> list[str]:
    """Returns what a PDF says, in sentences; none of one that is refused, and raises nothing.

    All of it is a stranger's text, cut to short sentences; whoever shows it makes it harmless for their screen.
    """
    try:
        opened = open_pdf(document, "document")
        sheets = sheets_of(opened, "document")
        heading = _heading(sheets)
        fields = find_fields(text_rows(sheets), Ways(None, DayContext(None, None), None))
    except Refusal:
        return []
    try:
        found = read_pages(sheets, opened, "document", Hints(po_number=_NONE), whatever=True)
    except Refusal:
        found = None
    order = found.orders[0] if isinstance(found, Orders) else None
    return [_short(one, 20 * _LONGEST) for one in _told(heading, fields, order)]


def _told(heading: str, fields: Sequence[Field], order: Order | None) -> Iterator[str]:
    if heading:
        yield f"It is headed {_quoted(heading)}."
    number = next((one.value for one in fields if one.name == "number" or is_generic(one.label)), "")
    about = [one.value for one in fields if one.name in {"po_number", "po_or_part"} and one.value != number]
    if order is not None and order.po_number not in {_NONE, number, *about}:
        about.append(order.po_number)
    dated = f", dated {order.order_date}" if order is not None and order.order_date is not None else ""
    if number:
        yield f"Its own number is {_quoted(number)}{dated}."
    elif dated:
        yield f"It is{dated.removeprefix(',')}."
    if about:
        yield f"It is about purchase order {', '.join(map(_quoted, dict.fromkeys(about)))}."
    elif number:
        yield "It names no purchase order."
    if order is None:
        return
    if order.buyer.name:
        yield f"It comes from {_quoted(order.buyer.name)}."
    lines = [_line(one) for one in order.lines[:_MOST]]
    more = len(order.lines) - len(lines)
    if lines:
        yield f"Lines: {'; '.join(lines)}{f'; and {more} more' if more else ''}."
    said = [_quoted(note) for note in order.notes[:_MOST] if note != heading]
    if said:
        yield f"It also says: {'; '.join(said)}"


def _heading(sheets: Sequence[Sheet]) -> str:
    """The largest words of the first page that name a document."""
    pieces = [piece for row in (sheets[0].rows[:_TITLE_ROWS] if sheets else ()) for piece in row.pieces]
    named = [one for one in pieces if len(one.text) <= _HEADING and (other_title(one.text) or order_title(one.text))]
    return max(named, key=lambda one: one.size).text if named else ""


def _line(line: Line) -> str:
    part = next((one for one in (line.supplier_part, line.customer_part, line.gtin) if one), "")
    named = " ".join(
        one
        for one in (
            part and _quoted(part),
            f"({_quoted(line.description)})" if line.description and part else _quoted(line.description or ""),
        )
        if one
    )
    asked = " ".join(one for one in (f"{line.quantity:f}", line.unit) if one)
    day = f", for {line.requested_date}" if line.requested_date is not None else ""
    return _short(f"{line.number}: {asked} of {named or 'something that it does not name'}{day}")


def _quoted(text: str) -> str:
    """Returns a stranger's words in quotes that they cannot end; one word, such as a number, needs none."""
    words = text.split()
    if len(words) < 2:  # one word
        return _short(text)
    return f"“{_short(unquoted(text))}”"


def _short(text: str, most: int = _LONGEST) -> str:
    plain = " ".join(text.split())
    return plain if len(plain) <= most else f"{plain[: most - 1]}…"
