"""Agents and data that misbehave: each hurts its own case at most, and that one goes to a person."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from tests.support.world import World

BOOK = """
import sys, time

HERE = Path(__file__).parent

@reversible(key="po", verify=find, timeout="1s")
async def book(po: str) -> Booking:
    enter(po=po, number=f"N-{po}", amount=0)
    return Booking(f"N-{po}", po)

@read
def slow(po: str) -> str:
    time.sleep(0.05)
    return po

@read
async def odd(po: str) -> float:
    return float("nan")

@read
async def broken_mail(po: str) -> str:
    return "half a pair: \\ud83d"
"""
TOOLS = "book: allow\nslow: allow\nodd: allow\nbroken_mail: allow"


async def with_person(world: World) -> dict[str, object]:
    """Runs one order to a person, and another through; returns the first case."""
    await world.submit({"po": "bad"})
    await world.settle(timeout_s=30)
    await world.submit({"po": "good"})
    await world.settle()
    first, second = await world.cases()
    assert second["outcome"] == "completed"
    assert [entry["po"] for entry in world.books()] == ["good"]
    assert first["state"] == "with_person"
    return first


async def test_synchronous_agents_and_tools_never_wait_for_each_others_threads(world: World) -> None:
    """P3: more synchronous agents at once than any thread pool holds, each calling synchronous tools, all end."""
    agent = """
def agent(case: Case[dict], ctx: Context) -> str:
    return slow(case.input["po"])
"""
    await world.deploy(BOOK + agent, tools=TOOLS)
    world.app.settings = world.app.settings.model_copy(update={"concurrency": 40})
    await asyncio.gather(*(world.submit({"po": str(number)}) for number in range(40)))
    await world.settle()
    assert [case["outcome"] for case in await world.cases()] == ["completed"] * 40


async def test_an_agent_that_raises_what_nobody_catches_goes_to_a_person(world: World) -> None:
    """P4: a BaseException of the agent's own ends its case as a bug, with a person."""
    agent = """
class Stop(BaseException):
    pass

async def agent(case: Case[dict], ctx: Context) -> Booking:
    if case.input["po"] == "bad":
        raise Stop("enough")
    return await book(case.input["po"])
"""
    await world.deploy(BOOK + agent, tools=TOOLS)
    assert (await with_person(world))["error_class"] == "bug"


async def test_an_agent_that_exits_does_not_end_its_worker(world: World) -> None:
    """P4: ``exit()`` in an agent ends its case as a bug; the worker serves on."""
    agent = """
async def agent(case: Case[dict], ctx: Context) -> Booking:
    if case.input["po"] == "bad":
        sys.exit(3)
    return await book(case.input["po"])
"""
    await world.deploy(BOOK + agent, tools=TOOLS)
    assert (await with_person(world))["error_class"] == "bug"


async def test_a_result_that_is_no_json_is_a_failure_of_its_call(world: World) -> None:
    """P4: a read that returns NaN fails as invalid_output instead of failing the commit."""
    agent = """
async def agent(case: Case[dict], ctx: Context) -> Booking:
    if case.input["po"] == "bad":
        await odd(case.input["po"])
    return await book(case.input["po"])
"""
    await world.deploy(BOOK + agent, tools=TOOLS)
    assert (await with_person(world))["error_class"] == "invalid_output"


async def test_half_a_surrogate_pair_is_kept_as_it_came(world: World) -> None:
    """P8: text that is not Unicode, as broken mail brings it, is recorded and replayed unchanged."""
    agent = """
async def agent(case: Case[dict], ctx: Context) -> bool:
    text = await broken_mail(case.input["po"])
    await ctx.ask("desk", "Go on?", bool)
    return text == "half a pair: " + chr(0xD83D)
"""
    await world.deploy(BOOK + agent, tools=TOOLS)
    await world.submit({"po": "1"})
    await world.settle()
    await world.decide("answer", answer=True)
    await world.settle()
    assert [case["outcome"] for case in await world.cases()] == ["completed"]


async def test_a_commit_that_can_never_be_made_goes_to_a_person(world: World) -> None:
    """P3: a case whose commit fails every time (the database refuses its row) is with a person after three attempts."""
    agent = """
async def agent(case: Case[dict], ctx: Context) -> Booking:
    if case.input["po"] == "bad":
        await slow_enough("x")
    return await book(case.input["po"])

@read
async def slow_enough(po: str) -> str:
    return po
"""
    await world.deploy(BOOK + agent, tools=TOOLS + "\nslow_enough: allow")
    async with world.app.database.transaction() as conn:
        await conn.execute("alter table steps add constraint refused check (name <> 'slow_enough')")
    assert (await with_person(world))["error_class"] == "bug"
    (review,) = await world.reviews()
    assert "3 times in a row" in str(review.shown["reason"])


