"""Rules about the document as a whole: known orders, instructions, parties, credit, sums, terms, the limit."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from pydantic import TypeAdapter, ValidationError

from bridgehead.documents.doubt import says_its_purpose
from bridgehead.documents.order import Order, Party
from bridgehead.templates.purchase_orders.checks.value import order_value, reckoned
from bridgehead.templates.purchase_orders.checks.verdict import (
    CANCEL,
    CREDIT_CONTROL,
    INSIDE_SALES,
    LOGISTICS,
    ORDER_DESK,
    PLANNER,
    PRICING,
    SALES_LEAD,
    Cause,
    Ground,
    Hold,
)
from bridgehead.templates.purchase_orders.erp.wire import BookedBy, BookedOrder, Booking

_CENT: Final = Decimal("0.01")
_LONGEST_PO: Final = 60
_NAMED_SO: Final = (
    "where it is, add the name that the document gives to the customer in the ERP and send the case back to the agent,"
    " or book the order in the ERP yourself"
)
_TOLD: Final = 3
"""Differences between two versions of an order that a reason names, at most."""
_LISTED: Final = 5
"""Addresses on file that a reason names, at most."""
_BOOKING: Final = TypeAdapter(Booking)
_BOOKERS: Final[Mapping[BookedBy, str]] = {
    "system": "this system", "person": "a person", "history": "somebody before this system",
}  # fmt: skip
_OWNERS: Final[Mapping[str, tuple[str, Cause]]] = {
    "price": (PRICING, "price"), "quantity": (INSIDE_SALES, "quantity"), "item": (INSIDE_SALES, "item"),
    "unit": (INSIDE_SALES, "unit"), "total": (ORDER_DESK, "totals"), "ship_to": (ORDER_DESK, "ship_to"),
}  # fmt: skip
"""Whom a field of a booking concerns that cannot be booked as it is; any other concerns the order desk."""
_SUMS: Final = frozenset({"totals", "count", "hash"})
_ALTER: Final[Mapping[str, str]] = {
    "change": "change the order in the ERP as the document asks, or tell the customer why not",
    "cancel": CANCEL,
}
"""What is done about a document that changes or cancels an order, by its purpose."""
_SAME_AGAIN: Final = (
    "make sure that it is the same order again: nothing is booked then, and where it is a second one, ask the customer"
    " for another PO number"
)
_TEXTS: Final[dict[str, Cause]] = {"instruction": "instruction", "contradiction": "contradiction"}
_WHAT_IS_MEANT: Final[Mapping[str, str]] = {
    "instruction": "read the quoted text, and ask the customer by a way that you know whether the document is theirs",
    "contradiction": "ask the customer what is meant",
}
"""What is done about such a text in a document that orders nothing new."""
_NET_DAYS: Final = re.compile(r"^(?:n|net|netto)?(\d{1,3})(?:d|day|days|t|tage|jours)?(?:n|net|netto)?$")


def known_order(ground: Ground) -> Iterator[Hold]:
    """Rule 1: a change, a cancellation, or a PO number that is known with other content, is for a person."""
    order, earlier = ground.order, ground.facts.earlier
    role = PLANNER if any(known.status == "in_production" for known in earlier) else ORDER_DESK
    if order.purpose in {"change", "cancel"}:
        yield Hold(1, role, "change", _asks_for(ground, order.purpose), to_do=_ALTER[order.purpose])
    elif order.purpose != "original":
        said = f"The document is no new order of PO {order.po_number}; its purpose is {order.purpose!r}."
        yield Hold(1, role, "change", f"{said} Only new orders are booked without a person.")
    elif earlier and resent(ground) is None:
        same = _orders_the_same(ground)
        again = _SAME_AGAIN if same is not None and same.status != "cancelled" else ""
        yield Hold(1, role, "duplicate", _other_content(ground), to_do=again)
    elif ground.facts.revises:
        said = f"PO {order.po_number} came before with other content, in an earlier document that is not booked."
        yield Hold(1, role, "duplicate", f"{said} A PO number that came once only is booked.")


def _asks_for(ground: Ground, purpose: str) -> str:
    order, earlier = ground.order, ground.facts.earlier
    standing = ", ".join(
        f"{known.order_number} ({known.status}, {known.total} {known.currency}, booked by {_BOOKERS[known.booked_by]})"
        for known in earlier
    )
    booked = f"booked as {standing}" if standing else "not booked under this number"
    what = "cancellation" if purpose == "cancel" else purpose
    proposal = ground.proposal
    differs = ""
    if proposal is not None and earlier and purpose == "change":
        differs = f" It would come to {proposal.total} {proposal.currency}{_differences(proposal, earlier[-1])}."
    return (
        f"The document is a {what} of PO {order.po_number}, {booked}; only new orders are booked without a person."
        f"{differs}{_in_its_words(order)}"
    )


def _in_its_words(order: Order) -> str:
    """Returns what a cancellation says of it, as its reader quoted it."""
    said = [one for one in order.warnings if says_its_purpose(one, order.purpose)]
    quoted = dict.fromkeys(whole.strip() for one in said if (whole := one.partition(" says ")[2].partition(": ")[2]))
    return f" It says: {'; '.join(list(quoted)[:_TOLD])}." if quoted else ""


def _other_content(ground: Ground) -> str:
    order, earlier, proposal = ground.order, ground.facts.earlier, ground.proposal
    numbers = ", ".join(f"{known.order_number} ({known.status}, {known.total})" for known in earlier)
    ours = f"; this one comes to {proposal.total}" if proposal is not None else ""
    same = _orders_the_same(ground)
    if same is not None and same.status == "cancelled":
        wanted = "a person says whether it is wanted again"
        said = (
            f"PO {order.po_number} is known: {numbers}. It orders the same as {same.order_number}, which is cancelled"
        )
        return f"{said}: {wanted}."
    if same is not None:
        return (
            f"PO {order.po_number} is known: {numbers}; this one comes to {same.total} too. Nothing that is ordered"
            f" differs from {same.order_number}: item, quantity, unit, price and day of each line, ship-to and currency"
            " are the same. What else the document says is for a person to read before it counts as the same again."
        )
    differs = _differences(proposal, earlier[-1]) if proposal is not None else ""
    return (
        f"PO {order.po_number} is known with other content than this document's: {numbers}{ours}{differs}."
        " The same order again needs nobody, and another one needs another PO number."
    )


def _orders_the_same(ground: Ground) -> BookedOrder | None:
    """Returns the order of which this document would book nothing otherwise, nor asks for it otherwise.

    One that stands goes before one that is cancelled.
    """
    if ground.proposal is None or any(settled.quantity != settled.ordered for settled in ground.lines):
        return None
    wanted = _content(ground.proposal)
    found = [known for known in ground.facts.earlier if _content(known) == wanted]
    return min(found, key=lambda known: known.status == "cancelled", default=None)


def _differences(proposal: Booking, known: BookedOrder) -> str:
    """Returns what sets a document apart from the order that is booked, the first few differences of it."""
    found = [
        f"{name} {getattr(known, field)} became {getattr(proposal, field)}"
        for field, name in (("currency", "currency"), ("ship_to", "ship-to"))
        if getattr(known, field) != getattr(proposal, field)
    ]
    if len(known.lines) != len(proposal.lines):
        found.append(f"{len(known.lines)} lines became {len(proposal.lines)}")
    for before, after in zip(
        sorted(known.lines, key=lambda line: line.line),
        sorted(proposal.lines, key=lambda line: line.line),
        strict=False,
    ):
        found += [
            f"line {after.line}: {name} {getattr(before, name)} became {getattr(after, name)}"
            for name in ("item", "quantity", "unit", "price", "date")
            if getattr(before, name) != getattr(after, name)
        ]
    more = f", and {len(found) - _TOLD} more" if len(found) > _TOLD else ""
    return f" ({'; '.join(found[:_TOLD])}{more})" if found else ""


def resent(ground: Ground) -> BookedOrder | None:
    """Returns the standing order that this document repeats exactly, or None.

    Same content is what would be booked again, line codes aside. A document with warnings
    repeats nothing: somebody must read it first. Nor does a case whose own content differs from an
    earlier one's, where rounding to what is sold may hide the difference.
    """
    if ground.proposal is None or _doubts(ground.order) or ground.order.purpose != "original":
        return None
    if ground.facts.revises and any(settled.quantity != settled.ordered for settled in ground.lines):
        return None
    wanted = _content(ground.proposal)
    standing = [known for known in ground.facts.earlier if known.status != "cancelled"]
    return next((known for known in standing if _content(known) == wanted), None)


def warned(ground: Ground) -> Iterator[Hold]:
    """Rule 2: instructions to the reader, contradicting text and doubtful readings are for a person."""
    for warning in _doubts(ground.order):
        if says_its_purpose(warning, ground.order.purpose):
            continue
        kind, _, text = warning.partition(":")
        if kind in _TEXTS:
            said = f"The document holds text to be judged ({kind}): {text.strip()}"
            alters = ground.order.purpose in _ALTER
            yield Hold(2, ORDER_DESK, _TEXTS[kind], said, to_do=_WHAT_IS_MEANT[kind] if alters else "")
        elif kind not in _SUMS:
            said = f"The document could not be read for certain: {warning.strip()}"
            yield Hold(2, ORDER_DESK, "reading", said, to_do=_look_again(ground.order))
    sure, least = ground.order.confidence, ground.rules.least_confidence
    if sure is not None and sure < least and not _doubts(ground.order):
        share = f"Of readings like this one {sure:.0%} are right in every field; {least:.0%} are asked for."
        yield Hold(2, ORDER_DESK, "reading", share, to_do=_look_again(ground.order))
    if not 0 < len(ground.order.po_number.strip()) <= _LONGEST_PO:
        length = len(ground.order.po_number.strip())
        said = f"The document gives no PO number that can be booked: it has {length} characters"
        yield Hold(2, ORDER_DESK, "reading", f"{said}, and 1 to {_LONGEST_PO} can be booked.")


def _look_again(order: Order) -> str:
    """Returns what is done about a doubtful reading of a document that orders nothing new; else what its cause says."""
    return "read the document itself" if order.purpose in _ALTER else ""


def _doubts(order: Order) -> list[str]:
    return [warning for warning in order.warnings if not warning.startswith("remark:")]


def parties(ground: Ground) -> Iterator[Hold]:
    """Rule 3: the customer and the ship-to are each exactly one on file."""
    facts = ground.facts
    if facts.customer is None:
        likely = " or ".join(f"{one.number} {one.name}" for one in facts.nearest)
        to_do = (
            f"ask {likely}, by an address on file for it, whether the order is its own; {_NAMED_SO}" if likely else ""
        )
        yield Hold(3, ORDER_DESK, "customer", facts.not_found or "The customer is not known.", to_do=to_do)
    elif ground.ship_to is None and not changes_only(ground.order):
        stated = ground.order.ship_to
        parts = (stated.name, stated.street, stated.city) if stated else ()
        where = ", ".join(part for part in parts if part) or _numbered(stated)
        known = facts.customer.ship_tos
        listed = "; ".join(f"{one.id}: {one.name}, {one.street}, {one.city}" for one in known[:_LISTED]) or "none"
        more = f"; and {len(known) - _LISTED} more" if len(known) > _LISTED else ""
        yield Hold(
            3,
            ORDER_DESK,
            "ship_to",
            f"The ship-to ({where}) is not one on file for customer {facts.customer.number}. On file: {listed}{more}."
            " Goods go to an address on file only; somebody who knows the customer may add it in the ERP.",
        )


def _numbered(place: Party | None) -> str:
    """Returns the number by which alone a document names a place; none where it names no place."""
    number = "" if place is None else place.number or place.gln or place.duns or ""
    return f"its number is given as {number}" if number else "none"


def changes_only(order: Order) -> bool:
    """Whether a document changes or cancels an order and names no ship-to: the goods go where that order says."""
    return order.purpose in {"change", "cancel"} and order.ship_to is None


def credit(ground: Ground) -> Iterator[Hold]:
    """Rule 4: no block, nothing overdue for too long, and what is open plus this order within the limit."""
    customer = ground.facts.customer
    if customer is None:
        return
    account, most = customer.credit, ground.rules.max_overdue_days
    total = account.open + order_value(ground)
    if account.blocked:
        said = f"Customer {customer.number} is blocked in the ERP"
        yield Hold(4, CREDIT_CONTROL, "credit", f"{said}; its orders are booked once credit control lifts the block.")
    if account.overdue_days > most:
        yield Hold(
            4,
            CREDIT_CONTROL,
            "credit",
            f"An invoice of customer {customer.number} is {account.overdue_days} days overdue; {most} are allowed.",
        )
    if total > account.limit:
        yield Hold(
            4,
            CREDIT_CONTROL,
            "credit",
            f"With this order {total} {customer.currency} would be open for customer {customer.number}: {account.open}"
            f" already, and {order_value(ground)} of this order. The credit limit is {account.limit}, which is"
            f" {total - account.limit} less.{reckoned(ground)}",
        )


def sums(ground: Ground) -> Iterator[Hold]:
    """Rule 5: what the document counts and adds up agrees with its lines."""
    order = ground.order
    for warning in order.warnings:
        kind, _, text = warning.partition(":")
        if kind in _SUMS:
            yield Hold(5, ORDER_DESK, "totals", f"The document's figures do not agree ({kind}): {text.strip()}")
    numbers = [line.number for line in order.lines]
    if not numbers and order.purpose != "cancel":
        yield Hold(5, ORDER_DESK, "totals", "The document orders nothing.")
    elif numbers and (len(set(numbers)) != len(numbers) or min(numbers) < 1):
        yield Hold(5, ORDER_DESK, "totals", "The document's lines are not numbered one by one.")
    if order.stated_line_count is not None and order.stated_line_count != len(numbers):
        yield Hold(
            5, ORDER_DESK, "totals", f"The document counts {order.stated_line_count} lines and holds {len(numbers)}."
        )
    quantities = sum((line.quantity for line in order.lines), Decimal(0))
    if order.stated_quantity_total is not None and order.stated_quantity_total != quantities:
        yield Hold(
            5, ORDER_DESK, "totals", f"The quantities add up to {quantities}, not to {order.stated_quantity_total}."
        )
    yield from _wrong_amounts(order)
    possible = possible_totals(order)
    if order.stated_total is not None and possible and order.stated_total not in possible:
        off = order.stated_total - min(possible, key=lambda total: abs(total - (order.stated_total or total)))
        yield Hold(
            5,
            ORDER_DESK,
            "totals",
            f"The lines add up to {min(possible)}, not to {order.stated_total}: {abs(off)} too"
            f" {'much' if off > 0 else 'little'} is stated; no difference is allowed.",
        )


def currency(ground: Ground) -> Iterator[Hold]:
    """Rule 7 for the whole document: it is in the customer's currency."""
    customer, stated = ground.facts.customer, ground.order.currency
    if customer is not None and stated is not None and stated != customer.currency:
        said = f"The order is in {stated}; the prices of customer {customer.number} are in {customer.currency}"
        yield Hold(7, PRICING, "price", f"{said}, and only an order in that currency is booked.")


