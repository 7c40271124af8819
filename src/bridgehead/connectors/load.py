"""Loads a connector specification whole or not at all, and says everything that is wrong with it at once."""

from __future__ import annotations

import re
import types
from collections.abc import Mapping
from pathlib import Path as FilePath
from typing import Annotated, Final, Union, cast, get_args, get_origin

from pydantic import BaseModel, JsonValue, ValidationError
from pydantic_core import ErrorDetails

from bridgehead.connectors.document import Specification
from bridgehead.connectors.findings import Findings, Path
from bridgehead.connectors.load_checks import check
from bridgehead.connectors.load_secrets import check_secrets
from bridgehead.connectors.record_types import record_types
from bridgehead.errors import UserError
from bridgehead.spec.problem import Mistakes, nearest, shown, worded
from bridgehead.spec.yamlfile import Spot, read_yaml

_NUMBER: Final = re.compile(r"-?(?:0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?", re.ASCII)
_WRITTEN_OUT: Final = "a reference such as"
_STANDING_IN: Final[Mapping[str, object]] = {"connector": "connector", "connection": {"url": "env:URL"}}
"""What stands in for a missing part, so that the rest of the file is checked all the same."""


class SpecificationError(Mistakes):
    """A connector specification that cannot be loaded."""

    code = "connector.invalid"
    what = "connector specification"
    remedy = "Correct the file and try again."


def load_specification(path: FilePath) -> Specification:
    """Returns the connector that a file specifies; nothing is asked and no secret is read.

    Raises UserError ``connector.unreadable`` when the file cannot be read, and SpecificationError
    naming file, line, column, field, what was expected, what was found and the nearest right word
    for every mistake. A secret that is written out is a mistake, and is not shown.
    """
    try:
        top = read_yaml(path, raises=SpecificationError)
    except SpecificationError:
        raise
    except UserError as error:
        raise UserError(error.message, code="connector.unreadable", hint="Name a connector's YAML file.") from error
    findings = Findings(path.name, top)
    reader = _Reader(findings)
    spec = reader.read()
    check_secrets(findings)
    if spec is not None:
        check(spec, findings)
        if not findings.problems:
            try:
                record_types(spec)
            except UserError as error:
                findings.add(("entities",), "entities whose `read:` fields come to an end", error.message)
    if findings.problems or spec is None:
        raise SpecificationError(findings.problems)
    return spec


