"""What each process of the crash bench does. All are forked from one that has imported everything: a start is cheap."""

from __future__ import annotations

import asyncio
import json
import logging
import mmap
import os
import signal
import struct
import traceback
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.crashing.deployments import order
from bridgehead import points
from bridgehead.app import App, LoadedDeployment
from bridgehead.drill.proxy import FaultProxy, parse_scenario
from bridgehead.engine.worker import Served
from bridgehead.errors import BridgeheadError, Unavailable
from bridgehead.ids import ReviewId
from bridgehead.settings import Settings

ALLOWED, ACKNOWLEDGED = 0, 1
PLACES = 8
ORDER = struct.Struct("63p")
AWAY = 75
"""The exit code of a process that found no database when it started (EX_TEMPFAIL of sysexits.h)."""


@dataclass(frozen=True)
class Shared:
    """What processes share: how many orders may be submitted, how many are acknowledged, and where who has to die."""

    memory: mmap.mmap

    @classmethod
    def made(cls) -> Shared:
        """Returns one with counters at zero and nobody told anything; processes forked after it see the same."""
        return cls(mmap.mmap(-1, 16 + PLACES * ORDER.size))

    def __getitem__(self, index: int) -> int:
        found: int = struct.unpack_from("q", self.memory, 8 * index)[0]
        return found

    def __setitem__(self, index: int, value: int) -> None:
        struct.pack_into("q", self.memory, 8 * index, value)

    def tell(self, place: int, point: str) -> None:
        """Tells the process at a place which point it has to die at, in the form of ``points.arm``; "": at none."""
        ORDER.pack_into(self.memory, 16 + place * ORDER.size, point.encode())

    def listen(self, place: int) -> None:
        """Lets this process arm what it is told: it asks at every point that it comes to, for as long as it lives."""

        def reached(name: str) -> None:
            (told,) = ORDER.unpack_from(self.memory, 16 + place * ORDER.size)
            if told:
                points.arm(told.decode())
                points.reach(name)

        points.reach = reached


def fork(
    work: Callable[[], Coroutine[object, object, None]], log: Path, listen: Callable[[], None] | None = None
) -> int:
    """Starts a process that does ``work`` and ends; returns its id. ``listen`` is called in it first.

    Whoever forks has no event loop and no threads, so that what it holds is whole in the child.
    """
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(out, 1)
        os.dup2(out, 2)
        for sent in (signal.SIGINT, signal.SIGTERM):
            signal.signal(sent, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
        logging.basicConfig(level=logging.WARNING, force=True)
        if listen is not None:
            listen()
        asyncio.run(work())
        code = 0
    except TurnedAway:
        code = AWAY
    except BaseException:  # noqa: BLE001  # the end of a forked process: nothing may run on in its parent's code
        traceback.print_exc()
    finally:
        os._exit(code)


class TurnedAway(Exception):  # what happened, as the supervisor counts it
    """The database was away when a process started."""


@asynccontextmanager
async def started(
    settings: Settings, deployments: Sequence[LoadedDeployment] = ()
) -> AsyncIterator[tuple[App, list[Served]]]:
    """Gives the app and what it serves; raises TurnedAway where the database is away before anything is done."""
    async with AsyncExitStack() as stack:
        try:
            app = await stack.enter_async_context(App.opened(settings))
            served = [await app.serve(loaded) for loaded in deployments]
        except Unavailable as error:
            raise TurnedAway from error
        yield app, served


async def worker(settings: Settings, deployments: Sequence[LoadedDeployment]) -> None:
    """Serves both deployments until SIGTERM."""
    async with started(settings, deployments) as (app, served):
        serving = app.worker(served)
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, serving.stop)
        await serving.run()


async def submitter(settings: Settings, shared: Shared, acknowledged: Path, mix: Mapping[str, int]) -> None:
    """Submits orders as far as it may, in turn; what was not acknowledged before its death is submitted again."""
    file = os.open(acknowledged, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    async with started(settings) as (app, _):
        while True:
            number = shared[ACKNOWLEDGED]
            if number >= shared[ALLOWED]:
                await asyncio.sleep(0.02)  # the one that allows is another process
                continue
            deployment, content = order(number, mix)
            try:
                stored = await app.arrivals.store(
                    deployment,
                    source="file",
                    source_id=content["po"],
                    document=json.dumps(content).encode(),
                    name="order",
                    actor="crash-bench",
                )
            except BridgeheadError:
                await asyncio.sleep(0.1)  # the database is away: sent again, as any client would
                continue
            os.write(file, json.dumps({**content, "arrival": stored.id}).encode() + b"\n")
            shared[ACKNOWLEDGED] = number + 1


async def desk(settings: Settings) -> None:
    """Approves what is held and settles what the sweep handed over; an unknown effect stays open: it has no eyes."""
    query = b"select id, kind from reviews where state = 'open' and kind <> 'unknown_effect' order by id limit 20"
    async with started(settings) as (app, _):
        while True:
            try:
                async with app.database.connection() as conn:
                    rows = await (await conn.execute(query)).fetchall()
                for row in rows:
                    if row["kind"] == "approval":
                        await app.reviews.decide(ReviewId(row["id"]), "approve", by="pat")
                    elif row["kind"] in {"exception", "deadline"}:
                        await app.reviews.decide(ReviewId(row["id"]), "answer", by="pat", answer={"seen": True})
            except BridgeheadError:
                rows = []
            if not rows:
                await asyncio.sleep(0.05)


async def proxy(upstream: str, rules: object, seed: int, ready: int, record: Path) -> None:
    """Stands before the system of record, and keeps a file of what it did until it is ended."""
    async with FaultProxy(upstream, parse_scenario(rules), seed=seed) as standing:
        os.write(ready, f"{standing.url}\n".encode())
        while True:
            await asyncio.sleep(0.2)
            told = json.dumps({**standing.counted(), "": standing.passed})
            record.with_suffix(".next").write_text(told)
            record.with_suffix(".next").replace(record)
