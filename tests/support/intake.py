"""A deployment whose arrivals come by the sources of its connectors, served by processes of its own."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from bridgehead import ids
from bridgehead.cli.intakes import Sources, open_sources
from bridgehead.connectors.opening import forget
from bridgehead.storage.queries import Queries
from tests.support.world import WorkerProcess, World

CODE = """
import hashlib

async def agent(case: Case[dict], ctx: Context) -> str:
    return "done"

def reader(document, name):
    text = document.decode("utf-8", "replace")
    if text.startswith("unreadable"):
        return ToReview("nobody can read this")
    return NewCase(input={"po": hashlib.sha256(document).hexdigest(), "name": name, "text": text})
"""
ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Served:
    """One deployment with connectors, over one test's world."""

    world: World
    place: Path
    processes: list[WorkerProcess] = field(default_factory=list)

    async def sources(self) -> Sources:
        """Opens the deployment's sources in this process; ``watch`` or ``look`` is the test's."""
        from bridgehead.app import load_deployment

        loaded = load_deployment(self.place)
        await self.world.app.register(loaded)
        return open_sources(self.world.app, [loaded])

    def start(self, *flags: str, **environment: str) -> WorkerProcess:
        """Starts ``bridgehead worker`` in a process of its own."""
        log = (self.place.parent / f"worker-{ids.random_hex(3)}.log").open("wb")
        process = subprocess.Popen(
            [sys.executable, "-m", "bridgehead", "worker", str(self.place), *flags],
            env=self.world.environment(**environment), cwd=ROOT, stdout=log, stderr=log,
        )  # fmt: skip
        log.close()
        started = WorkerProcess(process, Path(log.name))
        self.processes.append(started)
        return started

    def until_idle(self, *flags: str, **environment: str) -> str:
        """Runs a worker until nothing is left to do; returns what it wrote."""
        worker = self.start("--until-idle", *flags, **environment)
        try:
            code = worker.process.wait(60)
        except subprocess.TimeoutExpired:
            raise AssertionError(worker.log.read_text()) from None
        text = worker.log.read_text()
        assert code == 0, text
        return text

    async def documents(self) -> list[bytes]:
        """Returns the originals of all arrivals, oldest first."""
        queries = Queries(self.world.app.database, self.world.app.vault)
        rows = await self.world.rows("select id from arrivals order by id")
        return [(await queries.original(int(str(row["id"]))))[1] for row in rows]

    async def count(self) -> int:
        """Returns how many arrivals are stored."""
        (row,) = await self.world.rows("select count(*) as n from arrivals")
        return int(str(row["n"]))

    def end(self) -> None:
        """Ends what was started."""
        for process in self.processes:
            process.end()


@contextlib.contextmanager
def serving(world: World, *, intake: str, connectors: dict[str, str], more: str = "") -> Iterator[Served]:
    """Writes a deployment with these sources and connector files; its processes end with the block."""
    listed = json.dumps([f"{name}.yaml" for name in connectors])
    text = f"intake: {intake}\nconnect: {listed}\n{textwrap.dedent(more)}"
    place = world.write(CODE, tools="", more=text)
    document = place / "bridgehead.yaml"
    document.write_text(document.read_text().replace("tools:\n\n", ""))
    for name, specification in connectors.items():
        (place / f"{name}.yaml").write_text(textwrap.dedent(specification))
        forget(place / f"{name}.yaml")
    served = Served(world, place)
    try:
        yield served
    finally:
        served.end()


def kill(process: WorkerProcess) -> None:
    """Ends a process at once, whatever it does."""
    os.kill(process.process.pid, signal.SIGKILL)
    process.process.wait(10)
