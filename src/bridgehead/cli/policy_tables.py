"""Tables of ``policy test``: calls with what they rest on, and what the gate must say of each."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast, get_args

from bridgehead.cli.policy_view import misfits
from bridgehead.errors import UserError
from bridgehead.gate.facts import NOWHERE
from bridgehead.gate.labels import INTEGRITIES
from bridgehead.gate.model import Approval, Call, Decision, Verdict, View
from bridgehead.gate.naming import tool_in
from bridgehead.gate.recorded import unpacked
from bridgehead.spec.problem import Mistakes, Problem, nearest, shown
from bridgehead.spec.tool import JSON
from bridgehead.spec.yamlfile import Spot, read_yaml

if TYPE_CHECKING:
    from bridgehead.app import LoadedDeployment

_TOP: Final = ("deployment", "calls", "cases")
_ROW: Final = ("name", "call", "args", "with", "view", "expect", "reason", "role")
_CALL: Final = ("tool", "args")
_WORDS: Final[Mapping[str, str]] = {"steps": "steps_so_far", "spent": "cost_so_far"}
_OWN: Final = ("approved", "stopped", "used")
_NUMBER: Final = re.compile(r"-?\d+(\.\d+)?")
_VERDICTS: Final = get_args(Verdict)
_DIGEST: Final = b"\x00" * 32
_PERSON: Final = "policy-test"


class TableError(Mistakes):
    """A table of policy tests that cannot be read."""

    code = "policy.table"
    what = "table"
    remedy = "See docs/howto/test-policies.md."


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table: a call, what it rests on, and what is expected."""

    name: str
    line: int
    tool: str
    args: Mapping[str, JSON]
    view: View
    expect: Verdict
    reason: str = ""
    role: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the gate said of one row; ``wrong`` is empty when it is what was expected."""

    row: Row
    decision: Decision
    wrong: str = ""
    policies: tuple[str, ...] = field(default=())


def folder_of(file: Path, given: Path | None) -> Path:
    """Returns the deployment that a table is about: the one given, the one that it names, or where it lies."""
    if given is not None:
        return given
    named = read_yaml(file, raises=TableError).at(("deployment",))
    value = named.value if isinstance(named.value, str) else None
    if value is not None:
        return file.parent / value
    return next((one for one in (file.parent, file.parent.parent) if (one / "bridgehead.yaml").is_file()), file.parent)


def rows_of(file: Path, loaded: LoadedDeployment) -> list[Row]:
    """Returns the rows of a table; raises TableError naming line, what was expected and the nearest right word."""
    return _Reading(file, loaded).rows()


def judged(row: Row, loaded: LoadedDeployment) -> Outcome:
    """Returns what the gate says of a row's call, and whether that is what was expected."""
    call = Call(loaded.tools[row.tool].tool, row.args, _DIGEST)
    decision = loaded.gate.decide(call, row.view)
    policies = tuple(dict.fromkeys(reason.policy_id for reason in decision.reasons))
    wrong = ""
    if decision.verdict != row.expect:
        wrong = f"expected {row.expect}, found {decision.verdict}"
    elif row.reason and row.reason not in policies:
        wrong = f"expected it by {row.reason}, found by {', '.join(policies) or 'none'}"
    elif row.role and decision.role != row.role:
        wrong = f"expected it held for {row.role}, found for {decision.role or 'nobody'}"
    return Outcome(row, decision, wrong, policies)


