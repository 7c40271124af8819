"""Rules about single lines: item, price, unit, quantity, date."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from bridgehead.templates.purchase_orders.checks.verdict import (
    INSIDE_SALES,
    ORDER_DESK,
    PLANNER,
    PRICING,
    Ground,
    Hold,
    Settled,
)

_PLACES: Final = 4
"""Decimals with which a price is told, at least."""


def figures(ground: Ground, settled: Settled) -> Iterator[Hold]:  # noqa: ARG001 - all rules take both
    """Rule 5 for a line: it orders something, at a price for something."""
    line = settled.line
    if line.quantity <= 0:
        yield Hold(5, ORDER_DESK, "totals", f"Line {line.number} orders {line.quantity}.", line.number)
    if line.price_basis <= 0:
        yield Hold(
            5, ORDER_DESK, "totals", f"Line {line.number} states its price for {line.price_basis} units.", line.number
        )


def item(ground: Ground, settled: Settled) -> Iterator[Hold]:  # noqa: ARG001 - all rules take both
    """Rule 6: the item is exactly one that is sold."""
    number, found = settled.line.number, settled.item
    if found is None:
        line = settled.line
        names = ", ".join(name for name in (line.supplier_part, line.customer_part, line.gtin) if name) or "no number"
        near = f" It may be {' or '.join(settled.candidates)}." if settled.candidates else ""
        yield Hold(6, INSIDE_SALES, "item", f"Line {number}: no item on file is meant by {names}.{near}", number)
    elif found.status == "superseded":
        after = f" by {found.superseded_by}" if found.superseded_by else ""
        yield Hold(6, INSIDE_SALES, "item", f"Line {number}: {found.number} is superseded{after}.", number)
    elif found.status == "blocked":
        yield Hold(6, INSIDE_SALES, "item", f"Line {number}: {found.number} is blocked for sale.", number)


def price(ground: Ground, settled: Settled) -> Iterator[Hold]:
    """Rule 7: there is an agreed price, and a stated one is within tolerance of it, or within bounds of both kinds.

    Within the bounds the order is accepted at the agreed price and the confirmation says so (line code IP).
    """
    number, tolerance, rules = settled.line.number, ground.facts.tolerance, ground.rules
    if settled.item is None or settled.factor is None:
        return
    if settled.price is None:
        yield Hold(7, PRICING, "price", f"Line {number}: {settled.item.number} has no price.", number)
    elif settled.asked is not None and not settled.same_price:
        gap = abs(settled.asked - settled.price)
        dearer = gap * (settled.quantity or Decimal(0))
        bounded = gap <= rules.max_price_gap * settled.price and dearer <= rules.max_price_difference
        if gap > tolerance * settled.price and not (bounded and settled.quantity):
            exponent = settled.price.as_tuple().exponent
            places = max(_PLACES, -exponent) if isinstance(exponent, int) else _PLACES
            yield Hold(
                7,
                PRICING,
                "price",
                f"Line {number}: {settled.asked:.{places}f} is asked and {settled.price:.{places}f} agreed, each per"
                f" {settled.item.base_unit}; a difference of {tolerance:.1%} is allowed, and"
                f" {rules.max_price_gap:.0%} where the line differs by {rules.max_price_difference} at most.",
                number,
            )


def unit(ground: Ground, settled: Settled) -> Iterator[Hold]:  # noqa: ARG001 - all rules take both
    """Rule 8: the item is sold in the unit that is written."""
    if settled.item is not None and settled.factor is None:
        number, written = settled.line.number, settled.line.unit or "no unit"
        yield Hold(8, INSIDE_SALES, "unit", f"Line {number}: {settled.item.number} is not sold by {written}.", number)


def quantity(ground: Ground, settled: Settled) -> Iterator[Hold]:
    """Rule 9: raising to the minimum or to a whole multiple makes the line little dearer."""
    if settled.quantity is None or settled.ordered is None or settled.price is None:
        return
    before, after = settled.ordered * settled.price, settled.quantity * settled.price
    rules, number = ground.rules, settled.line.number
    if after - before > rules.max_increase * before and after - before > rules.max_increase_amount:
        yield Hold(
            9,
            INSIDE_SALES,
            "quantity",
            f"Line {number}: {settled.ordered} would become {settled.quantity}, {after - before:.2f} more.",
            number,
        )


def delivery(ground: Ground, settled: Settled) -> Iterator[Hold]:
    """Rule 10: the requested date is possible, or missed by few days."""
    if settled.requested is None or settled.earliest is None:
        return
    late = (settled.earliest - settled.requested).days
    if late > ground.rules.max_delay_days:
        number = settled.line.number
        yield Hold(
            10,
            PLANNER,
            "date",
            f"Line {number} is wanted on {settled.requested} and possible on {settled.earliest}, {late} days later;"
            f" {ground.rules.max_delay_days} are allowed.",
            number,
        )
