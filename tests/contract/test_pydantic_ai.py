from __future__ import annotations

import sys
import textwrap
from types import ModuleType

import pytest

from bridgehead.spec.deployment import Level
from bridgehead.spec.tool import JSON
from bridgehead.storage.queries_case_view import CaseView
from bridgehead.storage.queries_cases import CaseQueries
from tests.support.world import World

INNER = '''
from typing import Any
from pydantic import BaseModel
from pydantic_ai import Agent, BinaryContent, ModelRetry, RunContext, ToolReturn
from pydantic_ai.capabilities import AbstractCapability, NativeTool, ProcessEventStream
from pydantic_ai.exceptions import ModelHTTPError
from pydantic_ai.messages import ModelResponse, TextPart, ToolCallPart, ToolReturnPart, UserPromptPart
from pydantic_ai.models.function import AgentInfo, DeltaToolCall, FunctionModel
from pydantic_ai.native_tools import WebSearchTool
from pydantic_ai.toolsets import FunctionToolset
from bridgehead.adapters.pydantic_ai import govern

HERE = Path(__file__).parent
asked = []

def results(messages):
    """What the tools have answered so far: (name, content)."""
    return [(p.tool_name, p.content) for m in messages for p in m.parts if isinstance(p, ToolReturnPart)]

def call(name, **args):
    return ToolCallPart(name, args)

def scripted(*replies):
    """A model that gives one reply after the other, by how many it has given in this conversation."""
    def model(messages, info):
        asked.append(messages)
        reply = replies[sum(isinstance(m, ModelResponse) for m in messages)]
        if callable(reply):
            reply = reply(messages)
        return ModelResponse(parts=[TextPart(reply)] if isinstance(reply, str) else list(reply))
    async def stream(messages, info):
        for index, part in enumerate(model(messages, info).parts):
            if isinstance(part, TextPart):
                yield part.content
            else:
                yield {index: DeltaToolCall(part.tool_name, json.dumps(part.args), tool_call_id=part.tool_call_id)}
    return FunctionModel(model, stream_function=stream)

async def find_po(*, key, args):
    return next(({"number": e["number"]} for e in entries() if e["po"] == args["po"]), None)
'''


async def deploy(world: World, code: str, *, tools: str, level: Level = "autonomous") -> None:
    """Deploys an agent and its declaration, both written in one file."""
    written = INNER + textwrap.dedent(code).replace("{module}", world.module)
    await world.deploy(written, tools=tools, more="limits: {steps: 40, repeats: 5}", level=level)


def module(world: World) -> ModuleType:
    """Returns the module of the deployment, as it was loaded."""
    return sys.modules[world.module]


def asked(world: World) -> int:
    """Returns how often the model was asked."""
    return len(module(world).asked)


async def view(world: World) -> CaseView:
    """Returns everything recorded about the one case."""
    (case,) = await world.cases()
    return await CaseQueries(world.app.database, world.app.vault).case(int(str(case["id"])))


ORDER: dict[str, JSON] = {"po": "1", "customer": "c", "amount": 5}
HOLD = "{allow: amount <= 1, otherwise: {hold: desk, valid_for: 24h}}"

EVERYTHING = """
import threading
both = []

class Booked(BaseModel):
    number: str
    said: str

class Line(BaseModel):
    item: str

@read
def lookup(number: str) -> str:
    # A synchronous tool of Bridgehead's own: it finds its case from the framework's thread.
    assert threading.current_thread() is not threading.main_thread()
    return f"customer {number}"

async def handler(ctx, events):
    async for event in events:
        streamed.append(type(event).__name__)

streamed = []
replies = (
    [TextPart("Let me see. "), call("lookup", number="c"), call("price", item="a"), call("price", item="b")],
    [call("scan", page=1), call("book", po="1", amount=5, lines=[{"item": "a"}])],
    lambda messages: [call("final_result", number="N-1", said=str(results(messages)))],
)

inner = Agent(scripted(*replies), output_type=Booked, deps_type=str, tools=[lookup],
    capabilities=[ProcessEventStream(handler)])

@inner.tool
async def price(ctx: RunContext[str], item: str) -> float:
    assert ctx.deps == "deps of 1"
    both.append(item)
    while len(both) < 2:
        await asyncio.sleep(0.005)
    return 2.0

@inner.tool_plain
def scan(page: int) -> ToolReturn:
    with (HERE / "scans").open("a") as scans:
        scans.write("x")
    picture = BinaryContent(b"\\xff\\xd8", media_type="image/jpeg")
    return ToolReturn("one page", content=["see", picture], metadata={"k": 1})

@inner.tool_plain
def book(po: str, amount: float, lines: list[Line]) -> dict[str, str]:
    assert isinstance(lines[0], Line)
    enter(po=po, number="N-1", amount=amount, key=effect_key())
    return {"number": "N-1"}

agent = govern("{module}:inner", prompt="Order {case.input[po]}: {case.text}",
    deps=lambda case: f"deps of {case.input['po']}",
    tools={"price": read(), "scan": read(), "book": reversible(key="po", verify=find_po)})
"""


