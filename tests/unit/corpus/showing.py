"""What a document shows of an order, beside what its truth says that it shows."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from typing import Any

from bridgehead.templates.purchase_orders.corpus.generate import Arrival, arrivals, start
from bridgehead.templates.purchase_orders.corpus.model import Format

GERMAN = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "Ä": "AE", "Ö": "OE", "Ü": "UE", "ł": "l", "Ł": "L"}
)


def bare(text: str) -> str:
    """Returns the letters and digits of a text in ASCII capitals."""
    plain = unicodedata.normalize("NFKD", text.translate(GERMAN)).encode("ascii", "ignore").decode()
    return re.sub(r"[^A-Z0-9]", "", plain.upper())


@dataclass
class Line:
    """One line as shown; None is not shown."""

    number: int
    quantity: Decimal
    unit: str
    customer_part: str | None = None
    supplier_part: str | None = None
    gtin: str | None = None
    description: str | None = None
    price: Decimal | None = None
    price_basis: Decimal = Decimal(1)
    requested_date: str | None = None
    amount: Decimal | None = None


@dataclass
class Shown:
    """One order as shown; ``texts`` is everything said in words, ``places`` are name and address in one text each."""

    po_number: str
    purpose: str = "original"
    order_date: str | None = None
    requested_date: str | None = None
    currency: str | None = None
    incoterms: str | None = None
    payment_terms: str | None = None
    ship_to: str | None = None
    bill_to: str | None = None
    stated_total: Decimal | None = None
    stated_line_count: int | None = None
    stated_quantity_total: Decimal | None = None
    texts: str = ""
    lines: list[Line] = field(default_factory=list)


SIMPLE = ("po_number", "purpose", "order_date", "requested_date", "currency", "incoterms", "payment_terms",
          "stated_line_count")  # fmt: skip


def differences(shown: Shown, reading: dict[str, Any]) -> Iterator[str]:
    """Yields what a document shows otherwise than the truth says, in either direction."""
    for name in SIMPLE:
        if getattr(shown, name) != reading[name]:
            yield f"{name}: {getattr(shown, name)!r} for {reading[name]!r}"
    for name in ("stated_total", "stated_quantity_total"):
        if getattr(shown, name) != _decimal(reading[name]):
            yield f"{name}: {getattr(shown, name)!r} for {reading[name]!r}"
    for name in ("ship_to", "bill_to"):
        yield from _place(name, getattr(shown, name), reading[name])
    for note in reading["notes"]:
        if bare(note) not in bare(shown.texts):
            yield f"note: {note!r}"
    if len(shown.lines) != len(reading["lines"]):
        yield f"{len(shown.lines)} lines for {len(reading['lines'])}"
    for line, wanted in zip(shown.lines, reading["lines"], strict=False):
        yield from _line(line, wanted)


def _decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def _place(name: str, shown: str | None, wanted: dict[str, Any] | None) -> Iterator[str]:
    if (shown is None) != (wanted is None):
        yield f"{name}: {shown!r} for {wanted!r}"
    if shown is None or wanted is None:
        return
    parts = [wanted[key] for key in ("name", "street", "city", "postal_code", "country") if wanted[key]]
    missing = [part for part in parts if bare(part) not in bare(shown)]
    if missing or (not parts and not shown):
        yield f"{name}: {missing} not in {shown!r}"


def _line(line: Line, wanted: dict[str, Any]) -> Iterator[str]:
    for name in ("number", "customer_part", "supplier_part", "gtin", "requested_date"):
        if getattr(line, name) != wanted[name]:
            yield f"line {line.number} {name}: {getattr(line, name)!r} for {wanted[name]!r}"
    for name in ("quantity", "price", "price_basis", "amount"):
        if getattr(line, name) != _decimal(wanted[name]):
            yield f"line {line.number} {name}: {getattr(line, name)!r} for {wanted[name]!r}"
    if line.unit.upper() != wanted["unit"]:
        yield f"line {line.number} unit: {line.unit!r} for {wanted['unit']!r}"
    if bare(line.description or "") != bare(wanted["description"] or ""):
        yield f"line {line.number} description: {line.description!r} for {wanted['description']!r}"


@cache
def made_in(form: Format, total: int, seed: int = 7) -> tuple[Arrival, ...]:
    """Returns the arrivals of a run in one format."""
    return tuple(arrivals(start(seed, total, (form,))))


def matters(arrival: Arrival) -> frozenset[str]:
    """Returns what is the matter with an arrival."""
    found: Any = arrival.truth["defects"]
    return frozenset(found)


def readings(arrival: Arrival) -> list[dict[str, Any]]:
    """Returns the right readings of an arrival's orders."""
    found: Any = arrival.truth["orders"]
    return [order["reading"] for order in found if order["reading"]]
