"""Which source of a value is the one meant: that which a rule names, or whose field is called as the argument is."""

from __future__ import annotations

from collections.abc import Collection
from functools import lru_cache
from typing import Final

from bridgehead.gate.labels import ITEM, fits

_KEPT: Final = 4_096
"""So many comparisons are remembered: a system that makes up field names may not fill the memory."""


def tool_in(word: str, tools: Collection[str]) -> str | None:
    """Returns the tool that a source of a rule names (``find_customer.items.number``), None where it is none."""
    head = word
    while head not in tools:
        head, dot, _ = head.rpartition(".")
        if not dot:
            return None
    return head


@lru_cache(maxsize=_KEPT)
def meant(word: str, tool: str, path: tuple[str, ...]) -> bool:
    """Tells whether a source of a rule is this field of this tool, or holds it; places of lists need no mark."""
    if word == tool:
        return True
    return word.startswith(f"{tool}.") and fits(tuple(word[len(tool) + 1 :].split(".")), path)


@lru_cache(maxsize=_KEPT)
def likeness(argument: str, tool: str, path: tuple[str, ...]) -> int:
    """Returns how far a field is called as an argument is: 2 by its own name, 1 by what holds it, else 0.

    Case, ``_`` and ``-`` make no other name, nor does the plural.
    """
    wanted = _plain(argument.rpartition(".")[2])
    names = [_plain(part) for part in path if part != ITEM]
    if names and names[-1] == wanted:
        return 2
    return int(wanted in names or wanted in map(_plain, tool.split("_")))


def _plain(name: str) -> str:
    return name.lower().replace("_", "").replace("-", "").removesuffix("s")
