"""Stand-ins: values that take the place of what must not be written down, of the same type and shape.

A stand-in depends on how many others were made before it and on the shape alone, never on the value,
so nobody can try out which value it stands for.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Final
from urllib.parse import quote, quote_plus

from bridgehead.connectors.document_entity import FieldPart

SHORTEST: Final = 4
"""Shorter values say little, and would be found by chance in any text."""

LONG: Final = 6
"""Values of this length are found inside other words too."""

_DAY: Final = re.compile(r"^\d{4}-\d\d-\d\d")
_FIRST: Final = datetime(2001, 1, 1, tzinfo=UTC)
_LOWER: Final = "bcdfghjklmnpqrstvwxz"
_UPPER: Final = _LOWER.upper()
_DIGITS: Final = 10


class StandIns:
    """Makes stand-ins, one for each value, and puts them in the place of what they stand for in any text."""

    def __init__(self) -> None:
        self._known: dict[tuple[type, object], object] = {}

    def of(self, value: object, part: FieldPart | None = None) -> object:
        """Returns what stands for a value; the same for the same value. ``part`` says what it means."""
        if value is None or isinstance(value, bool) or value == "":
            return False if isinstance(value, bool) else value
        slot = (type(value), value if not isinstance(value, Decimal) else str(value))
        if slot not in self._known:
            self._known[slot] = _made(value, part, len(self._known) + 1)
        return self._known[slot]

    def texts(self) -> list[str]:
        """Returns every hidden value that can be recognised, as it is and as addresses write it, the longest first."""
        return [form for form, _ in self._forms()]

    def _forms(self) -> list[tuple[str, str]]:
        """Returns (hidden, what stands for it) for every spelling of every value that can be recognised."""
        found: dict[str, str] = {}
        for (_, value), stand_in in self._known.items():
            hidden, shown = str(value).strip(), str(stand_in).strip()
            if len(hidden) >= SHORTEST and _telling(hidden):
                found |= {quote(hidden, safe=""): quote(shown, safe=""), quote_plus(hidden): quote_plus(shown)}
                found[hidden] = shown
        return sorted(found.items(), key=lambda pair: (-len(pair[0]), pair[0]))

    def everywhere(self, value: object) -> object:
        """Returns a value with every hidden one in it replaced, wherever it stands by itself."""
        if isinstance(value, dict):
            return {key: self.everywhere(one) for key, one in value.items()}
        if isinstance(value, list | tuple):
            return [self.everywhere(one) for one in value]
        if isinstance(value, bool) or value is None:
            return value
        if isinstance(value, str):
            return self._in_text(value)
        text = str(value)
        known = (type(value), text if isinstance(value, Decimal) else value)
        return self._known.get(known, value) if len(text) >= SHORTEST and _telling(text) else value

    def _in_text(self, text: str) -> str:
        for hidden, shown in self._forms():
            if hidden in text:
                bounded = len(hidden) < LONG or hidden.isdecimal()  # a number in a longer one is another number
                form = rf"(?<!\w){re.escape(hidden)}(?!\w)" if bounded else re.escape(hidden)
                text = re.sub(form, _writes(shown), text)
        return text


def _writes(text: str) -> Callable[[re.Match[str]], str]:
    return lambda _: text


def stands_in(text: str, hidden: Iterable[str]) -> str | None:
    """Returns the first hidden value that still stands in a text, short ones by themselves; None if none does."""
    return next(
        (
            one
            for one in hidden
            if one in text and (len(one) >= LONG or re.search(rf"(?<!\w){re.escape(one)}(?!\w)", text))
        ),
        None,
    )


def _telling(text: str) -> bool:
    """Tells whether a text can be recognised: a word, or a long number; a year could be anything."""
    return any(character.isalpha() for character in text) or sum(character.isdigit() for character in text) > 5  # noqa: PLR2004  # a day has 8 digits, a year 4


def _made(value: object, part: FieldPart | None, number: int) -> object:
    if isinstance(value, datetime):
        return (_FIRST + timedelta(days=number)).replace(tzinfo=value.tzinfo)
    if isinstance(value, date):
        return (_FIRST + timedelta(days=number)).date()
    if isinstance(value, int):
        return int(_shaped(str(value), number))
    if isinstance(value, Decimal):
        return Decimal(_shaped(format(value, "f"), number))
    if isinstance(value, float):
        return float(_shaped(format(Decimal(repr(value)), "f"), number))
    if isinstance(value, bytes):
        return _shaped(value.decode("latin-1"), number).encode("latin-1")
    return _text(str(value), part, number)


def _text(text: str, part: FieldPart | None, number: int) -> str:
    day = _FIRST + timedelta(days=number)
    if part is not None and part.values:
        codes = [code for code in part.values if code != text.strip()]
        return codes[0] if codes else text
    if part is not None and (part.true or part.false):
        return (part.false or part.true)[0]
    for form in part.format if part is not None else ():
        try:
            datetime.strptime(text.strip(), form)  # noqa: DTZ007  # only whether it fits
        except ValueError:
            continue
        return day.strftime(form)
    if _DAY.match(text):
        return day.date().isoformat() + re.sub(r"\d", "0", text[10:])
    if re.fullmatch(r"[^@\s]+@[^@\s]+", text.strip()):
        return f"person{number}@example.com"
    return _shaped(text, number)


def _shaped(text: str, number: int) -> str:
    """Returns a text with each letter and digit exchanged for another one of its kind; signs and spaces stay."""
    state = number * 2_654_435_761 % 2**32
    found: list[str] = []
    for character in text:
        state = (state * 1_103_515_245 + 12_345) % 2**31
        draw = state >> 8
        if character.isdigit():
            leads = not any(one.isdigit() for one in found)
            found.append(str(1 + draw % (_DIGITS - 1)) if leads else str(draw % _DIGITS))
        elif character.isalpha():
            found.append((_UPPER if character.isupper() else _LOWER)[draw % len(_LOWER)])
        else:
            found.append(character)
    return "".join(found)
