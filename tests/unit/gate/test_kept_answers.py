"""Answers of the policies are kept and never serve another request than the one that they answered."""

from __future__ import annotations

from typing import Any

import cedarpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridgehead.gate.decide import Gate
from bridgehead.gate.model import Approval, Call, Decision, View
from bridgehead.spec.deployment import Otherwise, ToolRule
from tests.unit.gate.deployments import deployment, tool

COUNTED = """
@id("early-only") @owner("cfo@example.com") @reason("late in a case") @remedy("a new case")
forbid (principal, action, resource) when { context.steps > 2 || context["repeats"] > 1 };
"""
PARTICULAR = """
@id("not-by-bob") @owner("cfo@example.com") @reason("bob approves nothing") @remedy("another person")
forbid (principal, action, resource) when { context has approver && context.approver == "bob" };
@id("not-yet") @owner("cfo@example.com") @reason("not by itself") @remedy("a lower level")
forbid (principal, action, resource)
when { context.level == "autonomous" && context.args has quantity && context.args.quantity > 5 };
"""
RULE = ToolRule("quantity <= 10", Otherwise("sales-lead"))
TOOL = tool()


def made(*files: str) -> Gate:
    """Returns a gate with these Cedar files."""
    policies = {f"{number}.cedar": text for number, text in enumerate(files)}
    return Gate(deployment({"book": RULE}, policies=policies), {"book": TOOL})


GATES = {"rules": made(), "counted": made(COUNTED), "particular": made(PARTICULAR), "both": made(COUNTED, PARTICULAR)}


@st.composite
def asked(draw: st.DrawFn) -> tuple[Call, View]:
    """A call and a view out of few, so that the same ones come again."""
    quantity = draw(st.sampled_from([1, 6, 10, 11]))
    total = {"amount": "1", "currency": "EUR"}
    args: dict[str, Any] = {
        "order": {"total": total, "lines": []},
        "price": draw(st.integers(0, 3)),
        "quantity": quantity,
    }
    by = draw(st.sampled_from(["", "ann", "bob"]))
    approval = Approval(1, b"d", by, valid_until_passed=False, used=False) if by else None
    view = View(
        draw(st.sampled_from(["autonomous", "approve"])),
        approval=approval,
        steps_so_far=draw(st.integers(0, 4)),
        repeats=draw(st.integers(0, 1)),
    )
    return Call(TOOL, args, b"d"), view


@pytest.mark.parametrize("name", GATES)
@given(one=asked())
def test_a_gate_that_has_answered_before_says_what_a_new_one_says(name: str, one: tuple[Call, View]) -> None:
    """P1: whatever was asked before, a decision is the one that a gate without a memory takes."""
    files = {"rules": (), "counted": (COUNTED,), "particular": (PARTICULAR,), "both": (COUNTED, PARTICULAR)}[name]
    assert GATES[name].decide(*one) == made(*files).decide(*one)


def answers(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Notes for every question that the policies are asked anew which tool it is about."""
    noted: list[str] = []
    ask = cedarpy.is_authorized

    def noting(request: dict[str, Any], *args: Any, **more: Any) -> cedarpy.AuthzResult:  # noqa: ANN401  # as it is wrapped
        noted.append(request["action"]["id"])
        return ask(request, *args, **more)

    monkeypatch.setattr(cedarpy, "is_authorized", noting)
    return noted


def decided(gate: Gate, steps: int, quantity: int = 1) -> Decision:
    """Asks at a step of a case."""
    total = {"amount": "1", "currency": "EUR"}
    args: dict[str, Any] = {"order": {"total": total, "lines": []}, "price": 1, "quantity": quantity}
    return gate.decide(Call(TOOL, args, b"d"), View("autonomous", steps_so_far=steps))


def test_counters_count_only_where_a_policy_reads_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """P1: calls that differ in a counter share an answer unless a Cedar file names the counter."""
    noted, plain, counted = answers(monkeypatch), made(), made(COUNTED)
    assert {decided(plain, steps).verdict for steps in range(5)} == {"allow"}
    assert len(noted) == 1
    assert [decided(counted, steps).verdict for steps in range(5)] == ["allow"] * 3 + ["deny"] * 2
    assert len(noted) == 6


def test_only_so_many_answers_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """P1: the memory for answers has a bound, and what was let go is asked again."""
    noted = answers(monkeypatch)
    gate = Gate(deployment({"book": RULE}), {"book": TOOL}, answers=3)
    for quantity in (1, 2, 3, 4, 4, 1):
        assert decided(gate, 0, quantity).verdict == "allow"
    assert len(noted) == 5
    assert len(gate._answers._answers) == 3
