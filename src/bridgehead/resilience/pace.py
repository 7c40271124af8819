"""How often a dependency is called: what one process counts and tells the others, and what it hears of them all.

The rate at which calls come back after an outage is a sum of counts over all workers (``Row.per_s``). So each of them
adds what it has counted to the breaker's row, and takes what the others have added from there.
"""

from __future__ import annotations

from typing import Final

from bridgehead import clock
from bridgehead.resilience.breaker import COUNTED_S, Change, Row, counted
from bridgehead.resilience.recent import Recent

TOLD_S: Final = 1.0
"""How often a process tells what it has counted, and looks at the shared breakers, besides being told."""
RATE_S: Final = 30.0
"""Over how long calls that succeed, and those that arrive, are counted: calls come back to their rate after an outage.

Shorter, and what a busy machine has delayed would count as a rush of arrivals.
"""
LEAST_PER_S: Final = 1.0
"""The rate that is assumed where less was counted."""


class Pace:
    """What one process knows of how often one dependency is called."""

    def __init__(self) -> None:
        now_s = clock.boot_s()
        self._succeeded = Recent(RATE_S, now_s)
        self._arrived = Recent(RATE_S, now_s)  # over all workers, as the row tells it
        self._known_of_s, self._known_arrived = 0.0, 0
        self._left_s = 0.0
        self._before: tuple[int, float, int] | None = None  # not told yet; with the closings that it is of
        self._before_per_s = 0.0
        self._came, self._untold = 0, 0

    def succeeded(self) -> None:
        """A call of this process has succeeded."""
        self._succeeded.add(clock.boot_s())

    def came(self) -> None:
        """A case came to this process for the first time, while the dependency was down or had been down of late."""
        self._came, self._untold = self._came + 1, self._untold + 1

    def left(self, closings: int) -> None:
        """The dependency is down which was called at a rate of its own; its breaker had closed so often."""
        now_s = clock.boot_s()
        self._before_per_s = self._succeeded.per_s(now_s)
        self._before = self._succeeded.count(now_s), self._succeeded.span_s(now_s), closings
        self._came, self._untold, self._left_s = 0, 0, now_s

    def heard(self, row: Row) -> None:
        """The row was read: what has come to all workers since it was last read has come of late."""
        if abs(row.down_since_s - self._known_of_s) > 1.0:  # another outage; the clocks' difference is measured anew
            self._known_of_s, self._known_arrived = row.down_since_s, row.arrived
        elif row.arrived > self._known_arrived:
            self._arrived.add(clock.boot_s(), row.arrived - self._known_arrived)
            self._known_arrived = row.arrived

    def told(self) -> Change | None:
        """Returns what adds to the row what this process has counted and not told yet, once; or None."""
        if self._before is None and not self._untold:
            return None
        before, before_s, closings = self._before or (0, 0.0, 0)
        arrived, self._untold, self._before = self._untold, 0, None
        return counted(arrived=arrived, before=before, before_s=before_s, closings=closings)

    def per_s(self, row: Row) -> float:
        """Returns the calls a second of all workers, before the outage, since it began or of late; at least one.

        Of late is over one look at the row more than is counted: what that look brought may have come before.
        """
        now_s = clock.boot_s()
        return max(LEAST_PER_S, row.per_s(now_s), self._arrived.count(now_s) / (RATE_S + TOLD_S))

    def own_per_s(self) -> float:
        """Returns the calls a second of this process, before the outage or since it began; at least one."""
        on_s = clock.boot_s() - self._left_s
        return max(LEAST_PER_S, self._before_per_s, self._came / on_s if on_s >= COUNTED_S else 0.0)
