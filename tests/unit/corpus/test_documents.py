"""Every document is valid by its standard, shows what its truth says, and is broken only where it is meant to be."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import Any

import pytest

from bridgehead.templates.purchase_orders.corpus.generate import Arrival
from tests.unit.corpus.reading import csv_rows, csv_text, mail, mail_texts, x12_faults, x12_segments
from tests.unit.corpus.runs import DOCUMENTS, FORMATS, SEEDS, defects, made, orders


def _of(seed: int, form: str, *, broken: bool = False) -> list[Arrival]:
    return [
        arrival
        for arrival in (made(seed) if broken else made(seed)[:DOCUMENTS])
        if arrival.truth["format"] == form and ("broken_document" in defects(arrival)) is broken
    ]


@pytest.mark.parametrize("seed", SEEDS)
def test_mails_are_valid(seed: int) -> None:
    """Python's parser finds no defect in a whole mail, its headers are complete and its lines at most 998 long."""
    for arrival in _of(seed, "email"):
        message = mail(arrival.document)
        assert not [part.defects for part in message.walk() if part.defects], arrival.name
        for name in ("From", "To", "Date", "Message-ID", "Subject", "MIME-Version"):
            assert len(message.get_all(name, [])) == 1, (arrival.name, name)
            assert not message[name].defects, (arrival.name, name)
        head = arrival.document.split(b"\r\n\r\n", 1)[0]
        assert head.isascii()
        assert all(len(line) <= 998 for line in arrival.document.split(b"\r\n")), arrival.name
        assert b"\n" not in arrival.document.replace(b"\r\n", b""), arrival.name
        assert mail_texts(message), arrival.name


@pytest.mark.parametrize("seed", SEEDS)
def test_a_message_id_is_used_once_but_by_a_resend_of_the_same_bytes(seed: int) -> None:
    """Two mails with one Message-ID are the same bytes."""
    seen: dict[str, bytes] = {}
    for arrival in _of(seed, "email"):
        assert seen.setdefault(mail(arrival.document)["Message-ID"], arrival.document) == arrival.document


@pytest.mark.parametrize("seed", SEEDS)
def test_interchanges_are_valid(seed: int) -> None:
    """Whole interchanges have a fixed-width ISA, right counts and control numbers, and no trailing empty element."""
    for arrival in _of(seed, "x12"):
        assert x12_faults(arrival.document) == [], arrival.name
        segments = x12_segments(arrival.document)
        assert segments[0][12] in {"00401", "00501", "00304"}
        order_lines = sum(segment[0] == "PO1" for segment in segments)
        stated = sum(int(segment[1]) for segment in segments if segment[0] == "CTT")
        if stated and order_lines and "totals_mismatch" not in defects(arrival):
            assert stated == order_lines, arrival.name


@pytest.mark.parametrize("seed", SEEDS)
def test_most_interchanges_are_004010(seed: int) -> None:
    """Most partners write 004010; the older and the newer version both occur."""
    versions = Counter(x12_segments(arrival.document)[1][8] for arrival in _of(seed, "x12"))
    assert set(versions) == {"004010", "005010", "003040"}
    assert versions["004010"] > sum(versions.values()) / 2


@pytest.mark.parametrize("seed", SEEDS)
def test_an_order_shows_its_number_and_parts(seed: int) -> None:
    """Every PO number and every part number of the truth stands in its document, as a field where it has fields."""
    for arrival, order in orders(seed):
        reading: Any = order["reading"]
        if reading is None or arrival.name > made(seed)[DOCUMENTS].name:
            continue
        wanted = {reading["po_number"]}
        for line in reading["lines"]:
            wanted |= {line[name] for name in ("customer_part", "supplier_part", "gtin") if line[name]}
        if arrival.truth["format"] == "email":
            shown = " ".join(mail_texts(mail(arrival.document)).values()) + mail(arrival.document)["Subject"]
            assert [text for text in wanted if text not in shown] == [], arrival.name
        elif arrival.truth["format"] == "x12":
            elements = {element for segment in x12_segments(arrival.document) for element in segment}
            assert wanted <= elements, arrival.name
        else:
            cells = {cell.strip() for row in csv_rows(arrival.document) for cell in row}
            assert wanted <= cells, (arrival.name, wanted - cells)


@pytest.mark.parametrize("seed", SEEDS)
def test_an_interchange_shows_quantities_and_prices(seed: int) -> None:
    """The PO1 segments of an 850 hold the truth's quantities, units and prices, in its order."""
    for arrival in _of(seed, "x12"):
        written = [segment for segment in x12_segments(arrival.document) if segment[0] == "PO1"]
        found: Any = arrival.truth["orders"]
        lines = [line for order in found if order["reading"] for line in order["reading"]["lines"]]
        if not written or not lines:
            continue
        assert len(written) == len(lines), arrival.name
        for segment, line in zip(written, lines, strict=True):
            assert (Decimal(segment[2]), segment[3]) == (Decimal(line["quantity"]), line["unit"]), arrival.name
            if line["price"] is not None:
                assert Decimal(segment[4]) == Decimal(line["price"]), arrival.name


