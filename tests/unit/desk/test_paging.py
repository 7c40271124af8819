"""A cursor is what a page ended with; whatever else is sent as one is told so, and asks the database nothing."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridgehead.desk.paging import cursor, keys_of
from bridgehead.errors import UserError


@given(
    keys=st.lists(st.integers(0, 2**63 - 1) | st.sampled_from(["u", "infinity", "2026-11-26 21:37:00+00"]), min_size=1)
)
def test_a_cursor_leads_back(keys: list[str | int]) -> None:
    """What a page ended with is where the next begins."""
    assert keys_of(cursor(*keys), len(keys)) == tuple(keys)


@pytest.mark.parametrize(
    "made_up",
    [b"[" * 6000, b"[" + b"9" * 4000 + b"]", b"[9223372036854775808]", b"[true]", b"[1.5]", b"[1e400]", b"[null]",
     b'["\\u0000"]', b'["\\ud800"]', b'["\\n"]', b"[1, 2]", b"{}", b"\xff"],
)  # fmt: skip
def test_what_no_page_ended_with_is_no_cursor(made_up: bytes) -> None:
    """What the database has no value for, and what no reader gets through, is refused as any other wrong cursor."""
    with pytest.raises(UserError) as told:
        keys_of(base64.urlsafe_b64encode(made_up).decode().rstrip("="), 1)
    assert told.value.code == "input.cursor"
