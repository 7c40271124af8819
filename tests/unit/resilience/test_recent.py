"""What happened of late is counted by the second, and what is older is forgotten."""

from __future__ import annotations

from bridgehead.resilience.recent import Recent


def test_a_rate_is_of_the_time_there_was() -> None:
    """Eight a second are eight a second after two seconds and after a minute, and none once they have stopped."""
    recent = Recent(10.0, 100.0)
    assert recent.per_s(100.0) == 0.0
    for number in range(480):
        recent.add(100.0 + number / 8)
        if number == 15:
            assert recent.per_s(102.0) == 8.0
    assert 7.2 <= recent.per_s(160.0) <= 8.0
    assert recent.per_s(171.0) == 0.0
    assert len(recent._counts) <= 12


def test_a_single_one_at_the_beginning_is_no_rush() -> None:
    """One thing in the first moment is one a second, not a thousand."""
    recent = Recent(10.0, 100.0)
    recent.add(100.001)
    assert recent.per_s(100.001) == 1.0
