"""Splits an X12 interchange into its transaction sets and refuses any that is cut, miscounted or wrongly nested.

Separators come from the ISA segment (ASC X12.5 and X12.6: element separator after ``ISA``, component
separator in ISA16, segment terminator after it). Line ends around segments are free; files wrapped at a
fixed column are unwrapped.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from bridgehead.documents.edi import unwrapped
from bridgehead.documents.outcome import Refusal
from bridgehead.documents.x12.isa import isa_fault
from bridgehead.documents.x12.segments import SEGMENTS

MAX_SEGMENTS = 50_000
MAX_ELEMENTS = 1_000
MAX_LENGTH = 100_000
"""No segment of an order has a tenth of these elements and characters."""
_BLANK = " \t\r\n\f\v\xa0\x1a\ufeff"
_TAG = re.compile(r"[A-Z][A-Z0-9]{1,2}")


@dataclass(frozen=True, slots=True)
class Segment:
    """One segment: ``elements[0]`` is the tag, ``position`` counts from ISA = 1, ``line`` is the text line.

    ``text`` is the segment as it stands.
    """

    tag: str
    elements: tuple[str, ...]
    position: int
    line: int
    text: str = ""

    def get(self, index: int) -> str:
        """Element ``index`` (PO102 is 2) without padding; empty when absent."""
        return self.elements[index].strip(_BLANK) if index < len(self.elements) else ""

    @property
    def place(self) -> str:
        """How errors name this segment."""
        return f"{self.tag} (segment {self.position}, line {self.line})"


@dataclass(frozen=True, slots=True)
class Transaction:
    """One transaction set from ST up to and without SE, with the interchange header it came in.

    The header of a text without envelope has position 0. ``flaws`` are the defects of its own trailer, for which an
    order is refused; ``doubts`` say what is wrong with the trailers around it while every segment is accounted for.
    """

    set_id: str
    segments: tuple[Segment, ...]
    interchange: Segment
    component: str
    flaws: tuple[Refusal, ...] = ()
    doubts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Separators:
    element: str
    component: str
    terminator: str


_BLANKS_TO_END = re.compile(r"[ \t]+\r?\n")
_FIRST_TWO = re.compile(r"ST([^\w\s])\d{3}\1\w{1,35}?([^\w ])\s*[A-Z][A-Z0-9]{1,2}\1")
_BARE = re.compile(r"(?:ST([^\w\s])\d{3}\1|GS([^\w\s])[A-Z]{2}\2)")


def looks_like_x12(head: str) -> bool:
    """Whether text opens like an X12 interchange, or like a group or transaction set that lost its ISA."""
    return head.startswith("ISA") or _BARE.match(head) is not None


def split_transactions(text: str) -> list[Transaction]:
    """All transaction sets of all interchanges in ``text``, in order.

    Raises Refusal with codes ``x12.isa``, ``x12.missing_terminator``, ``x12.nesting``, ``x12.count``,
    ``x12.control_number``, ``x12.cut_off``, ``x12.trailing`` or ``x12.too_many_segments``.
    """
    rest = text.lstrip(_BLANK)
    line = 1 + text[: len(text) - len(rest)].count("\n")
    found: list[Transaction] = []
    position = 0
    if _BARE.match(rest) is not None:
        return _bare(rest, line)
    while rest:
        if not rest.startswith("ISA"):
            raise Refusal(
                "x12.trailing",
                f"After IEA follows {rest[:20]!r} instead of ISA.",
                f"segment {position + 1}, line {line}",
            )
        separators = _separators(rest, f"ISA (segment {position + 1}, line {line})")
        if rest.count(separators.terminator) > MAX_SEGMENTS:
            raise Refusal("x12.too_many_segments", f"More than {MAX_SEGMENTS} segments.", "ISA (segment 1)")
        segments, rest, line = _interchange(unwrapped(rest, separators.terminator), separators, position, line)
        position += len(segments)
        found.extend(_nest(segments, separators.component))
    return found


def _bare(text: str, line: int) -> list[Transaction]:
    """The transaction sets of a text that lost its envelope; their own trailers prove that they are whole."""
    shape = _FIRST_TWO.match(text)
    if shape is None:
        raise Refusal("x12.isa", f"ISA is missing: the text starts with {text[:2]}.", f"segment 1, line {line}")
    separators = _Separators(shape[1], "", "\n" if shape[2] in "\r\n" else shape[2])
    found: list[Transaction] = []
    inside: list[Segment] = []
    nothing = Segment("ISA", ("ISA",), 0, line)
    if text.count(separators.terminator) > MAX_SEGMENTS:
        raise Refusal("x12.too_many_segments", f"More than {MAX_SEGMENTS} segments.", "ST (segment 1)")
    for segment, _, _ in _segments(text, separators, 0, line):
        if segment.tag in {"ISA", "IEA", "GS", "GE"} or (segment.tag == "ST") != (not inside):
            raise Refusal("x12.nesting", f"{segment.tag} cannot stand here; ISA is missing.", segment.place)
        if segment.tag != "SE":
            inside.append(segment)
            continue
        flaws = _flaws(segment, inside[0], len(inside) + 1)
        doubts = ("the interchange has no ISA: nothing tells who sent it",)
        found.append(Transaction(inside[0].get(1), tuple(inside), nothing, "", flaws, doubts))
        inside = []
    if inside:
        raise Refusal("x12.cut_off", f"The text ends without SE of {inside[0].place}.", f"after {inside[-1].place}")
    return found


def _separators(text: str, place: str) -> _Separators:
    element = text[3:4]
    if not element or element.isalnum() or element in _BLANK:
        follows = repr(element) if element else "nothing"
        raise Refusal(
            "x12.isa", f"ISA is followed by {follows}, at character 4, where an element separator must stand.", place
        )
    at = 3
    for _ in range(15):
        at = text.find(element, at + 1)
        if at < 0 or at > 400:
            raise Refusal("x12.isa", isa_fault(text, element), place)
    first, second = text[at + 1 : at + 2], text[at + 2 : at + 3]
    if second == "\r" and "\n" not in text:
        return _Separators(element, first, "\r")
    if first == "" or first in "\r\n":
        return _Separators(element, "", "\n")
    if second == "" or second in "\r\n" or _BLANKS_TO_END.match(text, at + 2) is not None:
        # Without ISA16 the terminator takes its place; the next line then ends in the same character.
        following = text[at + 2 : at + 2000].lstrip(_BLANK).split("\n", 1)[0]
        if following.rstrip("\r ").endswith(first):
            return _Separators(element, "", first)
        return _Separators(element, first, "\n")
    if second.isalnum() or second in {" ", element}:
        raise Refusal("x12.isa", isa_fault(text, element), place)
    return _Separators(element, first, second)


def _interchange(text: str, separators: _Separators, position: int, line: int) -> tuple[list[Segment], str, int]:
    """The segments up to and with IEA, what follows, and its line."""
    segments: list[Segment] = []
    for segment, at, after in _segments(text, separators, position, line):
        segments.append(segment)
        if segment.tag == "IEA":
            rest = text[at:]
            stripped = rest.lstrip(_BLANK)
            return segments, stripped, after + rest[: len(rest) - len(stripped)].count("\n")
    last = segments[-1].place if segments else "segment 1"
    raise Refusal("x12.cut_off", "The interchange ends without IEA.", f"after {last}")


def _segments(text: str, separators: _Separators, position: int, line: int) -> Iterator[tuple[Segment, int, int]]:
    """Each segment with the offset and the line after it."""
    at = 0
    newline = separators.terminator == "\n"
    tag_inside = re.compile(r"\n\s*[A-Z][A-Z0-9]{1,2}" + re.escape(separators.element))
    while at < len(text):
        end = text.find(separators.terminator, at)
        if end < 0:
            end = len(text)
        raw = text[at:end]
        body = raw.strip(_BLANK)
        if len(body) != len(raw):
            line += raw[: len(raw) - len(raw.lstrip(_BLANK))].count("\n")
        at = end + 1
        if not body:
            line += raw.lstrip(_BLANK).count("\n") + newline
            continue
        position += 1
        place = f"{body[:3]} (segment {position}, line {line})"
        if len(body) > MAX_LENGTH:
            raise Refusal("x12.segment", f"The segment has more than {MAX_LENGTH} characters.", place)
        if "\n" in body or "\r" in body:
            if tag_inside.search(body):
                raise Refusal("x12.missing_terminator", "The segment has no terminator before the next line.", place)
            raise Refusal("x12.line_break", "A line break stands inside the segment.", place)
        if body.count(separators.element) > MAX_ELEMENTS:
            raise Refusal("x12.segment", f"The segment has more than {MAX_ELEMENTS} elements.", place)
        elements = tuple(body.split(separators.element))
        if elements[0] not in SEGMENTS and _TAG.fullmatch(elements[0]) is None:
            raise Refusal(
                "x12.segment",
                f"It starts with {elements[0][:20]!r}, which is no segment tag.",
                f"segment {position}, line {line}",
            )
        after = line + raw[len(raw.rstrip(_BLANK)) :].count("\n") + newline
        yield Segment(elements[0], elements, position, line, body), at, after
        line = after


def _nest(segments: list[Segment], component: str) -> list[Transaction]:
    isa, groups, sets, found = segments[0], 0, 0, []
    doubts: list[str] = []
    group: Segment | None = None
    start: Segment | None = None
    inside: list[Segment] = []
    for segment in segments[1:]:
        tag = segment.tag
        if tag == "ISA":
            raise Refusal("x12.nesting", "An interchange starts inside another.", segment.place)
        if start is not None:
            if tag in {"ST", "GS", "GE", "IEA"}:
                raise Refusal("x12.nesting", f"{tag} stands where SE of {start.place} is missing.", segment.place)
            if tag != "SE":
                inside.append(segment)
                continue
            flaws = _flaws(segment, start, len(inside) + 1)
            found.append(Transaction(start.get(1), tuple(inside), isa, component, flaws))
            sets += 1
            start = None
        elif tag == "GS" and group is None:
            group, sets = segment, 0
        elif tag == "ST" and group is not None:
            start, inside = segment, [segment]
        elif tag == "GE" and group is not None:
            _counted(segment, sets, "transaction sets")
            doubts += _matched(segment, group, "GS06", 6)
            groups += 1
            group = None
        elif tag == "IEA" and group is None:
            _counted(segment, groups, "groups")
            doubts += _matched(segment, isa, "ISA13", 13)
        elif tag in {"TA1", "ISB", "ISE"} and group is None:
            continue
        else:
            raise Refusal("x12.nesting", f"{tag} cannot stand here in the ISA/GS/ST envelope.", segment.place)
    # One control number that differs, while every count and every other number is right, loses nothing.
    if len(doubts) > 1:
        raise Refusal("x12.control_number", f"{doubts[0]}; {doubts[1]}.", segments[-1].place)
    return [replace(one, doubts=tuple(doubts)) for one in found] if doubts else found


def _flaws(trailer: Segment, start: Segment, segments: int) -> tuple[Refusal, ...]:
    flaws: list[Refusal] = []
    try:
        _counted(trailer, segments, "segments")
    except Refusal as refusal:
        flaws.append(refusal)
    flaws += [Refusal("x12.control_number", f"{one}.", trailer.place) for one in _matched(trailer, start, "ST02")]
    return tuple(flaws)


def _counted(trailer: Segment, actual: int, what: str) -> None:
    stated = trailer.get(1)
    if not (stated.isascii() and stated.isdigit() and len(stated) < 10) or int(stated) != actual:
        raise Refusal(
            "x12.count", f"{trailer.tag}01 says {stated or 'nothing'} {what}, there are {actual}.", trailer.place
        )


def _matched(trailer: Segment, header: Segment, name: str, element: int = 2) -> list[str]:
    """What is wrong when a trailer does not repeat the number of its header; leading zeros aside."""
    opened, closed = header.get(element), trailer.get(2)
    if opened.lstrip("0") == closed.lstrip("0"):
        return []
    return [f"{trailer.tag}02 is {closed[:20]!r}, {name} of {header.place} is {opened[:20]!r}"]
