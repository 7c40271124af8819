"""Ten steps of 2 KB, governed and durable: Bridgehead beside LangGraph, DBOS and the floor, on one PostgreSQL.

One server with fsync on, a database for each, rounds interleaved, everybody but the one measured stopped. A case of
Bridgehead is an arrival submitted to a real worker: stored, read, opened, claimed and run with gate, sealing, journal
and ledger on; four model turns and four reads in turn, then two effects. A rival's case is its own run called in its
own process, ten steps that return the same bytes, each stored before the next begins; what it leaves out, the gate
and the intake, is not added. Our reads and model turns are on record at most a tenth of a second after they return,
and before anything is done on their strength (decision 0016); LangGraph is shown with the durability that waits for
each step and with its default, which does not. A step's latency is from where it begins to where the next one may.
Ratios are taken within each round and their median is judged; that of processor time says what a busy machine does
not change. The floor is one table and one connection: all that
wait, one commit.
Needs ``make rivals``; exits with 3 where that is missing.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Final

import psycopg

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.report import Cell, Report, database_folder
from bench.rivals.ours import EFFECTS, KINDS, Opened, Ours
from bench.rivals.processes import MISSING, Rival, missing
from bench.rivals.ran import Ran
from bench.rivals.serving import BYTES, STEPS
from bench.rivals.usage import Server, Used
from bridgehead.app import App
from bridgehead.settings import Settings
from bridgehead.storage import embedded

MANY: Final = 32
CONNECTIONS: Final = 300
OURS: Final = "Bridgehead, from the submit"
OPENED: Final = "Bridgehead, cases open"
FLOOR: Final = "floor"
LANGGRAPH: Final = ("LangGraph, event loop", "LangGraph, threads")
PIPELINED: Final = tuple(f"{name}, pipeline" for name in LANGGRAPH)
DEFAULT: Final = "LangGraph, default durability"
DBOS: Final = ("DBOS, event loop", "DBOS, threads")
OVER_LANGGRAPH, OVER_DBOS = 4.0, 5.0
STEP_SHARE, EFFECT_SHARE = 0.6, 1.0
START_MS, STARTS = 50.0, 50


@dataclass(frozen=True, slots=True)
class Round:
    """One subject's cases at one concurrency, and what the server used for them."""

    ran: Ran
    used: Used

    @property
    def per_s(self) -> float:
        """Cases a second."""
        return self.ran.cases / self.ran.wall_s


@dataclass
class Subject:
    """One that is measured: what runs it, its database, and how many cases a round has at 1 and at many."""

    name: str
    runs: Ours | Opened | Rival
    database: str
    sizes: Mapping[int, int]
    rounds: dict[int, list[Round]] = field(default_factory=lambda: {1: [], MANY: []})

    async def measure(self, server: Server, concurrency: int) -> None:
        """Runs one round."""
        self.runs.thaw()
        await self.runs.prepare(self.sizes[concurrency], concurrency)
        before = server.used(self.database)
        ran = await self.runs.run()
        used = server.used(self.database).since(before)
        self.runs.freeze()
        self.rounds[concurrency].append(Round(ran, used))


