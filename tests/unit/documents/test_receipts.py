from __future__ import annotations

import contextlib
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pyx12.errors import X12Error

from bridgehead.clock import perf_s
from bridgehead.documents.acknowledgement import Unwritable
from bridgehead.documents.outcome import NotAnOrder, Orders, Unreadable
from bridgehead.documents.reading import read
from bridgehead.documents.writers.edifact_contrl import write_contrl
from bridgehead.documents.writers.edifact_envelope import answering_edifact
from bridgehead.documents.writers.x12_997 import write_997
from bridgehead.documents.writers.x12_envelope import answering_x12
from tests.unit.documents.answers import EDIFACT, ISSUED, ORDER, X12
from tests.unit.documents.foreign import edifact_segments, x12_segments

READ = Orders((ORDER,))
REFUSED = Unreadable("x12.value", "PO102 'X' is no valid number.", "PO1 (segment 5, line 1)")
SET = "ST*850*0001~BEG*00*SA*PO-1**20261030~PO1*1*2*EA~CTT*1~SE*5*0001~"


def x12(*sets: str, group: str = "PO", asked: str = "0", total: int | None = None) -> bytes:
    """Returns an interchange of one group."""
    inside = sets or (SET,)
    return (
        "ISA*00*          *00*          *ZZ*KERNGMBH       *ZZ*WORKS          *261102*0903*U*00401*000001270*"
        f"{asked}*P*>~"
        f"GS*{group}*KERNGMBH*WORKS*20261102*0903*1270*X*004010~{''.join(inside)}"
        f"GE*{len(inside) if total is None else total}*1270~IEA*1*000001270~"
    ).encode()


def edifact(*messages: str, total: int | None = None, reference: str = "77") -> bytes:
    """Returns an interchange."""
    inside = messages or (message(),)
    return (
        "UNB+UNOC:3+4098765000008:14+4012345000009:14+261102:0903+77'"
        f"{''.join(inside)}UNZ+{len(inside) if total is None else total}+{reference}'"
    ).encode()


def message(reference: str = "M1", kind: str = "ORDERS", count: int = 4) -> str:
    """Returns a message of four segments."""
    return f"UNH+{reference}+{kind}:D:96A:UN:EAN008'BGM+220+PO-1'LIN+1'UNT+{count}+{reference}'"


def told(received: bytes, reading: Orders | NotAnOrder | Unreadable) -> list[list[str]]:
    """Returns the segments of a 997 that answer something, without empty elements at their ends."""
    segments = x12_segments(write_997(received, reading, X12, ISSUED))
    return [[value for at, value in enumerate(one) if any(one[at:])] for one in segments if one[0][:2] in {"AK", "TA"}]


def test_a_997_accepts_what_was_read() -> None:
    """Each transaction set that was read is accepted under its own control numbers, and the group is counted."""
    second = SET.replace("0001", "0002")
    assert told(x12(SET, second), READ) == [
        ["AK1", "PO", "1270"],
        ["AK2", "850", "0001"],
        ["AK5", "A"],
        ["AK2", "850", "0002"],
        ["AK5", "A"],
        ["AK9", "A", "2", "2", "2"],
    ]


def test_a_997_names_the_segment_that_was_refused() -> None:
    """A document that was refused is rejected in all its sets, and the faulty one names segment and place."""
    second = SET.replace("0001", "0002")
    assert told(x12(SET, second), REFUSED) == [
        ["AK1", "PO", "1270"],
        ["AK2", "850", "0001"],
        ["AK3", "PO1", "3", "", "8"],
        ["AK5", "R", "5"],
        ["AK2", "850", "0002"],
        ["AK5", "R"],
        ["AK9", "R", "2", "2", "0"],
    ]


@pytest.mark.parametrize(
    "received, refusal, lines",
    [
        (x12(SET.replace("SE*5", "SE*9")), "x12.count", [["AK5", "R", "4"], ["AK9", "R", "1", "1", "0"]]),
        (
            x12(SET.replace("SE*5*0001", "SE*5*0007")),
            "x12.control_number",
            [["AK5", "R", "3"], ["AK9", "R", "1", "1", "0"]],
        ),
        (x12(SET.replace("SE*5*0001~", "")), "x12.nesting", [["AK5", "R", "2"], ["AK9", "R", "1", "1", "0"]]),
        (x12(total=3), "x12.count", [["AK5", "R"], ["AK9", "R", "3", "1", "0", "5"]]),
        (x12(SET.replace("850", "810")), "x12.value", [["AK5", "R", "1"], ["AK9", "R", "1", "1", "0"]]),
    ],
)
def test_a_997_says_what_is_wrong_with_an_envelope(received: bytes, refusal: str, lines: list[list[str]]) -> None:
    """Wrong counts, control numbers and missing trailers have the codes that X12 gives them."""
    answers = told(received, Unreadable(refusal, "Something.", "IEA (segment 99, line 1)"))
    assert answers[-2:] == lines


