"""An order says how near it came to each check, booked or held, and what is booked otherwise than it asks."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

from bridgehead.documents.order import Party
from bridgehead.templates.purchase_orders.checks.verdict import Facts, Rules
from bridgehead.templates.purchase_orders.erp.wire import Quote, ResolvedLine
from tests.unit.checks.ground import CUSTOMER, PARTY, booked, facts, item, line, order, verdict


def told(found: tuple[str, ...], opening: str) -> str:
    """Returns the one sentence about a check."""
    (sentence,) = [one for one in found if one.startswith(opening)]
    return sentence


def test_a_price_says_its_gap_and_the_limit_of_the_line_that_is_furthest_off() -> None:
    """Of two lines off the contract price the further one is told, with its item, both prices and the tolerance."""
    asked = order(line(1, price=Decimal("3.13")), line(2, price=Decimal("3.05")))
    assert told(verdict(asked).figures, "Price") == (
        "Price: line 2 (A-1) is 1.6% under the contract price: 3.05 asked, 3.1 agreed; the limit is 2.0%."
        " It is the furthest off of 2 stated."
    )
    beyond = verdict(order(line(1, price=Decimal("3.30"))))
    assert "6.5% over" in told(beyond.figures, "Price")
    assert "or 10% where the whole line differs by at most 100; it differs by 20.00" in told(beyond.figures, "Price")


def test_what_is_booked_otherwise_than_asked_is_told_line_by_line() -> None:
    """A price above and one below the stated ones, a raised quantity and a later day are named with their figures."""
    asked = order(
        line(1, price=Decimal("3.13"), requested_date=date(2026, 11, 10)),
        line(2, price=Decimal("3.05"), quantity=Decimal(97)),
    )
    found = told(verdict(asked, facts(asked, items={"A-1": item(stock=Decimal(0))})).figures, "Booked")
    assert found == (
        "Booked otherwise than asked: line 1 (A-1) at the agreed 3.1 EUR per C62, which is below the stated 3.13"
        " (3.00 EUR for the line); line 1 (A-1) for 2026-11-16, 6 days after the wanted 2026-11-10; line 2 (A-1) at the"
        " agreed 3.1 EUR per C62, which is above the stated 3.05 (5.00 EUR for the line); line 2 (A-1) with 100 C62,"
        " for 97 ordered (at least 10 C62 are sold, in multiples of 5). All else is booked as asked."
    )
    assert told(verdict(order()).figures, "Booked") == (
        "Booked as asked: every quantity and day, at the stated prices, which are the agreed ones."
    )
    bare = verdict(order(line(1, price=None)))
    assert told(bare.figures, "Booked").endswith("at the agreed prices, for none is stated.")


def test_a_quantity_below_the_minimum_names_what_was_ordered_the_item_and_the_minimum() -> None:
    """Who asks why two are booked reads that one was ordered, of which item, and that at least two are sold."""
    asked = order(line(1, quantity=Decimal(1)))
    one = verdict(asked, facts(asked, items={"A-1": item(min_qty=Decimal(2), multiple=Decimal(1))})).figures
    assert told(one, "Quantity") == (
        "Quantity: line 1 (A-1) must rise from 1 ordered to 2 (100%), 3.10 more: at least 2 C62 are sold, in multiples"
        " of 1; 25% or 100 more are allowed. 1 of 1 lines rise."
    )
    boxes = verdict(order(line(1, quantity=Decimal(1), unit="BX", price=Decimal("37.20")))).figures
    assert "from 1 BX = 12 C62 ordered to 15 (25%)" in told(boxes, "Quantity")


def test_a_unit_and_a_price_for_many_are_told_in_the_items_own_unit() -> None:
    """What a box or a price per hundred comes to in base units is told, and nothing where no reckoning is needed."""
    asked = order(
        line(1, quantity=Decimal(5), unit="BX", price=Decimal("37.20")),
        line(2, price=Decimal(310), price_basis=Decimal(100)),
        line(3),
    )
    found = verdict(asked).figures
    assert told(found, "Units") == (
        "Units: line 1 (A-1) 5 BX = 60 C62, and the stated 37.20 per BX is 3.1 per C62; line 2 (A-1) 100 EA = 100 C62,"
        " and the stated 310 per 100 EA is 3.1 per C62."
    )
    assert not [one for one in verdict(order()).figures if one.startswith("Units")]
    undated = verdict(order(requested_date=None)).figures
    assert "every quantity, for the earliest day, because none is named, at the stated" in told(undated, "Booked")


def test_quantity_delivery_credit_and_value_say_what_is_left() -> None:
    """A raised quantity, a late day, what is left of the credit and the order's value stand beside their limits."""
    asked = order(line(1, quantity=Decimal(97), requested_date=date(2026, 11, 10)), stated_total=Decimal("300.70"))
    late = facts(asked, items={"A-1": item(stock=Decimal(0))})
    found = verdict(asked, late, Rules(order_limit=Decimal(400))).figures
    assert "line 1 (A-1) must rise from 97 ordered to 100 (3%), 9.30 more" in told(found, "Quantity")
    assert "25% or 100 more are allowed" in told(found, "Quantity")
    assert (
        "2026-11-10 and possible on 2026-11-16 (0 C62 in stock; what they do not cover takes 14 days), 6 days late; 10"
        in told(found, "Delivery")
    )
    assert "310.00 EUR, 1310.00 of 50000 would be open, 48690.00 left" in told(found, "Credit")
    assert told(found, "Value") == "Value: 310.00; 400 are booked without a person."
    assert "the stated 300.70" in told(found, "Sums")


