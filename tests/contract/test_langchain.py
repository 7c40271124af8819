from __future__ import annotations

import sys
import textwrap
import threading
from types import ModuleType

import pytest

from bridgehead.spec.deployment import Level
from bridgehead.spec.tool import JSON
from bridgehead.storage.queries_case_view import CaseView
from bridgehead.storage.queries_cases import CaseQueries
from tests.support.world import World

INNER = '''
import asyncio, json, threading
from pathlib import Path
from typing import Annotated, Any
from langchain.agents import AgentState, create_agent
from langchain.agents.middleware import AgentMiddleware, ToolRetryMiddleware, wrap_model_call, wrap_tool_call
from langchain.agents.structured_output import ProviderStrategy, ToolStrategy
from langchain.messages import AIMessage, HumanMessage, ToolMessage
from langchain.tools import InjectedState, InjectedToolCallId, ToolException, ToolRuntime, tool
from langchain_core import exceptions
from langchain_core.language_models import BaseChatModel
from langchain_core.outputs import ChatGeneration, ChatResult
from langgraph.types import Command, interrupt
from pydantic import BaseModel
from bridgehead import effect_key, read

HERE = Path(__file__).parent
asked = []
numbers = iter(range(1000))

def enter(**entry):
    with (HERE / "books.jsonl").open("a") as books:
        books.write(json.dumps(entry) + "\\n")

def call(name, **args):
    return {"name": name, "args": args, "id": f"call-{next(numbers)}", "type": "tool_call"}

def results(messages):
    """What the tools have answered so far: (name, status, content)."""
    return [(m.name, m.status, m.content) for m in messages if isinstance(m, ToolMessage)]

class Scripted(BaseChatModel):
    """A model that gives one reply after the other, by how many it has given in this conversation."""
    replies: list = []
    offered: list = []
    profile: dict | None = None
    @property
    def _llm_type(self):
        return "scripted"
    def bind_tools(self, tools, **options):
        return self.bind(tools=tools, **{k: v for k, v in options.items() if k not in ("tool_choice", "strict")})
    def _generate(self, messages, stop=None, run_manager=None, **options):
        asked.append(messages)
        reply = self.replies[sum(isinstance(m, AIMessage) for m in messages)]
        if callable(reply):
            reply = reply(messages)
        if isinstance(reply, BaseException):
            raise reply
        message = AIMessage(reply) if isinstance(reply, str) else AIMessage("", tool_calls=reply)
        return ChatResult(generations=[ChatGeneration(message=message)])

def scripted(*replies, **more):
    return Scripted(replies=list(replies), **more)
'''

DEPLOY = """
from bridgehead.adapters.langchain import govern

async def find_po(*, key, args):
    return next(({"number": e["number"]} for e in entries() if e["po"] == args["po"]), None)

agent = govern("{inner}:inner", {options})
"""


async def deploy(world: World, code: str, options: str, *, tools: str, level: Level = "autonomous") -> None:
    """Deploys an agent's file and the declaration beside it."""
    inner = f"{world.module}_inner"
    world.place.mkdir()
    (world.place / f"{inner}.py").write_text(INNER + textwrap.dedent(code))
    declaration = DEPLOY.replace("{options}", textwrap.dedent(options).strip()).replace("{inner}", inner)
    await world.deploy(declaration, tools=tools, more="limits: {steps: 40, repeats: 5}", level=level)


def module(world: World) -> ModuleType:
    """Returns the agent's module, as it was loaded."""
    return sys.modules[f"{world.module}_inner"]


def asked(world: World) -> int:
    """Returns how often the model was asked."""
    return len(module(world).asked)


async def view(world: World) -> CaseView:
    """Returns everything recorded about the one case."""
    (case,) = await world.cases()
    return await CaseQueries(world.app.database, world.app.vault).case(int(str(case["id"])))


