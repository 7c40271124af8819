"""Figures that take long are counted once for everybody who looks, and anew while the last ones are shown."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final, Generic, TypeVar
from weakref import WeakKeyDictionary

from bridgehead.clock import perf_s, utc_now
from bridgehead.errors import Unavailable

if TYPE_CHECKING:
    from bridgehead.app import App

T = TypeVar("T")
log = logging.getLogger("bridgehead.desk")

FRESH_S: Final = 1.0
REST: Final = 20
"""Figures are counted anew at the soonest after so many times what counting took: it takes a twentieth at most."""
STALE_S: Final = 120.0
"""Older figures are never shown: the page waits for new ones."""
GLIMPSE_S: Final = 0.15
MOST: Final = 256


@dataclass(frozen=True, slots=True)
class Counted(Generic[T]):
    """Figures, and when they were counted."""

    value: T
    at: datetime


@dataclass(slots=True)
class _Kept(Generic[T]):
    counted: Counted[T] | None = None
    at_s: float = 0.0
    took_s: float = 0.0
    task: asyncio.Task[Counted[T]] | None = None

    @property
    def fresh(self) -> bool:
        """Whether it is too soon to count anew."""
        return perf_s() - self.at_s < max(FRESH_S, REST * self.took_s)


class Remembering(Generic[T]):
    """Figures by what was asked for, for each app."""

    def __init__(self) -> None:
        self._kept: WeakKeyDictionary[App, dict[Hashable, _Kept[T]]] = WeakKeyDictionary()

    async def get(self, app: App, asked: Hashable, count: Callable[[], Awaitable[T]]) -> Counted[T]:
        """Returns figures that are fresh, or the last ones while new ones are counted; raises what ``count`` raises."""
        kept = self._of(app, asked)
        if kept.counted is not None and kept.fresh:
            return kept.counted
        task = self._begun(kept, count)
        if kept.counted is not None and perf_s() - kept.at_s < STALE_S:
            return kept.counted
        return await asyncio.shield(task)

    async def glimpse(self, app: App, asked: Hashable, count: Callable[[], Awaitable[T]]) -> Counted[T] | None:
        """Returns figures as ``get`` does, or None where there are none yet and nobody should wait for them.

        Raises what the last count raised.
        """
        kept = self._of(app, asked)
        if kept.counted is not None and kept.fresh:
            return kept.counted
        task = self._begun(kept, count)
        if kept.counted is not None and perf_s() - kept.at_s < STALE_S:
            return kept.counted
        done, _ = await asyncio.wait({task}, timeout=GLIMPSE_S)
        return task.result() if done else None

    def _of(self, app: App, asked: Hashable) -> _Kept[T]:
        of_app = self._kept.setdefault(app, {})
        if len(of_app) >= MOST and asked not in of_app:
            of_app.pop(next(iter(of_app)))
        return of_app.setdefault(asked, _Kept())

    def _begun(self, kept: _Kept[T], count: Callable[[], Awaitable[T]]) -> asyncio.Task[Counted[T]]:
        if kept.task is None or kept.task.done():
            kept.task = asyncio.create_task(self._count(kept, count))
            kept.task.add_done_callback(_seen)
        return kept.task

    async def _count(self, kept: _Kept[T], count: Callable[[], Awaitable[T]]) -> Counted[T]:
        started_s = perf_s()
        counted = Counted(await count(), utc_now())
        kept.counted, kept.at_s, kept.took_s = counted, perf_s(), perf_s() - started_s
        return counted


def _seen(task: asyncio.Task[Counted[T]]) -> None:
    """Takes note of what went wrong in a count that nobody waits for."""
    if not task.cancelled() and isinstance(error := task.exception(), Unavailable):
        log.warning("figures were not counted: %s", error.message)
