"""Tells by its name whether a field is about a person: in English, German, French, Italian and Spanish."""

from __future__ import annotations

import unicodedata
from typing import Final

from bridgehead.connectors.document_entity import FieldPart


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_ANYWHERE: Final = _words(
    """
    mail email emails phone phones mobile fax street address contact birth birthday birthdate iban salutation surname
    firstname lastname passport salary
    strasse str hausnummer anschrift adresse mailadresse telefon tel handy mobil telefax ansprechpartner kontakt anrede
    vorname nachname familienname geburtstag geburtsdatum geburtsort gehalt ausweis kontonummer
    rue telephone portable courriel prenom naissance civilite salaire
    via indirizzo telefono cellulare cognome nascita stipendio
    calle direccion correo movil apellido apellidos nacimiento salario
    """
)
"""Words that make a field personal wherever they stand in its name."""

_WHOLE: Final = frozenset({"first_name", "last_name", "full_name", "contact_name", "customer_name", "person_name"})
_OF_PEOPLE: Final = _words(
    """
    name name1 name2 names city town postcode postal_code zip zip_code
    ort wohnort stadt plz postleitzahl
    nom ville code_postal cp
    nome citta cap
    nombre ciudad codigo_postal
    """
)
"""Names that say something of a person in a record that is about people, and of a thing elsewhere."""

_PEOPLE: Final = _words(
    """
    customer contact person employee user partner party supplier
    kunde kunden lieferant lieferanten mitarbeiter benutzer geschaeftspartner personen
    client personne employe fournisseur contatto cliente persona dipendente fornitore empleado proveedor contacto
    """
)
_NO_PERSON: Final = frozenset({"boolean", "enum"})
_UMLAUTS: Final = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})


def looks_personal(of: str, name: str, part: FieldPart) -> bool:
    """Tells whether a field (its dotted name) of an entity is about a person; ``label: public`` says that it is not."""
    own = _plain(name.rpartition(".")[2])
    if part.type in _NO_PERSON:
        return False
    entity = _plain(of)
    whose = bool({entity, entity.removesuffix("s"), entity.removesuffix("e")} & _PEOPLE) and "." not in name
    return bool(_ANYWHERE & set(own.split("_"))) or own in _WHOLE or (own in _OF_PEOPLE and whose)


def _plain(text: str) -> str:
    """Returns a name in small letters without accents; German umlauts as two letters."""
    spelt = unicodedata.normalize("NFKD", text.lower().translate(_UMLAUTS))
    return "".join(one for one in spelt if not unicodedata.combining(one))
