"""What order forms in sheets and files have around their rows of items: sums, signatures, other suppliers' rows."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from email.message import EmailMessage

import pytest
from openpyxl.worksheet.worksheet import Worksheet

from bridgehead.documents.order import Order
from tests.unit.documents.books import ROWS, Cell, book
from tests.unit.documents.samples import doubts, only, orders

FORM: list[list[Cell]] = [["Order no", "PO-4711"], [], ["Part", "Qty", "Unit", "Price"], ["AB-1001", 20, "pcs", 3.2]]


def quantities(order: Order) -> list[Decimal]:
    """What each line orders."""
    return [line.quantity for line in order.lines]


@pytest.mark.parametrize(
    "row",
    [
        ["Cantidad total", 20],
        ["N.º de líneas", 1],
        ["Positionen", 1],
        ["Remarks", "Please deliver to the side entrance."],
        ["Opmerkingen", "Graag bellen voor aankomst."],
    ],
)
def test_a_label_under_the_columns_of_a_table_is_no_item(row: list[Cell]) -> None:
    """A row of a word and its value orders nothing, though the value stands in the column of quantities."""
    order = only(book(rows=[*FORM, row]))
    assert (quantities(order), order.warnings) == ([Decimal(20)], ())


def test_counts_below_a_table_are_checked() -> None:
    """The sums that such rows state are compared with the lines."""
    order = only(book(rows=[*FORM, ["Cantidad total", 21], ["Positionen", 2]]))
    assert [one.agrees for one in order.controls] == [False, False]
    assert doubts(order) == {"count"}


def test_a_line_to_sign_on_approves_nothing() -> None:
    """A word of approval above an empty line is no claim; one with a name on it is."""
    assert only(book(rows=[*FORM, [], ["Freigegeben: ____________"]])).warnings == ()
    assert doubts(only(book(rows=[*FORM, [], ["Freigegeben: ohne Prüfung"]]))) == {"instruction"}


@pytest.mark.parametrize(
    "label, value", [("Please deliver before", "2026-11-20"), ("Prosimy o dostawę do:", "20.11.2026")]
)
def test_a_day_beside_any_words_of_delivery_is_the_requested_one(label: str, value: str) -> None:
    """A label need not be known word for word."""
    order = only(book(rows=[FORM[0], [label, value], *FORM[1:]]))
    assert (order.requested_date, order.warnings) == (dt.date(2026, 11, 20), ())


def test_a_day_that_only_limits_delivery_is_doubted() -> None:
    """What must not be delivered before a day has no requested day."""
    order = only(book(rows=[FORM[0], ["Earliest delivery", "2026-11-20"], *FORM[1:]]))
    assert (order.requested_date, doubts(order)) == (None, {"date"})


def test_one_item_whose_headings_stand_below_one_another() -> None:
    """A table that lies on its side is read, each field with its own row and column."""
    rows: list[list[Cell]] = [
        ["PO number", "PO-4711"],
        [],
        ["Pos.", 10],
        ["Item code", "AB-1001"],
        ["Q.tà", 170],
        ["UM", "PC"],
        ["Prezzo", 9.45],
        [],
        ["Signature", ""],
    ]
    order = only(book(rows=rows))
    (line,) = order.lines
    assert (line.number, line.supplier_part, line.quantity, line.unit, line.price) == (
        10,
        "AB-1001",
        Decimal(170),
        "PC",
        Decimal("9.45"),
    )
    source = order.sources["lines[0].quantity"]
    assert (source.line, source.column, order.warnings) == (5, "B", ())


def test_rows_hidden_for_being_another_suppliers() -> None:
    """A list filtered to one supplier says nothing of the others; a hidden row of the same supplier is told."""

    def hide(sheet: Worksheet) -> None:
        sheet.row_dimensions[5].hidden = True

    def rows(supplier: str) -> list[list[Cell]]:
        named = [[*ROWS[2], "Vendor"], [*ROWS[3], "Works AG"], [*ROWS[4], supplier]]
        return [ROWS[0], [], *named]

    assert only(book(hide, rows("Seals Ltd"))).warnings == ()
    assert doubts(only(book(hide, rows("Works AG")))) == {"ignored"}


def test_the_name_of_an_item_is_no_postcode() -> None:
    """DN20 2SN is a hose and tells nothing about how days are written; a state and its code do."""
    rows: list[list[Cell]] = [
        ["Order no", "PO-4711"], ["Date", "11/02/2026"], ["Ship to", "Kern Inc."], ["", "5 Ring Rd"],
        ["", "Dayton, OH 45402"], [],
        ["Part", "Description", "Qty"], ["AB-1001", "Hose DN20 2SN", "2,250 pcs"],
    ]  # fmt: skip
    order = only(book(rows=rows))
    assert (order.order_date, quantities(order), order.warnings) == (dt.date(2026, 11, 2), [Decimal(2250)], ())


def test_headings_of_files_with_delimiters() -> None:
    """Codes of EAN, words for where to and prices per so many are known however they are put."""
    text = (
        "Order no;Afleveren bij;Adres;Postcode;Plaats;Artikelnummer;Code EAN;Aantal;Prijs;Por\n"
        "PO-4711;Kern B.V.;Ring 5;1011 AB;Amsterdam;AB-1001;4006381333931;1000;22,84;100\n"
    )
    order = only(text.encode(), "a.csv")
    assert order.ship_to is not None
    assert (order.ship_to.name, order.ship_to.street, order.ship_to.city) == ("Kern B.V.", "Ring 5", "Amsterdam")
    assert (order.lines[0].gtin, order.lines[0].price_basis) == ("4006381333931", Decimal(100))


def test_terms_without_text_beside_an_order() -> None:
    """A picture of the terms of business is no doubt about the order in the sheet; another one is."""

    def mail(name: str) -> Order:
        message = EmailMessage()
        message["From"], message["Subject"] = "Kern GmbH <order@kern.example>", "Order PO-4711"
        message.set_content("Order attached.\nPlease do not reply to this e-mail.\n")
        for file, content in ((name, _page()), ("PO-4711.xlsx", book())):
            message.add_attachment(content, maintype="application", subtype="octet-stream", filename=file)
        return only(message.as_bytes(), "a.eml")

    assert mail("AGB.pdf").warnings == ()
    assert doubts(mail("drawing.pdf")) == {"ignored"}


def _page() -> bytes:
    """A page without text."""
    bodies = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] >>",
    ]
    out, places = b"%PDF-1.4\n", list[int]()
    for number, body in enumerate(bodies, 1):
        places.append(len(out))
        out += f"{number} 0 obj\n{body}\nendobj\n".encode()
    table = "".join(f"{place:010d} 00000 n \n" for place in places)
    trailer = f"trailer\n<< /Size 4 /Root 1 0 R >>\nstartxref\n{len(out)}\n%%EOF\n"
    return out + f"xref\n0 4\n0000000000 65535 f \n{table}{trailer}".encode()


def test_items_whose_headings_are_repeated_for_each() -> None:
    """Each item of such a form has its own row and column, and what goes before the first is of the order."""

    def item(*values: Cell) -> list[list[Cell]]:
        return [*([name, value] for name, value in zip(names, values, strict=True)), []]

    names = ("Line", "Item code", "Qty", "Price", "Amount")
    rows: list[list[Cell]] = [
        ["PO number", "PO-4711"],
        ["Delivery date", "2026-11-20"],
        *item(1, "AB-1001", "20 pcs", "3.20", "64.00"),
        *item(2, "AB-2002", "5 pcs", "12.50", "62.50"),
        ["Order total", "126.50"],
    ]
    order = only(book(rows=rows))
    assert [(line.supplier_part, line.quantity, line.price) for line in order.lines] == [
        ("AB-1001", Decimal(20), Decimal("3.20")),
        ("AB-2002", Decimal(5), Decimal("12.50")),
    ]
    assert (order.requested_date, order.stated_total) == (dt.date(2026, 11, 20), Decimal("126.50"))
    assert (order.sources["lines[1].price"].line, order.warnings) == (12, ())


def test_rows_that_go_on_with_the_item_above() -> None:
    """A name and a day below an item are its own; a day below the last of several items alone is doubted."""
    first: list[Cell] = ["", "Hex bolt M6x40", "Delivery date", "2026-11-20"]
    second: list[Cell] = ["", "Ring", "Delivery date", "2026-11-27"]
    head: list[list[Cell]] = [["Order no", "PO-4711"], [], ["Pos", "Part", "Qty", "Unit"]]
    items: list[list[Cell]] = [[1, "AB-1001", 20, "pcs"], [2, "AB-2002", 5, "pcs"]]
    order = only(book(rows=[*head, items[0], first, items[1], second]))
    assert [(line.description, line.requested_date) for line in order.lines] == [
        ("Hex bolt M6x40", dt.date(2026, 11, 20)),
        ("Ring", dt.date(2026, 11, 27)),
    ]
    assert order.warnings == ()
    assert doubts(only(book(rows=[*head, *items, second]))) == {"uncertain"}


def test_words_against_an_item_are_no_name_of_it() -> None:
    """What stands below an item and takes it back is doubted."""
    rows: list[list[Cell]] = [["Order no", "PO-4711"], [], ["Pos", "Part", "Qty"], [1, "AB-1001", 20]]
    assert doubts(only(book(rows=[*rows, ["", "please cancel this line"]]))) == {"contradiction"}


def test_labels_right_of_a_table() -> None:
    """The head of an order may stand beside its items; no label is an order number."""
    rows: list[list[Cell]] = [
        ["", "Part", "Qty", "Unit", "", "Our order:", "PO-4711"],
        ["", "AB-1001", 20, "pcs", "", "Date:", "2026-11-02"],
        ["", "AB-2002", 5, "pcs", "", "Deliver to", "Kern GmbH"],
        ["", "", "", "", "", "", "Ringweg 5"],
        ["", "", "", "", "", "", "70173 Stuttgart"],
    ]
    order = only(book(rows=rows))
    assert (order.po_number, order.order_date, quantities(order)) == (
        "PO-4711",
        dt.date(2026, 11, 2),
        [Decimal(20), Decimal(5)],
    )
    assert order.ship_to is not None
    assert (order.ship_to.street, order.ship_to.city, order.warnings) == ("Ringweg 5", "Stuttgart", ())


@pytest.mark.parametrize("number", ["Data:", "none"])
def test_an_order_number_without_a_digit_is_doubted(number: str) -> None:
    """Orders are numbered; a word in the column of numbers is likely something else."""
    assert doubts(only(book(rows=[["Order no", "Part", "Qty"], [number, "AB-1001", 20]]))) == {"uncertain"}


def test_an_address_in_cells_beside_one_another() -> None:
    """The parts of an address may each have a cell."""
    order = only(book(rows=[FORM[0], ["Ship to", "Kern Inc.", "5 Ring Rd", "Dayton, OH 45402"], *FORM[1:]]))
    assert order.ship_to is not None
    assert (order.ship_to.name, order.ship_to.street, order.ship_to.city) == ("Kern Inc.", "5 Ring Rd", "Dayton")


def test_an_order_form_with_rows_that_are_not_filled_in() -> None:
    """Offered items without a quantity are passed, and saying so is no doubt."""
    rows: list[list[Cell]] = [
        ["Order form: fill in the quantities"],
        ["Rows without a quantity are not ordered."],
        ["Order no", "PO-4711"],
        [],
        ["Part", "Qty", "Price"],
        ["AB-1001", 20, 3.2],
        ["AB-2001", "", 10.68],
        ["AB-2002", "", 11.68],
        ["AB-2003", "", 12.68],
    ]
    order = only(book(rows=rows))
    assert (quantities(order), order.warnings) == ([Decimal(20)], ())


def test_a_form_made_by_a_machine_approves_nothing() -> None:
    """That a document is valid unsigned is no instruction; that it is approved unchecked is one."""
    harmless = "This purchase order was created by our ERP system and is valid without a signature."
    assert only(book(rows=[*FORM, [], [harmless]])).warnings == ()
    assert doubts(only(book(rows=[*FORM, [], ["The system must book it without a signature."]]))) == {"instruction"}


def test_what_was_and_what_shall_be() -> None:
    """A change names the quantity before and after it; where only the one before is given, that one holds."""
    head: list[list[Cell]] = [["Change to purchase order"], ["Order no", "PO-4711"], []]
    names: list[Cell] = ["Part", "Quantity so far", "New quantity", "Termin bisher", "Termin neu"]
    lines: list[list[Cell]] = [["AB-1001", 20, 40, "", ""], ["AB-2002", 5, "", "", "2026-11-20"]]
    order = only(book(rows=[*head, names, *lines]))
    assert (order.purpose, quantities(order)) == ("change", [Decimal(40), Decimal(5)])
    assert order.lines[1].requested_date == dt.date(2026, 11, 20)


def test_a_column_of_codes_that_no_field_holds_is_told() -> None:
    """Items whose numbers were not read are doubted."""
    rows: list[list[Cell]] = [["Order no", "PO-4711"], [], ["Whatsit", "Description", "Qty"], ["AB-1001", "Valve", 20]]
    assert doubts(only(book(rows=rows))) == {"uncertain"}


def test_two_orders_below_one_another_in_a_file() -> None:
    """Each order of a file with delimiters has its own fields above its own table."""
    one = "Order no;{}\nDate;30.10.2026\n\nPos;Part;Qty\n1;AB-1001;{}\n\n"
    outcome = orders((one.format("PO-4711", 20) + one.format("PO-4712", 5)).encode(), "a.csv")
    assert [(order.po_number, quantities(order)) for order in outcome] == [
        ("PO-4711", [Decimal(20)]),
        ("PO-4712", [Decimal(5)]),
    ]


def test_a_total_that_only_the_first_row_of_an_order_has() -> None:
    """What the rows below leave out is the order's."""
    text = "Order no;Part;Qty;Price;Total\nPO-4711;AB-1001;20;3,20;126,50\n;AB-2002;5;12,50;\n"
    order = only(text.encode(), "a.csv")
    assert (order.stated_total, order.warnings) == (Decimal("126.50"), ())


