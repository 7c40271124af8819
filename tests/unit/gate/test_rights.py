"""The scope of a grant and the rights of its subject bound every call: no rule and no approval lifts them."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import pytest

from bridgehead.gate.decide import Gate
from bridgehead.gate.grants import Grant
from bridgehead.gate.history import History
from bridgehead.gate.model import Decision, View
from bridgehead.money import Money
from bridgehead.spec.deployment import Otherwise, Right, ToolRule
from bridgehead.spec.problem import DeploymentError
from tests.unit.gate.deployments import ALONE, approval, call, deployment, order, tool

PERMITTED: Final = {"book": ToolRule(allow=True), "customer": ToolRule(allow=True)}
TOOLS: Final = {
    "book": tool(),
    "customer": tool("customer", "read", {"type": "object", "properties": {"number": {"type": "string"}}}),
}
RIGHTS: Final = {
    "group:sales": Right("group:sales", ("book", "customer"), "order.total <= 500 EUR"),
    "user:anna": Right("user:anna", ("book",), "order.total <= 900 EUR"),
}
SALES: Final = Grant("G-17", "bert", "human", frozenset({"book", "customer"}), frozenset({"sales"}))


def gate(rights: dict[str, Right] = RIGHTS, policies: dict[str, str] | None = None, **rules: ToolRule) -> Gate:
    return Gate(replace(deployment(PERMITTED | rules, policies=policies), rights=rights), TOOLS)


def asked(grant: Grant | None, amount: str = "100.00", **more: Gate) -> Decision:
    return more.get("of", gate()).decide(call(order(amount)), replace(ALONE, grant=grant))


def ids(decision: Decision) -> set[str]:
    return {reason.policy_id for reason in decision.reasons}


@pytest.mark.parametrize(
    "bad,code",
    [
        ({"revoked": True}, "gate.grant.revoked"),
        ({"expired": True}, "gate.grant.expired"),
        ({"withdrawn": "its account was disabled"}, "gate.grant.withdrawn"),
        ({"tools": frozenset({"customer"})}, "gate.grant.tools"),
        ({"tools": frozenset()}, "gate.grant.tools"),
        ({"limit": Money.parse("5 EUR"), "used": Money.parse("5.01 EUR")}, "gate.grant.limit"),
        ({"limit": Money.parse("5 EUR"), "used": Money.parse("0.01 USD")}, "gate.grant.limit"),
    ],
)
def test_a_grant_that_does_not_reach_a_call_denies_it(bad: dict[str, object], code: str) -> None:
    """A grant that is over, for other tools or used up denies every call, approved or not, and says what would help."""
    grant = replace(SALES, **bad)  # type: ignore[arg-type]  # one field at a time
    for given in (None, approval()):
        decision = gate().decide(call(), replace(ALONE, grant=grant, approval=given))
        assert (decision.verdict, ids(decision)) == ("deny", {code})
        assert decision.reasons[0].remedy


@pytest.mark.parametrize(
    "moved, amount, verdict",
    [
        (None, "100.00", "allow"),
        (None, "100.01", "deny"),
        ("60 EUR", "40.00", "allow"),
        ("60 EUR", "40.01", "deny"),
        ("0 EUR", "1.00", "allow"),
    ],
)
def test_a_limit_bounds_what_the_calls_move(moved: str | None, amount: str, verdict: str) -> None:
    """What the case has moved and what the call would move stay within the grant together, approved or not."""
    mover = replace(tool(), moves="order.total")
    mine = Gate(replace(deployment(PERMITTED), rights={"group:sales": Right("group:sales")}), {**TOOLS, "book": mover})
    grant = replace(SALES, limit=Money.parse("100 EUR"))
    history = History(moved=None if moved is None else Money.parse(moved))
    for given in (None, approval()):
        view = replace(ALONE, grant=grant, history=history, approval=given)
        decision = mine.decide(call(order(amount), mover), view)
        assert decision.verdict == verdict
        assert ids(decision) == {"gate.grant.limit"} or verdict == "allow"


@pytest.mark.parametrize("total", [("1.00", "USD"), ("-1.00", "EUR"), ("1e9", "EUR")])
def test_what_cannot_be_counted_is_not_moved_under_a_limit(total: tuple[str, str]) -> None:
    """Another currency and an amount that is none have no place under a limit."""
    mover = replace(tool(), moves="order.total")
    mine = Gate(replace(deployment(PERMITTED), rights={"group:sales": Right("group:sales")}), {**TOOLS, "book": mover})
    grant = replace(SALES, limit=Money.parse("100 EUR"))
    decision = mine.decide(call(order(*total), mover), replace(ALONE, grant=grant))
    assert (decision.verdict, ids(decision)) == ("deny", {"gate.grant.limit"})


def test_scope_bounds_what_a_rule_allows() -> None:
    """A tool that its rule always allows is denied where the scope of the grant does not hold it."""
    assert asked(SALES).verdict == "allow"
    assert asked(replace(SALES, tools=frozenset({"customer"}))).verdict == "deny"


def test_a_right_holds_for_its_group() -> None:
    """A call within the condition of a right of the subject's group is allowed, and one beyond it is denied."""
    assert asked(SALES, "500.00").verdict == "allow"
    beyond = asked(SALES, "500.01")
    assert (beyond.verdict, ids(beyond)) == ("deny", {"rights.book"})
    (reason,) = beyond.reasons
    assert (reason.condition, reason.argument) == ("order.total <= 500 EUR", "order.total")
    assert "500.01 EUR" in reason.found
    assert "under `rights`" in reason.remedy


