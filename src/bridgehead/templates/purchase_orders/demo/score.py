"""What a run was worth: each order beside its truth, counted by format and by defect, with exact bounds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from math import ceil
from typing import Final

from bridgehead.money import Money
from bridgehead.rollout.binomial import interval
from bridgehead.spec.deployment import Deployment
from bridgehead.templates.purchase_orders.demo.audit import same_content
from bridgehead.templates.purchase_orders.demo.record import ArrivalRecord, CaseRecord, Work
from bridgehead.templates.purchase_orders.demo.truth import ArrivalTruth, OrderTruth
from bridgehead.templates.purchase_orders.erp.wire import Booking

NOBODY: Final = "none"


@dataclass(frozen=True, slots=True)
class Scored:
    """One order: what it is, what became of it, and whether that is right.

    ``touchless``: decided with no person. ``right`` is about the touchless ones: booked exactly
    as the truth says, or, for a resend, not booked again. ``work`` is the person's, if any.
    """

    arrival: str
    format: str
    defects: tuple[str, ...]
    possible: bool
    touchless: bool
    right: bool
    work: Work | None
    owner: str | None
    true_cause: str | None
    case: str | None = None

    @property
    def name(self) -> str:
        """The case, else the document, which a person has as a whole."""
        return self.case or self.arrival


@dataclass(frozen=True, slots=True)
class Share:
    """A part of a whole, with the exact 95 % bounds of the rate behind it."""

    count: int
    of: int

    @property
    def rate(self) -> float:
        """The observed share; 0 of nothing is 0."""
        return self.count / self.of if self.of else 0.0

    @property
    def bounds(self) -> tuple[float, float]:
        """The two-sided bounds of Clopper and Pearson."""
        return interval(self.count, self.of)


@dataclass(frozen=True, slots=True)
class Slice:
    """Some of the orders: how many, how many a perfect reader would do alone, were done alone, and were right."""

    name: str
    orders: int
    possible: int
    touchless: Share
    right: Share
    wrong: Share

    @property
    def ceiling(self) -> float:
        """The touchless share of a perfect reader under the deployment's own rules."""
        return self.possible / self.orders if self.orders else 0.0


@dataclass(frozen=True, slots=True)
class Score:
    """A run in figures. ``exceptions`` is what people have, ``of_orders`` the part of it that is about orders.

    ``others`` are documents that are no orders, right when nothing is booked and the right queue has
    them; ``queued`` counts the orders that need a person and have one, right when the truth's owner has them.
    ``misplaced`` names those that another role has, ``needless`` the orders that needed nobody and were not decided
    without a person; ``unopened`` counts orders with people in documents that no case came of.
    """

    whole: Slice
    formats: tuple[Slice, ...]
    defects: tuple[Slice, ...]
    of_orders: tuple[tuple[Work, int], ...]
    exceptions: tuple[tuple[Work, int], ...]
    others: Share
    queued: Share
    faults: tuple[Scored, ...]
    misplaced: tuple[str, ...] = ()
    needless: tuple[str, ...] = ()
    unopened: int = 0


def score(truths: Sequence[ArrivalTruth], records: Mapping[str, ArrivalRecord], booked: Mapping[str, Booking]) -> Score:
    """Returns the figures of a run; ``booked`` are the contents of the books by order number."""
    scored = [one for truth in truths if truth.is_order for one in _orders(truth, records.get(truth.name), booked)]
    others = [(truth, records.get(truth.name)) for truth in truths if not truth.is_order]
    needed = [one for one in scored if one.work is not None and one.owner is not None]
    of_orders = Counter(one.work for one in scored if one.work is not None)
    exceptions = of_orders.copy()
    for _, record in others:
        exceptions.update(_all_work(record))
    formats = sorted({one.format for one in scored})
    defects = Counter(name for one in scored for name in one.defects)
    return Score(
        whole=_slice("all orders", scored),
        formats=tuple(_slice(name, [one for one in scored if one.format == name]) for name in formats),
        defects=(
            _slice("none", [one for one in scored if not one.defects]),
            *(_slice(name, [one for one in scored if name in one.defects]) for name, _ in defects.most_common()),
        ),
        of_orders=tuple(of_orders.most_common()),
        exceptions=tuple(exceptions.most_common()),
        others=Share(sum(_rightly_queued(truth, record) for truth, record in others), len(others)),
        queued=Share(sum(one.work is not None and one.work.role == one.owner for one in needed), len(needed)),
        faults=tuple(one for one in scored if _is_fault(one)),
        misplaced=tuple(one.name for one in needed if one.work is not None and one.work.role != one.owner),
        needless=tuple(one.name for one in scored if not one.touchless and (one.work is None or one.owner is None)),
        unopened=sum(not one.touchless and one.case is None for one in scored),
    )


def _is_fault(one: Scored) -> bool:
    return (one.touchless and not one.right) or (one.possible and not one.touchless)


def _slice(name: str, scored: Sequence[Scored]) -> Slice:
    alone = [one for one in scored if one.touchless]
    right = sum(one.right for one in alone)
    return Slice(
        name=name,
        orders=len(scored),
        possible=sum(one.possible for one in scored),
        touchless=Share(len(alone), len(scored)),
        right=Share(right, len(alone)),
        wrong=Share(len(alone) - right, len(alone)),
    )


