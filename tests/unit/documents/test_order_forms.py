"""What order forms in sheets and files have around their rows of items: sums, signatures, other suppliers' rows."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from email.message import EmailMessage

import pytest
from openpyxl.worksheet.worksheet import Worksheet

from bridgehead.documents.order import Order
from tests.unit.documents.books import ROWS, Cell, book
from tests.unit.documents.samples import doubts, only

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
