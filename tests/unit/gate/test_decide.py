"""Every call is decided before it happens, and what is not clearly allowed is denied."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import cedarpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridgehead.gate.decide import Gate
from bridgehead.gate.model import Approval, Decision, View
from bridgehead.money import Money
from bridgehead.spec.deployment import Fallback, Level, Limits, Otherwise, ToolRule
from bridgehead.spec.problem import DeploymentError
from bridgehead.spec.tool import JSON
from tests.unit.gate.deployments import ALONE, approval, call, deployment, order, tool

ALLOW = ToolRule(allow=True)
DENY = ToolRule()
SMALL = ToolRule("order.total <= 5000 EUR", Otherwise("sales-lead", 7200.0, 28800.0))
STRICT = ToolRule("order.total <= 5000 EUR")
HOLD = ToolRule(None, Otherwise("sales-lead"))
FORBID_BIG = """
@id("no-giants") @owner("cfo@example.com") @reason("orders beyond 100 pieces") @remedy("split the order")
forbid (principal, action == Action::"book", resource)
when { context.args has quantity && context.args.quantity > 100 };
"""


def gate(rule: ToolRule | None, **more: Mapping[str, str] | Limits | Fallback) -> Gate:
    rules = {} if rule is None else {"book": rule}
    return Gate(deployment(rules, **more), {"book": tool()})  # type: ignore[arg-type]  # test doubles of keywords


def ids(decision: Decision) -> set[str]:
    return {reason.policy_id for reason in decision.reasons}


def test_default_deny() -> None:
    """A call that no rule mentions is denied, at every level and with an approval in hand."""
    bare = gate(None)
    for level in ("shadow", "approve", "canary", "autonomous"):
        for given_approval in (None, approval()):
            decision = bare.decide(call(), View(level, given_approval))
            assert (decision.verdict, ids(decision)) == ("deny", {"gate.default"})
    assert gate(STRICT).decide(call(order("5000.01")), ALONE).verdict == "deny"


def test_a_rule_that_holds_allows() -> None:
    """A call that meets its rule is allowed, and the reason names the rule."""
    decision = gate(SMALL).decide(call(), ALONE)
    assert (decision.verdict, ids(decision), decision.role) == ("allow", {"tools.book"}, None)


def test_a_bound_is_inclusive_to_the_cent() -> None:
    """5000.00 EUR meets `<= 5000 EUR` and 5000.01 EUR does not."""
    assert gate(STRICT).decide(call(order("5000.00")), ALONE).verdict == "allow"
    assert gate(STRICT).decide(call(order("5000.01")), ALONE).verdict == "deny"


def test_otherwise_holds_for_its_role() -> None:
    """A call beyond its rule is held for the role of `otherwise`, with its times."""
    decision = gate(SMALL).decide(call(order("5000.01")), ALONE)
    assert (decision.verdict, decision.role, decision.within_s, decision.valid_for_s) == (
        "hold",
        "sales-lead",
        7200.0,
        28800.0,
    )


def test_a_denial_is_explained_by_the_nearest_miss() -> None:
    """A denial names the policy, the condition that failed, the argument, what stood there and what would do."""
    rule = ToolRule('(order.total <= 50 EUR and urgent) or (order.total <= 500 EUR and tier == "gold")')
    decision = gate(rule).decide(call(order("100", tier="gold", quantity=1)), ALONE)
    assert decision.verdict == "allow"
    (reason,) = gate(rule).decide(call(order("100", tier="tin")), ALONE).reasons
    assert (reason.policy_id, reason.condition, reason.argument, reason.found, reason.remedy) == (
        "tools.book",
        'tier == "gold"',
        "tier",
        "'tin'",
        'tier == "gold"',
    )


def test_money_in_another_currency_meets_no_rule_either_way() -> None:
    """An order in dollars passes neither a bound in euro nor the negation of one."""
    for rule in ("order.total <= 5000 EUR", "not (order.total > 5000 EUR)", "order.total not in [7 EUR]"):
        found = gate(ToolRule(rule)).decide(call(order("1.00", "USD")), ALONE)
        assert found.verdict == "deny"
        assert found.reasons[0].found == "1 USD"


def test_an_absent_argument_meets_no_rule_either_way() -> None:
    """A test of an argument that was not sent is false, negated or not."""
    for rule in ("quantity <= 5", "not (quantity > 5)", "urgent", "not urgent", 'tier != "tin"', "quantity not in [9]"):
        found = gate(ToolRule(rule)).decide(call(order(tier=None)), ALONE)
        assert (found.verdict, found.reasons[0].found) == ("deny", "absent"), rule


@pytest.mark.parametrize(
    "amount", ["1.00001", "922337203685477.5808", "1e30", "NaN", "", "1,5", "١", None, True, [], 1e-9]
)
def test_an_amount_that_does_not_fit_is_denied(amount: JSON) -> None:
    """An amount Cedar's decimal cannot hold denies the call, even where a person might approve it."""
    decision = gate(SMALL).decide(call(order(amount)), View("autonomous", approval()))
    assert (decision.verdict, ids(decision)) == ("deny", {"gate.argument"})


