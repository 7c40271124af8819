"""Whether the input that an agent takes has the fields that ``case.key`` names, as far as that can be known."""

from __future__ import annotations

import ast
import importlib
import inspect
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Literal, TypeAlias

from bridgehead.spec.load import FILE_NAME
from bridgehead.spec.problem import Problem, nearest
from bridgehead.spec.yamlfile import read_yaml

if TYPE_CHECKING:
    from bridgehead.app import LoadedDeployment

Gives: TypeAlias = Literal["never", "sometimes", "unknown"]
"""Whether a reader says the key itself, with ``NewCase(key=...)``; that one counts then."""

_Schema: TypeAlias = Mapping[str, object]


def missing(loaded: LoadedDeployment) -> Iterator[tuple[Problem, Gives]]:
    """Yields each field of ``case.key`` that the agent's input type surely lacks, and whether the reader gives a key.

    A type that says little about its fields (``dict``, ``object``) has none to lack. Where the
    reader gives the key itself at every place that is seen, nothing is yielded.
    """
    gives = _gives(loaded)
    if gives == "sometimes":
        return
    schema = _schema(loaded)
    file = loaded.deployment.file or loaded.deployment.folder / FILE_NAME
    for number, path in enumerate(loaded.deployment.case.key):
        found = _lacking(schema, schema, path.split("."))
        if found is None:
            continue
        word, known = found
        spot = read_yaml(file).at(("case", "key", number))
        hint = nearest(word, known) or "the agent's input has no fields"
        expected = "a field of the agent's input"
        yield Problem(file.name, spot.line, spot.column, f"case.key.{number}", expected, repr(path), hint), gives


def _schema(loaded: LoadedDeployment) -> _Schema:
    from pydantic.errors import PydanticUserError

    try:
        # Keys are looked up in what is stored: the dumped input, under the fields' own names.
        return loaded.agent.input.json_schema(mode="serialization", by_alias=False)
    except PydanticUserError:
        return {}


def _lacking(schema: _Schema, root: _Schema, path: list[str]) -> tuple[str, list[str]] | None:
    """Returns the part of a path that no shape of the schema has, with the fields there are; None if one may."""
    if not path:
        return None
    word, rest = path[0], path[1:]
    known: set[str] = set()
    lacking: list[tuple[str, list[str]]] = []
    for shape in _shapes(schema, root):
        fields = shape.get("properties")
        if isinstance(fields, Mapping):
            if word in fields:
                deeper = _lacking(fields[word], root, rest)
                if deeper is None:
                    return None
                lacking.append(deeper)
                continue
            if shape.get("additionalProperties"):
                return None
            known |= set(fields)
        elif shape.get("type") not in ("string", "integer", "number", "boolean", "null", "array"):
            return None
    return lacking[0] if lacking else (word, sorted(known))


def _shapes(schema: object, root: _Schema) -> Iterator[_Schema]:
    """Yields the alternatives of a schema, references followed; an empty one where nothing is said."""
    if not isinstance(schema, Mapping):
        yield {}
        return
    reference = schema.get("$ref")
    if isinstance(reference, str):
        definitions = root.get("$defs")
        inner = definitions.get(reference.rpartition("/")[2]) if isinstance(definitions, Mapping) else None
        yield from _shapes(inner, root)
        return
    for name in ("anyOf", "oneOf"):
        alternatives = schema.get(name)
        if isinstance(alternatives, list):
            for one in alternatives:
                yield from _shapes(one, root)
            return
    yield schema


def _gives(loaded: LoadedDeployment) -> Gives:
    """Returns whether the reader's module makes cases with a key; unknown where it makes none that are seen."""
    name = loaded.deployment.reader
    if name is None:
        return "never"
    module = importlib.import_module(name.partition(":")[0])
    try:
        tree = ast.parse(inspect.getsource(module))
    except (OSError, TypeError, SyntaxError):
        return "unknown"
    calls = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and (node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")) == "NewCase"
    ]
    if any(_has_key(call) for call in calls):
        return "sometimes"
    return "never" if calls else "unknown"


def _has_key(call: ast.Call) -> bool:
    """Whether a call of NewCase may give a key: by name, in third place, or in what is unpacked."""
    unpacked = any(isinstance(one, ast.Starred) for one in call.args)
    return unpacked or len(call.args) > 2 or any(one.arg in ("key", None) for one in call.keywords)  # noqa: PLR2004  # input, content
