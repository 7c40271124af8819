"""Finds fields that are named before their value, with a colon or without one: ``Datum 30.10.2026``, ``Total: 12,50``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from bridgehead.documents.dates import find_days, read_day
from bridgehead.documents.tables.cells import Ways, read_price, read_quantity
from bridgehead.documents.tables.headings import label_of
from bridgehead.documents.units import UNIT_CODES

LABEL: Final = re.compile(
    r"^[\s>*•–_-]{0,8}(?P<label>[^\W_][^:=\t|]{0,48}?)\s{0,4}\*{0,2}(?::|\t|=|\s\|)\s{0,20}\*{0,2}\s{0,8}(?P<value>\S.{0,400})?$"
)
_CELLS: Final = re.compile(r"\s{3,}|\t|\s*\|\s*|\s{2}(?=[^\W\d_][^\s:;]*(?: [^\s:;]+){0,4}:\s)")
"""Cells stand apart by three blanks, or by two before the label of the next."""
_SENTENCES: Final = re.compile(
    r"(?<![\s(]\d)(?<![\s(]\d\d)(?<!\bn)(?<!\bnr)(?<!\bno)(?<!\bart)(?<!\bpos)(?<!\bref)(?<!\bid)(?<!\bc[oó]d)\.\s+(?=[^\W\d_])|;\s+(?=[^\W\d_])",
    re.IGNORECASE,
)
_NUMBER: Final = re.compile(r"#?\s?(?=[\w./-]{0,30}\d)[A-Za-z0-9][\w./-]{1,29}")
_BARE: Final = frozenset(
    [
        "po_number",
        "po_or_part",
        "order_date",
        "requested_date",
        "customer_number",
        "stated_total",
        "quantity",
        "price",
        "amount",
    ]
)
DELIVERY: Final = re.compile(
    r"\b(?:deliver\w*|needed|required|due|ship\w*|arriv\w*|liefer\w*|anliefer\w*|termin\w*|eintreff\w*|livr\w+|entreg\w+|recib\w+|consegn\w+|lever\w*|dostaw\w*|dostarcz\w*|realizacj\w*)\b",
    re.IGNORECASE,
)
_BOUND: Final = re.compile(
    r"\b(?:not before|earliest|fr[uü]hest\w*|nicht vor|au plus t[oô]t|no antes|non prima|niet voor|tidigast|nie wcze[śs]niej)\b",
    re.IGNORECASE,
)
_DIGITS: Final = re.compile(r"(?:19|20)?\d{6}")
"""A day without separators, which only the label makes one."""
_WRITTEN: Final = re.compile(r"(?:du|vom|de fecha|del|d\.?d\.?|dated|z dnia|den)\.?", re.IGNORECASE)
_MOST_WORDS: Final = 6
_PAIR: Final = 2


@dataclass(frozen=True, slots=True)
class Labelled:
    """A field that was found: its label and value as written."""

    name: str
    label: str
    value: str


def labelled(piece: str, ways: Ways) -> Labelled | None:
    """The field that a piece of text is as a whole; None when it is something else.

    Without a colon the value must be nothing but a day, a number or an amount, so that no sentence is
    taken for a field.
    """
    piece = piece.strip().strip("*").strip()
    match = LABEL.match(piece)
    if match is not None and match["value"]:
        name = field_of(match["label"], match["value"], ways)
        if name is not None:
            return Labelled(name, match["label"], match["value"].strip())
        return None
    words = piece.rstrip(".").split()
    for size in range(min(_MOST_WORDS, len(words) - 1), 0, -1):
        label, value = " ".join(words[:size]), " ".join(words[size:])
        name = field_of(label, value, ways)
        if name in _BARE and fits(name or "", value, ways):
            return Labelled("po_number" if name == "po_or_part" else name or "", label, value)
    return None


def field_of(label: str, value: str, ways: Ways) -> str | None:
    """The field of a label; one that speaks of delivery before nothing but a day is the requested date."""
    name = label_of(label)
    if name is None and any(map(str.isdigit, label)):
        # Digits before a day are an item's: ``20 pcs AB-1001, delivery 19.11.2026``.
        return None
    asked = name is None and DELIVERY.search(label) and not _BOUND.search(label) and not _DIGITS.fullmatch(value)
    if asked and fits("requested_date", value, ways):
        return "requested_date"
    if name is None and _WRITTEN.fullmatch(label.strip()) and fits("order_date", value, ways):
        return "order_date"
    return name


def fields_in(text: str, ways: Ways) -> tuple[list[Labelled], str]:
    """The fields of a line that holds several, or one without a colon, and the rest of the line."""
    found: list[Labelled] = []
    rest: list[str] = []
    cells = [cell for cell in _CELLS.split(text.strip()) if cell.strip()]
    if len(cells) == _PAIR and not any(map(str.isdigit, cells[0])):
        name = field_of(cells[0], cells[1], ways)
        if name in _BARE and name not in {"quantity", "price", "amount"} and fits(name or "", cells[1], ways):
            return [Labelled("po_number" if name == "po_or_part" else name or "", cells[0], cells[1])], ""
    for cell in cells:
        for piece in _sentences(cell):
            field = labelled(piece, ways)
            if field is not None:
                found.append(field)
            elif piece.strip(" .;"):
                rest.append(piece.strip())
    return found, "   ".join(rest)


def _sentences(text: str) -> Iterator[str]:
    start = 0
    for gap in _SENTENCES.finditer(text):
        words = text[start : gap.start()].split()
        if gap[0].startswith(".") and words and words[-1].lower() in UNIT_CODES:
            continue
        yield text[start : gap.start()]
        start = gap.end()
    yield text[start:]


def fits(name: str, value: str, ways: Ways) -> bool:
    """Whether a value is nothing but what a field of this name holds: a day, a number or an amount."""
    value = re.sub(r"\s+r$", "", value.strip().rstrip("."))
    if name == "quantity":
        return read_quantity(value, ways) is not None
    if name in {"price", "amount"}:
        return read_price(value, ways) is not None
    if name in {"order_date", "requested_date"}:
        if _DIGITS.fullmatch(value):
            return read_day(value, ways.days) is not None
        days = list(find_days(value, ways.days))
        return len(days) == 1 and days[0].start == 0 and days[0].end >= len(value)
    if name == "stated_total":
        return read_price(value, ways) is not None
    return _NUMBER.fullmatch(value) is not None and not any(True for _ in find_days(value, ways.days))
