"""The world around the outsiders' agents in tests: their shop, their model, and their deployment."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import httpx
import pytest

from bridgehead import ids
from bridgehead.models.port import Reply, ToolCall, Usage
from bridgehead.models.scripted_server import Asked, ScriptedServer
from bridgehead.spec.deployment import Level
from bridgehead.spec.tool import JSON
from tests.support.world import World

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]

DEPLOY = """
import httpx
from bridgehead.adapters.{adapter} import govern

async def look(*, key, args):
    po = args.get("new_po_number") or args["po_number"]
    async with httpx.AsyncClient(base_url=os.environ["SHOP_URL"]) as shop:
        found = (await shop.get("/orders", params={{"customer": args["customer"], "po_number": po}})).json()
    return found[0] if found else None

{before}
agent = govern("{file}:agent", prompt="Please handle this:\\n{{case.text}}", tools={{
    {reads}
    {more}
    "send_mail": irreversible(key="to", sensitive="to", timeout="1s"),
}}, {options})
"""
READS = '"get_customer": read(max_age="15m", labels={"*": "system_of_record"}), "find_orders": read(),'
BOOK = '"book_order": reversible(key="po_number", verify=look, timeout="1s"),'
TOOLS = """
get_customer: allow
find_orders: allow
book_order: {allow: total <= 1000, otherwise: {hold: desk, within: 12h, valid_for: 24h}}
send_mail: {allow: to from anything}
"""


@dataclass
class Shop:
    """The order system as an outside auditor sees it."""

    url: str

    def books(self) -> Mapping[str, list[dict[str, JSON]]]:
        found: Mapping[str, list[dict[str, JSON]]] = httpx.get(f"{self.url}/books").json()
        return found

    def orders(self) -> list[dict[str, JSON]]:
        return self.books()["orders"]

    def mails(self) -> list[dict[str, JSON]]:
        return self.books()["mails"]

    def seen(self) -> list[str]:
        return [str(seen) for seen in self.books()["seen"]]

    def writes(self) -> list[str]:
        return [seen for seen in self.seen() if seen.startswith("POST")]

    def take(self, order: Mapping[str, JSON]) -> None:
        """Takes an order that was there before the agent looks."""
        httpx.post(f"{self.url}/orders", json=dict(order)).raise_for_status()


@pytest.fixture(scope="session")
def shop_process() -> Iterator[Shop]:
    """Gives the order system as a process of its own."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.outsiders.shop"], stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as process:
        assert process.stdout is not None
        yield Shop(process.stdout.readline().strip())
        process.kill()


