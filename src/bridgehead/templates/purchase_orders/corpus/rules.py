"""The truth: what a perfect reader decides on an order under the deployment's own rules.

An implementation of the twelve rules of the domain contract from their text alone; the checks that are measured
against it are written elsewhere and share nothing with it. Stock and credit are those of the master data at the
start: a booking consumes neither, so the truth of an order does not depend on the orders before it, but for
repeats and changes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal

from bridgehead.templates.purchase_orders.corpus.model import (
    Customer,
    Item,
    Json,
    Relation,
    World,
    WrittenLine,
    WrittenOrder,
    plain,
)

CENT = Decimal("0.01")
ORDER_LIMIT = Decimal(25000)
MAX_OVERDUE_DAYS = 30
RAISE_SHARE = Decimal("0.25")
RAISE_AMOUNT = Decimal(100)
MAX_LATE_DAYS = 10
OFF_SHARE = Decimal("0.1")
OFF_AMOUNT = Decimal(100)
"""Bounds of a price that is answered with the agreed one: of the agreed price, and in money for the whole line."""
SATURDAY = 5


@dataclass(frozen=True, slots=True)
class Facts:
    """What is true of an order besides its text. ``ship_to`` is our id of the place meant, None for a place unknown."""

    ship_to: str | None
    relation: Relation = "new"
    known_status: str | None = None
    suspicious: bool = False


@dataclass(frozen=True, slots=True)
class BookedLine:
    """One line as it is booked, in base units."""

    number: int
    item: str
    quantity: Decimal
    unit: str
    price: Decimal
    due: date
    code: str

    @property
    def value(self) -> Decimal:
        """Quantity times price, to the cent."""
        return (self.quantity * self.price).quantize(CENT, ROUND_HALF_UP)


@dataclass(frozen=True, slots=True)
class JudgedLine:
    """One line and what stands against booking it: ``holds`` are names of HOLDS; ``booked`` is None if it cannot be."""

    written: WrittenLine
    item: Item | None
    booked: BookedLine | None
    holds: frozenset[str]


@dataclass(frozen=True, slots=True)
class Judged:
    """An order with everything that the header rules look at."""

    world: World
    order: WrittenOrder
    facts: Facts
    lines: tuple[JudgedLine, ...]

    @property
    def value(self) -> Decimal:
        """The booked value of all lines that can be priced."""
        return sum((line.booked.value for line in self.lines if line.booked), Decimal("0.00"))


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is right: a booking, or an owner with a cause; an attached resend has neither."""

    touchless: bool
    owner: str | None
    cause: str | None
    booking: dict[str, Json] | None
    line_codes: tuple[str, ...]


def find_item(world: World, customer: Customer, line: WrittenLine) -> Item | None:
    """Returns the item that the numbers on the line name exactly, orderable or not; a description decides nothing."""
    if line.theirs is not None:
        number = world.cross_references.get((customer.number, line.theirs))
        if number is not None:
            return world.items[number]
    if line.ours is not None and line.ours in world.items:
        return world.items[line.ours]
    if line.gtin is not None:
        return next((item for item in world.items.values() if item.gtin == line.gtin), None)
    return None


_DIMENSIONS: tuple[dict[str, str], ...] = (
    {"C62": "1", "H87": "1", "EA": "1", "PCE": "1", "NAR": "1", "DZN": "12", "GRO": "144", "MIL": "1000", "T3": "1000"},
    {"KGM": "1", "GRM": "0.001", "TNE": "1000"},
    {"MTR": "1", "CMT": "0.01", "MMT": "0.001", "KMT": "1000"},
    {"LTR": "1", "MLT": "0.001", "DLT": "0.1", "HLT": "100"},
    {"MTK": "1", "CMK": "0.0001", "MMK": "0.000001"},
)
"""Units that convert exactly into each other, each in the first of its row (UN/ECE Recommendation 20)."""


def unit_factor(item: Item, line: WrittenLine) -> Decimal | None:
    """Returns how many base units one ordered unit holds; None for a unit that is not the item's and does not convert.

    The item's own packs come first: a dozen of an article is what the master data says it is.
    """
    if line.unit_code in {item.base_unit, ""}:
        return Decimal(1)
    if line.unit_code in item.units:
        return item.units[line.unit_code]
    for units in _DIMENSIONS:
        if line.unit_code in units and item.base_unit in units:
            return Decimal(units[line.unit_code]) / Decimal(units[item.base_unit])
    return None


