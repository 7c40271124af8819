"""Reads numbers as people write them, and says when a separator can be read two ways."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

DecimalSign = Literal[".", ","]

_SPACES = str.maketrans("", "", " \u00a0\u202f\u2009'’")
_PLAIN = re.compile(r"\d{1,15}")
_ONE_SIGN = re.compile(r"(\d{1,15})([.,])(\d{1,6})")
_GROUPED = re.compile(r"\d{1,3}(?:([.,])\d{3})(?:\1\d{3}){0,4}(?:([.,])(\d{1,6}))?")
_SPACED = re.compile(r"\d{1,3}(?:[ \u00a0\u202f\u2009'’]\d{3}){1,4}(?:[.,]\d{1,6})?")
_EVIDENCE = re.compile(
    r"(?<![\d.,/:-])(?:\d{1,3}(?:[., '’\u00a0\u202f]\d{3}){0,4}|\d{1,9})([.,])(\d{1,2}|\d{4})(?![\d.,/:-]?\d|[.,/-]\d)"
)
_THOUSANDTHS = re.compile(r"(?<![\w.,/:-])(?:\d{4,9}|0)([.,])\d{3}(?![\w/:-]|[.,]\d)")
"""Three decimals that cannot be grouping: four digits or a lone zero stand before them."""


@dataclass(frozen=True, slots=True)
class Number:
    """A number read from text; ``certain`` is false where ``1.000`` could be one or a thousand."""

    value: Decimal
    certain: bool


def read_number(text: str, sign: DecimalSign | None) -> Number | None:
    """Reads digits with optional grouping; ``sign`` is the document's decimal sign where it is known.

    None when the text is no number. A lone separator before exactly three digits is decided by ``sign``;
    without one it is read as grouping and marked uncertain.
    """
    text = text.strip()
    if _SPACED.fullmatch(text) is not None:
        text = text.translate(_SPACES)
        one = _ONE_SIGN.fullmatch(text)
        if one is not None:
            return Number(Decimal(f"{one[1]}.{one[3]}"), certain=True)
        return Number(Decimal(text), certain=True) if _PLAIN.fullmatch(text) else None
    if text.endswith((",-", ".-", ",--", ",—", ".—", ",–", ".–")):
        text = text.rstrip("-—–").rstrip(".,")
    if _PLAIN.fullmatch(text) is not None:
        return Number(Decimal(text), certain=True)
    one = _ONE_SIGN.fullmatch(text)
    if one is not None:
        whole, separator, rest = one[1], one[2], one[3]
        as_decimal = Decimal(f"{whole}.{rest}")
        if len(rest) != 3 or len(whole) > 3 or whole.startswith("0"):
            return Number(as_decimal, certain=True)
        if sign is None:
            return Number(Decimal(whole + rest), certain=False)
        return Number(as_decimal if sign == separator else Decimal(whole + rest), certain=True)
    grouped = _GROUPED.fullmatch(text)
    if grouped is None or grouped[2] == grouped[1]:
        return None
    whole = text if grouped[2] is None else text[: grouped.start(2)]
    digits = whole.replace(grouped[1], "")
    return Number(Decimal(digits + (f".{grouped[3]}" if grouped[3] else "")), certain=True)


def is_open(text: str) -> bool:
    """Whether the number needs the document's decimal sign to be read (``1.000``, ``3,200``)."""
    one = _ONE_SIGN.fullmatch(text.strip())
    return one is not None and len(one[3]) == 3 and len(one[1]) <= 3 and not one[1].startswith("0")


def decimal_sign(text: str) -> DecimalSign | None:
    """The decimal sign that the numbers of ``text`` agree on; None when they give none or both."""
    votes = {".": 0, ",": 0}
    for found in _EVIDENCE.finditer(text):
        if len(found[2]) == 2 or len(found[2]) == 4:
            votes[found[1]] += 1
    for found in _THOUSANDTHS.finditer(text):
        votes[found[1]] += 1
    if votes["."] and not votes[","]:
        return "."
    if votes[","] and not votes["."]:
        return ","
    if votes[","] >= 3 * votes["."] and votes[","]:
        return ","
    if votes["."] >= 3 * votes[","] and votes["."]:
        return "."
    return None