async def test_a_task_left_behind_makes_no_call(world: World) -> None:
    """P3: a task that an agent leaves behind cannot call a tool once the agent has ended."""
    agent = """
LEFT = []

async def agent(case: Case[dict], ctx: Context) -> str:
    async def late():
        for _ in range(100):
            await asyncio.sleep(0.01)
            try:
                await book(case.input["po"])
            except BaseException:
                pass
        (HERE / "late").touch()
    LEFT.append(asyncio.create_task(late()))
    return "done"
"""
    await world.deploy(BOOK + agent, tools=TOOLS)
    await world.submit({"po": "1"})

    async def over() -> bool:
        return (world.place / "late").exists()

    async with world.working():
        await world.until(over)
    assert [case["outcome"] for case in await world.cases()] == ["completed"]
    assert world.books() == []
    assert await world.rows("select 1 from effects") == []


async def test_an_agent_that_never_ends_is_stopped_at_its_deadline(world: World) -> None:
    """P3: at its deadline a case leaves an agent that calls nothing and never ends, and the worker is free of it."""
    agent = """
async def agent(case: Case[dict], ctx: Context) -> str:
    (HERE / "started").touch()
    while True:
        await asyncio.sleep(0.01)
"""
    await world.deploy(BOOK + agent, tools=TOOLS)
    await world.submit({"po": "1"})

    async def started() -> bool:
        return (world.place / "started").exists()

    async with world.working():
        await world.until(started)
        await world.pass_time(timedelta(hours=1))
        await world.until(world.reviews)
    # The worker has come to its end: nothing held it up.
    assert [review.kind for review in await world.reviews()] == ["deadline"]


async def test_a_worker_that_stops_puts_aside_what_does_not_end(world: World) -> None:
    """P3: a worker told to stop ends though an agent does not, and the case is at once there for another worker."""
    world.app.settings = world.app.settings.model_copy(update={"drain_s": 0.2})
    agent = """
async def agent(case: Case[dict], ctx: Context) -> str:
    first = not (HERE / "started").exists()
    (HERE / "started").touch()
    while first:
        await asyncio.sleep(0.01)
    return "done"
"""
    await world.deploy(BOOK + agent, tools=TOOLS)
    await world.submit({"po": "1"})

    async def started() -> bool:
        return (world.place / "started").exists()

    async with world.working():
        await world.until(started)
    assert [(case["state"], case["lost_segments"]) for case in await world.cases()] == [("due", 0)]
    await world.settle()
    assert [case["outcome"] for case in await world.cases()] == ["completed"]


async def test_a_sync_agent_that_swallows_everything_makes_no_call_after_a_suspension(world: World) -> None:
    """P3: a thread that catches every exception cannot act once its case waits, and keeps no worker from ending."""
    agent = """
def agent(case: Case[dict], ctx: Context) -> str:
    asked = asyncio.run_coroutine_threadsafe(ctx.ask("desk", "May I?", bool), LOOP.get())
    try:
        asked.result()
    except BaseException:
        pass
    for _ in range(3):
        try:
            book_now(case.input["po"])
        except BaseException:
            pass
    return "made up"

from bridgehead.cases.tools import LOOP

@irreversible(key="po")
def book_now(po: str) -> str:
    enter(po=po, number="now", amount=0)
    return po
"""
    await world.deploy(BOOK + agent, tools=TOOLS + "\nbook_now: allow")
    await world.submit({"po": "1"})
    await world.settle()
    assert world.books() == []
    assert [case["state"] for case in await world.cases()] == ["waiting"]


async def test_one_unreadable_case_does_not_end_the_sweep(world: World) -> None:
    """P3: a case whose key no longer opens goes to a person at its deadline like every other."""
    agent = """
async def agent(case: Case[dict], ctx: Context) -> str:
    return await ctx.ask("desk", "May I?", str)
"""
    await world.deploy(BOOK + agent, tools=TOOLS)
    for po in ("1", "2"):
        await world.submit({"po": po})
    await world.settle()
    world.tampered = True
    await world.rows("update data_keys set wrapped = null where id = (select min(key_id) from cases) returning id")
    await world.rows("update cases set state = 'due', deadline_at = bridgehead_now() - interval '1s' returning id")
    async with world.working():

        async def both() -> bool:
            return [case["state"] for case in await world.cases()] == ["with_person"] * 2

        await world.until(both)
    kinds = [review.kind for review in await world.reviews()]
    assert kinds == ["deadline", "deadline"]