def dated(ground: Ground) -> Iterator[Hold]:
    """Rule 7 for the whole document: an order has the prices of its date, so it does not choose one at will."""
    day, today, most = ground.order.order_date, ground.facts.as_of, ground.rules.max_order_age_days
    if day is not None and today is not None and not -1 <= (today - day).days <= most:  # tomorrow: east of here
        said = f"The order is dated {day}, and today is {today}: prices are those of the order's date"
        yield Hold(7, PRICING, "price", f"{said}, and {most} days back are allowed.")


def terms(ground: Ground) -> Iterator[Hold]:
    """Rule 11: stated Incoterms and payment terms are those of the contract."""
    order, customer = ground.order, ground.facts.customer
    if customer is None:
        return
    if order.incoterms and _incoterm(order.incoterms) != _incoterm(customer.incoterms):
        yield Hold(
            11,
            LOGISTICS,
            "incoterms",
            f"The order says {order.incoterms}; the contract of customer {customer.number} says"
            f" {customer.incoterms or 'nothing'}. Only equal Incoterms, or none, are booked.",
        )
    if order.payment_terms and _days(order.payment_terms) != _days(customer.payment_terms):
        yield Hold(
            11,
            ORDER_DESK,
            "payment_terms",
            f"The order says {order.payment_terms}; the contract of customer {customer.number} says"
            f" {customer.payment_terms or 'nothing'}. Only equal payment terms, or none, are booked.",
        )


