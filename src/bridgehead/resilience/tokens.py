"""A rate of tokens, shared by all workers: a call draws what it is thought to use, and settles what it used.

The same clock as a rate of requests (``rate``), with as many places as a call has tokens: of a call that takes
``n``, the last place must conform, so no window of ``w`` seconds begins calls of more than ``burst + w · rate``.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import Final

from bridgehead.clock import boot_s
from bridgehead.errors import Unavailable
from bridgehead.resilience.ports import LimitStore
from bridgehead.resilience.rate import Rate, start
from bridgehead.resilience.waiting import throttled, unasked

log = logging.getLogger(__name__)
_ALWAYS_S: Final = 1e6
"""A correction is booked however far ahead the clock stands."""


@dataclass(frozen=True, slots=True)
class TokenLimit:
    """One worker's part in a rate of tokens; ``system`` is a name for people."""

    system: str
    rate: Rate
    store: LimitStore

    async def draw(self, count: int, *, within_s: float) -> None:
        """Returns when a call of ``count`` tokens may be sent.

        Raises Failed with ``applied=False``: ``throttled`` at once when that is later than in ``within_s``, with
        the attribute ``retry_after``; ``dependency_down`` when the shared state cannot be asked.
        """
        before_s = boot_s()
        reach_s = (count - 1) * self.rate.spacing_s
        try:
            drawn = await self.store.draw(self.rate, count, max(-self.rate.slack_s, within_s - reach_s))
            wait_s = start(self.rate, max(0.0, drawn.begin_s), 0.0, count - 1)
            if drawn.count and wait_s > within_s:
                await self.store.draw(self.rate, -count, _ALWAYS_S)
        except Unavailable as error:
            raise unasked(self.system, error) from None
        if not drawn.count or wait_s > within_s:
            raise throttled(self.system, wait_s, before_s + within_s)
        if wait_s > 0:
            await asyncio.sleep(wait_s)

    async def settle(self, drawn: int, used: int) -> None:
        """Books the difference between what was drawn and what the call used; the rate is kept either way.

        A state that cannot be asked leaves the estimate standing.
        """
        if used != drawn:
            try:
                await self.store.draw(self.rate, used - drawn, _ALWAYS_S)
            except Unavailable as error:
                log.warning("%s: %d tokens stay booked for %d: %s", self.system, drawn, used, error.message)
