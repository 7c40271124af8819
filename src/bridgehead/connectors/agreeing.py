"""Whether what a system holds is what was meant: values compared by meaning, not by spelling."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import TypeGuard

from pydantic import BaseModel

from bridgehead.connectors.fill import fill, plain
from bridgehead.connectors.paths import MISSING, find
from bridgehead.money import Money


def meant(template: object, values: Mapping[str, object]) -> object:
    """Returns a template filled, for ``agrees``: an argument that stands alone and is money keeps its currency."""
    if isinstance(template, str) and template.startswith("{") and template.endswith("}"):
        value = find(values, template[1:-1].strip())
        if isinstance(value, Money):
            return value
    return fill(template, values)


def agrees(wanted: object, found: object) -> bool:
    """Tells whether ``found`` is what was ``wanted``.

    Numbers agree by value ("10" and 10.00), amounts of money by their currency too where both have
    one, times as the same moment, texts without outer spaces; a mapping agrees when each field that
    is wanted does; lists agree in number and, one for one in any order, in content.
    """
    if isinstance(found, Money):
        if isinstance(wanted, Money) and wanted.currency.upper() != found.currency.upper():
            return False
        found = found.amount
    if isinstance(wanted, Money):
        wanted = wanted.amount
    if isinstance(found, BaseModel):
        found = {name: getattr(found, name) for name in type(found).model_fields}
    if wanted is None or found is None or found is MISSING:
        return wanted is None and (found is None or found is MISSING)
    if isinstance(wanted, Mapping):
        return all(agrees(value, find(found, str(name))) for name, value in wanted.items())
    if _is_list(wanted) or _is_list(found):
        return _is_list(wanted) and _is_list(found) and _same_lists(wanted, found)
    if isinstance(wanted, bool) or isinstance(found, bool):
        return plain(wanted) == plain(found)
    if isinstance(found, datetime) and (moment := _moment(wanted)) is not None and found.tzinfo is not None:
        return moment == found
    numbers = _number(wanted), _number(found)
    if numbers[0] is not None and numbers[1] is not None and not (isinstance(wanted, str) and isinstance(found, str)):
        return numbers[0] == numbers[1]
    return str(plain(wanted)).strip() == str(plain(found)).strip()


def difference(wanted: object, found: object, path: str = "") -> tuple[str, object, object] | None:
    """Returns the place of the first difference with what was wanted and what is found there; None when they agree.

    Entries of lists stand in any order: one that is wanted and not there is held against the entry
    left over that is most like it. What is missing altogether is MISSING.
    """
    if agrees(wanted, found):
        return None
    if isinstance(wanted, Mapping) and isinstance(found, Mapping | BaseModel):
        for name, value in wanted.items():
            inside = difference(value, find(found, str(name)), f"{path}.{name}")
            if inside is not None:
                return inside
    if _is_list(wanted) and _is_list(found):
        if len(wanted) != len(found):
            return path, f"{len(wanted)} entries", f"{len(found)} entries"
        left = list(found)
        for number, one in enumerate(wanted):
            place = next((number for number, other in enumerate(left) if agrees(one, other)), None)
            if place is not None:
                left.pop(place)
                continue
            rest = [other for other in left if not any(agrees(each, other) for each in wanted)]
            return difference(one, max(rest or left, key=lambda other: _likeness(one, other)), f"{path}.{number}")
    return path, wanted, found


def _likeness(wanted: object, found: object) -> int:
    if not isinstance(wanted, Mapping):
        return 0
    return sum(agrees(value, find(found, str(name))) for name, value in wanted.items())


def matches(record: BaseModel, conditions: Mapping[str, object], values: Mapping[str, object]) -> bool:
    """Tells whether each field of a record has the value, or one of the values, that is asked for.

    Texts in the conditions may be templates. No conditions: yes.
    """
    for field, template in conditions.items():
        wanted = fill(template, values)
        options = wanted if _is_list(wanted) else [wanted]
        if not any(agrees(option, find(record, field)) for option in options):
            return False
    return True


def _same_lists(wanted: Sequence[object], found: Sequence[object]) -> bool:
    if len(wanted) != len(found):
        return False
    left = list(found)
    for one in wanted:
        place = next((number for number, other in enumerate(left) if agrees(one, other)), None)
        if place is None:
            return False
        left.pop(place)
    return True


def _is_list(value: object) -> TypeGuard[Sequence[object]]:
    return isinstance(value, Sequence) and not isinstance(value, str | bytes)


def _moment(value: object) -> datetime | None:
    """Returns a moment; None for what is none, or has no zone."""
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        return None
    return moment if isinstance(moment, datetime) and moment.tzinfo is not None else None


def _number(value: object) -> Decimal | None:
    if isinstance(value, int | float | Decimal | str):
        try:
            number = Decimal(str(value).strip())
        except InvalidOperation:
            return None
        return number if number.is_finite() else None
    return None
