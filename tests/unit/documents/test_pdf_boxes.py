"""Fields in boxes: small words above a value that stands below them, also right above a table."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import pytest

from tests.unit.documents.pdf_pages import COLUMNS, HEAD, ROWS, Col, Pages, order, table

SMALL: list[Col] = [
    Col("No.", 61),
    Col("Mfr. Part", 145),
    Col("Quantity", 350, "r"),
    Col("U/M", 358),
    Col("Price", 543, "r"),
]


def boxed(values: Sequence[str]) -> bytes:
    pages = Pages()
    pages.lines(60, 60, HEAD[:3], 10, 14)
    pages.text(60, 120, "PURCHASE ORDER", 14, bold=True)
    for x, name, value in zip((60, 223, 387), ("Order No.", "Delivery Date", "Date"), values, strict=True):
        pages.text(x, 150, name, 6)
        pages.text(x + 2, 163, value, 10)
    table(pages, 178, SMALL, [["10", "TB-720-8M", "18", "pieces", "50.83"]], size=7)
    return pages.done()


@pytest.mark.parametrize("values", [("P5121-01", "30-Nov-26", "28-Oct-26"), ("26-5121", "11/30/2026", "10/28/2026")])
def test_boxes_above_a_table_are_none_of_its_headings(values: Sequence[str]) -> None:
    """Number and days that stand under their own words right above the table are read, and its columns are its own."""
    found = order(boxed(values))
    assert (found.po_number, str(found.requested_date), str(found.order_date)) == (
        values[0],
        "2026-11-30",
        "2026-10-28",
    )
    assert [(line.supplier_part, line.quantity, line.price) for line in found.lines] == [
        ("TB-720-8M", Decimal(18), Decimal("50.83"))
    ]


@pytest.mark.parametrize(
    "words, figure", [("Total net", "$1,070.50"), ("Order value", "1,070.50"), ("Bestellwert netto", "1.070,50 €")]
)
def test_a_total_below_its_words_is_read(words: str, figure: str) -> None:
    """A box with small words at its left and the sum below them, at its right, states the total."""
    pages = Pages()
    pages.lines(60, 60, HEAD, 10, 14)
    european = figure.endswith("€")
    rows = [
        [one.replace("$", "").replace(".", ",") if european else one for one in row if isinstance(one, str)]
        for row in ROWS
    ]
    y = table(pages, 150, COLUMNS, rows)
    pages.text(420, y + 16, words, 6)
    pages.text(540, y + 28, figure, 10, align="r")
    assert order(pages.done()).stated_total == Decimal("1070.50")


def test_a_total_below_its_words_is_compared() -> None:
    """A total in a box that the lines do not add up to is told."""
    pages = Pages()
    pages.lines(60, 60, HEAD, 10, 14)
    y = table(pages, 150, COLUMNS, ROWS)
    pages.text(420, y + 16, "Total", 6)
    pages.text(540, y + 28, "$1,170.50", 10, align="r")
    assert any(one.startswith("totals") for one in order(pages.done()).warnings)
