"""Policies before they decide: which can never match, which tools none covers, and a recorded decision made again."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Final

import cedarpy

from bridgehead.errors import UserError
from bridgehead.gate.decide import Gate
from bridgehead.gate.expression import Compare, Constant, Either, Every, Expression, Path, parse
from bridgehead.gate.model import Call, Decision, Level, View
from bridgehead.gate.recorded import unpacked
from bridgehead.money import Money
from bridgehead.spec.deployment import Deployment
from bridgehead.spec.tool import JSON, Tool

_TURNED: Final[Mapping[str, str]] = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}
_GROUP: Final = "class:"


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong with a policy that loads. ``never``: it can match no call; else nothing covers the tool."""

    policy: str
    text: str
    remedy: str
    never: bool
    line: int = 0


def findings(deployment: Deployment, tools: Mapping[str, Tool]) -> tuple[Finding, ...]:
    """Returns what can be told of a deployment's policies without a call; they must load.

    Conditions of Cedar files are not weighed: only Cedar reads those.
    """
    cedar = list(_cedar(deployment.policies))
    return (*_uncovered(deployment, tools, cedar), *_never(deployment), *_overruled(deployment, tools, cedar))


@dataclass(frozen=True, slots=True)
class Annotated:
    """What one Cedar policy says about itself: its name, who answers for it, why it is there, what to do about a no."""

    name: str
    permits: bool
    owner: str = ""
    reason: str = ""
    remedy: str = ""


def annotated(text: str) -> tuple[Annotated, ...]:
    """Returns the policies of a Cedar text that loads, in its order, by their annotations."""
    found = json.loads(cedarpy.policies_to_json_str(text))["staticPolicies"].values()
    notes = [(dict(one.get("annotations", {})), one["effect"] == "permit") for one in found]
    return tuple(
        Annotated(
            str(note.get("id", "")),
            permits,
            *(str(note.get(word) or "") for word in ("owner", "reason", "remedy")),
        )
        for note, permits in notes
    )


def tool_of(descriptor: Mapping[str, JSON]) -> Tool:
    """Returns a tool as a release's manifest describes it; raises ValueError for what is no descriptor."""
    return unpacked(Tool, dict(descriptor))


def with_known_rules(deployment: Deployment, tools: Mapping[str, Tool]) -> tuple[Deployment, tuple[str, ...]]:
    """Returns the deployment without rules for tools that a release did not have, and the names of these."""
    unknown = tuple(name for name in deployment.tools if name not in tools)
    known = {name: rule for name, rule in deployment.tools.items() if name in tools}
    return replace(deployment, tools=known), unknown


def again(
    gate: Gate, tool: Tool, args: Mapping[str, JSON], digest: bytes, view: View, *, level: Level | None = None
) -> Decision:
    """Returns what a gate says of a recorded call on what was recorded with it, or as at another level."""
    return gate.decide(Call(tool, args, digest), view if level is None else replace(view, level=level))


def empty(expression: Expression) -> bool:
    """Returns whether no arguments can meet an expression: its bounds on one argument exclude each other.

    Only comparisons of one argument with constants are weighed, so True is certain and False is not.
    """
    if isinstance(expression, Either):
        return all(map(empty, expression.items))
    if isinstance(expression, Every):
        if any(map(empty, expression.items)):
            return True
        bounds: dict[str, list[tuple[str, Any]]] = {}
        for path, operator, value in _bounds(expression):
            bounds.setdefault(path, []).append((operator, value))
        return any(_excluded(found) for found in bounds.values())
    return False


def _bounds(expression: Expression) -> Iterator[tuple[str, str, Any]]:
    if isinstance(expression, Every):
        for item in expression.items:
            yield from _bounds(item)
    elif isinstance(expression, Compare):
        left, right, operator = expression.left, expression.right, str(expression.operator)
        if isinstance(left, Constant) and isinstance(right, Path):
            left, right, operator = right, left, _TURNED.get(operator, operator)
        if isinstance(left, Path) and isinstance(right, Constant):
            yield str(left), operator, right.value


