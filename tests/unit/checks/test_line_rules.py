from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from bridgehead.documents.order import Line
from bridgehead.templates.purchase_orders.checks.lines import next_working_day, sellable
from bridgehead.templates.purchase_orders.checks.units import base_units_in
from bridgehead.templates.purchase_orders.checks.verdict import Rules, Verdict
from bridgehead.templates.purchase_orders.erp.wire import Item, OrderLine, Quote
from tests.unit.checks.ground import facts, item, line, order, verdict


def judged(asked: Line, **changes: object) -> Verdict:
    """Returns the verdict on an order of one line, its item changed as said."""
    whole = order(asked)
    return verdict(whole, facts(whole, items={"A-1": item(**changes)}))


def only_line(found: Verdict) -> OrderLine:
    assert found.booking is not None, found.reason()
    (booked,) = found.booking.lines
    return booked


def owner(found: Verdict) -> tuple[str, str] | None:
    return None if found.hold is None else (found.hold.role, found.hold.cause)


# --- rule 6 -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("changes", [{"status": "blocked"}, {"status": "superseded", "superseded_by": "A-2"}])
def test_items_that_are_not_sold_are_held(changes: dict[str, object]) -> None:
    """A blocked and a superseded item are for inside sales, the successor named."""
    found = judged(line(), **changes)
    assert owner(found) == ("inside-sales", "item")
    assert str(changes.get("superseded_by", "")) in found.reason()


def test_an_unknown_item_is_held_with_its_names() -> None:
    """An item that is not on file is for inside sales, and the reason names what was ordered."""
    found = judged(line(supplier_part="A-77", customer_part="RW-1"))
    assert owner(found) == ("inside-sales", "item")
    assert "A-77 or RW-1" in found.reason()


def test_a_line_without_a_number_or_a_unit_is_told_in_plain_words() -> None:
    """A line that names no part says what it describes; one without a unit says that it names none."""
    described = judged(line(supplier_part=None, description="Bracket, bent")).reason()
    assert described.startswith("Line 1: it gives no part number and no GTIN, only a description (Bracket, bent). Only")
    assert (
        judged(line(supplier_part=None))
        .reason()
        .startswith("Line 1: it gives no part number, no GTIN and no description.")
    )
    unknown = judged(line(supplier_part="A-77", description="Bracket")).reason()
    assert unknown.startswith("Line 1: no item on file has the number A-77 (Bracket).")
    assert judged(line(unit=" ", price=None)).reason() == (
        "Line 1 names no unit, and A-1 is sold by more than one: C62, BX of 12, CT of 144."
    )


# --- rule 7 -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "price, code",
    [
        (None, "IA"),
        ("3.1000", "IA"),
        ("3.1", "IA"),
        ("3.1001", "IP"),
        ("3.1620", "IP"),
        ("3.0380", "IP"),
        ("3.1621", "IP"),
        ("3.0379", "IP"),
        ("3.4100", "IP"),
        ("2.7900", "IP"),
        ("3.4101", None),
        ("2.7899", None),
        ("0", None),
        ("310", None),
    ],
)
def test_prices_within_bounds_become_the_agreed_one(price: str | None, code: str | None) -> None:
    """A price off by at most ten per cent of a small line is booked at the agreed one; further off goes to pricing."""
    found = judged(line(price=None if price is None else Decimal(price)))
    if code is None:
        assert owner(found) == ("pricing", "price")
    else:
        booked = only_line(found)
        assert (booked.code, booked.price) == (code, Decimal("3.1000"))


def test_an_item_without_an_agreed_price_is_held() -> None:
    """Where neither contract nor list has a price, the stated one is not taken on trust."""
    whole = order()
    assert owner(verdict(whole, facts(whole, prices={}))) == ("pricing", "price")


def test_a_line_amount_is_a_price() -> None:
    """A line that states only its amount is held to it: the right one passes, another goes to pricing."""
    assert only_line(judged(line(price=None, amount=Decimal("310.00")))).code == "IA"
    assert owner(judged(line(price=None, amount=Decimal("350.00")))) == ("pricing", "price")


def test_a_price_per_hundred_is_compared_per_piece() -> None:
    """A price for 100 pieces is divided by its basis before it is compared."""
    assert only_line(judged(line(price=Decimal("310.00"), price_basis=Decimal(100)))).code == "IA"
    assert owner(judged(line(price=Decimal("3.10"), price_basis=Decimal(100)))) == ("pricing", "price")


