"""When a failed call is made again: full jitter, the system's own word, and a budget that bounds the extra load.

Sources: M. Brooker, "Timeouts, retries, and backoff with jitter", Amazon Builders' Library (full jitter, a local
token bucket for retries); "Handling Overload", Site Reliability Engineering, O'Reilly 2016, chapter 21 (a budget of
retries as a share of requests, kept by each client).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Final

from bridgehead import clock
from bridgehead.errors import Failed
from bridgehead.ids import jitter

RATIO: Final = 0.1
"""Calls made again, as a share of first attempts."""
BURST: Final = 10.0
"""What a process may make again beyond its share, once: without it the first failure of a quiet day would wait."""
TRICKLE_S: Final = 10.0
"""A budget that is used up grows by one in so many seconds, so that the last case of a quiet worker goes on."""


def full_jitter_s(attempt: int, base_s: float, cap_s: float, retry_after_s: float | None = None) -> float:
    """Returns how long to wait before an attempt is followed by another: anything up to a doubling bound.

    ``attempt`` counts from 0; the bound is ``min(cap_s, base_s · 2^attempt)``. What the system asked for
    (``retry_after_s``) comes on top, so that those who were told the same moment do not come at it together.
    """
    bound_s = min(cap_s, base_s * 2.0 ** min(attempt, 60))
    return jitter() * bound_s + max(0.0, retry_after_s or 0.0)


def retry_after_s(failed: Failed) -> float | None:
    """Returns what a failure says of when to come again, in seconds; None when it says nothing."""
    said = failed.attributes.get("retry_after")
    return float(said) if isinstance(said, int | float) and not isinstance(said, bool) else None


@dataclass(slots=True)
class RetryBudget:
    """The tokens of one process for one dependency: a first attempt earns ``ratio``, a repeat costs one.

    The bound needs no shared state: a process's repeats are at most ``ratio`` times its own first attempts
    (and ``burst`` once, and one in ``trickle_s``), and a sum of such bounds is the bound of the sum.
    So the repeats of any number of workers are at most ``ratio`` times the first attempts of them all.
    """

    ratio: float = RATIO
    burst: float = BURST
    trickle_s: float = TRICKLE_S
    tokens: float = field(init=False)
    first_attempts: int = 0
    repeats: int = 0
    _grown_s: float = field(default_factory=clock.boot_s)

    def __post_init__(self) -> None:
        self.tokens = self.burst

    def first(self) -> None:
        """Counts a first attempt."""
        self.first_attempts += 1
        self.tokens = min(self.burst, self.tokens + self.ratio)

    def repeat(self) -> bool:
        """Returns whether a call may be made once more, and counts it."""
        self._grow()
        if self.tokens < 1.0 - 1e-9:  # ten tenths are one
            return False
        self.tokens -= 1.0
        self.repeats += 1
        return True

    def give_back(self) -> None:
        """A call that was made again after a wait has succeeded: it was the one that its case needed, no extra one."""
        self.tokens = min(self.burst, self.tokens + 1.0)

    def _grow(self) -> None:
        now_s = clock.boot_s()
        if self.trickle_s > 0 and self.tokens < 1.0:
            self.tokens = min(1.0, self.tokens + (now_s - self._grown_s) / self.trickle_s)
        self._grown_s = now_s


_CURRENT: ContextVar[RetryBudget | None] = ContextVar("bridgehead_retry_budget", default=None)


@contextmanager
def spending(budget: RetryBudget) -> Iterator[None]:
    """Lets what runs inside make its own repeats (``may_repeat``) out of ``budget``."""
    kept = _CURRENT.set(budget)
    try:
        yield
    finally:
        _CURRENT.reset(kept)


def may_repeat() -> bool:
    """Returns whether one request of the call under way may be made once more, and counts it; outside a call, True."""
    budget = _CURRENT.get()
    return budget is None or budget.repeat()
