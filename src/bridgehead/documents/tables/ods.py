"""Looks into the content of an OpenDocument spreadsheet (OASIS OpenDocument 1.3, part 3, 9)."""

from __future__ import annotations

from typing import Any, Final

from lxml import etree

from bridgehead.documents.outcome import Refusal
from bridgehead.documents.tables.look import MOST_TEXT, Look
from bridgehead.documents.tables.ooxml import events

_TABLE: Final = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
_OFFICE: Final = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
_HIDDEN: Final = frozenset({"collapse", "filter"})
_WIDEST: Final = 16_384


def look_at_ods(content: bytes, part: str) -> list[Look]:
    """What each table holds, in order. Raises Refusal ``workbook.too_large``, ``workbook.broken``."""
    looks: list[Look] = []
    look = Look()
    row = column = text = 0
    for element in events(content, ("table", "table-row", "table-column"), part):
        kind = etree.QName(element).localname
        if kind == "table":
            looks.append(look)
            look, row, column = Look(), 0, 0
            continue
        hidden = element.get(f"{_TABLE}visibility") in _HIDDEN
        if kind == "table-column":
            wide = _repeated(element, "columns")
            if hidden:
                look.hidden_columns.update(range(column, min(column + wide, 500)))
            column += wide
            continue
        high = _repeated(element, "rows")
        if hidden:
            look.hidden_rows.update(range(row, row + min(high, 20_000)))
        text += _row(element, look, row, high)
        if text > MOST_TEXT:
            raise Refusal("workbook.too_large", "Its cells hold more text than an order has.", part)
        look.check(part)
        row += high
    return looks


def _row(element: Any, look: Look, row: int, high: int) -> int:  # noqa: ANN401 - lxml ships no element type
    at = text = 0
    for cell in element:
        wide = min(_repeated(cell, "columns"), _WIDEST)
        typed = cell.get(f"{_OFFICE}value-type") is not None
        words = sum(map(len, cell.itertext()))
        if typed or words:
            look.reach(row + high - 1, at + wide - 1)
            text += words * wide * high
        elif cell.get(f"{_TABLE}formula") is not None:
            look.uncomputed.add((row, at))
        at += wide
    return text


def _repeated(element: Any, what: str) -> int:  # noqa: ANN401 - lxml ships no element type
    value = element.get(f"{_TABLE}number-{what}-repeated", "1")
    return max(1, int(value)) if value.isdigit() and len(value) < 8 else 1
