"""Keeps the processes of the crash bench alive, tells them where to die, and notes what every death left behind."""

from __future__ import annotations

import os
import random
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

import psycopg
from psycopg.rows import dict_row

from bench.crashing.roles import AWAY, Shared
from bridgehead import points
from bridgehead.clock import boot_s

ANYWHERE: Final = "anywhere (by the clock)"
OF_SUBMITTER: Final = ("intake.store.before", "intake.store.after")
OF_DESK: Final = ("reviews.decide.before", "reviews.decide.after")
OF_WORKER: Final = tuple(name for name in points.NAMES if name not in OF_SUBMITTER + OF_DESK)
SELDOM: Final = ("engine.hand_over", "reviews")
FREEZING: Final = (
    "effects.intent.after",
    "effects.send.before",
    "effects.send.after",
    "effects.settle.before",
    "journal.batch.before",
    "journal.commit.before",
    "engine.claim.after",
    "engine.release.before",
)
"""Where a worker is frozen: its connections stand, and it goes on there after others have its cases."""
RARE: Final = ("engine.sweep", "engine.hand_over", "effects.read_back", "effects.hold", "intake", "reviews")
ALONE_S: Final = 2.0
LOOK_S: Final = 0.25
BY_CLOCK_S: Final = (0.05, 1.5)
RETURN_S: Final = 2.0
"""How long a zombie lives on after it was thawed, to do what harm it can."""

_HELD: Final = """
select c.id, w.id as worker from cases c join workers w on w.id = c.worker_id
where c.state = 'running' and w.id = (select max(id) from workers where pid = %s)
"""


def pause(seconds: float) -> None:
    """Waits in a process that forks and so has no event loop and no threads."""
    threading.Event().wait(seconds)


Death = tuple[str, bool]
"""A point, and whether the process is frozen there instead of killed."""


@dataclass
class Loss:
    """One process that was taken away: where, when, and which cases it had in its hands."""

    point: str
    frozen: bool
    at_s: float
    worker: int = 0
    cases: Sequence[int] = ()
    waiting: set[int] = field(default_factory=set)
    taken_s: float | None = None


class Plan:
    """Deaths that are still to come, given out as far as the load has come: they are spread over all of it."""

    def __init__(self, deaths: Sequence[Death]) -> None:
        self._left, self._all = deque(deaths), len(deaths)

    def __len__(self) -> int:
        return len(self._left)

    def __iter__(self) -> Iterator[Death]:
        return iter(self._left)

    def take(self, part: float) -> Death | None:
        """Returns the next one, or nothing while as many were given out as belong to this part of the load."""
        given = self._all - len(self._left)
        return self._left.popleft() if self._left and given < self._all * part else None

    def back(self, death: Death) -> None:
        """Takes one again that did not come about."""
        self._left.append(death)

    def clear(self) -> None:
        """Leaves nothing to come."""
        self._left.clear()


@dataclass
class Slot:
    """A place for one process: what it runs, and the points at which its holders still have to die."""

    number: int
    role: str
    start: Callable[[int], int]
    plan: Plan
    pid: int = 0
    armed: Death | None = None
    since_s: float = 0.0
    armed_s: float = 0.0
    dies_s: float | None = None


@dataclass
class Zombie:
    """A frozen process and when it may go on."""

    pid: int
    loss: Loss
    thaw_s: float
    thawed: bool = False


