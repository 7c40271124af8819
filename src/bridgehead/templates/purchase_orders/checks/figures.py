"""How near an order came to each check: the figure found, its limit, and the line and item that came nearest."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Final

from bridgehead.templates.purchase_orders.checks.document_rules import (
    changes_only,
    possible_totals,
)
from bridgehead.templates.purchase_orders.checks.lines import asked_price
from bridgehead.templates.purchase_orders.checks.value import order_value, reckoned
from bridgehead.templates.purchase_orders.checks.verdict import Ground, Settled

_TOLD: Final = 40
"""Lines that a sentence names, at most."""
_OURS: Final = "ERP's"
_PART: Final = Decimal("0.001")
"""The least that a quantity is told from another by: nothing is divided by a minimum of nought."""


def figures(ground: Ground, *, books: bool) -> tuple[str, ...]:
    """Returns one sentence per check, the same whatever order the lines are in; money in the customer's currency.

    ``books`` says that the order is booked: the first sentence then says what is booked otherwise than asked. Of one
    that is held, only what could be known is told.
    """
    parts = (
        _customer,
        _currency,
        _items,
        _units,
        _price,
        _agreed,
        _quantity,
        _delivery,
        _possible,
        _credit,
        _sums,
        _reading,
        _limit,
    )
    told = [sentence for part in parts for sentence in part(ground)]
    return tuple([_booked(ground), *told] if books else told)


def _booked(ground: Ground) -> str:
    """Returns what is booked otherwise than the document asks, line by line."""
    money = "" if ground.facts.customer is None else f" {ground.facts.customer.currency}"
    found = [part for one in _in_order(ground) for part in _otherwise(ground, one, money)]
    stated = sum(one.asked is not None for one in ground.lines)
    if found:
        return f"Booked otherwise than asked: {_listed(found)}. All else is booked as asked."
    ours = "agreed" if all(_word(ground, one) == "agreed" for one in ground.lines) else "ERP's"
    prices = (
        f"at the {ours} prices, for none is stated"
        if not stated
        else f"at the stated prices, which are the {ours} ones"
        if stated == len(ground.lines)
        else f"at the {ours} prices, which {stated} of {len(ground.lines)} lines state"
    )
    days = any(one.requested is not None for one in ground.lines)
    asked = "every quantity and day" if days else "every quantity, for the earliest day, because none is named"
    return f"Booked as asked: {asked}, {prices}."


def _otherwise(ground: Ground, one: Settled, money: str) -> Iterator[str]:
    item, name = one.item, _named(one)
    if item is None or one.quantity is None or one.ordered is None or one.price is None:
        return
    if one.asked is not None and not one.same_price:
        differs = (one.price - one.asked) * one.quantity
        side = "above" if differs > 0 else "below"
        yield (
            f"{name} at the {_word(ground, one)} {_plain(one.price)}{money} per {item.base_unit}, which is {side} the"
            f" stated {_plain(one.asked)} ({abs(differs):.2f}{money} for the line)"
        )
    if one.quantity != one.ordered:
        yield f"{name} with {_plain(one.quantity)} {item.base_unit}, for {_asked(one)} ordered ({_least(one)})"
    if one.requested is not None and one.earliest is not None and one.earliest > one.requested:
        days = (one.earliest - one.requested).days
        yield f"{name} for {one.earliest}, {_days(days)} after the wanted {one.requested}"


def _items(ground: Ground) -> Iterator[str]:
    """Yields by what each line's item was found: our number, the customer's own in the ERP's list, or a GTIN."""
    found = sorted(zip(ground.lines, ground.facts.resolved, strict=False), key=lambda pair: pair[0].line.number)
    theirs = [
        f"line {one.line.number}: {one.line.customer_part or one.line.supplier_part} is our {known.item.number}"
        for one, known in found
        if known.item is not None and known.how == "xref"
    ]
    if theirs:
        yield (
            f"Items: by the list of this customer's part numbers in the ERP (customer_parts), {_listed(theirs)};"
            " the ERP does not tell since when an entry is in it."
        )
    for how, words in (("number", "our own number"), ("gtin", "a GTIN that is on file")):
        named = [_named(one) for one, known in found if known.item is not None and known.how == how]
        if named:
            yield f"Items: by {words}, {_listed(named)}."


