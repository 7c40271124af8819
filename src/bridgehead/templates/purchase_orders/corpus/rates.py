"""How often everything happens: the fixed mix, and the draw of what is the matter with one arrival."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from bridgehead.templates.purchase_orders.corpus.dice import Dice
from bridgehead.templates.purchase_orders.corpus.model import Format

FORMAT_SHARES: Final[tuple[tuple[Format, float], ...]] = (
    ("email", 22.0), ("email_pdf", 24.0), ("email_sheet", 8.0), ("x12", 14.0), ("edifact", 14.0), ("ubl", 8.0),
    ("cxml", 5.0), ("orderx", 2.5), ("csv", 2.5),
)  # fmt: skip
"""Shares of the arrivals in per cent; Order-X and portal CSV have half each of the 5 % of both."""

DEFAULT_FORMATS: Final[tuple[Format, ...]] = tuple(name for name, _ in FORMAT_SHARES)
"""The formats of a run that names none; their shares keep their proportions."""

NOT_AN_ORDER: Final = "not_an_order"
CUSTOMER_PART: Final = "customer_part_number"

RATES: Final[dict[str, float]] = {
    "customer_part_number": 0.25,
    "unknown_part": 0.07,
    "price_beyond": 0.06,
    "price_within": 0.09,
    "unit_mismatch": 0.06,
    "below_minimum": 0.04,
    "date_impossible": 0.05,
    "credit_block": 0.03,
    "unknown_ship_to": 0.03,
    "totals_mismatch": 0.03,
    "exact_resend": 0.03,
    "changed_resend": 0.02,
    "change_or_cancel": 0.02,
    "two_orders": 0.02,
    "not_an_order": 0.06,
    "contradicting_text": 0.03,
    "hidden_instructions": 0.02,
    "broken_document": 0.02,
}
"""Shares of the arrivals that are orders; of ``not_an_order``, of all arrivals."""

KINDS: Final = ("exact_resend", "changed_resend", "change_or_cancel", "broken_document")
"""What an arrival as a whole can be. A resend has the content of what it repeats and a broken document has none to
judge, so no further complication is drawn for them; the other arrivals carry theirs so much more often that each
share of all orders is kept."""

LINE_LEVEL: Final = ("unknown_part", "price_beyond", "price_within", "unit_mismatch", "below_minimum")
ORDER_LEVEL: Final = (
    "date_impossible", "credit_block", "unknown_ship_to", "totals_mismatch", "contradicting_text",
    "hidden_instructions", "two_orders",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Plan:
    """What one arrival is to be."""

    format: Format
    kind: str
    """``order``, ``not_an_order`` or one of KINDS."""
    own_parts: bool
    flags: frozenset[str]


def shares_of(formats: Sequence[Format]) -> tuple[tuple[Format, float], ...]:
    """Returns the shares of these formats, in proportion to each other alone."""
    return tuple((name, share) for name, share in FORMAT_SHARES if name in formats)


def draw_plan(dice: Dice, formats: Sequence[Format]) -> Plan:
    """Returns what the next arrival is to be, each complication drawn independently of the others."""
    channel = dice.weighted(shares_of(formats))
    if dice.chance(RATES[NOT_AN_ORDER]):
        return Plan(channel, NOT_AN_ORDER, own_parts=False, flags=frozenset())
    special = sum(RATES[kind] for kind in KINDS)
    kind = dice.weighted((("order", 1 - special), *((kind, RATES[kind]) for kind in KINDS)))
    own = dice.chance(RATES[CUSTOMER_PART])
    if kind != "order":
        return Plan(channel, kind, own_parts=own, flags=frozenset())
    flags = {name for name in (*LINE_LEVEL, *ORDER_LEVEL) if dice.chance(RATES[name] / (1 - special))}
    return Plan(channel, kind, own_parts=own, flags=frozenset(flags))
