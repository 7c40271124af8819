"""Looks over an EDIFACT interchange as it came, broken or not, for what a receipt must name: references and faults."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from bridgehead.documents.acknowledgement import Unwritable
from bridgehead.documents.writers.x12_received import refuse_another, text_of

UNA: Final = ":+.? '"
"""Component and element separators, decimal mark, release character, repetition separator or blank, terminator."""
MAX_SEGMENTS: Final = 50_000
_SERVICE: Final = frozenset({"UNB", "UNG", "UNH", "UNT", "UNE", "UNZ"})
_RELEASED: Final = 0xF0000
"""Released characters stand in a private plane of Unicode while the text is split."""
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
    """Returns the interchange in ``received``: whatever of it can be told.

    Raises Unwritable when there is no UNB with sender, recipient and reference, because then nobody can be answered,
    and when another interchange follows.
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
    """Returns segments of elements of components, released characters as they are meant.

    Segments of content have their tag alone, because nothing else of them is looked at.
    """
    component, element, _, release, _, terminator = tuple(service)
    marks = (release, terminator, element, component)
    if release != " ":
        for at, mark in enumerate(marks):
            text = text.replace(release + mark, chr(_RELEASED + at))
    meant = {_RELEASED + at: mark for at, mark in enumerate(marks)}
    found = []
    for body in text.split(terminator)[: MAX_SEGMENTS + 1]:
        tag = re.split(f"[{re.escape(element + component)}]", body.lstrip()[:4], maxsplit=1)[0].strip()
        if tag in _SERVICE:
            parts = [
                [one.translate(meant) for one in part.split(component)] for part in body.strip().split(element, 20)
            ]
            found.append([[tag], *parts[1:]])
        elif tag:
            found.append([[tag]])
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
            _end(found, segment, groups=sum(one[0][0] == "UNG" for one in segments[:position]))
            refuse_another(any(one[0][0] in {"UNA", "UNB"} for one in segments[position:]))
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
