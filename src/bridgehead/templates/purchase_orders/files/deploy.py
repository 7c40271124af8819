"""The code of the orders deployment: what is yours is here, what is imported stays upgradable."""

from __future__ import annotations

from decimal import Decimal

from bridgehead import Case, Context
from bridgehead.cases.intake import ReadResult
from bridgehead.documents.order import Order
from bridgehead.templates.purchase_orders.agent import Booked, Handled, process
from bridgehead.templates.purchase_orders.checks.verdict import Rules
from bridgehead.templates.purchase_orders.intake import read_arrival
from bridgehead.templates.purchase_orders.port import require

require()  # raises where erp.yaml lacks something that this template needs

RULES = Rules(
    max_overdue_days=30,  # older unpaid invoices: credit control; policies/orders.cedar says it too
    max_delay_days=10,  # later than requested by more: planner
    max_order_age_days=30,  # an order has the prices of its date; one that is older, or to come: pricing
    max_increase=Decimal("0.25"),  # a raised quantity may cost a quarter more,
    max_increase_amount=Decimal(100),  # or this much in the customer's currency; beyond both: inside sales
    max_price_gap=Decimal("0.10"),  # a stated price this far off is answered with the agreed one (IP)
    least_confidence=0.8,  # a reading whose like is right less often goes to the order desk
    max_price_difference=Decimal(100),  # where the whole line differs by this much at most; else: pricing
)


def read(document: bytes, name: str) -> ReadResult:
    """Turns one arrival into its orders, nobody's work, or work for a role. Answer for your own formats first."""
    return read_arrival(document, name)


async def orders(case: Case[Order], ctx: Context) -> Booked | Handled:
    """Decides about one order and books it, or hands it over. Put your own steps before or after.

    A model can help with orders that the rules are not certain of: ``assist.read_again`` before, and
    ``read_arrival(document, name, for_model=True)`` above. No model is asked as it stands.
    """
    return await process(case, ctx, RULES)