def test_an_amount_that_no_rule_reads_need_not_fit() -> None:
    """A long number elsewhere in the arguments does not deny a call whose rules never look at it."""
    assert gate(ALLOW).decide(call(order("1.0000000001")), ALONE).verdict == "allow"
    assert gate(STRICT).decide(call(order(price=1.123456789)), ALONE).verdict == "allow"


@pytest.mark.parametrize("amount", ["5000", "5e3", "+5000.0000", 5000, 5000.0])
def test_one_amount_in_any_spelling_is_the_same(amount: JSON) -> None:
    """Texts and numbers of equal value give equal decisions."""
    rule = ToolRule("order.total == 5000 EUR")
    assert gate(rule).decide(call(order(amount)), ALONE).verdict == "allow"


@given(name=st.text(max_size=20), value=st.none() | st.text(max_size=5) | st.integers())
def test_an_unknown_argument_is_denied(name: str, value: JSON) -> None:
    """An argument the tool does not declare denies the call, at the top and inside an object."""
    known = {"order", "quantity", "price", "tier", "urgent", "tags", "free"}
    if name not in known:
        assert ids(OPEN.decide(call(order(**{name: value})), ALONE)) == {"gate.argument"}
    if name not in {"total", "freight", "note", "lines"}:
        inner: dict[str, JSON] = {"order": {"total": {"amount": "1", "currency": "EUR"}, name: value}, "price": "1"}
        assert ids(OPEN.decide(call(inner), ALONE)) == {"gate.argument"}
    if name not in {"amount", "currency"}:
        money: dict[str, JSON] = {"order": {"total": {"amount": "1", "currency": "EUR", name: value}}, "price": "1"}
        assert ids(OPEN.decide(call(money), ALONE)) == {"gate.argument"}


OPEN = Gate(deployment({"book": ALLOW}), {"book": tool()})


def test_an_unknown_field_of_a_line_is_denied() -> None:
    """A field that is not declared is found inside a list too, and is named with its place."""
    total: JSON = {"amount": "1", "currency": "EUR"}
    decision = OPEN.decide(call({"order": {"total": total, "lines": [{"item": "a"}, {"itm": "b"}]}, "price": 1}), ALONE)
    assert (decision.verdict, decision.reasons[0].argument) == ("deny", "order.lines[1].itm")


@given(name=st.text(max_size=20))
def test_an_unknown_tool_is_denied(name: str) -> None:
    """A tool the deployment does not have is denied, whatever it is called."""
    if name != "book":
        assert ids(OPEN.decide(call(of=tool(name)), ALONE)) == {"tools.unknown"}


def test_a_changed_descriptor_is_denied() -> None:
    """A write that comes described as a read is not the release's tool, and is denied."""
    assert ids(OPEN.decide(call(of=tool(effect_class="read")), ALONE)) == {"tools.changed"}


def test_the_kill_switch_denies_before_any_policy() -> None:
    """A stopped tool is denied, approved or not."""
    view = View("autonomous", approval(), suspended_tools=frozenset({"book"}))
    assert ids(OPEN.decide(call(), view)) == {"gate.suspended"}


