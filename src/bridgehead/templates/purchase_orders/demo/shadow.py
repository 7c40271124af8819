"""The report on a shadow tranche: field by field, what the agent would have booked beside what people booked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Final

from pydantic import TypeAdapter, ValidationError

from bridgehead.templates.purchase_orders.demo.audit import Reference, same_content
from bridgehead.templates.purchase_orders.demo.record import ArrivalRecord
from bridgehead.templates.purchase_orders.demo.truth import ArrivalTruth
from bridgehead.templates.purchase_orders.erp.wire import BookEntry, Booking, OrderLine

_BOOKING: Final = TypeAdapter(Booking)
_HEADER: Final = ("customer", "ship_to", "order_date", "currency", "header_code", "total")
_LINE: Final = tuple(field.name for field in fields(OrderLine) if field.name != "line")


@dataclass(frozen=True, slots=True)
class Field:
    """One field over all orders that both would book: how often both say the same."""

    name: str
    same: int
    of: int


@dataclass(frozen=True, slots=True)
class ShadowReport:
    """What a shadow tranche came to.

    ``both`` orders were booked by people and would have been by the agent, ``equal`` of them the
    same in every field; of the others the truth sides with the agent in ``agent_right``.
    ``handed_over``: people booked, the agent would have asked. ``agent_only``: the agent would
    have booked, people did not. ``neither``: both left it to somebody.
    """

    arrivals: int
    both: int
    equal: int
    agent_right: int
    handed_over: int
    agent_only: int
    neither: int
    fields: tuple[Field, ...]


def compare(
    truths: Sequence[ArrivalTruth], records: Mapping[str, ArrivalRecord], books: Iterable[BookEntry]
) -> ShadowReport:
    """Compares the shadow cases of the arrivals with what people booked from the same documents."""
    people = {
        (entry.order.customer, entry.order.po_number): entry.order.content()
        for entry in books
        if entry.order.booked_by == "person"
    }
    right = {(order.customer, order.po_number): order.booking for truth in truths for order in truth.orders}
    would = _would_book(records.values())
    counts: Counter[str] = Counter()
    same: Counter[str] = Counter()
    of: Counter[str] = Counter()
    for reference, theirs in people.items():
        ours = would.get(reference)
        if ours is None:
            counts["handed_over"] += 1
            continue
        counts["both"] += 1
        equal = same_content(ours, theirs)
        counts["equal"] += equal
        truth = right.get(reference)
        counts["agent_right"] += not equal and truth is not None and same_content(ours, truth)
        for name, agrees in _fields(ours, theirs):
            of[name] += 1
            same[name] += agrees
    agent_only = sum(reference not in people for reference in would)
    orders = sum(len(truth.orders) for truth in truths)
    return ShadowReport(
        arrivals=len(truths),
        both=counts["both"],
        equal=counts["equal"],
        agent_right=counts["agent_right"],
        handed_over=counts["handed_over"],
        agent_only=agent_only,
        neither=max(0, orders - counts["both"] - counts["handed_over"] - agent_only),
        fields=tuple(Field(name, same[name], of[name]) for name in (*_HEADER, *(f"line {name}" for name in _LINE))),
    )


def _would_book(records: Iterable[ArrivalRecord]) -> dict[Reference, Booking]:
    names = {field.name for field in fields(Booking)}
    found = {}
    for record in records:
        for case in record.cases:
            if case.level != "shadow" or "lines" not in case.output:
                continue
            try:
                booking = _BOOKING.validate_python({key: value for key, value in case.output.items() if key in names})
            except ValidationError:
                continue
            found[booking.customer, booking.po_number] = booking
    return found


def _fields(ours: Booking, theirs: Booking) -> Iterable[tuple[str, bool]]:
    for name in _HEADER:
        yield name, getattr(ours, name) == getattr(theirs, name)
    mine = {line.line: line for line in ours.lines}
    others = {line.line: line for line in theirs.lines}
    for number in mine.keys() | others.keys():
        one, other = mine.get(number), others.get(number)
        for name in _LINE:
            yield f"line {name}", one is not None and other is not None and getattr(one, name) == getattr(other, name)