ORDER: dict[str, JSON] = {"po": "1", "customer": "c", "amount": 5}
HOLD = "{allow: amount <= 1, otherwise: {hold: desk, valid_for: 24h}}"
BOOK = """
@tool
def book(po: str, amount: int) -> str:
    "Books."
    enter(po=po, number="N", amount=amount)
    return "booked"
"""

EVERYTHING = """
both = []

class Booked(BaseModel):
    number: str
    said: str

class Line(BaseModel):
    item: str

class State(AgentState):
    noted: dict

@tool
@read
def lookup(number: str) -> str:
    "A synchronous tool of Bridgehead's own: it finds its case from the framework's thread."
    assert threading.current_thread() is not threading.main_thread()
    return f"customer {number}"

@tool
async def price(item: str, runtime: ToolRuntime[str, Any]) -> float:
    "Both prices are asked for at once."
    assert runtime.context == "context of 1"
    both.append(item)
    while len(both) < 2:
        await asyncio.sleep(0.005)
    return 2.0

@tool(response_format="content_and_artifact")
def scan(page: int) -> tuple:
    "Shows a page."
    with (HERE / "scans").open("a") as scans:
        scans.write("x")
    return [{"type": "text", "text": "one page"}], {"k": page}

@tool
def note(what: str, tool_call_id: Annotated[str, InjectedToolCallId]) -> Command:
    "Writes into the graph's state."
    return Command(update={"noted": {"what": what}, "messages": [ToolMessage("noted", tool_call_id=tool_call_id)]})

@tool
def book(po: str, amount: float, lines: list[Line], noted: Annotated[dict, InjectedState("noted")]) -> dict:
    "Books."
    assert isinstance(lines[0], Line) and noted == {"what": "w"}
    enter(po=po, number="N-1", amount=amount, key=effect_key())
    return {"number": "N-1"}

replies = (
    [call("lookup", number="c"), call("price", item="a"), call("price", item="b"), call("note", what="w")],
    [call("scan", page=1), call("book", po="1", amount="5", lines=[{"item": "a"}])],
    lambda messages: [call("Booked", number=5)],
    lambda messages: [call("Booked", number="N-1", said=str(results(messages)))],
)
inner = create_agent(scripted(*replies), tools=[lookup, price, scan, note, book], state_schema=State,
    response_format=ToolStrategy(Booked), context_schema=str)
"""
EVERYTHING_DECLARED = """
prompt="Order {case.input[po]}: {case.text}",
deps=lambda case: f"context of {case.input['po']}",
tools={"price": read(), "scan": read(), "note": read(), "book": reversible(key="po", verify=find_po)}
"""


async def test_a_run_is_recorded_and_replayed(world: World) -> None:
    """P2: turns, parallel reads, threads, content blocks, state and a held write replay from the record."""
    await deploy(
        world,
        EVERYTHING,
        EVERYTHING_DECLARED,
        tools=f"lookup: allow\nprice: allow\nscan: allow\nnote: allow\nbook: {HOLD}",
    )
    await world.submit(ORDER)
    await world.settle()
    assert (asked(world), world.books()) == (2, [])
    await world.decide("approve")
    await world.settle()
    found = await view(world)
    assert asked(world) == 4, "a structured response that does not fit is asked for again"
    (entry,) = world.books()
    assert entry["amount"] == 5.0
    assert len(str(entry["key"])) == 32
    assert sorted(module(world).both) == ["a", "b"]
    assert (world.place / "scans").read_text() == "x"
    assert isinstance(found.outcome, dict)
    outcome = found.outcome["output"]
    assert isinstance(outcome, dict)
    assert outcome["number"] == "N-1"
    said = str(outcome["said"])
    assert said.count("customer c") == 1
    assert "{'type': 'text', 'text': 'one page'}" in said
    assert "('book', 'success', '{\"number\": \"N-1\"}')" in said
    branches = {step.branch for step in found.steps if step.kind == "read"}
    assert len(branches) == 5, "each call is a branch of its own, by its tool call's id"
    assert not any(event.kind == "drift" for event in found.events)


