"""A fact that is due again and cannot be had: the case waits for it, and is never finished on the old one."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.contract.test_facts_age import CODE, HELD
from tests.support.world import World

AWAY = CODE.replace(
    '    noted("credit")\n',
    '    noted("credit")\n'
    '    if (HERE / "away").exists():\n        raise ConnectionError("away")\n'
    '    if (HERE / "gone").exists():\n        raise Failed("gone", error_class="not_found")\n',
).replace("HERE =", "from bridgehead.errors import Failed\nHERE =")


async def approved_late(world: World, trouble: str) -> None:
    """A case whose fact is due again when its effect is approved, while the system has its trouble."""
    place = world.write(AWAY, tools=HELD)
    await world.deploy(AWAY, tools=HELD, deadline="48h")
    await world.submit({"po": "1", "amount": 50})
    await world.settle()
    (place / trouble).touch()
    await world.pass_time(timedelta(minutes=16))
    await world.decide("approve")


@pytest.mark.parametrize("standing, booked", [("good", 1), ("blocked", 0)])
async def test_an_approved_effect_waits_for_a_system_that_is_away(world: World, standing: str, booked: int) -> None:
    """P5: while the fact cannot be had nothing is sent; once it can, it decides."""
    await approved_late(world, "away")

    async def parked() -> bool:
        return [case["state"] for case in await world.cases()] == ["waiting"]

    async with world.working():
        await world.until(parked)
    assert world.books() == []
    (world.place / "away").unlink()
    (world.place / "credit.txt").write_text(standing)
    await world.pass_time(timedelta(minutes=2))
    await world.settle()
    assert len(world.books()) == booked
    assert [case["outcome"] for case in await world.cases()] == ["completed" if booked else None]
    assert [review.error_class for review in await world.reviews()] == ([] if booked else ["diverged"])


async def test_an_approved_effect_is_not_sent_when_its_fact_is_gone(world: World) -> None:
    """P5: a fact that is not there any more leads to a person, and nothing is sent."""
    await approved_late(world, "gone")
    await world.settle()
    assert world.books() == []
    assert [review.error_class for review in await world.reviews()] == ["not_found"]
