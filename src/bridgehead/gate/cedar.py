"""Rules as Cedar text: conditions, literals, and whole policies with their annotations."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final, cast

from bridgehead.gate import provenance
from bridgehead.gate.expression import AgeOf, Constant, From, Path
from bridgehead.gate.rule import And, Check, Term
from bridgehead.gate.shape import Shape, decimal_text
from bridgehead.money import Money

_PLAIN: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_RESERVED: Final = frozenset({"true", "false", "if", "then", "else", "in", "is", "like", "has", "__cedar"})
_DECIMAL_CALLS: Final = {
    "<": "lessThan",
    "<=": "lessThanOrEqual",
    ">": "greaterThan",
    ">=": "greaterThanOrEqual",
}


def quoted(text: str) -> str:
    """Returns a Cedar string literal: everything outside printable ASCII is escaped."""
    parts = []
    for character in text:
        if character in '"\\':
            parts.append(f"\\{character}")
        elif " " <= character <= "~":
            parts.append(character)
        else:
            parts.append(f"\\u{{{ord(character):x}}}")
    return '"' + "".join(parts) + '"'


def to_policy(term: Term, arguments: Shape) -> str:
    """Returns the Cedar condition of a rule; every optional argument it reads is guarded with ``has``."""
    if isinstance(term, Check):
        return _test(term, arguments)
    if isinstance(term, From | AgeOf):
        attribute, bound = provenance.condition(term)
        name = quoted(attribute)
        return f"(context has {name} && context[{name}] {bound})" if bound else f"context[{name}]"
    joint = " && " if isinstance(term, And) else " || "
    return "(" + joint.join(to_policy(inner, arguments) for inner in term.terms) + ")"


def _test(test: Check, arguments: Shape) -> str:
    left, guards = _access(test.path, arguments)
    body: str
    if isinstance(test.other, tuple):
        values = test.other
        if test.kind == "money":
            currency = cast("Money", values[0].value).currency
            guards.append(f"{left}.currency == {quoted(currency)}")
            left = f"{left}.amount"
        listed = ", ".join(_literal(value, test.kind) for value in values)
        body = f"[{listed}].contains({left})"
        if test.operator == "not in":
            body = f"!({body})"
    else:
        if isinstance(test.other, Path):
            right, more = _access(test.other, arguments)
            guards.extend(more)
            currency_right = f"{right}.currency"
            amount_right = f"{right}.amount"
        else:
            right = _literal(test.other, test.kind)
            value = test.other.value
            currency_right = quoted(value.currency) if isinstance(value, Money) else ""
            amount_right = right
        if test.kind == "money":
            guards.append(f"{left}.currency == {currency_right}")
            left, right = f"{left}.amount", amount_right
        call = _DECIMAL_CALLS.get(test.operator) if test.kind in ("decimal", "money") else None
        body = f"{left}.{call}({right})" if call else f"{left} {test.operator} {right}"
    return "(" + " && ".join([*guards, body]) + ")"


def _access(path: Path, arguments: Shape) -> tuple[str, list[str]]:
    here, text, guards = arguments, "context.args", []
    for part in path.parts:
        plain = _PLAIN.fullmatch(part) is not None and part not in _RESERVED
        name = part if plain else quoted(part)
        if here.kind == "record" and part not in here.required:
            guards.append(f"{text} has {name}")
        text = f"{text}.{part}" if plain else f"{text}[{name}]"
        here = here.at((part,)) or Shape("opaque")
    return text, guards


def _literal(constant: Constant, kind: str) -> str:
    value = constant.value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return quoted(value)
    if kind == "long" and isinstance(value, Decimal):
        return str(int(value))
    return f'decimal("{decimal_text(value.amount if isinstance(value, Money) else value)}")'


def policy(effect: str, tool: str, name: str, owner: str, when: str, reason: str, remedy: str) -> str:
    """Returns one policy over the calls of a tool; ``when`` and ``remedy`` may be empty."""
    annotations = [("id", name), ("owner", owner), ("reason", reason)] + ([("remedy", remedy)] if remedy else [])
    head = "".join(f"@{key}({quoted(value)})\n" for key, value in annotations)
    condition = f"\nwhen {{ {when} }}" if when else ""
    return f"{head}{effect} (principal, action == Action::{quoted(tool)}, resource){condition};\n"
