"""The sweep and the schema: nothing that one case, one worker or one process does holds up the others."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from bridgehead.app import App
from bridgehead.errors import UserError
from bridgehead.settings import Settings
from bridgehead.storage.database import Database
from bridgehead.storage.migrate import migrate, version
from bridgehead.storage.workers import Lease
from tests.support.world import World

AGENT = """
@reversible(key="po", verify=find)
async def book(po: str) -> Booking:
    return Booking("N", po)

async def agent(case: Case[dict], ctx: Context) -> bool:
    if case.input.get("ask"):
        return await ctx.ask("desk", "May I?", bool)
    return True
"""


async def test_a_case_locked_by_a_frozen_worker_holds_up_no_other(world: World) -> None:
    """P3: a case whose row a frozen worker keeps locked is passed over; the dead worker's other cases move on."""
    await world.deploy(AGENT, tools="book: allow")
    for po in ("1", "2"):
        await world.submit({"po": po, "ask": True})
    await world.settle()
    lease = Lease(world.app.database.url, name="frozen", pid=1, lease_s=30)
    await world.rows("update cases set state = 'running', worker_id = %s returning id", lease.worker_id)
    lease.close()
    assert world.loaded is not None
    served = await world.app.serve(world.loaded)
    async with world.app.database.transaction() as conn:
        await conn.execute("update cases set epoch = epoch where id = 1")
        swept = await asyncio.wait_for(world.app.workers.sweep([served.serving], hint_after_s=60), 5)
    assert swept.orphans == 1
    assert [case["state"] for case in await world.cases()] == ["running", "due"]
    assert (await world.app.workers.sweep([served.serving], hint_after_s=60)).orphans == 1


async def test_a_case_is_taken_a_grace_before_its_deadline_and_not_sooner(world: World) -> None:
    """P3: a look at the deadlines says when the next case is out of time, and takes it from then on."""
    await world.deploy(AGENT, tools="book: allow", deadline="1h, degrade: {person: 10m}")
    await world.submit({"po": "1"})
    async with world.working():
        await world.until(world.at_rest)
    await world.rows("update cases set state = 'running', deadline_at = bridgehead_now() + interval '1h' returning id")
    assert world.loaded is not None
    serving = [(await world.app.serve(world.loaded)).serving]
    left_s = await world.app.workers.overdue(serving)
    assert left_s is not None
    assert 3_200 < left_s <= 3_300  # half of what `person` keeps back is the grace
    assert [case["state"] for case in await world.cases()] == ["running"]
    await world.pass_time(timedelta(minutes=56))
    assert await world.app.workers.overdue(serving) is None
    (case,) = await world.cases()
    assert (case["state"], case["error_class"]) == ("with_person", "deadline")


async def test_an_open_transaction_of_a_frozen_worker_ends_by_itself(app: App) -> None:
    """P3: the server ends a transaction that stands idle for 10 s, and with it the locks of whoever froze in it."""
    async with app.database.connection() as conn:
        row = await (await conn.execute("show idle_in_transaction_session_timeout")).fetchone()
    assert row == {"idle_in_transaction_session_timeout": "10s"}


async def test_many_processes_may_migrate_at_once(settings: Settings) -> None:
    """P3: of processes that start over an empty database together one makes the schema and the others find it."""
    assert settings.database_url is not None
    databases = [Database(settings.database_url.get_secret_value(), size=2) for _ in range(5)]
    try:
        await asyncio.gather(*(database.open() for database in databases))
        schema = App(settings, databases[0], None).dispatch.schema  # type: ignore[arg-type]  # no vault is used here
        applied = await asyncio.gather(*(migrate(database, queue_schema=schema) for database in databases))
        assert sorted(map(len, applied))[:4] == [0, 0, 0, 0]
        assert max(map(len, applied)) >= 1
        assert await version(databases[4]) is not None
    finally:
        for database in databases:
            await database.close()


async def test_a_schema_newer_than_the_code_is_refused(app: App) -> None:
    """P3: over a database that a newer version wrote nothing is touched, and the message says what to do."""
    async with app.database.connection() as conn:
        await conn.execute("insert into bridgehead_migrations (number, half) values (9000, 'pre')")
    with pytest.raises(UserError, match="the database has schema 9000") as refused:
        await migrate(app.database, queue_schema="select this is no sql")
    assert refused.value.code == "db.newer"
    assert "Install the version of Bridgehead that wrote it" in refused.value.hint


async def test_a_file_name_with_a_nul_byte_is_stored(world: World) -> None:
    """P3: an arrival whose name no text of the database can hold is acknowledged all the same."""
    await world.deploy(AGENT, tools="book: allow")
    stored = await world.app.arrivals.store(
        "orders", source="mail", source_id="1", document=b'{"po": "\\u0000"}', name="a\x00b", actor="test"
    )
    await world.settle()
    assert await world.rows("select id, name, state from arrivals") == [
        {"id": stored.id, "name": "a b", "state": "read"}
    ]
    assert [case["outcome"] for case in await world.cases()] == ["completed"]


async def test_a_decision_while_the_segment_is_ending_runs_the_case_again_at_once(world: World) -> None:
    """P3: a hint that comes while its case's segment is just ending is not dropped until a later sweep."""
    await world.deploy(AGENT, tools="book: allow")
    await world.submit({"po": "1", "ask": True})
    loop = asyncio.get_running_loop()

    async def done() -> bool:
        return [case["state"] for case in await world.cases()] == ["done"]

    async with world.working():
        await world.until(world.reviews)
        started = loop.time()
        await world.decide("answer", answer=True)
        await world.until(done)
    # A dropped hint would wait for the sweep, which hints again after 5 s.
    assert loop.time() - started < 5
