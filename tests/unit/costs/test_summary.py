from __future__ import annotations

from decimal import Decimal

import pytest

from bridgehead.costs.summary import Entry, percentile, summarise


def test_failures_are_paid_by_what_was_completed() -> None:
    """The cost of a completed case is the spend of all cases over the completed ones, by currency."""
    books = summarise(
        [
            Entry(completed=True, amounts=[("EUR", "0.10"), ("USD", "1")], unknown=0, minutes=2, took_s=1.0),
            Entry(completed=True, amounts=[("EUR", "0.10")], unknown=2, minutes=0.5, took_s=3.0),
            Entry(completed=False, amounts=[("EUR", "0.30")], unknown=0, minutes=0, took_s=None),
        ]
    )
    assert books.per_completed == {"EUR": Decimal("0.2500"), "USD": Decimal("0.5000")}
    assert (books.unknown, books.minutes, books.p50_s, books.p99_s) == (2, 2.5, 1.0, 3.0)


def test_the_share_of_priced_calls_is_of_calls_and_not_of_cases() -> None:
    """Coverage of prices is over all calls of models; without any it is unknown and not everything."""
    assert summarise([]).price_coverage is None
    some = [
        Entry(completed=True, amounts=[], unknown=1, minutes=0, took_s=1.0, model_calls=9, model_priced=8),
        Entry(completed=True, amounts=[], unknown=1, minutes=0, took_s=1.0, model_calls=1, model_priced=0),
    ]
    assert summarise(some).price_coverage == 0.8


def test_nothing_completed_has_no_price() -> None:
    """Where no case was completed, nothing is divided by zero."""
    assert summarise([]).per_completed == {}
    assert (
        summarise([Entry(completed=False, amounts=[("EUR", "1")], unknown=0, minutes=0, took_s=1)]).per_completed == {}
    )


@pytest.mark.parametrize("share, wanted", [(0.5, 50), (0.99, 99), (1.0, 100), (0.001, 1)])
def test_percentiles_are_values_that_occurred(share: float, wanted: int) -> None:
    """A percentile is the smallest value that the share does not exceed (nearest rank)."""
    assert percentile(list(map(float, range(1, 101))), share) == wanted
