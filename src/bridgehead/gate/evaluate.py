"""Evaluates a rule in Python over the same context Cedar gets, to say which condition failed and on what.

Cedar decides; this only explains, and a property test holds the two verdicts together.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, cast

from bridgehead.gate.expression import ANYTHING, AgeOf, From, Path
from bridgehead.gate.facts import NOWHERE, Trace
from bridgehead.gate.rule import And, Check, Or, Term
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
_MAPPINGS: Final = (dict, Mapping)
"""A dict is told apart ten times faster than by its protocol."""


@dataclass(frozen=True, slots=True)
class Miss:
    """A test that failed: its text, the argument it read, what stood there."""

    condition: str
    argument: str
    found: str


NO_FACTS: Final[Mapping[str, Trace]] = {}


def holds(term: Term, arguments: Mapping[str, object], facts: Mapping[str, Trace] = NO_FACTS) -> bool:
    """Returns whether the rule holds for arguments in Cedar context form, and what is known of them by path."""
    if isinstance(term, And | Or):
        results = (holds(inner, arguments, facts) for inner in term.terms)
        return all(results) if isinstance(term, And) else any(results)
    if isinstance(term, Check):
        return _passes(term, arguments)
    return _known(term, facts.get(str(term.path)))


def misses(term: Term, arguments: Mapping[str, object], facts: Mapping[str, Trace] = NO_FACTS) -> tuple[Miss, ...]:
    """Returns the fewest failed tests that keep the rule from holding; empty when it holds."""
    if isinstance(term, And | Or):
        found = [misses(inner, arguments, facts) for inner in term.terms]
        if isinstance(term, And):
            return tuple(miss for group in found for miss in group)
        return min(found, key=len)
    if holds(term, arguments, facts):
        return ()
    path = str(term.path)
    if isinstance(term, Check):
        return (Miss(str(term), path, _described(term.kind, _read(term.path, arguments))),)
    return (Miss(str(term), path, told(facts.get(path))),)


def told(trace: Trace | None) -> str:
    """Returns in words where an argument came from, and how old what it rests on is."""
    if trace is None:
        return "absent"
    where = ", ".join(dict.fromkeys(_source(one.name, one.path) for one in trace.sources))
    if trace.integrity == NOWHERE:
        return f"not the value of {where}, and only looks like it" if where else "found nowhere: the model made it up"
    age = "" if trace.age_s is None else f", {_span(trace.age_s)} old"
    return f"{trace.integrity.replace('_', ' ')} ({where}{age})"


def _source(name: str, path: str) -> str:
    return f"{name} {path}" if path else name


def _span(seconds: float) -> str:
    for unit, size in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if seconds >= size * 2:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"


def _known(term: From | AgeOf, trace: Trace | None) -> bool:
    if trace is None:
        return False
    if isinstance(term, From):
        return ANYTHING in term.words or trace.within(frozenset(term.words))
    if trace.age_s is None:
        return False
    # In whole seconds, rounded up, as Cedar is told them: an age is never taken for less than it is.
    age_s = math.ceil(trace.age_s)
    return age_s < term.within_s if term.operator == "<" else age_s <= term.within_s


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
        here = here.get(part) if isinstance(here, _MAPPINGS) else None
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
