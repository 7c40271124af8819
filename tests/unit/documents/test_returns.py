"""A return of goods is called one, also where it names itself a delivery note."""

from __future__ import annotations

from email.message import EmailMessage

import pytest

from bridgehead import ToReview
from bridgehead.documents.outcome import NotAnOrder
from bridgehead.documents.pdf.saying import pdf_says
from bridgehead.documents.pdf.titles import other_title
from bridgehead.documents.reading import read
from bridgehead.templates.purchase_orders.intake import read_arrival
from tests.unit.documents.pdf_pages import COLUMNS, HEAD, ROWS, Col, Pages, outcome, plain, table
from tests.unit.documents.samples import mail

TITLES = [
    "Delivery Note - Return Shipment",
    "Return note 4711",
    "Lieferschein - Rücksendung",
    "Lieferschein (Rücklieferung)",
    "Retourenschein",
    "Bon de livraison - retour",
    "Albarán de devolución",
    "Documento di trasporto - reso",
    "Pakbon - retourzending",
    "Dokument WZ - zwrot",
    "Följesedel - retur",
    "Guia de devolução",
]


@pytest.mark.parametrize("title", TITLES)
def test_a_return_is_told_from_a_delivery(title: str) -> None:
    """A note of goods that come back is a return, in ten languages; one of goods that go out stays a delivery note."""
    assert other_title(title) == "goods_return"


@pytest.mark.parametrize("title", ["Delivery Note", "Lieferschein", "Bon de livraison", "Pakbon"])
def test_a_delivery_stays_a_delivery(title: str) -> None:
    """A note that says nothing of a return is a delivery note."""
    assert other_title(title) == "delivery_note"


@pytest.mark.parametrize("words", ["Retouren an:", "Rücksendungen bitte an", "Return to:", "Returns policy"])
def test_where_returns_go_makes_no_order_a_return(words: str) -> None:
    """An order that says where returns go is an order."""
    document = plain(
        COLUMNS, ROWS, head=[*HEAD, words, "Ridge Builders LLC", "9 Mill Street"], foot=[("Total", "$1,070.50")]
    )
    assert not isinstance(outcome(document), NotAnOrder)


def returned() -> bytes:
    """Returns the paper that comes with goods that are sent back."""
    pages = Pages()
    pages.lines(60, 50, ["Kern GmbH", "Hafenweg 2", "57072 Siegen"])
    pages.text(60, 110, "Lieferschein - Rücksendung", 15, bold=True)
    pages.lines(60, 130, ["Unser Zeichen: 26-0228", "Datum: 2.11.2026", "Zu unserer Bestellung: PO-2943"])
    pages.text(60, 190, "Wir senden Ihnen die folgende Ware zurück.")
    columns = [
        Col("Nr.", 60),
        Col("Ihre Artikelnr.", 100),
        Col("Bezeichnung", 200),
        Col("Anzahl", 400, "r"),
        Col("ME", 410),
    ]
    table(
        pages, 220, columns, [["1", "BV25.PVC", "Kugelhahn", "6", "Stk"], ["2", "CG-M16", "Verschraubung", "50", "Stk"]]
    )
    return pages.done()


def test_what_a_pdf_says_that_orders_nothing() -> None:
    """Its heading, its own number and day, the order it is about, who sends it, and each line are told in sentences."""
    told = pdf_says(returned())
    assert told[:3] == [
        "It is headed “Lieferschein - Rücksendung”.",
        "Its own number is 26-0228, dated 2026-11-02.",
        "It is about purchase order PO-2943.",
    ]
    assert "It comes from “Kern GmbH”." in told
    assert "Lines: 1: 6 STK of BV25.PVC (Kugelhahn); 2: 50 STK of CG-M16 (Verschraubung)." in told
    assert any("Wir senden Ihnen die folgende Ware zurück." in one for one in told)


def test_a_person_sees_what_an_attached_pdf_says() -> None:
    """The review of a mail that orders nothing tells its PDF; one that is broken is left out, and nothing is raised."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = (
        "a@kern.example",
        "orders@works.example",
        "Rücklieferung PO-2943",
    )
    message.set_content("anbei der Lieferschein zu den Teilen, die zurückkommen.")
    message.add_attachment(returned(), maintype="application", subtype="pdf", filename="PO-2943.pdf")
    message.add_attachment(returned()[:300], maintype="application", subtype="pdf", filename="cut.pdf")
    found = read_arrival(message.as_bytes(), "a.eml")
    assert isinstance(found, ToReview)
    assert (found.role, found.details["kind"]) == ("logistics", "goods_return")
    said = found.details["says"]
    assert isinstance(said, list)
    assert said[0] == "Attachment PO-2943.pdf: It is headed “Lieferschein - Rücksendung”."
    assert not any("cut.pdf" in str(one) for one in said)


def test_a_mail_with_a_return_note_is_a_return() -> None:
    """Subject, words and file agree: goods come back, whatever the file is called."""
    pages = Pages()
    pages.text(60, 60, "Lieferschein - Rücksendung", 15, bold=True)
    columns = [Col("Nr.", 60), Col("Artikelnr.", 100), Col("Anzahl", 300, "r")]
    table(pages, 120, columns, [["1", "BV25.PVC", "6"]])
    found = outcome(pages.done())
    assert isinstance(found, NotAnOrder)
    assert found.kind == "goods_return"
    for subject in ("Rücklieferung zu Bestellung PO-2943", "Reso ordine 4711", "Return shipment PO 4711"):
        told = read(
            mail("anbei der Lieferschein zu den Teilen, die unsere Spedition zurückbringt.", subject=subject), "a.eml"
        )
        assert isinstance(told, NotAnOrder)
        assert told.kind == "goods_return"