class _Reading:
    def __init__(self, file: Path, loaded: LoadedDeployment) -> None:
        self._file = file
        self._loaded = loaded
        self._problems: list[Problem] = []
        self._top = read_yaml(file, raises=TableError)

    def rows(self) -> list[Row]:
        self._known(self._top, _TOP, "")
        calls = self._top.at(("calls",)) if "calls" in self._top.children else None
        named = {} if calls is None else dict(calls.children)
        cases = self._top.children.get("cases")
        if cases is None or not isinstance(cases.value, list) or not cases.value:
            self._add(cases or self._top, "cases", "a list of cases", shown(cases and cases.value))
            raise TableError(self._problems)
        found = [row for spot in cases.children.values() if (row := self._row(spot, named)) is not None]
        if self._problems:
            raise TableError(self._problems)
        return found

    def _row(self, spot: Spot, calls: Mapping[str | int, Spot]) -> Row | None:
        if not isinstance(spot.value, Mapping):
            self._add(spot, "cases", "a mapping", shown(spot.value))
            return None
        self._known(spot, _ROW, "cases.")
        before = len(self._problems)
        tool, args = self._call(spot, calls)
        expect = self._text(spot, "expect")
        if expect not in _VERDICTS:
            where = spot.children.get("expect", spot)
            self._add(where, "cases.expect", "allow, hold or deny", shown(expect), nearest(expect, _VERDICTS))
        if expect in ("hold", "deny") and "reason" not in spot.children:
            self._add(spot, "cases.reason", "the policy that says so, such as tools.book", "nothing",
                      "a call that is stopped for another reason would pass as well")  # fmt: skip
        view = self._view(spot.children.get("view"), tool)
        if len(self._problems) > before or view is None:
            return None
        name = self._text(spot, "name") or f"{tool} at line {spot.line}"
        reason, role = self._text(spot, "reason"), self._text(spot, "role")
        return Row(name, spot.line, tool, args, view, cast("Verdict", expect), reason, role)

    def _call(self, spot: Spot, calls: Mapping[str | int, Spot]) -> tuple[str, Mapping[str, JSON]]:
        word = self._text(spot, "call")
        where = spot.children.get("call", spot)
        base = calls.get(word)
        args: JSON = {}
        if base is not None:
            self._known(base, _CALL, f"calls.{word}.")
            word = self._text(base, "tool")
            args = _json(base.children["args"]) if "args" in base.children else {}
        if word not in self._loaded.tools:
            options = [*map(str, calls), *self._loaded.tools]
            self._add(where, "cases.call", "a tool, or a name under calls", shown(word), nearest(word, options))
            return word, {}
        if "args" in spot.children:
            args = _json(spot.children["args"])
        if not isinstance(args, Mapping):
            self._add(spot.children.get("args", spot), "args", "a mapping of arguments", shown(args))
            return word, {}
        changed = spot.children.get("with")
        for path, inner in (changed.children if changed is not None else {}).items():
            args = cast("Mapping[str, JSON]", _put(args, str(path).split("."), _json(inner)))
        try:
            return word, self._loaded.tools[word].dump(args)
        except UserError:  # the gate denies what does not fit; the row may be about just that
            return word, args

    def _view(self, spot: Spot | None, tool: str) -> View | None:
        given = {} if spot is None else _json(spot)
        if not isinstance(given, Mapping):
            self._add(cast("Spot", spot), "cases.view", "a mapping", shown(given))
            return None
        known = [one.name for one in fields(View) if one.name not in ("approval", "suspended_tools")]
        options = [*(name for name in known if name not in _WORDS.values()), *_WORDS, *_OWN]
        told: dict[str, JSON] = {"level": "autonomous"}
        for name, value in given.items():
            if name not in options:
                here = cast("Spot", spot).children.get(name, cast("Spot", spot))
                self._add(here, f"cases.view.{name}", "a word of a view", name, nearest(name, options))
            elif name not in _OWN:
                told[_WORDS.get(name, name)] = _facts(value, self._loaded.tools) if name == "facts" else value
        approved, stopped = given.get("approved"), given.get("stopped")
        if stopped:
            told["suspended_tools"] = [stopped] if isinstance(stopped, str) else stopped
        if told.get("grant") is not None and isinstance(told["grant"], Mapping):
            told["grant"] = {"id": "G-1", "kind": "human", **told["grant"]}
        before = len(self._problems)
        self._problems += misfits(told, spot, self._file.name, {to: word for word, to in _WORDS.items()})
        if len(self._problems) > before:
            return None
        try:
            view = unpacked(View, told)
            if approved:
                who, second = _people(approved)
                given_yes = Approval(0, _DIGEST, who, valid_until_passed=False, used=False, second=second)
                told_view = {one.name: getattr(view, one.name) for one in fields(View)}
                view = View(**{**told_view, "approval": given_yes})
            left = self._left(tool, given.get("used"), cast("Spot", spot))
            return replace(view, history=replace(view.history, left={**left, **view.history.left}))
        except (ValueError, UserError) as error:
            self._add(cast("Spot", spot), "cases.view", "what a decision may rest on", str(error))
            return None

    def _left(self, tool: str, used: JSON, spot: Spot) -> Mapping[str, Decimal]:
        """Returns what each cap of a tool lets a row's call take: all of it, less what the row says was used."""
        rule = self._loaded.deployment.tools.get(tool)
        left = {str(cap): cap.limit for cap in rule.caps} if rule is not None else {}
        if used is not None and not isinstance(used, Mapping):
            self._add(spot.children["used"], "cases.view.used", "a mapping of caps to what was used", shown(used))
            return left
        for text, amount in (used or {}).items():
            here = spot.children["used"].children[text]
            if text not in left:
                self._add(here, "cases.view.used", f"a cap of {tool}", shown(text), nearest(text, left))
            elif isinstance(amount, bool) or not isinstance(amount, int | float) or amount < 0:
                self._add(here, f"cases.view.used.{text}", "a number that is not negative", shown(amount))
            else:
                left[text] = max(Decimal(0), left[text] - Decimal(str(amount)))
        return left

    def _known(self, spot: Spot, options: Sequence[str], before: str) -> None:
        for name, inner in spot.children.items():
            if name not in options:
                self._problems.append(
                    Problem(self._file.name, inner.key_line, inner.key_column, f"{before}{name}",
                            f"one of {', '.join(options)}", shown(name), nearest(str(name), options))
                )  # fmt: skip

    def _text(self, spot: Spot, name: str) -> str:
        inner = spot.children.get(name)
        if inner is None or inner.value is None:
            return ""
        if not isinstance(inner.value, str):
            self._add(inner, name, "a text", shown(inner.value))
            return ""
        return inner.value

    def _add(self, spot: Spot, name: str, expected: str, found: str, hint: str = "") -> None:
        self._problems.append(Problem(self._file.name, spot.line, spot.column, name, expected, found, hint))


