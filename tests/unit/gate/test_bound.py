"""The bound is computed from what is declared, and what nothing bounds is called so."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bridgehead.gate.bound import bound, one_line, upper
from bridgehead.gate.caps import use_of
from bridgehead.gate.expression import parse
from bridgehead.gate.rule import resolve
from bridgehead.gate.shape import arguments_shape
from bridgehead.money import Money
from bridgehead.spec.caps import Cap, parse_cap
from bridgehead.spec.deployment import Limits, Otherwise, Right, ToolRule
from bridgehead.spec.tool import Tool
from tests.unit.gate.deployments import ORDER_SCHEMA, deployment

BOOK = Tool("book", "irreversible", parameters=ORDER_SCHEMA, moves="order.total", reaches="tier")


def figures(rule: ToolRule, *, alone: bool = True) -> dict[str, object]:
    """Returns case and day by measure and unit, in sum."""
    found = bound(deployment({"book": rule}, limits=Limits(steps=10)), {"book": BOOK})
    return {line.unit or line.measure: (line.case, line.day) for line in found.sums(alone=alone)}


def caps(*texts: str) -> tuple[Cap, ...]:
    """Returns caps from their texts."""
    return tuple(parse_cap(text) for text in texts)


@pytest.mark.parametrize(
    "rule, most",
    [
        ("order.total <= 5 EUR", {"EUR": 5}),
        ("order.total < 5 EUR and order.total <= 3 EUR", {"EUR": 3}),
        ("order.total <= 5 EUR or order.total <= 9 EUR", {"EUR": 9}),
        ("order.total <= 5 EUR or order.total == 7 USD", {"EUR": 5, "USD": 7}),
        ("order.total <= 5 EUR and quantity < 3", {"EUR": 5}),
        ("order.total <= 5 EUR or quantity < 3", None),
        ("order.total >= 5 EUR", None),
        ("order.total <= order.freight", None),
        ("not (order.total > 5 EUR)", {"EUR": 5}),
        ("order.total in [2 EUR, 4 EUR]", {"EUR": 4}),
    ],
)
def test_a_rule_bounds_an_amount(rule: str, most: dict[str, object] | None) -> None:
    """The most an amount can be is read off the rule; where one way through does not bound it, nothing does."""
    assert upper(resolve(parse(rule), arguments_shape(ORDER_SCHEMA), "book"), "order.total") == most


def test_caps_and_rules_bound_together() -> None:
    """A case is bounded by its steps, its caps and its rule, whichever is least; a day by caps over windows."""
    rule = ToolRule("order.total <= 5 EUR", caps=caps("4 calls per case", "7 calls per 1h", "100 EUR per 7d"))
    found = figures(rule)
    assert found["irreversible"] == (4, 168)
    assert found["EUR"] == (20, 100)
    assert found["recipients"] == (None, None)


def test_a_single_call_is_no_larger_than_a_cap_over_a_window() -> None:
    """Calls per case times what one call can be: a day's cap bounds each call, and so the case that people approve."""
    rule = ToolRule(None, otherwise=Otherwise("desk"), caps=caps("2 calls per case", "120 EUR per 1d"))
    assert figures(rule, alone=False)["EUR"] == (240, 120)
    assert figures(replace(rule, caps=caps("120 EUR per 1d")), alone=False)["EUR"] == (1200, 120)
    assert figures(replace(rule, caps=caps("2 calls per case")), alone=False)["money"] == (None, None)


def test_the_largest_right_bounds_a_case_where_each_has_a_limit() -> None:
    """Tools share the limit of the right that a case runs under; a case of nobody has that of `deployment`."""
    tools = {"book": BOOK, "more": replace(BOOK, name="more")}
    rule = ToolRule("order.total <= 50 EUR")
    small, large = Right("x", limit=Money.parse("30 EUR")), Right("x", limit=Money.parse("70 EUR"))

    def in_a_case(rights: dict[str, Right]) -> object:
        spec = deployment(dict.fromkeys(tools, rule), limits=Limits(steps=10))
        found = bound(replace(spec, rights=rights), tools)
        assert any("30 EUR" in one for one in found.assumes) is (found.limit is None)
        return next(line.case for line in found.sums() if line.unit == "EUR")

    assert in_a_case({"deployment": large, "group:sales": small}) == 70
    assert in_a_case({"group:sales": small}) == 1000
    assert in_a_case({"deployment": large, "group:sales": small, "user:lee": Right("x")}) == 1000


