"""What stands where a reader looks away: behind a number, below an address, in a day that no field takes."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from bridgehead.documents.dates import DayContext, read_day
from bridgehead.documents.mail.html import html_to_text
from bridgehead.documents.order import Order
from bridgehead.documents.outcome import Orders
from bridgehead.documents.pdf.vocabulary import sum_kind
from bridgehead.documents.reading import read
from tests.unit.documents.pdf_pages import Cell, Col, Pages, order, orders, plain, table

D = Decimal
FRENCH = ["Commande n° 2026/77810 du 05/11/2026"]
ITEMS = [Col("Pos.", 50), Col("Réf. fournisseur", 100), Col("Qté", 300, "r"), Col("P.U. HT", 400, "r")]


def _mail(body: str, subject: str = "Order") -> Order:
    head = (
        "From: Buyer <buyer@harbour.example.com>\nTo: orders@seller.example.com\n"
        f"Date: Mon, 02 Nov 2026 09:00:00 +0100\nSubject: {subject}\nMIME-Version: 1.0\n"
        "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n"
    )
    outcome = read((head + body).encode(), "order.eml")
    assert isinstance(outcome, Orders)
    (one,) = outcome.orders
    return one


def test_a_day_in_six_digits_behind_its_label_is_read() -> None:
    """Two fields in a line, two blanks apart, are two; the second may hold a day without separators."""
    one = _mail("Hej,\n\nBeställning nr: B26/0881  Önskad leverans: 261207\n\n10 st KV-2210 à 12,50 SEK\n")
    assert (one.po_number, one.requested_date) == ("B26/0881", date(2026, 12, 7))


def test_digits_behind_another_word_of_delivery_are_no_day() -> None:
    """A number of a delivery note is no day that goods are asked for."""
    one = _mail("Hallo,\n\nBestellnummer: 4711-A\nLieferschein: 261207\n\n10 Stk KV-2210 zu 12,50 EUR\n")
    assert one.requested_date is None


@pytest.mark.parametrize("digits, day", [("261127", date(2026, 11, 27)), ("021226", date(2026, 12, 2))])
def test_of_two_days_in_six_digits_the_near_one_is_meant(digits: str, day: date) -> None:
    """A day next month wins over one in a year; digits that are two near days stay a doubt."""
    context = DayContext("dmy", date(2026, 11, 2))
    found = read_day(digits, context)
    assert found is not None
    assert found.day == day
    doubtful = read_day("261126", DayContext("dmy", date(2026, 11, 20)))
    assert doubtful is not None
    assert doubtful.day == date(2026, 11, 26)


def test_what_stands_behind_an_order_number_is_not_passed_over() -> None:
    """A word that voids the order behind its number is a contradiction, not a tail of the number."""
    one = _mail("Hello,\n\nPO no.: 4711-A - cancelled, do not deliver\n\n10 pcs KV-2210 at 12.50 EUR\n")
    assert any(warning.startswith("contradiction") for warning in one.warnings)


def test_a_sentence_may_begin_with_a_single_letter() -> None:
    """``... 9 novembre. À livrer chez`` is two sentences: a day and a place."""
    one = _mail(
        "Bonjour,\n\nMerci de nous envoyer 5 pce KV-2210 au prix de 1,39 EUR.\n\n"
        "Notre numéro de commande est le EK77/26. Livraison souhaitée : lundi 9 novembre. "
        "À livrer chez Atelier du Port SARL, 30 rue du Quai, 49000 Angers, France.\n"
    )
    assert one.requested_date == date(2026, 11, 9)
    assert one.ship_to is not None
    assert (one.ship_to.street, one.ship_to.postal_code) == ("30 rue du Quai", "49000")


def test_an_internal_reference_is_the_customers_number() -> None:
    """``réf. interne`` beside our number is theirs."""
    one = _mail("Bonjour,\n\nCommande n°: 4711-A\n\n#10 200 paire KV-2210 (réf. interne RM004657)\n     à 6,04 EUR\n")
    (line,) = one.lines
    assert (line.supplier_part, line.customer_part) == ("KV-2210", "RM004657")


def test_a_letter_within_grouped_digits_is_of_the_number() -> None:
    """``623 118E64`` is one part number, none of its halves is."""
    one = _mail("Hallo,\n\nBestellung 4711-A\n\n20 Stk. 623 118E64, Preis 63,03 EUR\n")
    assert one.lines[0].supplier_part == "623 118E64"


def test_a_label_that_repeats_the_order_number_opens_no_item() -> None:
    """The number of the order under a word that may name a part is the order's; the fields below are its own."""
    one = _mail(
        "Bestellung 26-6874\n\nBestellnummer\t26-6874\nWunschtermin\t24.11.2026\n\n"
        "Lieferanten-Artikelnr.: KV-2210\nMenge: 300 Stk\nEinzelpreis: 1,42\n"
    )
    assert (one.po_number, one.requested_date) == ("26-6874", date(2026, 11, 24))
    assert [line.supplier_part for line in one.lines] == ["KV-2210"]
    assert not one.warnings