SYNCHRONOUS = (
    """
@tool
def look(what: str) -> str:
    "Looks."
    enter(po="looked", what=what)
    return what.upper()
"""
    + BOOK
    + """
replies = [call("look", what="a"), call("look", what="b")], [call("book", po="1", amount=5)], lambda m: str(results(m))
inner = create_agent(scripted(*replies), tools=[look, book])

def drive(prompt):
    assert threading.current_thread() is not threading.main_thread()
    return inner.invoke({"messages": [HumanMessage(prompt)]})["messages"][-1].text

def drive_streaming(prompt):
    for chunk in inner.stream({"messages": [HumanMessage(prompt)]}, stream_mode="values"):
        last = chunk["messages"][-1].text
    return last
"""
)


@pytest.mark.parametrize("entry", ["drive", "drive_streaming"])
async def test_a_synchronous_application_is_governed(world: World, entry: str) -> None:
    """P2: an application that runs its agent by invoke or stream, in threads, is held, resumed and books once."""
    options = f'run="{{inner}}:{entry}", tools={{"look": read(), "book": reversible(key="po")}}'
    await deploy(world, SYNCHRONOUS, options, tools=f"look: allow\nbook: {HOLD}")
    await world.submit(ORDER)
    await world.settle()
    assert asked(world) == 2
    await world.decide("approve")
    await world.settle()
    found = await view(world)
    assert sorted(str(entry["po"]) for entry in world.books()) == ["1", "looked", "looked"]
    assert asked(world) == 3
    assert found.outcome == {
        "output": "[('look', 'success', 'A'), ('look', 'success', 'B'), ('book', 'success', 'booked')]"
    }


LOSES = (
    BOOK
    + """
inner = create_agent(scripted([call("book", po="1", amount=1)], "done"), tools=[book])

async def in_executor(prompt):
    asking = {"messages": [HumanMessage(prompt)]}
    return str(await asyncio.get_running_loop().run_in_executor(None, inner.invoke, asking))

async def beside(prompt):
    other = made_later([call("book", po="1", amount=1)], "done")
    return str(await other.ainvoke({"messages": [HumanMessage(prompt)]}))

def made_later(*replies):
    return create_agent(scripted(*replies), tools=[book])

async def on_loop(prompt):
    return str(inner.invoke({"messages": [HumanMessage(prompt)]}))

async def through_a_graph(prompt):
    from langgraph.checkpoint.memory import InMemorySaver
    from langgraph.graph import START, StateGraph
    outer = StateGraph(AgentState).add_node("agent", inner).add_edge(START, "agent").compile(InMemorySaver())
    return str(await outer.ainvoke({"messages": [HumanMessage(prompt)]}, {"configurable": {"thread_id": "1"}}))
"""
)


@pytest.mark.parametrize(
    "entry, said",
    [
        ("in_executor", "outside its case"),
        ("beside", "another agent runs beside"),
        ("on_loop", "on the event loop"),
        ("through_a_graph", "a checkpointer of its own"),
    ],
)
async def test_a_run_that_lost_its_case_does_nothing(world: World, entry: str, said: str) -> None:
    """P1: a run whose thread has no case, that blocks, or that another record would resume, ends before its model."""
    options = f'run="{{inner}}:{entry}", tools={{"book": reversible(key="po")}}'
    await deploy(world, LOSES, options, tools="book: allow")
    await world.submit(ORDER)
    await world.settle()
    assert (asked(world), world.books()) == (0, [])
    (review,) = await world.reviews()
    assert said in str(review.shown["reason"])