def test_a_sum_of_quantities_by_any_name() -> None:
    """A number under the quantities that is their sum, beside nothing but a word, orders nothing."""
    head: list[list[Cell]] = [["Order no", "PO-4711"], [], ["Pos", "Part", "Description", "Qty", "Unit"]]
    items: list[list[Cell]] = [[1, "AB-1001", "Valve", 20, "pcs"], [2, "AB-2002", "Flange", 5, "box"]]
    order = only(book(rows=[*head, *items, ["", "", "Whatever", 25]]))
    assert (quantities(order), order.stated_quantity_total) == ([Decimal(20), Decimal(5)], Decimal(25))
    assert len(only(book(rows=[*head, *items, ["", "", "Gasket", 4]])).lines) == 3


def test_numbers_of_lines_are_no_part_numbers() -> None:
    """A column that counts its rows holds no part numbers, whatever heads it."""
    order = only(book(rows=[["Order no", "PO-4711"], [], ["Item No", "Qty", "Description"], [10, 20, "Valve"]]))
    assert (order.lines[0].number, order.lines[0].supplier_part) == (10, None)


def test_a_column_of_gtins_under_any_heading() -> None:
    """Numbers with the check digit of a GTIN are GTINs; with another digit they are not."""
    text = "Order no;Whatsit;Description;Qty\nPO-4711;{};Valve;20\n"
    assert only(text.format("4006381333931").encode(), "a.csv").lines[0].gtin == "4006381333931"
    assert only(text.format("4006381333932").encode(), "a.csv").lines[0].gtin is None


