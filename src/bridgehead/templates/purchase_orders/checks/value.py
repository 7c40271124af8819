"""What an order comes to, and which of its lines count at another price than they state."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from bridgehead.templates.purchase_orders.checks.lines import asked_price
from bridgehead.templates.purchase_orders.checks.verdict import Ground, Value
from bridgehead.templates.purchase_orders.erp.wire import amount_of

_MILLIONTH: Final = Decimal("0.000001")
_LISTED: Final = 5
"""Lines that are named, at most."""


def order_value(ground: Ground) -> Decimal:
    """Returns what the order comes to: agreed prices where they are known, stated ones for other lines."""
    value = Decimal("0.00")
    for settled in ground.lines:
        stated = asked_price(settled.line)
        if settled.quantity is not None and settled.price is not None:
            value += amount_of(settled.quantity, settled.price)
        elif stated is not None:
            value += amount_of(settled.line.quantity, stated[0] / stated[1])
    return value


def worth(ground: Ground) -> Value | None:
    """Returns what an order is worth to whoever decides about it; None where nobody can tell.

    Of a cancellation, and of a change that states neither a total nor a price, it is the order that stands.
    """
    customer, order = ground.facts.customer, ground.order
    if customer is None:
        return None
    cancels = order.purpose == "cancel"
    silent = order.stated_total is None and not any(asked_price(line) for line in order.lines)
    if cancels or (order.purpose == "change" and silent):
        standing = [known for known in ground.facts.earlier if known.status != "cancelled"]
        named = ", ".join(known.order_number for known in standing)
        if standing and len({known.currency for known in standing}) == 1:
            total = sum((known.total for known in standing), Decimal("0.00"))
            return Value(total, standing[0].currency, "", f"what the order that stands is worth ({named})")
    value = order_value(ground)
    return None if cancels and not value else Value(value, customer.currency, reckoned(ground).strip())


def reckoned(ground: Ground) -> str:
    """Returns which lines the value of the order counts at another price than they state; empty where none.

    Opens with a blank, to stand behind a sentence.
    """
    told, stated, whole = [], Decimal("0.00"), True
    for settled in sorted(ground.lines, key=lambda one: one.line.number):
        asked = asked_price(settled.line)
        if settled.quantity is None or settled.price is None or settled.item is None:
            stated += amount_of(settled.line.quantity, asked[0] / asked[1]) if asked is not None else Decimal(0)
            if asked is None:
                told.append(f"line {settled.line.number} is not counted, because it has no price that could be told")
            else:
                told.append(
                    f"line {settled.line.number} counts at its own stated price, because no other could be told"
                )
            whole = whole and asked is not None
            continue
        differs = settled.asked is not None and not settled.same_price
        stated += amount_of(settled.quantity, settled.asked if settled.asked is not None else settled.price)
        if differs:
            quote = ground.facts.quotes.get(settled.item.number)
            kind = "contract price" if quote is not None and quote.source == "contract" else "list price"
            told.append(
                f"line {settled.line.number} counts at the {kind} of {_plain(settled.price)} per"
                f" {settled.item.base_unit}, not at the {_plain(settled.asked)} that is stated"
            )
    if not told:
        return ""
    more = f"; and {len(told) - _LISTED} more lines count otherwise" if len(told) > _LISTED else ""
    value = order_value(ground)
    at_stated = f" At the stated prices the order comes to {stated}." if whole and stated != value else ""
    return f" Of the {value}, {'; '.join(told[:_LISTED])}{more}.{at_stated}"


def _plain(price: Decimal | None) -> str:
    """Returns a price without needless noughts, to six decimals."""
    return "" if price is None else f"{price.quantize(_MILLIONTH).normalize():f}"
