"""What people and programs send as JSON is read whole, or told as none."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridgehead.desk.typed_json import DEEPEST, parsed
from bridgehead.ledger.vault import to_bytes
from bridgehead.spec.tool import JSON

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=12,
)


@given(value=_JSON)
def test_what_is_written_is_read(value: JSON) -> None:
    """Any value that a record holds is read as it was written, and is recorded."""
    found = parsed(json.dumps(value))
    assert found == value
    assert to_bytes(found)


@pytest.mark.parametrize(
    "text",
    ["", "NaN", "[Infinity]", '{"a": -Infinity}', "1e400", "[-1e999]", "9" * 301, "9" * 5000, "[" * 100_000,
     "[" * (DEEPEST + 1) + "]" * (DEEPEST + 1), '{"a":' * 500 + "1" + "}" * 500],
)  # fmt: skip
def test_what_no_record_holds_is_no_json(text: str) -> None:
    """Numbers that are none, or of hundreds of digits, and nests too deep to be copied are refused in one way."""
    with pytest.raises(ValueError):  # noqa: PT011  # the reason is the reader's own
        parsed(text)


def test_what_is_deep_and_not_too_deep_is_read() -> None:
    """The bound is where it is said to be."""
    assert to_bytes(parsed("[" * DEEPEST + "]" * DEEPEST))
