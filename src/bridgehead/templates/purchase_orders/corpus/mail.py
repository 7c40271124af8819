"""Puts a clerk's order into a mail: greeting, opening, the order in the customer's layout, signature, thread.

Where an instruction to the reader hides (open text, white on white, tiny, not displayed, comment, attachment, header)
is drawn per mail.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from email.message import EmailMessage
from html import escape
from typing import Final

from bridgehead.templates.purchase_orders.corpus import mailing, threads
from bridgehead.templates.purchase_orders.corpus.enclosures import beside
from bridgehead.templates.purchase_orders.corpus.layouts_html import HTML_LAYOUTS
from bridgehead.templates.purchase_orders.corpus.layouts_prose import PROSE_LAYOUTS
from bridgehead.templates.purchase_orders.corpus.layouts_tables import TABLE_LAYOUTS
from bridgehead.templates.purchase_orders.corpus.layouts_text import TEXT_LAYOUTS
from bridgehead.templates.purchase_orders.corpus.layouts_web import WEB_LAYOUTS
from bridgehead.templates.purchase_orders.corpus.letter import Letter
from bridgehead.templates.purchase_orders.corpus.letterbox import Envelope
from bridgehead.templates.purchase_orders.corpus.model import WrittenOrder

_IN_TEXT: Final[dict[str, Callable[[Letter, WrittenOrder], list[str]]]] = TEXT_LAYOUTS | PROSE_LAYOUTS | TABLE_LAYOUTS
_IN_HTML: Final[dict[str, Callable[[Letter, WrittenOrder], list[str]]]] = HTML_LAYOUTS | WEB_LAYOUTS

_REPLIES: Final = {"reply_to_offer", "inline_reply", "thread_top"}
_OFFERED: Final = {"reply_to_offer", "inline_reply"}
_NOTICES: Final = {"portal_notice", "newsletter", "cards"}
"""Sent by programs: no greeting, no signature."""
_HASTY: Final = {"phone", "times", "quick_note"}
"""Typed in a hurry: hardly a greeting, no opening."""
_LETTERS: Final = {"letter_prose", "html_prose"}
_FLOWING: Final = {"letter_prose", "sentences", "bullets", "numbered_list", "thread_top", "inline_reply", "forwarded"}
_NUMBERED_INSIDE: Final = {"letter_prose", "numbered_list", "quick_note", "forwarded", "gmail", "excel_paste"}
"""Layouts whose text always says the order number, so that the subject need not."""
_TWINS: Final = {
    "gmail": "thread_top", "newsletter": "portal_notice", "excel_paste": "tabs", "html_prose": "letter_prose",
    "html_forward": "columns",
}  # fmt: skip
"""The text that programs send beside the page, where it is worth reading; sent by two of three customers."""
_PARAGRAPHS: Final = {
    "gmail": "<div>{}</div>", "div_grid": "<div>{}</div>", "fixed_pitch": "<font size=2>{}</font><br><br>",
    "two_rows": "<p>{}</p>", "upright": "<p>{}</p>",
}  # fmt: skip


def write_orders(sending: Envelope, orders: Sequence[WrittenOrder], *, resent: bool = False) -> bytes:
    """Returns the mail with these orders in its text; ``resent`` puts a word about the repetition in front."""
    letter = Letter(sending)
    name = letter.habit.layout.name
    subject = subject_line(letter, orders, resent=resent)
    opening = _opening(letter, name, several=len(orders) > 1)
    if resent:
        opening = f"{letter.say('resent')} {opening}".strip()
    hidden = next((order.instruction for order in orders if order.instruction), None)
    if letter.habit.layout.html:
        return _html_mail(letter, orders, subject, opening, hidden)
    return _text_mail(letter, orders, subject, opening, hidden)


def subject_line(letter: Letter, orders: Sequence[WrittenOrder], *, resent: bool) -> str:
    """Returns the subject; it names the orders unless the text surely does and the customer is brief."""
    name = letter.habit.layout.name
    subject = letter.say("subject", po=" / ".join(order.po_number for order in orders), company=letter.customer.name)
    if name in _NUMBERED_INSIDE and letter.voice % 4 == 1:
        subject = letter.tell("bare_subject")
    if any(order.release for order in orders):
        subject = f"{letter.say('revised').upper()}: {subject}"
    if name in _REPLIES:
        subject = f"{'AW' if letter.language == 'de' else 'RE'}: {subject}"
    if name in {"forwarded", "html_forward"}:
        mark = {"de": "WG", "fr": "TR", "es": "RV", "it": "I", "pl": "PD", "sv": "VB"}.get(letter.language, "FW")
        subject = f"{mark}: {subject}"
    if resent:
        subject = f"{'Fwd' if letter.voice % 2 else 'RE'}: {subject}"
    return subject


def _opening(letter: Letter, name: str, *, several: bool) -> str:
    if several:
        return letter.say("two")
    if name in _NOTICES:
        return letter.tell("notice", company=letter.customer.name)
    if name in {"forwarded", "html_forward"}:
        return letter.tell("enter")
    if name in _LETTERS:
        return ""
    if name in _OFFERED:
        return letter.say("offer_reply")
    return letter.tell("again") if name == "thread_top" and letter.voice % 2 else letter.say("opening")


def _blocks(letter: Letter, orders: Sequence[WrittenOrder], layout: str) -> list[str]:
    """Returns the orders as text, one under the other."""
    lines: list[str] = []
    for index, order in enumerate(orders):
        if index:
            lines.extend(("", "", "* * *" if letter.voice % 2 else "-" * 20, ""))
        block = _IN_TEXT[layout](letter, order)
        if len(orders) > 1 and not any(order.po_number in text for text in block):
            block = [f"{letter.say('po')} {order.po_number}", *block]
        lines.extend(mailing.tidy(block))
    return lines


def _as_text(
    letter: Letter, orders: Sequence[WrittenOrder], opening: str, *, layout: str, said: str | None = None
) -> list[str]:
    """Returns the mail's text without what follows the signature; ``said`` is put under the orders."""
    blocks = _blocks(letter, orders, layout)
    if said:
        blocks = [*blocks, "", said]
    name = letter.habit.layout.name
    signed = ["", letter.say("bye"), "", *letter.signature()]
    if name in _NOTICES:
        return [opening, "", *blocks]
    if name in _HASTY:
        greeting = [letter.say("hello"), ""] if letter.voice % 2 else []
        return [*greeting, *blocks, "", letter.say("bye"), letter.say("phone_tail")]
    if name in {"forwarded", "html_forward"}:
        inner = [letter.say("hello"), "", *blocks, "", letter.say("bye"), letter.tell("shop")]
        bare = letter.say("subject", po=orders[0].po_number, company=letter.tell("shop"))
        note = [letter.say("hello"), "", opening, *signed]
        return [*note, *threads.shop_forward(letter, bare, inner)]
    greeting = [letter.say("hello"), "", *([opening, ""] if opening else [])]
    return [*greeting, *blocks, *signed]


