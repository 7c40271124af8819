"""What ``make demo`` is told, and what it refuses."""

from __future__ import annotations

import pytest

from bridgehead.errors import UserError
from bridgehead.templates.purchase_orders.demo.options import Options


def test_empty_variables_are_defaults() -> None:
    """Make hands over empty variables; they mean the defaults."""
    assert Options.from_environment({"SEED": "", "KILLS": "", "ORDERS": "", "DEMO": ""}) == Options()
    assert Options.from_environment({"SEED": "8", "KILLS": "3", "ORDERS": "40"}) == Options(8, 40, 3)


@pytest.mark.parametrize(
    "name,value", [("SEED", "x"), ("KILLS", "-1"), ("ORDERS", "0"), ("ORDERS", "1e9"), ("DEMO", "tickets")]
)
def test_a_wrong_variable_is_named(name: str, value: str) -> None:
    """A variable that is no number in its bounds is named, with what it may be."""
    with pytest.raises(UserError, match=value if name == "DEMO" else name) as raised:
        Options.from_environment({name: value})
    assert raised.value.hint
