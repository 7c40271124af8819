from __future__ import annotations

import pytest

from bridgehead.spec.deployment import Level
from tests.support.langchain_agents import BOOK, HOLD, ORDER, asked, deploy, module, view
from tests.support.world import World

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


INFINITE = """
@tool
def look(amount: float) -> str:
    "Looks."
    return "seen"

inner = create_agent(scripted([call("look", amount=float("inf"))], "done"), tools=[look])
"""


async def test_an_answer_that_cannot_be_recorded_is_invalid_output(world: World) -> None:
    """P4: arguments that are no JSON (1e999) are a failure of the model, told at once and asked for once."""
    await deploy(world, INFINITE, 'tools={"look": read()}', tools="look: allow")
    await world.submit(ORDER)
    await world.settle()
    (case,) = await world.cases()
    assert (case["error_class"], case["epoch"], asked(world)) == ("invalid_output", 1, 1)