def test_what_is_not_near_is_told_too() -> None:
    """An order without a gap says that each price is the agreed one and each quantity as ordered."""
    found = verdict(order()).figures
    assert told(found, "Price") == "Price: the one stated price is the agreed one, a contract price; the limit is 2.0%."
    assert told(found, "Quantity") == (
        "Quantity: the one line is sold as ordered; nearest its minimum is line 1 (A-1): 100 ordered, at least 10 C62"
        " are sold, in multiples of 5; 25% or 100 more are allowed."
    )
    assert (
        told(found, "ERP prices")
        == "ERP prices of the order's date, 2026-10-30: line 1 (A-1) 3.1 per C62, a contract price, 3.1 stated."
    )
    assert not [one for one in found if one.startswith("Earliest")]
    two = verdict(order(line(1, price=None), line(2))).figures
    assert told(two, "ERP prices").startswith(
        "ERP prices of the order's date, 2026-10-30: line 1 (A-1) 3.1 per C62, a contract price, none stated; line 2"
    )
    assert told(two, "Earliest") == "Earliest days: line 1 (A-1) 2026-11-03; line 2 (A-1) 2026-11-03."
    assert "17 days to spare" in told(found, "Delivery")
    assert f"{CUSTOMER.number}, {CUSTOMER.name}, found by email" in told(found, "Customer")


def test_an_item_says_by_what_it_was_found() -> None:
    """The customer's own number is told with the list that says so and with what that list does not tell."""
    asked = order(line(1), line(2, supplier_part=None, customer_part="RW-77"), line(3))
    known = (ResolvedLine(item(), "number"), ResolvedLine(item("A-2"), "xref"), ResolvedLine(item("A-3"), "gtin"))
    plain = facts(asked, items={"A-1": item(), "A-2": item("A-2"), "A-3": item("A-3")})
    found = verdict(asked, replace(plain, resolved=known)).figures
    assert [one for one in found if one.startswith("Items")] == [
        (
            "Items: by the list of this customer's part numbers in the ERP (customer_parts), line 2: RW-77 is our A-2;"
            " the ERP does not tell since when an entry is in it."
        ),
        "Items: by our own number, line 1 (A-1).",
        "Items: by a GTIN that is on file, line 3 (A-3).",
    ]


def test_an_order_that_is_held_says_how_near_it_came_too() -> None:
    """One that is held tells what could be known, and nothing of a booking; one that is known already says why."""
    asked = order(stated_total=Decimal(1))
    blocked = replace(CUSTOMER, credit=replace(CUSTOMER.credit, blocked=True, limit=Decimal(1000)))
    held = verdict(asked, facts(asked, customer=blocked)).figures
    assert "310.00 too much" in told(held, "Credit")
    assert "the customer is blocked" in told(held, "Credit")
    assert told(held, "Sums") == "Sums: the lines add up to 310.00, not to 1; no difference is allowed."
    assert told(held, "Price").startswith("Price: the one stated price")
    assert not [one for one in held if one.startswith("Booked")]
    unknown = order(line(supplier_part="A-77"))
    assert not [one for one in verdict(unknown).figures if one.startswith(("Price", "Quantity", "Items", "Booked"))]
    assert [one.split(":")[0] for one in verdict(order(), Facts(not_found="Nobody.")).figures] == ["Sums"]
    proposal = verdict(order()).proposal
    assert proposal is not None
    again = verdict(order(), facts(order(), earlier=(booked(proposal),)))
    assert again.figures == ()
    assert again.reason() == (
        "The same order is booked already as SO-1: customer, PO number, currency and ship-to are equal, and so are"
        " item, quantity, unit, price and day of the one line, as they would be booked. Order date, line numbers,"
        " texts and the form of the document were not compared."
    )


