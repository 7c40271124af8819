"""Limits that are decided later: a connector is loaded before the database that its workers share is open."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager

from bridgehead.connectors.document_connection import LimitsPart
from bridgehead.connectors.ports import Limits
from bridgehead.resilience.ports import Bounds
from bridgehead.resilience.rate import Rate


def bounds_of(part: LimitsPart) -> Bounds:
    """Returns what a specification declares, as the limiter counts it."""
    return Bounds(None if part.rate is None else Rate(part.rate, part.burst), part.concurrency)


class LateLimits:
    """Stands for limits that can be exchanged while nothing is under way."""

    def __init__(self, first: Limits) -> None:
        self._target = first

    def use(self, target: Limits) -> None:
        """Counts every further request by ``target``."""
        self._target = target

    def admit(self, *, within_s: float | None = None) -> AbstractAsyncContextManager[None]:
        """Waits for leave to send one request."""
        return self._target.admit(within_s=within_s)

    async def refused(self, retry_after_s: float) -> None:
        """Holds everybody back for that long."""
        await self._target.refused(retry_after_s)
