from __future__ import annotations

import time
from datetime import date
from decimal import Decimal

import pytest

from bridgehead.documents.dates import DayContext
from bridgehead.documents.order import Order, Party
from bridgehead.documents.outcome import Hints, NotAnOrder, Unreadable
from bridgehead.documents.pdf.fields import _glued
from bridgehead.documents.pdf.words import Piece, Row, Word
from bridgehead.documents.tables.cells import Ways
from tests.unit.documents.pdf_pages import (
    COLUMNS,
    FOOT,
    HEAD,
    ROWS,
    Cell,
    Col,
    Pages,
    american,
    drawn,
    german,
    order,
    orders,
    outcome,
    plain,
    table,
    two_row,
)

D = Decimal


def rows(one: Order) -> list[tuple[object, ...]]:
    return [(line.number, line.supplier_part, line.quantity, line.unit, line.price, line.amount) for line in one.lines]


@pytest.mark.parametrize("rules", ["none", "head", "rows", "grid"])
@pytest.mark.parametrize("centred", [False, True])
def test_a_table_is_read_with_and_without_rules(rules: str, centred: bool) -> None:
    """Items with descriptions of two lines are read alike however the table is ruled, figures in the middle or on top."""
    one = order(german(rules=rules, centred=centred))
    assert rows(one) == [
        (n, f"SM-{1000 + n}", D(n * 100), "STK", D(125 + n) / 100, D(n * 100 * (125 + n)) / 100) for n in (1, 2, 3)
    ]
    assert [line.description for line in one.lines] == [
        f"Sechskantschraube M{n + 4} x 40 verzinkt, ISO 4017" for n in (1, 2, 3)
    ]
    assert one.warnings == ()


def test_a_letter_in_german_is_read_in_every_field() -> None:
    """Labels left of values, blocks below labels, a sender's line and sums with tax each fill their fields."""
    one = order(german())
    assert (one.po_number, one.order_date, one.requested_date) == (
        "BE-2026-00417",
        date(2026, 11, 3),
        date(2026, 11, 24),
    )
    assert (one.currency, one.payment_terms, one.incoterms, one.stated_total) == ("EUR", "N30", "DAP", D("764.00"))
    assert one.buyer == Party(name="Kranbau Neumann GmbH", number="104711", street="Hafenstraße 12", city="Bremen", postal_code="28195")  # fmt: skip
    assert one.seller is not None
    assert one.ship_to is not None
    assert (one.seller.name, one.seller.city) == ("Schrauben Müller AG", "Stuttgart")
    assert (one.ship_to.street, one.ship_to.postal_code) == ("Speicherweg 3", "28217")
    assert {(c.kind, c.agrees) for c in one.controls} >= {("net_total", True), ("gross_total", True)}
    source = one.sources["lines[1].quantity"]
    assert (source.page, source.text, source.how, source.column) == (1, "200", "column", "Menge")
    assert one.sources["po_number"].how == "label"


def test_pages_with_repeated_headings_and_carried_totals_are_one_order() -> None:
    """Every item of both pages is read once; the carried total is a control value, not an item."""
    one = order(german(count=20))
    assert [line.number for line in one.lines] == list(range(1, 21))
    assert ("page_total", D("10400.00")) in {(c.kind, c.stated) for c in one.controls}
    assert one.warnings == ()


def test_items_of_two_rows_under_two_rows_of_headings_are_read() -> None:
    """Position and material stand in one row, quantity and price in the next, as their headings do."""
    one = order(two_row())
    assert [(line.customer_part, line.quantity, line.unit, line.price, line.amount) for line in one.lines] == [
        ("HX-100-22", D(40), "PC", D("18.50"), D("740.00")),
        ("HX-200-31", D(6), "PC", D("212.00"), D("1272.00")),
        ("GR-5", D("12.5"), "KG", D("8.40"), D("105.00")),
    ]
    assert (one.po_number, one.order_date, one.currency) == ("4500123456", date(2026, 11, 17), "USD")
    assert one.ship_to is not None
    assert one.ship_to.city == "Baltimore"


