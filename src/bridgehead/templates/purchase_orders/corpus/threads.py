"""What stands under or over an order in a thread: earlier offers, earlier orders, heads of forwarded mails."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from html import escape

from bridgehead.templates.purchase_orders.corpus.letter import Letter
from bridgehead.templates.purchase_orders.corpus.letterbox import OUR_MAILBOX, OUR_NAME
from bridgehead.templates.purchase_orders.corpus.mailing import FIELD_SALES, local_time
from bridgehead.templates.purchase_orders.corpus.model import WrittenLine, WrittenOrder
from bridgehead.templates.purchase_orders.corpus.prose_words import WORDS

_COUNTING = re.compile(r"\d{3,}(?=\D*$)|\d{3,}")
_FACTORS = (Decimal(1), Decimal(2), Decimal(5), Decimal("0.5"))


def _rows(letter: Letter, order: WrittenOrder, *, dearer: bool) -> list[str]:
    """Returns up to four lines about what is ordered, in other quantities, at other prices if ``dearer``."""
    found = []
    for line in order.lines[:4]:
        other = _other(letter, line, dearer=dearer)
        price = f"   {letter.price(other, order.customer.currency)}" if other.price is not None else ""
        found.append(f"{letter.quantity(other)}   {letter.part(line)}{price}")
    return found


def _other(letter: Letter, line: WrittenLine, *, dearer: bool) -> WrittenLine:
    factor = letter.dice.one(_FACTORS)
    other = replace(line, quantity=max((line.quantity * factor).quantize(Decimal(1)), Decimal(1)), requested_date=None)
    if line.price is not None and dearer:
        price = (line.price * Decimal("1.08")).quantize(Decimal("0.01")) + Decimal("0.01")
        other = replace(other, price=price)
    return other


def offer(letter: Letter, order: WrittenOrder) -> list[str]:
    """Returns our earlier quotation as the mail program quotes it: other quantities and prices than those ordered."""
    day = letter.day(local_time(letter.sending).date() - timedelta(days=letter.dice.between(2, 12)))
    rows = _rows(letter, order, dearer=True)
    quoted = [letter.say("hello"), "", letter.say("offer"), "", *rows, "", letter.say("bye"), OUR_NAME]
    if letter.voice % 2:
        return ["", letter.say("wrote", d=day, who=OUR_MAILBOX), *(f"> {line}".rstrip() for line in quoted)]
    rule = "-----Original Message-----" if letter.voice % 3 else "_" * 32
    heads = [
        f"{letter.say('from')}: {OUR_NAME} <{OUR_MAILBOX}>", f"{letter.say('sent')}: {day} 09:1{letter.voice % 10}",
        f"{letter.say('to')}: {letter.customer.emails[0]}",
        f"{letter.say('subject_word')}: {'Angebot' if letter.language == 'de' else 'Offer'} {26000 + letter.voice * 7}",
    ]  # fmt: skip
    return ["", rule, *heads, "", *quoted]


def earlier_number(letter: Letter, po_number: str) -> str:
    """Returns a number that the customer may have given an order some weeks before."""
    found = _COUNTING.search(po_number)
    if found is None:
        return f"{po_number}-0"
    digits = found.group()
    lower = max(int(digits) - letter.dice.between(11, 60), 1)
    return f"{po_number[: found.start()]}{lower:0{len(digits)}}{po_number[found.end() :]}"


def old_order(letter: Letter, order: WrittenOrder) -> tuple[str, str, list[str], list[str]]:
    """Returns the number of an earlier order, who wrote when, our confirmation of it and the order: booked long ago."""
    number = earlier_number(letter, order.po_number)
    today = local_time(letter.sending).date()
    confirmed = today - timedelta(days=letter.dice.between(20, 44))
    sent = confirmed - timedelta(days=1)
    rows = _rows(letter, order, dearer=False)
    reply = [letter.say("hello"), "", letter.tell("old", po=number), "", *rows, "", letter.say("bye"), OUR_NAME]
    asked = [
        letter.say("wrote", d=letter.day(sent), who=letter.customer.emails[0]), "", letter.say("hello"), "",
        f"{letter.say('po')}: {number}", f"{letter.say('due')}: {letter.day(confirmed + timedelta(days=14))}", "",
        *rows, "", letter.say("bye"), letter.say("role"),
    ]  # fmt: skip
    return number, letter.say("wrote", d=letter.day(confirmed), who=OUR_MAILBOX), reply, asked


def old_order_lines(letter: Letter, order: WrittenOrder) -> list[str]:
    """Returns the thread of an earlier order as text: quoted by signs, or under heads without any."""
    number, wrote, reply, asked = old_order(letter, order)
    if letter.voice % 3:
        return ["", wrote, *(f"> {line}".rstrip() for line in reply), ">", *(f">> {line}".rstrip() for line in asked)]
    day = local_time(letter.sending).date() - timedelta(days=21)
    subject = letter.tell("old_subject", po=number)
    sender = f"{OUR_NAME} <{OUR_MAILBOX}>"
    heads = _heads(letter, sender, f"{letter.day(day)} 10:4{letter.voice % 10}", letter.customer.emails[0], subject)
    return ["", "_" * 40, *heads, "", *reply, "", *asked]


def old_order_html(letter: Letter, order: WrittenOrder) -> str:
    """Returns the thread of an earlier order as web mail quotes it."""
    _, wrote, reply, asked = old_order(letter, order)
    style = (
        'class="gmail_quote" style="margin:0px 0px 0px 0.8ex;border-left:1px solid rgb(204,204,204);padding-left:1ex"'
    )
    inner, outer = ("<br>\n".join(escape(line) for line in lines) for lines in (asked, reply))
    return (
        f'<div class="gmail_quote"><div dir="ltr" class="gmail_attr">{escape(wrote)}<br></div>\n'
        f"<blockquote {style}>{outer}<br>\n<blockquote {style}>{inner}</blockquote></blockquote></div>"
    )


def _heads(letter: Letter, sender: str, sent: str, to: str, subject: str) -> list[str]:
    return [
        f"{letter.say('from')}: {sender}",
        f"{letter.say('sent')}: {sent}",
        f"{letter.say('to')}: {to}",
        f"{letter.say('subject_word')}: {subject}",
    ]


def shop_heads(letter: Letter, subject: str) -> list[tuple[str, str]]:
    """Returns label and value of the head over a mail that a workshop sent its purchasing people."""
    when = local_time(letter.sending) - timedelta(hours=letter.dice.between(1, 20))
    domain = letter.customer.email_domains[0]
    # The mailbox goes with the department: both words stand at the same place of their rows.
    names, boxes = WORDS[letter.language]["shop"], WORDS[letter.language]["shop_box"]
    box = boxes[names.index(letter.tell("shop"))]
    return [
        (letter.say("from"), f"{letter.tell('shop')} <{box}@{domain}>"),
        (letter.say("sent"), f"{letter.day(when.date())} {when:%H:%M}"),
        (letter.say("to"), f"{letter.say('role')} <{letter.customer.emails[0]}>"),
        (letter.say("subject_word"), subject),
    ]


def shop_forward(letter: Letter, subject: str, inner: Sequence[str]) -> list[str]:
    """Returns a workshop's mail under the head that the mail program of its purchasing people puts over it."""
    pairs = shop_heads(letter, subject)
    style = letter.voice % 4
    if style == 0:
        rule = f"-----{letter.tell('original')}-----"
        return ["", rule, *(f"{label}: {value}" for label, value in pairs), "", *inner]
    if style == 1:
        quoted = [*(f"{label}: {value}" for label, value in pairs), "", *inner]
        return ["", letter.tell("began"), "", *(f"> {line}".rstrip() for line in quoted)]
    if style == 2:
        wide = max(len(label) for label, _ in pairs) + 1
        rule = f"-------- {letter.tell('original')} --------"
        return ["", rule, *(f"{label + ':':<{wide}} {value}" for label, value in pairs), "", "", *inner]
    return ["", "_" * 48, *(f"{label}:\t{value}" for label, value in pairs), "", *inner]


def shop_forward_html(letter: Letter, subject: str) -> str:
    """Returns the head over a forwarded mail as Outlook draws it."""
    pairs = shop_heads(letter, subject)
    heads = "<br>\n".join(f"<b>{escape(label)}:</b> {escape(value)}" for label, value in pairs)
    return (
        "<div style='border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm'>"
        f"<p class=MsoNormal>{heads}<o:p></o:p></p></div>"
    )


def field_sales_note(letter: Letter) -> str:
    """Returns what a colleague of ours writes who passes on a customer's mail."""
    if letter.language == "de":
        return "Bitte erfassen, kam direkt an mich."
    return "FYI, this one came to me directly. Please enter."


def field_sales_head(letter: Letter, subject: str) -> list[str]:
    """Returns what a colleague's mail program puts over a customer's mail that came to the wrong mailbox."""
    when = local_time(letter.sending) - timedelta(minutes=50)
    sender = f"{letter.customer.name} <{letter.customer.emails[0]}>"
    return [
        field_sales_note(letter),
        "",
        "-----Original Message-----",
        *_heads(letter, sender, f"{letter.day(when.date())} {when:%H:%M}", FIELD_SALES, subject),
        "",
    ]
