"""Pairs the items of a model with the lines that the rules read, and says where the two readings differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from bridgehead.documents.assisted.grounding import Found, Grounded, Value
from bridgehead.documents.order import Line, Order, Party, Source
from bridgehead.documents.tables.heading_parts import fold
from bridgehead.documents.units import unit_readings

PARTS: Final = ("supplier_part", "customer_part", "gtin")
SHIP_TO: Final[Mapping[str, str]] = {
    "ship_to_name": "name",
    "ship_to_street": "street",
    "ship_to_postal_code": "postal_code",
    "ship_to_city": "city",
}
_WHOLE: Final = ("po_number", "requested_date", "currency", "stated_total", "order_date")
_NEEDED: Final = frozenset({"po_number"})
_LINE: Final = ("quantity", "unit", "price", "amount", "requested_date")


@dataclass(slots=True)
class Compared:
    """What comparing came to; paths are those of ``Order.sources``.

    ``differing`` holds what the model reads otherwise, ``missing`` what the rules do not have, ``unseen`` what only the
    rules have, and ``extra`` the model's items that are no line of the rules.
    """

    differing: dict[str, tuple[Found, Value]] = field(default_factory=dict)
    missing: dict[str, Found] = field(default_factory=dict)
    unseen: list[str] = field(default_factory=list)
    extra: list[Mapping[str, Found]] = field(default_factory=list)

    @property
    def equal(self) -> bool:
        """Whether the model reads all that decides about the order as the rules do, and nothing else."""
        return not (self.differing or self.missing or self.unseen or self.extra)


def compare(order: Order, model: Grounded) -> Compared:
    """Compares the rules' order with the grounded answer of a model.

    The description of a line and the name of the buyer are words about a thing that numbers name: they may be
    filled and are never held against a reading. The order's own date is not missed, for mails rarely state it.
    """
    out = Compared()
    for name in _WHOLE:
        _one(out, name, getattr(order, name), model.fields.get(name), needed=name in _NEEDED)
    _currency_of_prices(out, order, model)
    if order.buyer.name is None and "buyer_name" in model.fields:
        out.missing["buyer.name"] = model.fields["buyer_name"]
    _ship_to(out, order.ship_to, model.fields)
    paired = pair(order, model.items)
    for index, line in enumerate(order.lines):
        item = paired.get(index)
        if item is None:
            out.unseen.append(f"lines[{index}]")
        else:
            _line(out, f"lines[{index}].", line, item, order, model)
    used = {id(item) for item in paired.values()}
    out.extra = [item for item in model.items if id(item) not in used]
    return out


def pair(order: Order, items: Sequence[Mapping[str, Found]]) -> dict[int, Mapping[str, Found]]:
    """Which item is which line: the one that shares part numbers and places in the text, each used once."""
    scored = sorted(
        (
            (-_likeness(order, index, item), index, at)
            for index in range(len(order.lines))
            for at, item in enumerate(items)
            if abs(index - at) <= _APART
        ),
    )
    paired: dict[int, Mapping[str, Found]] = {}
    used: set[int] = set()
    for likeness, index, at in scored:
        if likeness < 0 and index not in paired and at not in used:
            paired[index] = items[at]
            used.add(at)
    return paired


_APART: Final = 20
"""How far apart the same item may stand in two lists; it bounds the pairs that are looked at."""


def _likeness(order: Order, index: int, item: Mapping[str, Found]) -> int:
    line = order.lines[index]
    known = {bare(part) for part in (line.supplier_part, line.customer_part, line.gtin) if part}
    named = {bare(str(item[name].value)) for name in PARTS if name in item}
    places = {
        (source.part, source.line)
        for name in ("quantity", *PARTS, "price")
        if (source := order.sources.get(f"lines[{index}].{name}")) is not None
    }
    shared = len(places & {(found.source.part, found.source.line) for found in item.values()})
    return 10 * len(known & named) + 3 * min(shared, 2)


def bare(text: str) -> str:
    """A number as it is compared: without blanks and capitals."""
    return "".join(text.split()).casefold()


def _one(out: Compared, path: str, known: Value | None, found: Found | None, *, needed: bool = False) -> None:
    if found is None:
        if (known and needed) or (known is not None and path in {"requested_date", "currency"}):
            out.unseen.append(path)
    elif known is None or known == "":
        out.missing[path] = found
    elif not _same(path, known, found.value):
        out.differing[path] = (found, known)


def _same(path: str, known: Value, value: Value) -> bool:
    if isinstance(known, str) and isinstance(value, str):
        if path.endswith("unit"):
            return bool(unit_readings(known) & unit_readings(value)) or bare(known) == bare(value)
        return bare(known) == bare(value)
    return known == value


def _currency_of_prices(out: Compared, order: Order, model: Grounded) -> None:
    """Prices carry the currency where no field states it."""
    if "currency" in model.fields:
        return
    named = {item["currency"].value: item["currency"] for item in model.items if "currency" in item}
    if len(named) == 1 and "currency" in out.unseen:
        out.unseen.remove("currency")
        _one(out, "currency", order.currency, next(iter(named.values())))


def _ship_to(out: Compared, known: Party | None, fields: Mapping[str, Found]) -> None:
    """An address is cut into fields in many ways: one that holds the other is the same."""
    stated = "" if known is None else fold(" ".join(filter(None, _words(known))))
    for name, field_ in SHIP_TO.items():
        found = fields.get(name)
        if found is None:
            continue
        if known is None:
            out.missing[f"ship_to.{field_}"] = found
        elif not set(fold(str(found.value)).replace(",", " ").split()) <= set(stated.replace(",", " ").split()):
            out.differing[f"ship_to.{field_}"] = (found, getattr(known, field_) or "")


def _words(party: Party) -> tuple[str | None, ...]:
    return (party.name, party.street, party.postal_code, party.city, party.country, party.contact)


def _line(out: Compared, prefix: str, line: Line, item: Mapping[str, Found], order: Order, model: Grounded) -> None:
    _parts(out, prefix, line, item)
    if line.description is None and "description" in item:
        out.missing[f"{prefix}description"] = item["description"]
    for name in _LINE:
        known: Value | None = getattr(line, name)
        found = item.get(name)
        if name == "requested_date":
            # A day of the whole order may be told of each line, and the other way round.
            found = found or (model.fields.get(name) if known is not None else None)
            known = known or (order.requested_date if found is not None else None)
        if name == "price" and known is not None and found is not None:
            _price(out, prefix, line, item)
            continue
        if found is None:
            if known is not None and known != "":
                out.unseen.append(f"{prefix}{name}")
            continue
        _one(out, f"{prefix}{name}", known, found)
        if name == "price" and "price_basis" in item:  # without it the price would be another one
            out.missing[f"{prefix}price_basis"] = item["price_basis"]


def _price(out: Compared, prefix: str, line: Line, item: Mapping[str, Found]) -> None:
    """Prices are compared for one unit, whatever number of units they are stated for."""
    found = item["price"]
    basis = item["price_basis"].value if "price_basis" in item else Decimal(1)
    if not isinstance(found.value, Decimal) or not isinstance(basis, Decimal) or line.price is None:
        return
    if found.value * line.price_basis != line.price * basis:
        what = f"{line.price} for {line.price_basis}" if basis != line.price_basis else line.price
        out.differing[f"{prefix}price"] = (found, what)


def _parts(out: Compared, prefix: str, line: Line, item: Mapping[str, Found]) -> None:
    """Part numbers are compared whichever side they are ascribed to: texts rarely say whose they are."""
    others = {bare(one.value) for one in line.item_numbers}
    known = {bare(part) for part in (line.supplier_part, line.customer_part, line.gtin) if part}
    found = {bare(str(item[name].value)): name for name in PARTS if name in item}
    for part, name in found.items():
        if part in known | others:
            continue
        if not known or getattr(line, name) is None:
            out.missing[f"{prefix}{name}"] = item[name]
        else:
            out.differing[f"{prefix}{name}"] = (item[name], getattr(line, name))
    if known - set(found):
        out.unseen.append(f"{prefix}supplier_part")


def place_of(source: Source) -> str:
    """Where a value stands, for people."""
    return f"{source.part}{f', page {source.page}' if source.page else ''}, line {source.line}"
