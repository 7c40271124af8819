"""One item while it is read out of a line: what was taken is blanked, so that nothing is read twice."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from bridgehead.documents.draft import DraftLine
from bridgehead.documents.tables.cells import DIGITS

MAX_LINE = 300
GAP: Final = "\x01"
"""Stands where something was taken."""
QUANTITY_GAP: Final = "\x03"
"""Stands where the quantity was taken."""
AMOUNT: Final = rf"(?:\d{{1,3}}(?:[ \u00a0\u202f'’]\d{{3}})+(?:[.,]\d{{1,4}})?|{DIGITS})(?:,-|,--|\.-|\.--|\.—)?"


@dataclass(slots=True)
class Item:
    """What a line holds of an item; ``doubts`` are what could be read two ways, ``price_unit`` what the price is per."""

    line: DraftLine
    rank: int = 0
    doubts: list[str] = field(default_factory=list)
    currency: str | None = None
    price_unit: str = ""
    listed: bool = False
    code_rank: int = 0
    sided: str = ""

    @property
    def priced(self) -> bool:
        """Whether the line states a price."""
        return self.line.price is not None


def blank(text: str, start: int, end: int) -> str:
    """The line without a piece that was taken; a gap stays in its place."""
    return text[:start] + f" {GAP} " + text[end:]


def has_digit(text: str) -> bool:
    """Whether a digit is in the text."""
    return any(one.isdigit() for one in text)


def adds_up(line: DraftLine) -> bool:
    """Whether quantity times price is the amount, so that all three are proved."""
    if line.quantity is None or line.price is None or line.amount is None:
        return False
    return abs(line.quantity * line.price / line.price_basis - line.amount) <= Decimal("0.01")
