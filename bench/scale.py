"""How much a store's size costs: an idle worker beside 100,000 waiting cases, and claim, resume and list at 1,000,000.

Stores are filled by COPY with rows as the running system writes them (``bench/filling.py``), the ledger included.
Idle: two real workers at the same time, one on a store of waiting cases (three of four for people, the others for
time), one on an empty store; what the first uses beyond the second, window by window. Size: two stores on one server,
a large and a small one, asked in turn; a claim and a resume are of another case each time, lists are as the command
line asks for them. What PostgreSQL has not in its memory it reads, so each query is asked once before it counts.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, median, stdev
from typing import Final

import psycopg

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.filling import DEPLOYMENT, ROLE, Filler, mixed, waiting
from bench.report import Cell, Report, database_folder
from bench.rivals.usage import Server, exact_cpu_s, memory_bytes, tree
from bridgehead.app import App
from bridgehead.cases.ports import Claim
from bridgehead.cli.options import check_role, deployment_name
from bridgehead.clock import boot_s, perf_s
from bridgehead.engine.ports import Serving
from bridgehead.engine.worker import Served
from bridgehead.ids import CaseId
from bridgehead.settings import Settings
from bridgehead.storage import embedded
from bridgehead.storage.queries_reviews import review_lines
from bridgehead.storage.queries_search import CaseFilters, SearchQueries
from bridgehead.storage.workers import Lease
from tests.support.world import WorkerProcess, World, end_all

GROWTH: Final = 1.5
MEMORY_MB: Final = 1.0
CPU_SHARE: Final = 0.01
"""Of one processor: what waiting cases may at most cost an idle worker, by the upper end of a 95 % interval."""
CODE: Final = "async def agent(case: Case[dict], ctx: Context) -> dict:\n    return {}\n"
STUDENT: Final = {4: 2.776, 5: 2.571, 9: 2.262, 19: 2.093}
"""Student's t for a two-sided 95 % interval, by degrees of freedom."""


@dataclass
class Store:
    """One database with a deployment, filled with so many cases."""

    name: str
    world: World
    served: Served
    cases: int
    bytes_per_case: float

    @property
    def app(self) -> App:
        """The app over it."""
        return self.world.app


async def opened(stack: AsyncExitStack, server: Server, folder: Path, name: str) -> Store:
    """Returns an empty store, with a deployment in it."""
    place = folder / name
    place.mkdir()
    settings = Settings.model_validate({"home": folder / "home", "database_url": server.database(name)})
    app = await stack.enter_async_context(App.opened(settings))
    world = World(app, place)
    loaded = await world.deploy(CODE, tools="{}")
    return Store(name, world, await app.serve(loaded), 0, 0.0)


async def fill(report: Report, server: Server, store: Store, kinds: Callable[[], object], count: int) -> None:
    """Fills a store with so many cases."""
    report.progress(f"filling {store.name} with {count:,} cases")
    before = server.used(store.name).stored_bytes
    filler = Filler(store.app.vault, store.served.release)
    store.cases = await asyncio.to_thread(filler.fill, store.app.database.url, kinds())  # type: ignore[arg-type]
    store.bytes_per_case = (server.used(store.name).stored_bytes - before) / count
    server.checkpoint()


# --- an idle worker ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Idle:
    """What two idle workers used in each window, and their memory: the empty store's first."""

    cpu_share: tuple[Sequence[float], Sequence[float]]
    server_share: tuple[Sequence[float], Sequence[float]]
    memory_mb: tuple[float, float]


def backends(server_url: str, database: str) -> list[int]:
    """Returns the server's processes that work for a database."""
    with psycopg.connect(server_url) as conn:
        found = conn.execute(
            "select pid from pg_stat_activity where datname = %s and backend_type = 'client backend'"
            " and application_name like 'bridgehead%%'",
            (database,),
        ).fetchall()
    return [int(row[0]) for row in found]


