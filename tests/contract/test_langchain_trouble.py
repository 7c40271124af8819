from __future__ import annotations

import threading

import pytest

from tests.support.langchain_agents import BOOK, HOLD, ORDER, asked, deploy, module, view
from tests.support.world import World

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


async def test_a_model_that_fails_is_asked_again_or_handed_over(world: World) -> None:
    """P4: after a passing failure the model is asked again in its turn; a final one goes to a person by its class."""
    await deploy(world, FAILS, 'run="{inner}:drive", tools={"look": read()}', tools="look: allow")
    await world.submit(ORDER)
    await world.settle()
    (case,) = await world.cases()
    assert (case["state"], case["error_class"]) == ("with_person", "auth_expired")
    assert asked(world) == 4
    found = await view(world)
    assert [step.kind for step in found.steps] == ["model", "read"]


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
