"""The money that a call is about: by currency, never netted, and None where nobody can tell."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Final

from bridgehead.errors import UserError
from bridgehead.money import Money
from bridgehead.spec.tool import JSON

_CURRENCY: Final = re.compile(r"^[A-Z]{3}$")
_DEEPEST: Final = 3


def amounts(named: Sequence[str], args: Mapping[str, JSON]) -> dict[str, Decimal] | None:
    """Returns the money in a call's arguments by currency, each amount without its sign; None when there is none.

    ``named`` are the arguments that the tool's rule compares with a number: what the operator counts in. They count
    alone where they have a currency: as text such as ``12.50 EUR``, or in a ``currency`` beside or around them.
    Else all money counts that stands in the arguments, a record with ``amount`` and ``currency`` too; else the numbers
    under ``named``, by their path: they have no currency.
    """
    found: dict[str, Decimal] = {}
    bare: dict[str, Decimal] = {}
    for path in dict.fromkeys(named):
        money = _under(path, args)
        if isinstance(money, Money):
            _add(found, money.currency, money.amount)
        elif money is not None:
            _add(bare, path, money)
    if not found:
        for money in _all(args, _DEEPEST):
            _add(found, money.currency, money.amount)
    return found or bare or None


def _add(found: dict[str, Decimal], unit: str, amount: Decimal) -> None:
    found[unit] = found.get(unit, Decimal(0)) + abs(amount)


def _under(path: str, args: Mapping[str, JSON]) -> Money | Decimal | None:
    """Returns what stands at a path: money, or a bare number where no currency is given with it."""
    around: list[Mapping[str, JSON]] = []
    value: JSON = args
    for part in path.split("."):
        if not isinstance(value, Mapping):
            return None
        around.append(value)
        value = value.get(part)
    if isinstance(value, Mapping):
        return _record(value)
    number = _number(value)
    if number is None:
        return _text(value)
    for one in reversed(around):
        currency = one.get("currency")
        if isinstance(currency, str) and _CURRENCY.match(currency):
            return Money(number, currency)
    return number


def _all(value: JSON, depth: int) -> Iterator[Money]:
    if isinstance(value, Mapping):
        money = _record(value)
        if money is not None:
            yield money
        elif depth:
            for inner in value.values():
                yield from _all(inner, depth - 1)
    elif (money := _text(value)) is not None:
        yield money


def _record(value: Mapping[str, JSON]) -> Money | None:
    number, currency = _number(value.get("amount")), value.get("currency")
    if number is None or not isinstance(currency, str) or not _CURRENCY.match(currency):
        return None
    return Money(number, currency)


def _text(value: JSON) -> Money | None:
    if not isinstance(value, str):
        return None
    try:
        return Money.parse(value)
    except UserError:
        return None


def _number(value: JSON) -> Decimal | None:
    """Returns a finite number, also one that is written as text; a truth value is none."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None