LANGUAGES: dict[str, tuple[list[Col], list[list[Cell]], list[str], list[tuple[str, str]]]] = {
    "fr": ([Col("Réf.", 60), Col("Désignation", 130), Col("Qté", 330, "r"), Col("P.U. HT", 420, "r"), Col("Montant HT", 530, "r")],
           [["AB-1200", ["Joint torique", "diamètre 32"], "250", "0,84", "210,00"], ["AB-1300", "Bride", "1 200", "0,50", "600,00"]],
           ["BON DE COMMANDE N° X-77001", "Date : 12/11/2026", "Livraison souhaitée le : 01/12/2026"],
           [("Total HT", "810,00"), ("TVA 20 %", "162,00"), ("Total TTC", "972,00")]),
    "it": ([Col("Codice", 50), Col("Descrizione", 130), Col("Q.tà", 330, "r"), Col("Prezzo unit.", 420, "r"), Col("Importo", 530, "r")],
           [["AB-1200", "Guarnizione", "250", "0,84", "210,00"], ["AB-1300", "Valvola", "1.200", "0,50", "600,00"]],
           ["Ordine di acquisto n. X-77001", "Data: 12/11/2026", "Data di consegna: 01/12/2026"],
           [("Imponibile", "810,00"), ("IVA 22%", "178,20"), ("Totale documento", "988,20")]),
    "es": ([Col("Referencia", 50), Col("Descripción", 130), Col("Cantidad", 330, "r"), Col("Precio", 420, "r"), Col("Importe", 530, "r")],
           [["AB-1200", "Junta", "250", "0,84", "210,00"], ["AB-1300", "Brida", "1.200", "0,50", "600,00"]],
           ["Pedido de compra nº X-77001", "Fecha: 12/11/2026", "Fecha de entrega: 01/12/2026"],
           [("Base imponible", "810,00"), ("IVA 21%", "170,10"), ("Total con IVA", "980,10")]),
    "nl": ([Col("Artikelcode", 50), Col("Omschrijving", 130), Col("Aantal", 330, "r"), Col("Stuksprijs", 420, "r"), Col("Bedrag", 530, "r")],
           [["AB-1200", "Kogellager", "250", "€ 0,84", "€ 210,00"], ["AB-1300", "Flens", "1.200", "€ 0,50", "€ 600,00"]],
           ["Bestelbon X-77001", "Datum: 12-11-2026", "Leverdatum: 01-12-2026"],
           [("Totaal excl. btw", "€ 810,00"), ("BTW 21%", "€ 170,10"), ("Totaal incl. btw", "€ 980,10")]),
    "pl": ([Col("Indeks", 50), Col("Nazwa towaru", 130), Col("Ilosc", 330, "r"), Col("Cena netto", 420, "r"), Col("Wartosc netto", 530, "r")],
           [["AB-1200", "Uszczelka", "250", "0,84", "210,00"], ["AB-1300", "Kolnierz", "1 200", "0,50", "600,00"]],
           ["Zamówienie nr X-77001", "Data: 2026-11-12", "Termin dostawy: 2026-12-01"],
           [("Razem netto", "810,00"), ("VAT 23%", "186,30"), ("Razem brutto", "996,30")]),
    "sv": ([Col("Artikelnr", 50), Col("Benämning", 130), Col("Antal", 330, "r"), Col("À-pris", 420, "r"), Col("Belopp", 530, "r")],
           [["AB-1200", "Packning", "250", "0,84", "210,00"], ["AB-1300", "Fläns", "1 200", "0,50", "600,00"]],
           ["Beställning", "Beställningsnummer: X-77001", "Datum: 2026-11-12", "Önskat leveransdatum: 2026-12-01"],
           [("Summa exkl. moms", "810,00"), ("Moms 25%", "202,50"), ("Totalt inkl. moms", "1 012,50")]),
    "da": ([Col("Varenr.", 50), Col("Beskrivelse", 130), Col("Antal", 330, "r"), Col("Enhedspris", 420, "r"), Col("Beløb", 530, "r")],
           [["AB-1200", "Pakning", "250", "0,84", "210,00"], ["AB-1300", "Flange", "1.200", "0,50", "600,00"]],
           ["Indkøbsordre", "Ordrenr.: X-77001", "Dato: 12-11-2026", "Leveringsdato: 01-12-2026"], [("I alt", "810,00")]),
    "pt": ([Col("Código artigo", 50), Col("Descrição", 130), Col("Quantidade", 330, "r"), Col("Preço unit.", 420, "r"), Col("Valor", 530, "r")],
           [["AB-1200", "Junta", "250", "0,84", "210,00"], ["AB-1300", "Flange", "1.200", "0,50", "600,00"]],
           ["Encomenda", "Nº encomenda: X-77001", "Data: 12/11/2026", "Data de entrega: 01/12/2026"], [("Total", "810,00")]),
}  # fmt: skip


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_trade_of_every_language_is_read(language: str) -> None:
    """Headings, labels and sums are known in the words of each language, with its decimal comma and thousands."""
    columns, cells, head, foot = LANGUAGES[language]
    one = order(plain(columns, cells, head=head, foot=foot))
    assert (one.po_number, one.order_date, one.requested_date) == ("X-77001", date(2026, 11, 12), date(2026, 12, 1))
    assert [(line.supplier_part, line.quantity, line.price, line.amount) for line in one.lines] == [
        ("AB-1200", D(250), D("0.84"), D("210.00")),
        ("AB-1300", D(1200), D("0.50"), D("600.00")),
    ]
    assert one.stated_total == D("810.00")
    assert one.warnings == ()


