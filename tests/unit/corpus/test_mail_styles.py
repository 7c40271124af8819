"""Mails in every style show the whole order, in every language, and are the same for the same seed."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from datetime import date
from decimal import Decimal
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from html import unescape

import pytest

from bridgehead.templates.purchase_orders.corpus import mail, other_mails
from bridgehead.templates.purchase_orders.corpus.dice import Dice
from bridgehead.templates.purchase_orders.corpus.habits import MAIL_LAYOUTS
from bridgehead.templates.purchase_orders.corpus.layout import Layout
from bridgehead.templates.purchase_orders.corpus.letterbox import Change, Envelope
from bridgehead.templates.purchase_orders.corpus.model import WrittenOrder
from tests.unit.corpus.writing import sendings, shortfalls

EACH = 8
MANY = 16
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


def test_mail_programs_differ() -> None:
    """Mails are written and packed in all the ways that real programs use, in the old and odd ones rarely."""
    seen: Counter[str] = Counter()
    for layout in MAIL_LAYOUTS:
        for sending, order in sendings(layout, "email", count=MANY):
            message = message_from_bytes(mail.write_orders(sending, [order]), policy=default)
            assert not [part.defects for part in message.walk() if part.defects]
            seen.update(_traits(message))
    charsets = {name.removeprefix("charset ") for name in seen if name.startswith("charset ")}
    assert {"utf-8", "us-ascii", "iso-8859-1", "iso-8859-2", "iso-8859-15", "windows-1250", "windows-1252"} <= charsets
    assert {"none", "flowed", "base64", "quoted-printable", "8bit", "7bit"} <= set(seen)
    assert {"multipart/alternative", "multipart/mixed", "text/html", "text/plain", "Cc", "several To"} <= set(seen)
    for rare in ("application/ms-tnef", "message/rfc822", "uuencoded"):
        assert 0 < seen[rare] < len(MAIL_LAYOUTS) * MANY / 20, rare


def _traits(message: EmailMessage) -> set[str]:
    found = {"Cc"} if message["Cc"] else set()
    found |= {"several To"} if "," in message["To"] else set()
    for part in message.walk():
        found.add(part.get_content_type())
        if part.get_content_maintype() == "text":
            charset = part.get_content_charset()
            found.add(f"charset {charset}" if charset else "none")
            found.add(str(part["Content-Transfer-Encoding"]))
            found |= {"flowed"} if part.get_param("format") == "flowed" else set()
            found |= {"uuencoded"} if "begin 644 " in _text(part) else set()
    return found


@pytest.mark.parametrize("name", ["thread_top", "gmail"])
def test_a_thread_holds_an_older_order_under_another_number(name: str) -> None:
    """The order quoted under the new one has a number of its own, lower than the new one's."""
    layout = next(layout for layout in MAIL_LAYOUTS if layout.name == name)
    quoted = 0
    for sending, order in sendings(layout, "email", count=MANY):
        order = replace(order, po_number="45-70000")  # noqa: PLW2901 - a number high enough to have older ones
        for text in bodies(mail.write_orders(sending, [order])).values():
            older = {int(number) for number in re.findall(r"45-(\d{5})", text)} - {70000}
            assert all(69900 < number < 70000 for number in older)
            assert len(older) <= 1
            quoted += len(older)
    assert quoted >= MANY / 4


@pytest.mark.parametrize("layout", LAYOUTS[::4])
def test_a_change_names_the_order_and_both_values(layout: Layout) -> None:
    """A mail that changes an order names it, the parts, and the values wanted."""
    for sending, order in sendings(layout, "email", count=8):
        before = order.lines[:2]
        more = tuple(replace(line, quantity=line.quantity * 2) for line in before)
        later = tuple(replace(line, requested_date=date(2027, 1, 11)) for line in before)
        for kind, lines in (("quantity", more), ("date", later)):
            wanted = replace(order, lines=lines, purpose="change")
            document = other_mails.write_change(sending, Change(wanted, before, kind))
            text = "\n".join(bodies(document).values())
            bare = tuple(
                replace(line, price=None, amount=None, description=None, gtin=None, unit="",
                        requested_date=line.requested_date if kind == "date" else None,
                        quantity=line.quantity if kind == "quantity" else Decimal(1))
                for line in lines
            )  # fmt: skip
            shown = WrittenOrder(order.customer, order.po_number, bare)
            missing = shortfalls(shown, f"{message_from_bytes(document, policy=default)['Subject']}\n{text}")
            assert [each for each in missing if kind == "quantity" or "quantity" not in each] == []