MINDLESS = """
@tool
def send(to: str) -> str:
    "Sends."
    enter(po="sent", to=to)
    return "sent"

@tool
def found_later(to: str) -> str:
    "Sends."
    enter(po="sent", to=to)
    return "sent"

class Later(AgentMiddleware):
    async def awrap_model_call(self, request, handler):
        return await handler(request.override(tools=[*request.tools, found_later]))
    async def awrap_tool_call(self, request, handler):
        if request.tool_call["name"] == "found_later":
            request = request.override(tool=found_later)
        return await handler(request)

replies = [call("send", to="x"), call("found_later", to="y"), call("nowhere", to="z")], lambda m: str(results(m))
inner = create_agent(scripted(*replies), tools=[send], middleware=[Later()])
"""


@pytest.mark.parametrize("level", ["autonomous", "shadow"])
async def test_an_undeclared_tool_never_runs(world: World, level: Level) -> None:
    """P1: tools that nobody declared, in the file or found at run time, are denied, and virtual in shadow."""
    await deploy(world, MINDLESS, "", tools="{}", level=level)
    await world.submit(ORDER)
    await world.settle()
    found = await view(world)
    assert world.books() == []
    assert found.case.outcome == "completed"
    states = {(effect.tool, effect.state) for effect in found.effects}
    expected = "denied" if level == "autonomous" else "virtual"
    assert states == {("send", expected), ("found_later", expected)}
    assert str(found.outcome).count("'error', 'Refused: ") == (2 if level == "autonomous" else 0)
    assert "nowhere is not a valid tool" in str(found.outcome)


SWALLOWS = (
    BOOK
    + """
class Swallows(AgentMiddleware):
    async def awrap_tool_call(self, request, handler):
        try:
            return await handler(request)
        except BaseException:
            return ToolMessage("never mind", tool_call_id=request.tool_call["id"])
    async def awrap_model_call(self, request, handler):
        try:
            return await handler(request)
        except BaseException:
            return AIMessage("", tool_calls=[call("book", po="9", amount=1)])

replies = [call("book", po="1", amount=5)], [call("book", po="2", amount=1)], [call("book", po="3", amount=1)], "done"
inner = create_agent(scripted(*replies), tools=[book], middleware=[Swallows(), ToolRetryMiddleware(initial_delay=0)])

async def drive(prompt):
    for _ in range(5):
        try:
            asking = inner.ainvoke({"messages": [HumanMessage(prompt)]}, {"recursion_limit": 20})
            await asyncio.gather(asking, return_exceptions=True)
        except BaseException:
            pass
    return "made up"
"""
)


async def test_an_agent_that_swallows_exceptions_cannot_run_on(world: World) -> None:
    """P3: after a suspension no later turn or write of the segment happens, whatever the application swallows."""
    await deploy(world, SWALLOWS, 'run="{inner}:drive", tools={"book": reversible(key="po")}', tools=f"book: {HOLD}")
    await world.submit(ORDER)
    await world.settle()
    assert world.books() == []
    assert asked(world) == 1
    assert [case["state"] for case in await world.cases()] == ["waiting"]
    assert [review.kind for review in await world.reviews()] == ["approval"]


CHANGES = (
    BOOK
    + """
class Changes(AgentMiddleware):
    async def awrap_tool_call(self, request, handler):
        changed = {**request.tool_call["args"], "amount": 1000}
        return await handler(request.override(tool_call={**request.tool_call, "args": changed}))

inner = create_agent(scripted([call("book", po="1", amount=1)], "done"), tools=[book], middleware=[Changes()])
"""
)


async def test_what_is_decided_is_what_is_sent(world: World) -> None:
    """P1: arguments that a middleware of the agent changes are changed before the gate decides, never after."""
    await deploy(world, CHANGES, 'tools={"book": reversible(key="po")}', tools=f"book: {HOLD}")
    await world.submit(ORDER)
    await world.settle()
    assert world.books() == []
    await world.decide("approve")
    await world.settle()
    assert [entry["amount"] for entry in world.books()] == [1000]


