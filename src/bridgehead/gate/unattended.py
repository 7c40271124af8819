"""What can happen without a person, read off the rules alone: the worst case before any call is made."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal

from bridgehead.gate.expression import Compare, Constant, Either, Every, Expression, Not, Path, parse
from bridgehead.money import Money
from bridgehead.spec.deployment import Deployment
from bridgehead.spec.tool import EffectClass, Tool

_TURNED: Final[Mapping[str, str]] = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
_NEGATED: Final[Mapping[str, str]] = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "==": "!=", "!=": "=="}

Reach = Literal["always", "when", "held", "denied"]
"""How far a tool reaches by itself: every call, calls that meet a condition, none without a person, none at all."""


@dataclass(frozen=True, slots=True)
class Bound:
    """One tool under the rules, at a level that acts alone.

    ``condition`` is the rule's expression, ``role`` who decides about calls that it does not
    allow (None: they are denied); ``listed`` is False for a tool that no rule covers.
    """

    tool: str
    effect_class: EffectClass
    reach: Reach
    condition: str | None = None
    role: str | None = None
    listed: bool = True

    @property
    def acts_alone(self) -> bool:
        """Whether a call of it can change the world, or leave the trust boundary, without a person."""
        return self.effect_class != "read" and self.reach in ("always", "when")


def unattended(deployment: Deployment, tools: Mapping[str, Tool]) -> tuple[Bound, ...]:
    """Returns every tool of a deployment with its bound, in the order of the rules, uncovered ones last.

    Cedar files beside the rules can only be read by Cedar; they are not part of this answer.
    """
    listed = [_bound(deployment, tools[name]) for name in deployment.tools if name in tools]
    others = [
        Bound(name, tool.effect_class, "denied", listed=False)
        for name, tool in tools.items()
        if name not in deployment.tools
    ]
    return (*listed, *others)


def sentences(deployment: Deployment, tools: Mapping[str, Tool]) -> tuple[str, ...]:
    """Returns the worst case in sentences: what one case can do, at a level that acts alone, before a person looks."""
    alone = [bound for bound in unattended(deployment, tools) if bound.acts_alone]
    said = [_sentence(bound, tools[bound.tool]) for bound in alone]
    if not alone:
        said.append("Nothing is written and nothing leaves without a person.")
    limits = deployment.limits
    said.append(
        f"One case makes at most {limits.steps} calls, at most {limits.repeats} of them equal"
        + (f", and spends at most {limits.cost} on calls that have a price." if limits.cost else ".")
    )
    if deployment.policies:
        files = ", ".join(deployment.policies)
        said.append(f"Besides, the policies of {files} decide; 'bridgehead policy show' prints all of them.")
    return tuple(said)


def open_below(rule: str) -> tuple[str, ...]:
    """Returns the arguments that a rule bounds from above alone, so that any negative value passes it.

    Which way a comparison counts under ``or`` is not weighed: a lower bound anywhere will do.
    Raises RuleError for a text that is no rule.
    """
    above, below = set[str](), set[str]()
    for path, operator in _comparisons(parse(rule, None), flipped=False):
        if operator != "!=":
            (above if operator in ("<", "<=") else below).add(path)
    return tuple(sorted(above - below))


def compared(rule: str | None) -> tuple[str, ...]:
    """Returns the arguments that a rule compares with a number: what the operator counts in."""
    return (
        () if rule is None else tuple(dict.fromkeys(path for path, _ in _comparisons(parse(rule, None), flipped=False)))
    )


def _comparisons(expression: Expression, *, flipped: bool) -> Iterator[tuple[str, str]]:
    """Yields (path, operator) of each comparison of a path with a number, as it counts after negations."""
    match expression:
        case Not(inner):
            yield from _comparisons(inner, flipped=not flipped)
        case Every(items) | Either(items):
            for item in items:
                yield from _comparisons(item, flipped=flipped)
        case Compare(operator, Path() as path, Constant(value=Decimal() | Money())):
            yield str(path), _NEGATED[operator] if flipped else operator
        case Compare(operator, Constant(value=Decimal() | Money()), Path() as path):
            turned = _TURNED.get(operator, operator)
            yield str(path), _NEGATED[turned] if flipped else turned
        case _:
            return


def _bound(deployment: Deployment, tool: Tool) -> Bound:
    rule = deployment.tools[tool.name]
    role = rule.hold
    if rule.allow is True:
        return Bound(tool.name, tool.effect_class, "always", role=role)
    if rule.allow is not None:
        return Bound(tool.name, tool.effect_class, "when", condition=rule.allow, role=role)
    return Bound(tool.name, tool.effect_class, "denied" if rule.deny else "held", role=role)


def _sentence(bound: Bound, tool: Tool) -> str:
    when = "on every call" if bound.condition is None else f"when {bound.condition}"
    if bound.effect_class == "outbound_read":
        return f"{bound.tool} takes data out {when}."
    undo = "and cannot be undone"
    if tool.has_undo or bound.effect_class == "reversible":
        undo = "and can be undone" if tool.has_undo else "and declares no undo"
    return f"{bound.tool} writes {when}, {_once(tool)} {undo}."


def _once(tool: Tool) -> str:
    if tool.repeatable:
        return "as often as it is called,"
    if not tool.key:
        return "once for equal arguments,"
    return f"once for each {_and(tool.key)},"


def _and(words: Iterable[str]) -> str:
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last
