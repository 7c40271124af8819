"""A circuit breaker as pure functions of one row and a time, for one process or for all workers of a database.

A *closed* breaker lets everybody call; failures open it; an *open* one lets nobody call until its probe is due;
a *half-open* one lets one caller at a time try, and closes after some successes in a row. Once closed, calls come
back slowly (``Ramp``), at a multiple of the rate at which all workers together called before (``Row.per_s``).
Source of the states: M. Nygard, "Release It!", Pragmatic Bookshelf 2007, "Circuit Breaker".

All times are seconds on one clock, the store's.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Final, Literal

from bridgehead.errors import ErrorClass, Failed

Phase = Literal["closed", "open", "half_open"]

COUNTED: Final[frozenset[ErrorClass]] = frozenset({"dependency_down", "timeout", "transient"})
"""Classes that say that a dependency is down; ``throttled`` is for its limits, anything else is an answer."""
NO_WORD: Final[frozenset[ErrorClass]] = frozenset({"throttled", "deadline", "budget_exhausted", "policy_denied"})
"""Classes that say nothing of whether a dependency is up."""
COUNTED_S: Final = 2.0
"""After so long into an outage what arrives in it says how often the dependency is called."""


def verdict(failed: Failed | None) -> bool | None:
    """Returns whether a call shows its dependency up (True), down (False), or neither (None)."""
    if failed is None:
        return True
    if failed.attributes.get("ours"):  # our own limits could not be asked: nothing was sent
        return None
    if failed.error_class in COUNTED:
        return False
    return None if failed.error_class in NO_WORD else True


@dataclass(frozen=True, slots=True)
class Policy:
    """When a breaker opens, tries and closes.

    It opens when each of the last ``least`` calls failed, or a share of ``failing`` of the last ``calls``; calls older
    than ``window_s`` do not count. The first probe comes after ``open_s``, each further one after twice the time,
    up to ``open_most_s``; ``probes`` successes in a row close it.
    """

    calls: int = 20
    window_s: float = 60.0
    least: int = 5
    failing: float = 0.5
    open_s: float = 1.0
    open_most_s: float = 15.0
    probes: int = 3

    def wait_s(self, lost: int) -> float:
        """Returns how long nobody tries after ``lost`` probes failed in a row."""
        return min(self.open_most_s, self.open_s * 2.0 ** min(lost, 30))


@dataclass(frozen=True, slots=True)
class Row:
    """A breaker as all workers see it.

    ``since_s``: when it came into its phase; ``down_since_s``: when it left closed; ``probe_s``: when the next probe
    is due; ``lost``: probes that failed in a row; ``passed``: those that succeeded in a row; ``holder``: who probes,
    until ``lease_s``; ``down_s``: closed again, how long it was not; ``failures``: the calls that failed when it
    opened, and probes since; ``closings``: how often it has closed, by which a call from before is known.

    All workers together: ``before``: calls that succeeded in the last ``before_s`` before it left closed; ``arrived``:
    cases that have come for the first time since.
    """

    phase: Phase = "closed"
    since_s: float = 0.0
    down_since_s: float = 0.0
    probe_s: float = 0.0
    lost: int = 0
    passed: int = 0
    holder: str = ""
    lease_s: float = 0.0
    down_s: float = 0.0
    failures: int = 0
    closings: int = 0
    before: int = 0
    before_s: float = 0.0
    arrived: int = 0

    def per_s(self, now_s: float) -> float:
        """Returns the calls a second before the outage or since it began, whichever are more, over all workers.

        Each is a sum of counts over one span, so it is no more than what came in that span, whoever counted it. A sum
        of what each worker finds to be more would have no such bound: who takes how much of the work changes.
        """
        on_s = now_s - self.down_since_s
        come_per_s = self.arrived / on_s if on_s >= COUNTED_S else 0.0
        return max(come_per_s, self.before / self.before_s if self.before_s > 0 else 0.0)

    def shifted(self, by_s: float) -> Row:
        """Returns the row on another clock, which reads ``by_s`` more."""
        return replace(
            self,
            since_s=self.since_s + by_s,
            down_since_s=self.down_since_s + by_s,
            probe_s=self.probe_s + by_s,
            lease_s=self.lease_s + by_s,
        )


Change = Callable[[Row, float], Row]
"""What turns a row into the next one at a time; a store applies it while nobody else can."""


def opened(policy: Policy, failures: int, *, closings: int, steady: bool = True) -> Change:
    """Opens a closed breaker that has closed so often and no oftener: failures from before say nothing.

    One that fails again while calls are coming back goes on with the longer waits of the same outage. ``steady=False``:
    calls had not come back to a rate of their own, so the one from before the last outage still counts.
    """

    def change(row: Row, now_s: float) -> Row:
        if row.phase != "closed" or row.closings != closings:
            return row
        same = row.down_s > 0 and now_s < row.since_s + max(row.down_s, policy.open_most_s)
        lost = row.lost if same else 0
        since_s = row.down_since_s if same else now_s
        probe_s = now_s + policy.wait_s(lost)
        return Row(
            "open",
            now_s,
            since_s,
            probe_s,
            lost,
            failures=failures,
            closings=closings,
            before=0 if steady else row.before,
            before_s=0.0 if steady else row.before_s,
            arrived=row.arrived if same else 0,
        )

    return change


def counted(*, arrived: int, before: int = 0, before_s: float = 0.0, closings: int = 0) -> Change:
    """Adds what one worker has counted: cases that came, and calls of ``before_s`` before so many ``closings``."""

    def change(row: Row, _now_s: float) -> Row:
        if row.closings != closings or not before:
            return replace(row, arrived=row.arrived + arrived)
        longest_s = max(row.before_s, before_s)
        return replace(row, arrived=row.arrived + arrived, before=row.before + before, before_s=longest_s)

    return change


def leased(holder: str, lease_s: float) -> Change:
    """Gives the one probe to a caller, if it is due and nobody has it; the row's ``holder`` tells who got it."""

    def change(row: Row, now_s: float) -> Row:
        taken = bool(row.holder) and row.lease_s > now_s
        if row.phase == "closed" or now_s < row.probe_s or taken:
            return row
        since_s = row.since_s if row.phase == "half_open" else now_s
        return replace(row, phase="half_open", since_s=since_s, holder=holder, lease_s=now_s + lease_s)

    return change


