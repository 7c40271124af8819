"""A worker's room for cases, and a place in it for one that an arrival opens and that runs from its first commit on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, MutableMapping
from typing import Final

from bridgehead.cases.ports import Claim, Loaded
from bridgehead.cases.segment import Segment
from bridgehead.clock import boot_s
from bridgehead.ids import CaseId, WorkerId

SOON_S: Final = 0.25
"""How long an arrival that is read waits for room to run its case here at most; then its case is hinted at."""


class Room:
    """Room for so many cases at the same time, which knows how fast it is freed."""

    def __init__(self, size: int) -> None:
        self._free = asyncio.Semaphore(size)
        self._waiting = 0
        self._pace_s = SOON_S
        self._freed_s = boot_s()

    async def __aenter__(self) -> None:
        """Takes room for one case, as soon as there is some."""
        await self._free.acquire()

    async def __aexit__(self, *error: object) -> None:
        """Gives it back."""
        self.free()

    def free(self) -> None:
        """Gives back what one case had."""
        now_s = boot_s()
        self._pace_s += (min(now_s - self._freed_s, SOON_S) - self._pace_s) / 8
        self._freed_s = now_s
        self._free.release()

    async def at_once(self) -> bool:
        """Takes room for one case if there is some, without waiting for anything."""
        return not self._free.locked() and await self._free.acquire()

    async def soon(self) -> bool:
        """Takes room for one case, if there is some or some is likely to come within ``SOON_S``.

        Whoever would wait for long is told so at once: while slow cases fill a worker, what arrives is not held up.
        """
        if await self.at_once():
            return True
        if (self._waiting + 1) * self._pace_s > SOON_S:
            return False
        self._waiting += 1
        try:
            async with asyncio.timeout(SOON_S):
                return await self._free.acquire()
        except TimeoutError:
            self._pace_s = SOON_S  # what was freed fast before is not any more
            return False
        finally:
            self._waiting -= 1


class WorkerPlace:
    """One place among those that a worker has; see the port. It is used for one case, or given back."""

    def __init__(
        self,
        worker: WorkerId,
        running: MutableMapping[int, Segment | None],
        begin: Callable[[Claim, Loaded], None],
        release: Callable[[], None],
    ) -> None:
        self.worker = worker
        self._running = running
        self._begin = begin
        self._release = release
        self._held: CaseId | None = None
        self._over = False

    @property
    def over(self) -> bool:
        """Whether it was used or given back."""
        return self._over

    def holds(self, case_id: CaseId) -> None:
        """Counts the case among those that run, before anybody can see that it does."""
        if self._held is not None and self._held != case_id:  # its number of a transaction that came to nothing
            self._running.pop(self._held, None)
        self._held = case_id
        self._running[case_id] = None

    def take(self, claim: Claim, loaded: Loaded) -> None:
        """Begins the case, which gives the place back when it ends."""
        self._over = True
        self._begin(claim, loaded)

    def give_back(self) -> None:
        """Frees the place if no case took it."""
        if self._over:
            return
        self._over = True
        if self._held is not None:
            self._running.pop(self._held, None)
        self._release()
