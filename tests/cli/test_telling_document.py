"""What a document says of itself is told without trusting it, and no document breaks an account."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bridgehead.cli.telling_document import begins, mail_head

MAIL = (
    b"From: =?utf-8?q?Ad=C3=A4?= <ada@example.com>\r\nSubject: A\r\n question\r\n"
    b"Date: Fri, 30 Oct 2026 11:20:00 +0000\r\n\r\nWhen?\r\n"
)


def test_a_mail_says_whom_it_claims_to_be_from() -> None:
    """Sender, subject and date of a mail are told, decoded and on one line, and how its text begins."""
    assert mail_head(MAIL) == (
        "It is a mail: its sender is given as Adä <ada@example.com>, its subject is A question, it is dated"
        " Fri, 30 Oct 2026 11:20:00 +0000."
    )
    (block,) = begins(MAIL)
    assert block.lines == ("When?",)


def test_other_text_is_shown_by_its_first_lines() -> None:
    """Segments stand on lines of their own, what is long is cut, and what is no text is not shown."""
    (segments,) = begins(b"ISA*00*1~GS*PO~ST*850~BEG*00~")
    assert segments.lines == ("ISA*00*1~", "GS*PO~", "ST*850~", "BEG*00~")
    (table,) = begins(("a;b\n" + "1;2\n" * 100).encode())
    assert (len(table.lines), table.lines[-1]) == (17, "… 85 more")
    assert not list(begins(b"%PDF-1.7\n" + bytes(range(256)) * 4))
    assert mail_head(b"From nowhere") == ""


@given(st.binary(max_size=400))
def test_no_document_breaks_an_account(data: bytes) -> None:
    """Whatever bytes came, the head and the beginning are told or left out."""
    for document in (data, b"From: " + data, b"From: a@b.c\nSubject: " + data, MAIL + data):
        assert isinstance(mail_head(document), str)
        list(begins(document))
