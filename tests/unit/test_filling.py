"""What bench/filling.py stores."""

from __future__ import annotations

import pytest

from bench.filling import Filler, Kind
from bridgehead.app import App
from bridgehead.ids import CaseId
from bridgehead.storage.queries_system import verify_whole
from bridgehead.storage.workers import Lease
from tests.support.world import World

KINDS: tuple[Kind, ...] = ("done", "waiting_person", "done", "waiting_time", "with_person", "due")


@pytest.fixture
async def filled(app: App, world: World) -> World:
    loaded = await world.deploy("async def agent(case: Case[dict], ctx: Context) -> None: ...", tools="{}")
    assert Filler(app.vault, loaded.release.digest).fill(app.database.url, iter(KINDS)) == len(KINDS)
    return world


async def test_filled_cases_are_what_their_ledger_says(filled: World) -> None:
    """Rows that a bench copies into a store agree with the ledger that is copied with them."""
    found = await verify_whole(filled.app.database, None, vault=filled.app.vault)
    assert found.whole, (found.breaks, found.differences)


async def test_a_filled_case_is_claimed_and_resumed(filled: World) -> None:
    """A due case that a bench copied into a store is claimed, and loaded with all of its ten steps."""
    app, loaded = filled.app, filled.loaded
    assert loaded is not None
    lease = Lease(app.database.url, name="test", pid=1, lease_s=60)
    try:
        claim = await app.workers.claim(lease.worker_id, CaseId(KINDS.index("due") + 1), [loaded.release.digest])
        assert claim is not None
        assert [step.seq for step in (await app.cases.load(claim)).steps] == list(range(1, 11))
    finally:
        lease.close()
