"""One process's part in the breaker of a dependency: who may call, who is put off until when, and what calls say of it.

Whoever calls a dependency does so inside ``Dependency.call`` and says how the call ended. The breaker's row is shared
(``BreakerStore``); where the store cannot be asked, a process goes on with its own copy alone.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager
from contextvars import Context
from dataclasses import replace
from typing import Final

from bridgehead import clock
from bridgehead.errors import Failed, Unavailable
from bridgehead.ids import jitter, random_hex
from bridgehead.resilience import deadline
from bridgehead.resilience.breaker import Change, Policy, Ramp, Row, Window, answered, leased, opened, verdict
from bridgehead.resilience.hedge import Hedging
from bridgehead.resilience.pace import TOLD_S, Pace
from bridgehead.resilience.ports import BreakerStore
from bridgehead.resilience.retry import RetryBudget
from bridgehead.resilience.shedding import AGAIN_S, PATIENCE_S, shed
from bridgehead.spec.deployment import Criticality

log = logging.getLogger(__name__)

STALE_S: Final = 1.5
"""A call that finds what is known older than this asks first, so that a process that was idle sends nothing in vain."""
ASK_S: Final = 1.0
"""How long a call waits for that answer before it goes on with what the process knows."""
IDLE_S: Final = 10.0
"""After so long without a call, and with every breaker closed, a process no longer looks."""
LATE_S: Final = 0.25
"""A turn that is not used within this time has lapsed: a process that stood still does not catch up at once."""
SOON_S: Final = 0.5
"""When a case comes back that found another one's probe under way."""
HEDGED_S: Final = 0.05
"""Calls that are shorter than this in nine of ten cases are not hedged: a second one comes too late to help."""
LATEST_S: Final = 600.0
"""No case is put off for longer."""


class Call:
    """One call under way, which says once how it ended."""

    def __init__(self, dependency: Dependency, closings: int, probe: str, *, repeat: bool) -> None:
        self._dependency = dependency
        self._closings = closings
        self._probe = probe
        self._repeat = repeat
        self._said = False

    @property
    def is_probe(self) -> bool:
        """Whether this is the one call that tries a dependency which was down."""
        return bool(self._probe)

    async def ended(self, failed: Failed | None) -> None:
        """Says how the call ended: None is success. Only the first word counts."""
        if not self._said:
            self._said = True
            await self._dependency._ended(verdict(failed), self._closings, self._probe, repeat=self._repeat)  # noqa: SLF001  # the other half of it

    async def left(self) -> None:
        """The call is over, and nobody said how: it says nothing of the dependency."""
        if not self._said:
            self._said = True
            await self._dependency._ended(None, self._closings, self._probe, repeat=False)  # noqa: SLF001  # see above


