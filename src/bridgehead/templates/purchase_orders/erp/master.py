"""Master data in memory: loaded once from a checked file, indexed, never changed while the service runs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Final, TypeVar

from pydantic import JsonValue, TypeAdapter, ValidationError

from bridgehead.errors import UserError
from bridgehead.templates.purchase_orders.erp.problems import path_of
from bridgehead.templates.purchase_orders.erp.wire import (
    Customer,
    CustomerPart,
    Item,
    OrderStatus,
    PartNames,
    PriceOffer,
    PriceSource,
    Quote,
    ResolvedLine,
)
from bridgehead.templates.purchase_orders.naming import Catalogue, asked_for, exact, names_of, plain

T = TypeVar("T")

MOST_SIMILAR: Final = 5


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


class Master:
    """The master data with the indexes that questions need."""

    def __init__(self, file: MasterFile) -> None:
        self.as_of = file.as_of
        self.tolerance = file.price_tolerance
        self.history = file.orders
        self.customers = {customer.number: customer for customer in file.customers}
        self.items = {item.number: item for item in file.items}
        self._found_by = _customer_indexes(file.customers)
        self.catalogue = Catalogue(file.items)
        self._references: dict[str, dict[str, str]] = defaultdict(dict)
        for reference in file.cross_references:
            self._references[reference.customer][exact(reference.customer_part)] = reference.item
        self._prices: dict[tuple[str, str, str], list[ContractPrice]] = defaultdict(list)
        for price in file.prices:
            self._prices[price.customer, price.item, price.currency].append(price)
        for reference in file.cross_references:
            if reference.item not in self.items:
                raise UserError(f"cross_references: item {reference.item!r} is not among the items", code="erp.file")

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
        for by, wanted in asked_for(query):
            for number in self._found_by[by].get(wanted, ()):
                hits[number].append(by)
        return tuple(replace(self.customers[number], matched_by=tuple(by)) for number, by in sorted(hits.items()))

    def resolve(self, customer: str, names: PartNames) -> ResolvedLine:
        """Returns the item that all deciding names agree on, or items a person may want to look at."""
        found = self.catalogue.resolve(names, self._references.get(customer, {}))
        if found.item is None and not found.candidates:
            return replace(found, candidates=tuple(item.number for item in self.similar(names.description or "")))
        return found

    def parts(self, customer: str, parts: Iterable[str]) -> list[CustomerPart]:
        """Returns which items a customer means by its own part numbers, these as they were asked for."""
        known = self._references.get(customer, {})
        return [
            CustomerPart(customer, part, known[exact(part)]) for part in dict.fromkeys(parts) if exact(part) in known
        ]

    def similar(self, description: str) -> list[Item]:
        """Returns the first five items, by number, of a description but for case, accents and punctuation."""
        wanted = plain(description)
        found = (item for _, item in sorted(self.items.items()) if wanted and plain(item.description) == wanted)
        return list(islice(found, MOST_SIMILAR))

    def prices(self, customer: str, items: Iterable[str], on: date, currency: str) -> list[PriceOffer]:
        """Returns all contract prices of that day, youngest first, and the list price of each item."""
        found: list[PriceOffer] = []
        for item in self.catalogue.numbered(items):
            for held in self._held(customer, item.number, on, currency):
                name = f"{customer}/{item.number}/{currency}/{held.valid_from}"
                offer = PriceOffer(name, item.number, currency, held.price, "contract", held.valid_from, held.valid_to)
                found.append(offer)
            if currency in item.list_price:
                name = f"{item.number}/{currency}"
                found.append(PriceOffer(name, item.number, currency, item.list_price[currency], "list"))
        return found

    def quote(self, customer: str, item: str, on: date, currency: str) -> Quote:
        """Returns the contract price of that day (the youngest when several hold), else the list price."""
        held = self._held(customer, item, on, currency)
        if held:
            return Quote(item, held[0].price, "contract")
        listed = self.items[item].list_price.get(currency) if item in self.items else None
        source: PriceSource | None = None if listed is None else "list"
        return Quote(item, listed, source)

    def _held(self, customer: str, item: str, on: date, currency: str) -> list[ContractPrice]:
        held = [
            price
            for price in self._prices.get((customer, item, currency), ())
            if price.valid_from <= on and (price.valid_to is None or on <= price.valid_to)
        ]
        return sorted(held, key=lambda price: price.valid_from, reverse=True)


def _customer_indexes(customers: Iterable[Customer]) -> dict[str, dict[str, list[str]]]:
    indexes: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for customer in customers:
        if not customer.ship_tos:
            raise UserError(f"customers: {customer.number} needs a ship-to", code="erp.file")
        for by, keys in names_of(customer).items():
            for key in keys:
                indexes[by][key].append(customer.number)
    return indexes
