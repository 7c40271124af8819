"""A breaker opens on failures, lets one caller at a time try, and lets calls come back slowly; any interleaving."""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule

from bridgehead.errors import ERROR_CLASSES, Failed
from bridgehead.resilience.breaker import Policy, Ramp, Row, Window, answered, counted, leased, opened, verdict

POLICY = Policy()


class Workers(RuleBasedStateMachine):
    """Some workers, each with its own and perhaps outdated view, over one shared row and a clock that moves."""

    views = Bundle("views")

    def __init__(self) -> None:
        super().__init__()
        self.now_s = 1000.0
        self.row = Row()
        self.probes: dict[str, float] = {}
        self.names = 0

    @rule(seconds=st.floats(0, 40))
    def time_passes(self, seconds: float) -> None:
        self.now_s += seconds

    @rule(target=views)
    def look(self) -> Row:
        return self.row

    @rule(view=views, failures=st.integers(5, 20))
    def open_it(self, view: Row, failures: int) -> None:
        before = self.row
        self.row = opened(POLICY, failures, closings=view.closings)(before, self.now_s)
        if before.phase != "closed" or view.closings != before.closings:
            assert self.row == before, "failures from before the breaker closed, or a second word, change nothing"
        else:
            assert self.row.phase == "open"
            assert self.row.probe_s > self.now_s

    @rule(lease_s=st.floats(1, 30))
    def probe(self, lease_s: float) -> None:
        self.names += 1
        name, before = f"p{self.names}", self.row
        self.row = leased(name, lease_s)(before, self.now_s)
        if self.row.holder == name:
            assert before.phase != "closed"
            assert self.now_s >= before.probe_s
            others = [one for one, until_s in self.probes.items() if until_s > self.now_s and one == before.holder]
            assert not others, "two callers try at once"
            self.probes[name] = self.now_s + lease_s
        else:
            assert self.row == before

    @rule(up=st.sampled_from([True, False, None]), data=st.data())
    def answer(self, up: bool | None, data: st.DataObject) -> None:
        if not self.probes:
            return
        name, before = data.draw(st.sampled_from(sorted(self.probes))), self.row
        del self.probes[name]
        self.row = answered(POLICY, name, up=up)(before, self.now_s)
        if before.holder != name:
            assert self.row == before, "who lost its lease has no say"
        elif up is False:
            assert self.row.phase == "open"
            assert self.row.lost == before.lost + 1
            assert self.row.probe_s >= self.now_s + POLICY.open_s
        elif up:
            assert (self.row.phase == "closed") == (before.passed + 1 >= POLICY.probes)

    @invariant()
    def closed_only_by_probes(self) -> None:
        """A breaker that closed has a length of its outage, and one that is open a moment for the next probe."""
        if self.row.closings:
            assert self.row.phase != "closed" or self.row.down_s > 0
        if self.row.phase == "open":
            assert self.row.probe_s <= self.row.since_s + POLICY.open_most_s
            assert not self.row.holder


Workers.TestCase.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
TestWorkers = Workers.TestCase


def test_it_opens_by_the_share_of_failures() -> None:
    """Half of the last calls, or each of the last five, must have failed."""
    window = Window(POLICY)
    for _ in range(4):
        window.add(0.0, up=False)
        assert not window.failures(0.0)
    window.add(0.0, up=False)
    assert window.failures(0.0) == 5
    window.clear()
    for up in [True] * 15 + [False] * 4:
        window.add(0.0, up=up)
        assert not window.failures(0.0)
    window.add(0.0, up=False)
    assert window.failures(0.0) == 5
    window.clear()
    for at_s in range(100):
        window.add(float(at_s), up=at_s % 5 != 0)
        assert not window.failures(float(at_s)), "a fifth of the calls fails"


def test_what_is_long_past_says_nothing() -> None:
    """Failures older than the window do not open a breaker."""
    window = Window(POLICY)
    for _ in range(10):
        window.add(0.0, up=False)
    assert window.failures(POLICY.window_s + 1) == 0