def limit(ground: Ground) -> Iterator[Hold]:
    """Rule 12: the order's value is within what the deployment books by itself."""
    most, value = ground.rules.order_limit, order_value(ground)
    if most is not None and value > most:
        yield Hold(
            12,
            SALES_LEAD,
            "order_limit",
            f"The order comes to {value}, {value - most} over the {most} that are booked without a person.",
        )


def bookable(ground: Ground) -> Iterator[Hold]:
    """Rule 13: a booking can hold all that would be booked; a price of seven decimals, say, it cannot."""
    if ground.proposal is None:
        return
    try:
        # An instance would be taken as it is.
        _BOOKING.validate_python(_BOOKING.dump_python(ground.proposal))
    except ValidationError as error:
        for one in error.errors(include_url=False, include_context=False):
            place, name = one["loc"], str(one["loc"][-1])
            line = ground.proposal.lines[place[1]].line if len(place) > 1 and isinstance(place[1], int) else None
            role, cause = _OWNERS.get(name, (ORDER_DESK, "reading"))
            where = "The order" if line is None else f"Line {line}"
            if name == "po_number" or one["type"] == "too_short":
                continue  # rule 2 has said so; and a line that does not fit is missing among the lines
            value = "" if isinstance(one["input"], list | tuple) else f" {one['input']}"
            yield Hold(13, role, cause, f"{where} cannot be booked: {name}{value}: {one['msg']}.", line)


