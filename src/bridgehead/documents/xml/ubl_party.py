"""Reads the parties and addresses of UBL 2 (common aggregate components Party and Address)."""

from __future__ import annotations

from typing import Final

from bridgehead.documents.draft import DraftParty
from bridgehead.documents.terms import country_of
from bridgehead.documents.xml.fields import Fields
from bridgehead.documents.xml.tree import Node

_VAT: Final = frozenset({"VAT", "63", "MOMS", "MVA", "TVA", "IVA", "BTW", "UST"})
_STREET: Final = ("AdditionalStreetName", "Postbox", "BuildingName", "Floor", "Room", "Department", "InhouseMail")


def put_party(fields: Fields, party: DraftParty, node: Node) -> None:
    """Fills ``party`` from a Party; what it states twice is taken once."""
    legal = node.child("PartyLegalEntity")
    fields.put(party, "name", node.find("PartyName/Name"))
    if legal is not None:
        fields.put(party, "name", legal.child("RegistrationName"))
    for one in node.all("PartyTaxScheme"):
        _tax(fields, party, one)
    for one in node.all("PartyIdentification"):
        number = one.child("ID")
        if number is not None:
            fields.identify(party, scheme_of(number), number)
    endpoint = node.child("EndpointID")
    if endpoint is not None:
        _endpoint(fields, party, endpoint)
    for one in node.all("PartyLegalEntity"):
        company = one.child("CompanyID")
        if company is not None and company.take():
            fields.identify(party, scheme_of(company) or "legal", company)
        one.skip()
    put_address(fields, party, node.child("PostalAddress"))
    contact = node.child("Contact")
    if contact is not None:
        fields.put(party, "contact", contact.child("Name"))
        fields.put(party, "phone", contact.child("Telephone"))
        mail = contact.child("ElectronicMail")
        if mail is not None:
            fields.put(party, "email", mail, mail.take().lower())
        number = contact.child("ID")
        if number is not None and number.take():
            fields.put(party, "contact", number)
            party.identify("contact", number.take(), fields.source(number))
        for text in contact.all("Note"):
            fields.note(text)
    _person(fields, party, node)
    for name in ("Language", "PhysicalLocation", "MarkCareIndicator", "MarkAttentionIndicator"):
        for one in node.all(name):
            one.skip()


def scheme_of(node: Node) -> str:
    """The scheme of an identifier; agency 9 is GS1 (UN/EDIFACT 3055)."""
    scheme = node.attributes.get("schemeID", "").strip()
    if not scheme and node.attributes.get("schemeAgencyID") == "9":
        return "GLN"
    return scheme


def _endpoint(fields: Fields, party: DraftParty, node: Node) -> None:
    scheme = scheme_of(node)
    if scheme:
        fields.identify(party, scheme, node)
    elif node.take():
        party.identify("endpoint", node.take(), fields.source(node))


def _tax(fields: Fields, party: DraftParty, node: Node) -> None:
    company, scheme = node.child("CompanyID"), node.child("TaxScheme")
    words = set()
    if scheme is not None:
        words = {scheme.value(name).upper() for name in ("ID", "TaxTypeCode", "Name")}
    if company is not None and company.take():
        if words & _VAT or not words - {""}:
            fields.put(party, "vat", company)
        else:
            party.identify("tax", company.take(), fields.source(company))
    name = node.child("RegistrationName")
    if name is not None and "name" not in party.values:
        fields.put(party, "name", name)
    node.skip()


def _person(fields: Fields, party: DraftParty, node: Node) -> None:
    for person in node.all("Person"):
        names = [person.value(name) for name in ("FirstName", "MiddleName", "FamilyName")]
        whole = " ".join(one for one in names if one)
        if whole:
            fields.put(party, "contact", person, whole)
        fields.put(party, "phone", person.find("Contact/Telephone"))
        fields.put(party, "email", person.find("Contact/ElectronicMail"))
        person.skip()


def put_address(fields: Fields, party: DraftParty, node: Node | None) -> None:
    """Fills the address of ``party``; the street is what leads to the door, in one line."""
    if node is None:
        return
    number = node.child("ID")
    if number is not None and number.take() and scheme_of(number).upper() in {"GLN", "0088"}:
        fields.identify(party, "GLN", number)
    elif number is not None and number.take():
        party.identify("address", number.take(), fields.source(number))
    street, house = node.value("StreetName"), node.value("BuildingNumber")
    pieces = [" ".join(one for one in (street, house) if one)]
    pieces += [node.value(name) for name in _STREET]
    pieces += [line.take() for one in node.all("AddressLine") for line in one.all("Line")]
    found = ", ".join(dict.fromkeys(one for one in pieces if one))
    if found:
        fields.put(party, "street", node.child("StreetName") or node, found)
    fields.put(party, "city", node.child("CityName"))
    fields.put(party, "region", node.child("CountrySubentity"))
    node.value("CitySubdivisionName")
    fields.put(party, "postal_code", node.child("PostalZone"))
    country = node.child("Country")
    if country is not None:
        code, name = country.child("IdentificationCode"), country.child("Name")
        if code is not None and code.take():
            fields.put(party, "country", code, code.take().upper())
        elif name is not None and name.take():
            fields.put(party, "country", name, country_of(name.take()) or name.take())
        country.skip()
    attention = node.child("MarkAttention") or node.child("MarkCare")
    if attention is not None and attention.take():
        fields.put(party, "contact", attention)
