"""Orders about orders: changed resends, changes and cancellations of what came before, in this run or earlier."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Final, Literal

from bridgehead.templates.purchase_orders.corpus.compose import Writer, written_line
from bridgehead.templates.purchase_orders.corpus.letterbox import Change
from bridgehead.templates.purchase_orders.corpus.model import MAILED, Format, PastOrder, WrittenLine, WrittenOrder
from bridgehead.templates.purchase_orders.corpus.rules import Facts

_SAYS_CHANGE: Final[frozenset[Format]] = frozenset({"x12", "edifact", "cxml", "orderx"})
"""Formats with a field for what an order is: the first of its number, or one that replaces it."""
_WHOLE: Final[frozenset[Format]] = frozenset({"csv", "cxml"})
"""Formats whose cancellation lists what is cancelled, and whose dropped line has the quantity 0."""


def from_past(writer: Writer, past: PastOrder) -> WrittenOrder:
    """Returns a booked order of earlier weeks as its customer wrote it."""
    habit, customer = writer.habit, writer.customer
    lines = []
    for index, (number, quantity, _, due) in enumerate(past.lines):
        item = writer.world.items[number]
        line = written_line(writer, item, quantity, past.order_date, priced=habit.shows_price)
        wished = due if habit.dates == "line" else None
        lines.append(replace(line, number=(index + 1) * habit.step, requested_date=wished))
    place = next(place for place in customer.ship_tos if place.id == past.ship_to)
    return WrittenOrder(
        customer=customer,
        po_number=past.po_number,
        lines=tuple(lines),
        order_date=past.order_date if habit.shows_order_date else None,
        requested_date=past.lines[0][3] if habit.dates == "header" else None,
        currency=customer.currency if habit.shows_currency and habit.shows_price else None,
        stated_total=_total(lines) if "total" in habit.layout.firm else None,
        ship_to=habit.shown(place) if habit.shows_ship_to else None,
        bill_to=habit.shown(customer.bill_to) if "bill_to" in habit.layout.firm else None,
    )


def _total(lines: Sequence[WrittenLine]) -> Decimal:
    return sum((line.value or Decimal(0) for line in lines), Decimal("0.00"))


def changed(writer: Writer, order: WrittenOrder) -> WrittenOrder:
    """Returns the order sent once more with something else in it; whether the customer says so is chance."""
    dice, lines = writer.dice, list(order.lines)
    kinds = ["more", "less"] + (["fewer lines"] if len(lines) > 1 else []) + (["later"] if order.requested_date else [])
    kind = dice.one(kinds)
    index = dice.between(0, len(lines) - 1)
    if kind == "fewer lines":
        del lines[index]
    elif kind in {"more", "less"}:
        lines[index] = _other_quantity(lines[index], more=kind == "more")
    values = tuple(replace(line, amount=line.value) if line.amount is not None else line for line in lines)
    total = None
    if order.stated_total is not None:
        total = _total(values)
    told = dice.chance(0.5)
    return replace(
        order,
        lines=values,
        purpose="change" if told and order.customer.channel in _SAYS_CHANGE else "original",
        release="1" if told and order.customer.channel in MAILED else None,
        requested_date=order.requested_date + timedelta(days=7)
        if kind == "later" and order.requested_date
        else order.requested_date,
        stated_total=total,
        stated_line_count=len(values) if order.stated_line_count is not None else None,
        stated_quantity_total=sum((line.quantity for line in values), Decimal(0))
        if order.stated_quantity_total is not None
        else None,
    )


def _other_quantity(line: WrittenLine, *, more: bool) -> WrittenLine:
    quantity = line.quantity * 2 if more or line.quantity < 2 else Decimal(int(line.quantity / 2))
    return replace(line, quantity=quantity)


def make_change(writer: Writer, order: WrittenOrder) -> Change:
    """Returns a change to one or two lines of an order, or its cancellation."""
    dice = writer.dice
    dated = order.requested_date or order.lines[0].requested_date
    kind = dice.weighted((("quantity", 0.4), ("date", 0.2 if dated else 0.0), ("drop", 0.1), ("cancel", 0.3)))
    table = order.customer.channel in _WHOLE
    bare = WrittenOrder(
        customer=order.customer, po_number=order.po_number, lines=(),
        purpose="cancel" if kind == "cancel" else "change",
        order_date=order.order_date if order.customer.channel not in MAILED else None, release=None,
        bill_to=order.bill_to if "bill_to" in writer.habit.layout.firm else None,
        currency=order.currency if "currency" in writer.habit.layout.firm and (table or kind != "cancel") else None,
    )  # fmt: skip
    if kind == "cancel":
        lines = order.lines if table else ()
        return Change(_summed(writer, replace(bare, lines=lines)), lines, kind)
    before = tuple(dice.some(order.lines, 1 if dice.chance(0.7) else 2))
    after = tuple(_as_wanted(writer, order, line, kind, table=table) for line in before)
    return Change(_summed(writer, replace(bare, lines=after)), before, kind)


def _summed(writer: Writer, order: WrittenOrder) -> WrittenOrder:
    """Returns the order with the total of its lines, where the form demands one."""
    if not order.lines or "total" not in writer.habit.layout.firm:
        return order
    return replace(order, stated_total=_total(order.lines))


def _as_wanted(writer: Writer, order: WrittenOrder, line: WrittenLine, kind: str, *, table: bool) -> WrittenLine:
    plain = replace(line, amount=None)
    if kind == "quantity":
        return _other_quantity(plain, more=writer.dice.chance(0.5))
    if kind == "date":
        asked = line.requested_date or order.requested_date
        return replace(plain, requested_date=asked + timedelta(days=7) if asked else None)
    return replace(plain, quantity=Decimal(0)) if table else plain


def about(kind: Literal["changed_resend", "change", "cancel"], ship_to: str | None, status: str | None) -> Facts:
    """Returns what is true of a document about an earlier order of which ``status`` is known."""
    return Facts(ship_to=ship_to, relation=kind, known_status=status)
