"""Checks the fields of a specification: each option belongs to the field's type and means something."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Final
from zoneinfo import ZoneInfo, available_timezones

from bridgehead.connectors.document_entity import FieldPart
from bridgehead.connectors.findings import Findings, Path
from bridgehead.connectors.mapping import fixed_number
from bridgehead.connectors.measures import converter, is_unit
from bridgehead.connectors.moments import EPOCHS
from bridgehead.connectors.picking import otherwise
from bridgehead.connectors.record_types import usable_name
from bridgehead.spec.problem import nearest

_TEXT: Final = frozenset({"strip", "lstrip", "encoding", "none"})
_NUMBER: Final = _TEXT | {"decimal", "sign", "scale"}
_COMMON: Final = frozenset({"from_", "join", "type", "optional", "label", "read", "with_", "value", "else_"})
_MATCHED: Final = frozenset({"object", "json", "measure", "price", "money"})
"""Types whose value is no single text, so that no part of a text can stand for it."""
_OPTIONS: Final[Mapping[str, frozenset[str]]] = {
    "text": _TEXT,
    "code": _TEXT,
    "integer": _NUMBER | {"per", "values"},
    "decimal": _NUMBER | {"per", "values"},
    "money": _NUMBER | {"currency"},
    "price": _NUMBER | {"currency", "per", "values"},
    "measure": _NUMBER | {"unit", "to", "values"},
    "date": _TEXT | {"format", "pivot", "zone"},
    "time": _TEXT | {"format"},
    "datetime": _TEXT | {"format", "pivot", "zone"},
    "boolean": frozenset({"true", "false", "none", "encoding"}),
    "enum": _TEXT | {"values", "other"},
    "list": _TEXT | {"fields", "split", "only", "pairs"},
    "object": frozenset({"fields"}),
    "json": frozenset(),
}
_ONE_PATH: Final = frozenset({"list", "object", "json", "boolean"})
_SAMPLE: Final = datetime(2004, 11, 23, 13, 24, 35)  # noqa: DTZ001  only whether a form takes it is asked
_SHOWN: Final = 12


def check_fields(fields: Mapping[str, FieldPart], path: Path, findings: Findings) -> None:
    """Notes what is wrong with the fields at ``path``, those of objects and lists in them too."""
    for name, part in fields.items():
        here = (*path, name)
        if not usable_name(name):
            findings.add(
                here, "a name that Python leaves free", name, "take another and point at it by `from`", key=True
            )
        if part.read is not None:
            continue
        _options(part, here, findings)
        _CHECKS.get(part.type, _nothing)(part, here, findings)
        if isinstance(part.from_, list) and part.type in _ONE_PATH:
            findings.add((*here, "from"), f"one path for a field of type {part.type}")
        _picked(part, here, findings)
        if part.encoding is not None:
            _encoding(part.encoding, (*here, "encoding"), findings)
        if part.fields is not None:
            check_fields(part.fields, (*here, "fields"), findings)


def _options(part: FieldPart, path: Path, findings: Findings) -> None:
    allowed = _COMMON | _OPTIONS[part.type] | (frozenset() if part.type in _MATCHED else {"match"})
    for option in part.model_fields_set - allowed:
        name = FieldPart.model_fields[option].alias or option
        types = [kind for kind, options in _OPTIONS.items() if option in options]
        findings.add(
            (*path, name), f"no `{name}` beside type {part.type}", name, f"it belongs to {', '.join(types)}", key=True
        )
    if "join" in part.model_fields_set and not isinstance(part.from_, list):
        findings.add((*path, "join"), "several paths under `from`", "join alone", key=True)


def _picked(part: FieldPart, path: Path, findings: Findings) -> None:
    """Notes what is wrong with a constant, with another way to read a field, and with patterns."""
    if "value" in part.model_fields_set and part.from_ is not None:
        findings.add(
            (*path, "value"), "either `from` or `value`; what stands in is `else: {value: …}`", "both", key=True
        )
    for option, pattern in (("match", part.match), ("pairs", part.pairs)):
        if pattern is None:
            continue
        wrong = pattern_mistake(pattern)
        if wrong:
            findings.add((*path, option), "a regular expression", wrong)
        elif option == "pairs" and part.fields is None:
            findings.add((*path, option), "the `fields` key and value are read into", "pairs alone", key=True)
    if part.match is not None and part.fields is not None:
        findings.add((*path, "match"), "a list of texts, which has no `fields`", "both", key=True)
    other = otherwise(part)
    if other is not None and other.read is not None:
        findings.add((*path, "else"), "a path or a value", "a read")
    elif other is not None:
        _other(other, (*path, "else"), findings)


def pattern_mistake(text: str) -> str:
    """Returns what is wrong with a regular expression; empty when nothing is."""
    try:
        re.compile(text)
    except re.error as error:
        return str(error)
    return ""


def _other(part: FieldPart, path: Path, findings: Findings) -> None:
    _options(part, path, findings)
    _CHECKS.get(part.type, _nothing)(part, path, findings)
    _picked(part, path, findings)


def _nothing(part: FieldPart, path: Path, findings: Findings) -> None:
    pass


def _number(part: FieldPart, path: Path, findings: Findings) -> None:
    if part.per is not None:
        _per(part.per, part, path, findings)
    elif "values" in part.model_fields_set:
        findings.add((*path, "values"), "the field per beside it", "values alone", key=True)


def _money(part: FieldPart, path: Path, findings: Findings) -> None:
    if part.currency is None and not findings.has(*path, "currency"):
        findings.add(path, "the field currency", "nothing", "a code such as EUR, or a path to it", key=True)


def _price(part: FieldPart, path: Path, findings: Findings) -> None:
    _money(part, path, findings)
    if part.per is None:
        if not findings.has(*path, "per"):
            findings.add(path, "the field per", "nothing", "for how many the price is", key=True)
        return
    _per(part.per, part, path, findings)


def _per(per: str, part: FieldPart, path: Path, findings: Findings) -> None:
    fixed = fixed_number(per)
    if fixed is not None and fixed <= 0:
        findings.add((*path, "per"), "a number above zero, or a path")
    for code, number in part.values.items():
        try:
            good = not isinstance(number, bool) and Decimal(str(number)) > 0
        except InvalidOperation:
            good = False
        if not good:
            findings.add((*path, "values", code), "a number above zero")


def _measure(part: FieldPart, path: Path, findings: Findings) -> None:
    if part.unit is None:
        if not findings.has(*path, "unit"):
            findings.add(path, "the field unit", "nothing", "a unit such as kg, or with `values` a path", key=True)
        return
    if part.to is not None and not is_unit(part.to):
        findings.add((*path, "to"), "a unit such as kg or m**2")
        return
    if not part.values:
        if not is_unit(part.unit):
            findings.add(
                (*path, "unit"), "a unit such as kg or m**2", hint="of a path to it, list the codes under `values`"
            )
        elif part.to is not None and converter(part.unit, part.to) is None:
            findings.add((*path, "to"), f"a unit that {part.unit} can be turned into")
        return
    if part.to is None:
        if not findings.has(*path, "to"):
            findings.add(path, "the field to", "nothing", "the one unit that all of them are turned into", key=True)
        return
    for code, unit in part.values.items():
        if not isinstance(unit, str) or not is_unit(unit):
            findings.add((*path, "values", code), "a unit such as kg or m**2")
        elif converter(unit, part.to) is None:
            findings.add((*path, "values", code), f"a unit that can be turned into {part.to}")


def _moment(part: FieldPart, path: Path, findings: Findings) -> None:
    several = isinstance(findings.top.at((*path, "format")).value, list)
    for place, form in enumerate(part.format):
        here = (*path, "format", place) if several else (*path, "format")
        if form in EPOCHS:
            if part.type != "datetime":
                findings.add(here, f"a form of a {part.type}", form, "epoch and epoch_ms are of datetimes")
            continue
        try:
            good = "%" in form and datetime.strptime(_SAMPLE.strftime(form), form) is not None  # noqa: DTZ007
        except ValueError:
            good = False
        if not good:
            findings.add(here, "a strptime form such as %d.%m.%Y", form)
        elif "%y" in form and part.pivot is None and not findings.has(*path, "pivot"):
            findings.add(here, "pivot beside a year of two digits", form, "pivot: 49 makes 49 to 2049 and 50 to 1950")
    if part.pivot is not None and not any("%y" in form for form in part.format):
        findings.add((*path, "pivot"), "a `format` with %y, a year of two digits", "pivot alone", key=True)
    if part.zone is not None:
        check_zone(part.zone, (*path, "zone"), findings)


def check_zone(zone: str, path: Path, findings: Findings) -> None:
    """Notes a zone that the machine does not know."""
    try:
        ZoneInfo(zone)
    except (ValueError, OSError, KeyError):
        # The list of some 600 zones would help nobody; only a near one is told.
        hint = nearest(zone, available_timezones())
        findings.add(path, "a zone such as Europe/Berlin", zone, "" if hint.startswith("known:") else hint)


def _boolean(part: FieldPart, path: Path, findings: Findings) -> None:
    if bool(part.true) != bool(part.false):
        lacking = "false" if part.true else "true"
        if not findings.has(*path, lacking):
            findings.add(path, f"the field {lacking}", "nothing", "list both; other texts are errors", key=True)
    for text in set(part.true) & set(part.false):
        findings.add((*path, "false"), "texts that do not stand under `true` too", repr(text))


def _choice(part: FieldPart, path: Path, findings: Findings) -> None:
    if not part.values and not findings.has(*path, "values"):
        findings.add(path, "the field values", "nothing", "what each code means: values: {A: open}", key=True)
    for code, value in part.values.items():
        if isinstance(value, list | dict):
            findings.add((*path, "values", code), "a text, a number, true, false or null")


def _list(part: FieldPart, path: Path, findings: Findings) -> None:
    if part.split is not None and part.fields is not None:
        findings.add((*path, "split"), "either `split` or `fields`", "both", key=True)


def _object(part: FieldPart, path: Path, findings: Findings) -> None:
    if part.fields is None and not findings.has(*path, "fields"):
        findings.add(path, "the field fields", "nothing", "without its own fields, its type is json", key=True)


_CHECKS: Final[Mapping[str, Callable[[FieldPart, Path, Findings], None]]] = {
    "integer": _number,
    "decimal": _number,
    "money": _money,
    "price": _price,
    "measure": _measure,
    "date": _moment,
    "time": _moment,
    "datetime": _moment,
    "boolean": _boolean,
    "enum": _choice,
    "list": _list,
    "object": _object,
}


def _encoding(text: str, path: Path, findings: Findings) -> None:
    source, arrow, target = text.partition(">")
    names = [source.strip(), target.rstrip("?").strip()] if arrow else [source.strip()]
    for name in names:
        try:
            good = codecs.lookup(name)._is_text_encoding  # noqa: SLF001  how `str.encode` itself tells them apart
        except (LookupError, ValueError):
            good = False
        if not good:
            findings.add(path, "an encoding such as cp1252, or FROM>TO", name)
