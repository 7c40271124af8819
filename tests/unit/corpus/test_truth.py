"""The truth of every order follows from the master data and from what is said to be the matter with it."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from decimal import Decimal
from typing import Any

from tests.unit.corpus.runs import SEEDS, defects, made, master, orders

SEED = SEEDS[0]
OWNERS = {
    "duplicate": {"order-desk", "planner"},
    "text": {"order-desk"},
    "ship_to": {"order-desk"},
    "credit": {"credit-control"},
    "totals": {"order-desk"},
    "item": {"inside-sales"},
    "price": {"pricing"},
    "unit": {"inside-sales"},
    "quantity": {"inside-sales"},
    "date": {"planner"},
    "unreadable": {"order-desk"},
}
ALONE = {
    "unknown_part": {"item"},
    "price_beyond": {None, "price"},
    "price_within": {None},
    "unit_mismatch": {None, "unit"},
    "below_minimum": {None, "quantity"},
    "date_impossible": {None, "date"},
    "credit_block": {"credit"},
    "unknown_ship_to": {"ship_to"},
    "totals_mismatch": {"totals"},
    "contradicting_text": {"text"},
    "hidden_instructions": {"text"},
    "exact_resend": {None},
    "changed_resend": {"duplicate"},
    "change_or_cancel": {"duplicate"},
    "broken_document": {"unreadable"},
    "two_orders": {None},
}


def test_a_booking_keeps_the_rules() -> None:
    """What is booked without a person is of the customer's data: item, quantity, price of the day, place, limit."""
    world = master(SEED)
    customers = {customer["number"]: customer for customer in world["customers"]}
    items = {item["number"]: item for item in world["items"]}
    prices = defaultdict(list)
    for record in world["prices"]:
        prices[record["customer"], record["item"]].append(record)
    today = date.fromisoformat(world["as_of"])
    booked = 0
    for arrival, order in orders(SEED):
        booking: Any = order["booking"]
        if booking is None:
            continue
        booked += 1
        customer = customers[booking["customer"]]
        assert booking["currency"] == customer["currency"]
        assert booking["ship_to"] in {place["id"] for place in customer["ship_tos"]}, arrival.name
        assert not customer["credit"]["blocked"]
        total = Decimal(0)
        for line in booking["lines"]:
            item = items[line["item"]]
            quantity, price = Decimal(line["quantity"]), Decimal(line["price"])
            assert item["status"] == "active"
            assert line["unit"] == item["base_unit"]
            assert quantity >= Decimal(item["min_qty"])
            assert quantity % Decimal(item["multiple"]) == 0, arrival.name
            day = booking["order_date"]
            agreed = [
                record["price"]
                for record in prices[customer["number"], item["number"]]
                if record["valid_from"] <= day <= (record["valid_to"] or day)
            ]
            assert price == Decimal(*agreed or [item["list_price"][customer["currency"]]]), arrival.name
            assert date.fromisoformat(line["date"]) > today
            total += (quantity * price).quantize(Decimal("0.01"), "ROUND_HALF_UP")
        assert total == Decimal(booking["total"]) <= 25000, arrival.name
        assert booking["header_code"] == ("AD" if {line["code"] for line in booking["lines"]} == {"IA"} else "AC")
    assert booked > 1500


def test_a_complication_alone_has_its_cause() -> None:
    """One complication holds its order for its cause, or is resolved by rule; without one an order is booked."""
    seen: dict[str, set[str | None]] = {}
    for arrival, order in orders(SEED):
        matter = defects(arrival) - {"customer_part_number"}
        found: Any = order["cause"]
        if not matter:
            assert (order["touchless"], found) == (True, None), arrival.name
            assert {line["code"] for line in order["booking"]["lines"]} == {"IA"}, arrival.name
        elif len(matter) == 1:
            seen.setdefault(next(iter(matter)), set()).add(found)
    assert seen == ALONE


def test_a_held_order_has_one_owner_and_no_booking() -> None:
    """Every order is either touchless or owned by the role of its cause, never both."""
    for arrival, order in orders(SEED):
        if order["touchless"]:
            assert (order["owner"], order["cause"]) == (None, None), arrival.name
        else:
            assert order["owner"] in OWNERS[order["cause"]], arrival.name
            assert order["booking"] is None, arrival.name


def test_hard_complications_are_never_booked() -> None:
    """Nothing is booked from a mail that gives instructions or contradicts itself, nor from a broken document."""
    hard = {"hidden_instructions", "contradicting_text", "broken_document", "changed_resend", "change_or_cancel"}
    for arrival, order in orders(SEED):
        several = "two_orders" in defects(arrival) and arrival.truth["format"] != "email"
        if defects(arrival) & hard and not several:
            assert order["booking"] is None, arrival.name


def test_resends_repeat_and_changes_differ() -> None:
    """An exact resend reads as what it repeats; a changed one differs and keeps the number; neither books."""
    by_name = {arrival.name: arrival for arrival in made(SEED)}
    for arrival in made(SEED):
        base: Any = arrival.truth["resend_of"]
        if base is None:
            continue
        mine: Any = arrival.truth["orders"]
        theirs: Any = by_name[base].truth["orders"]
        one, other = mine[0]["reading"], theirs[0]["reading"]
        assert one["po_number"] == other["po_number"], arrival.name
        assert (one["lines"] == other["lines"]) is (arrival.truth["relation"] == "resend") or one != other, arrival.name
        assert mine[0]["booking"] is None
        assert mine[0]["touchless"] is (arrival.truth["relation"] == "resend")


def test_a_purchase_order_number_is_of_one_order() -> None:
    """A customer's number names two orders of a run only where one repeats, changes or cancels the other."""
    seen: set[tuple[str, str]] = set()
    for arrival, order in orders(SEED):
        if order["reading"] and arrival.truth["relation"] == "new":
            key = (order["customer"], order["reading"]["po_number"])
            assert key not in seen, arrival.name
            seen.add(key)


def test_what_is_no_order_has_a_queue() -> None:
    """An arrival that is no order holds none and belongs to a queue; a broken one to the order desk."""
    for arrival in made(SEED):
        if not arrival.truth["is_order"]:
            assert arrival.truth["orders"] == []
            assert arrival.truth["queue"] in {"order-desk", "logistics", "none"}
        elif "broken_document" in defects(arrival):
            assert arrival.truth["queue"] == "order-desk"
        else:
            assert arrival.truth["queue"] is None
