"""What policies know of the facts behind a call: which arguments are traced, and how that reads in Cedar.

A sensitive argument of a call that writes, or that leaves the trust boundary, must come from somebody who vouches
for it. A built-in ``forbid`` for each such tool says so; an approval by a person lifts it, and so does a rule that
takes the argument into its own hands with ``PATH from anything``.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from bridgehead.gate.expression import ANYTHING, INTEGRITIES, AgeOf, Constant, From, Path, RuleError
from bridgehead.gate.facts import Read, Trace
from bridgehead.gate.labels import ITEM, LabelError, Labels
from bridgehead.gate.naming import tool_in
from bridgehead.gate.normal import forms
from bridgehead.gate.rule import And, Check, Or, Term, traceable
from bridgehead.gate.shape import Shape, result_shape
from bridgehead.spec.deployment import Deployment
from bridgehead.spec.problem import Problem, nearest
from bridgehead.spec.tool import JSON, Tool

FACTS: Final = "gate.facts."
"""Prefix of the built-in policies about sensitive arguments: ``gate.facts.TOOL``."""
STALE: Final = "gate.stale"
CLEARANCE: Final = "gate.clearance"
REGION: Final = "gate.region"

_TRACE: Final[Mapping[str, Mapping[str, object]]] = {
    "integrity": {"type": "String"},
    "trusted": {"type": "Boolean"},
    "origins": {"type": "Set", "element": {"type": "String"}},
    "age": {"type": "Long", "required": False},
    "confidentiality": {"type": "Long"},
    "region": {"type": "Set", "element": {"type": "String"}},
    "source": {"type": "Set", "element": {"type": "String"}},
}
"""What a policy can read of an argument: ``context.facts["order.ship_to"].trusted``. ``age`` is in seconds, rounded
up, and absent where a part was found nowhere."""
_TRUTH: Final[Mapping[str, object]] = {"type": "Boolean"}
_READ: Final[Mapping[str, object]] = {
    "type": "Record",
    "attributes": {
        "confidentiality": {"type": "Long"},
        "untrusted": {"type": "Boolean"},
        "regions": {"type": "Set", "element": {"type": "String"}},
    },
}
_AGE: Final = "age of "
"""Begins the attribute that tells a rule how old an argument is."""


@dataclass(frozen=True, slots=True)
class Sink:
    """Where data goes: how confidential it may be at most, in which region it is, what is blacked out beforehand."""

    clearance: int = 0
    region: str = ""
    redact: tuple[str, ...] = ()

    def refuses(self, confidentiality: int, regions: frozenset[str]) -> str:
        """Returns which built-in rule keeps something of these labels from going there, "" where none does."""
        if confidentiality > self.clearance:
            return CLEARANCE
        return REGION if regions - {self.region} else ""


_UNLABELLED: Final = Labels({})


@dataclass(frozen=True, slots=True)
class Watch:
    """What is traced for the calls of one tool.

    ``paths`` are the arguments, ``guarded`` those that must be trusted; ``within_s`` how old what they rest on may
    be, ``constants`` the forms of values that the deployment's own file writes for them. ``words``: which
    attributes of a trace some policy reads.
    """

    paths: tuple[str, ...] = ()
    told: tuple[str, ...] = ()
    """The arguments whose facts a Cedar file reads."""
    guarded: tuple[str, ...] = ()
    within_s: Mapping[str, float] = field(default_factory=dict)
    constants: Mapping[str, frozenset[str]] = field(default_factory=dict)
    sink: Sink | None = None
    words: frozenset[str] = frozenset()
    labels: Labels = field(default_factory=lambda: _UNLABELLED)
    """What the fields of its result are worth."""
    names: frozenset[str] = frozenset()
    """The names of fields that its arguments declare, at any depth."""
    keyed: bool = False
    """Whether its arguments have an object whose names are values: a mapping of a type (``dict[str, int]``)."""
    sourced: Mapping[str, From] = field(default_factory=dict)
    """The `from` of its rule, by the attribute of the context that answers each: what is flat costs Cedar least."""
    named: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """The sources that its rule names for an argument: tools, or fields of what they return."""
    aged: Mapping[str, str] = field(default_factory=dict)
    """The paths whose age its rule asks, by the attribute that tells it."""
    reads: bool = False
    """Whether a policy asks what was read so far."""


def watch(
    deployment: Deployment, tool: Tool, term: Term | None, shape: Shape, files: frozenset[str]
) -> tuple[Watch, list[Problem]]:
    """Returns what is traced for a tool; ``files`` are the words in the conditions of the Cedar files.

    ``problems`` are sensitive arguments and paths that the tool does not have, and words of no label.
    """
    problems: list[Problem] = []
    file = "bridgehead.yaml" if deployment.file is None else deployment.file.name
    rule = deployment.tools.get(tool.name)
    line, column = (rule.line, rule.column) if rule is not None else (0, 0)
    redact = () if rule is None else rule.redact
    for what, paths in (("sensitive", tool.sensitive), ("redact", redact)):
        for path in paths:
            try:
                traceable(Path(tuple(path.split("."))), shape, tool.name)
            except RuleError as error:
                where = f"tools.{tool.name}.{what}"
                problems.append(Problem(file, line, column, where, f"an argument of {tool.name}", path, error.hint))
    labels = _UNLABELLED
    try:
        labels = Labels(tool.labels, deployment.confidentiality)
    except LabelError as error:
        problems.append(
            Problem(file, 0, 0, f"labels of {tool.name}", "words of a label", error.message, error.hint.rstrip("."))
        )
    sourced = [one for one in tests(term) if isinstance(one, From)]
    aged = [one for one in tests(term) if isinstance(one, AgeOf)]
    own = {str(one.path) for one in sourced if not {ANYTHING, "untrusted"}.isdisjoint(one.words)}
    outward = tool.is_effect or tool.effect_class == "outbound_read"
    guarded = tuple(path for path in dict.fromkeys(tool.sensitive) if path not in own) if outward else ()
    named = dict[str, tuple[str, ...]]()
    for test in sourced:
        if test.named:
            named[str(test.path)] = tuple(dict.fromkeys((*named.get(str(test.path), ()), *test.named)))
    within_s = dict[str, float]()
    for one in aged:
        within_s[str(one.path)] = min(one.within_s, within_s.get(str(one.path), math.inf))
    sink = None
    if outward:
        clearance = 0 if rule is None or rule.clearance is None else deployment.confidentiality.index(rule.clearance)
        sink = Sink(clearance, "" if rule is None else rule.region or "", redact)
    ruled = [*(str(one.path) for one in sourced), *(str(one.path) for one in aged)]
    paths = tuple(dict.fromkeys((*tool.sensitive, *ruled)))
    told = tuple(path for path in paths if "facts" in files and path in files)
    asked = {_asked(one): one for one in sourced}
    ages = {f"{_AGE}{one.path}": str(one.path) for one in aged}
    words = {*asked, *ages, *(files & _TRACE.keys() if "facts" in files else ())}
    found = Watch(
        paths=paths,
        told=told,
        guarded=guarded,
        within_s=within_s,
        constants=_constants(term, frozenset(paths)),
        sink=sink,
        labels=labels,
        names=frozenset(_names(tool.parameters)),
        keyed=_keyed(tool.parameters),
        words=frozenset(words),
        sourced=asked,
        named=named,
        aged=ages,
        reads="read" in files,
    )
    return found, problems


def _names(schema: object) -> Iterator[str]:
    """Yields the names of all fields that a schema declares."""
    waiting = [schema]
    while waiting:
        here = waiting.pop()
        if isinstance(here, Mapping):
            declared = here.get("properties")
            if isinstance(declared, Mapping):
                yield from map(str, declared)
            waiting.extend(here.values())
        elif isinstance(here, list | tuple):
            waiting.extend(here)


def _keyed(schema: object) -> bool:
    """Tells whether any object in a schema takes names that it does not declare, for values that it does."""
    waiting = [schema]
    while waiting:
        here = waiting.pop()
        if isinstance(here, Mapping):
            more = here.get("additionalProperties")
            if isinstance(more, Mapping) and more:
                return True
            waiting.extend(here.values())
        elif isinstance(here, list | tuple):
            waiting.extend(here)
    return False


def tests(term: Term | None) -> Iterator[Check | From | AgeOf]:
    """Yields every single test of a rule."""
    if isinstance(term, And | Or):
        for inner in term.terms:
            yield from tests(inner)
    elif term is not None:
        yield term


def check_sources(term: Term, tools: Mapping[str, Tool]) -> None:
    """Raises RuleError unless each source that a rule names is a field of what its tool returns, and vouches."""
    for test in (one for one in tests(term) if isinstance(one, From)):
        for word in test.named:
            name = tool_in(word, tools)
            if name is None:
                raise RuleError(f"{word} is no source", test.at, hint="Name a tool, or a field of its result.")
            _returned(word, name, tools[name], test.at)
            if not _vouched(tools[name]):
                raise RuleError(
                    f"{word} vouches for nothing: nothing that {name} returns has a trusted label",
                    test.at,
                    hint=f'Declare labels={{"*": "system_of_record"}} where {name} is declared, or name another tool.',
                )


def _returned(word: str, name: str, tool: Tool, at: int) -> None:
    here = result_shape(tool.result)
    reached = name
    for part in word[len(name) + 1 :].split(".") if word != name else ():
        if part == ITEM:
            here = here.item if here.kind == "set" and here.item is not None else Shape("opaque")
            continue
        while here.kind == "set" and here.item is not None:
            here = here.item
        if here.kind in ("opaque", "money"):
            return
        if part not in here.fields:
            close = nearest(part, here.fields)
            hint = f"{close[:1].upper()}{close[1:]}" if close else f"{reached} has no fields."
            raise RuleError(f"{part} is no field of what {reached} returns", at, hint=hint)
        here, reached = here.fields[part], f"{reached}.{part}"


def _vouched(tool: Tool) -> bool:
    try:
        return any(Labels({path: words}).vouches for path, words in tool.labels.items())
    except LabelError:  # it is told elsewhere, or is a word of this deployment's own
        return True


def _constants(term: Term | None, paths: frozenset[str]) -> Mapping[str, frozenset[str]]:
    """Returns the forms of the values that a rule writes for an argument; the operator vouches for those."""
    found: dict[str, set[str]] = {}
    for test in tests(term):
        if not isinstance(test, Check) or test.operator not in ("==", "in") or str(test.path) not in paths:
            continue
        listed = test.other if isinstance(test.other, tuple) else (test.other,)
        values = [one.value for one in listed if isinstance(one, Constant) and isinstance(one.value, str)]
        found.setdefault(str(test.path), set()).update(form for value in values for form in forms(value, asked=True))
    return {path: frozenset(forms_) for path, forms_ in found.items()}


def untrusted() -> str:
    """Returns the Cedar condition of the built-in forbid."""
    return "context has unvouched && !context.approved"


def condition(test: From | AgeOf) -> tuple[str, str]:
    """Returns which attribute of the Cedar context a test of facts reads, and what has to hold of it ("": it is true).

    An age is absent where the argument is, or where a part of it was found nowhere.
    """
    if isinstance(test, From):
        return _asked(test), ""
    # Ages are whole seconds, rounded up.
    bound = math.ceil(test.within_s) - 1 if test.operator == "<" else math.floor(test.within_s)
    return f"{_AGE}{test.path}", f"<= {bound}"


def _asked(test: From) -> str:
    """Returns the name of the attribute that answers the test."""
    words = "+".join((*(word for word in (*INTEGRITIES, ANYTHING) if word in test.words), *sorted(test.named)))
    return f"{test.path} from {words}"


def schema(watched: Watch) -> dict[str, object]:
    """Returns the attributes of the Cedar context that tell facts, as far as some policy reads them."""
    found: dict[str, object] = {}
    if watched.guarded:
        found["unvouched"] = {"type": "Set", "element": {"type": "String"}, "required": False}
    if watched.told:
        one = {name: dict(_TRACE[name]) for name in sorted(watched.words & _TRACE.keys())}
        found["facts"] = {
            "type": "Record",
            "attributes": {path: {"type": "Record", "attributes": one, "required": False} for path in watched.told},
        }
    found |= {name: dict(_TRUTH) for name in watched.sourced}
    found |= {name: {"type": "Long", "required": False} for name in watched.aged}
    if watched.reads:
        found["read"] = dict(_READ)
    return found


def context(watched: Watch, facts: Mapping[str, Trace], read: Read) -> dict[str, object]:
    """Returns the attributes of one request, fitting ``schema``."""
    found: dict[str, object] = {}
    doubted = unvouched(watched, facts)
    if doubted:
        found["unvouched"] = doubted
    if watched.told:
        found["facts"] = {path: _told(facts[path], watched.words) for path in watched.told if path in facts}
    for name, test in watched.sourced.items():
        trace = facts.get(str(test.path))
        found[name] = trace is not None and (ANYTHING in test.words or trace.within(frozenset(test.words)))
    for name, path in watched.aged.items():
        aged = facts.get(path)
        if aged is not None and aged.age_s is not None:
            found[name] = math.ceil(aged.age_s)
    if watched.reads:
        found["read"] = {
            "confidentiality": read.confidentiality,
            "untrusted": read.untrusted,
            "regions": sorted(read.regions),
        }
    return found


def unvouched(watched: Watch, facts: Mapping[str, Trace]) -> list[str]:
    """Returns the guarded arguments of a call that nobody vouches for."""
    if not watched.guarded:
        return []
    doubted = {path for path, trace in facts.items() if not trace.trusted}
    return [path for path in watched.guarded if path in doubted] if doubted else []


def _told(trace: Trace, words: frozenset[str]) -> dict[str, object]:
    found: dict[str, object] = {}
    if "trusted" in words:
        found["trusted"] = trace.trusted
    if "origins" in words:
        found["origins"] = sorted(trace.origins)
    if "age" in words and trace.age_s is not None:
        found["age"] = math.ceil(trace.age_s)
    if "integrity" in words:
        found["integrity"] = trace.integrity
    if "confidentiality" in words:
        found["confidentiality"] = trace.confidentiality
    if "region" in words:
        found["region"] = sorted(trace.regions)
    if "source" in words:
        found["source"] = sorted({one.name for one in trace.sources})
    return found


def values_at(args: Mapping[str, JSON], path: str) -> list[JSON]:
    """Returns everything that stands under a dotted path, places in lists left out; ``*`` is every place or field."""
    parts = _parts(path)
    one: JSON = args
    for part in parts:
        if type(one) is not dict or part == "*":
            break
        if part not in one:
            return []
        one = one[part]
    else:
        return [one]
    here: list[JSON] = [args]
    for part in parts:
        below: list[JSON] = []
        for one in here:
            below.extend(_below(one, part))
        here = below
    return here


@lru_cache(maxsize=1_024)
def _parts(path: str) -> tuple[str, ...]:
    return tuple(path.split("."))


def _below(value: JSON, part: str) -> Iterator[JSON]:
    if isinstance(value, Mapping):
        if part == "*":
            yield from value.values()
        elif part in value:
            yield value[part]
    elif isinstance(value, Sequence) and not isinstance(value, str):
        if part == "*":
            yield from value
        else:
            for inner in value:
                yield from _below(inner, part)


def check_labels(deployment: Deployment) -> list[Problem]:
    """Returns what is wrong with the labels of the case's input."""
    try:
        Labels(deployment.case.labels, deployment.confidentiality)
    except LabelError as error:
        file = "bridgehead.yaml" if deployment.file is None else deployment.file.name
        return [Problem(file, 0, 0, "case.labels", "words of a label", error.message, error.hint.rstrip("."))]
    return []
