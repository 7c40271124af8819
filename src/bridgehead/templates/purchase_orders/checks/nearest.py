"""Who may have ordered where no name on file is the sender's: told to a person, and never taken."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from bridgehead.documents.order import Order
from bridgehead.templates.purchase_orders.checks.parties import same_spelling
from bridgehead.templates.purchase_orders.erp.wire import Customer

_WRITTEN_OUT: Final = str.maketrans({
    "ä": "ae", "ö": "oe", "ü": "ue", "ø": "oe", "å": "aa", "æ": "ae", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "Ø": "Oe",
    "Å": "Aa", "Æ": "Ae",
})  # fmt: skip
_DIGRAPH: Final = re.compile(r"(?<![aeiouqy])([aou])e(?![aeiou]e)", re.IGNORECASE)
_UMLAUT: Final[Mapping[str, str]] = {"a": "ä", "o": "ö", "u": "ü", "A": "Ä", "O": "Ö", "U": "Ü"}
_TOLD: Final = 2
"""Customers that a reason names, at most."""


def names_near(order: Order) -> dict[str, str]:
    """Returns what a second search for the sender asks for: its name in the other spelling, whose the ship-to is.

    Empty where the document gives neither, so that nothing is read for nothing.
    """
    found: dict[str, str] = {}
    name = (order.buyer.name or "").strip()
    if name and (other := _other_spelling(name)) != name:
        found["name"] = other
    place = (order.ship_to.number or "").strip() if order.ship_to is not None else ""
    if "-" in place and (stem := place.rpartition("-")[0]):
        found["number"] = stem
    return found


def nearest(order: Order, found: Sequence[Customer]) -> list[tuple[Customer, str]]:
    """Returns the customers that may be meant, each with what fits it; none that only a number happens to fit."""
    told = [(one, ", and ".join(_fits(order, one))) for one in found]
    return sorted((pair for pair in told if pair[1]), key=lambda pair: pair[0].number)[:_TOLD]


def said_of(near: Sequence[tuple[Customer, str]]) -> str:
    """Returns who is nearest and why, and that nobody was taken for the sender; empty for nobody."""
    if not near:
        return ""
    named = "; ".join(f"{one.number} {one.name}: {fits}" for one, fits in near)
    return f" Nearest on file is {named}. It was not taken for the sender without a confirmation."


def _fits(order: Order, customer: Customer) -> Iterator[str]:
    place = (order.ship_to.number or "").strip().casefold() if order.ship_to is not None else ""
    if place and any(one.id.casefold() == place for one in customer.ship_tos):
        yield f"the ship-to {place.upper()} of the document belongs to it"
    name = (order.buyer.name or "").strip()
    if name and same_spelling(name, customer.name):
        words = zip(name.split(), customer.name.split(), strict=False)
        other = [f"{one} there, {own} here" for one, own in words if one.casefold() != own.casefold()]
        yield f"its name is the same in another spelling ({'; '.join(other) or customer.name})"


def _other_spelling(name: str) -> str:
    """Returns a name with umlauts where it has them written out (oe), and written out where it has them."""
    written = name.translate(_WRITTEN_OUT)
    return written if written != name else _DIGRAPH.sub(lambda one: _UMLAUT[one[1]], name)