def possible_totals(order: Order) -> set[Decimal]:
    """Returns the totals that the lines allow, rounded per line or at the end; none when a line has no amount."""
    rounded, exact = Decimal(0), Decimal(0)
    for line in order.lines:
        if line.price is not None and line.price_basis > 0:
            amount = line.quantity * line.price / line.price_basis
        elif line.amount is not None:
            amount = line.amount
        else:
            return set()
        rounded += _cents(amount)
        exact += amount
    stated = [line.amount for line in order.lines if line.amount is not None]
    printed = {sum(stated, Decimal(0))} if len(stated) == len(order.lines) else set()
    return {rounded, _cents(exact)} | printed


def _wrong_amounts(order: Order) -> Iterator[Hold]:
    for line in order.lines:
        if line.price is None or line.amount is None or line.price_basis <= 0:
            continue
        amount = line.quantity * line.price / line.price_basis
        if abs(amount - line.amount) > _CENT:
            yield Hold(
                5,
                ORDER_DESK,
                "totals",
                f"Line {line.number}: {line.quantity} at {line.price} is {_cents(amount)}, not {line.amount}.",
                line.number,
            )


def _cents(amount: Decimal) -> Decimal:
    return amount.quantize(_CENT, ROUND_HALF_UP)


def _content(booking: Booking) -> tuple[object, ...]:
    # Lines are compared in their order: many an ERP gives them numbers of its own.
    lines = tuple(line.content() for line in sorted(booking.lines, key=lambda line: line.line))
    return booking.customer, booking.po_number, booking.currency, booking.ship_to, lines


def _incoterm(text: str | None) -> str:
    """Returns the three-letter rule of a phrase such as ``DAP Hamburg (Incoterms 2020)``."""
    return (text or "").strip().upper()[:3]


def _days(text: str | None) -> str:
    """Returns the number of days when the terms are net days in any spelling, else the text without its form."""
    bare = "".join(char for char in (text or "").casefold() if char.isalnum() or char in "%/")
    found = _NET_DAYS.match(bare)
    return found[1].lstrip("0") if found else bare
