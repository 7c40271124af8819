"""Who asked how much: a rate for each client, and counts of all requests that tests read at the server."""

from __future__ import annotations

import math
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from bridgehead.clock import boot_s

_WINDOW_S: Final = 1.0


@dataclass(slots=True)
class _Bucket:
    tokens: float
    at_s: float


class Throttle:
    """A token bucket for each client: ``burst`` requests at once, ``rate`` a second after that; rate 0 is no limit."""

    def __init__(self, rate: float = 0.0, burst: int = 1, *, now_s: Callable[[], float] = boot_s) -> None:
        self._rate = rate
        self._burst = max(1, burst)
        self._now_s = now_s
        self._buckets: dict[str, _Bucket] = {}

    def take(self, client: str) -> int | None:
        """Takes one request of that client; returns None, or the whole seconds to wait where none is left."""
        if not self._rate:
            return None
        now_s = self._now_s()
        bucket = self._buckets.setdefault(client, _Bucket(self._burst, now_s))
        bucket.tokens = min(self._burst, bucket.tokens + (now_s - bucket.at_s) * self._rate)
        bucket.at_s = now_s
        if bucket.tokens >= 1:
            bucket.tokens -= 1
            return None
        return max(1, math.ceil((1 - bucket.tokens) / self._rate))


@dataclass(slots=True)
class Window:
    """The most events in any window of one second, and the seconds from the first event to the last."""

    now_s: Callable[[], float] = boot_s
    most: int = 0
    first_s: float | None = None
    last_s: float = 0.0
    _recent: deque[float] = field(default_factory=deque)

    def add(self) -> None:
        """Notes one event."""
        self.last_s = self.now_s()
        if self.first_s is None:
            self.first_s = self.last_s
        self._recent.append(self.last_s)
        while self._recent[0] <= self.last_s - _WINDOW_S:
            self._recent.popleft()
        self.most = max(self.most, len(self._recent))

    @property
    def span_s(self) -> float:
        """Seconds between the first event and the last."""
        return 0.0 if self.first_s is None else self.last_s - self.first_s


@dataclass(slots=True)
class Counts:
    """Requests as they came, with the answers that refused them; faulted requests are among them."""

    requests: Counter[str] = field(default_factory=Counter)
    statuses: Counter[str] = field(default_factory=Counter)
    asked: Window = field(default_factory=Window)
    served: Window = field(default_factory=Window)

    def clear(self) -> None:
        """Starts again from nothing."""
        self.requests.clear()
        self.statuses.clear()
        self.asked, self.served = Window(), Window()
