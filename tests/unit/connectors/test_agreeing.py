"""What a system holds is what was meant: by value, by moment, by currency; a code is never a number."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from bridgehead.connectors.agreeing import agrees, difference, meant
from bridgehead.connectors.paths import MISSING
from bridgehead.money import Money

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
EURO = Money(Decimal("100.00"), "EUR")


@pytest.mark.parametrize(
    "wanted, found, same",
    [
        ("10", Decimal("10.00"), True),
        ("0012", "12", False),
        ("1e3", "1000", False),
        (" A ", "A", True),
        ("a", "A", False),
        (None, None, True),
        (None, "", False),
        ("", None, False),
        (None, Decimal(0), False),
        (True, "true", False),
        ("NaN", Decimal("NaN"), True),
        ("2026-11-01", date(2026, 11, 1), True),
        ("2026-11-01T14:00:00+02:00", NOON, True),
        ("2026-11-01T12:00:00", NOON, False),
        (NOON.astimezone(timezone(timedelta(hours=-5))), NOON, True),
        ([1, 1, 2], [1, 2, 2], False),
        ([1, 2], [2, 1], True),
        ([], None, False),
        ({"a": 1}, {"a": 1, "b": 2}, True),
        ({}, None, False),
        (EURO, Money(Decimal(100), "EUR"), True),
        (EURO, Money(Decimal(100), "USD"), False),
        (EURO, Decimal(100), True),
        ("100.00", Money(Decimal(100), "USD"), True),
    ],
)
def test_what_agrees(wanted: object, found: object, *, same: bool) -> None:
    """What only looks alike is another thing, and what is only spelt differently is the same."""
    assert agrees(wanted, found) is same


@pytest.mark.parametrize("template", ["{total}", "{ total }"])
def test_an_amount_is_meant_with_its_currency(template: str) -> None:
    """An order for as many dollars is not the order for so many euros that was meant."""
    assert agrees(meant(template, {"total": EURO}), Money(Decimal("100.0"), "EUR"))
    assert not agrees(meant(template, {"total": EURO}), Money(Decimal("100.0"), "USD"))
    assert meant({"total": "{total}"}, {"total": EURO}) == {"total": "100.00"}


@pytest.mark.parametrize(
    "wanted, found, place",
    [
        ([{"a": 1}], [{"a": "1"}], None),
        ([{"a": 1, "c": "IA"}], [{"a": 1}], ("lines.0.c", "IA", MISSING)),
        ([{"a": 1, "q": 2}, {"a": 3, "q": 4}], [{"a": 3, "q": 4}, {"a": 1, "q": 9}], ("lines.0.q", 2, 9)),
        ([{"a": 1, "q": 2}, {"a": 3, "q": 4}], [{"a": 3, "q": 5}, {"a": 1, "q": 2}], ("lines.1.q", 4, 5)),
        ([{"a": 1}], [{"a": 1}, {"a": 2}], ("lines", "1 entries", "2 entries")),
        ([1, 1, 2], [1, 2, 2], ("lines.1", 1, 2)),
        ([{"a": 1}], None, ("lines", [{"a": 1}], None)),
        ([{"in": {"x": 1}}], [{"in": {"x": 2}}], ("lines.0.in.x", 1, 2)),
    ],
)
def test_a_difference_is_told_by_its_place(wanted: object, found: object, place: object) -> None:
    """Of two lists the entry and the field inside that is not as meant are named, held against the entry most like."""
    assert difference(wanted, found, "lines") == place