def _customer(ground: Ground) -> Iterator[str]:
    customer, place = ground.facts.customer, ground.ship_to
    if customer is None:
        return
    by = f" by {', '.join(customer.matched_by)}" if customer.matched_by else ""
    at = (
        f"ship-to {place.id} is on file ({place.street}, {place.city})"
        if place is not None
        else "it names no ship-to, and that of the order that it is about counts"
        if changes_only(ground.order)
        else "no ship-to on file is meant"
    )
    yield f"Customer: {customer.number}, {customer.name}, found{by}; {at}."


def _currency(ground: Ground) -> Iterator[str]:
    customer, stated = ground.facts.customer, ground.order.currency
    if customer is not None and stated is None and ground.lines:
        yield (
            f"Currency: the document names none; {customer.currency} was used, in which the ERP keeps the prices and"
            f" the account of customer {customer.number}."
        )
    elif customer is not None and stated is not None and stated != customer.currency:
        theirs = f"the prices of customer {customer.number} are in {customer.currency}"
        yield f"Currency: {stated} by the document; {theirs}."


def _units(ground: Ground) -> Iterator[str]:
    """Yields what a unit or a price's basis of the document comes to in the unit that the item is kept in."""
    told = []
    for one in _in_order(ground):
        item, line = one.item, one.line
        if item is None or one.factor is None or one.ordered is None:
            continue
        if one.factor == 1 and (one.asked is None or line.price is None or line.price_basis == 1):
            continue
        written = line.unit or item.base_unit
        price = ""
        if one.asked is not None and line.price is not None:
            basis = "" if line.price_basis == 1 else f"{_plain(line.price_basis)} "
            price = f", and the stated {line.price} per {basis}{written} is {_plain(one.asked)} per {item.base_unit}"
        told.append(f"{_named(one)} {_plain(line.quantity)} {written} = {_plain(one.ordered)} {item.base_unit}{price}")
    if told:
        yield f"Units: {_listed(told)}."


def _price(ground: Ground) -> Iterator[str]:
    rules, tolerance = ground.rules, ground.facts.tolerance
    stated = [one for one in ground.lines if one.asked is not None and one.price is not None]
    if ground.facts.customer is None or not any(one.price is not None for one in ground.lines):
        return
    limit = f"the limit is {tolerance:.1%}"
    if not stated:
        yield f"Price: no line states one; the ERP's count; {limit}."
        return
    nearest = max(stated, key=lambda one: (_gap(one), -one.line.number))
    asked, agreed = nearest.asked, nearest.price
    if asked is None or agreed is None or nearest.same_price or asked == agreed:
        kinds = {_kind(ground, one) for one in stated}
        ours = f"the {'agreed' if kinds == {'contract price'} else _OURS} one"
        agreed_by = f", a {kinds.pop()}" if len(kinds) == 1 else ""
        yield f"Price: {_all(len(stated), 'stated price')} {ours}{agreed_by}; {limit}."
        return
    kind = _kind(ground, nearest)
    side = "over" if asked > agreed else "under"
    beyond = ""
    if abs(asked - agreed) > tolerance * agreed:
        differs = abs(asked - agreed) * (nearest.quantity or Decimal(0))
        beyond = (
            f", or {rules.max_price_gap:.0%} where the whole line differs by at most"
            f" {rules.max_price_difference}; it differs by {differs:.2f}"
        )
    ours = "agreed" if kind == "contract price" else "on the list"
    yield (
        f"Price: {_named(nearest)} is {_gap(nearest):.1%} {side} the {kind}: {_plain(asked)} asked,"
        f" {_plain(agreed)} {ours}; {limit}{beyond}. It is the furthest off of {len(stated)} stated."
    )


