"""Reads a document of any kind into orders, or says what it is, or refuses it by name; never reads half of it."""

from __future__ import annotations

import re
from typing import Final

from bridgehead.documents.decoding import decode, looks_binary
from bridgehead.documents.mail.message import looks_like_mail
from bridgehead.documents.mail.order import read_mail, read_plain_text
from bridgehead.documents.outcome import NotAnOrder, Orders, Reading, Refusal, Unreadable
from bridgehead.documents.signatures import refuse_by_signature
from bridgehead.documents.tables.csv_order import looks_like_table, read_csv
from bridgehead.documents.x12.order import read_x12

__all__ = ["NotAnOrder", "Orders", "Reading", "Unreadable", "read"]

_BLANK = " \t\r\n\f\v\ufeff\xa0"


def read(document: bytes, name: str, *, max_bytes: int = 25 * 2**20) -> Reading:
    """Reads the bytes of one arrival; ``name`` is a hint, the content decides.

    Pure: no file, network or clock is touched. Raises nothing for any input; what cannot be read whole is
    ``Unreadable`` with a stable code, a plain reason and the segment, line or part.
    """
    try:
        return _read(document, name, max_bytes)
    except Refusal as refusal:
        return refusal.outcome


def _read(document: bytes, name: str, max_bytes: int) -> Reading:
    if len(document) > max_bytes:
        raise Refusal("too_large", f"The document has {len(document)} bytes; {max_bytes} are allowed.", name[:100])
    if not document.strip():
        raise Refusal("empty", "The document is empty.", name[:100])
    refuse_by_signature(document, "document")
    if looks_like_mail(document):
        return read_mail(document)
    text = decode(document)
    head = text[:4096].lstrip(_BLANK)
    if not head:
        raise Refusal("empty", "The document holds nothing but blanks.", name[:100])
    if head.startswith("ISA"):
        return read_x12(text)
    if looks_binary(document) and "\0" not in text and document[:2] not in {b"\xff\xfe", b"\xfe\xff"}:
        raise Refusal("binary", "The document holds control characters that text has not.", "document")
    refuse_other_markup(head)
    if name.lower().endswith((".csv", ".tsv")) or looks_like_table(text):
        return read_csv(text)
    return read_plain_text(text)


_OTHERS: Final = (
    (re.compile(r"UN[AB][^\w\s]"), "EDIFACT"),
    (re.compile(r"STX[=+][A-Z]{3,4}[:=+]"), "TRADACOMS"),
    (re.compile("EDI_DC40"), "SAP IDoc"),
    (re.compile(r"<\?xml"), "XML"),
    (re.compile("<"), "markup"),
    (re.compile(r"\{"), "JSON"),
)
_EDIFACT_TYPE: Final = re.compile(r"UNH.[^'\n]{1,20}?[^\w]([A-Z]{6})[^\w]")
_ROOT: Final = re.compile(r"<(?![?!])([\w:.-]{1,60})")


def refuse_other_markup(head: str) -> None:
    """Raises Refusal for business documents of kinds that have other readers; the reason names kind and message."""
    for start, what in _OTHERS:
        if not start.match(head):
            continue
        pattern = {"EDIFACT": _EDIFACT_TYPE, "XML": _ROOT, "markup": _ROOT}.get(what)
        named = pattern.search(head) if pattern is not None else None
        kind = f"{what} {named[1]}" if named else what
        code = f"unsupported.{what.lower().replace(' ', '_')}"
        raise Refusal(code, f"{kind} is not read by this deployment.", "document")
