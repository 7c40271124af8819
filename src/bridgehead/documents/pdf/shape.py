"""Decides what each column of a table holds, by its headings and by what stands below them."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

from bridgehead.documents.dates import DayContext, find_days
from bridgehead.documents.pdf.grid import text_of
from bridgehead.documents.pdf.items import BodyRow, RawItem, Table
from bridgehead.documents.tables.cells import Ways, read_price, read_quantity
from bridgehead.documents.tables.headings import Heading
from bridgehead.documents.tables.item_codes import code_rank
from bridgehead.documents.tables.table import Columns, resolve_columns

_CANONICAL: Final = {
    "position": "Pos", "part": "Part no", "article": "Article", "customer_part": "Customer part no",
    "supplier_part": "Supplier part no", "gtin": "GTIN", "description": "Description", "quantity": "Quantity",
    "unit": "Unit", "price": "Unit price", "price_basis": "Price basis", "amount": "Line amount",
    "requested_date": "Delivery date", "discount": "Discount", "po_or_part": "Bestellnummer",
    "stated_total": "Line amount", "gross_total": "Line amount",
}  # fmt: skip


_CENT: Final = Decimal("0.01")


_SPACED_NUMBER: Final = re.compile(r"(?<=\d)\s+(?=[.,]\d)|(?<=\d[.,])\s+(?=\d)")


@dataclass(frozen=True, slots=True)
class Shape:
    """How the columns of a table are read: the cells of one row of it, and what each of them is."""

    columns: Columns
    spots: tuple[tuple[int, int, int], ...]
    """Of each cell: the level of its headings (0 or 1), the column, and the line within the cell (-1 is all)."""


def shape_of(table: Table) -> Shape:
    """Decides what each column holds, by headings and by what stands below them."""
    names: list[str] = []
    headings: list[Heading | None] = []
    spots: list[tuple[int, int, int]] = []
    for level, columns in enumerate((table.grid.columns, table.grid.second)):
        for index, column in enumerate(columns):
            stacked = any(one is not None for one in column.below)
            spots.append((level, index, 0 if stacked else -1))
            headings.append(column.heading)
            names.append(column.name)
            for line, below in enumerate(column.below, 1):
                spots.append((level, index, line))
                headings.append(below)
                names.append(f"{column.name} ({line + 1})")
    samples = [[cell_of(item, spot, one) for spot, one in zip(spots, headings, strict=True)] for item in table.items]
    _recast(headings, samples)
    canonical = [
        name if one is None else _CANONICAL.get(one.field, name) for name, one in zip(names, headings, strict=True)
    ]
    canonical = [
        one if heading_ is not None else f"column {i}"
        for i, (one, heading_) in enumerate(zip(canonical, headings, strict=True))
    ]
    resolved = resolve_columns(canonical, samples)
    return Shape(Columns(tuple(names), resolved.fields, tuple(headings)), tuple(spots))


def _recast(headings: list[Heading | None], samples: Sequence[Sequence[str]]) -> None:  # noqa: C901 - one branch for each heading that cells prove wrong
    """Headings that the cells below prove wrong: a position of letters is a part, a second price may be the list price."""
    for index, one in enumerate(headings):
        values = [row[index] for row in samples if row[index]]
        if one is not None and one.field == "position" and values:
            coded = sum(1 for value in values if not re.fullmatch(r"[\d.)/:-]{1,8}", value))
            if 2 * coded >= len(values):
                known = any(other is not None and other.field in {"part", "supplier_part"} for other in headings)
                headings[index] = Heading("customer_part" if known else "part")
        elif one is not None and one.field == "article" and not _has(headings, "position") and _counted(values):
            headings[index] = Heading("position")
        elif (
            one is not None
            and one.field == "article"
            and values
            and _has(headings, "description")
            and _has(headings, "supplier_part")
            and not _has(headings, "customer_part")
            and all(_GROUPED.fullmatch(value) or (" " not in value and code_rank(value) > 0) for value in values)
        ):
            headings[index] = Heading("customer_part")
        elif one is not None and one.field == "article" and values and all(" " in value for value in values):
            headings[index] = Heading("description" if not _has(headings, "description") else "article")
        elif (
            one is not None
            and one.field == "price_basis"
            and not _has(headings, "price")
            and any(re.search(r"[.,]\d", value) for value in values)
        ):
            headings[index] = replace(one, field="price")
        elif one is not None and one.field in {"stated_total", "gross_total"}:
            headings[index] = replace(one, field="amount")
        elif one is not None and one.field == "tax":
            headings[index] = None
    if not _has(headings, "requested_date"):
        for index, one in enumerate(headings):
            values = [row[index] for row in samples if row[index]]
            if one is None and values and all(_is_day(value) for value in values):
                headings[index] = Heading("requested_date")
                break
    for name in ("price", "amount", "quantity"):
        same = [index for index, one in enumerate(headings) if one is not None and one.field == name]
        if len(same) > 1:
            best = max(same, key=lambda at: _proofs(headings, samples, name, at))
            for index in same:
                if index != best and (name != "quantity" or _proofs(headings, samples, name, best)):
                    headings[index] = None


_GROUPED: Final = re.compile(r"\d{2,4}(?: \d{2,4}){1,3}")
"""A part number that is written in groups of digits."""


def _counted(values: Sequence[str]) -> bool:
    """Whether cells count the items of a table, ``00010``, ``00020``: rising multiples of 1, 10 or 100."""
    if not values or not all(re.fullmatch(r"\d{1,6}", value) for value in values):
        return False
    numbers = [int(value) for value in values]
    rising = all(one < other for one, other in itertools.pairwise(numbers))
    return rising and numbers[0] in {1, 10, 100} and all(one % numbers[0] == 0 for one in numbers)


def _is_day(text: str) -> bool:
    days = list(find_days(text, DayContext(None, None)))
    return len(days) == 1 and days[0].start == 0 and text[days[0].end :].strip(" .").lower() in _YEAR_WORDS


_YEAR_WORDS: Final = frozenset({"", "r", "roku"})
"""What may follow a day: ``15.12.2026 r.``."""


def _has(headings: Sequence[Heading | None], field: str) -> bool:
    return any(one is not None and one.field == field for one in headings)


def _proofs(headings: Sequence[Heading | None], samples: Sequence[Sequence[str]], name: str, at: int) -> int:
    """How many rows multiply when the column stands for its field."""
    places = {
        field: at
        if field == name
        else next((i for i, one in enumerate(headings) if one is not None and one.field == field), None)
        for field in ("quantity", "price", "amount")
    }
    if None in places.values():
        return 0
    count = 0
    for row in samples:
        for sign in (".", ","):
            ways = Ways(sign, DayContext(None, None), None)
            quantity = read_quantity(row[places["quantity"] or 0], ways)
            price, amount = read_price(row[places["price"] or 0], ways), read_price(row[places["amount"] or 0], ways)
            if (
                quantity
                and price
                and amount
                and abs(quantity.value * price.value / price.basis - amount.value) <= _CENT
            ):
                count += 1
                break
    return count


def words_at(body: BodyRow, level: int, column: int) -> str:
    """The text of a cell of one row."""
    cells = body.second if level else body.cells
    return text_of(cells[column]) if column in cells else ""


def cell_of(item: RawItem, spot: tuple[int, int, int], one: Heading | None) -> str:
    """The text of one cell of an item, without what only continues it."""
    level, column, line = spot
    if level == 1:
        return words_at(item.main, 1, column)
    source = item.start if item.main.grid.second else item.main
    field = None if one is None else one.field
    if line >= 0:
        texts = [text for body in item.rows if (text := words_at(body, 0, column))]
        return texts[line] if line < len(texts) else ""
    text = words_at(source, 0, column)
    if not text and field in {"part", "supplier_part", "customer_part"}:
        others = (words_at(body, 0, column) for body in item.rows)
        return next((other for other in others if other and " " not in other and code_rank(other) > 0), "")
    if not text and field in {
        "position",
        "quantity",
        "unit",
        "price",
        "amount",
        "requested_date",
        "part",
        "supplier_part",
        "customer_part",
        "gtin",
        "price_basis",
        "discount",
    }:
        text = next((other for body in item.rows if (other := words_at(body, 0, column))), "")
    return _SPACED_NUMBER.sub("", text) if field in {"quantity", "price", "amount"} else text
