"""Documents show their values where they were read."""

from __future__ import annotations

from email.message import EmailMessage

from bridgehead.desk.originals import Document, document, index
from bridgehead.spec.tool import JSON


def _source(part: str, line: int, text: str, **more: JSON) -> dict[str, JSON]:
    return {"part": part, "line": line, "text": text, "how": "label", "confidence": 0.99, **more}


def _marks(found: Document) -> dict[str, tuple[str, int, str]]:
    return {
        piece.field: (part.name, number, piece.text)
        for part in found.parts
        for number, pieces in part.lines
        for piece in pieces
        if piece.field is not None
    }


def test_a_value_is_marked_in_the_part_and_the_line_in_which_it_was_read() -> None:
    """P5: the same text twice in a mail is marked where the reader found it, not where it stands first."""
    mail = EmailMessage()
    mail["From"], mail["Subject"] = "buyer@example.com", "Order 77"
    mail.set_content("Order 77\n\nplease send\n12 pieces\n12 boxes\n")
    mail.add_attachment(b"no;qty\n77;12\n", maintype="text", subtype="csv", filename="order.csv")
    sources = {
        "lines[0].quantity": _source("body", 5, "12"),
        "po_number": _source("attachment order.csv", 2, "77", column="no"),
    }
    found = document("A-1", "order.eml", mail.as_bytes(), sources)
    assert _marks(found) == {
        "lines[0].quantity": ("body", 5, "12"),
        "po_number": ("attachment order.csv", 2, "77"),
    }
    assert [part.name for part in found.parts] == ["header", "body", "attachment order.csv"]


def test_a_field_of_a_segment_is_marked_in_that_segment() -> None:
    """P5: an EDIFACT field names its segment by tag and count; a released terminator ends no segment."""
    text = "UNA:+.? 'UNH+1+ORDERS:D:96A:UN'FTX+AAI+++5 pieces?' worth'LIN+1++A:SA'QTY+21:5'LIN+2++B:SA'QTY+21:5'"
    sources = {
        "lines[0].quantity": _source("document", 1, "5", segment="QTY[1]/C186/2"),
        "lines[1].quantity": _source("document", 1, "5", segment="QTY[2]/C186/2"),
    }
    found = document("A-2", "order.edi", text.encode(), sources)
    marks = _marks(found)
    (part,) = found.parts
    lines = {number: "".join(piece.text for piece in pieces) for number, pieces in part.lines}
    assert lines[marks["lines[0].quantity"][1]] == "QTY+21:5'"
    assert marks["lines[0].quantity"][1] < marks["lines[1].quantity"][1]
    assert "FTX+AAI+++5 pieces?' worth'" in lines.values()


def test_two_fields_of_one_line_do_not_share_a_mark() -> None:
    """P5: quantity 5 and price 5 on one line are two places."""
    found = document(
        "A-3",
        "o.txt",
        b"5 x bolt at 5\n",
        {"quantity": _source("document", 1, "5"), "price": _source("document", 1, "5")},
    )
    (part,) = found.parts
    ((_, pieces),) = part.lines
    assert [(piece.text, piece.field) for piece in pieces] == [("5", "quantity"), (" x bolt at ", None), ("5", "price")]
    assert len({piece.mark for piece in pieces if piece.mark}) == 2


def test_what_does_not_stand_there_gets_no_mark() -> None:
    """P5: a value that a model made up has no place in the document, and the page shows that it has none."""
    found = document("A-4", "o.txt", b"nothing here\n", {"po_number": _source("document", 1, "4711")})
    assert not _marks(found)
    assert [(one.field, one.mark) for one in found.read] == [("po_number", None)]


def test_no_format_that_can_do_harm_is_opened() -> None:
    """A PDF is named for what draws it apart, a sheet is told of and handed out; neither is opened in the server."""
    for content in (b"PK\x03\x04rest", bytes(range(256)) * 40):
        found = document("A-5", "o.bin", content, {})
        assert [(part.lines, bool(part.note), part.drawn) for part in found.parts] == [((), True, None)]
    found = document("A-5", "o.pdf", b"%PDF-1.7\n...", {"po_number": _source("document", 1, "4711")})
    assert [(part.lines, part.note, part.drawn) for part in found.parts] == [((), "", 0)]
    assert [(one.mark, one.drawn) for one in found.read] == [("drawn-A-5-0", 0)]
    assert index([found], [], sheets=lambda arrival, part: f"/{arrival}/{part}")["4711"] == (
        ("A-5: po_number", "/A-5/0#drawn-A-5-0"),
    )


def test_a_broken_head_loses_nothing() -> None:
    """A mail that no parser likes is shown as the text that it is."""
    found = document("A-6", "o.eml", b"From: <\xff>\r\nSubject: =?utf-8?q?=ff?=\r\n\r\nOrder 9\r\n", {})
    text = "\n".join("".join(one.text for one in pieces) for part in found.parts for _, pieces in part.lines)
    assert "Order 9" in text


def test_a_value_is_found_again_whatever_its_spelling() -> None:
    """P5: 1.50 and 1.5 are one amount, and the page says where each value of a call stands."""
    found = document("A-7", "o.txt", b"PO 4711 total 12.50\n", {"total": _source("document", 1, "12.50")})
    assert index([found], [])["12.5"] == (("A-7: total", "#read-A-7-0"),)


def test_the_password_of_a_partner_is_shown_to_nobody() -> None:
    """P8: a cXML document carries its sender's shared secret; no page shows it, and what stands beside it stays."""
    text = b"<cXML><Credential><Identity>17</Identity><SharedSecret>open sesame</SharedSecret></Credential></cXML>"
    found = document("A-8", "o.xml", text, {})
    shown = "".join(one.text for part in found.parts for _, pieces in part.lines for one in pieces)
    assert "open sesame" not in shown
    assert "<Identity>17</Identity><SharedSecret>…</SharedSecret>" in shown
