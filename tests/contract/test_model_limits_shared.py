"""The limits of a model are one for all workers: counted at the model, with turns of real cases."""

from __future__ import annotations

import pytest

from bridgehead.clock import boot_s
from tests.support.model_load import INPUT, OUTPUT, Model, asking
from tests.support.world import World


async def steady(world: World, model: Model, workers: int, count: int) -> tuple[float, float]:
    """Waits until each worker has asked, and for so many turns more; returns from when to when these came."""

    async def all_ask() -> bool:
        return len(model.by) == workers

    await world.until(all_ask, timeout_s=60, what="a turn of each worker")
    start, start_s = len(model.came_s), boot_s()

    async def enough() -> bool:
        return len(model.came_s) >= start + count

    await world.until(enough, timeout_s=60, what=f"{count} turns")
    return start_s, boot_s()


@pytest.mark.parametrize("workers", [2, 4])
async def test_workers_keep_one_rate_of_requests(world: World, workers: int) -> None:
    """P3: several workers together ask a model no more often than its limit allows in any second, and use it."""
    async with asking(world, "{requests: 10/s}", count=workers, cases=8 * workers, turns=60) as model:
        start_s, end_s = await steady(world, model, workers, 30)
    # Counted where they arrive: what a busy machine delays comes together. Without a common limit it is 20 at least.
    assert model.busiest(1.0) <= 14
    assert model.between(start_s, end_s) >= 0.9 * 9 * (end_s - start_s), "one in ten is for bursts"


@pytest.mark.parametrize("workers", [4])
async def test_workers_keep_one_rate_of_tokens(world: World, workers: int) -> None:
    """P3: tokens are counted over all workers by what turns used, whatever they were thought to use."""
    turns_a_second = 10
    quota = turns_a_second * (INPUT + OUTPUT)
    async with asking(world, f"{{tokens: {quota}/s}}", count=workers, cases=8 * workers, turns=60) as model:
        start_s, end_s = await steady(world, model, workers, 30)
    share = model.between(start_s, end_s) / (end_s - start_s) / turns_a_second
    assert 0.75 <= share <= 1.05, share