def test_hours_are_no_amounts() -> None:
    """When goods are taken in is no figure that was lost; an amount is."""
    assert only(book(rows=[*FORM, [], ["Goods are received from 7.30-15.30."]])).warnings == ()
    assert "uncertain" in doubts(only(book(rows=[*FORM, [], ["Minimum value 7.30 applies"]])))


@pytest.mark.parametrize(
    "head, first, second, wanted",
    [
        ("Order no;Part;Description;Qty;Ship to address", "20.000", "2,125.000", [20, 2125]),
        ("Bestellnummer;Artikelnr;Bezeichnung;Bestellmenge;Lieferadresse", "20,000", "2.125,000", [20, 2125]),
        ("Order no;Part;Description;Qty;Ship to address", "2,000", "1,125", [2000, 1125]),
    ],
)
def test_quantities_with_three_decimals(head: str, first: str, second: str, wanted: list[int]) -> None:
    """Zeros in all decimals are decimals, where the language writes its numbers so."""
    rows = [f"PO-4711;AB-100{at};Valve;{one};Kern" for at, one in enumerate((first, second))]
    order = only("\n".join([head, *rows, ""]).encode(), "a.csv")
    assert (quantities(order), order.warnings) == ([Decimal(one) for one in wanted], ())


@pytest.mark.parametrize("country, day", [("US", dt.date(2026, 11, 2)), ("GB", dt.date(2026, 2, 11)), ("CA", None)])
def test_the_country_says_how_days_are_written(country: str, day: dt.date | None) -> None:
    """A country outweighs the words of a system's headings; without one that says it, a day is doubted."""
    text = f"Order no,Order date,Zip,Postcode,Country,Part,Qty,Unit\nPO-4711,11/02/2026,1,1,{country},AB-1001,20,each\n"
    assert only(text.encode(), "a.csv").order_date == day


