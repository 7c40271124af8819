"""Templates: ``{argument}`` in a path, a header, a query or a body, filled with typed values.

A text that is one brace alone keeps the value's type; in a longer text it becomes text. ``|FORMAT``
says how: ``%d.%m.%Y`` (strftime) for dates and times, ``comma`` for a decimal comma, ``0.00`` for a
fixed number of decimals, ``number`` for a JSON number instead of a text, ``pad:10`` for leading
zeros, ``digits:18`` for leading zeros if it is digits alone, ``width:20`` for trailing spaces,
``upper``, ``lower``, ``base64``, ``json``, ``escaped`` for a text between the quotes of a query language (a
backslash before quotes and backslashes), ``after:@`` for what follows the last ``@``, ``days:-30`` for the
day 30 days before, ``zone:NAME`` for the time there (IANA), ``or:TEXT`` for what stands where an argument is
absent; several are chained. ``{{`` and ``}}`` are braces. ``{TABLE[PATH].FIELD}`` looks the value at PATH up
in a table.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from enum import Enum
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from pydantic import BaseModel

from bridgehead.connectors.paths import MISSING, find
from bridgehead.errors import Failed
from bridgehead.money import Money
from bridgehead.spec.problem import shown
from bridgehead.spec.tool import JSON

_BRACES: Final = re.compile(r"\{\{|\}\}|\{([^{}]+)\}")
_ONE: Final = re.compile(r"\{([^{}]+)\}")
_INDEX: Final = re.compile(r"([^\[\]]+)\[([^\[\]]+)\](?:\.([^\[\]]+))?")
_FIXED: Final = re.compile(r"0(\.0+)?")
_WIDEST: Final = 1_000
_FIRST_PRINTABLE: Final = 32
_DAYS: Final = re.compile(r"-?\d{1,5}", re.ASCII)
_WORDS: Final = frozenset({"comma", "number", "upper", "lower", "base64", "json", "escaped"})
_FORMATS: Final = (
    "%-forms of dates, comma, number, 0.00, pad:N, digits:N, width:N, upper, lower, base64, json, escaped, "
    "after:TEXT, days:N, zone:NAME, or:TEXT"
)

Escape = Callable[[str], str]


def names_in(template: object) -> set[str]:
    """Returns the paths that a template (a text, or JSON with texts in it) asks for, without their formats."""
    if isinstance(template, str):
        paths = (found.partition("|")[0].strip() for found in _BRACES.findall(template) if found)
        return {name for path in paths for name in _asked(path)}
    if isinstance(template, Mapping):
        own = {str(template["each"])} if {"each", "do"} <= set(template) else set()
        own |= {str(template["when"])} if {"when", "do"} <= set(template) else set()
        own_keys = {"each", "when"} | ({"join", "apart"} if {"each", "do"} <= set(template) else set())
        parts = [part for key, value in template.items() if key not in own_keys for part in (str(key), value)]
        return own.union(*(names_in(value) for value in parts))
    if isinstance(template, Sequence):
        return set().union(*(names_in(value) for value in template))
    return set()


def _asked(path: str) -> tuple[str, ...]:
    index = _INDEX.fullmatch(path)
    return (path,) if index is None else (index[1], index[2])


def mistake_in(text: str) -> str | None:
    """Returns what is wrong with the braces or the formats of a template's text, or None."""
    rest = _BRACES.sub("", text)
    if "{" in rest or "}" in rest:
        return "a brace without its other half; write {{ or }} for a brace itself"
    for found in _BRACES.findall(text):
        path, *forms = str(found).split("|")
        if found and not path.strip():
            return f"no argument in {{{found}}}"
        if "[" in path and _INDEX.fullmatch(path.strip()) is None:
            return f"{path.strip()}; a value is looked up as {{TABLE[PATH].FIELD}}"
        for form in forms:
            if not _is_format(form.strip()):
                return f"the unknown format {form.strip()}; known: {_FORMATS}"
    return None


def _is_format(form: str) -> bool:
    name, colon, width = form.partition(":")
    if colon and not form.startswith("%"):
        if name in {"or", "after"}:
            return name == "or" or width != ""
        if name == "days":
            return _DAYS.fullmatch(width) is not None
        if name == "zone":
            return width in available_timezones()
        return name in {"pad", "digits", "width"} and width.isdecimal() and int(width) <= _WIDEST
    return form.startswith("%") or form in _WORDS or _FIXED.fullmatch(form) is not None


