"""Wraps messages into an EDIFACT interchange with its references and counts (ISO 9735, syntax versions 1 to 4)."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from bridgehead.documents.acknowledgement import Unwritable
from bridgehead.documents.writers.edifact_received import UNA, scan_edifact
from bridgehead.documents.writers.text import exact, fit, pieces

_CODECS: Final[dict[str, str]] = {
    "UNOA": "ascii", "UNOB": "ascii", "UNOC": "iso8859-1", "UNOD": "iso8859-2", "UNOE": "iso8859-5",
    "UNOF": "iso8859-7", "UNOG": "iso8859-3", "UNOH": "iso8859-4", "UNOI": "iso8859-6", "UNOJ": "iso8859-8",
    "UNOK": "iso8859-9", "UNOW": "utf-8", "UNOY": "utf-8",
}  # fmt: skip
_UNOA: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 .,-()/=!\"%&*;<>'+:?")
_DIRECTORY: Final = re.compile(r"[A-Z0-9]{1,3}\.[A-Z0-9]{1,3}")
_UNOB: Final = _UNOA | frozenset("abcdefghijklmnopqrstuvwxyz")


@dataclass(frozen=True, slots=True)
class EdifactParty:
    """One end of an interchange: identification, qualifier (element 0007, 14 is a GLN) and internal address."""

    id: str
    qualifier: str = ""
    internal: str = ""


@dataclass(frozen=True, slots=True)
class EdifactEnvelope:
    """What surrounds our messages: who sends to whom, the reference, the repertoire and the service characters.

    ``reference`` is the interchange's control reference (element 0020): never the same twice for one partner.
    ``service`` are the six characters of UNA; a release character lets values hold the others. ``release`` is the
    directory of a business message (``D.96A``), ``association`` its code of the responsible association (``EAN008``).
    Raises Unwritable for what ISO 9735 does not allow.
    """

    sender: EdifactParty
    receiver: EdifactParty
    reference: str
    syntax: str = "UNOC"
    syntax_version: str = "3"
    test: bool = False
    service: str = UNA
    release: str = "D.96A"
    association: str = ""
    application: str = ""
    lines: bool = False
    """Whether a line break follows each segment."""

    def __post_init__(self) -> None:
        if self.syntax not in _CODECS:
            raise Unwritable(
                f"{self.syntax!r} is no repertoire that can be written.",
                where="envelope.syntax",
                hint=f"One of {', '.join(_CODECS)}.",
            )
        if self.syntax_version not in {"1", "2", "3", "4"}:
            raise Unwritable("The syntax version is 1, 2, 3 or 4.", where="envelope.syntax_version")
        marks = [self.service[at] for at in (0, 1, 3, 5)] if len(self.service) == 6 else []
        if not marks or len(set(marks)) != 4 or any(not m.isascii() or m.isalnum() or m in " -." for m in marks):
            raise Unwritable(
                f"{self.service!r} are no six service characters with a release character.",
                where="envelope.service",
                hint='The usual ones are ":+.? \'".',
            )
        if _DIRECTORY.fullmatch(self.release) is None:
            raise Unwritable(f"{self.release!r} is no directory such as D.96A.", where="envelope.release")
        for name, party in (("sender", self.sender), ("receiver", self.receiver)):
            self.exact(party.id, 35, where=f"envelope.{name}.id", least=1)
            self.exact(party.qualifier, 4, where=f"envelope.{name}.qualifier")
            self.exact(party.internal, 14, where=f"envelope.{name}.internal")
        self.exact(self.reference, 14, where="envelope.reference", least=1)
        self.exact(self.association, 6, where="envelope.association")
        self.exact(self.application, 14, where="envelope.application")

    def admits(self, character: str) -> bool:
        """Whether a value may hold the character: it is of the repertoire, with a release character where needed."""
        if self.syntax in {"UNOA", "UNOB"}:
            return character in (_UNOA if self.syntax == "UNOA" else _UNOB)
        try:
            character.encode(_CODECS[self.syntax])
        except UnicodeEncodeError:
            return False
        return character.isprintable()

    def text(self, value: str, longest: int) -> str:
        """A name or note as an element of at most ``longest`` characters, release characters not counted."""
        return fit(value, self.admits, longest=longest)

    def texts(self, value: str, longest: int, most: int) -> list[str]:
        """A note as several elements."""
        return pieces(value, self.admits, longest=longest, most=most)

    def exact(self, value: str, longest: int, *, where: str, least: int = 0) -> str:
        """An identifier as an element; raises Unwritable when it does not fit."""
        kept = exact(value, self.admits, longest=longest, where=where)
        if len(kept) < least:
            raise Unwritable("It is empty.", where=where)
        return kept

    @property
    def encoding(self) -> str:
        """The Python name of the repertoire's encoding."""
        return codecs.lookup(_CODECS[self.syntax]).name


