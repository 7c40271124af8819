"""Asks a model server whose latency has p50 5 s and p99 120 s over real HTTP: alone, hedged, and by a deadline.

The time is scaled; every figure is in the seconds of the server's distribution. A hedge is a second attempt after
the running p90, through what a case's turns go through (``resilience.answering``). *Theory* is the p99 of hedging
at the true p90 with as many hedges as that takes, by numerical integration of the two latencies' distribution.
Naive is one attempt alone. *Ten steps* are cases of ten turns that have 120 s: each is hedged by the second model,
and once half of the time is gone the second model is asked in the first place, as ``case.degrade`` declares it. A
case that is not done by then counts as one of ten times 120 s. Cases by the deadline run in a real worker over
PostgreSQL; *stalled* ones ask a server that never answers, however often it is asked.
``--only PART`` runs one part (``--only list`` names them), ``--unhedged`` takes hedges and stages away.
"""

from __future__ import annotations

import asyncio
import json
import math
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.report import Cell, Report
from bench.tail_server import MODELS, latency_s
from bench.tail_theory import theory_p99
from bench.tail_worker import deadlines, told
from bridgehead.clock import boot_s, perf_s
from bridgehead.costs.summary import percentile
from bridgehead.errors import Failed
from bridgehead.models import Message, OpenAICompatible, Timeouts, Turn
from bridgehead.resilience import deadline
from bridgehead.resilience.answering import Answering, Asker, Route, Stage
from bridgehead.storage import embedded

EXTRA: Final = 0.11
LEARNING: Final = 200
"""The first requests of a cell, from which the p90 is learned: their hedges count, their times do not."""
STEPS: Final = 10
TIME_S: Final = 120.0
"""The time of a case of ten steps."""
HURRY_S: Final = 60.0
"""With so much of it left the second model is asked in the first place."""
TOGETHER: Final = 8
"""Callers that share a client: a pool of httpx goes over all of its connections with each request, which at 100 takes
5.4 ms of processor time for each, and at 8 takes 1.3."""
TIMEOUTS: Final = Timeouts(600.0, 600.0, 600.0)
LOST_S: Final = 10 * TIME_S
LOOK_S: Final = 0.01
DEADLINE: Final = "deadline"


@dataclass(frozen=True, slots=True)
class Size:
    """How much is asked in a run, how close to theory its p99 has to be, how many ask at once, and at which scale.

    ``of_cases`` is the percentile of a case of ten steps. ``scale``: real seconds to a second of the distribution.
    At 1/20 its p50 takes 250 ms, which a busy event loop lengthens little; a quick run cannot wait for the longest
    answers at that scale.
    """

    requests: int
    cases: int
    within: float
    at_once: int
    scale: float
    deadline_s: float
    of_cases: float


FULL: Final = Size(30_000, 400, 0.10, 100, 1 / 20, 12.0, 0.99)
QUICK: Final = Size(1_000, 40, 0.35, 40, 1 / 50, 6.0, 0.95)
"""A p99 of so few rests on 10 of them: its standard error is about 8 %, and the budget of hedges has saved nothing.

Of cases of ten steps there are 80, so that their p95 is looked at.
"""


@contextmanager
def server(scale: float) -> Iterator[str]:
    """Gives the URL of a model server in a process of its own."""
    process = subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("tail_server.py")), str(scale)], stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        yield f"http://127.0.0.1:{int(process.stdout.readline())}/v1"
    finally:
        process.terminate()
        process.wait(10)
        process.stdout.close()


@dataclass(frozen=True, slots=True)
class Kind:
    """One cell: who is asked second, how the two correlate, and what its p99 has to keep.

    ``steps``: the bound is of cases of so many turns, which have ``TIME_S`` if they are to ``hurry``.
    """

    name: str
    hedge: str | None
    rho: float = 0.0
    bound: Callable[[Size], float] | None = None
    steps: bool = False
    hurry: bool = False


@dataclass(slots=True)
class Asked:
    """What one cell measured: seconds of the distribution, what was sent, and what the machine added to it."""

    took_s: list[float] = field(default_factory=list)
    cases_s: list[float] = field(default_factory=list)
    requests: int = 0
    attempts: int = 0
    hedges: int = 0
    waited: int = 0
    hurried: int = 0
    beyond_ms: list[float] = field(default_factory=list)
    lag_ms: list[float] = field(default_factory=list)
    server_ms: list[float] = field(default_factory=list)
    real_s: float = 0.0

    def count(self, asker: Asker) -> None:
        """Counts a turn and the attempts it took."""
        self.requests += 1
        self.attempts += len(asker.attempts)
        self.hedges += sum(spent.why == "hedge" for spent in asker.attempts)
        self.hurried += any(spent.why == "hurry" for spent in asker.attempts)

    @property
    def extra(self) -> float:
        """The calls beyond one for each request, as a share."""
        return (self.attempts - self.requests) / self.requests


