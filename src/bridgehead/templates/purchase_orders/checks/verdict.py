"""What a check is given and what it answers, as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Final, Literal

from bridgehead.documents.order import Line, Order
from bridgehead.templates.purchase_orders.erp.wire import (
    Address,
    BookedOrder,
    Booking,
    Credit,
    Customer,
    Item,
    LineCode,
    Quote,
    ResolvedLine,
)

Cause = Literal[
    "not_an_order",
    "unreadable",
    "change",
    "duplicate",
    "instruction",
    "contradiction",
    "reading",
    "customer",
    "ship_to",
    "credit",
    "totals",
    "item",
    "price",
    "unit",
    "quantity",
    "date",
    "incoterms",
    "payment_terms",
    "order_limit",
]
"""Why a person must decide; one word a report can count."""

_HOUR: Final = 3600.0
DUE_S: Final[Mapping[Cause, float]] = {
    "not_an_order": 24 * _HOUR, "unreadable": 4 * _HOUR,
    "change": 1 * _HOUR, "duplicate": 4 * _HOUR,
    "instruction": 1 * _HOUR, "contradiction": 2 * _HOUR, "reading": 2 * _HOUR, "totals": 2 * _HOUR,
    "customer": 4 * _HOUR, "ship_to": 4 * _HOUR, "credit": 4 * _HOUR,
    "item": 4 * _HOUR, "price": 4 * _HOUR, "unit": 4 * _HOUR, "quantity": 8 * _HOUR, "date": 8 * _HOUR,
    "incoterms": 8 * _HOUR, "payment_terms": 8 * _HOUR, "order_limit": 4 * _HOUR,
}  # fmt: skip
"""Within how many seconds somebody decides, before the role's ``then`` is asked.

