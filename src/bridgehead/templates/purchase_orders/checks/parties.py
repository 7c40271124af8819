"""Who ordered and where it goes: only names that agree, and that lead to one party on file, decide."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Final

from bridgehead.documents.order import Order, Party
from bridgehead.templates.purchase_orders.erp.wire import Address, Customer

_PROVING: Final = ("number", "gln", "duns", "vat", "email", "email_domain")
_UMLAUTS: Final = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ø": "oe", "å": "aa", "æ": "ae"})
_STREET_WORDS: Final = (
    (re.compile(r"strasse\b"), "str"),
    (re.compile(r"\bstreet\b"), "st"),
    (re.compile(r"\broad\b"), "rd"),
    (re.compile(r"\bavenue\b"), "ave"),
)


def identify(order: Order, found: Sequence[Customer]) -> tuple[Customer | None, str]:
    """Returns the one customer that every name which leads anywhere leads to, or None with the reason.

    A name alone does not prove who sent what anybody can send, a mail or something attached to one: an
    address, domain or number must be on file too. Of a mail, its own sender must be: numbers are no secrets.
    """
    buyer = order.buyer
    if not found:
        given = ", ".join(
            name
            for name in (buyer.number, buyer.gln, buyer.duns, buyer.vat, buyer.email, buyer.name)
            if name and name.strip()
        )
        said = f"No customer on file matches the sender ({given or 'the document names none'})"
        return None, f"{said}; a number, GLN, D-U-N-S or VAT number or an address that is on file for one decides."
    led = {by: {customer.number for customer in found if by in customer.matched_by} for by in (*_PROVING, "name")}
    agreed = set.intersection(*(numbers for numbers in led.values() if numbers))
    if not agreed:
        names = ", ".join(f"{by} means {' or '.join(sorted(numbers))}" for by, numbers in led.items() if numbers)
        return None, f"The sender's names lead to different customers, and only one may be meant: {names}."
    if len(agreed) > 1:
        said = f"The sender may be any of {', '.join(sorted(agreed))}"
        return None, f"{said}; an address, domain or number on file for one of them would decide."
    (number,) = agreed
    if _anybodys(order) and not any(number in led[by] for by in _PROVING):
        said = f"The document names customer {number}, and comes from nowhere that is on file for it"
        from_where = f" ({buyer.email})" if buyer.email else ""
        return None, f"{said}{from_where}; an address, domain or number of it that is on file would decide."
    sent = order.sources.get("buyer.email")
    if sent is not None and sent.part == "header" and number not in led["email"] | led["email_domain"]:
        said = f"The document names customer {number}, and was sent from {order.buyer.email}"
        return None, f"{said}, which is not on file for it: what anybody can read on a letter proves no sender."
    return next(customer for customer in found if customer.number == number), ""


def _anybodys(order: Order) -> bool:
    """Tells whether the order came the way that is open to everybody."""
    return order.format in {"email", "pdf", "xlsx"} or order.buyer.email is not None


def place(customer: Customer, stated: Party | None) -> Address | None:
    """Returns the ship-to that a document means, or None when it is unknown or could be several.

    No ship-to stated: the customer's only one. An id or GLN on file decides unless the address
    contradicts it; else every part of the address that is stated must be equal.
    """
    if stated is None:
        return customer.ship_tos[0] if len(customer.ship_tos) == 1 else None
    fitting = [address for address in customer.ship_tos if not _contradicts(stated, address)]
    named = [address for address in customer.ship_tos if _named(stated, address)]
    if named:
        return named[0] if len(named) == 1 and named[0] in fitting else None
    if stated.street or stated.postal_code:
        placed = fitting
    else:
        placed = [address for address in fitting if stated.name and _same(stated.name, address.name)]
    if len(placed) > 1 and stated.name:
        placed = [address for address in placed if _same(stated.name, address.name) or _whole(stated, address)]
    return placed[0] if len(placed) == 1 else None


def _named(stated: Party, address: Address) -> bool:
    by_gln = bool(stated.gln) and stated.gln == address.gln
    return by_gln or (stated.number or "").strip().casefold() == address.id.casefold()


def _contradicts(stated: Party, address: Address) -> bool:
    pairs = (
        (None if _whole(stated, address) else stated.street, address.street),
        (stated.city, address.city),
        (stated.postal_code, address.postal_code),
        (stated.country, address.country),
    )
    return any(said and not _same(said, known) for said, known in pairs)


def _whole(stated: Party, address: Address) -> bool:
    """Tells whether name and street are equal as one text: on one line, commas do not say where a name ends."""
    return bool(stated.name and stated.street) and _same(
        f"{stated.name} {stated.street}", f"{address.name} {address.street}"
    )


def same_spelling(one: str, other: str) -> bool:
    """Tells whether two names are the same but for case, punctuation and how umlauts are written."""
    return _same(one, other)


def _same(one: str, other: str) -> bool:
    return bool(_spellings(one) & _spellings(other))


def _spellings(text: str) -> set[str]:
    """Returns the text's letters and digits, with umlauts both dropped (u) and written out (ue)."""
    lowered = text.casefold()
    for pattern, short in _STREET_WORDS:
        lowered = pattern.sub(short, lowered)
    return {_bare(lowered), _bare(lowered.translate(_UMLAUTS))}


def _bare(text: str) -> str:
    return "".join(char for char in unicodedata.normalize("NFKD", text) if char.isalnum())
