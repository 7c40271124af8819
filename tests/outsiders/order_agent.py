# ruff: noqa: DTZ011, T201, TID251 (application code by an outsider: it prints, and takes the date from the clock)
"""An agent which takes purchase orders by mail, checks them and books them.

Run it with:

    SHOP_URL=http://localhost:8000 python order_agent.py "Please send us 20 boxes of A4 paper, our PO 4711 ..."
"""

import os
import sys
from datetime import date
from typing import Literal

import httpx
from pydantic import BaseModel, Field
from pydantic_ai import Agent, ModelRetry
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider


class Customer(BaseModel):
    """A customer as the order system knows them."""

    number: str
    name: str
    email: str
    credit_limit: float | None = None


class OrderItem(BaseModel):
    """One line of an order."""

    article: str
    quantity: int = Field(gt=0)
    unit_price: float = Field(ge=0)


class Order(BaseModel):
    """An order which is in the order system."""

    number: str
    customer: str
    po_number: str
    items: list[OrderItem]
    total: float
    status: str = "open"


class OrderResult(BaseModel):
    """What became of the purchase order."""

    status: Literal["booked", "already_booked", "rejected"]
    order_number: str | None = Field(default=None, description="Number of the order in our system, if there is one")
    summary: str = Field(description="One or two sentences for the sales team")


model = OpenAIChatModel(
    os.environ.get("MODEL_NAME", "qwen3:8b"),
    provider=OpenAIProvider(
        base_url=os.environ.get("MODEL_URL", "http://localhost:11434/v1"),
        api_key=os.environ.get("MODEL_API_KEY", "not-needed"),
    ),
)

agent = Agent(
    model,
    output_type=OrderResult,
    instructions=(
        "You handle incoming purchase orders for an office supplies wholesaler. "
        "Look up the customer first, then check whether an order with the same PO number has been booked before. "
        "Never book the same PO number twice. "
        "Reject an order if its total is above the customer's credit limit. "
        "Book the order if everything is in order, and mail the customer at the address we have on file: "
        "a confirmation with our order number, or the reason why the order was not booked."
    ),
    retries=2,
)


@agent.instructions
def add_the_date() -> str:
    return f"The date is {date.today()}."


def shop_url() -> str:
    return os.environ.get("SHOP_URL", "http://localhost:8000").rstrip("/")


@agent.tool_plain
def get_customer(number: str) -> Customer:
    """Get a customer's master data.

    Args:
        number: The customer number, e.g. C-1001.
    """
    response = httpx.get(f"{shop_url()}/customers/{number}", timeout=10)
    if response.status_code == 404:
        raise ModelRetry(f"There is no customer {number!r}, check the number")
    response.raise_for_status()
    return Customer.model_validate(response.json())


@agent.tool_plain
async def find_orders(customer: str, po_number: str) -> list[Order]:
    """Find the orders of a customer which carry a PO number.

    Args:
        customer: The customer number.
        po_number: The customer's own purchase order number.
    """
    async with httpx.AsyncClient(base_url=shop_url(), timeout=10) as client:
        response = await client.get("/orders", params={"customer": customer, "po_number": po_number})
        response.raise_for_status()
        return [Order.model_validate(order) for order in response.json()]


@agent.tool_plain
async def book_order(customer: str, po_number: str, items: list[OrderItem], total: float) -> Order:
    """Book an order. This is binding: the warehouse starts to pick the goods.

    Args:
        customer: The customer number.
        po_number: The customer's own purchase order number.
        items: The lines of the order.
        total: The total of all lines.
    """
    if abs(sum(item.quantity * item.unit_price for item in items) - total) > 0.01:
        raise ModelRetry("The total does not match the items")
    async with httpx.AsyncClient(base_url=shop_url(), timeout=10) as client:
        response = await client.post(
            "/orders",
            json={
                "customer": customer,
                "po_number": po_number,
                "items": [item.model_dump() for item in items],
                "total": total,
            },
        )
        response.raise_for_status()
        return Order.model_validate(response.json())


@agent.tool_plain
async def send_mail(to: str, subject: str, body: str) -> str:
    """Send a mail.

    Args:
        to: The address of the recipient.
        subject: The subject line.
        body: The text of the mail.
    """
    async with httpx.AsyncClient(base_url=shop_url(), timeout=10) as client:
        response = await client.post("/mails", json={"to": to, "subject": subject, "body": body})
        response.raise_for_status()
    return f"Mail sent to {to}"


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit('usage: python order_agent.py "text of the order"')
    result = agent.run_sync(sys.argv[1])
    print(f"{result.output.status}: {result.output.order_number or '-'}")
    print(result.output.summary)


if __name__ == "__main__":
    main()
