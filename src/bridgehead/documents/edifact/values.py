"""Reads values of EDIFACT: numbers under either decimal mark, days in the formats of data element 2379, GTINs."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Final

_NUMBER: Final = re.compile(r"[-+]?(?:\d{1,15}(?:[.,]\d{0,6})?|[.,]\d{1,6})-?")
_DAY_FORMATS: Final = {
    "2": "dmy6",
    "3": "mdy6",
    "4": "dmy8",
    "5": "dmy8",
    "101": "ymd6",
    "102": "ymd8",
    "201": "ymd6",
    "202": "ymd6",
    "203": "ymd8",
    "204": "ymd8",
    "205": "ymd8",
    "301": "ymd6",
    "302": "ymd6",
    "303": "ymd8",
    "304": "ymd8",
    "711": "ymd8",
    "713": "ymd6",
    "717": "ymd6",
    "718": "ymd8",
    "719": "ymd8",
    "720": "ymd6",
}
"""Data element 2379: where the day stands in the value, for the formats that name a day."""
_SECOND_AT: Final = {"711": 8, "713": 10, "717": 6, "718": 8, "719": 12}
"""Data element 2379: where the second day of a period starts."""
_VAGUE: Final = {
    "103": "a week and a day of it",
    "106": "a day without a year",
    "107": "a day of the year",
    "108": "a week",
    "109": "a month",
    "110": "a day of a month",
    "502": "hours",
    "602": "a year",
    "608": "a quarter",
    "609": "a month",
    "610": "a month",
    "613": "a third of a month",
    "615": "a week",
    "616": "a week",
    "701": "weeks",
    "703": "quarters",
    "715": "weeks",
    "716": "weeks",
    "801": "a number of years",
    "802": "a number of months",
    "803": "a number of weeks",
    "804": "a number of days",
    "805": "hours",
    "806": "minutes",
}
TIMES: Final = frozenset({"401", "402", "404", "405", "406", "501", "503"})
"""Data element 2379: times without a day."""
_CENTURY_TURN: Final = 70
_DIGITS: Final = {8: 12, 12: 12, 13: 13, 14: 14}


@lru_cache(maxsize=4_096)
def read_amount(text: str) -> Decimal | None:
    """The number, whose decimal mark may be point or comma (ISO 9735-1, 10.1: triads are never separated)."""
    if _NUMBER.fullmatch(text) is None:
        return None
    negative = text.startswith("-") or text.endswith("-")
    value = Decimal(text.strip("+-").replace(",", "."))
    return -value if negative else value


@dataclass(frozen=True, slots=True)
class Stated:
    """A day, a period from ``day`` to ``last``, or neither with the ``doubt`` that says why."""

    day: date | None
    last: date | None = None
    doubt: str = ""


@lru_cache(maxsize=1_024)
def read_stated(text: str, code: str) -> Stated:
    """The day or period that a value of C507 names under its format."""
    digits = re.sub(r"[-/. :]", "", text)
    shape = _DAY_FORMATS.get(code)
    if shape is None:
        vague = _VAGUE.get(code)
        if code == "103" or code in {"615", "616"}:
            return Stated(None, doubt=f"names {vague}, no day")
        return Stated(None, doubt=f"names {vague}" if vague else f"has the unknown format {code[:10]!r}")
    width = 8 if shape.endswith("8") else 6
    if not digits.isascii() or not digits[:width].isdigit() or len(digits) < width:
        return Stated(None, doubt=f"does not follow its format {code}")
    if code == "101" and len(digits) == 8:
        shape, width = "ymd8", 8
    first = _day(digits[:width], shape)
    if first is None:
        return Stated(None, doubt="is no calendar day")
    second_at = _SECOND_AT.get(code)
    if second_at is None:
        return Stated(first)
    last = _day(digits[second_at : second_at + width], shape)
    if last is None or last < first:
        return Stated(None, doubt="is no period of two days")
    return Stated(first, last)


def _day(digits: str, shape: str) -> date | None:
    if not digits.isdigit():
        return None
    if len(digits) == 6:
        at = 4 if shape != "ymd6" else 0
        century = "19" if int(digits[at : at + 2]) >= _CENTURY_TURN else "20"
        digits = digits[:at] + century + digits[at:]
    if len(digits) != 8:
        return None
    if shape.startswith("y"):
        year, month, day = digits[:4], digits[4:6], digits[6:]
    elif shape.startswith("d"):
        day, month, year = digits[:2], digits[2:4], digits[4:]
    else:
        month, day, year = digits[:2], digits[2:4], digits[4:]
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return None


def is_gtin(text: str) -> bool:
    """Whether 8, 12, 13 or 14 digits end in their check digit (GS1 General Specifications, 7.9)."""
    if not (text.isascii() and text.isdigit() and len(text) in _DIGITS):
        return False
    weighted = sum(int(one) * (3 if at % 2 == 0 else 1) for at, one in enumerate(reversed(text[:-1])))
    return (10 - weighted % 10) % 10 == int(text[-1])
