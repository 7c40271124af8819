"""The time that is left shrinks down the chain of calls and never grows."""

from __future__ import annotations

import asyncio

import pytest

from bridgehead import clock
from bridgehead.errors import Failed
from bridgehead.resilience import deadline
from bridgehead.spec.deployment import PERSON, CaseSpec, Degrade


@pytest.fixture
def moment(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Gives a clock that the test moves."""
    now = [1000.0]
    monkeypatch.setattr(clock, "boot_s", lambda: now[0])
    return now


def test_without_a_deadline_nothing_is_bounded() -> None:
    """Where nobody set a deadline a call has its own timeout."""
    assert deadline.remaining_s() is None
    assert deadline.bounded(20.0) == 20.0
    deadline.check("a call", needs_s=1e9)


def test_a_link_shortens_and_never_widens(moment: list[float]) -> None:
    """An inner link may have less time than the outer one, never more."""
    with deadline.within(10.0):
        moment[0] += 4.0
        with deadline.within(60.0):
            assert deadline.remaining_s() == 6.0
            assert deadline.bounded(20.0) == 6.0
        with deadline.within(2.0):
            assert deadline.bounded(20.0) == 2.0
        assert deadline.bounded(1.0) == 1.0
    assert deadline.remaining_s() is None


def test_a_call_that_cannot_finish_is_not_started(moment: list[float]) -> None:
    """With too little left a call ends in `deadline`, and nothing was sent."""
    with deadline.within(1.0):
        deadline.check("a call", needs_s=1.0)
        moment[0] += 5.0
        assert deadline.remaining_s() == 0.0
        with pytest.raises(Failed) as caught:
            deadline.check("a call")
    assert (caught.value.error_class, caught.value.applied) == ("deadline", False)


async def test_a_task_inherits_the_deadline(moment: list[float]) -> None:
    """A task has the deadline of whoever started it."""

    async def left() -> float | None:
        return deadline.remaining_s()

    with deadline.within(3.0):
        task = asyncio.create_task(left())
    assert await task == 3.0


@pytest.mark.parametrize(
    "deadline_s, declared_s, reserve_s", [(1800.0, None, 2.0), (10.0, None, 1.0), (10.0, 4.0, 4.0)]
)
def test_the_reserve_leaves_time_to_work(deadline_s: float, declared_s: float | None, reserve_s: float) -> None:
    """What is declared is kept back for the hand-over, else two seconds and never more than a tenth of the time."""
    degrade = () if declared_s is None else (Degrade(PERSON, declared_s),)
    assert deadline.reserve_s(CaseSpec(("po",), deadline_s, degrade=degrade)) == reserve_s
