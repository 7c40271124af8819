"""Who may what: rights of humans over tools, resolved against the tools' arguments, and what a grant refuses."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from bridgehead.gate.caps import use_of
from bridgehead.gate.expression import Compare, Either, Every, Expression, Member, Not, Path, RuleError, parse
from bridgehead.gate.grants import Grant
from bridgehead.gate.model import Call, Reason
from bridgehead.gate.rule import Term, resolve
from bridgehead.gate.shape import Shape, UnfitError
from bridgehead.money import Money
from bridgehead.spec.deployment import Right
from bridgehead.spec.problem import shown
from bridgehead.spec.tool import Tool

DEPLOYMENT: Final = "deployment"
"""The holder whose rights bound the cases that no human opened."""
PREFIX: Final = "rights."
NOBODY: Final = Grant("", "", "deployment")
_SUBMIT: Final = 'bridgehead submit DEPLOYMENT FILE --as USER --again "why"'
AGAIN: Final = (
    'it is done again for the same user: bridgehead review REVIEW answer "why" --again;'
    f" for another, once that review is closed: {_SUBMIT}"
)
"""How work is done again whose call a right denied, once somebody has that right."""


GRANT_TYPE: Final[Mapping[str, object]] = {
    "type": "Record",
    "attributes": {
        "subject": {"type": "String"},
        "kind": {"type": "String"},
        "groups": {"type": "Set", "element": {"type": "String"}},
        "scopes": {"type": "Set", "element": {"type": "String"}},
    },
}
"""The Cedar type of ``context.grant``."""


class RightError(Exception):
    """A right whose condition does not fit a tool it reaches."""

    def __init__(self, right: Right, error: RuleError) -> None:
        super().__init__(error.message)
        self.right, self.error = right, error


@dataclass(frozen=True, slots=True)
class Held:
    """One right over one tool; ``term`` is its condition over that tool's arguments, None where it has none."""

    right: Right
    term: Term | None

    def by(self, grant: Grant) -> bool:
        """Tells whether the one whose grant it is has this right."""
        kind, _, name = self.right.holder.partition(":")
        if grant.kind == "deployment":
            return kind == DEPLOYMENT
        return name in grant.groups if kind == "group" else kind == "user" and name == grant.subject

    def condition(self, text: str, quoted: Callable[[str], str]) -> str:
        """Returns the Cedar condition under which it holds, ``text`` being that of its term."""
        kind, _, name = self.right.holder.partition(":")
        who = {
            "group": f'context.grant.kind == "human" && context.grant.groups.contains({quoted(name)})',
            "user": f'context.grant.kind == "human" && context.grant.subject == {quoted(name)}',
        }.get(kind, 'context.grant.kind == "deployment"')
        return f"({who} && {text})" if text else f"({who})"


def resolved(rights: Mapping[str, Right], tool: Tool, shape: Shape) -> tuple[Held, ...]:
    """Returns the rights over one tool.

    A condition over arguments that a plain read does not have leaves that read alone: it bounds what is
    done, and what is read is bound by the rules. Raises RightError for a condition that does not fit.
    """
    found = []
    for right in rights.values():
        if right.tools is not None and tool.name not in right.tools:
            continue
        term = None
        if right.when is not None:
            try:
                term = _term(right.when, tool, shape)
            except RuleError as error:
                raise RightError(right, error) from None
        found.append(Held(right, term))
    return tuple(found)


def _term(when: str, tool: Tool, shape: Shape) -> Term | None:
    asked = parse(when)
    paths = list(_paths(asked))
    if tool.effect_class == "read" and not any(path.parts[0] in shape.fields for path in paths):
        return None
    return resolve(asked, shape, tool.name)


def policy_condition(over: tuple[Held, ...], texts: Mapping[int, str], quoted: Callable[[str], str]) -> str:
    """Returns the Cedar condition under which a grant reaches a tool; ``texts`` are of the terms, by their place."""
    parts = [one.condition(texts.get(place, ""), quoted) for place, one in enumerate(over)]
    return " || ".join(parts)


