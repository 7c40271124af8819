"""Addresses on pages: where one ends and the next begins."""

from __future__ import annotations

import pytest

from bridgehead.documents.order import Party
from tests.unit.documents.pdf_pages import COLUMNS, FOOT, HEAD, ROWS, Pages, order, plain, table

PLACE = ["Ship to:", "Ridge Builders LLC", "14 Depot Road", "Waco, TX 76701"]
OTHER = ["Ridge Builders LLC", "9 Mill Street", "Dallas, TX 75201"]


@pytest.mark.parametrize("label", [["Requested through"], ["Firm: Fastener World"], []])
@pytest.mark.parametrize("between", [[], ["United States"], ["Phone +1 254 555 0144"]])
def test_an_address_below_another_is_not_read_into_it(label: list[str], between: list[str]) -> None:
    """What stands below an address and holds another place never changes where the goods go."""
    place = order(plain(COLUMNS, ROWS, head=[*HEAD[3:], *PLACE, *between, *label, *OTHER], foot=FOOT)).ship_to
    assert place is not None
    assert (place.name, place.street, place.city, place.postal_code) == (
        "Ridge Builders LLC",
        "14 Depot Road",
        "Waco",
        "76701",
    )


def test_what_reaches_the_place_below_it_is_still_its_own() -> None:
    """A telephone number below the place belongs to the address, the one below the next address does not."""
    head = [*HEAD[3:], *PLACE, "Phone +1 254 555 0144", *OTHER, "Phone +1 214 555 0100"]
    place = order(plain(COLUMNS, ROWS, head=head, foot=FOOT)).ship_to
    assert place is not None
    assert place.phone == "+1 254 555 0144"


def test_a_letterhead_that_ends_at_the_right_edge_names_who_orders() -> None:
    """Lines that end at one edge belong together: the street below a large name is never taken for the name."""
    pages = Pages()
    pages.text(540, 50, "Ridge Builders LLC", 18, bold=True, align="r")
    # The street and the place begin near one another by chance, and far from where the name begins.
    for y, text in ((66.0, "200 Oak Avenue S"), (77.0, "Austin, TX 78701"), (88.0, "Phone +1 512 555 0100")):
        pages.text(540, y, text, 8, align="r")
    below = table(pages, pages.lines(60, 130, ["Purchase Order No: PO-10233", "Date: 11/20/2026"]) + 20, COLUMNS, ROWS)
    pages.text(540, below + 13, "Total $1,070.50", align="r")
    buyer = order(pages.done()).buyer
    assert (buyer.name, buyer.street, buyer.city) == ("Ridge Builders LLC", "200 Oak Avenue S", "Austin")


CLERKS = [
    "Bearbeiter", "Zuständig", "Handled by", "Placed by", "Gestionnaire", "Dossier suivi par", "Gestor", "Referente",
    "Behandelaar", "Behandeld door", "Handläggare", "Referent", "Sagsbehandler", "Saksbehandler",
]  # fmt: skip


def handled(*first: str) -> Party:
    """Returns who orders where lines stand above the address of who orders."""
    pages = Pages()
    pages.text(60, 50, "PURCHASE ORDER", 14, bold=True)
    pages.lines(60, 80, [*first, "Ridge Builders LLC", "200 Oak Avenue S", "Austin, TX 78701"])
    pages.lines(330, 80, ["Vendor", "Nail Works Inc.", "5 Forge Road", "Tulsa, OK 74103"])
    below = table(pages, pages.lines(60, 170, ["Purchase Order No: PO-10233", "Date: 11/20/2026"]) + 20, COLUMNS, ROWS)
    pages.text(540, below + 13, "Total $1,070.50", align="r")
    return order(pages.done()).buyer


@pytest.mark.parametrize("clerk", [*CLERKS, "Sachbearbeiterin", "Ansprechpartner"])
def test_a_word_for_the_clerk_names_nobody(clerk: str) -> None:
    """Above the address of who orders, it is neither the name nor a line of it."""
    buyer = handled(clerk)
    assert (buyer.name, buyer.street, buyer.city) == ("Ridge Builders LLC", "200 Oak Avenue S", "Austin")
    assert buyer.contact is None


@pytest.mark.parametrize("clerk", CLERKS)
def test_a_clerk_above_the_company_is_whom_to_ask(clerk: str) -> None:
    """A person between such a word and the company is the contact, and the company orders."""
    buyer = handled(clerk, "Anna Kern")
    assert (buyer.name, buyer.contact) == ("Ridge Builders LLC", "Anna Kern")
