"""The limits of a case hold for calls under way at once, and count each call once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

import pytest

from bridgehead import clock
from bridgehead.cases.ports import Claim
from bridgehead.cases.writes import Write
from bridgehead.storage.committing import Writer
from tests.contract.test_pydantic_ai import INNER
from tests.support.world import World

CODE = """
from bridgehead.cases.context import Turn

@read
async def look(i: int) -> int:
    enter(po="look", number=str(i))
    await asyncio.sleep(0)
    return i

@irreversible(key="po", cost="10 EUR", verify=find, timeout="1s")
async def book(po: str, amount: int = 1) -> Booking:
    if amount == 7:
        raise Failed("the account is closed", error_class="invalid_input", applied=False)
    enter(po=po, number=f"N-{po}", amount=amount)
    await asyncio.sleep(0)
    if amount == 9:
        raise ConnectionError("the reply was lost")
    return Booking(f"N-{po}", po, amount)

@irreversible(key="po", repeatable=True)
async def ping(po: str) -> str:
    enter(po=po, number="ping")
    return po

async def every(*calls):
    return [type(one).__name__ for one in await asyncio.gather(*calls, return_exceptions=True)]
"""
TOOLS = """
look: allow
book: {allow: amount <= 10, otherwise: {hold: desk, valid_for: 1h}}
ping: {allow: po != "held", otherwise: {hold: desk, valid_for: 1h}}
"""


async def run(world: World, agent: str, limits: str) -> None:
    """Runs one order through an agent of this body, under these limits, until a person is needed or it is done."""
    body = "\nasync def agent(case: Case[dict], ctx: Context) -> list[str]:\n" + agent
    await world.deploy(CODE + body, tools=TOOLS, more=f"limits: {{{limits}}}")
    await world.submit({"po": "1"})
    await world.settle()


async def spent(world: World) -> Decimal:
    """Returns the money on the books."""
    (row,) = await world.rows("select coalesce(sum(amount), 0) as s from costs where kind = 'tool'")
    return Decimal(str(row["s"]))


async def outcome(world: World) -> object:
    """Returns the outcome of the one case."""
    (case,) = await world.cases()
    return case["outcome"]


@pytest.mark.parametrize(
    "limits, booked",
    [("steps: 5, cost: 20 EUR", 2), ("steps: 5, cost: 900 EUR", 5), ("steps: 90, cost: 39 EUR", 3), ("steps: 5", 5)],
)
async def test_writes_made_at_once_share_their_limits(world: World, limits: str, booked: int) -> None:
    """P6: of fifty writes under way at once only as many happen as steps and money allow."""
    await run(world, "    return await every(*(book(str(i)) for i in range(50)))", limits)
    assert await outcome(world) == "completed"
    assert len(world.books()) == booked
    assert await spent(world) == 10 * booked


async def test_an_intent_waits_for_its_turn_and_is_sent(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """P2: what waits in one segment before an intent is written takes nothing of the time in which it may be sent."""
    real_s, real, passed = clock.boot_s, Writer.commit, [0.0]

    async def slow(self: Writer, claim: Claim, writes: Sequence[Write], *, actor: str) -> Mapping[str, int]:
        passed[0] += 0.1  # ten of them take as long as a call may wait to be sent
        return await real(self, claim, writes, actor=actor)

    monkeypatch.setattr(clock, "boot_s", lambda: real_s() + passed[0])
    monkeypatch.setattr(Writer, "commit", slow)
    await run(world, "    return await every(*(book(str(i)) for i in range(50)))", "steps: 5")
    assert len(world.books()) == 5
    assert await world.rows("select 1 from effects where state = 'failed'") == []
    assert await world.rows("select 1 from steps where kind = 'timer'") == []


async def test_reads_made_at_once_share_the_steps(world: World) -> None:
    """P6: of fifty reads under way at once only as many are made as the case has steps."""
    await run(world, "    return await every(*(look(i) for i in range(50)))", "steps: 5")
    assert len(world.books()) == 5


async def test_one_turn_with_many_tool_calls_stays_within_the_limits(world: World) -> None:
    """P6: a model that asks for eighty calls in one turn gets what steps and money allow."""
    code = """
calls = [ToolCallPart("look", {"what": str(i)}) for i in range(20)]
calls += [ToolCallPart("book", {"po": str(i)}) for i in range(60)]
inner = Agent(scripted(calls, "done"))
@inner.tool_plain
def look(what: str) -> str:
    enter(po="look", number=what)
    return what
@inner.tool_plain
def book(po: str) -> str:
    enter(po=po, number="N", amount=1)
    return po
