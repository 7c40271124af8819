"""Who may take an effect back is decided like any call: by rules and policies, with the operator as principal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from bridgehead.gate.decide import Gate
from bridgehead.gate.model import Decision
from bridgehead.spec.deployment import ToolRule
from bridgehead.spec.problem import DeploymentError
from tests.unit.gate.deployments import ALONE, call, deployment, order, tool

ALLOW = ToolRule(allow=True)
UNDOABLE = replace(tool(), has_undo=True)


def gate(rule: ToolRule | None, policies: Mapping[str, str] | None = None) -> Gate:
    """Returns the gate of a deployment whose one tool can be undone."""
    rules = {} if rule is None else {"book": rule}
    return Gate(deployment(rules, policies=policies or {}), {"book": UNDOABLE})


def undo(of: Gate, amount: str = "100", by: str = "kim") -> Decision:
    """Returns what the gate says of one undo."""
    return of.decide_undo(call(order(amount), of=UNDOABLE), ALONE, by=by)


@pytest.mark.parametrize("rule", [None, ALLOW, ToolRule()])
def test_operators_may_undo_by_default(rule: ToolRule | None) -> None:
    """An undo is allowed without a rule of its own, also of a tool whose further calls are denied."""
    decision = undo(gate(rule))
    assert (decision.verdict, [one.policy_id for one in decision.reasons]) == ("allow", ["tools.book.undo"])


def test_a_rule_denies_undos() -> None:
    """A rule with `undo: deny` denies, names itself and says who can change it; calls stay allowed."""
    denying = gate(replace(ALLOW, undo=False))
    decision = undo(denying)
    assert (decision.verdict, decision.reasons[0].policy_id) == ("deny", "tools.book.undo")
    assert "undo" in decision.reasons[0].remedy
    assert denying.decide(call(of=UNDOABLE), ALONE).verdict == "allow"


def test_a_rule_bounds_undos() -> None:
    """A rule with an expression allows the undo of calls that met it, and explains what another one lacked."""
    bounded = gate(replace(ALLOW, undo="order.total <= 500 EUR"))
    assert undo(bounded, "500").verdict == "allow"
    decision = undo(bounded, "500.01")
    assert (decision.verdict, decision.reasons[0].argument) == ("deny", "order.total")


def test_a_policy_names_operators_and_all_undos() -> None:
    """A Cedar file may deny every undo, but for operators whom it names; it does not touch calls."""
    head = '@id("by-lee") @reason("r") @remedy("m") forbid (principal, action in Action::"class:undo", resource)'
    text = f'{head} unless {{ principal == Operator::"lee" }};'
    named = gate(ALLOW, {"a.cedar": text})
    assert undo(named, by="kim").reasons[0].policy_id == "by-lee"
    assert undo(named, by="lee").verdict == "allow"
    assert named.decide(call(of=UNDOABLE), ALONE).verdict == "allow"


def test_a_killed_tool_is_not_undone() -> None:
    """The kill switch of a tool denies its undo, whatever the rules allow."""
    view = replace(ALONE, suspended_tools=frozenset({"book"}))
    decision = gate(ALLOW).decide_undo(call(of=UNDOABLE), view, by="kim")
    assert (decision.verdict, decision.reasons[0].policy_id) == ("deny", "gate.suspended")


def test_a_tool_without_undo_is_not_undone() -> None:
    """A tool that declares no undo has no such action, and the reason says so."""
    bare = Gate(deployment({"book": ALLOW}), {"book": tool()})
    decision = bare.decide_undo(call(), ALONE, by="kim")
    assert (decision.verdict, decision.reasons[0].policy_id) == ("deny", "gate.undo")


def test_a_wrong_expression_is_named_with_its_field() -> None:
    """An expression under `undo` that does not fit the tool is refused at load, naming the field."""
    with pytest.raises(DeploymentError, match=r"tools\.book\.undo"):
        gate(replace(ALLOW, undo="order.totl <= 500 EUR"))
