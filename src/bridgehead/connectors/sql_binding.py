"""Typed arguments as a driver takes them, and a statement in the driver's own style of parameters (PEP 249)."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from typing import Final, TypeGuard

from bridgehead.connectors.fill import plain
from bridgehead.connectors.paths import MISSING, find
from bridgehead.connectors.sql_statement import Bind, Statement
from bridgehead.errors import Failed
from bridgehead.money import Money

Parameters = dict[str, object] | tuple[object, ...]
_NAMED: Final = frozenset({"pyformat", "named"})
MOST_VALUES: Final = 65_535
"""Values that one statement may bind: PostgreSQL's protocol counts them in 16 bits, and some databases bear fewer."""
_SHORTEST_HIDDEN: Final = 3
"""One or two characters tell nothing, and hiding them would spoil every message."""
_PLAIN: Final = frozenset(
    {str, int, float, bool, type(None), Decimal, date, datetime, time, bytes, list, dict}
)  # fmt: skip


def render(
    statement: Statement, values: Mapping[str, object], *, style: str, driver: Callable[[object], object]
) -> tuple[str, Parameters]:
    """Returns a statement's text and its parameters for a driver.

    An absent argument is NULL. A list becomes ``(?, ?, …)``; an empty one ``(NULL)``, which equals
    nothing. A list of objects, or an object, is bound as JSON text. ``driver`` turns one typed value
    into what the driver takes. Raises Failed ``invalid_input`` (``applied=False``) for more than
    ``MOST_VALUES``, and for an empty list behind NOT IN, where no value stands for every row.
    """
    parts: list[str] = []
    named: dict[str, object] = {}
    listed: list[object] = []

    def place(name: str, value: object) -> str:
        if style in _NAMED:
            named[name] = driver(value)
            return f"%({name})s" if style == "pyformat" else f":{name}"
        listed.append(driver(value))
        return {"qmark": "?", "format": "%s", "numeric": f":{len(listed)}"}.get(style, f"${len(listed)}")

    for piece in statement.pieces:
        if isinstance(piece, str):
            parts.append(piece.replace("%", "%%") if style in {"format", "pyformat"} else piece)
            continue
        value = bound(find(values, piece.name))
        if piece.tested:
            # PostgreSQL finds no type for a value that is only compared with NULL.
            parts.append("NULL" if value is None else "1")
            continue
        name = "b_" + piece.name.replace(".", "__")
        if not isinstance(value, tuple):
            parts.append(place(name, value))
            continue
        if len(value) + len(named) + len(listed) > MOST_VALUES:
            raise Failed(
                f"the list {piece.name} holds {len(value)} values, and a statement takes {MOST_VALUES} in all",
                error_class="invalid_input", applied=False, field=piece.name, hint="Ask in several calls.",
            )  # fmt: skip
        inside = ", ".join(place(f"{name}_{at}", one) for at, one in enumerate(value)) if value else _empty(piece)
        parts.append(inside if piece.wrapped else f"({inside})")
    return "".join(parts), named if style in _NAMED else tuple(listed)


def _empty(bind: Bind) -> str:
    if bind.negated:
        raise Failed(
            f"the list {bind.name} is empty, and NOT IN an empty list would bring nothing instead of all",
            error_class="invalid_input",
            applied=False,
            field=bind.name,
        )
    return "NULL"


def bound(value: object) -> object:
    """Returns a typed argument as a plain value, or a tuple of plain values for a list of them."""
    if value is MISSING or value is None:
        return None
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Money):
        return value.amount
    if isinstance(value, str | int | float | Decimal | date | time | bytes):
        return value
    if _is_list(value):
        if any(_is_object(one) for one in value):
            return json.dumps(plain(value), ensure_ascii=False)
        return tuple(bound(one) for one in value)
    if _is_object(value):
        return json.dumps(plain(value), ensure_ascii=False)
    return str(value)


def for_sqlite(value: object) -> object:
    """Returns a value as SQLite stores it: ISO 8601 texts in UTC, whole numbers, and decimals it can hold exactly."""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, Decimal):
        if value == value.to_integral_value() and abs(value) < 2**63:
            return int(value)
        return float(value) if Decimal(repr(float(value))) == value else format(value, "f")
    if isinstance(value, datetime):
        return in_utc(value).isoformat(sep=" ")
    if isinstance(value, date | time):
        return value.isoformat()
    return value


def without_zone(value: object) -> object:
    """Returns a value for a driver that would drop a zone in silence: times are told in UTC."""
    return in_utc(value) if isinstance(value, datetime) else value


def in_utc(moment: datetime) -> datetime:
    """Returns a time in UTC without its zone; one without a zone as it is."""
    return moment if moment.tzinfo is None else moment.astimezone(UTC).replace(tzinfo=None)


def read_row(names: Sequence[str], row: Sequence[object]) -> dict[str, object]:
    """Returns a row by its columns' labels; a driver's own types that mapping does not know become texts."""
    return {name: one if type(one) in _PLAIN else _readable(one) for name, one in zip(names, row, strict=True)}


def _readable(value: object) -> object:
    if isinstance(value, memoryview | bytearray):
        return bytes(value)
    if isinstance(value, timedelta) and timedelta() <= value < timedelta(days=1):
        return (datetime.min + value).time()  # noqa: DTZ901 - a time of day has no zone here
    if isinstance(value, tuple | set | frozenset):
        return list(value)
    return str(value)


def hide_values(text: str, values: Mapping[str, object]) -> str:
    """Returns a database's message without the values that were bound: ``Duplicate entry '(hidden)' for key …``."""
    shown: set[str] = set()
    _collect(values, shown)
    for one in sorted((one for one in shown if one in text), key=len, reverse=True):
        text = re.sub(rf"(?<!\w){re.escape(one)}(?!\w)", "(hidden)", text)
    return text


def _collect(value: object, shown: set[str]) -> None:
    if isinstance(value, Mapping):
        for one in value.values():
            _collect(one, shown)
    elif _is_list(value):
        for one in value:
            _collect(one, shown)
    elif _is_object(value):
        _collect(plain(value), shown)
    elif value is not None and not isinstance(value, bool):
        text = str(plain(bound(value))).strip()
        if len(text) >= _SHORTEST_HIDDEN:
            shown.add(text)


def _is_list(value: object) -> TypeGuard[Sequence[object]]:
    return isinstance(value, Sequence) and not isinstance(value, str | bytes)


def _is_object(value: object) -> bool:
    return not isinstance(value, Money) and (
        isinstance(value, Mapping) or hasattr(value, "__dataclass_fields__") or hasattr(type(value), "model_fields")
    )
