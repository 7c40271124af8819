from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from email.message import EmailMessage
from typing import get_args

import pytest
from lxml import html

from bridgehead.documents.acknowledgement import Acknowledgement, Unwritable
from bridgehead.documents.language import Language, language_of
from bridgehead.documents.writers.mail_confirmation import MailEnvelope, answering_mail, write_mail
from bridgehead.documents.writers.mail_words import WORDS
from tests.unit.documents.answers import DECIDED, LINES, MAIL, ORDER, SELLER, answer
from tests.unit.documents.foreign import mail_of

LANGUAGES: tuple[Language, ...] = get_args(Language)
RECEIVED = b"""From: Eva Kern <eva@kern.example>
To: orders@works.example
Subject: =?utf-8?q?AW=3A_Re=3A_Bestellung_f=C3=BCr_M=C3=A4rz?=
Message-ID: <o3@kern.example>
In-Reply-To: <o2@works.example>
References: <o1@kern.example> <o2@works.example>
Date: Mon, 2 Nov 2026 10:00:00 +0100

Bitte liefern.
"""


def body(message: EmailMessage, kind: str) -> str:
    """Returns the text of one part."""
    part = message.get_body((kind,))
    assert part is not None
    found: str = part.get_content()
    return found


def rows(ack: Acknowledgement, envelope: MailEnvelope = MAIL) -> list[list[str]]:
    """Returns the cells of the table in the HTML part."""
    page = html.fromstring(body(mail_of(write_mail(ack, envelope)), "html"))
    return [["".join(map(str, cell.itertext())) for cell in row] for row in page.iter("tr")]


def test_the_language_is_the_customers() -> None:
    """In each of eight languages the mail is one of that language, and of no other."""
    assert len(LANGUAGES) >= 8
    for language in LANGUAGES:
        message = mail_of(write_mail(answer(DECIDED), replace(MAIL, language=language)))
        assert language_of(body(message, "plain")) == language
        assert message["Content-Language"] == language
        assert html.fromstring(body(message, "html")).get("lang") == language


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_word_is_said_in_every_language(language: Language) -> None:
    """No decision and no code lacks its words, and no two codes share them."""
    words = WORDS[language]
    assert set(words.title) == set(words.opening) == {"AD", "AC", "AH", "RJ"}
    assert len(set(words.status.values())) == 8
    assert all("{po}" in opening for opening in words.opening.values())
    assert len(set(words.opening.values())) == 4


def test_text_and_page_tell_the_same() -> None:
    """Each line's quantity, price, day and reason stand in both parts, in the customer's way of writing them."""
    message = mail_of(write_mail(answer(), MAIL))
    text, table = body(message, "plain"), rows(answer())
    assert table[0] == [
        "Position", "Artikel", "Bestellt", "Bestätigt", "Folgt später", "Preis", "Lieferung", "Status",
    ]  # fmt: skip
    assert table[3] == [
        "30", "AB-3", "7,5 kg", "7 kg", "", "330,00 EUR je 100 kg", "21.11.2026", "angenommen, Menge geändert",
    ]  # fmt: skip
    assert table[4][3:5] == ["600 Stück", "400 Stück"]
    for row in table[1:]:
        number, item, *facts = row
        block = text.partition(f"Position {number}: {item}")[2].partition("\n\n")[0]
        assert block
        assert all(fact in block for fact in facts), row


def test_nothing_is_claimed_that_was_not_decided() -> None:
    """Lines on hold and rejected ones have no quantity, price or day, and an order on hold has no number."""
    table = rows(answer())
    for row in (table[6], table[7]):
        assert row[3:7] == ["", "", "", ""]
    held = mail_of(write_mail(answer((LINES[6],), order=replace(ORDER, lines=(ORDER.lines[6],))), MAIL))
    for kind in ("plain", "html"):
        assert "bestätigt ist noch nichts" in body(held, kind)
        assert "Unsere Auftragsnummer" not in body(held, kind)


def test_an_answer_stays_in_its_thread() -> None:
    """The answer refers to the mail that ordered and to what came before it, under the same subject."""
    envelope = answering_mail(
        RECEIVED, sender="orders@works.example", to="einkauf@kern.example", message_id="<c1@works.example>"
    )
    message = mail_of(write_mail(answer(DECIDED), envelope))
    assert message["In-Reply-To"] == "<o3@kern.example>"
    assert message["References"].split() == ["<o1@kern.example>", "<o2@works.example>", "<o3@kern.example>"]
    assert message["Subject"] == "Re: Bestellung für März"
    assert message["To"] == "einkauf@kern.example"
    assert message["Auto-Submitted"] == "auto-replied"
    assert message["From"].addresses[0].display_name == "Wörks GmbH"


def test_a_thread_does_not_grow_for_ever() -> None:
    """Of a long thread the first and the latest mails are referred to, and what is no id is left out."""
    ids = " ".join(f"<m{number}@kern.example>" for number in range(200))
    received = RECEIVED.replace(b"<o1@kern.example> <o2@works.example>", f"junk {ids} <broken".encode())
    envelope = answering_mail(received, sender="a@works.example", to="b@kern.example", message_id="<c@works.example>")
    assert envelope.references[0] == "<m0@kern.example>"
    assert envelope.references[-2:] == ("<m199@kern.example>", "<o3@kern.example>")
    assert len(envelope.references) == 22


@pytest.mark.parametrize(
    "change",
    [
        {"to": "a@b.example\r\nBcc: all@b.example"},
        {"to": "a@b.example, c@d.example"},
        {"sender": "nobody"},
        {"message_id": "<a@b>\r\nX: y"},
        {"references": ("<a b@c>",)},
        {"in_reply_to": "a@b"},
        {"language": "xx"},
    ],
)
def test_no_header_can_be_slipped_in(change: dict[str, object]) -> None:
    """Addresses and ids that are none are refused, so that nothing can stand behind them."""
    with pytest.raises(Unwritable):
        replace(MAIL, **change)  # type: ignore[arg-type]  # by name


def test_markup_in_a_description_is_text() -> None:
    """What a document says is shown in the page and never becomes part of it."""
    evil = replace(ORDER.lines[0], description="<script>alert(1)</script><img src=x onerror=y>")
    ack = answer(LINES[:1], order=replace(ORDER, lines=(evil,)), seller=replace(SELLER, name="<b>W&K</b>"))
    page = html.fromstring(body(mail_of(write_mail(ack, MAIL)), "html"))
    assert not list(page.iter("script", "img", "b"))
    assert "<script>alert(1)</script>" in "".join(map(str, page.itertext()))


def test_a_small_price_is_told_in_full() -> None:
    """Prices have at least two decimals and as many as they need."""
    ack = answer((replace(LINES[0], price=Decimal("0.00125")),))
    assert rows(ack)[1][4] == "0,00125 EUR"