class Dependency:
    """What one process knows of one dependency."""

    def __init__(self, name: str, owner: Dependencies, places: int | None) -> None:
        self.name = name
        self.budget = replace(owner.budget)
        self.busy = 0
        self._owner = owner
        self._places = places
        self._window = Window(owner.policy)
        self._pace = Pace()
        self._turn_s = 0.0
        self._wake_s = 0.0
        self._hedging: dict[str, Hedging] = {}

    @property
    def row(self) -> Row:
        """The breaker as this process knows it, on this machine's clock."""
        return self._owner.row(self.name)

    @asynccontextmanager
    async def call(
        self,
        *,
        criticality: Criticality = "normal",
        repeat: bool = False,
        fresh: bool | None = None,
        timeout_s: float = 20.0,
    ) -> AsyncIterator[Call]:
        """Lets one call through, or raises Failed with ``applied=False`` and the attribute ``put_off``.

        Its attribute ``retry_after`` then says in how many seconds the case is to come again. ``repeat``: the call
        failed before; it is made out of the retry budget. ``fresh``: its case is called for the first time, so it
        has not waited for anything; None where that is not known. ``timeout_s`` is how long the call may take: as
        long a probe that says nothing keeps others from trying.
        """
        await self._owner.look()
        if fresh is True and not self._steady():
            self._pace.came()
        if self._owner.alone:
            await self.tell()
        probe = await self._admit(criticality, repeat=repeat, timeout_s=timeout_s)
        closings = self.row.closings
        self.busy += 1
        self._owner.busy += 1
        call = Call(self, closings, probe, repeat=repeat)
        try:
            yield call
        finally:
            self.busy -= 1
            self._owner.busy -= 1
            await call.left()

    def hedging(self, tool: str) -> Hedging:
        """Returns how long a tool's calls take, and how many of them may be hedged."""
        return self._hedging.setdefault(tool, Hedging())

    def may_hedge(self, tool: str) -> bool:
        """Returns whether a call of a tool may be asked a second time: not of a dependency that is, or just was, down.

        Nor one whose calls are over before a second one could help.
        """
        p90_s = self.hedging(tool).quantile.value()
        return p90_s is not None and p90_s >= HEDGED_S and self._steady()

    def may_repeat(self) -> bool:
        """Returns whether a call that failed may be made again at once, and takes it out of the budget."""
        return self.row.phase == "closed" and self.budget.repeat()

    def wake_s(self) -> float | None:
        """Returns when a case whose call failed is to come again while the breaker is not closed; None if it is."""
        return None if self.row.phase == "closed" else self._later(self._until_probe())

    async def _admit(self, criticality: Criticality, *, repeat: bool, timeout_s: float) -> str:
        """Returns the name of the probe that this call is, or nothing; raises the Failed of who is put off."""
        owner = self._owner
        load = 0.0 if self._places is None else self.busy / self._places
        if shed(criticality, dependency=load, worker=owner.load()):
            raise self._put_off("there is not room for all, and the case is less critical", AGAIN_S * (0.5 + jitter()))
        row = self.row
        if row.phase != "closed" and (probe := await self._probe(row, timeout_s)):
            return probe
        if repeat and not self.budget.repeat():
            pause_s = self.budget.trickle_s * (0.5 + jitter())
            raise self._put_off("its retry budget is used up", pause_s, error_class="transient")
        try:
            await self._turn(criticality)
        except Failed:
            if repeat:
                self.budget.give_back()
            raise
        if not repeat:
            self.budget.first()
        return ""

    async def _probe(self, row: Row, timeout_s: float) -> str:
        """Returns the probe's name if it is this caller's; nothing if the breaker has closed meanwhile."""
        now_s = clock.boot_s()
        if now_s >= row.probe_s and not (row.holder and row.lease_s > now_s):
            name = random_hex()
            found = await self._owner.change(self.name, leased(name, timeout_s + SOON_S))
            if found.holder == name:
                return name
            if found.phase == "closed":
                return ""
        raise self._put_off("it is down", self._later(self._until_probe()))

    async def _turn(self, criticality: Criticality) -> None:
        """Returns when the call may be sent while calls come back after an outage."""
        until_s, lapsed = clock.boot_s() + deadline.bounded(PATIENCE_S[criticality]), False
        while (factor := self._owner.ramp.factor(self.row, now_s := clock.boot_s())) is not None:
            wait_s = await self._drawn(factor, max(0.0, until_s - now_s))
            if wait_s is None:
                raise self._put_off("it was down, and its calls come back slowly", self._later(SOON_S))
            turn_s = clock.boot_s() + wait_s
            if wait_s > 0:
                await asyncio.sleep(wait_s)
            late = clock.boot_s() > turn_s + LATE_S
            if self.row.phase == "closed" and (lapsed or not late):
                return
            lapsed = True  # on a machine that is always late the second turn is used all the same
        if self.row.phase != "closed":
            raise self._put_off("it is down", self._later(self._until_probe()))

    async def _drawn(self, factor: float, within_s: float) -> float | None:
        """Takes the next turn, of all workers or, where they cannot be asked, of this process; None: too late."""
        per_s = self._pace.per_s(self.row)
        if not self._owner.alone:
            try:
                return await self._owner.draw(self.name, factor * per_s, within_s)
            except Unavailable:
                per_s = self._pace.own_per_s()
        now_s = clock.boot_s()
        turn_s = max(self._turn_s, now_s)
        if turn_s - now_s > within_s:
            return None
        self._turn_s = turn_s + 1.0 / (factor * per_s)
        return turn_s - now_s

    def _until_probe(self) -> float:
        """Returns how long nobody tries; a little when somebody tries at the moment."""
        row, now_s = self.row, clock.boot_s()
        return SOON_S if row.phase == "half_open" else max(0.0, row.probe_s - now_s)

    def _later(self, soonest_s: float) -> float:
        """Returns in how many seconds the next case is woken: each a little after the one before, never all at once.

        They come at a part of the rate from before the outage, so that what waited is sent beside what arrives.
        A process that has more to wake than its rate lets it (it was idle before, or others stopped) spreads the
        rest over the time in which what waited is held back.
        """
        now_s, row, ramp = clock.boot_s(), self.row, self._owner.ramp
        down_s = row.down_s if row.phase == "closed" else now_s - row.down_since_s
        longest_s = max(2 * ramp.ramp_s, ramp.hold * down_s)
        if self._wake_s - now_s - soonest_s > longest_s:
            return soonest_s + jitter() * min(longest_s, LATEST_S)
        spacing_s = 1.0 / (ramp.back * self._pace.own_per_s())
        self._wake_s = max(self._wake_s, now_s + soonest_s)
        wake_s = self._wake_s - now_s + jitter() * spacing_s
        self._wake_s += spacing_s
        return min(wake_s, LATEST_S * (0.5 + jitter() / 2))

    def _put_off(self, why: str, retry_after_s: float, *, error_class: str = "dependency_down") -> Failed:
        return Failed(
            f"{self.name}: not called, for {why}",
            error_class="transient" if error_class == "transient" else "dependency_down",
            applied=False,
            hint="Nothing was sent. See 'bridgehead breakers'.",
            retry_after=round(retry_after_s, 3),
            put_off=True,
        )

    async def _ended(self, up: bool | None, closings: int, probe: str, *, repeat: bool) -> None:  # noqa: FBT001  # three-valued
        now_s = clock.boot_s()
        if up:
            self._pace.succeeded()
            if repeat and not probe:
                self.budget.give_back()
        if not self._owner.breaking:
            return
        policy, row = self._owner.policy, self.row
        if probe:
            await self._owner.change(self.name, answered(policy, probe, up=up))
            return
        if up is None or row.phase != "closed" or row.closings != closings:
            return
        self._window.add(now_s, up=up)
        if not up and (failures := self._window.failures(now_s)):
            steady = self._owner.ramp.factor(row, now_s) is None
            await self._owner.change(self.name, opened(policy, failures, closings=closings, steady=steady))

    def changed(self, before: Row) -> None:
        """The breaker came into another phase: what was counted before says nothing about this one."""
        self._window.clear()
        self._turn_s = 0.0
        if before.phase == "closed" and self._owner.ramp.factor(before, clock.boot_s()) is None:
            self._wake_s = 0.0
            self._pace.left(self.row.closings)

    def heard(self, row: Row) -> None:
        """The row was read."""
        self._pace.heard(row)

    async def tell(self) -> None:
        """Adds to the row what this process has counted and not told yet."""
        if (change := self._pace.told()) is not None:
            await self._owner.change(self.name, change)

    def _steady(self) -> bool:
        """Returns whether calls go at a rate of their own: the dependency was not down of late."""
        return self.row.phase == "closed" and self._owner.ramp.factor(self.row, clock.boot_s()) is None


