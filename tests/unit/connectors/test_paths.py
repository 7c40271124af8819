"""Places in what a system sends are found where they are, or not at all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from bridgehead.connectors.paths import MISSING, find, parts_of


@dataclass(frozen=True, slots=True)
class Line:
    item: str


class Order(BaseModel):
    lines: list[Line]
    number: str = "7"


SENT: Final = {
    "a": {"b": None, "c": 0, "d": [], "0": "zero", "x.y": "dotted"},
    "rows": [{"sku": "A", "tags": ["t"]}, {"sku": "B"}, {"other": 1}],
    "a.b": "whole",
    "": "empty",
}


@pytest.mark.parametrize(
    "path, found",
    [
        ("a.c", 0), ("a.d", []), ("a.b", "whole"), ("@.a.c", 0), ("@", SENT), ("a.0", "zero"), ("a.x\\.y", "dotted"),
        ("rows.0.sku", "A"), ("rows.1.sku", "B"), ("rows.*.sku", ["A", "B"]), ("rows.*.tags.*", [["t"]]), ("", "empty"),
        ("rows.3.sku", MISSING), ("rows.-1.sku", MISSING), ("rows.sku", MISSING), ("a.*", MISSING), ("a.c.d", MISSING),
        ("nothing", MISSING), ("rows.*.nothing", []), ("rows.0.sku.0", MISSING), ("a.c.__class__", MISSING),
    ],
)  # fmt: skip
def test_a_place_is_found(path: str, found: object) -> None:
    """Names, positions from 0, stars and names with a dot in them are followed; anything else is missing."""
    assert find(SENT, path) == found


def test_nothing_differs_from_null() -> None:
    """A place that holds null is not a place that is missing, and what is missing counts as false."""
    assert find({"a": {"b": None}}, "a.b") is None
    assert find({"a": {}}, "a.b") is MISSING
    assert not MISSING


def test_typed_arguments_are_looked_into_by_their_fields_alone() -> None:
    """Fields of dataclasses and models are found; methods, private names and attributes of texts are not."""
    order = Order(lines=[Line("A"), Line("B")])
    assert find({"o": order}, "o.lines.*.item") == ["A", "B"]
    assert find({"o": order}, "o.number") == "7"
    for path in ("o.model_dump", "o.__class__", "o.lines.0.__class__", "o.number.upper", "o.model_fields", "o._x"):
        assert find({"o": order}, path) is MISSING, path


@given(
    st.recursive(
        st.none() | st.text(max_size=3),
        lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner),
    ),
    st.text(max_size=12),
)
def test_no_path_breaks(value: object, path: str) -> None:
    """Whatever is sent and asked for, a value or nothing is found, and nothing is raised."""
    find(value, path)
    assert parts_of(path)
