from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from bridgehead.documents.outcome import NotAnOrder
from bridgehead.documents.reading import read
from tests.unit.documents.samples import doubts, mail, only, page

TWO = [("AB-1001", Decimal(20), Decimal("3.20")), ("AB-2002", Decimal(5), Decimal("12.50"))]


def lines(text: str) -> list[tuple[str | None, Decimal, Decimal | None]]:
    """Returns part, quantity and price of each line of an order without a doubt."""
    order = only(mail(f"Hello,\n\nOrder no: PO-4711\n\n{text}\n\nRegards\nAnn\n", subject="Order"))
    assert order.warnings == ()
    return [(line.supplier_part, line.quantity, line.price) for line in order.lines]


LAYOUTS = {
    "quoted": [
        '"Line","Part no","Description","Qty","Price"',
        '"10","AB-1001","Valve, steel","20 pcs","3.20"',
        '"20","AB-2002","Tap","5 pcs","12.50"',
    ],
    "ruled": [
        "LINE  PART     DESCR         QTY    UM PRICE",
        "----- -------- ------------- ------ -- ------",
        "   10 AB-1001  Valve, steel  20     PC 3.20",
        "   20 AB-2002  Tap           5      PC 12.50",
    ],
    "slashes": [
        "Line / Part no / Description / Quantity / Price",
        "10 / AB-1001 / Valve 20 / 20 pcs / 3.20",
        "20 / AB-2002 / Tap / 5 pcs / 12.50",
    ],
    "broken pipes": [
        "Line | Part no | Description |",
        "Qty | Price",
        "- 10 | AB-1001 | Valve, steel",
        "| 20 pcs | 3.20",
        "- 20 | AB-2002 | Tap |",
        "5 pcs | 12.50",
    ],
    "turned": [
        "Pos\t10\t20",
        "Part no\tAB-1001\tAB-2002",
        "Qty\t20 pcs\t5 pcs",
        "Price\t3.20\t12.50",
    ],
    "described": [
        "Line\tDescription\tQty\tPrice",
        "10\tAB-1001 - Valve\t20 pcs\t3.20",
        "20\tAB-2002 - Tap\t5 pcs\t12.50",
    ],
    "two lines": [
        "Line\tPart no\tQty\tPrice",
        "10\tAB-1001",
        "\t20 pcs\t3.20",
        "20\tAB-2002",
        "\t5 pcs\t12.50",
    ],
    "form": [
        " 1  Part no: __AB-1001____  Quantity: __20 pcs__  Price: __3.20___",
        " 2  Part no: __AB-2002____  Quantity: __5 pcs___  Price: __12.50__",
        " 3  Part no: _____________  Quantity: __________  Price: _________",
    ],
    "divided": [
        "--- item 1 of 2 --------",
        "Part no: AB-1001",
        "Quantity: 20 pcs",
        "Price: 3.20 EUR",
        "--- item 2 of 2 --------",
        "Part no: AB-2002",
        "Quantity: 5 pcs",
        "Price: 12.50 EUR",
    ],
    "counted": [
        "1 20 pcs AB-1001 Valve, price 3.20 EUR",
        "2 5 pcs AB-2002 Tap, price 12.50 EUR",
    ],
    "labels": [
        "10) AB-1001 / Valve / Qty: 20 pcs / Price: 3.20 EUR / 64.00 EUR",
        "20) AB-2002 / Tap / Qty: 5 pcs / Price: 12.50 EUR / 62.50 EUR",
    ],
    "hashes": [
        "#1 20 pcs AB-1001 at 3.20 EUR",
        "#2 5 pcs AB-2002 at 12.50 EUR",
    ],
    "columns": [
        "10    20 pcs    AB-1001    price 3.20 EUR",
        "20    5 pcs    AB-2002    price 12.50 EUR",
    ],
    "words below": [
        "Line 10: 20 pcs AB-1001",
        "    Valve 32x80 mm, price 3.20 EUR = 64.00 EUR",
        "Line 20: 5 pcs AB-2002",
        "    Tap 16x2 E70, price 12.50 EUR = 62.50 EUR",
    ],
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_items_as_people_and_programs_lay_them_out(name: str) -> None:
    """Tables pasted, ruled, turned, broken and filled in are the same two lines, without a doubt."""
    assert lines("\n".join(LAYOUTS[name])) == TWO


def test_prose_that_a_program_broke() -> None:
    """Sentences broken where lines end give items, day of the order, day of delivery and place."""
    text = (
        "The PO for this is 4500771. We need 20 pieces AB-1001 (Ball valve\n"
        "20x10 mm) price EUR 3.20, 1,000 pieces AB-2002 (Flange DN50, steel\n"
        "and bolted) price EUR 12.50. The order is dated 30/10/26. We need it\n"
        "all by Friday 20/11/26. Please deliver to Kern Limited, 39 Dock Road,\n"
        "Telford TF3 3BQ. That is all.\n"
    )
    order = only(mail(text, subject="Order"))
    assert [(line.supplier_part, line.quantity, line.price) for line in order.lines] == [
        ("AB-1001", Decimal(20), Decimal("3.20")),
        ("AB-2002", Decimal(1000), Decimal("12.50")),
    ]
    assert (order.po_number, order.order_date) == ("4500771", date(2026, 10, 30))
    assert order.requested_date == date(2026, 11, 20)
    assert order.ship_to is not None
    assert (order.ship_to.name, order.ship_to.street, order.ship_to.city) == ("Kern Limited", "39 Dock Road", "Telford")


def test_one_thing_after_the_other() -> None:
    """A line of pieces between semicolons is read piece by piece."""
    text = "Best.-Nr. PO-4711; vom 30.10.26; 20 Stk. AB-1001, Preis 3,20 EUR; 5 Stk. AB-2002, Preis 12,50 EUR; "
    text += "Lieferadresse: Kern GmbH, Ringweg 5, 70173 Stuttgart"
    order = only(mail(text, subject="Auftrag"))
    assert [(line.supplier_part, line.quantity, line.price) for line in order.lines] == TWO
    assert (order.order_date, order.ship_to and order.ship_to.city) == (date(2026, 10, 30), "Stuttgart")


def test_addresses_side_by_side() -> None:
    """Two addresses beside each other are two, and end where the order's own fields begin."""
    text = (
        "Buyer:               Deliver to:\nKern GmbH            Kern Werk 2\nRingweg 5            Hafenweg 7\n"
        "70173 Stuttgart      70376 Ulm\nOrder no: PO-4711    Delivery date: 20.11.2026\n\n20 pcs AB-1001\n"
    )
    order = only(mail(text, subject="Order"))
    assert order.ship_to is not None
    assert (order.ship_to.name, order.ship_to.street, order.ship_to.city) == ("Kern Werk 2", "Hafenweg 7", "Ulm")
    assert (order.buyer.name, order.po_number, order.requested_date) == ("Kern GmbH", "PO-4711", date(2026, 11, 20))


def test_labels_of_pages() -> None:
    """Labels that stand alone take the value or the address below them, in pages and lists of terms."""
    body = (
        "<dl><dt>Order no</dt><dd>PO-4711</dd></dl><p>Delivery date</p><p>20.11.2026</p><h3>Delivery address</h3>"
        "<p>Kern GmbH</p><p>Ringweg 5</p><p>70173 Stuttgart</p><p></p><p>20 pcs AB-1001</p>"
    )
    order = only(page(body.replace("</p><p>Ringweg 5</p><p>", "<br>Ringweg 5<br>")))
    assert (order.po_number, order.requested_date) == ("PO-4711", date(2026, 11, 20))
    assert order.ship_to is not None
    assert order.ship_to.city == "Stuttgart"


def test_what_a_list_of_mails_shows_is_not_hidden() -> None:
    """Hidden words that say what everybody sees leave no doubt; others do."""
    body = "<p>Order no: PO-4711</p><p>20 pcs AB-1001</p>"
    assert only(page(f'<div style="display:none">Order no: PO-4711</div>{body}')).warnings == ()
    assert "instruction" in doubts(only(page(f'<div style="display:none">Order no: PO-4712</div>{body}')))


@pytest.mark.parametrize(
    "words",
    ["Pos. 1 bitte mit 15 Stück liefern.", "Line 1: 15 pcs, not the quantity shown above.", "Position 2 only 3 pcs"],
)
def test_words_about_a_position_are_no_item(words: str) -> None:
    """What is said of a position that is there is for a person, and orders nothing more."""
    text = f"Order no: PO-4711\n\n- 20 pcs AB-1001 at 3.20 EUR\n- 5 pcs AB-2002 at 12.50 EUR\n\n{words}\n"
    order = only(mail(text, subject="Order"))
    assert (len(order.lines), bool(order.warnings)) == (2, True)


def test_a_day_asked_for_beside_the_days_of_the_items() -> None:
    """A sentence that asks for another day than the items have is doubted."""
    text = "Order no: PO-4711\n\n- 20 pcs AB-1001, delivery 19.11.2026\n\nWe need everything by 12.11.2026.\n"
    assert "contradiction" in doubts(only(mail(text, subject="Order")))


def test_a_working_day_of_a_week() -> None:
    """Monday of week 48 is a day; week 48 alone is none."""
    order = only(mail("Order no: PO-4711\n\n20 pcs AB-1001\n\nLieferung bitte bis Montag, KW 48.\n", subject="Order"))
    assert (order.requested_date, order.warnings) == (date(2026, 11, 23), ())


def test_a_forward_within_a_reply() -> None:
    """A forwarded order is found under a subject with several marks, and its sender on a line of its own."""
    text = (
        "please enter\n\n-------- Original Message --------\nFrom:     Anna Kern\n<anna@kern.example>\n"
        "Sent: 02.11.2026\nTo:       desk@works.example\nSubject:  Order PO-4711\n\n20 pcs AB-1001\n"
    )
    order = only(mail(text, subject="RE: FW: Order PO-4711", sender="Bo <bo@works.example>"))
    assert (order.buyer.email, order.po_number) == ("anna@kern.example", "PO-4711")


@pytest.mark.parametrize(
    "subject, text, kind",
    [
        ("Availability AB-1001", "Do you have 400 pcs of AB-1001 in stock?\n10 pcs AB-2002\n", "question"),
        ("Falschlieferung", "zu unserer Bestellung 4711 wurde ein anderer Artikel geliefert.", "complaint"),
    ],
)
def test_lists_that_order_nothing(subject: str, text: str, kind: str) -> None:
    """A question with quantities and a wrong delivery are what they are."""
    outcome = read(mail(text, subject=subject), "a.eml")
    assert isinstance(outcome, NotAnOrder)
    assert outcome.kind == kind