@pytest.mark.parametrize(
    "view, limit",
    [
        (View("autonomous", steps_so_far=30), "limits.steps"),
        (View("autonomous", repeats=2), "limits.repeats"),
        (View("autonomous", cost_so_far=Money.parse("0.50 USD")), "limits.cost"),
        (View("autonomous", cost_so_far=Money.parse("0.41 USD")), "limits.cost"),
        (View("autonomous", cost_so_far=Money.parse("0.01 EUR")), "limits.cost"),
        (View("autonomous", approval(), steps_so_far=31), "limits.steps"),
    ],
)
def test_a_used_up_limit_denies_as_budget(view: View, limit: str) -> None:
    """Steps, repeats and money beyond the limit deny the call with the class budget_exhausted."""
    paid = tool(cost=Money.parse("0.10 USD"))
    limited = Gate(deployment({"book": ALLOW}, limits=Limits(30, Money.parse("0.50 USD"), 2)), {"book": paid})
    decision = limited.decide(call(of=paid), view)
    assert (decision.verdict, ids(decision), decision.error_class) == ("deny", {limit}, "budget_exhausted")
    inside = View("autonomous", steps_so_far=29, repeats=1, cost_so_far=Money.parse("0.40 USD"))
    assert limited.decide(call(of=paid), inside).verdict == "allow"


def test_level_approve_holds_effects_and_lets_reads_through() -> None:
    """At level approve every allowed effect waits for a person; reads do not."""
    both = Gate(deployment({"book": ALLOW, "look": ALLOW}), {"book": tool(), "look": tool("look", "read")})
    held = both.decide(call(), View("approve"))
    assert (held.verdict, held.role, ids(held)) == ("hold", "order-desk", {"levels.approve"})
    assert both.decide(call(of=tool("look", "read")), View("approve")).verdict == "allow"
    assert gate(SMALL).decide(call(), View("approve")).role == "sales-lead"
    assert both.decide(call(), View("approve", approval())).verdict == "allow"


@pytest.mark.parametrize("level", ["shadow", "canary", "autonomous"])
def test_other_levels_decide_by_policy_alone(level: Level) -> None:
    """In shadow the decision is the one the deployment would get if it acted."""
    assert gate(SMALL).decide(call(), View(level)).verdict == "allow"
    assert gate(SMALL).decide(call(order("9999")), View(level)).verdict == "hold"


@pytest.mark.parametrize(
    "bad, says",
    [
        (approval(b"\x02" * 32), "other arguments"),
        (approval(used=True), "used already"),
        (approval(passed=True), "no longer valid"),
    ],
)
def test_an_approval_covers_one_call_once_and_for_its_time(bad: Approval, says: str) -> None:
    """An approval for other arguments, used or expired, leaves the call held and says why."""
    decision = gate(SMALL).decide(call(order("9999")), View("autonomous", bad))
    assert decision.verdict == "hold"
    assert any(says in reason.text for reason in decision.reasons)
    assert gate(SMALL).decide(call(order("9999")), View("autonomous", approval())).verdict == "allow"


def test_an_approval_never_lifts_a_denial() -> None:
    """An approval turns hold into allow; deny stays deny, by rule and by a policy that forbids."""
    view = View("approve", approval())
    assert gate(DENY).decide(call(), view).verdict == "deny"
    assert gate(STRICT).decide(call(order("9999")), view).verdict == "deny"
    forbidding = gate(HOLD, policies={"a.cedar": FORBID_BIG})
    assert forbidding.decide(call(order(quantity=100)), view).verdict == "allow"
    assert forbidding.decide(call(order(quantity=101)), view).verdict == "deny"


def test_a_policy_that_forbids_is_quoted() -> None:
    """A denial by a Cedar file carries its id, reason and remedy, and wins over a rule that holds."""
    (reason,) = gate(ALLOW, policies={"a.cedar": FORBID_BIG}).decide(call(order(quantity=101)), ALONE).reasons
    assert (reason.policy_id, reason.text, reason.remedy) == (
        "no-giants",
        "orders beyond 100 pieces",
        "split the order",
    )


def test_a_policy_can_ask_for_a_person() -> None:
    """A Cedar file that forbids unless approved holds the call for the fallback role."""
    text = FORBID_BIG.replace("};", "} unless { context.approved };")
    asking = gate(ALLOW, policies={"a.cedar": text})
    held = asking.decide(call(order(quantity=101)), ALONE)
    assert (held.verdict, held.role) == ("hold", "order-desk")
    assert asking.decide(call(order(quantity=101)), View("autonomous", approval())).verdict == "allow"


