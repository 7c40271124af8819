"""An order that passes says how near it came to each check; one that does not says why, and nothing of this."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

from bridgehead.templates.purchase_orders.checks.verdict import Rules
from tests.unit.checks.ground import CUSTOMER, booked, facts, item, line, order, verdict


def told(found: tuple[str, ...], opening: str) -> str:
    """Returns the one sentence about a check."""
    (sentence,) = [one for one in found if one.startswith(opening)]
    return sentence


def test_a_price_says_its_gap_and_the_limit_of_the_line_that_is_furthest_off() -> None:
    """Of two lines off the contract price the further one is told, with both prices and the tolerance."""
    asked = order(line(1, price=Decimal("3.13")), line(2, price=Decimal("3.05")))
    assert told(verdict(asked).figures, "Price") == (
        "Price: line 2 is 1.6% under the contract price: 3.05 asked, 3.1 agreed and booked; the limit is 2.0%."
        " It is the furthest off of 2 stated."
    )
    beyond = verdict(order(line(1, price=Decimal("3.30"))))
    assert "6.5% over" in told(beyond.figures, "Price")
    assert "or 10% where the whole line differs by at most 100; it differs by 20.00" in told(beyond.figures, "Price")


def test_quantity_delivery_credit_and_value_say_what_is_left() -> None:
    """A raised quantity, a late day, what is left of the credit and the order's value stand beside their limits."""
    asked = order(line(1, quantity=Decimal(97), requested_date=date(2026, 11, 10)), stated_total=Decimal("300.70"))
    late = facts(asked, items={"A-1": item(stock=Decimal(0))})
    found = verdict(asked, late, Rules(order_limit=Decimal(400))).figures
    assert "line 1 rises from 97 to 100 (3%), 9.30 more; 25% or 100 more are allowed" in told(found, "Quantity")
    assert "2026-11-10 and possible on 2026-11-16, 6 days late; 10 days" in told(found, "Delivery")
    assert "310.00 EUR, 1310.00 of 50000 would be open, 48690.00 left" in told(found, "Credit")
    assert told(found, "Value") == "Value: 310.00; 400 are booked without a person."
    assert "the stated 300.70" in told(found, "Sums")


def test_what_is_not_near_is_told_too() -> None:
    """An order without a gap says that each price is the agreed one and each quantity as ordered."""
    found = verdict(order()).figures
    assert told(found, "Price") == "Price: the one stated price is the agreed one; the limit is 2.0%."
    assert told(found, "Quantity").startswith("Quantity: the one line is sold as ordered")
    assert "17 days to spare" in told(found, "Delivery")
    assert f"{CUSTOMER.number}, {CUSTOMER.name}, found by email" in told(found, "Customer")


def test_only_an_order_that_is_booked_has_figures() -> None:
    """One that is held, and one that is known already, say why instead."""
    asked = order()
    blocked = replace(CUSTOMER, credit=replace(CUSTOMER.credit, blocked=True))
    assert verdict(asked, facts(asked, customer=blocked)).figures == ()
    proposal = verdict(asked).proposal
    assert proposal is not None
    assert verdict(asked, facts(asked, earlier=(booked(proposal),))).figures == ()
