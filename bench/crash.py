"""Kills and freezes workers at every named point, under load, while replies are lost and the database restarts.

Two workers, a desk and a submitter, each forked again as soon as it is dead; a fault proxy before a system of record
in a process of its own. Afterwards that system's books say what happened: every order once, none twice. Beside it
the same agent on plain LangGraph with its PostgreSQL checkpointer, killed at the same rate and resumed as its
documentation says, without a key that the system recognises and with one. Needs ``make rivals`` (exit code 3 where it
is missing); ``--without-rivals`` leaves them out. ``--without GUARD`` takes one guard away (intent, fencing, verify):
then a target must be missed. ``--points`` kills once at each point and does nothing else.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import shutil
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from statistics import median
from typing import Final

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.crashing import books, deployments, roles, without
from bench.crashing.rival import killed_rival
from bench.crashing.supervising import ANYWHERE, OF_DESK, OF_SUBMITTER, OF_WORKER, Slot, Supervisor, pause, planned
from bench.report import Cell, Report
from bench.rivals.processes import MISSING, missing
from bridgehead import points
from bridgehead.app import App, load_deployment
from bridgehead.clock import boot_s
from bridgehead.settings import Settings
from bridgehead.storage import embedded
from bridgehead.storage.queries_system import verify_whole

SEED: Final = 20
LOOK_S: Final = 0.01
OPEN_MOST: Final = 60
"""Cases under way at the same time: an order is submitted when another has ended."""
REST_S: Final = 90.0
WITHOUT_S: Final = 30.0


@dataclass(frozen=True)
class Size:
    """How much is done."""

    cases: int
    kills: int
    freezes: int
    restarts: int
    cuts: int
    patience_s: float
    rival_cases: int
    most_s: float
    """After so long the load ends, and what was not reached by then is a target missed."""


FULL: Final = Size(10_000, 480, 40, 6, 12, 15.0, 400, 3_000.0)
QUICK: Final = Size(200, len(OF_WORKER), 2, 1, 1, 8.0, 60, 150.0)
POINTS: Final = Size(60, len(OF_WORKER), 0, 0, 0, 6.0, 0, 120.0)
"""One kill at each point and nothing else, as a test that is run often."""
SETTINGS: Final = {"lease_s": 3.0, "send_s": 1.0, "sweep_s": 0.3, "concurrency": 16}


@dataclass
class Run:
    """One run of ours: its places, its processes, and what is found in the end."""

    report: Report
    folder: Path
    size: Size
    settings: Settings
    url: str
    shared: roles.Shared = field(default_factory=roles.Shared.made)
    restarts: int = 0
    cuts: int = 0
    away_s: float = 0.0
    others: list[int] = field(default_factory=list)

    def start(self) -> Supervisor:
        """Starts the system of record, the proxy before it, and the slots."""
        behind = self._told(lambda ready: partial(books.serve, self.folder / "books.jsonl", ready))
        rules = deployments.rules(quick=self.report.quick)
        self.upstream = self._told(
            lambda ready: partial(roles.proxy, behind, rules, SEED, ready, self.folder / "proxy.json")
        )
        os.environ["CRASH_BENCH_URL"] = self.upstream
        loaded = [load_deployment(place) for place in deployments.write(self.folder)]
        asyncio.run(self._deploy(loaded))
        log, quick = self.folder / "processes.log", self.report.quick
        work = {
            "worker": partial(roles.worker, self.settings, loaded),
            "submitter": partial(roles.submitter, self.settings, self.shared, self.folder / "acks.jsonl", quick=quick),
            "desk": partial(roles.desk, self.settings),
        }
        chance, size = random.Random(SEED), self.size
        few = max(2, size.kills // len(OF_WORKER))
        plans = [
            ("worker", planned(OF_WORKER, size.kills, size.freezes, chance)),
            ("submitter", planned(OF_SUBMITTER, few, 0, chance)),
            ("desk", planned(OF_DESK, few, 0, chance)),
        ]
        slots = [Slot(role, partial(roles.fork, work[role], log), plan) for role, plan in plans]
        slots.append(Slot("worker", slots[0].start, slots[0].plan))  # two workers share one plan
        return Supervisor(
            self.url,
            slots,
            lease_s=self.settings.lease_s,
            patience_s=size.patience_s,
            seed=SEED,
            most=3 if self.report.quick else 12,
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
        size, told_s = self.size, boot_s()
        ends = boot_s() + size.most_s
        while (ours.planned or self.shared[roles.ACKNOWLEDGED] < size.cases) and boot_s() < ends:
            if _TOLD:
                sys.exit(1)
            ours.tick()
            over = ours.rows("select count(*) as n from cases where state in ('done', 'with_person')")
            done = int(str(over[0]["n"])) if over else 0
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
        self.shared[roles.ALLOWED] = self.shared[roles.ACKNOWLEDGED]
        ours.disarm()
        ends = boot_s() + REST_S
        busy = (
            "select 1 from cases where state in ('due', 'running') or (state = 'waiting' and wake_at is not null)"
            " or (state = 'waiting' and exists (select from reviews r where r.case_id = cases.id and r.state = 'open'"
            " and r.kind = 'approval')) union all select 1 from arrivals where state = 'stored' limit 1"
        )
        while boot_s() < ends:
            ours.tick()
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


def judge(run: Run, ours: Supervisor, *, rested: bool, guard: str) -> None:
    """Compares the books of the system of record with what was acknowledged, and reports.

    Without a ``guard`` only what these books and the case tables say is asked for: some points are not
    there then, so a missed count of kills would prove nothing.
    """
    report, size = run.report, run.size
    acks = {str(one["po"]): one for one in map(json.loads, (run.folder / "acks.jsonl").read_text().splitlines())}
    entered = Counter(json.loads(line)["po"] for line in (run.folder / "books.jsonl").read_text().splitlines())
    cases = ours.rows(
        "select a.arrival_id, c.id, c.state, c.outcome,"
        " exists (select from reviews r where r.case_id = c.id and r.state = 'open') as review"
        " from arrival_cases a join cases c on c.id = a.case_id"
    )
    by_person = {
        int(str(row["arrival_id"]))
        for row in ours.rows("select arrival_id from reviews where arrival_id is not null and state = 'open'")
    }
    by_arrival = {int(str(row["arrival_id"])): row for row in cases}
    orders = {po: by_arrival.get(int(one["arrival"])) for po, one in acks.items()}
    doubled = {po: count - 1 for po, count in entered.items() if count > 1}
    strangers = [po for po in entered if po not in acks]
    lost = [
        po
        for po, row in orders.items()
        if (row is None and int(acks[po]["arrival"]) not in by_person)
        or (row is not None and row["outcome"] == "completed" and not entered[po])
    ]
    loose = [row["id"] for row in cases if row["state"] != "done" and not row["review"]]
    by_case = {int(str(row["id"])): po for po, row in orders.items() if row is not None}
    report.table("by point", by_point(ours, by_case, entered, doubled, set(lost)))
    outcomes = Counter(
        "an open review" if row["state"] != "done" else str(row["outcome"]).replace("_", " ") for row in cases
    )
    if by_person:
        outcomes["an open review of the document"] = len(by_person)
    report.table("how cases ended", [{"ended": name, "cases": count} for name, count in sorted(outcomes.items())])
    faults = json.loads((run.folder / "proxy.json").read_text())
    passed = faults.pop("")
    report.table(
        "faults before the system of record", [{"fault": name, "times": count} for name, count in faults.items()]
    )
    report.condition("requests passed on as they were", passed)
    report.condition("database restarts, seconds away", f"{run.restarts}, {run.away_s:.1f}")
    report.condition("times that connections were cut", run.cuts)
    kills = sum(not loss.frozen for loss in ours.losses)
    missed = [name for name in points.NAMES if not any(x.point == name and not x.frozen for x in ours.losses)]
    returned = sum(loss.frozen for loss in ours.losses)
    least = (size.cases, len(points.NAMES) if report.quick else 500, size.freezes) if not guard else (None,) * 3
    none = None if guard else 0
    report.figure("cases", len(acks), at_least=least[0])
    report.figure("kills", kills, at_least=least[1])
    report.figure("points at which nobody was killed", len(missed), exactly=none)
    report.figure("frozen, and returned after their lease", ours.returned, at_least=least[2])
    report.figure("frozen", returned)
    if size.freezes:
        report.figure("faults that never struck", sum(not count for count in faults.values()), exactly=none)
    report.figure("effects in the books", entered.total())
    report.figure("effects doubled", sum(doubled.values()), exactly=0)
    report.figure("effects lost", len(lost), exactly=0)
    report.figure("effects nobody ordered", len(strangers), exactly=0)
    report.figure("cases without an outcome or an open review", len(loose), exactly=0)
    report.figure("processes that ended by themselves", len(ours.fallen), exactly=none)
    report.figure("came to rest", float(rested), exactly=None if guard else 1)
    for text in ours.fallen[:5]:
        report.progress(text)


def by_point(
    ours: Supervisor,
    by_case: Mapping[int, str],
    entered: Mapping[str, int],
    doubled: Mapping[str, int],
    lost: set[str],
) -> list[dict[str, Cell]]:
    """Returns a row for each point: how often somebody was lost there, and what became of what they had in hands."""
    rows: list[dict[str, Cell]] = []
    for name in (*points.NAMES, ANYWHERE):
        losses = [loss for loss in ours.losses if loss.point == name]
        touched = {by_case[case] for loss in losses for case in loss.cases if case in by_case}
        times = [loss.taken_s - loss.at_s for loss in losses if loss.taken_s is not None and loss.cases]
        rows.append(
            {
                "point": name,
                "kills": sum(not loss.frozen for loss in losses),
                "frozen": sum(loss.frozen for loss in losses),
                "cases in hands": sum(len(loss.cases) for loss in losses),
                "their effects": sum(entered.get(po, 0) for po in touched),
                "doubled": sum(doubled.get(po, 0) for po in touched),
                "lost": sum(po in lost for po in touched),
                "in other hands s": round(median(times), 2) if times else None,
                "slowest s": round(max(times), 2) if times else None,
            }
        )
    return rows


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
        size = replace(size, most_s=WITHOUT_S)  # some points are not there any more
    run = Run(report, folder, size, settings, url)
    ours = run.start()
    started = boot_s()
    try:
        report.progress("under load")
        run.load(ours)
        report.condition("seconds under load", round(boot_s() - started, 1))
        rested = run.rest(ours)
        ours.end()
        judge(run, ours, rested=rested, guard=guard)
        report.figure("the ledger says what the tables say", float(asyncio.run(whole(settings))), exactly=1)
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
    report = Report(
        "crash", __doc__ or "", [*rest, *(["--quick"] if chosen.points else [])], packages="psycopg procrastinate httpx"
    )
    if not chosen.without_rivals and (text := missing()):
        print(text, file=sys.stderr)
        sys.exit(MISSING)
    folder = Path(tempfile.mkdtemp(prefix="bh-"))  # short: a socket's path may have 107 characters
    folder.chmod(0o755)
    try:
        size = POINTS if chosen.points else QUICK if report.quick else FULL
        measure(report, folder, size, rivals=not chosen.without_rivals, guard=chosen.without)
    finally:
        embedded.stop(folder)
        if os.environ.get("CRASH_BENCH_KEEP"):
            print(folder, file=sys.stderr)
        else:
            shutil.rmtree(folder, ignore_errors=True)
    sys.exit(report.close())


if __name__ == "__main__":
    main()
