"""What goes wrong on an order: each planned complication, put into one line or the totals the way it happens."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from bridgehead.templates.purchase_orders.corpus.catalogue import FAMILIES
from bridgehead.templates.purchase_orders.corpus.customers import make_place
from bridgehead.templates.purchase_orders.corpus.dice import Dice
from bridgehead.templates.purchase_orders.corpus.habits import Habit
from bridgehead.templates.purchase_orders.corpus.master import price_on
from bridgehead.templates.purchase_orders.corpus.model import Address, Customer, Item, World, WrittenLine, WrittenOrder
from bridgehead.templates.purchase_orders.corpus.places import COUNTRIES

_STRANGE_UNITS = {
    "HB": ("KGM", "PF"), "HN": ("KGM", "PF"), "OR": ("BG", "SET"), "BV": ("CT", "SET"), "CG": ("PK", "BG"),
    "BR": ("CT", "PK"), "HS": ("C62", "PF"), "GR": ("KGM", "PK"), "RG": ("C62", "PF"), "PC": ("BX", "SET"),
    "CP": ("SET", "CT"), "SK": ("C62", "PK"), "SM": ("SET", "C62"), "TB": ("MTR", "BX"), "PX": ("BX", "CT"),
    "RC": ("C62", "RO"), "CA": ("PK", "KGM"),
}  # fmt: skip
"""Units in which customers ask for articles of a family that has no such pack."""

MOST_PACK_VALUE = Decimal(3000)


def describe(item: Item, habit: Habit) -> str:
    """Returns what the customer calls the item in its own language."""
    name = FAMILIES[item.family].names[habit.language]
    text = f"{name} {item.spec}"
    return text.upper() if habit.voice % 5 == 0 else text


def can_spoil(item: Item, role: str | None) -> bool:
    """Returns True if the complication can happen to this item."""
    if role == "unit_mismatch":
        return bool(item.units)
    if role == "below_minimum":
        return item.min_qty > 1
    if role == "late":
        return item.stock == 0 and item.lead_time_days > 9
    return True


def spoil_line(
    world: World, customer: Customer, habit: Habit, dice: Dice, line: WrittenLine, role: str, day: date
) -> WrittenLine:
    """Returns the line with the complication ``role`` (a name of rates.LINE_LEVEL)."""
    item = world.items[line.item or ""]
    if role == "unknown_part":
        return _unknown(world, customer, habit, dice, line)
    if role == "price_beyond":
        return _beyond(world, customer, dice, line, day)
    if role == "price_within":
        return _within(world, dice, line)
    if role == "unit_mismatch":
        return _other_unit(customer, habit, dice, line, item)
    return _awkward_quantity(dice, line, item)


def _misspell(dice: Dice, text: str) -> str:
    """Returns ``text`` with one slip of the fingers: two signs swapped, one doubled, dropped or a neighbour's."""
    index = dice.between(max(len(text) - 4, 0), len(text) - 2)
    slip = dice.between(0, 3)
    if slip == 0:
        return text[:index] + text[index + 1] + text[index] + text[index + 2 :]
    if slip == 1:
        return text[:index] + text[index] + text[index:]
    if slip == 2:
        return text[:index] + text[index + 1 :]
    other = str((int(text[index]) + 1) % 10) if text[index].isdigit() else dice.one("BDEGKN")
    return text[:index] + other + text[index + 1 :]


def _bare(text: str) -> str:
    return "".join(sign for sign in text.upper() if sign.isalnum())


def _taken(world: World) -> frozenset[str]:
    parts = [part for _, part in world.cross_references]
    return frozenset(_bare(number) for number in (*world.items, *parts))


