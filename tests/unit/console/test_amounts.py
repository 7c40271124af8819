"""Amounts on a page are read at a glance, and none loses a decimal."""

from __future__ import annotations

import pytest

from bridgehead.console.rendering import money


@pytest.mark.parametrize(
    "amount, shown",
    [
        ("1763.36", "1\u202f763.36"),
        ("877.3", "877.30"),
        ("1E+5", "100\u202f000.00"),
        ("0.00012", "0.00012"),
        ("-12.50", "-12.50"),
        ("0", "0.00"),
    ],
)
def test_an_amount_keeps_its_decimals(amount: str, shown: str) -> None:
    """Thousands are parted, at least two decimals are shown, and more where there are more."""
    assert money(amount) == shown