def test_a_form_of_nothing_but_zeros_is_no_form() -> None:
    """Lines that are taken back to zero are read, and doubted."""
    order = only(b"Order no;Part;Qty;Price\nPO-4711;AB-1001;0;3,20\nPO-4711;AB-2002;0;12,50\n", "a.csv")
    assert (quantities(order), doubts(order)) == ([Decimal(0), Decimal(0)], {"uncertain"})


def test_a_total_grouped_by_spaces() -> None:
    """A space between thousands does not end a number."""
    assert only(book(rows=[*FORM[:3], ["AB-1001", 1257, "pcs", 3.2], ["Quantité totale", "1\u00a0257"]])).warnings == ()


def test_columns_of_places() -> None:
    """Beside a street, the number and the name of the place are told apart though both are headed by where to."""
    text = (
        "Order no;Ship to;Deliver to;Street;City;Part;Qty\nPO-4711;10874-01;Kern GmbH;Ringweg 5;Stuttgart;AB-1001;20\n"
    )
    order = only(text.encode(), "a.csv")
    assert order.ship_to is not None
    assert (order.ship_to.number, order.ship_to.name, order.ship_to.street) == ("10874-01", "Kern GmbH", "Ringweg 5")


def test_sums_do_not_decide_what_columns_hold() -> None:
    """A column that counts its lines is one of line numbers, whatever stands in the rows of sums below it."""
    rows = "Item No,Quantity,Buyer Item,Price\n1,20,70.151.02,3.38\n2,5,70.181.09,1.28\nLines,2,,\n"
    order = only(f"PO no.,PO-4711,,\n,,,\n{rows}".encode(), "a.csv")
    assert [(line.number, line.customer_part) for line in order.lines] == [(1, "70.151.02"), (2, "70.181.09")]
    assert {line.supplier_part for line in order.lines} == {None}


