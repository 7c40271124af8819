"""Where a mail's text ends and its signature begins, also without a word of closing."""

from __future__ import annotations

import pytest

from bridgehead.documents.mail.sections import divide

ADDRESS = ["Nordwerk Pumpen GmbH", "Hafenweg 96", "26954 Nordenham"]


def _divided(texts: list[str]) -> tuple[list[str], list[str]]:
    sections = divide(list(enumerate(texts, 1)))
    return [text for _, text in sections.own], [text for _, text in sections.signature]


@pytest.mark.parametrize("office", ["Einkauf", "i. A. Einkauf", "Buying Office", "Dział Zakupów", "Dpto. de Compras"])
@pytest.mark.parametrize("reached", ["Tel. +49 4731 555-0", "Phone +49 4731 555-0", "www.nordwerk.example"])
def test_a_buying_department_with_its_address_signs(office: str, reached: str) -> None:
    """A department, its address and how to reach it at the end are a signature, not a place of delivery."""
    own, signature = _divided(["Please find our order attached.", office, *ADDRESS, reached, ""])
    assert own == ["Please find our order attached."]
    assert signature[:-1] == [office, *ADDRESS, reached]


@pytest.mark.parametrize(
    "texts",
    [
        ["Deliver to:", *ADDRESS, "Tel. +49 4731 555-0"],
        ["Einkauf", *ADDRESS],
        ["Einkauf", "", *ADDRESS, "Tel. +49 4731 555-0"],
        ["Einkauf", "10 x AB-100", "Tel. +49 4731 555-0"],
        ["Einkauf", *ADDRESS, "Tel. +49 4731 555-0", "Please add 10 x AB-100"],
    ],
)
def test_an_address_that_may_be_a_place_of_delivery_stays_text(texts: list[str]) -> None:
    """Without department, place or telephone, or in two blocks, nothing is taken for a signature."""
    assert _divided(texts) == (texts, [])
