"""The books of many cases in one: what was spent, what it came to per completed case, and how long cases took."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

_CENT_OF_CENT: Final = Decimal("0.0001")


@dataclass(frozen=True, slots=True)
class Entry:
    """One case: whether its agent completed it, what it spent by currency (decimal texts), and how long it took.

    ``unknown`` counts entries of its books without a price, ``model_calls`` those of models and ``model_priced`` the
    ones among these with a price; ``took_s`` is None while it is open.
    """

    completed: bool
    amounts: Sequence[tuple[str, str]]
    unknown: int
    minutes: float
    took_s: float | None
    model_calls: int = 0
    model_priced: int = 0


@dataclass(frozen=True, slots=True)
class Books:
    """The sum over cases. Amounts leave out what is unknown; ``unknown`` says how many entries that is.

    ``per_completed`` is the spend of *all* cases over the completed ones: failures are paid for
    too. ``price_coverage`` is the share of model calls with a known price, None where no model was called.
    ``p50_s`` and ``p99_s`` are nearest-rank percentiles of the time from receipt to close.
    """

    cases: int
    completed: int
    amounts: Mapping[str, Decimal]
    per_completed: Mapping[str, Decimal]
    unknown: int
    minutes: float
    p50_s: float | None
    p99_s: float | None
    model_calls: int = 0
    model_priced: int = 0
    price_coverage: float | None = None


def summarise(entries: Sequence[Entry]) -> Books:
    """Returns the sum over cases."""
    amounts: dict[str, Decimal] = {}
    for entry in entries:
        for currency, amount in entry.amounts:
            amounts[currency] = amounts.get(currency, Decimal(0)) + Decimal(amount)
    completed = sum(entry.completed for entry in entries)
    calls, priced = sum(entry.model_calls for entry in entries), sum(entry.model_priced for entry in entries)
    times = sorted(entry.took_s for entry in entries if entry.took_s is not None)
    return Books(
        cases=len(entries),
        completed=completed,
        amounts=amounts,
        per_completed={
            currency: (amount / completed).quantize(_CENT_OF_CENT, ROUND_HALF_UP)
            for currency, amount in amounts.items()
            if completed
        },
        unknown=sum(entry.unknown for entry in entries),
        minutes=round(sum(entry.minutes for entry in entries), 2),
        p50_s=percentile(times, 0.50),
        p99_s=percentile(times, 0.99),
        model_calls=calls,
        model_priced=priced,
        price_coverage=coverage(priced, calls),
    )


def coverage(priced: int, calls: int) -> float | None:
    """Returns the share of model calls whose price is known; None where no model was called."""
    return priced / calls if calls else None


def percentile(ordered: Sequence[float], share: float) -> float | None:
    """Returns the nearest-rank percentile of ordered values: the smallest that ``share`` of them do not exceed."""
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else None
