"""Kills and freezes workers at every named point, under load, while replies are lost and the database restarts.

Two workers, a desk and a submitter, each forked again as soon as it is dead; a fault proxy before a system of record
in a process of its own. Afterwards that system's books say what happened: every order once, none twice. Beside it
the same agent on plain LangGraph with its PostgreSQL checkpointer, killed at the same rate and resumed as its
documentation says, without a key that the system recognises and with one. Needs ``make rivals`` (exit code 3 where it
is missing); ``--without-rivals`` leaves them out. ``--points`` kills once at each point and does nothing else.

``--without GUARD`` takes one guard away and plays, in seconds, a schedule that needs it: effects are then doubled and
the exit code is 1. ``intent``: the call is made first and recorded afterwards; workers are killed after the reply of
a system that recognises no key, and their successors call again. ``verify``: what nobody knows of is sent again
without a look; the same kills. ``fencing``: no epoch is compared; workers are frozen past their lease before a write,
others finish their cases, and thawed they go on with what they had read: the system draws another number at each
read, so no key stops the second booking. ``nothing``: all three schedules with every guard in place, exit code 0.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import shutil
import signal
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.crashing import books, deployments, roles, without
from bench.crashing.judging import judge
from bench.crashing.readers import prefork
from bench.crashing.rival import killed_rival
from bench.crashing.supervising import OF_DESK, OF_SUBMITTER, OF_WORKER, Plan, Slot, Supervisor, pause, planned
from bench.report import Report
from bench.rivals.processes import MISSING, missing
from bridgehead import points
from bridgehead.app import App, load_deployment
from bridgehead.clock import boot_s
from bridgehead.settings import Settings
from bridgehead.storage import embedded
from bridgehead.storage.queries_system import verify_whole

SEED: Final = 20
LOOK_S: Final = 0.01
COUNT_S: Final = 0.25
SPREAD: Final = 0.9
"""The part of the load over which deaths are spread; what is left gives the last ones time to come about."""
OPEN_MOST: Final = 60
"""Cases under way at the same time: an order is submitted when another has ended."""
REST_S: Final = 90.0
GUARD_REST_S: Final = 4.0
"""Without a guard nobody waits for an end: the books are read, and they are enough."""
RARELY: Final = 12
"""A process dies at a visit drawn up to this one; where a point comes seldom, at the first."""


@dataclass(frozen=True)
class Size:
    """How much is done."""

    cases: int
    kills: int
    by_clock: int
    freezes: int
    restarts: int
    cuts: int
    patience_s: float
    rival_cases: int
    most_s: float
    """After so long the load ends, and what was not reached by then is a target missed."""
    most: int = 3
    mix: Mapping[str, int] = field(default_factory=lambda: deployments.QUICK)
    spread: bool = False
    least_kills: int = len(points.NAMES)


FULL: Final = Size(
    10_000, 480, 40, 40, 6, 12, 15.0, 400, 3_000.0, most=RARELY, mix=deployments.FULL, spread=True, least_kills=500
)
QUICK: Final = Size(200, len(OF_WORKER), 3, 2, 1, 1, 8.0, 60, 150.0)
POINTS: Final = Size(60, len(OF_WORKER), 0, 0, 0, 0, 6.0, 0, 120.0)
"""One kill at each point and nothing else, as a test that is run often."""
GUARD: Final = Size(40, 0, 0, 0, 0, 0, 6.0, 0, 30.0)
SETTINGS: Final = {"lease_s": 3.0, "send_s": 1.0, "sweep_s": 0.3, "concurrency": 16}


@dataclass
class Run:
    """One run of ours: its places, its processes, and what is found in the end."""

    report: Report
    folder: Path
    size: Size
    settings: Settings
    url: str
    guard: str = ""
    shared: roles.Shared = field(default_factory=roles.Shared.made)
    restarts: int = 0
    cuts: int = 0
    away_s: float = 0.0
    others: list[int] = field(default_factory=list)

    @property
    def lacking(self) -> bool:
        """Whether a guard is away, so that only the books are judged."""
        return self.guard not in ("", "nothing")

    def start(self) -> Supervisor:
        """Starts the system of record, the proxy before it, and the slots."""
        behind = self._told(lambda ready: partial(books.serve, self.folder / "books.jsonl", ready))
        rules = deployments.rules(quick=self.report.quick)
        self.upstream = self._told(
            lambda ready: partial(roles.proxy, behind, rules, SEED, ready, self.folder / "proxy.json")
        )
        os.environ["CRASH_BENCH_URL"] = self.upstream
        size, mix = self.size, without.SCHEDULES[self.guard].mix if self.guard else self.size.mix
        loaded = [load_deployment(place) for place in deployments.write(self.folder)]
        asyncio.run(self._deploy(loaded))
        log = self.folder / "processes.log"
        work = {
            "worker": partial(roles.worker, self.settings, loaded),
            "submitter": partial(roles.submitter, self.settings, self.shared, self.folder / "acks.jsonl", mix),
            "desk": partial(roles.desk, self.settings),
        }

        def start(role: str, place: int) -> int:
            def first() -> None:
                self.shared.listen(place)
                if role == "worker":
                    prefork()

            return roles.fork(work[role], log, first)

        of_worker, of_submitter, of_desk = self._plans()
        roles_of = [("worker", of_worker), ("submitter", of_submitter), ("desk", of_desk), ("worker", of_worker)]
        return Supervisor(
            self.url,
            [Slot(place, role, partial(start, role), plan) for place, (role, plan) in enumerate(roles_of)],
            self.shared,
            lease_s=self.settings.lease_s,
            patience_s=size.patience_s,
            seed=SEED,
            most=size.most,
        )

    def _plans(self) -> tuple[Plan, Plan, Plan]:
        """Returns where workers, the submitter and the desk die."""
        if self.guard:
            return Plan(without.SCHEDULES[self.guard].deaths), Plan([]), Plan([])
        chance, size = random.Random(SEED), self.size
        few = max(2, size.kills // len(OF_WORKER))
        return (
            planned(OF_WORKER, size.kills, size.freezes, size.by_clock, chance),
            planned(OF_SUBMITTER, few, 0, 0, chance),
            planned(OF_DESK, few, 0, 0, chance),
        )

    async def _deploy(self, loaded: Sequence[object]) -> None:
        async with App.opened(self.settings) as app:
            for one in loaded:
                await app.register(one)  # type: ignore[arg-type]  # what load_deployment gave
                await app.levels.set_level(one.deployment.name, "autonomous", by="bench", why="a bench")  # type: ignore[attr-defined]  # as above
            # Its cases are handed over by the sweep: nobody runs them who could do it.
            await app.controls.set("deployment", deployments.STOPPED, "kill", by="bench", reason="a bench")

    def _told(self, work: object) -> str:
        """Forks a server and returns the URL it tells."""
        here, there = os.pipe()
        self.others.append(roles.fork(work(there), self.folder / "processes.log"))  # type: ignore[operator]  # a function of the descriptor
        os.close(there)
        with os.fdopen(here) as lines:
            return lines.readline().strip()

    def load(self, ours: Supervisor) -> None:
        """Submits orders and lets processes die until both are enough; restarts the database and cuts connections."""
        size, told_s, counted_s, done = self.size, boot_s(), 0.0, 0
        ends = boot_s() + size.most_s
        while (ours.planned or self.shared[roles.ACKNOWLEDGED] < size.cases) and boot_s() < ends:
            if _TOLD:
                sys.exit(1)
            # Where deaths are not spread, all of them may come at once.
            ours.tick((done + 1) / (size.cases * SPREAD) if size.spread else 1.0)
            if boot_s() - counted_s > COUNT_S:
                counted_s = boot_s()
                over = ours.rows("select count(*) as n from cases where state in ('done', 'with_person')")
                done = int(str(over[0]["n"])) if over else done
            self.shared[roles.ALLOWED] = max(self.shared[roles.ALLOWED], done + OPEN_MOST)
            part = min(done / size.cases, 1.0)
            if self.restarts < size.restarts * part:
                self._restart()
            elif self.cuts < size.cuts * part:
                self.cuts += (
                    len(
                        ours.rows(
                            "select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid()"
                            " and backend_type = 'client backend' and random() < 0.3"
                        )
                    )
                    > 0
                )
            if boot_s() - told_s > 10:
                told_s = boot_s()
                self.report.progress(
                    f"{done} cases done, {len(ours.losses)} losses, {ours.planned} to come {ours.where}"
                )
            pause(LOOK_S)

    def _restart(self) -> None:
        """Crashes the server and starts it again: an immediate shutdown, without a word to its clients."""
        self.restarts += 1
        started, pid = boot_s(), embedded.status(self.folder).pid
        assert pid is not None
        os.kill(pid, signal.SIGQUIT)
        while embedded.status(self.folder).pid is not None:
            pause(LOOK_S)
        embedded.start(self.folder)
        self.away_s += boot_s() - started

    def rest(self, ours: Supervisor) -> bool:
        """Lets two workers that nobody kills come to the end; returns whether nothing is left to do."""
        # One more: the last one may have been stored by a submitter that died before it knew.
        self.shared[roles.ALLOWED] = self.shared[roles.ACKNOWLEDGED] + 1
        ours.disarm()
        ends = boot_s() + (GUARD_REST_S if self.lacking else REST_S)
        busy = (
            "select 1 from cases where state in ('due', 'running') or (state = 'waiting' and wake_at is not null)"
            " or (state = 'waiting' and exists (select from reviews r where r.case_id = cases.id and r.state = 'open'"
            " and r.kind = 'approval')) union all select 1 from arrivals where state = 'stored' limit 1"
        )
        while boot_s() < ends:
            ours.tick(0.0)
            if ours.rows("select 1") and not ours.rows(busy):
                ours.look()
                return True
            pause(0.1)
        return False

    def close(self) -> None:
        """Ends the servers."""
        for pid in self.others:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


async def whole(settings: Settings) -> bool:
    """Whether the tables say what the ledger says."""
    async with App.opened(settings) as app:
        return (await verify_whole(app.database, None)).whole


def measure(report: Report, folder: Path, size: Size, *, rivals: bool, guard: str) -> None:
    url = embedded.start(folder)
    settings = Settings.model_validate({"home": folder, "database_url": url, **SETTINGS})
    for name, value in SETTINGS.items():
        report.condition(f"setting {name}", value)
    report.condition("seed", SEED)
    if guard:
        report.condition("WITHOUT", guard)
        without.GUARDS[guard]()
    run = Run(report, folder, size, settings, url, guard)
    ours = run.start()
    started = boot_s()
    try:
        report.progress("under load")
        run.load(ours)
        loaded_s = boot_s() - started
        report.condition("seconds under load", round(loaded_s, 1))
        report.condition("cases a second under load", round(run.shared[roles.ACKNOWLEDGED] / loaded_s, 1))
        rested = run.rest(ours)
        ours.end()
        report.condition("database restarts, seconds away", f"{run.restarts}, {run.away_s:.1f}")
        report.condition("times that connections were cut", run.cuts)
        least = None if guard else (size.cases, size.least_kills, size.freezes)
        judge(report, folder, ours, rested=None if run.lacking else rested, least=least)
        same = float(asyncio.run(whole(settings)))
        report.figure("the ledger says what the tables say", same, exactly=None if run.lacking else 1)
        if rivals:
            rules = deployments.rules(quick=report.quick)
            per_case = len(ours.losses) / max(run.shared[roles.ACKNOWLEDGED], 1)
            report.table(
                "LangGraph, killed at the same rate",
                killed_rival(report, folder, url, rules, size.rival_cases, per_case),
            )
    finally:
        ours.end()
        run.close()


_TOLD: Final[list[int]] = []
"""The signals that told the bench to stop."""


def _stop(number: int, _: object) -> None:
    """Ends the bench by an exception, so that what was started is ended; in a fork's callbacks Python drops it."""
    _TOLD.append(number)
    sys.exit(1)


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--without-rivals", action="store_true")
    parser.add_argument("--points", action="store_true")
    parser.add_argument("--without", choices=sorted(without.GUARDS), default="")
    chosen, rest = parser.parse_known_args(argv)
    signal.signal(signal.SIGTERM, _stop)
    small = bool(chosen.points or chosen.without)
    rivals = not (chosen.without_rivals or small)
    report = Report(
        "crash", __doc__ or "", [*rest, *(["--quick"] if small else [])], packages="psycopg procrastinate httpx"
    )
    if rivals and (text := missing()):
        print(text, file=sys.stderr)
        sys.exit(MISSING)
    folder = Path(tempfile.mkdtemp(prefix="bh-"))  # short: a socket's path may have 107 characters
    folder.chmod(0o755)
    try:
        size = GUARD if chosen.without else POINTS if chosen.points else QUICK if report.quick else FULL
        measure(report, folder, size, rivals=rivals, guard=chosen.without)
    finally:
        embedded.stop(folder)
        if os.environ.get("CRASH_BENCH_KEEP"):
            print(folder, file=sys.stderr)
        else:
            shutil.rmtree(folder, ignore_errors=True)
    sys.exit(report.close())


if __name__ == "__main__":
    main()
