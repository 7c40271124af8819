"""How deep a result may be nested, and how large a read's may be: it is written, read and shown again in memory."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

LEVELS: Final = 100
"""Mappings and lists within each other that a result may have. Documents of business have ten."""
CHARACTERS: Final = 32 << 20
"""Characters of JSON that a read may return; each is held in memory several times while it is recorded and sent."""
CUT: Final = f"[cut off here: nested deeper than {LEVELS} levels]"


def too_deep(value: object) -> bool:
    """Returns whether mappings and lists lie within each other deeper than ``LEVELS``, or hold themselves."""
    layer, level = [value], 0
    while layer:
        if level >= LEVELS:
            return True
        held = {id(inner): inner for one in layer for inner in _held(one)}  # one that is held twice is looked at once
        layer, level = list(held.values()), level + 1
    return False


def cut(value: object) -> object:
    """Returns the value with a text in the place of whatever is nested deeper than ``LEVELS``, or holds itself."""
    return _cut(value, ())


def _cut(value: object, around: tuple[int, ...]) -> object:
    if not isinstance(value, Mapping | list | tuple):
        return value
    if len(around) >= LEVELS or id(value) in around:
        return CUT
    within = (*around, id(value))
    if isinstance(value, Mapping):
        return {name: _cut(inner, within) for name, inner in value.items()}
    return [_cut(inner, within) for inner in value]


def _held(value: object) -> list[object]:
    found = value.values() if isinstance(value, Mapping) else value if isinstance(value, list | tuple) else ()
    return [one for one in found if isinstance(one, Mapping | list | tuple)]
