"""The rules of the truth, each at its bounds."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from bridgehead.templates.purchase_orders.corpus.generate import in_trouble, start
from bridgehead.templates.purchase_orders.corpus.master import price_on
from bridgehead.templates.purchase_orders.corpus.model import Customer, Item, World, WrittenLine, WrittenOrder
from bridgehead.templates.purchase_orders.corpus.rules import Facts, Verdict, decide, unit_factor

WORLD = start(7, 1).world


def _case() -> tuple[Customer, Item]:
    """Returns a sound customer and an article in stock that it buys by the piece for more than a few."""
    for customer in WORLD.customers:
        for number in () if in_trouble(customer) else WORLD.assortments[customer.number]:
            item = WORLD.items[number]
            price = price_on(WORLD, customer, item, WORLD.as_of)
            if item.stock >= 50 and item.base_unit == "C62" and item.multiple == 1 and 10 < price < 50:
                return customer, item
    raise AssertionError("nobody buys such an article")


CUSTOMER, ITEM = _case()
AGREED = price_on(WORLD, CUSTOMER, ITEM, WORLD.as_of)


def _decided(price: Decimal, quantity: str = "2", unit: str = "C62", basis: str = "1", world: World = WORLD) -> Verdict:
    line = WrittenLine(
        1, Decimal(quantity), unit, unit, ours=ITEM.number, price=price, basis=Decimal(basis), item=ITEM.number
    )
    order = WrittenOrder(CUSTOMER, "PO-1", (line,), order_date=WORLD.as_of)
    return decide(world, order, Facts(ship_to=CUSTOMER.ship_tos[0].id))


@pytest.mark.parametrize(
    "share, quantity, cause, code",
    [
        ("1", "2", None, "IA"),
        ("1.02", "2", None, "IP"),
        ("1.1", "2", None, "IP"),
        ("0.9", "2", None, "IP"),
        ("1.1001", "2", "price", "hold"),
        ("0.8999", "2", "price", "hold"),
        ("1.1", "50", "price", "hold"),
    ],
)
def test_a_price_within_both_bounds_is_answered_with_the_agreed_one(
    share: str, quantity: str, cause: str | None, code: str
) -> None:
    """Rule 7 books at the agreed price up to 10 % and 100.00 a line, and holds what is beyond either bound."""
    verdict = _decided(AGREED * Decimal(share), quantity)
    assert (verdict.cause, verdict.owner) == (cause, "pricing" if cause else None)
    assert verdict.line_codes == (code,)
    if verdict.booking is not None:
        lines = verdict.booking["lines"]
        assert isinstance(lines, list)
        assert isinstance(lines[0], dict)
        assert lines[0]["price"] == format(AGREED, ".4f")


def test_the_bound_in_money_is_that_of_the_whole_line() -> None:
    """Rule 7 lets 100.00 a line pass and holds one cent more; within the tolerance no bound in money applies."""
    quantity = Decimal(50)
    off = Decimal(100) / quantity
    share = off / AGREED
    assert Decimal("0.02") < share < Decimal("0.1")
    assert _decided(AGREED + off, "50").cause is None
    assert _decided(AGREED + off + Decimal("0.01") / quantity, "50").cause == "price"
    dear = replace(WORLD, price_tolerance=Decimal("0.09"))
    assert _decided(AGREED * Decimal("1.08"), "50", world=dear).cause is None


@pytest.mark.parametrize(
    "unit, base, factor",
    [
        ("C62", "C62", "1"), ("H87", "C62", "1"), ("EA", "C62", "1"), ("PCE", "C62", "1"), ("NAR", "C62", "1"),
        ("DZN", "C62", "12"), ("GRO", "C62", "144"), ("MIL", "C62", "1000"), ("T3", "C62", "1000"),
        ("GRM", "KGM", "0.001"), ("TNE", "KGM", "1000"), ("KGM", "TNE", "0.001"),
        ("CMT", "MTR", "0.01"), ("MMT", "MTR", "0.001"), ("KMT", "MTR", "1000"),
        ("MLT", "LTR", "0.001"), ("DLT", "LTR", "0.1"), ("HLT", "LTR", "100"),
        ("CMK", "MTK", "0.0001"), ("MMK", "MTK", "0.000001"),
        ("KGM", "C62", None), ("MTR", "C62", None), ("SET", "C62", None), ("BX", "C62", None), ("C62", "MTR", None),
        ("MTK", "MTR", None), ("LTR", "KGM", None),
    ],
)  # fmt: skip
def test_units_of_one_dimension_convert_exactly(unit: str, base: str, factor: str | None) -> None:
    """Rule 8 converts within counting, weight, length, volume and area, and nothing from one into another."""
    item = replace(ITEM, base_unit=base, units={})
    line = WrittenLine(1, Decimal(3), unit, unit)
    assert unit_factor(item, line) == (None if factor is None else Decimal(factor))


def test_the_articles_own_table_comes_first() -> None:
    """Rule 8 takes the pack that the master data says, whatever the unit means elsewhere."""
    item = replace(ITEM, units={"DZN": Decimal(10)})
    assert unit_factor(item, WrittenLine(1, Decimal(1), "DZN", "DZN")) == 10


def test_a_price_converts_with_its_unit() -> None:
    """A price per dozen is judged as twelve of the agreed one, also where a twelfth of it has no end."""
    bare = replace(ITEM, units={})
    world = replace(WORLD, items={**WORLD.items, ITEM.number: bare})
    assert _decided(AGREED * 12, "1", "DZN", world=world).line_codes == ("IA",)
    assert _decided(AGREED * 12 + Decimal("0.01"), "1", "DZN", world=world).line_codes == ("IP",)
    verdict = _decided(AGREED * 1200, "2", "DZN", "100", world=world)
    assert verdict.line_codes == ("IA",)
    assert verdict.booking is not None
    assert verdict.booking["total"] == format((AGREED * 24).quantize(Decimal("0.01")), ".2f")
