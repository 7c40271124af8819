from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridgehead.rollout.agreement import Agreement, Comparison, Proposal, Rules, flatten, plain
from bridgehead.spec.tool import JSON

PO = Rules(match=(("po", "po"),))


def compare(
    output: JSON, *bookings: JSON, rules: Rules = PO, outcome: str = "completed", given: JSON = None
) -> Agreement:
    """Compares one case with bookings."""
    comparison = Comparison(bookings, rules)
    comparison.add(Proposal("C-1", outcome, given, output))
    return comparison.result


def test_equal_fields_agree() -> None:
    """A case whose fields are those of its booking agrees, however numbers and flags are written."""
    ours: JSON = {"po": "P-1", "total": "45.0000", "urgent": True, "lines": [{"item": "A", "quantity": 2}]}
    theirs: JSON = {"po": "P-1", "total": 45, "urgent": "true", "lines": [{"item": "A", "quantity": "2.0"}], "extra": 1}
    found = compare(ours, theirs)
    assert found.fates == {"C-1": "agrees"}
    assert found.fields["lines[].quantity"].agree == 1
    assert "extra" not in found.fields


@pytest.mark.parametrize(
    "ours, theirs",
    [("007", "7"), ("1e3", "1000"), (1, True), (None, "x"), ("", None), ("A", "a"), ("٣", "3")],
)
def test_what_only_looks_alike_differs(ours: JSON, theirs: JSON) -> None:
    """Leading zeros, flags, absent values, letters' case and other digits are differences."""
    found = compare({"po": 1, "field": ours}, {"po": "1", "field": theirs})
    assert [(one.field, one.agent, one.person) for one in found.differences] == [("field", ours, theirs)]


def test_a_list_of_another_length_differs() -> None:
    """A line too many is a difference even where every field of the others agrees."""
    found = compare({"po": "1", "lines": [{"i": 1}]}, {"po": "1", "lines": [{"i": 1}, {"i": 2}]})
    assert [one.field for one in found.differences] == ["lines[]"]


def test_missing_is_neither() -> None:
    """A field that a booking lacks is missing: it makes no case differ, and it is counted."""
    found = compare({"po": "1", "a": 1, "b": 2}, {"po": "1", "a": 1})
    assert found.fates == {"C-1": "agrees"}
    assert (found.fields["b"].missing, found.fields["b"].agree, found.fields["b"].differ) == (1, 0, 0)


def test_nothing_is_dropped() -> None:
    """Cases without a counterpart and bookings without a case are counted by what became of them."""
    bookings: list[JSON] = [{"po": "1", "a": 1}, {"po": "2", "a": 1}, {"a": 3}]
    comparison = Comparison(bookings, PO)
    fates = [
        comparison.add(Proposal("C-1", "completed", None, {"po": "1", "a": 1})),
        comparison.add(Proposal("C-2", "would_hand_over", {"po": "2"}, None)),
        comparison.add(Proposal("C-3", "not_comparable", None, None)),
        comparison.add(Proposal("C-4", "completed", None, {"po": "9", "a": 1})),
        comparison.add(Proposal("C-5", "completed", {"po": "2"}, {"reason": "a resend"})),
    ]
    assert fates == ["agrees", "handed_over", "not_comparable", "no_booking", "nothing_in_common"]
    assert (comparison.result.bookings, comparison.result.unused) == (3, 2)


def test_a_booking_is_used_once() -> None:
    """Two cases of one key are compared with two bookings, each with the one nearer to it."""
    comparison = Comparison([{"po": "1", "a": 1, "b": 1}, {"po": "1", "a": 2, "b": 2}], PO)
    assert comparison.add(Proposal("C-1", "completed", None, {"po": "1", "a": 2, "b": 2})) == "agrees"
    assert comparison.add(Proposal("C-2", "completed", None, {"po": "1", "a": 1, "b": 1})) == "agrees"
    assert comparison.add(Proposal("C-3", "completed", None, {"po": "1", "a": 1, "b": 1})) == "no_booking"


def test_paths_choose_what_counts() -> None:
    """A path takes what lies below it in or out; the key may be named differently on both sides."""
    ours: JSON = {"po": "1", "head": {"a": 1, "b": 1}, "lines": [{"c": 1}], "headless": 1}
    theirs: JSON = {"reference": "1", "head": {"a": 2, "b": 2}, "lines": [{"c": 2}], "headless": 2}
    match = (("po", "reference"),)
    ignored = compare(ours, theirs, rules=Rules(match, ignore=("head", "lines")))
    assert [one.field for one in ignored.differences] == ["headless"]
    only = compare(ours, theirs, rules=Rules(match, only=("head.a", "lines")))
    assert [one.field for one in only.differences] == ["head.a", "lines[0].c"]


def test_minutes_are_summed_over_what_is_compared() -> None:
    """People's minutes count for the bookings beside which a case was put."""
    comparison = Comparison([{"po": "1", "a": 1, "minutes": "2.5"}, {"po": "2", "a": 1, "minutes": 9}], PO)
    comparison.add(Proposal("C-1", "completed", None, {"po": "1", "a": 1}))
    assert str(comparison.result.minutes) == "2.5"


SCALARS = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=5)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(["a", "b", "c"]), VALUES, min_size=1, max_size=3))
def test_every_value_agrees_with_itself(output: dict[str, JSON]) -> None:
    """Whatever an outcome holds, a booking that says the same agrees, and no field counts as different."""
    both: dict[str, JSON] = {"po": "P-1", "sure": 1, **output}
    found = compare(both, both)
    assert found.fates == {"C-1": "agrees"}
    assert sum(one.agree for one in found.fields.values()) == len(flatten(both))
    assert not found.differences


@given(SCALARS, SCALARS)
def test_a_difference_is_seen_from_both_sides(left: str | int | None, right: str | int | None) -> None:
    """Comparing is symmetric."""
    ours = compare({"po": 1, "f": left}, {"po": 1, "f": right}).fates
    theirs = compare({"po": 1, "f": right}, {"po": 1, "f": left}).fates
    assert ours == theirs == {"C-1": "agrees" if plain(left) == plain(right) else "differs"}
