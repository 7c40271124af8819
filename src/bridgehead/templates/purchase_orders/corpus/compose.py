"""Writes down one order the way its customer would, clean but for the complications planned for it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal

from bridgehead.templates.purchase_orders.corpus import mishaps
from bridgehead.templates.purchase_orders.corpus.dice import Dice
from bridgehead.templates.purchase_orders.corpus.habits import Habit
from bridgehead.templates.purchase_orders.corpus.master import price_on
from bridgehead.templates.purchase_orders.corpus.model import Address, Customer, Item, World, WrittenLine, WrittenOrder
from bridgehead.templates.purchase_orders.corpus.rates import LINE_LEVEL
from bridgehead.templates.purchase_orders.corpus.rules import (
    Facts,
    deliverable_quantity,
    earliest_date,
    next_working_day,
)
from bridgehead.templates.purchase_orders.corpus.texts import benign_note, contradiction, instruction

MOST_VALUE = Decimal(16000)
"""Orders stay well below the deployment's limit and a sound customer's credit: neither is a complication."""


@dataclass(frozen=True, slots=True)
class Draft:
    """An order as written and what is true of it."""

    order: WrittenOrder
    facts: Facts


@dataclass(frozen=True, slots=True)
class Writer:
    """One customer at the keyboard: the world, the habit and the dice of this arrival."""

    world: World
    customer: Customer
    habit: Habit
    dice: Dice


def compose(writer: Writer, po_number: str, flags: frozenset[str]) -> Draft:
    """Returns one order with exactly the complications named in ``flags``."""
    customer, habit, dice = writer.customer, writer.habit, writer.dice
    priced = habit.shows_price or bool(flags & {"price_beyond", "price_within", "totals_mismatch"})
    order_date = _order_date(writer)
    day = order_date or writer.world.as_of
    lines: list[WrittenLine] = []
    value = Decimal(0)
    for item, role in _items(writer, flags):
        price = price_on(writer.world, customer, item, day)
        if lines and role is None and value + max(item.min_qty, item.multiple) * price > MOST_VALUE:
            continue
        quantity = _quantity(dice, item, price, MOST_VALUE - value)
        line = written_line(writer, item, quantity, day, priced=priced)
        value += quantity * price
        if role is not None:
            line = mishaps.spoil_line(writer.world, customer, habit, dice, line, role, day)
        lines.append(line)
    mixed = dice.some(lines, len(lines))
    numbered = tuple(replace(line, number=(index + 1) * habit.step) for index, line in enumerate(mixed))
    place, ship_to = _place(writer, unknown="unknown_ship_to" in flags)
    order = WrittenOrder(
        customer=customer,
        po_number=po_number,
        lines=numbered,
        order_date=order_date,
        currency=customer.currency if habit.shows_currency and priced else None,
        ship_to=place,
        bill_to=habit.shown(customer.bill_to) if habit.shows_bill_to else None,
        incoterms=customer.incoterms if habit.shows_terms else None,
        payment_terms=customer.payment_terms if habit.shows_terms else None,
    )
    order = _dated(writer, order, impossible="date_impossible" in flags)
    order = _added_up(order, habit, forced="totals_mismatch" in flags)
    if "totals_mismatch" in flags:
        order = mishaps.spoil_totals(dice, order, habit)
    order = _with_texts(writer, order, flags)
    facts = Facts(ship_to=ship_to, suspicious=bool(flags & {"contradicting_text", "hidden_instructions"}))
    return Draft(order, facts)


def _order_date(writer: Writer) -> date | None:
    """Returns the date on the document; None where the mail's own date, today, is all there is."""
    if not writer.habit.shows_order_date:
        return None
    back = writer.dice.weighted(((0, 0.5), (3, 0.3), (4, 0.12), (5, 0.08)))
    return writer.world.as_of - timedelta(days=back)


def _items(writer: Writer, flags: frozenset[str]) -> list[tuple[Item, str | None]]:
    """Returns the items of the order, each with the complication planned for its line, if any; those come first."""
    dice, layout = writer.dice, writer.habit.layout
    roles: list[str | None] = [role for role in LINE_LEVEL if role in flags]
    if "date_impossible" in flags:
        roles.append("late")
    usual = dice.weighted(((1, 0.27), (2, 0.24), (3, 0.18), (4, 0.12), (5, 0.08), (7, 0.06), (9, 0.03), (13, 0.02)))
    roles.extend([None] * (min(usual, layout.max_lines) - len(roles)))
    bought = [writer.world.items[number] for number in writer.world.assortments[writer.customer.number]]
    left = dice.some(bought, len(bought))
    chosen: list[tuple[Item, str | None]] = []
    for role in roles:
        item = next((item for item in left if mishaps.can_spoil(item, role)), left[0])
        left.remove(item)
        chosen.append((item, None if role == "late" else role))
    return chosen


