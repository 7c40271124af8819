"""Takes a system down under load and counts at the system itself what its workers send it, for 1, 2 and 4 workers.

The system is an HTTP server in a process of its own. Cases arrive evenly; each reads from it once. Without an outage
the calls are as many as the cases, so every call beyond that is extra. The steady rate is the rate of arrivals. The
system bears twice that rate and refuses a crowd: a stampede of those who waited would bring it down again. Beside it
the retry budget alone (no breaker): of the calls that one worker makes again until the outage ends. Then a rate
limit of 1, 2 and 4 workers. ``--without breaker`` or ``--without budget`` takes that guard away; a target must be
missed then.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
from bisect import bisect_left
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Final

import httpx
import psycopg

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.report import Cell, Report, database_folder
from bridgehead.app import App
from bridgehead.clock import boot_s
from bridgehead.resilience.retry import BURST, RATIO
from bridgehead.settings import Settings
from bridgehead.storage import embedded
from tests.support.counting import Counting, workers
from tests.support.limited_worker import Load
from tests.support.world import World

ROOT: Final = Path(__file__).resolve().parent.parent
WORKERS: Final = (1, 2, 4)
OPEN_S: Final = 2.0
EXTRA: Final = 0.1
BURSTS: Final = 1.5
LOWEST: Final = 0.8
WITHIN: Final = 0.02
BIN_S: Final = 4.0
CODE: Final = """
import httpx

URL = (Path(__file__).parent / "url").read_text()
CLIENT = httpx.AsyncClient(trust_env=False, limits=httpx.Limits(max_connections=64))

@read(timeout="10s", hedge=False)
async def stock(po: str) -> int:
    answer = await CLIENT.get(f"{URL}/stock/{po}")
    if answer.status_code != 200:
        raise Failed("it is down", error_class="dependency_down", applied=False)
    return answer.json()

async def agent(case: Case[dict], ctx: Context) -> int:
    return await stock(case.input["po"])