def answering_edifact(received: bytes, *, reference: str) -> EdifactEnvelope:
    """Returns the envelope of an answer: to whom the interchange came from, in its syntax and its directory.

    Raises Unwritable when ``received`` holds no interchange header.
    """
    found = scan_edifact(received)
    sender, receiver = found.parties
    kind = found.messages[0].kind if found.messages else []
    directory = ".".join(kind[1:3])
    syntax = found.syntax[0] if found.syntax[0] in _CODECS else "UNOC"
    return EdifactEnvelope(
        sender=_end(receiver),
        receiver=_end(sender),
        reference=reference,
        syntax=syntax,
        syntax_version=found.syntax[1] if found.syntax[1] in {"1", "2", "3", "4"} else "3",
        test=found.test,
        service=found.service if found.service[3] != " " else UNA,
        release=directory if _DIRECTORY.fullmatch(directory) else "D.96A",
    )


def _end(parts: list[str]) -> EdifactParty:
    held = [*parts, "", "", ""]
    return EdifactParty(held[0], held[1], held[2])


@dataclass(slots=True)
class EdifactWriter:
    """Collects the segments of one interchange; ``done`` closes it with the right counts."""

    envelope: EdifactEnvelope
    issued: datetime
    _segments: list[str] = field(default_factory=list)
    _start: int = 0
    _messages: int = 0

    def add(self, tag: str, *elements: str | tuple[str, ...]) -> None:
        """Adds a segment; a tuple is a composite. What is empty at an end is left out."""
        component, element = self.envelope.service[0], self.envelope.service[1]
        held = [self._joined((one,) if isinstance(one, str) else one, component) for one in elements]
        self._segments.append(_trimmed([tag, *held], element))

    def _joined(self, parts: tuple[str, ...], component: str) -> str:
        return _trimmed([self._released(one) for one in parts], component)

    def _released(self, value: str) -> str:
        service = self.envelope.service
        release, marks = service[3], {service[0], service[1], service[3], service[5]}
        if self.envelope.syntax_version == "4" and service[4] != " ":
            marks.add(service[4])
        return "".join(f"{release}{one}" if one in marks else one for one in value)

    def number(self, value: str) -> str:
        """A number with the interchange's decimal mark."""
        return value.replace(".", self.envelope.service[2])

    def open_interchange(self) -> None:
        """Writes UNB."""
        one, issued = self.envelope, self.issued
        day = issued.strftime("%Y%m%d" if one.syntax_version == "4" else "%y%m%d")
        self.add(
            "UNB", (one.syntax, one.syntax_version), (one.sender.id.strip(), one.sender.qualifier, one.sender.internal),
            (one.receiver.id.strip(), one.receiver.qualifier, one.receiver.internal), (day, issued.strftime("%H%M")),
            one.reference.strip(), "", one.application, "", "", "", "1" if one.test else "",
        )  # fmt: skip

    def open_message(self, kind: str, *version: str) -> None:
        """Writes UNH: kind, version, release, agency and association."""
        self._messages += 1
        self._start = len(self._segments)
        self.add("UNH", str(self._messages), (kind, *version))

    def close_message(self) -> None:
        """Writes UNT with the number of segments from UNH to UNT."""
        self.add("UNT", str(len(self._segments) - self._start + 1), str(self._messages))

    def done(self) -> bytes:
        """Closes the interchange and returns the document; UNA stands first where the characters are not the usual."""
        self.add("UNZ", str(self._messages), self.envelope.reference.strip())
        end = self.envelope.service[5] + ("\r\n" if self.envelope.lines else "")
        head = f"UNA{self.envelope.service}" if self.envelope.service != UNA else ""
        text = head + "".join(f"{segment}{end}" for segment in self._segments)
        return text.encode(self.envelope.encoding)


def _trimmed(parts: list[str], mark: str) -> str:
    held = list(parts)
    while len(held) > 1 and not held[-1]:
        held.pop()
    return mark.join(held)
