"""How much money a case or a call is about, as its own fields state it. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Final

from bridgehead.spec.tool import JSON

_TOO_MUCH: Final = Decimal("1e15")
_TOO_LITTLE: Final = Decimal("1e-15")
"""No order is about more money than the first, or so little of a thing as the second: what says so is not counted."""
_TOTALS: Final = ("total", "stated_total", "amount")
_MONEY: Final = re.compile(r"(-?\d{1,15}(?:\.\d{1,6})?) ([A-Z]{3})")
NOTHING: Final[tuple[None, str]] = (None, "")


def stake(given: JSON) -> tuple[Decimal | None, str]:
    """Returns the money that a case or a call is about, with its currency; None where it does not say.

    It is the field ``total``, ``stated_total`` or ``amount``, at the top or one level below, else the sum over lines
    of quantity times price, by the price's basis.
    """
    fields = _mapping(given)
    for one in (fields, *(_mapping(inner) for inner in fields.values() if isinstance(inner, Mapping))):
        currency = str(one.get("currency") or fields.get("currency") or "")
        for name in _TOTALS:
            stated = one.get(name)
            found = number(stated)
            if found is None and isinstance(stated, str) and (money := _MONEY.fullmatch(stated.strip())):
                found, currency = number(money[1]), currency or money[2]
            if found is not None:
                return found, currency
        lines = one.get("lines")
        sums = [_sum(_mapping(line)) for line in lines] if isinstance(lines, list) else []
        known = [part for part in sums if part is not None]
        if known and len(known) == len(sums):
            total = sum(known, Decimal(0))
            return (total.quantize(Decimal("0.01")), currency) if abs(total) < _TOO_MUCH else NOTHING
    return NOTHING


def stake_of(shown: Mapping[str, JSON]) -> tuple[Decimal | None, str]:
    """Returns the money that a review is about: of its call, else of what its case was given."""
    found = stake(shown.get("args"))
    return found if found[0] is not None else stake(shown.get("input"))


def number(value: JSON) -> Decimal | None:
    """Returns a number that somebody may mean, None for anything else."""
    if value is None or isinstance(value, bool | Mapping | list):
        return None
    try:
        found = Decimal(str(value))
    except InvalidOperation:
        return None
    return found if found.is_finite() and (found == 0 or _TOO_LITTLE < abs(found) < _TOO_MUCH) else None


def _sum(line: Mapping[str, JSON]) -> Decimal | None:
    stated = number(line.get("amount"))
    quantity, price = number(line.get("quantity")), number(line.get("price"))
    if stated is not None or quantity is None or price is None:
        return stated
    basis = Decimal(1) if line.get("price_basis") in (None, "") else number(line["price_basis"])
    return quantity * price / basis if basis else None


def _mapping(value: JSON) -> Mapping[str, JSON]:
    return value if isinstance(value, Mapping) else {}