@pytest.fixture
def shop(shop_process: Shop, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """Gives the order system with empty books, where the agents look for it."""
    httpx.post(f"{shop_process.url}/reset").raise_for_status()
    monkeypatch.setenv("SHOP_URL", shop_process.url)
    return shop_process


@dataclass
class Talk:
    """One conversation as a scripted model sees it: what it was asked, and the results it has so far."""

    order: Mapping[str, JSON]
    results: list[tuple[str, str]] = field(default_factory=list)
    output: str = "final_result"

    @classmethod
    def of(cls, asked: Asked) -> Talk:
        messages = asked.body["messages"]
        assert isinstance(messages, list)
        order: Mapping[str, JSON] = {}
        names: dict[str, str] = {}
        talk = cls(order)
        offered = asked.body.get("tools")
        if isinstance(offered, list) and any(tool["function"]["name"] == "OrderResult" for tool in offered):
            talk.output = "OrderResult"  # LangChain names the tool of a structured output after its type
        for message in messages:
            if message["role"] == "user" and not talk.order:
                text = str(message["content"])
                talk.order = json.loads(text[text.index("{") :])
            for call in message.get("tool_calls") or ():
                names[call["id"]] = call["function"]["name"]
            if message["role"] == "tool":
                talk.results.append((names[message["tool_call_id"]], str(message["content"])))
        return talk

    def count(self, name: str) -> int:
        return sum(1 for found, _ in self.results if found == name)

    def last(self, name: str) -> str:
        return next((content for found, content in reversed(self.results) if found == name), "")

    def call(self, name: str, **arguments: JSON) -> ToolCall:
        return ToolCall(f"call-{ids.random_hex(4)}", name, arguments)

    def booking(self, **changed: JSON) -> ToolCall:
        total = self.order["amount"]
        line: dict[str, JSON] = {"article": "A4", "quantity": 1, "unit_price": total}
        args: dict[str, JSON] = {
            "customer": self.order["customer"],
            "po_number": self.order["po"],
            "items": [line],
            "total": total,
        }
        return self.call("book_order", **{**args, **changed})

    def mail(self, **changed: JSON) -> ToolCall:
        args: dict[str, JSON] = {"to": f"{self.order['po']}@example.com", "subject": "Your order", "body": "Booked."}
        return self.call("send_mail", **{**args, **changed})


def say(*calls: ToolCall, text: str = "") -> Reply:
    """Returns a model's reply: calls, or a text."""
    finish = "tool_calls" if calls else "stop"
    return Reply(text=text, tool_calls=calls, usage=Usage(100, 10), finish_reason=finish)  # type: ignore[arg-type]  # two literals


def clerk(asked: Asked) -> Reply:
    """Handles an order as it should be: look up, book, confirm, report."""
    talk = Talk.of(asked)
    if not talk.count("get_customer"):
        customer, po = talk.order["customer"], talk.order["po"]
        return say(
            talk.call("get_customer", number=customer), talk.call("find_orders", customer=customer, po_number=po)
        )
    if not talk.count("book_order"):
        return say(talk.booking())
    if not talk.count("send_mail"):
        return say(talk.mail())
    return report(talk)


def report(talk: Talk) -> Reply:
    """Ends the conversation with the outcome that the bookings say."""
    booked = talk.last("book_order")
    status = "rejected" if not booked or booked.startswith(("Refused", "Failed")) else "booked"
    return say(talk.call(talk.output, status=status, order_number=None, summary=f"It is {status}."))


def repeats(asked: Asked) -> Reply:
    """Makes each write twice over, one after the other."""
    talk = Talk.of(asked)
    if talk.count("book_order") < 2:
        return say(talk.booking())
    return say(talk.mail()) if talk.count("send_mail") < 2 else report(talk)


def parallelises(asked: Asked) -> Reply:
    """Makes each write three times in one reply."""
    talk = Talk.of(asked)
    if not talk.results:
        return say(talk.booking(), talk.mail(), talk.booking(), talk.mail(), talk.booking(), talk.mail())
    return report(talk)


def rewords(asked: Asked) -> Reply:
    """Makes each write again with the same meaning in other words."""
    talk = Talk.of(asked)
    if not talk.count("book_order"):
        return say(talk.booking())
    if talk.count("book_order") < 2:
        total = talk.order["amount"]
        line = {"unit_price": f"{total}.0", "article": "A4", "quantity": "1"}
        return say(talk.booking(total=f"{total}.00", items=[line]))
    if not talk.count("send_mail"):
        return say(talk.mail())
    return say(talk.mail(body="We have booked it, thank you."))


class Tomorrow(date):
    @classmethod
    def today(cls) -> date:  # type: ignore[override]  # a date is all that the agent writes into its prompt
        return date(2031, 1, 2)


@dataclass
class Desk:
    """A deployment of one outsider's file: copied byte for byte, under a name of its own."""

    world: World
    file: str

    async def deploy(
        self,
        *,
        of: str = "order_agent",
        level: Level = "autonomous",
        tools: str = TOOLS,
        reads: str = READS,
        declared: str = BOOK,
        options: str = "",
        before: str = "",
        more: str = "limits: {steps: 60, repeats: 5}",
    ) -> None:
        """Deploys a copy of the file, at a level."""
        self.world.folder.joinpath(self.world.module).mkdir(exist_ok=True)
        shutil.copyfile(HERE / f"{of}.py", self.world.place / f"{self.file}.py")
        options, before = (text.replace("{file}", self.file) for text in (options, before))
        adapter = "langchain" if of.startswith("langchain") else "pydantic_ai"
        code = DEPLOY.format(
            adapter=adapter, file=self.file, before=before, reads=reads, more=declared, options=options
        )
        await self.world.deploy(code, tools=tools, level=level, more=more)

    async def order(self, po: str, amount: int = 100, customer: str = "C-1") -> None:
        """Sends one order in."""
        await self.world.submit({"po": po, "customer": customer, "amount": amount})

    async def outcomes(self) -> list[object]:
        """Returns how the cases stand: the outcome of a closed one, else its state."""
        return [case["outcome"] or case["state"] for case in await self.world.cases()]

    async def notes(self, kind: str) -> int:
        """Returns how many ledger rows of a kind there are."""
        rows = await self.world.rows("select convert_from(body, 'UTF8') as body from ledger")
        return sum(1 for row in rows if f'"{kind}"' in str(row["body"]))


@pytest.fixture
async def model(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[ScriptedServer]:
    """Gives a model server that plays the clerk; a test may give it another script before its first request."""
    async with ScriptedServer(clerk) as server:
        monkeypatch.setenv("MODEL_URL", server.url)
        yield server


@pytest.fixture
def desk(world: World, shop: Shop, model: ScriptedServer) -> Desk:
    """Gives a desk over this test's world, with its shop and its model running."""
    return Desk(world, f"outside_{ids.random_hex(6)}")
