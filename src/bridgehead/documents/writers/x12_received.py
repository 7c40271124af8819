"""Looks over an X12 interchange as it came, broken or not, for what a receipt must name: its numbers and faults."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from bridgehead.documents.acknowledgement import Unwritable
from bridgehead.documents.decoding import decode
from bridgehead.documents.outcome import Refusal

MAX_SEGMENTS: Final = 50_000
_TAG: Final = re.compile(r"[A-Z][A-Z0-9]{1,2}")


@dataclass(slots=True)
class ReceivedSet:
    """A transaction set as found: positions count segments of the interchange from ISA = 1.

    ``faults`` are codes of data element 718.
    """

    kind: str
    control: str
    start: int
    end: int
    faults: list[str] = field(default_factory=list)


@dataclass(slots=True)
class ReceivedGroup:
    """A functional group as found; ``faults`` are codes of data element 716."""

    functional: str
    sender: str
    receiver: str
    control: str
    version: str
    sets: list[ReceivedSet] = field(default_factory=list)
    stated: str = ""
    faults: list[str] = field(default_factory=list)


@dataclass(slots=True)
class ReceivedX12:
    """An interchange as found. ``isa`` holds tag and sixteen elements, ``fault`` is a code of data element I18."""

    isa: list[str]
    element: str
    component: str
    segment: str
    groups: list[ReceivedGroup] = field(default_factory=list)
    fault: str = "000"
    tags: list[str] = field(default_factory=list)


def scan_x12(received: bytes) -> ReceivedX12:
    """Returns the interchange in ``received``: whatever of it can be told.

    Raises Unwritable when there is no ISA with sixteen elements, because then nobody can be answered, and when another
    interchange follows.
    """
    text = text_of(received)
    if text[:3] != "ISA" or len(text) < 20:
        raise Unwritable("The document does not start with ISA.", where="received", hint="Pass the file as it came.")
    element = text[3]
    at, fields = 3, 0
    while fields < 16 and 0 <= at < 400:
        fields += 1
        at = text.find(element, at + 1) if fields < 16 else at
    component, after = text[at + 1 : at + 2], text[at + 2 : at + 3]
    if not 0 <= at < 400 or not component or element.isalnum() or element in " \t\r\n":
        raise Unwritable("ISA does not have its sixteen elements.", where="received")
    segment = after if after and not after.isalnum() and after != "\r" else "\n"
    if component in "\r\n":
        component, segment = "", "\n"
    found = ReceivedX12([*text[:at].split(element), component], element, component, segment)
    _walk(found, [_flat(one) for one in text.split(segment)[:MAX_SEGMENTS]])
    return found


def text_of(received: bytes) -> str:
    """Returns a file as text, read as the readers read it; what no encoding explains stands byte for byte."""
    try:
        return decode(received).lstrip("\ufeff").lstrip()
    except Refusal:
        return received.decode("latin-1").lstrip()


def refuse_another(another: bool) -> None:  # noqa: FBT001 - the one thing that is asked
    """Raises Unwritable when an interchange is followed by another: one receipt answers one."""
    if another:
        raise Unwritable(
            "The file holds several interchanges, and one receipt answers one.",
            where="received",
            hint="Split the file, and read and answer each interchange by itself.",
        )


def _flat(segment: str) -> str:
    """Returns a segment without the line ends of a file that was wrapped at a column."""
    return segment.replace("\r", "").replace("\n", "").strip()


def _walk(found: ReceivedX12, segments: list[str]) -> None:
    group: ReceivedGroup | None = None
    inside: ReceivedSet | None = None
    position = 0
    for at, body in enumerate(segments):
        if not body:
            continue
        position += 1
        parts = [one.strip() for one in body.split(found.element)]
        tag = parts[0]
        found.tags.append(tag)
        if tag == "IEA":
            _close(group, inside, position)
            _end(found, parts, open_group=group is not None)
            refuse_another(any(later.startswith("ISA") for later in segments[at + 1 :]))
            return
        if tag == "GS":
            _close(group, inside, position)
            inside = None
            group = ReceivedGroup(_at(parts, 1), _at(parts, 2), _at(parts, 3), _at(parts, 6), _at(parts, 8))
            found.groups.append(group)
        elif tag == "ST" and group is not None:
            _miss(inside, position)
            inside = ReceivedSet(_at(parts, 1), _at(parts, 2), position, position)
            _name(group, inside)
        elif tag == "SE" and inside is not None:
            inside.end = position
            if not _counts(_at(parts, 1), position - inside.start + 1):
                inside.faults.append("4")
            if _at(parts, 2).lstrip("0") != inside.control.lstrip("0"):
                inside.faults.append("3")
            inside = None
        elif tag == "GE" and group is not None:
            _miss(inside, position)
            inside = None
            group.stated = _at(parts, 1)
            if not _counts(group.stated, len(group.sets)):
                group.faults.append("5")
            if _at(parts, 2).lstrip("0") != group.control.lstrip("0"):
                group.faults.append("4")
            group = None
        elif inside is not None:
            inside.end = position
    _close(group, inside, position + 1)
    found.fault = "023"


def _name(group: ReceivedGroup, inside: ReceivedSet) -> None:
    if re.fullmatch(r"\d{3}", inside.kind) is None:
        inside.faults.append("6")
    if not 4 <= len(inside.control) <= 9:
        inside.faults.append("7")
    elif any(one.control == inside.control for one in group.sets):
        inside.faults.append("23")
    group.sets.append(inside)


def _miss(inside: ReceivedSet | None, position: int) -> None:
    if inside is not None:
        inside.end = position - 1
        inside.faults.append("2")


def _close(group: ReceivedGroup | None, inside: ReceivedSet | None, position: int) -> None:
    _miss(inside, position)
    if group is not None:
        group.faults.append("3")


def _end(found: ReceivedX12, parts: list[str], *, open_group: bool) -> None:
    if open_group:
        found.fault = "022"
    elif not _counts(_at(parts, 1), len(found.groups)):
        found.fault = "021"
    elif _at(parts, 2).lstrip("0") != found.isa[13].strip().lstrip("0"):
        found.fault = "001"


def _at(parts: list[str], index: int) -> str:
    return parts[index] if index < len(parts) else ""


def _counts(stated: str, actual: int) -> bool:
    return stated.isascii() and stated.isdigit() and len(stated) < 10 and int(stated) == actual


def tag_of(found: ReceivedX12, position: int) -> str:
    """The tag of a segment, counted from ISA = 1; empty when it is none."""
    tag = found.tags[position - 1] if 0 < position <= len(found.tags) else ""
    return tag if _TAG.fullmatch(tag) else ""
