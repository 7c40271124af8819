"""A refused X12 or EDIFACT order shows what stands in its whole segments, and nothing that may be wrong."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import pytest

from bridgehead.documents.outcome import Orders, Unreadable
from bridgehead.documents.reading import read
from bridgehead.templates.purchase_orders.glimpse import glimpse
from tests.unit.documents.samples import interchange

EDIFACT = (
    "UNA:+.? 'UNB+UNOC:3+4000001000012:14+9526999990005:14+261102:0901+1483'UNH+1+ORDERS:D:96A:UN'"
    "BGM+220+PO-4711+9'DTM+137:20261030:102'NAD+BY+10020::91++Kern ?+ Söhne GmbH'CUX+2:EUR:9'"
    "LIN+10++AB-1001:SA'IMD+F++:::Valve?'s seat'QTY+21:20:PCE'PRI+AAA:3.20'"
    "LIN+20++4012345000016:EN'PIA+1+X-9:IN'QTY+21:5:PCE'PRI+AAA:12.50'"
    "LIN+30++AB-3003:SA'QTY+21:7:PCE'PRI+AAA:1.00'UNS+S'CNT+2:3'UNT+21+1'UNZ+1+1483'"
)


def seen(document: bytes, name: str) -> Mapping[str, object]:
    """Returns what is shown of a refused document's order."""
    assert isinstance(read(document, name), Unreadable)
    found = glimpse(document, name).get("as_far_as_read", {})
    assert isinstance(found, dict)
    return found


def lines_of(found: Mapping[str, object]) -> list[dict[str, str]]:
    lines = found["lines"]
    assert isinstance(lines, list)
    return lines


def goods(found: Mapping[str, object]) -> list[tuple[str, ...]]:
    return [tuple(line.get(name, "") for name in ("number", "quantity", "price")) for line in lines_of(found)]


def test_a_cut_edifact_order_shows_buyer_number_date_and_closed_lines() -> None:
    """Of an order cut within its third line, the first two lines are shown as written, and the third is not."""
    found = seen(EDIFACT[: EDIFACT.index("PRI+AAA:1.00")].encode(), "order.edi")
    assert found["buyer"] == {"name": "Kern + Söhne GmbH", "number": "10020"}
    assert (found["po_number"], found["order_date"], found["currency"]) == ("PO-4711", "2026-10-30", "EUR")
    assert goods(found) == [("10", "20", "3.20"), ("20", "5", "12.50")]
    first, second = lines_of(found)
    assert (first["supplier_part"], first["description"]) == ("AB-1001", "Valve's seat")
    assert (second["gtin"], second["customer_part"]) == ("4012345000016", "X-9")
    assert "decided nothing" in str(found["note"])


def test_what_is_overwritten_gives_its_values_to_no_other_line() -> None:
    """Where zero bytes swallow the head of a line, its quantity and price fall to no line before it."""
    start = EDIFACT.index("'LIN+20")
    torn = EDIFACT[:start] + "\0" * 12 + EDIFACT[start + 12 :]
    found = seen(torn.encode(), "order.edi")
    assert goods(found) == [("30", "7", "1.00")]
    assert found["damaged"] == 1


@pytest.mark.parametrize("separators", ["\x1d\x1f\x1c", "+:'"])
def test_separators_that_cannot_be_printed_are_separators(separators: str) -> None:
    """An order with the control characters of level B is read like one with the printed ones."""
    plain = EDIFACT[9:].replace("?+", "and").replace("?'", "").replace("UNT+21+1", "UNT+21+2")
    text = plain.translate(str.maketrans("+:'", separators))
    una = f"UNA{separators[1]}{separators[0]}.? {separators[2]}"
    assert goods(seen((una + text).encode(), "order.edi")) == [
        ("10", "20", "3.20"),
        ("20", "5", "12.50"),
        ("30", "7", "1.00"),
    ]


def test_a_broken_x12_order_shows_what_the_reader_reads_of_the_whole_one() -> None:
    """An interchange that is cut off, or whose ISA is short, shows the lines of the sound one that are whole."""
    sound = interchange()
    whole = read(sound, "order.x12")
    assert isinstance(whole, Orders)
    order = whole.orders[0]
    lines = [(line.quantity, line.price) for line in order.lines]
    assert len(lines) > 1
    last = sound.rindex(b"PO1*")
    for document, kept in ((sound[:20] + sound[24:], len(lines)), (sound[: last + 9], len(lines) - 1)):
        found = seen(document, "order.x12")
        assert (found["po_number"], found["order_date"]) == (order.po_number, str(order.order_date))
        assert [(Decimal(many), Decimal(price)) for _, many, price in goods(found)] == lines[:kept]


def test_what_is_no_order_and_what_is_whole_of_nothing_shows_nothing() -> None:
    """Bytes that only begin like an interchange, however hostile, show no order and raise nothing."""
    for document in (
        b"ISA*",
        b"ISA" + b"*" * 3000,
        b"UNA:+.? '",
        b"UNB+",
        b"UNA" + b"\xff" * 90,
        EDIFACT[:80].encode(),
    ):
        assert "as_far_as_read" not in glimpse(document, "order.edi")


def test_a_message_that_is_no_order_is_not_shown_as_one() -> None:
    """A stock report with a buyer, a number and quantities shows no order."""
    assert "as_far_as_read" not in glimpse(EDIFACT.replace("ORDERS:D", "INVRPT:D").encode(), "report.edi")
    assert "as_far_as_read" in glimpse(EDIFACT.encode(), "order.edi")
