"""Measures when a case is with a person whose worker was frozen or killed shortly before its deadline.

Two worker processes with default settings share cases whose agent books something just after its case's deadline, as
if it had not noticed. In each round one worker is stopped with a real signal before it would hand its cases over by
itself: frozen (SIGSTOP, thawed after the deadline), killed (SIGKILL), or left alone. What counts is the time between
a case's deadline and its open review, on the database's clock, and what any agent booked. ``--alone`` runs without
the second worker: a target must be missed.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.report import Cell, Report, database_folder
from bridgehead.app import App
from bridgehead.clock import boot_s
from bridgehead.settings import Settings
from bridgehead.storage import embedded
from tests.support.world import WorkerProcess, World, end_all

DEADLINE_S: Final = 8.0
STOPPED_S: Final = 1.5
"""So long before the deadline a worker is stopped: its own hand-over comes a tenth of the deadline before it."""
THAWED_S: Final = 1.0
CASES: Final = 8
WAYS: Final = ("frozen", "killed", "left alone")
CODE: Final = """
from datetime import timedelta
from bridgehead.clock import utc_now

@reversible(key="po", verify=find)
async def book(po: str, amount: int) -> Booking:
    enter(po=po, number=f"N-{po}", amount=amount)
    return Booking(f"N-{po}", po, amount)

async def agent(case: Case[dict], ctx: Context) -> Booking:
    po = case.input["po"]
    (Path(__file__).parent / f"at-{po}").write_text(str(os.getpid()))
    while utc_now() < case.deadline_at + timedelta(seconds=0.5):
        await asyncio.sleep(0.01)
    (Path(__file__).parent / f"acts-{po}").touch()
    return await book(po, 1)
"""
LATE: Final = """
    select ac.arrival_id, extract(epoch from r.opened_at - c.opened_at)::float8 - %s as late_s
    from cases c join arrival_cases ac on ac.case_id = c.id join reviews r on r.case_id = c.id
"""


@dataclass
class Rounds:
    """Rounds of cases over two workers, and how late each case was with a person, by whose it was."""

    world: World
    size: int
    workers: list[WorkerProcess] = field(default_factory=list)
    late_s: dict[str, list[float]] = field(default_factory=dict)

    async def run(self, name: str, way: str) -> None:
        """Runs one round."""
        while len(self.workers) < self.size:
            self.workers.append(self.world.start_worker())
        await self.world.until(self.registered, timeout_s=60, what="the workers")
        names = [f"{name}-{number}" for number in range(CASES)]
        by_arrival = {await self.world.submit({"po": po}): po for po in names}

        async def started() -> bool:
            return all(self.file("at", po).exists() for po in names)

        await self.world.until(started, timeout_s=DEADLINE_S, what="the start of all cases")
        pid = self.workers[0].process.pid
        of_first = {po for po in names if self.file("at", po).read_text() == str(pid)}
        first_s, last_s = await self.moments()
        await asyncio.sleep(max(0.0, first_s - STOPPED_S - boot_s()))
        if way == "frozen":
            self.workers[0].freeze()
        elif way == "killed":
            self.workers.pop(0).kill()
        await asyncio.sleep(max(0.0, last_s + THAWED_S - boot_s()))
        if way == "frozen":
            self.workers[0].thaw()
        if way == "killed" and not self.workers:
            self.workers.append(self.world.start_worker())

        async def handed() -> bool:
            rows = await self.world.rows("select 1 from cases where state not in ('with_person', 'done')")
            return not rows and (way != "frozen" or all(self.file("acts", po).exists() for po in of_first))

        await self.world.until(handed, timeout_s=60, what="the hand-over")
        for row in await self.world.rows(LATE, DEADLINE_S):
            po = by_arrival.get(int(str(row["arrival_id"])))
            if po is not None:
                whose = way if po in of_first else "of the other worker"
                self.late_s.setdefault(whose, []).append(float(str(row["late_s"])))

    async def moments(self) -> tuple[float, float]:
        """Returns the first and the last deadline of the cases that run, on the boot clock."""
        (row,) = await self.world.rows(
            "select extract(epoch from min(deadline_at) - clock_timestamp())::float8 as first_s,"
            " extract(epoch from max(deadline_at) - clock_timestamp())::float8 as last_s"
            " from cases where state = 'running'"
        )
        return boot_s() + float(str(row["first_s"])), boot_s() + float(str(row["last_s"]))

    def file(self, what: str, po: str) -> Path:
        """Returns the file by which an agent says where it is."""
        return self.world.place / f"{what}-{po}"

    async def registered(self) -> bool:
        """Whether all workers are there and none is still to be declared dead."""
        rows = await self.world.rows("select 1 from workers where stopped_at is null")
        return len(rows) >= len(self.workers)


async def measure(report: Report, folder: Path, size: int) -> None:
    """Runs the rounds and puts down what they came to."""
    each = 1 if report.quick else 6
    chosen = Settings.model_validate({"home": folder, "database_url": embedded.start(folder)})
    report.condition("rounds of each way", each)
    report.condition("cases a round", CASES)
    report.condition("worker processes", size)
    report.condition("deadline, s", DEADLINE_S)
    async with App.opened(chosen) as app:
        world = World(app, folder)
        await world.deploy(CODE, tools="book: allow", deadline=f"{DEADLINE_S:g}s")
        rounds = Rounds(world, size)
        try:
            for number in range(each):
                for way in WAYS:
                    report.progress(f"round {number + 1} of {each}: one worker {way}")
                    await rounds.run(f"{way.replace(' ', '-')}-{number}", way)
        finally:
            end_all(rounds.workers)
        booked = len(world.books())
    rows: list[dict[str, Cell]] = [
        {
            "its worker": whose,
            "cases": len(found),
            "earliest s": round(min(found), 3),
            "median s": round(statistics.median(found), 3),
            "latest s": round(max(found), 3),
        }
        for whose, found in rounds.late_s.items()
    ]
    report.table("from the deadline to the open review; below zero is in time", rows)
    every = [late for found in rounds.late_s.values() for late in found]
    report.figure("latest hand-over after the deadline", max(every), unit="s", at_most=0.0)
    report.figure("cases of a worker that was stopped", sum(len(rounds.late_s.get(how, [])) for how in WAYS[:2]))
    report.figure("booked after the deadline", booked, exactly=0)


def main(argv: Sequence[str] | None = None) -> None:
    """Runs what the command line asks for and exits with 1 where a target is missed."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    size = 1 if "--alone" in arguments else 2
    report = Report("deadlines", __doc__ or "", [one for one in arguments if one != "--alone"], packages="psycopg")
    with database_folder() as folder:
        asyncio.run(measure(report, folder, size))
    sys.exit(report.close())


if __name__ == "__main__":
    main()
