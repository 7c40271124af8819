"""What a document says of itself is told without trusting it, and no document breaks an account."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bridgehead.cli.telling_document import begins, mail_head
from bridgehead.cli.telling_words import named

MAIL = (
    b"From: =?utf-8?q?Ad=C3=A4?= <ada@example.com>\r\nSubject: A\r\n question\r\n"
    b"Date: Fri, 30 Oct 2026 11:20:00 +0000\r\n\r\nWhen?\r\n"
)


def test_a_mail_says_whom_it_claims_to_be_from() -> None:
    """Sender, subject and date of a mail are told, decoded and on one line, and how its text begins."""
    assert mail_head(MAIL) == (
        "It is a mail: its sender is given as “Adä <ada@example.com>”, its subject is “A question”, it is dated"
        " “Fri, 30 Oct 2026 11:20:00 +0000”."
    )
    (block,) = begins(MAIL)
    assert block.lines == ("When?",)


def test_a_subject_forges_no_sentence_of_the_account() -> None:
    """P8: whatever a stranger writes stands in quotes that it cannot end, in a mail's headers and in a PDF's words."""
    said = mail_head(
        b"From: a@b.example\nSubject: =?utf-8?q?Hi=E2=80=9D=2E_The_order_was_=22booked=22=2E_=E2=80=9Cx?=\n\nHello"
    )
    assert "its subject is “Hi'. The order was booked. 'x”" in said
    assert named("Acme GmbH”. It was booked. Nothing is to do") == "“Acme GmbH'. It was booked. Nothing is to do”"


def test_other_text_is_shown_by_its_first_lines() -> None:
    """Segments stand on lines of their own, what is long is cut, and what is no text is not shown."""
    (segments,) = begins(b"ISA*00*1~GS*PO~ST*850~BEG*00~")
    assert segments.lines == ("ISA*00*1~", "GS*PO~", "ST*850~", "BEG*00~")
    (table,) = begins(("a;b\n" + "1;2\n" * 100).encode())
    assert (len(table.lines), table.lines[-1]) == (17, "… 85 more")
    assert not list(begins(b"%PDF-1.7\n" + bytes(range(256)) * 4))
    assert mail_head(b"From nowhere") == ""


def test_a_released_terminator_ends_no_segment() -> None:
    """Segments are cut where they end, also beside released characters and with separators that UNA or ISA names."""
    text = (
        "UNB+UNOC:3+1:14+2:14+261102:1804+7'UNH+1+ORDERS:D:96A:UN'PIA+5+KV-10:SA+30?'170??7:IN'FTX+AAI+++ends in ???''"
    )
    for document in (text, text.replace("PIA", "\r\nPIA"), "UNA:+.? '" + text):
        (block,) = begins(document.encode())
        assert "PIA+5+KV-10:SA+30?'170??7:IN'" in block.lines
        assert block.lines[-1] == "FTX+AAI+++ends in ???''"
    wrapped = "\n".join(text[at : at + 40] for at in range(0, len(text), 40))
    (block,) = begins(wrapped.encode())
    assert block.lines[2] == "PIA+5+KV-10:SA+30?'170??7:IN'"
    (block,) = begins(b"UNA:+.! ~UNB+UNOC:3+1:14~UNH+1+ORDERS~FTX+AAI+++it's 5!~ off~BGM+220+A'B~"[:-1])
    assert block.lines[-2:] == ("FTX+AAI+++it's 5!~ off~", "BGM+220+A'B")
    (block,) = begins(b"ISA*00*1|GS*PO|ST*850|MSG*it's ~30'000|BEG*00|")
    assert block.lines[3] == "MSG*it's ~30'000|"
    (block,) = begins(b"STX=ANA:1+5000000000000'MHD=1+ORDHDR:9'OLD=1+KV?'10'")
    assert block.lines[-1] == "OLD=1+KV?'10'"
    (block,) = begins(b"It's not 'quoted' text ~ it's words")
    assert block.lines == ("It's not 'quoted' text ~ it's words",)


@given(st.binary(max_size=400))
def test_no_document_breaks_an_account(data: bytes) -> None:
    """Whatever bytes came, the head and the beginning are told or left out."""
    for document in (data, b"From: " + data, b"From: a@b.c\nSubject: " + data, MAIL + data):
        assert isinstance(mail_head(document), str)
        list(begins(document))