def due_price(world: World, customer: Customer, item: Item, day: date) -> Decimal:
    """Returns the contract price on the order date, or the list price without a contract valid on that date."""
    for record in world.prices.get((customer.number, item.number), ()):
        if record.valid_from <= day and (record.valid_to is None or day <= record.valid_to):
            return record.price
    return item.list_price[customer.currency]


def price_is_beyond(world: World, asked: Decimal, due: Decimal) -> bool:
    """Returns True if the asked price is further from the due price than the tolerance; both for the same amount."""
    return abs(asked - due) > world.price_tolerance * due


def price_needs_a_person(asked: Decimal, due: Decimal, times: Decimal) -> bool:
    """Returns True if a price beyond the tolerance is too far off to be answered with the agreed one.

    ``times`` is how often the line counts what both prices are for.
    """
    off = abs(asked - due)
    return off > OFF_SHARE * due or off * times > OFF_AMOUNT


def deliverable_quantity(item: Item, asked: Decimal) -> Decimal:
    """Returns the quantity raised to the minimum and up to the next multiple, in base units."""
    raised = max(asked, item.min_qty)
    return (raised / item.multiple).to_integral_value(ROUND_CEILING) * item.multiple


def quantity_is_beyond(before: Decimal, after: Decimal, price: Decimal) -> bool:
    """Returns True if raising the quantity costs the customer more than may be decided without a person."""
    return after - before > RAISE_SHARE * before and (after - before) * price > RAISE_AMOUNT


def next_working_day(day: date) -> date:
    """Returns the first Monday-to-Friday day after ``day``."""
    later = day + timedelta(days=1)
    while later.weekday() >= SATURDAY:
        later += timedelta(days=1)
    return later


def earliest_date(world: World, item: Item, quantity: Decimal) -> date:
    """Returns the first day of delivery: the next working day from stock, else the whole line at its lead time."""
    if item.stock >= quantity:
        return next_working_day(world.as_of)
    return world.as_of + timedelta(days=item.lead_time_days)


def date_is_beyond(asked: date, earliest: date) -> bool:
    """Returns True if the delivery is later than the customer wants by more than may be decided without a person."""
    return (earliest - asked).days > MAX_LATE_DAYS


def judge_line(world: World, order: WrittenOrder, line: WrittenLine) -> JudgedLine:
    """Returns the line as it would be booked, and the names of the rules that hold it."""
    item = find_item(world, order.customer, line)
    if item is None or item.status != "active":
        return JudgedLine(line, item, None, frozenset({"item"}))
    factor = unit_factor(item, line)
    if factor is None:
        return JudgedLine(line, item, None, frozenset({"unit"}))
    holds: set[str] = set()
    codes: list[str] = []
    asked = line.quantity * factor
    quantity = deliverable_quantity(item, asked)
    price = due_price(world, order.customer, item, order.order_date or world.as_of)
    earliest = earliest_date(world, item, quantity)
    wanted = line.requested_date or order.requested_date
    due = earliest if wanted is None else max(wanted, earliest)
    if due != (wanted or due):
        codes.append("DR")
        if wanted is not None and date_is_beyond(wanted, earliest):
            holds.add("date")
    if quantity != asked:
        codes.append("IQ")
        if quantity_is_beyond(asked, quantity, price):
            holds.add("quantity")
    if line.price is not None:
        # Both prices are for what the price is stated per, so that nothing is divided and all is exact.
        per = line.basis * factor
        if line.price != price * per:
            codes.append("IP")
        beyond = price_is_beyond(world, line.price, price * per)
        if beyond and price_needs_a_person(line.price, price * per, quantity / per):
            holds.add("price")
    code = codes[0] if codes else "IA"
    booked = BookedLine(line.number, item.number, quantity, item.base_unit, price, due, code)
    return JudgedLine(line, item, booked, frozenset(holds))


def holds_duplicate(judged: Judged) -> bool:
    """Rule 1: the purchase order number is known, and the document wants something else than before."""
    return judged.facts.relation in {"changed_resend", "change", "cancel"}


def holds_text(judged: Judged) -> bool:
    """Rule 2: instructions to the reader, or free text that contradicts the data."""
    return judged.facts.suspicious


def holds_ship_to(judged: Judged) -> bool:
    """Rule 3: the place of delivery is not one of the customer's."""
    return judged.facts.ship_to is None


