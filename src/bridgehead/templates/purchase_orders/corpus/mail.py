"""Puts a clerk's text into a mail the way mail programs do: headers, encodings, HTML, signature, disclaimer, thread.

Messages by RFC 5322, MIME by RFC 2045 to 2047 through the standard library. Where an instruction to the reader
hides (open text, white on white, tiny, not displayed, comment, attachment, header) is drawn per mail.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from html import escape
from typing import Final

from bridgehead.templates.purchase_orders.corpus.layouts_html import HTML_LAYOUTS
from bridgehead.templates.purchase_orders.corpus.layouts_text import TEXT_LAYOUTS
from bridgehead.templates.purchase_orders.corpus.letter import Letter
from bridgehead.templates.purchase_orders.corpus.letterbox import OUR_MAILBOX, OUR_NAME, Envelope
from bridgehead.templates.purchase_orders.corpus.model import WrittenOrder

_POLICY: Final = SMTP.clone(max_line_length=998)

# (character set, transfer encoding)
_CODINGS: Final = (
    ("utf-8", "quoted-printable"), ("iso-8859-1", "quoted-printable"), ("utf-8", "base64"), ("utf-8", "8bit"),
    ("windows-1252", "quoted-printable"), ("iso-8859-15", "8bit"), ("us-ascii", "7bit"),
)  # fmt: skip
_MAILERS: Final = (
    "Microsoft Outlook 16.0",
    "Apple Mail (2.3774)",
    "Mozilla Thunderbird",
    "Lotus Notes Release 9.0.1",
    "",
)
_ZONES: Final = {"US": -6, "CA": -6, "GB": 0, "IE": 0}


def local_time(sending: Envelope) -> datetime:
    """Returns the sender's wall clock; always the day of the run."""
    zone = timezone(timedelta(hours=_ZONES.get(sending.customer.country, 1)))
    return sending.at.astimezone(zone)


def write_orders(sending: Envelope, orders: Sequence[WrittenOrder], *, resent: bool = False) -> bytes:
    """Returns the mail with these orders in its text; ``resent`` puts a word about the repetition in front."""
    letter = Letter(sending)
    first = orders[0]
    subject = letter.say("subject", po=" / ".join(order.po_number for order in orders), company=letter.customer.name)
    if any(order.release for order in orders):
        subject = f"{letter.say('revised').upper()}: {subject}"
    if letter.habit.layout.name == "reply_to_offer":
        subject = f"{'AW' if letter.language == 'de' else 'RE'}: {subject}"
    opening = letter.say("two") if len(orders) > 1 else letter.say("opening")
    if letter.habit.layout.name == "reply_to_offer" and len(orders) == 1:
        opening = letter.say("offer_reply")
    if resent:
        opening = f"{letter.say('resent')} {opening}"
        subject = f"{'Fwd' if letter.voice % 2 else 'RE'}: {subject}"
    hidden = next((order.instruction for order in orders if order.instruction), None)
    if letter.habit.layout.html:
        return _html_mail(letter, orders, subject, opening, hidden)
    return _text_mail(letter, orders, subject, opening, hidden, first)


