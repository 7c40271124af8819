"""Decides about one order: every rule is asked, the first in order that objects owns it, nothing is dropped."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Final

from bridgehead.documents.order import Order
from bridgehead.templates.purchase_orders.checks import document_rules, line_rules
from bridgehead.templates.purchase_orders.checks.figures import figures
from bridgehead.templates.purchase_orders.checks.lines import settle
from bridgehead.templates.purchase_orders.checks.parties import place
from bridgehead.templates.purchase_orders.checks.value import worth
from bridgehead.templates.purchase_orders.checks.verdict import (
    Facts,
    Ground,
    Hold,
    LineVerdict,
    Rules,
    Settled,
    Verdict,
)
from bridgehead.templates.purchase_orders.erp.wire import Address, Booking, OrderLine, amount_of

DOCUMENT_RULES: Final[tuple[Callable[[Ground], Iterator[Hold]], ...]] = (
    document_rules.known_order,
    document_rules.warned,
    document_rules.parties,
    document_rules.credit,
    document_rules.sums,
    document_rules.currency,
    document_rules.dated,
    document_rules.terms,
    document_rules.limit,
    document_rules.bookable,
)
LINE_RULES: Final[tuple[Callable[[Ground, Settled], Iterator[Hold]], ...]] = (
    line_rules.figures,
    line_rules.item,
    line_rules.price,
    line_rules.unit,
    line_rules.quantity,
    line_rules.delivery,
)


def decide(order: Order, facts: Facts, rules: Rules | None = None) -> Verdict:
    """Returns the verdict; the same for the same order, facts and rules, whatever order the lines are in.

    ``facts.resolved`` holds one entry per line, or is empty when the customer is not known.
    """
    ship_to = None if facts.customer is None else place(facts.customer, order.ship_to)
    lines = settle(order, facts)
    ground = Ground(order, facts, rules or Rules(), ship_to, lines, _proposal(order, facts, ship_to, lines))
    document = [hold for rule in DOCUMENT_RULES for hold in rule(ground)]
    by_line = [[hold for rule in LINE_RULES for hold in rule(ground, settled)] for settled in lines]
    if facts.customer is None:
        by_line = [[] for _ in lines]
    holds = sorted(
        [*document, *(hold for found in by_line for hold in found)],
        # Who follows an instruction may take its own words for a contradiction: the instruction owns the order first.
        key=lambda hold: (hold.rule, hold.cause != "instruction", hold.line or 0, hold.role, hold.reason),
    )
    known = document_rules.resent(ground)
    return Verdict(
        lines=tuple(
            _line(settled, [*found, *(hold for hold in document if hold.line == settled.line.number)])
            for settled, found in zip(lines, by_line, strict=True)
        ),
        holds=() if known is not None and not _objects(holds) else tuple(holds),
        proposal=ground.proposal,
        resend_of=known.order_number if known is not None and not _objects(holds) else None,
        credit=facts.customer.credit if facts.customer is not None else None,
        value=worth(ground),
        figures=() if known is not None and not _objects(holds) else figures(ground, books=not holds),
    )


def _objects(holds: list[Hold]) -> bool:
    """Tells whether a person must see even an exact resend: its figures are in doubt, or it is a revision.

    Nothing is booked for a resend, so credit, dates and the limit do not matter to it.
    """
    return any(hold.cause in {"change", "duplicate", "totals"} for hold in holds)


def _line(settled: Settled, holds: list[Hold]) -> LineVerdict:
    bookable = settled.item is not None and settled.quantity is not None and settled.price is not None
    return LineVerdict(settled.line.number, settled.code if bookable and not holds else None, tuple(holds))


def _proposal(order: Order, facts: Facts, ship_to: Address | None, lines: tuple[Settled, ...]) -> Booking | None:
    if facts.customer is None or facts.as_of is None or ship_to is None or not lines:
        return None
    booked = [line for settled in lines if (line := _booked(settled)) is not None]
    if len(booked) != len(lines):
        return None
    booked.sort(key=lambda line: line.line)
    return Booking(
        customer=facts.customer.number,
        po_number=order.po_number.strip(),
        order_date=order.order_date or facts.as_of,
        currency=facts.customer.currency,
        ship_to=ship_to.id,
        header_code="AD" if all(line.code == "IA" for line in booked) else "AC",
        lines=tuple(booked),
        sales_org=facts.customer.sales_org,
        total=sum((amount_of(line.quantity, line.price) for line in booked), Decimal("0.00")),
    )


def _booked(settled: Settled) -> OrderLine | None:
    item, day = settled.item, settled.confirmed
    if item is None or day is None or settled.quantity is None or settled.price is None:
        return None
    if item.status != "active":
        return None
    return OrderLine(
        line=settled.line.number,
        item=item.number,
        quantity=settled.quantity,
        unit=item.base_unit,
        price=settled.price,
        date=day,
        code=settled.code,
    )
