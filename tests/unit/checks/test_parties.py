from __future__ import annotations

from dataclasses import replace

import pytest

from bridgehead.documents.order import Party, Source
from bridgehead.templates.purchase_orders.checks.parties import identify, place
from bridgehead.templates.purchase_orders.erp.wire import Address
from tests.unit.checks.ground import CUSTOMER, HARBOUR, STATION, order

OTHER = replace(CUSTOMER, number="C200", name="Northfield Supply")


@pytest.mark.parametrize(
    "first, second, expected",
    [
        (("number",), (), "C100"),
        (("name",), (), "C100"),
        (("email_domain",), ("email_domain",), None),
        (("email_domain", "name"), ("email_domain",), "C100"),
        (("number",), ("email",), None),
        (("number",), ("name",), None),
        (("duns", "name"), ("name",), "C100"),
        (("gln", "email"), ("email_domain",), None),
    ],
)
def test_only_names_that_agree_decide(first: tuple[str, ...], second: tuple[str, ...], expected: str | None) -> None:
    """A customer is taken when every name that leads anywhere leads to it alone; contradictions decide nothing."""
    found = [replace(CUSTOMER, matched_by=first), replace(OTHER, matched_by=second)]
    customer, reason = identify(order(format="csv"), [one for one in found if one.matched_by])
    assert (None if customer is None else customer.number) == expected
    assert (reason == "") is (expected is not None)


def test_nobody_found_is_said() -> None:
    """A sender whom no name leads to is not known."""
    customer, reason = identify(order(), [])
    assert customer is None
    assert reason.startswith("No customer on file matches the sender (Rheinwerk Müller GmbH); a number, GLN")


@pytest.mark.parametrize("form", ["email", "pdf", "xlsx"])
@pytest.mark.parametrize("matched, known", [(("name",), False), (("name", "email_domain"), True), (("number",), True)])
def test_a_name_in_a_mail_proves_nothing(form: str, matched: tuple[str, ...], *, known: bool) -> None:
    """A mail that only claims a customer's name is not taken for it; a document that came by a known way is."""
    customer, _ = identify(order(format=form), [replace(CUSTOMER, matched_by=matched)])
    assert (customer is not None) is known
    assert identify(order(format="x12"), [replace(CUSTOMER, matched_by=matched)])[0] is not None
    mailed = order(format="x12", buyer=Party(name="Anybody", email="anybody@example.org"))
    assert (identify(mailed, [replace(CUSTOMER, matched_by=matched)])[0] is not None) is known


@pytest.mark.parametrize(
    "stated, expected",
    [
        (Party(street="Hafenstrasse 5", city="Köln", postal_code="50667"), HARBOUR),
        (Party(street="HAFENSTR. 5", city="KOELN", postal_code="50667", country="DE"), HARBOUR),
        (Party(street="Hafenstraße 5", city="Koln", postal_code="50667"), HARBOUR),
        (Party(street="Hafenstraße 5"), HARBOUR),
        (Party(gln="4000001000012"), HARBOUR),
        (Party(number="s2"), STATION),
        (Party(name="Werk Süd"), STATION),
        (Party(name="Werk Sued", city="Düren"), STATION),
        (Party(number="77", street="Am Bahnhof 12", postal_code="52349"), STATION),
        (Party(street="Hafenstraße 7", city="Köln", postal_code="50667"), None),
        (Party(gln="4000001000012", city="Bonn"), None),
        (Party(number="S2", street="Hafenstraße 5"), None),
        (Party(name="Neues Lager"), None),
        (Party(city="Köln"), None),
        (Party(), None),
        (None, None),
    ],
)
def test_ship_tos_are_found_by_agreeing_parts(stated: Party | None, expected: object) -> None:
    """Spelling does not matter, parts left out do not matter, and a part that contradicts does."""
    assert place(CUSTOMER, stated) == expected


@pytest.mark.parametrize(
    "name, street, found",
    [
        ("Kißling", "Tor 1 → Wareneingang, Bahnhofstr. 1", True),
        ("Kißling, Tor 1", "Wareneingang Bahnhofstraße 1", True),
        ("Kissling, Tor 1 → Wareneingang", "Bahnhofstraße 1", True),
        ("Kißling", "Tor 2 → Wareneingang, Bahnhofstraße 1", False),
        ("Kißling", "Wareneingang, Bahnhofstraße 1", False),
    ],
)
def test_a_comma_in_a_name_does_not_hide_the_address(name: str, street: str, *, found: bool) -> None:
    """Name and street that agree as one text are the address, wherever a reader took the name to end."""
    gate = Address("S4", "Kißling, Tor 1 → Wareneingang", "Bahnhofstraße 1", "München", "80331", "DE")
    other = replace(gate, id="S5", name="Kißling, Tor 9 → Versand")
    customer = replace(CUSTOMER, ship_tos=(HARBOUR, gate, other))
    stated = Party(name=name, street=street, city="München", postal_code="80331")
    assert place(customer, stated) == (gate if found else None)


def test_the_only_ship_to_is_meant_when_none_is_stated() -> None:
    """A customer with one place means it; one that is stated must still be that place."""
    only = replace(CUSTOMER, ship_tos=(HARBOUR,))
    assert place(only, None) == HARBOUR
    assert place(only, Party(street="Ring 9", city="Köln")) is None


def test_one_address_under_two_names_needs_the_name() -> None:
    """Where two ship-tos share an address, the name tells them apart, and without it nothing is guessed."""
    gate = replace(HARBOUR, id="S3", name="Tor 2", gln=None)
    both = replace(CUSTOMER, ship_tos=(HARBOUR, gate))
    address = Party(street="Hafenstraße 5", city="Köln", postal_code="50667")
    assert place(both, address) is None
    assert place(both, replace(address, name="Tor 2")) == gate


@pytest.mark.parametrize(
    "matched, known", [(("number",), False), (("number", "email_domain"), True), (("vat", "gln"), False)]
)
def test_numbers_on_a_letter_do_not_prove_its_sender(matched: tuple[str, ...], known: object) -> None:
    """A mail from an address that is not on file is nobody's, whatever numbers of a customer stand in it."""
    sent = Source("header", 1, "eve@elsewhere.example", column="From")
    written = order(format="pdf", buyer=Party(number="C100", email="eve@elsewhere.example"))
    written = replace(written, sources={"buyer.email": sent})
    customer, reason = identify(written, [replace(CUSTOMER, matched_by=matched)])
    assert (customer is not None) is known
    assert known or "not on file" in reason
