"""Turns the tool rules of a deployment, and its Cedar files, into one validated set of parsed policies."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import cedarpy

from bridgehead.gate import egress, provenance, sequence
from bridgehead.gate.builtin import guards, rights_policy, rule_policies, undo_policy
from bridgehead.gate.caps import countable
from bridgehead.gate.cedar import policy as policy_text
from bridgehead.gate.expression import Path, RuleError, parse
from bridgehead.gate.history import IN_WINDOWS
from bridgehead.gate.obligations import obliged, problems_of, redacted
from bridgehead.gate.provenance import FACTS, Watch
from bridgehead.gate.request import GROUP, UNDO, heeded, readable, words
from bridgehead.gate.request import schema as schema_of
from bridgehead.gate.rights import PREFIX, Held, RightError, resolved
from bridgehead.gate.rule import And, Check, Or, Term, resolve, traceable
from bridgehead.gate.shape import Shape, arguments_shape, reduced
from bridgehead.gate.spotting import follows, place_of
from bridgehead.spec.deployment import Deployment, ToolRule
from bridgehead.spec.problem import DeploymentError, Problem, nearest
from bridgehead.spec.tool import Tool

NEVER: Final = "never:"
"""Prefix of what sequences forbid a tool, among the texts of policies."""

_OWN_IDS: Final = ("rights.", "tools.", "limits.", "gate.", "levels.")
_APPROVAL_WORDS: Final = frozenset({"approved", "approver", "seconded"})


@dataclass(frozen=True, slots=True)
class Note:
    """The annotations of one policy: what a denial by it says."""

    owner: str = ""
    reason: str = ""
    remedy: str = ""
    hold: str = ""
    second: str = ""
    redact: tuple[str, ...] = ()


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
    rights: Mapping[str, tuple[Held, ...]]
    """The rights over each tool; empty where the deployment declares none."""
    shapes: Mapping[str, ToolShapes]
    notes: Mapping[str, Note]
    watches: Mapping[str, Watch]
    """What is traced for the calls of each tool."""
    heed_windows: frozenset[str]
    """What a tool has done in a window, as far as some policy reads it: ``calls_day``."""
    heed_history: bool
    """True when a policy reads what the case has done so far."""
    heed_approval: bool
    """True when a Cedar file reads the approval, so that only asking again tells what one would change."""
    heeded: Mapping[str, tuple[str, ...]]
    """For each action what a policy over it reads besides arguments and facts; nothing else is in its requests."""


def about(text_name: str) -> str:
    """Returns the tool that a text of policies is about, by the text's name."""
    for prefix in (UNDO, NEVER, FACTS, PREFIX):
        if text_name.startswith(prefix):
            return text_name.removeprefix(prefix)
    return text_name


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
    problems.extend(egress.problems(deployment, tools, shapes))
    problems.extend(_uncounted(deployment, tools, shapes))
    problems.extend(_rule_texts(deployment, tools, shapes, terms, texts))
    rights, wrong = _rights(deployment, tools, shapes)
    problems.extend(wrong)
    for name, over in rights.items():
        texts[PREFIX + name] = rights_policy(deployment, name, over, shapes[name])
    problems.extend(provenance.check_labels(deployment))
    for name, tool in tools.items():
        watched, wrong = provenance.watch(deployment, tool, terms.get(name), shapes[name], frozenset())
        problems.extend(wrong)
        texts[FACTS + name] = "\n".join(guards(deployment, name, watched))
    unknown = tuple(sequence.check(deployment, tools))
    problems.extend(unknown)
    for name in () if unknown else tools:
        texts[NEVER + name] = "\n".join(
            policy_text(
                "forbid", name, f"{sequence.SEQUENCES}{rule.id}.{name}", rule.owner, when, rule.reason, rule.remedy
            )
            for rule, when in sequence.conditions(deployment, tools, name)
        )
    for name, tool in tools.items():
        if tool.name != name:
            problems.append(Problem("tools", 0, 0, name, "a tool of this name", tool.name))
    for file, text in deployment.policies.items():
        problems.extend(_check_file(file, text, deployment.roles, shapes))
    if problems:
        raise DeploymentError(problems)
    return _assembled(deployment, tools, shapes, terms, rights, texts)


