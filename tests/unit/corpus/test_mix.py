"""How often everything happens, measured over more than 3,000 orders."""

from __future__ import annotations

import pytest

from bridgehead.templates.purchase_orders.corpus.mix import Mix, measure_mix
from tests.unit.corpus.runs import ARRIVALS, SEEDS, made, orders, seconds_per_arrival, within
from tests.unit.corpus.runs import FORMATS as CHOSEN

# The shares of the design: formats of this cut in proportion, complications of the arrivals that are orders.
FORMATS = {"email": 22 / 38.5, "x12": 14 / 38.5, "csv": 2.5 / 38.5}
COMPLICATIONS = {
    "customer_part_number": 0.25,
    "unknown_part": 0.07,
    "price_beyond": 0.06,
    "price_within": 0.09,
    "unit_mismatch": 0.06,
    "below_minimum": 0.04,
    "date_impossible": 0.05,
    "credit_block": 0.03,
    "unknown_ship_to": 0.03,
    "totals_mismatch": 0.03,
    "exact_resend": 0.03,
    "changed_resend": 0.02,
    "change_or_cancel": 0.02,
    "two_orders": 0.02,
    "contradicting_text": 0.03,
    "hidden_instructions": 0.02,
    "broken_document": 0.02,
}
HARD_TO_A_PERSON, ALL_BY_RULE = 0.61, 0.76


def _mix(seed: int) -> Mix:
    return measure_mix((arrival.truth for arrival in made(seed)), CHOSEN)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", [*FORMATS, *COMPLICATIONS, "not_an_order"])
def test_every_share_is_the_designs(seed: int, name: str) -> None:
    """Each share of a run is within binomial bounds of the design's, and outside those of half as much again."""
    wanted = {**FORMATS, **COMPLICATIONS, "not_an_order": 0.06}[name]
    share = next(share for share in _mix(seed).shares if share.name == name)
    assert share.of == ARRIVALS if name in FORMATS or name == "not_an_order" else share.of < ARRIVALS
    assert within(share.count, share.of, wanted)
    if name != "csv":
        assert not within(share.count, share.of, min(wanted * 2, 0.99))


@pytest.mark.parametrize("seed", SEEDS)
def test_no_complication_is_wanted_that_the_design_does_not_name(seed: int) -> None:
    """The mix holds exactly the design's formats and complications."""
    assert {share.name for share in _mix(seed).shares} == {*FORMATS, *COMPLICATIONS, "not_an_order"}


@pytest.mark.parametrize("seed", SEEDS)
def test_the_ceiling_is_the_touchless_share_of_the_truth(seed: int) -> None:
    """The ceiling counts the orders that the truth lets through, and lies between the design's two marks."""
    truths = [order for _, order in orders(seed)]
    mix = _mix(seed)
    assert mix.orders == len(truths) >= 3000
    assert mix.ceiling == sum(order["touchless"] for order in truths) / len(truths)
    assert HARD_TO_A_PERSON < mix.ceiling < ALL_BY_RULE
    assert mix.touchless + sum(count for _, count in mix.causes) == mix.orders


@pytest.mark.parametrize("seed", SEEDS)
def test_complications_are_independent_of_the_format(seed: int) -> None:
    """A complication is as frequent in each format as in all."""
    for form, least in (("email", 1500), ("x12", 900)):
        part = measure_mix((arrival.truth for arrival in made(seed) if arrival.truth["format"] == form), CHOSEN)
        assert part.arrivals > least
        for share in part.shares:
            if share.name not in FORMATS:
                assert within(share.count, share.of, share.wanted), (form, share)


def test_three_thousand_arrivals_take_seconds() -> None:
    """A run of 3,000 arrivals takes less than 20 seconds of a processor's time."""
    assert seconds_per_arrival(4711) * 3000 < 20