async def watch(server: Server, stores: Sequence[Store], windows: int, window_s: float) -> Idle:
    """Starts a worker for each store and watches both through the same windows."""
    workers: list[WorkerProcess] = [store.world.start_worker() for store in stores]
    try:
        for store, worker in zip(stores, workers, strict=True):
            await registered(store, worker)
        await asyncio.sleep(4 * stores[0].app.settings.sweep_s + 2)  # what a start does is no part of being idle
        trees = [tree(worker.process.pid) for worker in workers]
        serving = [backends(server.url, store.name) for store in stores]
        shares: list[list[float]] = [[] for _ in range(4)]
        for _ in range(windows):
            before, at_s = [exact_cpu_s(pids) for pids in (*trees, *serving)], boot_s()
            await asyncio.sleep(window_s)
            took_s = boot_s() - at_s
            for number, pids in enumerate((*trees, *serving)):
                shares[number].append((exact_cpu_s(pids) - before[number]) / took_s)
        empty, full = (memory_bytes(worker.process.pid) / 1e6 for worker in workers)
        return Idle((shares[0], shares[1]), (shares[2], shares[3]), (empty, full))
    finally:
        end_all(workers)


async def registered(store: Store, worker: WorkerProcess) -> None:
    """Returns once a worker has registered."""

    async def there() -> bool:
        return bool(await store.world.rows("select 1 from workers where pid = %s", worker.process.pid))

    await store.world.until(there, timeout_s=60, what="a worker")


def upper(differences: Sequence[float]) -> float:
    """Returns the upper end of a 95 % interval (Student's t) for the mean of these differences."""
    t = STUDENT[len(differences) - 1]
    found: float = mean(differences) + t * stdev(differences) / len(differences) ** 0.5
    return found


async def idle(report: Report, server: Server, stack: AsyncExitStack, folder: Path) -> None:
    count = 20_000 if report.quick else 100_000
    windows, window_s = (10, 2.0) if report.quick else (20, 5.0)
    empty = await opened(stack, server, folder, "empty")
    full = await opened(stack, server, folder, "waiting")
    await fill(report, server, full, lambda: waiting(count), count)
    report.progress(f"two idle workers, {windows * window_s:.0f} s")
    found = await watch(server, (empty, full), windows, window_s)
    rows: list[dict[str, Cell]] = []
    for number, store in enumerate((empty, full)):
        rows.append(
            {
                "waiting cases": store.cases,
                "worker: CPU % of one": round(100 * mean(found.cpu_share[number]), 3),
                "its PostgreSQL: CPU % of one": round(100 * mean(found.server_share[number]), 3),
                "worker: memory MB": round(found.memory_mb[number], 2),
            }
        )
    report.table(f"an idle worker over {windows * window_s:.0f} s", rows)
    for name, (few, many) in (("worker", found.cpu_share), ("PostgreSQL for it", found.server_share)):
        added = [one - other for one, other in zip(many, few, strict=True)]
        report.figure(f"{name}: CPU added by {count:,} waiting cases", 100 * mean(added), unit="% of one")
        report.figure(f"{name}: the same, at most (95 %)", 100 * upper(added), unit="% of one", at_most=100 * CPU_SHARE)
    report.figure("worker: memory added", found.memory_mb[1] - found.memory_mb[0], unit="MB", at_most=MEMORY_MB)


# --- claim, resume, list ----------------------------------------------------------------------------------------


