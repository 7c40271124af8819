from __future__ import annotations

from bisect import bisect_left
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridgehead.resilience.rate import Rate, draw, give_back, push, starts

# Powers of two and eighths of a second: the arithmetic is exact, and so are the comparisons.
RATES = st.builds(Rate, st.sampled_from([0.5, 1.0, 2.0, 4.0, 8.0]), st.integers(1, 6))
EIGHTHS = st.integers(0, 40).map(lambda eighths: eighths / 8)
DRAWS = st.lists(st.tuples(EIGHTHS, st.integers(1, 8)), min_size=1, max_size=12)


def bucket(rate: Rate, level_s: float, last_s: float, at_s: float) -> tuple[bool, float]:
    """The algorithm in its other form, the continuous-state leaky bucket of I.371: conforming, and the new level."""
    left_s = max(0.0, level_s - (at_s - last_s))
    return (True, left_s + rate.spacing_s) if left_s <= rate.slack_s else (False, level_s)


def drawn(rate: Rate, draws: list[tuple[float, int]]) -> list[float]:
    """Returns when the requests of several draws are sent, each draw so much after the one before."""
    tat_s, now_s, sent = 0.0, 0.0, []
    for after_s, count in draws:
        now_s += after_s
        tat_s, turns = draw(rate, tat_s, now_s, count)
        sent += turns
    return sorted(sent)


@given(RATES, DRAWS)
def test_every_turn_conforms_to_the_leaky_bucket(rate: Rate, draws: list[tuple[float, int]]) -> None:
    """Requests sent at the turns of any draws all conform to the other form of the algorithm."""
    level_s = last_s = 0.0
    for at_s in drawn(rate, draws):
        fits, level_s = bucket(rate, level_s, last_s, at_s)
        assert fits
        last_s = at_s


@given(RATES, DRAWS)
def test_no_turn_could_have_come_sooner(rate: Rate, draws: list[tuple[float, int]]) -> None:
    """A turn is at the draw itself, or an eighth of a spacing before it the leaky bucket would not have conformed."""
    level_s = last_s = tat_s = now_s = 0.0
    for after_s, count in draws:
        now_s += after_s
        tat_s, turns = draw(rate, tat_s, now_s, count)
        for at_s in turns:
            sooner_s = at_s - rate.spacing_s / 8
            assert at_s == now_s or not bucket(rate, level_s, last_s, max(last_s, sooner_s))[0] or sooner_s < last_s
            _, level_s = bucket(rate, level_s, last_s, at_s)
            last_s = at_s


@given(RATES, DRAWS, st.integers(1, 80).map(lambda eighths: eighths / 8))
def test_no_window_holds_more_than_rate_and_burst(rate: Rate, draws: list[tuple[float, int]], window_s: float) -> None:
    """In any window, wherever it begins, there are at most the burst and what the rate gives in that time."""
    sent = drawn(rate, draws)
    for first, at_s in enumerate(sent):
        assert bisect_left(sent, at_s + window_s) - first <= rate.burst + window_s * rate.per_s


@given(RATES, EIGHTHS, EIGHTHS, st.integers(1, 9), st.integers(1, 9))
def test_one_draw_of_several_is_several_draws(rate: Rate, tat_s: float, now_s: float, one: int, other: int) -> None:
    """Turns drawn together are those that would have been drawn one after the other."""
    between, first = draw(rate, tat_s, now_s, one)
    after, second = draw(rate, between, now_s, other)
    assert draw(rate, tat_s, now_s, one + other) == (after, first + second)


@given(RATES, EIGHTHS, EIGHTHS, st.integers(1, 9), st.integers(0, 9))
def test_what_is_given_back_was_never_drawn(rate: Rate, tat_s: float, now_s: float, used: int, unused: int) -> None:
    """Unused turns given back leave the state as if only the used ones had been drawn."""
    end_s, _ = draw(rate, tat_s, now_s, used + unused)
    assert give_back(rate, end_s, end_s, unused) == draw(rate, tat_s, now_s, used)[0]


@given(RATES, EIGHTHS, st.integers(1, 9))
def test_turns_with_others_behind_them_are_not_given_back(rate: Rate, now_s: float, count: int) -> None:
    """Once another has drawn, giving back changes nothing: two would be sent at one time."""
    end_s, _ = draw(rate, 0.0, now_s, count)
    further_s, _ = draw(rate, end_s, now_s, 1)
    assert give_back(rate, further_s, end_s, count) == further_s


@given(RATES, EIGHTHS, EIGHTHS, EIGHTHS, st.integers(1, 9))
def test_after_a_pause_requests_come_evenly(rate: Rate, tat_s: float, now_s: float, pause_s: float, count: int) -> None:
    """No turn lies in a pause, the first is at its end or when it was due anyway, and no burst follows."""
    pushed_s = push(rate, tat_s, now_s, pause_s)
    _, turns = draw(rate, pushed_s, now_s, count)
    assert turns[0] == max(now_s + pause_s, tat_s - rate.slack_s)
    assert all(after - before == rate.spacing_s for before, after in pairwise(turns))
    assert push(None, tat_s, now_s, pause_s) == max(tat_s, now_s + pause_s)


def test_a_burst_comes_at_once_and_then_the_rate() -> None:
    """After a rest, four a second in bursts of three: three at once, the others a quarter of a second apart."""
    assert draw(Rate(4.0, 3), 0.0, 10.0, 6) == (11.5, [10.0, 10.0, 10.0, 10.25, 10.5, 10.75])
    assert starts(Rate(4.0), 10.0, 10.0, 3) == [10.0, 10.25, 10.5]


@pytest.mark.parametrize("per_s, burst", [(0.0, 1), (-1.0, 1), (float("inf"), 1), (float("nan"), 1), (1.0, 0)])
def test_a_rate_that_is_none_is_refused(per_s: float, burst: int) -> None:
    """A rate of nothing, of everything or without a burst of one is an error where it is made."""
    with pytest.raises(ValueError, match="no rate"):
        Rate(per_s, burst)
