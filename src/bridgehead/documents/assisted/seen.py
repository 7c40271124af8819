"""The text of a document that a person sees, line by line: all that a model is ever shown of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Final

from pydantic import TypeAdapter

from bridgehead.documents.dates import DayContext, day_order
from bridgehead.documents.decoding import decode
from bridgehead.documents.detecting import form_of
from bridgehead.documents.language import guess_day_order, language_of
from bridgehead.documents.mail.bodies import read_bodies
from bridgehead.documents.mail.message import Mail, Part, parse_mail
from bridgehead.documents.mail.texts import Texts
from bridgehead.documents.numbers import decimal_sign
from bridgehead.documents.outcome import Refusal
from bridgehead.documents.pdf.opening import open_pdf
from bridgehead.documents.pdf.pages import sheets_of
from bridgehead.documents.pdf.watch import beside_warnings, hidden_warnings
from bridgehead.documents.signatures import is_pdf
from bridgehead.documents.tables.cells import Ways
from bridgehead.documents.vigilance import addresses_machine, instruction_in, invisible_in

MAX_LINES: Final = 400
MAX_LETTERS: Final = 24_000
"""More text than this is not sent: a model loses its way in it, and every token is paid for."""
MAX_LINE: Final = 1_000


@dataclass(frozen=True, slots=True)
class SeenLine:
    """A line as it is shown; ``part``, ``line`` and ``page`` are those of ``Source``."""

    text: str
    part: str
    line: int
    page: int | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """What a document shows. A model knows ``lines[0]`` as line 1.

    ``format`` is that of an order read from it. ``barred`` says why no model is asked about the document; empty when
    one may be. ``sender`` is display name and address of the mail's From.
    """

    format: str
    lines: tuple[SeenLine, ...]
    ways: Ways
    sender: tuple[str, str] = ("", "")
    barred: str = ""


_SEEN: Final = TypeAdapter(Seen)


def seen_to_json(seen: Seen) -> bytes:
    """What a document shows, as UTF-8 JSON."""
    return _SEEN.dump_json(seen)


def seen_from_json(document: bytes) -> Seen:
    """Reads what ``seen_to_json`` wrote; raises ``pydantic.ValidationError`` for anything else."""
    return _SEEN.validate_json(document)


def see(document: bytes, name: str) -> Seen:
    """What a mail, a PDF or a text shows; other documents show nothing, for rules read them whole.

    Of a mail it is the subject, what its sender wrote, the signature, and the pages of PDFs attached; never quoted
    threads, disclaimers, or anything hidden. Raises nothing: what cannot be shown is ``barred``.
    """
    form = form_of(document, name)
    try:
        if form == "email":
            return _of_mail(parse_mail(document))
        if form == "pdf":
            return _bounded("pdf", list(_pages(document, "document")))
        if form in {"text", "html"}:
            kind = "text/html" if form == "html" else "text/plain"
            body = decode(document).encode()
            return _of_mail(Mail((), (Part(kind, "utf-8", "", attached=False, flowed=False, body=body),)))
    except Refusal as refusal:
        return barred(f"its text cannot be shown: {refusal.outcome.reason}")
    except _ToldError as told:
        return barred(f"the document speaks to its reader: {told}")
    return barred("documents of this kind are read by rules alone")


class _ToldError(Exception):
    """The document speaks to whoever reads it by machine; a person reads it."""


def barred(why: str) -> Seen:
    """A document about which no model is asked, with the reason."""
    return Seen("", (), Ways(None, DayContext(None, None), None), barred=why)


def _of_mail(mail: Mail) -> Seen:
    bodies = read_bodies(mail)
    if bodies.alerts:
        raise _ToldError(bodies.alerts[0])
    text = Texts(mail, bodies, mail.written).best
    told = next(filter(None, (addresses_machine(words) for _, words in text.sections.own)), None)
    if told is not None:
        raise _ToldError(repr(told))
    lines: list[SeenLine] = []
    subject = " ".join(mail.get("subject")[:500].split())
    if subject:
        lines.append(SeenLine(subject, "header", 1))
    shown = sorted((*text.sections.own, *text.sections.signature))
    lines += [SeenLine(words, text.part, number) for number, words in shown]
    form = "email"
    for number, part in enumerate(mail.parts, 1):
        if part.attached and is_pdf(part.body):
            lines += _pages(part.body, f"attachment {part.filename or f'part {number}'}")
            form = "pdf"
    return _bounded(form, lines, mail.sender, mail.written)


def _pages(document: bytes, part: str) -> Iterator[SeenLine]:
    """The rows of the pages as they are seen; raises _ToldError for hidden text that speaks to the reader."""
    opened = open_pdf(document, part)
    sheets = sheets_of(opened, part)
    for kind, said in (*hidden_warnings(sheets), *beside_warnings(opened)):
        if kind == "instruction":
            raise _ToldError(said)
    for sheet in sheets:
        for row in sheet.rows:
            yield SeenLine(row.text, part, row.line, row.page)


def _bounded(
    form: str, lines: Iterable[SeenLine], sender: tuple[str, str] = ("", ""), written: date | None = None
) -> Seen:
    kept = tuple(line for line in lines if line.text.strip())
    text = "\n".join(line.text for line in kept)
    told = instruction_in(text)
    if told is not None:
        raise _ToldError(repr(told))
    if invisible_in(text):
        raise _ToldError("it holds invisible characters")
    if not kept:
        return barred("it shows no text")
    if len(kept) > MAX_LINES or len(text) > MAX_LETTERS or max(len(line.text) for line in kept) > MAX_LINE:
        return barred(f"it shows more than {MAX_LINES} lines or {MAX_LETTERS} letters, or a line of {MAX_LINE}")
    language = language_of(text)
    order = day_order(text, guess_day_order(f"{sender[1]}\n{text}", language))
    return Seen(form, kept, Ways(decimal_sign(text), DayContext(order, written), language), sender)
