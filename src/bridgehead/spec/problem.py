"""Everything that is wrong with what an operator wrote, each with its place and what to write instead."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from bridgehead.errors import UserError

_LISTED: Final = 12


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One mistake: file, line and column (from 1; 0 when unknown), field path, expected, found, hint."""

    file: str
    line: int
    column: int
    field: str
    expected: str
    found: str = ""
    hint: str = ""

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        text = f"{place} {self.field}: expected {self.expected}" if self.field else f"{place} expected {self.expected}"
        if self.found:
            text += f", found {self.found}"
        return f"{text}; {self.hint}" if self.hint else text


class DeploymentError(UserError):
    """A deployment that cannot be loaded; ``problems`` holds every mistake found, in file order."""

    code = "deployment.invalid"

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: tuple[Problem, ...] = tuple(sorted(set(problems)))
        count = len(self.problems)
        head = "The deployment has one mistake:" if count == 1 else f"The deployment has {count} mistakes:"
        super().__init__(
            "\n".join([head, *(f"  {problem}" for problem in self.problems)]),
            hint="Nothing was loaded. Correct the file and run `bridgehead check` again.",
            count=count,
        )


def nearest(word: str, options: Iterable[str]) -> str:
    """Returns ``did you mean X?`` for the closest option, the list of a few options, or an empty text."""
    known: Sequence[str] = sorted(set(options))
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    if close:
        return f"did you mean {close[0]}?"
    if not known:
        return ""
    more = ", …" if len(known) > _LISTED else ""
    return f"known: {', '.join(known[:_LISTED])}{more}"


def shown(value: object, limit: int = 60) -> str:
    """Returns a value as people see it in a message: quoted, on one line, cut to ``limit`` characters."""
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list | tuple):
        return "a list"
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
