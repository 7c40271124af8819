"""Where the time of a governed step goes: round trips, waiting and processor time, by what they are spent on.

A worker in this process serves an agent that makes ten reads of 2 KB, with gate, sealing, journal and ledger on, over
an embedded PostgreSQL with fsync on. First one case at a time, open before the worker starts, for round trips and
latency, and reads with and without facts, caps and policies side by side. Then thirty-two at once from arrivals that
are stored before, for processor time: the stack is looked at whenever a tick of processor time has passed
(ITIMER_PROF, setitimer(2)) and counts for the innermost place that has a name here.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from types import FrameType
from typing import Any, Final

import psycopg
from psycopg.pq import PipelineStatus

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.report import Cell, Report, database_folder
from bench.rivals.usage import Server
from bridgehead.app import App, load_deployment
from bridgehead.cases.intake import NewCase, opening
from bridgehead.clock import perf_s
from bridgehead.engine.memory import rare_collections
from bridgehead.engine.queue import ProcrastinateDispatch
from bridgehead.ids import ArrivalId
from bridgehead.settings import Settings
from bridgehead.spec.tool import JSON
from bridgehead.storage import committing, embedded
from bridgehead.storage.batch_rows import Rows
from bridgehead.storage.cases import Cases
from bridgehead.storage.workers import Workers
from tests.support.world import World

STEPS: Final = 10
MANY: Final = 32
COMMIT_TRIPS: Final = 2.0
CASE_COMMITS: Final = 2.0
"""Of a case that only reads, one at a time: one where it takes less than a tenth of a second, else one for each."""
PLACES: Final = (
    ("gate", ("/gate/", "/cedarpy/")),
    ("sealing and digests", ("/ledger/vault.py", "/effects/keys.py", "/storage/sealing.py")),
    ("ledger rows", ("/ledger/",)),
    ("intake", ("/storage/arrivals.py", "/storage/opening.py", "/engine/order.py", "/engine/reading.py")),
    (
        "plan and statements of a batch",
        ("/storage/planning.py", "/storage/looking.py", "/storage/batch_rows.py", "/storage/committing.py"),
    ),
    ("claim and load", ("/storage/workers.py", "/storage/cases.py")),
    ("queue", ("/procrastinate/", "/engine/queue.py")),
    ("limits, retries, breakers", ("/resilience/", "/cases/waits.py")),
    ("calls, journal, segment", ("/bridgehead/cases/",)),
    ("engine", ("/bridgehead/engine/",)),
)
"""Names for parts of paths; the first that fits a frame counts, from the innermost frame outwards."""
REST: Final = "event loop and agent"
CODE: Final = """
import time

LATENCIES = []

@read
async def look(n: int) -> str:
    return "x" * 2000

async def agent(case: Case[dict], ctx: Context) -> dict:
    for n in range(10):
        started = time.perf_counter()
        await look(n)
        LATENCIES.append(time.perf_counter() - started)
    return {}
"""
FACTS: Final = 20
FACTS_COST_MS: Final = 0.3
"""So much longer a step may take for 30 policies, 20 sensitive arguments and a cap, one case at a time."""
FACTS_CODE: Final = f"""
import time

LATENCIES = {{"plain": [], "judged": []}}
PARTS = [f"part_{{number}}" for number in range({FACTS})]

@dataclass
class Order:
    {"; ".join(f"part_{number}: str" for number in range(FACTS))}
    turn: int

@read
async def plain(order: Order) -> str:
    return "x" * 2000

@read(sensitive=tuple(f"order.{{part}}" for part in PARTS))
async def judged(order: Order) -> str:
    return "x" * 2000

async def agent(case: Case[dict], ctx: Context) -> dict:
    for turn in range(10):
        order = Order(**{{part: case.input[part] for part in PARTS}}, turn=turn)
        # Each of the two goes first in turn, so that neither gains by what the other has warmed.
        for tool in (plain, judged) if turn % 2 else (judged, plain):
            started = time.perf_counter()
            await tool(order)
            LATENCIES[tool.__name__].append(time.perf_counter() - started)
    return {{}}
"""
FACTS_TOOLS: Final = """
plain: allow
judged:
  allow: order.part_0 from user and age of order.part_0 <= 15m
  caps: ["1000 calls per case"]
