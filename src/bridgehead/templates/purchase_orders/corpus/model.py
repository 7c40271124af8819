"""The shapes of the generated world: what is in the master data, and what a sender writes on an order."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Final, Literal

Json = str | int | bool | None | list["Json"] | dict[str, "Json"]

Format = Literal["email", "email_pdf", "email_sheet", "x12", "edifact", "ubl", "cxml", "orderx", "csv"]
"""How an order arrives; ``csv`` is a portal's export, ``email_sheet`` a table attached to a mail."""

MAILED: Final[frozenset[Format]] = frozenset({"email", "email_pdf", "email_sheet"})
"""Formats that people write and send by mail: a customer is known by its address, hardly ever by a number."""
Relation = Literal["new", "resend", "changed_resend", "change", "cancel"]
Status = Literal["open", "in_production", "shipped"]


def plain(amount: Decimal) -> str:
    """Returns the shortest exact decimal text, without exponent: ``12.50`` becomes ``12.5``."""
    text = format(amount, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


@dataclass(frozen=True, slots=True)
class Address:
    """A place goods or invoices go to. ``id`` is our number for it; empty when we do not know the place."""

    id: str
    name: str
    street: str
    city: str
    postal_code: str
    country: str
    gln: str | None = None
    region: str = ""

    def as_json(self) -> dict[str, Json]:
        """Returns the shape of the master data (domain contract, ship_tos)."""
        return {
            "id": self.id,
            "name": self.name,
            "street": self.street,
            "city": self.city,
            "postal_code": self.postal_code,
            "country": self.country,
            "gln": self.gln,
        }


@dataclass(frozen=True, slots=True)
class Credit:
    """How much a customer may owe and does owe, in the customer's currency."""

    limit: Decimal
    open: Decimal
    overdue_days: int
    blocked: bool


@dataclass(frozen=True, slots=True)
class Customer:
    """One customer as the ERP knows it."""

    number: str
    name: str
    country: str
    language: str
    emails: tuple[str, ...]
    email_domains: tuple[str, ...]
    duns: str | None
    gln: str | None
    vat: str | None
    tier: str
    currency: str
    payment_terms: str
    incoterms: str
    credit: Credit
    ship_tos: tuple[Address, ...]
    bill_to: Address
    phone: str
    channel: Format
    own_parts: bool


@dataclass(frozen=True, slots=True)
class Item:
    """One article. Quantities are in ``base_unit``; ``units`` says how many base units a pack holds."""

    number: str
    family: str
    spec: str
    description: str
    gtin: str | None
    base_unit: str
    units: dict[str, Decimal]
    min_qty: Decimal
    multiple: Decimal
    list_price: dict[str, Decimal]
    status: str
    superseded_by: str | None
    stock: Decimal
    lead_time_days: int


@dataclass(frozen=True, slots=True)
class PriceRecord:
    """A contract price per base unit, valid on order dates from ``valid_from`` to ``valid_to`` (both included)."""

    customer: str
    item: str
    currency: str
    price: Decimal
    valid_from: date
    valid_to: date | None


@dataclass(frozen=True, slots=True)
class PastOrder:
    """An order booked before the run began."""

    customer: str
    po_number: str
    order_number: str
    order_date: date
    ship_to: str
    lines: tuple[tuple[str, Decimal, Decimal, date], ...]
    status: Status


@dataclass(frozen=True, slots=True)
class World:
    """The whole master data. ``as_of`` is today for every rule; nothing in it changes during a run."""

    as_of: date
    customers: tuple[Customer, ...]
    items: dict[str, Item]
    cross_references: dict[tuple[str, str], str]
    prices: dict[tuple[str, str], tuple[PriceRecord, ...]]
    price_tolerance: Decimal
    past_orders: tuple[PastOrder, ...]
    assortments: dict[str, tuple[str, ...]] = field(default_factory=dict)
    their_parts: dict[tuple[str, str], str] = field(default_factory=dict)

    def customer(self, number: str) -> Customer:
        """Returns the customer with this number; raises KeyError when there is none."""
        for customer in self.customers:
            if customer.number == number:
                return customer
        raise KeyError(number)


@dataclass(frozen=True, slots=True)
class WrittenLine:
    """One line exactly as the document shows it; None is a field the document does not show."""

    number: int
    quantity: Decimal
    unit: str
    unit_code: str
    ours: str | None = None
    theirs: str | None = None
    gtin: str | None = None
    description: str | None = None
    price: Decimal | None = None
    basis: Decimal = Decimal(1)
    requested_date: date | None = None
    amount: Decimal | None = None
    item: str | None = None
    """The item the sender means; the truth knows it, the document does not show it."""

    @property
    def value(self) -> Decimal | None:
        """Quantity times price, to the cent, as the document's own arithmetic has it."""
        if self.price is None:
            return None
        return (self.quantity * self.price / self.basis).quantize(Decimal("0.01"), "ROUND_HALF_UP")


@dataclass(frozen=True, slots=True)
class WrittenOrder:
    """One order exactly as the document shows it: the right reading. None is a field not shown."""

    customer: Customer
    po_number: str
    lines: tuple[WrittenLine, ...]
    purpose: str = "original"
    release: str | None = None
    order_date: date | None = None
    requested_date: date | None = None
    currency: str | None = None
    ship_to: Address | None = None
    bill_to: Address | None = None
    incoterms: str | None = None
    payment_terms: str | None = None
    stated_total: Decimal | None = None
    stated_line_count: int | None = None
    stated_quantity_total: Decimal | None = None
    notes: tuple[str, ...] = ()
    instruction: str | None = None
    """Text that gives orders to the reader; where it hides is the writer's choice."""