What production waits for, or somebody may be misled by, comes first.
"""

CANCEL: Final = "cancel the order in the ERP, or tell the customer why not"
"""What is done about a document that cancels an order."""

ORDER_DESK: Final = "order-desk"
PLANNER: Final = "planner"
CREDIT_CONTROL: Final = "credit-control"
INSIDE_SALES: Final = "inside-sales"
PRICING: Final = "pricing"
LOGISTICS: Final = "logistics"
SALES_LEAD: Final = "sales-lead"


@dataclass(frozen=True, slots=True)
class Rules:
    """What the deployment decides within; money is in the customer's currency.

    A stated price off the agreed one by at most ``max_price_gap`` (relative) and, over the line, by at most
    ``max_price_difference`` is answered with the agreed one; 0 for both leaves every one beyond tolerance to people.
    An order is booked at the prices of its own date, which lies at most ``max_order_age_days`` back.
    ``least_confidence`` is what a reading must have where its confidence is known; ``order_limit`` is None where the
    gate holds large orders, which is where a limit belongs.
    """

    max_overdue_days: int = 30
    max_delay_days: int = 10
    max_order_age_days: int = 30
    max_increase: Decimal = Decimal("0.25")
    max_increase_amount: Decimal = Decimal(100)
    max_price_gap: Decimal = Decimal("0.10")
    max_price_difference: Decimal = Decimal(100)
    order_limit: Decimal | None = None
    least_confidence: float = 0.8


@dataclass(frozen=True, slots=True)
class Facts:
    """What the ERP said. Without a customer only the document itself can be judged.

    ``resolved`` has one entry per line of the order, ``quotes`` is keyed by item, ``earlier``
    holds what is known under the customer's PO number. ``as_of`` is the business date;
    ``tolerance`` is relative (0.02: two per cent). ``revises`` says that an earlier case has
    the same business key and another content. ``nearest`` is who may have ordered where nobody was
    found; ``successors`` are the items that took the place of superseded ones, by their own number,
    with a quote each.
    """

    customer: Customer | None = None
    not_found: str = ""
    as_of: date | None = None
    resolved: tuple[ResolvedLine, ...] = ()
    quotes: Mapping[str, Quote] = field(default_factory=dict)
    tolerance: Decimal = Decimal(0)
    earlier: tuple[BookedOrder, ...] = ()
    revises: bool = False
    nearest: tuple[Customer, ...] = ()
    successors: Mapping[str, Item] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Hold:
    """A reason for a person to decide. ``rule`` is its place in the order of rules; the lowest owns the order.

    ``to_do`` is what is done about it where that is known better than by its cause (``doing.TO_DO``).
    """

    rule: int
    role: str
    cause: Cause
    reason: str
    line: int | None = None
    to_do: str = ""


@dataclass(frozen=True, slots=True)
class Settled:
    """What one line comes to in base units; a field is None when it cannot be known.

    ``ordered`` is the quantity the customer asked for, ``quantity`` the one that is sold;
    ``asked`` is the customer's price per base unit, ``price`` the agreed one.
    """

    line: Line
    item: Item | None = None
    candidates: tuple[str, ...] = ()
    factor: Decimal | None = None
    ordered: Decimal | None = None
    quantity: Decimal | None = None
    asked: Decimal | None = None
    price: Decimal | None = None
    same_price: bool = True
    requested: date | None = None
    earliest: date | None = None

    @property
    def confirmed(self) -> date | None:
        """The delivery date to confirm: the requested one, or the earliest when that is later or none was asked."""
        if self.requested is None or self.earliest is None:
            return self.earliest
        return max(self.requested, self.earliest)

    @property
    def code(self) -> LineCode:
        """The 855 line code: the first of DR, IQ, IP that applies, else IA."""
        if self.requested is not None and self.earliest is not None and self.requested < self.earliest:
            return "DR"
        if self.quantity != self.ordered:
            return "IQ"
        return "IA" if self.same_price else "IP"


@dataclass(frozen=True, slots=True)
class Ground:
    """Everything a rule looks at."""

    order: Order
    facts: Facts
    rules: Rules
    ship_to: Address | None
    lines: tuple[Settled, ...]
    proposal: Booking | None


@dataclass(frozen=True, slots=True)
class LineVerdict:
    """One line of the order: its code when it can be booked, the holds that concern it when not."""

    line: int
    code: LineCode | None
    holds: tuple[Hold, ...] = ()


@dataclass(frozen=True, slots=True)
class Value:
    """What an order comes to at the ERP's prices, in the customer's currency, and where that is not what it states.

    Of a cancellation, and of a change that states no sums, it is what the order that stands is worth, by ``what``.
    """

    amount: Decimal
    currency: str
    why: str
    what: str = "what it comes to at the ERP's prices"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What happens to the order: booked, handed to a role, or known already.

    ``holds`` is in the order of rules; ``proposal`` is what could be booked if every hold were
    lifted, None when some line cannot be settled; ``resend_of`` is the order number that an
    exact resend belongs to; ``credit`` is what the ERP says the customer may owe; ``figures``
    says how near an order came to each check, and is empty for a resend.
    """

    lines: tuple[LineVerdict, ...]
    holds: tuple[Hold, ...]
    proposal: Booking | None
    resend_of: str | None = None
    credit: Credit | None = None
    figures: tuple[str, ...] = ()
    value: Value | None = None
    """None where the customer is not known, and of a cancellation of what neither stands nor has a price."""

    @property
    def hold(self) -> Hold | None:
        """The hold that owns the order."""
        return self.holds[0] if self.holds else None

    @property
    def booking(self) -> Booking | None:
        """What to book; None when a person must decide or nothing is to be done."""
        return None if self.holds or self.resend_of is not None else self.proposal

    def reason(self) -> str:
        """Returns why, in sentences, the owner's first."""
        if self.resend_of is not None:
            return (
                f"The same order is booked already as {self.resend_of}: customer, PO number, currency and ship-to are"
                " equal, and so are item, quantity, unit, price and day of"
                f" {'the one line' if len(self.lines) == 1 else f'each of {len(self.lines)} lines'}, as they would be"
                " booked. Order date, line numbers, texts and the form of the document were not compared."
            )
        return " ".join(_sentence(hold.reason) for hold in self.holds) or "Every check passed."


def _sentence(reason: str) -> str:
    """Returns a reason that ends as a sentence does, also where a document's own words close it."""
    said = reason.strip()
    return said if said.endswith((".", "!", "?", "…", ".)", '."')) else f"{said.rstrip(',;:')}."