def _rule_texts(
    deployment: Deployment,
    tools: Mapping[str, Tool],
    shapes: Mapping[str, Shape],
    terms: dict[str, Term],
    texts: dict[str, str],
) -> Iterator[Problem]:
    """Adds the policies of every rule, and what it parsed to; yields the rules that do not fit their tool."""
    for name, rule in deployment.tools.items():
        if name not in tools or name.startswith((GROUP, UNDO)):
            yield _problem(deployment, name, rule, "", "a declared tool", name, nearest(name, tools))
            continue
        if isinstance(rule.allow, str):
            try:
                terms[name] = resolve(parse(rule.allow, tools), shapes[name], name)
                provenance.check_sources(terms[name], tools)
            except RuleError as error:
                yield _rule_problem(deployment, name, rule, error)
                continue
        try:
            texts[name] = "\n".join(
                rule_policies(deployment, name, rule, shapes[name], terms.get(name), tools[name].moves)
            )
        except RuleError as error:
            yield _rule_problem(deployment, name, rule, error, ".second.above")
    for name, tool in tools.items():
        if tool.has_undo:
            try:
                texts[UNDO + name] = undo_policy(deployment, name, shapes[name], terms)
            except RuleError as error:
                yield _rule_problem(deployment, name, deployment.tools[name], error, ".undo")


def _uncounted(deployment: Deployment, tools: Mapping[str, Tool], shapes: Mapping[str, Shape]) -> Iterator[Problem]:
    """Yields every cap that cannot count the calls of its tool, and second persons above an amount nobody declares."""
    for name, rule in deployment.tools.items():
        if name not in tools:
            continue
        second = None if rule.otherwise is None else rule.otherwise.second
        if second is not None and second.above is not None and tools[name].moves is None:
            why = f"{name} does not declare which argument moves"
            hint = f"declare moves=... where {name} is declared, or leave `above` out"
            yield _problem(deployment, name, rule, ".second.above", "an amount that can be compared", why, hint)
        for number, cap in enumerate(rule.caps):
            why = countable(tools[name], shapes[name], cap)
            if why:
                field = {"money": "moves", "recipients": "reaches", "records": "touches"}[cap.kind]
                hint = f"declare {field}=... where {name} is declared"
                yield _problem(deployment, name, rule, f".caps.{number}", "a cap that can be counted", why, hint)


