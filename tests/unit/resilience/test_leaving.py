"""How a case left is told by its class and by whether its agent handed it over."""

from __future__ import annotations

import pytest

from bridgehead.errors import ERROR_CLASSES
from bridgehead.resilience.leaving import HANDED_OVER, REFUSED, cause_of, leaving


def test_each_class_leaves_in_one_way() -> None:
    """Every error class is a failure, a hand-over or a refusal, and what an agent hands over itself is no failure."""
    assert set(ERROR_CLASSES) >= HANDED_OVER | REFUSED
    assert not HANDED_OVER & REFUSED
    found = {one: leaving(one, None) for one in ERROR_CLASSES}
    assert found["deadline"] == found["unknown_effect"] == found["bug"] == "failed"
    assert found["policy_denied"] == "refused"
    assert found["out_of_scope"] == "handed_over"
    assert {leaving(one, "") for one in ERROR_CLASSES} == {"handed_over"}


@pytest.mark.parametrize("said", ["Jane Doe", "a" * 41, "", None, 7, ["price"], "price; drop", "\u202eprice"])
def test_no_text_of_a_document_is_a_cause(said: object) -> None:
    """Only a short word of lower-case letters is counted in plain."""
    assert cause_of(said) == ""  # type: ignore[arg-type]  # whatever an agent says
    assert cause_of("not_an_order") == "not_an_order"
