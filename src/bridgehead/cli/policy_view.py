"""What a row of a table of policy tests rests on, held to the fields that a view has; each mistake has its place."""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, Literal, Union, get_args, get_origin, get_type_hints

from bridgehead.gate.model import View
from bridgehead.gate.recorded import unpacked
from bridgehead.money import Money
from bridgehead.spec.problem import Problem, nearest, shown
from bridgehead.spec.tool import JSON
from bridgehead.spec.yamlfile import Spot

_WORDS: Final[Mapping[object, str]] = {
    str: "a text",
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    Money: "money, such as 30 EUR",
    Decimal: "a number",
    datetime: "a time, such as 2026-03-01T09:00:00+00:00",
    bytes: "a text of hex digits",
}
_PLAIN: Final[Mapping[object, tuple[type, ...]]] = {str: (str,), bool: (bool,), int: (int,), float: (int, float)}


def misfits(view: Mapping[str, JSON], spot: Spot | None, file: str, words: Mapping[str, str]) -> list[Problem]:
    """Returns what in a view is no such field, or no such value; ``words`` are the table's names for some fields."""
    hints = get_type_hints(View)
    found: list[Problem] = []
    if spot is None:  # a row that rests on nothing but the call
        return found
    for name, value in view.items():
        word = words.get(name, name)
        found += _wrong(hints[name], value, spot.children.get(word, spot), f"cases.view.{word}", file)
    return found


def _wrong(hint: Any, value: JSON, spot: Spot, path: str, file: str) -> Iterator[Problem]:  # noqa: ANN401  # a type
    origin, inner = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        kinds = [one for one in inner if one is not type(None)]
        if value is not None and len(kinds) == 1:
            yield from _wrong(kinds[0], value, spot, path, file)
    elif origin is Literal:
        if value not in inner:
            yield _problem(spot, file, path, " or ".join(map(str, inner)), value, nearest(str(value), map(str, inner)))
    elif dataclasses.is_dataclass(hint) and hint is not Money and isinstance(hint, type):
        yield from _fields(hint, value, spot, path, file)
    elif origin in (frozenset, tuple):
        if not isinstance(value, list):
            yield _problem(spot, file, path, f"a list: each {_words(inner[0])}", value)
            return
        for place, one in enumerate(value):
            yield from _wrong(inner[0], one, spot.children.get(place, spot), f"{path}.{place}", file)
    elif isinstance(origin, type) and issubclass(origin, Mapping):
        if not isinstance(value, Mapping):
            yield _problem(spot, file, path, f"a mapping: each {_words(inner[1])}", value)
            return
        for name, one in value.items():
            yield from _wrong(inner[1], one, spot.children.get(name, spot), f"{path}.{name}", file)
    elif not _fits(hint, value):
        yield _problem(spot, file, path, _words(hint), value)


def _fields(kind: type, value: JSON, spot: Spot, path: str, file: str) -> Iterator[Problem]:
    hints = get_type_hints(kind)
    if not isinstance(value, Mapping):
        yield _problem(spot, file, path, f"a mapping of {', '.join(hints)}", value)
        return
    for name, one in value.items():
        here = spot.children.get(name, spot)
        if name not in hints:
            expected = f"one of {', '.join(hints)}"
            yield Problem(
                file, here.key_line, here.key_column, f"{path}.{name}", expected, shown(name), nearest(name, hints)
            )
        else:
            yield from _wrong(hints[name], one, here, f"{path}.{name}", file)
    needed = (dataclasses.MISSING, dataclasses.MISSING)
    for field in dataclasses.fields(kind):
        if (field.default, field.default_factory) == needed and field.name not in value:
            yield _problem(spot, file, f"{path}.{field.name}", _words(hints[field.name]), None)


def _fits(hint: Any, value: JSON) -> bool:  # noqa: ANN401  # a type annotation has no narrower type
    plain = _PLAIN.get(hint)
    if plain is not None:
        return isinstance(value, plain) and (hint is bool or not isinstance(value, bool))
    if hint is Decimal:
        value = str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value
    try:
        unpacked(hint, value)
    except ValueError:
        return False
    return True


def _words(hint: Any) -> str:  # noqa: ANN401  # a type annotation has no narrower type
    kinds = [one for one in get_args(hint) if one is not type(None)] or [hint]
    if get_origin(hint) is Literal:
        return " or ".join(map(str, get_args(hint)))
    return _WORDS.get(kinds[0], getattr(kinds[0], "__name__", "a value").lower())


def _problem(spot: Spot, file: str, path: str, expected: str, value: JSON, hint: str = "") -> Problem:
    return Problem(file, spot.line, spot.column, path, expected, "nothing" if value is None else shown(value), hint)
