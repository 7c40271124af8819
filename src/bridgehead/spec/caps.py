"""What a tool may do at most, whatever is proposed: ``5000 EUR per 1d``, ``20 recipients per case``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal

from bridgehead.errors import UserError
from bridgehead.spec.problem import nearest
from bridgehead.spec.tool import parse_duration

CapKind = Literal["calls", "money", "recipients", "records"]
"""What a cap counts: calls, the money they move, whom they reach, which records they touch."""

CASE: Final = "case"
FORM: Final = "a cap such as 3 calls per case, 5000 EUR per 1d, 20 recipients per 1h or 200 records per case"
LONGEST_S: Final = 366 * 86_400.0
"""No window is longer than a year and a day."""

_WORDS: Final = {
    "call": "calls", "calls": "calls", "recipient": "recipients", "recipients": "recipients",
    "record": "records", "records": "records",
}  # fmt: skip
_PARTS: Final = re.compile(r"(\S+)\s+(\S+)\s+(\S+)\s+(\S+)")
_NUMBER: Final = re.compile(r"\d{1,15}(?:\.\d{1,4})?", re.ASCII)
_CURRENCY: Final = re.compile(r"[A-Z]{3}", re.ASCII)
_PLAIN_UNITS: Final = {"day": "1d", "hour": "1h", "minute": "1m", "second": "1s", "week": "7d", "month": "30d"}


class CapError(ValueError):
    """A text that is no cap; ``hint`` says what to write instead."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Cap:
    """At most ``limit`` of one kind in a case (``window_s`` None), or in any ``window_s`` seconds on end.

    ``currency`` is set for money alone. A window slides: it has no fixed beginning, so that twice the limit cannot be
    spent around midnight.
    """

    kind: CapKind
    limit: Decimal
    window_s: float | None = None
    currency: str = ""

    def __str__(self) -> str:
        what = self.currency or (self.kind[:-1] if self.limit == 1 else self.kind)
        return f"{self.limit:f} {what} per {shown_window(self.window_s)}"

    @property
    def counter(self) -> str:
        """The name of what is counted: one kind, one currency, one window."""
        what = f"{self.kind}:{self.currency}" if self.currency else self.kind
        return f"{what}/{'case' if self.window_s is None else f'{self.window_s:g}'}"


def shown_window(window_s: float | None) -> str:
    """Returns a window as it is written: ``case``, ``1d``, ``90m``."""
    if window_s is None:
        return CASE
    for unit, seconds in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if window_s % seconds == 0:
            return f"{window_s / seconds:.0f}{unit}"
    return f"{window_s:g}s"


def parse_cap(text: str) -> Cap:
    """Returns the cap that a text states; raises CapError with the nearest right word.

    The form is ``NUMBER calls|recipients|records|CURRENCY per case|DURATION``. Money takes up to four decimals, a
    window is between a second and a year.
    """
    found = _PARTS.fullmatch(text.strip())
    if found is None:
        raise CapError(f"{text!r} is not of the form NUMBER WHAT per WINDOW", "write it as in 5000 EUR per 1d")
    number, what, per, window = found.groups()
    if _NUMBER.fullmatch(number) is None:
        raise CapError(f"{number!r} is no number", "write a number without separators, as in 5000 EUR per 1d")
    if per != "per":
        raise CapError(f"{per!r} stands where `per` is expected", "write it as in 5000 EUR per 1d")
    kind, currency = _kind(what)
    limit = Decimal(number)
    if kind != "money" and limit != limit.to_integral_value():
        raise CapError(f"{number} {what}: {kind} are counted in whole numbers", f"write {int(limit)} {kind}")
    return Cap(kind, limit, _window(window), currency)


def _kind(word: str) -> tuple[CapKind, str]:
    known = _WORDS.get(word.lower())
    if known is not None:
        return known, ""  # type: ignore[return-value]  # the table holds three of the kinds
    if _CURRENCY.fullmatch(word):
        return "money", word
    if _CURRENCY.fullmatch(word.upper()) and word.upper() != "PER":
        raise CapError(f"{word!r} is no currency as ISO 4217 writes it", f"did you mean {word.upper()}?")
    known = "count calls, recipients, records or a currency such as EUR"
    raise CapError(f"{word!r} cannot be counted", _meant(word, ("calls", "recipients", "records"), known))


def _window(word: str) -> float | None:
    if word == CASE:
        return None
    try:
        seconds = parse_duration(word)
    except UserError:
        plain = _PLAIN_UNITS.get(word.lower().rstrip("s"))
        hint = f"write {plain}" if plain else _meant(word, (CASE,), "write case, or a duration such as 1m, 1h or 1d")
        raise CapError(f"{word!r} is no window", hint) from None
    if not 1.0 <= seconds <= LONGEST_S:
        raise CapError(f"{word} is no window", "a window is at least 1s and at most 366d long")
    return seconds


def _meant(word: str, options: tuple[str, ...], otherwise: str) -> str:
    """Returns which of the options was meant, or what to say where none is near."""
    hint = nearest(word, options)
    return hint if hint.startswith("did you mean") else otherwise
