"""The database goes away under running workers, or is started by many processes at once."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from bridgehead.app import App
from bridgehead.errors import Unavailable
from bridgehead.settings import Settings
from bridgehead.storage import embedded
from bridgehead.storage.workers import Lease
from tests.faults.test_real_kills import ORDER, SLOW, TOOLS, finished, reach
from tests.support.world import WorkerProcess, World, end_all

STARTS = """
import sys
from pathlib import Path
from bridgehead.storage import embedded
from bridgehead.storage.workers import Lease
print(embedded.start(Path(sys.argv[1])))
"""


@pytest.fixture
def home() -> Iterator[Path]:
    """Gives a folder for a server of this test's own, which it may kill."""
    folder = Path(tempfile.mkdtemp(prefix="bh-"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        embedded.stop(folder)
        shutil.rmtree(folder, ignore_errors=True)


def start_in_another_process(home: Path) -> subprocess.Popen[str]:
    """Starts the embedded server of a home from a process of its own."""
    return subprocess.Popen([sys.executable, "-c", STARTS, str(home)], stdout=subprocess.PIPE, text=True)


async def crash(home: Path) -> None:
    """Kills the server as a crash does: an immediate shutdown, without a word to its clients."""
    pid = embedded.status(home).pid
    assert pid is not None
    os.kill(pid, signal.SIGQUIT)
    while embedded.status(home).pid is not None:  # noqa: ASYNC110  # another process: there is nothing to wait on
        await asyncio.sleep(0.02)


async def acknowledged(world: World, po: str, *, name: str) -> None:
    """Sends an order until it is taken in, as a sender does who is told that the database does not answer."""
    async with asyncio.timeout(60):
        while True:
            with suppress(Unavailable):
                await world.submit({**ORDER, "po": po}, name=name)
                return


async def test_workers_survive_a_restart_of_the_database(home: Path, tmp_path: Path) -> None:
    """P3: workers whose database crashed and came back go on: nothing is lost, booked twice or left behind."""
    chosen = Settings.model_validate(
        {"home": home, "database_url": embedded.start(home), "lease_s": 3.0, "send_s": 1.0, "sweep_s": 0.1}
    )
    workers: list[WorkerProcess] = []
    async with App.opened(chosen) as app:
        world = World(app, tmp_path)
        await world.deploy(SLOW, tools=TOOLS)
        try:
            workers.extend(world.start_worker() for _ in range(2))
            (world.place / "stop-reply").touch()
            await world.submit(ORDER)
            await reach(world, "reply")
            await crash(home)
            with pytest.raises(Unavailable):
                await world.submit({**ORDER, "po": "not acknowledged"}, name="same")
            starting = start_in_another_process(home)
            await asyncio.to_thread(starting.communicate)
            (world.place / "stop-reply").unlink()
            for number in range(2, 5):
                await acknowledged(world, str(number), name=str(number))
            await acknowledged(world, "not acknowledged", name="same")

            async def all_done() -> bool:
                return await finished(world) and len(await world.cases()) == 5

            await world.until(all_done, timeout_s=60)
            assert [worker.process.poll() for worker in workers] == [None, None]
        finally:
            end_all(workers)
        assert [case["outcome"] for case in await world.cases()] == ["completed"] * 5
        assert sorted(str(entry["po"]) for entry in world.books()) == ["1", "2", "3", "4", "not acknowledged"]


async def test_many_processes_may_start_the_embedded_server_at_once(home: Path) -> None:
    """P3: of processes that start the embedded server at the same moment each gets the one server."""
    processes = [start_in_another_process(home) for _ in range(4)]
    urls = [(await asyncio.to_thread(one.communicate))[0].strip() for one in processes]
    assert [one.returncode for one in processes] == [0] * 4
    assert len(set(urls)) == 1
    assert urls[0]


async def test_a_server_that_another_process_is_making_is_waited_for(home: Path) -> None:
    """P3: files of a server that another process has only begun are no fault of the server."""
    version = home / "pg" / "PG_VERSION"
    version.parent.mkdir(parents=True)
    version.touch()
    starting = asyncio.create_task(asyncio.to_thread(embedded.start, home))
    done, _ = await asyncio.wait([starting], timeout=0.3)
    assert not done
    version.unlink()
    assert await starting == embedded.status(home).url


async def test_a_server_that_ended_is_started_again_by_the_same_process(home: Path) -> None:
    """P3: a process that has had the embedded server starts it again when it is gone."""
    first = embedded.start(home)
    await crash(home)
    assert embedded.start(home) == first
    assert embedded.status(home).pid is not None
    assert embedded.stop(home)
    assert embedded.status(home).pid is None


async def test_a_worker_whose_first_registration_fails_registers_with_a_later_sweep(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P3: a worker that starts in the moment in which the database goes away does not end: it serves soon after."""
    failed = 0

    def lease(url: str, *, name: str, pid: int, lease_s: float) -> Lease:
        nonlocal failed
        if not failed:
            failed += 1
            raise Unavailable("the database is away", code="db.unavailable")
        return Lease(url, name=name, pid=pid, lease_s=lease_s)

    monkeypatch.setattr("bridgehead.app.Lease", lease)
    await world.deploy(SLOW, tools=TOOLS)
    await world.submit(ORDER)
    await world.settle()
    assert failed == 1
    assert [row["outcome"] for row in await world.rows("select outcome from cases")] == ["completed"]


async def test_a_connection_that_is_cut_under_a_hint_is_a_database_that_does_not_answer(world: World) -> None:
    """P3: cut in the very moment in which work is queued, an intake is told what it is told of any lost connection."""

    async def cut_under_a_hint() -> None:
        async with world.app.database.transaction() as conn:
            await world.rows("select pg_terminate_backend(%s, 10000)", conn.info.backend_pid)
            await world.app.dispatch.hint(conn, "arrival", [1], fresh=True)

    with pytest.raises(Unavailable):
        await cut_under_a_hint()
