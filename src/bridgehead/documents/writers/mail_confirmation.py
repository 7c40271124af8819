"""Writes the confirmation by mail: text and HTML in the customer's language, answering the mail that ordered.

It states each line as it was ordered and as it was decided, and nothing else: what is on hold or rejected has no
quantity, price or day of its own. Headers follow RFC 5322 (In-Reply-To and References carry the thread, section 3.6.4),
RFC 2047 and RFC 3834 (Auto-Submitted); bodies are quoted-printable (RFC 2045). The same decision gives the same bytes.
"""

from __future__ import annotations

import hashlib
import quopri
import re
from dataclasses import dataclass
from decimal import Decimal
from email.header import Header
from email.utils import format_datetime, formataddr
from html import escape
from typing import Final

from bridgehead.documents.acknowledgement import Acknowledgement, Unwritable, ordered_unit, plain, same_unit
from bridgehead.documents.language import Language
from bridgehead.documents.mail.message import parse_mail
from bridgehead.documents.outcome import Refusal
from bridgehead.documents.writers.item import AnsweredLine, answered_lines
from bridgehead.documents.writers.mail_words import WORDS, Words
from bridgehead.documents.writers.text import clean
from bridgehead.documents.writers.unit_words import unit_word

_ADDRESS: Final = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,8}")
_MESSAGE_ID: Final = re.compile(r"<[!-;=?-~]{1,120}@[!-;=?-~]{1,120}>")
_ANSWERED: Final = re.compile(r"(?:(?:re|aw|sv|antw|odp|ref|rif)\s*:\s*)+", re.IGNORECASE)
_THREAD: Final = 20
_SUBJECT, _NAME, _VALUE = 150, 60, 500


@dataclass(frozen=True, slots=True)
class MailEnvelope:
    """From whom to whom, in which language, and which mail it answers.

    ``to`` is best the address on file, not the one that the mail gives itself. ``message_id`` is the new mail's.
    ``subject`` is that of the mail that ordered; empty, the confirmation gets one of its own.
    """

    sender: str
    to: str
    message_id: str
    language: Language = "en"
    sender_name: str = ""
    subject: str = ""
    in_reply_to: str = ""
    references: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name, address in (("sender", self.sender), ("to", self.to)):
            if _ADDRESS.fullmatch(address) is None:
                raise Unwritable(f"{address[:80]!r} is no mail address in ASCII.", where=f"envelope.{name}")
        for name, ids in (("message_id", (self.message_id,)), ("references", self.references)):
            if any(_MESSAGE_ID.fullmatch(one) is None for one in ids):
                raise Unwritable("A message id reads <left@right>.", where=f"envelope.{name}")
        if self.in_reply_to and _MESSAGE_ID.fullmatch(self.in_reply_to) is None:
            raise Unwritable("A message id reads <left@right>.", where="envelope.in_reply_to")
        if self.language not in WORDS:
            raise Unwritable(
                f"There are no words in {self.language!r}.",
                where="envelope.language",
                hint=f"One of {', '.join(WORDS)}.",
            )


def answering_mail(
    received: bytes, *, sender: str, to: str, message_id: str, language: Language = "en", sender_name: str = ""
) -> MailEnvelope:
    """Returns the envelope of an answer in the thread of a mail: its subject, its id and what it referred to.

    Ids that are none are left out. Raises Unwritable when ``received`` is no mail that can be read.
    """
    try:
        mail = parse_mail(received)
    except Refusal as refusal:
        raise Unwritable(f"The mail cannot be read: {refusal}", where="received") from refusal
    ids = _MESSAGE_ID.findall(mail.get("message-id"))
    earlier = _MESSAGE_ID.findall(mail.get("references")) or _MESSAGE_ID.findall(mail.get("in-reply-to"))
    thread = [one for one in earlier if one not in ids[:1]]
    return MailEnvelope(
        sender=sender,
        to=to,
        message_id=message_id,
        language=language,
        sender_name=sender_name,
        subject=mail.get("subject"),
        in_reply_to=ids[0] if ids else "",
        references=(*thread[:1], *thread[1:][-_THREAD:], *ids[:1]),
    )


def write_mail(ack: Acknowledgement, envelope: MailEnvelope) -> bytes:
    """Returns the mail, ready to be sent."""
    words = WORDS[envelope.language]
    rows = [_row(ack, one, words, envelope.language) for one in answered_lines(ack)]
    text, page = _text(ack, words, rows, envelope), _page(ack, words, rows, envelope)
    boundary = "=_" + hashlib.sha256(f"{envelope.message_id}\n{text}\n{page}".encode()).hexdigest()[:40]
    parts = "".join(f"--{boundary}\r\n{_part(kind, body)}" for kind, body in (("plain", text), ("html", page)))
    head = "".join(f"{name}: {value}\r\n" for name, value in _headers(ack, words, envelope, boundary))
    return f"{head}\r\n{parts}--{boundary}--\r\n".encode("ascii")


def _headers(ack: Acknowledgement, words: Words, envelope: MailEnvelope, boundary: str) -> list[tuple[str, str]]:
    subject = _ANSWERED.sub("", clean(envelope.subject), count=1)
    title = f"Re: {subject}" if subject else f"{words.title[ack.code]} {clean(ack.order.po_number)}"
    name = clean(envelope.sender_name or ack.seller.name or "")[:_NAME]
    found = [
        ("From", formataddr((name, envelope.sender))),
        ("To", envelope.to),
        ("Subject", Header(title[:_SUBJECT], "utf-8", maxlinelen=76, header_name="Subject").encode(linesep="\r\n")),
        ("Date", format_datetime(ack.issued)),
        ("Message-ID", envelope.message_id),
    ]
    if envelope.in_reply_to:
        found.append(("In-Reply-To", envelope.in_reply_to))
    if envelope.references:
        found.append(("References", "\r\n ".join(envelope.references)))
    return [
        *found,
        ("Auto-Submitted", "auto-replied"),
        ("Content-Language", envelope.language),
        ("MIME-Version", "1.0"),
        ("Content-Type", f'multipart/alternative; boundary="{boundary}"'),
    ]


