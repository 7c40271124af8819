"""Takes a worker away in the middle of its cases and measures, with default settings, until another has them all.

Two losses: the process is killed (its connections drop, which the database sees) and the process is frozen with
its connections standing, as when its host or the network is lost (only its lease tells). Every case is at a read
when its worker goes; the clock runs until each of them is in the hands of the other worker, and afterwards the
frozen one is let go on. Books that are not Bridgehead's say how often each order was booked.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.report import Cell, Report, database_folder
from bridgehead.app import App
from bridgehead.clock import boot_s
from bridgehead.ids import jitter
from bridgehead.settings import Settings
from bridgehead.storage import embedded
from tests.support.world import WorkerProcess, World, end_all

KILLED_S: Final = 5.0
FROZEN_S: Final = 20.0
CODE: Final = """
@read(max_age="15m")
async def customer(number: str) -> str:
    while (Path(__file__).parent / "stop").exists():
        await asyncio.sleep(0.01)
    return number

@reversible(key="po", verify=find)
async def book(po: str, amount: int) -> Booking:
    enter(po=po, number=f"N-{po}", amount=amount)
    return Booking(f"N-{po}", po, amount)

async def agent(case: Case[dict], ctx: Context) -> Booking:
    await customer(case.input["po"])
    return await book(case.input["po"], 1)
"""


@dataclass
class Losses:
    """The workers of one run, oldest first, and how long each loss took to be made good."""

    world: World
    cases: int
    workers: list[WorkerProcess] = field(default_factory=list)
    seconds: dict[str, list[float]] = field(default_factory=lambda: {"killed": [], "frozen": []})

    async def start(self) -> int:
        """Starts a worker and returns its number once it is registered."""
        self.workers.append(self.world.start_worker())
        pid = self.workers[-1].process.pid
        query = "select id from workers where pid = %s and stopped_at is null"

        async def there() -> bool:
            return bool(await self.world.rows(query, pid))

        await self.world.until(there, timeout_s=60, what="a worker")
        return int(str((await self.world.rows(query, pid))[0]["id"]))

    async def held_by(self, worker: int) -> int:
        """Returns how many cases run with a worker."""
        (row,) = await self.world.rows(
            "select count(*) as n from cases where state = 'running' and worker_id = %s", worker
        )
        return int(str(row["n"]))

    async def lose(self, how: str, victim: int, name: str) -> int:
        """Lets a worker take all cases, takes it away, and returns the one that took over."""
        stop = self.world.place / "stop"
        stop.touch()
        for number in range(self.cases):
            await self.world.submit({"po": f"{name}-{number}"})

        async def all_with(worker: int) -> bool:
            return await self.held_by(worker) == self.cases

        await self.world.until(lambda: all_with(victim), timeout_s=60, what="work for the one to be lost")
        successor = await self.start()
        await asyncio.sleep(4 * jitter())  # anywhere between two beats of the lease
        process = self.workers[-2]
        started = boot_s()
        if how == "killed":
            process.kill()
        else:
            process.freeze()
        await self.world.until(lambda: all_with(successor), timeout_s=60, what="the take-over")
        self.seconds[how].append(boot_s() - started)
        stop.unlink()
        await self.world.until(self.done, timeout_s=60, what="the end of all cases")
        if how == "frozen":
            process.thaw()
            pid = process.process.pid
            await self.world.until(lambda: self.anew(pid), timeout_s=60, what="the frozen worker's return")
            process.kill()
        return successor

    async def done(self) -> bool:
        """Whether every case is done."""
        (row,) = await self.world.rows("select count(*) filter (where state <> 'done') as n from cases")
        return row["n"] == 0

    async def anew(self, pid: int) -> bool:
        """Whether a worker that was taken for dead has registered again."""
        return len(await self.world.rows("select 1 from workers where pid = %s", pid)) > 1


async def measure(report: Report, folder: Path) -> None:
    rounds, cases = (1, 8) if report.quick else (5, 12)
    chosen = Settings.model_validate({"home": folder, "database_url": embedded.start(folder)})
    for name in ("lease_s", "sweep_s", "send_s", "concurrency"):
        report.condition(f"setting {name}", getattr(chosen, name))
    report.condition("rounds", rounds)
    report.condition("cases in the lost worker's hands", cases)
    async with App.opened(chosen) as app:
        world = World(app, folder)
        await world.deploy(CODE, tools="customer: allow\nbook: allow")
        losses = Losses(world, cases)
        try:
            worker = await losses.start()
            for number in range(rounds):
                for how in ("killed", "frozen"):
                    report.progress(f"round {number + 1} of {rounds}: {how}")
                    worker = await losses.lose(how, worker, f"{number}-{how}")
        finally:
            end_all(losses.workers)
        booked = [str(entry["po"]) for entry in world.books()]
    rows: list[dict[str, Cell]] = [
        {"worker": how, "rounds": len(found), "fastest s": min(found), "slowest s": max(found)}
        for how, found in losses.seconds.items()
    ]
    report.table("until every case is in other hands", rows)
    report.figure("killed: slowest take-over", max(losses.seconds["killed"]), unit="s", at_most=KILLED_S)
    report.figure("frozen: slowest take-over", max(losses.seconds["frozen"]), unit="s", at_most=FROZEN_S)
    report.figure("orders lost", 2 * rounds * cases - len(set(booked)), exactly=0)
    report.figure("orders booked twice", len(booked) - len(set(booked)), exactly=0)


def main(argv: Sequence[str] | None = None) -> None:
    report = Report("recovery", __doc__ or "", argv, packages="psycopg procrastinate")
    with database_folder() as folder:
        asyncio.run(measure(report, folder))
    sys.exit(report.close())


if __name__ == "__main__":
    main()
