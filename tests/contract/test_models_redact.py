"""A model with ``redact`` is asked, and is sent nothing that is above its clearance."""

from __future__ import annotations

from typing import Final

import pytest

from tests.contract.test_pydantic_ai import INNER as PYDANTIC_AI
from tests.support.langchain_agents import INNER as LANGCHAIN
from tests.support.world import World

IBAN: Final = "DE89370400440532013000"
TOOLS_CODE: Final = """
class Person(BaseModel):
    name: str
    iban: str
    limit: int
    pin: int

LABELS = {"*": "system_of_record", "iban": "system_of_record confidential", "limit": "system_of_record eu",
          "pin": "system_of_record secret"}

@read(labels=LABELS)
async def customer(number: str) -> Person:
    '''Who a customer is.'''
    return Person(name="Anna Blau", iban="DE89370400440532013000", limit=7654321, pin=471108150)

@read(labels={"*": "system_of_record secret"})
async def note(number: str) -> str:
    '''What is noted of a customer.'''
    return "Owes the bakery\\nand hides it."

@reversible(key="po", verify=find, timeout="1s")
async def book(po: str, amount: int) -> Booking:
    '''Books an order.'''
    enter(po=po, number=f"N-{po}", amount=amount)
    return Booking(f"N-{po}", po, amount)
"""
REPLIES: Final = """
import pathlib
SEEN = pathlib.Path(__file__).parent / "seen.txt"

def seen(reply):
    def decide(messages):
        with SEEN.open("a") as file:
            file.write(f"{messages!r}\\n")
        return reply(messages) if callable(reply) else reply
    return decide

REPLIES = tuple(map(seen, (
    [call("customer", number="1"), call("note", number="1")],
    [call("book", po="1", amount=50)],
    lambda messages: f"sent {results(messages)[0]}",
)))
"""
OF_PYDANTIC_AI: Final = f"""{PYDANTIC_AI}{TOOLS_CODE}{REPLIES}
inner = Agent(scripted(*REPLIES), tools=[customer, note, book])
agent = govern("{{module}}:inner", prompt="Book {{case.input[po]}} for {{case.input[account]}}")
"""
OF_LANGCHAIN: Final = f"""
from pydantic import BaseModel
{TOOLS_CODE}
from bridgehead.adapters.langchain import govern
agent = govern("{{module}}_inner:inner", prompt="Book {{case.input[po]}} for {{case.input[account]}}")
"""
INNER: Final = f"""{LANGCHAIN}
from {{module}} import book, customer, note
{REPLIES}
inner = create_agent(scripted(*REPLIES), tools=[customer, note, book])
"""
TOOLS: Final = "book: {allow: true, clearance: secret, region: eu}\ncustomer: allow\nnote: allow"
MODEL: Final = (
    "limits: {steps: 40, repeats: 5}\n"
    'models: {default: {url: "http://127.0.0.1:1", name: m, price: {input: 1 USD/M, output: 1 USD/M}%s}}'
)


async def seen(world: World, framework: str, more: str) -> str:
    """Runs a case and returns everything its model was sent."""
    code = (OF_PYDANTIC_AI if framework == "pydantic-ai" else OF_LANGCHAIN).replace("{module}", world.module)
    place = world.write(code, tools=TOOLS, more=more)
    (place / f"{world.module}_inner.py").write_text(INNER.replace("{module}", world.module))
    await world.deploy(code, tools=TOOLS, more=more)
    await world.submit({"po": "1", "account": "DE89 3704 0044 0532 0130 00"})
    await world.settle()
    file = place / "seen.txt"
    return file.read_text() if file.exists() else ""


@pytest.mark.parametrize("framework", ["pydantic-ai", "langchain"])
async def test_what_a_model_is_not_cleared_for_is_blacked_out(world: World, framework: str) -> None:
    """P5: the turn is made, and account, region-bound number and secret note reach no prompt."""
    told = await seen(world, framework, MODEL % ", redact: true")
    assert len(world.books()) == 1
    assert "Anna Blau" in told
    assert "[redacted]" in told
    after = told.splitlines()[1]
    for barred in (IBAN, "DE89 3704 0044 0532 0130 00", "7654321", "bakery", "hides", "471108150"):
        assert barred not in after


@pytest.mark.parametrize("framework", ["pydantic-ai", "langchain"])
@pytest.mark.parametrize(
    "words, barred, shown",
    [
        (", redact: true, clearance: confidential, region: eu", ["bakery"], [IBAN, "7654321"]),
        (", redact: true, clearance: secret, region: us", ["7654321"], [IBAN, "bakery"]),
        (", redact: true, clearance: secret, region: eu", ["[redacted]"], [IBAN, "7654321", "bakery"]),
    ],
)
async def test_what_a_model_is_cleared_for_is_shown(
    world: World, framework: str, words: str, barred: list[str], shown: list[str]
) -> None:
    """P5: only what is above the clearance, or bound to another region, is blacked out."""
    told = await seen(world, framework, MODEL % words)
    assert len(world.books()) == 1
    assert not [one for one in barred if one in told]
    assert not [one for one in shown if one not in told]


@pytest.mark.parametrize("framework", ["pydantic-ai", "langchain"])
async def test_without_redact_the_turn_is_refused(world: World, framework: str) -> None:
    """P5: a model that is not cleared and does not redact is asked nothing more once the case has read too much."""
    told = await seen(world, framework, MODEL % "")
    assert len(told.splitlines()) == 1
    assert world.books() == []