def test_figures_decide_what_a_thousand_is() -> None:
    """1.000 is a thousand in a document whose amounts only then multiply, one in another."""
    columns = [Col("Part No", 60), Col("Description", 130), Col("Qty", 330, "r"), Col("Price", 420, "r"), Col("Amount", 530, "r")]  # fmt: skip
    thousand = order(plain(columns, [["A-77", "x", "1.000", "2,500", "2.500,00"]], head=HEAD, foot=[]))
    small = order(plain(columns, [["A-77", "x", "4.000", "2.500", "10.00"]], head=HEAD, foot=[]))
    assert (thousand.lines[0].quantity, thousand.lines[0].price) == (D(1000), D("2.5"))
    assert (small.lines[0].quantity, small.lines[0].price) == (D(4), D("2.5"))


def test_what_stands_below_an_item_belongs_to_it() -> None:
    """Dates, numbers and notes of further rows are read by their labels; the rest is description."""
    cells: list[Cell] = ["1", ["K-2001", "LF-88-1"], ["Dichtring", "Liefertermin: 04.12.2026", "EAN: 4006381333931"], "20", "3,10", "62,00"]  # fmt: skip
    columns = [Col("Pos", 50), Col(["Artikelnummer", "Ihre Art.-Nr."], 80), Col("Beschreibung", 180), Col("Menge", 340, "r"),
               Col(["Preis", "EUR"], 450, "r"), Col(["Betrag", "EUR"], 540, "r")]  # fmt: skip
    one = order(plain(columns, [cells, cells], head=["Bestellung Nr. 2026/77810 vom 05.11.2026"], foot=[]))
    line = one.lines[0]
    assert (line.customer_part, line.supplier_part, line.gtin) == ("K-2001", "LF-88-1", "4006381333931")
    assert (line.requested_date, line.description, one.currency) == (date(2026, 12, 4), "Dichtring", "EUR")
    assert (one.po_number, one.order_date) == ("2026/77810", date(2026, 11, 5))


def test_prices_per_hundred_and_discounts_are_read() -> None:
    """A price unit column gives the basis, a discount column a percentage that the amount proves."""
    columns = [Col("Pos", 50), Col("Material", 80), Col("Text", 160), Col("Menge", 330, "r"), Col("Preis", 400, "r"),
               Col("PE", 430, "r"), Col("Rabatt %", 480, "r"), Col("Wert", 540, "r")]  # fmt: skip
    cells: list[list[Cell]] = [["10", "900-1", "Mutter", "5.000 ST", "2,40", "100", "", "120,00"], ["20", "900-2", "Scheibe", "100 ST", "3,00", "1", "10", "270,00"]]  # fmt: skip
    one = order(plain(columns, cells, head=["Bestellung 4500998877 vom 02.11.2026"], foot=[("Gesamtwert", "390,00")]))
    assert [(line.quantity, line.unit, line.price, line.price_basis) for line in one.lines] == [
        (D(5000), "ST", D("2.40"), D(100)),
        (D(100), "ST", D("3.00"), D(1)),
    ]
    assert one.lines[1].charges[0].percent == D(10)
    assert one.warnings == ()


