"""Fields of mails whose labels, units, places and part numbers are easily taken for something else."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from bridgehead.documents.confidence import sure
from bridgehead.documents.order import Order
from bridgehead.documents.outcome import Orders, Unreadable
from bridgehead.documents.reading import read


def _orders(body: str, subject: str) -> tuple[Order, ...]:
    head = (
        "From: Buyer <buyer@harbour.example.com>\nTo: orders@seller.example.com\n"
        f"Date: Mon, 02 Nov 2026 09:00:00 +0100\nSubject: {subject}\nMIME-Version: 1.0\n"
        "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n"
    )
    outcome = read((head + body).encode(), "order.eml")
    assert isinstance(outcome, Orders)
    return outcome.orders


def _order(body: str, subject: str = "Purchase order PO-8810") -> Order:
    (order,) = _orders(body, subject)
    return order


def test_an_item_number_that_counts_is_no_part_number() -> None:
    """``Item no: 1`` before a part number of its own is the position, in whatever order the numbers stand."""
    order = _order(
        "We order:\n\nItem No: 1\nSupplier item: KV-2210\nOur part: W40012\nQuantity: 8\nUnit: PCS\nPrice: EUR 4.10\n\n"
        "Item No: 2\nOur part: W40013\nSupplier item: KV-2214\nQuantity: 7\nUnit: PCS\nPrice: EUR 4.60\n"
    )

    assert [(one.number, one.supplier_part, one.customer_part) for one in order.lines] == [
        (1, "KV-2210", "W40012"),
        (2, "KV-2214", "W40013"),
    ]
    assert sure(order)


def test_two_part_numbers_under_the_same_name_are_doubted() -> None:
    """Of two different numbers that both claim to be the part number, none is passed over silently."""
    order = _order("We order:\n\nItem: KV-2210\nPart no: MM-7781\nQty: 5 pcs\n")

    assert any(one.startswith("uncertain: KV-2210 is also called MM-7781") for one in order.warnings)


def test_a_unit_of_its_own_wins_over_the_one_in_a_heading() -> None:
    """``Unidades: 35`` counts metres when the unit has a line that says so."""
    order = _order(
        "Nuestro pedido: PO-8810\n\nReferencia proveedor: KV-2210\nUnidades: 35\nUd.: mts\nPrecio neto: 4,10 EUR\n\n"
        "Referencia proveedor: KV-2214\nUnidades: 12\nPrecio neto: 4,60 EUR\n",
        "Nuevo pedido PO-8810",
    )

    assert [(one.quantity, one.unit) for one in order.lines] == [(Decimal(35), "MTS"), (Decimal(12), "UNIDADES")]


def test_an_address_in_two_columns_without_colons_is_the_place() -> None:
    """Lines such as ``LIEFPLZ  93047`` are the parts of the place of delivery."""
    order = _order(
        "Unsere Bestellung PO-8810:\n\n5 Stk KV-2210\n\nLIEFNAME     Weber Pumpen GmbH\nLIEFSTR      Hafenstr. 4\n"
        "LIEFPLZ      93047\nLIEFORT      Regensburg\n",
        "Bestellung PO-8810",
    )

    place = order.ship_to
    assert place is not None
    assert (place.name, place.street, place.postal_code, place.city) == (
        "Weber Pumpen GmbH",
        "Hafenstr. 4",
        "93047",
        "Regensburg",
    )


def test_an_address_below_the_word_for_who_receives_is_the_place() -> None:
    """A heading that names the consignee opens an address, in lists with dashes too."""
    order = _order(
        "Wir bestellen:\n\n5 Stk KV-2210\n\n### Warenempfänger\n- Weber Pumpen GmbH\n- Hafenstr. 4\n"
        "- 93047 Regensburg\n",
        "Bestellung PO-8810",
    )

    assert order.ship_to is not None
    assert (order.ship_to.name, order.ship_to.city) == ("Weber Pumpen GmbH", "Regensburg")


def test_an_address_beside_one_of_another_heading_is_the_place() -> None:
    """Of two addresses side by side the one below the delivery heading is taken, whatever heads the other."""
    order = _order(
        "We order:\n\nOur accounts:                Consignee:\nWeber Pumps Ltd              Weber Pumps Ltd\n"
        "1 Harbour Road               9 Quay Street\nHull HU1 2AB                 Leeds LS1 4DY\n\n5 pcs KV-2210\n"
    )

    assert order.ship_to is not None
    assert (order.ship_to.street, order.ship_to.postal_code) == ("9 Quay Street", "LS1 4DY")


def test_a_part_number_that_ends_like_a_word_for_price_has_none_in_it() -> None:
    """``4001-EP2`` is one part number, not ``4001`` at two."""
    (line,) = _order("We order:\n\n12 pcs 4001-EP2.\n").lines

    assert (line.supplier_part, line.price) == ("4001-EP2", None)


def test_a_part_number_in_groups_keeps_all_of_them() -> None:
    """``532 271 72`` is one number before a word with a hyphen, and before the other side's in brackets."""
    listed = _order("We order:\n\n20    1.000 pcs    532 271 72    O-ring 40x3 E70    à 1,51\n")
    table = _order(
        "Pos.\tDescrizione articolo\tQ.tà\tPrezzo\n10\t253 316 49 (Vs. art. OR10-N7) – O-ring\t325 nr.\t1,48 EUR\n",
        "Ordine PO-8810",
    )

    assert [one.supplier_part for one in listed.lines] == ["532 271 72"]
    assert [(one.customer_part, one.supplier_part) for one in table.lines] == [("253 316 49", "OR10-N7")]


