"""Arguments become the fields of a form and come back as they were, or as somebody changed them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridgehead.console.leaves import MOST, leaves, with_fields
from bridgehead.errors import UserError
from bridgehead.spec.tool import JSON

ARGS: JSON = {
    "po": "4711",
    "lines": [{"item": "A=1.b", "quantity": 5, "price": 1.5, "express": False, "note": None}],
    "empty": [],
    "dotted.name": {"x": "y"},
}

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.floats(-1e6, 1e6) | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=12,
)


@given(args=st.dictionaries(st.text(max_size=6), _JSON, max_size=4))
def test_a_form_that_nobody_touched_changes_nothing(args: dict[str, JSON]) -> None:
    """P1: what a person did not change is approved as it was proposed, to the last sign."""
    assert with_fields(args, {leaf.name: leaf.value for leaf in leaves(args)}) == args


@given(text=st.text(max_size=20))
def test_a_browser_writes_line_breaks_in_its_own_way(text: str) -> None:
    """P1: a browser sends CRLF for a line break (HTML, form submission); that alone changes no argument."""
    args: JSON = {"note": text.replace("\r", "")}
    (leaf,) = leaves(args)
    assert with_fields(args, {leaf.name: leaf.value.replace("\n", "\r\n")}) == args


def test_each_value_keeps_its_type() -> None:
    """P1: an edited number is a number, a choice is true or false, and a text stays a text, also one of digits."""
    names = {leaf.path: leaf.name for leaf in leaves(ARGS)}
    edited = with_fields(
        ARGS,
        {
            names["po"]: "0815",
            names["lines[0].quantity"]: "+07",
            names["lines[0].price"]: "2.50",
            names["lines[0].express"]: "true",
            names["lines[0].note"]: "call first",
            names["dotted.name.x"]: "z",
        },
    )
    assert edited == {
        "po": "0815",
        "lines": [{"item": "A=1.b", "quantity": 7, "price": 2.5, "express": True, "note": "call first"}],
        "empty": [],
        "dotted.name": {"x": "z"},
    }
    assert isinstance(ARGS, dict)
    assert ARGS["po"] == "4711", "the proposed arguments are not touched"


@pytest.mark.parametrize("text", ["", "five", "NaN", "Infinity", "1e", "true", "1,5", "1e400"])
def test_what_is_no_number_is_refused_where_one_stood(text: str) -> None:
    """P1: an amount is never guessed from what somebody typed."""
    names = {leaf.path: leaf.name for leaf in leaves(ARGS)}
    with pytest.raises(UserError, match=r"lines\[0\]\.quantity"):
        with_fields(ARGS, {names["lines[0].quantity"]: text})


def test_a_form_of_other_arguments_is_refused() -> None:
    """P1: fields that the call does not have any more decide nothing."""
    with pytest.raises(UserError, match="other arguments"):
        with_fields(ARGS, {'arg:["gone"]': "1"})


def test_arguments_without_end_get_no_form() -> None:
    """A page has a bound: what is larger is edited elsewhere, and the error says where."""
    with pytest.raises(UserError, match=str(MOST)):
        leaves({"all": list(range(MOST + 1))})


@pytest.mark.parametrize(
    "text",
    [
        "1e400",
        "-1e400",
        "-1e999999999",
        ".1e-999999999999",
        "0e-999999999999",
        "9" * 400,
        "9" * 5000,
        "NaN",
        "Infinity",
    ],
)
def test_what_is_too_large_for_a_number_is_refused_unwritten(text: str) -> None:
    """P1: a number that nothing could compare or hold is told as none, before anything is made of it."""
    (leaf,) = leaves({"amount": 1})
    with pytest.raises(UserError) as told:
        with_fields({"amount": 1}, {leaf.name: text})
    assert told.value.code == "review.arguments"


@pytest.mark.parametrize("text", ["[" * 100_000, "1e400", "NaN", "9" * 400, "[" * 101 + "]" * 101])
def test_where_nothing_stood_what_no_record_holds_is_a_text(text: str) -> None:
    """P1: JSON that cannot be recorded stays the text that was typed."""
    (leaf,) = leaves({"note": None})
    assert with_fields({"note": None}, {leaf.name: text}) == {"note": text}
