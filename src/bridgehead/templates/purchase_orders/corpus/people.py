"""What people booked for the first arrivals, right about 97 times in 100, and how long each took them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from datetime import date, timedelta
from decimal import Decimal
from typing import Final, cast

from bridgehead.templates.purchase_orders.corpus.dice import Dice
from bridgehead.templates.purchase_orders.corpus.model import Json

WRONG_SHARE: Final = 0.03
USUAL_MINUTES: Final = (5.0, 16.0)
MINUTES_PER_LINE: Final = 0.6


def people_bookings(seed: int, truths: Sequence[Mapping[str, Json]]) -> list[dict[str, Json]]:
    """Returns one booking per order that the truth books.

    Each has the booking's fields, ``arrival``, ``minutes`` (decimal text) and ``booked_by``. In about three
    of a hundred one date or one price is wrong.
    """
    booked: list[dict[str, Json]] = []
    for truth in truths:
        orders = cast(list[dict[str, Json]], truth["orders"])
        for index, order in enumerate(orders):
            right = order["booking"]
            if not isinstance(right, dict):
                continue
            dice = Dice(seed, "person", str(truth["arrival"]), index)
            booking = deepcopy(right)
            lines = cast(list[dict[str, Json]], booking["lines"])
            if dice.chance(WRONG_SHARE):
                _slip(dice, booking, lines)
            minutes = dice.real(*USUAL_MINUTES) + MINUTES_PER_LINE * len(lines)
            booked.append({
                "arrival": truth["arrival"],
                **booking,
                "minutes": format(Decimal(str(minutes)), ".1f"),
                "booked_by": "person",
            })  # fmt: skip
    return booked


def _slip(dice: Dice, booking: dict[str, Json], lines: list[dict[str, Json]]) -> None:
    line = dice.one(lines)
    if dice.chance(0.5):
        due = date.fromisoformat(str(line["date"])) + timedelta(days=dice.one((-7, -1, 1, 7)))
        line["date"] = due.isoformat()
        return
    price = Decimal(str(line["price"]))
    line["price"] = format(
        price * dice.one((Decimal("0.95"), Decimal("1.02"), Decimal("1.1"))) + Decimal("0.0001"), ".4f"
    )
    total = sum(
        (round(Decimal(str(each["quantity"])) * Decimal(str(each["price"])), 2) for each in lines), Decimal("0.00")
    )
    booking["total"] = format(total, ".2f")
