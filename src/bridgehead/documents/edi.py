"""What the readers of X12 and EDIFACT share: doubtful words, days that limit a delivery, orders of one number."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Final

from bridgehead.documents.doubt import doubt_in
from bridgehead.documents.draft import Draft
from bridgehead.documents.order import Order, Source
from bridgehead.documents.terms import country_of
from bridgehead.documents.vigilance import instruction_in

SHORT: Final = 3
"""An element of so few characters is a code."""
_WORDS: Final = re.compile(r"[^\W\d_]{3}|[^\W\d_] [^\W\d_] ")

Days = dict[str, tuple[date, Source]]
"""The days of an order or a line by their qualifier."""


def unwrapped(text: str, terminator: str, missing: int = 0) -> str:
    """The text without the line ends of a file wrapped at a fixed column, and of no other.

    ``missing`` characters may have been taken from the first line (UNA).
    """
    if terminator in "\r\n" or "\n" not in text[:4096]:
        return text
    lines = text[:65536].rstrip(" \t\r\n").replace("\r", "").split("\n")
    full, last = lines[:-1], lines[-1]
    if not full:
        return text
    width = len(full[-1])
    even = (
        width >= (_NARROWEST if len(full) > 1 else _NARROWEST_ALONE)
        and len(last) <= width
        and len(full[0]) in {width, width - missing}
        and all(len(one) == width for one in full[1:])
    )
    if even and any(not one.rstrip(" \t").endswith(terminator) for one in full):
        return text.replace("\r", "").replace("\n", "")
    return text


_NARROWEST: Final = 30
_NARROWEST_ALONE: Final = 60
"""Lines shorter than this are no wrapped records; of a single one a longer width is the proof."""


def has_words(text: str, start: int) -> bool:
    """Whether anything but codes and numbers stands in a segment after its tag."""
    return _WORDS.search(text, start) is not None


def watch_words(draft: Draft, tag: str, place: str, elements: Sequence[str], *, names: bool = False) -> None:
    """Warns of words, in an element that may not be read, that say the order does not count or instruct the reader.

    ``elements`` are those of a segment after its tag; EDIFACT gives each composite as one text. In ``names`` only
    instructions are looked for: a company may be called anything.
    """
    for at, text in enumerate(elements, 1):
        if len(text) <= SHORT or _WORDS.search(text) is None:
            continue
        told = instruction_in(text)
        if told is not None:
            draft.warn("instruction", f"{tag}{at:02d} says {told!r} ({place})")
        found = None if names else doubt_in(text)
        if found is not None:
            draft.warn("contradiction", f"{tag}{at:02d} says {found!r}: {text[:80]!r} ({place})")


def watch_limits(draft: Draft, days: Days, wanted: date | None, limits: Mapping[str, bool]) -> None:
    """Warns where a day that limits the delivery contradicts the day asked for.

    ``limits`` says of a qualifier whether its day is the last one (true) or the first.
    """
    for qualifier, is_last in limits.items():
        if qualifier not in days:
            continue
        limit, source = days[qualifier]
        ordered = draft.order_date
        if wanted is None:
            draft.warn("uncertain", f"{source.segment} limits the delivery by {limit}; no day is asked for")
        elif limit < wanted if is_last else limit > wanted:
            draft.warn("contradiction", f"{source.segment} limits the delivery by {limit}; {wanted} is asked for")
        if is_last and ordered is not None and limit < ordered:
            draft.warn("contradiction", f"{source.segment} limits the delivery by {limit}; the order is of {ordered}")


def preferred(days: Days, order: Sequence[str]) -> tuple[date, Source] | None:
    """The day of the first qualifier of ``order`` that is stated."""
    qualifier = first_of(order, days)
    return None if qualifier is None else days[qualifier]


def first_of(order: Iterable[str], stated: Container[str]) -> str | None:
    """The first of ``order`` that is stated; a loop, for it runs several times for every line."""
    for one in order:
        if one in stated:
            return one
    return None


def country_code(text: str) -> str | None:
    """ISO 3166-1 alpha-2 of a country written so, in alpha-3 or by name; None for anything else."""
    text = text.strip().upper()
    if len(text) == 2 and text.isalpha():
        return country_of(text) or text
    return _ALPHA3.get(text) or country_of(text)


_ALPHA3: Final = dict(
    pair.split(":")
    for pair in (  # noqa: SIM905 - a list of pairs is read as words
        "AUS:AU AUT:AT BEL:BE BGR:BG BRA:BR CAN:CA CHE:CH CHN:CN CZE:CZ DEU:DE GER:DE DNK:DK ESP:ES EST:EE FIN:FI "
        "FRA:FR GBR:GB GRC:GR HKG:HK HRV:HR HUN:HU IND:IN IRL:IE ISL:IS ISR:IL ITA:IT JPN:JP KOR:KR LTU:LT LUX:LU "
        "LVA:LV MEX:MX NLD:NL NOR:NO NZL:NZ POL:PL PRI:PR PRT:PT ROU:RO RUS:RU SGP:SG SVK:SK SVN:SI SWE:SE TUR:TR "
        "TWN:TW UKR:UA USA:US ZAF:ZA"
    ).split()
)


def with_warnings(order: Order, *warnings: str) -> Order:
    """The order with more warnings."""
    return replace(order, warnings=(*order.warnings, *warnings)) if warnings else order


def told_apart(orders: list[Order]) -> list[Order]:
    """The orders; those that share a number and differ are doubted, for nobody knows which one counts."""
    lines: dict[str, list[Order]] = {}
    for order in orders:
        lines.setdefault(order.po_number, []).append(order)
    text = "uncertain: the interchange holds two orders of number {} that differ"
    return [
        with_warnings(order, text.format(order.po_number[:60]))
        if any(other.lines != order.lines for other in lines[order.po_number][:200])
        else order
        for order in orders
    ]
