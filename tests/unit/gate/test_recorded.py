"""What a decision rested on comes back from the record as it was, and takes little room there."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final, cast, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridgehead.gate.decide import Gate
from bridgehead.gate.facts import Source, Trace
from bridgehead.gate.model import View
from bridgehead.gate.recorded import packed, unpacked
from bridgehead.ledger.vault import to_bytes
from bridgehead.money import Money
from bridgehead.spec.deployment import Level, Otherwise, ToolRule
from bridgehead.spec.tool import JSON
from tests.unit.gate.deployments import ALONE, approval, call, deployment, order, tool

RELEASE: Final = "ab" * 32
names = st.text(max_size=8)
finite = st.floats(allow_nan=False, allow_infinity=False)
moneys = st.builds(Money, st.decimals(-1000, 1000, places=2), st.sampled_from(["EUR", "USD"]))
sources = st.builds(Source, age_s=finite)
traces = st.builds(Trace, age_s=finite, sources=st.lists(sources, max_size=2).map(tuple))
st.register_type_strategy(Money, moneys)
st.register_type_strategy(Decimal, st.decimals(-1000, 1000, places=2))
views = st.builds(
    View,
    level=st.sampled_from(get_args(Level)),
    approval=st.none() | st.builds(approval, st.binary(max_size=32), passed=st.booleans(), used=st.booleans()),
    steps_so_far=st.integers(0, 40),
    repeats=st.integers(0, 3),
    cost_so_far=st.none() | moneys,
    suspended_tools=st.frozensets(names, max_size=3),
    grant=...,
    facts=st.dictionaries(names, traces, max_size=3),
    read=...,
    history=...,
)


def placed(view: View) -> View:
    return replace(view, deployment="orders", release=RELEASE)


class _Slowly(Trace):
    """A trace that is packed as any dataclass is."""

    __slots__ = ()


class _SlowSource(Source):
    __slots__ = ()


@given(traces)
def test_a_trace_is_packed_as_any_other_dataclass(trace: Trace) -> None:
    """The quick way of writing a trace, and its sources, down leaves out and adds nothing."""
    sources = tuple(_SlowSource(**{name: getattr(one, name) for name in Source.__slots__}) for one in trace.sources)
    slowly = _Slowly(**{name: getattr(trace, name) for name in Trace.__slots__} | {"sources": sources})
    assert json.dumps(packed(trace)) == json.dumps(packed(slowly))


def opened(value: object) -> View:
    return View.from_json(cast("JSON", value), deployment="orders", release=RELEASE)


@given(views)
def test_a_view_comes_back_from_the_record(view: View) -> None:
    """Whatever a decision may rest on is the same after it went through JSON."""
    stored = json.loads(json.dumps(view.to_json()))
    assert opened(stored) == placed(view)


@given(views, st.sampled_from(["10", "4999.99", "5000.01"]))
def test_a_decision_can_be_made_again_from_its_record(view: View, amount: str) -> None:
    """The gate says the same, for the same reasons, of a view that was read from the record."""
    view = placed(view)
    gate = Gate(deployment({"book": ToolRule("order.total <= 5000 EUR", Otherwise("sales-lead"))}), {"book": tool()})
    asked = call(order(amount))
    assert gate.decide(asked, opened(view.to_json())) == gate.decide(asked, view)


def test_an_ordinary_view_takes_few_bytes() -> None:
    """The record grows with every decision: defaults are left out, and what the ledger row says already."""
    view = placed(replace(ALONE, steps_so_far=4))
    assert to_bytes(view.to_json()) == b'{"level":"autonomous","steps_so_far":4}'


def test_what_a_later_version_wrote_is_left_out() -> None:
    """A record of a newer version opens in an older one, without what that does not know."""
    assert opened({"level": "shadow", "mood": "bad"}) == placed(View("shadow"))


@pytest.mark.parametrize(
    "value",
    [None, [], "view", {}, {"level": "godlike"}, {"level": "shadow", "facts": 3}, {"level": "shadow", "grant": "G"}],
)
def test_what_is_no_view_is_refused(value: object) -> None:
    """A record that is none raises ValueError, whatever it holds."""
    with pytest.raises(ValueError, match="no recorded View"):
        opened(value)


def test_a_value_without_a_form_is_refused() -> None:
    """What cannot come back is not written."""

    @dataclass(frozen=True)
    class Odd:
        """Holds what JSON cannot."""

        thing: object

    with pytest.raises(TypeError, match="object has no form"):
        packed(Odd(object()))
    assert unpacked(Money, "1.50 EUR") == Money.parse("1.50 EUR")
