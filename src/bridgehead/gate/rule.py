"""A parsed expression checked against one tool's arguments, in the form both evaluators read.

Negation is pushed down to the single test, and a test whose argument is absent, or whose
money is in another currency, is false whichever way it is asked: ``not (total > 5000 EUR)``
does not let an order in dollars through.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal, TypeAlias

from bridgehead.gate.expression import (
    AgeOf,
    Compare,
    Constant,
    Either,
    Every,
    Expression,
    From,
    Member,
    Not,
    Operand,
    Operator,
    Path,
    RuleError,
)
from bridgehead.gate.shape import LONG_MAX, MONEY_FIELDS, Kind, Shape, UnfitError, decimal_text
from bridgehead.money import Money
from bridgehead.spec.problem import nearest

_OPPOSITE: Final[Mapping[Operator, Operator]] = {"==": "!=", "!=": "==", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}
_TURNED: Final[Mapping[Operator, Operator]] = {"==": "==", "!=": "!=", "<": ">", ">": "<", "<=": ">=", ">=": "<="}
_NAMES: Final[Mapping[Kind, str]] = {
    "long": "a whole number",
    "decimal": "a number",
    "string": "a text",
    "bool": "true or false",
    "money": "an amount of money",
    "record": "an object",
    "set": "a list",
    "opaque": "a value of no single type",
}
_LITERALS: Final[Mapping[Kind, str]] = {
    "long": "5",
    "decimal": "5000",
    "string": '"gold"',
    "bool": "true",
    "money": "5000 EUR",
}
_KIND_OF: Final[Mapping[type, Kind]] = {bool: "bool", str: "string", Decimal: "decimal", Money: "money"}


_TRUE: Final = Constant(value=True)


@dataclass(frozen=True, slots=True)
class Check:
    """One comparison of the argument at ``path``, of a known kind, with a constant, constants or another argument."""

    operator: Operator | Literal["in", "not in"]
    kind: Kind
    path: Path
    other: Path | Constant | tuple[Constant, ...]

    def __str__(self) -> str:
        if isinstance(self.other, tuple):
            return str(Member(self.path, self.other, negated=self.operator == "not in"))
        if self.kind == "bool" and isinstance(self.other, Constant):
            wanted = (self.other.value is True) == (self.operator == "==")
            return str(self.path) if wanted else f"not {self.path}"
        return f"{self.path} {self.operator} {self.other}"


@dataclass(frozen=True, slots=True)
class And:
    """Holds when all its terms hold."""

    terms: tuple[Term, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """Holds when one of its terms holds."""

    terms: tuple[Term, ...]


Term: TypeAlias = Check | From | AgeOf | And | Or


def resolve(expression: Expression, arguments: Shape, tool: str, *, negated: bool = False) -> Term:
    """Returns the rule as typed tests without negation.

    Raises RuleError, with offset and remedy, for an argument the tool does not have, a fact
    of another tool, and a comparison between kinds that cannot be compared.
    """
    match expression:
        case Not(inner):
            return resolve(inner, arguments, tool, negated=not negated)
        case Every(items) | Either(items):
            terms = tuple(resolve(item, arguments, tool, negated=negated) for item in items)
            return And(terms) if isinstance(expression, Every) != negated else Or(terms)
        case Path():
            kind = _kind(expression, arguments, tool)
            if kind != "bool":
                raise RuleError(
                    f"{expression} is {_NAMES[kind]} and no condition by itself", expression.at, hint="Compare it."
                )
            return Check("!=" if negated else "==", kind, expression, _TRUE)
        case Member(path, values, inverse):
            kind = _kind(path, arguments, tool)
            _scalar(path, kind)
            for value in values:
                _fitting(path, kind, value)
            if (
                kind == "money"
                and len({value.value.currency for value in values if isinstance(value.value, Money)}) > 1
            ):
                raise RuleError(f"{path} in amounts of several currencies", path.at, hint="List one currency.")
            return Check("not in" if inverse != negated else "in", kind, path, values)
        case From(path) | AgeOf(path):
            if negated:
                raise RuleError(
                    f"`not {expression}` is no condition",
                    expression.at,
                    hint="Say where it may come from: from user, from system_of_record, from anything.",
                )
            traceable(path, arguments, tool)
            return expression
        case Compare():
            return _compare(expression, arguments, tool, negated=negated)


def traceable(path: Path, arguments: Shape, tool: str) -> None:
    """Raises RuleError unless the arguments may hold something at a path; it leads through lists without a mark."""
    here = arguments
    for depth, part in enumerate(path.parts):
        while here.kind == "set" and here.item is not None:
            here = here.item
        if here.kind == "opaque" or (here.kind == "money" and part in MONEY_FIELDS):
            return
        if here.kind != "record" or part not in here.fields:
            _unknown(path, depth, sorted(here.fields), tool)
        here = here.fields[part]


def _compare(compare: Compare, arguments: Shape, tool: str, *, negated: bool) -> Check:
    left, operator, right = compare.left, compare.operator, compare.right
    if isinstance(left, Constant):
        left, operator, right = right, _TURNED[operator], left
    if isinstance(left, Constant):
        raise RuleError(f"{compare} compares two constants", compare.at, hint="Compare an argument with a constant.")
    kind = _kind(left, arguments, tool)
    _scalar(left, kind)
    if isinstance(right, Path):
        other = _kind(right, arguments, tool)
        if other != kind:
            raise RuleError(
                f"{left} is {_NAMES[kind]} and {right} is {_NAMES[other]}",
                right.at,
                hint="Compare arguments of one type.",
            )
    else:
        _fitting(left, kind, right)
    if kind in ("string", "bool") and operator not in ("==", "!="):
        raise RuleError(
            f"{left} is {_NAMES[kind]}, which has no order", compare.at, hint="Use ==, != or in [...] here."
        )
    return Check(_OPPOSITE[operator] if negated else operator, kind, left, right)


def _scalar(path: Path, kind: Kind) -> None:
    if kind in ("record", "set", "opaque"):
        hint = "Name one of its fields." if kind == "record" else "Write this condition as a Cedar file in policies/."
        raise RuleError(f"{path} is {_NAMES[kind]} and cannot be compared", path.at, hint=hint)


def _kind(path: Path, arguments: Shape, tool: str) -> Kind:
    shape = arguments.at(path.parts)
    if shape is not None:
        return shape.kind
    for depth in range(len(path.parts)):
        parent = arguments.at(path.parts[:depth])
        if parent is None:
            break
        if parent.kind == "money":
            upto = ".".join(path.parts[:depth])
            raise RuleError(f"{path} leaves the currency out", path.at, hint=f"Write {upto} <= 5000 EUR.")
        if parent.kind in ("set", "opaque"):
            _scalar(Path(path.parts[:depth], path.at), parent.kind)
        if arguments.at(path.parts[: depth + 1]) is None:
            _unknown(path, depth, sorted(parent.fields), tool)
    raise RuleError(f"{path} is no argument of {tool}", path.at)


def _unknown(path: Path, depth: int, known: Sequence[str], tool: str) -> None:
    close = nearest(path.parts[depth], known)
    if depth == 0 and len(path.parts) > 1 and not close.startswith("did you mean"):
        raise RuleError(
            f"{path} is no argument of {tool}, and facts that another tool read arrive in a later release",
            path.at,
            hint=f"Use an argument of {tool} ({', '.join(known) or 'it has none'}), or hold the call for a role.",
        )
    owner = tool if depth == 0 else f"{'.'.join(path.parts[:depth])} of {tool}"
    what = "argument" if depth == 0 else "field"
    hint = f"{close[:1].upper()}{close[1:]}" if close else f"{tool} declares no arguments."
    raise RuleError(f"{path.parts[depth]} is no {what} of {owner}", path.at, hint=hint)


def _fitting(path: Operand, kind: Kind, constant: Constant) -> None:
    """The constant is of the argument's kind and fits what Cedar can hold."""
    value, written = constant.value, _KIND_OF[type(constant.value)]
    if written == "decimal" and kind == "long" and isinstance(value, Decimal):
        if value != value.to_integral_value() or not -LONG_MAX - 1 <= value <= LONG_MAX:
            raise RuleError(
                f"{path} is a whole number and {constant} is not", constant.at, hint="Compare it with a whole number."
            )
        return
    if written != kind:
        hint = f"Compare it with a value such as {_LITERALS[kind]}."
        if kind == "string" and written in ("decimal", "money"):
            hint += " A text that is an amount is declared with format decimal or money in the tool's schema."
        raise RuleError(f"{path} is {_NAMES[kind]} and {constant} is {_NAMES[written]}", constant.at, hint=hint)
    if kind in ("decimal", "money"):
        try:
            decimal_text(value.amount if isinstance(value, Money) else value)
        except UnfitError as error:
            raise RuleError(f"{constant} is not {error.expected}", constant.at, hint="Round it.") from error
