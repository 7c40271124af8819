"""What is made again is jittered, heeds the system's word, and is bounded by what was called the first time."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridgehead import clock
from bridgehead.errors import Failed
from bridgehead.resilience.retry import RetryBudget, full_jitter_s, may_repeat, retry_after_s, spending


@given(st.integers(0, 200), st.floats(0.001, 10), st.floats(0.001, 100), st.none() | st.floats(0, 50))
def test_jitter_is_full_and_bounded(attempt: int, base_s: float, cap_s: float, asked_s: float | None) -> None:
    """A pause lies between what the system asked for and that plus the doubling bound, which never passes its cap."""
    pause_s = full_jitter_s(attempt, base_s, cap_s, asked_s)
    least_s = asked_s or 0.0
    assert least_s <= pause_s <= least_s + min(cap_s, base_s * 2.0 ** min(attempt, 60))


def test_callers_that_failed_together_come_apart() -> None:
    """Pauses of one bound spread over all of it."""
    pauses = [full_jitter_s(3, 1.0, 60.0) for _ in range(400)]
    assert min(pauses) < 0.8
    assert max(pauses) > 7.2


@pytest.mark.parametrize("said, seconds", [(2, 2.0), (0.5, 0.5), ("soon", None), (True, None), (None, None)])
def test_only_a_number_is_a_time(said: object, seconds: float | None) -> None:
    """What a failure says of when to come again counts if it is a number."""
    assert retry_after_s(Failed("x", error_class="throttled", retry_after=said)) == seconds  # type: ignore[arg-type]  # anything


@given(st.lists(st.lists(st.booleans(), max_size=200), min_size=1, max_size=8))
def test_any_number_of_workers_keep_the_share(workers: list[list[bool]]) -> None:
    """Over all workers repeats are at most a tenth of first attempts, and each worker's burst once."""
    first = repeats = 0
    for calls in workers:
        budget = RetryBudget(trickle_s=0.0)
        for failed in calls:
            budget.first()
            if failed:
                while budget.repeat():
                    pass
        first += budget.first_attempts
        repeats += budget.repeats
    assert repeats <= 0.1 * first + 10 * len(workers) + 1e-6


def test_a_budget_that_is_used_up_grows_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """The last case of a quiet worker goes on after a while, without any first attempt."""
    now = [0.0]
    monkeypatch.setattr(clock, "boot_s", lambda: now[0])
    budget = RetryBudget(burst=1.0, trickle_s=10.0)
    assert budget.repeat()
    assert not budget.repeat()
    now[0] += 9.0
    assert not budget.repeat()
    now[0] += 1.5
    assert budget.repeat()
    now[0] += 1000.0
    assert budget.repeat()
    assert not budget.repeat()


def test_a_repeat_that_was_needed_is_given_back() -> None:
    """A call that succeeds after a wait is the one its case needed; it costs nothing in the end."""
    budget = RetryBudget(burst=1.0, trickle_s=0.0)
    for _ in range(50):
        assert budget.repeat()
        budget.give_back()
    assert budget.repeat()
    assert not budget.repeat()


def test_a_wire_spends_from_the_budget_of_its_call() -> None:
    """What a wire sends again inside of a call is out of the call's budget; outside of one it is free."""
    assert may_repeat()
    budget = RetryBudget(burst=1.0, trickle_s=0.0)
    with spending(budget):
        assert may_repeat()
        assert not may_repeat()
    assert may_repeat()
