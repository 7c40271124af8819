"""The small types of a connector specification: references to secrets, settings, rates, paths, shapes."""

from __future__ import annotations

import re
from typing import Annotated, Final, Literal, TypeAlias

from pydantic import BeforeValidator, Field, JsonValue, WithJsonSchema
from pydantic_core import PydanticCustomError

from bridgehead.spec.forms import Duration, Text

__all__ = [
    "Duration", "FieldPath", "FieldType", "Literals", "Name", "Names", "Pairs", "Rate", "RequestRate",
    "SecretReference", "Setting", "Shape", "Sql", "StatusRange", "Template", "Text",
]  # fmt: skip

SECRET_SCHEMES: Final = ("env", "file", "keyring", "vault")
_SECRET: Final = re.compile(rf"^({'|'.join(SECRET_SCHEMES)}):.+")
_RATE: Final = re.compile(r"^\s*(\d+(?:\.\d+)?)\s*/\s*(s|m|h)\s*$")
_PER_S: Final = {"s": 1.0, "m": 60.0, "h": 3600.0}
_GAP: Final = re.compile(r"^\.|(?<!\\)\.\.")
_STATUS: Final = re.compile(r"^[1-5](\d\d|xx)$")

FieldType = Literal[
    "text", "code", "integer", "decimal", "money", "price", "measure", "date", "time", "datetime",
    "boolean", "enum", "list", "object", "json",
]  # fmt: skip
"""``text`` is trimmed; ``code`` too, and stays a text however it looks; ``money`` and ``price`` carry a currency."""


def _wrong(expected: str) -> PydanticCustomError:
    return PydanticCustomError("expected", "{expected}", {"expected": expected})


def _secret(value: object) -> object:
    if isinstance(value, str) and _SECRET.match(value):
        return value
    raise _wrong("a reference such as env:ERP_SECRET or file:secret.txt, because a secret never stands in this file")


def _rate(value: object) -> object:
    found = _RATE.match(value) if isinstance(value, str) else None
    if found is None or float(found[1]) <= 0:
        raise _wrong("a rate such as 20/s, 100/m or 1000/h")
    return float(found[1]) / _PER_S[found[2]]


def _status(value: object) -> object:
    found = [str(one) for one in value] if isinstance(value, list | tuple) else [str(value)]
    if found and all(_STATUS.match(one) for one in found):
        return tuple(found)
    raise _wrong("a status such as 409, a list of them, or a range such as 5xx")


def _several(value: object) -> object:
    if isinstance(value, str):
        return (value,)
    return tuple(value) if isinstance(value, list) else value


def _path(value: object) -> object:
    if isinstance(value, str) and value.strip() and not _GAP.search(value):
        return value.strip()
    raise _wrong("a path such as customer.name, items.0.id or lines.*.sku")


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float | str) else 0.0


SecretReference = Annotated[
    str, BeforeValidator(_secret), WithJsonSchema({"type": "string", "pattern": _SECRET.pattern})
]
Setting = Text
"""A value that may be written out or be ``env:NAME`` (``file:NAME``), read when the connector is opened."""
Rate = Annotated[float, BeforeValidator(_rate), WithJsonSchema({"type": "string", "pattern": _RATE.pattern})]
RequestRate = Rate
StatusRange = Annotated[
    tuple[str, ...],
    BeforeValidator(_status),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}),
]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
_LIST: Final = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}
Names = Annotated[tuple[Text, ...], BeforeValidator(_several), WithJsonSchema(_LIST)]
Literals = Annotated[tuple[str, ...], BeforeValidator(_several), WithJsonSchema(_LIST)]
"""Texts as the system sends them; the empty text and spaces are texts too."""
FieldPath = Annotated[str, BeforeValidator(_path), WithJsonSchema({"type": "string", "minLength": 1})]
"""Dotted: names, list positions from 0, ``*`` for every entry; ``.`` inside a name is written ``\\.``."""
Template = Annotated[str, Field(max_length=20_000)]
"""Text with ``{argument}`` or ``{argument|FORMAT}``; ``{{`` is a brace."""
Sql = Annotated[str, Field(min_length=1, max_length=20_000)]
"""One statement with ``:argument`` where a value is bound; ``:item.FIELD`` looks into it."""
Pairs = Annotated[dict[str, JsonValue], WithJsonSchema({"type": "object"})]
Shape: TypeAlias = Annotated[dict[str, JsonValue], WithJsonSchema({"type": "object"})]
"""Arguments by name: a type word (``code``, ``date``, ``text?``), a mapping for an object, ``[one]`` for a list."""