@pytest.mark.parametrize(
    "price, quantity, gap, most, held",
    [
        ("3.1620", 10_000, "0.10", "100", False),  # within tolerance: the bounds do not matter
        ("3.3000", 500, "0.10", "100", False),
        ("3.3000", 500, "0.10", "99.99", True),
        ("3.3000", 501, "0.10", "100", True),
        ("3.3000", 500, "0.06", "100", True),
        ("3.1621", 100, "0", "0", True),
    ],
)
def test_both_bounds_of_a_price_count(price: str, quantity: int, gap: str, most: str, *, held: bool) -> None:
    """Beyond tolerance a price is answered with the agreed one only within its share and its amount over the line."""
    whole = order(line(price=Decimal(price), quantity=Decimal(quantity)))
    rules = Rules(max_price_gap=Decimal(gap), max_price_difference=Decimal(most))
    found = verdict(whole, facts(whole, prices={"A-1": Decimal("3.1")}), rules)
    assert (found.hold is not None and found.hold.cause == "price") == held
    if not held:
        assert (only_line(found).code, only_line(found).price) == ("IP", Decimal("3.1"))


@pytest.mark.parametrize("stated", [None, "0.01113", "11.13"])
def test_small_prices_are_booked_with_all_their_decimals(stated: str | None) -> None:
    """The exact price of one piece of what is priced per 1000 is booked, and compared as the document states it."""
    basis = Decimal(1000 if stated == "11.13" else 1)
    whole = order(line(price=None if stated is None else Decimal(stated), price_basis=basis))
    booked = only_line(verdict(whole, facts(whole, prices={"A-1": Decimal("0.01113000")})))
    assert (booked.code, booked.price) == ("IA", Decimal("0.01113"))
    dear = order(line(price=Decimal("0.0123741")))
    said = verdict(dear, facts(dear, prices={"A-1": Decimal("0.01113")})).reason()
    assert "0.01237 EUR per C62 is asked, 11.2% over the contract price of 0.01113" in said


@pytest.mark.parametrize(
    "price, changes, quantity, expected, says",
    [
        ("0.0111333", {}, 100, ("pricing", "price"), "price 0.0111333"),
        ("3.10", {"multiple": Decimal("0.0005")}, "10.0005", ("inside-sales", "quantity"), "quantity 10.0005"),
        ("3.10", {"number": "A" * 21}, 100, ("inside-sales", "item"), "item " + "A" * 21),
    ],
)
def test_what_a_booking_cannot_hold_is_for_a_person(
    price: str, changes: dict[str, object], quantity: object, expected: tuple[str, str], says: str
) -> None:
    """A price, quantity or item number that no booking can hold is handed over, with the line and the value."""
    whole = order(line(price=None, quantity=Decimal(str(quantity))))
    known = facts(whole, items={"A-1": item(**changes)})
    quotes = {name: Quote(name, Decimal(price), "contract") for name in ("A-1", "A" * 21)}
    found = verdict(whole, replace(known, quotes=quotes))
    assert owner(found) == expected
    assert f"Line 1 cannot be booked: {says}: " in found.reason()


# --- rule 8 -----------------------------------------------------------------------------------------------------


def test_a_change_that_counts_nothing_is_a_change_and_no_more() -> None:
    """A position whose day alone changes, or that is taken out, is held as a change; no quantity or unit is missed."""
    nothing = line(quantity=Decimal(0), unit="", price=None)
    whole = order(nothing, purpose="change")
    found = verdict(whole, facts(whole, items={"A-1": item()}))
    assert [(hold.rule, hold.cause) for hold in found.holds] == [(1, "change")]
    ordered = order(nothing)
    assert {hold.cause for hold in verdict(ordered, facts(ordered, items={"A-1": item()})).holds} == {"totals", "unit"}


@pytest.mark.parametrize("unit", ["EA", "PCE", "pc", "C62", "St.", "STK", "H87"])
def test_pieces_are_pieces_in_every_spelling(unit: str) -> None:
    """All ways to write a piece mean the base unit."""
    assert only_line(judged(line(unit=unit))).quantity == Decimal(100)


def test_boxes_become_pieces_and_so_does_their_price() -> None:
    """Ten boxes of twelve at 37.20 are 120 pieces at 3.10, accepted as they are."""
    booked = only_line(judged(line(unit="BOX", quantity=Decimal(10), price=Decimal("37.20"))))
    assert (booked.quantity, booked.unit, booked.price, booked.code) == (Decimal(120), "C62", Decimal("3.1000"), "IA")


