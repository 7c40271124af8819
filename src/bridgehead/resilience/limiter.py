"""One worker's part in a system's limits.

A worker keeps its callers in order, and asks the shared state (``LimitStore``) for several of them in
one go. Where that state cannot be asked, nothing is sent: a limit is never guessed at.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from bridgehead.clock import boot_s
from bridgehead.errors import Unavailable
from bridgehead.resilience.places import Places
from bridgehead.resilience.ports import Bounds, LimitStore
from bridgehead.resilience.slots import Slots
from bridgehead.resilience.waiting import Pause

log = logging.getLogger(__name__)

WAIT_S: Final = 30.0
"""How long a caller waits that names no time of its own."""
LEASE_S: Final = 15.0
"""After this long the places of a worker that is gone are free."""


class Limiter:
    """One worker's part in the limits of one system (implements ``Limits``).

    Without a declared bound nothing is asked of the store; a refusal then counts in this process alone.
    """

    def __init__(self, system: str, bounds: Bounds, store: LimitStore, *, lease_s: float = LEASE_S) -> None:
        """Joins the limits of ``system``, a name for people; used in one event loop."""
        self.system = system
        self._store = store
        self._pause = Pause()
        self._slots = None if bounds.rate is None else Slots(system, bounds.rate, store, self._pause)
        self._places = None
        if bounds.concurrency is not None:
            self._places = Places(system, bounds.concurrency, store, self._pause, lease_s)

    @asynccontextmanager
    async def admit(self, *, within_s: float | None = None) -> AsyncIterator[None]:
        """See ``Limits.admit``; without ``within_s`` a caller waits 30 s at most."""
        deadline_s = boot_s() + (WAIT_S if within_s is None else within_s)
        if self._places is None:
            await self._turn(deadline_s)
            yield
            return
        if self._slots is not None:
            self._slots.check(deadline_s)
        place = await self._places.take(deadline_s)
        try:
            await self._turn(deadline_s)
            yield
        finally:
            self._places.put_back(place)

    async def _turn(self, deadline_s: float) -> None:
        if self._slots is not None:
            self._slots.check(deadline_s)
            await self._slots.take(deadline_s)
        else:
            await self._pause.over(self.system, deadline_s)

    async def refused(self, retry_after_s: float) -> None:
        """See ``Limits.refused``; a database that is away does not end the pause of this process."""
        pause_s = max(0.0, retry_after_s)
        self._pause.extend(pause_s)
        try:
            if self._slots is not None:
                await self._slots.refused(pause_s)
            elif self._places is not None:
                await self._store.push(None, pause_s)
        except Unavailable as error:
            log.warning("%s: other workers cannot be told of its pause of %.1f s: %s", self.system, pause_s, error)

    async def aclose(self) -> None:
        """Frees what this worker still holds."""
        if self._places is not None:
            await self._places.aclose()
        if self._slots is not None:
            await self._slots.aclose()
