"""Rules about single lines: item, price, unit, quantity, date."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from bridgehead.templates.purchase_orders.checks.successors import ask_for_successor, by_successor
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


def figures(ground: Ground, settled: Settled) -> Iterator[Hold]:
    """Rule 5 for a line: it orders something, at a price for something."""
    line = settled.line
    if line.quantity <= 0 and not _counts_nothing(ground, settled):
        said = f"Line {line.number} orders {line.quantity}; only more than 0 is booked."
        yield Hold(5, ORDER_DESK, "totals", said, line.number)
    if line.price_basis <= 0:
        yield Hold(
            5, ORDER_DESK, "totals", f"Line {line.number} states its price for {line.price_basis} units.", line.number
        )


def _counts_nothing(ground: Ground, settled: Settled) -> bool:
    """Tells whether a line of a change orders no quantity: it changes a day alone, or takes the position out."""
    return ground.order.purpose == "change" and settled.line.quantity == 0


def item(ground: Ground, settled: Settled) -> Iterator[Hold]:
    """Rule 6: the item is exactly one that is sold."""
    number, found = settled.line.number, settled.item
    if found is None:
        line = settled.line
        names = [name for name in (line.supplier_part, line.customer_part, line.gtin) if name]
        described = f" ({line.description})" if line.description else ""
        said = (
            f"no item on file has the number {' or '.join(names)}{described}."
            if names
            else f"it gives no part number and no GTIN, only a description{described}."
            if line.description
            else "it gives no part number, no GTIN and no description."
        )
        near = f" It may be {' or '.join(settled.candidates)}." if settled.candidates else ""
        near += " Only a number or GTIN that is on file for one item decides, not a description."
        yield Hold(6, INSIDE_SALES, "item", f"Line {number}: {said}{near}", number)
    elif found.status == "superseded":
        after = by_successor(ground, settled)
        said = f"Line {number}: {found.number} is superseded{after}; only an active item is booked."
        yield Hold(6, INSIDE_SALES, "item", said, number, ask_for_successor(ground, settled))
    elif found.status == "blocked":
        said = f"Line {number}: {found.number} is blocked for sale; only an active item is booked."
        yield Hold(6, INSIDE_SALES, "item", said, number)


def price(ground: Ground, settled: Settled) -> Iterator[Hold]:
    """Rule 7: there is an agreed price, and a stated one is within tolerance of it, or within bounds of both kinds.

    Within the bounds the order is accepted at the agreed price and the confirmation says so (line code IP).
    """
    number, tolerance, rules = settled.line.number, ground.facts.tolerance, ground.rules
    if settled.item is None or settled.factor is None:
        return
    if settled.price is None:
        customer = ground.facts.customer
        whose = f" for customer {customer.number} in {customer.currency}" if customer is not None else ""
        day = f" on {ground.order.order_date}" if ground.order.order_date else ""
        said = f"Line {number}: {settled.item.number} has neither a contract price nor a list price{whose}{day}."
        yield Hold(7, PRICING, "price", said, number)
    elif settled.asked is not None and not settled.same_price:
        gap = abs(settled.asked - settled.price)
        dearer = gap * (settled.quantity or Decimal(0))
        bounded = gap <= rules.max_price_gap * settled.price and dearer <= rules.max_price_difference
        if gap > tolerance * settled.price and not (bounded and settled.quantity):
            yield Hold(7, PRICING, "price", _off(ground, settled, settled.asked, settled.price), number)


def _off(ground: Ground, settled: Settled, asked: Decimal, agreed: Decimal) -> str:
    """Returns by how much a price is off, what is allowed, and which of the two bounds was missed."""
    item, rules, quote = settled.item, ground.rules, None
    if item is not None:
        quote = ground.facts.quotes.get(item.number)
    exponent = agreed.as_tuple().exponent
    places = max(_PLACES, -exponent) if isinstance(exponent, int) else _PLACES
    money = ground.facts.customer.currency if ground.facts.customer is not None else ""
    kind = "contract price" if quote is not None and quote.source == "contract" else "list price"
    side = "over" if asked > agreed else "under"
    share = f"{abs(asked - agreed) / agreed:.1%}" if agreed else "all"
    said = (
        f"Line {settled.line.number}: {asked:.{places}f} {money} per {item.base_unit if item else 'unit'} is asked,"
        f" {share} {side} the {kind} of {agreed:.{places}f}; the limit is {ground.facts.tolerance:.1%}"
    )
    if not rules.max_price_gap or settled.quantity is None:
        return f"{said}."
    differs = abs(asked - agreed) * settled.quantity
    return (
        f"{said}, or {rules.max_price_gap:.0%} where the whole line differs by at most"
        f" {rules.max_price_difference} {money}; here it differs by {differs:.2f}."
    )


def unit(ground: Ground, settled: Settled) -> Iterator[Hold]:
    """Rule 8: the item is sold in the unit that is written."""
    if settled.item is not None and settled.factor is None and not _counts_nothing(ground, settled):
        number, written = settled.line.number, settled.line.unit.strip()
        sold = ", ".join([settled.item.base_unit, *(f"{one} of {size}" for one, size in settled.item.units.items())])
        asked = settled.line.customer_part or settled.line.supplier_part or ""
        found = f" (ordered as {asked})" if asked and asked != settled.item.number else ""
        said = (
            f"Line {number}: {settled.item.number}{found} is not sold by {written}; it is sold by {sold}."
            if written
            else f"Line {number} names no unit, and {settled.item.number}{found} is sold by more than one: {sold}."
        )
        yield Hold(8, INSIDE_SALES, "unit", said, number)


def quantity(ground: Ground, settled: Settled) -> Iterator[Hold]:
    """Rule 9: raising to the minimum or to a whole multiple makes the line little dearer."""
    if settled.quantity is None or settled.ordered is None or settled.price is None:
        return
    before, after = settled.ordered * settled.price, settled.quantity * settled.price
    rules, number = ground.rules, settled.line.number
    share = f"{(after - before) / before:.0%}" if before else "all of it"
    if after - before > rules.max_increase * before and after - before > rules.max_increase_amount:
        yield Hold(
            9,
            INSIDE_SALES,
            "quantity",
            f"Line {number}: {settled.ordered} would become {settled.quantity}{_least(settled)},"
            f" {after - before:.2f} more, which is {share}; {rules.max_increase:.0%} or {rules.max_increase_amount} are"
            " allowed.",
            number,
        )


def _least(settled: Settled) -> str:
    item = settled.item
    if item is None:
        return ""
    return f" (of {item.number} at least {item.min_qty} are sold, in multiples of {item.multiple})"


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
