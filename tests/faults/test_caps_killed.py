"""A cap holds while workers are killed between what they reserve of it and what they send."""

from __future__ import annotations

import signal
from typing import Final

import pytest

from tests.support.world import World, end_all

PAYING: Final = """
@irreversible(key="po", idempotent=True, timeout="1s", moves="total")
async def pay(po: str, total: str = "10 EUR") -> str:
    enter(po=po, key=effect_key())
    return "paid"

async def agent(case, ctx):
    try:
        return await pay(case.input["po"])
    except Refused as error:
        return error.code
"""
MOST: Final = 4
ARMED: Final = {"BRIDGEHEAD_CRASH_TESTS": "these processes may be killed"}


def paid(world: World) -> set[object]:
    """Returns which payments the outside world saw, each once under its key."""
    return {entry["key"] for entry in world.books()}


@pytest.mark.slow
@pytest.mark.parametrize(
    "point, cap", [("effects.intent.after", f"{MOST * 10} EUR per 1d"), ("effects.send.before", f"{MOST} calls per 1d")]
)
async def test_kills_between_reserving_and_sending_never_exceed_a_cap(world: World, point: str, cap: str) -> None:
    """P6: two workers die by SIGKILL with reserved calls unsent; what they reserved counts until it is known."""
    await world.deploy(PAYING, tools=f'pay: {{allow: true, caps: ["{cap}"]}}')
    for number in range(12):
        await world.submit({"po": str(number)})
    pair = [world.start_worker(BRIDGEHEAD_CRASH_POINT=f"{point}:{visit}", **ARMED) for visit in (1, 2)]
    try:

        async def over() -> bool:
            return all(one.process.poll() is not None for one in pair) or await world.at_rest()

        await world.until(over, what="the end of both workers, or of all work", timeout_s=60)
        assert -signal.SIGKILL in [one.process.poll() for one in pair]
    finally:
        end_all(pair)
    # What was begun counts as spent though it was not sent: a successor has only the rest.
    begun = await world.rows("select count(*) as n from effects where state in ('intended', 'unknown', 'committed')")
    (held,) = await world.rows(
        "select (select coalesce(sum(drawn), 0) from allowances)"
        " + (select coalesce(sum(used), 0) from allowance_spent) as n"
    )
    scale = 10 if "EUR" in cap else 1
    assert int(str(begun[0]["n"])) >= 1
    assert int(str(begun[0]["n"])) * scale <= float(str(held["n"])) <= MOST * scale
    pair = [world.start_worker() for _ in range(2)]
    try:
        await world.until(world.at_rest, what="rest", timeout_s=90)
    finally:
        end_all(pair)
    assert len(paid(world)) <= MOST