def test_an_interchange_that_breaks_off_is_answered() -> None:
    """A file cut in its middle is rejected by TA1, by group and by set, all from what came before the cut."""
    cut = x12().partition(b"CTT")[0]
    assert told(cut, Unreadable("x12.cut_off", "The interchange ends without IEA.", "after PO1 (segment 5)")) == [
        ["TA1", "000001270", "261102", "0903", "R", "023"],
        ["AK1", "PO", "1270"],
        ["AK2", "850", "0001"],
        ["AK5", "R", "2"],
        ["AK9", "R", "1", "1", "0", "3"],
    ]


def test_a_receipt_is_asked_for_in_isa14() -> None:
    """TA1 is written when the sender asks for it, also for a sound interchange."""
    assert told(x12(asked="1"), READ)[0] == ["TA1", "000001270", "261102", "0903", "A", "000"]


def test_what_is_not_taken_is_said_to_be_so() -> None:
    """A document that was understood and is of another kind is answered as not supported."""
    answers = told(x12(SET.replace("ST*850", "ST*810")), NotAnOrder("invoice", "An invoice."))
    assert answers[-2:] == [["AK5", "R", "1"], ["AK9", "R", "1", "1", "0"]]


def test_a_receipt_is_not_answered() -> None:
    """Neither a 997 nor a CONTRL is answered by another, or two systems would talk for ever."""
    kind = NotAnOrder("acknowledgement", "A receipt.")
    with pytest.raises(Unwritable, match="receipts alone"):
        write_997(x12("ST*997*0001~AK1*PO*1~AK9*A*1*1*1~SE*4*0001~", group="FA"), kind, X12, ISSUED)
    with pytest.raises(Unwritable, match="receipts alone"):
        write_contrl(edifact(message(kind="CONTRL")), kind, EDIFACT, ISSUED)


def test_nobody_is_answered_without_a_header() -> None:
    """What holds no interchange header has no sender, and is not answered."""
    for nothing in (b"", b"ISA", b"ISA*00*", b"Hello there", b"UNB", b"UNB+UNOA:1+A+B'"):
        with pytest.raises(Unwritable, match="ISA"):
            write_997(nothing, REFUSED, X12, ISSUED)
        with pytest.raises(Unwritable, match="UNB"):
            write_contrl(nothing, REFUSED, EDIFACT, ISSUED)


def test_each_interchange_has_a_receipt_of_its_own() -> None:
    """A file of two interchanges is not answered as if it were one."""
    with pytest.raises(Unwritable, match="several interchanges"):
        write_997(x12() * 2, READ, X12, ISSUED)
    with pytest.raises(Unwritable, match="several interchanges"):
        write_contrl(edifact() * 2, READ, EDIFACT, ISSUED)
    assert told(x12() + b"\n\x1a", READ)[-1] == ["AK9", "A", "1", "1", "1"]


def contrl(received: bytes, reading: Orders | NotAnOrder | Unreadable) -> list[list[object]]:
    """Returns the segments of a CONTRL that answer something."""
    segments = edifact_segments(write_contrl(received, reading, EDIFACT, ISSUED))
    return [one for one in segments if str(one[0]).startswith("UC")]


ENDS = [["4098765000008", "14"], ["4012345000009", "14"]]
KIND = ["ORDERS", "D", "96A", "UN", "EAN008"]


def test_a_contrl_accepts_what_was_read() -> None:
    """Each message that was read is acknowledged by its reference, and so is the interchange."""
    assert contrl(edifact(message(), message("M2")), READ) == [
        ["UCI", "77", *ENDS, "7"],
        ["UCM", "M1", KIND, "7"],
        ["UCM", "M2", KIND, "7"],
    ]


def test_a_contrl_is_of_the_syntax_version() -> None:
    """Version 4 of the syntax has a CONTRL of its own, and days with their century."""
    document = write_contrl(edifact(), READ, replace(EDIFACT, syntax_version="4"), ISSUED)
    assert b"UNB+UNOC:4+4012345000009:14+4098765000008:14+20261103:0905+R17'UNH+1+CONTRL:4:1:UN'" in document
    assert b"UNH+1+CONTRL:D:3:UN'" in write_contrl(edifact(), READ, EDIFACT, ISSUED)


def test_a_contrl_names_the_segment_that_was_refused() -> None:
    """A document that was refused is rejected in all its messages, and the faulty one names place and error."""
    refusal = Unreadable("edifact.value", "QTY is no number.", "LIN (segment 8, line 1)")
    assert contrl(edifact(message(), message("M2")), refusal) == [
        ["UCI", "77", *ENDS, "4"],
        ["UCM", "M1", KIND, "4"],
        ["UCM", "M2", KIND, "4"],
        ["UCS", "3", "12"],
    ]