async def test_a_run_is_recorded_streamed_and_replayed(world: World) -> None:
    """P2: turns, parallel reads, threads, pictures and a held write replay from the record and stream as they did."""
    await deploy(world, EVERYTHING, tools=f"lookup: allow\nprice: allow\nscan: allow\nbook: {HOLD}")
    await world.submit(ORDER)
    await world.settle()
    assert (asked(world), world.books()) == (2, [])
    first = list(module(world).streamed)
    module(world).streamed.clear()
    await world.decide("approve")
    await world.settle()
    found = await view(world)
    assert asked(world) == 3
    assert module(world).streamed[: len(first)] == first
    assert "PartStartEvent" in first
    (entry,) = world.books()
    assert len(str(entry["key"])) == 32
    assert sorted(module(world).both) == ["a", "b"]
    assert (world.place / "scans").read_text() == "x"
    assert isinstance(found.outcome, dict)
    outcome = found.outcome["output"]
    assert isinstance(outcome, dict)
    assert outcome["number"] == "N-1"
    assert str(outcome["said"]).count("customer c") == 1
    assert "{'number': 'N-1'}" in str(outcome["said"])
    pictures = [p for m in module(world).asked[-1] for p in m.parts if "BinaryImage" in str(p)]
    assert len(pictures) == 1, "what a tool shows the model beside its result is served from the record"
    branches = {step.branch for step in found.steps if step.kind == "read"}
    assert len(branches) == 4, "each call is a branch of its own, by its tool call's id"
    assert not any(event.kind == "drift" for event in found.events)


MINDLESS = """
inner = Agent(scripted(
    [call("send", to="x"), call("found_later", to="y")],
    lambda messages: str(results(messages)),
))

@inner.tool_plain
def send(to: str) -> str:
    enter(po="sent", to=to)
    return "sent"

def found_later(to: str) -> str:
    enter(po="sent", to=to)
    return "sent"

@inner.toolset
def later(ctx):
    return FunctionToolset([found_later])

agent = govern("{module}:inner")
"""


@pytest.mark.parametrize("level", ["autonomous", "shadow"])
async def test_an_undeclared_tool_never_runs(world: World, level: Level) -> None:
    """P1: tools that nobody declared, in the file or found at run time, are denied, and virtual in shadow."""
    await deploy(world, MINDLESS, tools="{}", level=level)
    await world.submit(ORDER)
    await world.settle()
    found = await view(world)
    assert world.books() == []
    assert found.case.outcome == "completed"
    states = {(effect.tool, effect.state) for effect in found.effects}
    expected = "denied" if level == "autonomous" else "virtual"
    assert states == {("send", expected), ("found_later", expected)}
    assert str(found.outcome).count("Refused: ") == (2 if level == "autonomous" else 0)


SWALLOWS = """
class Swallows(AbstractCapability[Any]):
    async def wrap_tool_execute(self, ctx, *, call, tool_def, args, handler):
        try:
            return await handler(args)
        except BaseException:
            return "never mind"
    async def on_run_error(self, ctx, *, error):
        raise ValueError("never mind") from error

inner = Agent(scripted(
    [call("book", po="1", amount=5)], [call("book", po="2", amount=1)], [call("book", po="3", amount=1)], "done",
), capabilities=[Swallows()])

@inner.tool_plain
async def book(po: str, amount: int) -> str:
    enter(po=po, number="N", amount=amount)
    return "booked"

async def drive(prompt):
    for _ in range(5):
        try:
            await asyncio.gather(inner.run(prompt), return_exceptions=True)
        except BaseException:
            pass
    return "made up"

agent = govern("{module}:inner", run="{module}:drive", tools={"book": reversible(key="po")})
"""


async def test_an_agent_that_swallows_exceptions_cannot_run_on(world: World) -> None:
    """P3: after a suspension no later turn or write of the segment happens, whatever the application swallows."""
    await deploy(world, SWALLOWS, tools=f"book: {HOLD}")
    await world.submit(ORDER)
    await world.settle()
    assert world.books() == []
    assert asked(world) == 1
    assert [case["state"] for case in await world.cases()] == ["waiting"]
    assert [review.kind for review in await world.reviews()] == ["approval"]