def _text_mail(
    letter: Letter, orders: Sequence[WrittenOrder], subject: str, opening: str, hidden: str | None, first: WrittenOrder
) -> bytes:
    layout = TEXT_LAYOUTS[letter.habit.layout.name]
    short = letter.habit.layout.name == "phone"
    lines = [letter.say("hello")] if not short or letter.voice % 2 else []
    lines.extend(("", opening, "") if not short else ("",) if lines else ())
    for index, order in enumerate(orders):
        shown = order
        if index:
            lines.extend(("", "", "* * *" if letter.voice % 2 else "-" * 20, ""))
        block = layout(letter, shown)
        if len(orders) > 1 and not any(order.po_number in text for text in block):
            block = [f"{letter.say('po')} {order.po_number}", *block]
        lines.extend(_tidy(block))
    ways = ("open", "open", "attachment", "header", "alternative")
    way = letter.dice.one(ways) if hidden else ""
    if hidden and way == "open":
        lines.extend(("", hidden))
    lines.extend(("", letter.say("bye")))
    lines.extend(("", *letter.signature()) if not short else ("", letter.say("phone_tail")))
    tail = _tail(letter, first)
    lines.extend(tail)
    forwarded = letter.dice.chance(0.04) and letter.habit.layout.name != "reply_to_offer"
    message = _message(letter, subject, forwarded=forwarded)
    if forwarded:
        lines = [*_forward_head(letter, subject), *lines]
    text = "\n".join(lines) + "\n"
    _put_text(letter, message, text)
    if hidden and way == "header":
        message["X-Comment"] = hidden
    if hidden and way == "alternative":
        body = "<br>\n".join(escape(line).replace("  ", "&nbsp; ") for line in lines)
        _put_html(letter, message, f"<div>{body}</div>\n{_white(letter, hidden)}", alternative=True)
    if hidden and way == "attachment":
        _attach(letter, message, hidden)
    return _bytes(letter, message)


def _html_mail(letter: Letter, orders: Sequence[WrittenOrder], subject: str, opening: str, hidden: str | None) -> bytes:
    layout = HTML_LAYOUTS[letter.habit.layout.name]
    parts = [f"<p class=MsoNormal>{escape(letter.say('hello'))}</p>", f"<p class=MsoNormal>{escape(opening)}</p>"]
    for index, order in enumerate(orders):
        if index:
            parts.append("<hr>")
        block = layout(letter, order)
        parts.extend(block)
    ways = ("open", "white", "tiny", "undisplayed", "comment", "attachment", "header")
    way = letter.dice.one(ways) if hidden else ""
    if hidden:
        parts.append({
            "open": f"<p class=MsoNormal>{escape(hidden)}</p>",
            "white": _white(letter, hidden),
            "tiny": f'<span style="font-size:0px;line-height:0">{escape(hidden)}</span>',
            "undisplayed": f'<div style="display:none">{escape(hidden)}</div>',
            "comment": f"<!-- {hidden.replace('--', '- -')} -->",
        }.get(way, ""))  # fmt: skip
    signed = "<br>\n".join(escape(line) for line in letter.signature())
    parts.append(f"<p class=MsoNormal>{escape(letter.say('bye'))}</p>\n<p class=MsoNormal>{signed}</p>")
    tail = _tail(letter, orders[0])
    if tail:
        parts.append(
            '<p style="font-size:8pt;color:gray">' + "<br>\n".join(escape(line) for line in tail if line) + "</p>"
        )
    message = _message(letter, subject, forwarded=False)
    html = "\n".join(parts)
    if letter.voice % 3 == 0:
        _put_text(letter, message, _html_hint(letter))
        _put_html(letter, message, html, alternative=True)
    else:
        _put_html(letter, message, html, alternative=False)
    if hidden and way == "header":
        message["X-Order-Handling"] = hidden
    if hidden and way == "attachment":
        _attach(letter, message, hidden)
    return _bytes(letter, message)


def _html_hint(letter: Letter) -> str:
    hints = {
        "de": "Diese Nachricht enthält HTML. Bitte in einem geeigneten Programm ansehen.",
        "fr": "Ce message est au format HTML.",
        "es": "Este mensaje está en formato HTML.",
        "it": "Messaggio in formato HTML.", "nl": "Dit bericht is in HTML-opmaak.",
        "pl": "Wiadomość w formacie HTML.", "sv": "Detta meddelande är i HTML-format.",
    }  # fmt: skip
    return hints.get(letter.language, "This message is in HTML format. Please use a mail reader that shows it.") + "\n"


def _white(letter: Letter, text: str) -> str:
    color = ("#ffffff", "white", "#FFF", "rgb(255,255,255)")[letter.voice % 4]
    return f'<span style="color:{color};background-color:{color}">{escape(text)}</span>'


