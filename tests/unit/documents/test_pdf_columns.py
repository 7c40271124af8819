"""Columns of tables on pages: what headings of several words and wrapped cells make of each."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from bridgehead.documents.draft_line import DraftLine
from bridgehead.documents.order import Source
from bridgehead.documents.pdf.roles import role_of
from bridgehead.documents.pdf.vocabulary import heading
from bridgehead.documents.tables.headings import Heading
from bridgehead.documents.tables.item import Item
from bridgehead.documents.tables.item_codes import take_codes
from tests.unit.documents.pdf_pages import Cell, Col, order, plain

D = Decimal
ENGLISH = ["Purchase Order No. 2026/77810 of 5 November 2026"]
GERMAN = ["Bestellung Nr. 2026/77810 vom 05.11.2026"]


@pytest.mark.parametrize("text", ["Rate USD", "Rate (USD)", "USD Rate", "Rate/USD"])
def test_a_currency_beside_a_heading_is_its_currency(text: str) -> None:
    """A word for a price that only pages print heads prices with a currency beside it too."""
    assert heading(text) == Heading("price", currency="USD")


def test_a_currency_makes_no_price_of_another_heading() -> None:
    """A rate of tax and a name of a place are no prices, whatever stands beside them."""
    assert "price" not in {getattr(heading(one), "field", None) for one in ("VAT rate USD", "Via EUR", "Weight USD")}


def test_prices_under_a_rate_in_a_currency_are_read() -> None:
    """The column ``Rate USD`` holds prices, and their currency is that of the order."""
    columns = [
        Col("Line", 50),
        Col("Your Item No.", 90),
        Col("Item Description", 180),
        Col("Qty Ordered", 380, "r"),
        Col("U/M", 390),
        Col("Rate USD", 540, "r"),
    ]
    cells: list[list[Cell]] = [
        ["1", "CP24-16", "Jaw coupling 24 / bore 16", "30", "ea", "53.40"],
        ["2", "6205-2RS", "Ball bearing", "5", "ea", "14.41"],
    ]
    one = order(plain(columns, cells, head=ENGLISH, foot=[]))
    assert [(line.supplier_part, line.price) for line in one.lines] == [
        ("CP24-16", D("53.40")),
        ("6205-2RS", D("14.41")),
    ]
    assert one.currency == "USD"


def test_headings_of_a_price_and_a_day_are_two() -> None:
    """``Nettoprijs Lev.datum``, a space apart, heads two columns: no heading of a day names a price."""
    columns = [
        Col("Regel", 50),
        Col("Uw artikelnr.", 100),
        Col("Aantal", 260, "r"),
        Col("Eenheid", 270),
        Col("Nettoprijs", 440, "r"),
        Col("Lev.datum", 443),
    ]
    cells: list[list[Cell]] = [
        ["10", "TB-720-5M", "3", "stk", "44,94", "23-11-2026"],
        ["20", "PC-20-080", "14", "stk", "113,24", "16-11-2026"],
    ]
    one = order(plain(columns, cells, head=["Bestelbon nr. B26/03726 van 29-10-2026"], foot=[]))
    assert [(line.price, line.requested_date) for line in one.lines] == [
        (D("44.94"), date(2026, 11, 23)),
        (D("113.24"), date(2026, 11, 16)),
    ]


def test_a_heading_that_ends_in_a_word_for_number_below_is_one() -> None:
    """``Your Item`` over ``No.`` heads numbers alone; the words in the next row are the description."""
    columns = [
        Col("Line", 50),
        Col(["Your Item", "No."], 100),
        Col("Qty", 300, "r"),
        Col("UoM", 310),
        Col("Rate", 440, "r"),
    ]
    cells: list[list[Cell]] = [
        ["10", ["SM.30.70", "Shock mount 30x30 M8 70 Sh"], "70", "pr", "4.51"],
        ["20", ["CP14-16", "Jaw coupling 14 / bore 16"], "45", "pcs", "31.68"],
    ]
    one = order(plain(columns, cells, head=ENGLISH, foot=[]))
    assert [(line.supplier_part, line.customer_part, line.description) for line in one.lines] == [
        ("SM.30.70", None, "Shock mount 30x30 M8 70 Sh"),
        ("CP14-16", None, "Jaw coupling 14 / bore 16"),
    ]


def test_a_number_in_groups_above_the_words_is_the_part_number() -> None:
    """``611 109 62`` alone in the first row of an article is its number, not the beginning of its description."""
    columns = [Col("N°", 50), Col("Article", 90), Col("Qté", 400, "r"), Col("UM", 410), Col("Prix HT", 530, "r")]
    cells: list[list[Cell]] = [
        ["1", ["611 109 62", "Vis hexagonale M12x20"], "750", "pce", "0,6469"],
        ["2", ["611 190 71", "Vis hexagonale M16x40"], "100", "pce", "1,46"],
    ]
    one = order(plain(columns, cells, head=["Bon de commande n° PO0003809 du 30.10.2026"], foot=[]))
    assert [(line.supplier_part, line.description) for line in one.lines] == [
        ("611 109 62", "Vis hexagonale M12x20"),
        ("611 190 71", "Vis hexagonale M16x40"),
    ]


def test_the_last_word_of_a_wrapped_description_is_no_part_number() -> None:
    """``2RS`` in a row of its own belongs to the words that left it no room; with room left it is a number."""
    columns = [Col("Nr.", 50), Col("Ihre Artikelnr.", 80), Col("Anzahl", 200), Col("Preis", 330, "r")]
    words = "Rillenkugellager Bauform 6206"
    tight: list[list[Cell]] = [["1", ["6206-2RS", words, "2RS"], "4 Stk", "27,81"]]
    roomy: list[list[Cell]] = [["1", ["6206-2RS", "Lager 6206", "K-2001"], "4 Stk", "27,81"]]
    first, second = (order(plain(columns, cells, head=GERMAN, foot=[])).lines[0] for cells in (tight, roomy))
    assert (first.supplier_part, first.customer_part, first.description) == ("6206-2RS", None, f"{words} 2RS")
    assert second.customer_part == "K-2001"


def test_words_in_a_column_of_numbers_describe_an_item_without_one() -> None:
    """``Hex nut M6 A2`` where others have a number is the description; the item is read with no number."""
    columns = [Col("Line", 50), Col("Your Item No.", 90), Col("Qty", 300, "r"), Col("UoM", 310), Col("Rate", 440, "r")]
    cells: list[list[Cell]] = [
        ["10", ["CG-M40-MS", "Cable gland M40x1.5 MS"], "25", "pcs", "4.29"],
        ["20", "Hex nut M6 A2", "1600", "pcs", "0.107"],
    ]
    one = order(plain(columns, cells, head=ENGLISH, foot=[]))
    assert [(line.supplier_part, line.description) for line in one.lines] == [
        ("CG-M40-MS", "Cable gland M40x1.5 MS"),
        (None, "Hex nut M6 A2"),
    ]


def test_a_column_of_polish_days_is_read_by_its_cells() -> None:
    """Days that end in ``r.`` are days, under a heading that does not say so."""
    columns = [
        Col("Lp.", 50),
        Col("Indeks", 90),
        Col("Nazwa", 170),
        Col("Ilość", 330, "r"),
        Col("J.m.", 340),
        Col("Cena", 440, "r"),
        Col("Dostawa", 450),
    ]
    cells: list[list[Cell]] = [["1", "12010786", "Łozysko 6204", "2", "szt", "126,32", "15.12.2026 r."]]
    one = order(plain(columns, cells, head=["Zamówienie nr PO0007367 z dnia 30.10.2026"], foot=[]))
    assert one.lines[0].requested_date == date(2026, 12, 15)


def test_a_price_above_which_the_heading_of_a_day_begins_is_read() -> None:
    """``Net`` over ``Price``, and a space further ``Due Date``: the word below tells which words are its own."""
    columns = [
        Col("Pos.", 50),
        Col("Supplier Part No.", 86),
        Col(["Order", "Qty"], 380),
        Col(["Net", "Price"], 492, "r"),
        Col("Due Date", 495),
    ]
    cells: list[list[Cell]] = [
        ["10", "7100894", "12 sets", "28.55", "30/11/2026"],
        ["20", "7101264", "16 sets", "18.49", "14/12/2026"],
    ]
    one = order(plain(columns, cells, head=ENGLISH, foot=[]))
    assert [(line.price, line.requested_date) for line in one.lines] == [
        (D("28.55"), date(2026, 11, 30)),
        (D("18.49"), date(2026, 12, 14)),
    ]


def test_the_end_of_a_sentence_opens_no_address() -> None:
    """``delivery.`` in a row of its own ends a sentence; ``Delivery`` and ``Delivery:`` open a place."""
    assert role_of("delivery.") is None
    assert role_of("Delivery:") == ("ship_to", "")


def test_the_count_of_an_item_is_not_its_number() -> None:
    """``Item No 10`` in a list counts; a longer number behind the same words is the item's own."""
    item = Item(DraftLine())
    left = take_codes("Item No 10: RM005304", item, Source("body", 1, ""))
    assert (item.line.supplier_part, "RM005304" in left) == (None, True)


def test_a_column_of_items_that_counts_is_no_part_number() -> None:
    """``00010``, ``00020`` under ``Item`` count the lines, beside numbers and a description of their own."""
    columns = [
        Col("Item", 57),
        Col("Vendor Part #", 91),
        Col("Description", 207),
        Col("Qty Unit", 380),
        Col("Unit Price", 520, "r"),
    ]
    cells: list[list[Cell]] = [
        ["00010", "TB-450-5M", "Timing belt 450", "5 pcs", "33.84"],
        ["00020", "4004-HT2", "Grease cartridge", "72 pcs", "5.56"],
    ]
    one = order(plain(columns, cells, head=ENGLISH, foot=[]))
    assert [(line.customer_part, line.supplier_part) for line in one.lines] == [(None, "TB-450-5M"), (None, "4004-HT2")]


@pytest.mark.parametrize("word", ["Dostawa", "Levertijd", "Livraison", "Lieferung"])
def test_a_bare_word_for_delivery_heads_days(word: str) -> None:
    """A column or field that says nothing but delivery holds the day that is asked for."""
    assert heading(word) == Heading("requested_date")
