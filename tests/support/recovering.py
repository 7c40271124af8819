"""Workers that share breakers and call one system which goes down and comes back, on a clock that is moved."""

from __future__ import annotations

import asyncio
import random
from bisect import bisect_left
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TypeAlias

from bridgehead.errors import Failed, Unavailable
from bridgehead.resilience.breaker import Change, Policy, Ramp, Row
from bridgehead.resilience.dependency import Dependencies
from tests.support.moved_loop import MovedLoop

Shares: TypeAlias = tuple[tuple[float, ...], tuple[float, ...], tuple[float, ...]]
DOWN = Failed("it is down", error_class="dependency_down", applied=False)
SYSTEM = "erp"
ANSWER_S = 0.05


class OneDatabase:
    """The rows of all workers (a ``BreakerStore``), in memory: each statement takes a while, and one at a time."""

    def __init__(self, time: Callable[[], float]) -> None:
        self.away = False
        self._time = time
        self._rows: dict[str, Row] = {}
        self._turns: dict[str, float] = {}
        self._told = asyncio.Condition()

    async def _trip(self) -> float:
        await asyncio.sleep(0.002)
        if self.away:
            raise Unavailable("away")
        return self._time()

    async def rows(self) -> tuple[float, Mapping[str, Row]]:
        """See the port."""
        return await self._trip(), dict(self._rows)

    async def change(self, dependency: str, change: Change) -> tuple[float, Row]:
        """See the port."""
        now_s = await self._trip()
        before = self._rows.get(dependency, Row())
        self._rows[dependency] = after = change(before, now_s)
        if after.phase != before.phase:
            async with self._told:
                self._told.notify_all()
        return now_s, after

    async def draw(self, dependency: str, per_s: float, within_s: float) -> float | None:
        """See the port."""
        now_s = await self._trip()
        turn_s = max(self._turns.get(dependency, 0.0), now_s)
        if turn_s - now_s > within_s:
            return None
        self._turns[dependency] = turn_s + 1 / per_s
        return turn_s - now_s

    async def changes(self, every_s: float) -> AsyncGenerator[None]:
        """See the port."""
        while True:
            yield
            with suppress(TimeoutError):
                async with asyncio.timeout(every_s), self._told:
                    await self._told.wait()
            await self._trip()


@dataclass
class Recovery:
    """What arrives, who takes it, and what the system saw.

    ``shares`` say who takes what: one weight for each worker, before the outage, in it, and after it. ``grown``: so
    many times as much arrives after it. ``again_after_s``: so long after it there is another one, as long.
    ``database_away_s``: so long the workers' database is away, from ten seconds after the outage on. ``stall_s``:
    so long nothing runs, once, a while after the outage.
    """

    time: Callable[[], float]
    shares: Shares
    per_s: float = 16.0
    steady_s: float = 30.0
    down_s: float = 30.0
    after_s: float = 100.0
    grown: float = 1.0
    again_after_s: float | None = None
    database_away_s: float = 0.0
    stall_s: float = 0.0
    cases: int = 0
    sent: list[tuple[float, bool]] = field(default_factory=list)
    ended: list[tuple[float, float]] = field(default_factory=list)  # when each case came, and how long it took
    up_s: float = 0.0
    down_from_s: float = 0.0

    async def run(self, seed: int) -> None:
        """Plays it through to the last case."""
        self._random = random.Random(seed)  # who takes which case, the same each time
        self._database = OneDatabase(self.time)
        began_s = self.time()
        self.down_from_s = began_s + self.steady_s
        self.up_s = self.down_from_s + self.down_s
        self.end_s = self.up_s + self.after_s
        self._views = [Dependencies(self._database, policy=Policy(), ramp=Ramp()) for _ in self.shares[0]]
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._trouble())
                while self.time() < self.end_s:
                    tasks.create_task(self._case())
                    self.cases += 1
                    per_s = self.per_s * (self.grown if self.time() >= self.up_s else 1.0)
                    await asyncio.sleep(1 / per_s)
        finally:
            for view in self._views:
                await view.aclose()

    @property
    def waited(self) -> list[float]:
        """How long each case took."""
        return [took_s for _, took_s in self.ended]

    def before_per_s(self) -> float:
        """Returns the rate that the workers together take for the one from before the outage."""
        row = self._views[0].row(SYSTEM)
        return row.before / row.before_s

    def up(self) -> bool:
        """Whether the system answers."""
        now_s = self.time()
        again = self.again_after_s is not None and 0 <= now_s - self.up_s - self.again_after_s < self.down_s
        return not again and not self.down_from_s <= now_s < self.up_s

    async def _trouble(self) -> None:
        await asyncio.sleep(self.up_s + 10 - self.time())
        self._database.away = self.database_away_s > 0
        await asyncio.sleep(self.database_away_s)
        self._database.away = False
        await asyncio.sleep(10)
        loop = asyncio.get_running_loop()
        assert isinstance(loop, MovedLoop)
        loop.now_s += self.stall_s

    async def _case(self) -> None:
        """Comes as often as it is put off, each time to whoever takes it."""
        came_s, fresh, repeat = self.time(), True, False
        while True:
            now_s = self.time()
            part = 0 if now_s < self.down_from_s else 1 if now_s < self.up_s else 2
            (view,) = self._random.choices(self._views, self.shares[part])
            system = view.of(SYSTEM)
            try:
                async with system.call(fresh=fresh, repeat=repeat) as call:
                    up = self.up()
                    self.sent.append((self.time(), up))
                    await asyncio.sleep(ANSWER_S)
                    await call.ended(None if up else DOWN)
                if up:
                    self.ended.append((came_s, self.time() - came_s))
                    return
                repeat, wait_s = True, system.wake_s() or self._random.random()
            except Failed as failed:
                wait_s = float(str(failed.attributes["retry_after"]))
            fresh = False
            await asyncio.sleep(wait_s)

    def most(self, width_s: float) -> int:
        """Returns the most calls in any span of a width after the outage."""
        came = [at_s for at_s, _ in self.sent if at_s >= self.up_s]
        return max(bisect_left(came, at_s + width_s) - place for place, at_s in enumerate(came))

    def fewest(self, width_s: float) -> int:
        """Returns the fewest good calls in any such span, from when they are back until no more cases arrive."""
        came = [at_s for at_s, up in self.sent if up and at_s >= self.up_s + 30]
        return min(
            bisect_left(came, at_s + width_s) - place for place, at_s in enumerate(came) if at_s + width_s <= self.end_s
        )
