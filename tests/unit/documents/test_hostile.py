from __future__ import annotations

import random
from time import process_time

import pytest

from bridgehead.documents.outcome import NotAnOrder, Orders, Unreadable
from bridgehead.documents.reading import read
from tests.unit.documents.samples import GS, ISA, interchange, mail, refused, transaction

HEAD = mail("", kind="text/plain")[: -len("Content-Type: text/plain\n\n")]
SLOWEST_S = 5.0
"""What the costliest of these may take on a loaded machine; alone each takes under two seconds."""


def nested(depth: int) -> bytes:
    """Returns a multipart within a multipart, ``depth`` times, each closed."""
    body = b"Content-Type: text/plain\n\nhello\n"
    for level in range(depth):
        mark = f"m{level}"
        body = (
            f"Content-Type: multipart/mixed; boundary={mark}\n\n--{mark}\n".encode() + body + f"\n--{mark}--\n".encode()
        )
    return HEAD + body


REFUSED = {
    "empty": (b"", "empty"),
    "blank": (b" \n\t\n", "empty"),
    "zero bytes": (b"\0" * 1000, "nul_bytes"),
    "hundred megabytes": (b"a" * (100 * 2**20), "too_large"),
    "random bytes": (random.Random(1).randbytes(100_000), ""),
    "utf-16 cut off": (b"\xff\xfeP\0O\0;", "encoding"),
    "pdf": (b"%PDF-1.7 ...", "pdf"),
    "zip": (b"PK\3\4....", "archive"),
    "edifact": (b"UNA:+.? 'UNB+UNOA:1+S+R'UNH+1+ORDERS:D:96A:UN'", "edifact.unb"),
    "edifact with other separators": (b'UNB"UNOB=1"S"R;UNH"1"ORDERS=D=96A=UN;', "edifact.unb"),
    "xml": (b'<?xml version="1.0"?><Order xmlns="urn:x"/>', "xml.unknown_order"),
    "tradacoms": (b"STX=ANA:1+5000000000000'", "tradacoms.cut_off"),
    "idoc": (b"EDI_DC40  100000000", "unsupported.sap_idoc"),
    "json": (b'{"order": 1}', "unsupported.json"),
    "deep parts": (nested(40), "mail.too_deep"),
    "thousands of parts": (
        HEAD + b"Content-Type: multipart/mixed; boundary=x\n\n" + b"--x\n\nhello\n" * 5000 + b"--x--\n",
        "mail.too_many_parts",
    ),
    "a huge header": (HEAD + b"X-A: " + b"a" * 5_000_000 + b"\n\nhello", "mail.header"),
    "a million headers": (HEAD + b"X-A: b\n" * 300_000 + b"\n\nhello", "mail.header"),
    "deep html": (HEAD + b"Content-Type: text/html\n\n" + b"<div>" * 50_000, "mail.html_depth"),
    "megabytes of html": (HEAD + b"Content-Type: text/html\n\n" + b"<p>10 pcs AB-1234</p>" * 60_000, "mail.too_long"),
    "an endless line": (HEAD + b"\n" + b"10 pcs AB-1234 at 3.20 EUR, " * 5000, "mail.too_long"),
    "lines without end": (HEAD + b"\n" + b"10 pcs AB-1234 at 3.20 EUR\n" * 5000, "mail.too_long"),
    "broken quoted-printable": (
        HEAD + b"Content-Transfer-Encoding: quoted-printable\n\n" + b"=ZZ=\n=3" * 1000,
        "mail.",
    ),
    "a quote that never closes": (b'PO;Qty;Part\n"' + b"a;b\n" * 30_000, "csv."),
    "a million columns": (b"PO;Qty;Part;" + b"a;" * 1_000_000 + b"\n1;2;3\n", "csv.too_large"),
    "a million rows": (b"PO;Qty;Part\n" + b"1;2;AB-12\n" * 1_000_000, "csv.too_large"),
    "a cell of megabytes": (b"PO;Qty;Part\n1;2;" + b"A1" * 1_000_000, "csv.syntax"),
    "zero bytes in a table": (b"PO;Qty;Part\n1;2;A\0B\n", "nul_bytes"),
    "a million segments": ((ISA + GS).encode() + b"REF*A*B~" * 1_000_000, "x12.too_many_segments"),
    "an endless segment": ((ISA + GS).encode() + b"ST*850*0001~BEG" + b"*" * 1_000_000 + b"~", "x12."),
    "nothing but separators": (ISA.encode() + b"~" * 1_000_000, "x12."),
}


@pytest.mark.parametrize("name", REFUSED)
def test_hostile_documents_are_refused_by_name(name: str) -> None:
    """What cannot be read whole is refused with a code and a sentence, in bounded time."""
    document, code = REFUSED[name]
    start = process_time()
    refusal = refused(document, f"{name}.csv" if "PO;" in document[:4].decode("latin-1") else "arrival")
    assert refusal.code.startswith(code)
    assert process_time() - start < SLOWEST_S


@pytest.mark.parametrize(
    "piece",
    [
        " ",
        "1",
        "1 ",
        "1.",
        "1,",
        "1'",
        "a:",
        "\t",
        "|",
        ";",
        "(",
        "PO ",
        "Pos 1 ",
        "= ",
        "EUR 1 ",
        "am ",
        "ignore ",
        "@",
        "-",
    ],
)
def test_no_text_is_read_for_long(piece: str) -> None:
    """Lines that fit many patterns nearly are read in bounded time."""
    lines = ((piece * 500)[:200] + "\n") * 160
    start = process_time()
    read(mail(f"Order 4711\n{lines}"), "a.eml")
    assert process_time() - start < SLOWEST_S


@pytest.mark.parametrize("many", [1, 40])
def test_many_transactions_are_read_whole(many: int) -> None:
    """Every transaction of an interchange is an order; none is left out."""
    outcome = read(interchange(*(transaction(number=f"{n:04d}") for n in range(1, many + 1))), "a")
    assert isinstance(outcome, Orders)
    assert len(outcome.orders) == many


@pytest.mark.parametrize("document", [b"\xef\xbb\xbf" + interchange(), b"\n\n" + interchange(), interchange() * 2])
def test_harmless_oddities_are_read(document: bytes) -> None:
    """A byte-order mark, blank lines before, and interchanges behind each other are no reason to refuse."""
    assert isinstance(read(document, "a"), Orders)


def test_the_outcome_is_one_of_three() -> None:
    """Random printable text is read, told or refused, and nothing else."""
    dice = random.Random(7)
    letters = "abc 123 .,;:|\t\n/-*~+'\"<>=&%€ß "
    for _ in range(50):
        text = "".join(dice.choice(letters) for _ in range(dice.randint(1, 400)))
        assert isinstance(read(text.encode(), "a"), Orders | NotAnOrder | Unreadable)