def at(values: Sequence[float], share: float) -> float:
    """Returns a percentile; not a number where nothing was measured."""
    found = percentile(sorted(values), share)
    return math.nan if found is None else found


async def ask(url: str, size: Size, kind: Kind, seed: str) -> Asked:
    """Asks as often as a run's size says, through the way of a case's turns."""
    answering = Answering(routes={"slow": Route("slow", hedge=kind.hedge), "fast": Route("fast")})
    found, began_s = Asked(), perf_s()
    # Naive has no bound to keep, and takes longest.
    cases = iter(range(size.requests // STEPS // (1 if kind.bound else 2)))
    await told(url, "late")  # what it counted before is not of this cell

    async def turn(client: OpenAICompatible, number: int, stages: Sequence[Stage]) -> None:
        said: dict[str, object] = {"id": number, "rho": kind.rho, "seed": seed}
        asker = answering.asker("slow", stages=stages)

        async def one(name: str) -> str:
            return (await client.turn(Turn((Message("user", json.dumps(said)),), model=name))).model

        start_s = perf_s()
        try:
            await asker.ask(one)
        finally:
            found.count(asker)
        took_s = perf_s() - start_s
        if number >= LEARNING:
            found.took_s.append(took_s / size.scale)
        if len(asker.attempts) == 1:
            asked = asker.attempts[0].model
            found.beyond_ms.append(1_000 * (took_s - size.scale * latency_s(asked, said, 0)))

    async def caller(client: OpenAICompatible) -> None:
        for case in cases:
            start_s, hurry_s = perf_s(), boot_s() + size.scale * (TIME_S - HURRY_S)
            stages = [Stage(hurry_s, "fast")] if kind.hurry else []
            try:
                with deadline.within(size.scale * TIME_S if kind.hurry else None):
                    for step in range(STEPS):
                        await turn(client, case * STEPS + step, stages)
                took_s = (perf_s() - start_s) / size.scale
            except Failed as failed:
                if failed.error_class != "deadline":
                    raise
                took_s = LOST_S
            if case * STEPS >= LEARNING:
                found.cases_s.append(took_s)

    async def watch() -> None:
        while True:
            start_s = perf_s()
            await asyncio.sleep(LOOK_S)
            found.lag_ms.append(1_000 * (perf_s() - start_s - LOOK_S))

    watching = asyncio.create_task(watch())
    async with AsyncExitStack() as opened, asyncio.TaskGroup() as group:
        fresh = (OpenAICompatible(url, "slow", timeouts=TIMEOUTS) for _ in range(0, size.at_once, TOGETHER))
        clients = [await opened.enter_async_context(client) for client in fresh]
        for number in range(size.at_once):
            group.create_task(caller(clients[number // TOGETHER]))
    watching.cancel()
    with suppress(asyncio.CancelledError):
        await watching
    await answering.dependencies.aclose()
    found.waited = answering.hedging("slow").budget.waited
    late_s = await told(url, "late")
    assert isinstance(late_s, list)
    found.server_ms = [1_000 * late for late in late_s]
    found.real_s = perf_s() - began_s
    return found


def kinds(*, hedged: bool) -> Sequence[Kind]:
    """Returns the cells; without hedges each asks the first model alone and keeps its bound all the same."""

    def near(second: str, rho: float) -> Callable[[Size], float]:
        return lambda size: theory_p99(second, rho) * (1 + size.within)

    slow, fast = ("slow", "fast") if hedged else (None, None)
    return (
        Kind("naive", None),
        Kind("correlation 0", slow, 0.0, near("slow", 0.0)),
        Kind("correlation 0.5", slow, 0.5, near("slow", 0.5)),
        Kind("second model", fast, 0.0, lambda size: 36.0 * (1 if size is FULL else 1 + size.within)),
        Kind("ten steps", fast, 0.0, lambda _: TIME_S, steps=True, hurry=hedged),
    )


def row(kind: Kind, found: Asked) -> dict[str, Cell]:
    """Returns what a cell measured, as a row of the table."""
    second = "fast" if kind.name == "second model" else "slow"
    theory = None if kind.steps else theory_p99(second, kind.rho) if kind.bound else MODELS["slow"][1]
    return {
        "asked": kind.name,
        "requests": found.requests,
        "p50, s": round(at(found.took_s, 0.5), 1),
        "p90, s": round(at(found.took_s, 0.9), 1),
        "p99, s": round(at(found.took_s, 0.99), 1),
        "theory p99, s": None if theory is None else round(theory, 1),
        "ten steps p50, s": round(at(found.cases_s, 0.5), 1),
        "ten steps p99, s": round(at(found.cases_s, 0.99), 1),
        "extra calls %": round(100 * found.extra, 2),
        "waited for a hedge %": round(100 * found.waited / found.requests, 2),
        "second model first %": round(100 * found.hurried / found.requests, 1),
        "real s": round(found.real_s, 1),
    }


def added(kind: Kind, found: Asked) -> dict[str, Cell]:
    """Returns what the machine added to the times of a cell, in real milliseconds."""
    return {
        "asked": kind.name,
        "beyond the answer p50, ms": round(at(found.beyond_ms, 0.5), 1),
        "p99": round(at(found.beyond_ms, 0.99), 1),
        "event loop late p50": round(at(found.lag_ms, 0.5), 1),
        "p99 ": round(at(found.lag_ms, 0.99), 1),
        "server late p50": round(at(found.server_ms, 0.5), 1),
        " p99": round(at(found.server_ms, 0.99), 1),
    }


async def measure(report: Report, url: str, size: Size, chosen: Sequence[Kind]) -> None:
    """Measures the chosen cells one after the other."""
    rows: list[dict[str, Cell]] = []
    machine: list[dict[str, Cell]] = []
    for kind in chosen:
        report.progress(f"{kind.name}: of {size.requests} requests")
        found = await ask(url, size, kind, kind.name)
        rows.append(row(kind, found))
        machine.append(added(kind, found))
        if kind.bound is not None:
            times, share = (found.cases_s, size.of_cases) if kind.steps else (found.took_s, 0.99)
            report.figure(f"{kind.name}: p{share:.0%}"[:-1], at(times, share), unit="s", at_most=kind.bound(size))
            report.figure(f"{kind.name}: extra calls", found.extra, at_most=EXTRA)
    if rows:
        report.table("how long a request takes, and ten of them, in seconds of the server's distribution", rows)
        report.table("what the machine added, in real milliseconds", machine)


def parts(arguments: list[str]) -> tuple[str | None, bool]:
    """Takes this bench's own arguments out of ``arguments``: the one part to run, and whether hedges are taken away."""
    names = [kind.name for kind in kinds(hedged=True)] + [DEADLINE]
    only = None
    if "--only" in arguments:
        place = arguments.index("--only")
        only = arguments[place + 1] if len(arguments) > place + 1 else ""
        if only not in names:
            sys.exit("--only takes one of: " + ", ".join(names))
        del arguments[place : place + 2]
    hedged = "--unhedged" not in arguments
    arguments[:] = [one for one in arguments if one != "--unhedged"]
    return only, hedged


def main(argv: Sequence[str] | None = None) -> None:
    """Runs what the command line asks for and exits with 1 where a target is missed."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    only, hedged = parts(arguments)
    report = Report("tail", __doc__ or "", arguments, packages="httpx psycopg")
    size = QUICK if report.quick else FULL
    report.condition("requests a cell learns from, not in its percentiles", LEARNING)
    report.condition("hedges", "at the running p90" if hedged else "taken away (--unhedged): a target must be missed")
    report.condition("scale: real seconds to one of the distribution", size.scale)
    report.condition("real p50 of the slow model, ms", 1_000 * size.scale * MODELS["slow"][0])
    report.condition("requests at once", size.at_once)
    folder = Path(tempfile.mkdtemp(prefix="bh-"))  # short: a socket's path may have 107 characters
    folder.chmod(0o755)
    try:
        with server(size.scale) as url:
            asyncio.run(
                measure(report, url, size, [kind for kind in kinds(hedged=hedged) if only in (None, kind.name)])
            )
            if only in (None, DEADLINE):
                report.progress(f"{size.cases} cases by their deadline")
                found = deadlines(
                    report, url, embedded.start(folder / "db"), size.cases, size.deadline_s, hedged=hedged
                )
                report.table("cases by their deadline", asyncio.run(found))
    finally:
        embedded.stop(folder / "db")
        shutil.rmtree(folder, ignore_errors=True)
    sys.exit(report.close())


if __name__ == "__main__":
    main()
