"""Tells the marks that divide X12 and EDIFACT text, also of damaged documents, and cuts it where segments end."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from bridgehead.documents.edi import unwrapped

_MOST: Final = 65_536
"""So many characters are cut, at most: what is cut is for a person to look at."""
_TRADACOMS: Final = re.compile(r"STX=")
_BARE_EDIFACT: Final = re.compile(r"[A-Z]{3}\+[^'\r\n]{0,400}'\s*[A-Z]{3}\+")
_BARE_X12: Final = re.compile(r"[A-Z][A-Z0-9]{1,2}\*[^~\r\n]{0,400}~\s*[A-Z][A-Z0-9]{1,2}\*")


@dataclass(frozen=True, slots=True)
class Marks:
    """What ends an element, a component and a segment; ``release`` takes the next character for itself, or is empty."""

    element: str
    component: str
    release: str
    end: str


def x12_marks(text: str) -> Marks | None:
    """Returns what separates, told by where ISA ends and GS begins: also of an ISA that lost some characters."""
    element = text[3:4]
    if not text.startswith("ISA") or not element or element.isalnum():
        return None
    group = re.compile(r"[^A-Za-z0-9]GS" + re.escape(element)).search(text, 0, 400)
    if group is None:
        return None
    tail = text[text.rfind(element, 0, group.start() + 1) + 1 : group.start() + 1]
    ends = tail[1:].lstrip(" ") or tail
    end = ends[0] if ends[0] not in "\r\n" else "\n"
    return None if end.isalnum() else Marks(element, tail[:1], "", end)


def edifact_marks(text: str) -> Marks | None:
    """Returns what separates, told by UNA, by UNB, or as ISO 9735 has it where neither says otherwise."""
    if text.startswith("UNA"):
        una = text[3:9].ljust(6)
        return Marks(una[1], una[0], una[3].strip(), "\n" if una[5] in "\r\n" else una[5])
    shape = re.match(r"UN[BH]([^A-Za-z0-9 \t\r\n])", text)
    if shape is None:
        return None
    named = re.match(r"UNB(\W)UNO[A-Z](\W)\d", text)
    closing = re.search(r"(\W)[ \t\r\n]*UN[GH]" + re.escape(shape[1]), text[:2000])
    if shape[1] != "+" and named is not None and closing is not None:
        return Marks(named[1], named[2], "?", closing[1])
    return Marks("+", ":", "?", "'")


def segment_lines(text: str) -> list[str]:
    """Returns X12, EDIFACT or TRADACOMS text a segment to a line, each with what ends it; nothing for other text.

    A released terminator ends no segment. What stands behind the last terminator is a line too.
    """
    text = text[:_MOST].lstrip("\ufeff \t\r\n")
    marks = x12_marks(text) or edifact_marks(text)
    if marks is None and (_TRADACOMS.match(text) or _BARE_EDIFACT.match(text)):
        marks = Marks("+", ":", "?", "'")
    elif marks is None and _BARE_X12.match(text):
        marks = Marks("*", ">", "", "~")
    if marks is None or marks.end in " \n":
        return []
    # UNA names the release character and the terminator and releases nothing.
    start = 9 if text.startswith("UNA") else 0
    text = text[:start] + unwrapped(text[start:], marks.end, start)
    released = rf"{re.escape(marks.release)}[\s\S]|" if marks.release else ""
    ends = re.compile(rf"{released}({re.escape(marks.end)})")
    found: list[str] = []
    at = 0
    for end in ends.finditer(text, start):
        if end[1] is not None:
            found.append(" ".join(text[at : end.end()].split("\n")).strip())
            at = end.end()
    rest = " ".join(text[at:].split("\n")).strip()
    return [*(one for one in found if one), *([rest] if rest else [])]
