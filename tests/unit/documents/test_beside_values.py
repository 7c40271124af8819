"""What stands beside a labelled value is read, kept as a note or doubted; it is never lost."""

from __future__ import annotations

import pytest

from bridgehead.documents.dates import DayContext
from bridgehead.documents.draft import Draft
from bridgehead.documents.order import Source
from bridgehead.documents.order_fields import put_field
from bridgehead.documents.tables.cells import Ways
from tests.unit.documents.books import ROWS, book
from tests.unit.documents.samples import doubts, only

WAYS = Ways(None, DayContext("dmy", None), None)
VALUES = {
    "po_number": "PO-77123",
    "order_date": "2026-11-24",
    "requested_date": "18.12.2026",
    "currency": "EUR",
    "incoterms": "EXW",
    "payment_terms": "14 days net",
    "release": "R-17",
    "email": "buying@sample.example",
    "stated_total": "184.00",
    "stated_line_count": "3",
    "stated_quantity_total": "25",
    "ship_to": "Kai 5, 20457 Hamburg",
    "bill_to": "Nordwerk GmbH, Kai 5, 20457 Hamburg",
    "ship_to.name": "Nordwerk GmbH",
    "ship_to.street": "Kai 5",
    "customer_number": "K-1001",
    "customer_name": "Nordwerk GmbH",
    "buyer.vat": "DE123456789",
    "purpose": "new order",
}
SENTENCE = "Please deliver half of it first and the rest in January"


def put(name: str, value: str) -> Draft:
    draft = Draft(format="xlsx")
    put_field(draft, name, value, Source("document", 7, value), WAYS)
    return draft


@pytest.mark.parametrize("name", VALUES)
@pytest.mark.parametrize("mark", [". ", "; ", "! "])
def test_a_sentence_behind_a_value_is_kept(name: str, mark: str) -> None:
    """A sentence that follows the value of any field stays in the notes, and the value is as it is alone."""
    alone, both = put(name, VALUES[name]), put(name, f"{VALUES[name]}{mark}{SENTENCE}.")
    assert any("rest in January" in note for note in both.notes)
    for field in ("po_number", "order_date", "incoterms", "payment_terms", "currency", "stated_total", "release"):
        assert getattr(both, field) == getattr(alone, field)
    assert both.ship_to.values == alone.ship_to.values
    assert both.bill_to.values == alone.bill_to.values
    assert both.buyer.values == alone.buyer.values


def test_a_second_label_in_a_value_is_read() -> None:
    """A label and value that follow a value are read as what they are."""
    draft = put("payment_terms", "14 days net. Incoterms: DAP Kiel; Currency: EUR")
    assert (draft.payment_terms, draft.incoterms, draft.currency, draft.notes) == ("N14", "DAP", "EUR", [])


@pytest.mark.parametrize(
    "value", ["EXW please deliver only half until further notice", "DAP but send the rest to our other site"]
)
def test_words_beside_a_rule_are_doubted(value: str) -> None:
    """Words beside an Incoterms rule that are no place are kept and warned of."""
    draft = put("incoterms", value)
    assert draft.notes
    assert draft.warnings[0].startswith("ignored: ")


@pytest.mark.parametrize(
    "name, value",
    [
        ("incoterms", "DAP Hamburg, Kai 5, 20457 Hamburg (Incoterms 2020)"),
        ("incoterms", "FCA Frankfurt am Main Incoterms® 2010"),
        ("payment_terms", "30 Tage netto ab Rechnungsdatum"),
        ("payment_terms", "2% 10 days, net 30 days from date of invoice"),
        ("payment_terms", "30 jours fin de mois, date de facture"),
        ("ship_to", "St. Pauli Werft GmbH, Dr. Karl Weg 5, 20457 Hamburg"),
        ("ship_to.street", "Hafenstr. Ecke Kai 5"),
    ],
)
def test_terms_and_addresses_stay_whole(name: str, value: str) -> None:
    """The usual words of terms and addresses leave neither a note nor a warning."""
    draft = put(name, value)
    assert (draft.notes, draft.warnings) == ([], [])


@pytest.mark.parametrize("words", ["Please deliver 5 pcs first and the rest in January", "Delivery must be complete"])
def test_a_sentence_above_a_table_is_a_note(words: str) -> None:
    """What a sheet says above its table is kept, and doubted where it changes the order."""
    order = only(book(rows=[[words], [], *ROWS]))
    assert words in order.notes
    assert doubts(order) == {"contradiction"}
