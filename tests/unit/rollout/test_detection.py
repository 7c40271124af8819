"""How good a check is: weighed by what people did not label, within bounds that hold, and unknown while it is."""

from __future__ import annotations

import random

import pytest

from bridgehead.rollout.detection import Detection, Verdict, by_answer, detection
from bridgehead.spec.tool import JSON


def made(chance: random.Random, *, cases: int, wrong: float, catches: float, alarms: float, seen: float) -> Detection:
    """Returns what a check of known rates comes to where people see all it finds, and a share of what passes."""
    verdicts = []
    for _ in range(cases):
        right = chance.random() >= wrong
        passed = chance.random() >= (alarms if right else catches)
        known = not passed or chance.random() < seen
        verdicts.append(Verdict(passed, right=right if known else None))
    return detection(verdicts)


def test_everything_labelled_is_a_plain_share() -> None:
    """P4: with a label for every verdict the rates are shares of counts, with their exact bounds."""
    found = Detection(found=10, passed=90, silent=0, found_wrong=8, found_right=2, passed_wrong=2, passed_right=88)
    assert found.catches is not None
    assert found.false_alarms is not None
    assert found.catches.value == pytest.approx(0.8)
    assert (found.catches.low, found.catches.high) == pytest.approx((0.4439, 0.9748), abs=1e-4)
    assert found.false_alarms.value == pytest.approx(2 / 90)


def test_what_nobody_labelled_is_weighed() -> None:
    """P4: one miss among ten labelled of 1,000 that passed stands for a hundred, not for one."""
    found = Detection(found=50, passed=1_000, silent=0, found_wrong=50, found_right=0, passed_wrong=1, passed_right=9)
    assert found.catches is not None
    assert found.catches.value == pytest.approx(50 / 150)
    assert found.catches.low < 0.15
    assert found.catches.high > 0.9


@pytest.mark.parametrize("seen", [1.0, 0.3])
def test_the_bounds_hold(seen: float) -> None:
    """P4: of 60 samples at most one in twenty, and chance, have the true rate outside of its bounds."""
    chance = random.Random(20261126)
    missed = {"catches": 0, "alarms": 0}
    for _ in range(60):
        found = made(chance, cases=250, wrong=0.1, catches=0.8, alarms=0.05, seen=seen)
        assert found.catches is not None
        assert found.false_alarms is not None
        missed["catches"] += not found.catches.low <= 0.8 <= found.catches.high
        missed["alarms"] += not found.false_alarms.low <= 0.05 <= found.false_alarms.high
    assert max(missed.values()) <= 6


def test_without_labels_nothing_is_said() -> None:
    """P4: a rate that nobody's word stands behind is unknown, and what it takes is named."""
    assert detection([]).missing == "it has said nothing yet"
    unlabelled = detection([Verdict(passed=True), Verdict(passed=False)])
    assert unlabelled.catches is unlabelled.false_alarms is None
    assert unlabelled.missing == "nothing is labelled of what it found wrong and of what it let pass"
    half = detection([Verdict(passed=True), Verdict(passed=False, right=False)])
    assert (half.catches, half.missing) == (None, "nothing is labelled of what it let pass")
    nothing_wrong = detection([Verdict(passed=True, right=True)])
    assert (nothing_wrong.catches, nothing_wrong.missing) == (None, "")


def test_what_could_not_be_said_counts_for_no_rate() -> None:
    """P4: a check that was down has neither caught nor missed anything."""
    found = detection([Verdict(passed=False, said=False), Verdict(passed=True, right=True)])
    assert (found.silent, found.found, found.passed) == (1, 0, 1)


@pytest.mark.parametrize(
    "proposed, answer, right",
    [
        ({"po": "1", "amount": 7}, {"po": "1", "amount": "7.0"}, True),
        ({"po": "1", "amount": 7}, {"po": "1", "amount": 9}, False),
        ({"po": "1", "amount": 7}, {"note": "called them"}, None),
        ({"po": "1"}, "done by hand", None),
        (7, 7, True),
        (7, 7.5, False),
        (7, "seven", None),
        (True, 1, None),
        (None, None, None),
        ([1, 2], [1, 3], False),
        ("a", "b", False),
    ],
)
def test_a_persons_outcome_tells_of_the_proposed_one(proposed: JSON, answer: JSON, right: bool | None) -> None:
    """P4: who settles a case with an outcome of the same form says whether the proposed one was right."""
    assert by_answer(proposed, answer) is right
