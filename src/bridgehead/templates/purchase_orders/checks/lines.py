"""What each line comes to: item, base units, agreed price, quantity that can be sold, earliest date."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal
from typing import Final

from bridgehead.documents.order import Line, Order
from bridgehead.templates.purchase_orders.checks.units import base_units_in
from bridgehead.templates.purchase_orders.checks.verdict import Facts, Settled
from bridgehead.templates.purchase_orders.erp.wire import Item, ResolvedLine

_PRICE: Final = Decimal("0.0001")
_CENTS: Final = -2
_FRIDAY: Final = 4


def settle(order: Order, facts: Facts) -> tuple[Settled, ...]:
    """Returns every line of the order, in its order, with what is known about it."""
    resolved: Sequence[ResolvedLine] = facts.resolved or (ResolvedLine(None, None),) * len(order.lines)
    drafts = [
        _priced(_sized(line, found, order.requested_date), facts)
        for line, found in zip(order.lines, resolved, strict=True)
    ]
    wanted: dict[str, Decimal] = defaultdict(Decimal)
    for draft in drafts:
        if draft.item is not None and draft.quantity is not None:
            wanted[draft.item.number] += draft.quantity
    return tuple(_dated(draft, wanted, facts.as_of) for draft in drafts)


def sellable(item: Item, quantity: Decimal) -> Decimal:
    """Returns the smallest quantity that can be sold and is not less: at least the minimum, in whole multiples."""
    least = max(quantity, item.min_qty)
    return (least / item.multiple).to_integral_value(ROUND_CEILING) * item.multiple


def next_working_day(day: date) -> date:
    """Returns the first day after ``day`` that is Monday to Friday."""
    after = day + timedelta(days=1)
    while after.weekday() > _FRIDAY:
        after += timedelta(days=1)
    return after


def asked_price(line: Line) -> tuple[Decimal, Decimal] | None:
    """Returns the price the document states and the number of units it is for; a bare line amount counts as one."""
    if line.price is not None:
        return (line.price, line.price_basis) if line.price_basis > 0 else None
    if line.amount is not None and line.quantity > 0:
        return line.amount, line.quantity
    return None


def _sized(line: Line, found: ResolvedLine, requested: date | None) -> Settled:
    draft = Settled(line, requested=line.requested_date or requested, candidates=found.candidates)
    item = found.item
    if item is None:
        return draft
    draft = replace(draft, item=item)
    factor = base_units_in(item, line.unit, line.unit_code, priced=asked_price(line) is not None)
    if factor is None or line.quantity <= 0:
        return replace(draft, factor=factor)
    ordered = line.quantity * factor
    return replace(draft, factor=factor, ordered=ordered, quantity=sellable(item, ordered))


def _priced(draft: Settled, facts: Facts) -> Settled:
    quote = None if draft.item is None else facts.quotes.get(draft.item.number)
    if quote is None or quote.price is None or draft.factor is None:
        return draft
    stated = asked_price(draft.line)
    if stated is None:
        return replace(draft, price=quote.price)
    price, basis = stated
    units = basis * draft.factor
    return replace(draft, price=quote.price, asked=price / units, same_price=_same_price(price, units, quote.price))


def _same_price(stated: Decimal, units: Decimal, agreed: Decimal) -> bool:
    """Tells whether a price for several base units is the agreed one, rounded as the document rounds."""
    if units == 1:
        return stated == agreed
    exponent = stated.as_tuple().exponent
    step = Decimal(1).scaleb(min(exponent, _CENTS) if isinstance(exponent, int) else _CENTS)
    return stated == (agreed * units).quantize(step, ROUND_HALF_UP) or _agrees(stated / units, agreed)


def _agrees(asked: Decimal, agreed: Decimal) -> bool:
    """Tells whether a price for one unit is the agreed one, to its decimals and to four at least."""
    exponent = agreed.as_tuple().exponent
    step = min(_PRICE, Decimal(1).scaleb(exponent)) if isinstance(exponent, int) else _PRICE
    return asked.quantize(step) == agreed


def _dated(draft: Settled, wanted: Mapping[str, Decimal], as_of: date | None) -> Settled:
    item = draft.item
    if item is None or as_of is None or item.number not in wanted:
        return draft
    covered = item.stock >= wanted[item.number]
    earliest = next_working_day(as_of) if covered else as_of + timedelta(days=item.lead_time_days)
    return replace(draft, earliest=earliest)
