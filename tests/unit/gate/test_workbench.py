"""What can be told of policies without a call, and a decision that is made again from a release's manifest."""

from __future__ import annotations

import json
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridgehead.gate.decide import Gate
from bridgehead.gate.expression import parse
from bridgehead.gate.workbench import again, empty, findings, tool_of, with_known_rules
from bridgehead.money import Money
from bridgehead.spec.deployment import Otherwise, ToolRule
from bridgehead.spec.tool import JSON, Tool
from tests.unit.gate.deployments import ALONE, DIGEST, call, deployment, order, tool

FORBID = (
    '@id("stop") @owner("a@example.com") @reason("r") @remedy("m")\nforbid (principal, action{scope}, resource){when};'
)
PERMIT = '@id("go") @owner("a@example.com") @reason("r") @remedy("m")\npermit (principal, action{scope}, resource);'


@pytest.mark.parametrize(
    "rule",
    [
        "quantity > 5 and quantity < 5",
        "quantity >= 5 and 4 >= quantity",
        "order.total <= 10 EUR and order.total > 10 EUR",
        "order.total <= 10 EUR and order.total >= 1 USD",
        'tier == "gold" and tier == "tin"',
        'tier == "gold" and tier != "gold"',
        '(quantity > 5 and quantity < 3) or (tier == "a" and tier == "b")',
        'tier == "gold" and (quantity > 5 and (quantity < 3))',
    ],
)
def test_a_rule_that_no_call_can_meet_is_told(rule: str) -> None:
    """Bounds that exclude each other are found, on either side of a comparison, in any depth."""
    assert empty(parse(rule))
    (found,) = findings(deployment({"book": ToolRule(rule, line=7)}), {"book": tool()})
    assert (found.never, found.line, found.policy) == (True, 7, "tools.book")


@given(st.integers(-3, 3), st.sampled_from(["quantity >= {a} and quantity <= {b}", "quantity > {a} and quantity < {b}",
                                            "quantity == {a} and quantity >= {b}"]), st.integers(-3, 3))  # fmt: skip
def test_no_rule_that_some_call_meets_is_called_impossible(a: int, text: str, b: int) -> None:
    """A rule is called impossible only where no number meets it."""
    rule = text.format(a=a, b=b)
    gate = Gate(deployment({"book": ToolRule(rule)}), {"book": tool()})
    met = [n for n in range(-5, 6) if gate.decide(call(order(quantity=n)), ALONE).verdict == "allow"]
    if empty(parse(rule)):
        assert not met


def test_a_tool_that_nothing_covers_is_told() -> None:
    """A tool without a rule is named, unless a permit of a Cedar file holds its calls."""
    tools = {"book": tool(), "look": tool("look", "read")}
    (found,) = findings(deployment({"book": ToolRule(allow=True)}), tools)
    assert (found.policy, found.never) == ("tools.look", False)
    for scope in ("", ' == Action::"look"', ' in [Action::"class:read"]'):
        files = {"a.cedar": PERMIT.format(scope=scope)}
        assert not findings(deployment({"book": ToolRule(allow=True)}, policies=files), tools)
    other = PERMIT.format(scope=' == Action::"book"')
    assert findings(deployment({"book": ToolRule(allow=True)}, policies={"a.cedar": other}), tools)


def test_a_rule_that_a_forbid_always_beats_is_told() -> None:
    """A forbid without a condition makes a rule pointless, one with a condition does not; a deny beats a permit."""
    rules, tools = {"book": ToolRule(allow=True)}, {"book": tool()}
    always = FORBID.format(scope=' in [Action::"class:effect"]', when="")
    (found,) = findings(deployment(rules, policies={"a.cedar": always}), tools)
    assert "stop forbids all of them" in found.text
    sometimes = FORBID.format(scope="", when=" when { context.steps > 3 }")
    assert not findings(deployment(rules, policies={"a.cedar": sometimes}), tools)
    permit = PERMIT.format(scope=' == Action::"book"')
    (found,) = findings(deployment({"book": ToolRule()}, policies={"a.cedar": permit}), tools)
    assert (found.policy, found.never) == ("go", True)


@pytest.mark.parametrize("cost", [None, Money.parse("0.10 EUR")])
def test_a_tool_comes_back_from_its_release(cost: Money | None) -> None:
    """A tool read from a manifest decides as the tool itself, so that the past can be decided without its code."""
    there = tool(cost=cost)
    described = cast("dict[str, JSON]", json.loads(json.dumps(there.descriptor())))
    found = tool_of(described)
    assert found.descriptor() == there.descriptor()
    gate = Gate(deployment({"book": ToolRule("order.total <= 5000 EUR", Otherwise("sales-lead"))}), {"book": found})
    for amount, verdict in (("10", "allow"), ("5000.01", "hold")):
        assert again(gate, found, order(amount), DIGEST, ALONE).verdict == verdict
    assert again(gate, found, order("10"), DIGEST, ALONE, level="approve").verdict == "hold"


def test_rules_for_tools_of_another_release_are_left_out() -> None:
    """A rule for a tool that a release did not have is named and left out, so that the rest can be replayed."""
    rules = {"book": ToolRule(allow=True), "fly": ToolRule(allow=True)}
    known, unknown = with_known_rules(deployment(rules), {"book": tool()})
    assert (set(known.tools), unknown) == ({"book"}, ("fly",))
    assert isinstance(tool_of({"name": "x", "effect_class": "read"}), Tool)
    with pytest.raises(ValueError, match="no recorded Tool"):
        tool_of({"name": "x", "effect_class": "magic"})
