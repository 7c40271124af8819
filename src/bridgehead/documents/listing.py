"""Reads the files of a listing, one by one and within limits, and tells each in a line where that is wanted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from pydantic import JsonValue

from bridgehead.documents.isolated import Isolated, Rows
from bridgehead.documents.outcome import Unreadable
from bridgehead.documents.telling import refused

MOST_BYTES: Final = 25 * 2**20


def files_of(paths: Sequence[Path]) -> Iterator[Path]:
    """Yields files, and the files below folders in the order of their names."""
    for path in paths:
        if path.is_dir():
            yield from sorted(one for one in path.rglob("*") if one.is_file())
        else:
            yield path


def load(file: Path) -> bytes | Rows:
    """Returns the bytes of a file, or the rows that say why it is not read."""
    name = str(file)
    try:
        if not file.is_file():
            return [refused(name, "none", Unreadable("file", "It is no regular file."))]
        size = file.stat().st_size
        if size > MOST_BYTES:
            reason = f"The file has {size} bytes; {MOST_BYTES} are allowed."
            return [refused(name, "none", Unreadable("too_large", reason))]
        return file.read_bytes()
    except OSError as error:
        return [refused(name, "none", Unreadable("file", f"The file cannot be opened: {error.strerror}."))]


def read_file(reader: Isolated, file: Path) -> Rows:
    """Returns what reading a file comes to; raises nothing for any file."""
    document = load(file)
    return reader.read(document, str(file)) if isinstance(document, bytes) else document


def brief(row: dict[str, JsonValue]) -> str:
    """One line of text for a row, without anything that acts on a terminal."""
    order = row["order"]
    what = ""
    if isinstance(order, dict):
        lines = order["lines"]
        what = f" {order['po_number']} ({len(lines) if isinstance(lines, list) else 0} lines)"
    text = f"{row['file']}: {row['format']} {row['status']} {row['kind']}{what} {row['reason']}"
    return "".join(sign if sign.isprintable() else "?" for sign in text).rstrip()
