"""A process with another master key than the database's: it is told so before it writes anything."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bridgehead.app import App
from bridgehead.ledger.vault import Unreadable
from bridgehead.settings import Settings
from tests.support.world import World

CODE = """
async def agent(case: Case[dict], ctx: Context) -> str:
    return "done"
"""


@pytest.fixture
async def stranger(settings: Settings) -> AsyncIterator[App]:
    """Gives an app over the same database with another key."""
    async with App.opened(settings.model_copy(update={"home": settings.home / "elsewhere"})) as opened:
        yield opened


async def test_another_key_takes_no_arrival(world: World, stranger: App) -> None:
    """P2: an arrival under another key is refused, because a resend would not be known as one."""
    await world.deploy(CODE, tools="{}")
    await world.submit({"po": "1"})
    with pytest.raises(Unreadable) as refused:
        await stranger.arrivals.store(
            "orders", source="file", source_id="x", document=b"{}", name="order", actor="test"
        )
    assert refused.value.code == "ledger.wrong_key"
    assert len(await world.rows("select id from arrivals")) == 1
    assert len(await world.rows("select id from data_keys")) == 1


async def test_another_key_serves_nothing(world: World, stranger: App) -> None:
    """P2: a worker with another key does not start, and leaves no trace of itself."""
    loaded = await world.deploy(CODE, tools="{}")
    await world.submit({"po": "1"})
    with pytest.raises(Unreadable):
        await stranger.serve(loaded)
    assert await world.rows("select id from workers") == []


async def test_one_damaged_key_stops_nobody(world: World) -> None:
    """P3: a damaged data key among good ones hurts what it sealed, and nothing else."""
    await world.deploy(CODE, tools="{}")
    await world.submit({"po": "1"})
    await world.submit({"po": "2"})
    async with world.app.database.connection() as conn:
        await conn.execute("update data_keys set wrapped = decode(repeat('00', 61), 'hex') where id = 2")
    await world.submit({"po": "3"})
    assert len(await world.rows("select id from arrivals")) == 3


async def test_an_erased_key_stops_nobody(world: World) -> None:
    """P3: where every data key was erased, a new arrival is taken as in an empty database."""
    world.tampered = True
    await world.deploy(CODE, tools="{}")
    await world.submit({"po": "1"})
    async with world.app.database.connection() as conn:
        await conn.execute("update data_keys set wrapped = null, erased_at = clock_timestamp()")
    await world.submit({"po": "2"})
    assert len(await world.rows("select id from arrivals")) == 2