def _assembled(
    deployment: Deployment,
    tools: Mapping[str, Tool],
    shapes: Mapping[str, Shape],
    terms: Mapping[str, Term],
    rights: Mapping[str, tuple[Held, ...]],
    texts: Mapping[str, str],
) -> Compiled:
    files_text = "\n".join(
        f"// policies/{file}\n{obliged(text).rstrip()}\n" for file, text in deployment.policies.items()
    )
    text = "\n".join([*texts.values(), files_text])
    parsed = json.loads(cedarpy.policies_to_json_str(text))["staticPolicies"]
    notes: dict[str, Note] = {}
    repeated: list[Problem] = []
    for policy in parsed.values():
        annotations = {name: value or "" for name, value in policy["annotations"].items()}
        name = annotations["id"]
        if name in notes:
            file, line = _place(deployment.policies, name, last=True)
            repeated.append(Problem(file, line, 1, "@id", "an id used once", f"a second policy {name!r}"))
        notes[name] = Note(
            annotations.get("owner", deployment.owner), annotations.get("reason", ""), annotations.get("remedy", ""),
            annotations.get("hold", ""), annotations.get("second", ""),
            redacted(annotations),
        )  # fmt: skip
    files = frozenset(
        word
        for policy in parsed.values()
        if not policy["annotations"]["id"].startswith(_OWN_IDS)
        for word in words(policy["conditions"])
    )
    ruled = {
        name: ToolShapes(
            shape,
            reduced(
                shape,
                files.union(
                    _compared(deployment, tools[name]),
                    *(_read_by(terms[one]) for one in (name, UNDO + name) if one in terms),
                    *(_read_by(one.term) for one in rights.get(name, ()) if one.term is not None),
                ),
            ),
        )
        for name, shape in shapes.items()
    }
    watches = {
        name: provenance.watch(deployment, tool, terms.get(name), shapes[name], files)[0]
        for name, tool in tools.items()
    }
    actions = (*tools, *(UNDO + name for name, tool in tools.items() if tool.has_undo))
    read = heeded(list(parsed.values()), actions)
    arguments = {name: one.ruled for name, one in ruled.items()}
    schema_text = json.dumps(schema_of(tools, arguments, watches, read), sort_keys=True)
    schema = cedarpy.Schema.from_json_str(schema_text)
    result = cedarpy.validate_policies(text, schema)
    ids = result.id_annotations_by_policy_id
    for error in result.errors:
        name = str(ids.get(error.policy_id, error.policy_id))
        file, line = _place(deployment.policies, name)
        said = error.error.removeprefix(f"for policy `{error.policy_id}`, ")  # Cedar numbers them, whoever wrote them
        if follows(said) and any(one.field == name for one in repeated):
            continue
        spot = place_of(
            said, deployment.policies.get(file.removeprefix("policies/"), ""), name, actions, shapes, readable()
        )
        line, column, hint = (line, 1, "") if spot is None else (spot.line, spot.column, spot.hint)
        repeated.append(Problem(file, line, column, name, "a policy that fits the tools", said, hint))
    if repeated or not result.validation_passed:
        raise DeploymentError(repeated or [Problem("policies", 0, 0, "", "valid policies", "an unexplained refusal")])
    entities = [
        {"uid": {"type": kind, "id": deployment.name}, "attrs": {}, "parents": []} for kind in ("Agent", "Deployment")
    ]
    return Compiled(
        policies={
            name: cedarpy.PolicySet.from_str(
                "\n".join([*(texts.get(prefix + name, "") for prefix in ("", PREFIX, FACTS, NEVER)), files_text])
            )
            for name in actions
        },
        schema=schema,
        entities=cedarpy.Entities.from_json_str(json.dumps(entities), schema),
        policies_text=text,
        rules=dict(texts),
        schema_text=schema_text,
        terms=dict(terms),
        rights=dict(rights),
        shapes=ruled,
        notes=notes,
        watches=watches,
        heed_approval=not _APPROVAL_WORDS.isdisjoint(files),
        heed_history="history" in files,
        heed_windows=IN_WINDOWS & files if "history" in files else frozenset(),
        heeded=read,
    )


def _rights(
    deployment: Deployment, tools: Mapping[str, Tool], shapes: Mapping[str, Shape]
) -> tuple[dict[str, tuple[Held, ...]], list[Problem]]:
    """Returns the rights over every tool, and what is wrong with them."""
    file = "bridgehead.yaml" if deployment.file is None else deployment.file.name
    problems = [
        Problem(file, right.line, right.column, f"rights.{holder}.tools", "a declared tool", name, nearest(name, tools))
        for holder, right in deployment.rights.items()
        for name in right.tools or ()
        if name not in tools
    ]
    if not deployment.rights:
        return {}, problems
    found: dict[str, tuple[Held, ...]] = {}
    for name, tool in tools.items():
        try:
            found[name] = resolved(deployment.rights, tool, shapes[name])
        except RightError as wrong:
            right, error = wrong.right, wrong.error
            problems.append(
                Problem(
                    file, right.line, right.column, f"rights.{right.holder}.when",
                    f"a condition over the arguments of {name}", f"{error.message} (at character {error.at + 1})",
                    error.hint.rstrip("."),
                )
            )  # fmt: skip
    return found, problems


