"""A deploy in mid-case through every adapter, and with changed rules: on from the record, or to a person."""

from __future__ import annotations

import importlib
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from bridgehead.app import load_deployment
from bridgehead.settings import Settings
from tests.contract import test_pydantic_ai
from tests.contract.test_adoption import notes
from tests.support import langchain_agents
from tests.support.world import World

PYDANTIC = """
def lookup(number: str) -> str:
    "Looks a customer up."
    with (HERE / "seen").open("a") as seen:
        seen.write("read ")
    return "not blocked"

def book(po: str, amount: int) -> dict[str, str]:
    "Books."
    enter(po=po, number="N", amount=amount)
    return {"number": "N"}

inner = Agent(
    scripted([call("lookup", number="c-1")], [call("book", po="1", amount=5)], "booked"),
    instructions="Book it.", tools=[lookup, book],
)
agent = govern("MODULE:inner", tools={
    "lookup": read(), "book": reversible(key="po", verify=find_po),
})
"""
LANGCHAIN = """
@tool
def lookup(number: str) -> str:
    "Looks a customer up."
    with (HERE / "seen").open("a") as seen:
        seen.write("read ")
    return "not blocked"

@tool
def book(po: str, amount: int) -> str:
    "Books."
    enter(po=po, number="N", amount=amount)
    return "booked"

inner = create_agent(
    scripted([call("lookup", number="c-1")], [call("book", po="1", amount=5)], "booked"),
    system_prompt="Book it.", tools=[lookup, book],
)
"""
OPTIONS = 'tools={"lookup": read(), "book": reversible(key="po", verify=find_po)}'
LOOKUP = '"lookup": read(), '
TOOLS = "lookup: allow\nbook: {hold: desk, valid_for: 24h}"
MORE = "limits: {steps: 40, repeats: 5}"


@dataclass(frozen=True)
class Adapter:
    """How an agent of one framework is written down as a release, and where its module is."""

    code: str
    inner: str = ""

    def write(self, world: World, code: str, *, tools: str = TOOLS, more: str = MORE) -> Path:
        """Writes a release; returns its folder."""
        if not self.inner:
            return world.write(test_pydantic_ai.INNER + code.replace("MODULE", world.module), tools=tools, more=more)
        inner = f"{world.module}{self.inner}"
        world.place.mkdir(exist_ok=True)
        (world.place / f"{inner}.py").write_text(langchain_agents.INNER + code)
        options = OPTIONS if "[lookup, " in code else OPTIONS.replace(LOOKUP, "")
        declared = langchain_agents.DEPLOY.replace("{options}", options).replace("{inner}", inner)
        return world.write(declared, tools=tools, more=more)

    def asked(self, world: World) -> int:
        """Returns how often the model of a release was asked."""
        return len(sys.modules[f"{world.module}{self.inner}"].asked)


ADAPTERS = {"pydantic_ai": Adapter(PYDANTIC), "langchain": Adapter(LANGCHAIN, "_inner")}


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Gives settings under which a release counts as abandoned at once."""
    return settings.model_copy(update={"adopt_after_s": 0.0})


@pytest.fixture(params=sorted(ADAPTERS))
def adapter(request: pytest.FixtureRequest) -> Adapter:
    """Gives each adapter."""
    return ADAPTERS[request.param]


async def held(world: World, adapter: Adapter) -> None:
    """Brings one case of the first release to the approval of its booking, and approves it."""
    world.loaded = load_deployment(adapter.write(world, adapter.code))
    await world.app.register(world.loaded)
    await world.app.levels.set_level("orders", "autonomous", by="tester", why="a test")
    await world.submit({"po": "1"})
    await world.settle()
    await world.decide("approve")


async def successor(world: World, adapter: Adapter, code: str, *, tools: str = TOOLS, more: str = MORE) -> None:
    """Puts another release in the place of the first, as a new process would find it, and works until it rests."""
    for name in (world.module, f"{world.module}{adapter.inner}"):
        sys.modules.pop(name, None)
    importlib.invalidate_caches()
    world.loaded = load_deployment(adapter.write(world, code, tools=tools, more=more))
    await world.app.register(world.loaded)
    await world.settle()


async def test_a_frameworks_case_goes_on_under_another_release(world: World, adapter: Adapter) -> None:
    """D4: recorded turns and reads are served to the other release's agent; only what is new is asked and done."""
    await held(world, adapter)
    assert adapter.asked(world) == 2
    await successor(world, adapter, adapter.code + "\n# another release\n")
    assert [case["outcome"] for case in await world.cases()] == ["completed"]
    assert adapter.asked(world) == 1  # by the agent of this release
    assert (world.place / "seen").read_text() == "read "
    assert len(world.books()) == 1
    assert len(await notes(world, "case.adopted")) == 1


async def test_another_prompt_is_drift_and_not_another_way(world: World, adapter: Adapter) -> None:
    """D4: a release with other instructions goes on from the same record, and the difference is noted."""
    await held(world, adapter)
    await successor(world, adapter, adapter.code.replace("Book it.", "Book it, and be brief."))
    assert [case["outcome"] for case in await world.cases()] == ["completed"]
    assert adapter.asked(world) == 1
    assert await notes(world, "drift")


@pytest.mark.parametrize(
    "old, new, tools, says",
    [
        ("tools=[lookup, book]", "tools=[book]", "book: {hold: desk}", "lookup"),
        ("def book(po: str, amount: int)", "def book(po: str, amount: int, site: str)", TOOLS, "book"),
    ],
)
async def test_a_frameworks_case_that_would_go_another_way_is_a_persons(
    world: World, adapter: Adapter, old: str, new: str, tools: str, says: str
) -> None:
    """D4: without a tool it used, or with another form of it, nothing is asked or done and a person reads why."""
    await held(world, adapter)
    code = adapter.code.replace(old, new)
    await successor(world, adapter, code if says == "book" else code.replace(LOOKUP, ""), tools=tools)
    (case,) = await world.cases()
    assert (case["state"], case["error_class"]) == ("with_person", "diverged")
    (review,) = await world.reviews()
    assert says in str(review.shown["reason"])
    assert (world.books(), adapter.asked(world)) == ([], 0)


@pytest.mark.parametrize(
    "tools, more, state, books",
    [
        ("lookup: allow\nbook: deny", MORE, "done", 0),  # the model is told, and ends
        ("lookup: allow\nbook: allow", MORE, "done", 1),
        ("lookup: deny\nbook: {hold: desk}", MORE, "done", 1),
        (TOOLS, "limits: {steps: 3, repeats: 5}", "with_person", 0),
    ],
)
async def test_a_changed_bridgehead_yaml_counts_from_here_on(
    world: World, tools: str, more: str, state: str, books: int
) -> None:
    """D4: other rules and limits hold for what is done from here on, not for what the record has already."""
    adapter = ADAPTERS["pydantic_ai"]
    await held(world, adapter)
    await successor(world, adapter, adapter.code, tools=tools, more=more)
    (case,) = await world.cases()
    assert (case["state"], len(world.books())) == (state, books)
    assert len(await notes(world, "case.adopted")) == 1
