"""Addresses on pages: where one ends and the next begins."""

from __future__ import annotations

import pytest

from tests.unit.documents.pdf_pages import COLUMNS, FOOT, HEAD, ROWS, order, plain

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