@pytest.mark.parametrize("files", [{}, {"a.cedar": FORBID_BIG}])
@pytest.mark.parametrize("rule", [None, ALLOW, DENY, HOLD, SMALL, STRICT])
@pytest.mark.parametrize("quantity", [1, 200])
@pytest.mark.parametrize("amount", ["1", "9999"])
def test_what_an_approval_would_change_is_known_without_asking_again(
    rule: ToolRule | None, files: Mapping[str, str], quantity: int, amount: str
) -> None:
    """Where no Cedar file reads the approval, the verdict is the one a second evaluation would give."""
    short, asking = gate(rule, policies=files), gate(rule, policies=files)
    assert not short._compiled.heed_approval
    asking._compiled = replace(asking._compiled, heed_approval=True)
    arguments = order(amount, quantity=quantity)
    assert short.decide(call(arguments), ALONE) == asking.decide(call(arguments), ALONE)


def test_a_policy_over_a_class_reaches_every_effect() -> None:
    """A Cedar file may speak of all effects or of one effect class by its group."""
    text = '@id("frozen") @reason("r") @remedy("m") forbid (principal, action in Action::"class:effect", resource);'
    both = Gate(
        deployment({"book": ALLOW, "look": ALLOW}, policies={"a.cedar": text}),
        {"book": tool(), "look": tool("look", "read")},
    )
    assert ids(both.decide(call(), ALONE)) == {"frozen"}
    assert both.decide(call(of=tool("look", "read")), ALONE).verdict == "allow"


@pytest.mark.parametrize(
    "text, says",
    [
        ("permit (", "Cedar policies"),
        ("permit (principal, action, resource);", "@id"),
        ('@id("") permit (principal, action, resource);', "@id"),
        ('@id("tools.book") permit (principal, action, resource);', "of its own"),
        (
            '@id("a")@reason("r")@remedy("m")permit(principal == ?principal, action, resource);',
            "without slots",
        ),
        (
            '@id("a")@reason("r")@remedy("m")forbid(principal, action, resource) when { context.args.quantty > 3 };',
            "quantty",
        ),
        (
            '@id("a")@reason("r")@remedy("m")forbid(principal, action, resource) when { context.args.quantity > 3 };',
            "quantity",
        ),
        (
            '@id("a")@reason("r")@remedy("m")forbid(principal, action, resource) when { context.args.price > 3 };',
            "fits the tools",
        ),
        ('@id("a")@reason("r")@remedy("m")forbid(principal, action == Action::"bok", resource);', "bok"),
        ('@id("a")@reason("r")@remedy("m")permit(principal, action, resource);' * 2, "used once"),
    ],
)
def test_an_error_in_a_policy_fails_the_load(text: str, says: str) -> None:
    """A Cedar file that does not parse, lacks an id, or does not fit the tools is refused when loaded."""
    with pytest.raises(DeploymentError, match=says):
        gate(ALLOW, policies={"a.cedar": text})


def test_an_evaluation_error_denies() -> None:
    """A policy that fails while it is evaluated denies the call, although another policy permits it."""
    text = """@id("overflow") @reason("r") @remedy("m") forbid (principal, action == Action::"book", resource)
    when { context.args has quantity && context.args.quantity * 9223372036854775807 > 5 };"""
    broken = gate(ALLOW, policies={"a.cedar": text})
    assert broken.decide(call(order()), ALONE).verdict == "allow"
    assert ids(broken.decide(call(order(quantity=2)), ALONE)) == {"gate.error"}


def test_broken_handles_deny() -> None:
    """A policy set, schema or entity set that is no longer one denies every call."""
    for part in ("policies", "schema", "entities"):
        for broken in (None, 3, "permit("):
            damaged = gate(ALLOW)
            damage = {"book": broken} if part == "policies" else broken
            damaged._answers._compiled = replace(damaged._compiled, **{part: damage})  # type: ignore[arg-type]  # damage
            if part == "schema" and broken is None:
                continue  # no schema is no damage: the arguments were checked before
            assert ids(damaged.decide(call(), ALONE)) == {"gate.error"}, (part, broken)