def test_a_list_with_slashes_may_have_bullets_and_counts_its_lines() -> None:
    """``- 10 / 80 pairs / KV-2210`` under ``Item No`` is line 10, and 10 is no part number."""
    one = _mail(
        "Hi,\n\nPO no.: 4500007745\n\nItem No / Quantity / Supplier Item / Item Description / Price\n"
        "- 10 / 80 pairs / KV-2210 / Shock mount / GBP 5.44\n- 20 / 25 pieces / KV-2214 / Bearing / GBP 8.08\n"
    )
    assert [(line.number, line.supplier_part, line.customer_part) for line in one.lines] == [
        (10, "KV-2210", None),
        (20, "KV-2214", None),
    ]


def test_blanks_that_do_not_break_set_columns() -> None:
    """A browser shows every blank that does not break; other blanks are one."""
    text = html_to_text("<p>Pos&nbsp;&nbsp;Menge&nbsp;&nbsp;&nbsp;Art.<br>1\n  &nbsp;von  2</p>")
    assert text.lines[:2] == ["Pos  Menge   Art.", "1 von 2"]


@pytest.mark.parametrize("day", ["16/11/2026", "16 novembre 2026"])
def test_a_day_of_delivery_is_no_charge(day: str) -> None:
    """``Livraison`` before an amount is freight, before a day it is the day that is asked for."""
    assert sum_kind(f"Livraison : {day}") is None
    assert sum_kind("Livraison : 16,50") == "charge"


def test_days_below_the_items_are_theirs() -> None:
    """A row that says when the item above is wanted gives it its day."""
    rows: list[list[Cell]] = [
        ["10", ["KV-2210", "Livraison : 16/11/2026"], "3", "40,93"],
        ["20", ["KV-2214", "Livraison : 17/11/2026"], "5", "12,00"],
    ]
    one = order(plain(ITEMS, rows, head=FRENCH, foot=[]))
    assert [line.requested_date for line in one.lines] == [date(2026, 11, 16), date(2026, 11, 17)]


def test_a_day_that_no_field_holds_is_doubted() -> None:
    """A second wish in words below the table is told, for it may be the one that counts."""
    pages = Pages()
    pages.lines(60, 60, [*FRENCH, "Livraison demandée : 20/11/2026"], 10, 14)
    y = table(pages, 120, ITEMS, [["10", "KV-2210", "3", "40,93"]], rules="none")
    pages.text(60, y + 60, "Il nous faut le tout au plus tard le 12/11/2026, ne pas tenir compte du reste.")
    one = order(pages.done())
    assert one.requested_date == date(2026, 11, 20)
    assert any("a day that no field holds" in warning and "12/11/2026" in warning for warning in one.warnings)


def test_a_heading_over_a_price_and_a_day_is_parted() -> None:
    """``Unit Req.`` over ``Price`` and ``Date`` heads a price and a day."""
    columns = [
        Col("Item", 50),
        Col("Our Part No.", 90),
        Col("Qty", 330, "r"),
        Col(["Unit", "Price"], 400, "r"),
        Col(["Req.", "Date"], 407),
    ]
    rows: list[list[Cell]] = [
        ["10", "70.106.02", "20", "37.18", "11/13/2026"],
        ["20", "70.118.05", "30", "7.47", "11/16/2026"],
    ]
    head = ["Purchase Order No. PO-10233", "Issued: 10/29/2026", "Currency: USD"]
    one = order(plain(columns, rows, head=head, foot=[]))
    assert [(line.price, line.requested_date) for line in one.lines] == [
        (D("37.18"), date(2026, 11, 13)),
        (D("7.47"), date(2026, 11, 16)),
    ]