class _Reader:
    """Reads the shape of the file; what is wrong is noted and left out, so that the rest can be checked."""

    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self._models: dict[Path, type[BaseModel]] = {}

    def read(self) -> Specification | None:
        raw = cast("dict[str, object]", self._plain(self._findings.top, Specification, ()))
        first = True
        while True:
            try:
                return Specification.model_validate(raw)
            except ValidationError as error:
                details = error.errors(include_url=False)
            if first:
                for detail in details:
                    self._note(detail)
                first = False
            # Each round takes something away or fills a gap at the top, so that this ends.
            changed = [_mended(raw, detail) for detail in details]
            if not any(changed):
                return None

    def _plain(self, spot: Spot, form: object, path: Path) -> object:
        """Returns a spot's value; bare numbers are numbers where the specification takes any JSON."""
        if form is JsonValue:
            return _json(spot)
        origin, arguments = get_origin(form), get_args(form)
        if origin is Annotated:
            return self._plain(spot, arguments[0], path)
        if origin in {Union, types.UnionType}:
            return self._plain(spot, _fitting(spot, arguments), path)
        if isinstance(spot.value, Mapping):
            if isinstance(form, type) and issubclass(form, BaseModel):
                self._models[path] = form
                forms = {field.alias or name: field.annotation for name, field in form.model_fields.items()}
                return {
                    str(name): self._plain(child, forms.get(str(name)), (*path, name))
                    for name, child in spot.children.items()
                }
            inner = arguments[1] if origin is dict else None
            return {str(name): self._plain(child, inner, (*path, name)) for name, child in spot.children.items()}
        if isinstance(spot.value, list):
            inner = arguments[0] if origin in {list, tuple} and arguments else None
            return [self._plain(child, inner, (*path, place)) for place, child in spot.children.items()]
        return spot.value

    def _note(self, detail: ErrorDetails) -> None:
        """Turns one of pydantic's errors into words; its input is read from the file."""
        findings, kind = self._findings, detail["type"]
        loc = tuple(part for part in detail["loc"] if part != "[key]")
        path = _existing(findings.top, loc)
        is_key = "[key]" in detail["loc"]
        if kind == "missing":
            findings.add((*path, loc[-1]), f"the field {loc[-1]}", "nothing")
        elif kind == "extra_forbidden":
            word = str(path[-1])
            findings.add(path, "a known field", word, nearest(word, self._known(path[:-1])), key=True)
        elif is_key:
            findings.add(path, "a name of lower-case letters, digits and _", shown(str(path[-1])), key=True)
        elif len(path) < len(loc) and path[-1:] == ("from",):
            findings.add(path, "a path, or a list of paths, such as customer.name or lines.*.sku")
        elif kind == "string_pattern_mismatch":
            findings.add(path, "module:object" if path[-1] == "hook" else "a name of lower-case letters, digits and _")
        elif kind == "too_short":
            findings.add(path, "at least one entry", "none")
        elif kind == "literal_error":
            value = findings.top.at(path).value
            options = re.findall(r"'([^']*)'", worded(detail))
            findings.add(path, worded(detail), hint=nearest(value, options) if isinstance(value, str) else "")
        elif worded(detail).startswith(_WRITTEN_OUT):
            findings.add(path, worded(detail), "a value written out")
        else:
            findings.add(path, worded(detail))

    def _known(self, path: Path) -> list[str]:
        model = self._models.get(path)
        return [] if model is None else [field.alias or name for name, field in model.model_fields.items()]


def _fitting(spot: Spot, options: tuple[object, ...]) -> object:
    """Returns the option of a union that a value of this form can be."""
    for option in options:
        base = get_args(option)[0] if get_origin(option) is Annotated else option
        origin = get_origin(base)
        is_model = isinstance(base, type) and issubclass(base, BaseModel)
        if base is JsonValue:
            return base
        if isinstance(spot.value, Mapping) and (is_model or origin is dict):
            return option
        if isinstance(spot.value, list) and origin in {list, tuple}:
            return option
    return None


def _json(spot: Spot) -> object:
    if isinstance(spot.value, Mapping):
        return {str(name): _json(child) for name, child in spot.children.items()}
    if isinstance(spot.value, list):
        return [_json(child) for child in spot.children.values()]
    if spot.bare and isinstance(spot.value, str) and (found := _NUMBER.fullmatch(spot.value)):
        return float(spot.value) if found[1] or found[2] else int(spot.value)
    return spot.value


def _existing(top: Spot, loc: Path) -> Path:
    """Returns the part of a place that stands in the file; what pydantic adds for unions falls away."""
    for length in range(len(loc)):
        spot = top.at(loc[:length])
        if loc[length] not in spot.children:
            return loc[:length]
    return loc


def _mended(raw: dict[str, object], detail: ErrorDetails) -> bool:
    """Takes the value that an error is about out of ``raw``; what lacks a field is taken out itself.

    Returns False when nothing is changed.
    """
    path = [part for part in detail["loc"] if part != "[key]"]
    if detail["type"] == "missing":
        name = str(path.pop())
        if not path and name in _STANDING_IN:
            raw[name] = _STANDING_IN[name]
            return True
    way: list[tuple[object, str | int]] = []
    here: object = raw
    for part in path:
        if not (
            (isinstance(here, dict) and part in here)
            or (isinstance(here, list) and isinstance(part, int) and part < len(here))
        ):
            break
        way.append((here, part))
        here = cast("dict[str | int, object]", here)[part]
    # A list is taken out whole: the places of its other entries would move.
    while way and isinstance(way[-1][0], list):
        way.pop()
    if not way:
        return False
    holder, key = way[-1]
    del cast("dict[str | int, object]", holder)[key]
    return True
