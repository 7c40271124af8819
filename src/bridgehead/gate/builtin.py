"""The policies that follow from the deployment's own file: rules, undos, guards of arguments, and rights."""

from __future__ import annotations

from collections.abc import Iterator

from bridgehead.gate import provenance
from bridgehead.gate.cedar import policy, quoted, to_policy
from bridgehead.gate.expression import RuleError, parse
from bridgehead.gate.obligations import seconds
from bridgehead.gate.provenance import FACTS, Watch
from bridgehead.gate.request import UNDO
from bridgehead.gate.rights import AGAIN, DEPLOYMENT, PREFIX, Held, policy_condition
from bridgehead.gate.rule import Check, Term, resolve
from bridgehead.gate.shape import Shape
from bridgehead.spec.deployment import Deployment, ToolRule


def rule_policies(
    deployment: Deployment, name: str, rule: ToolRule, arguments: Shape, term: Term | None, moves: str | None
) -> Iterator[str]:
    """Yields the policies of one rule: a permit, a permit once approved, or a forbid."""
    file = "bridgehead.yaml" if deployment.file is None else deployment.file.name
    if rule.deny:
        yield policy(
            "forbid", name, f"tools.{name}", deployment.owner, "",
            f"{file} denies every call of {name}", f"an operator changes the rule of {name} in {file}",
        )  # fmt: skip
        return
    if rule.allow is True:
        yield policy("permit", name, f"tools.{name}", deployment.owner, "", f"{file} allows every call of {name}", "")
    elif term is not None:
        yield policy(
            "permit", name, f"tools.{name}", deployment.owner, to_policy(term, arguments),
            f"{file} allows {name} when {rule.allow}", f"the call meets {rule.allow}",
        )  # fmt: skip
    if rule.otherwise is not None:
        twice = seconds(rule.otherwise, arguments, moves, to_policy)
        yield policy(
            "permit", name, f"tools.{name}.approved", deployment.owner, f"context.approved{twice}",
            f"{rule.otherwise.hold} approved these exact arguments", f"{rule.otherwise.hold} approves the call",
        )  # fmt: skip


def guards(deployment: Deployment, name: str, watched: Watch) -> Iterator[str]:
    """Yields what denies a call whose sensitive arguments nobody vouches for, unless a person approved it."""
    if watched.guarded:
        paths = ", ".join(watched.guarded)
        yield policy(
            "forbid", name, f"{FACTS}{name}", deployment.owner, provenance.untrusted(),
            f"{paths} of {name} must come from a person or a system of record",
            f"a person approves the call, or the rule of {name} says `PATH from …`",
        )  # fmt: skip


def undo_policy(deployment: Deployment, name: str, arguments: Shape, terms: dict[str, Term]) -> str:
    """Returns who may take an effect back: operators, unless the tool's rule says otherwise; raises RuleError."""
    file = "bridgehead.yaml" if deployment.file is None else deployment.file.name
    rule = deployment.tools.get(name)
    allowed = True if rule is None else rule.undo
    action, known_as = UNDO + name, f"tools.{name}.undo"
    if allowed is True:
        return policy("permit", action, known_as, deployment.owner, "", f"operators may undo {name}", "")
    if allowed is False:
        return policy(
            "forbid", action, known_as, deployment.owner, "",
            f"{file} denies every undo of {name}", f"an operator changes `undo` of {name} in {file}",
        )  # fmt: skip
    terms[action] = resolve(parse(allowed), arguments, name)
    sourced = next((one for one in provenance.tests(terms[action]) if not isinstance(one, Check)), None)
    if sourced is not None:
        raise RuleError(f"{sourced} asks for facts, and an undo has none", sourced.at, hint="Compare arguments here.")
    return policy(
        "permit", action, known_as, deployment.owner, to_policy(terms[action], arguments),
        f"{file} allows the undo of {name} when {allowed}", f"the call met {allowed}",
    )  # fmt: skip


def rights_policy(deployment: Deployment, name: str, over: tuple[Held, ...], arguments: Shape) -> str:
    """Returns what denies a call that the one it is made for has no right to; an approval does not lift it."""
    texts = {place: to_policy(one.term, arguments) for place, one in enumerate(over) if one.term is not None}
    condition = policy_condition(over, texts, quoted)
    if DEPLOYMENT not in deployment.rights:
        condition = " || ".join(part for part in (condition, 'context.grant.kind == "deployment"') if part)
    return policy(
        "forbid", name, PREFIX + name, deployment.owner, f"!({condition or 'false'})",
        f"no right of the one whose case it is reaches this call of {name}",
        f"an operator gives them a right to {name} under `rights`, or somebody who has it; then {AGAIN}",
    )  # fmt: skip