def test_freight_and_tax_are_no_items() -> None:
    """Charges below the table are charges, tax and gross are control values that add up."""
    one = order(plain(COLUMNS, ROWS, head=HEAD, foot=[("Subtotal", "$1,070.50"), ("Freight", "$45.00"), ("Sales Tax", "$92.03"), ("TOTAL", "$1,207.53")]))  # fmt: skip
    assert len(one.lines) == 2
    assert [(charge.allowance, charge.amount) for charge in one.charges] == [(False, D("45.00"))]
    assert {c.kind: c.agrees for c in one.controls if c.kind in {"net_total", "gross_total"}} == {"net_total": True, "gross_total": True}  # fmt: skip
    assert one.warnings == ()


def test_a_total_that_is_wrong_is_said() -> None:
    """A sum that the lines do not make warns, and so does a line that does not multiply."""
    wrong: list[list[Cell]] = [ROWS[0], ["2", "VP-200", "Framing gun", "2", "EA", "$310.25", "$600.50"]]
    warnings = order(plain(COLUMNS, wrong, head=HEAD, foot=FOOT)).warnings
    assert any(one.startswith("totals: line 2") for one in warnings)
    assert any("1070.50" in one for one in warnings)


def test_two_orders_in_one_file_are_two() -> None:
    """Each order number with a table of its own is an order with its own lines and total."""
    pages = Pages()
    for at, (number, quantity, total) in enumerate((("PO-1001", "10", "40.00"), ("PO-1002", "5", "20.00"))):
        pages.lines(60, 60, ["Wood & Sons Ltd", "1 High Street", "Leeds LS1 4DY"], 10, 14)
        pages.text(350, 60, "PURCHASE ORDER", 16, bold=True)
        pages.text(350, 80, f"Order No: {number}")
        y = table(pages, 150, COLUMNS, [["1", f"AX-1{at}", "Hinge", quantity, "EA", "4.00", total]])
        pages.text(450, y + 10, "Order total", align="r")
        pages.text(540, y + 10, total, align="r")
        if at == 0:
            pages.page()
    first, second = orders(pages.done())
    assert [(one.po_number, one.lines[0].quantity, one.stated_total) for one in (first, second)] == [
        ("PO-1001", D(10), D("40.00")),
        ("PO-1002", D(5), D("20.00")),
    ]
    assert first.warnings == second.warnings == ()


def test_texts_that_lie_over_one_another_are_read_as_they_were_drawn() -> None:
    """A description too long for its column does not mix with the quantity it runs into."""
    long: list[Cell] = [
        "1",
        "VP-1",
        "Framing gun with a very long name that goes on and on",
        "2",
        "EA",
        "$5.00",
        "$10.00",
    ]
    one = order(plain(COLUMNS, [long], head=HEAD, foot=[]))
    assert rows(one) == [(1, "VP-1", D(2), "EA", D("5.00"), D("10.00"))]
    assert one.lines[0].description == long[2]


@pytest.mark.parametrize("said", ["Page 1 of 3", "Seite 1/3", "Pág. 1/3", "pag. 1 di 3", "p. 1/3"])
def test_a_missing_page_is_said(said: str) -> None:
    """Page 1 of 3 alone is doubted."""
    one = order(drawn(lambda pages: pages.text(300, 800, said, 7)))
    assert "uncertain: page 2 of 3 is missing" in one.warnings


@pytest.mark.parametrize(
    "title, kind",
    [
        ("INVOICE", "invoice"), ("Rechnung", "invoice"), ("Delivery Note", "delivery_note"), ("Lieferschein", "delivery_note"),
        ("Order Confirmation", "order_response"), ("Auftragsbestätigung", "order_response"), ("Conferma d'ordine", "order_response"),
        ("Quotation", "quotation"), ("Angebot", "quotation"), ("Request for Quotation", "quotation_request"),
        ("Price List 2026", "catalogue"), ("Bon de livraison", "delivery_note"), ("Trade Confirmation", "other"),
        ("User Guide", "other"),
    ],
)  # fmt: skip
def test_what_is_no_order_is_called_what_it_is(title: str, kind: str) -> None:
    """A title decides, whatever table stands below it and whichever order it names."""
    pages = Pages()
    pages.text(60, 60, title, 18, bold=True)
    pages.text(60, 90, "Your purchase order: PO-4711")
    table(pages, 130, COLUMNS, ROWS)
    found = outcome(pages.done())
    assert isinstance(found, NotAnOrder)
    assert found.kind == kind