def test_a_day_for_all_in_the_line_of_the_items_is_that_of_all() -> None:
    """A sentence behind several items that gives a day for all of them gives it to the order."""
    order = _order("Please send us 9 pcs KV-2210 and 6 pcs KV-2214. We need all of it by 19.11.2026.\n")

    assert {one.requested_date or order.requested_date for one in order.lines} == {date(2026, 11, 19)}


def test_a_number_of_nobody_beside_the_suppliers_is_the_customers() -> None:
    """Of ``Kod towaru`` and ``Kod dostawcy`` the second is ours and the first the sender's, in either order."""
    order = _order(
        "Zamówienie PO-8810:\n\nPozycja: 10\nKod towaru: W40012\nKod dostawcy: KV-2210\nIlość: 6\n\n"
        "Kod dostawcy: KV-2214\nKod towaru: W40013\nIlość: 7\n",
        "Zamówienie PO-8810",
    )

    assert [(one.customer_part, one.supplier_part) for one in order.lines] == [
        ("W40012", "KV-2210"),
        ("W40013", "KV-2214"),
    ]


def test_a_column_of_part_numbers_may_hold_both_sides() -> None:
    """A cell with a part number and the other side's number in brackets is read as two numbers."""
    order = _order("We order:\n\nPos.  Our part no.             Qty\n10    W40012 (your no. KV-2210)  9 pcs\n")

    assert [(one.customer_part, one.supplier_part) for one in order.lines] == [("W40012", "KV-2210")]


def test_a_day_broken_over_two_lines_is_a_day() -> None:
    """A mail program may break a line between the day of a month and the month's name."""
    order = _order(
        "Could you send us 14 ea KV-2210 at GBP 20.88 each (needed Tuesday 17\nNovember 2026)? Thank you very much.\n"
    )

    assert {one.requested_date or order.requested_date for one in order.lines} == {date(2026, 11, 17)}


def test_a_mark_within_a_line_is_no_heading() -> None:
    """``PO # 8810`` keeps its mark: the number is ``8810``."""
    assert _order("50 * KV-2210 @ 4.63 GBP\n\nPO # 4500002069\n", "Order").po_number == "4500002069"


def test_a_table_without_quantities_is_doubted() -> None:
    """Where a table says positions, parts and days only, no position is booked as a quantity without a doubt."""
    order = _order(
        "We change our order PO-8810:\n\nPos.  Your part no.  Old date  New date\n"
        "2     KV-2210        -         28 November 2026\n",
        "Change of order PO-8810",
    )

    assert not sure(order)


def test_an_address_that_no_field_holds_is_doubted() -> None:
    """The lines of an address in an order without a place of delivery are for a person to look at."""
    order = _order("We order:\n\n5 pcs KV-2210\n\nPlease go to\nWeber GmbH\nHafenstr. 4\n93047 Regensburg\n")

    assert any("may name a place of delivery" in one for one in order.warnings)


def test_a_part_without_the_line_that_ends_its_headers_is_refused() -> None:
    """Text that stands among the headers of its part is not lost silently."""
    document = (
        b"From: buyer@harbour.example.com\nTo: orders@seller.example.com\nSubject: Order PO-8810\nMIME-Version: 1.0\n"
        b'Content-Type: multipart/mixed; boundary="cut"\n\n--cut\nContent-Type: text/plain\n\nWe order PO-8810:\n\n'
        b"5 pcs KV-2210\n--cut\nContent-Type: text/plain\nand also 12 pcs KV-2214\n\nThanks\n--cut--\n"
    )

    outcome = read(document, "order.eml")

    assert isinstance(outcome, Unreadable)
    assert outcome.code == "mail.header"


def test_an_address_broken_before_its_words_or_its_state_is_whole() -> None:
    """A mail program may break a line within the words that lead to an address, or before a state and its code."""
    french = _order(
        "Commande n° PO-8810. Nous avons besoin de 10 pcs KV-2210, 2 pcs KV-2214\n"
        "et 3 pcs KV-2216 pour le 24 novembre 2026. Merci de livrer le tout à\n"
        "l'adresse suivante : Pompes Sud SARL, 42 rue des Ateliers, 69003 Lyon.\n",
        "Nouvelle commande PO-8810",
    )
    american = _order(
        "Could you put 15 pcs KV-2210 at 0.52 through? Please deliver\n"
        "to Prairie Tools LLC, 6100 Industrial Pkwy, Greenville,\nSC 29607. Thank you for your help with this.\n"
    )

    assert french.ship_to is not None
    assert (french.ship_to.name, french.ship_to.city) == ("Pompes Sud SARL", "Lyon")
    assert american.ship_to is not None
    assert (american.ship_to.street, american.ship_to.postal_code) == ("6100 Industrial Pkwy", "29607")


