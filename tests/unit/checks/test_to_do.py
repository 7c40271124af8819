from __future__ import annotations

from decimal import Decimal

import pytest

from bridgehead.templates.purchase_orders.checks.successors import difference
from bridgehead.templates.purchase_orders.doing import TO_DO, to_do
from tests.unit.checks.ground import facts, item, line, order, verdict


def test_what_is_to_do_covers_every_reason() -> None:
    """An order held for a price and a unit says what is done about both, each with its line, and how it goes on."""
    whole = order(line(price=Decimal("6.20")), line(2, unit="PAL"))
    found = verdict(whole)
    assert [hold.cause for hold in found.holds] == ["price", "unit"]
    told = to_do(found.holds)
    assert told.startswith("settle the price with the customer, correct it in the ERP where ours is wrong (line 1); ")
    assert "ask the customer how many base units are meant, add the unit to the item in the ERP (line 2) and" in told
    assert told.count("send the case back to the agent") == 1


def test_what_is_to_do_about_one_reason_is_said_as_it_is() -> None:
    """A single reason is told without its line, which the reason names."""
    assert to_do(verdict(order(line(unit="PAL"))).holds) == TO_DO["unit"]


def test_a_successor_nobody_sells_is_not_asked_about() -> None:
    """Of a successor that is blocked itself the customer is not asked, and the reason says so."""
    whole = order()
    known = facts(whole, items={"A-1": item(status="superseded", superseded_by="A-2")})
    for status, asked in (("active", True), ("blocked", False)):
        new = {"A-2": item("A-2", description="Bracket, long", status=status)}
        found = verdict(whole, facts(whole, items={"A-1": known.resolved[0].item or item()}, successors=new))
        assert to_do(found.holds).startswith("ask the customer whether A-2 (Bracket, long)") is asked
        assert ("it is blocked itself" in found.reason()) is not asked


@pytest.mark.parametrize(
    "old, new, said",
    [
        ("Proximity switch M12 4 mm PNP NO", "PROXIMITY SWITCH M18 2 mm PNP NO", "M18 2 mm instead of M12 4 mm"),
        ("Ball valve DN50", "ball valve DN50", ""),
        ("Ball valve", "Ball valve DN50", "DN50 is added"),
        ("Ball valve DN50", "Ball valve", "DN50 is left out"),
    ],
)
def test_two_descriptions_differ_by_words(old: str, new: str, said: str) -> None:
    """What a successor is otherwise is told in the words of the two descriptions, a figure with its unit."""
    assert difference(old, new) == said
