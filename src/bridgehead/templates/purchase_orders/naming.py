"""Who is meant and what is meant: names on a document against customers and items of an ERP."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping

from bridgehead.templates.purchase_orders.erp.wire import Customer, Item, PartNames, ResolvedBy, ResolvedLine


def plain(text: str) -> str:
    """Returns letters and digits alone, without case and accents: what two spellings of a name share."""
    folded = unicodedata.normalize("NFKD", text.casefold())
    return "".join(char for char in folded if char.isalnum())


def exact(text: str) -> str:
    """Returns an identifier without surrounding blanks and case; nothing else is forgiven."""
    return text.strip().casefold()


def matched_by(customer: Customer, names: Mapping[str, str]) -> tuple[str, ...]:
    """Returns which of ``number, name, email, duns, gln, vat`` name this customer.

    An e-mail address counts as ``email`` when it is listed, as ``email_domain`` when only its
    domain is. Names are compared without case, accents, spaces and punctuation.
    """
    own = names_of(customer)
    return tuple(by for by, wanted in asked_for(names) if wanted in own[by])


def names_of(customer: Customer) -> dict[str, set[str]]:
    """Returns what a customer is found by, by each kind of name, as names are compared."""
    found = {
        "number": {exact(customer.number)},
        "email": {exact(one) for one in customer.emails},
        "email_domain": {exact(one) for one in customer.email_domains},
        "name": {plain(customer.name)},
        "duns": {plain(customer.duns or "")},
        "gln": {plain(customer.gln or "")},
        "vat": {plain(customer.vat or "")},
    }
    return {by: {one for one in keys if one} for by, keys in found.items()}


def asked_for(names: Mapping[str, str]) -> list[tuple[str, str]]:
    """Returns what names are looked for by, as pairs of ``names_of``."""
    return [key for parameter, value in names.items() for key in _keys(parameter, value)]


def _keys(parameter: str, value: str) -> list[tuple[str, str]]:
    if parameter == "email":
        return [("email", exact(value)), ("email_domain", exact(value).rpartition("@")[2])]
    if parameter == "number":
        return [("number", exact(value))]
    return [(parameter, plain(value))]


class Catalogue:
    """Items that may be meant."""

    def __init__(self, items: Iterable[Item]) -> None:
        listed = list(items)
        self._by_number = {exact(item.number): item for item in listed}
        self._by_gtin = {exact(item.gtin): item for item in listed if item.gtin}

    def numbered(self, numbers: Iterable[str]) -> list[Item]:
        """Returns the items of these numbers; unknown ones are passed over."""
        found = {item.number: item for number in numbers if (item := self._by_number.get(exact(number)))}
        return list(found.values())

    def marked(self, gtins: Iterable[str]) -> list[Item]:
        """Returns the items of these GTINs; unknown ones are passed over."""
        found = {item.number: item for gtin in gtins if (item := self._by_gtin.get(exact(gtin)))}
        return list(found.values())

    def resolve(self, names: PartNames, references: Mapping[str, str]) -> ResolvedLine:
        """Returns the item that all deciding names agree on.

        ``references`` gives item numbers by the customer's own part numbers, these as ``exact`` writes
        them. The customer's part goes by cross-reference, then by our number; our part number the other
        way round; a GTIN by itself. Names that point to different items decide nothing, nor does
        anything beside a part number of ours that is not on file.
        """
        found: list[tuple[Item, ResolvedBy]] = []
        lost = False
        if names.supplier_part:
            hit = self._named(names.supplier_part, references, number_first=True)
            lost = hit is None
            found += [hit] if hit else []
        if names.customer_part:
            hit = self._named(names.customer_part, references, number_first=False)
            found += [hit] if hit else []
        if names.gtin and (item := self._by_gtin.get(exact(names.gtin))):
            found.append((item, "gtin"))
        numbers = sorted({item.number for item, _ in found})
        if len(numbers) == 1 and not lost:
            return ResolvedLine(*found[0])
        return ResolvedLine(None, None, tuple(numbers))

    def _named(self, part: str, references: Mapping[str, str], *, number_first: bool) -> tuple[Item, ResolvedBy] | None:
        own = self._by_number.get(exact(part))
        theirs = self._by_number.get(exact(references.get(exact(part), "")))
        by_number: tuple[Item, ResolvedBy] | None = (own, "number") if own else None
        by_xref: tuple[Item, ResolvedBy] | None = (theirs, "xref") if theirs else None
        return (by_number or by_xref) if number_first else (by_xref or by_number)
