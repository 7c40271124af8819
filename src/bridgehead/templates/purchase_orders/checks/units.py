"""Units of measure: what a document writes, matched to the units an item is sold in.

How many base units a pack holds belongs to the item and is never known here; a dozen, a kilogram or a metre holds
what it always does. A word that can mean
several units (``ST``: piece in German, set in X12) is decided by the item, when it is sold in one
of them only.
"""

from __future__ import annotations

from decimal import Decimal

from bridgehead.documents.units import SIZES, unit_code, unit_readings
from bridgehead.templates.purchase_orders.erp.wire import Item


def same_unit(one: str, other: str) -> bool:
    """Tells whether two spellings can mean the same unit; unknown spellings are equal only to themselves."""
    return _clean(one) == _clean(other) or bool(unit_readings(one) & unit_readings(other))


def base_units_in(item: Item, written: str, code: str = "", *, priced: bool) -> Decimal | None:
    """Returns how many base units one of the written unit holds, or None when nothing tells.

    ``code`` is what the unit is in Recommendation 20, where the document's form says so. The item's own units come
    first; a unit of the base unit's dimension converts exactly. No unit written means the base unit, provided that
    nothing else is possible or that a stated price will show whether it was meant.
    """
    if not _clean(written):
        return Decimal(1) if priced or not item.units else None
    known = {item.base_unit: Decimal(1), **item.units}
    exact = {factor for unit, factor in known.items() if _clean(unit) == _clean(written)}
    factors = exact or {factor for unit, factor in known.items() if same_unit(written, unit) or _clean(unit) == code}
    converted = {factor for one in _readings(written, code) if (factor := _converted(one, item.base_unit))}
    if not factors or (not exact and len(unit_readings(written)) > 1):
        # Of a word of two meanings the item's own units decide only where what always holds the same says no other.
        factors |= converted
    return factors.pop() if len(factors) == 1 else None


def _readings(written: str, code: str) -> frozenset[str]:
    return unit_readings(written) | unit_readings(code) | ({code} if code else frozenset())


def _converted(code: str, base: str) -> Decimal | None:
    """How many of the base unit one of a unit of its dimension is."""
    one, own = SIZES.get(code), SIZES.get(unit_code(base) or base)
    return one[1] / own[1] if one is not None and own is not None and one[0] == own[0] else None


def _clean(unit: str) -> str:
    return unit.strip().strip(".").upper()