def _unknown(world: World, customer: Customer, habit: Habit, dice: Dice, line: WrittenLine) -> WrittenLine:
    kind = dice.weighted((("misspelt", 0.4), ("retired", 0.32), ("foreign", 0.2), ("described", 0.08)))
    item = world.items[line.item or ""]
    own = [number for owner, number in world.their_parts if owner == customer.number]
    if kind == "retired":
        retired = [other for other in world.items.values() if other.status != "active"]
        if line.theirs is not None:
            retired = [other for other in retired if other.number in own]
        near = [other for other in retired if other.base_unit == item.base_unit] or retired
        old = dice.one(near)
        shown = describe(old, habit) if line.description is not None else None
        theirs = world.their_parts.get((customer.number, old.number)) if line.theirs is not None else None
        ours = old.number if theirs is None or line.ours is not None else None
        return replace(line, ours=ours, theirs=theirs, gtin=None, description=shown, item=old.number)
    if kind == "described" and habit.layout.descriptions:
        text = describe(item, habit)
        return replace(line, ours=None, theirs=None, gtin=None, description=text, item=None)
    taken = _taken(world)
    written = line.theirs or line.ours or item.number
    strange = written
    while _bare(strange) in taken:
        strange = (
            f"{dice.one('KLMTX')}{dice.digits(2)}-{dice.digits(4)}" if kind == "foreign" else _misspell(dice, written)
        )
    if line.theirs is not None:
        return replace(line, ours=None, theirs=strange, gtin=None, item=None)
    return replace(line, ours=strange, gtin=None, item=None)


def _beyond(world: World, customer: Customer, dice: Dice, line: WrittenLine, day: date) -> WrittenLine:
    price = line.price or Decimal(1)
    old = _former_price(world, customer, line, day)
    kind = dice.weighted((("old", 0.35 if old else 0.0), ("off", 0.5), ("slip", 0.15)))
    if kind == "old" and old is not None:
        return replace(line, price=old * line.basis)
    if kind == "slip":
        wrong = price * 10 if dice.chance(0.5) and line.quantity * price < 1500 else price / 10
        return replace(line, price=wrong)
    share = Decimal(str(round(dice.real(0.04, 0.22), 3))) * (1 if dice.chance(0.2) else -1)
    wrong = _rounded_like(price, price * (1 + share))
    if abs(wrong - price) <= world.price_tolerance * price * Decimal("1.1"):
        wrong = price + max(price * Decimal("0.05"), Decimal("0.0006"))
    return replace(line, price=wrong)


def _former_price(world: World, customer: Customer, line: WrittenLine, day: date) -> Decimal | None:
    due = price_on(world, customer, world.items[line.item or ""], day)
    for record in world.prices.get((customer.number, line.item or ""), ()):
        if record.valid_to is not None and record.valid_to < day and abs(record.price - due) > due * Decimal("0.025"):
            return record.price
    return None


def _rounded_like(pattern: Decimal, amount: Decimal) -> Decimal:
    exponent = pattern.as_tuple().exponent
    places = max(2, -exponent) if isinstance(exponent, int) else 2
    return amount.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)


def _within(world: World, dice: Dice, line: WrittenLine) -> WrittenLine:
    price = line.price or Decimal(1)
    near = price
    limit = world.price_tolerance * price * Decimal("0.97")
    while near == price or abs(near - price) > limit:
        share = Decimal(str(round(dice.real(0.003, 0.018), 4))) * dice.one((1, -1, -1))
        near = _rounded_like(price, price * (1 + share))
        if near == price:
            near = (price * (1 + share)).quantize(Decimal("0.000001")).normalize()
    return replace(line, price=near)


def _other_unit(customer: Customer, habit: Habit, dice: Dice, line: WrittenLine, item: Item) -> WrittenLine:
    if not dice.chance(0.4):
        converted = _same_dimension(customer, habit, dice, line, item) if dice.chance(0.3) else None
        if converted is not None:
            return converted
        each = (line.price or Decimal(1)) / line.basis
        fitting = [pack for pack in sorted(item.units.items()) if pack[1] * each < MOST_PACK_VALUE]
        unit, size = dice.one(fitting or [min(item.units.items(), key=lambda pack: pack[1])])
        packs = max(Decimal(int(line.quantity / size)), Decimal(1))
        while packs * size < item.min_qty or packs * size % item.multiple:
            packs += 1
        price = line.price * size / line.basis if line.price is not None else None
        written = habit.unit(customer, unit)
        return replace(line, quantity=packs, unit=written, unit_code=unit, price=price, basis=Decimal(1))
    unit = dice.one(_STRANGE_UNITS[item.family])
    count = Decimal(dice.between(1, 12))
    price = line.price * dice.one((10, 20, 25, 50)) / line.basis if line.price is not None else None
    written = habit.unit(customer, unit)
    return replace(line, quantity=count, unit=written, unit_code=unit, price=price, basis=Decimal(1))