def holds_credit(judged: Judged) -> bool:
    """Rule 4: blocked, overdue, or more than the limit with this order."""
    credit = judged.order.customer.credit
    over = credit.open + judged.value > credit.limit
    return credit.blocked or credit.overdue_days > MAX_OVERDUE_DAYS or over


def holds_totals(judged: Judged) -> bool:
    """Rule 5: a total, count or line amount on the document is not what its own lines give."""
    order = judged.order
    if any(line.amount is not None and line.amount != line.value for line in order.lines):
        return True
    values = [line.amount if line.amount is not None else line.value for line in order.lines]
    known = [value for value in values if value is not None]
    if order.stated_total is not None and len(known) == len(values) and order.stated_total != sum(known):
        return True
    if order.stated_line_count is not None and order.stated_line_count != len(order.lines):
        return True
    quantities = sum((line.quantity for line in order.lines), Decimal(0))
    return order.stated_quantity_total is not None and order.stated_quantity_total != quantities


def holds_terms_delivery(judged: Judged) -> bool:
    """Rule 11: Incoterms that are not the contract's."""
    return judged.order.incoterms not in {None, judged.order.customer.incoterms}


def holds_terms_payment(judged: Judged) -> bool:
    """Rule 11: payment terms that are not the contract's."""
    return judged.order.payment_terms not in {None, judged.order.customer.payment_terms}


def holds_limit(judged: Judged) -> bool:
    """Rule 12: more than the deployment may book without the head of sales."""
    return judged.value > ORDER_LIMIT


def _on_a_line(name: str) -> Callable[[Judged], bool]:
    return lambda judged: any(name in line.holds for line in judged.lines)


HOLDS: tuple[tuple[str, str, Callable[[Judged], bool]], ...] = (
    ("duplicate", "order-desk", holds_duplicate),
    ("text", "order-desk", holds_text),
    ("ship_to", "order-desk", holds_ship_to),
    ("credit", "credit-control", holds_credit),
    ("totals", "order-desk", holds_totals),
    ("item", "inside-sales", _on_a_line("item")),
    ("price", "pricing", _on_a_line("price")),
    ("unit", "inside-sales", _on_a_line("unit")),
    ("quantity", "inside-sales", _on_a_line("quantity")),
    ("date", "planner", _on_a_line("date")),
    ("incoterms", "logistics", holds_terms_delivery),
    ("payment_terms", "order-desk", holds_terms_payment),
    ("order_limit", "sales-lead", holds_limit),
)
"""(cause, owner, test) in the order in which the first match names the owner."""


def decide(world: World, order: WrittenOrder, facts: Facts) -> Verdict:
    """Returns what is right for one order.

    An exact resend attaches to what is known: touchless, nothing new in the books, no owner.
    """
    if facts.relation == "resend":
        return Verdict(touchless=True, owner=None, cause=None, booking=None, line_codes=())
    lines = tuple(judge_line(world, order, line) for line in order.lines)
    judged = Judged(world, order, facts, lines)
    codes = tuple(line.booked.code if line.booked and not line.holds else "hold" for line in lines)
    for cause, owner, applies in HOLDS:
        if applies(judged):
            planned = cause == "duplicate" and facts.known_status == "in_production"
            role = "planner" if planned else owner
            return Verdict(touchless=False, owner=role, cause=cause, booking=None, line_codes=codes)
    booked = tuple(line.booked for line in lines if line.booked)
    return Verdict(touchless=True, owner=None, cause=None, booking=_booking(judged, booked), line_codes=codes)


def _booking(judged: Judged, lines: tuple[BookedLine, ...]) -> dict[str, Json]:
    order = judged.order
    return {
        "customer": order.customer.number,
        "po_number": order.po_number,
        "order_date": (order.order_date or judged.world.as_of).isoformat(),
        "currency": order.customer.currency,
        "ship_to": judged.facts.ship_to,
        "header_code": "AD" if all(line.code == "IA" for line in lines) else "AC",
        "lines": [
            {
                "line": line.number,
                "item": line.item,
                "quantity": plain(line.quantity),
                "unit": line.unit,
                "price": format(line.price, ".4f"),
                "date": line.due.isoformat(),
                "code": line.code,
            }
            for line in lines
        ],
        "total": format(judged.value, ".2f"),
    }