def _records(quantities: tuple[str, ...]) -> bytes:
    """Two rows of headings over two rows of every item: number and part above, quantity and unit below."""
    pages = Pages()
    pages.lines(60, 60, ["Bestelling nr. 2026/77810 van 5 november 2026"], 10, 14)
    for x, text in ((57, "Regel"), (91, "Uw artikelnr."), (207, "Benaming")):
        pages.text(x, 120, text, bold=True)
    for x, text in ((110, "Aantal"), (145, "Eenheid")):
        pages.text(x, 131, text, bold=True)
    y = 150.0
    for at, quantity in enumerate(quantities, 1):
        for x, text in ((57, str(at)), (91, f"KV-221{at}"), (207, "Zeskantbout M6x60")):
            pages.text(x, y, text)
        pages.text(139, y + 11, quantity, align="r")
        pages.text(145, y + 11, "stk")
        y += 30
    return pages.done()


def test_items_in_two_rows_are_no_two_items() -> None:
    """The row with the number and the part is not taken for a quantity, however long the figures below it are."""
    one = order(_records(("2.375", "450", "8")))
    assert [(line.number, line.supplier_part, line.quantity) for line in one.lines] == [
        (1, "KV-2211", D(2375)),
        (2, "KV-2212", D(450)),
        (3, "KV-2213", D(8)),
    ]
    assert one.lines[0].description == "Zeskantbout M6x60"


def test_a_count_below_the_table_moves_no_column() -> None:
    """A row that counts the items says nothing of where prices end and units begin."""
    columns = [
        Col("Line", 60),
        Col("Your Item No.", 90),
        Col("Details", 170),
        Col(["Qty", "Ordered"], 462, "r"),
        Col("UoM", 472),
        Col("Rate", 559, "r"),
    ]
    rows: list[list[Cell]] = [
        ["10", "KV-2210", "Ball valve", "3", "pieces", "74.01 USD"],
        ["20", "KV-2214", "Hex bolt", "100", "pieces", "1.11 USD"],
    ]
    pages = Pages()
    pages.lines(60, 60, ["Order PO0007350", "PO Date 10/30/2026"], 10, 14)
    y = table(pages, 120, columns, rows, rules="none")
    pages.text(450, y + 12, "Number of items")
    pages.text(559, y + 12, "2", align="r")
    one = order(pages.done())
    assert [(line.unit, line.price) for line in one.lines] == [("PIECES", D("74.01")), ("PIECES", D("1.11"))]


def test_a_sentence_below_an_address_is_none_of_its_lines() -> None:
    """What voids a line of the order is told wherever it stands, and the address above it is read."""
    columns = [Col("N.º", 50), Col("Su código", 90), Col("Uds.", 300, "r"), Col("Precio", 400, "r")]
    pages = Pages()
    pages.lines(60, 60, ["Pedido N.º 2026/77810 de 05/11/2026"], 10, 14)
    y = table(pages, 100, columns, [["1", "KV-2210", "17", "33,48"], ["2", "KV-2214", "20", "1,61"]], rules="none")
    address = "Dirección de entrega: Maquinaria del Puerto S.L., Avda. de la Industria, 52, 50014 Zaragoza"
    pages.lines(60, y + 40, [address, "La línea 2 queda anulada, no la sirvan."], 10)
    one = order(pages.done())
    assert one.ship_to is not None
    assert (one.ship_to.street, one.ship_to.city) == ("Avda. de la Industria, 52", "Zaragoza")
    assert any(warning.startswith("contradiction") and "anulada" in warning for warning in one.warnings)


def test_a_page_with_another_number_is_another_order() -> None:
    """Two orders under the same headings, page by page, are two, also where no line has a number."""
    columns = [Col("Beställt", 90, "r"), Col("Enh", 100), Col("Leverantörens artnr", 150), Col("Pris", 400, "r")]
    pages = Pages()
    for at, number in enumerate(("P5849-01", "P5850-01")):
        if at:
            pages.page()
        pages.text(60, 60, "Ordernummer:")
        pages.text(160, 60, number)
        table(pages, 100, columns, [["18", "par", f"KV-221{at}", "41,27"]], rules="none")
    found = orders(pages.done())
    assert [(one.po_number, one.lines[0].supplier_part, len(one.lines)) for one in found] == [
        ("P5849-01", "KV-2210", 1),
        ("P5850-01", "KV-2211", 1),
    ]


