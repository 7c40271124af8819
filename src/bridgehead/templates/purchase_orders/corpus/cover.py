"""Covering mails: a mail around attached documents, as people, ERP systems and scanners send them.

Nothing in a covering mail's body is a field of the order but, now and then, its number or a remark.
"""

from __future__ import annotations

from collections.abc import Sequence
from email.message import EmailMessage
from html import escape
from typing import Final

from bridgehead.templates.purchase_orders.corpus import mailing, threads
from bridgehead.templates.purchase_orders.corpus.cover_words import COVER
from bridgehead.templates.purchase_orders.corpus.enclosures import Attachment, beside
from bridgehead.templates.purchase_orders.corpus.letter import Letter
from bridgehead.templates.purchase_orders.corpus.letterbox import Change, Envelope
from bridgehead.templates.purchase_orders.corpus.mail import small_print
from bridgehead.templates.purchase_orders.corpus.model import WrittenLine, WrittenOrder

STYLES: Final = (
    "letter", "page", "signature", "machine", "letter", "brief", "page_with_logo", "forwarded", "empty", "letter",
    "scanner", "two_bodies",
)  # fmt: skip
"""Ways to cover; a customer's voice says which one it has."""


def _word(letter: Letter, key: str, **values: object) -> str:
    words = COVER[letter.language][key]
    return words[letter.voice % len(words)].format(**values)


def style_of(letter: Letter, attachments: Sequence[Attachment]) -> str:
    """Returns the customer's way to cover; only a PDF comes from a scanner."""
    style = STYLES[letter.voice % len(STYLES)]
    scanned = all(kind == "application/pdf" for _, kind, _ in attachments)
    return "signature" if style == "scanner" and not scanned else style


def wrap(
    sending: Envelope,
    orders: Sequence[WrittenOrder],
    attachments: Sequence[Attachment],
    *,
    resent: bool = False,
    remarks: Sequence[str] = (),
) -> bytes:
    """Returns a mail with these attachments.

    ``resent`` puts a word about the repetition in front; ``remarks`` stand in the body, whatever the customer's way.
    At some customers a picture or terms of purchase come beside the order.
    """
    letter = Letter(sending)
    style = style_of(letter, attachments)
    numbers = " / ".join(order.po_number for order in orders)
    subject = _subject(letter, style, numbers)
    if any(order.release for order in orders):
        subject = f"{letter.say('revised').upper()}: {subject}"
    if resent:
        subject = f"{'Fwd' if letter.voice % 2 else 'RE'}: {subject}"
    said = [_word(letter, "two" if len(orders) > 1 else "attached", po=numbers)]
    if letter.voice % 3 == 0:
        said.append(_word(letter, "confirm"))
    return _cover(letter, style, subject, said, attachments, again=resent, remarks=remarks)


def wrap_change(sending: Envelope, change: Change, attachments: Sequence[Attachment]) -> bytes:
    """Returns a mail around documents that change or cancel an order; it says which, whatever the customer's way."""
    letter = Letter(sending)
    key = "cancel" if change.kind == "cancel" else "change"
    said = [_word(letter, key, po=change.order.po_number)]
    style = "letter" if letter.voice % 2 else "page"
    return _cover(letter, style, letter.say(f"{key}_subject", po=change.order.po_number), said, attachments)


def wrap_other(
    sending: Envelope, kind: str, lines: Sequence[WrittenLine], reference: str, attachments: Sequence[Attachment]
) -> bytes:
    """Returns a mail around documents that are no order.

    ``kind`` is question, complaint, newsletter or delivery_note, ``lines`` are what it is about, ``reference`` is the
    number of an order before.
    """
    letter = Letter(sending)
    subject, text = (words.format(po=reference) for words in COVER[letter.language][kind])
    said = [text]
    if kind == "complaint" and lines:
        said.append(f"{letter.quantity(lines[0])} {letter.part(lines[0])}")
    if kind == "newsletter":
        return _newsletter(letter, subject, said[0], attachments)
    return _cover(letter, "letter" if letter.voice % 2 else "page", subject, said, attachments)