def fill_text(template: str, values: Mapping[str, object], *, escape: Escape | None = None) -> str | None:
    """Returns a template as text; None when an argument that it asks for is absent or None."""
    absent = False

    def one(match: re.Match[str]) -> str:
        nonlocal absent
        if match[0] in {"{{", "}}"}:
            return match[0][0]
        value = _value(match[1], values)
        if value is None or value is MISSING:
            absent = True
            return ""
        text = as_text(value)
        return text if escape is None else escape(text)

    filled = _BRACES.sub(one, template)
    return None if absent else filled


def fill(template: object, values: Mapping[str, object]) -> JSON:
    """Returns a JSON template filled, its names too. An entry whose argument is absent is left out; in a list, null.

    ``{each: PATH, do: T}`` is T once for every entry of that list, as ``{item}``; with ``join: TEXT`` it is
    one text, and with ``apart: CHARACTERS`` no value put into it may hold one of these, which separate
    there. ``{when: PATH, do: T}`` is T if that argument is given and is left out otherwise. Raises Failed
    ``invalid_input`` (``applied=False``) when a list is asked for where there is none.
    """
    if isinstance(template, str):
        alone = _ONE.fullmatch(template)
        if alone is not None:
            value = _value(alone[1], values)
            return None if value is MISSING else plain(value)
        return fill_text(template, values)
    if isinstance(template, Mapping):
        if {"each", "do", "join"} <= set(template) <= {"each", "do", "join", "apart"}:
            return _joined(template, values)
        if set(template) == {"each", "do"}:
            return _each(str(template["each"]), template["do"], values)
        if set(template) == {"when", "do"}:
            return fill(template["do"], values) if _is_given(str(template["when"]), values) else None
        filled = {_key(str(key), values): (fill(value, values), value) for key, value in template.items()}
        return {key: found for key, (found, asked) in filled.items() if found is not None or asked is None}
    if isinstance(template, Sequence):
        return [fill(value, values) for value in template if not _left_out(value, values)]
    return plain(template)


def _key(name: str, values: Mapping[str, object]) -> str:
    filled = fill_text(name, values) if "{" in name else name
    if filled is None:
        raise Failed(f"the name {name} lacks a value", error_class="invalid_input", applied=False, field=name)
    return filled


def _left_out(template: object, values: Mapping[str, object]) -> bool:
    return (
        isinstance(template, Mapping)
        and set(template) == {"when", "do"}
        and not _is_given(str(template["when"]), values)
    )


def _is_given(path: str, values: Mapping[str, object]) -> bool:
    """Tells whether an argument was given: also 0, no, an empty text and an empty list are."""
    found = find(values, path)
    return found is not None and found is not MISSING


def _each(path: str, template: object, values: Mapping[str, object]) -> JSON:
    return [fill(template, inside) for inside in _entries(path, values)]


def _joined(template: Mapping[str, object], values: Mapping[str, object]) -> str:
    path, line, join = str(template["each"]), str(template["do"]), str(template["join"])
    apart = set(str(template.get("apart", "")) + join)

    def whole(text: str) -> str:
        if found := apart & set(text):
            raise Failed(
                f"a value of {path} holds {min(found)!r}, which separates values there",
                error_class="invalid_input", applied=False, field=path,
            )  # fmt: skip
        return text

    lines: list[str] = []
    for number, inside in enumerate(_entries(path, values), 1):
        filled = fill_text(line, inside, escape=whole)
        if filled is None:
            raise Failed(
                f"entry {number} of {path} lacks a value", error_class="invalid_input", applied=False, field=path,
                hint="Write {item.NAME|or:} where a value may be absent.",
            )  # fmt: skip
        lines.append(filled)
    return join.join(lines)


def _entries(path: str, values: Mapping[str, object]) -> list[dict[str, object]]:
    entries = find(values, path)
    if entries is MISSING or entries is None:
        return []
    if not isinstance(entries, Sequence) or isinstance(entries, str | bytes):
        raise Failed(f"{path} is no list", error_class="invalid_input", applied=False, field=path)
    return [{**values, "item": entry, "number": number} for number, entry in enumerate(entries, 1)]


