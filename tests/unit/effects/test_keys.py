from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridgehead.effects.keys import effect_key, spelled
from bridgehead.spec.tool import JSON, Tool

NAMED = Tool("book", "reversible", key=("po",))
WHOLE = Tool("pay", "irreversible")


def digest(purpose: str, data: bytes) -> bytes:
    """Stands for the vault's HMAC."""
    return hashlib.sha256(purpose.encode() + data).digest()


def key(tool: Tool, **args: JSON) -> bytes:
    """Returns the key of a call."""
    return effect_key(digest, "orders", tool, args)


@pytest.mark.parametrize(
    "other",
    ["po-1", "PO-1 ", " PO-1", "PO\u20111", "PO\u20131", "PO\u22121", "PO-1\u200b", "\uff30\uff2f-1", "PO\u00ad-1"],
)
def test_another_spelling_is_no_second_effect(other: str) -> None:
    """P2: case, spaces, kinds of dashes, invisible and full-width characters make no other key."""
    assert key(NAMED, po="PO-1") == key(NAMED, po=other)


@pytest.mark.parametrize("one, other", [("PO-1", "PO-11"), ("7.1", "7.10"), ("007", "7"), ("A 1", "A1")])
def test_other_numbers_are_other_effects(one: str, other: str) -> None:
    """Two order numbers that differ in a digit, a zero or a space between stay two."""
    assert key(NAMED, po=one) != key(NAMED, po=other)


def test_amounts_count_by_their_value() -> None:
    """P2: where all arguments are the key, an amount is the same however it is written."""
    keys = {key(WHOLE, amount=amount, to="cafe\u0301") for amount in ("1000", "1000.0", "1E3", "1000.00")}
    assert keys == {key(WHOLE, amount="1000", to="caf\u00e9")}
    assert key(WHOLE, amount="1000.01", to="café") not in keys
    assert key(WHOLE, amount=1000, to="x") == key(WHOLE, amount=1000.0, to="x")


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_a_spelling_is_final(value: JSON) -> None:
    """Taking the spelling of a spelling changes nothing, or equal keys could differ."""
    once = spelled(value, decimals=True)
    assert spelled(once, decimals=True) == once


def test_what_is_joined_by_taking_out_is_joined_at_once() -> None:
    """An invisible character between a letter and its accent makes no other key."""
    assert spelled("E\u200d\u0301") == spelled("\u00e9") == "\u00e9"