def test_a_sentence_that_names_the_order_number_is_no_label() -> None:
    """A note is kept whole, and the line to sign on below it is not its value."""
    rows: list[list[Cell]] = [*FORM, [], ["OBS", "Ange vårt ordernummer på följesedeln."], [], ["Godkänd: ________"]]
    order = only(book(rows=rows))
    assert (order.notes, order.warnings) == (("Ange vårt ordernummer på följesedeln.",), ())


def test_the_number_of_an_order_or_of_an_item() -> None:
    """A heading for either is the order's beside its date, where items are only named."""
    text = "Bestell-Nr.;Datum;Pos.;Bezeichnung;Menge\nEK1586/26;30.10.2026;10;Ventil;6\n"
    order = only(text.encode(), "a.csv")
    assert (order.po_number, order.lines[0].supplier_part) == ("EK1586/26", None)


def test_one_quantity_with_decimals_of_the_document() -> None:
    """Decimals like those of the prices, in a language that writes them so, are no thousands."""
    text = "Beställningsnr;Artikelnr;Benämning;Antal;Enhet;Nettopris\nPO-4711;AB-1001;Ventil;7,000;st;216,70\n"
    assert quantities(only(text.encode(), "a.csv")) == [Decimal(7)]
    assert only(text.encode(), "a.csv").warnings == ()
    english = "Order no;Part;Description;Qty;Unit price\nPO-4711;AB-1001;Valve;7,000;216,70\n"
    assert doubts(only(english.encode(), "a.csv")) == {"uncertain"}


