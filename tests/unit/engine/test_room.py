"""A worker's room: taken at once, soon, or not at all; whoever would wait for long is told so."""

from __future__ import annotations

import asyncio

import pytest

from bridgehead.engine import places
from bridgehead.engine.places import Room


async def test_room_is_taken_once_and_given_back() -> None:
    """P3: no more cases run than there is room for."""
    room = Room(2)
    assert [await room.at_once() for _ in range(3)] == [True, True, False]
    room.free()
    async with room:
        assert not await room.at_once()
    assert await room.soon()


async def test_room_that_is_freed_soon_is_waited_for() -> None:
    """P3: an arrival waits for a room that comes at once, and its case runs without a hint."""
    room = Room(1)
    assert await room.at_once()
    waiting = asyncio.create_task(room.soon())
    await asyncio.sleep(0)
    room.free()
    assert await waiting


async def test_nobody_waits_for_a_room_that_others_wait_for_already(monkeypatch: pytest.MonkeyPatch) -> None:
    """P3: while slow cases fill a worker one arrival waits for room, and those behind it are hinted at without."""
    monkeypatch.setattr(places, "SOON_S", 0.05)
    room = Room(1)
    assert await room.at_once()
    waiting = asyncio.create_task(room.soon())
    await asyncio.sleep(0)
    assert not await room.soon()
    assert not waiting.done(), "it was told at once, while the first still waits"
    assert not await waiting
    room.free()
    assert await room.at_once(), "the one that gave up left nothing taken"


async def test_many_wait_where_room_is_freed_fast() -> None:
    """P3: what many short cases free is waited for by as many arrivals as will get it in time."""
    room = Room(1)
    for _ in range(100):
        assert await room.at_once()
        room.free()
    assert await room.at_once()
    waiting = [asyncio.create_task(room.soon()) for _ in range(5)]
    for _ in waiting:
        await asyncio.sleep(0)
        room.free()
    assert await asyncio.gather(*waiting) == [True] * 5
