"""Reads a document of any kind into orders, or says what it is, or refuses it by name; never reads half of it."""

from __future__ import annotations

import re
from typing import Final

from bridgehead.documents.confidence import rated
from bridgehead.documents.decoding import decode, looks_binary
from bridgehead.documents.edifact.order import read_edifact
from bridgehead.documents.edifact.syntax import looks_like_edifact
from bridgehead.documents.edifact.tradacoms import looks_like_tradacoms, read_tradacoms
from bridgehead.documents.mail.message import looks_like_mail
from bridgehead.documents.mail.order import read_html, read_mail, read_plain_text
from bridgehead.documents.outcome import Hints, NotAnOrder, Orders, Reading, Refusal, Unreadable
from bridgehead.documents.pdf.reading import read_pdf
from bridgehead.documents.signatures import is_pdf, is_workbook, is_xml, refuse_by_signature
from bridgehead.documents.tables.csv_order import looks_like_table, read_csv
from bridgehead.documents.tables.workbook import read_workbook
from bridgehead.documents.x12.envelope import looks_like_x12
from bridgehead.documents.x12.order import read_x12
from bridgehead.documents.xml.reading import read_xml

__all__ = ["NotAnOrder", "Orders", "Reading", "Unreadable", "read", "read_part"]

_BLANK = " \t\r\n\f\v\ufeff\xa0"


def read(document: bytes, name: str, *, max_bytes: int = 25 * 2**20) -> Reading:
    """Reads the bytes of one arrival; ``name`` is a hint, the content decides.

    Pure: no file, network or clock is touched. Raises nothing for any input; what cannot be read whole is
    ``Unreadable`` with a stable code, a plain reason and the segment, line or part. Pages of a PDF can take seconds
    and much memory: ``isolated.py`` reads in a process with limits.
    """
    try:
        outcome = _read(document, name, max_bytes)
    except Refusal as refusal:
        return refusal.outcome
    if isinstance(outcome, Orders):
        return Orders(tuple(rated(order) for order in outcome.orders))
    return outcome


def _read(document: bytes, name: str, max_bytes: int) -> Reading:
    if len(document) > max_bytes:
        raise Refusal("too_large", f"The document has {len(document)} bytes; {max_bytes} are allowed.", name[:100])
    if not document.strip():
        raise Refusal("empty", "The document is empty.", name[:100])
    if looks_like_mail(document):
        return read_mail(document, read_part)
    return read_part(document, name, "document", Hints())


def read_part(document: bytes, name: str, part: str, hints: Hints) -> Reading:
    """Reads a document that is no mail: an arrival, something attached to a mail, or embedded in another document.

    ``part`` is its place for sources. Raises Refusal.
    """
    if not document.strip():
        raise Refusal("empty", "The document is empty.", part)
    if is_pdf(document):
        return read_pdf(document, part, hints, read_part)
    if is_workbook(document):
        return read_workbook(document, part, hints)
    refuse_by_signature(document, part)
    if is_xml(document):
        return read_xml(document, part, hints, read_part)
    if looks_like_tradacoms(document):
        return read_tradacoms(document, part)
    if looks_like_edifact(document):
        return read_edifact(document, part, hints)
    text = decode(document, part)
    head = text[:4096].lstrip(_BLANK)
    if not head:
        raise Refusal("empty", "The document holds nothing but blanks.", part)
    if looks_like_x12(head):
        return read_x12(text, part)
    if looks_binary(document) and "\0" not in text and document[:2] not in {b"\xff\xfe", b"\xfe\xff"}:
        raise Refusal("binary", "The document holds control characters that text has not.", part)
    if _PAGE.match(head):
        return read_html(text, read_part, hints)
    refuse_other_markup(head)
    if name.lower().endswith((".csv", ".tsv")) or looks_like_table(text):
        return read_csv(text, part, hints)
    return read_plain_text(text, read_part, hints)


_OTHERS: Final = (
    (re.compile("EDI_DC40"), "SAP IDoc"),
    (re.compile(r"ORD(?:ERS|RSP|CHG)_D_\d\d[AB]_UN"), "Flat file"),
    (re.compile("<"), "markup"),
    (re.compile(r"\{"), "JSON"),
)
_PAGE: Final = re.compile(r"<(?:!doctype\s+html|html|head|body|table|div|p|meta|style)\b", re.IGNORECASE)
_ROOT: Final = re.compile(r"<(?![?!])([\w:.-]{1,60})")


def refuse_other_markup(head: str) -> None:
    """Raises Refusal for business documents of kinds that have other readers; the reason names kind and message."""
    for start, what in _OTHERS:
        if not start.match(head):
            continue
        named = _ROOT.search(head) if what == "markup" else None
        kind = f"{what} {named[1]}" if named else what
        code = f"unsupported.{what.lower().replace(' ', '_')}"
        raise Refusal(code, f"{kind} is not read by this deployment.", "document")