FAILS = """
class Coded(Exception):
    status_code = 429

trouble = [exceptions.ModelAPIError("503"), Coded("slow down"), None, exceptions.ModelAuthenticationError("key")]

def reply(messages):
    wrong = trouble.pop(0) if trouble else None
    return wrong or [call("look", what="x")]

@tool
async def look(what: str) -> str:
    "Looks."
    return what

inner = create_agent(scripted(*[reply] * 9), tools=[look])

async def drive(prompt):
    try:
        return str(await inner.ainvoke({"messages": [HumanMessage(prompt)]}))
    except exceptions.ModelError:
        return "sorry"
"""


async def test_a_model_that_fails_is_waited_for_or_handed_over(world: World) -> None:
    """P4: a passing failure of the model makes the case wait, and a final one goes to a person by its class."""
    await deploy(world, FAILS, 'run="{inner}:drive", tools={"look": read()}', tools="look: allow")
    await world.submit(ORDER)
    await world.settle()
    (case,) = await world.cases()
    assert (case["state"], case["error_class"]) == ("with_person", "auth_expired")
    assert asked(world) == 4
    found = await view(world)
    assert [step.kind for step in found.steps] == ["timer", "timer", "model", "read"]


HANGS = """
go = threading.Event()

@tool
def send(to: str) -> str:
    "Sends."
    (HERE / "sending").touch()
    go.wait(60)
    return "sent"

inner = create_agent(scripted([call("send", to="x")], "done"), tools=[send])
"""


async def test_a_synchronous_tool_that_hangs_is_left_at_its_timeout(world: World) -> None:
    """P2: a write whose own thread does not come back by its timeout is unknown, and a person is asked meanwhile."""
    await deploy(world, HANGS, 'tools={"send": irreversible(timeout="0.2s")}', tools="send: allow")
    await world.submit(ORDER)
    try:
        await world.settle()
        assert (world.place / "sending").exists()
        assert [review.kind for review in await world.reviews()] == ["unknown_effect"]
        assert "bridgehead-send" in {thread.name for thread in threading.enumerate()}
    finally:
        module(world).go.set()


NATIVE = """
@tool
async def look(what: str) -> str:
    "Looks."
    return what

inner = create_agent(scripted([call("look", what="x")], "done"), tools=[look, {"type": "web_search"}])
"""
NATIVE_DECLARED = 'tools={"look": read(), "web_search": outbound_read()}'


async def test_a_providers_tool_is_decided_on_for_each_request(world: World) -> None:
    """P1: a declared provider-executed tool is put before the gate with every request that offers it."""
    await deploy(world, NATIVE, NATIVE_DECLARED, tools="look: allow\nweb_search: allow")
    await world.submit(ORDER)
    await world.settle()
    found = await view(world)
    assert [decision.tool for decision in found.decisions] == ["web_search", "look", "web_search"]
    assert found.case.outcome == "completed"


async def test_a_providers_tool_without_a_rule_is_not_offered(world: World) -> None:
    """P1: a provider-executed tool that no rule allows ends the run before the model is asked."""
    await deploy(world, NATIVE, NATIVE_DECLARED, tools="look: allow")
    await world.submit(ORDER)
    await world.settle()
    assert asked(world) == 0
    assert [case["error_class"] for case in await world.cases()] == ["policy_denied"]


CHECKS = """
def book(po: str, amount: int) -> str:
    "Books."
    if amount > 10:
        raise ToolException("too much")
    if amount > 7:
        try:
            raise ConnectionError("lost")
        except ConnectionError as error:
            raise ToolException("no answer") from error
    if amount > 6:
        BaseModel.model_validate(3)
    if amount > 5:
        interrupt("shall I?")
    enter(po=po, number="N", amount=amount)
    return "booked"

def amount(messages):
    return int(messages[-1].content) if isinstance(messages[-1], HumanMessage) else 1

replies = lambda m: [call("book", po="1", amount=amount(m))], lambda m: [call("book", po="1", amount=1)], lambda m: str(
    results(m))
tool_ = tool(book)
tool_.handle_tool_error = lambda error: f"Look again: {error}"
inner = create_agent(scripted(*replies), tools=[tool_])
"""


