"""Covering mails carry their documents unchanged, in every way to cover one and every language."""

from __future__ import annotations

import io
from collections import Counter
from dataclasses import replace
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

from pypdf import PdfReader

from bridgehead.templates.purchase_orders.corpus import cover
from bridgehead.templates.purchase_orders.corpus.dice import Dice
from bridgehead.templates.purchase_orders.corpus.enclosures import small_pdf
from bridgehead.templates.purchase_orders.corpus.layout import Layout
from bridgehead.templates.purchase_orders.corpus.letterbox import Change
from tests.unit.corpus.writing import sendings

LAYOUT = Layout("covered")
COUNT = 60
FILE = ("Bestellung 4711 – Öl.pdf", "application/pdf", small_pdf("the order") + b"\r\n\0\xff" * 400)


def _parsed(document: bytes) -> EmailMessage:
    message = message_from_bytes(document, policy=default)
    assert not [part.defects for part in message.walk() if part.defects]
    assert all(len(line) <= 998 for line in document.split(b"\r\n"))
    return message


def _files(message: EmailMessage) -> dict[str, bytes]:
    return {str(part.get_filename()): part.get_payload(decode=True) for part in message.iter_attachments()}  # type: ignore[misc] # leaves


def test_a_covering_mail_carries_its_documents_unchanged() -> None:
    """Both documents come out byte for byte, and remarks stand in the body, whatever the customer's way to cover."""
    seen: Counter[str] = Counter()
    for number, (sending, order) in enumerate(sendings(LAYOUT, "email", count=COUNT)):
        voiced = replace(sending, habit=replace(sending.habit, voice=number))
        second = ("list.csv", "text/csv", b"a;b\n1;2\n")
        document = cover.wrap(voiced, [order], [FILE, second], remarks=("Ramp 3 is closed.",), resent=number % 2 == 0)
        message = _parsed(document)
        files = _files(message)
        assert files[FILE[0]] == FILE[2]
        assert files["list.csv"] == second[2]
        body = message.get_body(("plain", "html"))
        assert body is not None
        assert "Ramp 3 is closed." in str(body.get_content())
        seen[cover.STYLES[number % len(cover.STYLES)]] += 1
        again = replace(voiced, dice=Dice("sending", LAYOUT.name, number))
        assert document == cover.wrap(
            again, [order], [FILE, second], remarks=("Ramp 3 is closed.",), resent=number % 2 == 0
        )
    assert set(seen) == set(cover.STYLES)


def test_some_covers_say_nothing_and_some_name_the_order() -> None:
    """The number of the order is in most subjects, not in all, and some bodies hold a signature or nothing at all."""
    named = silent = 0
    for number, (sending, order) in enumerate(sendings(LAYOUT, "email", count=COUNT)):
        voiced = replace(sending, habit=replace(sending.habit, voice=number))
        message = _parsed(cover.wrap(voiced, [order], [FILE]))
        named += order.po_number in message["Subject"]
        body = message.get_body(("plain", "html"))
        silent += body is not None and order.po_number not in str(body.get_content())
    assert COUNT / 2 < named < COUNT
    assert COUNT / 10 < silent < COUNT / 2


def test_what_comes_beside_the_order_is_whole() -> None:
    """The terms of purchase that some customers always attach are a PDF of one page, before or behind the order."""
    places: Counter[int] = Counter()
    for number, (sending, order) in enumerate(sendings(LAYOUT, "email", count=COUNT)):
        voiced = replace(sending, habit=replace(sending.habit, voice=number))
        files = list(_files(_parsed(cover.wrap(voiced, [order], [FILE]))).items())
        for place, (name, content) in enumerate(files):
            if name.endswith(".pdf") and name != FILE[0]:
                assert len(PdfReader(io.BytesIO(content)).pages) == 1
                places[place] += 1
    assert set(places) == {0, 1}


def test_a_cover_of_a_change_says_what_it_changes() -> None:
    """A mail around a change or cancellation names the order in its subject and its body."""
    for sending, order in sendings(LAYOUT, "email", count=16):
        for kind in ("quantity", "cancel"):
            message = _parsed(cover.wrap_change(sending, Change(order, (), kind), [FILE]))
            body = message.get_body(("plain", "html"))
            assert body is not None
            assert order.po_number in message["Subject"]
            assert order.po_number in str(body.get_content())


def test_covers_of_other_documents_exist_in_every_language() -> None:
    """A question, a complaint, a newsletter and a delivery note each carry their document."""
    for sending, order in sendings(LAYOUT, "email", count=8):
        for kind in ("question", "complaint", "newsletter", "delivery_note"):
            message = _parsed(cover.wrap_other(sending, kind, order.lines, "4711", [FILE]))
            assert _files(message)[FILE[0]] == FILE[2]
            assert message["Subject"]