def test_a_box_price_rounded_to_cents_is_no_difference() -> None:
    """A price per box that is the agreed one but for the document's rounding is accepted, not changed."""
    whole = order(line(unit="BX", quantity=Decimal(10), price=Decimal("38.80")))
    found = verdict(whole, facts(whole, prices={"A-1": Decimal("3.2333")}))
    assert only_line(found).code == "IA"


def test_a_box_at_the_price_of_a_piece_is_held() -> None:
    """The right price under the wrong unit is a price far off, never a bargain."""
    assert owner(judged(line(unit="BX", price=Decimal("3.10")))) == ("pricing", "price")


@pytest.mark.parametrize(
    "base, unit, code, asked, base_quantity",
    [
        ("C62", "DZN", "", 5, "60"),
        ("C62", "GRO", "", 1, "144"),
        ("C62", "Tsd", "", 1, "1000"),
        ("C62", "H87", "H87", 7, "7"),
        ("C62", "T", "MIL", 1, "1000"),
        ("KGM", "g", "", 250, "0.25"),
        ("KGM", "TNE", "", 2, "2000"),
        ("MTR", "cm", "", 150, "1.5"),
        ("LTR", "ML", "", 50, "0.05"),
        ("MTK", "MMK", "", 2_000_000, "2"),
    ],
)
def test_units_of_one_dimension_convert_exactly(
    base: str, unit: str, code: str, asked: int, base_quantity: str
) -> None:
    """A dozen is twelve pieces and a gram a thousandth of a kilogram, for any item."""
    found = base_units_in(item(base_unit=base, units={}), unit, code, priced=True)
    assert found is not None
    assert found * asked == Decimal(base_quantity)


def test_an_items_own_size_of_a_unit_comes_first() -> None:
    """An item sold in dozens of its own, thirteen, is converted by its own table."""
    assert base_units_in(item(units={"DZN": Decimal(13)}), "DZN", priced=True) == 13


@pytest.mark.parametrize("unit", ["PAL", "KGM", "CMT", "XYZ"])
def test_a_unit_the_item_is_not_sold_by_is_held(unit: str) -> None:
    """A known or unknown unit that neither the item nor its dimension explains is for inside sales."""
    found = judged(line(unit=unit))
    assert owner(found) == ("inside-sales", "unit")


def test_no_unit_is_the_base_unit_only_when_it_can_be_checked() -> None:
    """A line without a unit means pieces if a price confirms it or nothing else is sold; else a person says."""
    assert only_line(judged(line(unit=""))).quantity == Decimal(100)
    assert only_line(judged(line(unit="", price=None), units={})).quantity == Decimal(100)
    assert owner(judged(line(unit="", price=None))) == ("inside-sales", "unit")
    assert owner(judged(line(unit="", price=Decimal("37.20")))) == ("pricing", "price")


# --- rule 9 -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "asked, least, multiple, sold",
    [(100, 10, 5, 100), (3, 10, 5, 10), (12, 10, 5, 15), (3, 12, 5, 15), (10, 10, 5, 10), (7, 0, 1, 7)],
)
def test_sellable_quantities(asked: int, least: int, multiple: int, sold: int) -> None:
    """The quantity sold is the smallest whole multiple that reaches both the request and the minimum."""
    thing: Item = item(min_qty=Decimal(least), multiple=Decimal(multiple))
    assert sellable(thing, Decimal(asked)) == Decimal(sold)


@pytest.mark.parametrize(
    "quantity, price, sold",
    [
        ("97", "3.10", "100"),  # a little more
        ("4", "3.10", "10"),  # 150 % more, and less than 100 in money
        ("4", "20.00", "10"),  # 150 % and 120 more
        ("81", "50.00", "85"),  # 200 more, and less than 25 %
    ],
)
def test_quantities_are_raised_when_it_costs_little(quantity: str, price: str, sold: str) -> None:
    """A raised quantity is booked with IQ unless it makes the line dearer by both a quarter and a hundred."""
    whole = order(line(quantity=Decimal(quantity), price=Decimal(price)))
    found = verdict(whole, facts(whole, prices={"A-1": Decimal(price)}))
    if (quantity, price) == ("4", "20.00"):
        assert owner(found) == ("inside-sales", "quantity")
    else:
        booked = only_line(found)
        assert (booked.quantity, booked.code) == (Decimal(sold), "IQ")


