from __future__ import annotations

import random
from dataclasses import replace
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from bridgehead.documents.order import Line, Order
from bridgehead.templates.purchase_orders.checks.verdict import Facts, Rules, Verdict
from bridgehead.templates.purchase_orders.erp.wire import Credit
from tests.unit.checks.ground import AS_OF, CUSTOMER, facts, item, order, verdict

ROLES = {"order-desk", "planner", "credit-control", "inside-sales", "pricing", "logistics", "sales-lead"}
ITEMS = {
    "A-1": item(),
    "A-2": item("A-2", stock=Decimal(40), min_qty=Decimal(25), multiple=Decimal(25), lead_time_days=5),
    "A-3": item("A-3", status="superseded", superseded_by="A-1"),
    "A-4": item("A-4", base_unit="KGM", units={}, multiple=Decimal("0.5"), min_qty=Decimal("0.5")),
}
PRICES = {"A-1": Decimal("3.1000"), "A-2": Decimal("17.2575"), "A-4": Decimal("0.4450")}

money = st.decimals(min_value=0, max_value=500, places=4)
days = st.dates(AS_OF - timedelta(days=20), AS_OF + timedelta(days=60))


@st.composite
def lines(draw: st.DrawFn, number: int) -> Line:
    name = draw(st.sampled_from(["A-1", "A-1", "A-2", "A-4", "A-3", "??"]))
    near = [PRICES[name], PRICES[name] * Decimal("1.01")] if name in PRICES else []
    return Line(
        number=number,
        quantity=draw(st.decimals(min_value=Decimal(-1), max_value=2000, places=draw(st.integers(0, 3)))),
        unit=draw(st.sampled_from(["EA", "EA", "BX", "KG", "", "DZN"])),
        supplier_part=name,
        price=draw(st.none() | st.sampled_from(near) | money if near else st.none() | money),
        price_basis=draw(st.sampled_from([Decimal(1), Decimal(1), Decimal(100), Decimal(0)])),
        requested_date=draw(st.none() | days),
        amount=draw(st.none() | money),
    )


@st.composite
def orders(draw: st.DrawFn) -> Order:
    count = draw(st.integers(1, 6))
    return order(
        *[draw(lines(number)) for number in range(1, count + 1)],
        requested_date=draw(st.none() | days),
        stated_total=draw(st.none() | money),
        stated_line_count=draw(st.none() | st.just(count) | st.integers(0, 8)),
        warnings=draw(st.just(()) | st.just(("uncertain: a field",))),
        incoterms=draw(st.none() | st.sampled_from(["DAP", "EXW"])),
    )


credits_ = st.builds(
    Credit,
    limit=st.sampled_from([Decimal(10**9), Decimal(2000)]),
    open=st.just(Decimal(1000)),
    overdue_days=st.sampled_from([0, 0, 45]),
    blocked=st.sampled_from([False, False, True]),
)


def judge(asked: Order, credit: Credit) -> tuple[Facts, Verdict]:
    known = facts(asked, items=ITEMS, prices=PRICES, customer=replace(CUSTOMER, credit=credit))
    return known, verdict(asked, known, Rules(order_limit=Decimal(25000)))


@settings(max_examples=400)
@given(orders(), credits_)
def test_bookings_balance(asked: Order, credit: Credit) -> None:
    """A booking's total is the sum of its rounded lines, in sellable quantities, at agreed prices, not before today."""
    _, found = judge(asked, credit)
    if found.booking is None:
        return
    cents = [(one.quantity * one.price).quantize(Decimal("0.01"), ROUND_HALF_UP) for one in found.booking.lines]
    assert found.booking.total == sum(cents)
    assert found.booking.header_code == ("AC" if {one.code for one in found.booking.lines} - {"IA"} else "AD")
    for one in found.booking.lines:
        assert one.price == PRICES[one.item]
        assert one.quantity >= ITEMS[one.item].min_qty
        assert one.quantity % ITEMS[one.item].multiple == 0
        assert one.date > AS_OF


@settings(max_examples=400)
@given(orders(), credits_)
def test_no_line_is_dropped(asked: Order, credit: Credit) -> None:
    """Every line of the order is on the verdict, and a booking has exactly the order's lines."""
    _, found = judge(asked, credit)
    numbers = [one.number for one in asked.lines]
    assert [one.line for one in found.lines] == numbers
    for one in found.lines:
        assert (one.code is None) == bool(one.holds) or found.holds
    if found.booking is not None:
        assert [one.line for one in found.booking.lines] == numbers
        assert [one.code for one in found.booking.lines] == [one.code for one in found.lines]


@settings(max_examples=400)
@given(orders(), credits_)
def test_an_order_is_booked_or_somebody_has_it(asked: Order, credit: Credit) -> None:
    """There is a booking, or a hold with a known role and a reason, never neither and never both."""
    _, found = judge(asked, credit)
    assert (found.booking is None) == bool(found.holds)
    for hold in found.holds:
        assert hold.role in ROLES
        assert len(hold.reason) > 10
    assert [hold.rule for hold in found.holds] == sorted(hold.rule for hold in found.holds)


@settings(max_examples=300)
@given(orders(), credits_, st.integers(0, 10**6))
def test_the_order_of_lines_does_not_matter(asked: Order, credit: Credit, seed: int) -> None:
    """The same lines in another order give the same booking, the same holds and the same codes."""
    _, found = judge(asked, credit)
    mixed = list(asked.lines)
    random.Random(seed).shuffle(mixed)
    _, again = judge(replace(asked, lines=tuple(mixed)), credit)
    assert again.booking == found.booking
    assert again.holds == found.holds
    assert {one.line: one for one in again.lines} == {one.line: one for one in found.lines}


@given(st.dates(date(2026, 1, 1), date(2027, 1, 1)), st.integers(0, 600))
def test_no_promise_is_earlier_than_possible(wanted: date, stock: int) -> None:
    """Whatever date is asked for, a confirmed date is never before the earliest one and never before the wish."""
    asked = order(requested_date=wanted)
    found = verdict(asked, facts(asked, items={"A-1": item(stock=Decimal(stock))}))
    if found.booking is not None:
        earliest = date(2026, 11, 3) if stock >= 100 else date(2026, 11, 16)
        assert found.booking.lines[0].date == max(wanted, earliest)
        assert (found.booking.lines[0].date - wanted).days <= 10