def _agreed(ground: Ground) -> Iterator[str]:
    """Yields what each line costs by the ERP, beside what it states, and of which day these prices are.

    A line whose unit cannot be told is named with the price that its item has, for who settles it.
    """
    told = []
    for one in _in_order(ground):
        quoted = None if one.item is None else ground.facts.quotes.get(one.item.number)
        if one.item is None or quoted is None or quoted.price is None:
            continue
        kind = f"a {_kind(ground, one)}{_until(ground, one)}"
        told.append(f"{_named(one)} {_plain(quoted.price)} per {one.item.base_unit}, {kind}, {_stated(one)}")
    if told:
        day = ground.order.order_date
        dated = f" of the order's date, {day}" if day is not None else ""
        yield f"ERP prices{dated}: {_listed(told)}."


def _stated(one: Settled) -> str:
    """Returns what a line states beside the price of the ERP."""
    item, stated = one.item, asked_price(one.line)
    if one.asked is not None:
        return f"{_plain(one.asked)} stated"
    if stated is None or item is None:
        return "none stated"
    basis = "" if stated[1] == 1 else f"{_plain(stated[1])} "
    written = one.line.unit or item.base_unit
    return (
        f"and {_plain(stated[0])} per {basis}{written} is stated, which was not compared: nothing tells how many"
        f" {item.base_unit} one {written} holds"
    )


def _kind(ground: Ground, one: Settled) -> str:
    quote = None if one.item is None else ground.facts.quotes.get(one.item.number)
    return "contract price" if quote is not None and quote.source == "contract" else "list price"


def _word(ground: Ground, one: Settled) -> str:
    """Returns what a price of the ERP is to this customer: only one of a contract is agreed."""
    return "agreed" if _kind(ground, one) == "contract price" else "list price"


def _until(ground: Ground, one: Settled) -> str:
    """Returns until when a price holds that holds no longer today: the order's date decides, and a newer one exists."""
    quote = None if one.item is None else ground.facts.quotes.get(one.item.number)
    ended = None if quote is None else quote.valid_to
    if ended is None or ground.facts.as_of is None or ended >= ground.facts.as_of:
        return ""
    return f" that held until {ended} and counts because the order is dated no later"


def _gap(one: Settled) -> Decimal:
    if one.asked is None or not one.price or one.same_price:
        return Decimal(0)
    return abs(one.asked - one.price) / one.price


def _quantity(ground: Ground) -> Iterator[str]:
    rules = ground.rules
    limit = f"{rules.max_increase:.0%} or {rules.max_increase_amount} more are allowed"
    known = [one for one in _in_order(ground) if one.quantity is not None and one.item is not None]
    raised = [one for one in known if one.quantity != one.ordered]
    if not known:
        return
    if not raised:
        nearest = min(
            known, key=lambda one: ((one.ordered or Decimal(0)) / max(_least_of(one), _PART), one.line.number)
        )
        yield (
            f"Quantity: {_all(len(known), 'line')} sold as ordered; nearest its minimum is {_named(nearest)}:"
            f" {_asked(nearest)} ordered, {_least(nearest)}; {limit}."
        )
        return
    told = []
    for one in raised:
        ordered, sold = one.ordered or Decimal(0), one.quantity or Decimal(0)
        share = f" ({(sold - ordered) / ordered:.0%})" if ordered else ""
        told.append(
            f"{_named(one)} must rise from {_asked(one)} ordered to {_plain(sold)}{share}, {_dearer(one):.2f} more:"
            f" {_least(one)}"
        )
    yield f"Quantity: {_listed(told)}; {limit}. {len(raised)} of {len(ground.lines)} lines rise."


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
        if any(one.earliest is not None for one in ground.lines):
            yield f"Delivery: no line names a day; the earliest is confirmed; {most} days late are allowed."
        return
    late, _, nearest = max(known, key=lambda one: one[:2])
    how = f"{_days(late)} late" if late > 0 else f"{_days(-late)} to spare" if late else "on the day itself"
    yield (
        f"Delivery: {_named(nearest)} is wanted on {nearest.requested} and possible on {nearest.earliest}"
        f"{_stocked(nearest)}, {how}; {most} days late are allowed."
    )


