from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridgehead.errors import UserError
from bridgehead.ids import ReviewId
from bridgehead.reviews.model import VERBS, Review, check_answer, check_verb
from bridgehead.reviews.stakes import Sum, stake_of, sums
from bridgehead.reviews.terms import is_member
from bridgehead.spec.tool import JSON

NOON = datetime(2026, 11, 26, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    "shown, found",
    [
        ({"args": {"total": "950.00", "currency": "EUR"}}, (Decimal("950.00"), "EUR")),
        ({"args": {"total": "950.00 EUR"}}, (Decimal("950.00"), "EUR")),
        ({"args": {"po": "1"}, "input": {"amount": 7}}, (Decimal(7), "")),
        ({"args": {"order": {"lines": [{"quantity": 2, "price": "1.50"}]}}}, (Decimal("3.00"), "")),
        ({"args": {"total": "much"}}, (None, "")),
        ({}, (None, "")),
    ],
)
def test_money_at_stake_is_what_the_call_says(shown: dict[str, JSON], found: tuple[Decimal | None, str]) -> None:
    """A queue is ordered by the money that a call names, else by what its case was given."""
    assert stake_of(shown) == found


def test_one_sum_is_at_stake_and_others_are_explained() -> None:
    """What is at stake says what it is; each other sum says by how much it differs and why, and equal ones are left."""
    order: JSON = {"stated_total": "100.00", "lines": [{"quantity": 3, "price": "33.337"}]}
    value: JSON = {"amount": "90.00", "currency": "GBP", "what": "at our prices", "why": "Line 1 is cheaper."}
    first, rounded, ours = sums({"input": order, "value": value})
    assert first == Sum(Decimal("100.00"), "GBP", "the total of what came in; no currency is named there")
    assert (rounded.amount, rounded.more, rounded.why) == (
        Decimal("100.01"), Decimal("0.01"), "a difference of rounding",
    )  # fmt: skip
    assert ours == Sum(Decimal("90.00"), "GBP", "at our prices", "Line 1 is cheaper.", Decimal("-10.00"))
    call: JSON = {"order": {"total": "95.00", "currency": "EUR"}}
    at_stake, came = sums({"args": call}, {"total": "90.00", "currency": "USD"})
    assert (at_stake.what, at_stake.more) == ("the total of the call", None)
    assert (came.amount, came.currency, came.more) == (Decimal("90.00"), "USD", None), "currencies are not converted"
    assert sums({"args": call}, {"total": 95, "currency": "EUR"}) == (at_stake,)
    assert sums({}, "text") == ()


@given(
    st.fixed_dictionaries(
        {},
        optional={
            name: st.recursive(
                st.none() | st.integers() | st.text(max_size=5) | st.sampled_from(["1.50", "7 EUR", "1e99"]),
                lambda inner: (
                    st.lists(inner, max_size=3)
                    | st.dictionaries(st.sampled_from(["total", "lines", "quantity", "price", "currency"]), inner)
                ),
                max_leaves=8,
            )
            for name in ("args", "input", "value")
        },
    )
)
def test_the_first_sum_is_what_is_at_stake(shown: dict[str, JSON]) -> None:
    """A page and a queue never name two different sums as what is at stake."""
    found, (amount, currency) = sums(shown), stake_of(shown)
    if amount is not None:
        assert (found[0].amount, found[0].currency) == (amount, currency)


def review(**more: object) -> Review:
    """Returns an open approval."""
    values: dict[str, object] = {
        "id": ReviewId(3), "kind": "approval", "role": "desk", "state": "open", "case_id": 1, "arrival_id": None,
        "effect_id": None, "args_digest": None, "shown": {}, "opened_at": NOON, **more,
    }  # fmt: skip
    return Review(**values)  # type: ignore[arg-type]  # the test's own values


def test_a_claim_that_is_over_counts_for_nothing() -> None:
    """A review stands as claimed until the claim's last moment, and open from then on."""
    one = review(claimed_by="kim", claim_until=NOON + timedelta(minutes=15))
    assert one.standing(NOON) == "claimed"
    assert one.claimant(NOON + timedelta(minutes=15)) is None
    assert one.standing(NOON + timedelta(minutes=15)) == "open"


def test_silence_is_neither_consent_nor_denial() -> None:
    """A review that nobody decided in time, or that nobody could be told of, is undecided and takes every decision."""
    late = review(due_at=NOON, timed_out_at=NOON)
    unheard = review(no_channel_at=NOON)
    for one, standing in ((late, "timed_out"), (unheard, "no_channel")):
        assert one.standing(NOON) == standing
        assert one.state == "open"
        assert one.decided_by is None
    assert late.overdue(NOON)
    assert not unheard.overdue(NOON)
    assert not review(due_at=NOON, state="approved").overdue(NOON)


def test_a_seeded_check_passes_for_an_approval_until_it_is_decided() -> None:
    """Nothing that a reviewer can see or do tells a seeded check from an approval."""
    assert review(kind="seeded").seen_as() == "approval"
    assert VERBS["seeded"] == VERBS["approval"]
    assert review(kind="seeded", state="rejected").seen_as() == "seeded"
    with pytest.raises(UserError, match="kind approval"):
        check_verb("seeded", "answer")


def test_sending_back_needs_guidance() -> None:
    """An agent is not sent on without a word."""
    for nothing in (None, "", "  ", {"a": 1}):
        with pytest.raises(UserError, match="guidance"):
            check_answer("approval", "back", nothing)
    check_answer("approval", "back", "Ask the customer for the right number.")


def test_members_are_named_or_in_a_group() -> None:
    """A role names people and groups, and nobody is in it by having a group's name."""
    assert is_member("kim", {"desk"}, ("group:desk",))
    assert is_member("kim", (), ("user:kim",))
    assert is_member("kim", (), ("kim",))
    assert not is_member("desk", (), ("group:desk",))
    assert not is_member("kim", {"sales"}, ("group:desk",))


def test_what_the_agent_reckons_is_at_stake_where_nothing_else_is_known() -> None:
    """A list shows the sum that the page shows: the first of its sums, also where that is what the agent reckons."""
    shown: dict[str, JSON] = {"input": {"lines": []}, "value": {"amount": "5820.77", "currency": "GBP"}}
    assert stake_of(shown) == (Decimal("5820.77"), "GBP")
    assert stake_of({"args": {"po": "1"}}, {"total": "3", "currency": "EUR"}) == (Decimal(3), "EUR")
    assert stake_of({"args": {"po": "1"}}) == (None, "")
