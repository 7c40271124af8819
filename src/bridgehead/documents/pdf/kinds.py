"""Tells from its headings and its shape whether a PDF orders anything, and what it is when it does not."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bridgehead.documents.outcome import Kind, NotAnOrder
from bridgehead.documents.pdf.roles import role_of
from bridgehead.documents.pdf.titles import order_title, other_title
from bridgehead.documents.pdf.vocabulary import label
from bridgehead.documents.pdf.words import Row, Sheet
from bridgehead.documents.tables.heading_parts import fold

_REASONS: dict[Kind, str] = {
    "invoice": "an invoice",
    "delivery_note": "a delivery note",
    "goods_return": "a return of goods",
    "order_response": "the answer to an order",
    "quotation": "a quotation",
    "quotation_request": "a request for a quotation",
    "catalogue": "a price list or catalogue",
    "stock_report": "a stock report",
    "forecast": "a forecast",
    "complaint": "a complaint",
    "order_status": "a list of open orders",
    "payment": "about a payment",
    "master_data": "a data sheet or terms of business",
}
_TITLE_ROWS = 40


def kind_by_title(sheets: Sequence[Sheet]) -> NotAnOrder | None:
    """What the most prominent heading says the document is when that is no order.

    The largest heading that names a kind counts; among equals the first. None when it says order, or nothing.
    """
    best: tuple[float, int, Kind | None, str] | None = None
    rows = sheets[0].rows[:_TITLE_ROWS] if sheets else []
    for at, row in enumerate(rows):
        for piece in row.pieces:
            text = piece.text.strip()
            if len(text) > 90 or len(text.split()) > 9:
                continue
            if len(text.split()) > 4 and text.endswith((".", "!", ",", ":")):
                continue
            other = other_title(text)
            said = other is None and order_title(text)
            if other is None and not said:
                continue
            if (label(text) not in {None, "po_number", "po_or_part"} or role_of(text) is not None) and piece.size < 12:
                continue
            if other is not None and _only_mentions(text):
                continue
            weight = round(piece.size, 1) + (0.8 if piece.bold else 0) + (0.5 if text.isupper() else 0)
            if best is None or weight > best[0] + 0.3:
                best = (weight, at, other, text)
    if best is None or best[2] is None:
        return None
    kind = best[2]
    return NotAnOrder(kind, f"The heading {best[3][:60]!r} says that it is {_REASONS.get(kind, 'no order')}.")


def titled_order(sheets: Sequence[Sheet]) -> bool:
    """Whether a heading on the first pages says that it is an order."""
    return any(
        order_title(piece.text) and len(piece.text.split()) <= 9
        for sheet in sheets[:2]
        for row in sheet.rows[:_TITLE_ROWS]
        for piece in row.pieces
    )


def _only_mentions(text: str) -> bool:
    """``Quotation no.: 4711`` and ``Invoice to`` are fields of an order, not its title."""
    before, colon, after = text.partition(":")
    if colon and after.strip():
        return True
    name = label(before.strip())
    return name in {"framework", "bill_to", "ignore", "payment_terms"} and len(before.split()) > 1


def text_rows(sheets: Sequence[Sheet]) -> list[Row]:
    """All rows of all pages."""
    return [row for sheet in sheets for row in sheet.rows]


def numbered_kind(sheets: Sequence[Sheet]) -> NotAnOrder | None:
    """What a document without a title is by a number it bears: ``Invoice no.: 4711``."""
    for row in sheets[0].rows[:_TITLE_ROWS] if sheets else []:
        for piece in row.pieces:
            before, colon, _ = piece.text.partition(":")
            words = before.split()
            if not 1 < len(words) <= 4 or not (colon or any(one.isdigit() for one in piece.text)):
                continue
            kind = other_title(before)
            numbered = re.search(r"\b(?:no|nr|number|nummer|n[°º]|num|id)\b|#", fold(before)) is not None
            if kind in {"invoice", "delivery_note", "goods_return", "order_response", "quotation"} and numbered:
                if kind == "quotation" or label(before) == "framework":
                    continue
                return NotAnOrder(kind, f"{before.strip()[:40]!r} says that it is {_REASONS[kind]}.")
    return None
