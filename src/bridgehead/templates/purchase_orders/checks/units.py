"""Units of measure: what a document writes, matched to the units an item is sold in.

Codes are those of UN/ECE Recommendation 20 and of X12 data element 355, with the words and
abbreviations that documents use for the same unit. How many base units a unit holds is never
known here: it belongs to the item.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from bridgehead.templates.purchase_orders.erp.wire import Item

_SAME: Final = (
    "C62 H87 EA EACH PCE PC PCS PIECE PIECES PZ ST STK STCK STÜCK STUECK UN UNIT UNITS UNT PIÈCE PIÈCES PIECE(S) NAR",
    "BX BOX BOXES SCHACHTEL BOÎTE",
    "CT CTN CARTON CARTONS KARTON KTN KARTONS XCT",
    "CS CA CASE CASES",
    "PK PACK PACKS PKG PACKAGE PACKUNG PAKET PKT XPK",
    "PA PR PAIR PAIRS PAAR PAIRE",
    "DZN DZ DOZ DOZEN DUTZEND DOUZAINE",
    "KGM KG KGS KILO KILOGRAM KILOGRAMM",
    "GRM GR GRAM GRAMM G",
    "MTR MR M METER METRE METERS METRES MTS",
    "LTR LT L LITER LITRE LITERS LITRES",
    "SET SETS SATZ",
    "RO RL ROLL ROLLS ROLLE ROLLEN",
    "PF PAL PALLET PALETTE XPF",
)
_GROUP: Final = {word: index for index, words in enumerate(_SAME) for word in words.split()}


def same_unit(one: str, other: str) -> bool:
    """Tells whether two spellings mean the same unit; unknown spellings are equal only to themselves."""
    first, second = _clean(one), _clean(other)
    return first == second or _GROUP.get(first, -1) == _GROUP.get(second, -2)


def base_units_in(item: Item, written: str, *, priced: bool) -> Decimal | None:
    """Returns how many base units one of the written unit holds, or None when the item does not know it.

    No unit written means the base unit, provided that nothing else is possible or that a stated
    price will show whether it was meant.
    """
    if not _clean(written):
        return Decimal(1) if priced or not item.units else None
    if same_unit(written, item.base_unit):
        return Decimal(1)
    factors = {factor for unit, factor in item.units.items() if same_unit(written, unit)}
    return factors.pop() if len(factors) == 1 else None


def _clean(unit: str) -> str:
    return unit.strip().strip(".").upper()
