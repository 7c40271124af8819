"""A small world for tests: a deployment whose books lie outside, workers in this process or in others."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

from bridgehead import ids
from bridgehead.app import App, LoadedDeployment, load_deployment
from bridgehead.reviews.model import Review, Verb
from bridgehead.spec.deployment import Level
from bridgehead.spec.tool import JSON
from bridgehead.storage.moving_clock import advance

PRELUDE = '''
"""A deployment for tests: its books are a file that no part of Bridgehead writes."""
import asyncio, json, os
from dataclasses import dataclass
from pathlib import Path
from bridgehead import *

BOOKS = Path(__file__).parent / "books.jsonl"

@dataclass
class Booking:
    number: str
    po: str
    amount: int = 0

def entries():
    return [json.loads(line) for line in BOOKS.read_text().splitlines()] if BOOKS.exists() else []

def enter(**entry):
    """Appends one entry, or returns the one made before under the same idempotency key."""
    with BOOKS.open("a") as books:
        books.write(json.dumps(entry) + "\\n")

async def find(*, key, args):
    for entry in entries():
        if entry["po"] == args["po"]:
            return Booking(entry["number"], entry["po"], entry["amount"])
    return None

def reader(document, name):
    order = json.loads(document)
    return NewCase(input=order, key={"po": order["po"]})
'''

YAML = """
deployment: {name}
agent: {module}:agent
reader: {module}:reader
owner: order-desk@example.com
case: {{key: [po], deadline: {deadline}, resume: 5m}}
tools:
{tools}
roles:
  desk: {{members: "group:desk", rate: 38 EUR/h, then: lead}}
  lead: {{members: "group:leads"}}
