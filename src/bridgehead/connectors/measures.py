"""Quantities with a unit, turned into the unit that a field asks for (pint's registry, exact decimals)."""

from __future__ import annotations

import functools
from collections.abc import Callable
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import TYPE_CHECKING, Final

from bridgehead.errors import UserError

if TYPE_CHECKING:
    from pint import UnitRegistry

_LONGEST: Final = 60
_CONTEXT: Final = Context(prec=28, rounding=ROUND_HALF_EVEN)


@functools.cache
def _registry() -> UnitRegistry[Decimal]:
    try:
        import pint
    except ImportError as error:
        raise UserError(
            "fields of type measure need the package pint",
            code="connector.extra",
            hint="Install bridgehead[connectors].",
        ) from error
    return pint.UnitRegistry(non_int_type=Decimal)


@functools.cache
def is_unit(name: str) -> bool:
    """Tells whether a unit is known, such as ``kg``, ``meter`` or ``kg/m**3``."""
    if not name.strip() or len(name) > _LONGEST or not all(one.isalnum() or one in "_*/ .()°µ-" for one in name):
        return False
    registry = _registry()
    try:
        registry.parse_units(name)
    except Exception:  # noqa: BLE001  pint raises its tokenizer's and its parser's own errors, of no common class
        return False
    return True


@functools.cache
def converter(unit: str, to: str) -> Callable[[Decimal], Decimal] | None:
    """Returns what turns a number of ``unit`` into one of ``to``, at 28 digits; None when they differ in kind.

    Both units are known (``is_unit``).
    """
    registry = _registry()
    source, target = registry.Unit(unit), registry.Unit(to)
    if not source.is_compatible_with(target):
        return None
    if source == target:
        return lambda number: number
    zero = registry.Quantity(Decimal(0), source).to(target).magnitude
    if zero:  # a scale with a zero of its own, such as degrees Celsius
        return lambda number: _tidy(registry.Quantity(number, source).to(target).magnitude)
    factor = _tidy(registry.Quantity(Decimal(1), source).to(target).magnitude)
    return lambda number: _tidy(_CONTEXT.multiply(number, factor))


def _tidy(number: Decimal) -> Decimal:
    """Returns a number without an exponent above zero and without zeros at the end of its decimals."""
    number = number.normalize(_CONTEXT)
    return number.quantize(Decimal(1)) if number == number.to_integral_value() else number
