"""The canonical order: what every reader of business documents produces, with the place each field was read from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Literal

from pydantic import TypeAdapter

Purpose = Literal["original", "change", "cancel", "confirmation", "other"]
How = Literal["element", "column", "label", "place", "pattern", "derived", "model"]
"""How a field was read: from an element of a format that names it, a column under its heading, a value beside its
label, a place on the page alone, the shape of the words, computed from other fields by a rule, by a model."""
ReferenceKind = Literal[
    "contract", "quotation", "blanket_order", "supplier_order", "end_customer_order", "requisition", "project",
    "department", "cost_centre", "account", "promotion", "previous_order", "other",
]  # fmt: skip
DateKind = Literal["ship", "not_before", "not_after", "cancel_after", "valid_until", "other"]
ControlKind = Literal[
    "line_total", "lines_total", "charge_total", "allowance_total", "net_total", "tax_total", "gross_total", "payable",
    "line_count", "quantity_total", "page_total",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Source:
    """Where a field was read: the part of the document, the line in it (1-based), and the text as found.

    ``part`` is ``document``, ``header``, ``body``, ``html`` or ``attachment NAME``. X12 and EDIFACT fields name
    ``segment`` (``PO1[3]/02``: third PO1 of its transaction, element 2), XML fields name ``segment`` by the element's
    path (``OrderLine[2]/LineItem/Quantity``), tables name ``column``, fields of a page name ``page`` (1-based), fields
    of ``header`` name the header there (``From``); its line is always 1. ``confidence`` is the share of fields read
    in this way that are right, measured on generated documents (``confidence.py``); None until it is set.
    """

    part: str
    line: int
    text: str
    column: str | None = None
    segment: str | None = None
    page: int | None = None
    how: How = "element"
    confidence: float | None = None


@dataclass(frozen=True, slots=True)
class Identifier:
    """A number under a scheme: its own code (ISO 6523 ``0088``, EDIFACT 3055 or 7143, X12 66 or 235) or a word."""

    scheme: str
    value: str


@dataclass(frozen=True, slots=True)
class Reference:
    """Another document that the order names."""

    kind: ReferenceKind
    value: str


@dataclass(frozen=True, slots=True)
class StatedDate:
    """A date of the order that is neither the order's own nor the requested one."""

    kind: DateKind
    day: date


@dataclass(frozen=True, slots=True)
class Charge:
    """An allowance or a charge on the order or on a line; ``amount`` is positive for both, in the order's currency.

    ``percent`` is as stated (5 means 5 %). ``code`` is the code of the document's own list.
    """

    allowance: bool
    amount: Decimal | None = None
    percent: Decimal | None = None
    code: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """A part of a line's quantity with its day, of a line that is delivered in parts."""

    quantity: Decimal
    day: date | None = None


@dataclass(frozen=True, slots=True)
class Control:
    """A control value of the document beside what was found; ``found`` is None when it cannot be computed.

    ``where`` is the segment, element, line or page that states it.
    """

    kind: ControlKind
    stated: Decimal
    found: Decimal | None
    agrees: bool | None
    where: str = ""


@dataclass(frozen=True, slots=True)
class Party:
    """A buyer, ship-to or bill-to as the document names it; every field is optional.

    ``number`` is the number the document gives for this party (our customer or address number, in X12
    also a location number given by the buyer: qualifier 92). ``region`` is a state, province or county as written;
    ``country`` is ISO 3166-1 alpha-2.
    """

    name: str | None = None
    number: str | None = None
    email: str | None = None
    duns: str | None = None
    gln: str | None = None
    vat: str | None = None
    street: str | None = None
    city: str | None = None
    region: str | None = None
    postal_code: str | None = None
    country: str | None = None
    identifiers: tuple[Identifier, ...] = ()
    contact: str | None = None
    phone: str | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """One ordered item. ``unit`` is as written, in capitals; empty when the document states none.

    ``unit_code`` is the unit in UN/ECE Recommendation 20 or 21, empty when what is written names none. ``price`` is
    for ``price_basis`` units (3.20 per 100: basis 100). A part number the document does not ascribe to either side
    is in ``supplier_part``; a description never stands for a part number. ``item_numbers`` hold numbers under other
    schemes (manufacturer's part, ISBN, class). ``deliveries`` are given for a line that comes in parts; they add up
    to ``quantity`` or the order warns.
    """

    number: int
    quantity: Decimal
    unit: str = ""
    customer_part: str | None = None
    supplier_part: str | None = None
    gtin: str | None = None
    description: str | None = None
    price: Decimal | None = None
    price_basis: Decimal = Decimal(1)
    requested_date: date | None = None
    amount: Decimal | None = None
    unit_code: str = ""
    item_numbers: tuple[Identifier, ...] = ()
    deliveries: tuple[Delivery, ...] = ()
    charges: tuple[Charge, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Order:
    """One order as its document states it; nothing is added from master data.

    ``format`` names the reader: x12, edifact, tradacoms, ubl, cxml, orderx, xml, csv, xlsx, pdf, email; ``message``
    is the message of its standard (``850``, ``ORDERS``, ``OrderChange``), empty where there is none. ``stated_*`` are
    control values the sender gave; ``controls`` holds all of them beside what was found. ``confidence`` is the
    measured share of orders like this one that are read right in every field; None until it is set. ``notes`` hold
    the sender's free text verbatim. ``warnings`` open with one of ``WARNING_KINDS`` and a colon; an order without
    warnings was read in full. ``sources`` is keyed by field path: ``po_number``, ``ship_to.city``,
    ``lines[0].quantity``, ``notes[1]``.
    """

    format: str
    purpose: Purpose
    po_number: str
    buyer: Party
    lines: tuple[Line, ...]
    message: str = ""
    release: str | None = None
    order_date: date | None = None
    requested_date: date | None = None
    currency: str | None = None
    ship_to: Party | None = None
    bill_to: Party | None = None
    incoterms: str | None = None
    payment_terms: str | None = None
    stated_total: Decimal | None = None
    stated_line_count: int | None = None
    stated_quantity_total: Decimal | None = None
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    seller: Party | None = None
    references: tuple[Reference, ...] = ()
    dates: tuple[StatedDate, ...] = ()
    charges: tuple[Charge, ...] = ()
    controls: tuple[Control, ...] = ()
    confidence: float | None = None
    sources: Mapping[str, Source] = field(default_factory=dict)


WARNING_KINDS = ("instruction", "contradiction", "totals", "count", "date", "uncertain", "ignored", "remark")
"""How warnings open: orders to the reader or hidden text; free text against the data; sums; line counts and
hash totals; a date that names no single day; a field that has two readings; content no field holds; and what changes
nothing, but a person may like to know."""

_ADAPTER: TypeAdapter[Order] = TypeAdapter(Order)


def to_json(order: Order) -> bytes:
    """The order as UTF-8 JSON; decimals are strings, so that ``from_json(to_json(order)) == order``."""
    return _ADAPTER.dump_json(order)


def from_json(document: bytes) -> Order:
    """Reads what ``to_json`` wrote; raises ``pydantic.ValidationError`` for anything else."""
    return _ADAPTER.validate_json(document)