def _tidy(block: Sequence[str]) -> list[str]:
    """Returns the block without empty lines at its ends and without two of them in a row."""
    lines: list[str] = []
    for line in block:
        if line or (lines and lines[-1]):
            lines.append(line)
    while lines and not lines[-1]:
        lines.pop()
    return lines


def _tail(letter: Letter, order: WrittenOrder) -> list[str]:
    """Returns what comes under the signature: a disclaimer at half of the customers, now and then the earlier mails."""
    lines: list[str] = []
    if letter.voice % 2 and letter.habit.layout.name != "phone":
        lines.extend(("", "_" * 40 if letter.voice % 3 else "--", letter.say("disclaimer")))
    if letter.habit.layout.name == "reply_to_offer" or letter.dice.chance(0.1):
        lines.extend(_thread(letter, order))
    return lines


def _thread(letter: Letter, order: WrittenOrder) -> list[str]:
    """Returns our earlier quotation as the mail program quotes it: other quantities and prices than those ordered."""
    day = letter.day(local_time(letter.sending).date() - timedelta(days=letter.dice.between(2, 12)))
    quoted = [letter.say("hello"), "", letter.say("offer"), ""]
    for line in order.lines[:4]:
        factor = letter.dice.one((Decimal(1), Decimal(2), Decimal(5), Decimal("0.5")))
        offered = replace(
            line, quantity=max((line.quantity * factor).quantize(Decimal(1)), Decimal(1)), requested_date=None
        )
        if line.price is not None:
            offered = replace(offered, price=(line.price * Decimal("1.08")).quantize(Decimal("0.01")) + Decimal("0.01"))
        price = f"   {letter.price(offered, order.customer.currency)}" if offered.price is not None else ""
        quoted.append(f"{letter.quantity(offered)}   {letter.part(line)}{price}")
    quoted.extend(("", letter.say("bye"), OUR_NAME))
    if letter.voice % 2:
        return ["", letter.say("wrote", d=day, who=OUR_MAILBOX), *(f"> {line}".rstrip() for line in quoted)]
    rule = "-----Original Message-----" if letter.voice % 3 else "_" * 32
    heads = [
        f"{letter.say('from')}: {OUR_NAME} <{OUR_MAILBOX}>", f"{letter.say('sent')}: {day} 09:1{letter.voice % 10}",
        f"{letter.say('to')}: {letter.customer.emails[0]}",
        f"{letter.say('subject_word')}: {'Angebot' if letter.language == 'de' else 'Offer'} {26000 + letter.voice * 7}",
    ]  # fmt: skip
    return ["", rule, *heads, "", *quoted]


def _forward_head(letter: Letter, subject: str) -> list[str]:
    """Returns what a colleague's mail program puts over a customer's mail that came to the wrong mailbox."""
    when = local_time(letter.sending) - timedelta(minutes=50)
    ours = {"de": "Bitte erfassen, kam direkt an mich."}
    return [
        ours.get(letter.language, "FYI, this one came to me directly. Please enter."),
        "",
        "-----Original Message-----",
        f"{letter.say('from')}: {letter.customer.name} <{letter.customer.emails[0]}>",
        f"{letter.say('sent')}: {letter.day(when.date())} {when:%H:%M}",
        f"{letter.say('to')}: sales-field@brackwater.example.com",
        f"{letter.say('subject_word')}: {subject}",
        "",
    ]


def sender_address(letter: Letter) -> str:
    """Returns the mailbox it comes from: a known one, or another of the customer's own domain if that tells enough."""
    customer = letter.customer
    shared = customer.emails[0].startswith("orders.")
    if not shared and letter.dice.chance(0.15):
        box = ("office", "warehouse", "info", "planning")[letter.voice % 4]
        return f"{box}@{customer.email_domains[0]}"
    return letter.dice.one(customer.emails)