def test_a_breaker_that_fails_again_while_calls_come_back_waits_longer() -> None:
    """A second dip is the same outage: the waits between probes go on where they were."""
    row = opened(POLICY, 5, closings=0)(Row(), 0.0)
    for at_s in (2.0, 5.0, 12.0):
        row = leased("a", 1.0)(row, at_s)
        row = answered(POLICY, "a", up=False)(row, at_s)
    for at_s in (40.0, 41.0, 42.0):
        row = answered(POLICY, "a", up=True)(leased("a", 1.0)(row, at_s), at_s)
    assert (row.phase, row.down_s, row.closings) == ("closed", 42.0, 1)
    again = opened(POLICY, 5, closings=1)(row, 44.0)
    assert (again.probe_s, again.down_since_s) == (44.0 + POLICY.wait_s(3), 0.0)
    late = opened(POLICY, 5, closings=1)(row, 400.0)
    assert (late.probe_s, late.down_since_s) == (400.0 + POLICY.open_s, 400.0)


def test_calls_come_back_slowly_and_in_the_end_freely() -> None:
    """P4: after an outage the rate of all calls rises, holds below half as fast again, and then has no bound."""
    ramp, row = Ramp(), Row("closed", since_s=100.0, down_s=30.0, closings=1)
    rising = [ramp.factor(row, 100.0 + at_s / 10) or 0.0 for at_s in range(50)]
    assert rising[0] == pytest.approx(0.2)
    assert rising[-1] == pytest.approx(1.35, abs=0.03)
    assert ramp.factor(row, 109.9) == 1.35
    assert rising == sorted(rising)
    assert all(ramp.factor(row, 110.0 + at_s) == ramp.drain for at_s in range(110))
    later = [ramp.factor(row, 220.0 + at_s) for at_s in range(60)]
    bounded = [one for one in later if one is not None]
    assert bounded == sorted(bounded)
    assert bounded[-1] > 20 * ramp.drain
    assert later[-1] is None
    assert ramp.factor(Row(), 5.0) is None
    assert ramp.back * ramp.hold * row.down_s >= row.down_s, "what waited has its turn while it holds"
    assert 1.0 + ramp.back <= ramp.headroom < ramp.drain < 1.5, "what arrives and what waited together"


def test_how_often_it_was_called_is_one_sum_of_one_span() -> None:
    """P4: the workers' counts add up to what came, whoever took it when; what is counted late counts for its outage."""
    row = opened(POLICY, 5, closings=0)(Row(), 100.0)
    for before, before_s in ((90, 30.0), (30, 10.0)):
        row = counted(arrived=0, before=before, before_s=before_s, closings=0)(row, 101.0)
    assert row.per_s(101.0) == 4.0
    for arrived in (50, 10):
        row = counted(arrived=arrived)(row, 110.0)
    assert row.per_s(110.0) == 6.0
    assert row.per_s(101.0) == 4.0, "the first moments of an outage say nothing"
    for at_s in (121.0, 122.0, 123.0):
        row = answered(POLICY, "a", up=True)(leased("a", 1.0)(row, at_s), at_s)
    assert (row.phase, row.before, row.arrived) == ("closed", 120, 60)
    assert counted(arrived=1, before=500, before_s=1.0, closings=0)(row, 124.0).before == 120
    again = opened(POLICY, 5, closings=1, steady=False)(row, 125.0)
    assert (again.before, again.before_s, again.arrived) == (120, 30.0, 60), "the same outage"
    later = opened(POLICY, 5, closings=1)(row, 900.0)
    assert (later.before, later.before_s, later.arrived) == (0, 0.0, 0)


@pytest.mark.parametrize("error_class", ERROR_CLASSES)
def test_only_a_dependency_that_is_down_counts(error_class: str) -> None:
    """An answer that is a refusal is an answer; a limit says nothing; what cannot be reached is down."""
    found = verdict(Failed("x", error_class=error_class))  # type: ignore[arg-type]  # one of the closed list
    down = {"dependency_down", "timeout", "transient"}
    silent = {"throttled", "deadline", "budget_exhausted", "policy_denied"}
    assert found is (False if error_class in down else None if error_class in silent else True)


def test_our_own_limits_that_cannot_be_asked_are_not_theirs() -> None:
    """A database of ours that is away opens no breaker of theirs."""
    assert verdict(Failed("x", error_class="dependency_down", ours=True)) is None
    assert verdict(None) is True
