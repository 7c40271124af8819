from __future__ import annotations

import json
from collections import OrderedDict
from datetime import UTC, datetime
from decimal import Decimal
from types import MappingProxyType

import pytest

from bridgehead.errors import UserError
from bridgehead.ledger.canonical import JSON, MAX_INT, canonical


def test_keys_are_sorted_by_utf16_and_nothing_is_padded() -> None:
    """Equal objects give equal bytes whatever the order of their keys (RFC 8785 section 3.2.3)."""
    one: JSON = {"b": 1, "a": [True, None, "x"], "\U0001f600": 1, "\ufb33": 2}
    other: JSON = OrderedDict([("\ufb33", 2), ("\U0001f600", 1), ("a", (True, None, "x")), ("b", 1)])
    expected = '{"a":[true,null,"x"],"b":1,"\U0001f600":1,"\ufb33":2}'.encode()
    assert canonical(one) == canonical(other) == expected


@pytest.mark.parametrize(
    "value, written",
    [
        (1.0, b"1"),
        (-0.0, b"0"),
        (1e21, b"1e+21"),
        (0.000001, b"0.000001"),
        (1e-7, b"1e-7"),
        (MAX_INT, b"9007199254740991"),
        ("\x00\u2028\u20ac", b'"\\u0000\xe2\x80\xa8\xe2\x82\xac"'),
    ],
)
def test_numbers_and_text_are_written_as_ecmascript_writes_them(value: JSON, written: bytes) -> None:
    """Numbers and text follow RFC 8785 sections 3.2.2.2 and 3.2.2.3."""
    assert canonical(value) == written


@pytest.mark.parametrize(
    "value, path",
    [
        ({"lines": [{"price": float("nan")}]}, "$.lines[0].price"),
        ([float("-inf")], "$[0]"),
        ({"n": MAX_INT + 2}, "$.n"),
        ({"n": -MAX_INT - 2}, "$.n"),
        ({"n": 2**60}, "$.n"),
        ({"n": 10**5000}, "$.n"),
        ({"total": Decimal("1.10")}, "$.total"),
        ({"due": datetime(2026, 1, 1, tzinfo=UTC)}, "$.due"),
        ({"raw": b"x"}, "$.raw"),
        ({"tags": {"a"}}, "$.tags"),
        ({"a": {1: "x"}}, "$.a"),
        ({"note": "\ud800"}, "$.note"),
        ({"a": {"\ud800": 1}}, "$.a"),
        ({"\ud800": float("nan")}, "$"),
    ],
)
def test_what_json_cannot_keep_is_refused_by_its_place(value: JSON, path: str) -> None:
    """A value that JSON cannot hold exactly is refused, and the error says where it is and what to do."""
    with pytest.raises(UserError) as caught:
        canonical(value)
    assert caught.value.code == "input.not_canonical"
    assert caught.value.attributes["path"] == path
    assert caught.value.hint
    str(caught.value).encode()


@pytest.mark.parametrize("value", [2.0**53, -(2.0**60), 1e20, 123456789012345680000.0])
def test_large_floats_stay_canonical_when_they_come_back_as_integers(value: float) -> None:
    """A float that is written without a point is accepted again as the integer it reads back as."""
    once = canonical(value)
    assert isinstance(json.loads(once), int)
    assert canonical(json.loads(once)) == once


def test_mappings_and_sequences_of_any_class_are_taken() -> None:
    """What the JSON type allows is taken: read-only mappings and other sequences too."""
    assert canonical({"a": MappingProxyType({"b": range(3)})}) == b'{"a":{"b":[0,1,2]}}'


def test_hostile_nesting_is_refused() -> None:
    """A value that is nested without end gets an error instead of a crash."""
    deep: list[JSON] = []
    deep.append(deep)
    values: list[JSON] = [deep, [float("nan"), deep], {"a": deep, "b": 1}]
    for value in values:
        with pytest.raises(UserError) as caught:
            canonical(value)
        assert caught.value.code == "input.not_canonical"