def test_only_a_price_of_a_contract_is_called_agreed() -> None:
    """A price of the list is told as that, where it is booked and where it is compared, with the day it held until."""
    asked = order(line(1, price=Decimal("3.13")))
    ended = {"A-1": Quote("A-1", Decimal("3.1000"), "list", date(2026, 10, 31))}
    found = verdict(asked, facts(asked, quotes=ended)).figures
    assert not [one for one in found if "agreed" in one]
    assert "line 1 (A-1) at the list price 3.1 EUR per C62" in told(found, "Booked")
    assert "3.13 asked, 3.1 on the list" in told(found, "Price: ")
    assert "a list price that held until 2026-10-31 and counts because the order" in told(found, "ERP prices")
    same = order(line(1, price=Decimal("3.1000")))
    whole = verdict(same, facts(same, quotes=ended)).figures
    assert not [one for one in whole if "agreed" in one]


def test_a_line_whose_unit_is_not_known_names_the_price_of_its_item() -> None:
    """Who settles a unit reads what the item costs by the ERP, what is stated, and why the two were not compared."""
    asked = order(line(1, unit="KARTONS", price=Decimal("190.20")))
    found = verdict(asked, facts(asked, items={"A-1": item(units={"BX": Decimal(12)})})).figures
    assert (
        "line 1 (A-1) 3.1 per C62, a contract price, and 190.2 per KARTONS is stated, which was not compared"
        in told(found, "ERP prices")
    )
    assert "nothing tells how many C62 one KARTONS holds" in told(found, "ERP prices")
    assert "line 1 counts at its own stated price" in told(found, "Credit")


def test_the_credit_says_at_which_price_a_disputed_line_counts() -> None:
    """A line far off its price counts at the ERP's one, which is said with both, and what the stated ones come to."""
    asked = order(line(1), line(2, price=Decimal("1.10")))
    verdict_ = verdict(asked)
    said = told(verdict_.figures, "Credit")
    assert "line 2 counts at the contract price of 3.1 per C62, not at the 1.1 that is stated" in said
    assert "At the stated prices the order comes to 420.00." in said
    assert "line 1 counts" not in said
    poor = replace(CUSTOMER, credit=replace(CUSTOMER.credit, limit=Decimal(1100)))
    holds = verdict(asked, facts(asked, customer=poor)).holds
    assert any("line 2 counts at the contract price" in hold.reason for hold in holds if hold.cause == "credit")


def test_a_document_without_a_currency_says_which_one_counts_and_why() -> None:
    """Whose document names none reads that the customer's own in the ERP was used; one that names it says nothing."""
    assert told(verdict(order(currency=None)).figures, "Currency") == (
        "Currency: the document names none; EUR was used, in which the ERP keeps the prices and the account of customer"
        " C100."
    )
    ended = replace(order(purpose="cancel", currency=None), lines=())
    for silent in (order(), ended):
        assert not [one for one in verdict(silent).figures if one.startswith("Currency")]


def test_a_change_without_a_ship_to_asks_for_none() -> None:
    """A change that names no ship-to leaves the goods where they go; one with an unknown ship-to is held for it too."""
    asked = order(purpose="change", ship_to=None)
    found = verdict(asked)
    assert [hold.cause for hold in found.holds] == ["change"]
    assert "it names no ship-to, and that of the order that it is about counts" in told(found.figures, "Customer")
    elsewhere = order(purpose="change", ship_to=replace(PARTY, street="Nirgendweg 1", city="Ulm", postal_code="89073"))
    assert "ship_to" in [hold.cause for hold in verdict(elsewhere).holds]


def test_a_ship_to_that_is_a_number_alone_is_told_by_it() -> None:
    """Whose document names a place by a number that is not on file reads that number, never an empty place."""
    asked = order(ship_to=Party(number="11252"))
    reasons = [hold.reason for hold in verdict(asked).holds if hold.cause == "ship_to"]
    assert [one.partition(" is not one")[0] for one in reasons] == ["The ship-to (its number is given as 11252)"]
