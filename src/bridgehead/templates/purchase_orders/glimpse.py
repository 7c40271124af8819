"""What a person sees of a document that opened no case: who sent it, its subject, what hangs on it, how it begins."""

from __future__ import annotations

from typing import Final

from pydantic import JsonValue

from bridgehead.documents.assisted.seen import see
from bridgehead.documents.decoding import decode
from bridgehead.documents.detecting import form_of
from bridgehead.documents.mail.bodies import read_bodies
from bridgehead.documents.mail.message import Mail, parse_mail
from bridgehead.documents.masking import masked
from bridgehead.documents.outcome import Refusal
from bridgehead.documents.pdf.saying import pdf_says
from bridgehead.documents.signatures import is_pdf
from bridgehead.templates.purchase_orders.glimpse_edi import order_glimpse
from bridgehead.templates.purchase_orders.glimpse_notice import notice
from bridgehead.templates.purchase_orders.glimpse_xml import xml_glimpse

LINES: Final = 6
LONGEST: Final = 160
MOST_ATTACHED: Final = 10
MOST_READ: Final = 3
"""So many PDFs of a mail are told; the others are named."""
_LOOKED_AT: Final = 65_536
_SEGMENTED: Final = frozenset({"x12", "edifact"})
_BLANKS: Final = b"\xef\xbb\xbf \t\r\n"
_PICTURED: Final = frozenset({"pdf", "xlsx", "zip"})


def glimpse(document: bytes, name: str) -> dict[str, JsonValue]:
    """Returns ``sender``, ``subject``, ``attachments`` and ``begins``, as far as there are any; raises nothing.

    Of an X12 or EDIFACT order, ``as_far_as_read`` is what stands in its whole segments (``glimpse_edi``); of an XML
    one, what stands in its whole elements (``glimpse_xml``). ``says`` are sentences about one that orders nothing
    (``glimpse_notice``), and about a PDF, alone or in a mail.

    All of it is a stranger's text, cut to a few short lines; whoever shows it makes it harmless for their screen.
    """
    try:
        mail = parse_mail(document) if form_of(document, name) == "email" else None
    except Refusal:
        mail = None
    if mail is None:
        form = form_of(document, name)
        order = order_glimpse(document, "x12" if form == "x12" else "edifact") if form in _SEGMENTED else {}
        is_xml = document.lstrip(_BLANKS).startswith(b"<")
        if is_xml:
            order = xml_glimpse(document)
        told = [] if order or not (is_xml or form in _SEGMENTED) else notice(document, "xml" if is_xml else form)
        says = list[JsonValue](pdf_says(document) if form == "pdf" else told)
        return _without_empty({"as_far_as_read": order, "says": says, "begins": _beginning(document, name)})
    who, address = mail.sender
    return _without_empty(
        {
            "sender": _short(f"{who} <{address}>" if who and address else who or address),
            "subject": _short(mail.get("subject")),
            "attachments": _attached(mail),
            "says": _said_in_files(mail),
            "begins": _text_of(mail),
        }
    )


def _said_in_files(mail: Mail) -> list[JsonValue]:
    """Returns what the PDFs of a mail say, each file named before its sentences."""
    told: list[JsonValue] = []
    files = [part for part in mail.parts if part.attached and is_pdf(part.body)]
    for part in files[:MOST_READ]:
        said = pdf_says(part.body)
        name = _short(part.filename or "a PDF without a name")
        told += [f"{f'Attachment {name}: ' if at == 0 else ''}{one}" for at, one in enumerate(said)]
    return told


def _attached(mail: Mail) -> list[JsonValue]:
    names: list[JsonValue] = [
        _short(part.filename or f"a part of type {part.content_type}") for part in mail.parts if part.attached
    ]
    more = len(names) - MOST_ATTACHED
    return [*names[:MOST_ATTACHED], f"and {more} more"] if more > 0 else names


def _text_of(mail: Mail) -> list[JsonValue]:
    try:
        texts = read_bodies(mail).texts
    except Refusal:
        return []
    bodies = [[words for _, words in lines] for _, lines in texts]
    return _first(max(bodies, key=lambda lines: sum(map(len, lines)), default=[]))


def _beginning(document: bytes, name: str) -> list[JsonValue]:
    if form_of(document, name) in _PICTURED:
        return _first([line.text for line in see(document, name).lines])
    try:
        return _first(masked(decode(document[:_LOOKED_AT])).splitlines())
    except Refusal:
        return []


def _first(lines: list[str]) -> list[JsonValue]:
    return list[JsonValue](_short(line) for line in lines if line.strip())[:LINES]


def _short(text: str) -> str:
    plain = " ".join(text.split())
    return plain if len(plain) <= LONGEST else f"{plain[: LONGEST - 1]}…"


def _without_empty(found: dict[str, JsonValue]) -> dict[str, JsonValue]:
    return {key: value for key, value in found.items() if value}