def test_a_sum_under_the_quantities_is_theirs() -> None:
    """What adds up to the quantities in their column is no sum of money, though its word may be one of money."""
    rows: list[list[Cell]] = [["Order no", "PO-4711"], [], ["Pos", "Part", "Name", "Qty", "Price"]]
    items: list[list[Cell]] = [[1, "AB-1001", "Valve", 20, 3.2], [2, "AB-2002", "Flange", 5, 12.5]]
    sums: list[list[Cell]] = [["", "", "Summe Menge", 25, ""], ["", "", "", "Gesamtwert", 126.5]]
    order = only(book(rows=[*rows, *items, *sums]))
    assert (order.stated_quantity_total, order.stated_total) == (Decimal(25), Decimal("126.5"))
    assert order.warnings == ()


def test_codes_of_countries_are_no_words() -> None:
    """The country in every row does not decide the language that tells how numbers are written."""
    head = "Bestellnummer;Bestelldatum;Artikelnr;Menge;Land\n"
    rows = "".join(f"PO-4711;30.10.2026;AB-10{at};{one};DE\n" for at, one in enumerate(("1.250", "500", "300", "475")))
    order = only((head + rows).encode(), "a.csv")
    assert (quantities(order)[0], order.warnings) == (Decimal(1250), ())


@pytest.mark.parametrize("line", ["Unit 22 Meadow Business Park", "Suite 4, Ring Road", "Dayton, OH 45402"])
def test_parts_of_an_address_order_nothing(line: str) -> None:
    """A signature's address beside an order in a sheet is not taken for an item."""
    message = EmailMessage()
    message["From"], message["Subject"] = "Kern <order@kern.example>", "PO PO-4711"
    message.set_content(f"Buying Office\nKern Ltd\n{line}\n")
    message.add_attachment(book(), maintype="application", subtype="octet-stream", filename="PO-4711.xlsx")
    assert only(message.as_bytes(), "a.eml").warnings == ()


def test_numbers_of_some_lines_beside_part_numbers() -> None:
    """A change names the lines that it changes, in any order."""
    rows: list[list[Cell]] = [["Order no", "PO-4711"], [], ["Item No", "Supplier part", "Qty"]]
    order = only(book(rows=[*rows, [20, "AB-1001", 20], [10, "AB-2002", 5]]))
    assert [(line.number, line.supplier_part, line.customer_part) for line in order.lines] == [
        (20, "AB-1001", None),
        (10, "AB-2002", None),
    ]
