"""The same arrival at the same moment: it is stored once, whoever brings it."""

from __future__ import annotations

import asyncio

from psycopg import DataError

from bridgehead.app import App
from bridgehead.storage.storing import Stored
from tests.support.world import World


async def test_copies_that_race_into_two_processes_are_one_arrival(world: World) -> None:
    """P3: of copies stored at the same moment by two processes one is new, the others learn its number."""
    async with App.opened(world.app.settings) as other:

        async def store(number: int) -> Stored:
            return await (world.app, other)[number % 2].arrivals.store(
                "orders", source="file", source_id=str(number // 4), document=b"{}", name="order", actor="test"
            )

        stored = await asyncio.gather(*(store(number) for number in range(24)))
    assert len({one.id for one in stored}) == 6
    assert sum(not one.again for one in stored) == 6
    assert len(await world.rows("select 1 from procrastinate_jobs where queue_name = 'arrival'")) == 6
    assert len(await world.rows("select 1 from data_keys")) == 6


async def test_a_resend_leaves_no_gap_in_the_numbers(world: World) -> None:
    """What people see: arrivals are numbered without gaps, however often one of them is sent again."""
    numbers = [
        (
            await world.app.arrivals.store(
                "orders", source="file", source_id=name, document=b"{}", name="order", actor="test"
            )
        ).id
        for name in ("a", "a", "a", "b", "a", "c")
    ]
    assert numbers == [1, 1, 1, 2, 1, 3]


async def test_one_that_cannot_be_stored_hurts_none_that_came_with_it(world: World) -> None:
    """P3: of arrivals of the same moment all are stored but the one that the database refuses, which is told so."""

    async def store(number: int, source: str) -> Stored:
        return await world.app.arrivals.store(
            "orders", source=source, source_id=str(number), document=b"{}", name="order", actor="test"
        )

    sources = ["file", "file", "a NUL \x00 byte", "file", "file"]
    stored = await asyncio.gather(
        *(store(number, source) for number, source in enumerate(sources)), return_exceptions=True
    )
    assert [isinstance(one, Stored) for one in stored] == [True, True, False, True, True]
    assert isinstance(stored[2], DataError | ValueError)
    assert len(await world.rows("select 1 from arrivals")) == 4
