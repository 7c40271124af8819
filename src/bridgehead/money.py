"""Money: a Decimal amount with its currency, never a float, never a bare number."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from bridgehead.errors import UserError

# As many digits as arithmetic of 28 (decimal's default) takes for millions of tokens, in millionths of a cent.
_FORM = re.compile(r"^\s*(-?\d{1,18}(?:\.\d{1,12})?)\s*([A-Za-z]{3})\s*$")


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in one currency (ISO 4217 code). Arithmetic across currencies raises."""

    amount: Decimal
    currency: str

    @classmethod
    def parse(cls, text: str) -> Money:
        """Reads ``0.50 USD``, up to 18 digits before the point and 12 behind it; raises UserError for anything else."""
        found = _FORM.match(text)
        if found is None:
            raise UserError(
                f"{text!r} is no amount of money",
                code="input.money",
                hint="Write the number, a space and the currency: 0.50 USD",
            )
        try:
            return cls(Decimal(found[1]), found[2].upper())
        except InvalidOperation as error:  # pragma: no cover - the pattern admits only decimals
            raise UserError(f"{text!r} is no amount of money", code="input.money") from error

    def __add__(self, other: Money) -> Money:
        self._same(other)
        return Money(self.amount + other.amount, self.currency)

    def __sub__(self, other: Money) -> Money:
        self._same(other)
        return Money(self.amount - other.amount, self.currency)

    def __mul__(self, factor: Decimal | int) -> Money:
        return Money(self.amount * factor, self.currency)

    def __str__(self) -> str:
        return f"{self.amount:f} {self.currency}"  # without an exponent, which ``parse`` does not read

    def _same(self, other: Money) -> None:
        if self.currency != other.currency:
            raise UserError(
                f"cannot combine {self.currency} with {other.currency}",
                code="input.currency",
                hint="Give all prices and limits of a deployment in one currency.",
            )
