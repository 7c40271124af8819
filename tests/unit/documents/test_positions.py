from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import fields
from datetime import date
from decimal import Decimal

import pytest

from bridgehead.documents.numbers import read_number
from bridgehead.documents.order import Order, Party, Source
from bridgehead.documents.outcome import Orders
from bridgehead.documents.reading import read
from tests.unit.documents.samples import CSV, TEXT, interchange, mail, only, page

HTML = (
    "<p>Please supply</p><p>Order no: PO-4711</p><table><tr><th>Pos</th><th>Item no</th><th>Qty</th><th>Price</th></tr>"
    "<tr><td>10</td><td>AB-1001</td><td>20 pcs</td><td>EUR 3.20</td></tr></table><p>Delivery date: 2026-11-20</p>"
)
DOCUMENTS = {
    "x12": interchange(),
    "csv": CSV.encode(),
    "text": mail(),
    "list": mail(
        "Please supply:\n- 20 pcs AB-1001 at EUR 3.20\n- 5 box AB-2002\nDelivery by 2026-11-20\n",
        subject="Order PO-4711",
    ),
    "html": page(HTML),
}
GIVEN_BY_DEFAULT = {
    "format",
    "purpose",
    "price_basis",
    "unit",
    "number",
    "sources",
    "warnings",
    "lines",
    "notes",
    "controls",
    "unit_code",
    "confidence",
    "message",
}


def values(order: Order) -> Iterator[tuple[str, object]]:
    """Yields every field that is filled, by the path its source has."""
    for name in (field.name for field in fields(Order) if field.name not in GIVEN_BY_DEFAULT):
        value = getattr(order, name)
        if isinstance(value, Party):
            yield from (
                (f"{name}.{part.name}", getattr(value, part.name))
                for part in fields(Party)
                if getattr(value, part.name) and part.name != "identifiers"
            )
            yield from ((f"{name}.identifiers[{at}]", one.value) for at, one in enumerate(value.identifiers))
        elif value not in (None, "", ()):
            yield name, value
    for at, line in enumerate(order.lines):
        for field in fields(line):
            value = getattr(line, field.name)
            if field.name not in GIVEN_BY_DEFAULT and value not in (None, ()):
                yield f"lines[{at}].{field.name}", value
    yield from ((f"notes[{at}]", note) for at, note in enumerate(order.notes))


def stands_in(value: object, text: str) -> bool:
    """Tells whether a text holds a value, as people write it."""
    if isinstance(value, Decimal):
        numbers = re.findall(r"\d[\d.,]*", text)
        return any(
            (found := read_number(one.rstrip(".,"), sign)) and found.value == value
            for one in numbers
            for sign in (".", ",")
        )
    if isinstance(value, date):
        forms = (value.isoformat(), value.strftime("%Y%m%d"), value.strftime("%d.%m.%Y"), value.strftime("%d %b %Y"))
        return any(form in text for form in forms)
    if isinstance(value, int):
        return str(value) in text
    return str(value).lower() in text.lower()


def line_at(document: bytes, source: Source) -> str:
    """Returns the line of the document, counted anew, that a source names."""
    text = document.decode()
    if source.part == "header":
        return next(line for line in text.splitlines() if line.startswith(f"{source.column}: "))
    if source.part == "body":
        text = text.partition("\n\n")[2]
    return text.splitlines()[source.line - 1]


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_field_says_where_it_stood(name: str) -> None:
    """Each filled field has a source, and the text at that source holds the value."""
    order = only(DOCUMENTS[name], name)
    seen = dict(values(order))
    assert len(seen) > 6
    for path, value in seen.items():
        source = order.sources.get(path)
        assert source is not None, path
        if path == "currency":
            assert any(sign in source.text for sign in (str(value), "€")), path
        else:
            assert stands_in(value, source.text), (path, value, source)


@pytest.mark.parametrize("name", ["x12", "csv", "text", "list"])
def test_a_position_is_a_place_in_the_document(name: str) -> None:
    """The line that a source names, counted in the document as it arrived, holds the text of the source."""
    document = DOCUMENTS[name].replace(b"~", b"~\n")
    for path, source in only(document, name).sources.items():
        assert source.text in line_at(document, source), (path, source)


def test_segments_are_named() -> None:
    """X12 fields name segment, occurrence and element."""
    sources = only(interchange()).sources
    assert sources["po_number"].segment == "BEG[1]/03"
    assert sources["lines[1].quantity"].segment == "PO1[2]/02"


def test_nothing_is_dropped() -> None:
    """Each line of the sender's text is a field's source, a note, or said to be ignored."""
    order = only(mail())
    used = {source.line for source in order.sources.values() if source.part == "body"}
    silent = [text for number, text in enumerate(TEXT.splitlines(), 1) if text.strip() and number not in used]
    assert silent == [
        "Guten Tag,",
        "Pos.\tArtikelnr.\tMenge\tPreis",
        "Lieferadresse:",
        "Mit freundlichen Grüßen",
        "Anna Kern",
    ]


def test_unread_files_are_named() -> None:
    """A file that no reader here takes is named beside the order that was read."""
    document = mail(
        f"--x\nContent-Type: text/plain; charset=utf-8\n\n{TEXT}\n"
        "--x\nContent-Type: application/pdf; name=terms.pdf\n\n%PDF-1.4\n--x--\n",
        kind="multipart/mixed; boundary=x",
    )
    outcome = read(document, "a.eml")
    assert isinstance(outcome, Orders)
    assert any("terms.pdf" in warning for warning in outcome.orders[0].warnings)
