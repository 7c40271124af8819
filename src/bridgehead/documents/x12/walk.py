"""The state of reading one X12 order: what is open, and how values and their places are taken from a segment."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import lru_cache

from bridgehead.documents.draft import Draft, DraftLine, DraftParty
from bridgehead.documents.edi import Days
from bridgehead.documents.order import Source
from bridgehead.documents.outcome import Refusal
from bridgehead.documents.x12.envelope import Segment, Transaction

_NUMBER = re.compile(r"-?(?:\d{1,15}(?:\.\d{0,6})?|\.\d{1,6})")
_CENTURY_TURN = "70"


@dataclass(slots=True)
class Walk:
    """What is known while the segments of one transaction set are walked; handlers change it in place."""

    transaction: Transaction
    part: str
    draft: Draft
    counts: dict[str, int] = field(default_factory=dict)
    parties: dict[str, DraftParty] = field(default_factory=dict)
    party: DraftParty | None = None
    role: str = ""
    line: DraftLine | None = None
    sub_line: bool = False
    days: Days = field(default_factory=dict)
    line_days: Days = field(default_factory=dict)
    summary: bool = False
    part_name: tuple[str, Source] | None = None

    def source(self, segment: Segment, element: int, text: str | None = None) -> Source:
        """The place of an element (``PO1[3]/02``)."""
        place = f"{segment.tag}[{self.counts[segment.tag]}]/{element:02d}"
        return Source(self.part, segment.line, segment.get(element) if text is None else text, None, place)

    def number(self, segment: Segment, element: int, *, signed: bool = False) -> Decimal | None:
        """The number of an element; raises Refusal when it is none."""
        text = segment.get(element)
        if not text:
            return None
        if _NUMBER.fullmatch(text) is None or (text.startswith("-") and not signed):
            raise Refusal("x12.value", f"{segment.tag}{element:02d} {text[:30]!r} is no valid number.", segment.place)
        return Decimal(text)

    def day(self, segment: Segment, element: int) -> date | None:
        """The day of an element; one that is none is warned of."""
        text = segment.get(element)
        if not text:
            return None
        found = parse_x12_date(text)
        if found is None:
            self.draft.warn("date", f"{segment.tag}{element:02d} {text[:30]!r} is no date ({segment.place})")
        return found

    def text(self, segment: Segment, element: int) -> None:
        """Keeps free text as a note of the order, and of the line it stands in."""
        text = segment.get(element)
        if not text:
            return
        self.keep(text, self.source(segment, element))

    def keep(self, text: str, source: Source) -> None:
        """Keeps a text as a note of the order, and of the line it stands in."""
        self.draft.note(text, source)
        if self.line is not None and not self.sub_line:
            self.line.mark(f"notes[{len(self.line.notes)}]", source)
            self.line.notes.append(text)


@lru_cache(maxsize=1_024)
def parse_x12_date(text: str) -> date | None:
    """``CCYYMMDD`` or ``YYMMDD`` (years 70 to 99 are of the last century); None when it is no calendar day."""
    if not (text.isascii() and text.isdigit() and len(text) in {6, 8}):
        return None
    if len(text) == 6:
        text = ("19" if text[:2] >= _CENTURY_TURN else "20") + text
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        return None