@pytest.mark.parametrize(
    "amount, first, states",
    [
        (11, True, ["failed", "committed"]),  # a check of its own, which says that it sends nothing before
        (11, False, ["unknown"]),
        (8, True, ["unknown"]),  # raised while another exception is handled
        (7, True, ["unknown"]),  # a validation error of the body is none of its arguments
        (6, True, ["unknown"]),  # an interrupt, which nothing would resume
    ],
)
async def test_a_write_that_fails_is_unknown_unless_it_says_more(
    world: World, amount: int, first: bool, states: list[str]
) -> None:
    """P2: a write that raises may have been sent, whatever the framework makes of it; only its own check says not."""
    declared = 'prompt="{case.input[amount]}", tools={"book": reversible(timeout="0.3s")}'
    await deploy(world, CHECKS, declared + (', checks_first=["book"]' if first else ""), tools="book: allow")
    await world.submit({**ORDER, "amount": amount})
    await world.settle()
    found = await view(world)
    assert [effect.state for effect in found.effects] == states
    if states == ["unknown"]:
        assert world.books() == []
    else:
        assert "('book', 'error', 'Look again: too much')" in str(found.outcome)


PROVIDER = (
    """
class Outcome(BaseModel):
    number: int
"""
    + BOOK
    + """
replies = [call("book", po="1", amount=5)], '{"number": 7}'
model = scripted(*replies, profile={"structured_output": True})
inner = create_agent(model, tools=[book], response_format=Outcome)
other = create_agent(scripted([call("book", po="1", amount=5)], '{"nummer": 7}'), tools=[book],
    response_format=ProviderStrategy(Outcome))
"""
)


async def test_a_providers_structured_output_is_the_outcome(world: World) -> None:
    """P2: an output that the provider holds to its schema becomes the outcome, after a replay too."""
    await deploy(world, PROVIDER, 'tools={"book": reversible(key="po")}', tools=f"book: {HOLD}")
    await world.submit(ORDER)
    await world.settle()
    await world.decide("approve")
    await world.settle()
    assert (await view(world)).outcome == {"output": {"number": 7}}
    assert asked(world) == 2


async def test_an_output_that_does_not_fit_goes_to_a_person(world: World) -> None:
    """P4: a structured output that does not fit its schema is invalid output, and its turn is on record."""
    options = 'tools={"book": reversible(key="po")}'
    await deploy(
        world, PROVIDER.replace("inner =", "unused =").replace("other =", "inner ="), options, tools="book: allow"
    )
    await world.submit(ORDER)
    await world.settle()
    found = await view(world)
    assert [case["error_class"] for case in await world.cases()] == ["invalid_output"]
    assert [step.kind for step in found.steps].count("model") == 2


OTHER_WAY = (
    """
times = []

@tool
@read
async def look(what: str) -> str:
    "Looks."
    return what

class Counts(AgentMiddleware):
    async def awrap_tool_call(self, request, handler):
        answer = await handler(request)
        times.append(answer)
        return answer.model_copy(update={"content": f"{answer.content}, looked at for the {len(times)}. time"})
"""
    + BOOK
    + """
replies = [call("look", what="x")], [call("book", po="1", amount=5)], "done"
inner = create_agent(scripted(*replies), tools=[look, book], middleware=[Counts()])
"""
)


async def test_another_history_than_the_recorded_one_goes_to_a_person(world: World) -> None:
    """P2: a recorded turn is served only while the results that fed it are equal; else the case has diverged."""
    await deploy(world, OTHER_WAY, 'tools={"book": reversible(key="po")}', tools=f"look: allow\nbook: {HOLD}")
    await world.submit(ORDER)
    await world.settle()
    assert [review.kind for review in await world.reviews()] == ["approval"]
    await world.decide("approve")
    await world.settle()
    assert world.books() == []
    assert [case["error_class"] for case in await world.cases()] == ["diverged"]