def test_a_refusal_without_a_place_is_told_all_the_same() -> None:
    """Where the reader names no segment, the set or message is in error as a whole."""
    refusal = Unreadable("too_large", "Too much.", "document")
    assert told(x12(), refusal)[-2:] == [["AK5", "R", "5"], ["AK9", "R", "1", "1", "0"]]
    assert contrl(edifact(), refusal) == [["UCI", "77", *ENDS, "4"], ["UCM", "M1", KIND, "4", "18"]]


@pytest.mark.parametrize(
    "received, lines",
    [
        (edifact(message(count=9)), [["UCI", "77", *ENDS, "4"], ["UCM", "M1", KIND, "4", "29", "UNT"]]),
        (edifact(total=2), [["UCI", "77", *ENDS, "4", "29", "UNZ"], ["UCM", "M1", KIND, "4"]]),
        (edifact(reference="78"), [["UCI", "77", *ENDS, "4", "28", "UNZ"], ["UCM", "M1", KIND, "4"]]),
        (
            edifact().partition(b"UNT")[0],
            [["UCI", "77", *ENDS, "4", "13", "UNZ"], ["UCM", "M1", KIND, "4", "13", "UNT"]],
        ),
    ],
)
def test_a_contrl_says_what_is_wrong_with_an_envelope(received: bytes, lines: list[list[object]]) -> None:
    """Wrong counts, references and missing trailers have the codes that ISO 9735 gives them."""
    assert contrl(received, Unreadable("edifact.envelope", "Something.", "UNZ")) == lines


def test_real_files_are_answered(shared_data: Path) -> None:
    """Every interchange of others that has a header of a known version gets a receipt which a foreign reader takes."""
    written = 0
    for path in sorted((shared_data / "orders").rglob("*")):
        received = path.read_bytes() if path.is_file() else b""
        with contextlib.suppress(Unwritable, X12Error):
            if path.parent.name.startswith("x12"):
                envelope = answering_x12(received, control_number=5)
                x12_segments(write_997(received, read(received, path.name), envelope, ISSUED))
                written += 1
            elif path.parent.name.startswith("edifact"):
                answer = answering_edifact(received, reference="R5")
                receipt = write_contrl(received, read(received, path.name), answer, ISSUED)
                assert edifact_segments(receipt, answer.encoding)
                written += 1
    assert written >= 20


def test_a_receipt_of_a_huge_file_takes_little_time() -> None:
    """Ten megabytes without a separator, or of nothing else, are looked over in seconds."""
    start = perf_s()
    for noise in ("A" * 10_000_000, "?" * 10_000_000, "+" * 2_000_000, "'" * 2_000_000):
        contrl((edifact().decode().replace("BGM", f"{noise}BGM")).encode(), REFUSED)
    for noise in ("A" * 10_000_000, "*" * 2_000_000, "~" * 2_000_000):
        told(x12().decode().replace("BEG", f"{noise}BEG").encode(), REFUSED)
    assert perf_s() - start < 10


@settings(max_examples=150, deadline=None)
@given(st.text("ISAGTEPO*~850\n >\\0123 ", max_size=60), st.integers(0, 300), st.sampled_from((READ, REFUSED)))
def test_no_broken_interchange_breaks_a_997(noise: str, at: int, reading: Orders | Unreadable) -> None:
    """Whatever stands in the middle of an interchange, its receipt has right counts."""
    came = x12().decode()
    at = max(110, min(at, len(came)))
    assume("ISA" not in came[at - 2 : at] + noise + came[at : at + 2])  # a second interchange is refused by name
    x12_segments(write_997((came[:at] + noise + came[at:]).encode(), reading, X12, ISSUED))


@settings(max_examples=150, deadline=None)
@given(st.text("UNHTZBGMLI+:?'0123\n", max_size=60), st.integers(0, 200), st.sampled_from((READ, REFUSED)))
def test_no_broken_interchange_breaks_a_contrl(noise: str, at: int, reading: Orders | Unreadable) -> None:
    """Whatever stands in the middle of an interchange, a foreign reader finds its receipt whole."""
    came = edifact().decode()
    at = max(70, min(at, len(came)))
    assume("UNB" not in came[at - 2 : at] + noise + came[at : at + 2])
    contrl((came[:at] + noise + came[at:]).encode(), reading)


def test_a_set_without_a_name_is_counted_and_not_named() -> None:
    """An ST that was cut off its elements makes no empty segment in the receipt, and is not accepted."""
    came = x12().decode().replace("ST*850*0001", "ST~*850*0001", 1)
    segments = x12_segments(write_997(came.encode(), REFUSED, X12, ISSUED))
    assert [segment[0] for segment in segments] == ["ISA", "GS", "ST", "AK1", "AK9", "SE", "GE", "IEA"]
    assert segments[4][1:5] == ["R", "1", "1", "0"]