@pytest.mark.parametrize("seed", SEEDS)
def test_broken_interchanges_are_broken(seed: int) -> None:
    """Every broken interchange breaks a rule of its envelope."""
    broken = _of(seed, "x12", broken=True)
    assert len(broken) > 5
    for arrival in broken:
        assert x12_faults(arrival.document) != [], arrival.name


@pytest.mark.parametrize("seed", SEEDS)
def test_broken_exports_are_broken(seed: int) -> None:
    """Every broken export is a page of HTML, holds NUL bytes, or ends within a row."""
    for arrival in _of(seed, "csv", broken=True):
        if b"<html" in arrival.document or "\0" * 8 in arrival.document.decode("latin-1"):
            continue
        assert not arrival.document.rstrip(b"\0").endswith(b"\n"), arrival.name
        assert not csv_text(arrival.document).endswith("\n"), arrival.name


@pytest.mark.parametrize("seed", SEEDS)
def test_broken_mails_are_broken(seed: int) -> None:
    """Every broken mail has a MIME defect, was clipped by a gateway, or is garbled."""
    broken = _of(seed, "email", broken=True)
    ways: Counter[str] = Counter()
    for arrival in broken:
        message = mail(arrival.document)
        text = " ".join(mail_texts(message).values())
        if any(part.defects for part in message.walk()):
            ways["defect"] += 1
        elif "Message clipped" in text:
            ways["clipped"] += 1
        else:
            assert "\ufffd" * 8 in text, arrival.name
            ways["garbled"] += 1
    assert set(ways) == {"defect", "clipped", "garbled"}


@pytest.mark.parametrize("seed", SEEDS)
def test_instructions_hide_in_many_ways(seed: int) -> None:
    """Every document said to hold instructions to the reader does: openly, or in one of at least four hidings."""
    ways: Counter[str] = Counter()
    for arrival in made(seed):
        if "hidden_instructions" not in defects(arrival):
            continue
        ways[_way(arrival)] += 1
    hidden = {"header", "attachment", "comment", "undisplayed", "white", "tiny"} & set(ways)
    assert len(hidden) >= 4, ways
    assert {"open", "segment", "cell"} <= set(ways)


def _bare(text: str) -> str:
    return "".join(sign for sign in text.upper() if sign.isalnum())


def _way(arrival: Arrival) -> str:
    found: Any = arrival.truth["orders"]
    said = next(order["reading"]["notes"][-1] for order in found if order["reading"]["notes"])
    start = said[:20]
    if arrival.truth["format"] == "x12":
        assert _bare(start) in _bare(arrival.document.decode("latin-1")), arrival.name
        return "segment"
    if arrival.truth["format"] == "csv":
        assert start in csv_text(arrival.document)
        return "cell"
    message = mail(arrival.document)
    texts = mail_texts(message)
    if any(start in str(value) for name, value in message.items() if name.startswith("X-")):
        return "header"
    if start in texts.get("attachment", ""):
        return "attachment"
    if start in texts.get("text/plain", ""):
        return "open"
    page = texts["text/html"].replace("&#x27;", "'")
    before = page[max(page.index(start) - 80, 0) : page.index(start)]
    signs = {"<!--": "comment", "display:none": "undisplayed", "font-size:0": "tiny", "color:": "white"}
    return next((way for sign, way in signs.items() if sign in before), "open")


def test_people_write_in_eight_languages_and_many_layouts() -> None:
    """Mails come in eight languages, and all layouts of mails, interchanges and exports are used."""
    from bridgehead.templates.purchase_orders.corpus.generate import start
    from bridgehead.templates.purchase_orders.corpus.habits import CSV_STYLES, MAIL_LAYOUTS, X12_STYLES

    runs = [start(seed, 1, FORMATS) for seed in (7, 8, 9)]
    mails = [customer for run in runs for customer in run.world.customers if customer.channel == "email"]
    assert {customer.language for customer in mails} == {"en", "de", "fr", "es", "it", "nl", "pl", "sv"}
    used = {habit.layout.name for run in runs for habit in run.habits.values()}
    assert used == {*(layout.name for layout in MAIL_LAYOUTS), *CSV_STYLES, *X12_STYLES}


@pytest.mark.parametrize("seed", SEEDS)
def test_nobody_is_real(seed: int) -> None:
    """Every mailbox is under a name reserved for examples (RFC 2606), every GTIN under GS1's 952 for examples."""
    for arrival in _of(seed, "email"):
        for address in mail(arrival.document)["From"].addresses:
            assert address.domain.endswith((".example.com", ".example.net", ".example.org")), arrival.name
    for arrival, order in orders(seed):
        for line in order["reading"]["lines"] if order["reading"] else ():
            assert (line["gtin"] or "952").startswith("952"), arrival.name
