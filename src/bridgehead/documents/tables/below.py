"""Reads a row that goes on with the item above it: its description, a day under its own word, another number."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from bridgehead.documents.doubt import doubt_in
from bridgehead.documents.draft import Draft, DraftLine
from bridgehead.documents.order import Source
from bridgehead.documents.tables.cells import Ways
from bridgehead.documents.tables.headings import heading_of
from bridgehead.documents.tables.item_codes import MOST_LIKELY, code_rank
from bridgehead.documents.tables.table import Columns, put_line_day
from bridgehead.documents.vigilance import addresses_machine, deviation_in, instruction_in

_OF_ITEMS: Final = frozenset({"requested_date", "customer_part", "supplier_part", "gtin"})
_LONGEST: Final = 120


def take_below(
    draft: Draft, columns: Columns, cells: Sequence[str], ways: Ways, source_of: Callable[[int], Source]
) -> frozenset[str]:
    """Takes a row right below the last item of an order; returns the fields it gave, none when it is no such row.

    It leaves the first column of the table empty, and holds nothing but words and fields of an item with their names.
    """
    line = draft.lines[-1]
    first = next((index for index, name in enumerate(columns.names) if name.strip()), 0)
    numbered = {columns.index(name) for name in ("customer_part", "supplier_part", "gtin")}
    filled = [(index, cell.strip()) for index, cell in enumerate(cells) if cell.strip()]
    if not filled or filled[0][0] <= first or first == columns.index("quantity"):
        return frozenset()
    fields: dict[str, int] = {}
    words: list[int] = []
    at = 0
    while at < len(filled):
        index, text = filled[at]
        heading = heading_of(text.rstrip(": "))
        if heading is not None and heading.field in _OF_ITEMS and at + 1 < len(filled):
            if heading.field in fields or getattr(line, heading.field) is not None:
                return frozenset()
            fields[heading.field] = filled[at + 1][0]
            at += 2
        elif (
            heading is None
            and _describes(text)
            and not (index in numbered and " " not in text and code_rank(text) >= MOST_LIKELY)
        ):
            words.append(index)
            at += 1
        else:
            return frozenset()
    if len(words) > 1 or (words and line.description is not None):
        return frozenset()
    for name, index in fields.items():
        if name == "requested_date":
            put_line_day(line, cells[index].strip(), ways, source_of(index), draft)
        else:
            _put(line, name, cells[index].strip(), source_of(index))
    for index in words:
        _put(line, "description", cells[index].strip(), source_of(index))
    return frozenset([*fields, *(["description"] if words else [])])


def _put(line: DraftLine, name: str, value: str, source: Source) -> None:
    setattr(line, name, value)
    line.mark(name, source)


def _describes(text: str) -> bool:
    """Whether a text may name an item: it speaks to nobody, and against nothing."""
    if len(text) > _LONGEST or sum(map(str.isalpha, text)) <= 1 or text.endswith((":", "!", "?")):
        return False
    return not (instruction_in(text) or addresses_machine(text) or deviation_in(text) or doubt_in(text))
