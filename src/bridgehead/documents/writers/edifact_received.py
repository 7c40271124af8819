"""Looks over an EDIFACT interchange as it came, broken or not, for what a receipt must name: references and faults."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from bridgehead.documents.acknowledgement import Unwritable
from bridgehead.documents.writers.x12_received import text_of

UNA: Final = ":+.? '"
"""Component and element separators, decimal mark, release character, repetition separator or blank, terminator."""
MAX_SEGMENTS: Final = 50_000
_HEAD: Final = re.compile(r"UNB([^\w\s])UNO[A-Z]([^\w\s])\d")


@dataclass(slots=True)
class ReceivedMessage:
    """A message as found: reference, components of S009, and its place among the segments from UNB = 1.

    ``fault`` is a code of element 0085, empty when its envelope is right; ``tag`` the segment to blame.
    """

    reference: str
    kind: list[str]
    start: int
    end: int
    fault: str = ""
    tag: str = ""


@dataclass(slots=True)
class ReceivedEdifact:
    """An interchange as found; ``fault`` and ``tag`` as in ReceivedMessage, of the interchange itself."""

    service: str
    syntax: tuple[str, str]
    parties: tuple[list[str], list[str]]
    reference: str
    test: bool
    asked: bool
    messages: list[ReceivedMessage] = field(default_factory=list)
    fault: str = ""
    tag: str = ""


def scan_edifact(received: bytes) -> ReceivedEdifact:
    """Returns the first interchange in ``received``: whatever of it can be told.

    Raises Unwritable when there is no UNB with sender, recipient and reference: then nobody can be answered.
    """
    text = text_of(received)
    service = _shown(text)
    if text.startswith("UNA") and len(text) > 9:
        service, text = text[3:9], text[9:].lstrip()
    segments = _segments(text, service)
    head = segments[0] if segments else []
    if len(head) < 6 or head[0] != ["UNB"]:
        raise Unwritable("The document does not open with UNB.", where="received", hint="Pass the file as it came.")
    syntax = [*head[1], "", ""]
    found = ReceivedEdifact(
        service=service,
        syntax=(syntax[0], syntax[1]),
        parties=(head[2], head[3]),
        reference=head[5][0],
        test=_at(head, 11) == "1",
        asked=_at(head, 9) == "1",
    )
    _walk(found, segments)
    return found


def _shown(text: str) -> str:
    """Returns the service characters that a UNB without UNA shows: beside its syntax, and before the first UNH."""
    head = _HEAD.match(text)
    if head is None or head[1] == UNA[1]:
        return UNA
    end = re.search(rf"([^\w\s])\s*UNH{re.escape(head[1])}", text[:2000])
    return f"{head[2]}{head[1]}{UNA[2:5]}{end[1]}" if end else UNA


def _segments(text: str, service: str) -> list[list[list[str]]]:
    component, element, _, release, _, terminator = tuple(service)
    found: list[list[list[str]]] = []
    parts: list[list[str]] = [[""]]
    skip = False
    for one in text:
        if skip:
            parts[-1][-1] += one
            skip = False
        elif one == release and release != " ":
            skip = True
        elif one == terminator:
            parts[0][0] = parts[0][0].strip()
            found.append(parts)
            parts = [[""]]
            if len(found) > MAX_SEGMENTS:
                break
        elif one == element:
            parts.append([""])
        elif one == component:
            parts[-1].append("")
        else:
            parts[-1][-1] += one
    if parts[0][0].strip():
        parts[0][0] = parts[0][0].strip()
        found.append(parts)
    return found


def _walk(found: ReceivedEdifact, segments: list[list[list[str]]]) -> None:
    inside: ReceivedMessage | None = None
    for position, segment in enumerate(segments, 1):
        tag = segment[0][0]
        if tag == "UNH":
            _miss(inside, position)
            kind = [part.strip() for part in segment[2]] if len(segment) > 2 else [""]
            inside = ReceivedMessage(_at(segment, 1), kind, position, position)
            found.messages.append(inside)
        elif tag == "UNT" and inside is not None:
            inside.end = position
            if not _counts(_at(segment, 1), position - inside.start + 1):
                inside.fault, inside.tag = "29", "UNT"
            elif _at(segment, 2) != inside.reference:
                inside.fault, inside.tag = "28", "UNT"
            inside = None
        elif tag == "UNZ":
            _miss(inside, position)
            _end(found, segment, groups=sum(one[0][0] == "UNG" for one in segments))
            return
        elif inside is not None:
            inside.end = position
    _miss(inside, len(segments) + 1)
    found.fault, found.tag = "13", "UNZ"


def _end(found: ReceivedEdifact, segment: list[list[str]], *, groups: int) -> None:
    if not _counts(_at(segment, 1), groups or len(found.messages)):
        found.fault, found.tag = "29", "UNZ"
    elif _at(segment, 2) != found.reference:
        found.fault, found.tag = "28", "UNZ"


def _miss(inside: ReceivedMessage | None, position: int) -> None:
    if inside is not None:
        inside.end, inside.fault, inside.tag = position - 1, "13", "UNT"


def _at(segment: list[list[str]], index: int) -> str:
    return segment[index][0].strip() if index < len(segment) else ""


def _counts(stated: str, actual: int) -> bool:
    return stated.isascii() and stated.isdigit() and len(stated) < 10 and int(stated) == actual
