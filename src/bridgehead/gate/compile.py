"""Turns the tool rules of a deployment, and its Cedar files, into one validated set of parsed policies."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, cast

import cedarpy

from bridgehead.gate.expression import Constant, Path, RuleError, parse
from bridgehead.gate.rule import And, Check, Term, resolve
from bridgehead.gate.shape import Shape, arguments_shape, cedar_type, decimal_text, reduced
from bridgehead.money import Money
from bridgehead.spec.deployment import Deployment, ToolRule
from bridgehead.spec.problem import DeploymentError, Problem, nearest
from bridgehead.spec.tool import EFFECT_CLASSES, Tool

GROUP: Final = "class:"
"""Prefix of the action groups: ``class:effect`` and one for each effect class."""

UNDO: Final = "undo:"
"""Prefix of the action that takes a tool's effect back; all of them are in the group ``class:undo``."""

_PLAIN: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_RESERVED: Final = frozenset({"true", "false", "if", "then", "else", "in", "is", "like", "has", "__cedar"})
_OWN_IDS: Final = ("tools.", "limits.", "gate.", "levels.")
_APPROVAL_WORDS: Final = frozenset({"approved", "approver"})
_DECIMAL_CALLS: Final = {
    "<": "lessThan",
    "<=": "lessThanOrEqual",
    ">": "greaterThan",
    ">=": "greaterThanOrEqual",
}


@dataclass(frozen=True, slots=True)
class Note:
    """The annotations of one policy: what a denial by it says."""

    owner: str = ""
    reason: str = ""
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class ToolShapes:
    """A tool's arguments: as declared, and as far as some policy can read them."""

    declared: Shape
    ruled: Shape


@dataclass(frozen=True, slots=True)
class Compiled:
    """Everything a decision needs, parsed once: bare policy text for each request costs 25 times as much."""

    policies: Mapping[str, cedarpy.PolicySet]
    """For each action its own rule and every Cedar file; the rules of other tools cannot match its calls."""
    schema: cedarpy.Schema
    entities: cedarpy.Entities
    policies_text: str
    rules: Mapping[str, str]
    """The Cedar text that each tool rule compiled to; a part of ``policies_text``."""
    schema_text: str
    terms: Mapping[str, Term]
    shapes: Mapping[str, ToolShapes]
    notes: Mapping[str, Note]
    heed_approval: bool
    """True when a Cedar file reads the approval, so that only asking again tells what one would change."""


def compile_policies(deployment: Deployment, tools: Mapping[str, Tool]) -> Compiled:
    """Returns the policies of a deployment over its tools.

    Raises DeploymentError, naming file, line and column where there is one, for a rule of an
    unknown tool, an expression that does not fit the tool's arguments, a Cedar file that does
    not parse, and a policy without ``@id`` or that does not validate against the schema.
    """
    problems: list[Problem] = []
    shapes = {name: arguments_shape(tool.parameters) for name, tool in tools.items()}
    terms: dict[str, Term] = {}
    texts: dict[str, str] = {}
    for name, rule in deployment.tools.items():
        if name not in tools or name.startswith((GROUP, UNDO)):
            problems.append(_problem(deployment, name, rule, "", "a declared tool", name, nearest(name, tools)))
            continue
        if isinstance(rule.allow, str):
            try:
                terms[name] = resolve(parse(rule.allow), shapes[name], name)
            except RuleError as error:
                problems.append(_rule_problem(deployment, name, rule, error))
                continue
        texts[name] = "\n".join(_policies(deployment, name, rule, shapes[name], terms.get(name)))
    for name, tool in tools.items():
        if tool.has_undo:
            try:
                texts[UNDO + name] = _undo_policy(deployment, name, shapes[name], terms)
            except RuleError as error:
                problems.append(_rule_problem(deployment, name, deployment.tools[name], error, ".undo"))
    for name, tool in tools.items():
        if tool.name != name:
            problems.append(Problem("tools", 0, 0, name, "a tool of this name", tool.name))
    for file, text in deployment.policies.items():
        problems.extend(_check_file(file, text))
    if problems:
        raise DeploymentError(problems)
    return _assembled(deployment, tools, shapes, terms, texts)


