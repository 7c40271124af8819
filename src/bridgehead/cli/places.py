"""Where each field of a case's input was read, for inputs that say so: a mapping ``sources`` from field to place."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

from bridgehead.cli.output import brief
from bridgehead.spec.tool import JSON

_SOURCES: Final = "sources"
_STEP: Final = re.compile(r"([^.\[\]]+)|\[(\d+)\]")
_CELL: Final = 44


class Place(NamedTuple):
    """One field: its path, its value as read, where it stands, how it was read, how often such readings are right."""

    field: str
    value: str
    where: str
    how: str
    confidence: str


def places_of(given: JSON) -> list[Place]:
    """Returns the places of an input's fields in the order of its ``sources``; none for an input without them."""
    sources = given.get(_SOURCES) if isinstance(given, Mapping) else None
    if not isinstance(sources, Mapping):
        return []
    return [_place(given, name, source) for name, source in sources.items() if isinstance(source, Mapping)]


def without_empty(value: JSON, *, top: bool = True) -> JSON:
    """Returns an input as a person reads it: without nulls, empty texts, empty parts of parts, and places."""
    if isinstance(value, Mapping):
        kept = {name: without_empty(inner, top=False) for name, inner in value.items()}
        places = top and bool(places_of(value))
        return {
            name: inner
            for name, inner in kept.items()
            if inner not in (None, "") and (top or inner not in ([], {})) and not (places and name == _SOURCES)
        }
    if isinstance(value, list):
        return [without_empty(inner, top=False) for inner in value]
    return value


def _place(given: JSON, name: str, source: Mapping[str, JSON]) -> Place:
    at = [str(source.get("part") or "document")]
    at += [f"page {source['page']}"] if source.get("page") else []
    if source.get("segment"):
        at.append(str(source["segment"]))
    elif source.get("line"):
        at.append(f"line {source['line']}")
    at += [f"column {source['column']}"] if source.get("column") else []
    sure = source.get("confidence")
    found = _found(given, name)
    value = source.get("text") if found is None else found
    return Place(
        brief(name, _CELL),
        "-" if value is None else brief(value, _CELL),
        brief(", ".join(at), 2 * _CELL),
        str(source.get("how") or "-"),
        f"{sure:.1%}" if isinstance(sure, int | float) and not isinstance(sure, bool) else "-",
    )


def _found(given: JSON, path: str) -> JSON:
    """Returns what stands at a path such as ``lines[0].quantity``; None where nothing does."""
    value = given
    for name, index in _STEP.findall(path):
        if name:
            value = value.get(name) if isinstance(value, Mapping) else None
        else:
            value = value[int(index)] if isinstance(value, list) and int(index) < len(value) else None
    return value
