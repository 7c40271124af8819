"""How much money a case or a call is about, as its own fields state it. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from typing import Final

from bridgehead.spec.tool import JSON

_TOO_MUCH: Final = Decimal("1e15")
_TOO_LITTLE: Final = Decimal("1e-15")
"""No order is about more money than the first, or so little of a thing as the second: what says so is not counted."""
_TOTALS: Final = ("total", "stated_total", "amount")
_MONEY: Final = re.compile(r"(-?\d{1,15}(?:\.\d{1,6})?) ([A-Z]{3})")
NOTHING: Final[tuple[None, str]] = (None, "")


@dataclass(frozen=True, slots=True)
class Sum:
    """One sum of money that a review is about: how much, what it is the sum of, and how it comes about, where said.

    ``more`` is by how much it is above the sum at stake (below: negative); None for that one itself, and where their
    currencies differ.
    """

    amount: Decimal
    currency: str
    what: str
    why: str = ""
    more: Decimal | None = None


def stake(given: JSON) -> tuple[Decimal | None, str]:
    """Returns the money that a case or a call is about, with its currency; None where it does not say.

    It is the field ``total``, ``stated_total`` or ``amount``, at the top or one level below, else the sum over lines
    of quantity times price, by the price's basis.
    """
    for level, currency in _levels(given):
        found = _total(level, currency)
        found = found if found[0] is not None else _added(level, currency)
        if found[0] is not None:
            return found if abs(found[0]) < _TOO_MUCH else NOTHING
    return NOTHING


def stake_of(shown: Mapping[str, JSON], given: JSON = None) -> tuple[Decimal | None, str]:
    """Returns the money that a review is about, the first of its ``sums``: None where it knows of none."""
    found = sums(shown, given)
    return (found[0].amount, found[0].currency) if found else NOTHING


def sums(shown: Mapping[str, JSON], given: JSON = None) -> tuple[Sum, ...]:
    """Returns what is at stake and what that is, then each other sum of the review that is not the same.

    ``given`` is what the case was given, where the review does not show it. Others are the totals and the lines of
    the call and of what came in, and the ``value`` that the agent reckons with.
    """
    came = shown.get("input") if shown.get("input") is not None else given
    found: list[Sum] = []
    for source, of in ((shown.get("args"), "the call"), (came, "what came in")):
        for level, currency in _levels(source):
            total, named = _total(level, currency)
            lines, beside = _added(level, currency)
            if total is not None:
                found.append(Sum(total, named, f"the total of {of}"))
            if lines is not None and abs(lines) < _TOO_MUCH:
                why = "a difference of rounding" if total is not None and _rounded(level, lines - total) else ""
                found.append(Sum(lines, beside, f"the lines of {of}, added up", why))
            if total is not None or lines is not None:
                break
    value = _mapping(shown.get("value"))
    reckoned, currency = number(value.get("amount")), str(value.get("currency") or "")
    if found and not found[0].currency and currency:
        found[0] = replace(found[0], currency=currency, what=f"{found[0].what}; no currency is named there")
    if reckoned is not None:
        found.append(
            Sum(reckoned, currency, _line(value.get("what")) or "what the agent reckons", _line(value.get("why")))
        )
    if not found:
        return ()
    first = found[0]
    return (first, *(_beside(first, one) for one in found[1:] if one.amount != first.amount))


def _beside(first: Sum, other: Sum) -> Sum:
    same = not other.currency or not first.currency or other.currency == first.currency
    return replace(other, currency=other.currency or first.currency, more=other.amount - first.amount if same else None)


def _levels(given: JSON) -> Iterator[tuple[Mapping[str, JSON], str]]:
    """Yields the fields at the top, and those one level below, each with its currency."""
    fields = _mapping(given)
    for one in (fields, *(_mapping(inner) for inner in fields.values() if isinstance(inner, Mapping))):
        yield one, str(one.get("currency") or fields.get("currency") or "")


def _total(level: Mapping[str, JSON], currency: str) -> tuple[Decimal | None, str]:
    for name in _TOTALS:
        stated = level.get(name)
        found = number(stated)
        if found is None and isinstance(stated, str) and (money := _MONEY.fullmatch(stated.strip())):
            return number(money[1]), currency or money[2]
        if found is not None:
            return found, currency
    return NOTHING


def _added(level: Mapping[str, JSON], currency: str) -> tuple[Decimal | None, str]:
    lines = level.get("lines")
    parts = [_sum(_mapping(line)) for line in lines] if isinstance(lines, list) else []
    known = [part for part in parts if part is not None]
    if not known or len(known) != len(parts):
        return NOTHING
    total = sum(known, Decimal(0))
    return (total.quantize(Decimal("0.01")), currency) if abs(total) < _TOO_MUCH else (total, currency)


def _rounded(level: Mapping[str, JSON], difference: Decimal) -> bool:
    lines = level.get("lines")
    count = len(lines) if isinstance(lines, list) else 0
    return abs(difference) <= Decimal("0.01") * count


def _line(value: JSON) -> str:
    return " ".join(value.split()) if isinstance(value, str) else ""


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