@pytest.mark.parametrize("fault", [ValueError, TypeError, RuntimeError, KeyError, MemoryError, OverflowError])
def test_an_exception_in_cedar_denies(fault: type[Exception], monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever Cedar's binding raises, the call is denied with the reason."""

    def fail(*_: object, **__: object) -> None:
        raise fault("broken")

    monkeypatch.setattr(cedarpy, "is_authorized", fail)
    assert ids(gate(ALLOW).decide(call(), ALONE)) == {"gate.error"}


@pytest.mark.parametrize("answer", ["NoDecision", "Deny", "Allow"])
def test_only_an_allow_by_a_named_policy_allows(answer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """No decision, a denial, errors, and an Allow that names no policy all deny."""
    for diagnostics in ({}, {"errors": ["x"], "reason": ["policy0"]}):
        result = cedarpy.AuthzResult({"decision": answer, "diagnostics": diagnostics})
        monkeypatch.setattr(cedarpy, "is_authorized", lambda *_, result=result, **__: result)
        assert gate(ALLOW).decide(call(), ALONE).verdict == "deny"
        held = gate(HOLD).decide(call(), ALONE).verdict
        assert held == ("hold" if answer == "Deny" and not diagnostics else "deny")


def test_a_text_that_is_no_unicode_denies() -> None:
    """An argument Cedar cannot even read is an error and so a denial."""
    rule = ToolRule('tier != "tin"', HOLD.otherwise)
    decision = gate(rule).decide(call(order(tier="\ud800")), ALONE)
    assert (decision.verdict, ids(decision)) == ("deny", {"gate.error"})


def test_the_digest_names_what_decides() -> None:
    """Equal policies have equal digests; a rule, a role, a limit or a Cedar file changes it."""
    same = {gate(SMALL).digest, gate(replace(SMALL, line=9)).digest}
    others = {
        gate(STRICT).digest,
        gate(replace(SMALL, otherwise=HOLD.otherwise)).digest,
        gate(SMALL, limits=Limits(steps=5)).digest,
        gate(SMALL, policies={"a.cedar": FORBID_BIG}).digest,
    }
    assert (len(same), len(others), len(same | others)) == (1, 4, 5)
    assert all(len(digest) == 32 for digest in same)
    assert gate(SMALL).decide(call(), ALONE).policy_digest in same


def test_a_decision_is_json_and_its_short_form_gives_no_threshold_away() -> None:
    """The full form can be stored; what a model reads holds neither the bound nor the value."""
    decision = gate(STRICT).decide(call(order("7654.32")), ALONE)
    assert json.loads(json.dumps(decision.to_json()))["policy_digest"] == decision.policy_digest.hex()
    assert "5000" not in decision.short()
    assert "7654" not in decision.short()
    assert "order.total" in decision.short()
    assert gate(HOLD).decide(call(), ALONE).short().startswith("held")
    assert OPEN.decide(call(), ALONE).short() == "allowed"


def test_a_decision_is_a_function_of_call_and_view() -> None:
    """Equal calls and views give equal decisions, from the same gate and from another one."""
    first, second = gate(SMALL), gate(SMALL)
    for amount in ("1", "9999"):
        assert first.decide(call(order(amount)), ALONE) == second.decide(call(order(amount)), ALONE)


ANNOTATED: Final = '@owner("o@example.com")\n@id("%s")\n@reason("r")\n@remedy("m")\n'
SOUND: Final = ANNOTATED % "a.sound" + "forbid (principal, action, resource) when { context.steps > 99 };\n"


@pytest.mark.parametrize(
    "mistake, found, line",
    [
        ("forbid (principal action, resource);\n", "unexpected token", 8),
        ("forbid (principal, action, resource) when { context.stepz > 1 };\n", "attribute `stepz`", 11),
        ('forbid (principal, action == Action::"bok", resource);\n', "unrecognized action", 11),
    ],
)
def test_a_mistake_in_a_policy_is_named_by_its_place(mistake: str, found: str, line: int) -> None:
    """What is wrong with a Cedar policy is said with file, line and @id, and never by a number of Cedar."""
    with pytest.raises(DeploymentError) as raised:
        gate(ALLOW, policies={"a.cedar": "// first\n", "b.cedar": SOUND + "\n" + ANNOTATED % "b.wrong" + mistake})
    assert {(one.file, one.line, one.field) for one in raised.value.problems} == {("policies/b.cedar", line, "b.wrong")}
    assert found in str(raised.value)
    assert "`policy" not in str(raised.value)


def test_a_second_policy_of_one_name_is_named_by_its_place() -> None:
    """An @id that stands twice is refused at the second one."""
    with pytest.raises(DeploymentError) as raised:
        gate(ALLOW, policies={"a.cedar": SOUND, "b.cedar": "\n" + SOUND})
    assert [(one.file, one.line) for one in raised.value.problems] == [("policies/b.cedar", 3)]
