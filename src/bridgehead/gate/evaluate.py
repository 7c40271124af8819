"""Evaluates a rule in Python over the same context Cedar gets, to say which condition failed and on what.

Cedar decides; this only explains, and a property test holds the two verdicts together.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, cast

from bridgehead.gate.expression import Path
from bridgehead.gate.rule import And, Check, Term
from bridgehead.gate.shape import Kind
from bridgehead.money import Money
from bridgehead.spec.problem import shown

_OPERATORS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


@dataclass(frozen=True, slots=True)
class Miss:
    """A test that failed: its text, the argument it read, what stood there."""

    condition: str
    argument: str
    found: str


def holds(term: Term, arguments: Mapping[str, object]) -> bool:
    """Returns whether the rule holds for arguments in Cedar context form."""
    if isinstance(term, Check):
        return _passes(term, arguments)
    results = (holds(inner, arguments) for inner in term.terms)
    return all(results) if isinstance(term, And) else any(results)


def misses(term: Term, arguments: Mapping[str, object]) -> tuple[Miss, ...]:
    """Returns the fewest failed tests that keep the rule from holding; empty when it holds."""
    if isinstance(term, Check):
        if _passes(term, arguments):
            return ()
        return (Miss(str(term), str(term.path), _described(term.kind, _read(term.path, arguments))),)
    found = [misses(inner, arguments) for inner in term.terms]
    if isinstance(term, And):
        return tuple(miss for group in found for miss in group)
    return min(found, key=len)


def _passes(test: Check, arguments: Mapping[str, object]) -> bool:
    value = _typed(test.kind, _read(test.path, arguments))
    if value is None:
        return False
    if isinstance(test.other, tuple):
        listed = [constant.value for constant in test.other]
        if isinstance(value, Money) and not _one_currency(value, listed[0]):
            return False
        return (value in listed) == (test.operator == "in")
    other = _typed(test.kind, _read(test.other, arguments)) if isinstance(test.other, Path) else test.other.value
    if other is None:
        return False
    if isinstance(value, Money) and isinstance(other, Money):
        return _one_currency(value, other) and _OPERATORS[test.operator](value.amount, other.amount)
    return _OPERATORS[test.operator](value, other)


def _one_currency(value: Money, other: object) -> bool:
    return isinstance(other, Money) and value.currency == other.currency


def _read(path: Path, arguments: Mapping[str, object]) -> object:
    here: object = arguments
    for part in path.parts:
        here = here.get(part) if isinstance(here, Mapping) else None
    return here


def _typed(kind: Kind, value: object) -> object:
    if value is None:
        return None
    if kind == "decimal":
        return Decimal(cast("str", value))
    if kind == "money":
        record = cast("Mapping[str, str]", value)
        return Money(Decimal(record["amount"]), record["currency"])
    return value


def _described(kind: Kind, value: object) -> str:
    if value is None:
        return "absent"
    if kind == "money":
        record = cast("Mapping[str, str]", value)
        return f"{_short(record['amount'])} {record['currency']}"
    return _short(cast("str", value)) if kind == "decimal" else shown(value)


def _short(value: str) -> str:
    """Drops the zeros that Cedar's four places add."""
    return value.rstrip("0").rstrip(".") if "." in value else value