def _orders(truth: ArrivalTruth, record: ArrivalRecord | None, booked: Mapping[str, Booking]) -> Iterable[Scored]:
    cases = [] if record is None else list(record.cases)
    work = None if record is None else record.document_work
    for order, case in _paired(truth.orders, cases):
        touchless, right = (False, False) if case is None else _judged(order, case, booked)
        yield Scored(
            arrival=truth.name,
            format=truth.format,
            defects=truth.defects,
            possible=order.touchless,
            touchless=touchless,
            right=right,
            work=None if touchless else (case.work if case is not None and case.work else work),
            owner=order.owner,
            true_cause=order.cause,
            case=case.id if case is not None else None,
        )


def _judged(order: OrderTruth, case: CaseRecord, booked: Mapping[str, Booking]) -> tuple[bool, bool]:
    """Returns whether no person was needed, and whether what was done without one is right."""
    resend = order.touchless and order.booking is None
    if case.relation == "resend":
        return True, resend
    if not case.finished:
        return False, False
    if case.output.get("kind") == "resend":
        return True, resend
    found = booked.get(case.order_number or "")
    return True, found is not None and order.booking is not None and same_content(found, order.booking)


def _paired(orders: Sequence[OrderTruth], cases: list[CaseRecord]) -> Iterable[tuple[OrderTruth, CaseRecord | None]]:
    """Pairs the orders of a document with its cases: by PO number, the others as they come."""
    by_number: dict[str, CaseRecord] = {_bare(case.po_number): case for case in reversed(cases)}
    named = {index: case for index, order in enumerate(orders) if (case := by_number.pop(_bare(order.po_number), None))}
    left = [case for case in cases if case not in named.values()]
    for index, order in enumerate(orders):
        yield order, named.get(index) or (left.pop(0) if left else None)


def _bare(number: str) -> str:
    return "".join(char for char in number.casefold() if char.isalnum())


def _all_work(record: ArrivalRecord | None) -> list[Work]:
    if record is None:
        return []
    return [*record.work, *(case.work for case in record.cases if case.work is not None)]


def _rightly_queued(truth: ArrivalTruth, record: ArrivalRecord | None) -> bool:
    if record is None or any(case.order_number is not None for case in record.cases):
        return False
    roles = {work.role for work in _all_work(record)}
    return roles == (set() if truth.queue == NOBODY else {truth.queue})


@dataclass(frozen=True, slots=True)
class Latency:
    """Seconds from receipt to decision: half of all arrivals took no longer than ``p50``, 99 of 100 than ``p99``."""

    p50: float
    p99: float
    arrivals: int


def latency(records: Iterable[ArrivalRecord]) -> Latency:
    """Returns how long arrivals took until each of their orders was booked, attached or with a person."""
    taken = sorted(
        (decided - record.received_at).total_seconds()
        for record in records
        if (decided := _decided(record)) is not None
    )
    return Latency(_percentile(taken, 50), _percentile(taken, 99), len(taken))


def _decided(record: ArrivalRecord) -> datetime | None:
    own = [case.decided_at for case in record.cases if case.relation != "resend" and case.decided_at is not None]
    moments = [*own, *([record.settled_at] if record.settled_at is not None else [])]
    return max(moments) if record.settled and moments else None


def _percentile(values: Sequence[float], percent: int) -> float:
    """Returns the nearest-rank percentile; 0 of nothing is 0."""
    return values[max(0, ceil(len(values) * percent / 100) - 1)] if values else 0.0


@dataclass(frozen=True, slots=True)
class Worth:
    """What a successful order costs by hand and with the agent, in one currency; ``minutes`` are people's, in all.

    Each exception is counted with the whole time an order takes by hand, at its role's rate; the
    run has no people, so no minute of it is measured. ``recorded`` is what the books of the cases hold.
    """

    by_hand: Money
    per_order: Money
    minutes: float
    recorded: Money
    successes: int


def worth(
    deployment: Deployment, exceptions: Iterable[tuple[Work, int]], whole: Slice, recorded: Sequence[tuple[str, str]]
) -> Worth | None:
    """Returns the comparison, or None when the deployment gives no baseline or a role no rate in one currency.

    A success is an order that was booked right, or that a person has and finishes.
    """
    baseline, default = deployment.baseline, deployment.fallback.default
    by_hand = None if default is None else cost_of(deployment, default, 1)
    if baseline is None or by_hand is None:
        return None
    people, count = Money(Decimal(0), by_hand.currency), 0
    for work, times in exceptions:
        cost = cost_of(deployment, work.role, times)
        if cost is None or cost.currency != by_hand.currency:
            return None
        people += cost
        count += times
    spent = [Decimal(amount) for unit, amount in recorded if unit == by_hand.currency]
    machine = Money(sum(spent, Decimal(0)), by_hand.currency)
    successes = whole.right.count + whole.orders - whole.touchless.count
    return Worth(
        by_hand=by_hand,
        per_order=Money((people + machine).amount / max(successes, 1), by_hand.currency),
        minutes=baseline.minutes * count,
        recorded=machine,
        successes=successes,
    )


def cost_of(deployment: Deployment, role: str, times: int) -> Money | None:
    """Returns what a role's people cost for that many cases by hand, or None where rate or baseline is unknown."""
    rate = deployment.roles[role].rate
    if rate is None or deployment.baseline is None:
        return None
    return rate * (Decimal(str(deployment.baseline.minutes)) / 60 * times)
