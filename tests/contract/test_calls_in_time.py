"""A call has the time that its case has left, and a read that takes long is asked a second time."""

from __future__ import annotations

import pytest

from bridgehead.clock import boot_s
from tests.support.world import World

HANGING = """
@read(timeout="20s")
async def stock(po: str) -> int:
    try:
        await asyncio.sleep(60)
    except asyncio.CancelledError:
        enter(po=po, number="cut off", amount=0)
        raise
    return 1

@reversible(key="po", verify=find)
async def book(po: str) -> Booking:
    enter(po=po, number="N", amount=0)
    return Booking("N", po, 0)

async def agent(case: Case[dict], ctx: Context) -> Booking:
    try:
        await stock(case.input["po"])
    except Failed as error:
        if error.error_class != "deadline":
            raise
    return await book(case.input["po"])
"""

SLOW = """
CALLS = []

async def answer(po: str) -> int:
    CALLS.append(po)
    if po == "slow" and CALLS.count("slow") == 1:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            enter(po=po, number="cancelled", amount=0)
            raise
    await asyncio.sleep(0.06)
    return CALLS.count(po)

@read(timeout="20s"{more})
async def stock(po: str) -> int:
    return await answer(po)

async def agent(case: Case[dict], ctx: Context) -> int:
    return await stock(case.input["po"])
"""


async def test_a_call_ends_with_the_time_of_its_case(world: World) -> None:
    """P3: a call that hangs is cut off before the deadline; nothing is sent after it, and a person has the case."""
    await world.deploy(HANGING, tools="stock: allow\nbook: allow", deadline="2s")
    await world.submit({"po": "1"})
    start_s = boot_s()
    await world.settle(timeout_s=15)
    assert boot_s() - start_s < 10
    (case,) = await world.cases()
    assert (case["state"], case["error_class"]) == ("with_person", "deadline")
    assert [entry["number"] for entry in world.books()] == ["cut off"]
    assert not await world.rows("select 1 from effects where state not in ('denied', 'cancelled')")


@pytest.mark.parametrize("more, calls", [("", 2), (", hedge=False", 1)])
async def test_a_read_that_takes_long_is_asked_a_second_time(world: World, more: str, calls: int) -> None:
    """P4: the second answer is the result and the first call is cancelled; a tool that opts out is asked once."""
    await world.deploy(SLOW.replace("{more}", more), tools="stock: allow", deadline="8s")
    for number in range(40):
        await world.submit({"po": str(number)})
    await world.settle(timeout_s=40)
    assert {row["state"] for row in await world.cases()} == {"done"}
    await world.submit({"po": "slow"})
    await world.settle(timeout_s=40)
    case = (await world.cases())[-1]
    assert world.loaded is not None
    asked = world.loaded.tools["stock"].function.__globals__["CALLS"].count("slow")
    assert asked == calls
    assert case["state"] == ("done" if calls == 2 else "with_person")
    assert [entry["number"] for entry in world.books()] == ["cancelled"]