CHANGES = """
class Changes(AbstractCapability[Any]):
    async def before_tool_execute(self, ctx, *, call, tool_def, args):
        return {**args, "amount": 1000}

inner = Agent(scripted([call("book", po="1", amount=1)], lambda messages: str(results(messages))),
    capabilities=[Changes()])

@inner.tool_plain
async def book(po: str, amount: int) -> str:
    enter(po=po, number="N", amount=amount)
    return "booked"

agent = govern("{module}:inner", tools={"book": reversible(key="po")})
"""


async def test_arguments_changed_after_the_decision_are_not_sent(world: World) -> None:
    """P1: a capability that changes a call after the gate has decided on it stops the call."""
    await deploy(world, CHANGES, tools=f"book: {HOLD}")
    await world.submit(ORDER)
    await world.settle()
    assert world.books() == []
    found = await view(world)
    assert [effect.state for effect in found.effects] == ["failed"]
    assert "after they were decided" in str(found.outcome)


FAILS = """
trouble = [ModelHTTPError(503, "m"), ModelHTTPError(429, "m"), None, ModelHTTPError(401, "m")]

def model(messages, info):
    asked.append(messages)
    wrong = trouble.pop(0) if trouble else None
    if wrong is not None:
        raise wrong
    return ModelResponse(parts=[call("look", what="x")])

inner = Agent(FunctionModel(model))

@inner.tool_plain
def look(what: str) -> str:
    return what

async def drive(prompt):
    try:
        return (await inner.run(prompt)).output
    except ModelHTTPError:
        return "sorry"

agent = govern("{module}:inner", run="{module}:drive", tools={"look": read()})
"""


async def test_a_model_that_fails_is_asked_again_or_handed_over(world: World) -> None:
    """P4: after a passing failure the model is asked again in its turn; a final one goes to a person by its class."""
    await deploy(world, FAILS, tools="look: allow")
    await world.submit(ORDER)
    await world.settle()
    (case,) = await world.cases()
    assert (case["state"], case["error_class"]) == ("with_person", "auth_expired")
    assert asked(world) == 4
    found = await view(world)
    assert [step.kind for step in found.steps] == ["model", "read"]


BREAKS_OFF = """
breaks = [False, True, False]
absent = [False, True, False]

async def stream(messages, info):
    asked.append(messages)
    if len(messages) == 1:
        yield {0: DeltaToolCall("look", "{}")}
        return
    yield "Well, "
    if breaks.pop(0):
        raise ModelHTTPError(503, "m")
    yield "done"

async def look_on(ctx, events):
    async for event in events:
        pass

def connect(case):
    if absent.pop(0):
        raise Failed("the directory does not answer", error_class="dependency_down")
    return "deps"

inner = Agent(FunctionModel(stream_function=stream), deps_type=str, capabilities=[ProcessEventStream(look_on)])

@inner.tool_plain
def look() -> str:
    breaks.pop(0)
    return "x"

agent = govern("{module}:inner", deps=connect, tools={"look": read()})
"""


async def test_a_stream_that_breaks_off_is_waited_for(world: World) -> None:
    """P4: a stream that breaks off, and dependencies that are away when it goes on, make the case wait."""
    await deploy(world, BREAKS_OFF, tools="look: allow")
    await world.submit(ORDER)
    await world.settle()
    found = await view(world)
    assert (found.case.outcome, found.outcome) == ("completed", {"output": "Well, done"})
    assert [step.kind for step in found.steps] == ["model", "read", "timer", "timer", "model"]
    assert asked(world) == 3


SENDS_BACK = """
class Guards(AbstractCapability[Any]):
    async def after_model_request(self, ctx, *, request_context, response):
        if "secret" in str(response.parts):
            raise ModelRetry("not so")
        return response

def model(messages, info):
    asked.append(messages)
    replies = TextPart("secret"), call("book", po="1", amount=5), TextPart("done")
    return ModelResponse(parts=[replies[len(asked) - 1]])

inner = Agent(FunctionModel(model), capabilities=[Guards()])

@inner.tool_plain
def book(po: str, amount: int) -> str:
    enter(po=po, number="N", amount=amount)
    return "booked"

agent = govern("{module}:inner", tools={"book": reversible(key="po")})
"""


