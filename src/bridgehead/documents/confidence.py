"""How sure a reading is: measured shares, not opinions.

``calibration.json`` holds what ``bench/documents.py --calibrate`` found on generated documents: for fields the share
read right by the family of the format, the kind of field and how it was read; for orders the weights of a logistic
regression on what a reading shows of itself. ``bench/documents.py`` draws the reliability of both on documents that
were not fitted (DeGroot and Fienberg 1983; Niculescu-Mizil and Caruana, ICML 2005).
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import Final

from bridgehead.documents.order import WARNING_KINDS, Order, Source

FAMILIES: Final[Mapping[str, str]] = {
    "x12": "coded", "edifact": "coded", "tradacoms": "coded", "ubl": "coded", "cxml": "coded", "orderx": "coded",
    "xml": "coded", "csv": "table", "xlsx": "table", "pdf": "page", "email": "text",
}  # fmt: skip
"""Formats whose readings go wrong in the same ways."""
SURE: Final = 0.9
"""An order is read with confidence from here on, if no warning says otherwise."""
_DOUBTS: Final = frozenset({"uncertain", "ignored", "contradiction", "instruction", "date"})
_CONTROLS: Final[Mapping[str, tuple[str, ...]]] = {
    "total": ("lines_total", "net_total", "gross_total", "payable"),
    "count": ("line_count", "quantity_total"),
}
_PATH: Final = re.compile(r"^(lines)\[\d+\]\.([a-z_]+)|^([a-z_]+)")
_GROUPS: Final[Mapping[str, str]] = {
    "po_number": "number", "release": "number", "order_date": "date", "requested_date": "date", "dates": "date",
    "buyer": "parties", "ship_to": "parties", "bill_to": "parties", "seller": "parties",
    "customer_part": "item", "supplier_part": "item", "gtin": "item", "item_numbers": "item",
    "quantity": "quantity", "deliveries": "quantity", "unit": "unit", "unit_code": "unit",
    "price": "price", "price_basis": "price", "amount": "price",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Calibration:
    """``fields``: (family, group, how, doubted) → share right; ``weights``: feature → weight of the logit."""

    fields: Mapping[str, float]
    weights: Mapping[str, float]


def group_of(path: str) -> str:
    """The kind of field that a path of ``Order.sources`` names: number, date, parties, item, … or ``other``."""
    found = _PATH.match(path)
    return "other" if found is None else _GROUPS.get(found[2] or found[3], "other")


def doubted(order: Order) -> bool:
    """Whether a warning says that something was not read for certain."""
    return any(warning.partition(":")[0] in _DOUBTS for warning in order.warnings)


def field_key(order: Order, path: str, source: Source, *, doubtful: bool) -> str:
    """The cell of the calibration that a field belongs to."""
    family = FAMILIES.get(order.format, "text")
    return f"{family}/{group_of(path)}/{source.how}/{'doubted' if doubtful else 'plain'}"


def features(order: Order) -> dict[str, float]:
    """What a reading shows of itself, by name; every value lies between -1 and 3."""
    family = FAMILIES.get(order.format, "text")
    found: dict[str, float] = {"bias": 1.0, f"form:{order.format}": 1.0}
    kinds = Counter(warning.partition(":")[0] for warning in order.warnings)
    for kind in WARNING_KINDS:
        if kinds[kind]:
            found[f"{family}/warning:{kind}"] = min(float(kinds[kind]), 3.0)
    lines = max(len(order.lines), 1)
    agreed = sum(1 for one in order.controls if one.kind == "line_total" and one.agrees)
    found[f"{family}/amounts"] = agreed / lines
    for kind, names in _CONTROLS.items():
        said = [one.agrees for one in order.controls if one.kind in names and one.agrees is not None]
        if said:
            found[f"{family}/{kind}"] = 1.0 if all(said) else -1.0
    for name in ("unit", "price"):
        missing = sum(1 for line in order.lines if not getattr(line, name))
        found[f"{family}/no_{name}"] = missing / lines
    found[f"{family}/no_part"] = (
        sum(1 for line in order.lines if not (line.supplier_part or line.customer_part or line.gtin)) / lines
    )
    found |= {f"{family}/{name}": value for name, value in _gaps(order).items() if value}
    found[f"{family}/long"] = min(math.log(lines), 3.0)
    hows = Counter(source.how for source in order.sources.values())
    of = max(sum(hows.values()), 1)
    for how in ("place", "pattern", "derived", "model"):
        if hows[how]:
            found[f"{family}/how:{how}"] = hows[how] / of
    return found


def _gaps(order: Order) -> dict[str, float]:
    """What a reading lacks that its like has, and what only some of its lines have: columns that were lost show so."""
    lines = order.lines
    named = [line.supplier_part or line.customer_part or line.gtin for line in lines]
    shares = {
        "some_price": [line.price is not None for line in lines],
        "some_part": [bool(one) for one in named],
        "some_parts": [bool(line.supplier_part and line.customer_part) for line in lines],
        "some_day": [line.requested_date is not None for line in lines],
    }
    place = order.ship_to
    priced = any(line.price is not None for line in lines)
    summed = any(one.kind in _CONTROLS["total"] for one in order.controls) or any(line.amount for line in lines)
    return {
        **{name: float(any(have) and not all(have)) for name, have in shares.items()},
        "both_parts": float(bool(lines) and all(shares["some_parts"])),
        "no_day": float(order.requested_date is None and not any(shares["some_day"])),
        "no_order_date": float(order.order_date is None),
        "no_place": float(place is None),
        "no_city": float(place is not None and bool(place.street) and not (place.city and place.postal_code)),
        "at_buyer": float(place is not None and bool(place.street) and place.street == order.buyer.street),
        "money_unread": float(not priced and summed),
        "no_money": float(not priced and not summed),
        "no_words": sum(not line.description for line in lines) / max(len(lines), 1),
        "short_part": sum(bool(one) and len(one or "") < _SHORT for one in named) / max(len(lines), 1),
        "spaced_part": sum(" " in (one or "") for one in named) / max(len(lines), 1),
        "no_lines": float(not lines),
    }


_SHORT: Final = 4
"""A part number of fewer letters may be the number of a line."""


def rated(order: Order, calibration: Calibration | None = None) -> Order:
    """The order with its own confidence and that of every field; unchanged when nothing is calibrated."""
    known = calibration or calibrated()
    if not known.weights:
        return order
    logit = sum(known.weights.get(name, 0.0) * value for name, value in features(order).items())
    doubtful = doubted(order)
    confidence = round(1 / (1 + math.exp(-max(min(logit, 30.0), -30.0))), 4)
    shares: dict[tuple[str, str], float | None] = {}
    sources: dict[str, Source] = {}
    for path, source in order.sources.items():
        kind = (path.rpartition(".")[2] if path.startswith("lines[") else path, source.how)
        if kind not in shares:
            shares[kind] = known.fields.get(field_key(order, path, source, doubtful=doubtful))
        sources[path] = _rated(source, shares[kind])
    return replace(order, confidence=confidence, sources=sources)


def _rated(source: Source, share: float | None) -> Source:
    if share is None:
        return source
    return Source(source.part, source.line, source.text, source.column, source.segment, source.page, source.how, share)


def sure(order: Order) -> bool:
    """Whether the order was read with confidence: no doubt is noted, its controls hold, and its like is read right."""
    held = all(one.agrees is not False for one in order.controls)
    return not doubted(order) and held and (order.confidence is None or order.confidence >= SURE)


@cache
def calibrated() -> Calibration:
    """What was measured; empty when the file is missing."""
    file = files("bridgehead.documents") / "calibration.json"
    if not file.is_file():
        return Calibration({}, {})
    plain = json.loads(file.read_text(encoding="utf-8"))
    return Calibration(plain["fields"], plain["weights"])
