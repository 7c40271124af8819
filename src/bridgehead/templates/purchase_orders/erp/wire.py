"""What the ERP and its clients say to each other, as typed values; the OpenAPI document is generated from these.

Money and quantities are decimals and travel as JSON strings. Dates are ISO 8601. Units are
UN/ECE Recommendation 20 codes. Every quantity and price of an order is in the item's base unit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Annotated, ClassVar, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

LineCode = Literal["IA", "IP", "IQ", "IB", "DR"]
"""X12 855 line codes of a line that is booked (data element 668); IR lines are never booked."""

HeaderCode = Literal["AD", "AC"]
"""X12 855 BAK02 (data element 587): accepted with no change, accepted with change."""

OrderStatus = Literal["open", "in_production", "shipped", "cancelled"]
ItemStatus = Literal["active", "superseded", "blocked"]
PriceSource = Literal["contract", "list"]
ResolvedBy = Literal["xref", "number", "gtin"]
BookedBy = Literal["system", "person", "history"]

Name: TypeAlias = Annotated[str, Field(min_length=1, max_length=100)]
Code: TypeAlias = Annotated[str, Field(min_length=1, max_length=20)]
Asked: TypeAlias = Annotated[str, Field(min_length=1)]
Currency: TypeAlias = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
Positive: TypeAlias = Annotated[Decimal, Field(gt=0, max_digits=18, decimal_places=4)]
Quantity: TypeAlias = Annotated[Decimal, Field(gt=0, max_digits=15, decimal_places=3)]
Price: TypeAlias = Annotated[Decimal, Field(ge=0, max_digits=17, decimal_places=6)]
"""Of one base unit: of what is priced per 1000, six decimals are tenths of a cent for all of them."""
Day: TypeAlias = date
Amount: TypeAlias = Annotated[Decimal, Field(max_digits=18, decimal_places=2)]

HOME_ORG = "1000"
"""The sales organisation of a house that has no other one."""
_CENT = Decimal("0.01")
_STRICT = ConfigDict(extra="forbid")


def amount_of(quantity: Decimal, price: Decimal) -> Decimal:
    """Returns quantity times price, rounded half up to two places: the amount of one line."""
    return (quantity * price).quantize(_CENT, ROUND_HALF_UP)


@dataclass(frozen=True, slots=True)
class Address:
    """A place of a customer: where goods go, or where the invoice goes."""

    id: str
    name: str
    street: str
    city: str
    postal_code: str
    country: str
    gln: str | None = None


@dataclass(frozen=True, slots=True)
class Credit:
    """What a customer may owe, what is open, and how long the oldest invoice is overdue; in the customer's currency."""

    limit: Decimal
    open: Decimal
    overdue_days: int
    blocked: bool


@dataclass(frozen=True, slots=True)
class Customer:
    """A sold-to party of a sales organisation. ``matched_by`` names the query parameters of a search that found it."""

    number: str
    name: str
    currency: Currency
    credit: Credit
    ship_tos: tuple[Address, ...]
    bill_to: Address | None = None
    emails: tuple[str, ...] = ()
    email_domains: tuple[str, ...] = ()
    duns: str | None = None
    gln: str | None = None
    vat: str | None = None
    tier: str = "C"
    payment_terms: str | None = None
    incoterms: str | None = None
    sales_org: Code = HOME_ORG
    matched_by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Customers:
    """The answer to a search for customers."""

    items: tuple[Customer, ...]


@dataclass(frozen=True, slots=True)
class Item:
    """Something that is sold.

    ``units`` says how many base units each other unit holds; ``min_qty``, ``multiple`` and
    ``stock`` are in base units, ``list_price`` is per base unit and by currency;
    ``lead_time_days`` are calendar days for what stock does not cover.
    """

    number: str
    description: str
    base_unit: str
    min_qty: Decimal
    multiple: Annotated[Decimal, Field(gt=0)]
    stock: Decimal
    lead_time_days: Annotated[int, Field(ge=0)]
    units: Mapping[str, Annotated[Decimal, Field(gt=0)]]
    list_price: Mapping[str, Decimal]
    status: ItemStatus = "active"
    gtin: str | None = None
    superseded_by: str | None = None