def _people(approved: JSON) -> tuple[str, str]:
    """Returns who approved, and the second of two: a name, a list of two, or true for somebody."""
    names = [str(one) for one in approved] if isinstance(approved, list) else [approved]
    named = [one if isinstance(one, str) else _PERSON for one in names]
    return named[0], named[1] if len(named) > 1 else ""


def _facts(value: JSON, tools: Collection[str]) -> JSON:
    """Returns facts as a view holds them; ``ship_to: user`` is short for ``ship_to: {integrity: user}``.

    A tool, or a field of its result, is short for a value that was read there and is vouched for.
    """
    if not isinstance(value, Mapping):
        return value
    return {path: _fact(trace, tools) for path, trace in value.items()}


def _fact(trace: JSON, tools: Collection[str]) -> JSON:
    if isinstance(trace, Mapping):
        integrity = trace.get("integrity")
        return {"origins": [integrity], **trace} if isinstance(integrity, str) else trace
    if not isinstance(trace, str):
        return trace
    if trace in (*INTEGRITIES, NOWHERE):
        return {"integrity": trace, "origins": [trace]}
    tool = tool_in(trace, tools)
    if tool is None:
        return trace
    known = "system_of_record"
    source: JSON = {"name": tool, "path": trace[len(tool) + 1 :], "integrity": known, "age_s": 0.0}
    return {"integrity": known, "origins": [known], "sources": [source]}


def _json(spot: Spot) -> JSON:
    """Returns what was written as JSON: a bare number is a number, a quoted one is text."""
    value = spot.value
    if isinstance(value, Mapping):
        return {str(name): _json(inner) for name, inner in spot.children.items()}
    if isinstance(value, list):
        return [_json(inner) for inner in spot.children.values()]
    if spot.bare and isinstance(value, str) and _NUMBER.fullmatch(value):
        return float(value) if "." in value else int(value)
    return cast("JSON", value)


def _put(value: JSON, path: Sequence[str], new: JSON) -> JSON:
    """Returns a value with another one at a path; a number names an entry of a list."""
    if not path:
        return new
    head, rest = path[0], path[1:]
    if isinstance(value, list) and head.isdecimal() and int(head) < len(value):
        return [_put(one, rest, new) if at == int(head) else one for at, one in enumerate(value)]
    inner = value if isinstance(value, Mapping) else {}
    return {**inner, head: _put(inner.get(head), rest, new)}


def files_in(paths: Sequence[Path]) -> Iterator[Path]:
    """Yields the tables that were named: files, and of folders every .yaml file in them."""
    for path in paths:
        yield from sorted(path.glob("*.yaml")) if path.is_dir() else [path]
