"""Policies read what a tool has done in the last day and minute, over all cases and workers."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

import pytest

from bridgehead.app import load_deployment
from bridgehead.spec.tool import JSON
from tests.support.world import World, end_all

AGENT: Final = """
from typing import Annotated
from pydantic import Field

Amount = Annotated[str, Field(json_schema_extra={"format": "money"})]

@irreversible(key="po", idempotent=True, moves="total", reaches="to", touches="ids")
async def send(po: str, to: list[str], ids: list[int], total: Amount = "1 EUR") -> str:
    if po == "down":
        raise Failed("no", error_class="invalid_input", applied=False)
    enter(po=po, number=po, amount=0)
    return "sent"

async def agent(case, ctx):
    try:
        return await send(case.input["po"], case.input.get("to", ["a"]), [1], case.input.get("total", "1 EUR"))
    except (Refused, Failed) as error:
        return error.code
"""
POLICY: Final = """
@id("velocity") @reason("Too fast.") @remedy("Wait.")
forbid (principal, action == Action::"send", resource) when { %s };
"""


async def deployed(world: World, condition: str, *, code: str = AGENT) -> None:
    """Deploys the agent under one policy."""
    place = world.write(code, tools="send: allow", deadline="48h")
    (place / "policies").mkdir()
    (place / "policies" / "velocity.cedar").write_text(POLICY % condition)
    world.loaded = load_deployment(place)
    await world.app.register(world.loaded)
    await world.app.levels.set_level("orders", "autonomous", by="tester", why="a test")


MINUTE, DAY = timedelta(minutes=2), timedelta(hours=25)


@pytest.mark.parametrize(
    "condition, later, more",
    [
        ("context.history.calls_minute >= 2", MINUTE, {}),
        ("context.history.calls_day >= 2", DAY, {}),
        ("context.history.recipients_day >= 4", DAY, {"to": ["a", "b"]}),
        ("context.history.records_minute > 1", MINUTE, {}),
        ('context.history.money_day.greaterThan(decimal("7.50"))', DAY, {"total": "4 EUR"}),
    ],
)
async def test_a_window_is_counted_over_all_cases(
    world: World, condition: str, later: timedelta, more: dict[str, JSON]
) -> None:
    """Of three cases within a window the third is refused; once the window has passed another one is not."""
    await deployed(world, condition)
    for po in ("1", "2", "3"):
        await world.submit({"po": po, **more})
        await world.settle()
    assert [entry["po"] for entry in world.books()] == ["1", "2"]
    await world.pass_time(later)
    await world.submit({"po": "4", **more})
    await world.settle()
    assert [entry["po"] for entry in world.books()] == ["1", "2", "4"]


async def test_a_day_outlasts_a_minute(world: World) -> None:
    """What was done an hour ago counts for the day, and not for the minute."""
    await deployed(world, "context.history.calls_day >= 2 || context.history.calls_minute >= 1")
    for po in ("1", "2", "3"):
        await world.submit({"po": po})
        await world.settle()
        await world.pass_time(timedelta(hours=1))
    assert [entry["po"] for entry in world.books()] == ["1", "2"]


async def test_what_was_not_made_does_not_count(world: World) -> None:
    """A call that surely did not happen, and one that was refused, take nothing of the window."""
    await deployed(world, "context.history.calls_day >= 1")
    for po in ("down", "1", "2", "3"):
        await world.submit({"po": po})
        await world.settle()
    assert [entry["po"] for entry in world.books()] == ["1"]
    rows = await world.rows("select counter, sum(drawn) as n from allowances group by counter")
    assert rows in ([], [{"counter": "seen:calls/86400", "n": 1}])


async def test_money_that_cannot_be_counted_is_no_way_around(world: World) -> None:
    """A sum in words counts as any sum would: the policy over money refuses it, and what is in figures goes on."""
    code = AGENT.replace("total: Amount", "total: str")
    await deployed(world, 'context.history.money_day.greaterThan(decimal("7.50"))', code=code)
    for po, total in (("1", "a million"), ("2", ""), ("3", "4 EUR")):
        await world.submit({"po": po, "total": total})
        await world.settle()
    assert [entry["po"] for entry in world.books()] == ["3"]


@pytest.mark.slow
async def test_two_workers_at_once_do_not_outrun_the_count(world: World) -> None:
    """However many cases two processes work on at once, no more calls are made than the policy lets through."""
    await deployed(world, "context.history.calls_day >= 5")
    for po in range(30):
        await world.submit({"po": str(po)})
    workers = [world.start_worker(), world.start_worker()]
    try:
        await world.until(world.at_rest, timeout_s=60.0)
    finally:
        end_all(workers)
    assert 1 <= len(world.books()) <= 5
