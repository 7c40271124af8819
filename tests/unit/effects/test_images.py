"""An image of a record: every field that differs is named, and nothing of what stands in it is kept."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from bridgehead.effects.images import differing, edited, image_of, recorded_with, without_image

ORDER = {"total": "12.50", "note": None, "lines": [{"item": "A-1", "quantity": 2}], "version": 1}


def test_each_field_that_differs_is_named() -> None:
    """A value that is another, one that came and one that went are told; equal records differ in nothing."""
    before = image_of(ORDER)
    assert edited(before, image_of(dict(reversed(ORDER.items())))) == ()
    assert edited(before, image_of({**ORDER, "note": "wait"})) == ("note",)
    assert edited(image_of({**ORDER, "note": "wait"}), before) == ("note",)
    changed = {**ORDER, "lines": [{"item": "A-1", "quantity": 3}], "total": "18.75"}
    assert edited(before, image_of(changed)) == ("lines", "total")


def test_a_field_that_is_null_is_not_there() -> None:
    """Whether a system sends null or leaves a field out is no change."""
    assert edited(image_of({"note": None}), image_of({})) == ()


def test_stamps_tell_nothing_after_a_write_of_ours() -> None:
    """A version counts, but for a record that was written and taken back in between."""
    stamps = frozenset({"version"})
    before, after = image_of(ORDER, stamps), image_of({**ORDER, "version": 3}, stamps)
    assert edited(before, after) == ("version",)
    assert edited(before, after, stamped=False) == ()
    assert edited(before, image_of({**ORDER, "version": 3, "note": "wait"}, stamps), stamped=False) == ("note",)


@pytest.mark.parametrize(
    "one, other, same",
    [
        (Decimal("1.0"), Decimal("1.00"), True),
        (Decimal("1.0"), Decimal("1.01"), False),
        (date(2026, 3, 1), date(2026, 3, 2), False),
        (datetime(2026, 3, 1, 9, tzinfo=UTC), datetime(2026, 3, 1, 10, tzinfo=timezone(timedelta(hours=1))), True),
        (b"abc", b"abd", False),
        (memoryview(b"abc"), b"abc", True),
        ("1", 1, False),
        (True, 1, False),
        ({"b": 1, "a": 2}, {"a": 2, "b": 1}, True),
        ([1, 2], [2, 1], False),
    ],
)
def test_what_drivers_give_is_told_apart(one: object, other: object, *, same: bool) -> None:
    """Values of a database's driver are compared by what they say."""
    assert (edited(image_of({"field": one}), image_of({"field": other})) == ()) is same


def test_nothing_of_a_record_stands_in_its_image() -> None:
    """An image holds digests alone, and people are shown an effect without it."""
    image = image_of({"note": "a secret of a customer"})
    assert "secret" not in str(image)
    assert without_image(recorded_with({"id": 1}, image, settled_by="read back")) == {
        "result": {"id": 1}, "settled_by": "read back",
    }  # fmt: skip
    assert recorded_with(None, None) == {"result": None}


def test_results_are_compared_by_their_fields() -> None:
    """Where two results differ is named; results that are no records have no names."""
    assert differing({"id": 1, "note": ""}, {"id": 1, "note": "x"}) == ("note",)
    assert differing("a", "b") == ()