def _assembled(
    deployment: Deployment,
    tools: Mapping[str, Tool],
    shapes: Mapping[str, Shape],
    terms: Mapping[str, Term],
    texts: Mapping[str, str],
) -> Compiled:
    files_text = "\n".join(f"// policies/{file}\n{text.rstrip()}\n" for file, text in deployment.policies.items())
    text = "\n".join([*texts.values(), files_text])
    parsed = json.loads(cedarpy.policies_to_json_str(text))["staticPolicies"]
    notes: dict[str, Note] = {}
    repeated: list[Problem] = []
    for policy in parsed.values():
        annotations = {name: value or "" for name, value in policy["annotations"].items()}
        name = annotations["id"]
        if name in notes:
            repeated.append(Problem("policies/", 0, 0, "@id", "an id used once", f"a second policy {name!r}"))
        notes[name] = Note(
            annotations.get("owner", deployment.owner), annotations.get("reason", ""), annotations.get("remedy", "")
        )
    files = frozenset(
        word
        for policy in parsed.values()
        if not policy["annotations"]["id"].startswith(_OWN_IDS)
        for word in _words(policy["conditions"])
    )
    ruled = {
        name: ToolShapes(
            shape,
            reduced(shape, files.union(*(_read_by(terms[one]) for one in (name, UNDO + name) if one in terms))),
        )
        for name, shape in shapes.items()
    }
    schema_text = json.dumps(_schema(tools, ruled), sort_keys=True)
    schema = cedarpy.Schema.from_json_str(schema_text)
    result = cedarpy.validate_policies(text, schema)
    ids = result.id_annotations_by_policy_id
    repeated.extend(
        Problem(
            "policies",
            0,
            0,
            str(ids.get(error.policy_id, error.policy_id)),
            "a policy that fits the tools",
            error.error,
        )
        for error in result.errors
    )
    if repeated or not result.validation_passed:
        raise DeploymentError(repeated or [Problem("policies", 0, 0, "", "valid policies", "an unexplained refusal")])
    entities = [
        {"uid": {"type": kind, "id": deployment.name}, "attrs": {}, "parents": []} for kind in ("Agent", "Deployment")
    ]
    return Compiled(
        policies={
            name: cedarpy.PolicySet.from_str(f"{texts.get(name, '')}\n{files_text}")
            for name in (*tools, *(UNDO + name for name, tool in tools.items() if tool.has_undo))
        },
        schema=schema,
        entities=cedarpy.Entities.from_json_str(json.dumps(entities), schema),
        policies_text=text,
        rules=dict(texts),
        schema_text=schema_text,
        terms=dict(terms),
        shapes=ruled,
        notes=notes,
        heed_approval=not _APPROVAL_WORDS.isdisjoint(files),
    )


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


def _policies(deployment: Deployment, name: str, rule: ToolRule, arguments: Shape, term: Term | None) -> Iterator[str]:
    """Yields the policies of one rule: a permit, a permit once approved, or a forbid."""
    file = "bridgehead.yaml" if deployment.file is None else deployment.file.name
    if rule.deny:
        yield _policy(
            "forbid", name, f"tools.{name}", deployment.owner, "",
            f"{file} denies every call of {name}", f"an operator changes the rule of {name} in {file}",
        )  # fmt: skip
        return
    if rule.allow is True:
        yield _policy("permit", name, f"tools.{name}", deployment.owner, "", f"{file} allows every call of {name}", "")
    elif term is not None:
        yield _policy(
            "permit", name, f"tools.{name}", deployment.owner, to_policy(term, arguments),
            f"{file} allows {name} when {rule.allow}", f"the call meets {rule.allow}",
        )  # fmt: skip
    if rule.otherwise is not None:
        yield _policy(
            "permit", name, f"tools.{name}.approved", deployment.owner, "context.approved",
            f"{rule.otherwise.hold} approved these exact arguments", f"{rule.otherwise.hold} approves the call",
        )  # fmt: skip


def _undo_policy(deployment: Deployment, name: str, arguments: Shape, terms: dict[str, Term]) -> str:
    """Returns who may take an effect back: operators, unless the tool's rule says otherwise; raises RuleError."""
    file = "bridgehead.yaml" if deployment.file is None else deployment.file.name
    rule = deployment.tools.get(name)
    allowed = True if rule is None else rule.undo
    action, policy = UNDO + name, f"tools.{name}.undo"
    if allowed is True:
        return _policy("permit", action, policy, deployment.owner, "", f"operators may undo {name}", "")
    if allowed is False:
        return _policy(
            "forbid", action, policy, deployment.owner, "",
            f"{file} denies every undo of {name}", f"an operator changes `undo` of {name} in {file}",
        )  # fmt: skip
    terms[action] = resolve(parse(allowed), arguments, name)
    return _policy(
        "permit", action, policy, deployment.owner, to_policy(terms[action], arguments),
        f"{file} allows the undo of {name} when {allowed}", f"the call met {allowed}",
    )  # fmt: skip