def _value(expression: str, values: Mapping[str, object]) -> object:
    path, *formats = expression.split("|")
    value = _found(path.strip(), values)
    for form in (form.strip() for form in formats):
        if value is None or value is MISSING:
            value = form[3:] if form.startswith("or:") else value
        elif not form.startswith("or:"):
            value = _formatted(value, form, path)
    return value


def _found(path: str, values: Mapping[str, object]) -> object:
    index = _INDEX.fullmatch(path) if "[" in path else None
    if index is None:
        return find(values, path)
    table, key = find(values, index[1]), find(values, index[2])
    entry = table.get(as_text(key), MISSING) if isinstance(table, Mapping) else MISSING
    if entry is MISSING:
        # An entry that is left out would make another request than the one that was meant.
        sought = "a value that is not given" if key is MISSING or key is None else shown(as_text(key))
        raise Failed(
            f"{index[1]} holds nothing for {sought} ({index[2]})", error_class="not_found", applied=False,
            field=index[2],
        )  # fmt: skip
    return entry if index[3] is None else find(entry, index[3])


def _formatted(value: object, form: str, path: str) -> object:
    try:
        if isinstance(value, date | time) and (moment := _moment(value, form)) is not None:
            return moment
        if form == "comma":
            return as_text(value).replace(".", ",")
        if form == "number":
            number = Decimal(as_text(value))
            return int(number) if number == number.to_integral_value() else float(number)
        if _FIXED.fullmatch(form):
            return str(Decimal(as_text(value)).quantize(Decimal(form)))
        if form.startswith("pad:"):
            return as_text(value).zfill(int(form[4:]))
        if form.startswith("digits:"):
            text = as_text(value)
            return text.zfill(int(form[7:])) if text.isascii() and text.isdecimal() else text
        if form.startswith("width:"):
            return as_text(value).ljust(int(form[6:]))
        if form.startswith("after:"):
            return as_text(value).rpartition(form[6:])[2]
        if form in {"upper", "lower"}:
            return as_text(value).upper() if form == "upper" else as_text(value).lower()
        if form == "base64":
            return base64.b64encode(as_text(value).encode()).decode("ascii")
        if form == "escaped":
            return _quotable(as_text(value))
        if form == "json":
            return json.dumps(plain(value), ensure_ascii=False)
    except (InvalidOperation, ValueError, OverflowError, ZoneInfoNotFoundError) as error:
        raise Failed(
            f"{path} cannot be written as {form}", error_class="invalid_input", applied=False, field=path
        ) from error
    raise Failed(
        f"{path} cannot be written as {form!r}", error_class="invalid_input", applied=False, field=path,
        hint=f"Known: {_FORMATS}.",
    )  # fmt: skip


def _moment(value: date | time, form: str) -> object:
    """Returns a day or time by a form of its own; None for the other forms."""
    if form.startswith("zone:") and isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(ZoneInfo(form[5:]))
    if form.startswith("days:") and isinstance(value, date):
        return value + timedelta(days=int(form[5:]))
    return value.strftime(form) if form.startswith("%") else None


def _quotable(text: str) -> str:
    """Returns a text that cannot end the quotes around it: SOQL and CQL escape by a backslash."""
    if any(ord(sign) < _FIRST_PRINTABLE for sign in text):
        raise ValueError("control characters")
    return re.sub(r"([\\'\"])", r"\\\1", text)


def as_text(value: object) -> str:
    """Returns a value as a system is told it: ISO 8601 dates, plain decimals, true and false."""
    if isinstance(value, Enum):
        value = value.value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, Money):
        return format(value.amount, "f")
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return ",".join(as_text(one) for one in value)
    return str(value)


def plain(value: object) -> JSON:
    """Returns a typed value as JSON: decimals, dates and amounts as texts."""
    if value is None or (isinstance(value, bool | int | float | str) and not isinstance(value, Enum)):
        return value
    if isinstance(value, Mapping):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, BaseModel):
        return {name: plain(getattr(value, name)) for name in type(value).model_fields}
    if hasattr(value, "__dataclass_fields__") and not isinstance(value, Money):
        return {name: plain(getattr(value, name)) for name in value.__dataclass_fields__}
    if isinstance(value, Sequence) and not isinstance(value, bytes):
        return [plain(one) for one in value]
    return as_text(value)