fallback: desk
{more}
"""


@dataclass
class World:
    """Everything a test of the running system needs."""

    app: App
    folder: Path
    module: str = field(default_factory=lambda: f"deploy_{ids.random_hex(6)}")
    loaded: LoadedDeployment | None = None
    tampered: bool = False
    """Set by a test that changes tables past the ledger on purpose."""

    def write(self, code: str, *, tools: str, more: str = "", name: str = "orders", deadline: str = "30m") -> Path:
        """Writes a deployment of this code and these tool rules; returns its folder."""
        place = self.folder / self.module
        place.mkdir(exist_ok=True)
        (place / f"{self.module}.py").write_text(PRELUDE + textwrap.dedent(code))
        rules = textwrap.indent(textwrap.dedent(tools).strip(), "  ")
        (place / "bridgehead.yaml").write_text(
            YAML.format(name=name, module=self.module, tools=rules, more=textwrap.dedent(more), deadline=deadline)
        )
        return place

    async def deploy(
        self,
        code: str,
        *,
        tools: str,
        more: str = "",
        level: Level = "autonomous",
        name: str = "orders",
        deadline: str = "30m",
    ) -> LoadedDeployment:
        """Writes, loads and registers a deployment, at a level."""
        self.loaded = load_deployment(self.write(code, tools=tools, more=more, name=name, deadline=deadline))
        await self.app.register(self.loaded)
        await self.app.levels.set_level(name, level, by="tester", why="a test")
        return self.loaded

    @property
    def place(self) -> Path:
        """The deployment's folder."""
        return self.folder / self.module

    def books(self) -> list[dict[str, JSON]]:
        """Returns what the outside world has on its books."""
        file = self.place / "books.jsonl"
        return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []

    async def submit(self, order: Mapping[str, JSON], *, name: str | None = None) -> int:
        """Stores an arrival and returns its number."""
        document = json.dumps(order).encode()
        stored = await self.app.arrivals.store(
            "orders", source="file", source_id=name or ids.random_hex(), document=document, name="order", actor="test"
        )
        return stored.id

    @asynccontextmanager
    async def working(self, *, grace_s: float = 0.3) -> AsyncIterator[None]:
        """Runs a worker in this process for the length of the block."""
        assert self.loaded is not None
        served = await self.app.serve(self.loaded)
        # Each worker stops its own dispatch for good, so each gets a fresh one.
        self.app.dispatch.__init__(self.app.database.pool, self.app.database.url)  # type: ignore[misc]
        worker = self.app.worker([replace(served, bench=replace(served.bench, grace_s=grace_s, retry_base_s=0.01))])
        task = asyncio.create_task(worker.run())
        try:
            yield
        finally:
            worker.stop()
            await asyncio.wait_for(task, 30)

    async def rows(self, query: str, *values: object) -> list[dict[str, object]]:
        """Returns the rows of a query on this test's database."""
        async with self.app.database.connection() as conn:
            return list(await (await conn.execute(query.encode(), values)).fetchall())

    async def until(
        self, condition: Callable[[], Awaitable[object]], *, timeout_s: float = 20.0, what: str = "it"
    ) -> None:
        """Waits for a condition; fails with the state of all cases when it does not come."""
        loop = asyncio.get_running_loop()
        end = loop.time() + timeout_s
        while not await condition():
            if loop.time() > end:
                cases = await self.rows("select id, state, outcome, error_class, epoch from cases order by id")
                arrivals = await self.rows("select id, state from arrivals order by id")
                raise AssertionError(f"{what} did not come in {timeout_s} s: {cases} {arrivals}")
            await asyncio.sleep(0.02)

    async def at_rest(self) -> bool:
        """Whether nothing is left to do without a person or time passing."""
        busy = await self.rows(
            "select 1 from cases where state in ('due', 'running') or (state = 'waiting' and wake_at is not null)"
            " union all select 1 from arrivals where state = 'stored'"
        )
        return not busy

    async def settle(self, *, timeout_s: float = 20.0) -> None:
        """Runs a worker until nothing is left to do without a person or time passing."""
        async with self.working():
            await self.until(self.at_rest, timeout_s=timeout_s, what="rest")

    async def cases(self) -> list[dict[str, object]]:
        """Returns all cases, oldest first."""
        return await self.rows("select * from cases order by id")

    async def reviews(self, state: str | None = "open") -> list[Review]:
        """Returns the reviews in a state, oldest first."""
        return [review for review, _ in await self.app.reviews.listing(state=state)]

    async def decide(self, verb: Verb, *, answer: JSON = None, by: str = "pat") -> Review:
        """Decides the one open review."""
        (review,) = await self.reviews()
        return await self.app.reviews.decide(
            review.id, verb, by=by, answer=answer, shown_digest=review.args_digest, resume_s=300.0
        )

    async def pass_time(self, by: timedelta) -> None:
        """Lets business time pass."""
        await advance(self.app.database, by)

    def environment(self, **more: str) -> dict[str, str]:
        """Returns the environment of another process over the same database and key."""
        settings = self.app.settings
        assert settings.database_url is not None
        return {
            **os.environ,
            "BRIDGEHEAD_HOME": str(settings.home),
            "BRIDGEHEAD_DATABASE_URL": settings.database_url.get_secret_value(),
            "BRIDGEHEAD_LEASE_S": str(settings.lease_s),
            "BRIDGEHEAD_SEND_S": str(settings.send_s),
            "BRIDGEHEAD_SWEEP_S": str(settings.sweep_s),
            "BRIDGEHEAD_CONCURRENCY": str(settings.concurrency),
            **more,
        }

    def start_worker(self, **environment: str) -> WorkerProcess:
        """Starts a worker in a process of its own."""
        log = (self.folder / f"worker-{ids.random_hex(3)}.log").open("wb")
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.worker_main", str(self.place)],
            env=self.environment(**environment),
            cwd=Path(__file__).resolve().parents[2],
            stdout=log,
            stderr=log,
        )
        log.close()
        return WorkerProcess(process, Path(log.name))


@dataclass
class WorkerProcess:
    """A worker in a process of its own, to be stopped, continued and killed with real signals."""

    process: subprocess.Popen[bytes]
    log: Path

    def kill(self) -> None:
        """Sends SIGKILL and waits for the end."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)

    def freeze(self) -> None:
        """Sends SIGSTOP."""
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Sends SIGCONT."""
        self.process.send_signal(signal.SIGCONT)

    def end(self) -> None:
        """Ends it however it stands."""
        if self.process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                self.process.send_signal(signal.SIGCONT)
                self.process.send_signal(signal.SIGKILL)
            self.process.wait(10)


def end_all(workers: Sequence[WorkerProcess]) -> None:
    """Ends workers that a test has started."""
    for worker in workers:
        worker.end()