def test_rights_of_a_human_are_joined_and_their_own_count() -> None:
    """Who has two rights may do what either allows; who has none may do nothing."""
    anna = replace(SALES, subject="anna")
    assert asked(anna, "900.00").verdict == "allow"
    assert asked(anna, "900.01").verdict == "deny"
    stranger = asked(replace(SALES, groups=frozenset({"marketing"})))
    assert (stranger.verdict, ids(stranger)) == ("deny", {"rights.book"})


def test_no_approval_lifts_a_missing_right() -> None:
    """A call that is held for a person is denied at once where the human has no right to it."""
    held = gate(book=ToolRule(None, Otherwise("sales-lead")))
    assert asked(SALES, of=held).verdict == "hold"
    assert asked(replace(SALES, groups=frozenset()), of=held).verdict == "deny"
    approved = held.decide(call(), replace(ALONE, grant=replace(SALES, groups=frozenset()), approval=approval()))
    assert approved.verdict == "deny"


def test_a_condition_over_what_a_read_lacks_leaves_the_read_alone() -> None:
    """A condition over an order bounds booking it, and not reading the customer."""
    reading = gate().decide(call({"number": "7"}, TOOLS["customer"]), replace(ALONE, grant=SALES))
    assert reading.verdict == "allow"


def test_a_case_of_nobody_has_the_deployments_authority() -> None:
    """Where no human opened a case the rules decide, unless rights of the deployment bound them."""
    for grant in (None, Grant("G-1", "", "deployment")):
        assert asked(grant, "5000.00").verdict == "allow"
    bound = gate(RIGHTS | {"deployment": Right("deployment", ("book",), "order.total <= 10 EUR")})
    for grant in (None, Grant("G-1", "", "deployment")):
        assert asked(grant, "10.00", of=bound).verdict == "allow"
        assert asked(grant, "10.01", of=bound).verdict == "deny"
    assert asked(SALES, "500.00", of=bound).verdict == "allow"


def test_a_human_without_declared_rights_may_nothing() -> None:
    """A grant of a human in a deployment without rights denies every call, and says what to declare."""
    decision = asked(SALES, of=gate({}))
    assert ids(decision) == {"gate.grant.rights"}
    assert "`rights`" in decision.reasons[0].remedy


def test_policies_read_the_grant() -> None:
    """A Cedar file can ask who a call is made for, and by which scopes."""
    text = """
@id("needs-scope") @owner("o") @reason("r") @remedy("m")
forbid (principal, action == Action::"book", resource)
when { context.grant.kind == "human" && !context.grant.scopes.contains("orders") };
"""
    strict = gate(policies={"scope.cedar": text})
    assert asked(SALES, of=strict).verdict == "deny"
    assert asked(replace(SALES, scopes=frozenset({"orders"})), of=strict).verdict == "allow"


@pytest.mark.parametrize(
    "right,field",
    [
        (Right("group:sales", ("bok",)), "rights.group:sales.tools"),
        (Right("group:sales", ("book",), "order.totl <= 5 EUR"), "rights.group:sales.when"),
        (Right("group:sales", ("book",), "order.total <= 5"), "rights.group:sales.when"),
        (Right("group:sales", ("book",), "order.total <="), "rights.group:sales.when"),
    ],
)
def test_a_right_that_fits_no_tool_does_not_load(right: Right, field: str) -> None:
    """A misspelt tool or argument in a right stops the deployment from loading, and names the field."""
    with pytest.raises(DeploymentError) as caught:
        gate({"group:sales": right})
    assert field in str(caught.value)


def test_a_decision_under_a_grant_can_be_made_again() -> None:
    """What a decision says of the grant is on its record, and the same decision comes from it."""
    view = replace(ALONE, grant=replace(SALES, used=Money.parse("1 EUR")), deployment="orders", release="ab")
    again = View.from_json(view.to_json(), deployment="orders", release="ab")
    assert again == view
    assert gate().decide(call(), again) == gate().decide(call(), view)
