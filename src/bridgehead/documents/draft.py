"""An order while it is being read: fields arrive one by one with their sources, and the sums are checked at the end."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, fields
from datetime import date
from decimal import Decimal

from bridgehead.documents.order import Line, Order, Party, Purpose, Source
from bridgehead.documents.outcome import Refusal

_MOST_WARNINGS = 200
"""A person who reads two hundred doubts knows enough."""
_CENT = Decimal("0.01")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_PARTY_FIELDS = tuple(f.name for f in fields(Party))


@dataclass(slots=True)
class DraftParty:
    """A party being read; ``put`` keeps value and source together."""

    values: dict[str, str] = field(default_factory=dict)
    sources: dict[str, Source] = field(default_factory=dict)

    def put(self, name: str, value: str | None, source: Source) -> None:
        """Sets a field of ``Party`` once; empty values and later ones are ignored."""
        if value and name not in self.values:
            self.values[name] = value
            self.sources[name] = source

    def finish(self) -> Party:
        """The party as read."""
        return Party(**{name: self.values.get(name) for name in _PARTY_FIELDS})


@dataclass(slots=True)
class DraftLine:
    """A line being read; ``sources`` is keyed by field name."""

    number: int | None = None
    quantity: Decimal | None = None
    unit: str = ""
    customer_part: str | None = None
    supplier_part: str | None = None
    gtin: str | None = None
    description: str | None = None
    price: Decimal | None = None
    price_basis: Decimal = Decimal(1)
    requested_date: date | None = None
    amount: Decimal | None = None
    sources: dict[str, Source] = field(default_factory=dict)

    def mark(self, name: str, source: Source) -> None:
        """Records where a field was read."""
        self.sources[name] = source

    @property
    def part(self) -> str | None:
        """Any part number the line has."""
        return self.supplier_part or self.customer_part or self.gtin


@dataclass(slots=True)
class Draft:
    """An order being read. ``finish`` numbers the lines, checks the control values and freezes it."""

    format: str
    purpose: Purpose = "original"
    po_number: str = ""
    release: str | None = None
    order_date: date | None = None
    requested_date: date | None = None
    currency: str | None = None
    buyer: DraftParty = field(default_factory=DraftParty)
    ship_to: DraftParty = field(default_factory=DraftParty)
    bill_to: DraftParty = field(default_factory=DraftParty)
    incoterms: str | None = None
    payment_terms: str | None = None
    lines: list[DraftLine] = field(default_factory=list)
    stated_total: Decimal | None = None
    stated_line_count: int | None = None
    stated_quantity_total: Decimal | None = None
    charges: Decimal = Decimal(0)
    notes: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    sources: dict[str, Source] = field(default_factory=dict)

    def mark(self, name: str, source: Source) -> None:
        """Records where a field was read."""
        self.sources[name] = source

    def note(self, text: str, source: Source) -> None:
        """Keeps free text verbatim."""
        self.sources[f"notes[{len(self.notes)}]"] = source
        self.notes.append(text)

    def warn(self, kind: str, text: str) -> None:
        """Adds a warning once; ``kind`` is one of ``WARNING_KINDS``."""
        warning = f"{kind}: {text}"
        if len(self.warnings) < _MOST_WARNINGS and warning not in self.warnings:
            self.warnings.append(warning)

    def finish(self) -> Order:
        """The frozen order, with ``totals`` and ``count`` warnings where control values do not add up.

        Raises Refusal ``control_character`` for an order or part number that holds one.
        """
        self._refuse_controls()
        self._check_sums()
        sources = dict(self.sources)
        for prefix, party in (("buyer", self.buyer), ("ship_to", self.ship_to), ("bill_to", self.bill_to)):
            for name, source in party.sources.items():
                sources[f"{prefix}.{name}"] = source
        lines: list[Line] = []
        for index, line in enumerate(self.lines):
            for name, source in line.sources.items():
                sources[f"lines[{index}].{name}"] = source
            lines.append(
                Line(
                    number=line.number if line.number is not None else index + 1,
                    quantity=line.quantity if line.quantity is not None else Decimal(0),
                    unit=line.unit,
                    customer_part=line.customer_part,
                    supplier_part=line.supplier_part,
                    gtin=line.gtin,
                    description=line.description,
                    price=line.price,
                    price_basis=line.price_basis,
                    requested_date=line.requested_date,
                    amount=line.amount,
                )
            )
        return Order(
            format=self.format,
            purpose=self.purpose,
            po_number=self.po_number,
            release=self.release,
            order_date=self.order_date,
            requested_date=self.requested_date,
            currency=self.currency,
            buyer=self.buyer.finish(),
            ship_to=self.ship_to.finish() if self.ship_to.values else None,
            bill_to=self.bill_to.finish() if self.bill_to.values else None,
            incoterms=self.incoterms,
            payment_terms=self.payment_terms,
            lines=tuple(lines),
            stated_total=self.stated_total,
            stated_line_count=self.stated_line_count,
            stated_quantity_total=self.stated_quantity_total,
            notes=tuple(self.notes),
            warnings=tuple(self.warnings),
            sources=sources,
        )

    def _refuse_controls(self) -> None:
        names = [("order number", self.po_number, self.sources.get("po_number"))]
        for line in self.lines:
            names.extend(
                (name.replace("_", " "), getattr(line, name) or "", line.sources.get(name))
                for name in ("supplier_part", "customer_part", "gtin")
            )
        for what, value, source in names:
            if _CONTROLS.search(value) is not None:
                place = "document" if source is None else f"{source.part}, line {source.line}"
                if source is not None and source.segment is not None:
                    place = f"{source.segment}, line {source.line}"
                raise Refusal("control_character", f"The {what} {value[:40]!r} holds a control character.", place)

    def _check_sums(self) -> None:
        seen: set[int] = set()
        total: Decimal | None = Decimal(0)
        for index, line in enumerate(self.lines):
            number = line.number if line.number is not None else index + 1
            if number in seen:
                self.warn("count", f"line number {number} is used twice")
            seen.add(number)
            if line.quantity is None or line.quantity == 0:
                self.warn("uncertain", f"line {number} orders a quantity of zero")
            computed = None
            if line.quantity is not None and line.price is not None:
                computed = line.quantity * line.price / line.price_basis
                if line.amount is not None and abs(computed - line.amount) > _CENT:
                    self.warn(
                        "totals", f"line {number}: {line.quantity} at {line.price} is not the stated {line.amount}"
                    )
            value = line.amount if line.amount is not None else computed
            if value is not None and line.amount is None:
                value = value.quantize(_CENT)
            total = None if value is None or total is None else total + value
        if self.stated_total is not None and self.lines and total is not None:
            slack = _CENT * len(self.lines)
            if abs(total - self.stated_total) > slack and abs(total + self.charges - self.stated_total) > slack:
                self.warn("totals", f"the lines add up to {total}, stated is {self.stated_total}")
        if self.stated_line_count is not None and self.stated_line_count != len(self.lines):
            self.warn("count", f"{len(self.lines)} lines were found, stated are {self.stated_line_count}")
        quantity = sum((line.quantity or Decimal(0) for line in self.lines), Decimal(0))
        if self.stated_quantity_total is not None and self.stated_quantity_total != quantity:
            self.warn("count", f"the quantities add up to {quantity}, stated is {self.stated_quantity_total}")
