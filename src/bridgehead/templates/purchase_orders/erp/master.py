"""Master data in memory: loaded once from a checked file, indexed, never changed while the service runs."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TypeVar

from pydantic import JsonValue, TypeAdapter, ValidationError

from bridgehead.errors import UserError
from bridgehead.templates.purchase_orders.erp.problems import path_of
from bridgehead.templates.purchase_orders.erp.wire import (
    Customer,
    Item,
    OrderStatus,
    PartNames,
    PriceSource,
    Quote,
    ResolvedBy,
    ResolvedLine,
)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class CrossReference:
    """A customer's own number for one of our items."""

    customer: str
    customer_part: str
    item: str


@dataclass(frozen=True, slots=True)
class ContractPrice:
    """A price agreed with one customer, per base unit, good on both of its end days and between them."""

    customer: str
    item: str
    currency: str
    price: Decimal
    valid_from: date
    valid_to: date | None = None


@dataclass(frozen=True, slots=True)
class HistoricOrder:
    """An order from before: ``digest_fields`` is its booking, or the fields of it that are known."""

    customer: str
    po_number: str
    order_number: str
    digest_fields: Mapping[str, JsonValue]
    status: OrderStatus = "open"


@dataclass(frozen=True, slots=True)
class MasterFile:
    """The file as it is written."""

    as_of: date
    customers: tuple[Customer, ...]
    items: tuple[Item, ...]
    cross_references: tuple[CrossReference, ...] = ()
    prices: tuple[ContractPrice, ...] = ()
    price_tolerance: Decimal = Decimal("0.02")
    orders: tuple[HistoricOrder, ...] = ()


_FILE = TypeAdapter(MasterFile)


def read_json(path: Path, adapter: TypeAdapter[T]) -> T:
    """Returns the checked content of a JSON file; raises UserError naming the file and the first wrong field."""
    try:
        return adapter.validate_json(path.read_bytes())
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}", code="erp.file") from error
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise UserError(f"{path}: {path_of(first['loc']) or 'the file'}: {first['msg']}", code="erp.file") from error


def plain(text: str) -> str:
    """Returns letters and digits alone, without case and accents: what two spellings of a name share."""
    folded = unicodedata.normalize("NFKD", text.casefold())
    return "".join(char for char in folded if char.isalnum())


def exact(text: str) -> str:
    """Returns an identifier without surrounding blanks and case; nothing else is forgiven."""
    return text.strip().casefold()


class Master:
    """The master data with the indexes that questions need."""

    def __init__(self, file: MasterFile) -> None:
        self.as_of = file.as_of
        self.tolerance = file.price_tolerance
        self.history = file.orders
        self.customers = {customer.number: customer for customer in file.customers}
        self.items = {item.number: item for item in file.items}
        self._found_by = _customer_indexes(file.customers)
        self._by_number = {exact(item.number): item for item in file.items}
        self._by_gtin = {exact(item.gtin): item for item in file.items if item.gtin}
        self._xref = {(ref.customer, exact(ref.customer_part)): ref.item for ref in file.cross_references}
        self._prices: dict[tuple[str, str, str], list[ContractPrice]] = defaultdict(list)
        for price in file.prices:
            self._prices[price.customer, price.item, price.currency].append(price)
        for item in self._xref.values():
            if item not in self.items:
                raise UserError(f"cross_references: item {item!r} is not among the items", code="erp.file")

    @classmethod
    def load(cls, path: Path) -> Master:
        """Returns the master data of a file; raises UserError when it is not well formed."""
        return cls(read_json(path, _FILE))

    def find_customers(self, query: Mapping[str, str]) -> tuple[Customer, ...]:
        """Returns every customer that at least one parameter names, with the parameters that did.

        An e-mail address counts as ``email`` when it is listed, as ``email_domain`` when only its
        domain is. Names are compared without case, accents, spaces and punctuation.
        """
        hits: dict[str, list[str]] = defaultdict(list)
        for parameter, value in query.items():
            for by, wanted in _keys(parameter, value):
                for number in self._found_by[by].get(wanted, ()):
                    hits[number].append(by)
        return tuple(replace(self.customers[number], matched_by=tuple(by)) for number, by in sorted(hits.items()))

    def resolve(self, customer: str, names: PartNames) -> ResolvedLine:
        """Returns the item that all deciding names agree on.

        The customer's part goes by cross-reference, then by our number; our part number the other
        way round; a GTIN by itself. Names that point to different items decide nothing, nor does
        anything beside a part number of ours that is not on file.
        """
        found: list[tuple[Item, ResolvedBy]] = []
        lost = False
        if names.supplier_part:
            hit = self._named(customer, names.supplier_part, number_first=True)
            lost = hit is None
            found += [hit] if hit else []
        if names.customer_part:
            hit = self._named(customer, names.customer_part, number_first=False)
            found += [hit] if hit else []
        if names.gtin and (item := self._by_gtin.get(exact(names.gtin))):
            found.append((item, "gtin"))
        numbers = sorted({item.number for item, _ in found})
        if len(numbers) == 1 and not lost:
            return ResolvedLine(*found[0])
        return ResolvedLine(None, None, tuple(numbers) or self._similar(names.description))

    def quote(self, customer: str, item: str, on: date, currency: str) -> Quote:
        """Returns the contract price of that day (the youngest when several hold), else the list price."""
        held = [
            price
            for price in self._prices.get((customer, item, currency), ())
            if price.valid_from <= on and (price.valid_to is None or on <= price.valid_to)
        ]
        if held:
            return Quote(item, max(held, key=lambda price: price.valid_from).price, "contract")
        listed = self.items[item].list_price.get(currency) if item in self.items else None
        source: PriceSource | None = None if listed is None else "list"
        return Quote(item, listed, source)

    def _named(self, customer: str, part: str, *, number_first: bool) -> tuple[Item, ResolvedBy] | None:
        own = self._by_number.get(exact(part))
        theirs = self._xref.get((customer, exact(part)))
        by_number: tuple[Item, ResolvedBy] | None = (own, "number") if own else None
        by_xref: tuple[Item, ResolvedBy] | None = (self.items[theirs], "xref") if theirs else None
        return (by_number or by_xref) if number_first else (by_xref or by_number)

    def _similar(self, description: str | None) -> tuple[str, ...]:
        if not description or not plain(description):
            return ()
        wanted = plain(description)
        return tuple(sorted(n for n, item in self.items.items() if plain(item.description) == wanted)[:5])


def _customer_indexes(customers: Iterable[Customer]) -> dict[str, dict[str, list[str]]]:
    indexes: dict[str, dict[str, list[str]]] = {
        by: defaultdict(list) for by in ("number", "name", "duns", "gln", "vat", "email", "email_domain")
    }
    for customer in customers:
        if not customer.ship_tos:
            raise UserError(f"customers: {customer.number} needs a ship-to", code="erp.file")
        indexes["number"][exact(customer.number)].append(customer.number)
        indexes["name"][plain(customer.name)].append(customer.number)
        for by, value in (("duns", customer.duns), ("gln", customer.gln), ("vat", customer.vat)):
            if value:
                indexes[by][plain(value)].append(customer.number)
        for email in customer.emails:
            indexes["email"][exact(email)].append(customer.number)
        for domain in customer.email_domains:
            indexes["email_domain"][exact(domain)].append(customer.number)
    return indexes


def _keys(parameter: str, value: str) -> list[tuple[str, str]]:
    if parameter == "email":
        return [("email", exact(value)), ("email_domain", exact(value).rpartition("@")[2])]
    if parameter == "number":
        return [("number", exact(value))]
    return [(parameter, plain(value))]