def _place(files: Mapping[str, str], name: str, *, last: bool = False) -> tuple[str, int]:
    """Returns the file and line of a policy's ``@id``, the first or last of that name; line 0: it is in no file."""
    found = [(f"policies/{file}", _line(text, name)) for file, text in files.items() if _line(text, name)]
    if not found:
        return "policies", 0
    if not last:
        return found[0]
    file, _ = found[-1]
    return file, _line(files[file.removeprefix("policies/")], name, last=True)


def _line(text: str, name: str, *, last: bool = False) -> int:
    """Returns the line on which a policy's ``@id`` stands, 0 where none does."""
    starts = [at.start() for at in re.finditer(rf'@id\s*\(\s*"{re.escape(name)}"\s*\)', text)]
    return text.count("\n", 0, starts[-1 if last else 0]) + 1 if starts else 0


def _broken(text: str) -> tuple[int, str]:
    """Returns line and ``@id`` of the first policy that is no Cedar by itself; 0 and none where that cannot be told."""
    starts = [*re.finditer(r'@id\s*\(\s*"([^"\n]*)"\s*\)', text)]
    for start, end in zip(starts, [*(at.start() for at in starts), len(text)][1:], strict=True):
        try:
            cedarpy.policies_to_json_str(text[start.start() : text.rfind(";", start.start(), end) + 1 or end])
        except ValueError:
            return text.count("\n", 0, start.start()) + 1, start[1]
    return 0, ""


def _check_file(file: str, text: str, roles: Collection[str], shapes: Mapping[str, Shape]) -> Iterator[Problem]:
    where = f"policies/{file}"
    try:
        parsed = json.loads(cedarpy.policies_to_json_str(text))
    except ValueError as error:
        line, name = _broken(text)
        yield Problem(where, line, 1, name, "Cedar policies", str(error))
        return
    if parsed["templates"]:
        yield Problem(where, 0, 0, "", "policies without slots", "a template", "a template decides nothing by itself")
    for number, policy in enumerate(parsed["staticPolicies"].values(), 1):
        name = policy.get("annotations", {}).get("id")
        if not name:
            hint = 'write @id("name") above it, so that a denial can name it'
            yield Problem(where, 0, 0, f"policy {number}", "an @id", "none", hint)
        elif name.startswith((*_OWN_IDS, sequence.SEQUENCES)):
            line = _line(text, name)
            yield Problem(where, line, 1, name, "an @id of its own", name, "this prefix names built-in rules")
        yield from problems_of(where, name or f"policy {number}", policy, roles)
        for path in redacted(policy.get("annotations", {})):
            if not any(_has(shape, path) for shape in shapes.values()):
                known = sorted({field for shape in shapes.values() for field in shape.fields})
                what = f"{name or f'policy {number}'} @redact"
                yield Problem(where, 0, 0, what, "an argument of a tool", path, nearest(path, known))


def _has(shape: Shape, path: str) -> bool:
    try:
        traceable(Path(tuple(path.split("."))), shape, "")
    except RuleError:
        return False
    return True


def _compared(deployment: Deployment, tool: Tool) -> frozenset[str]:
    """Returns the names of the argument that decides whether a second person is asked for."""
    rule = deployment.tools.get(tool.name)
    second = None if rule is None or rule.otherwise is None else rule.otherwise.second
    if second is None or second.above is None or tool.moves is None:
        return frozenset()
    return frozenset(tool.moves.split("."))


def _read_by(term: Term) -> frozenset[str]:
    """Returns the names of the arguments and fields that a rule reads."""
    if isinstance(term, Check):
        other = term.other.parts if isinstance(term.other, Path) else ()
        return frozenset((*term.path.parts, *other))
    if isinstance(term, And | Or):
        return frozenset[str]().union(*(_read_by(inner) for inner in term.terms))
    return frozenset()


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
