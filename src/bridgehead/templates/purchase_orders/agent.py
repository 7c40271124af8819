"""The order agent: plain Python, no model. It reads what the ERP knows, applies the rules, and books or hands over."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, fields
from decimal import Decimal
from typing import Literal

from bridgehead import Case, Context, Refused
from bridgehead.documents.order import Order
from bridgehead.spec.tool import JSON
from bridgehead.templates.purchase_orders.checks.decide import decide
from bridgehead.templates.purchase_orders.checks.nearest import names_near, nearest, said_of
from bridgehead.templates.purchase_orders.checks.parties import identify
from bridgehead.templates.purchase_orders.checks.verdict import DUE_S, Facts, Rules, Verdict
from bridgehead.templates.purchase_orders.doing import to_do
from bridgehead.templates.purchase_orders.erp.wire import (
    BookedOrder,
    Booking,
    Credit,
    Customer,
    Item,
    PartNames,
    Resolved,
)
from bridgehead.templates.purchase_orders.tools import (
    book_order,
    find_customer,
    find_orders,
    quote_prices,
    resolve_items,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Booked(BookedOrder):
    """The order as the ERP answered, with how near it came to each of the template's checks, for who asks later.

    A deployment that returns it ignores ``checks`` in ``compare``; one that returns a BookedOrder records none.
    """

    checks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Handled:
    """An order that needed no booking: the same order again, or one that a person rejected."""

    kind: Literal["resend", "rejected"]
    reason: str
    order_number: str | None = None


async def orders(case: Case[Order], ctx: Context) -> Booked | Handled:
    """Books the order of a case, with the rules as they come; a deployment with other rules calls ``process``."""
    return await process(case, ctx, Rules())


async def process(
    case: Case[Order],
    ctx: Context,
    rules: Rules,
    *,
    book: Callable[[Booking, Credit | None], Awaitable[BookedOrder]] = book_order,
) -> Booked | Handled:
    """Books the order of a case in at most four reads and one booking, or hands it to the role that owns the exception.

    For an order that is handed over it may read once more: whoever is near where nobody was found, or what took the
    place of an item.

    ``book`` is the tool that books; ``import_order`` is for an ERP that takes no idempotency key. It gets what the
    ERP says of the customer's credit beside the booking, so that the gate decides by it too.
    What the deployment's policy holds (a large order, say) is decided when the booking is
    called, by a person who sees exactly this booking.
    """
    verdict = await judge(case, rules)
    if verdict.resend_of is not None:
        return Handled("resend", verdict.reason(), verdict.resend_of)
    booking = verdict.booking
    if booking is None:
        hold = verdict.hold
        if hold is None:
            raise AssertionError("an order that is neither booked nor known is held")
        await ctx.hand_over(
            hold.role,
            verdict.reason(),
            cause=hold.cause,
            within_s=DUE_S[hold.cause],
            details={"to_do": to_do(verdict.holds), "checks": list(verdict.figures), **_worth(verdict)},
        )
    try:
        order = await book(booking, verdict.credit)
    except Refused as refusal:
        if refusal.code != "review.rejected":
            raise
        return Handled("rejected", refusal.message)
    return Booked(**{field.name: getattr(order, field.name) for field in fields(BookedOrder)}, checks=verdict.figures)


def _worth(verdict: Verdict) -> dict[str, JSON]:
    """Returns what the order comes to, or what stands of one that is cancelled, for the desk to show and sort by."""
    value = verdict.value
    if value is None:
        return {}
    return {"value": {"amount": str(value.amount), "currency": value.currency, "what": value.what, "why": value.why}}


async def judge(case: Case[Order], rules: Rules) -> Verdict:
    """Returns the verdict on a case's order, from what the ERP says at the moment."""
    order, buyer = case.input, case.input.buyer
    found = await find_customer(
        number=buyer.number, name=buyer.name, email=buyer.email, duns=buyer.duns, gln=buyer.gln, vat=buyer.vat
    )
    customer, why_not = identify(order, found.items)
    if customer is None:
        near = (
            nearest(order, (await find_customer(**asked)).items)
            if not found.items and (asked := names_near(order))
            else []
        )
        facts = Facts(
            not_found=why_not + said_of(near),
            revises=case.revises is not None,
            nearest=tuple(one for one, _ in near),
        )
        return decide(order, facts, rules)
    return decide(order, await gather(case, customer), rules)


async def gather(case: Case[Order], customer: Customer) -> Facts:
    """Returns what the ERP says about a known customer's order, in one batch per question.

    Of a superseded item its successor is read too, with its price: whoever asks the customer needs both.
    In shadow, bookings by people are what the agent is compared with, so they do not count as
    earlier orders.
    """
    order = case.input
    earlier = (await find_orders(customer.number, order.po_number)).items if order.po_number else ()
    names = tuple(
        PartNames(line.customer_part, line.supplier_part, line.gtin, line.description) for line in order.lines
    )
    resolved = await resolve_items(customer.number, names) if names else None
    items = tuple(sorted({line.item.number for line in resolved.lines if line.item})) if resolved else ()
    successors = await _successors(customer, resolved)
    priced = tuple(sorted({*items, *successors}))
    quotes = await quote_prices(customer.number, priced, on=order.order_date) if priced else None
    return Facts(
        customer=customer,
        as_of=resolved.as_of if resolved else None,
        resolved=resolved.lines if resolved else (),
        quotes={quote.item: quote for quote in quotes.items} if quotes else {},
        tolerance=quotes.tolerance if quotes else Decimal(0),
        earlier=tuple(known for known in earlier if case.level != "shadow" or known.booked_by != "person"),
        revises=case.revises is not None,
        successors=successors,
    )


async def _successors(customer: Customer, resolved: Resolved | None) -> dict[str, Item]:
    """Returns the items that took the place of superseded ones, by number; reads nothing where none did."""
    lines = resolved.lines if resolved else ()
    wanted = sorted({line.item.superseded_by for line in lines if line.item and line.item.superseded_by})
    if not wanted:
        return {}
    found = await resolve_items(customer.number, tuple(PartNames(supplier_part=number) for number in wanted))
    return {line.item.number: line.item for line in found.lines if line.item}