"""


@dataclass(frozen=True)
class Shape:
    """How long and how fast: arrivals a second, seconds of steady work, of outage, and most seconds after it."""

    per_s: float
    steady_s: float
    outage_s: float
    after_s: float
    open_most_s: float
    ramp_s: float

    @property
    def arrive_s(self) -> float:
        """Seconds of arrivals after the outage."""
        return self.after_s / 3


QUICK: Final = Shape(per_s=8.0, steady_s=7.0, outage_s=3.0, after_s=30.0, open_most_s=2.0, ramp_s=1.0)
FULL: Final = Shape(per_s=16.0, steady_s=20.0, outage_s=30.0, after_s=240.0, open_most_s=15.0, ramp_s=5.0)


@dataclass
class Outage:
    """One run: what the system saw, when it went and came back, and how the cases ended."""

    workers: int
    cases: int = 0
    warm: int = 0
    done: int = 0
    with_person: int = 0
    began_s: float = 0.0
    down_s: float = 0.0
    up_s: float = 0.0
    arrived_s: float = 0.0
    end_s: float = 0.0
    last_wait_s: float = 0.0
    seen: list[tuple[float, str, bool]] = field(default_factory=list)
    opened_s: list[float] = field(default_factory=list)

    @property
    def per_s(self) -> float:
        """The rate of arrivals, as it came to be."""
        return (self.cases - self.warm) / (self.arrived_s - self.began_s)

    @property
    def most_per_s(self) -> float:
        """The rate that calls may come back to: of arrivals, or of calls before the outage where more came then.

        On a machine that is busy later on fewer cases arrive than before; the workers go by what they have seen.
        """
        return max(self.per_s, self.between(self.began_s, self.down_s) / (self.down_s - self.began_s))

    def between(self, start_s: float, end_s: float, *, good: bool = False) -> int:
        """Returns how many calls came in a span; ``good``: and were answered with success."""
        return sum(1 for at_s, _, up in self.seen if start_s <= at_s < end_s and (up or not good))

    def busiest(self, start_s: float, end_s: float, width_s: float) -> int:
        """Returns the most calls in any span of a width that begins with a call."""
        came = sorted(at_s for at_s, _, _ in self.seen if start_s <= at_s < end_s)
        return max((bisect_left(came, at_s + width_s) - place for place, at_s in enumerate(came)), default=0)


def start(
    command: Sequence[str],
    *,
    env: Mapping[str, str] | None = None,
    stdin: int | None = None,
    stdout: int | None = None,
    stderr: IO[bytes] | None = None,
) -> subprocess.Popen[bytes]:
    """Starts a process of this interpreter."""
    return subprocess.Popen([sys.executable, *command], cwd=ROOT, env=env, stdin=stdin, stdout=stdout, stderr=stderr)


@asynccontextmanager
async def system(places: int) -> AsyncIterator[httpx.AsyncClient]:
    """Runs the system; gives a client of it."""
    process = start(
        [str(ROOT / "bench" / "outage_server.py"), str(places)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        port = int(await asyncio.to_thread(process.stdout.readline))
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=30) as client:
            yield client
    finally:
        process.kill()
        process.wait()


async def state(client: httpx.AsyncClient, failing: float) -> float:
    """Takes the system down or brings it back; returns when."""
    return float((await client.post("/state", json={"failing": failing})).json())


async def run(url: str, folder: Path, shape: Shape, count: int, *, breaker: bool, budget: bool, back: bool) -> Outage:
    """Runs one cell; ``back=False`` ends it with the outage."""
    name = f"o{count}{'' if back else 'b'}"
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute(f"create database {name}".encode())
    place = folder / name
    place.mkdir()
    chosen = Settings.model_validate({"home": place, "database_url": url.replace("/postgres?", f"/{name}?")})
    cell = Outage(count)
    how = {"open_most_s": shape.open_most_s, "ramp_s": shape.ramp_s, "breaker": breaker, "budget": budget}
    async with system(max(1, round(2 * shape.per_s * 0.05))) as client, App.opened(chosen) as app:
        world = World(app, place)
        world.write(CODE, tools="stock: allow")
        (world.place / "url").write_text(str(client.base_url).rstrip("/"))
        await world.deploy(CODE, tools="stock: allow")
        logs = [place / f"worker-{number}.log" for number in range(count)]
        started = []
        for log in logs:
            with log.open("wb") as out:
                command = [str(ROOT / "bench" / "outage_worker.py"), str(world.place), json.dumps(how)]
                started.append(start(command, env=world.environment(), stderr=out))
        try:
            await _drive(world, client, shape, cell, back=back)
        finally:
            for process in started:
                process.kill()
                process.wait()
        rows = await world.rows("select state, count(*) as n from cases group by state")
        counted = {str(row["state"]): int(str(row["n"])) for row in rows}
        cell.done, cell.with_person = counted.get("done", 0), counted.get("with_person", 0)
        (slowest,) = await world.rows(
            "select coalesce(extract(epoch from max(closed_at - received_at)), 0)::float8 as s from cases"
        )
        cell.last_wait_s = float(str(slowest["s"]))
        cell.seen = [(float(at_s), str(number), bool(up)) for at_s, number, up in (await client.get("/seen")).json()]
    for log in logs:
        opened = [float(line.split(" ", 1)[0]) for line in log.read_text().splitlines() if line.endswith("is open")]
        cell.opened_s.append(min((at_s for at_s in opened if at_s >= cell.down_s), default=float("inf")))
    return cell


async def _drive(world: World, client: httpx.AsyncClient, shape: Shape, cell: Outage, *, back: bool) -> None:
    """Submits evenly, takes the system down and brings it back, and waits for the last case."""
    query = "select count(*) as n from workers where stopped_at is null"

    async def all_there() -> bool:
        (row,) = await world.rows(query)
        return int(str(row["n"])) == cell.workers

    await world.until(all_there, timeout_s=60, what="the workers")
    # Every worker has read and called something before the clock starts; no faster than later, for workers count that.
    for number in range(8 * cell.workers):
        await world.submit({"po": f"w{number}"})
        cell.cases += 1
        await asyncio.sleep(1 / shape.per_s)
    await world.until(world.at_rest, timeout_s=60, what="the first cases")
    cell.warm = cell.cases
    stop = asyncio.Event()

    async def arrive() -> None:
        due_s = cell.began_s = boot_s()
        while not stop.is_set():
            await world.submit({"po": str(cell.cases)})
            cell.cases += 1
            due_s = max(due_s + 1 / shape.per_s, boot_s())  # a machine that is late does not catch up at once
            await asyncio.sleep(due_s - boot_s())
        cell.arrived_s = boot_s()

    arriving = asyncio.create_task(arrive())
    await asyncio.sleep(shape.steady_s)
    cell.down_s = await state(client, 1.0)
    await asyncio.sleep(shape.outage_s)
    cell.up_s = await state(client, 0.0)
    if back:
        await asyncio.sleep(shape.arrive_s)
    stop.set()
    await arriving

    while back and boot_s() < cell.up_s + shape.after_s and not await world.at_rest():  # noqa: ASYNC110  # the workers' doing
        await asyncio.sleep(0.2)
    cell.end_s = boot_s()


def judge(report: Report, shape: Shape, cell: Outage) -> dict[str, Cell]:
    """Records the figures of one cell and returns its row."""
    of = f"{cell.workers} worker{'s' if cell.workers > 1 else ''}"
    extra = len(cell.seen) - len({number for _, number, _ in cell.seen})
    late = cell.between(cell.down_s + OPEN_S, cell.up_s)
    opened_s = max(cell.opened_s) - cell.down_s
    probes = 1 + (shape.outage_s - OPEN_S) / min(1.0, shape.open_most_s)
    first_good_s = min((at_s for at_s, _, up in cell.seen if at_s >= cell.up_s and up), default=float("inf"))
    # Recovered: the first span with as many good calls as arrive. From there to the last arrival none may fall short.
    steps = [cell.up_s + step * 0.5 for step in range(int((shape.arrive_s) / 0.5))]
    steps = [at_s for at_s in steps if at_s + BIN_S <= cell.up_s + shape.arrive_s]
    spans = [(at_s, cell.between(at_s, at_s + BIN_S, good=True) / (BIN_S * cell.per_s)) for at_s in steps]
    recovered_s = next((at_s for at_s, share in spans if share >= 1.0), float("inf"))
    lowest = min((share for at_s, share in spans if at_s >= recovered_s), default=0.0)
    failed_after = cell.between(first_good_s, cell.end_s) - cell.between(first_good_s, cell.end_s, good=True)
    most = cell.busiest(cell.up_s, cell.end_s, BIN_S)
    # A worker's turns are even: each may have one call more in a span than its share.
    bound = BURSTS * cell.most_per_s * BIN_S + cell.workers
    report.figure(f"{of}: extra calls of the calls without an outage", extra / cell.cases, at_most=EXTRA)
    if opened_s != float("inf"):
        report.figure(f"{of}: until every worker's breaker is open", opened_s, unit="s", at_most=OPEN_S)
    report.figure(
        f"{of}: breakers that opened", sum(at_s != float("inf") for at_s in cell.opened_s), exactly=cell.workers
    )
    report.figure(f"{of}: calls in the outage after its first 2 s", late, at_most=probes)
    report.figure(f"{of}: most calls in {BIN_S:.0f} s after it", most, at_most=bound)
    report.figure(f"{of}: calls that failed after the first good one", failed_after, at_most=EXTRA * cell.cases)
    back_s = shape.open_most_s + shape.ramp_s + 2 * BIN_S
    report.figure(
        f"{of}: until calls are back at the steady rate", min(recovered_s - cell.up_s, 1e6), unit="s", at_most=back_s
    )
    report.figure(f"{of}: lowest rate from then on, of the steady one", lowest, at_least=LOWEST)
    longest = 4.0 * (shape.outage_s + back_s)
    report.figure(f"{of}: longest from arrival to end", cell.last_wait_s, unit="s", at_most=longest)
    report.figure(f"{of}: cases neither done nor with a person", cell.cases - cell.done - cell.with_person, exactly=0)
    return {
        "workers": cell.workers,
        "arrivals/s": round(cell.per_s, 2),
        "cases": cell.cases,
        "done": cell.done,
        "with a person": cell.with_person,
        "calls": len(cell.seen),
        "extra": extra,
        "in the outage": cell.between(cell.down_s, cell.up_s),
        "after 2 s of it": late,
        "first good, s": round(min(first_good_s - cell.up_s, 1e6), 1),
        "back, s": round(min(recovered_s - cell.up_s, 1e6), 1),
        "longest case, s": round(cell.last_wait_s, 1),
    }


def by_second(cell: Outage) -> dict[str, Cell]:
    """Returns how many calls came in each second, for people to see the shape of it."""
    seconds = range(int(cell.end_s - cell.down_s))
    counts = [cell.between(cell.down_s + second, cell.down_s + second + 1) for second in seconds]
    return {"workers": cell.workers, "calls": " ".join(map(str, counts))}


def judge_budget(report: Report, cell: Outage) -> None:
    """Records what one worker without a breaker made again until the outage ended."""
    calls = Counter(number for at_s, number, _ in cell.seen if at_s < cell.up_s)
    first, again = len(calls), sum(calls.values()) - len(calls)
    report.figure("budget alone: calls made again", again, at_most=RATIO * first + BURST)
    report.table("the retry budget alone, one worker, no breaker", [{"first attempts": first, "made again": again}])


async def limited(report: Report, url: str, count: int, seconds: float) -> dict[str, Cell]:
    """Counts at a server what workers send under one rate."""
    per_s, burst = 50.0, 5
    async with Counting().open() as seen:
        async with workers(Load(url, seen.port, rate=per_s, burst=burst, callers=8, system=f"limit-{count}"), count):
            while len(set(seen.by)) < count:
                await seen.until(len(seen.by) + 1, timeout_s=60)
            await seen.until(len(seen.by) + 2 * burst, timeout_s=60)
            start_s = boot_s()
            await asyncio.sleep(seconds)
            end_s = boot_s()
        sent = seen.between(start_s, end_s)
    share, one = sent / (per_s * (end_s - start_s)), 1 / (per_s * seconds)
    report.figure(f"rate of 50/s, {count} workers: sent", share, at_least=1 - WITHIN - one, at_most=1 + WITHIN + one)
    return {"workers": count, "rate": "50/s", "seconds": round(end_s - start_s, 1), "sent": sent}


async def measure(report: Report, folder: Path, without: str | None) -> None:
    url, shape = embedded.start(folder), QUICK if report.quick else FULL
    guards = {"breaker": without != "breaker", "budget": without != "budget"}
    report.condition("arrivals a second", shape.per_s)
    report.condition("steady, down, after, s", f"{shape.steady_s:g}, {shape.outage_s:g}, at most {shape.after_s:g}")
    report.condition("longest wait for a probe, s", shape.open_most_s)
    report.condition("calls come back over, s", shape.ramp_s)
    report.condition("without", without or "nothing")
    if report.quick:
        report.progress("1 and 4 workers at the same time")
        found = await asyncio.gather(*(run(url, folder, shape, count, **guards, back=True) for count in (1, 4)))
    else:
        found = []
        for count in WORKERS:
            report.progress(f"{count} workers")
            found.append(await run(url, folder, shape, count, **guards, back=True))
    report.progress("the budget alone, and rate limits" if report.quick else "the budget alone")
    lone = run(url, folder, shape, 1, breaker=False, budget=guards["budget"], back=False)
    name, counts = url.replace("/postgres?", f"/o{WORKERS[0]}?"), () if without is not None else WORKERS
    if report.quick:
        beside = asyncio.gather(*(limited(report, name, count, 3.0) for count in counts))
        alone, rows = await asyncio.gather(lone, beside)
    else:
        alone = await lone
        report.progress("rate limits")
        rows = [await limited(report, name, count, 20.0) for count in counts]
    report.table("an outage", [judge(report, shape, cell) for cell in found])
    report.table("calls in each second from the outage's begin on", [by_second(cell) for cell in found])
    judge_budget(report, alone)
    report.table("a rate limit", rows)


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--without", choices=("breaker", "budget"))
    chosen, rest = parser.parse_known_args(argv)
    report = Report("outage", __doc__ or "", rest, packages="psycopg procrastinate httpx")
    with database_folder() as folder:
        asyncio.run(measure(report, folder, chosen.without))
    sys.exit(report.close())


if __name__ == "__main__":
    main()
