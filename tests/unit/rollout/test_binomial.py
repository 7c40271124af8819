"""Bounds of a share that was counted."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import betaincinv

from bridgehead.rollout.binomial import interval


@given(of=st.integers(1, 3000), share=st.floats(0, 1), confidence=st.sampled_from([0.8, 0.95, 0.99]))
def test_bounds_are_those_of_the_beta_distribution(of: int, share: float, confidence: float) -> None:
    """The bounds are the quantiles of the beta distribution that Clopper and Pearson's are known to be."""
    hits, tail = round(of * share), (1 - confidence) / 2
    low, high = interval(hits, of, confidence)
    assert low == pytest.approx(0.0 if hits == 0 else betaincinv(hits, of - hits + 1, tail), abs=1e-9)
    assert high == pytest.approx(1.0 if hits == of else betaincinv(hits + 1, of - hits, 1 - tail), abs=1e-9)


def test_nothing_counted_says_nothing() -> None:
    """Of nothing any share may be true."""
    assert interval(0, 0) == (0.0, 1.0)


@pytest.mark.parametrize("hits, of, confidence", [(2, 1, 0.95), (-1, 1, 0.95), (0, 1, 1.0), (0, 1, 0.0)])
def test_what_is_no_share_is_refused(hits: int, of: int, confidence: float) -> None:
    """More hits than cases, fewer than none, and a confidence that is none are errors of the caller."""
    with pytest.raises(ValueError, match="no share"):
        interval(hits, of, confidence)


@pytest.mark.parametrize("hits", [0, 1, 30_000, 48_000, 59_999, 60_000])
def test_many_cases_have_their_exact_bounds_too(hits: int) -> None:
    """Of tens of thousands of cases the bounds are those of the beta distribution, as of a few."""
    of = 60_000
    low, high = interval(hits, of)
    assert low == pytest.approx(betaincinv(hits, of - hits + 1, 0.025) if hits else 0.0, abs=1e-12)
    assert high == pytest.approx(betaincinv(hits + 1, of - hits, 0.975) if hits < of else 1.0, abs=1e-12)