def _message(letter: Letter, subject: str, *, forwarded: bool) -> EmailMessage:
    sending, when = letter.sending, local_time(letter.sending)
    message = EmailMessage(policy=_POLICY)
    address = sender_address(letter)
    shown = letter.customer.name if letter.voice % 2 else letter.say("role")
    if forwarded:
        address, shown = "sales-field@brackwater.example.com", "Field Sales"
        subject = f"{'WG' if letter.language == 'de' else 'FW'}: {subject}"
    domain = address.split("@")[1]
    received = format_datetime(sending.at)
    message["Received"] = (
        f"from mail.{domain} by mx.brackwater.example.com with ESMTPS id {sending.serial:08x}; {received}"
    )
    message["Message-ID"] = f"<{when:%Y%m%d%H%M%S}.{sending.serial:05}.{sending.dice.digits(6)}@{domain}>"
    message["Date"] = format_datetime(when)
    quoted = shown.replace('"', "'")
    message["From"] = f'"{quoted}" <{address}>'
    message["To"] = OUR_MAILBOX
    message["Subject"] = subject
    mailer = _MAILERS[letter.voice % len(_MAILERS)]
    if mailer:
        message["X-Mailer"] = mailer
    return message


def _coding(letter: Letter, text: str) -> tuple[str, str]:
    charset, transfer = _CODINGS[letter.voice % len(_CODINGS)]
    try:
        text.encode(charset)
    except UnicodeEncodeError:
        return "utf-8", "quoted-printable" if transfer in {"7bit", "8bit"} else transfer
    if transfer in {"7bit", "8bit"} and any(len(line) > 900 for line in text.splitlines()):
        transfer = "quoted-printable"
    return charset, transfer


def _put_text(letter: Letter, message: EmailMessage, text: str) -> None:
    charset, transfer = _coding(letter, text)
    message.set_content(text, charset=charset, cte=transfer)


def _put_html(letter: Letter, message: EmailMessage, html: str, *, alternative: bool) -> None:
    charset, transfer = _coding(letter, html)
    page = (
        f'<html><head><meta http-equiv="Content-Type" content="text/html; charset={charset}">'
        f"<style>p.MsoNormal {{margin:0cm;font-size:11.0pt;font-family:Calibri,sans-serif}}</style></head>\n"
        f"<body>\n{html}\n</body></html>\n"
    )
    if alternative:
        message.add_alternative(page, subtype="html", charset=charset, cte=transfer)
    else:
        message.set_content(page, subtype="html", charset=charset, cte=transfer)


def _attach(letter: Letter, message: EmailMessage, text: str) -> None:
    name = ("readme.txt", "notes.txt", "order-info.txt")[letter.voice % 3]
    message.add_attachment(f"{text}\n", charset="utf-8", cte="quoted-printable", filename=name)


def _bytes(letter: Letter, message: EmailMessage) -> bytes:
    """Returns the message with boundaries of its own, so that one seed always gives the same bytes."""
    for index, part in enumerate(part for part in message.walk() if part.is_multipart()):
        part.set_boundary(f"----=_Part_{letter.sending.serial}_{index}.{letter.voice:04}")
    return message.as_bytes()


def write_letter(
    sending: Envelope, subject: str, lines: Sequence[str], *, html: bool = False, address: str | None = None
) -> bytes:
    """Returns a mail that has no order in its text, in the customer's coding and with its signature."""
    letter = Letter(sending)
    message = _message(letter, subject, forwarded=False)
    if address is not None:
        del message["From"]
        message["From"] = address
    signed = [] if address is not None else ["", letter.say("bye"), "", *letter.signature(), *_tail_words(letter)]
    if html:
        _put_html(
            letter,
            message,
            "\n".join(f"<p>{escape(line) or '&nbsp;'}</p>" for line in (*lines, *signed)),
            alternative=False,
        )
    else:
        _put_text(letter, message, "\n".join((*lines, *signed)) + "\n")
    return _bytes(letter, message)


def _tail_words(letter: Letter) -> list[str]:
    return ["", "--", letter.say("disclaimer")] if letter.voice % 2 else []