def _text_mail(letter: Letter, orders: Sequence[WrittenOrder], subject: str, opening: str, hidden: str | None) -> bytes:
    name = letter.habit.layout.name
    ways = ("open", "open", "attachment", "header", "alternative")
    way = letter.dice.one(ways) if hidden else ""
    lines = _as_text(letter, orders, opening, layout=name, said=hidden if way == "open" else None)
    lines.extend(_tail(letter, orders[0]))
    forwarded = letter.dice.chance(0.04) and name not in {*_REPLIES, "forwarded"}
    if forwarded:
        lines = [*threads.field_sales_head(letter, subject), *lines]
    if letter.dice.chance(0.015):
        lines.extend(("", *mailing.uuencoded("logo.gif", mailing.LOGO)))
    message = mailing.new_message(letter, subject, forwarded=forwarded)
    mailing.put_text(letter, message, "\n".join(lines) + "\n", flowed=name in _FLOWING and letter.voice % 5 == 2)
    if hidden and way == "header":
        message["X-Comment"] = hidden
    if hidden and way == "alternative":
        body = "<br>\n".join(escape(line).replace("  ", "&nbsp; ") for line in lines)
        mailing.put_html(letter, message, f"<div>{body}</div>\n{_white(letter, hidden)}", alternative=True)
    if hidden and way == "attachment":
        mailing.attach_text(letter, message, hidden)
    if letter.dice.chance(0.015):
        mailing.add_rich_text_stub(message)
    _enclose(letter, message)
    if not forwarded and letter.dice.chance(0.015):
        message = _as_attachment(letter, message, subject)
    return mailing.finish(letter, message)


def _enclose(letter: Letter, message: EmailMessage) -> None:
    """Attaches what the customer attaches to every mail, unless a program sends it or a thumb types it."""
    if letter.habit.layout.name in _NOTICES | _HASTY:
        return
    for name, kind, content in beside(letter):
        mailing.attach_file(message, name, kind, content)


def _as_attachment(letter: Letter, message: EmailMessage, subject: str) -> EmailMessage:
    """Returns a colleague's mail with the customer's mail in it as an attachment."""
    outer = mailing.new_message(letter, subject, forwarded=True)
    outer.set_content(f"{threads.field_sales_note(letter)}\n", charset="utf-8", cte="quoted-printable")
    outer.add_attachment(message)
    return outer


