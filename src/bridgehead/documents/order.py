"""The canonical order: what every reader of business documents produces, with the place each field was read from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Literal

from pydantic import TypeAdapter

Purpose = Literal["original", "change", "cancel", "confirmation", "other"]


@dataclass(frozen=True, slots=True)
class Source:
    """Where a field was read: the part of the document, the line in it (1-based), and the text as found.

    ``part`` is ``document``, ``header``, ``body``, ``html`` or ``attachment NAME``. X12 fields name
    ``segment`` (``PO1[3]/02``: third PO1 of its transaction, element 2), tables name ``column``, fields of
    ``header`` name the header there (``From``); its line is always 1.
    """

    part: str
    line: int
    text: str
    column: str | None = None
    segment: str | None = None


@dataclass(frozen=True, slots=True)
class Party:
    """A buyer, ship-to or bill-to as the document names it; every field is optional.

    ``number`` is the number the document gives for this party (our customer or address number, in X12
    also a location number given by the buyer: qualifier 92). ``country`` is ISO 3166-1 alpha-2.
    """

    name: str | None = None
    number: str | None = None
    email: str | None = None
    duns: str | None = None
    gln: str | None = None
    vat: str | None = None
    street: str | None = None
    city: str | None = None
    postal_code: str | None = None
    country: str | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """One ordered item. ``unit`` is as written, in capitals; empty when the document states none.

    ``price`` is for ``price_basis`` units (3.20 per 100: basis 100). A part number the document does not
    ascribe to either side is in ``supplier_part``; a description never stands for a part number.
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


@dataclass(frozen=True, slots=True)
class Order:
    """One order as its document states it; nothing is added from master data.

    ``stated_*`` are the control values the sender gave. ``notes`` hold the sender's free text verbatim.
    ``warnings`` open with one of the words of ``WARNING_KINDS`` and a colon; an order without warnings
    was read in full. ``sources`` is keyed by field path: ``po_number``, ``ship_to.city``,
    ``lines[0].quantity``, ``notes[1]``.
    """

    format: str
    purpose: Purpose
    po_number: str
    buyer: Party
    lines: tuple[Line, ...]
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
    sources: Mapping[str, Source] = field(default_factory=dict)


WARNING_KINDS = ("instruction", "contradiction", "totals", "count", "date", "uncertain", "ignored")
"""How warnings open: orders to the reader or hidden text; free text against the data; sums; line counts and
hash totals; a date that names no single day; a field that has two readings; content no field holds."""

_ADAPTER: TypeAdapter[Order] = TypeAdapter(Order)


def to_json(order: Order) -> bytes:
    """The order as UTF-8 JSON; decimals are strings, so that ``from_json(to_json(order)) == order``."""
    return _ADAPTER.dump_json(order)


def from_json(document: bytes) -> Order:
    """Reads what ``to_json`` wrote; raises ``pydantic.ValidationError`` for anything else."""
    return _ADAPTER.validate_json(document)