"""
FACTS_POLICIES: Final = 28
PHASE: ContextVar[str] = ContextVar("phase", default="")


@dataclass
class Meter:
    """Counts round trips and seconds by what they are for, and samples of the stack."""

    trips: Counter[str] = field(default_factory=Counter)
    seconds: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    samples: Counter[str] = field(default_factory=Counter)

    def clear(self) -> None:
        """Starts anew."""
        self.trips.clear()
        self.seconds.clear()
        self.samples.clear()

    def install(self) -> None:
        """Wraps what is measured, for the rest of this process."""
        executes, ends = psycopg.AsyncCursor.execute, psycopg.AsyncPipeline.__aexit__

        async def execute(cursor: psycopg.AsyncCursor[Any], *args: Any, **more: Any) -> Any:  # noqa: ANN401  # as it is wrapped
            if cursor.connection.pgconn.pipeline_status == PipelineStatus.OFF:
                self.trips[PHASE.get()] += 1
            return await executes(cursor, *args, **more)

        async def end(pipeline: psycopg.AsyncPipeline, *args: Any) -> None:  # noqa: ANN401  # as it is wrapped
            self.trips[PHASE.get()] += 1
            await ends(pipeline, *args)

        psycopg.AsyncCursor.execute = execute  # type: ignore[method-assign,assignment]  # counted, and otherwise the same
        psycopg.AsyncPipeline.__aexit__ = end  # type: ignore[method-assign,assignment]  # counted, and otherwise the same
        for owner, name, label in (
            (committing.Writer, "commit", "commit: as its case waits for it"),
            (committing.Writer, "_stand", "commit: the whole batch"),
            (committing, "look", "commit: lock, fence and look"),
            (Rows, "write", "commit: write and commit"),
            (Workers, "claim", "claim"),
            (Cases, "load", "load"),
            (ProcrastinateDispatch, "_take", "queue: take hints"),
        ):
            self._wrap(owner, name, label)

    def _wrap(self, owner: object, name: str, label: str) -> None:
        inner: Callable[..., Awaitable[object]] = getattr(owner, name)

        async def outer(*args: object, **more: object) -> object:
            token, started = PHASE.set(label), perf_s()
            try:
                return await inner(*args, **more)
            finally:
                self.seconds[label].append(perf_s() - started)
                PHASE.reset(token)

        setattr(owner, name, outer)

    def sample(self, _signal: int, frame: FrameType | None) -> None:
        """Counts the innermost named place of a stack."""
        while frame is not None:
            file = frame.f_code.co_filename
            for place, parts in PLACES:
                if any(part in file for part in parts):
                    self.samples[place] += 1
                    return
            frame = frame.f_back
        self.samples[REST] += 1


class Profiled:
    """A world whose cases are opened first and run afterwards."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.opened = 0

    async def open_cases(self, count: int, more: Mapping[str, JSON] | None = None) -> None:
        """Opens cases while no worker runs, with ``more`` in the input of each."""
        assert self.world.loaded is not None
        app, served = self.world.app, await self.world.app.serve(self.world.loaded)
        for _ in range(count):
            self.opened += 1
            order_number = str(self.opened)
            order: dict[str, JSON] = {"po": order_number, **(more or {})}
            name, document = served.deployment.name, json.dumps(order).encode()
            stored = await app.arrivals.store(
                name, source="file", source_id=order_number, document=document, name="order", actor="bench"
            )
            work = await app.arrivals.take(ArrivalId(stored.id), [name])
            assert work is not None
            new = opening(served.deployment, served.bench.hmac, served.agent.input, NewCase(order, key=order), "")
            await app.arrivals.settle(work, served.release, [new], [], 3600.0, level="autonomous")

    async def submit(self, count: int) -> None:
        """Stores arrivals while no worker runs."""
        for _ in range(count):
            self.opened += 1
            await self.world.submit({"po": str(self.opened)})

    async def run(self, concurrency: int) -> float:
        """Opens what has arrived and runs every case; returns the seconds until all are done."""
        app = self.world.app
        app.settings = app.settings.model_copy(update={"concurrency": concurrency})
        started = perf_s()
        with rare_collections():  # as the worker's own command does
            async with self.world.working():
                await self.world.until(self._done, timeout_s=600, what="the end of all cases")
                return perf_s() - started

    async def _done(self) -> bool:
        await asyncio.sleep(0.03)  # and the look itself costs next to nothing
        (row,) = await self.world.rows(
            "select exists (select from cases where state <> 'done')"
            " or exists (select from arrivals where state = 'stored') as some"
        )
        return not row["some"]


