"""Mails in every style show the whole order, in every language, and are the same for the same seed."""

from __future__ import annotations

import re
from dataclasses import replace
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from html import unescape

import pytest

from bridgehead.templates.purchase_orders.corpus import mail
from bridgehead.templates.purchase_orders.corpus.dice import Dice
from bridgehead.templates.purchase_orders.corpus.habits import MAIL_LAYOUTS
from bridgehead.templates.purchase_orders.corpus.layout import Layout
from bridgehead.templates.purchase_orders.corpus.letterbox import Envelope
from tests.unit.corpus.writing import sendings, shortfalls

EACH = 16
LAYOUTS = [pytest.param(layout, id=layout.name) for layout in MAIL_LAYOUTS]


def _text(part: EmailMessage) -> str:
    content: bytes = part.get_payload(decode=True)  # type: ignore[assignment] # a leaf's payload is bytes
    charset = part.get_content_charset()
    if charset is None:
        try:
            text = content.decode("utf-8")
        except UnicodeDecodeError:
            text = content.decode("cp1252")
    else:
        text = content.decode(charset)
    if part.get_param("format") == "flowed":
        text = re.sub(r"(?m) $\r?\n", " ", text)
    return text


def visible(page: str) -> str:
    """Returns what a browser shows of a page, roughly: no head, no comments, tags as blanks but those within words."""
    body = re.sub(r"(?s)<head>.*?</head>|<!--.*?-->", " ", page)
    body = re.sub(r"</?(?:b|i|strong|span|font|o:p|a)\b[^>]*>", "", body)
    return unescape(re.sub(r"<[^>]+>", " ", body))


def bodies(document: bytes) -> dict[str, str]:
    """Returns the shown text of the mail's plain and HTML bodies."""
    message = message_from_bytes(document, policy=default)
    found: dict[str, str] = {}
    for part in message.walk():
        if part.get_content_maintype() == "text" and part.get_content_disposition() != "attachment":
            text = _text(part)
            found[part.get_content_subtype()] = visible(text) if part.get_content_subtype() == "html" else text
    return found


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_mail_shows_the_whole_order(layout: Layout) -> None:
    """Whatever an order holds can be read in the mail's body and subject."""
    for sending, order in sendings(layout, "email", count=EACH):
        document = mail.write_orders(sending, [order])
        subject = str(message_from_bytes(document, policy=default)["Subject"])
        shown = bodies(document)
        text = shown.get("html") or shown["plain"]
        assert shortfalls(order, f"{subject}\n{text}") == [], (sending.serial, order.customer.language, text)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_mail_is_the_same_for_the_same_seed(layout: Layout) -> None:
    """The same sending gives the same bytes."""
    for sending, order in sendings(layout, "email", count=3):
        again = Envelope(
            sending.customer,
            sending.habit,
            sending.at,
            sending.serial,
            Dice("sending", layout.name, sending.serial - 1),
        )
        assert mail.write_orders(sending, [order]) == mail.write_orders(again, [order])


@pytest.mark.parametrize("layout", LAYOUTS)
def test_two_orders_in_a_mail_are_both_there(layout: Layout) -> None:
    """Each body of a mail with two orders names the number of either, but a hint to use another program."""
    for sending, order in sendings(layout, "email", count=6):
        other = replace(order, po_number="46-99999")
        document = mail.write_orders(sending, [order, other])
        for text in bodies(document).values():
            assert ("46-99999" in text and order.po_number in text) or "HTML" in text


def test_there_are_many_styles() -> None:
    """At least 32 styles of mail exist, each with a name of its own."""
    assert len({layout.name for layout in MAIL_LAYOUTS}) == len(MAIL_LAYOUTS) >= 32
