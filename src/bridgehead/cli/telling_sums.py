"""A number that looks like the total of an order whose reader read none: where it stands, and whether it agrees."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from bridgehead.cli.telling_passage import UNREAD as UNREAD_PDF
from bridgehead.cli.telling_passage import pieces
from bridgehead.cli.telling_pdf import LATER
from bridgehead.cli.telling_words import items, mapping
from bridgehead.documents.pdf.vocabulary import sum_kind
from bridgehead.reviews.stakes import stake
from bridgehead.spec.tool import JSON

UNREAD: Final = "Sums: no total was read"
"""How the check opens that had no total to compare."""
_FIGURE: Final = re.compile(r"(?<![\w.,])\d{1,3}(?:[.,'’ \u00a0\u202f]?\d{3})*[.,]\d{2}(?![\d.,]?\d)")
_WIDE: Final = 200
_MOST: Final = 2


def unread_totals(original: bytes, given: JSON) -> Iterator[str]:
    """Yields each number of a document that looks like its total: it is what the lines add up to, or stands by a sum.

    ``given`` is the order as it was read. What a line itself states is no total, nor is anything where one was read.
    """
    order = mapping(given)
    if order.get("stated_total") is not None or "lines" not in order:
        return
    whole, _ = stake({"lines": order.get("lines")})
    lines = [mapping(line) for line in items(order["lines"])]
    own = {_digits(str(line.get(name) or "")) for line in lines for name in ("amount", "price")}
    wanted = "" if whole is None else _digits(f"{whole.quantize(Decimal('0.01'))}")
    several = len(lines) > 1
    told = 0
    for where, text in ((where, line) for where, piece in pieces(original) for line in piece.split("\n")):
        if not text and where.endswith(UNREAD_PDF):
            yield f"Whether a total stands in {where} is not told. {LATER}"
        if len(text) > _WIDE or told == _MOST:
            continue
        named = sum_kind(text) in {"net", "gross"}
        for figure in _FIGURE.findall(text):
            agrees = _digits(figure) == wanted
            if told < _MOST and ((agrees and (several or named)) or (named and _digits(figure) not in own)):
                told += 1
                adds = "which is what the lines add up to" if agrees else f"and the lines add up to {whole}"
                yield f"The number {figure} looks like a total ({where}), {adds}; it was not read as one."


def _digits(text: str) -> str:
    """Returns the digits of an amount with two decimals, however it is written; empty for any other text."""
    number = re.sub(r"[^\d.,]", "", text)
    if not number:
        return ""
    bare = re.split(r"[.,](?=\d{1,2}$)", number)
    cents = bare[1].ljust(2, "0") if len(bare) == 2 else "00"  # noqa: PLR2004  # a whole number and its decimals
    return re.sub(r"\D", "", bare[0]).lstrip("0") + cents
