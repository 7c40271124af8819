"""The most that any output of a model could cause: computed from rules, caps and limits alone.

Whatever the model says, a call passes the rule of its tool, the caps of the tool and the limits of its case. No single
call is larger than any cap of its tool, over a window too. Where every case runs under a right with a limit, a case
moves no more than the largest. Forbids, grants and the order of calls only narrow this further and are left out, so the
bound holds without them.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal

import cedarpy

from bridgehead.gate.caps import SINGLE
from bridgehead.gate.expression import Constant, parse
from bridgehead.gate.rights import DEPLOYMENT
from bridgehead.gate.rule import And, Check, Or, Term, resolve
from bridgehead.gate.shape import arguments_shape
from bridgehead.money import Money
from bridgehead.spec.caps import Cap
from bridgehead.spec.deployment import Deployment, ToolRule
from bridgehead.spec.tool import Tool

DAY_S: Final = 86_400.0
Measure = Literal["calls", "money", "recipients", "records", "irreversible"]


@dataclass(frozen=True, slots=True)
class Line:
    """The most of one measure by one tool: in a case and in any 24 hours. None is unbounded.

    ``alone``: without a person's consent; else it is what caps let through where people approve everything, calls
    without a person included. ``bounds`` says what would bound what is unbounded.
    """

    tool: str
    measure: Measure
    unit: str
    alone: bool
    case: Decimal | None
    day: Decimal | None
    bounds: str = ""


@dataclass(frozen=True, slots=True)
class Bound:
    """The lines of a deployment, and what they assume."""

    lines: tuple[Line, ...]
    assumes: tuple[str, ...]
    steps: int
    """So many calls a case makes, over all its tools."""
    limit: Money | None = None
    """The most that a case moves over all its tools, by the largest right; None: some case has no limit."""

    def sums(self, *, alone: bool = True) -> tuple[Line, ...]:
        """Returns the sums over tools, one for each measure and unit; one unbounded part makes a sum unbounded."""
        found: dict[tuple[Measure, str], list[Line]] = {}
        asked = {line.tool for line in self.lines if not line.alone}
        for line in self.lines:
            if line.alone if alone else not line.alone or line.tool not in asked:
                found.setdefault((line.measure, line.unit), []).append(line)
        return tuple(
            Line("", measure, unit, alone, self._in_case(measure, unit, parts), _sum([one.day for one in parts]))
            for (measure, unit), parts in found.items()
        )

    def _in_case(self, measure: Measure, unit: str, parts: Sequence[Line]) -> Decimal | None:
        """Returns the sum in a case: its tools share its steps, and the limit of its right."""
        most = _sum([one.case for one in parts])
        if measure == "money" and self.limit is not None and self.limit.currency == unit:
            return _least(most, self.limit.amount)
        return _least(most, Decimal(self.steps)) if measure in ("calls", "irreversible") else most


def bound(deployment: Deployment, tools: Mapping[str, Tool]) -> Bound:
    """Returns the worst case of a deployment at the level at which it acts alone."""
    lines: list[Line] = []
    assumes = [
        "Every case makes all the calls its limits allow, at level autonomous; below that level people decide.",
        "A day is any 24 hours on end. Without a cap over a window it is as many cases as arrive: unbounded.",
        "A pause is heeded within a second; calls under way then still end: places of a worker times workers.",
    ]
    limit = _right_limit(deployment)
    limited = [f"{name} {right.limit}" for name, right in deployment.rights.items() if right.limit is not None]
    if limited and limit is None:
        assumes.append(
            f"A case that acts for a user moves no more than their right says ({', '.join(limited)}); a case that"
            " nobody opened, or under a right without a limit, is not bounded by that."
        )
    permits = _permitting(deployment)
    if permits:
        assumes.append(
            f"The policies {', '.join(permits)} permit calls by themselves: every tool counts as allowed, whatever its"
            " rule says of amounts."
        )
    for name, tool in tools.items():
        rule = deployment.tools.get(name)
        if not tool.is_effect or ((rule is None or rule.deny) and not permits):
            continue
        rule = rule or ToolRule(allow=True)
        term = None
        if isinstance(rule.allow, str) and not permits:
            term = resolve(parse(rule.allow, tools), arguments_shape(tool.parameters), name)
        if rule.allow is not None or permits:
            lines += _lines(deployment, tool, rule, term, limit, alone=True)
        if rule.otherwise is not None:
            lines += _lines(deployment, tool, rule, None, limit, alone=False)
        for field, what in (("moves", "money"), ("reaches", "recipients"), ("touches", "records")):
            if getattr(tool, field) is None:
                assumes.append(f"{name} declares no `{field}`: {what} it may carry are not counted.")
    return Bound(tuple(lines), tuple(assumes), deployment.limits.steps, limit)


def _right_limit(deployment: Deployment) -> Money | None:
    """Returns the largest limit of a right, where no case is without one: cases of nobody included, in one currency."""
    limits = [right.limit for right in deployment.rights.values()]
    bounded = [one for one in limits if one is not None]
    one_currency = len({one.currency for one in bounded}) == 1
    if DEPLOYMENT not in deployment.rights or len(bounded) < len(limits) or not one_currency:
        return None
    return max(bounded, key=lambda one: one.amount)


def one_line(found: Bound) -> str:
    """Returns the bound in one sentence: how many writes there are, reversible ones included, and what they carry."""
    words = {"calls": "writes", "irreversible": "irreversible writes"}
    parts = []
    for line in found.sums():
        unit = line.unit or words.get(line.measure, line.measure)
        parts.append(f"{shown(line.case)} {unit} in a case, {shown(line.day)} in a day")
    return "At most, whatever a model says and without a person: " + ("; ".join(parts) or "no write") + "."


def shown(amount: Decimal | None) -> str:
    """Returns a figure, or the word for none."""
    if amount is None:
        return "unbounded"
    text = f"{amount:,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _lines(
    deployment: Deployment, tool: Tool, rule: ToolRule, term: Term | None, limit: Money | None, *, alone: bool
) -> Iterator[Line]:
    calls_case = _least(Decimal(deployment.limits.steps), _capped(rule.caps, "calls", None))
    calls_day = _windowed(rule.caps, "calls")
    touched = None if tool.touches is None else arguments_shape(tool.parameters).at(tuple(tool.touches.split(".")))
    if touched is not None and touched.kind in SINGLE:  # each call takes one record or more
        calls_case = _least(calls_case, _capped(rule.caps, "records", None))
        calls_day = _least(calls_day, _windowed(rule.caps, "records"))
    cap = "caps: [N calls per 1d]"
    yield Line(tool.name, "calls", "", alone, calls_case, calls_day, "" if calls_day is not None else cap)
    if tool.effect_class == "irreversible":
        yield Line(tool.name, "irreversible", "", alone, calls_case, calls_day, "" if calls_day is not None else cap)
    if tool.moves is not None:
        yield from _money(tool, rule, term, (calls_case, calls_day), limit, alone=alone)
    for measure, path in (("recipients", tool.reaches), ("records", tool.touches)):
        if path is None:
            continue
        kind: Literal["recipients", "records"] = "recipients" if measure == "recipients" else "records"
        shape = arguments_shape(tool.parameters).at(tuple(path.split(".")))
        # A number names one; a text may name several, and is counted by its parts.
        each = _least(Decimal(1) if shape is not None and shape.kind == "long" else None, _one(rule.caps, kind))
        case = _least(_capped(rule.caps, kind, None), _times(each, calls_case))
        day = _least(_windowed(rule.caps, kind), _times(each, calls_day))
        needs = "" if case is not None and day is not None else f"caps: [N {kind} per case, N {kind} per 1d]"
        yield Line(tool.name, kind, "", alone, case, day, needs)


def _money(
    tool: Tool,
    rule: ToolRule,
    term: Term | None,
    calls: tuple[Decimal | None, Decimal | None],
    limit: Money | None,
    *,
    alone: bool,
) -> Iterator[Line]:
    calls_case, calls_day = calls
    each = None if term is None else upper(term, tool.moves or "")
    capped = {cap.currency for cap in rule.caps if cap.kind == "money"}
    if each is not None and "" in each:  # a bare number: of the currency its cap is in
        amount = each.pop("")
        each = dict.fromkeys(capped or {""}, amount)
    for currency in sorted(capped or (each if each is not None else {""})):
        ruled = None if each is None else each.get(currency, Decimal(0))
        right = limit.amount if limit is not None and limit.currency == currency else None
        per_call = _least(ruled, _one(rule.caps, "money", currency), right)
        case = _least(_capped(rule.caps, "money", None, currency), _times(per_call, calls_case), right)
        day = _least(_windowed(rule.caps, "money", currency), _times(per_call, calls_day))
        unit = currency or "money"
        needs = "" if case is not None and day is not None else f"caps: [N {currency or 'EUR'} per case, … per 1d]"
        yield Line(tool.name, "money", unit, alone, case, day, needs)


def upper(term: Term, path: str) -> dict[str, Decimal] | None:
    """Returns the most that the argument at ``path`` can be where the rule holds, by currency; None: any amount.

    A currency that is not in the answer cannot meet the rule; an empty one stands for a bare number.
    """
    if isinstance(term, And):
        found: dict[str, Decimal] | None = None
        for inner in term.terms:
            other = upper(inner, path)
            if other is not None:
                found = other if found is None else {
                    name: min(amount, other[name]) for name, amount in found.items() if name in other
                }  # fmt: skip
        return found
    if isinstance(term, Or):
        joined: dict[str, Decimal] = {}
        for inner in term.terms:
            other = upper(inner, path)
            if other is None:
                return None
            for name, amount in other.items():
                joined[name] = max(amount, joined.get(name, amount))
        return joined
    if not isinstance(term, Check) or str(term.path) != path or term.operator not in ("<", "<=", "==", "in"):
        return None
    others = term.other if isinstance(term.other, tuple) else (term.other,)
    most: dict[str, Decimal] = {}
    for one in others:
        if not isinstance(one, Constant):
            return None
        if isinstance(one.value, Money):
            most[one.value.currency] = max(one.value.amount, most.get(one.value.currency, one.value.amount))
        elif isinstance(one.value, Decimal):
            most[""] = max(one.value, most.get("", one.value))
        else:
            return None
    return most


def _permitting(deployment: Deployment) -> list[str]:
    found = []
    for text in deployment.policies.values():
        for policy in json.loads(cedarpy.policies_to_json_str(text))["staticPolicies"].values():
            found += [str(policy.get("annotations", {}).get("id", "?"))] * (policy["effect"] == "permit")
    return found


def _capped(caps: Sequence[Cap], kind: str, window_s: float | None, currency: str = "") -> Decimal | None:
    fitting = [
        cap.limit for cap in caps if cap.kind == kind and cap.currency == currency and cap.window_s == window_s
    ]  # fmt: skip
    return min(fitting, default=None)


def _one(caps: Sequence[Cap], kind: str, currency: str = "") -> Decimal | None:
    """Returns the most that a single call can be: no more than any cap holds, whatever its window."""
    return min((cap.limit for cap in caps if cap.kind == kind and cap.currency == currency), default=None)


def _windowed(caps: Sequence[Cap], kind: str, currency: str = "") -> Decimal | None:
    """What caps over windows leave in a day: a day is covered by so many windows, each of which holds its limit."""
    fitting = [
        cap.limit * math.ceil(DAY_S / cap.window_s)
        for cap in caps
        if cap.kind == kind and cap.currency == currency and cap.window_s is not None
    ]
    return min(fitting, default=None)


def _least(*amounts: Decimal | None) -> Decimal | None:
    return min((amount for amount in amounts if amount is not None), default=None)


def _times(amount: Decimal | None, times: Decimal | None) -> Decimal | None:
    return None if amount is None or times is None else amount * times


def _sum(amounts: Sequence[Decimal | None]) -> Decimal | None:
    if any(amount is None for amount in amounts):
        return None
    return sum((amount for amount in amounts if amount is not None), Decimal(0))