def _excluded(bounds: Sequence[tuple[str, Any]]) -> bool:
    numbers = [(operator, _number(value)) for operator, value in bounds]
    lows = [(number, operator == ">") for operator, number in numbers if number is not None and operator in (">", ">=")]
    highs = [
        (number, operator == "<") for operator, number in numbers if number is not None and operator in ("<", "<=")
    ]
    equal = [value for operator, value in bounds if operator == "=="]
    currencies = {value.currency for operator, value in bounds if isinstance(value, Money) and operator != "!="}
    if len(currencies) > 1 or any(one != equal[0] for one in equal[1:]):
        return True
    if any(operator == "!=" and equal and value == equal[0] for operator, value in bounds):
        return True
    exact = _number(equal[0]) if equal else None
    if exact is not None:
        lows, highs = [*lows, (exact, False)], [*highs, (exact, False)]
    if not lows or not highs:
        return False
    low, high = max(lows), min(highs, key=lambda bound: (bound[0], not bound[1]))
    return low[0] > high[0] or (low[0] == high[0] and (low[1] or high[1]))


def _number(value: object) -> Decimal | None:
    if isinstance(value, Money):
        return value.amount
    return value if isinstance(value, Decimal) else None


@dataclass(frozen=True, slots=True)
class _Policy:
    name: str
    permits: bool
    actions: frozenset[str] | None
    """None: every action."""
    conditional: bool

    def covers(self, tool: Tool) -> bool:
        """Whether its scope holds the calls of a tool."""
        if self.actions is None:
            return True
        groups = {f"{_GROUP}{tool.effect_class}", *([f"{_GROUP}effect"] if tool.is_effect else [])}
        return tool.name in self.actions or not groups.isdisjoint(self.actions)


def _cedar(files: Mapping[str, str]) -> Iterator[_Policy]:
    for text in files.values():
        for policy in json.loads(cedarpy.policies_to_json_str(text))["staticPolicies"].values():
            action = policy["action"]
            named = [action["entity"]] if "entity" in action else action.get("entities", [])
            yield _Policy(
                policy["annotations"]["id"],
                policy["effect"] == "permit",
                None if action["op"] == "All" else frozenset(str(one["id"]) for one in named),
                bool(policy["conditions"]),
            )


def _uncovered(deployment: Deployment, tools: Mapping[str, Tool], cedar: Sequence[_Policy]) -> Iterator[Finding]:
    for name, tool in tools.items():
        if name not in deployment.tools and not any(policy.permits and policy.covers(tool) for policy in cedar):
            yield Finding(
                f"tools.{name}",
                f"no policy covers {name} ({tool.effect_class}): every call of it is denied",
                f"add a rule for {name} under `tools`, or take the tool from the agent",
                never=False,
            )


def _never(deployment: Deployment) -> Iterator[Finding]:
    for name, rule in deployment.tools.items():
        for part, allow in (("allow", rule.allow), ("undo", rule.undo)):
            if not isinstance(allow, str):
                continue
            try:
                impossible = empty(parse(allow, None))
            except UserError:  # it would not have loaded; a rule of another kind is not weighed
                continue
            if impossible:
                yield Finding(
                    f"tools.{name}",
                    f"`{part}: {allow}` of {name} can never hold: its bounds exclude each other",
                    "correct the bounds, or write `deny`",
                    never=True,
                    line=rule.line,
                )


def _overruled(deployment: Deployment, tools: Mapping[str, Tool], cedar: Sequence[_Policy]) -> Iterator[Finding]:
    """Yields permits that a forbid without a condition over the same tools always beats."""
    for name, tool in tools.items():
        beaten = [
            policy.name for policy in cedar if not policy.permits and not policy.conditional and policy.covers(tool)
        ]
        rule = deployment.tools.get(name)
        if beaten and rule is not None and not rule.deny:
            yield Finding(
                f"tools.{name}",
                f"the rule of {name} can never allow a call: {beaten[0]} forbids all of them",
                f"narrow {beaten[0]}, or write `{name}: deny`",
                never=True,
                line=rule.line,
            )
        denied = rule is not None and rule.deny
        for policy in cedar:
            if denied and policy.permits and policy.actions == frozenset({name}):
                yield Finding(
                    policy.name,
                    f"{policy.name} can never permit {name}: its rule says deny, and a forbid wins",
                    f"take `{name}: deny` out, or the policy",
                    never=True,
                )