def _possible(ground: Ground) -> Iterator[str]:
    """Yields the earliest day of each line, where there are several."""
    told = [f"{_named(one)} {one.earliest}" for one in _in_order(ground) if one.earliest is not None]
    if len(told) > 1:
        yield f"Earliest days: {_listed(told)}."


def _stocked(one: Settled) -> str:
    item = one.item
    if item is None:
        return ""
    stock = f"{_plain(item.stock)} {item.base_unit} in stock"
    return f" ({stock}; what they do not cover takes {_days(item.lead_time_days)})"


def _credit(ground: Ground) -> Iterator[str]:
    customer = ground.facts.customer
    if customer is None or not ground.lines:
        return
    account, value = customer.credit, order_value(ground)
    total = account.open + value
    yield (
        f"Credit: with this order of {value} {customer.currency}, {total} of {account.limit} would be open,"
        f" {_left(account.limit - total)}; the oldest invoice is {_days(account.overdue_days)} overdue,"
        f" {ground.rules.max_overdue_days} are allowed;"
        f" {'the customer is blocked' if account.blocked else 'there is no block'}.{reckoned(ground)}"
    )


def _sums(ground: Ground) -> Iterator[str]:
    order = ground.order
    if order.stated_total is None and not order.lines:
        return
    if order.stated_total is None:
        yield "Sums: no total was read in the document, so none was compared."
    elif order.stated_total in (possible := possible_totals(order)):
        yield f"Sums: the lines add up to the stated {order.stated_total}; no difference is allowed."
    elif possible:
        yield f"Sums: the lines add up to {min(possible)}, not to {order.stated_total}; no difference is allowed."
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


def _in_order(ground: Ground) -> Sequence[Settled]:
    return sorted(ground.lines, key=lambda one: one.line.number)


def _named(one: Settled) -> str:
    """Returns a line of the order with its item."""
    return f"line {one.line.number}" + (f" ({one.item.number})" if one.item is not None else "")


def _asked(one: Settled) -> str:
    """Returns the quantity as ordered, with what it is in base units where it was written in others."""
    item, line = one.item, one.line
    if item is None or one.ordered is None or one.factor in (None, Decimal(1)):
        return _plain(one.ordered if one.ordered is not None else line.quantity)
    return f"{_plain(line.quantity)} {line.unit} = {_plain(one.ordered)} {item.base_unit}"


def _least(one: Settled) -> str:
    item = one.item
    if item is None:
        return "its minimum is not known"
    return f"at least {_plain(item.min_qty)} {item.base_unit} are sold, in multiples of {_plain(item.multiple)}"


def _least_of(one: Settled) -> Decimal:
    return Decimal(0) if one.item is None else one.item.min_qty


def _listed(parts: Sequence[str]) -> str:
    """Returns the first of several parts, and how many more there are."""
    more = len(parts) - _TOLD
    return "; ".join(parts[:_TOLD]) + (f"; and {more} more" if more > 0 else "")


def _left(amount: Decimal) -> str:
    return f"{amount} left" if amount >= 0 else f"{-amount} too much"


def _days(number: int) -> str:
    return f"{number} day{'' if number == 1 else 's'}"


def _all(number: int, noun: str) -> str:
    return f"the one {noun} is" if number == 1 else f"each of {number} {noun}s is"


def _plain(number: Decimal) -> str:
    """Returns a number without needless noughts, never in powers of ten."""
    text = f"{number.quantize(Decimal('0.0001')) if number % 1 else number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
