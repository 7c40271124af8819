"""What a system sees when it is back, of one worker and of several, however its cases are spread over them."""

from __future__ import annotations

import random

import pytest

from bridgehead import clock
from bridgehead.resilience import dependency
from bridgehead.resilience.breaker import Ramp
from bridgehead.resilience.pace import RATE_S
from tests.support.moved_loop import MovedLoop, run_moved
from tests.support.recovering import Recovery, Shares

BIN_S = 4.0
SHARES: dict[str, Shares] = {
    "one": ((1.0,), (1.0,), (1.0,)),
    "two": ((1.0, 1.0), (1.0, 1.0), (1.0, 1.0)),
    "four": ((1.0,) * 4, (1.0,) * 4, (1.0,) * 4),
    "changed about": ((1.0, 3.0), (3.0, 1.0), (1.0, 1.0)),
    "there and back": ((1.0, 3.0), (3.0, 1.0), (1.0, 3.0)),
    "one of four at a time": ((4.0, 1.0, 1.0, 1.0), (1.0, 4.0, 1.0, 1.0), (1.0, 1.0, 4.0, 1.0)),
    "one is gone": ((1.0, 1.0), (1.0, 1.0), (1.0, 0.0)),
    "one is new": ((1.0, 0.0), (1.0, 0.0), (1.0, 1.0)),
}


@pytest.fixture
def loop(monkeypatch: pytest.MonkeyPatch) -> MovedLoop:
    """A loop on whose time everything runs, and chance that is the same each time."""
    moved = MovedLoop()
    monkeypatch.setattr(clock, "boot_s", moved.time)
    monkeypatch.setattr(dependency, "jitter", random.Random(7).random)
    return moved


@pytest.mark.parametrize("name", SHARES)
@pytest.mark.parametrize("seed", [0, 1])
def test_no_rush_however_the_work_is_spread(loop: MovedLoop, name: str, seed: int) -> None:
    """P4: no four seconds after an outage hold more calls than the rate of turns and one; nobody is left waiting."""
    found = Recovery(loop.time, SHARES[name])
    run_moved(loop, found.run(seed))
    assert found.most(BIN_S) <= 1 + BIN_S * Ramp().drain * found.per_s * (1 + 1 / RATE_S)
    assert found.most(BIN_S) <= 1.5 * BIN_S * found.per_s
    assert found.fewest(BIN_S) >= 0.95 * BIN_S * found.per_s
    assert len(found.waited) == found.cases
    assert len(found.sent) - found.cases <= 0.01 * found.cases
    assert max(found.waited) <= found.down_s * (1 + Ramp().hold) + 2 * Ramp().ramp_s + 5 * Ramp().ramp_s


def test_work_that_grows_after_an_outage_is_done(loop: MovedLoop) -> None:
    """P3: where twice as many cases come as before, none waits that comes half a minute after the outage or later."""
    found = Recovery(loop.time, SHARES["two"], grown=2.0, down_s=120.0)
    run_moved(loop, found.run(0))
    assert len(found.waited) == found.cases
    assert found.most(BIN_S) <= 1.5 * BIN_S * found.per_s * found.grown
    late = [took_s for came_s, took_s in found.ended if came_s >= found.up_s + RATE_S]
    assert max(late) <= 2.0


@pytest.mark.parametrize("down_s", [3.0, 120.0])
def test_no_rush_after_a_short_outage_nor_a_long_one(loop: MovedLoop, down_s: float) -> None:
    """P4: the bound holds whatever an outage's length."""
    found = Recovery(loop.time, SHARES["changed about"], down_s=down_s, after_s=4 * down_s)
    run_moved(loop, found.run(0))
    assert len(found.waited) == found.cases
    assert found.most(BIN_S) <= 1.5 * BIN_S * found.per_s


def test_a_second_outage_in_the_first_ones_wake_starts_from_the_same_rate(loop: MovedLoop) -> None:
    """P4: calls that come back faster than cases come are not taken for the rate from before."""
    found = Recovery(loop.time, SHARES["two"], again_after_s=40.0, after_s=160.0)
    run_moved(loop, found.run(0))
    assert found.before_per_s() == pytest.approx(found.per_s, rel=0.05)
    assert len(found.waited) == found.cases
    assert found.most(BIN_S) <= 1.5 * BIN_S * found.per_s


def test_a_database_that_goes_away_meanwhile_keeps_no_case(loop: MovedLoop) -> None:
    """P3, P4: where turns cannot be drawn each worker goes on at its own part of the rate."""
    found = Recovery(loop.time, SHARES["two"], database_away_s=60.0)
    run_moved(loop, found.run(0))
    assert len(found.waited) == found.cases
    assert found.most(BIN_S) <= 2 * BIN_S * found.per_s


def test_a_worker_that_stands_still_does_not_catch_up(loop: MovedLoop) -> None:
    """P4: turns that came while a worker did not run have lapsed."""
    found = Recovery(loop.time, SHARES["two"], stall_s=2.0)
    run_moved(loop, found.run(0))
    assert len(found.waited) == found.cases
    assert found.most(BIN_S) <= 1.5 * BIN_S * found.per_s
