from __future__ import annotations

from bridgehead.cases.runner import error_class_of
from bridgehead.errors import Failed, Refused
from bridgehead.resilience.taxonomy import find


def test_an_own_limit_is_a_budget() -> None:
    """An agent that has used its steps ends its case as the table says, and a denied call as another class."""
    row = find("bridgehead", "condition", "limit")
    assert row is not None
    assert error_class_of(Refused("the case has used its 40 steps", code="policy.limit")) == row.error_class
    assert error_class_of(Refused("no")) == "policy_denied"


def test_an_agent_says_what_is_not_its_own() -> None:
    """A class that only an agent can know is taken from it as it is."""
    row = find("bridgehead", "condition", "wrong_case")
    assert row is not None
    assert error_class_of(Failed("a complaint, no order", error_class=row.error_class)) == row.error_class
