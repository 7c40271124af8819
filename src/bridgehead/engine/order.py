"""The order of arrivals: what was read is settled after what came before it, though documents are read side by side."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Final

from bridgehead.clock import boot_s
from bridgehead.engine.ports import ArrivalStore, ArrivalWork
from bridgehead.errors import Unavailable
from bridgehead.ids import ArrivalId

ORDER_S = 3.0
"""How long an arrival that is read waits for those before it to be settled, in seconds."""
LOOK_S: Final = 0.05


class Order:
    """Lets arrivals that are read through, oldest first, when those before them are settled, or hang.

    A change must not come before its original. What is overtaken all the same is found out when it is settled, and
    goes to a person. All that wait in this process are seen to by one look at the database.
    """

    def __init__(self, arrivals: ArrivalStore, stopped: asyncio.Event) -> None:
        self.moved = asyncio.Event()
        """Set when an arrival was settled here, or given up: others may have waited for it."""
        self._arrivals = arrivals
        self._stopped = stopped
        self._waiting: dict[int, tuple[ArrivalWork, float, asyncio.Future[None]]] = {}
        self._settling: set[int] = set()
        self._noted: set[int] = set()
        self._looking: asyncio.Task[None] | None = None

    @contextlib.asynccontextmanager
    async def turn(self, work: ArrivalWork) -> AsyncIterator[None]:
        """Gives an arrival its turn. The block must ask for it to be settled before it waits for anything."""
        told: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting[work.id] = (work, boot_s() + ORDER_S, told)
        self.moved.set()
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look(), name="bridgehead order of arrivals")
        try:
            await told
            yield
        finally:
            if self._waiting.get(work.id, (None, 0.0, None))[2] is told:
                del self._waiting[work.id]
            self._settling.discard(work.id)
            self._noted.discard(work.id)
            self.moved.set()

    async def _look(self) -> None:
        try:
            while self._waiting:
                self.moved.clear()
                let = 0
                for deployment in sorted({work.deployment for work, _, _ in self._waiting.values()}):
                    let += await self._let(deployment)
                if not let and self._waiting:
                    with contextlib.suppress(TimeoutError):
                        await asyncio.wait_for(self.moved.wait(), LOOK_S)
        except Unavailable as error:
            for _, _, told in self._waiting.values():
                if not told.done():
                    told.set_exception(Unavailable(error.message, code=error.code, hint=error.hint))
            self._waiting.clear()
        except BaseException:
            for _, _, told in self._waiting.values():
                told.cancel()
            raise

    async def _let(self, deployment: str) -> int:
        """Lets through what need not wait, oldest first; returns how many."""
        asked = sorted(number for number, (work, _, _) in self._waiting.items() if work.deployment == deployment)
        if self._stopped.is_set():
            first = None
        else:
            before = await self._arrivals.under_way(deployment, ArrivalId(asked[-1]), within_s=ORDER_S)
            here = self._waiting.keys() | self._settling
            first = next((number for number in before if number not in here), None)
        let = 0
        for number in asked:
            entry = self._waiting.get(number)
            if entry is None or not (first is None or number < first or boot_s() >= entry[1]):
                continue
            del self._waiting[number]
            self._settling.add(number)
            let += 1
            if not entry[2].done():
                entry[2].set_result(None)
        # Should this process end while they wait, their documents are not to blame for it.
        if left := [number for number in asked if number in self._waiting and number not in self._noted]:
            self._noted.update(left)
            await self._arrivals.was_read([ArrivalId(number) for number in left])
        return let