class Dependencies:
    """Every dependency of one process, and what it knows of their breakers; used in one event loop."""

    def __init__(
        self,
        store: BreakerStore | None = None,
        *,
        policy: Policy | None = None,
        ramp: Ramp | None = None,
        places: Mapping[str, int] | None = None,
        concurrency: int | None = None,
        breaking: bool = True,
        budget: RetryBudget | None = None,
    ) -> None:
        """Joins the breakers of ``store``; without one this process has breakers of its own.

        ``places``: how many calls a dependency bears at once, where that is declared; ``concurrency``: how many
        cases this process runs at once. ``breaking=False`` lets every call through, and ``budget`` is what each
        dependency's budget is like: to measure what either is good for.
        """
        self.policy = policy or Policy()
        self.ramp = ramp or Ramp()
        self.breaking = breaking
        self.budget = budget or RetryBudget()
        self.places: dict[str, int] = dict(places or {})
        self.concurrency = concurrency
        self.busy = 0
        self._store = store
        self._all: dict[str, Dependency] = {}
        self._rows: dict[str, Row] = {}
        self._known_s = -STALE_S
        self._used_s = 0.0
        self._silent_until_s = 0.0
        self._asking: asyncio.Task[None] | None = None
        self._watching: asyncio.Task[None] | None = None

    @property
    def alone(self) -> bool:
        """Whether this process shares its breakers with nobody."""
        return self._store is None

    def of(self, name: str) -> Dependency:
        """Returns what is known of a dependency: a connector's name, ``model:NAME``, or a tool's name."""
        found = self._all.get(name)
        if found is None:
            found = self._all[name] = Dependency(name, self, self.places.get(name))
        return found

    def row(self, name: str) -> Row:
        """Returns a breaker as this process knows it, on this machine's clock."""
        return self._rows.get(name, _CLOSED)

    def load(self) -> float:
        """Returns the calls under way in this process with one more, to the cases that it runs at once.

        The only call of a process is no load: where there is one place, it is everybody's.
        """
        return 0.0 if self.concurrency is None or not self.busy else (self.busy + 1) / self.concurrency

    async def look(self) -> None:
        """Makes sure that what is known is fresh, and is kept so; a store that does not answer changes nothing."""
        if self._store is None or not self.breaking:
            return
        now_s = self._used_s = clock.boot_s()
        if self._watching is None or self._watching.done():
            self._watching = asyncio.get_running_loop().create_task(self._watch(self._store), context=Context())
        if now_s - self._known_s <= STALE_S:
            return
        if self._asking is None or self._asking.done():
            self._asking = asyncio.get_running_loop().create_task(self._ask(self._store), context=Context())
        await asyncio.wait({self._asking}, timeout=ASK_S)

    async def change(self, name: str, change: Change) -> Row:
        """Applies a change to the shared row, or to this process's own where the store does not answer."""
        if self._store is not None:
            try:
                store_s, row = await self._store.change(name, change)
            except Unavailable as error:
                log.warning("%s: its breaker goes on in this process alone: %s", name, error.message)
            else:
                self._put(name, row.shifted(clock.boot_s() - store_s))
                return self.row(name)
        self._put(name, change(self.row(name), clock.boot_s()))
        return self.row(name)

    async def draw(self, name: str, per_s: float, within_s: float) -> float | None:
        """Takes the next turn of all workers (see ``BreakerStore.draw``); raises Unavailable also when they are slow.

        A store that did not answer is not asked again for a moment.
        """
        if self._store is None or clock.boot_s() < self._silent_until_s:
            raise Unavailable("away")
        try:
            async with asyncio.timeout(ASK_S):
                return await self._store.draw(name, per_s, within_s)
        except (TimeoutError, Unavailable) as error:
            self._silent_until_s = clock.boot_s() + TOLD_S
            raise Unavailable("away") from error

    async def aclose(self) -> None:
        """Stops looking."""
        tasks = [task for task in (self._watching, self._asking) if task is not None]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=ASK_S)

    async def _ask(self, store: BreakerStore) -> None:
        try:
            store_s, rows = await store.rows()
        except Unavailable:
            self._known_s = clock.boot_s()  # asked again with the next look, not with every call
            return
        by_s = clock.boot_s() - store_s
        for name in {*rows, *self._rows}:
            self._put(name, rows[name].shifted(by_s) if name in rows else _CLOSED)
        self._known_s = clock.boot_s()

    async def _watch(self, store: BreakerStore) -> None:
        """Keeps what is known fresh while anybody calls, or a breaker is not closed."""
        while self._at_work():
            try:
                async with aclosing(store.changes(TOLD_S)) as changes:
                    async for _ in changes:
                        await self._ask(store)
                        await self._tell()
                        if not self._at_work():
                            break
            except Unavailable:
                self._known_s = clock.boot_s()
                await self._tell()
                await asyncio.sleep(TOLD_S)

    async def _tell(self) -> None:
        for dependency in list(self._all.values()):
            await dependency.tell()

    def _at_work(self) -> bool:
        return clock.boot_s() - self._used_s < IDLE_S or any(row.phase != "closed" for row in self._rows.values())

    def _put(self, name: str, row: Row) -> None:
        before = self.row(name)
        self._rows[name] = row
        self.of(name).heard(row)
        if (row.phase, row.closings) == (before.phase, before.closings):
            return
        if "closed" in {row.phase, before.phase}:
            log.warning("%s: its breaker is %s", name, row.phase.replace("_", "-"))
            self.of(name).changed(before)


_CLOSED: Final = Row()
