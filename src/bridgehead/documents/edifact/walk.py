"""The state of reading one EDIFACT order: what is open, and how values and their places are taken from a segment."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Literal

from bridgehead.documents.draft import Draft, DraftLine, DraftParty
from bridgehead.documents.edi import Days
from bridgehead.documents.edifact.envelope import Message
from bridgehead.documents.edifact.syntax import Segment
from bridgehead.documents.edifact.values import TIMES, Stated, read_amount, read_stated
from bridgehead.documents.order import Source
from bridgehead.documents.outcome import Refusal

_DATED = re.compile(r"(?:19|20)\d{6}(?:\d{4}|\d{6})?")
Section = Literal["header", "lines", "summary"]


@dataclass(slots=True)
class Allowance:
    """An ALC group while it is read."""

    allowance: bool
    source: Source
    code: str | None = None
    reason: str | None = None
    amount: Decimal | None = None
    percent: Decimal | None = None


@dataclass(slots=True)
class Split:
    """A part of a line's quantity, from QTY of a LOC or SCC group."""

    quantity: Decimal
    source: Source
    day: date | None = None


@dataclass(slots=True)
class OpenLine:
    """What a LIN group states besides the fields of the line."""

    line: DraftLine
    counted: bool = True
    days: Days = field(default_factory=dict)
    quantities: dict[str, tuple[Decimal, str, Source]] = field(default_factory=dict)
    prices: dict[str, tuple[Segment, Source]] = field(default_factory=dict)
    numbers: dict[str, tuple[str, Source]] = field(default_factory=dict)
    more_numbers: list[tuple[str, str, Source]] = field(default_factory=list)
    texts: list[tuple[str, str, Source]] = field(default_factory=list)
    amounts: dict[str, tuple[Decimal, Source]] = field(default_factory=dict)
    splits: list[Split] = field(default_factory=list)
    in_split: bool = False
    places: set[str] = field(default_factory=set)
    action: str = ""


@dataclass(slots=True)
class Walk:
    """What is known while the segments of one message are walked; handlers change it in place."""

    message: Message
    part: str
    draft: Draft
    section: Section = "header"
    counts: dict[str, int] = field(default_factory=dict)
    parties: dict[str, DraftParty] = field(default_factory=dict)
    party: DraftParty | None = None
    role: str = ""
    open: OpenLine | None = None
    allowance: Allowance | None = None
    days: Days = field(default_factory=dict)
    own_number: tuple[str, Source] | None = None
    document: str = ""
    terms: list[tuple[str, Source]] = field(default_factory=list)
    terms_percent: Decimal | None = None
    totals: dict[str, tuple[Decimal, Source, str]] = field(default_factory=dict)
    taxed: bool = False
    all_quantities: Decimal = Decimal(0)
    stated_quantity: tuple[Decimal, str] | None = None
    after: str = ""
    referred: str = ""
    place: tuple[str, Source] | None = None

    def source(self, segment: Segment, element: int, component: int = 1, text: str | None = None) -> Source:
        """The place of a component (``QTY[3]/01:2``)."""
        more = f":{component}" if component > 1 else ""
        place = f"{segment.tag}[{self.counts[segment.tag]}]/{element:02d}{more}"
        found = segment.get(element, component) if text is None else text
        return Source(self.part, segment.line, found, None, place)

    def number(self, segment: Segment, element: int, component: int) -> Decimal | None:
        """The number of a component; raises Refusal when it is none."""
        text = segment.get(element, component)
        if not text:
            return None
        value = read_amount(text)
        if value is None:
            raise Refusal(
                "edifact.value",
                f"{segment.tag} element {element} component {component}, {text[:30]!r}, is no number.",
                segment.place,
            )
        mark = "," if self.message.separators.decimal == "." else "."
        if mark in text and len(text.rpartition(mark)[2]) == 3 and value >= 1:
            self.draft.warn("uncertain", f"{segment.tag} {text[:30]!r} may be a thousand times that ({segment.place})")
        return value

    def stated(self, segment: Segment) -> Stated | None:
        """The day or period of a DTM; raises Refusal when its qualifier (C507/2005) is missing."""
        qualifier, text, code = segment.get(1), segment.get(1, 2), segment.get(1, 3)
        if not qualifier:
            raise Refusal("edifact.missing_component", "DTM states no qualifier (C507/2005).", segment.place)
        if not text:
            return None
        if not code:
            # 2379 is conditional; a value that opens with a year and holds a day of it has one reading.
            code = "102" if _DATED.fullmatch(text) else ""
            told = "year, month and day" if code else "nothing"
            kind = "uncertain" if code else "date"
            self.draft.warn(kind, f"DTM {qualifier[:3]} {text[:30]!r} has no format, read as {told} ({segment.place})")
            if not code:
                return None
        if code in TIMES:
            return None
        found = read_stated(text, code)
        if found.doubt:
            self.draft.warn("date", f"DTM {qualifier[:3]} {text[:30]!r} {found.doubt} ({segment.place})")
        return found