def _quantity(dice: Dice, item: Item, price: Decimal, room: Decimal) -> Decimal:
    """Returns a quantity that can be delivered as it is, worth about what a line is worth and within the room left."""
    step = max(item.multiple, Decimal(1))
    least = max(item.min_qty, step)
    wish = Decimal(str(round(dice.real(4.2, 7.6), 2))).exp() / price
    most = max(room / 3, least * price) / price
    count = int(min(wish, most) / step)
    if count > 20:
        count -= count % dice.one((5, 10))
    quantity = max(Decimal(count) * step, least)
    return quantity if quantity % step == 0 else quantity + step - quantity % step


def written_line(writer: Writer, item: Item, quantity: Decimal, day: date, *, priced: bool) -> WrittenLine:
    """Returns a line in base units at the price due, with the numbers and words of this customer; not yet numbered."""
    world, customer, habit = writer.world, writer.customer, writer.habit
    price = price_on(world, customer, item, day)
    basis = Decimal(100) if priced and habit.per_hundred and price < 1 else Decimal(1)
    theirs = world.their_parts.get((customer.number, item.number))
    ours: str | None = item.number
    if theirs is not None and habit.identifier != "both":
        ours = None
    gtin = item.gtin if habit.identifier == "gtin" and theirs is None else None
    if gtin is not None and habit.voice % 2:
        ours = None
    bare = not habit.layout.units and item.base_unit == "C62" and habit.voice % 2 == 0
    return WrittenLine(
        number=0,
        quantity=quantity,
        unit="" if bare else habit.unit(customer, item.base_unit),
        unit_code="" if bare else item.base_unit,
        ours=ours,
        theirs=theirs,
        gtin=gtin,
        description=mishaps.describe(item, habit) if habit.shows_description else None,
        price=price * basis if priced else None,
        basis=basis,
        item=item.number,
    )


def _place(writer: Writer, *, unknown: bool) -> tuple[Address | None, str | None]:
    customer, dice = writer.customer, writer.dice
    if unknown:
        return mishaps.new_place(dice, customer), None
    place = dice.one(customer.ship_tos)
    return (writer.habit.shown(place) if writer.habit.shows_ship_to else None), place.id


def _workday(day: date) -> date:
    return day if day.weekday() < 5 else next_working_day(day)


def _dated(writer: Writer, order: WrittenOrder, *, impossible: bool) -> WrittenOrder:
    """Puts on the dates the customer wishes: all possible, or one of them (or the only one) too early."""
    world, habit, dice = writer.world, writer.habit, writer.dice
    first = [_first_day(world, line) for line in order.lines]
    if not impossible:
        if habit.dates == "none" or (habit.dates == "header" and dice.chance(0.08)):
            return order
        wished = [_workday(day + timedelta(days=dice.between(0, 16))) for day in first]
        if habit.dates == "header":
            return replace(order, requested_date=max(wished))
        lines = zip(order.lines, wished, strict=True)
        return replace(order, lines=tuple(replace(line, requested_date=day) for line, day in lines))
    late = first.index(max(first))
    days = dice.between(1, 9) if dice.chance(0.6) else dice.between(12, 26)
    wish = first[late] - timedelta(days=days)
    if habit.dates != "line":
        return replace(order, requested_date=wish)
    wished = [_workday(day + timedelta(days=dice.between(0, 12))) for day in first]
    wished[late] = wish
    lines = zip(order.lines, wished, strict=True)
    return replace(order, lines=tuple(replace(line, requested_date=day) for line, day in lines))


def _first_day(world: World, line: WrittenLine) -> date:
    """Returns the first possible day of a line; that of a long lead time where the line names nothing we deliver."""
    item = world.items[line.item] if line.item else None
    if item is None or item.status != "active":
        return next_working_day(world.as_of)
    quantity = line.quantity * (item.units.get(line.unit_code) or Decimal(1))
    return earliest_date(world, item, deliverable_quantity(item, quantity))


def _added_up(order: WrittenOrder, habit: Habit, *, forced: bool) -> WrittenOrder:
    """Puts on amounts, total and counts as far as the customer shows them; all of them right."""
    layout, lines = habit.layout, order.lines
    priced = all(line.price is not None for line in lines)
    if priced and layout.amounts and (habit.shows_amount or forced):
        lines = tuple(replace(line, amount=line.value) for line in lines)
    total = None
    if priced and (habit.shows_total or forced):
        total = sum((line.value or Decimal(0) for line in lines), Decimal("0.00"))
    count = len(lines) if habit.shows_count else None
    summed = habit.shows_count and layout.hashes and habit.voice % 2
    hashed = sum((line.quantity for line in lines), Decimal(0)) if summed else None
    return replace(order, lines=lines, stated_total=total, stated_line_count=count, stated_quantity_total=hashed)


def _with_texts(writer: Writer, order: WrittenOrder, flags: frozenset[str]) -> WrittenOrder:
    habit, dice = writer.habit, writer.dice
    notes: list[str] = []
    if dice.chance(0.3):
        notes.append(benign_note(dice, habit.language))
    if "contradicting_text" in flags:
        notes.append(contradiction(dice, habit, order))
    hidden = instruction(dice, habit.language, order) if "hidden_instructions" in flags else None
    return replace(order, notes=tuple(notes), instruction=hidden)
