"""Reads one small YAML file into plain values that remember where they stood; runs nothing in it.

Scalars follow YAML 1.2's core schema only for ``true``, ``false`` and ``null``; everything
else stays the text that was written, so that ``no`` or ``07:00`` never turns into something else.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeAlias, Union

import yaml

from bridgehead.errors import UserError
from bridgehead.spec.problem import DeploymentError, Mistakes, Problem

Plain: TypeAlias = Union[bool, str, Sequence["Plain"], Mapping[str, "Plain"], None]  # noqa: UP007  a recursive alias that exists at run time

MAX_BYTES: Final = 256 * 1024
MAX_DEPTH: Final = 24
_OPTIONAL: Final = re.compile(rb"(?<=\w)\?(?=\s*[,}\]])")
_STAND_IN: Final = "\ue000".encode()
"""A ``?`` at the end of a word in ``{a: code?}``: YAML 1.2 takes it there, the parser of YAML 1.1 does not.

A private character (Unicode 3.5.5) stands in for it while the text is parsed; it has the width of one, so places stay.
"""
_CORE: Final = "tag:yaml.org,2002:"
_WORDS: Final[Mapping[str, bool | None]] = {
    "true": True, "True": True, "TRUE": True,
    "false": False, "False": False, "FALSE": False,
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
}  # fmt: skip


@dataclass(slots=True)
class Spot:
    """A value with its place: where it stands, where its key stands, and the spots within it.

    ``bare`` tells that a scalar was written without quotes, for readers to whom ``5`` and ``"5"`` differ.
    """

    value: Plain
    line: int
    column: int
    key_line: int
    key_column: int
    children: dict[str | int, Spot] = field(default_factory=dict)
    bare: bool = False

    def at(self, path: Sequence[str | int]) -> Spot:
        """Returns the spot at ``path``, or the deepest one that exists on the way."""
        spot = self
        for part in path:
            if part not in spot.children:
                break
            spot = spot.children[part]
        return spot


def read_bounded(path: Path, limit: int) -> bytes:
    """Returns the file's bytes; raises UserError when it is missing, unreadable or larger than ``limit``."""
    try:
        with path.open("rb") as stream:
            data = stream.read(limit + 1)
    except OSError as error:
        raise UserError(
            f"{path} cannot be read: {error.strerror or error}",
            code="deployment.unreadable",
            hint="Name a deployment's folder, or its bridgehead.yaml.",
        ) from error
    if len(data) > limit:
        raise UserError(
            f"{path} is larger than {limit // 1024} KiB",
            code="deployment.too_large",
            hint="A deployment is a short text; large data belongs into files that it names.",
        )
    return data


def read_yaml(path: Path, *, raises: type[Mistakes] = DeploymentError) -> Spot:
    """Returns the file's top mapping.

    Raises UserError for a file that cannot be read, and ``raises``, naming line and column, for
    anything but one document of mappings, lists and scalars: duplicate keys, aliases, tags, depth
    beyond ``MAX_DEPTH``, several documents.
    """
    data = read_bounded(path, MAX_BYTES)
    stands_in = _STAND_IN not in data
    if stands_in:
        data = _OPTIONAL.sub(_STAND_IN, data)
    reader = _Reader(path.name, raises, stands_in=stands_in)
    try:
        reader.scan(data)
        node = yaml.compose(data, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
        said = " ".join(part for part in (error.context, error.problem) if part)
        raise raises([Problem(path.name, line, column, "", "well-formed YAML", said)]) from error
    except yaml.reader.ReaderError as error:
        line = data[: error.position].count(b"\n") + 1 if isinstance(error.position, int) else 0
        column = 1 if line else 0
        raise raises(
            [Problem(path.name, line, column, "", "UTF-8 text without control characters", error.reason)]
        ) from error
    if node is None:
        raise raises([Problem(path.name, 1, 1, "", f"a {raises.what}", "an empty file")])
    top = reader.spot(node, node, ())
    if not isinstance(top.value, dict):
        reader.add(node, (), "a mapping of fields", "a list" if isinstance(top.value, list) else "a single value")
    if reader.problems:
        raise raises(reader.problems)
    return top


class _Reader:
    def __init__(self, file: str, raises: type[Mistakes], *, stands_in: bool) -> None:
        self.stands_in = stands_in
        self.file = file
        self.raises = raises
        self.problems: list[Problem] = []

    def written(self, text: str) -> str:
        """Returns a scalar as it stands in the file."""
        return text.replace(_STAND_IN.decode(), "?") if self.stands_in else text

    def add(
        self, node: yaml.Node | yaml.Event, path: Sequence[str | int], expected: str, found: str, hint: str = ""
    ) -> None:
        mark = node.start_mark
        line, column = (mark.line + 1, mark.column + 1) if mark is not None else (0, 0)
        self.problems.append(Problem(self.file, line, column, ".".join(map(str, path)), expected, found, hint))

    def scan(self, data: bytes) -> None:
        """Refuses what must not even be composed; the event parser is iterative, compose is not."""
        depth = documents = 0
        for event in yaml.parse(data, Loader=yaml.SafeLoader):
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    self.add(event, (), "one document", "a second one (`---`)")
            elif isinstance(event, yaml.AliasEvent):
                self.add(event, (), "a value written out", f"the alias *{event.anchor}", "aliases are not taken")
            elif isinstance(event, yaml.CollectionStartEvent):
                depth += 1
                if depth > MAX_DEPTH:
                    self.add(event, (), f"at most {MAX_DEPTH} levels of nesting", "more")
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
            tag = getattr(event, "tag", None)
            if tag not in (None, "!"):
                self.add(event, (), "a plain value", f"the tag {tag}", "tags are not taken")
            if self.problems:
                raise self.raises(self.problems)

    def spot(self, node: yaml.Node, key: yaml.Node, path: tuple[str | int, ...]) -> Spot:
        spot = Spot(None, *_place(node), *_place(key))
        if isinstance(node, yaml.ScalarNode):
            bare = node.style is None and node.tag != f"{_CORE}str"
            spot.bare = bare
            text = self.written(node.value)
            spot.value = _WORDS[text] if bare and text in _WORDS else text
        elif isinstance(node, yaml.SequenceNode):
            for index, item in enumerate(node.value):
                spot.children[index] = self.spot(item, item, (*path, index))
            spot.value = [child.value for child in spot.children.values()]
        else:
            for name_node, item in node.value:
                name = self.written(name_node.value) if isinstance(name_node, yaml.ScalarNode) else name_node.value
                if not isinstance(name_node, yaml.ScalarNode):
                    self.add(name_node, path, "a word as the key", "a list or mapping")
                elif name in spot.children:
                    first = spot.children[name].key_line
                    self.add(name_node, (*path, name), "each key once", f"a second one (the first is in line {first})")
                else:
                    spot.children[name] = self.spot(item, name_node, (*path, name))
            spot.value = {str(name): child.value for name, child in spot.children.items()}
        return spot


def _place(node: yaml.Node) -> tuple[int, int]:
    mark = node.start_mark
    return (mark.line + 1, mark.column + 1) if mark is not None else (0, 0)
