"""Where in a Cedar file the word stands that its schema does not know, and which one was meant.

Cedar names the policy and the word, and no place: the word is looked for in the policy's own text.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from bridgehead.gate.shape import Shape
from bridgehead.spec.problem import nearest

_ATTRIBUTE: Final = re.compile(r"attribute `([^`]+)`(?:.*?Action::\"((?:[^\"\\]|\\.)*)\")?")
_UNKNOWN: Final = re.compile(r"unrecognized (action|entity type) `([^`]+)`")
_NO_ACTION: Final = "unable to find an applicable action"
_ID: Final = re.compile(r'@id\s*\(\s*"((?:[^"\\]|\\.)*)"\s*\)')


@dataclass(frozen=True, slots=True)
class Place:
    """Line and column (from 1) of the word in its file, the word, and a hint that may be empty."""

    line: int
    column: int
    word: str
    hint: str


def follows(said: str) -> bool:
    """Tells whether a complaint only repeats that the action is unknown."""
    return said.startswith(_NO_ACTION)


def place_of(
    said: str, text: str, name: str, actions: Collection[str], shapes: Mapping[str, Shape], context: Collection[str]
) -> Place | None:
    """Returns the place of what Cedar complains about in the policy ``name`` of a file's text.

    ``actions`` are those that may be named, ``shapes`` the arguments of each tool, ``context`` the attributes of the
    context. None: the complaint is about no single word, or the policy does not hold it.
    """
    unknown, attribute = _UNKNOWN.search(said), _ATTRIBUTE.search(said)
    if unknown is not None:
        full = unknown[2]
        quoted = re.search(r'"((?:[^"\\]|\\.)*)"$', full)
        word = full if quoted is None else quoted[1]
        options = list(actions) if unknown[1] == "action" else []
    elif attribute is not None:
        *before, word = attribute[1].split(".")
        options = _beside(before, shapes.get(attribute[2] or ""), shapes, context)
    else:
        return None
    start, end = _span(text, name)
    found = re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", _blanked(text[start:end]))
    if found is None:
        return None
    at = start + found.start()
    return Place(text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at), word, nearest(word, options))


def _beside(before: list[str], shape: Shape | None, shapes: Mapping[str, Shape], context: Collection[str]) -> list[str]:
    """Returns which attributes there are where an unknown one was looked for."""
    if not before:
        return list(context)
    if before[0] != "args":
        return []
    several = [shape] if shape is not None else list(shapes.values())
    inner = [one.at(before[1:]) for one in several]
    return [name for one in inner if one is not None for name in one.fields]


def _span(text: str, name: str) -> tuple[int, int]:
    """Returns where a policy stands: from its ``@id`` to the next one's, or the end of the file."""
    ids = list(_ID.finditer(text))
    at = next((place for place, one in enumerate(ids) if one[1] == name), None)
    if at is None:
        return 0, len(text)
    return ids[at].start(), ids[at + 1].start() if at + 1 < len(ids) else len(text)


def _blanked(text: str) -> str:
    """Returns a text of the same length without its comments and without what annotations say."""
    pattern = re.compile(r'//[^\n]*|@\w+\s*\(\s*"(?:[^"\\]|\\.)*"\s*\)')
    return pattern.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), text)