def _part(kind: str, body: str) -> str:
    encoded = quopri.encodestring(body.encode("utf-8")).decode("ascii").replace("\n", "\r\n")
    return (
        f"Content-Type: text/{kind}; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n{encoded}\r\n"
    )


@dataclass(frozen=True, slots=True)
class _Row:
    """One line in words: its number and item, then labels with their values."""

    number: str
    item: str
    facts: tuple[tuple[str, str], ...]
    state: str
    reason: str


def _row(ack: Acknowledgement, one: AnsweredLine, words: Words, language: Language) -> _Row:
    ordered, line, where = one.ordered, one.line, one.where
    written = unit_word(clean(ordered.unit), ordered_unit(ordered), language)
    unit = written if same_unit(ordered, line) else unit_word(clean(line.unit), "", language)
    facts = [(words.ordered, _amount(ordered.quantity, written, f"order.{where}.quantity", words))]
    if line.quantity is not None:
        facts.append((words.confirmed, _amount(line.quantity, unit, f"{where}.quantity", words)))
    if line.back_ordered:
        facts.append((words.later, _amount(line.back_ordered, unit, f"{where}.back_ordered", words)))
    if line.price is not None:
        price = f"{_money(line.price, f'{where}.price', words)} {clean(ack.money)}".strip()
        per = _amount(line.price_basis, unit, f"{where}.price_basis", words)
        facts.append((words.price, price if line.price_basis == 1 else f"{price} {words.per} {per}"))
    if line.day is not None:
        facts.append((words.delivery, line.day.strftime(words.day)))
    numbers = (one.our_part, ordered.customer_part, ordered.description)
    item = ", ".join(dict.fromkeys(value for part in numbers if part and (value := clean(part)[:_VALUE])))
    return _Row(str(ordered.number), item, tuple(facts), words.status[line.code], clean(line.reason)[:_VALUE])


def _amount(value: Decimal, unit: str, where: str, words: Words) -> str:
    return f"{plain(value, where).replace('.', words.mark)} {unit}".strip()


def _money(value: Decimal, where: str, words: Words) -> str:
    whole, _, cents = plain(value, where).partition(".")
    return f"{whole}{words.mark}{cents.ljust(2, '0')}"


def _facts(ack: Acknowledgement, words: Words) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    if ack.order_number:
        found.append((words.our_number, clean(ack.order_number)[:_VALUE]))
    if ack.total is not None:
        found.append((words.total, f"{_money(ack.total, 'total', words)} {clean(ack.money)}".strip()))
    return found


def _opening(ack: Acknowledgement, words: Words) -> str:
    return words.opening[ack.code].replace("{po}", clean(ack.order.po_number)[:_VALUE])


def _text(ack: Acknowledgement, words: Words, rows: list[_Row], envelope: MailEnvelope) -> str:
    said = [words.greeting, "", _opening(ack, words)]
    if ack.reason:
        said += ["", clean(ack.reason)[:_VALUE]]
    said += ["", *(f"{label}: {value}" for label, value in _facts(ack, words))]
    for row in rows:
        said += ["", f"{words.line} {row.number}: {row.item}", *(f"  {label}: {value}" for label, value in row.facts)]
        said.append(f"  {words.state}: {row.state}{f' ({row.reason})' if row.reason else ''}")
    said += ["", words.closing, clean(envelope.sender_name or ack.seller.name or "")[:_VALUE]]
    return "\n".join(said).strip() + "\n"


def _page(ack: Acknowledgement, words: Words, rows: list[_Row], envelope: MailEnvelope) -> str:
    labels = [words.ordered, words.confirmed, words.later, words.price, words.delivery]
    shown = [label for label in labels if any(label == one for row in rows for one, _ in row.facts)]
    heads = "".join(f"<th>{escape(one)}</th>" for one in (words.line, words.item, *shown, words.state))
    body = "".join(
        "<tr>"
        + "".join(
            f"<td>{escape(value)}</td>"
            for value in (
                row.number,
                row.item,
                *(dict(row.facts).get(label, "") for label in shown),
                f"{row.state}{f' ({row.reason})' if row.reason else ''}",
            )
        )
        + "</tr>\n"
        for row in rows
    )
    facts = "".join(f"<p>{escape(label)}: {escape(value)}</p>\n" for label, value in _facts(ack, words))
    reason = f"<p>{escape(clean(ack.reason)[:_VALUE])}</p>\n" if ack.reason else ""
    table = f'<table border="1" cellpadding="4" cellspacing="0">\n<tr>{heads}</tr>\n{body}</table>\n' if rows else ""
    name = escape(clean(envelope.sender_name or ack.seller.name or "")[:_VALUE])
    return (
        f'<!doctype html>\n<html lang="{envelope.language}">\n<head><meta charset="utf-8">'
        f"<title>{escape(words.title[ack.code])}</title></head>\n<body>\n<p>{escape(words.greeting)}</p>\n"
        f"<p>{escape(_opening(ack, words))}</p>\n{reason}{facts}{table}"
        f"<p>{escape(words.closing)}<br>{name}</p>\n</body>\n</html>\n"
    )
