"""Which names of fields look personal."""

from __future__ import annotations

import pytest

from bridgehead.connectors.document_entity import FieldPart
from bridgehead.connectors.proving.personal import looks_personal


@pytest.mark.parametrize(
    "of, name",
    [
        ("customer", "name"), ("order", "contact.email"), ("invoice", "iban"),
        ("kunde", "name1"), ("kunden", "Ort"), ("kunde", "plz"), ("lieferant", "straße"), ("auftrag", "telefon_privat"),
        ("auftrag", "Ansprechpartner"), ("mitarbeiter", "geburtsdatum"), ("auftrag", "strasse"),
        ("client", "prénom"), ("client", "ville"), ("commande", "adresse"),
        ("cliente", "città"), ("ordine", "indirizzo"), ("cliente", "apellidos"), ("pedido", "teléfono"),
    ],
)  # fmt: skip
def test_names_about_people_are_known_in_five_languages(of: str, name: str) -> None:
    """A field that names, finds or reaches a person is seen, with umlauts and accents or without."""
    assert looks_personal(of, name, FieldPart())


@pytest.mark.parametrize(
    "of, name", [("item", "name"), ("artikel", "name"), ("lager", "ort"), ("order", "total"), ("kunde", "nummer")]
)
def test_names_about_things_are_left_alone(of: str, name: str) -> None:
    """A thing's name and place need no label."""
    assert not looks_personal(of, name, FieldPart())


def test_a_switch_says_nothing_of_a_person() -> None:
    """Yes and no, and one of few codes, need no label."""
    assert not looks_personal("customer", "email", FieldPart(type="boolean", true=("J",)))