def percentile(values: Sequence[float], share: float) -> float:
    """Returns the smallest value that at least this share of them do not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(0, -int(-len(ordered) * share // 1) - 1)]


def ratio(ours: Sequence[float], theirs: Iterable[Sequence[float]]) -> float:
    """Returns the median over rounds of ours by the best of theirs in the same round, where more is better."""
    best = [max(values) for values in zip(*theirs, strict=True)]
    found: float = median(one / other for one, other in zip(ours, best, strict=True))
    return found


def subjects(ours: Ours, server: Server, url: str, *, quick: bool) -> list[Subject]:
    """Returns everybody who is measured, each with a database of its own."""
    size = 1 if quick else 3
    slow, fast, least = {1: 8 * size, MANY: 64 * size}, {1: 30 * size, MANY: 480 * size}, {1: 26, MANY: 192 * size}
    graph, bare = "bench.rivals.run_langgraph", "bench.rivals.run_dbos"
    lines = [
        (LANGGRAPH[0], "langgraph_async", (graph, "async", "sync", "plain")),
        (LANGGRAPH[1], "langgraph_sync", (graph, "sync", "sync", "plain")),
        (PIPELINED[0], "langgraph_async_pipe", (graph, "async", "sync", "pipeline")),
        (PIPELINED[1], "langgraph_sync_pipe", (graph, "sync", "sync", "pipeline")),
        (DEFAULT, "langgraph_default", (graph, "sync", "async", "plain")),
        (DBOS[0], "dbos_async", (bare, "async")),
        (DBOS[1], "dbos_sync", (bare, "sync")),
        (FLOOR, "floor", ("bench.rivals.run_floor", str(EFFECTS))),
    ]
    own = url.split("?", maxsplit=1)[0].rpartition("/")[2]
    found = [Subject(OURS, ours, own, least), Subject(OPENED, Opened(ours), own, {MANY: least[MANY]})]
    for name, database, arguments in lines:
        if quick and name in PIPELINED:  # no faster where it was measured, and a short run has no time for it
            continue
        rival = Rival((*arguments, server.database(database)))
        found.append(Subject(name, rival, database, fast if name == FLOOR else slow))
    return found


def start(folder: Path) -> str:
    """Starts a server that has connections for everybody at once, and is like any other for the rest."""
    with psycopg.connect(embedded.start(folder), autocommit=True) as conn:
        conn.execute(f"alter system set max_connections = {CONNECTIONS}".encode())
    embedded.stop(folder)
    return embedded.start(folder)


async def measure(report: Report, folder: Path) -> None:
    rounds = 2 if report.quick else 7
    url = start(folder)
    server = Server(url, embedded.status(folder).pid or 0)
    for name in ("server_version", "fsync", "synchronous_commit", "full_page_writes", "shared_buffers"):
        report.condition(f"PostgreSQL {name}", server.setting(name))
    if (server.setting("fsync"), server.setting("synchronous_commit")) != ("on", "on"):
        raise RuntimeError("the server does not write through: nothing here would mean anything")
    report.condition("rounds", rounds)
    report.condition("steps of a case", f"{STEPS} of {BYTES} bytes: {', '.join(KINDS)}")
    ours_url = server.database("ours")
    chosen = Settings.model_validate({"home": folder / "home", "database_url": ours_url, "concurrency": MANY})
    async with App.opened(chosen) as app:
        ours = Ours(app, folder)
        everybody = subjects(ours, server, ours_url, quick=report.quick)
        rivals = [one.runs for one in everybody if isinstance(one.runs, Rival)]
        try:
            report.progress("starting everybody")
            await asyncio.gather(ours.open(), *(rival.open() for rival in rivals))
            for one in everybody:
                one.runs.freeze()
            for rival in rivals:
                for package, found in rival.versions.items():
                    report.condition(package, found)
            for number in range(rounds):
                for concurrency in (1, MANY):
                    server.checkpoint()
                    shift = number % len(everybody)  # nobody is always the first after a checkpoint
                    for one in everybody[shift:] + everybody[:shift]:
                        if concurrency not in one.sizes:
                            continue
                        report.progress(f"round {number + 1} of {rounds}, {concurrency} at once: {one.name}")
                        await one.measure(server, concurrency)
        finally:
            ours.close()
            await asyncio.gather(*(rival.close() for rival in rivals))
            server.close()
    report.condition("load when done", round(os.getloadavg()[0], 2))
    tell(report, {one.name: one for one in everybody})


def cpu_ms(found: Round) -> float:
    """Returns the processor time of a case, the client's and the server's: what others use does not lengthen it."""
    return 1_000 * (found.ran.cpu_s + found.used.cpu_s) / found.ran.cases


def row(one: Subject, concurrency: int) -> dict[str, Cell]:
    """Returns one subject's line: medians over its rounds, latencies over all of its steps."""
    rounds = one.rounds[concurrency]
    steps_ms = [value for found in rounds for value in found.ran.steps_ms]
    return {
        "": one.name,
        "cases/s": round(median(found.per_s for found in rounds), 1),
        "step p50 ms": round(median(steps_ms), 2),
        "step p99 ms": round(percentile(steps_ms, 0.99), 2),
        "client CPU ms/case": round(median(1_000 * found.ran.cpu_s / found.ran.cases for found in rounds), 2),
        "PostgreSQL CPU ms/case": round(median(1_000 * found.used.cpu_s / found.ran.cases for found in rounds), 2),
        "WAL KB/case": round(median(found.used.wal_bytes / 1_024 / found.ran.cases for found in rounds), 1),
        "stored KB/case": round(median(found.used.stored_bytes / 1_024 / found.ran.cases for found in rounds), 1),
    }


def shares(one: Subject) -> dict[str, Cell]:
    """Returns who used the processor at many, for ours, and how many cases ran at the same time."""
    rounds = [found.ran for found in one.rounds[MANY]]
    used = {name: median(1_000 * ran.shares_s[name] / ran.cases for ran in rounds) for name in rounds[0].shares_s}
    at_once = median(ran.at_once for ran in rounds)
    return {"": one.name, **{name: round(value, 2) for name, value in used.items()}, "running": round(at_once, 1)}