def planned(names: Sequence[str], kills: int, freezes: int, by_clock: int, chance: random.Random) -> Plan:
    """Returns points to die at, each as often as the others, in an order by the seed; some freeze instead.

    ``by_clock``: kills at a drawn moment, whatever the process is doing then.
    """
    plan = [(name, False) for index in range(-(-kills // len(names))) for name in names]
    plan += [(FREEZING[index % len(FREEZING)], True) for index in range(freezes)]
    plan += [(ANYWHERE, False)] * by_clock
    chance.shuffle(plan)
    # What happens seldom comes first: at the end everybody would wait for it alone.
    return Plan(sorted(plan, key=lambda one: not one[0].startswith(SELDOM)))


class Supervisor:
    """Starts the slots' processes again and again until their plans are done, and keeps the record."""

    def __init__(
        self,
        url: str,
        slots: Sequence[Slot],
        shared: Shared,
        *,
        lease_s: float,
        patience_s: float,
        seed: int,
        most: int,
    ) -> None:
        self._url = url
        self._shared = shared
        self.slots = slots
        self._lease_s = lease_s
        self._patience_s = patience_s
        self._chance = random.Random(f"{seed}/visits")
        self.losses: list[Loss] = []
        self.zombies: list[Zombie] = []
        self._most = most
        self.returned = 0
        self._looked_s = 0.0
        self.fallen: list[str] = []
        """Processes that ended by themselves: that must not happen."""
        self.turned_away = 0
        """Processes that found no database when they started and were started again, as a service manager does."""

    def rows(self, query: str, *values: object) -> list[dict[str, object]]:
        """Returns a query's rows, none while the database is away. Closed at once: nothing forked may hold it."""
        try:
            with psycopg.connect(self._url, autocommit=True, row_factory=dict_row, connect_timeout=5) as conn:
                return list(conn.execute(query.encode(), values).fetchall())
        except psycopg.OperationalError:
            return []

    @property
    def planned(self) -> int:
        """Deaths that are still to come, and zombies that have still to return."""
        plans = {id(slot.plan): len(slot.plan) for slot in self.slots}
        return sum(plans.values()) + sum(slot.armed is not None for slot in self.slots) + len(self.zombies)

    @property
    def where(self) -> str:
        """The last points that somebody has still to die at, for who watches."""
        left = sorted({name for slot in self.slots for name, _ in (*slot.plan, *([slot.armed] if slot.armed else []))})
        return ", ".join(left) if len(left) <= 4 else ""

    def tick(self, part: float) -> None:
        """Looks once at every process; ``part`` of the load is done, so this part of all deaths may have come."""
        for slot in self.slots:
            if not slot.pid:
                self._start(slot)
            elif self._ended(slot):
                continue
            elif slot.armed is None:
                self._arm(slot, part)
            elif slot.dies_s is not None:
                if boot_s() >= slot.dies_s:
                    self._take(slot)
            elif boot_s() - slot.armed_s > self._patience_s:
                # Its point did not come: it dies where it stands, and another is sent there.
                slot.plan.back(slot.armed)
                self._take(slot)
        self._zombies()
        self._orphans()
        if boot_s() - self._looked_s > LOOK_S:
            self._looked_s = boot_s()
            self._taken()

    def disarm(self) -> None:
        """Ends every process and starts each again with no point armed, for the rest of the run."""
        self.end()
        for slot in self.slots:
            slot.plan.clear()
            self._start(slot)

    def end(self) -> None:
        """Kills everything that was started."""
        for pid in [slot.pid for slot in self.slots if slot.pid] + [zombie.pid for zombie in self.zombies]:
            with suppress(ProcessLookupError, ChildProcessError):
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
        for slot in self.slots:
            self._vacate(slot)
        self.zombies.clear()

    def look(self) -> None:
        """Notes which cases have got into other hands."""
        self._taken()

    def _start(self, slot: Slot) -> None:
        assert threading.active_count() == 1, "a process is forked from one without threads"
        self._shared.tell(slot.number, "")
        sys.stdout.flush()
        # A signal that ends the bench between the fork and its record would leave the process behind.
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
        try:
            slot.pid, slot.since_s = slot.start(slot.number), boot_s()
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})

    def _arm(self, slot: Slot, part: float) -> None:
        """Tells a process that runs where it has to die; at which of its visits there is drawn."""
        slot.armed = slot.plan.take(part)
        if slot.armed is None:
            return
        slot.armed_s = boot_s()
        name, freezes = slot.armed
        if name == ANYWHERE:
            slot.dies_s = slot.armed_s + self._chance.uniform(*BY_CLOCK_S)
            return
        most = 1 if name.startswith(RARE) else self._most
        self._shared.tell(slot.number, f"{name}:{self._chance.randint(1, most)}{':stop' if freezes else ''}")

    def _vacate(self, slot: Slot) -> None:
        slot.pid, slot.armed, slot.dies_s = 0, None, None

    def _ended(self, slot: Slot) -> bool:
        pid, status = os.waitpid(slot.pid, os.WNOHANG | os.WUNTRACED)
        if not pid:
            return False
        if os.WIFSTOPPED(status):
            assert slot.armed is not None
            loss = self._note(pid, slot.armed[0], frozen=True)
            self.zombies.append(Zombie(pid, loss, boot_s() + self._lease_s + 1.5))
        elif os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL and slot.armed is not None:
            self._note(pid, slot.armed[0], frozen=False)
        else:
            if os.WIFEXITED(status) and os.WEXITSTATUS(status) == AWAY:
                self.turned_away += 1
            else:
                self.fallen.append(f"{slot.role} ended by itself: status {status}")
            if slot.armed is not None:
                slot.plan.back(slot.armed)
        self._vacate(slot)
        return True

    def _note(self, pid: int, point: str, *, frozen: bool) -> Loss:
        at_s = boot_s()
        held = self.rows(_HELD, pid)
        cases = [int(str(row["id"])) for row in held]
        worker = int(str(held[0]["worker"])) if held else 0
        loss = Loss(point, frozen, at_s, worker, cases, set(cases), None if cases else at_s)
        self.losses.append(loss)
        return loss

    def _orphans(self) -> None:
        """Takes a worker away where another is to die while it takes over, and nobody else is going to die."""
        waits = any(slot.armed and slot.armed[0].startswith("engine.sweep") for slot in self.slots)
        for slot in self.slots:
            if waits and slot.role == "worker" and slot.pid and not slot.armed and boot_s() - slot.since_s > ALONE_S:
                self._take(slot)
                return

    def _take(self, slot: Slot) -> None:
        os.kill(slot.pid, signal.SIGKILL)
        os.waitpid(slot.pid, 0)
        self._note(slot.pid, ANYWHERE, frozen=False)
        self._vacate(slot)

    def _zombies(self) -> None:
        for zombie in list(self.zombies):
            if not zombie.thawed and boot_s() >= zombie.thaw_s:
                os.kill(zombie.pid, signal.SIGCONT)
                zombie.thawed, zombie.thaw_s = True, boot_s() + RETURN_S
            elif zombie.thawed and boot_s() >= zombie.thaw_s:
                os.kill(zombie.pid, signal.SIGKILL)
                _, status = os.waitpid(zombie.pid, 0)
                self.returned += os.WIFSIGNALED(status)
                self.zombies.remove(zombie)

    def _taken(self) -> None:
        waiting = {case: loss.worker for loss in self.losses if loss.taken_s is None for case in loss.waiting}
        if not waiting:
            return
        query = "select id, worker_id from cases where id = any(%s) and state = 'running' union all select 0, 0"
        found = self.rows(query, list(waiting))
        if not found:
            return
        still: Mapping[int, int] = {int(str(row["id"])): int(str(row["worker_id"])) for row in found}
        for loss in self.losses:
            if loss.taken_s is None:
                loss.waiting = {case for case in loss.waiting if still.get(case) == loss.worker}
                if not loss.waiting:
                    loss.taken_s = boot_s()
