"""Reads the orders in the text of a mail: the body that says most, and a forwarded message where the sender adds none."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from bridgehead.documents.dates import DayContext, day_order
from bridgehead.documents.draft import Draft
from bridgehead.documents.language import Language, guess_day_order, language_of
from bridgehead.documents.mail.bodies import Bodies
from bridgehead.documents.mail.body import Walker
from bridgehead.documents.mail.forms import as_said
from bridgehead.documents.mail.intent import Intent, intent_of
from bridgehead.documents.mail.merging import items
from bridgehead.documents.mail.message import Mail
from bridgehead.documents.mail.patterns import PO as PO_PATTERN
from bridgehead.documents.mail.patterns import plausible_number
from bridgehead.documents.mail.rest import bare
from bridgehead.documents.mail.sections import Sections, TextLine, divide, forwarded_headers
from bridgehead.documents.numbers import decimal_sign
from bridgehead.documents.order import Source
from bridgehead.documents.tables.cells import Ways

_FORWARDED: Final = re.compile(
    r"^\s*(?:(?:re|aw|sv|odp|antw|antwort|rif|ynt|vs)\s?:\s{0,3}){0,4}(?:fwd?|wg|tr|rv|i|vs|vb|vl|pd|enc|res|doorst|videresendt|tov[áa]bb[íi]t[áa]s|r[eé]tr)\s?:",
    re.IGNORECASE,
)


_TELLING: Final = 4
"""So many digits tell one order from another."""


@dataclass(frozen=True, slots=True)
class Text:
    """One body as it was read."""

    part: str
    lines: Sequence[TextLine]
    drafts: list[Draft]
    intent: Intent
    sections: Sections
    forwarded_from: TextLine | None = None


class Texts:
    """The bodies of a mail; ``best`` is the one with most items."""

    def __init__(self, mail: Mail, bodies: Bodies, written: date | None) -> None:
        self.mail = mail
        self.written = written
        self.subject = mail.get("subject")[:500]
        self.files = any(part.attached for part in mail.parts)
        self.whole = "\n".join(text for _, lines in bodies.texts for _, text in lines)[:20_000]
        texts = [self._text(part, lines) for part, lines in bodies.texts] or [self._text("body", [])]
        self.best = max(texts, key=lambda one: _worth(one.drafts))
        self.others = [one for one in texts if one is not self.best]
        if any(_worth(one.drafts)[0] and items(one.drafts) != items(self.best.drafts) for one in self.others):
            for draft in self.best.drafts:
                draft.warn("contradiction", "the plain text and the HTML of the mail order different things")
        elif any(_differ(one.drafts, self.best.drafts) for one in self.others):
            for draft in self.best.drafts:
                draft.warn("contradiction", "the plain text and the HTML of the mail say different things of one order")

    @property
    def language(self) -> Language | None:
        """The language of the mail."""
        return language_of(f"{self.subject}\n{self.whole}")

    def ways(self, lines: Sequence[TextLine]) -> Ways:
        """How these lines write numbers and days."""
        text = "\n".join(line for _, line in lines)
        language = language_of(f"{self.subject}\n{text}")
        guess = guess_day_order(f"{self.mail.sender[1]}\n{text}", language) or guess_day_order(self.whole, language)
        return Ways(decimal_sign(text), DayContext(day_order(text, guess), self.written), language)

    def _text(self, part: str, lines: list[TextLine]) -> Text:
        sections = divide(lines, forwards=_FORWARDED.match(self.subject) is not None)
        drafts = self._walk(part, sections.own)
        own = "\n".join(line for _, line in sections.own)
        intent = intent_of(self.subject, own)
        if not any(draft.lines for draft in drafts) and sections.forwarded:
            headers, inner = forwarded_headers(sections.forwarded)
            inner_sections = divide(inner)
            subject = headers.get("subject", (0, ""))[1]
            inner_drafts = self._walk(part, inner_sections.own, subject)
            inner_intent = intent_of(subject or self.subject, "\n".join(line for _, line in inner_sections.own))
            # With files, the forwarded text is their covering letter: what it says and who wrote it counts.
            if any(draft.lines for draft in inner_drafts) or inner_intent.kind is not None or (self.files and headers):
                for draft in inner_drafts:
                    for at, note in enumerate(drafts[0].notes):
                        draft.note(
                            note, drafts[0].sources.get(f"notes[{at}]", Source(part, 1, note[:300], how="place"))
                        )
                return Text(part, lines, inner_drafts, inner_intent, inner_sections, headers.get("from"))
        if any(draft.lines for draft in drafts) and sections.forwarded:
            below = self._walk(part, divide(forwarded_headers(sections.forwarded)[1]).own, "")
            same = {draft.po_number for draft in below} <= {draft.po_number for draft in drafts}
            if any(draft.lines for draft in below) and not (same and items(below) == items(drafts)):
                for draft in drafts:
                    draft.warn("ignored", f"the message forwarded below (line {sections.forwarded[0][0]}) orders too")
        if not any(draft.lines for draft in drafts) and sections.signature:
            again = self._walk(part, [*sections.own, *sections.signature])
            if any(draft.lines for draft in again):
                return Text(part, lines, again, intent, sections)
        return Text(part, lines, drafts, intent, sections)

    def _walk(self, part: str, lines: list[TextLine], subject: str | None = None) -> list[Draft]:
        ways = self.ways(lines)
        intent = intent_of(self.subject if subject is None else subject, "\n".join(line for _, line in lines))
        walker = Walker(part, ways, changing=intent.purpose == "change")
        walker.walk(as_said(lines, broken=part != "html"))
        drafts = walker.drafts
        number = self.subject_number(subject, ways)
        if number is not None:
            source = Source("header", 1, (subject or self.subject)[:300], column="Subject", how="pattern")
            first = drafts[0]
            known = {draft.po_number for draft in drafts}
            if not first.po_number:
                first.po_number = number
                first.mark("po_number", source)
            elif number not in known and len(drafts) == 1 and _close(number, first.po_number):
                pass
            elif number not in known and len(drafts) == 1:
                first.warn("uncertain", f"the subject names order {number}, the text {first.po_number}")
        return drafts

    def subject_number(self, subject: str | None = None, ways: Ways | None = None) -> str | None:
        """The one order number that the subject names."""
        ways = ways or Ways(None, DayContext("dmy", self.written), None)
        found = {
            match["no"].rstrip(".-/")
            for match in PO_PATTERN.finditer(subject or self.subject)
            if plausible_number(match["no"], match["word"], ways)
        }
        return found.pop() if len(found) == 1 else None


def _worth(drafts: list[Draft]) -> tuple[int, int]:
    return sum(len(draft.lines) for draft in drafts), -sum(len(draft.warnings) for draft in drafts)


def _close(one: str, other: str) -> bool:
    """``PO-4500123`` and ``4500123`` are the same number, as are ``CF-4500123`` and ``4500123``."""
    short, long = sorted((bare(one), bare(other)), key=len)
    if (
        len(short) >= _TELLING
        and short.isdigit()
        and long.endswith(short)
        and not any(map(str.isdigit, long[: -len(short)]))
    ):
        return True
    return one.upper().removeprefix("PO").strip("-_ ") == other.upper().removeprefix("PO").strip("-_ ")


def _differ(some: Sequence[Draft], others: Sequence[Draft]) -> bool:
    """Whether two readings of one mail state different numbers, days or prices; what only one states is no difference."""
    if len(some) != len(others):
        return False
    pairs: list[tuple[object, object]] = []
    for one, other in zip(some, others, strict=True):
        pairs += [(one.po_number, other.po_number), (one.requested_date, other.requested_date)]
        for left, right in zip(one.lines, other.lines, strict=False):
            pairs += [(left.price, right.price), (left.requested_date, right.requested_date)]
    return any(left and right and left != right for left, right in pairs)
