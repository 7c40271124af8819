"""Asks a model server whose latency has p50 5 s and p99 120 s over real HTTP: alone, hedged, and by a deadline.

The time is scaled; every figure is in the seconds of the server's distribution. A hedge is a second attempt after
the running p90, through what a case's turns go through (``resilience.answering``). *Theory* is the p99 of hedging
at the true p90 with as many hedges as that takes, by numerical integration of the two latencies' distribution.
Naive is one attempt alone. Cases by the deadline run in a real worker over PostgreSQL; *stalled* ones ask a server
that never answers, however often it is asked.
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
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from statistics import NormalDist
from typing import Final

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.report import Cell, Report
from bench.tail_server import MODELS, latency_s, sigma
from bench.tail_worker import deadlines
from bridgehead.clock import perf_s
from bridgehead.costs.summary import percentile
from bridgehead.models import Message, OpenAICompatible, Timeouts, Turn
from bridgehead.resilience.answering import Answering, Route
from bridgehead.storage import embedded

EXTRA: Final = 0.11
LEARNING: Final = 200
"""The first requests of a cell, from which the p90 is learned: their hedges count, their times do not."""
STEPS: Final = 10
_NORMAL: Final = NormalDist()


@dataclass(frozen=True, slots=True)
class Size:
    """How much is asked in a run, how close to theory its p99 has to be, how many ask at once, and at which scale.

    ``scale``: real seconds to a second of the distribution. At 1/20 its p50 takes 250 ms, which a busy event loop
    lengthens little; a quick run cannot wait for the longest answers at that scale.
    """

    requests: int
    cases: int
    within: float
    at_once: int
    scale: float


FULL: Final = Size(30_000, 400, 0.10, 80, 1 / 20)
QUICK: Final = Size(1_200, 60, 0.35, 32, 1 / 50)
"""A p99 of so few rests on 15 of them: its standard error is about 8 %, with the first ones not yet hedged."""


def theory_p99(second: str, rho: float) -> float:
    """Returns the p99 of hedging at the p90, in seconds; the logs of the two latencies correlate by ``rho``."""
    p90_s = MODELS["slow"][0] * math.exp(sigma("slow") * _NORMAL.inv_cdf(0.9))

    def beyond(at_s: float) -> float:
        """Returns how likely neither attempt has answered: Simpson's rule over the first one's z."""
        if at_s <= p90_s:
            return 1.0
        low = math.log(at_s / MODELS["slow"][0]) / sigma("slow")
        z2 = math.log((at_s - p90_s) / MODELS[second][0]) / sigma(second)
        parts, high = 400, max(low + 1, 9.0)
        step = (high - low) / parts
        total = 0.0
        for number in range(parts + 1):
            z = low + number * step
            weight = 1 if number in (0, parts) else 4 if number % 2 else 2
            total += weight * _NORMAL.pdf(z) * (1 - _NORMAL.cdf((z2 - rho * z) / math.sqrt(1 - rho * rho)))
        return total * step / 3

    low_s, high_s = p90_s, 10 * MODELS["slow"][1]
    for _ in range(60):
        middle_s = (low_s + high_s) / 2
        low_s, high_s = (middle_s, high_s) if beyond(middle_s) > 0.01 else (low_s, middle_s)
    return high_s


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


@dataclass(slots=True)
class Asked:
    """What one cell measured: seconds of the distribution, attempts sent, and what a call took beyond its answer."""

    took_s: list[float]
    by_caller: list[list[float]]
    attempts: int
    hedges: int
    beyond_ms: list[float]

    def p(self, share: float) -> float:
        """Returns a percentile."""
        return percentile(sorted(self.took_s), share) or math.nan


async def ask(url: str, size: Size, *, hedge: str | None, rho: float, seed: str) -> Asked:
    """Asks as often as a run's size says, through the way of a case's turns."""
    answering = Answering(
        routes={"slow": Route("slow", hedge=hedge), "fast": Route("fast")},
    )
    found = Asked([], [], 0, 0, [])
    left = iter(range(size.requests))
    async with OpenAICompatible(url, "slow", timeouts=Timeouts(600.0, 600.0, 600.0), connections=512) as client:

        async def caller() -> None:
            mine: list[float] = []
            found.by_caller.append(mine)
            for number in left:
                said = {"id": number, "rho": rho, "seed": seed}
                asker = answering.asker("slow")

                async def one(name: str, said: dict[str, object] = said) -> str:
                    return (await client.turn(Turn((Message("user", json.dumps(said)),), model=name))).model

                start_s = perf_s()
                await asker.ask(one)
                took_s = perf_s() - start_s
                if number >= LEARNING:
                    found.took_s.append(took_s / size.scale)
                mine.append(took_s / size.scale)
                found.attempts += len(asker.attempts)
                found.hedges += sum(spent.why == "hedge" for spent in asker.attempts)
                if len(asker.attempts) == 1:
                    found.beyond_ms.append(1_000 * (took_s - size.scale * latency_s("slow", dict(said), 0)))

        async with asyncio.TaskGroup() as group:
            for _ in range(size.at_once):
                group.create_task(caller())
    await answering.dependencies.aclose()
    return found


@dataclass(frozen=True, slots=True)
class Kind:
    """One cell: who is asked second, how the two correlate, and what its p99 has to keep."""

    name: str
    hedge: str | None
    rho: float
    bound: Callable[[Size], float] | None = None


def kinds(hedged: bool) -> Sequence[Kind]:  # noqa: FBT001  # taken away by --unhedged alone
    """Returns the cells; without hedges each asks the first model alone and keeps its bound all the same."""

    def near(second: str, rho: float) -> Callable[[Size], float]:
        return lambda size: theory_p99(second, rho) * (1 + size.within)

    return (
        Kind("naive", None, 0.0),
        Kind("hedged, correlation 0", "slow" if hedged else None, 0.0, near("slow", 0.0)),
        Kind("hedged, correlation 0.5", "slow" if hedged else None, 0.5, near("slow", 0.5)),
        Kind("second model", "fast" if hedged else None, 0.0, lambda size: 36.0 * (1 if size is FULL else 1.25)),
    )


def steps(found: Asked) -> list[float]:
    """Returns the time of cases of ten steps: ten requests that one caller made one after the other."""
    return [sum(ten) for took in found.by_caller for mine in [iter(took)] for ten in zip(*[mine] * STEPS, strict=False)]


async def measure(report: Report, url: str, database_url: str, size: Size, *, hedged: bool) -> None:
    rows: list[dict[str, Cell]] = []
    seeds = count()
    for kind in kinds(hedged):
        report.progress(f"{kind.name}: {size.requests} requests")
        began_s = perf_s()
        found = await ask(url, size, hedge=kind.hedge, rho=kind.rho, seed=f"cell {next(seeds)}")
        extra = found.hedges / size.requests
        second = "fast" if kind.name == "second model" else "slow"
        theory = theory_p99(second, kind.rho) if kind.bound is not None else MODELS["slow"][1]
        rows.append(
            {
                "asked": kind.name,
                "requests": size.requests,
                "p50, s": round(found.p(0.5), 1),
                "p90, s": round(found.p(0.9), 1),
                "p99, s": round(found.p(0.99), 1),
                "theory p99, s": round(theory, 1),
                "extra calls %": round(100 * extra, 2),
                "p50 beyond the answer, ms": round(percentile(sorted(found.beyond_ms), 0.5) or 0, 1),
                "p99 beyond, ms": round(percentile(sorted(found.beyond_ms), 0.99) or 0, 1),
                "real s": round(perf_s() - began_s, 1),
            }
        )
        if kind.bound is not None:
            report.figure(f"{kind.name}: p99", found.p(0.99), unit="s", at_most=kind.bound(size))
            report.figure(f"{kind.name}: extra calls", extra, at_most=EXTRA)
        if kind.name in ("naive", "second model"):
            ten = sorted(steps(found))
            target = 120.0 if kind.bound is not None else None
            of = "ten steps, naive" if kind.bound is None else "ten steps with a second model"
            report.figure(f"{of}: p50 of the sum", percentile(ten, 0.5) or math.nan, unit="s")
            report.figure(f"{of}: p99 of the sum", percentile(ten, 0.99) or math.nan, unit="s", at_most=target)
    report.table("how long a request takes, in seconds of the server's distribution", rows)
    report.progress(f"{size.cases} cases by their deadline")
    report.table("cases by their deadline", await deadlines(report, url, database_url, size.cases, hedged=hedged))


def main(argv: Sequence[str] | None = None) -> None:
    arguments = list(sys.argv[1:] if argv is None else argv)
    hedged = "--unhedged" not in arguments
    report = Report("tail", __doc__ or "", [one for one in arguments if one != "--unhedged"], packages="httpx psycopg")
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
            asyncio.run(measure(report, url, embedded.start(folder / "db"), size, hedged=hedged))
    finally:
        embedded.stop(folder / "db")
        shutil.rmtree(folder, ignore_errors=True)
    sys.exit(report.close())


if __name__ == "__main__":
    main()