async def measure(report: Report, folder: Path) -> None:
    few, many = (20, 192) if report.quick else (60, 1_200)
    url = embedded.start(folder)
    server = Server(url, embedded.status(folder).pid or 0)
    for name in ("fsync", "synchronous_commit"):
        report.condition(f"PostgreSQL {name}", server.setting(name))
    report.condition("cases one at a time", few)
    report.condition(f"cases {MANY} at once", many)
    meter = Meter()
    meter.install()
    chosen = Settings.model_validate({"home": folder, "database_url": url, "concurrency": MANY})
    async with App.opened(chosen) as app:
        world = World(app, folder)
        await world.deploy(CODE, tools="look: allow")
        latencies: list[float] = sys.modules[world.module].LATENCIES
        profiled = Profiled(world)
        await profiled.open_cases(few)
        latencies.clear()
        meter.clear()
        await profiled.run(1)
        single(report, meter, latencies, few)
        await with_facts(report, app, folder, few)
        await profiled.submit(2 * MANY)
        await profiled.run(MANY)  # until every connection is open
        await profiled.submit(many)
        latencies.clear()
        meter.clear()
        before = server.used("postgres")
        signal.signal(signal.SIGPROF, meter.sample)
        signal.setitimer(signal.ITIMER_PROF, 0.001, 0.001)
        cpu_s = time.process_time()
        wall_s = await profiled.run(MANY)
        cpu_s = time.process_time() - cpu_s
        signal.setitimer(signal.ITIMER_PROF, 0)
        used = server.used("postgres").since(before)
    batches = len(meter.seconds["commit: the whole batch"])
    shares: list[dict[str, Cell]] = [
        {
            "processor time of the worker": place,
            "share %": round(100 * count / meter.samples.total(), 1),
            "ms/case": round(1_000 * cpu_s * count / meter.samples.total() / many, 2),
        }
        for place, count in meter.samples.most_common()
    ]
    report.table(f"{MANY} at once", shares)
    report.figure("samples of the stack", meter.samples.total())
    commits = len(meter.seconds["commit: as its case waits for it"])
    report.figure(f"commits of a case at {MANY}", commits / many)
    report.figure(f"commits that share a batch at {MANY}", commits / batches)
    report.figure(f"worker, processor time at {MANY}", 1_000 * cpu_s / many, unit="ms/case")
    report.figure(f"PostgreSQL, processor time at {MANY}", 1_000 * used.cpu_s / many, unit="ms/case")
    report.figure(f"cases/s at {MANY}, one worker, arrivals stored", many / wall_s)
    server.close()


async def with_facts(report: Report, app: App, folder: Path, cases: int) -> None:
    """Adds by how much a step takes longer for facts, caps and policies: reads with and without, side by side."""
    world = World(app, folder)
    more = """case: {key: [po], deadline: 30m, resume: 5m, labels: {"*": user}}"""
    place = world.write(FACTS_CODE, tools=FACTS_TOOLS, name="facts")
    file = place / "bridgehead.yaml"
    file.write_text(file.read_text().replace("case: {key: [po], deadline: 30m, resume: 5m}", more))
    (place / "policies").mkdir()
    (place / "policies" / "stops.cedar").write_text(
        "".join(
            f'@id("stop-{number}")\n@reason("r")\n@remedy("m")\n'
            'forbid (principal, action == Action::"judged", resource)\n'
            f'when {{ context.args.order.part_{number % FACTS} == "blocked-{number}" }};\n'
            for number in range(FACTS_POLICIES)
        )
    )
    world.loaded = load_deployment(place)
    await app.register(world.loaded)
    await app.levels.set_level("facts", "autonomous", by="bench", why="a measurement")
    latencies: dict[str, list[float]] = sys.modules[world.module].LATENCIES
    profiled = Profiled(world)
    parts = {f"part_{number}": f"value {number}" for number in range(FACTS)}
    await profiled.open_cases(cases, parts)
    await profiled.run(1)
    assert len(latencies["judged"]) == cases * STEPS
    plain, judged = (1_000 * median(latencies[name]) for name in ("plain", "judged"))
    report.figure("step of one case alone, no facts and no caps, p50", plain, unit="ms")
    report.figure(f"step with {FACTS} facts, a cap, 30 policies, p50", judged, unit="ms")
    report.figure("a step longer for facts, caps and policies", judged - plain, unit="ms", at_most=FACTS_COST_MS)


def single(report: Report, meter: Meter, latencies: Sequence[float], cases: int) -> None:
    """Adds what one case at a time shows: round trips, and what a step waits for."""
    commits = len(meter.seconds["commit: the whole batch"])
    trips: list[dict[str, Cell]] = [
        {
            "one case at a time": label,
            "times/case": round(len(found) / cases, 2),
            "round trips": round(meter.trips[label] / len(found), 2),
            "p50 us": round(1_000_000 * median(found)),
        }
        for label, found in sorted(meter.seconds.items())
    ]
    report.table("what is waited for", trips)
    of_steps = meter.trips["commit: lock, fence and look"] + meter.trips["commit: write and commit"]
    report.figure("round trips of a commit", of_steps / commits, at_most=COMMIT_TRIPS)
    report.figure("commits of a case of ten reads", commits / cases, at_most=CASE_COMMITS)
    report.figure("step of one case alone, p50", 1_000 * median(latencies), unit="ms")


def main(argv: Sequence[str] | None = None) -> None:
    report = Report("step_profile", __doc__ or "", argv, packages="psycopg procrastinate cedarpy cryptography")
    with database_folder() as folder:
        asyncio.run(measure(report, folder))
    sys.exit(report.close())


if __name__ == "__main__":
    main()
