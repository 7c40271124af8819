"""Costs of single steps: tools by price list, people by minutes, model tokens counted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Literal

from bridgehead.money import Money
from bridgehead.spec.tool import Tool

CostKind = Literal["tool", "model", "human"]
_CENT_OF_CENT = Decimal("0.0001")


@dataclass(frozen=True, slots=True)
class Cost:
    """One entry of the books. ``money`` None means *unknown*, which budgets take at its worst."""

    kind: CostKind
    name: str
    money: Money | None
    input_tokens: int | None = None
    output_tokens: int | None = None
    minutes: Decimal | None = None


def of_tool(tool: Tool) -> Cost | None:
    """Returns the declared price of one call, or None for a tool that declares none (it is free)."""
    return None if tool.cost is None else Cost("tool", tool.name, tool.cost)


def of_person(role: str, spent: timedelta, rate: Money | None, idle_cap_minutes: float | None) -> Cost:
    """Returns a person's cost from opening to decision, capped at ``idle_cap_minutes``.

    The cap exists because a review that lies overnight did not take a night of work.
    Without a rate the minutes are counted and the money is unknown.
    """
    minutes = Decimal(str(round(spent.total_seconds() / 60, 4)))
    if idle_cap_minutes is not None:
        minutes = min(minutes, Decimal(str(idle_cap_minutes)))
    money = None
    if rate is not None:
        amount = (rate.amount * minutes / 60).quantize(_CENT_OF_CENT, rounding=ROUND_HALF_UP)
        money = Money(amount, rate.currency)
    return Cost("human", role, money, minutes=minutes)
