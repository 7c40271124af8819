"""Places in what a system sends: ``customer.name``, ``items.0.id``, ``lines.*.sku``."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping, Sequence
from typing import Final, TypeGuard

_SPLIT: Final = re.compile(r"(?<!\\)\.")


class _Missing:
    """Nothing stands at a place; unlike None, which a system may send."""

    def __repr__(self) -> str:
        return "nothing"

    def __bool__(self) -> bool:
        return False


MISSING: Final = _Missing()


@functools.lru_cache(maxsize=4096)
def parts_of(path: str) -> tuple[str, ...]:
    r"""Returns the steps of a path; a dot inside a name is written ``\.``."""
    return tuple(part.replace("\\.", ".") for part in _SPLIT.split(path))


def find(value: object, path: str) -> object:
    """Returns what stands at ``path``, or MISSING. After ``*`` it is the list of what was found in each entry.

    A whole path that is a key of its own (a column named ``a.b``) is found first. A number is a
    position in a list, from 0, or a key; ``@`` is the value itself, and may begin a path.
    """
    if path == "@":
        return value
    path = path.removeprefix("@.")
    if isinstance(value, Mapping) and path in value:
        return value[path]
    return _find(value, parts_of(path))


def _find(value: object, parts: tuple[str, ...]) -> object:
    for number, part in enumerate(parts):
        if part == "*":
            if not _is_list(value):
                return MISSING
            rest = parts[number + 1 :]
            found = [_find(entry, rest) for entry in value]
            return [one for one in found if one is not MISSING]
        if isinstance(value, Mapping):
            if part not in value:
                return MISSING
            value = value[part]
        elif _is_list(value) and part.isdecimal() and int(part) < len(value):
            value = value[int(part)]
        else:
            # A typed argument (a dataclass or a model) is looked into by its own fields alone.
            if part not in _fields_of(value):
                return MISSING
            value = getattr(value, part)
    return value


def _is_list(value: object) -> TypeGuard[Sequence[object]]:
    return isinstance(value, Sequence) and not isinstance(value, str | bytes)


def _fields_of(value: object) -> Mapping[str, object]:
    fields: Mapping[str, object] = getattr(type(value), "__dataclass_fields__", None) or getattr(
        type(value), "model_fields", {}
    )
    return fields