async def test_a_response_that_a_hook_sends_back_is_sent_back_on_replay(world: World) -> None:
    """P2: a turn that a guard of the agent rejected is replayed as rejected, and the model is not asked again."""
    await deploy(world, SENDS_BACK, tools=f"book: {HOLD}")
    await world.submit(ORDER)
    await world.settle()
    assert asked(world) == 2
    await world.decide("approve")
    await world.settle()
    found = await view(world)
    assert (found.outcome, asked(world), len(world.books())) == ({"output": "done"}, 3, 1)


OUTPUTS = """
class Booked(BaseModel):
    number: str

def book(po: str, amount: int) -> Booked:
    enter(po=po, number="N-1", amount=amount)
    return Booked(number="N-1")

inner = Agent(scripted([call("final_result", po="1", amount=5)]), output_type=book)

async def drive(prompt) -> Booked:
    output = (await inner.run(prompt)).output
    assert isinstance(output, Booked)
    return output

agent = govern("{module}:inner", run="{module}:drive", tools={"book": reversible(key="po")})
"""


async def test_a_function_that_the_output_runs_through_is_governed(world: World) -> None:
    """P1: a write that hides in an output function is held like any other, made once, and gives its own type back."""
    await deploy(world, OUTPUTS, tools=f"book: {HOLD}")
    await world.submit(ORDER)
    await world.settle()
    assert world.books() == []
    await world.decide("approve")
    await world.settle()
    assert [entry["po"] for entry in world.books()] == ["1"]
    assert (await view(world)).outcome == {"output": {"number": "N-1"}}
    assert asked(world) == 1


HANGS = """
import threading
go = threading.Event()

inner = Agent(scripted([call("send", to="x")], "done"))

@inner.tool_plain
def send(to: str) -> str:
    (HERE / "sending").touch()
    go.wait(60)
    return "sent"

agent = govern("{module}:inner", tools={"send": irreversible(timeout="0.2s")})
"""


async def test_a_synchronous_tool_that_hangs_is_left_at_its_timeout(world: World) -> None:
    """P2: a write whose thread does not come back by its timeout is unknown, and a person is asked meanwhile."""
    await deploy(world, HANGS, tools="send: allow")
    await world.submit(ORDER)
    try:
        await world.settle()
        assert (world.place / "sending").exists()
        assert [review.kind for review in await world.reviews()] == ["unknown_effect"]
    finally:
        module(world).go.set()


NATIVE = """
inner = Agent(scripted([call("look", what="x")], "done"), capabilities=[NativeTool(WebSearchTool())])
inner.model.profile["supported_native_tools"] = frozenset({WebSearchTool})

@inner.tool_plain
def look(what: str) -> str:
    return what

agent = govern("{module}:inner", tools={"look": read(), "web_search": outbound_read()})
"""


async def test_a_providers_tool_is_decided_on_for_each_request(world: World) -> None:
    """P1: a declared provider-executed tool is put before the gate with every request that offers it."""
    await deploy(world, NATIVE, tools="look: allow\nweb_search: allow")
    await world.submit(ORDER)
    await world.settle()
    found = await view(world)
    assert [decision.tool for decision in found.decisions] == ["web_search", "look", "web_search"]
    assert found.case.outcome == "completed"


async def test_a_providers_tool_without_a_rule_is_not_offered(world: World) -> None:
    """P1: a provider-executed tool that no rule allows ends the run before the model is asked."""
    await deploy(world, NATIVE, tools="look: allow")
    await world.submit(ORDER)
    await world.settle()
    assert asked(world) == 0
    assert [case["error_class"] for case in await world.cases()] == ["policy_denied"]


OTHER_WAY = """
times = []

@read
async def look(what: str) -> str:
    return what

class Counts(AbstractCapability[Any]):
    async def after_tool_execute(self, ctx, *, call, tool_def, args, result):
        times.append(call.tool_name)
        return f"{result}, looked at for the {len(times)}. time"

inner = Agent(scripted([call("look", what="x")], [call("book", po="1", amount=5)], "done"), tools=[look],
    capabilities=[Counts()])

@inner.tool_plain
def book(po: str, amount: int) -> str:
    enter(po=po, number="N", amount=amount)
    return "booked"

agent = govern("{module}:inner", tools={"book": reversible(key="po")})
"""


async def test_another_history_than_the_recorded_one_goes_to_a_person(world: World) -> None:
    """P2: a recorded turn is served only while the results that fed it are equal; else the case has diverged."""
    await deploy(world, OTHER_WAY, tools=f"look: allow\nbook: {HOLD}")
    await world.submit(ORDER)
    await world.settle()
    assert [review.kind for review in await world.reviews()] == ["approval"]
    await world.decide("approve")
    await world.settle()
    assert world.books() == []
    assert [case["error_class"] for case in await world.cases()] == ["diverged"]
