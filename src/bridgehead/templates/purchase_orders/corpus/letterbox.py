"""What every arrival has in common: when it comes in, from whom, and the counters that number it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bridgehead.templates.purchase_orders.corpus.dice import Dice
from bridgehead.templates.purchase_orders.corpus.habits import Habit
from bridgehead.templates.purchase_orders.corpus.model import Customer, WrittenLine, WrittenOrder

OUR_NAME = "Brackwater Components"
OUR_MAILBOX = "orders@brackwater.example.com"
OUR_EDI_ID = "BRACKWATERCMP"
OUR_GLN = "9526999990005"
OUR_VAT = "DE999000417"


@dataclass(frozen=True, slots=True)
class Envelope:
    """One sending: ``at`` is when (UTC), ``serial`` counts the sendings of the run, ``dice`` are this sending's own."""

    customer: Customer
    habit: Habit
    at: datetime
    serial: int
    dice: Dice


@dataclass(frozen=True, slots=True)
class Change:
    """A change to, or the cancellation of, an order sent before.

    ``order`` holds the changed lines as they are to be, ``before`` the same lines as they were; ``kind`` is quantity,
    date, drop or cancel.
    """

    order: WrittenOrder
    before: tuple[WrittenLine, ...]
    kind: str
