"""What commands print: tables for people, JSON for programs, and nothing that a document could smuggle in.

Documents are untrusted. Control characters and characters that turn the writing direction are
shown as escapes, so that no document can move a terminal's cursor or hide what it says.
"""

from __future__ import annotations

import dataclasses
import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Final, TextIO, cast

from bridgehead.cases.hiding import SECRETS

if TYPE_CHECKING:
    from rich.console import Console

    from bridgehead.spec.tool import JSON

_UNSAFE: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]")
_UNSAFE_IN_JSON: Final = re.compile(r"[\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]")
_PIPE_WIDTH: Final = 120
_NARROW: Final = 12
_INLINE: Final = 96
_LINE: Final = 500


def clean(text: str, *, keep_lines: bool = False) -> str:
    """Returns text without secrets, and with every character that could act on a terminal written as an escape."""

    def escaped(found: re.Match[str]) -> str:
        character = found[0]
        if keep_lines and character == "\n":
            return character
        number = ord(character)
        written = f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}"  # noqa: PLR2004  # what \\x can hold
        return {"\n": "\\n", "\t": "\\t", "\r": "\\r"}.get(character, written)

    return _UNSAFE.sub(escaped, SECRETS.hide(text))


def plain(value: object) -> object:
    """Returns a value as JSON can hold it: times in UTC as ISO 8601, decimals as text, bytes as hex."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, Enum):
        return plain(value.value)
    if isinstance(value, Decimal | Path):
        return str(value)
    if isinstance(value, Mapping):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, Sequence | set | frozenset) and not isinstance(value, str):
        return [plain(inner) for inner in value]
    return value


def print_json(value: object) -> None:
    """Prints one JSON document to standard output, readable, safe to look at and without secrets."""
    text = json.dumps(SECRETS.without(cast("JSON", plain(value))), indent=2, ensure_ascii=False, allow_nan=False)
    print(_UNSAFE_IN_JSON.sub(lambda found: f"\\u{ord(found[0]):04x}", text))


def one_line(value: object, limit: int | None = 100) -> str:
    """Returns a JSON value on one line, cut to ``limit`` characters; text keeps its quotes."""
    text = clean(json.dumps(plain(value), ensure_ascii=False, separators=(", ", ": ")))
    return text if limit is None or len(text) <= limit else text[: limit - 1] + "…"


def brief(value: object, limit: int = 160) -> str:
    """Returns a value for a sentence or a cell: text on one line, short JSON as it is, of longer JSON its plain fields.

    A mapping that is too long keeps its fields that hold one value, and says how many entries the
    others have; ``--json`` has all of it.
    """
    if isinstance(value, str):
        text = " ".join(value.split())
        return text if len(text) <= limit else text[: limit - 1] + "…"
    whole = one_line(value, None)
    if len(whole) <= limit or not isinstance(value, Mapping):
        return whole if len(whole) <= limit else whole[: limit - 1] + "…"
    inner = next(iter(value.values())) if len(value) == 1 else None
    parts = []
    for name, field in (inner if isinstance(inner, Mapping) else value).items():
        if isinstance(field, Mapping | list | tuple):
            parts.append(f"{name}: {len(field)} {'fields' if isinstance(field, Mapping) else 'entries'}")
        else:
            parts.append(f"{name}: {one_line(field, 60)}")
    text = clean(f"{', '.join(parts)}")
    text = f"{next(iter(value))}: {{{text}}}" if isinstance(inner, Mapping) else f"{{{text}}}"
    return text if len(text) <= limit else text[: limit - 2] + "…}"


def lines_of(value: object, limit: int = 40, *, whole: str = "--json") -> str:
    """Returns JSON as indented lines, at most ``limit`` of them; what fits a line stands on one.

    The last line says how many are left out, and that ``whole`` has them.
    """
    rows = list(_laid_out(plain(value), "", ""))
    if len(rows) > limit:
        rows = [*rows[: limit - 1], f"… {len(rows) - limit + 1} more lines: {whole} has all of them"]
    return "\n".join(clean(row[:_LINE]) + ("…" if len(row) > _LINE else "") for row in rows)


def _laid_out(value: object, indent: str, name: str) -> Iterator[str]:
    """Yields the lines of a JSON value: of one that fits a line one, else one or more for each entry."""
    inline = f"{indent}{name}{json.dumps(value, ensure_ascii=False)}"
    if len(inline) <= _INLINE or not isinstance(value, Mapping | list) or not value:
        yield inline
        return
    opening, closing = ("{", "}") if isinstance(value, Mapping) else ("[", "]")
    yield f"{indent}{name}{opening}"
    if isinstance(value, Mapping):
        entries = [(f"{json.dumps(key, ensure_ascii=False)}: ", inner) for key, inner in value.items()]
    else:
        entries = [("", inner) for inner in value]
    for number, (label, inner) in enumerate(entries):
        rows = list(_laid_out(inner, indent + "  ", label))
        yield from rows[:-1]
        yield rows[-1] + ("," if number < len(entries) - 1 else "")
    yield f"{indent}{closing}"


def when(moment: datetime | None) -> str:
    """Returns a time to the second in UTC, or a dash."""
    return "-" if moment is None else f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S}"


def minute(moment: datetime | None) -> str:
    """Returns a time to the minute in UTC, without the year, or a dash: for lists of what is recent."""
    return "-" if moment is None else f"{moment.astimezone(UTC):%m-%d %H:%M}"


def size(count: int) -> str:
    """Returns a number of bytes for people: 512 B, 1.2 KiB, 3.0 MiB."""
    amount = float(count)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if amount < 1024 or unit == "GiB":  # noqa: PLR2004  # bytes in a KiB
            return f"{count} B" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1024
    raise AssertionError("unreachable")  # pragma: no cover - the last unit returns


def duration(seconds: float) -> str:
    """Returns seconds as an operator writes them: 20s, 15m, 1h30m, 2d."""
    rest = round(seconds)
    if rest < 1:
        return f"{seconds:g}s"
    text = ""
    for unit, length in (("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)):
        count, rest = divmod(rest, length)
        if count:
            text += f"{count}{unit}"
    return text


def money(amount: Decimal, currency: str) -> str:
    """Returns an amount with its currency, which may be unknown."""
    return f"{amount:,.2f} {currency or 'of no currency'}"


def table(columns: Sequence[str], rows: Sequence[Sequence[str]], *, empty: str) -> None:
    """Prints a table, or the sentence ``empty`` when there is nothing to list."""
    if not rows:
        print(empty)
        return
    from rich.table import Table
    from rich.text import Text

    cells = [[clean(cell) for cell in row] for row in rows]
    screen = console()
    grid = Table(box=None, pad_edge=False, header_style="bold")
    for column, width in zip(columns, _widths(columns, cells, screen.width), strict=True):
        grid.add_column(column, overflow="fold", width=width)
    for row in cells:
        grid.add_row(*map(Text, row))
    screen.print(grid)


def _widths(columns: Sequence[str], rows: Sequence[Sequence[str]], room: int) -> list[int]:
    """Returns the columns' widths: the widest gives way first, and words are cut only where nothing else is left."""
    from rich.cells import cell_len

    texts = [[column, *(row[at] for row in rows)] for at, column in enumerate(columns)]
    widths = [max(map(cell_len, column)) for column in texts]
    words = [max((cell_len(word) for text in column for word in text.split()), default=1) for column in texts]
    room -= 2 * (len(columns) - 1)  # the gaps
    # A word of more than half the line is no reason to keep a column: an identifier or JSON without spaces.
    for least in ([min(word, room // 2) for word in words], [min(word, _NARROW) for word in words], [1] * len(words)):
        while sum(widths) > room and any(width > low for width, low in zip(widths, least, strict=True)):
            at = max((at for at in range(len(widths)) if widths[at] > least[at]), key=lambda at: (widths[at], at))
            widths[at] -= 1
    return widths


def facts(pairs: Sequence[tuple[str, str]]) -> None:
    """Prints names and values in two columns."""
    width = max((len(name) for name, _ in pairs), default=0)
    for name, value in pairs:
        print(f"{name.ljust(width)}  {clean(value)}")


def heading(text: str) -> None:
    """Prints a section's heading, bold on a terminal."""
    from rich.text import Text

    print()
    console().print(Text(text, style="bold"))


def note(text: str) -> None:
    """Writes one line to standard error: what a person should know and a program should not read."""
    print(clean(text, keep_lines=True), file=sys.stderr)


def console(stream: TextIO | None = None) -> Console:
    """Returns a console for a stream; wide when it is no terminal, so that lines are not broken for a program."""
    from rich.console import Console

    file = stream if stream is not None else sys.stdout
    width = None if file.isatty() else _PIPE_WIDTH
    return Console(file=file, width=width, highlight=False, markup=False, emoji=False, soft_wrap=False)
