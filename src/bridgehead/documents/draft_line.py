"""The pieces of an order being read: a party and a line, each value with its source."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from datetime import date
from decimal import Decimal

from bridgehead.documents.departments import is_department
from bridgehead.documents.order import Charge, Delivery, Identifier, Party, Source

_PARTY_FIELDS = tuple(f.name for f in fields(Party) if f.name != "identifiers")


@dataclass(slots=True)
class DraftParty:
    """A party being read; ``put`` keeps value and source together."""

    values: dict[str, str] = field(default_factory=dict)
    sources: dict[str, Source] = field(default_factory=dict)
    identifiers: list[Identifier] = field(default_factory=list)

    def identify(self, scheme: str, value: str, source: Source) -> None:
        """Adds a number of the party under a scheme that ``Party`` has no field for."""
        found = Identifier(scheme, value)
        if value and found not in self.identifiers:
            self.sources[f"identifiers[{len(self.identifiers)}]"] = source
            self.identifiers.append(found)

    def put(self, name: str, value: str | None, source: Source) -> None:
        """Sets a field of ``Party`` once; empty values and later ones are ignored."""
        if value and name not in self.values:
            self.values[name] = value
            self.sources[name] = source

    def unname_department(self) -> None:
        """A department is nobody's name: what is called by one keeps it as whom to ask for, and its name unknown."""
        name = self.values.get("name", "")
        if is_department(name):
            source = self.sources.pop("name")
            del self.values["name"]
            self.put("contact", name, source)

    def finish(self) -> Party:
        """The party as read."""
        return Party(identifiers=tuple(self.identifiers), **{name: self.values.get(name) for name in _PARTY_FIELDS})


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
    unit_code: str | None = None
    item_numbers: list[Identifier] = field(default_factory=list)
    deliveries: list[Delivery] = field(default_factory=list)
    charges: list[Charge] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    sources: dict[str, Source] = field(default_factory=dict)

    def mark(self, name: str, source: Source) -> None:
        """Records where a field was read."""
        self.sources[name] = source

    @property
    def part(self) -> str | None:
        """Any part number the line has."""
        return self.supplier_part or self.customer_part or self.gtin
