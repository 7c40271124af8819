"""Money: what is written can be read again, and nothing is read that cannot be counted with."""

from __future__ import annotations

from decimal import Decimal

import pytest

from bridgehead.errors import UserError
from bridgehead.money import Money


@pytest.mark.parametrize("amount", ["0.00000000", "0.00000015", "1E+3", "-0.50", "999999999999999999.999999999999"])
def test_an_amount_that_is_written_is_read_again(amount: str) -> None:
    """P3: an amount comes back equal from its text, however small it is."""
    money = Money(Decimal(amount), "EUR")
    assert Money.parse(str(money)) == money


@pytest.mark.parametrize("text", ["1e308 EUR", "NaN EUR", "9" * 19 + " EUR", "0." + "1" * 13 + " EUR", "1 EURO", "EUR"])
def test_what_is_no_amount_is_refused(text: str) -> None:
    """P3: an amount beyond what can be counted with is told where it is declared, and not at the first call."""
    with pytest.raises(UserError, match="no amount of money"):
        Money.parse(text)