def answered(policy: Policy, holder: str, *, up: bool | None) -> Change:
    """Ends a caller's probe; one that lost its lease to another changes nothing."""

    def change(row: Row, now_s: float) -> Row:
        if row.phase != "half_open" or row.holder != holder:
            return row
        if up is None:
            return replace(row, holder="", lease_s=now_s, probe_s=now_s + policy.open_s)
        if not up:
            lost = row.lost + 1
            probe_s, failures = now_s + policy.wait_s(lost), row.failures + 1
            return replace(_fresh(row, "open", now_s), probe_s=probe_s, lost=lost, failures=failures)
        if row.passed + 1 < policy.probes:
            return replace(row, passed=row.passed + 1, holder="", lease_s=now_s, probe_s=now_s)
        down_s = max(0.001, now_s - row.down_since_s)
        return replace(_fresh(row, "closed", now_s), probe_s=now_s, down_s=down_s, closings=row.closings + 1)

    return change


def _fresh(row: Row, phase: Phase, now_s: float) -> Row:
    """Returns the row in another phase, with nobody's probe."""
    return replace(row, phase=phase, since_s=now_s, passed=0, holder="", lease_s=0.0, down_s=0.0)


@dataclass(slots=True)
class Window:
    """The last calls of one process to one dependency."""

    policy: Policy
    _ended: deque[tuple[float, bool]] = field(init=False)

    def __post_init__(self) -> None:
        self._ended = deque(maxlen=self.policy.calls)

    def add(self, now_s: float, *, up: bool) -> None:
        """Counts a call that came to its end."""
        self._ended.append((now_s, up))

    def failures(self, now_s: float) -> int:
        """Returns how many calls failed if that is enough to open the breaker, else 0."""
        while self._ended and self._ended[0][0] < now_s - self.policy.window_s:
            self._ended.popleft()
        failed = sum(1 for _, up in self._ended if not up)
        least, ended = self.policy.least, len(self._ended)
        in_a_row = not any(up for _, up in islice(reversed(self._ended), least))
        enough = ended >= least and (in_a_row or failed >= self.policy.failing * ended)
        return failed if enough else 0

    def clear(self) -> None:
        """Forgets everything: the breaker has changed."""
        self._ended.clear()


@dataclass(frozen=True, slots=True)
class Ramp:
    """How fast calls come back to a dependency that was down, as a multiple of the rate at which it is called.

    Over ``ramp_s`` the rate of all calls rises from ``start`` to ``headroom``, and stays there as long again. Then all
    of them go at ``drain``, what arrives and what has waited and is woken at ``back`` beside it: more than come, so
    that a queue has an end, and no burst. That holds for ``hold`` times as long as the outage lasted; after that the
    bound doubles every ``ramp_s``, ``doublings`` times, and is gone.

    Turns are even and all workers draw from one row of them, so no ``w`` seconds before that hold more than
    ``1 + w · drain · rate`` of them; one may be used a quarter of a second late (``dependency.LATE_S``).
    """

    start: float = 0.2
    headroom: float = 1.35
    back: float = 0.3
    ramp_s: float = 5.0
    hold: float = 4.0
    doublings: int = 5
    drain: float = 1.4

    def factor(self, row: Row, now_s: float) -> float | None:
        """Returns the multiple that is allowed at a moment; None: no bound."""
        if row.phase != "closed" or row.down_s <= 0:
            return None
        on_s = now_s - row.since_s
        if on_s < 2 * self.ramp_s:
            return min(self.headroom, self.start + (self.headroom - self.start) * max(0.0, on_s) / self.ramp_s)
        later_s = max(0.0, on_s - max(3 * self.ramp_s, self.hold * row.down_s))
        if later_s > self.doublings * self.ramp_s:
            return None
        return float(self.drain * 2.0 ** (later_s / self.ramp_s))