def tell(report: Report, everybody: Mapping[str, Subject]) -> None:
    """Adds the tables, and the figures with their targets."""
    ours = everybody[OURS]
    for concurrency in (1, MANY):
        report.table(
            f"{concurrency} at once", [row(one, concurrency) for one in everybody.values() if concurrency in one.sizes]
        )
    kinds: list[dict[str, Cell]] = []
    p50: dict[str, float] = {}
    for kind in dict.fromkeys(KINDS):
        line: dict[str, Cell] = {"step of ours": kind}
        for concurrency in (1, MANY):
            values = [value for found in ours.rounds[concurrency] for value in found.ran.by_kind[kind]]
            p50[f"{kind} {concurrency}"] = median(values)
            line |= {
                f"p50 ms at {concurrency}": round(median(values), 2),
                f"p99 ms at {concurrency}": round(percentile(values, 0.99), 2),
            }
        kinds.append(line)
    report.table("by kind", kinds)
    effects = [value for found in ours.rounds[1] for value in found.ran.by_kind["effect"]]
    report.table(
        "effects at 1",
        [
            {"effect of a case": what, "p50 ms": round(median(effects[number::EFFECTS]), 2)}
            for number, what in enumerate(("first: its intent takes the eight steps before it along", "second"))
        ],
    )
    report.table("client CPU ms/case of ours", [shares(everybody[name]) for name in (OURS, OPENED)])
    langgraph = [name for name in (*LANGGRAPH, *PIPELINED) if name in everybody]
    graphs = [*langgraph, DEFAULT]
    rates = {name: [found.per_s for found in one.rounds[MANY]] for name, one in everybody.items()}
    report.figure(
        f"at {MANY}: cases/s of the better LangGraph",
        ratio(rates[OURS], [rates[name] for name in graphs]),
        unit="times",
        at_least=OVER_LANGGRAPH,
    )
    report.figure(
        f"at {MANY}: cases/s of the better DBOS",
        ratio(rates[OURS], [rates[name] for name in DBOS]),
        unit="times",
        at_least=OVER_DBOS,
    )
    for name, theirs in (("LangGraph", graphs), ("DBOS", DBOS), ("floor", [FLOOR])):
        found = ratio(rates[OPENED], [rates[one] for one in theirs])
        report.figure(f"at {MANY}, cases open: cases/s of {name}", found, unit="times")
    used = {name: [-cpu_ms(found) for found in one.rounds[MANY]] for name, one in everybody.items()}
    for name, theirs in (("LangGraph", graphs), ("DBOS", DBOS)):
        found = ratio(used[OURS], [used[one] for one in theirs])
        report.figure(f"at {MANY}: processor time of a case by that of the thriftiest {name}", found, unit="times")
    langgraph_ms = min(median(all_steps(everybody[name], 1)) for name in langgraph)
    for kind, share in (("read", STEP_SHARE), ("model", STEP_SHARE), ("effect", EFFECT_SHARE)):
        found = p50[f"{kind} 1"] / langgraph_ms
        report.figure(f"at 1: {kind} by the better LangGraph's step", found, unit="times", at_most=share)
    found = median(all_cases(ours, 1)) / min(median(all_cases(everybody[name], 1)) for name in langgraph)
    report.figure("at 1: ten steps by the better LangGraph's ten", found, unit="times")
    default_ms = median(all_steps(everybody[DEFAULT], 1))
    for kind in ("read", "model"):
        report.figure(
            f"at 1: {kind} by LangGraph's step, default durability", p50[f"{kind} 1"] / default_ms, unit="times"
        )
    starts_ms = [value for one in ours.rounds[1] for value in one.ran.starts_ms]
    report.figure("submits to an idle worker", len(starts_ms), at_least=STARTS)
    report.figure("submit to start, idle worker: median", median(starts_ms), unit="ms", at_most=START_MS)
    report.figure("submit to start, idle worker: p99", percentile(starts_ms, 0.99), unit="ms")


def all_steps(one: Subject, concurrency: int) -> list[float]:
    """Returns the latencies of all steps of all rounds."""
    return [value for found in one.rounds[concurrency] for value in found.ran.steps_ms]


def all_cases(one: Subject, concurrency: int) -> list[float]:
    """Returns what the steps of each case of all rounds took together; they come case by case."""
    steps_ms = all_steps(one, concurrency)
    return [sum(steps_ms[first : first + STEPS]) for first in range(0, len(steps_ms), STEPS)]


def main(argv: Sequence[str] | None = None) -> None:
    report = Report("steps", __doc__ or "", argv, packages="psycopg procrastinate")
    if said := missing():
        print(said, file=sys.stderr)
        sys.exit(MISSING)
    with database_folder() as folder:
        asyncio.run(measure(report, folder))
    sys.exit(report.close())


if __name__ == "__main__":
    main()
