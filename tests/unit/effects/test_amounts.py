"""The money of a call: by its currency, without its sign, and None where nobody can tell."""

from __future__ import annotations

from decimal import Decimal

import pytest

from bridgehead.effects.amounts import amounts
from bridgehead.spec.tool import JSON


@pytest.mark.parametrize(
    "named, args, found",
    [
        ((), {"total": "12.50 EUR"}, {"EUR": "12.50"}),
        ((), {"order": {"total": {"amount": "7", "currency": "EUR"}, "fee": "1 USD"}}, {"EUR": "7", "USD": "1"}),
        (("order.total",), {"order": {"total": "4.5", "currency": "CHF"}}, {"CHF": "4.5"}),
        (("order.sum.total",), {"order": {"sum": {"total": 4.5}, "currency": "CHF"}}, {"CHF": "4.5"}),
        (("total",), {"total": "9 EUR", "lines": [{"price": "9 EUR"}], "deposit": "1 EUR"}, {"EUR": "9"}),
        (("quantity", "total"), {"quantity": 3, "total": "-9 EUR"}, {"EUR": "9"}),
        (("total",), {"total": "-12", "currency": "EUR"}, {"EUR": "12"}),
        ((), {"credit": "-12 EUR", "debit": "12 EUR"}, {"EUR": "24"}),
        (("amount",), {"amount": 4}, {"amount": "4"}),
        (("amount",), {"amount": 4, "currency": "euros"}, {"amount": "4"}),
        (("amount",), {"amount": "many"}, None),
        (("amount",), {"amount": "NaN", "currency": "EUR"}, None),
        (("urgent",), {"urgent": True}, None),
        ((), {"amount": 4}, None),
        (("order.total",), {"order": None}, None),
    ],
)
def test_money_counts_by_its_currency_without_its_sign(
    named: tuple[str, ...], args: dict[str, JSON], found: dict[str, str] | None
) -> None:
    """What the rule compares counts first, by the currency beside or around it; a bare number by its path."""
    wanted = None if found is None else {unit: Decimal(amount) for unit, amount in found.items()}
    assert amounts(named, args) == wanted
