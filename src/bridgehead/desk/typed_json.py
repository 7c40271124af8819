"""JSON that people and programs send: numbers that are numbers, and no deeper than every reader of it can go."""

from __future__ import annotations

import json
from collections.abc import Mapping
from math import isfinite
from typing import Final

from bridgehead.spec.tool import JSON

DEEPEST: Final = 100
"""Lists and objects within each other: copying and checking take several calls a level, of a thousand in all."""

DIGITS: Final = 300
"""Longer numbers are no amounts, and beyond what most readers of JSON take (RFC 8259, section 6)."""


def parsed(text: str) -> JSON:
    """Returns the value of a JSON text; raises ValueError for what is none (RFC 8259), or too large to be used.

    Python's own reader takes ``NaN`` and turns ``1e400`` into infinity, which no record can hold; an integer of a
    thousand digits becomes no number that a check could compare.
    """
    try:
        found: JSON = json.loads(text, parse_int=_whole, parse_float=_finite, parse_constant=_no_number)
    except RecursionError:
        raise ValueError("it is too deep") from None
    inner: list[JSON] = [found]
    for _ in range(DEEPEST):
        inner = [one for outer in inner for one in _within(outer)]
        if not inner:
            return found
    raise ValueError("it is too deep")


def _within(value: JSON) -> list[JSON]:
    return list(value.values()) if isinstance(value, Mapping) else value if isinstance(value, list) else []


def _whole(text: str) -> int:
    return int(text if len(text) <= DIGITS else _no_number(text))


def _finite(text: str) -> float:
    found = float(text)
    return found if isfinite(found) else _no_number(text)


def _no_number(text: str) -> float:
    raise ValueError(f"{text[:40]} is no number")
