"""What stands around an order's items is no item and no doubt: counts below a table, telephones, opening hours."""

from __future__ import annotations

import pytest

from bridgehead.documents.order import Order
from bridgehead.documents.outcome import Orders
from bridgehead.documents.reading import read
from bridgehead.documents.vigilance import deviation_in
from tests.unit.documents.samples import TEXT, mail

LIST = """Bonjour,

Nous vous passons commande de :

NUM_CDE    PO-4711
DATE_LIV   20 novembre 2026

LIGNE REF_FRN    QTE       UNITE  PU_HT BASE_PRIX
----- ---------- --------- ------ ----- ---------
   10 AB-1001      150,000 pcs    69,32       100
   20 AB-2002    6 000,000 pcs    11,97       100

{footer}
"""


def order(text: str) -> Order:
    """Returns the one order of a mail."""
    found = read(mail(text), "order.eml")
    assert isinstance(found, Orders), found
    (only,) = found.orders
    return only


@pytest.mark.parametrize("footer", ["Nombre de lignes  2", "Number of lines  2", "Anzahl Positionen: 2"])
def test_a_count_below_a_table_is_no_item(footer: str) -> None:
    """The line that counts the items is none of them, and does not make their quantities doubtful."""
    found = order(LIST.format(footer=footer))
    assert [(line.supplier_part, int(line.quantity)) for line in found.lines] == [
        ("AB-1001", 150),
        ("AB-2002", 6000),
    ]
    assert found.stated_line_count in {2, None}
    assert found.warnings == ()


def test_a_count_that_is_wrong_is_still_held_against_the_lines() -> None:
    """A count is read as one, so that an order with a line too few is noticed."""
    assert order(LIST.format(footer="Nombre de lignes  3")).stated_line_count == 3


@pytest.mark.parametrize(
    "text, deviates",
    [
        ("Téléphone +33 391 70771-14", False),
        ("Telephone: 0207 946 0018", False),
        ("Telefono n. 055 123456", False),
        ("prix convenu par téléphone", True),
        ("As agreed on the telephone, 20 of the other ones", True),
        ("telefono: come d'accordo", True),
    ],
)
def test_a_telephone_number_contradicts_nothing(text: str, *, deviates: bool) -> None:
    """A telephone with its number is a letterhead's; what was said by telephone is for a person."""
    assert (deviation_in(text) is not None) is deviates


@pytest.mark.parametrize(
    "said, doubted",
    [("Goederenontvangst ma t/m do 7.30-15.30 uur.", False), ("Goederenontvangst ma t/m do 7.30", True)],
)
def test_opening_hours_are_no_figure_of_the_order(said: str, *, doubted: bool) -> None:
    """The hours of a goods-in leave nothing to be asked; a figure that is none still does."""
    warnings = order(TEXT.replace("Lieferadresse:", f"{said}\n\nLieferadresse:")).warnings
    assert any("no field holds" in warning for warning in warnings) is doubted
