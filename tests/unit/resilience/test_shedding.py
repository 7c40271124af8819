"""Where there is not room for all, the least critical cases wait first."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bridgehead.resilience.shedding import shed

LOADS = st.floats(0, 100)


@given(LOADS, LOADS)
def test_the_less_critical_goes_first(dependency: float, worker: float) -> None:
    """Whoever is put off, every less critical case is put off too; a critical one never is."""
    critical, normal, sheddable = (
        shed(one, dependency=dependency, worker=worker) for one in ("critical", "normal", "sheddable")
    )
    assert not critical
    assert sheddable or not normal


@given(LOADS, LOADS, st.floats(0, 10))
def test_more_load_never_lets_more_in(dependency: float, worker: float, more: float) -> None:
    """Who is put off under a load is put off under a higher one."""
    for one in ("normal", "sheddable"):
        if shed(one, dependency=dependency, worker=worker):
            assert shed(one, dependency=dependency + more, worker=worker + more)


def test_nobody_is_put_off_where_there_is_room() -> None:
    """With a place free everybody goes on."""
    assert not any(shed(one, dependency=0.99, worker=0.8) for one in ("critical", "normal", "sheddable"))
