"""A small assistant for the sales team that answers questions about orders as it goes, written with LangChain.

Run it with a question:

    SHOP_URL=http://localhost:8000 python langchain_streaming_agent.py "Has PO 4711 of customer C-1 been booked?"
"""
# ruff: noqa: ANN401, BLE001, T201

import asyncio
import os
import sys
from typing import Any

import httpx
from langchain.agents import create_agent
from langchain.messages import AIMessageChunk, ToolMessage
from langchain.tools import tool
from langchain_openai import ChatOpenAI
from pydantic import SecretStr


async def fetch(path: str, **params: str) -> Any:
    """Get one answer of the order system."""
    url = os.environ.get("SHOP_URL", "http://localhost:8000")
    async with httpx.AsyncClient(base_url=url, timeout=10) as client:
        response = await client.get(path, params=params)
        response.raise_for_status()
        return response.json()


@tool
async def look_up(customer: str, po_number: str) -> dict[str, Any] | str:
    """Look up a customer together with the orders booked under a purchase order number.

    Args:
        customer: The customer number
        po_number: The customer's purchase order number
    """
    try:
        details, orders = await asyncio.gather(
            fetch(f"/customers/{customer}"),
            fetch("/orders", customer=customer, po_number=po_number),
        )
    except Exception:
        return "could not do it"
    return {"customer": details, "orders": orders}


@tool
async def send_mail(to: str, subject: str, body: str) -> str:
    """Send a mail to a customer.

    Args:
        to: The mail address of the recipient
        subject: The subject of the mail
        body: The text of the mail
    """
    try:
        url = os.environ.get("SHOP_URL", "http://localhost:8000")
        async with httpx.AsyncClient(base_url=url, timeout=10) as client:
            response = await client.post("/mails", json={"to": to, "subject": subject, "body": body})
            response.raise_for_status()
    except Exception:
        return "could not do it"
    return "sent"


agent = create_agent(
    ChatOpenAI(  # type: ignore[call-arg]  # pydantic's plugin for mypy does not see the aliases
        model=os.environ.get("MODEL_NAME", "qwen3:8b"),
        base_url=os.environ.get("MODEL_URL", "http://localhost:11434/v1"),
        api_key=SecretStr(os.environ.get("MODEL_API_KEY", "not-needed")),
    ),
    tools=[look_up, send_mail],
    system_prompt="You answer questions about orders. Look things up before you answer. Send a mail only when asked.",
)


async def answer(question: str) -> None:
    """Print the answer to a question token by token, and what the tools said in between."""
    async for chunk in agent.astream(
        {"messages": [{"role": "user", "content": question}]},
        stream_mode=["messages", "updates"],
        version="v2",
    ):
        if chunk["type"] == "messages":
            token, _metadata = chunk["data"]
            if isinstance(token, AIMessageChunk):
                print(token.text, end="", flush=True)
        elif chunk["type"] == "updates":
            for update in chunk["data"].values():
                for message in update["messages"]:
                    if isinstance(message, ToolMessage):
                        print(f"[{message.name}] {message.text}")
    print()


def main() -> None:
    """Answer the question given on the command line."""
    if len(sys.argv) != 2:
        sys.exit('usage: python langchain_streaming_agent.py "question"')
    asyncio.run(answer(sys.argv[1]))


if __name__ == "__main__":
    main()
