"""An order while it is being read: fields arrive one by one with their sources, and the sums are checked at the end."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Final

from bridgehead.documents.controls import check_controls
from bridgehead.documents.draft_line import DraftLine, DraftParty
from bridgehead.documents.order import (
    Charge,
    ControlKind,
    DateKind,
    Line,
    Order,
    Purpose,
    Reference,
    ReferenceKind,
    Source,
    StatedDate,
)
from bridgehead.documents.outcome import Refusal
from bridgehead.documents.units import unit_code

__all__ = ["Draft", "DraftLine", "DraftParty"]

_MOST_WARNINGS = 200
"""A person who reads two hundred doubts knows enough."""
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_CONTROL_FIELDS: tuple[tuple[ControlKind, str, frozenset[str]], ...] = (
    ("net_total", "stated_total", frozenset({"lines_total", "net_total", "gross_total", "payable"})),
    ("line_count", "stated_line_count", frozenset({"line_count"})),
    ("quantity_total", "stated_quantity_total", frozenset({"quantity_total"})),
)

_COUNTER: Final = 5
"""The most digits of a number that counts lines."""
_WRITTEN: Final = frozenset({"email", "pdf", "csv", "spreadsheet"})
"""Formats in which what a number is must be guessed from its heading."""


@dataclass(slots=True)
class Draft:
    """An order being read. ``finish`` numbers the lines, checks the control values and freezes it."""

    format: str
    purpose: Purpose = "original"
    message: str = ""
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
    seller: DraftParty = field(default_factory=DraftParty)
    references: list[Reference] = field(default_factory=list)
    dates: list[StatedDate] = field(default_factory=list)
    charges: list[Charge] = field(default_factory=list)
    controls: list[tuple[ControlKind, Decimal, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    sources: dict[str, Source] = field(default_factory=dict)
    _stated_once: set[Reference | StatedDate] = field(default_factory=set)

    def mark(self, name: str, source: Source) -> None:
        """Records where a field was read."""
        self.sources[name] = source

    def refer(self, kind: ReferenceKind, value: str, source: Source) -> None:
        """Adds another document that the order names."""
        found = Reference(kind, value)
        if value and found not in self._stated_once:
            self._stated_once.add(found)
            self.sources[f"references[{len(self.references)}]"] = source
            self.references.append(found)

    def date(self, kind: DateKind, day: date, source: Source) -> None:
        """Adds a date that is neither the order's own nor the requested one."""
        found = StatedDate(kind, day)
        if found not in self._stated_once:
            self._stated_once.add(found)
            self.sources[f"dates[{len(self.dates)}]"] = source
            self.dates.append(found)

    def state(self, kind: ControlKind, value: Decimal, where: str) -> None:
        """Adds a control value of the document; ``finish`` computes what it should be and warns when it is not."""
        self.controls.append((kind, value, where))

    def note(self, text: str, source: Source) -> None:
        """Keeps free text verbatim."""
        self.sources[f"notes[{len(self.notes)}]"] = source
        self.notes.append(text)

    def warn(self, kind: str, text: str) -> None:
        """Adds a warning once; ``kind`` is one of ``WARNING_KINDS``."""
        warning = f"{kind}: {text}"
        if len(self.warnings) < _MOST_WARNINGS and warning not in self.warnings:
            self.warnings.append(warning)

    def _renumber(self) -> None:
        """Part numbers that only count the lines, 1, 2, 3 or 10, 20, 30, are the numbers of lines that have another."""
        if self.format not in _WRITTEN:
            return
        for side, other in (("customer_part", "supplier_part"), ("supplier_part", "customer_part")):
            values = [getattr(line, side) or "" for line in self.lines]
            if not all(value.isdecimal() and len(value) <= _COUNTER for value in values):
                continue
            if not values or not all(getattr(line, other) for line in self.lines):
                continue
            if any(all(int(one) == step * at for at, one in enumerate(values, 1)) for step in (1, 10, 100)):
                for line, value in zip(self.lines, values, strict=True):
                    line.number = int(value)
                    if side in line.sources:
                        line.sources["number"] = line.sources.pop(side)
                    setattr(line, side, None)

    def finish(self) -> Order:
        """The frozen order, with ``totals`` and ``count`` warnings where control values do not add up.

        Raises Refusal ``control_character`` for an order or part number that holds one.
        """
        self._refuse_controls()
        self.buyer.unname_department()
        self._renumber()
        self._check_sums()
        controls, complaints = check_controls(self.lines, self.charges, self._stated())
        for kind, text in complaints:
            self.warn(kind, text)
        sources = dict(self.sources)
        for prefix, party in (
            ("buyer", self.buyer),
            ("ship_to", self.ship_to),
            ("bill_to", self.bill_to),
            ("seller", self.seller),
        ):
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
                    unit_code=line.unit_code if line.unit_code is not None else unit_code(line.unit) or "",
                    item_numbers=tuple(line.item_numbers),
                    deliveries=tuple(line.deliveries),
                    charges=tuple(line.charges),
                    notes=tuple(line.notes),
                )
            )
        return Order(
            format=self.format,
            purpose=self.purpose,
            message=self.message,
            po_number=self.po_number,
            release=self.release,
            order_date=self.order_date,
            requested_date=self.requested_date,
            currency=self.currency,
            buyer=self.buyer.finish(),
            ship_to=self.ship_to.finish() if self.ship_to.values or self.ship_to.identifiers else None,
            bill_to=self.bill_to.finish() if self.bill_to.values or self.bill_to.identifiers else None,
            incoterms=self.incoterms,
            payment_terms=self.payment_terms,
            lines=tuple(lines),
            stated_total=self.stated_total,
            stated_line_count=self.stated_line_count,
            stated_quantity_total=self.stated_quantity_total,
            notes=tuple(self.notes),
            warnings=tuple(self.warnings),
            seller=self.seller.finish() if self.seller.values or self.seller.identifiers else None,
            references=tuple(self.references),
            dates=tuple(self.dates),
            charges=tuple(self.charges),
            controls=controls,
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
        """Warns of what cannot be summed at all; control values are for ``check_controls``."""
        seen: set[int] = set()
        for index, line in enumerate(self.lines):
            number = line.number if line.number is not None else index + 1
            if number in seen:
                self.warn("count", f"line number {number} is used twice")
            seen.add(number)
            if line.quantity is None:
                self.warn("uncertain", f"line {number} states no ordered quantity")
            elif line.quantity == 0:
                self.warn("uncertain", f"line {number} orders a quantity of zero")
            if line.deliveries and sum((one.quantity for one in line.deliveries), Decimal(0)) != line.quantity:
                self.warn("count", f"line {number}: its deliveries do not add up to {line.quantity}")
        if self.stated_total and self.lines and all(line.price is None and line.amount is None for line in self.lines):
            self.warn("uncertain", f"a total of {self.stated_total} is stated, and no line has a price for it")

    def _stated(self) -> list[tuple[ControlKind, Decimal, str]]:
        """The control values stated, those of the fields that every document has among them."""
        stated = list(self.controls)
        kinds = {kind for kind, _, _ in stated}
        for kind, name, others in _CONTROL_FIELDS:
            value = getattr(self, name)
            if value is not None and not kinds & others:
                source = self.sources.get(name)
                stated.append((kind, Decimal(value), "" if source is None else source.segment or f"line {source.line}"))
        return stated
