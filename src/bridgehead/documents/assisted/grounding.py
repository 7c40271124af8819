"""Holds a model's answer to the document: a value stands where the model says it does, or it is dropped and told.

A model's words never become a value. They name a place in the text; what stands there is read by the rules that read
everything else (``RULES``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from pydantic import JsonValue

from bridgehead.documents.assisted.asking import HEADER_FIELDS, KINDS, LINE_FIELDS
from bridgehead.documents.assisted.seen import MAX_LINES, Seen, SeenLine
from bridgehead.documents.dates import read_day
from bridgehead.documents.identifiers import gtin_holds
from bridgehead.documents.order import Source
from bridgehead.documents.tables.cells import Ways, read_price, read_quantity, written_unit
from bridgehead.documents.terms import currency_of
from bridgehead.documents.units import UNIT_CODES
from bridgehead.documents.vigilance import addresses_machine

RULES: Final[Mapping[str, str]] = {
    "only_place": "The text stands in one line alone, which is not the one that the model named.",
    "decimal_sign": "The decimal sign is that of the document's other numbers.",
    "unit_in_cell": "The unit stands beside the number.",
    "currency_sign": "The currency stands as a sign or a word, or beside the price.",
    "price_per_basis": "The price says for how many units it is.",
    "date_format": "The day is written in the order of day and month that the document uses.",
    "year_of_writing": "The day has no year; it is the next such day after the mail was written.",
    "check_digit": "The digits without blanks are a GTIN with the right check digit.",
}
"""How a value may follow from the text that is found; whatever does not follow by one of these is dropped."""
Value = str | Decimal | date
_LONGEST: Final = 300
_MOST_DROPPED: Final = 20
_YEAR: Final = re.compile(r"\d{4}|[./-]\d{2}$|'\d{2}|^\d{6}$")
_NUMBERS: Final = frozenset({"quantity", "price", "price_basis", "amount", "stated_total"})
_DAYS: Final = frozenset({"order_date", "requested_date"})
_CODES: Final = frozenset({"po_number", "supplier_part", "customer_part", "gtin"})
_JOINING: Final = r"[-/._]"
_COUNTING: Final = r"[.,'’]"


@dataclass(frozen=True, slots=True)
class Found:
    """A value that the document holds; ``source.text`` is its text there, ``rules`` are those of ``RULES`` it took."""

    value: Value
    source: Source
    rules: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Grounded:
    """An answer as far as the document bears it out; ``dropped`` says what it does not, and why."""

    kind: str
    several_orders: bool
    fields: Mapping[str, Found]
    items: tuple[Mapping[str, Found], ...]
    dropped: tuple[str, ...] = ()


class _UnfoundedError(Exception):
    """A value of the answer does not follow from the document."""


def grounded(answer: Mapping[str, JsonValue], seen: Seen) -> Grounded:
    """Holds an answer to the text that the model was shown; raises nothing, whatever the answer holds."""
    dropped: list[str] = []
    fields = _fields(answer, HEADER_FIELDS, seen, dropped, "")
    stated = answer.get("items")
    items: list[Mapping[str, Found]] = []
    for number, one in enumerate(stated[:MAX_LINES] if isinstance(stated, list) else (), 1):
        found = _fields(one, LINE_FIELDS, seen, dropped, f"item {number}: ") if isinstance(one, Mapping) else {}
        if found:
            items.append(found)
    if isinstance(stated, list) and len(items) < len(stated):
        dropped.append(f"{len(stated) - len(items)} items of which the document holds nothing")
    kind = answer.get("kind")
    return Grounded(
        kind if isinstance(kind, str) and kind in KINDS else "other",
        answer.get("several_orders") is not False,
        fields,
        tuple(items),
        tuple(dropped[:_MOST_DROPPED]),
    )


def _fields(
    answer: Mapping[str, JsonValue], names: Mapping[str, str], seen: Seen, dropped: list[str], where: str
) -> dict[str, Found]:
    found: dict[str, Found] = {}
    for name in names:
        stated = answer.get(name)
        if stated is None:
            continue
        try:
            for key, value in _read(name, stated, seen).items():
                found.setdefault(key, value)
        except _UnfoundedError as error:
            dropped.append(f"{where}{name.replace('_', ' ')} {error}")
    return found


def _read(name: str, stated: JsonValue, seen: Seen) -> dict[str, Found]:
    """The field with what stands in the same words: the unit beside a quantity, currency and basis beside a price."""
    if not isinstance(stated, Mapping):
        raise _UnfoundedError("names no place")
    number, text = stated.get("line"), stated.get("text")
    if not isinstance(number, int) or not isinstance(text, str) or not 0 < len(text.strip()) <= _LONGEST:
        raise _UnfoundedError("names no place")
    line, written, rules = _place(name, number, text, seen.lines)
    if addresses_machine(line.text) is not None:
        raise _UnfoundedError(f"{written[:40]!r} stands in a sentence to the reader")
    source = Source(line.part, line.line, written, page=line.page, how="model")
    read = _READERS.get(name)
    if read is None:
        return {name: Found(written, source, rules)}
    found = read(name, written, seen.ways)
    return {key: Found(value, source, (*rules, *more)) for key, (value, more) in found.items()}


def _place(name: str, number: int, text: str, lines: Sequence[SeenLine]) -> tuple[SeenLine, str, tuple[str, ...]]:
    pattern = _pattern(name, text)
    named = lines[number - 1] if 0 < number <= len(lines) else None
    found = pattern.search(named.text) if named is not None else None
    if named is not None and found is not None:
        return named, " ".join(found[0].split()), ()
    others = [(line, match) for line in lines if (match := pattern.search(line.text)) is not None]
    if len(others) == 1:
        return others[0][0], " ".join(others[0][1][0].split()), ("only_place",)
    what = "stands nowhere in the document" if not others else f"does not stand in line {number}"
    raise _UnfoundedError(f"{text.strip()[:40]!r} {what}")


def _pattern(name: str, text: str) -> re.Pattern[str]:
    """The text as a whole: no piece of a longer number, code or word is found, whatever blanks and capitals are."""
    words = r"\s+".join(re.escape(word) for word in text.split())
    if name in _NUMBERS or name in _DAYS:
        parting = _COUNTING if name in _NUMBERS else r"[./-]"
        before, after = rf"(?<!\w)(?<!\d{parting})(?<![^\W\d_]-)", rf"(?!\d|{parting}\d)"
        if text.strip()[-1].isdigit():
            after += r"(?![^\W\d_]+\d)"  # 10 of 10mm2
    elif name in _CODES:
        before, after = rf"(?<!\w)(?<!\w{_JOINING})", rf"(?!\w|{_JOINING}\w)"
    elif name == "unit":
        before, after = r"(?<![^\W\d_])", r"(?!\w)"
    else:
        before = r"(?<!\w)" if text.strip()[0].isalnum() else ""
        after = r"(?!\w)" if text.strip()[-1].isalnum() else ""
    return re.compile(f"{before}{words}{after}", re.IGNORECASE)


_Read = dict[str, tuple[Value, tuple[str, ...]]]


def _quantity(name: str, text: str, ways: Ways) -> _Read:
    found = read_quantity(text, ways)
    if found is None:
        raise _UnfoundedError(f"{text[:40]!r} is no number")
    if not found.certain:
        raise _UnfoundedError(f"{text[:40]!r} can be read two ways")
    read: _Read = {name: (found.value, _signed(text))}
    if found.unit and name == "quantity":
        read["unit"] = (found.unit, ("unit_in_cell",))
    return read


def _price(name: str, text: str, ways: Ways) -> _Read:
    found = read_price(text, ways)
    if found is None:
        raise _UnfoundedError(f"{text[:40]!r} is no price")
    if not found.certain:
        raise _UnfoundedError(f"{text[:40]!r} can be read two ways")
    read: _Read = {name: (found.value, _signed(text))}
    if found.currency is not None:
        read["currency"] = (found.currency, ("currency_sign",))
    if found.basis != 1 and name == "price":
        read["price_basis"] = (found.basis, ("price_per_basis",))
    return read


def _signed(text: str) -> tuple[str, ...]:
    return ("decimal_sign",) if re.search(rf"\d{_COUNTING}\d", text) else ()


def _day(name: str, text: str, ways: Ways) -> _Read:
    found = read_day(text, ways.days)
    if found is None or found.day is None:
        raise _UnfoundedError(f"{text[:40]!r} {'is no day' if found is None else found.doubt or 'is no one day'}")
    rules = ("date_format",) if _YEAR.search(text) else ("date_format", "year_of_writing")
    return {name: (found.day, rules)}


def _currency(name: str, text: str, ways: Ways) -> _Read:  # noqa: ARG001 - a reader of a field takes all
    code = currency_of(text)
    if code is None:
        raise _UnfoundedError(f"{text[:40]!r} is no currency")
    return {name: (code, () if code == text else ("currency_sign",))}


def _unit(name: str, text: str, ways: Ways) -> _Read:
    if text.rstrip(".").lower() not in UNIT_CODES:
        raise _UnfoundedError(f"{text[:40]!r} is no unit")
    return {name: (written_unit(text, ways.language), ())}


def _gtin(name: str, text: str, ways: Ways) -> _Read:  # noqa: ARG001 - a reader of a field takes all
    digits = re.sub(r"\s", "", text)
    if not digits.isdigit() or not gtin_holds(digits):
        raise _UnfoundedError(f"{text[:40]!r} is no GTIN")
    return {name: (digits, ("check_digit",))}


_READERS: Final[Mapping[str, Callable[[str, str, Ways], _Read]]] = {
    "quantity": _quantity, "price_basis": _quantity, "price": _price, "amount": _price, "stated_total": _price,
    "order_date": _day, "requested_date": _day, "currency": _currency, "unit": _unit, "gtin": _gtin,
}  # fmt: skip
