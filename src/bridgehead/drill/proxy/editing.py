"""Changes to JSON answers, as a system makes them between two releases."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import cast

from bridgehead.drill.proxy.scenario import Edit
from bridgehead.spec.tool import JSON


def edited(body: bytes, edit: Edit) -> bytes | None:
    """Returns a JSON body with the edits made; None when it is no JSON, or holds none of the fields."""
    try:
        value = json.loads(body)
    except ValueError:
        return None
    done = 0
    for path, name in edit.rename.items():
        done += _at(value, path, lambda place, key, name=name: place.__setitem__(name, place.pop(key)))  # type: ignore[misc]  # a default binds the loop's value
    for path, kind in edit.retype.items():
        done += _at(value, path, lambda place, key, kind=kind: place.__setitem__(key, _retyped(place[key], kind)))  # type: ignore[misc]  # as above
    for path, new in edit.put.items():
        done += _at(value, path, lambda place, key, new=new: place.__setitem__(key, new))  # type: ignore[misc]  # as above
    return json.dumps(value).encode() if done else None


def _at(value: JSON, path: str, change: Callable[[dict[str, JSON], str], None]) -> int:
    """Changes a field wherever its path leads, through every element of lists; returns how often it was there."""
    if isinstance(value, list):
        return sum(_at(one, path, change) for one in value)
    if not isinstance(value, dict):
        return 0
    key, dot, rest = path.partition(".")
    if key not in value:
        return 0
    if dot:
        return _at(value[key], rest, change)
    change(cast("dict[str, JSON]", value), key)
    return 1


def _retyped(value: JSON, kind: str) -> JSON:
    """Returns a value as another type has it: 12.5 as "12.5", "12.5" as 12.5, anything as true, null or in a list."""
    match kind:
        case "string":
            return value if isinstance(value, str) else json.dumps(value)
        case "number":
            try:
                return float(str(value))
            except ValueError:
                return 0
        case "boolean":
            return bool(value)
        case "list":
            return [value]
        case _:
            return None
