"""Files of records as bytes: CSV (RFC 4180), JSON and JSON lines, read strictly and written plainly."""

from __future__ import annotations

import codecs
import csv
import io
import json
from collections.abc import Mapping, Sequence
from typing import Final, Protocol, cast

from bridgehead.connectors.fill import plain
from bridgehead.connectors.http_reply import number
from bridgehead.connectors.paths import MISSING, find
from bridgehead.errors import Failed

_LONGEST_FIELD: Final = 1_000_000


class Form(Protocol):
    """How a file is written: a read's ``file`` part, or an action's."""

    @property
    def format(self) -> str: ...  # noqa: D102  # an attribute of both parts
    @property
    def encoding(self) -> str: ...  # noqa: D102  # an attribute of both parts
    @property
    def delimiter(self) -> str | None: ...  # noqa: D102  # an attribute of both parts


def mistake_in(form: Form) -> str:
    """Returns what is wrong with an encoding or a delimiter; empty when nothing is."""
    try:
        codecs.lookup(form.encoding)
    except LookupError:
        return f"{form.encoding!r} is no encoding"
    if form.delimiter is not None and (form.format != "csv" or len(form.delimiter) != 1 or form.delimiter in '"\r\n'):
        return "delimiter is one character that separates the values of a CSV file"
    return ""


def rows_in(content: bytes, form: Form, *, name: str, rows: str | None) -> list[dict[str, object]]:
    """Returns the records of a file; raises Failed ``invalid_output`` naming file and line for what does not fit.

    CSV: the first line names the columns, every line has all of them, and all values are texts.
    """
    encoding = "utf-8-sig" if codecs.lookup(form.encoding).name == "utf-8" else form.encoding
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        raise _unfit(f"{name}: byte {error.start + 1} is not {form.encoding}") from None
    if form.format == "csv":
        return _csv(text, form.delimiter or ",", name)
    if form.format == "jsonl":
        lines = [(place, line) for place, line in enumerate(text.split("\n"), 1) if line.strip()]
        return [_record(_json(line, f"{name}, line {place}"), f"{name}, line {place}") for place, line in lines]
    body = _json(text, name)
    found = body if rows is None else find(body, rows)
    if found is MISSING:
        raise _unfit(f"{name} holds nothing at {rows}")
    listed = found if isinstance(found, list) else [found]
    return [_record(one, f"{name}, record {place}") for place, one in enumerate(listed, 1)]


def written(content: object, form: Form) -> bytes:
    """Returns content as a file's bytes, the same for the same content.

    CSV and JSON lines take a list; the columns are the first record's, and the others have the same.
    Raises Failed ``invalid_input`` (``applied=False``) for what the format or the encoding cannot hold.
    """
    value = plain(content)
    if form.format == "json":
        text = json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
    else:
        if not isinstance(value, Sequence) or isinstance(value, str):
            raise _unwritable(f"the content of a {form.format} file is a list of records")
        records = [one if isinstance(one, Mapping) else {} for one in value]
        if not all(records) or any(set(one) != set(records[0]) for one in records):
            raise _unwritable(f"the records of a {form.format} file are objects with the same fields")
        if form.format == "jsonl":
            text = "".join(json.dumps(one, ensure_ascii=False, sort_keys=True) + "\n" for one in records)
        else:
            stream = io.StringIO()
            columns = list(records[0]) if records else []
            writer = csv.DictWriter(stream, columns, delimiter=form.delimiter or ",", lineterminator="\r\n")
            writer.writeheader()
            writer.writerows({name: "" if one[name] is None else one[name] for name in columns} for one in records)
            text = stream.getvalue()
    try:
        return text.encode(form.encoding)
    except UnicodeEncodeError as error:
        raise _unwritable(f"{form.encoding} has no character {error.object[error.start]!r}") from None


def _csv(text: str, delimiter: str, name: str) -> list[dict[str, object]]:
    csv.field_size_limit(_LONGEST_FIELD)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    found: list[dict[str, object]] = []
    columns: list[str] = []
    try:
        for row in reader:
            if not row:
                continue
            if not columns:
                columns = [one.strip() for one in row]
                twice = next((one for one in columns if columns.count(one) > 1), None)
                if twice is not None:
                    raise _unfit(f"{name}: two columns are named {twice[:60]!r}")
                continue
            if len(row) != len(columns):
                raise _unfit(
                    f"{name}, line {reader.line_num}: {len(row)} values where {len(columns)} columns are named"
                )
            found.append(dict(zip(columns, row, strict=True)))
    except csv.Error as error:
        raise _unfit(f"{name}, line {reader.line_num}: {error}") from None
    if not columns:
        raise _unfit(f"{name} is empty: a CSV file begins with the names of its columns")
    return found


def _json(text: str, name: str) -> object:
    def constant(word: str) -> object:
        raise ValueError(word)

    try:
        return cast("object", json.loads(text, parse_float=number, parse_constant=constant))
    except (ValueError, RecursionError):
        raise _unfit(f"{name} is no JSON") from None


def _record(value: object, where: str) -> dict[str, object]:
    if not isinstance(value, dict):
        raise _unfit(f"{where} is no object")
    return value


def _unfit(text: str) -> Failed:
    return Failed(text, error_class="invalid_output", applied=False)


def _unwritable(text: str) -> Failed:
    return Failed(text, error_class="invalid_input", applied=False)
