"""How near an order that passes came to each check: the figure found, its limit, and the line that came nearest."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from bridgehead.templates.purchase_orders.checks.document_rules import order_value, possible_totals
from bridgehead.templates.purchase_orders.checks.verdict import Ground, Settled


def figures(ground: Ground) -> tuple[str, ...]:
    """Returns one sentence per check, the same whatever order the lines are in; money in the customer's currency."""
    return tuple(
        sentence
        for part in (_customer, _price, _quantity, _delivery, _credit, _sums, _reading, _limit)
        for sentence in part(ground)
    )


def _customer(ground: Ground) -> Iterator[str]:
    customer, place = ground.facts.customer, ground.ship_to
    if customer is not None and place is not None:
        by = f" by {', '.join(customer.matched_by)}" if customer.matched_by else ""
        yield (
            f"Customer: {customer.number}, {customer.name}, found{by}; ship-to {place.id} is on file"
            f" ({place.street}, {place.city})."
        )


def _price(ground: Ground) -> Iterator[str]:
    rules, tolerance = ground.rules, ground.facts.tolerance
    stated = [one for one in ground.lines if one.asked is not None and one.price is not None]
    limit = f"the limit is {tolerance:.1%}"
    if not stated:
        yield f"Price: no line states one; the agreed ones are booked; {limit}."
        return
    nearest = max(stated, key=lambda one: (_gap(one), -one.line.number))
    asked, agreed = nearest.asked, nearest.price
    if asked is None or agreed is None or nearest.same_price or asked == agreed:
        yield f"Price: {_all(len(stated), 'stated price')} the agreed one; {limit}."
        return
    quote = None if nearest.item is None else ground.facts.quotes.get(nearest.item.number)
    kind = "contract price" if quote is not None and quote.source == "contract" else "list price"
    side = "over" if asked > agreed else "under"
    beyond = ""
    if abs(asked - agreed) > tolerance * agreed:
        differs = abs(asked - agreed) * (nearest.quantity or Decimal(0))
        beyond = (
            f", or {rules.max_price_gap:.0%} where the whole line differs by at most"
            f" {rules.max_price_difference}; it differs by {differs:.2f}"
        )
    yield (
        f"Price: line {nearest.line.number} is {_gap(nearest):.1%} {side} the {kind}: {_plain(asked)} asked,"
        f" {_plain(agreed)} agreed and booked; {limit}{beyond}. It is the furthest off of {len(stated)} stated."
    )


def _gap(one: Settled) -> Decimal:
    if one.asked is None or not one.price or one.same_price:
        return Decimal(0)
    return abs(one.asked - one.price) / one.price


def _quantity(ground: Ground) -> Iterator[str]:
    rules = ground.rules
    limit = f"{rules.max_increase:.0%} or {rules.max_increase_amount} more are allowed"
    raised = [one for one in ground.lines if one.quantity != one.ordered]
    if not raised:
        yield f"Quantity: {_all(len(ground.lines), 'line')} sold as ordered; {limit}."
        return
    nearest = max(raised, key=lambda one: (_dearer(one), -one.line.number))
    ordered, sold = nearest.ordered or Decimal(0), nearest.quantity or Decimal(0)
    share = f" ({(sold - ordered) / ordered:.0%})" if ordered else ""
    yield (
        f"Quantity: line {nearest.line.number} rises from {_plain(ordered)} to {_plain(sold)}{share},"
        f" {_dearer(nearest):.2f} more; {limit}. {len(raised)} of {len(ground.lines)} lines rise."
    )


def _dearer(one: Settled) -> Decimal:
    return ((one.quantity or Decimal(0)) - (one.ordered or Decimal(0))) * (one.price or Decimal(0))


def _delivery(ground: Ground) -> Iterator[str]:
    most = ground.rules.max_delay_days
    known = [
        ((one.earliest - one.requested).days, -one.line.number, one)
        for one in ground.lines
        if one.requested is not None and one.earliest is not None
    ]
    if not known:
        yield f"Delivery: no line names a day; the earliest is confirmed; {most} days late are allowed."
        return
    late, _, nearest = max(known, key=lambda one: one[:2])
    how = f"{late} days late" if late > 0 else f"{-late} days to spare" if late else "on the day itself"
    yield (
        f"Delivery: line {nearest.line.number} is wanted on {nearest.requested} and possible on {nearest.earliest},"
        f" {how}; {most} days late are allowed."
    )


def _credit(ground: Ground) -> Iterator[str]:
    customer = ground.facts.customer
    if customer is None:
        return
    account, value = customer.credit, order_value(ground)
    total = account.open + value
    yield (
        f"Credit: with this order of {value} {customer.currency}, {total} of {account.limit} would be open,"
        f" {account.limit - total} left; the oldest invoice is {account.overdue_days} days overdue,"
        f" {ground.rules.max_overdue_days} are allowed; there is no block."
    )


def _sums(ground: Ground) -> Iterator[str]:
    order = ground.order
    if order.stated_total is None:
        yield "Sums: the document states no total."
    elif possible_totals(order):
        yield f"Sums: the lines add up to the stated {order.stated_total}; no difference is allowed."
    else:
        yield f"Sums: {order.stated_total} is stated, and not every line has an amount to add up."


def _reading(ground: Ground) -> Iterator[str]:
    sure = ground.order.confidence
    if sure is not None:
        least = ground.rules.least_confidence
        yield f"Reading: of readings like this one {sure:.1%} are right in every field; {least:.0%} are asked for."


def _limit(ground: Ground) -> Iterator[str]:
    most = ground.rules.order_limit
    if most is not None:
        yield f"Value: {order_value(ground)}; {most} are booked without a person."


def _all(number: int, noun: str) -> str:
    return f"the one {noun} is" if number == 1 else f"each of {number} {noun}s is"


def _plain(number: Decimal) -> str:
    """Returns a number without needless noughts, never in powers of ten."""
    text = f"{number.quantize(Decimal('0.0001')) if number % 1 else number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