def test_what_heads_the_next_order_is_no_item_of_the_last() -> None:
    """A row of terms under their labels, on the next page, counts nothing."""
    columns = [
        Col("Item", 50),
        Col(["Vendor", "Part #"], 110),
        Col("Item Description", 220),
        Col("Qty", 420, "r"),
        Col("U/M", 430),
    ]
    pages = Pages()
    for at, number in enumerate(("P5528-01", "P5530-01")):
        if at:
            pages.page()
        for x, label, value in (
            (60, "PO Number", number),
            (150, "Issued", "10/28/2026"),
            (250, "Incoterms", "DAP Dayton"),
            (400, "Terms", "30 days net"),
        ):
            pages.text(x, 60, label, bold=True)
            pages.text(x, 72, value)
        table(
            pages,
            110,
            columns,
            [["10", f"KV-221{at}", "Timing belt", "19", "EA"], ["20", f"KV-222{at}", "Bolt", "50", "EA"]],
            rules="none",
        )
    found = orders(pages.done())
    assert [(one.po_number, [line.supplier_part for line in one.lines]) for one in found] == [
        ("P5528-01", ["KV-2210", "KV-2220"]),
        ("P5530-01", ["KV-2211", "KV-2221"]),
    ]


def test_a_number_and_a_day_under_one_label_are_both_read() -> None:
    """``Numéro/Date`` over ``P2519-01 / 30/10/2026`` names the order and dates it."""
    pages = Pages()
    pages.text(340, 60, "Numéro/Date")
    pages.text(340, 72, "P2519-01 / 30/10/2026")
    pages.text(60, 60, "COMMANDE", 14, bold=True)
    table(pages, 130, ITEMS, [["10", "KV-2210", "3", "40,93"]], rules="none")
    one = order(pages.done())
    assert (one.po_number, one.order_date) == ("P2519-01", date(2026, 10, 30))


def test_the_customers_numbers_may_be_grouped_or_not() -> None:
    """A column of their numbers stays theirs when one of them is written without blanks."""
    columns = [
        Col("N.º", 50), Col("Artículo", 97), Col("Su código", 165), Col("Concepto", 242), Col("Uds.", 380, "r"),
        Col("Precio", 480, "r"),
    ]  # fmt: skip
    rows: list[list[Cell]] = [
        ["10", "115 172 19", "KV-2210", "Manguera", "300", "4,42"],
        ["20", "K10-4199", "", "Abrazadera", "1.250", "0,56"],
    ]
    one = order(plain(columns, rows, head=["Pedido N.º 2026/77810 de 05/11/2026"], foot=[]))
    assert [(line.supplier_part, line.customer_part) for line in one.lines] == [
        ("KV-2210", "115 172 19"),
        (None, "K10-4199"),
    ]


def test_what_stands_below_the_rule_of_a_table_is_of_no_item() -> None:
    """A sentence behind the line that closes a table is told, and lengthens no description."""
    one = _mail(
        "Good morning,\n\nPO #: 002879\n\n"
        "Item No  Supplier Item  Item Description  Quantity\n~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~\n"
        "1        KV-2210        Seal kit          16 sets\n3        KV-2214        Shock mount       40 pairs\n"
        "~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~\n"
        "                        Line 3: 20 pairs, not the quantity shown above.\n"
    )
    assert [line.description for line in one.lines] == ["Seal kit", "Shock mount"]
    assert any(warning.startswith("contradiction") for warning in one.warnings)


def test_a_sentence_in_the_note_of_a_line_is_weighed_like_any_other() -> None:
    """What a line's own note sets beside its quantity is a contradiction."""
    columns = [Col("Item", 50), Col("Vendor Part", 90), Col("Qty", 330, "r"), Col("Price", 420, "r")]
    rows: list[list[Cell]] = [["10", ["KV-2210", "Note: we only need 20 set of this item this time"], "40", "12.50"]]
    one = order(plain(columns, rows, head=["Purchase Order No. PO-10233", "Date: 10/29/2026"], foot=[]))
    assert any("20 set" in warning for warning in one.warnings if warning.startswith("contradiction"))
