"""Limits that one process keeps by itself: for trying a connector, and for tests. Workers share theirs in storage."""

from __future__ import annotations

from collections.abc import Sequence

from bridgehead.clock import boot_s
from bridgehead.resilience.limiter import LEASE_S, Limiter
from bridgehead.resilience.ports import Bounds, Drawn, Held
from bridgehead.resilience.rate import Rate, draw, give_back, push

__all__ = ["LocalLimits", "NoLimits"]


class LocalLimits(Limiter):
    """The declared limits, counted in this process alone."""

    def __init__(self, system: str, bounds: Bounds, *, lease_s: float = LEASE_S) -> None:
        super().__init__(system, bounds, _Memory(), lease_s=lease_s)


class NoLimits(LocalLimits):
    """No bound; only the pause that a system asks for is kept, by this process."""

    def __init__(self, system: str = "the system") -> None:
        super().__init__(system, Bounds())


class _Memory:
    """A store (``LimitStore``) that only this process knows: nobody else draws, waits or dies."""

    def __init__(self) -> None:
        self._tat_s = 0.0
        self._pause_until_s = 0.0
        self._taken: dict[int, str] = {}

    async def draw(self, rate: Rate, count: int, horizon_s: float) -> Drawn:
        """See the port."""
        now_s = boot_s()
        begin_s = max(self._tat_s, now_s) - now_s
        if begin_s - rate.slack_s > horizon_s:
            return Drawn(begin_s, 0, "")
        self._tat_s, _ = draw(rate, self._tat_s, now_s, count)
        return Drawn(begin_s, count, repr(self._tat_s))

    async def give_back(self, rate: Rate, count: int, end: str) -> None:
        """See the port."""
        self._tat_s = give_back(rate, self._tat_s, float(end), count)

    async def push(self, rate: Rate | None, pause_s: float) -> None:
        """See the port."""
        self._tat_s = push(rate, self._tat_s, boot_s(), pause_s)
        self._pause_until_s = max(self._pause_until_s, boot_s() + pause_s)

    async def take(self, holder: str, cap: int, count: int, held: int, lease_s: float) -> Held:  # noqa: ARG002  # alone
        """See the port."""
        free = [place for place in range(1, cap + 1) if place not in self._taken][:count]
        self._taken.update(dict.fromkeys(free, holder))
        return self._held(free)

    async def renew(self, holder: str, lease_s: float) -> Held:  # noqa: ARG002  # who dies takes this memory along
        """See the port."""
        return self._held([place for place, by in self._taken.items() if by == holder])

    async def release(self, holder: str, places: Sequence[int]) -> None:
        """See the port."""
        for place in places:
            if self._taken.get(place) == holder:
                del self._taken[place]

    def _held(self, places: Sequence[int]) -> Held:
        return Held(places, max(0.0, self._pause_until_s - boot_s()))