def test_a_part_that_lost_the_line_before_it_is_not_swallowed() -> None:
    """A message whose parts are not divided any more is refused: an order in it would be lost unseen."""
    whole = (
        b"From: a@example.com\r\nTo: b@example.com\r\nSubject: Order PO-1\r\nMIME-Version: 1.0\r\n"
        b'Content-Type: multipart/mixed; boundary="=_1"\r\n\r\n--=_1\r\nContent-Type: text/plain\r\n\r\n'
        b"Please find our orders attached.\r\n\r\n--=_1\r\nContent-Type: text/csv; name=a.csv\r\n"
        b"Content-Disposition: attachment; filename=a.csv\r\n\r\nPO number,Part,Quantity\r\nPO-1,AB-100,5\r\n\r\n"
        b"--=_1--\r\n"
    )
    assert isinstance(read(whole, "mail"), Orders)
    torn = read(whole.replace(b"\r\n--=_1\r\nContent-Type: text/csv", b"\r\nContent-Type: text/csv"), "mail")
    assert isinstance(torn, Unreadable), torn
    assert torn.code == "mail.boundary"


def test_a_day_without_separators_behind_its_word_is_the_items() -> None:
    """``Leveransdatum: 261116`` at the end of an item is its day, and no word of its description."""
    order = _order("We order:\n\n1  Pump housing Art.nr: KV-2210 Antal: 4 st Á-pris: 18,00 Leveransdatum: 261116\n")

    assert [(one.supplier_part, one.quantity, one.requested_date) for one in order.lines] == [
        ("KV-2210", Decimal(4), date(2026, 11, 16))
    ]
    assert "Leveransdatum" not in (order.lines[0].description or "")


def test_a_size_in_a_description_is_no_quantity() -> None:
    """Millimetres within a sentence size an item; one whose quantity is that of several items together is doubted."""
    order = _order(
        "We need 25 pcs each of KV-2210 (gland) and 2201390 (switch M12 4 mm NO) and 9 pcs KV-2214 (valve).\n"
    )

    assert not any(one.quantity == 4 for one in order.lines)
    assert not sure(order)


def test_a_thousand_with_a_blank_before_a_times_sign_is_read_and_doubted() -> None:
    """``1 472 x`` is a thousand and more, or 472 on the first line, and never a single one."""
    order = _order("We order:\n\n7 boxes KV-2210\n1 472 x 36.145.04\n")

    assert [(one.supplier_part, one.quantity) for one in order.lines][1:] == [("36.145.04", Decimal(1472))]
    assert any("can be read two ways" in one for one in order.warnings)


def test_the_word_for_a_part_number_in_its_cell_is_no_part_of_it() -> None:
    """``Artikelnr.: KV-2210`` under a heading for part numbers is the number alone."""
    order = _order("We order:\n\nPos | Our part no. | Quantity\n1 | W40012 | 8 pcs\n2 | Artikelnr.: KV-2210 | 7 pcs\n")

    assert [one.supplier_part or one.customer_part for one in order.lines] == ["W40012", "KV-2210"]


def test_a_place_behind_a_comma_in_a_shorter_line_is_read() -> None:
    """Where a mail program breaks a line before a long street, the place of delivery is whole."""
    order = _order(
        "Hello, we would like 1 pcs KV-2210 and also 40 pcs of KV-2214\n"
        "please. Our customer number is 10153 as ever. Please\n"
        "deliver to Harbour Pumps Limited Liverpool,\nOtto-Hahn-Strasse 37, 23552 Luebeck.\n"
    )

    assert order.ship_to is not None
    assert (order.ship_to.street, order.ship_to.postal_code) == ("Otto-Hahn-Strasse 37", "23552")


def test_an_address_left_in_a_note_is_doubted() -> None:
    """A street with its town on one line, which no field holds, is told to a person."""
    order = _order("We order:\n\n10 pcs KV-2210\n\nGoods this time for\nHafenweg 96, 26954 Nordenham\n")

    assert order.ship_to is not None or any("place of delivery" in one for one in order.warnings)
    assert not sure(order) or order.ship_to is not None


def test_words_under_a_heading_for_part_numbers_describe_an_item() -> None:
    """A description never stands for a part number, also where an item without one has it in that column."""
    order = _order(
        "We order:\n\nPos | Part no. | Qty\n1 | KV-2210 | 8 pcs\n2 | Proximity switch M12 8 mm NPN | 6 pcs\n"
    )

    assert [(one.supplier_part, one.description) for one in order.lines] == [
        ("KV-2210", None),
        (None, "Proximity switch M12 8 mm NPN"),
    ]