def refusal(grant: Grant | None, call: Call, moved: Money | None = None, *, declared: bool) -> Reason | None:
    """Returns why a grant does not reach a call, whatever its arguments are; None where it may.

    ``moved`` is what the calls of the case have moved so far; ``declared``: the deployment declares rights. Nothing
    lifts a refusal: neither a rule nor an approval.
    """
    if grant is None:
        return None
    tool = call.tool
    who = "the case" if grant.kind == "deployment" else grant.subject
    again = f"once its review is closed, somebody who may have it done submits it: {_SUBMIT}; or a person does it"
    if grant.revoked:
        return Reason(
            "gate.grant.revoked", f"the grant {grant.id} of {who} was revoked", "the grant stands", "", "revoked", again
        )
    if grant.expired:
        return Reason(
            "gate.grant.expired", f"the grant {grant.id} of {who} has expired", "the grant has not expired", "",
            "expired", again,
        )  # fmt: skip
    if grant.withdrawn:
        return Reason(
            "gate.grant.withdrawn", f"{who} may no longer act here: {grant.withdrawn}", "its subject may act", "",
            grant.withdrawn, f"an operator lets {who} act again; then {AGAIN}",
        )  # fmt: skip
    if grant.kind == "human" and not declared:
        return Reason(
            "gate.grant.rights", f"no rights are declared, so {who} has none here", "rights of its subject", "", "none",
            "an operator declares under `rights` what its subject may do",
        )  # fmt: skip
    if grant.tools is not None and tool.name not in grant.tools:
        return Reason(
            "gate.grant.tools", f"the grant {grant.id} of {who} does not reach {tool.name}",
            f"the grant reaches {tool.name}", "", ", ".join(sorted(grant.tools)) or "none",
            f"an operator gives {who} a right to {tool.name}, or somebody has it; then {AGAIN}",
        )  # fmt: skip
    return _over(grant, call, moved, who)


def attributes(grant: Grant | None) -> dict[str, object]:
    """Returns what policies read as ``context.grant``."""
    found = grant or NOBODY
    return {
        "subject": found.subject,
        "kind": found.kind,
        "groups": sorted(found.groups),
        "scopes": sorted(found.scopes),
    }


def _over(grant: Grant, call: Call, moved: Money | None, who: str) -> Reason | None:
    """Returns why a call would go over what its case may spend and move under a grant; None where it stays within."""
    limit, tool = grant.limit, call.tool
    if limit is None:
        return None
    try:
        use = use_of(tool, call.args, frozenset(("money",)))
    except UnfitError as error:
        found = "nothing" if error.found is None else shown(error.found)
        return Reason(
            "gate.grant.limit", f"the grant of {who} is over {limit}, and what {tool.name} moves cannot be counted",
            f"{error.path or 'the call'} is {error.expected}", error.path, found, f"send {error.expected}",
        )  # fmt: skip
    moves = None if use.money is None else Money(use.money, use.currency or limit.currency)
    parts = [part for part in (grant.used, moved, tool.cost, moves) if part is not None]
    if all(part.currency == limit.currency for part in parts):
        if sum(part.amount for part in parts) <= limit.amount:
            return None
        found = " + ".join(map(str, parts))
    else:
        found = "another currency"
    return Reason(
        "gate.grant.limit", f"the grant of {who} is over {limit}, and the call would spend or move more",
        f"within {limit}", tool.moves or "", found,
        f"a person takes the case, or an operator gives a higher one; then {AGAIN}",
    )  # fmt: skip


def _paths(expression: Expression) -> Iterator[Path]:
    match expression:
        case Path():
            yield expression
        case Not(inner):
            yield from _paths(inner)
        case Every(items) | Either(items):
            for item in items:
                yield from _paths(item)
        case Member(path):
            yield path
        case Compare(left, _, right):
            yield from (one for one in (left, right) if isinstance(one, Path))
        case _:
            raise RuleError("a right may only compare arguments", 0, hint="Write it as a rule of the tool.")
