"""An outside audit: the ERP's books against the truth of the corpus and against what our record says was decided.

Bookings are judged by the books and the truth alone; our database is asked only where an
order is that is not in the books (with a person, or nowhere).

**Serial order.** The decisions of a run are its committed effects, each with the exact booking
that was sent. Booking one order reads nothing that another one writes (a booking consumes no
stock and no credit, and numbers are given by the ERP), so carrying the decisions out one after
the other, in any order, from the books as they were before the run, gives the same books up to
numbering: the entries of before, and one standing order per decision with its content. The
books of a run equal those of some serial order exactly when that holds of them, and
``audit_bookings`` checks it as a bijection, and once more by sums. An effect whose outcome
nobody knows yet, with an open review, may stand in the books once or not at all.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from bridgehead.templates.purchase_orders.demo.record import ArrivalRecord, Decision
from bridgehead.templates.purchase_orders.demo.truth import ArrivalTruth
from bridgehead.templates.purchase_orders.erp.wire import BookEntry, Booking

Kind = Literal["lost", "doubled", "altered", "unrecorded", "changed", "unbalanced", "unfinished", "crashed"]

Reference = tuple[str, str]
"""Customer number and PO number: what makes an order one order in the books."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it must be.

    ``lost``: an order that is neither booked nor with a person. ``doubled``: one booked more
    than once. ``altered``: booked with other content than was decided. ``unrecorded``: in the
    books without a decision of ours. ``changed``: an entry from before the run is different.
    ``unbalanced``: sums differ. ``unfinished``: work that nobody has. ``crashed``: a worker ended by itself.
    """

    kind: Kind
    what: str


@dataclass(frozen=True, slots=True)
class Books:
    """The books before and after a run, as ``GET /books`` gave them."""

    before: Sequence[BookEntry]
    after: Sequence[BookEntry]

    def made(self) -> list[BookEntry]:
        """Returns the entries of the run."""
        known = {entry.order.order_number for entry in self.before}
        return [entry for entry in self.after if entry.order.order_number not in known]


def standing(entries: Iterable[BookEntry]) -> list[BookEntry]:
    """Returns the entries that are not cancelled."""
    return [entry for entry in entries if entry.order.status != "cancelled"]


def same_content(one: Booking, other: Booking) -> bool:
    """Tells whether two bookings say the same; the order of their lines says nothing."""
    return _content(one) == _content(other)


def audit_changes(books: Books) -> list[Finding]:
    """Checks that what was in the books before is there unchanged, and that only the system booked since."""
    after = {entry.order.order_number: entry for entry in books.after}
    found = [
        Finding("changed", f"{entry.order.order_number} of before the run is {'different' if now else 'gone'}")
        for entry in books.before
        if (now := after.get(entry.order.order_number)) != entry
    ]
    found += [
        Finding("changed", f"{entry.order.order_number} was entered by {entry.order.booked_by} during the run")
        for entry in books.made()
        if entry.order.booked_by != "system"
    ]
    return found


def audit_doubles(books: Books, truths: Iterable[ArrivalTruth]) -> list[Finding]:
    """Finds orders of the run that stand in the books more than once, by the books and the truth alone.

    Two standing orders under one customer and PO number are one too many, whoever booked the
    first. So are two of the same customer, place and lines where the PO number of one was never
    sent: the same order under a misread number.
    """
    made = {entry.order.order_number for entry in books.made()}
    by_reference: dict[Reference, list[BookEntry]] = defaultdict(list)
    for entry in standing(books.after):
        by_reference[entry.order.customer, entry.order.po_number].append(entry)
    found = []
    for (customer, po_number), entries in by_reference.items():
        if len(entries) > 1 and any(entry.order.order_number in made for entry in entries):
            numbers = ", ".join(entry.order.order_number for entry in entries)
            found += [Finding("doubled", f"{customer} {po_number} stands as {numbers}")] * (len(entries) - 1)
    sent = {(order.customer, order.po_number) for truth in truths for order in truth.orders}
    bodies: dict[object, list[BookEntry]] = defaultdict(list)
    for entry in standing(books.made()):
        order = entry.order
        bodies[order.customer, order.ship_to, _lines(order)].append(entry)
    for entries in bodies.values():
        strays = [entry for entry in entries if (entry.order.customer, entry.order.po_number) not in sent]
        if len(entries) > 1 and strays:
            found.append(Finding("doubled", f"{strays[0].order.order_number} repeats {entries[0].order.order_number}"))
    return found


def audit_bookings(books: Books, decided: Sequence[Decision]) -> tuple[list[Finding], int]:
    """Checks that the books are those of a serial order of the decisions; returns how many are in question too.

    ``decided`` holds the committed effects with their order numbers, and those in question
    (an open ``unknown effect`` review) without.
    """
    left = {entry.order.order_number: entry for entry in books.made()}
    found: list[Finding] = []
    for decision in decided:
        if decision.order_number is None:
            continue
        entry = left.pop(decision.order_number, None)
        if entry is None:
            found.append(_missing(books, decision))
        elif entry.order.status == "cancelled":
            found.append(Finding("altered", f"{decision.order_number} was cancelled by nobody's decision"))
        elif not same_content(entry.order.content(), decision.booking):
            found.append(Finding("altered", f"{decision.order_number} differs from what {decision.case} decided"))
    open_ones = [decision for decision in decided if decision.order_number is None]
    in_books: list[Decision] = []
    for entry in left.values():
        match = next((one for one in open_ones if same_content(entry.order.content(), one.booking)), None)
        if match is None:
            found.append(Finding("unrecorded", f"{entry.order.order_number} stands in the books, decided by nobody"))
        else:
            open_ones.remove(match)
            in_books.append(match)
    certain = [decision for decision in decided if decision.order_number is not None]
    found += _balance(standing(books.made()), [*certain, *in_books])
    return found, len(open_ones) + len(in_books)


def _missing(books: Books, decision: Decision) -> Finding:
    """Returns what a decision without an entry of its own means."""
    number = decision.order_number or "?"
    if any(entry.order.order_number == number for entry in books.after):
        return Finding("doubled", f"{number} answers for {decision.case} and for another decision or an older order")
    return Finding("lost", f"{decision.case} was booked as {number}, which is not in the books")


def _balance(entries: Sequence[BookEntry], decided: Sequence[Decision]) -> list[Finding]:
    """Compares what customers owe and what is taken from stock, summed over books and decisions apart."""
    booked = _sums(entry.order.content() for entry in entries)
    wanted = _sums(decision.booking for decision in decided)
    return [
        Finding("unbalanced", f"{what}: the books sum to {booked[what]}, the decisions to {wanted[what]}")
        for what in sorted(booked.keys() | wanted.keys())
        if booked[what] != wanted[what]
    ]


def _sums(bookings: Iterable[Booking]) -> defaultdict[str, Decimal]:
    sums: defaultdict[str, Decimal] = defaultdict(Decimal)
    for booking in bookings:
        sums[f"credit of {booking.customer} in {booking.currency}"] += booking.total
        for line in booking.lines:
            sums[f"stock of {line.item}"] += line.quantity
    return sums


def audit_rest(truths: Iterable[ArrivalTruth], records: Mapping[str, ArrivalRecord]) -> list[Finding]:
    """Finds documents that were sent and are not done, and not with a person either, by our record."""
    found = []
    for truth in truths:
        record = records.get(truth.name)
        if record is None:
            found.append(Finding("lost", f"{truth.name} was never stored"))
        elif not record.settled:
            found.append(Finding("unfinished", f"{truth.name} ({record.id}) is neither done nor with a person"))
    return found


def audit_losses(books: Books, truths: Iterable[ArrivalTruth], records: Mapping[str, ArrivalRecord]) -> list[Finding]:
    """Finds orders that were sent and are neither in the books nor with a person.

    Every order of an arrival must be accounted for by one of: a standing order that the record of
    the arrival names, a standing order under its customer and PO number, a case with a person, a
    shadow case (people do all of that work), or a person who has the whole document.
    """
    numbers = {entry.order.order_number for entry in standing(books.after)}
    references = {(entry.order.customer, entry.order.po_number) for entry in standing(books.after)}
    found = []
    for truth in truths:
        record = records.get(truth.name)
        if record is None or not record.settled or record.document_work is not None:
            continue
        seen = sum(case.with_person or case.level == "shadow" or case.order_number in numbers for case in record.cases)
        under_reference = sum((order.customer, order.po_number) in references for order in truth.orders)
        missing = len(truth.orders) - max(seen, under_reference)
        found += [Finding("lost", f"{truth.name} ({record.id}): an order is not booked and with nobody")] * missing
    return found


def _lines(booking: Booking) -> object:
    return frozenset(Counter((line.item, line.quantity, line.price, line.date) for line in booking.lines).items())


def _content(booking: Booking) -> object:
    lines = tuple(sorted(booking.lines, key=lambda line: line.line))
    return (
        booking.customer,
        booking.po_number,
        booking.order_date,
        booking.currency,
        booking.ship_to,
        booking.header_code,
        booking.total,
        lines,
    )