def test_a_number_that_only_the_mail_gives_is_taken() -> None:
    """A hint fills in the order number that the pages leave out, and never replaces one."""
    document = plain(COLUMNS, ROWS, head=["Purchase order", "Date: 11/20/2026"], foot=FOOT)
    assert orders(document, Hints(po_number="PO-7"))[0].po_number == "PO-7"
    assert orders(american(), Hints(po_number="PO-7"))[0].po_number == "PO-10233"
    missing = outcome(document)
    assert isinstance(missing, Unreadable)
    assert missing.code == "pdf.no_order_number"


def test_a_letter_without_a_table_is_read_as_words() -> None:
    """An order in sentences is read as in a mail."""
    pages = Pages()
    pages.lines(60, 60, ["Purchase order PO-3131", "Dear Sirs,", "please supply:", "10 pcs AB-1234 ball valve at 3.20 EUR", "5 pcs AB-9999 flange at 7.00 EUR", "Kind regards", "A. Smith"], 10, 15)  # fmt: skip
    one = order(pages.done())
    assert (one.format, one.po_number, len(one.lines)) == ("pdf", "PO-3131", 2)


def test_ten_pages_are_read_in_three_seconds() -> None:
    """A long order of ten pages stays within its time."""
    pages = Pages()
    for page in range(10):
        pages.lines(60, 60, HEAD, 10, 14)
        cells: list[list[Cell]] = [
            [str(page * 40 + at), f"VP-{page * 40 + at}", f"Part of many words number {at}", "2", "EA", "3.00", "6.00"] for at in range(1, 41)
        ]  # fmt: skip
        table(pages, 150, COLUMNS, cells)
        pages.text(300, 820, f"Page {page + 1} of 10", 7)
        if page < 9:
            pages.page()
    document = pages.done()
    start = time.process_time()
    one = order(document)
    assert time.process_time() - start < 3
    assert len(one.lines) == 400
    assert one.warnings == ()


def test_fields_in_boxes_and_blocks_beside_their_labels_are_read() -> None:
    """Labels over values in boxes, and an address right of its label, are read by their places."""
    pages = Pages()
    pages.lines(50, 50, ["Lakeside Machining Co.", "77 Shore Dr", "Erie, PA 16501"])
    pages.text(540, 50, "Purchase Order", 18, bold=True, align="r")
    for x, name, value in (
        (330, "Date", "11/18/2026"),
        (420, "P.O. No.", "20455"),
        (500, "Terms", "Net 30"),
        (250, "Expected", "12/05/2026"),
    ):
        pages.text(x, 100, name, align="c")
        pages.text(x, 114, value, align="c")
    pages.text(50, 150, "Ship to:")
    pages.lines(110, 150, ["Lakeside Machining Co.", "Dock 3", "81 Shore Dr", "Erie, PA 16502"])
    pages.text(330, 150, "Vendor:")
    pages.lines(380, 150, ["Bearings Direct", "5 Mill St", "Toledo, OH 43604"])
    table(pages, 240, COLUMNS, ROWS, rules="grid")
    one = order(pages.done())
    assert (one.po_number, one.order_date, one.requested_date) == ("20455", date(2026, 11, 18), date(2026, 12, 5))
    assert (one.buyer.name, one.buyer.street, one.payment_terms) == ("Lakeside Machining Co.", "77 Shore Dr", "N30")
    assert one.ship_to is not None
    assert one.seller is not None
    assert (one.ship_to.street, one.ship_to.postal_code) == ("81 Shore Dr", "16502")
    assert (one.seller.name, one.seller.city) == ("Bearings Direct", "Toledo")


def test_a_table_goes_on_without_headings() -> None:
    """Rows at the top of the next page stand under the columns of the page before."""
    pages = Pages()
    pages.lines(60, 60, HEAD, 10, 14)
    cells: list[list[Cell]] = [[str(n), f"QR-{n}", "Thing", str(n), "EA", "2.00", f"{2 * n}.00"] for n in range(1, 33)]
    table(pages, 150, COLUMNS, cells[:29])
    pages.page()
    pages.text(60, 60, "Ridge Builders LLC")
    table(pages, 80, [Col("", column.x, column.align) for column in COLUMNS], cells[29:], rules="none")
    one = order(pages.done())
    assert [line.number for line in one.lines] == list(range(1, 33))
    assert one.warnings == ()


