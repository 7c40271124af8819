"""Measures how long workers go on with what an operator has just stopped.

Two worker processes with default settings each run a case whose agent calls one writing tool again and again, and
the tool notes the boot clock. In each round the deployment is paused, or the tool is killed; what counts is the last
call that any of the workers made after that moment. A second measure is how long a paused deployment takes to go on.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.report import Cell, Report, database_folder
from bridgehead.app import App
from bridgehead.clock import boot_s
from bridgehead.settings import Settings
from bridgehead.storage import embedded
from tests.support.world import World, end_all

IN_FORCE_S: Final = 1.0
CODE: Final = """
from bridgehead.clock import boot_s

@reversible(key=("po", "n"))
async def tick(po: str, n: int) -> int:
    enter(po=po, number=str(boot_s()), amount=os.getpid())
    return n

async def agent(case: Case[dict], ctx: Context) -> int:
    n = 0
    while True:
        await tick(case.input["po"], n)
        n += 1
        await asyncio.sleep(0.005)
"""


@dataclass
class Rounds:
    """What the rounds measured, in seconds."""

    world: World
    late: dict[str, list[float]] = field(default_factory=lambda: {"pause": [], "kill": []})
    resumed: list[float] = field(default_factory=list)

    async def ticking(self, name: str) -> None:
        """Opens two cases, and returns when both workers call the tool."""
        for number in range(2):
            await self.world.submit({"po": f"{name}-{number}"})
        await self.until(self.both, "calls of both workers")

    async def both(self) -> bool:
        """Whether two processes have called the tool within the last half second."""
        since = boot_s() - 0.5
        return len({entry["amount"] for entry in self.world.books()[-400:] if float(str(entry["number"])) > since}) > 1

    async def until(self, condition: Callable[[], Awaitable[bool]], what: str) -> None:
        """Waits for a condition, a minute at most."""
        await self.world.until(condition, timeout_s=60, what=what)

    def last(self) -> float:
        """Returns when the last call was made, by the boot clock."""
        return max(float(str(entry["number"])) for entry in self.world.books())

    async def quiet(self, since: float) -> float:
        """Returns how long after ``since`` the last call was made, once none has come for two seconds."""

        async def still() -> bool:
            return boot_s() - max(self.last(), since) > 2.0  # twice what is promised

        await self.until(still, "silence")
        return max(0.0, self.last() - since)

    async def pause(self, name: str) -> None:
        """Pauses the deployment, measures, and lets it go on."""
        controls = self.world.app.controls
        await self.ticking(name)
        await controls.set("deployment", "orders", "pause", by="bench", reason="a round")
        self.late["pause"].append(await self.quiet(boot_s()))
        await controls.lift("deployment", "orders", by="bench", reason="a round")
        lifted_s = boot_s()

        async def going() -> bool:
            return self.last() > lifted_s

        await self.until(going, "calls after the pause")
        self.resumed.append(
            min(float(str(e["number"])) for e in self.world.books() if float(str(e["number"])) > lifted_s) - lifted_s
        )

    async def kill(self) -> None:
        """Kills the tool under the cases that run, and measures."""
        controls = self.world.app.controls
        await self.until(self.both, "calls of both workers")
        await controls.set("tool", "tick", "kill", by="bench", reason="a round")
        self.late["kill"].append(await self.quiet(boot_s()))

        async def handed() -> bool:
            return not await self.world.rows("select 1 from cases where state not in ('with_person', 'done')")

        await self.until(handed, "the hand-over")
        await controls.lift("tool", "tick", by="bench", reason="a round")
        (self.world.place / "books.jsonl").write_text("")


async def measure(report: Report, folder: Path) -> None:
    count = 3 if report.quick else 20
    chosen = Settings.model_validate({"home": folder, "database_url": embedded.start(folder)})
    report.condition("rounds", count)
    report.condition("worker processes", 2)
    async with App.opened(chosen) as app:
        world = World(app, folder)
        await world.deploy(CODE, tools="tick: allow", more="limits: {steps: 100000}")
        rounds = Rounds(world)
        workers = [world.start_worker(BRIDGEHEAD_CONCURRENCY="1") for _ in range(2)]
        try:
            for number in range(count):
                report.progress(f"round {number + 1} of {count}")
                await rounds.pause(f"r{number}")
                await rounds.kill()
        finally:
            end_all(workers)
    rows: list[dict[str, Cell]] = [
        {"stopped by": how, "rounds": len(found), "median s": statistics.median(found), "slowest s": max(found)}
        for how, found in rounds.late.items()
    ]
    report.table("from the stop to the last call of any worker", rows)
    for how, found in rounds.late.items():
        report.figure(f"{how}: last call after it, slowest round", max(found), unit="s", at_most=IN_FORCE_S)
    report.figure("resume: first call after it, median", statistics.median(rounds.resumed), unit="s")
    report.figure("resume: first call after it, slowest round", max(rounds.resumed), unit="s")


def main(argv: Sequence[str] | None = None) -> None:
    report = Report("controls", __doc__ or "", argv, packages="psycopg procrastinate")
    with database_folder() as folder:
        asyncio.run(measure(report, folder))
    sys.exit(report.close())


if __name__ == "__main__":
    main()