def test_the_edges_of_a_raise_are_still_booked() -> None:
    """Exactly a quarter more, and exactly a hundred more, are booked; a cent beyond both is held."""
    for price, held in (("20.00", False), ("20.01", True)):
        whole = order(line(quantity=Decimal(5), price=Decimal(price)))
        found = verdict(whole, facts(whole, items={"A-1": item()}, prices={"A-1": Decimal(price)}))
        assert (owner(found) == ("inside-sales", "quantity")) is held, price
    whole = order(line(quantity=Decimal(8), price=Decimal(100)))
    found = verdict(whole, facts(whole, items={"A-1": item(multiple=Decimal(10))}, prices={"A-1": Decimal(100)}))
    assert only_line(found).quantity == Decimal(10)


# --- rule 10 ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "day, after",
    [
        (date(2026, 11, 2), date(2026, 11, 3)),
        (date(2026, 11, 6), date(2026, 11, 9)),
        (date(2026, 11, 7), date(2026, 11, 9)),
    ],
)
def test_the_next_working_day(day: date, after: date) -> None:
    """Saturdays and Sundays are no working days."""
    assert next_working_day(day) == after


@pytest.mark.parametrize(
    "wanted, stock, lead, confirmed, code",
    [
        ("2026-11-20", 100, 14, "2026-11-20", "IA"),  # covered by the last piece
        ("2026-11-03", 100, 14, "2026-11-03", "IA"),  # the earliest day itself
        ("2026-11-02", 100, 14, "2026-11-03", "DR"),  # today
        ("2026-11-16", 99, 14, "2026-11-16", "IA"),  # the day lead time ends
        ("2026-11-06", 99, 14, "2026-11-16", "DR"),  # ten days late
        ("2026-11-05", 99, 14, None, None),  # eleven days late
        (None, 100, 14, "2026-11-03", "IA"),
        (None, 0, 14, "2026-11-16", "IA"),
    ],
)
def test_dates(wanted: str | None, stock: int, lead: int, confirmed: str | None, code: str | None) -> None:
    """Up to ten days late is confirmed at the earliest date with DR; later goes to the planner."""
    asked = order(line(), requested_date=None if wanted is None else date.fromisoformat(wanted))
    found = verdict(asked, facts(asked, items={"A-1": item(stock=Decimal(stock), lead_time_days=lead)}))
    if confirmed is None:
        assert owner(found) == ("planner", "date")
    else:
        booked = only_line(found)
        assert (booked.date, booked.code) == (date.fromisoformat(confirmed), code)


def test_a_lines_own_date_beats_the_orders() -> None:
    """A date on the line is the one that counts."""
    asked = order(line(requested_date=date(2026, 12, 1)))
    assert only_line(verdict(asked)).date == date(2026, 12, 1)


def test_lines_of_one_item_share_its_stock() -> None:
    """Two lines that stock covers one by one and not together both wait for the lead time."""
    asked = order(line(1, quantity=Decimal(300)), line(2, quantity=Decimal(300)), requested_date=date(2026, 11, 10))
    booking = verdict(asked).booking
    assert booking is not None
    assert [(booked.date, booked.code) for booked in booking.lines] == [(date(2026, 11, 16), "DR")] * 2


def test_a_word_for_a_dozen_and_for_boxes_is_decided_by_an_item_that_knows_one() -> None:
    """``dozen`` is twelve in English, boxes in Dutch: an item in boxes of ten asks a person, one of twelve nobody."""
    pieces = item(units={})
    assert base_units_in(pieces, "DOZEN", "DZN", priced=True) == 12
    assert base_units_in(item(units={"BX": Decimal(12)}), "DOZEN", "DZN", priced=True) == 12
    assert base_units_in(item(units={"BX": Decimal(10)}), "DOZEN", "DZN", priced=True) is None
    assert base_units_in(item(units={"BX": Decimal(10)}), "DOOS", "BX", priced=True) == 10
    assert base_units_in(pieces, "ST", "C62", priced=True) == 1


def test_the_first_code_that_applies_is_given() -> None:
    """A line with another date, quantity and price is DR; with another quantity and price IQ; the header is AC."""
    late = order(line(quantity=Decimal(98), price=Decimal("3.11")), requested_date=date(2026, 11, 2))
    booked = only_line(verdict(late))
    assert (booked.code, booked.quantity, booked.price) == ("DR", Decimal(100), Decimal("3.1000"))
    found = verdict(order(line(quantity=Decimal(98), price=Decimal("3.11"))))
    assert only_line(found).code == "IQ"
    assert found.booking is not None
    assert found.booking.header_code == "AC"
