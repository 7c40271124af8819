"""Reads quantities, prices and units as they stand in one cell or phrase."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from bridgehead.documents.dates import DayContext
from bridgehead.documents.language import Language
from bridgehead.documents.numbers import DecimalSign, is_open, read_number
from bridgehead.documents.terms import CURRENCY, currency_of
from bridgehead.documents.units import MEASURES, UNIT_CODES

DIGITS: Final = r"\d+(?:[.,'’]\d+)*"
GROUPED: Final = rf"(?:\d{{1,3}}(?:[ \u00a0\u202f\u2009]\d{{3}})+(?:[.,]\d{{1,6}})?|{DIGITS})"
_QUANTITY = re.compile(rf"(?P<n>{GROUPED})(?:,-)?\s*(?P<u>[^\W\d_]{{1,14}}[²³23]?\.?)?(?:\s*\([^)]{{0,12}}\))?")
_UNIT_FIRST = re.compile(rf"(?P<u>[^\W\d_]{{1,14}}\.?)\s*(?P<n>{GROUPED})")
_PRICE = re.compile(
    rf"(?P<c1>{CURRENCY})?\s*(?P<n>{GROUPED}(?:,-|\.-)?)\s*(?P<c2>{CURRENCY})?"
    rf"\s*(?:(?:/|per|pro|je|par|por|cada|pour|les|voor|f[uü]r|f[oö]r|za|ogni|al?|each|ea|la|le|cad)\.?\s*)?(?P<b>100|1000|1\.000|1,000|1)?\s*(?P<u>[^\W\d_]{{1,14}}\.?)?",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Ways:
    """How the numbers and days of one document are to be read."""

    sign: DecimalSign | None
    days: DayContext
    language: Language | None
    thousandths: bool = False
    """Every quantity is printed with three decimals (``19,000`` is nineteen)."""


@dataclass(frozen=True, slots=True)
class Quantity:
    """A quantity with the unit written beside it; ``certain`` is false where it has two readings."""

    value: Decimal
    unit: str
    certain: bool


@dataclass(frozen=True, slots=True)
class Price:
    """A price for ``basis`` of ``unit`` (empty when not stated)."""

    value: Decimal
    currency: str | None
    basis: Decimal
    unit: str
    certain: bool


def written_unit(word: str, language: Language | None) -> str:
    """The unit as the order keeps it: in capitals, without a full stop; Dutch ``dozen`` (boxes) as ``DOOS``."""
    word = word.strip().rstrip(".").upper()
    return "DOOS" if word == "DOZEN" and language == "nl" else word


def quantity_of(number: str, unit: str, ways: Ways) -> Quantity | None:
    """A quantity from its digits and unit word.

    A decimal fraction of exactly three digits of a counted unit (``1,000 pcs`` under a decimal comma)
    stays uncertain.
    """
    found = read_number(number, ways.sign)
    if found is None:
        return None
    certain = found.certain
    code = UNIT_CODES.get(unit.rstrip(".").lower())
    if is_open(number) and not (ways.thousandths and found.certain):
        if (found.certain and found.value != found.value.to_integral_value() and code not in MEASURES) or (
            found.certain and found.value < 1000 and code not in MEASURES
        ):
            certain = False
        elif ways.sign is None:
            default = "." if ways.language == "en" else "," if ways.language else None
            certain = default is not None and default not in number
    return Quantity(found.value, written_unit(unit, ways.language) if code else "", certain)


def read_quantity(text: str, ways: Ways) -> Quantity | None:
    """A cell such as ``10``, ``10 Stk`` or ``1.000,5 kg``; None when it holds anything else."""
    text = re.sub(r"(?<=[\d\s])[xX×]$", "", text.strip()).strip()
    match = _QUANTITY.fullmatch(text) or _UNIT_FIRST.fullmatch(text)
    if match is None:
        return None
    unit = match["u"] or ""
    if unit and unit.rstrip(".").lower() not in UNIT_CODES:
        return None
    return quantity_of(match["n"], unit, ways)


def read_price(text: str, ways: Ways) -> Price | None:
    """A cell such as ``3,20``, ``EUR 12.50`` or ``3,20 €/100 Stk``; None when it holds anything else."""
    match = _PRICE.fullmatch(text.strip().removeprefix("@").strip())
    if match is None:
        return None
    unit = (match["u"] or "").rstrip(".")
    if unit and unit.lower() not in UNIT_CODES and unit.lower() not in {"stueck", "each", "ea", "unit"}:
        return None
    return price_of(match["n"], match["c1"] or match["c2"], match["b"], unit, ways)


def price_of(number: str, currency: str | None, basis: str | None, unit: str, ways: Ways) -> Price | None:
    """A price from its parts; an open number is certain only when the document shows its decimal sign."""
    found = read_number(number, ways.sign)
    if found is None:
        return None
    per = Decimal(basis.replace(".", "").replace(",", "")) if basis else Decimal(1)
    return Price(
        found.value,
        currency_of(currency) if currency else None,
        per,
        written_unit(unit, ways.language) if unit.lower() in UNIT_CODES else "",
        found.certain,
    )
