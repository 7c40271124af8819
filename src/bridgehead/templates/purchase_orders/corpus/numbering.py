"""How each customer numbers its purchase orders: one scheme per customer, always rising."""

from __future__ import annotations

from bridgehead.templates.purchase_orders.corpus.dice import Dice
from bridgehead.templates.purchase_orders.corpus.model import Customer


def po_number(seed: int, customer: Customer, count: int) -> str:
    """Returns the customer's ``count``-th purchase order number (0-based); never the same one twice."""
    dice = Dice(seed, "po", customer.number)
    style = dice.between(0, 8)
    start = dice.between(1200, 7900)
    step = dice.between(2, 4)
    # Other suppliers of the customer get the numbers between ours.
    number = start + step * count + Dice(seed, "po", customer.number, count).between(0, step - 1)
    return (
        f"45000{number:05}",
        f"PO-{number}",
        f"B26/{number:05}",
        f"26-{number}",
        f"{number:06}",
        f"PO{number:07}",
        f"EK{number}/26",
        f"P{number}-01",
        f"4{number:06}00",
    )[style]