@dataclass(frozen=True, slots=True)
class PartNames:
    """How a document names an item. Only the first three decide; a description never does."""

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT

    customer_part: str | None = None
    supplier_part: str | None = None
    gtin: str | None = None
    description: str | None = None


@dataclass(frozen=True, slots=True)
class ResolveRequest:
    """Asks which items a customer means, for all lines of a document at once."""

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT

    customer: Code
    lines: Annotated[tuple[PartNames, ...], Field(min_length=1, max_length=2000)]


@dataclass(frozen=True, slots=True)
class ResolvedLine:
    """The item one line means, or None; ``candidates`` are numbers a person may want to look at."""

    item: Item | None
    how: ResolvedBy | None
    candidates: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Resolved:
    """The answer to a ResolveRequest: one entry per line, in its order; stock is as of ``as_of``."""

    as_of: date
    lines: tuple[ResolvedLine, ...]


@dataclass(frozen=True, slots=True)
class QuoteRequest:
    """Asks what several items cost a customer on one day."""

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT

    customer: Code
    items: Annotated[tuple[Code, ...], Field(min_length=1, max_length=2000)]
    on: date | None = None
    currency: Currency | None = None


@dataclass(frozen=True, slots=True)
class Quote:
    """The price of one item per base unit, and where it comes from; both None when there is no price.

    ``valid_to`` is its last day, where it has one.
    """

    item: str
    price: Decimal | None
    source: PriceSource | None
    valid_to: date | None = None


@dataclass(frozen=True, slots=True)
class Quotes:
    """The answer to a QuoteRequest, in its order. ``tolerance`` is relative: 0.02 is two per cent."""

    customer: str
    on: date
    currency: str
    tolerance: Decimal
    items: tuple[Quote, ...]


@dataclass(frozen=True, slots=True)
class OrderLine:
    """One line as booked: quantity and price in base units, the confirmed delivery date, the 855 line code."""

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT

    line: Annotated[int, Field(ge=1, le=999_999)]
    item: Code
    quantity: Quantity
    unit: Code
    price: Price
    date: Day
    code: LineCode

    def content(self) -> tuple[object, ...]:
        """Returns what was ordered, without the line's number and code."""
        return self.item, self.quantity, self.unit, self.price, self.date


@dataclass(frozen=True, slots=True)
class Booking:
    """An order as it is booked, into the books of one sales organisation, which is its customer's.

    ``total`` is the sum of the lines' amounts, each rounded to two places.
    """

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT

    customer: Code
    po_number: Annotated[str, Field(min_length=1, max_length=60)]
    order_date: date
    currency: Currency
    ship_to: Code
    header_code: HeaderCode
    lines: Annotated[tuple[OrderLine, ...], Field(min_length=1, max_length=2000)]
    total: Amount
    sales_org: Code = HOME_ORG

    def lines_total(self) -> Decimal:
        """Returns what ``total`` must be."""
        return sum((amount_of(line.quantity, line.price) for line in self.lines), Decimal("0.00"))


@dataclass(frozen=True, slots=True, kw_only=True)
class BookedOrder(Booking):
    """An order in the ERP. ``booked_from`` names the document a person booked it from, when known.

    A reader of it lets fields be that it does not know.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="ignore")

    order_number: str
    status: OrderStatus
    booked_by: BookedBy
    booked_at: datetime
    booked_from: str | None = None

    def content(self) -> Booking:
        """Returns what was booked, without what the ERP added; equal contents are the same order."""
        return Booking(**{field.name: getattr(self, field.name) for field in fields(Booking)})


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRecord(BookedOrder):
    """An order as the ERP keeps it: what was booked, with what may be changed on it while it is open.

    ``changed_at`` never goes back from one change of the books to the next. ``requested_date`` is the day the
    customer asks for the whole order; ``note`` is ours.
    """

    changed_at: datetime
    note: str | None = None
    requested_date: date | None = None

    def booked(self) -> BookedOrder:
        """Returns the order without what may be changed on it."""
        return BookedOrder(**{field.name: getattr(self, field.name) for field in fields(BookedOrder)})


class OrderChange(BaseModel):
    """A merge patch (RFC 7396) of an open order: a field that is left out stays, null takes it away."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    note: Annotated[str, Field(min_length=1, max_length=500)] | None = None
    requested_date: Day | None = None