agent = govern("{module}:inner", tools={"book": reversible(key="po", cost="1 EUR"), "look": read(cost="0.10 EUR")})
"""
    code = code.replace("{module}", world.module)
    free = "models: {default: {url: 'http://m', name: m, price: {input: 0 EUR/M, output: 0 EUR/M}}}"
    await world.deploy(
        INNER + code, tools="book: allow\nlook: allow", more=f"limits: {{steps: 24, cost: 3 EUR}}\n{free}"
    )
    await world.submit({"po": "1"})
    await world.settle()
    made = [entry["po"] for entry in world.books()]
    assert (made.count("look"), len(made)) == (20, 21)
    assert await spent(world) == 3


async def test_model_turns_taken_at_once_share_the_steps(world: World) -> None:
    """P6: of twenty model turns under way at once only as many are asked as the case has steps."""
    agent = """
    async def ask():
        enter(po="model", number="asked")
        await asyncio.sleep(0)
        return Turn("hello", "m")
    async def turn(i):
        with ctx.branch(str(i)):
            return await ctx.turn("m", fed=[], request=i, run=ask)
    return await every(*(turn(i) for i in range(20)))
"""
    await run(world, agent, "steps: 5")
    assert len(world.books()) == 5


async def test_a_call_that_surely_did_not_happen_gives_its_price_back(world: World) -> None:
    """P6: a write that its target refused uses a step and no money."""
    await run(world, '    return [*await every(book("1", 7)), *await every(book("2"))]', "steps: 2, cost: 10 EUR")
    assert [entry["po"] for entry in world.books()] == ["2"]
    assert await spent(world) == 10


async def test_a_write_whose_reply_was_lost_is_paid_for(world: World) -> None:
    """P6: a write found by reading back is on the books with its price, and counts against the limit."""
    await run(world, '    return [*await every(book("1", 9)), *await every(book("2"))]', "cost: 10 EUR")
    assert [entry["po"] for entry in world.books()] == ["1"]
    assert await spent(world) == 10


async def test_replayed_calls_count_once(world: World) -> None:
    """P6: a case that waited for a person goes on with the steps it had left, no more and no fewer."""
    agent = """
    await asyncio.gather(look(1), look(2))
    await book("1", 50)
    return await every(look(3), look(4))
"""
    await run(world, agent, "steps: 4")
    await world.decide("approve")
    await world.settle()
    assert await outcome(world) == "completed"
    assert [entry["number"] for entry in world.books()] == ["1", "2", "N-1", "3"]


@pytest.mark.parametrize("verb", ["approve", "edit"])
async def test_an_approval_lifts_no_limit(world: World, verb: str) -> None:
    """P6: what a person approved or edited is refused when other calls have spent the money meanwhile."""
    await run(world, '    return await every(book("1", 50), book("2"))', "cost: 10 EUR")
    if verb == "approve":
        await world.decide("approve")
    else:
        await world.decide("edit", answer={"args": {"po": "1", "amount": 3}})
    await world.settle()
    assert [entry["po"] for entry in world.books()] == ["2"]
    assert await outcome(world) == "completed"


async def test_equal_calls_made_at_once_share_the_repeats(world: World) -> None:
    """P6: of ten equal calls under way at once as many are made as the limit on repeats, also after a wait."""
    agent = """
    first = await every(*(ping("a") for _ in range(10)), *(look(1) for _ in range(10)))
    await ctx.ask("desk", "Go on?", bool)
    return [*first, *await every(ping("a"), look(1), ping("b"))]
"""
    await run(world, agent, "repeats: 3")
    await world.decide("answer", answer=True)
    await world.settle()
    assert await outcome(world) == "completed"
    assert sorted(str(entry["po"]) for entry in world.books()) == ["a", "a", "a", "b", "look", "look", "look"]


async def test_an_edit_counts_as_the_call_it_became(world: World) -> None:
    """P6: a person's edit that makes a call equal to an earlier one counts as its repetition."""
    agent = '    return [*await every(ping("a"), ping("a")), *await every(ping("held"))]'
    await run(world, agent, "repeats: 2")
    await world.decide("edit", answer={"args": {"po": "a"}})
    await world.settle()
    assert await outcome(world) == "completed"
    assert [entry["po"] for entry in world.books()] == ["a", "a"]


async def test_refused_writes_count_as_steps_after_a_wait_too(world: World) -> None:
    """P6: an agent cannot win steps back by waiting: a refused write stays counted."""
    agent = """
    refused = await every(ping("a"), ping("a"), ping("a"))
    await ctx.ask("desk", "Go on?", bool)
    return [*refused, *await every(look(1), look(2))]
"""
    await run(world, agent, "steps: 4, repeats: 1")
    await world.decide("answer", answer=True)
    await world.settle()
    assert [entry["po"] for entry in world.books()] == ["a", "look"]
