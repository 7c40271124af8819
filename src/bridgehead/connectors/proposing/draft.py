"""A proposed specification: a tree with remarks, what was asked about it, and the YAML it becomes.

Remarks and values come from foreign systems: a remark never leaves its line, a text is quoted unless
it surely means itself. The order of the file is the order of the tree.
"""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

_WIDE: Final = 110
_NARROW: Final = 40
_PLAIN: Final = re.compile(r"[A-Za-z_/](?:[A-Za-z0-9_./ -]*[A-Za-z0-9_./-])?")
_SHORT: Final = re.compile(r"\d{1,6}(?:s|m|h|d|/s|/m|/h)")
_WORDS: Final = frozenset({"true", "false", "yes", "no", "on", "off", "y", "n", "null"})
_UNPRINTABLE: Final = re.compile(r"[^\x20-\x7e\u00a1-\u02ff\u0370-\u1fff\u20a0-\u20bf\u2190-\u21ff\u3040-\ufaff–—’“”…]")


@dataclass(frozen=True, slots=True)
class Noted:
    """A value with remarks that stand above it."""

    value: object
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Block:
    """A text of several lines that is written as it is; SQL."""

    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Question:
    """What a specification needs and no system says. ``options`` empty: any text; ``default`` is always an answer."""

    text: str
    options: tuple[str, ...]
    default: str


Ask = Callable[[Question], str | None]
"""Asks a person; None leaves the question open: the default is taken and the file says so."""


def nobody(_: Question) -> None:
    """Leaves every question open."""


@dataclass(slots=True)
class Draft:
    """A specification as far as it could be known. ``missing`` names what a person must set before it works."""

    name: str
    tree: dict[str, object]
    ask: Ask = nobody
    settings: dict[str, str] = field(default_factory=dict)
    """Variables of the environment that it reads, with what each holds."""
    gaps: list[str] = field(default_factory=list)
    """What was found and left out, and why."""
    open_questions: int = 0
    guesses: int = 0
    _answers: dict[str, str] = field(default_factory=dict)

    def question(self, text: str, options: Sequence[str], default: str) -> tuple[str, tuple[str, ...]]:
        """Returns the answer and the remarks to write above what it decides; one text is asked once."""
        if text in self._answers:
            return self._answers[text], ()
        found = self.ask(Question(text, tuple(options), default))
        self._answers[text] = default if found is None else found
        if found is not None:
            return found, ()
        self.open_questions += 1
        told = f" Options: {' | '.join(options)}." if options else ""
        return default, (f"ASK: {text}{told} Taken: {default}.",)

    def guess(self, evidence: str) -> str:
        """Returns the remark above something that was guessed."""
        self.guesses += 1
        return f"guessed: {evidence}"

    def variable(self, what: str, holds: str) -> str:
        """Returns the reference to a variable of the environment that is named after the connector."""
        name = f"{self.name}_{what}".upper()
        self.settings[name] = holds
        return f"env:{name}"

    def yaml(self) -> str:
        """Returns the file."""
        head = [f"Proposed for {self.name}. Lines that begin with ASK want an answer, guessed ones want a look."]
        lines = [*_comments(head, ""), *_mapping(self.tree, "")]
        if self.gaps:
            lines += ["", *_comments(["Left out:", *(f"- {gap}" for gap in self.gaps)], "")]
        return "\n".join(lines) + "\n"


def one_line(text: object, limit: int = 300) -> str:
    """Returns foreign text as a part of one line, without what could act on a terminal or leave a comment."""
    found = _UNPRINTABLE.sub("?", " ".join(str(text).split()))
    return found if len(found) <= limit else f"{found[: limit - 1]}…"


def scalar(value: object) -> str:
    """Returns one value as YAML: bare if it surely means itself, else in double quotes."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    text = str(value)
    if _PLAIN.fullmatch(text) and text.lower() not in _WORDS and " -" not in text and "- " not in text:
        return text
    if _SHORT.fullmatch(text):
        return text
    # JSON's escapes are YAML's; what JSON leaves and YAML does not print is escaped too.
    quoted = json.dumps(text, ensure_ascii=False)
    return re.sub(
        r"[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff]", lambda one: f"\\u{ord(one[0]):04x}", quoted
    )


def _comments(notes: Sequence[str], indent: str) -> Iterator[str]:
    for note in notes:
        width = max(_WIDE - len(indent) - 2, _NARROW)
        for number, line in enumerate(textwrap.wrap(one_line(note, 600), width, break_long_words=False)):
            yield f"{indent}# {'  ' if number else ''}{line}"


def _flow(value: object) -> str | None:
    """Returns a value on one line; None when it needs several."""
    if isinstance(value, Noted | Block):
        return None
    if isinstance(value, Mapping):
        if not value:
            return "{}"
        parts = []
        for name, one in value.items():
            if isinstance(one, Mapping) and one and len(value) > 1:
                return None
            inner = _flow(one)
            if inner is None:
                return None
            parts.append(f"{scalar(name)}: {inner}")
        return "{" + ", ".join(parts) + "}"
    if isinstance(value, list | tuple):
        parts = []
        for one in value:
            inner = _flow(one)
            if inner is None:
                return None
            parts.append(inner)
        return "[" + ", ".join(parts) + "]"
    return scalar(value)


def _mapping(value: Mapping[str, object], indent: str) -> Iterator[str]:
    for name, one in value.items():
        if isinstance(one, Noted):
            yield from _comments(one.notes, indent)
            one = one.value  # noqa: PLW2901  the value without its remarks
        yield from _entry(f"{indent}{scalar(name)}:", one, indent)


def _entry(head: str, value: object, indent: str) -> Iterator[str]:
    if isinstance(value, Block):
        yield f"{head} |"
        yield from (f"{indent}  {line}" for line in value.lines)
        return
    flow = _flow(value)
    if flow is not None and (len(head) + len(flow) < _WIDE or not isinstance(value, Mapping | list | tuple)):
        yield f"{head} {flow}"
        return
    yield head
    if isinstance(value, Mapping):
        yield from _mapping(value, f"{indent}  ")
        return
    for one in value if isinstance(value, list | tuple) else ():
        notes, inner = (one.notes, one.value) if isinstance(one, Noted) else ((), one)
        yield from _comments(notes, f"{indent}  ")
        flat = _flow(inner)
        if flat is not None:
            yield f"{indent}  - {flat}"
            continue
        rows = list(_mapping(inner, f"{indent}    ")) if isinstance(inner, Mapping) else []
        marked = False
        for row in rows:
            # The dash stands before the first entry, whatever remarks stand above it.
            if not marked and not row.lstrip().startswith("#"):
                marked = True
                yield f"{indent}  - {row.lstrip()}"
            else:
                yield row
