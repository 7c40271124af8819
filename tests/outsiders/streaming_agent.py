# ruff: noqa: BLE001, DTZ005, SIM117, T201, TID251, TRY300 (application code by an outsider, written carelessly)
"""A small assistant for the sales desk which answers questions about orders while you watch.

Run it with:

    SHOP_URL=http://localhost:8000 python streaming_agent.py "Has C-1001 already ordered under PO 4711?"
    SHOP_URL=http://localhost:8000 python streaming_agent.py --steps "Repeat PO 4711 of C-1001 as PO 4712"
"""

import asyncio
import os
import sys
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx
from pydantic_ai import (
    Agent,
    FunctionToolCallEvent,
    FunctionToolResultEvent,
    PartDeltaEvent,
    PartStartEvent,
    RunContext,
    TextPart,
    TextPartDelta,
)
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider


@dataclass
class Deps:
    client: httpx.AsyncClient


agent = Agent(
    OpenAIChatModel(
        os.environ.get("MODEL_NAME", "qwen3:8b"),
        provider=OpenAIProvider(
            base_url=os.environ.get("MODEL_URL", "http://localhost:11434/v1"),
            api_key=os.environ.get("MODEL_API_KEY", "not-needed"),
        ),
    ),
    deps_type=Deps,
    instructions="You help the sales desk with questions about customers and their orders. Be concise.",
)


@agent.instructions
async def add_the_time(ctx: RunContext[Deps]) -> str:
    return f"It is {datetime.now():%A, %d %B %Y, %H:%M}."


@agent.tool
async def get_customer(ctx: RunContext[Deps], number: str) -> dict[str, Any] | str:
    """Get a customer by number."""
    try:
        response = await ctx.deps.client.get(f"/customers/{number}")
        response.raise_for_status()
        customer: dict[str, Any] = response.json()
        return customer
    except Exception:
        return "could not get the customer"


@agent.tool
async def find_orders(ctx: RunContext[Deps], customer: str, po_number: str) -> list[dict[str, Any]] | str:
    """Find the orders of a customer which carry a PO number."""
    try:
        response = await ctx.deps.client.get("/orders", params={"customer": customer, "po_number": po_number})
        response.raise_for_status()
        orders: list[dict[str, Any]] = response.json()
        return orders
    except Exception:
        return "could not find the orders"


@agent.tool
async def get_overview(ctx: RunContext[Deps], customer: str, po_number: str) -> dict[str, Any]:
    """Get a customer and their orders under a PO number in one go."""
    customer_data, orders = await asyncio.gather(
        get_customer(ctx, customer),
        find_orders(ctx, customer, po_number),
    )
    return {"customer": customer_data, "orders": orders}


@agent.tool
async def repeat_order(ctx: RunContext[Deps], customer: str, po_number: str, new_po_number: str) -> str:
    """Book an earlier order of a customer once more, under a new PO number."""
    try:
        response = await ctx.deps.client.get("/orders", params={"customer": customer, "po_number": po_number})
        order = response.json()[0]
        response = await ctx.deps.client.post(
            "/orders",
            json={
                "customer": customer,
                "po_number": new_po_number,
                "items": order["items"],
                "total": order["total"],
            },
        )
        response.raise_for_status()
        return f"booked as {response.json()['number']}"
    except Exception:
        return "could not do it"


@agent.tool
async def send_mail(ctx: RunContext[Deps], to: str, subject: str, body: str) -> str:
    """Send a mail."""
    try:
        response = await ctx.deps.client.post("/mails", json={"to": to, "subject": subject, "body": body})
        response.raise_for_status()
        return "sent"
    except Exception:
        return "could not do it"


def make_client() -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=os.environ.get("SHOP_URL", "http://localhost:8000"), timeout=10)


async def answer(question: str) -> str:
    """Print the answer as it comes in."""
    async with make_client() as client:
        async with agent.run_stream(question, deps=Deps(client)) as result:
            async for text in result.stream_text(delta=True):
                print(text, end="", flush=True)
            print()
            return await result.get_output()


async def answer_in_steps(question: str) -> str:
    """Print what the agent does as well."""
    async with make_client() as client:
        async with agent.iter(question, deps=Deps(client)) as run:
            async for node in run:
                if Agent.is_model_request_node(node):
                    async with node.stream(run.ctx) as request_stream:
                        async for event in request_stream:
                            if isinstance(event, PartStartEvent) and isinstance(event.part, TextPart):
                                print(event.part.content, end="", flush=True)
                            elif isinstance(event, PartDeltaEvent) and isinstance(event.delta, TextPartDelta):
                                print(event.delta.content_delta, end="", flush=True)
                    print()
                elif Agent.is_call_tools_node(node):
                    async with node.stream(run.ctx) as tool_stream:
                        async for tool_event in tool_stream:
                            if isinstance(tool_event, FunctionToolCallEvent):
                                print(f"-> {tool_event.part.tool_name}({tool_event.part.args})")
                            elif isinstance(tool_event, FunctionToolResultEvent):
                                print(f"<- {tool_event.part.content}")
        assert run.result is not None
        return run.result.output


def main() -> None:
    args = sys.argv[1:]
    steps = "--steps" in args
    if steps:
        args.remove("--steps")
    if len(args) != 1:
        sys.exit('usage: python streaming_agent.py [--steps] "question"')
    asyncio.run(answer_in_steps(args[0]) if steps else answer(args[0]))


if __name__ == "__main__":
    main()
