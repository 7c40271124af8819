from __future__ import annotations

import pytest

from bridgehead.cli.explain import show
from bridgehead.cli.places import places_of, without_empty
from bridgehead.cli.telling import places
from bridgehead.cli.telling_words import Section
from bridgehead.spec.tool import JSON

GIVEN: JSON = {
    "po_number": "PO-1",
    "currency": None,
    "lines": [{"quantity": "10", "unit": "", "notes": [], "price": None}],
    "sources": {
        "po_number": {"part": "body", "line": 3, "text": "Order PO-1\x1b[2J", "how": "label", "confidence": 0.993},
        "lines[0].quantity": {"part": "document", "line": 9, "text": "10", "segment": "PO1[1]/02", "how": "element"},
        "lines[0].price": {"part": "attachment a.pdf", "page": 2, "line": 4, "text": "3\x1b[2J", "how": "column"},
        "lines[7].unit": {"part": "document", "line": 9, "text": "EA", "column": "Unit", "how": "column"},
    },
}


def test_each_field_is_told_with_its_place(capsys: pytest.CaptureFixture[str]) -> None:
    """A field is shown with value, place, way and confidence on one line, and no document writes to the terminal."""
    show("C-1", [Section("Where", tables=places(places_of(GIVEN)))])
    rows = [line.split() for line in capsys.readouterr().out.splitlines() if line.strip()]
    assert rows[3:] == [
        ["po_number", "PO-1", "body,", "line", "3", "label", "99.3%"],
        ["lines[0].quantity", "10", "document,", "PO1[1]/02", "element", "-"],
        ["lines[0].price", "3\\x1b[2J", "attachment", "a.pdf,", "page", "2,", "line", "4", "column", "-"],
        ["lines[7].unit", "EA", "document,", "line", "9,", "column", "Unit", "column", "-"],
    ]


def test_nothing_is_shown_without_places() -> None:
    """An input that names no places, or names them in a form of its own, is shown as before."""
    for given in ({"po": "1"}, ["a"], None, {"sources": ["x"]}, {"sources": {"a": "b"}}):
        assert places(places_of(given)) == ()
    assert without_empty({"sources": ["x"], "lines": []}) == {"sources": ["x"], "lines": []}


def test_an_input_is_read_without_nulls() -> None:
    """What says nothing takes no line, and places stand in a table of their own."""
    assert without_empty(GIVEN) == {"po_number": "PO-1", "lines": [{"quantity": "10"}]}