@pytest.mark.parametrize(
    "text, part, rest",
    [
        (["[FURN-1118] Corner desk", "two doors"], "FURN-1118", "Corner desk two doors"),
        (["AX-900 - Gauge"], "AX-900", "Gauge"),
        (["Hydraulic hose", "Item no.: HS-10"], "HS-10", "Hydraulic hose"),
        (["HX-4711 Pump"], "HX-4711", "Pump"),
    ],
)
def test_part_numbers_within_descriptions_are_found(text: list[str], part: str, rest: str) -> None:
    """Where no column is for part numbers, one that opens the description or is labelled in it is the part."""
    columns = [Col("Description", 50), Col("Qty (Unit)", 300), Col("Unit Price", 420, "r"), Col("Amount", 520, "r")]
    one = order(plain(columns, [[text, "10 (EA)", "2.00", "20.00"]], head=HEAD, foot=[]))
    line = one.lines[0]
    assert (line.supplier_part, line.description, line.quantity, line.unit) == (part, rest, D(10), "EA")


def test_terms_of_business_and_footers_say_nothing_of_the_order() -> None:
    """A page of terms in legal words, usual sentences and a footer with numbers leave an order without doubt."""
    pages = Pages()
    pages.lines(60, 60, HEAD, 10, 14)
    table(pages, 150, COLUMNS, ROWS)
    pages.text(60, 500, "Please quote our order number on all invoices and delivery notes.")
    pages.text(60, 800, "Ridge Builders LLC | VAT ID GB123456789 | Bank 12-34-56 | Tel. +1 512 555 0100", 6)
    pages.page()
    pages.text(60, 60, "Terms and Conditions", 12, bold=True)
    for at in range(40):
        pages.text(
            60,
            80 + 10 * at,
            f"{at}. The seller shall not change prices without prior check; deliveries deviating from it are void.",
            7,
        )
    one = order(pages.done())
    assert (one.warnings, one.notes, len(one.lines)) == ((), (), 2)
    assert {control.kind for control in one.controls} == {"line_total"}


@pytest.mark.parametrize(
    "title, purpose",
    [
        ("PURCHASE ORDER CHANGE", "change"),
        ("Bestelländerung", "change"),
        ("Cancellation of purchase order", "cancel"),
        ("Storno Bestellung", "cancel"),
    ],
)
def test_changes_and_cancellations_are_orders_of_that_purpose(title: str, purpose: str) -> None:
    """The title says when an order changes or takes back an earlier one."""
    assert order(plain(COLUMNS, ROWS, head=[title, *HEAD[3:]], foot=FOOT)).purpose == purpose


def test_a_row_that_was_not_read_is_said() -> None:
    """A row with the number, part and figures of an item whose quantity cannot be read is no silent loss."""
    odd: list[list[Cell]] = [*ROWS, ["3", "VP-300", "Nails", "some", "BX", "$5.00", "$25.00"]]
    one = order(plain(COLUMNS, odd, head=HEAD, foot=[]))
    assert len(one.lines) == 2
    assert any(warning.startswith("ignored") and "VP-300" in warning for warning in one.warnings)


def test_what_stands_below_a_typed_rule_is_no_description() -> None:
    """A line of dashes ends the last item: a remark below it is a note, and its contradiction is told."""
    pages = Pages(font="Courier")
    pages.lines(60, 60, HEAD, 10, 14)
    y = table(pages, 150, COLUMNS, ROWS, rules="none")
    pages.text(50, y, "-" * 90)
    pages.text(50, y + 11, "Deliver VP-100 to our other works instead of the usual address.")
    one = order(pages.done())
    assert [line.description for line in one.lines] == ["Coil nail", "Framing gun"]
    assert [warning.split(":")[0] for warning in one.warnings] == ["contradiction"]


def test_letters_in_front_of_a_number_are_its_own() -> None:
    """``PO-10233`` alone is no label ``PO`` with the number 10233; ``PO # 10233`` is one."""

    def found(text: str) -> list[tuple[str, str]]:
        piece = Piece([Word(text, 420, 480, 40, 52, 12, bold=False, page=1)])
        return [(one.name, one.value) for one in _glued(piece, Row([piece]), Ways(None, DayContext("dmy", None), None))]

    assert found("PO-10233") == []
    assert found("PO # 10233") == [("po_number", "10233")]
