"""Everything that is wrong with what an operator wrote, each with its place and what to write instead."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from pydantic_core import ErrorDetails

from bridgehead.errors import UserError

_LISTED: Final = 12
_EXPECTED: Final[Mapping[str, str]] = {
    "string_type": "a text",
    "string_too_short": "a text that is not empty",
    "string_too_long": "a text of at most 500 characters",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "finite_number": "a finite number",
    "list_type": "a list",
    "dict_type": "a mapping of names",
    "model_type": "a mapping of fields",
    "model_attributes_type": "a mapping of fields",
}


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


class Mistakes(UserError):
    """A file that cannot be loaded; ``problems`` holds every mistake found, in file order.

    One subclass a kind of file: it gives the code, ``what`` the file is, and the ``remedy``.
    """

    what = "file"
    remedy = ""

    def __init__(self, problems: Iterable[Problem], *, code: str | None = None) -> None:
        self.problems: tuple[Problem, ...] = tuple(sorted(set(problems)))
        count = len(self.problems)
        head = f"The {self.what} has one mistake:" if count == 1 else f"The {self.what} has {count} mistakes:"
        super().__init__(
            "\n".join([head, *(f"  {problem}" for problem in self.problems)]),
            code=code,
            hint=f"Nothing was loaded. {self.remedy}".strip(),
            count=count,
        )


class DeploymentError(Mistakes):
    """A deployment that cannot be loaded."""

    code = "deployment.invalid"
    what = "deployment"
    remedy = "Correct the file and run `bridgehead check` again."


def worded(detail: ErrorDetails) -> str:
    """Returns what pydantic expected, in an operator's words."""
    kind, context = detail["type"], detail.get("ctx", {})
    if kind == "literal_error":
        return str(context.get("expected", "another word"))
    if kind == "expected":
        return str(context["expected"])
    return _EXPECTED.get(kind) or detail["msg"].replace("Input should be", "a value")


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
