"""What a model may answer that no record, no digest and no database takes as it is."""

from __future__ import annotations

import pytest

from bridgehead.spec.tool import JSON
from bridgehead.storage.queries_cases import CaseQueries
from tests.contract.test_pydantic_ai import INNER
from tests.support.world import World

CODE = """
def part(name, args, number=None):
    return ToolCallPart(name, args, **({} if number is None else {"tool_call_id": number}))

inner = Agent(FunctionModel(lambda messages, info: ModelResponse(parts=replies.pop(0))), retries=3)

@inner.tool_plain
def book(po: str, amount: float) -> str:
    enter(po=po, number="N", amount=amount)
    return "booked " + po

agent = govern("{module}:inner", tools={"book": reversible(key="po")})
"""


async def run(world: World, replies: str) -> str:
    """Runs one order through a model that gives these replies, and returns the outcome's text."""
    code = INNER + CODE.replace("{module}", world.module) + f"\nreplies = {replies}\n"
    await world.deploy(code, tools="book: {allow: amount >= 0 and amount <= 10}")
    await world.submit({"po": "1"})
    await world.settle()
    found: JSON = (await CaseQueries(world.app.database, world.app.vault).case(1)).outcome
    (case,) = await world.cases()
    assert (case["outcome"], case["lost_segments"]) == ("completed", 0), [
        one.shown["reason"] for one in await world.reviews()
    ]
    return str(found)


@pytest.mark.parametrize("amount", ["NaN", "Infinity", "-Infinity"])
async def test_a_number_that_is_none_goes_back_to_the_model(world: World, amount: str) -> None:
    """P4: a model that writes NaN or Infinity is told so and can do better; the case goes on."""
    bad = f"""[part("book", '{{"po": "1", "amount": {amount}}}')]"""
    await run(world, f"""[{bad}, [part("book", {{"po": "1", "amount": 5}})], [TextPart("done")]]""")
    assert [entry["amount"] for entry in world.books()] == [5]


@pytest.mark.parametrize(
    "bad",
    [
        'part("bo\\ud800ok", {"po": "1", "amount": 5})',
        'part("book", {"po": "1", "amount": 5}, "id\\ud800")',
        'TextPart("half a pair: \\ud800")',
    ],
)
async def test_half_a_surrogate_pair_goes_back_to_the_model(world: World, bad: str) -> None:
    """P4: an answer whose text is not Unicode is asked for again, wherever in it that text stands."""
    await run(world, f"""[[{bad}], [part("book", {{"po": "1", "amount": 5}})], [TextPart("done")]]""")
    assert [entry["po"] for entry in world.books()] == ["1"]


@pytest.mark.parametrize("number", ["id\\x00", "id\\n\\x1b[2J", "x" * 100_000])
async def test_any_id_of_a_tool_call_can_be_recorded(world: World, number: str) -> None:
    """P3: no id that a model gives a tool call, however odd or long, keeps its case from being recorded."""
    await run(world, f"""[[part("book", {{"po": "1", "amount": 5}}, "{number}")], [TextPart("done")]]""")
    (step,) = await world.rows("select branch from steps where kind = 'effect'")
    branch = str(step["branch"])
    assert branch.isprintable()
    assert len(branch) <= 200


async def test_odd_branches_stay_apart_on_replay(world: World) -> None:
    """P2: branches whose names differ in what cannot be recorded as text are told apart after a wait."""
    code = """
@read
async def look(i: int) -> int:
    enter(po="look", number=str(i))
    return len(entries())

async def agent(case: Case[dict], ctx: Context) -> list[int]:
    seen = []
    for name in ("a\\x00", "a\\\\u0000", "a\\ud800", "a" * 300 + "b", "a" * 300 + "c"):
        with ctx.branch(name):
            seen.append(await look(1))
    await ctx.ask("desk", "Go on?", bool)
    return seen
"""
    await world.deploy(code, tools="look: allow", more="limits: {repeats: 9}")
    await world.submit({"po": "1"})
    await world.settle()
    await world.decide("answer", answer=True)
    await world.settle()
    assert (await CaseQueries(world.app.database, world.app.vault).case(1)).outcome == {"output": [1, 2, 3, 4, 5]}
