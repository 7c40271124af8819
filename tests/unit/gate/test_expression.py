"""A rule that cannot be one is refused when it is loaded, with its place and the nearest right word."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridgehead.gate.decide import Gate
from bridgehead.gate.expression import MAX_DEPTH, MAX_TESTS, Either, RuleError, parse
from bridgehead.spec.deployment import ToolRule
from bridgehead.spec.problem import DeploymentError
from tests.unit.gate.deployments import ALONE, call, deployment, order, tool


def refused(rule: str) -> str:
    """Returns what the load says of a rule it refuses."""
    with pytest.raises(DeploymentError) as caught:
        Gate(deployment({"book": ToolRule(rule, line=9, column=12)}), {"book": tool()})
    (problem,) = caught.value.problems
    assert (problem.file, problem.line, problem.column, problem.field) == ("bridgehead.yaml", 9, 12, "tools.book.allow")
    return str(problem)


@pytest.mark.parametrize(
    "rule, says",
    [
        ("", "ends too early"),
        ("order.total <=", "ends too early"),
        ("order.total = 5 EUR", "Write =="),
        ("urgent && urgent", "Write and"),
        ("price < 5 AND urgent", "expected `and` or `or`, found AND"),
        ("price < 5 EUROS", "found EUROS"),
        ("1 < price < 5", "do not chain"),
        ("(urgent", "expected )"),
        ("urgent)", "found )"),
        ("urgent urgent", "found urgent"),
        ("tier in []", "expected an argument or a value"),
        ('tier in ["a" "b"]', "expected , or ]"),
        ("tier in [gold]", 'Quote it when it is a text: "gold"'),
        ("tier in gold", "expected [ after in"),
        ('"gold" in ["gold"]', "expected an argument before `in`"),
        ("5", "alone is no condition"),
        ("true", "alone is no condition"),
        ("1 == 1", "compares two constants"),
        (r'tier == "\x"', "is no escape"),
        ('tier == "gold', "is not understood"),
        ("price <= 5 EUR", "price is a number and 5 EUR is an amount of money"),
        ("order.total <= 5000", "order.total is an amount of money and 5000 is a number"),
        ("order.total.amount <= 5000", "leaves the currency out"),
        ("order.total in [1 EUR, 1 USD]", "several currencies"),
        ("price <= 0.00001", "at most four decimals"),
        ("price <= 922337203685477.5808", "a number below"),
        ("quantity <= 1.5", "compare it with a whole number"),
        ("quantity <= 9223372036854775808", "compare it with a whole number"),
        ("quantity <= price", "quantity is a whole number and price is a number"),
        ('tier < "gold"', "has no order"),
        ("urgent > false", "has no order"),
        ("tier == 5", "declared with format decimal"),
        ("tier", "no condition by itself"),
        ("order == 5", "Name one of its fields"),
        ("tags == 5", "is a list and cannot be compared"),
        ("free == 5", "no single type"),
        ("free.x == 5", "no single type"),
        ("order.lines.item == 5", "is a list and cannot be compared"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused_with_a_reason(rule: str, says: str) -> None:
    """Every mistake in a rule is named with file, line, column, field and what to write instead."""
    assert says.lower() in refused(rule).lower()


@pytest.mark.parametrize(
    "rule, says",
    [
        ("quantty < 5", "did you mean quantity?"),
        ("order.totl < 5 EUR", "did you mean total?"),
        ("ordr.total < 5 EUR", "did you mean order?"),
        ("weight < 5", "known: free, order, price, quantity, tags, tier, urgent"),
    ],
)
def test_an_unknown_argument_gets_the_nearest_right_word(rule: str, says: str) -> None:
    """A misspelt argument or field is answered with the closest one, or with the list."""
    assert says.lower() in refused(rule).lower()


def test_a_fact_of_another_tool_is_refused() -> None:
    """A condition over what another tool read is refused by what it is, with a remedy."""
    assert "facts that another tool read arrive in a later release" in refused("tier == customer.tier")


@pytest.mark.parametrize(
    "rule, says",
    [
        ("tier from system", "no source"),
        ("tier from", "no source"),
        ("not tier from untrusted", "no condition"),
        ("not (tier from user or price < 5 EUR)", "no condition"),
        ("teir from user", "Did you mean tier"),
        ("age of tier > 15m", "expected <="),
        ("age of tier <= 15", "expected a duration"),
        ("age of teir <= 15m", "Did you mean tier"),
        ("tier == 15m", "is a duration"),
        ('"x" from user', "expected an argument"),
    ],
)
def test_a_mistake_in_a_source_or_an_age_is_named(rule: str, says: str) -> None:
    """A rule about facts that is no rule is refused with what is wrong."""
    assert says in refused(rule)


def test_a_source_is_told_from_an_argument_of_its_name() -> None:
    """After `or` a word goes on with the sources unless a comparison follows it."""
    assert str(parse("to from user or operator or untrusted")) == "to from user or operator or untrusted"
    assert isinstance(parse('to from user or user == "x"'), Either)
    assert isinstance(parse("to from user or total <= 5"), Either)


def test_a_rule_for_a_tool_that_is_not_there_is_refused() -> None:
    """A rule under a misspelt tool name does not load, because it would silently do nothing."""
    with pytest.raises(DeploymentError, match="did you mean book"):
        Gate(deployment({"bok": ToolRule(allow=True)}), {"book": tool()})


def test_all_mistakes_are_reported_at_once() -> None:
    """Two bad rules and a bad policy file give three problems."""
    bad = deployment({"book": ToolRule("x < 1"), "bok": ToolRule(allow=True)}, policies={"a.cedar": "permit ("})
    with pytest.raises(DeploymentError) as caught:
        Gate(bad, {"book": tool()})
    assert len(caught.value.problems) == 3


def test_nesting_and_length_are_bounded() -> None:
    """Deep, long and wide rules are refused instead of exhausting the stack, and the widest allowed one works."""
    for rule in ("(" * 5000, "not " * 900, "(" * (MAX_DEPTH + 1) + "urgent" + ")" * (MAX_DEPTH + 1), "a" * 5000):
        with pytest.raises(RuleError):
            parse(rule)
    with pytest.raises(RuleError, match="comparisons"):
        parse(" or ".join(["urgent"] * (MAX_TESTS + 1)))
    widest = " or ".join(["urgent"] * (MAX_TESTS - 1)) + " or " + "(" * MAX_DEPTH + "not urgent" + ")" * MAX_DEPTH
    with pytest.raises(RuleError, match="nesting"):
        parse(widest)
    widest = (
        " and ".join(["price < 9"] * (MAX_TESTS - 1))
        + " and "
        + "(" * (MAX_DEPTH - 1)
        + "not urgent"
        + ")" * (MAX_DEPTH - 1)
    )
    gate = Gate(deployment({"book": ToolRule(widest)}), {"book": tool()})
    assert gate.decide(call(order(urgent=False)), ALONE).verdict == "allow"
    assert gate.decide(call(order(urgent=True)), ALONE).verdict == "deny"


@given(st.text(max_size=60) | st.text(alphabet="()[]<>=!.,\"' andortinf5EUR\\", max_size=60))
def test_any_text_is_a_rule_or_a_rule_error(text: str) -> None:
    """The parser answers every text with an expression or a RuleError that points inside it."""
    found: RuleError | None = None
    try:
        parse(text)
    except RuleError as error:
        found = error
    assert found is None or (0 <= found.at <= len(text) and found.code == "policy.rule")
