"""The parts of an account, and how recorded values read in a sentence: short, on one line, with nothing made up."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from bridgehead.cli.output import brief, duration
from bridgehead.documents.masking import unquoted
from bridgehead.spec.tool import JSON

CUT: Final = 240
LONG: Final = 600
_KEY: Final = re.compile(r"(^|_)(number|id|reference|ref|status|state)$")
_FEWER: Final = (8, 3, 1)
_WIDE: Final = 110
_ROWS: Final = 80
_MINUTE_S: Final = 60
_DEEPEST: Final = 40


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under columns."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Block:
    """A recorded value in full, line by line, under a caption."""

    caption: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Section:
    """Sentences under one heading, with the tables and values that they speak of."""

    title: str
    sentences: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()
    blocks: tuple[Block, ...] = ()

    @property
    def empty(self) -> bool:
        """Whether there is nothing to say."""
        return not (self.sentences or self.tables or self.blocks)


def spelled(value: JSON, limit: int = LONG) -> str:
    """Returns a value for a sentence: nothing of what is empty, of long lists the first entries, cut to ``limit``."""
    text = _spelled(value, None, top=True)
    for most in _FEWER:
        if len(text) <= limit:
            return text
        text = _spelled(value, most, top=True)
    return text if len(text) <= limit else _cut(text, limit)


def named(text: str, limit: int = LONG) -> str:
    """Returns a stranger's words in quotes that they cannot end: no sentence of theirs passes for one of ours."""
    return f"“{brief(unquoted(text), limit)}”"


def key_first(value: Mapping[str, JSON]) -> dict[str, JSON]:
    """Returns the fields of an answer with those first by which a thing is found again: its numbers, ids and state."""
    keys = [name for name, inner in value.items() if _KEY.search(name) and not isinstance(inner, Mapping | list)]
    return {name: value[name] for name in (*keys, *(name for name in value if name not in keys))}


def _cut(text: str, limit: int) -> str:
    """Returns the beginning of a text, up to the last whole field or word: no figure is cut in its middle."""
    begins = text[: limit - 1]
    at = max(begins.rfind(", "), begins.rfind("; ")) + 1 or begins.rfind(" ") + 1
    return (begins[:at].rstrip() if at > limit // 2 else begins) + "…"


def fits(value: JSON) -> bool:
    """Returns whether a value stands whole in a sentence."""
    return len(_spelled(value, None, top=True)) <= LONG


def block(caption: str, value: JSON) -> Block:
    """Returns a value line by line: a record that fits one line stands on one."""
    rows = list(_rows(value, ""))
    if len(rows) > _ROWS:
        rows = [*rows[: _ROWS - 1], f"… {len(rows) - _ROWS + 1} more lines: 'bridgehead case --json' has all of them"]
    return Block(caption, tuple(rows))


def leaf(value: JSON, path: str) -> JSON:
    """Returns what stands at a dotted path of an object; None where nothing does."""
    for part in path.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def age(then: datetime, now: datetime) -> str:
    """Returns how long ago something was, to the tenth of a second below a minute."""
    seconds = max(0.0, (now - then).total_seconds())
    return f"{seconds:.1f} s" if seconds < _MINUTE_S else duration(seconds)


def counted(number: int, noun: str, plural: str = "") -> str:
    """Returns a number with its noun: ``1 call``, ``2 calls``."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def message(value: JSON) -> str:
    """Returns what a recorded error says."""
    if isinstance(value, Mapping):
        for name in ("message", "refused", "error_class"):
            if value.get(name):
                return " ".join(str(value[name]).split()).rstrip(".")
    return spelled(value, CUT)


def mapping(value: JSON) -> Mapping[str, JSON]:
    """Returns an object, or an empty one for anything else."""
    return value if isinstance(value, Mapping) else {}


def items(value: JSON) -> Sequence[JSON]:
    """Returns a list, or an empty one for anything else."""
    return value if isinstance(value, list) else []


def _spelled(value: JSON, most: int | None, *, top: bool = False, depth: int = 0) -> str:
    if depth > _DEEPEST:
        return "…"
    if isinstance(value, Mapping):
        parts = [
            f"{name}: {_spelled(inner, most, depth=depth + 1)}"
            for name, inner in value.items()
            if inner not in (None, "")
        ]
        return ", ".join(parts) or "nothing" if top else f"{{{', '.join(parts)}}}"
    if isinstance(value, list | tuple):
        shown = [_spelled(inner, most, depth=depth + 1) for inner in value[:most]]
        rest = [] if most is None or len(value) <= most else [f"… {len(value) - most} more"]
        return f"[{'; '.join([*shown, *rest])}]" if value else "none"
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "nothing"}[value]
    return " ".join(str(value).split()) or '""'


def _rows(value: JSON, indent: str, depth: int = 0) -> Iterator[str]:
    if isinstance(value, Mapping) and depth < _DEEPEST:
        for name, inner in value.items():
            text = _spelled(inner, None)
            if not isinstance(inner, Mapping | list) or (len(text) <= _WIDE and not _records(inner)):
                yield f"{indent}{name}: {text}"
            else:
                yield f"{indent}{name}:"
                yield from _rows(inner, indent + "  ", depth + 1)
    elif isinstance(value, list) and depth < _DEEPEST:
        for inner in value:
            text = _spelled(inner, None, top=True)
            if len(text) <= _WIDE * 2 or not isinstance(inner, Mapping | list):
                yield f"{indent}- {text}"
            else:
                yield f"{indent}-"
                yield from _rows(inner, indent + "  ", depth + 1)
    else:
        yield indent + _spelled(value, None, top=True)


def _records(value: JSON) -> bool:
    return isinstance(value, list) and any(isinstance(one, Mapping) for one in value)
