"""Splits UN/EDIFACT text into segments of components, whatever its separators, and says where each one stands.

Syntax of ISO 9735 (versions 1 to 4): the service string advice UNA, or the default characters ``:+.? '``, or those
that a UNB without UNA shows. Line ends around segments are free; files wrapped at a fixed column are unwrapped.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from bridgehead.documents.decoding import decode
from bridgehead.documents.edi import unwrapped
from bridgehead.documents.edifact.codes import SEGMENTS
from bridgehead.documents.outcome import Refusal

MAX_SEGMENTS = 50_000
MAX_ELEMENTS = 1_000
MAX_LENGTH = 100_000
"""No segment of any directory has a tenth of these elements and characters."""
MAX_RELEASED = 200_000
"""Released characters in one interchange."""
_BLANK: Final = " \t\r\n\f\v\xa0\x1a\ufeff"
_TAG: Final = re.compile(r"[A-Z][A-Z0-9]{2}")
_OPENING: Final = re.compile(r"UNA[^\w \t\r\n][^\w \t\r\n]|UN[BGH][^\w \t\r\n]")
# The separators of level B (1C, 1D, 1F) are blanks to the pattern of blanks and to strip without arguments.
_LEVEL: Final = re.compile(rb"UNB.{0,2}?(UNO[A-Z])", re.DOTALL)
_CHARSETS: Final = {
    "UNOC": "iso8859-1",
    "UNOD": "iso8859-2",
    "UNOE": "iso8859-5",
    "UNOF": "iso8859-7",
    "UNOG": "iso8859-3",
    "UNOH": "iso8859-4",
    "UNOI": "iso8859-6",
    "UNOJ": "iso8859-8",
    "UNOK": "iso8859-9",
    "UNOL": "iso8859-15",
}
"""ISO 9735-1, code list 0001: the character set that a syntax identifier names."""
_PLANE: Final = 0xFFFF
_RELEASED: Final = 0xF0000
"""Released characters stand in a private plane while the text is split; texts that use the plane are refused."""


@dataclass(frozen=True, slots=True)
class Separators:
    """The service characters of an interchange; ``tag`` ends the tag, and is another than ``element`` in TRADACOMS."""

    component: str = ":"
    element: str = "+"
    decimal: str = "."
    release: str = "?"
    terminator: str = "'"
    tag: str = "+"


@dataclass(frozen=True, slots=True)
class Segment:
    """One segment: ``elements[0]`` holds the tag, ``position`` counts from 1, ``line`` is the text line.

    ``text`` is the segment as it stands, released characters in a private plane.
    """

    tag: str
    elements: tuple[tuple[str, ...], ...]
    position: int
    line: int
    text: str = ""

    def get(self, element: int, component: int = 1) -> str:
        """A component by its numbers from 1, without padding; empty when absent."""
        try:
            return self.elements[element][component - 1].strip(_BLANK)
        except IndexError:
            return ""

    def has(self, element: int) -> bool:
        """Whether the element states anything."""
        return element < len(self.elements) and any(one.strip(_BLANK) for one in self.elements[element])

    @property
    def place(self) -> str:
        """How errors name this segment."""
        return f"{self.tag} (segment {self.position}, line {self.line})"


def looks_like_edifact(document: bytes) -> bool:
    """Whether the bytes open like an EDIFACT interchange or a bare message."""
    head = document[:160].removeprefix(b"\xef\xbb\xbf")
    if b"\0" in head:
        head = head.removeprefix(b"\xff\xfe").removeprefix(b"\xfe\xff").replace(b"\0", b"")
    return _OPENING.match(head.decode("latin-1").lstrip(_BLANK)) is not None


def decode_edifact(document: bytes, part: str) -> str:
    """The text of an interchange: UTF-8 where the bytes are that, else the character set its UNB names.

    Senders write UNOA and send UTF-8; text in one of the ISO 8859 sets is almost never valid UTF-8. Raises Refusal.
    """
    try:
        document.decode("utf-8")
    except UnicodeDecodeError:
        level = _LEVEL.search(document[:200])
        return decode(document, part, _CHARSETS.get(level[1].decode() if level else "", "cp1252"))
    return decode(document, part)


def split_tradacoms(text: str) -> list[Segment]:
    """The segments of a TRADACOMS transmission, whose tags end in ``=``; raises Refusal as ``split_segments``."""
    separators = Separators(tag="=")
    rest = text.lstrip(_BLANK)
    line = 1 + text[: len(text) - len(rest)].count("\n")
    if any(ord(one) >= _RELEASED for one in set(text)):
        raise Refusal("edifact.character", "The text holds characters of a private plane.", "transmission")
    segments: list[Segment] = []
    rest, line = _interchange(unwrapped(rest, separators.terminator), separators, segments, line)
    if rest:
        raise Refusal("tradacoms.trailing", f"After END follows {rest[:20]!r}.", f"line {line}")
    return segments


def split_segments(text: str) -> tuple[list[Segment], Separators]:
    """All segments of the text without UNA, and the separators of its first interchange.

    Raises Refusal: ``edifact.una``, ``edifact.unb``, ``edifact.segment``, ``edifact.empty_segment``,
    ``edifact.missing_terminator``, ``edifact.line_break``, ``edifact.cut_off``, ``edifact.too_many_segments``,
    ``edifact.character``.
    """
    if any(ord(one) >= _RELEASED for one in set(text)):
        raise Refusal("edifact.character", "The text holds characters of a private plane.", "interchange")
    segments: list[Segment] = []
    first: Separators | None = None
    rest = text.lstrip(_BLANK)
    line = 1 + text[: len(text) - len(rest)].count("\n")
    while rest:
        separators, skip = _separators(rest, len(segments), line)
        first = first or separators
        body = rest[skip:].lstrip(_BLANK)
        line += rest[: len(rest) - len(body)].count("\n")
        text = unwrapped(body, separators.terminator, skip)
        rest, line = _interchange(text, separators, segments, line)
    return segments, first or Separators()


def _separators(text: str, position: int, line: int) -> tuple[Separators, int]:
    """The service characters at the start of an interchange, and the length of UNA."""
    place = f"segment {position + 1}, line {line}"
    if text.startswith("UNA"):
        given = text[3:9]
        short = re.match(r"UNA(\W)(\W)([.,])(\W)(\W)[ \t\r\n]*UN[BGH]\2", text)
        # UNA without its reserved blank, as files pass that lost it in transport.
        if short is not None and text[8:9] != short[5]:
            found = Separators(short[1], short[2], short[3], short[4], short[5], short[2])
            return found, 8
        if len(given) < 6 or any(one.isalnum() for one in given[:2] + given[3] + given[5]):
            raise Refusal("edifact.una", "UNA does not name six service characters.", f"UNA ({place})")
        terminator = "\n" if given[5] in "\r\n" else given[5]
        release = given[3] if given[3] != " " else ""
        found = Separators(given[0], given[1], given[2], release, terminator, given[1])
        if len({found.component, found.element, found.terminator}) < 3:
            raise Refusal("edifact.una", "UNA names one character for two uses.", f"UNA ({place})")
        return found, 9
    element = text[3:4]
    if text.startswith("UNB") and element not in {"+", ""}:
        shape = re.match(r"UNB(\W)UNO[A-Z](\W)\d", text)
        end = re.search(r"(\W)[ \t\r\n]*UN[GH]" + re.escape(element), text[:2000])
        if shape is None or end is None:
            raise Refusal("edifact.unb", "UNB does not show its separators, and there is no UNA.", f"UNB ({place})")
        return Separators(shape[2], element, ".", "?", end[1], element), 0
    return Separators(), 0


def _interchange(text: str, separators: Separators, segments: list[Segment], line: int) -> tuple[str, int]:
    """Appends the segments up to and with UNZ, or to the end of bare messages; returns what follows."""
    if separators.release and separators.release in text:
        if text.count(separators.release) > MAX_RELEASED:
            raise Refusal("edifact.too_many_released", f"More than {MAX_RELEASED} released characters.", "interchange")
        text = re.sub(
            re.escape(separators.release) + r"([\s\S])",
            lambda one: chr(_RELEASED + ord(one[1])) if ord(one[1]) <= _PLANE else one[1],
            text,
        )
        released = True
    else:
        released = False
    inside = re.compile(r"\n[ \t\r\n]*[A-Z][A-Z0-9]{2}" + re.escape(separators.tag))
    newline = separators.terminator == "\n"
    at = 0
    while at < len(text):
        end = text.find(separators.terminator, at)
        last = end < 0
        raw = text[at:] if last else text[at:end]
        body = raw.strip(_BLANK)
        if len(body) != len(raw):
            line += raw[: len(raw) - len(raw.lstrip(_BLANK))].count("\n")
        position = len(segments) + 1
        # A trailer proves by its count and reference that it is whole, also where its terminator is lost.
        if last and body[:3] not in {"", "UNZ", "UNT", "END"}:
            raise Refusal("edifact.cut_off", "The last segment has no terminator.", _place(body, position, line))
        at = len(text) if last else end + 1
        if not body:
            line += newline
            if newline or last:
                continue
            before = f" (after {segments[-1].tag})" if segments else ""
            raise Refusal("edifact.empty_segment", "A segment is empty.", f"segment {position}, line {line}{before}")
        if position > MAX_SEGMENTS or len(body) > MAX_ELEMENTS:
            _check_bounds(body, position, line, separators)
        tall = 0
        if "\n" in body or "\r" in body:
            tall = body.count("\n")
            body = _without_breaks(body, inside, _place(body, position, line))
        segments.append(_segment(body, separators, position, line, released=released))
        line += tall + newline
        if len(body) != len(raw):
            line += raw[len(raw.rstrip(_BLANK)) :].count("\n")
        if segments[-1].tag in {"UNZ", "END"}:
            rest = text[at:].lstrip(_BLANK)
            line += text[at : len(text) - len(rest)].count("\n")
            if released:
                rest = re.sub(
                    r"[\U000F0000-\U000FFFFF]", lambda one: separators.release + chr(ord(one[0]) - _RELEASED), rest
                )
            return rest, line
    return "", line


def _place(body: str, position: int, line: int) -> str:
    return f"{body[:3]} (segment {position}, line {line})"


def _check_bounds(body: str, position: int, line: int, separators: Separators) -> None:
    """Raises Refusal for what no segment of an order is: a bound of memory and time."""
    if position > MAX_SEGMENTS:
        raise Refusal("edifact.too_many_segments", f"More than {MAX_SEGMENTS} segments.", _place(body, position, line))
    if len(body) > MAX_LENGTH:
        raise Refusal(
            "edifact.segment", f"The segment has more than {MAX_LENGTH} characters.", _place(body, position, line)
        )
    if body.count(separators.element) + body.count(separators.component) > MAX_ELEMENTS:
        raise Refusal(
            "edifact.segment", f"The segment has more than {MAX_ELEMENTS} elements.", f"segment {position}, line {line}"
        )


def _without_breaks(body: str, inside: re.Pattern[str], place: str) -> str:
    """The segment on one line: free text may be broken, a value may not."""
    if inside.search(body):
        raise Refusal("edifact.missing_terminator", "The segment has no terminator before the next line.", place)
    if body[:3] != "FTX":
        raise Refusal("edifact.line_break", "A line break stands inside the segment.", place)
    return re.sub(r"[ \t]*[\r\n]+[ \t]*", " ", body)


def _segment(body: str, separators: Separators, position: int, line: int, *, released: bool) -> Segment:
    rest = body if separators.tag == separators.element else body.replace(separators.tag, separators.element, 1)
    elements = [tuple(one.split(separators.component)) for one in rest.split(separators.element)]
    tag = elements[0][0].strip(_BLANK)
    if tag not in SEGMENTS and _TAG.fullmatch(tag) is None:
        raise Refusal(
            "edifact.segment",
            f"It starts with {_restored(tag[:20])!r}, which is no segment tag.",
            f"segment {position}, line {line}",
        )
    elements[0] = (tag, *elements[0][1:])
    if released:
        elements = [tuple(_restored(one) for one in element) for element in elements]
    return Segment(tag, tuple(elements), position, line, body)


def _restored(text: str) -> str:
    if text.isascii():
        return text
    return re.sub(r"[\U000F0000-\U000FFFFF]", lambda one: chr(ord(one[0]) - _RELEASED), text)
