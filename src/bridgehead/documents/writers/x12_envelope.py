"""Wraps transaction sets into an X12 interchange with its control numbers and counts (ASC X12.5 and X12.6)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final, Literal

from bridgehead.documents.acknowledgement import Unwritable
from bridgehead.documents.writers.text import exact, fit, pieces
from bridgehead.documents.writers.x12_received import scan_x12

CharacterSet = Literal["basic", "extended"]
"""X12.6: *basic* has capitals, digits and some marks; *extended* adds small letters and the rest of printable ASCII."""

_BASIC: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 !\"&'()*+,-./:;?=")
_EXTENDED: Final = frozenset(chr(code) for code in range(0x20, 0x7F))
_SETS: Final[dict[CharacterSet, frozenset[str]]] = {"basic": _BASIC, "extended": _EXTENDED}
COMPONENT: Final = ">"
_VERSIONS: Final = ("003", "004", "005", "006", "007", "008")


@dataclass(frozen=True, slots=True)
class X12Party:
    """One end of an interchange: ISA05 to ISA08, and the code of its application in GS (empty: its id)."""

    qualifier: str
    id: str
    application: str = ""


@dataclass(frozen=True, slots=True)
class X12Envelope:
    """What surrounds our transaction sets: who sends to whom, numbers, version and separators.

    ``control_number`` numbers the interchange and its group: never the same twice for one partner. A free text that
    holds a separator gets another mark or a blank instead, because X12 has no release character; an identifier that
    holds one is refused. Raises Unwritable for what X12 does not allow.
    """

    sender: X12Party
    receiver: X12Party
    control_number: int
    version: str = "004010"
    test: bool = False
    element: str = "*"
    component: str = COMPONENT
    segment: str = "~"
    repetition: str = "^"
    character_set: CharacterSet = "extended"
    lines: bool = False
    """Whether a line break follows each segment."""

    def __post_init__(self) -> None:
        for name, party in (("sender", self.sender), ("receiver", self.receiver)):
            where = f"envelope.{name}"
            if len(party.qualifier) != 2 or not party.qualifier.isascii() or not party.qualifier.isalnum():
                raise Unwritable(f"{party.qualifier!r} is no qualifier of two characters (ISA05, ISA07).", where=where)
            self.exact(party.id, 15, where=f"{where}.id", least=1)
            self.exact(party.application or party.id, 15, where=f"{where}.application", least=2)
        if not 1 <= self.control_number <= 999_999_999:
            raise Unwritable("A control number has one to nine digits.", where="envelope.control_number")
        if len(self.version) < 6 or not self.version[:6].isdigit() or not self.version.startswith(_VERSIONS):
            raise Unwritable(
                f"{self.version!r} is no version of X12 such as 004010.", where="envelope.version", hint="It is GS08."
            )
        marks = (self.element, self.component, self.segment, *((self.repetition,) if self._repeats else ()))
        for mark in marks:
            if len(mark) != 1 or mark.isalnum() or mark in " -.?" or not mark.isascii():
                raise Unwritable(f"{mark!r} cannot separate anything.", where="envelope.element")
        if len(set(marks)) != len(marks):
            raise Unwritable("Two separators are the same.", where="envelope.element")

    @property
    def _repeats(self) -> bool:
        return self.version >= "00402"

    def admits(self, character: str) -> bool:
        """Whether a value may hold the character."""
        marks = (self.element, self.component, self.segment, self.repetition if self._repeats else self.element)
        return character in _SETS[self.character_set] and character not in marks

    def text(self, value: str, longest: int) -> str:
        """A name or note as an element of at most ``longest`` characters."""
        return fit(value, self.admits, longest=longest)

    def texts(self, value: str, longest: int, most: int) -> list[str]:
        """A note as several elements."""
        return pieces(value, self.admits, longest=longest, most=most)

    def exact(self, value: str, longest: int, *, where: str, least: int = 0) -> str:
        """An identifier as an element; raises Unwritable when it does not fit."""
        kept = exact(value, self.admits, longest=longest, where=where)
        if len(kept) < least:
            raise Unwritable(f"{kept!r} has fewer than {least} characters.", where=where)
        return kept

    def day(self, moment: datetime) -> str:
        """A date as the version writes it: with the century from 004010 on."""
        return moment.strftime("%Y%m%d" if self.version >= "004010" else "%y%m%d")


def answering_x12(received: bytes, *, control_number: int) -> X12Envelope:
    """Returns the envelope of an answer: to whom the interchange came from, with its separators and its version.

    Raises Unwritable when ``received`` holds no interchange header.
    """
    found = scan_x12(received)
    group = found.groups[0] if found.groups else None
    envelope = X12Envelope(
        sender=X12Party(found.isa[7].strip(), found.isa[8].strip(), group.receiver if group else ""),
        receiver=X12Party(found.isa[5].strip(), found.isa[6].strip(), group.sender if group else ""),
        control_number=control_number,
        version=group.version if group and group.version else f"{found.isa[12].strip()}0"[:6],
        test=found.isa[15].strip() == "T",
        element=found.element,
        component=found.component or COMPONENT,
        segment=found.segment,
    )
    if envelope.version < "00402":
        return envelope
    stated = found.isa[11].strip()
    return replace(envelope, repetition=stated) if stated and not stated.isalnum() else envelope


@dataclass(slots=True)
class X12Writer:
    """Collects the segments of one interchange; ``done`` closes it with the right counts."""

    envelope: X12Envelope
    issued: datetime
    _segments: list[str] = field(default_factory=list)
    _set: tuple[str, str, int] = ("", "", 0)
    _sets: int = 0
    _grouped: bool = False

    def add(self, tag: str, *elements: str) -> None:
        """Adds a segment; empty elements at its end are left out."""
        held = [tag, *elements]
        while not held[-1]:
            held.pop()
        self._segments.append(self.envelope.element.join(held))

    def open_interchange(self) -> None:
        """Writes ISA with its fixed lengths."""
        one, issued = self.envelope, self.issued
        repeats = one.version >= "00402"
        self.add(
            "ISA", "00", " " * 10, "00", " " * 10, one.sender.qualifier, one.sender.id.strip().ljust(15),
            one.receiver.qualifier, one.receiver.id.strip().ljust(15), issued.strftime("%y%m%d"),
            issued.strftime("%H%M"), one.repetition if repeats else "U", one.version[:5],
            f"{one.control_number:09d}", "0", "T" if one.test else "P", one.component,
        )  # fmt: skip

    def open_group(self, functional: str) -> None:
        """Writes the one GS, of one kind of transaction sets (element 479: PR of an 855, FA of a 997)."""
        one = self.envelope
        self.add(
            "GS", functional, (one.sender.application or one.sender.id).strip(),
            (one.receiver.application or one.receiver.id).strip(), one.day(self.issued),
            self.issued.strftime("%H%M"), str(one.control_number), "X", one.version,
        )  # fmt: skip
        self._grouped = True

    def open_set(self, kind: str) -> None:
        """Writes ST."""
        self._sets += 1
        number = f"{self._sets:04d}"
        self._set = (kind, number, len(self._segments))
        self.add("ST", kind, number)

    def close_set(self) -> None:
        """Writes SE with the number of segments from ST to SE."""
        _, number, start = self._set
        self.add("SE", str(len(self._segments) - start + 1), number)

    def done(self) -> bytes:
        """Closes group and interchange and returns the document."""
        number = self.envelope.control_number
        if self._grouped:
            self.add("GE", str(self._sets), str(number))
        self.add("IEA", str(int(self._grouped)), f"{number:09d}")
        end = self.envelope.segment + ("\n" if self.envelope.lines and self.envelope.segment != "\n" else "")
        return "".join(f"{segment}{end}" for segment in self._segments).encode("ascii")
