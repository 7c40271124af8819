"""Counts at the server what four worker processes send it under one rate, one bound of requests under way, one 429.

The workers share nothing but the database, and each has more callers than its share gives turns to. Rates are
counted once the burst is used up, over the whole span and over every second in it, wherever that begins. A place is
a request that may be under way. The cost of a call is what a caller waits where no limit holds it up. The limits of
a model are counted at the model, with turns of cases that 2 and 4 real workers run.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import Final

import psycopg

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.report import Cell, Report, database_folder
from bridgehead.app import App
from bridgehead.cases.modelling import BURST
from bridgehead.clock import boot_s, perf_s
from bridgehead.resilience.limiter import Limiter
from bridgehead.resilience.ports import Bounds
from bridgehead.resilience.rate import Rate
from bridgehead.resilience.slots import AHEAD_S
from bridgehead.settings import Settings
from bridgehead.storage import embedded
from bridgehead.storage.database import Database
from bridgehead.storage.limits import SharedLimits
from bridgehead.storage.migrate import migrate
from tests.support.counting import Counting, workers
from tests.support.limited_worker import Load
from tests.support.model_load import INPUT, OUTPUT, asking
from tests.support.world import World

WORKERS: Final = 4
WITHIN: Final = 0.02
ANSWER_S: Final = 0.02
LEASE_S: Final = 3.0
RETRY_AFTER_S: Final = 2
COST_MS: Final = 0.3
TURNS_PER_S: Final = 20


async def at_work(seen: Counting) -> None:
    """Returns when every worker has sent something."""
    while len(set(seen.by)) < WORKERS:
        await seen.until(len(seen.by) + 1, timeout_s=30)


async def rate(report: Report, url: str, per_s: float, burst: int, seconds: float) -> dict[str, Cell]:
    """Counts what arrives under a rate."""
    report.progress(f"{per_s:.0f} a second in bursts of {burst}, {seconds:.0f} s")
    callers = max(4, int(per_s * AHEAD_S))
    async with Counting().open() as seen:
        load = Load(url, seen.port, rate=per_s, burst=burst, callers=callers, system=f"rate-{per_s}")
        async with workers(load, WORKERS):
            await at_work(seen)
            await seen.until(len(seen.by) + 2 * burst, timeout_s=60)
            start_s = boot_s()
            await asyncio.sleep(seconds)
            end_s = boot_s()
        sent = seen.between(start_s, end_s)
        seen.came_s = [at_s for at_s in seen.came_s if start_s <= at_s < end_s]
        busiest = seen.busiest(1.0)
    share = sent / (per_s * (end_s - start_s))
    name = f"{per_s:.0f}/s"
    # One request more or less is where the span happens to begin.
    one = 1 / (per_s * seconds)
    report.figure(f"{name}: sent of what it gives", share, at_least=1 - WITHIN - one, at_most=1 + WITHIN + one)
    report.figure(f"{name}: most in any second", busiest, at_most=(1 + WITHIN) * per_s + burst)
    return {
        "rate": name,
        "burst": burst,
        "callers a worker": callers,
        "seconds": round(end_s - start_s, 1),
        "sent": sent,
        "of the rate %": round(100 * share, 2),
        "most in any second": busiest,
        "longest gap, ms": round(1_000 * seen.gap(start_s, end_s), 1),
    }


async def places(report: Report, url: str, cap: int, seconds: float) -> dict[str, Cell]:
    """Counts what is under way under a bound, and how the workers share it."""
    report.progress(f"{cap} under way, {seconds:.0f} s")
    async with Counting(answer_s=ANSWER_S).open() as seen:
        async with workers(Load(url, seen.port, concurrency=cap, callers=cap, system=f"places-{cap}"), WORKERS):
            await at_work(seen)
            first = len(seen.by)
            start_s = boot_s()
            await asyncio.sleep(seconds)
            end_s = boot_s()
        sent = seen.between(start_s, end_s)
        by = seen.by[first:]
    report.figure(f"{cap} places: most under way", seen.most, exactly=cap)
    shares = sorted(by.count(worker) for worker in set(by))
    report.figure(f"{cap} places: workers served", len(shares), exactly=WORKERS)
    return {
        "places": cap,
        "most under way": seen.most,
        "sent": sent,
        "in use %": round(100 * sent * ANSWER_S / (cap * (end_s - start_s)), 1),
        "least a worker sent": shares[0],
        "most a worker sent": shares[-1],
    }


async def killed(report: Report, url: str, database: Database) -> None:
    """Kills the worker that holds every place and waits for them."""
    report.progress("a worker with every place is killed")
    async with (
        Counting().open() as seen,
        workers(Load(url, seen.port, concurrency=2, callers=4, lease_s=LEASE_S, system="killed"), 1) as (worker,),
    ):
        await seen.until(50)
        limits = SharedLimits(database, "killed", Bounds(concurrency=2), lease_s=LEASE_S)
        start_s = boot_s()
        worker.kill()
        async with limits.admit(within_s=4 * LEASE_S), limits.admit(within_s=4 * LEASE_S):
            report.figure("killed: until its places are free", boot_s() - start_s, unit="s", at_most=LEASE_S + 1)
        await limits.aclose()


async def refused(report: Report, url: str) -> None:
    """Answers one request with 429 and counts what comes in the pause."""
    report.progress("a 429")
    per_s = 100.0
    async with (
        Counting(retry_after=RETRY_AFTER_S).open() as seen,
        workers(Load(url, seen.port, rate=per_s, burst=20, system="refused"), WORKERS),
    ):
        await at_work(seen)
        seen.refuse_until_s = boot_s() + 0.02
        while not seen.refused_s:
            await seen.until(len(seen.by) + 1)
        first_s = seen.refused_s[0]
        await asyncio.sleep(RETRY_AFTER_S + 1.0)
        after = next((at_s for at_s in seen.came_s if at_s > first_s + RETRY_AFTER_S / 2), first_s)
        late = seen.between(first_s, first_s + RETRY_AFTER_S - 0.01)
        last_s = max((at_s for at_s in seen.came_s if at_s < first_s + RETRY_AFTER_S / 2), default=first_s)
        again = seen.between(first_s + RETRY_AFTER_S, first_s + RETRY_AFTER_S + 0.5)
    report.figure("429: last request after it", 1_000 * (last_s - first_s), unit="ms", at_most=250)
    report.figure("429: requests in the pause, drawn before", late, at_most=per_s * AHEAD_S * WORKERS)
    report.figure("429: until requests come again", after - first_s, unit="s", at_least=RETRY_AFTER_S - 0.05)
    report.figure("429: requests in the half second after", again, at_most=(1 + WITHIN) * per_s / 2 + 2)


async def cost(limits: Limiter, calls: int, at_once: int) -> float:
    """Returns what admitting one call takes where nothing holds it up, in milliseconds."""
    left = iter(range(calls))

    async def caller() -> None:
        for _ in left:
            async with limits.admit():
                await asyncio.sleep(0)

    async with limits.admit():
        start_s = perf_s()
    async with asyncio.TaskGroup() as group:
        for _ in range(at_once):
            group.create_task(caller())
    taken_s = perf_s() - start_s
    await limits.aclose()
    return 1_000 * taken_s / calls


async def costs(report: Report, database: Database) -> None:
    report.progress("the cost of a call")
    calls = 2_000 if report.quick else 10_000
    wide = Rate(1_000_000.0, 10_000)
    kinds = {
        "nothing declared": Bounds(),
        "a rate": Bounds(wide),
        "places": Bounds(concurrency=50),
        "both": Bounds(wide, 50),
    }
    rows: list[dict[str, Cell]] = []
    for name, bounds in kinds.items():
        row: dict[str, Cell] = {"declared": name}
        for at_once in (1, 50):
            found = await cost(SharedLimits(database, f"cost-{name}-{at_once}", bounds), calls, at_once)
            row[f"ms a call, {at_once} at once"] = round(found, 4)
            if at_once > 1 or name == "nothing declared":
                report.figure(f"{name}, {at_once} at once: a call", found, unit="ms", at_most=COST_MS)
        rows.append(row)
    report.table("what admitting a call costs", rows)


async def models(report: Report, url: str, folder: Path, count: int, kind: str, seconds: float) -> dict[str, Cell]:
    """Counts at a model what the cases of real workers ask under a limit of requests, or of tokens."""
    report.progress(f"a model's limit of {kind}, {count} workers, {seconds:.0f} s")
    name = f"m{count}{kind}"
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute(f"create database {name}".encode())
    place = folder / name
    place.mkdir()
    chosen = Settings.model_validate({"home": place, "database_url": url.replace("/postgres?", f"/{name}?")})
    quota = TURNS_PER_S * (1 if kind == "requests" else INPUT + OUTPUT)
    async with App.opened(chosen) as app:
        load = asking(World(app, place), f"{{{kind}: {quota}/s}}", count=count, cases=8 * count, turns=400)
        async with load as model:
            while len(model.by) < count:  # noqa: ASYNC110  # other processes' doing
                await asyncio.sleep(0.1)
            await asyncio.sleep(2.0)
            start_s = boot_s()
            await asyncio.sleep(seconds)
            end_s = boot_s()
    sent = model.between(start_s, end_s)
    even = TURNS_PER_S * (1 - BURST) * (end_s - start_s)  # a tenth of a quota is for bursts
    of = f"model, {count} workers, {kind}"
    report.figure(
        f"{of}: sent of what it gives", sent / even, at_least=1 - WITHIN - 2 / even, at_most=1 + WITHIN + 2 / even
    )
    # Counted where they arrive: what a busy machine delays comes together. Without one limit for all it is double.
    report.figure(f"{of}: most in any second, of the quota", model.busiest(1.0), at_most=1.25 * TURNS_PER_S)
    return {
        "workers": count,
        "limit": f"{quota} {kind}/s",
        "seconds": round(end_s - start_s, 1),
        "turns": sent,
        "of the even rate %": round(100 * sent / even, 1),
        "most in any second": model.busiest(1.0),
    }


async def measure(report: Report, url: str, folder: Path) -> None:
    seconds = 5.0 if report.quick else 30.0
    database = Database(url)
    await database.open()
    try:
        await migrate(database, queue_schema="")
        await costs(report, database)
        rates = ((20.0, 1), (200.0, 20)) if report.quick else ((20.0, 1), (200.0, 20), (1_000.0, 50))
        report.table(
            f"what {WORKERS} workers send under one rate",
            [await rate(report, url, per_s, burst, seconds) for per_s, burst in rates],
        )
        report.table(
            f"what {WORKERS} workers have under way, answers after {1_000 * ANSWER_S:.0f} ms",
            [await places(report, url, cap, seconds / 2) for cap in (2, 8)],
        )
        await killed(report, url, database)
        await refused(report, url)
        cells = ((4, "requests"), (4, "tokens")) if report.quick else tuple(product((2, 4), ("requests", "tokens")))
        report.table(
            "turns of one model under one limit",
            [await models(report, url, folder, count, kind, seconds) for count, kind in cells],
        )
    finally:
        await database.close()


def main(argv: Sequence[str] | None = None) -> None:
    report = Report("limits", __doc__ or "", argv, packages="psycopg psycopg-pool")
    report.condition("workers", WORKERS)
    report.condition("answer time under a bound of places, ms", 1_000 * ANSWER_S)
    report.condition("lease of the killed worker's places, s", LEASE_S)
    with database_folder() as folder:
        asyncio.run(measure(report, embedded.start(folder), folder))
    sys.exit(report.close())


if __name__ == "__main__":
    main()