def _policy(effect: str, tool: str, name: str, owner: str, when: str, reason: str, remedy: str) -> str:
    annotations = [("id", name), ("owner", owner), ("reason", reason)] + ([("remedy", remedy)] if remedy else [])
    head = "".join(f"@{key}({quoted(value)})\n" for key, value in annotations)
    condition = f"\nwhen {{ {when} }}" if when else ""
    return f"{head}{effect} (principal, action == Action::{quoted(tool)}, resource){condition};\n"


def _schema(tools: Mapping[str, Tool], shapes: Mapping[str, ToolShapes]) -> dict[str, object]:
    groups = ["effect", "undo", *EFFECT_CLASSES]
    actions: dict[str, object] = {f"{GROUP}{name}": {} for name in groups}
    for name, tool in tools.items():
        classes = [tool.effect_class, *(["effect"] if tool.is_effect else [])]
        attributes = {
            "args": cedar_type(shapes[name].ruled),
            "approved": {"type": "Boolean"},
            "approver": {"type": "String", "required": False},
            "level": {"type": "String"},
            "release": {"type": "String"},
            "steps": {"type": "Long"},
            "repeats": {"type": "Long"},
        }
        actions[name] = _action(classes, "Agent", attributes)
        if tool.has_undo:
            actions[UNDO + name] = _action(["undo"], "Operator", attributes)
    return {"": {"entityTypes": {"Agent": {}, "Operator": {}, "Deployment": {}}, "actions": actions}}


def _action(groups: Sequence[str], principal: str, attributes: Mapping[str, object]) -> dict[str, object]:
    return {
        "memberOf": [{"id": f"{GROUP}{group}"} for group in groups],
        "appliesTo": {
            "principalTypes": [principal],
            "resourceTypes": ["Deployment"],
            "context": {"type": "Record", "attributes": attributes},
        },
    }


def _check_file(file: str, text: str) -> Iterator[Problem]:
    where = f"policies/{file}"
    try:
        parsed = json.loads(cedarpy.policies_to_json_str(text))
    except ValueError as error:
        yield Problem(where, 0, 0, "", "Cedar policies", str(error))
        return
    if parsed["templates"]:
        yield Problem(where, 0, 0, "", "policies without slots", "a template", "a template decides nothing by itself")
    for number, policy in enumerate(parsed["staticPolicies"].values(), 1):
        name = policy.get("annotations", {}).get("id")
        if not name:
            hint = 'write @id("name") above it, so that a denial can name it'
            yield Problem(where, 0, 0, f"policy {number}", "an @id", "none", hint)
        elif name.startswith(_OWN_IDS):
            yield Problem(
                where, 0, 0, f"policy {number}", "an @id of its own", name, "this prefix names built-in rules"
            )


def _read_by(term: Term) -> frozenset[str]:
    """Returns the names of the arguments and fields that a rule reads."""
    if isinstance(term, Check):
        other = term.other.parts if isinstance(term.other, Path) else ()
        return frozenset((*term.path.parts, *other))
    return frozenset[str]().union(*(_read_by(inner) for inner in term.terms))


def _words(node: object) -> Iterator[str]:
    """Yields every text in a policy's conditions: each name it can read an argument by is among them."""
    if isinstance(node, str):
        yield node
    elif isinstance(node, Mapping):
        for key, inner in node.items():
            yield key
            yield from _words(inner)
    elif isinstance(node, list):
        for inner in node:
            yield from _words(inner)


def _problem(
    deployment: Deployment, tool: str, rule: ToolRule, field: str, expected: str, found: str, hint: str = ""
) -> Problem:
    file = "bridgehead.yaml" if deployment.file is None else deployment.file.name
    return Problem(file, rule.line, rule.column, f"tools.{tool}{field}", expected, found, hint)


def _rule_problem(
    deployment: Deployment, name: str, rule: ToolRule, error: RuleError, field: str = ".allow"
) -> Problem:
    found = f"{error.message} (at character {error.at + 1} of the rule)"
    hint = error.hint.rstrip(".")
    return _problem(deployment, name, rule, field, "a condition over the call's arguments", found, hint)