def _html_mail(letter: Letter, orders: Sequence[WrittenOrder], subject: str, opening: str, hidden: str | None) -> bytes:
    name = letter.habit.layout.name
    paragraph = _PARAGRAPHS.get(name, "<p class=MsoNormal>{}</p>")
    blocks: list[str] = []
    for index, order in enumerate(orders):
        if index:
            blocks.append("<hr>")
        blocks.extend(_IN_HTML[name](letter, order))
    ways = ("open", "white", "tiny", "undisplayed", "comment", "attachment", "header")
    way = letter.dice.one(ways) if hidden else ""
    if hidden:
        blocks.append({
            "open": paragraph.format(escape(hidden)),
            "white": _white(letter, hidden),
            "tiny": f'<span style="font-size:0px;line-height:0">{escape(hidden)}</span>',
            "undisplayed": f'<div style="display:none">{escape(hidden)}</div>',
            "comment": f"<!-- {hidden.replace('--', '- -')} -->",
        }.get(way, ""))  # fmt: skip
    html = "\n".join(_page(letter, orders, blocks, opening, paragraph))
    message = mailing.new_message(letter, subject)
    if name in _TWINS and letter.voice % 3:
        text = _as_text(letter, orders, opening, layout=_TWINS[name])
        mailing.put_text(letter, message, "\n".join(text) + "\n")
        mailing.put_html(letter, message, html, alternative=True)
    elif letter.voice % 3 == 0:
        mailing.put_text(letter, message, _html_hint(letter))
        mailing.put_html(letter, message, html, alternative=True)
    else:
        mailing.put_html(letter, message, html, alternative=False)
    if hidden and way == "header":
        message["X-Order-Handling"] = hidden
    if hidden and way == "attachment":
        mailing.attach_text(letter, message, hidden)
    _enclose(letter, message)
    return mailing.finish(letter, message)


def _page(letter: Letter, orders: Sequence[WrittenOrder], blocks: list[str], opening: str, paragraph: str) -> list[str]:
    """Returns the parts of the page: greeting and opening, the orders, signature, small print, thread."""
    name = letter.habit.layout.name
    if name in _NOTICES:
        return [paragraph.format(escape(opening)), *blocks]
    greeting = [paragraph.format(escape(text)) for text in (letter.say("hello"), opening) if text]
    signed = "<br>\n".join(escape(line) for line in letter.signature())
    parting = [paragraph.format(escape(letter.say("bye")))]
    if name == "gmail":
        parting.append(f'<div>-- <br></div><div dir="ltr" class="gmail_signature">{signed}</div>')
    else:
        parting.append(paragraph.format(signed))
    if name == "html_forward":
        bare = letter.say("subject", po=orders[0].po_number, company=letter.tell("shop"))
        inner = [paragraph.format(escape(text)) for text in (letter.say("hello"), letter.say("opening"))]
        outer = [letter.say("bye"), letter.tell("shop")]
        return [
            *greeting, *parting, threads.shop_forward_html(letter, bare), *inner, *blocks,
            *(paragraph.format(escape(text)) for text in outer),
        ]  # fmt: skip
    found = [*greeting, *blocks, *parting]
    tail = _tail(letter, orders[0])
    if tail:
        small = "<br>\n".join(escape(line) for line in tail if line)
        found.append(f'<p style="font-size:8pt;color:gray">{small}</p>')
    if name == "gmail" and letter.voice % 2:
        found.append(threads.old_order_html(letter, orders[0]))
    return found


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


def _tail(letter: Letter, order: WrittenOrder) -> list[str]:
    """Returns what comes under the signature: a disclaimer at half of the customers, now and then the earlier mails."""
    lines: list[str] = []
    name = letter.habit.layout.name
    if name in _NOTICES:
        return lines
    if letter.voice % 2 and name not in _HASTY:
        lines.extend(("", "_" * 40 if letter.voice % 3 else "--", letter.say("disclaimer")))
    if name == "thread_top":
        lines.extend(threads.old_order_lines(letter, order))
    elif name == "reply_to_offer" or (name != "inline_reply" and letter.dice.chance(0.1)):
        lines.extend(threads.offer(letter, order))
    return lines


def write_letter(
    sending: Envelope, subject: str, lines: Sequence[str], *, html: bool = False, address: str | None = None
) -> bytes:
    """Returns a mail that has no order in its text, in the customer's coding and with its signature."""
    letter = Letter(sending)
    message = mailing.new_message(letter, subject)
    if address is not None:
        del message["From"]
        message["From"] = address
    signed = [] if address is not None else ["", letter.say("bye"), "", *letter.signature(), *small_print(letter)]
    if html:
        page = "\n".join(f"<p>{escape(line) or '&nbsp;'}</p>" for line in (*lines, *signed))
        mailing.put_html(letter, message, page, alternative=False)
    else:
        mailing.put_text(letter, message, "\n".join((*lines, *signed)) + "\n")
    return mailing.finish(letter, message)


def small_print(letter: Letter) -> list[str]:
    """Returns the disclaimer of the customers that have one."""
    return ["", "--", letter.say("disclaimer")] if letter.voice % 2 else []