def _newsletter(letter: Letter, subject: str, text: str, attachments: Sequence[Attachment]) -> bytes:
    """Returns a dealer's advertisement; it comes from no customer."""
    message = mailing.new_message(letter, subject)
    del message["From"]
    message["From"] = '"Workshop Supplies" <news@mailing.example.net>'
    mailing.put_html(
        letter, message, f"<p>{escape(text)}</p>\n<p>www.workshop-supplies.example.net</p>", alternative=False
    )
    for name, kind, content in attachments:
        mailing.attach_file(message, name, kind, content)
    return mailing.finish(letter, message)


def _subject(letter: Letter, style: str, numbers: str) -> str:
    if style == "scanner":
        return _word(letter, "scan")
    if letter.voice % 5 == 2 and style in {"letter", "page", "brief"}:
        return letter.tell("bare_subject")
    if style == "forwarded":
        mark = "WG" if letter.language == "de" else "FW"
        return f"{mark}: {letter.say('subject', po=numbers, company=letter.customer.name)}"
    return letter.say("subject", po=numbers, company=letter.customer.name)


def _cover(
    letter: Letter,
    style: str,
    subject: str,
    said: Sequence[str],
    attachments: Sequence[Attachment],
    *,
    again: bool = False,
    remarks: Sequence[str] = (),
) -> bytes:
    lines = _lines(letter, style, subject, said, again=again)
    if remarks:
        place = lines.index(letter.say("bye")) - 1 if letter.say("bye") in lines else 0
        lines[place:place] = ["", _word(letter, "remarks"), *remarks]
    message = mailing.new_message(letter, subject)
    text = "\n".join(mailing.tidy(lines)) + "\n"
    if style in {"page", "page_with_logo"}:
        _put_page(letter, message, lines, logo=style == "page_with_logo")
    else:
        mailing.put_text(letter, message, text)
    if style == "two_bodies":
        _put_page(letter, message, lines, logo=False, alternative=True)
    _attach_all(letter, message, attachments)
    return mailing.finish(letter, message)


def _lines(letter: Letter, style: str, subject: str, said: Sequence[str], *, again: bool) -> list[str]:
    signed = ["", letter.say("bye"), "", *letter.signature()]
    repeated = [letter.say("resent"), ""] if again else []
    if style == "empty":
        return repeated
    if style == "scanner":
        return [*repeated, _word(letter, "scan"), f"{letter.customer.name}", f"Scan_{letter.sending.serial:05}"]
    if style == "signature":
        return [*repeated, *letter.signature(), *small_print(letter)]
    if style == "brief":
        return [*repeated, said[0], "", letter.say("bye"), letter.say("phone_tail")]
    if style == "machine":
        return [*repeated, said[0], "", "-" * 60, _word(letter, "machine"), letter.tell("automatic")]
    if style == "forwarded":
        inner = [letter.say("hello"), "", said[0], "", letter.say("bye"), letter.tell("shop")]
        note = [letter.say("hello"), "", *repeated, *said, *signed]
        bare = subject.partition(": ")[2] or subject
        return [*note, *threads.shop_forward(letter, bare, inner), *small_print(letter)]
    return [letter.say("hello"), "", *repeated, *said, *signed, *small_print(letter)]


def _put_page(
    letter: Letter, message: EmailMessage, lines: Sequence[str], *, logo: bool, alternative: bool = False
) -> None:
    paragraphs = [f"<p class=MsoNormal>{escape(line) or '&nbsp;'}<o:p></o:p></p>" for line in lines]
    mark = f"logo.{letter.sending.serial:05}@{letter.customer.email_domains[0]}"
    if logo:
        paragraphs.append(f'<p class=MsoNormal><img width=96 height=32 src="cid:{mark}"></p>')
    mailing.put_html(letter, message, "\n".join(paragraphs), alternative=alternative)
    if logo:
        message.add_related(
            mailing.LOGO, "image", "gif", cid=f"<{mark}>", filename="image001.gif", disposition="inline"
        )


def _attach_all(letter: Letter, message: EmailMessage, attachments: Sequence[Attachment]) -> None:
    """Attaches the files by their type, or as some octets with a name, and what this customer always sends along."""
    found = list(attachments)
    if letter.voice % 5 == 3:
        found = [(name, "application/octet-stream", content) for name, _, content in attachments]
    extra = beside(letter)
    found = [*extra, *found] if letter.voice % 16 == 5 else [*found, *extra]
    for name, kind, content in found:
        mailing.attach_file(message, name, kind, content, twice=letter.voice % 7 == 2)
    if letter.dice.chance(0.015):
        mailing.add_rich_text_stub(message)
