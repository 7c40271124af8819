from __future__ import annotations

import pytest

from bridgehead.gate.unattended import open_below


@pytest.mark.parametrize(
    "rule, negative",
    [
        ("amount <= 5000", ("amount",)),
        ("order.total < 5000 EUR", ("order.total",)),
        ("5000 >= amount", ("amount",)),
        ("not amount > 5000", ("amount",)),
        ("a <= 1 or b < 2 and b > 0", ("a",)),
        ("amount > 0 and amount <= 5000", ()),
        ("0 < amount and amount <= 5000", ()),
        ("amount == 5", ()),
        ("not (amount < 0 or amount > 10)", ()),
        ("amount != 0 and amount <= 10", ("amount",)),
        ('name == "x" and flag', ()),
    ],
)
def test_a_rule_that_lets_negatives_through_is_found(rule: str, negative: tuple[str, ...]) -> None:
    """P1: an argument that is bounded from above alone is named, however the rule is turned."""
    assert open_below(rule) == negative
