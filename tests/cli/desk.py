"""A small deployment for tests of the command line: it looks a customer up, and books, mails or asks."""

from __future__ import annotations

from pathlib import Path

CODE = """
import asyncio
import json
from dataclasses import dataclass
from pathlib import Path

from bridgehead import Case, Context, Failed, NewCase, NoCase, ToReview, irreversible, read, reversible

BOOKS = Path(__file__).parent / "books.jsonl"


@dataclass
class Booking:
    number: str
    po: str
    amount: int


def entries():
    return [json.loads(line) for line in BOOKS.read_text().splitlines()] if BOOKS.exists() else []


async def find(*, key, args):
    return next((Booking(**entry) for entry in entries() if entry["po"] == args["po"]), None)


async def preview(*, args):
    return Booking("none yet", args["po"], args["amount"])


@read(cost="0.01 EUR")
async def customer(name: str) -> dict:
    return {"name": name, "rating": "good \\x1b[2J"}


@reversible(key="po", verify=find, preview=preview)
async def book(po: str, amount: int) -> Booking:
    booking = Booking(f"SO-{len(entries()) + 1}", po, amount)
    with BOOKS.open("a") as file:
        file.write(json.dumps(vars(booking)) + "\\n")
    return booking


@irreversible(key="po", timeout="0.1s")
async def mail(po: str) -> None:
    raise RuntimeError("the line went dead")


def reader(document, name):
    text = document.decode()
    if text.startswith("newsletter"):
        return NoCase("a newsletter")
    try:
        order = json.loads(text)
    except ValueError as error:
        return ToReview(f"{name} is no JSON")
    return NewCase(input=order, key={"po": order["po"]}, text=text)


async def agent(case: Case[dict], ctx: Context) -> Booking:
    order = case.input
    await customer(order.get("name", "Ada"))
    if order.get("ask"):
        return Booking("asked", order["po"], await ctx.ask("desk", "How much?", int))
    if order.get("mail"):
        await mail(order["po"])
        return Booking("mailed", order["po"], 0)
    if order.get("both"):
        pair = [book(f"{order['po']}-{one}", order["amount"]) for one in ("a", "b")]
        return (await asyncio.gather(*pair))[0]
    if order.get("hand_over"):
        await ctx.hand_over("desk", "too odd for me")
    return await book(order["po"], order["amount"])
"""

YAML = """
deployment: orders
agent: {module}:agent
reader: {module}:reader
owner: order-desk@example.com
case: {{key: [po], deadline: 30m, resume: 5m}}
intake: [{{folder: ./in}}]
tools:
  customer: allow
  book: {{allow: amount <= 100, otherwise: {{hold: desk, within: 2h}}}}
  mail: allow
roles:
  desk: {{members: "group:desk", rate: 60 EUR/h}}
fallback: desk
baseline: {{minutes: 10}}
compare: {{match: [po], ignore: [number]}}
{more}
"""


def write(folder: Path, module: str, *, more: str = "") -> Path:
    """Writes the deployment into a new folder and returns it."""
    folder.mkdir()
    (folder / f"{module}.py").write_text(CODE)
    (folder / "bridgehead.yaml").write_text(YAML.format(module=module, more=more))
    return folder