def _same_dimension(customer: Customer, habit: Habit, dice: Dice, line: WrittenLine, item: Item) -> WrittenLine | None:
    """Returns the line in another unit of counting, weight or length; None where none comes out even.

    A clerk counts bolts in dozens, gross and thousands, weighs granulate in tonnes and cuts hoses in centimetres.
    """
    choices = [(unit, size) for unit, size in _OTHER_SIZES.get(item.base_unit, ()) if unit not in item.units]
    fitting = []
    for unit, size in choices:
        count = line.quantity / size if size < 1 or item.base_unit == "KGM" else Decimal(int(line.quantity / size))
        whole = count * size
        if count and whole >= item.min_qty and whole % item.multiple == 0:
            fitting.append((unit, size, count))
    if not fitting:
        return None
    unit, size, count = dice.one(fitting)
    price = line.price * size / line.basis if line.price is not None else None
    written = habit.unit(customer, unit)
    return replace(line, quantity=count, unit=written, unit_code=unit, price=price, basis=Decimal(1))


_OTHER_SIZES: Final[dict[str, tuple[tuple[str, Decimal], ...]]] = {
    "C62": (("DZN", Decimal(12)), ("GRO", Decimal(144)), ("MIL", Decimal(1000))),
    "KGM": (("TNE", Decimal(1000)),),
    "MTR": (("CMT", Decimal("0.01")),),
}


def _awkward_quantity(dice: Dice, line: WrittenLine, item: Item) -> WrittenLine:
    """Returns the line with a quantity below the minimum or between two multiples; most often not far off."""
    least = max(item.min_qty, item.multiple)
    if item.multiple > 1 and line.quantity > least and dice.chance(0.55):
        off = max(int(item.multiple * Decimal(str(round(dice.real(0.05, 0.6), 2)))), 1)
        return replace(line, quantity=line.quantity - min(off, int(item.multiple) - 1))
    share = dice.one((Decimal("0.9"), Decimal("0.8"), Decimal("0.5"), Decimal("0.25")))
    return replace(line, quantity=max(Decimal(int(item.min_qty * share)), Decimal(1)))


def spoil_totals(dice: Dice, order: WrittenOrder, habit: Habit) -> WrittenOrder:
    """Returns the order with one control value wrong, and all others as they were."""
    total = order.stated_total
    kinds: list[tuple[str, float]] = [("total", 0.6)] if total is not None else []
    if habit.layout.counts:
        kinds.append(("count", 0.2))
    if habit.layout.hashes:
        kinds.append(("hash", 0.15))
    if total is not None and any(line.amount is not None for line in order.lines):
        kinds.append(("amount", 0.25))
    if not kinds:
        raise ValueError(f"layout {habit.layout.name} can state no control value")
    kind = dice.weighted(kinds)
    if kind == "count":
        return replace(
            order, stated_line_count=len(order.lines) + dice.one((1, 1, 2, -1) if len(order.lines) > 1 else (1,))
        )
    if kind == "hash":
        true = sum((line.quantity for line in order.lines), Decimal(0))
        return replace(order, stated_line_count=len(order.lines), stated_quantity_total=true + dice.between(1, 90))
    if kind == "amount" and total is not None:
        index = dice.between(0, len(order.lines) - 1)
        line = order.lines[index]
        right = line.amount or Decimal(0)
        wrong = right + max(Decimal(dice.between(150, 9000)) / 100, Decimal(1))
        lines = (*order.lines[:index], replace(line, amount=wrong), *order.lines[index + 1 :])
        return replace(order, lines=lines, stated_total=total - right + wrong)
    right = total or Decimal(0)
    wrong = right
    while abs(wrong - right) < 1:
        wrong = dice.one((
            right + Decimal(dice.between(200, 40000)) / 100,
            right * Decimal("1.19"),
            right - (order.lines[-1].value or Decimal(0)) if len(order.lines) > 1 else right * 2,
        )).quantize(Decimal("0.01"))  # fmt: skip
    return replace(order, stated_total=wrong)


def new_place(dice: Dice, customer: Customer) -> Address:
    """Returns a building site, a new branch or a third party that we have never delivered to."""
    country = COUNTRIES[customer.country]
    while True:
        place = make_place(dice, country, "", customer.name)
        if dice.chance(0.3):
            other = dice.one(country.first)
            place = replace(place, name=f"{other} {dice.one(country.second)} {country.legal[0]}")
        if all((place.city, place.street) != (known.city, known.street) for known in customer.ship_tos):
            return place