class Asker:
    """Asks one store each of the questions that are timed."""

    def __init__(self, store: Store, due: Sequence[int]) -> None:
        self.store = store
        self._due = iter(due)
        app = store.app
        self._lease = Lease(app.database.url, name="bench", pid=os.getpid(), lease_s=3_600)
        self._lease.announce([(DEPLOYMENT, store.served.release)])
        self._claim: Claim | None = None
        self._middle = store.cases // 2
        self._serving: Serving = store.served.serving
        self.questions: dict[str, Callable[[], Awaitable[object]]] = {
            "claim": self.claim,
            "resume (load)": self.load,
            "sweep": self.sweep,
            "cases": self.cases,
            "cases --deployment": lambda: self.cases(deployment=DEPLOYMENT),
            "cases --state with_person": lambda: self.cases(state="with_person"),
            "cases --state waiting": lambda: self.cases(state="waiting"),
            "cases --state running": lambda: self.cases(state="running"),
            "cases --after the middle": lambda: self.cases(after=self._middle),
            "reviews": self.reviews,
            "reviews --role": lambda: self.reviews(role=ROLE),
            "reviews --deployment": lambda: self.reviews(deployment=DEPLOYMENT),
        }

    async def claim(self) -> None:
        """Claims the next due case."""
        number = CaseId(next(self._due))
        workers = self.store.app.workers
        self._claim = await workers.claim(self._lease.worker_id, number, [self.store.served.release])
        assert self._claim is not None

    async def load(self) -> None:
        """Loads the case claimed last, with its ten steps."""
        assert self._claim is not None
        loaded = await self.store.app.cases.load(self._claim)
        assert len(loaded.steps) == 10

    async def sweep(self) -> None:
        """Looks for what is due, orphaned or late, as a worker does every second."""
        await self.store.app.workers.sweep([self._serving], hint_after_s=3_600)

    async def cases(self, *, deployment: str | None = None, state: str | None = None, after: int | None = None) -> None:
        """Asks what ``bridgehead cases`` asks."""
        app = self.store.app
        name = await deployment_name(app, deployment)
        queries = SearchQueries(app.database, app.vault)
        place = None if after is None else await queries.place(after)
        lines = await queries.cases(CaseFilters(deployment=name, state=state), after=place, limit=50)
        assert lines

    async def reviews(self, *, deployment: str | None = None, role: str | None = None) -> None:
        """Asks what ``bridgehead reviews`` asks."""
        app = self.store.app
        name = await deployment_name(app, deployment)
        await check_role(app, role)
        lines = await review_lines(app.database, app.vault, deployment=name, role=role)
        assert lines

    def close(self) -> None:
        """Gives up the registration."""
        self._lease.close()


async def asked(askers: Sequence[Asker], times: int) -> dict[str, tuple[list[float], ...]]:
    """Asks everybody every question so many times in turn; returns the milliseconds of each answer."""
    found: dict[str, tuple[list[float], ...]] = {}
    for number in range(times + 1):
        for question in askers[0].questions:
            taken = found.setdefault(question, tuple([] for _ in askers))
            for place, asker in enumerate(askers):
                started_s = perf_s()
                await asker.questions[question]()
                if number:  # the first answer warms up
                    taken[place].append((perf_s() - started_s) * 1_000)
    return found


async def size(report: Report, server: Server, stack: AsyncExitStack, folder: Path) -> None:
    few, many = (5_000, 40_000) if report.quick else (10_000, 1_000_000)
    times = 80 if report.quick else 200
    stores = []
    for name, count in (("small", few), ("large", many)):
        store = await opened(stack, server, folder, name)
        await fill(report, server, store, lambda count=count: mixed(count, times + 1), count)  # type: ignore[misc]
        stores.append(store)
    report.progress("asking")
    askers = []
    for store in stores:
        due = await store.world.rows("select id from cases where state = 'due' order by id")
        askers.append(Asker(store, [int(str(row["id"])) for row in due]))
    try:
        found = await asked(askers, times)
    finally:
        for asker in askers:
            asker.close()
    rows: list[dict[str, Cell]] = []
    for question, (small, large) in found.items():
        rows.append(
            {
                "asked": question,
                f"p50 ms at {few:,}": round(median(small), 3),
                f"p50 ms at {many:,}": round(median(large), 3),
                f"slowest ms at {many:,}": round(max(large), 2),
            }
        )
        growth = median(large) / median(small)
        report.figure(f"{question}: growth of the median", growth, unit="times", at_most=GROWTH)
    report.table(f"{times} answers each", rows)
    for store in stores:
        report.figure(f"bytes a case at {store.cases:,}", store.bytes_per_case, unit="bytes")


async def measure(report: Report, folder: Path) -> None:
    url = embedded.start(folder)
    server = Server(url, embedded.status(folder).pid or 0)
    for name in ("server_version", "shared_buffers"):
        report.condition(f"PostgreSQL {name}", server.setting(name))
    try:
        async with AsyncExitStack() as stack:
            await size(report, server, stack, folder)
            await idle(report, server, stack, folder)
    finally:
        server.close()
    report.condition("load when done", round(os.getloadavg()[0], 2))


def main(argv: Sequence[str] | None = None) -> None:
    report = Report("scale", __doc__ or "", argv, packages="psycopg procrastinate")
    with database_folder() as folder:
        asyncio.run(measure(report, folder))
    sys.exit(report.close())


if __name__ == "__main__":
    main()
