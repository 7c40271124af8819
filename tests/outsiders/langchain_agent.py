"""An agent that handles incoming purchase orders, written with LangChain.

Run it with the text of an order:

    SHOP_URL=http://localhost:8000 python langchain_agent.py "Please send us 10 of A-100 ... PO 4711, customer C-1"
"""
# ruff: noqa: DTZ011, T201, TID251

import asyncio
import os
import sys
from datetime import date
from typing import Any, Literal

import httpx
from langchain.agents import create_agent
from langchain.agents.middleware import ModelRequest, dynamic_prompt
from langchain.tools import tool
from langchain_openai import ChatOpenAI
from pydantic import BaseModel, Field, SecretStr

SYSTEM_PROMPT = """You handle purchase orders that customers send to our company by mail.

For each order:
1. Look up the customer with get_customer. If there is no such customer, reject the order.
2. Use find_orders to check that the purchase order number has not been booked already. If it has, do not book it again.
3. Add up the items. If the total is above the customer's credit limit, do not book the order.
4. Book the order with book_order.
5. Send the customer a short confirmation with send_mail.

Never invent article numbers, quantities or prices. If something is missing, do not book the order and say what is
missing."""


class OrderItem(BaseModel):
    """One line of a purchase order."""

    article: str = Field(description="The article number")
    quantity: int = Field(description="How many pieces are ordered", gt=0)
    unit_price: float = Field(description="The price of one piece", ge=0)


class OrderResult(BaseModel):
    """What became of the purchase order."""

    status: Literal["booked", "duplicate", "rejected", "unclear"] = Field(description="What was done with the order")
    customer: str | None = Field(default=None, description="The customer number")
    po_number: str | None = Field(default=None, description="The customer's purchase order number")
    order_id: str | None = Field(default=None, description="The id of the booked order in the order system")
    total: float | None = Field(default=None, description="The total of the order")
    summary: str = Field(description="One or two sentences for the sales team")


def shop_url() -> str:
    """Return the address of the order system."""
    return os.environ.get("SHOP_URL", "http://localhost:8000")


@tool
def get_customer(number: str) -> dict[str, Any] | str:
    """Get a customer's name, mail address and credit limit.

    Args:
        number: The customer number
    """
    response = httpx.get(f"{shop_url()}/customers/{number}", timeout=10)
    if response.status_code == httpx.codes.NOT_FOUND:
        return f"There is no customer {number}."
    response.raise_for_status()
    customer: dict[str, Any] = response.json()
    return customer


@tool
async def find_orders(customer: str, po_number: str) -> list[dict[str, Any]]:
    """Find the orders already booked for a customer under a purchase order number.

    Args:
        customer: The customer number
        po_number: The customer's purchase order number
    """
    async with httpx.AsyncClient(base_url=shop_url(), timeout=10) as client:
        response = await client.get("/orders", params={"customer": customer, "po_number": po_number})
        response.raise_for_status()
        orders: list[dict[str, Any]] = response.json()
        return orders


@tool
async def book_order(customer: str, po_number: str, items: list[OrderItem], total: float) -> dict[str, Any]:
    """Book an order in the order system.

    Args:
        customer: The customer number
        po_number: The customer's purchase order number
        items: The items of the order
        total: The sum of quantity times unit price over all items
    """
    order = {
        "customer": customer,
        "po_number": po_number,
        "items": [item.model_dump() for item in items],
        "total": total,
    }
    async with httpx.AsyncClient(base_url=shop_url(), timeout=10) as client:
        response = await client.post("/orders", json=order)
        response.raise_for_status()
        booked: dict[str, Any] = response.json()
        return booked


@tool
async def send_mail(to: str, subject: str, body: str) -> str:
    """Send a mail to a customer.

    Args:
        to: The mail address of the recipient
        subject: The subject of the mail
        body: The text of the mail
    """
    async with httpx.AsyncClient(base_url=shop_url(), timeout=10) as client:
        response = await client.post("/mails", json={"to": to, "subject": subject, "body": body})
        response.raise_for_status()
    return f"Mail sent to {to}."


@dynamic_prompt
def prompt_with_date(request: ModelRequest[None]) -> str:
    """Add today's date to the system prompt."""
    base_prompt = request.system_prompt or ""
    return f"{base_prompt}\n\nToday is {date.today():%A, %d %B %Y}."


model = ChatOpenAI(  # type: ignore[call-arg]  # pydantic's plugin for mypy does not see the aliases
    model=os.environ.get("MODEL_NAME", "qwen3:8b"),
    base_url=os.environ.get("MODEL_URL", "http://localhost:11434/v1"),
    api_key=SecretStr(os.environ.get("MODEL_API_KEY", "not-needed")),
    temperature=0,
)

agent = create_agent(
    model,
    tools=[get_customer, find_orders, book_order, send_mail],
    system_prompt=SYSTEM_PROMPT,
    middleware=[prompt_with_date],
    response_format=OrderResult,
)


def main() -> None:
    """Handle the order given on the command line and print what became of it."""
    if len(sys.argv) != 2:
        sys.exit('usage: python langchain_agent.py "text of the order"')
    # Most of the tools are async, which needs ainvoke.
    result = asyncio.run(agent.ainvoke({"messages": [{"role": "user", "content": sys.argv[1]}]}))
    print(result["structured_response"].model_dump_json(indent=2))


if __name__ == "__main__":
    main()
