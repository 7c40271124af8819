"""Exports of other systems as records: JSON, JSON lines or CSV, read whole or refused with the line."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from bridgehead.connectors.files import read_document
from bridgehead.errors import UserError
from bridgehead.spec.tool import JSON

MAX_MB: Final = 256
_SHAPE: Final = "Give a list of objects: JSON, one JSON object a line, or CSV with a header."


def read_records(path: Path, *, rows: str | None = None, record: str | None = None) -> list[dict[str, JSON]]:
    """Returns the objects in a file; its form is seen from its first character.

    ``rows`` is where the list lies in a JSON document (default: the document itself, or its
    only list), ``record`` where the object lies in each entry. CSV columns may be paths
    (``ship_to.city``); an empty cell is an absent field. Raises UserError ``records.malformed``,
    and what ``read_document`` raises.
    """
    try:
        text = read_document(path, max_mb=MAX_MB).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _malformed(path, f"byte {error.start} is not UTF-8") from None
    start = text.lstrip()[:1]
    if start == "[" or (start == "{" and _is_one(text)):
        found = _listed(path, _parsed(path, text, "the file"), rows)
    elif start == "{":
        lines = [(number, line) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
        found = [_parsed(path, line, f"line {number}") for number, line in lines]
    else:
        found = list(_table(path, text))
    return [_object(path, number, _inside(entry, record)) for number, entry in enumerate(found, 1)]


def at(value: JSON, path: str | None) -> JSON:
    """Returns what lies at a dotted path, or None."""
    return _inside(value, path)


def _inside(value: JSON, path: str | None) -> JSON:
    for part in path.split(".") if path else ():
        value = value.get(part) if isinstance(value, dict) else None
    return value


def _is_one(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _parsed(path: Path, text: str, where: str) -> JSON:
    try:
        found: JSON = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _malformed(path, f"{where} is no JSON ({str(error)[:80]})") from None
    return found


def _listed(path: Path, document: JSON, rows: str | None) -> Sequence[JSON]:
    found = _inside(document, rows)
    if rows is None and isinstance(document, dict):
        lists = [value for value in document.values() if isinstance(value, list)]
        found = lists[0] if len(lists) == 1 else [document]
    if not isinstance(found, list):
        raise _malformed(path, f"there is no list at {rows!r}" if rows else "it holds no list of objects")
    return found


def _table(path: Path, text: str) -> list[JSON]:
    try:
        dialect: type[csv.Dialect] = csv.Sniffer().sniff(text[:4096], delimiters=",;\t|")
    except csv.Error:
        dialect = csv.excel
    reader = csv.reader(io.StringIO(text, newline=""), dialect, strict=True)
    found: list[JSON] = []
    try:
        header = next(reader, [])
        if not all(name.strip() for name in header) or len(set(header)) < len(header):
            raise _malformed(path, "the first line is no header: every column needs a name of its own")
        for cells in reader:
            if len(cells) > len(header):
                raise _malformed(path, f"line {reader.line_num} has {len(cells)} cells, the header {len(header)}")
            found.append({name.strip(): cell for name, cell in zip(header, cells, strict=False) if cell.strip()})
    except csv.Error as error:
        raise _malformed(path, f"line {reader.line_num}: {error}") from None
    return [entry for entry in found if entry]


def _object(path: Path, number: int, entry: JSON) -> dict[str, JSON]:
    if not isinstance(entry, dict):
        raise _malformed(path, f"entry {number} is no object")
    return entry


def _malformed(path: Path, what: str) -> UserError:
    return UserError(f"{path}: {what}", code="records.malformed", hint=_SHAPE)