def test_without_caps_a_day_is_unbounded_and_says_what_would_bound_it() -> None:
    """Nothing bounds a day but a cap over a window, and the line says which."""
    found = bound(deployment({"book": ToolRule(allow=True)}, limits=Limits(steps=10)), {"book": BOOK})
    (line,) = (line for line in found.lines if line.measure == "calls")
    assert line.case == 10
    assert line.day is None
    assert "N calls per 1d" in line.bounds
    assert "unbounded" in one_line(found)


def test_the_sentence_counts_reversible_writes_and_shares_the_steps() -> None:
    """Where all writing tools are reversible the sentence still counts writes, and tools share the steps of a case."""
    tools = {name: Tool(name, "reversible", parameters=ORDER_SCHEMA) for name in ("note", "mark")}
    rules = {name: ToolRule(allow=True) for name in tools}
    found = bound(deployment(rules, limits=Limits(steps=10)), tools)
    assert one_line(found).endswith("without a person: 10 writes in a case, unbounded in a day.")
    held = {name: ToolRule(None, Otherwise("desk")) for name in tools}
    assert one_line(bound(deployment(held, limits=Limits(steps=10)), tools)).endswith("no write.")


def touching(kind: str, *texts: str) -> dict[str, object]:
    """Returns case and day by measure for a tool that touches one argument of a kind."""
    schema = {"type": "object", "properties": {"order": {"type": kind}}, "required": ["order"]}
    tool = Tool("mark", "reversible", parameters=schema, touches="order")
    rules = {"mark": ToolRule(allow=True, caps=caps(*texts))}
    found = bound(deployment(rules, limits=Limits(steps=10)), {"mark": tool})
    return {line.measure: (line.case, line.day) for line in found.lines}


def test_calls_and_records_bound_each_other() -> None:
    """A number names one record a call, a text one or more: caps bound each other, a day's no long case."""
    assert touching("integer", "1 call per case") == {"calls": (1, None), "records": (1, None)}
    assert touching("integer", "3 calls per 1d")["records"] == (10, 3)
    assert touching("string", "1 call per case") == {"calls": (1, None), "records": (None, None)}
    assert touching("string", "4 records per case")["calls"] == (4, None)
    assert touching("array", "4 records per case", "5 records per 1d")["calls"] == (10, None)
    assert touching("string", "5 records per 1d") == {"calls": (10, 5), "records": (50, 5)}
    empty = Tool("mark", "reversible", parameters={"type": "object"}, touches="order")
    assert use_of(empty, {"order": " "}, frozenset(("records",))).records == 1


def test_what_people_approve_is_told_apart() -> None:
    """A held call is nothing without a person, and what caps let through with every approval."""
    rule = ToolRule("order.total <= 5 EUR", Otherwise("desk"), caps=caps("50 EUR per case", "60 EUR per 1d"))
    assert figures(rule)["EUR"] == (50, 60)
    held = ToolRule(None, Otherwise("desk"), caps=caps("50 EUR per case", "60 EUR per 1d"))
    assert figures(held) == {}
    assert figures(held, alone=False)["EUR"] == (50, 60)


def test_a_permit_of_its_own_takes_every_rule_away() -> None:
    """A Cedar file that permits calls by itself bounds no amount, and reaches tools without a rule; it is named."""
    permits = {"a.cedar": '@id("open") @reason("r") @remedy("m") permit (principal, action, resource);'}
    found = bound(deployment({}, limits=Limits(steps=10), policies=permits), {"book": BOOK})
    assert {line.measure: line.case for line in found.lines}["money"] is None
    assert any("open" in sentence for sentence in found.assumes)