@dataclass(frozen=True, slots=True)
class Orders:
    """The answer to a lookup of orders, oldest first."""

    items: tuple[BookedOrder, ...]


@dataclass(frozen=True, slots=True)
class CustomerPage:
    """One page of customers, by number. ``total`` counts all pages; ``next`` is the cursor, null on the last page."""

    items: tuple[Customer, ...]
    total: int
    limit: int
    next: str | None


@dataclass(frozen=True, slots=True)
class ItemPage:
    """One page of items, by number. ``total`` counts all pages; ``next`` is the cursor, null on the last page."""

    items: tuple[Item, ...]
    total: int
    limit: int
    next: str | None


@dataclass(frozen=True, slots=True)
class CustomerPart:
    """A customer's own number for one of our items, as it was asked for."""

    customer: str
    part: str
    item: str


@dataclass(frozen=True, slots=True)
class CustomerPartPage:
    """One page of customers' part numbers, in the order they were asked for."""

    items: tuple[CustomerPart, ...]
    total: int
    limit: int
    next: str | None


@dataclass(frozen=True, slots=True)
class PriceOffer:
    """What an item costs per base unit; both days are included, and a list price has none."""

    id: str
    item: str
    currency: str
    price: Decimal
    source: PriceSource
    valid_from: date | None = None
    valid_to: date | None = None


@dataclass(frozen=True, slots=True)
class PricePage:
    """One page of prices. ``total`` counts all pages; ``next`` is the cursor, null on the last page."""

    items: tuple[PriceOffer, ...]
    total: int
    limit: int
    next: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What every search by POST takes: how many rows a page has, and ``next`` of the page before."""

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT

    limit: Annotated[int, Field(ge=1)] = 50
    cursor: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PartSearch(Search):
    """Asks which items a customer means by its own part numbers."""

    customer: Code
    parts: Annotated[tuple[Asked, ...], Field(min_length=1, max_length=10_000)]


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemSearch(Search):
    """Asks for items by number, by GTIN or by description; an item is found when any of them names it."""

    numbers: Annotated[tuple[Asked, ...], Field(max_length=10_000)] = ()
    gtins: Annotated[tuple[Asked, ...], Field(max_length=10_000)] = ()
    description: Asked | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceSearch(Search):
    """Asks for all prices of items for a customer on a day; the business date and its own currency when left out."""

    customer: Code
    items: Annotated[tuple[Asked, ...], Field(min_length=1, max_length=10_000)]
    on: date | None = None
    currency: Currency | None = None


@dataclass(frozen=True, slots=True)
class OrderPage:
    """One page of orders. ``total`` counts all pages; ``next`` is the cursor, null on the last page.

    ``as_of`` is when the page was read: what changes later has that ``changed_at`` or a later one.
    """

    items: tuple[OrderRecord, ...]
    total: int
    limit: int
    next: str | None
    as_of: datetime


@dataclass(frozen=True, slots=True)
class Token:
    """The answer of the token endpoint (RFC 6749, section 5.1)."""

    access_token: str
    token_type: Literal["Bearer"]
    expires_in: int
    scope: str
    refresh_token: str | None = None


@dataclass(frozen=True, slots=True)
class TokenRefusal:
    """What the token endpoint refuses (RFC 6749, section 5.2)."""

    error: str
    error_description: str


@dataclass(frozen=True, slots=True)
class BookEntry:
    """One booking as an outside auditor sees it; ``sequence`` is the order of commits."""

    sequence: int
    endpoint: str
    idempotency_key: str | None
    cancelled_at: datetime | None
    order: BookedOrder


@dataclass(frozen=True, slots=True)
class BookPage:
    """Everything that was ever booked, cancelled orders included, in the order of commits."""

    as_of: date
    items: tuple[BookEntry, ...]


@dataclass(frozen=True, slots=True)
class Health:
    """That the service answers, and its business date: "today" for every rule."""

    status: Literal["ok"]
    as_of: date
    orders: int


@dataclass(frozen=True, slots=True)
class Problem:
    """What went wrong (RFC 9457). ``field`` is the path of the wrong field, ``lines[0].quantity``, when one is."""

    title: str
    status: int
    detail: str
    type: str = "about:blank"
    field: str | None = None
