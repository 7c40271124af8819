"""How often something happened of late, in bounded memory: one count for each second."""

from __future__ import annotations

from collections import deque


class Recent:
    """Counts what happens, by the second of one clock, and forgets what is older than ``within_s``."""

    def __init__(self, within_s: float, began_s: float) -> None:
        self._within_s = within_s
        self._began_s = began_s
        self._counts: deque[list[float]] = deque()  # [second, how often in it]

    def add(self, now_s: float, count: int = 1) -> None:
        """Counts one, or so many."""
        second = float(int(now_s))
        if not self._counts or self._counts[-1][0] != second:
            self._counts.append([second, 0.0])
            while self._counts[0][0] < second - self._within_s:
                self._counts.popleft()
        self._counts[-1][1] += count

    def count(self, now_s: float) -> int:
        """Returns how often it happened of late."""
        return int(sum(count for second, count in self._counts if second >= now_s - self._within_s))

    def span_s(self, now_s: float) -> float:
        """Returns over how long that was counted; one second at least, so that a first one says little."""
        return max(1.0, min(self._within_s, now_s - self._began_s))

    def per_s(self, now_s: float) -> float:
        """Returns how often a second it happened of late."""
        return self.count(now_s) / self.span_s(now_s)
