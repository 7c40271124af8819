"""An agent's loop ends: by steps, money, time and repetition, each with a person who gets the whole case."""

from __future__ import annotations

import pytest

from tests.support.world import World

TOOLS = "look: allow\nnote: allow"
PARTS = """
@read
async def look(number: int) -> int:
    return number

@reversible(key="po", verify=find)
async def note(po: str) -> Booking:
    enter(po=po, number=f"N-{po}", amount=0)
    return Booking(f"N-{po}", po)

async def forever(call):
    while True:
        try:
            await call()
        except Refused:
            pass
"""


async def one(world: World, body: str, limits: str) -> dict[str, object]:
    """Runs one case of an agent with this body under these limits, and returns its row once it rests."""
    await world.deploy(
        f"{PARTS}\nasync def agent(case: Case[dict], ctx: Context) -> int:\n{body}\n",
        tools=TOOLS,
        more=f"limits: {{{limits}}}",
    )
    await world.submit({"po": "1"})
    await world.settle(timeout_s=30)
    (case,) = await world.cases()
    return case


@pytest.mark.parametrize(
    "body, limits",
    [
        ("    await forever(lambda: look(1))", "repeats: 2"),
        ("    await forever(lambda: note('1'))", "repeats: 2"),
        ("    for n in range(10**9):\n        await look(n)", "steps: 5"),
        (("    async def circle():\n        await look(1)\n        await look(2)\n        await note('1')\n"
         "    await forever(circle)"), "repeats: 3"),
        (("    n = 0\n    async def on():\n        nonlocal n\n        n += 1\n        await look(n)\n"
         "    await forever(on)"), "steps: 4"),
    ],
)  # fmt: skip
async def test_an_endless_loop_is_stopped(world: World, body: str, limits: str) -> None:
    """P6: an agent that never ends, and heeds no refusal, is stopped as budget_exhausted with what it had done."""
    case = await one(world, body, limits)
    assert (case["state"], case["error_class"]) == ("with_person", "budget_exhausted")
    (review,) = await world.reviews()
    assert review.role == "desk"
    assert review.shown["input"] == {"po": "1"}
    (count,) = await world.rows("select count(*) as n from steps")
    assert int(str(count["n"])) < 40
    assert len(world.books()) <= 1


async def test_the_time_an_agent_works_on_a_case_is_bounded(world: World) -> None:
    """P6: an agent that calls nothing and never ends is stopped when it has used its working time."""
    case = await one(world, "    await note('1')\n    await asyncio.sleep(3600)\n    return 1", "time: 0.3s")
    assert (case["state"], case["error_class"]) == ("with_person", "budget_exhausted")
    (review,) = await world.reviews()
    assert "limits.time" in str(review.shown["reason"])
    assert [effect["state"] for effect in review.shown["effects"]] == ["committed"]  # type: ignore[union-attr, index, call-overload]  # JSON


async def test_waiting_for_a_person_is_no_working_time(world: World) -> None:
    """P6: what counts is the time of its segments, added up; how long a person takes to answer does not."""
    from datetime import timedelta

    body = "    if await ctx.ask('desk', 'Go on?', bool):\n        return 1\n    return 2"
    case = await one(world, body, "time: 20s")
    assert case["state"] == "waiting"
    first = float(str(case["worked_s"]))
    assert 0 < first < 10
    await world.pass_time(timedelta(hours=1))
    await world.decide("answer", answer=True)
    await world.settle()
    (case,) = await world.cases()
    assert case["outcome"] == "completed"


async def test_working_time_adds_up_over_segments(world: World) -> None:
    """P6: a case whose earlier segments used its working time gets no more of it in the next one."""
    body = "    await ctx.ask('desk', 'Go on?', bool)\n    await asyncio.sleep(3600)\n    return 1"
    case = await one(world, body, "time: 20s")
    await world.rows("update cases set worked_s = 19.9 returning id")
    await world.decide("answer", answer=True)
    await world.settle()
    (case,) = await world.cases()
    assert (case["state"], case["error_class"]) == ("with_person", "budget_exhausted")
