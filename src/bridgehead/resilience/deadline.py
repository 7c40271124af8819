"""The time that is left, handed down a chain of calls: each link may shorten it, none may widen it.

It is a moment on ``clock.boot_s()``, kept in a context variable: a task inherits it from whoever started it.
Whoever runs a case opens it, and every timeout beneath is ``bounded`` by it. Source: the deadlines of gRPC
("gRPC and Deadlines", grpc.io), which propagate as a moment rather than as a duration.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

from bridgehead import clock
from bridgehead.errors import Failed
from bridgehead.spec.deployment import CaseSpec

LEAST_S: Final = 0.05
"""With less than this left nothing is started: no request over a network is answered sooner with any certainty."""
HAND_OVER_S: Final = 2.0
"""What of a case's time is kept back for handing it over: a commit and a review."""
SHARE: Final = 0.1
"""At most this share of a case's time is kept back, so that a short deadline leaves time to work."""

_MOMENT: ContextVar[float | None] = ContextVar("bridgehead_deadline", default=None)


def remaining_s() -> float | None:
    """Returns the seconds left, never below zero; None where no deadline is set."""
    moment = _MOMENT.get()
    return None if moment is None else max(0.0, moment - clock.boot_s())


def moment_s() -> float | None:
    """Returns the moment on ``clock.boot_s()`` at which time is up; None where no deadline is set."""
    return _MOMENT.get()


@contextmanager
def within(seconds: float | None) -> Iterator[None]:
    """Lets what runs inside take ``seconds`` at most, or what is left of a deadline around it if that is less.

    None changes nothing.
    """
    if seconds is None:
        yield
        return
    moment = clock.boot_s() + max(0.0, seconds)
    around = _MOMENT.get()
    kept = _MOMENT.set(moment if around is None else min(moment, around))
    try:
        yield
    finally:
        _MOMENT.reset(kept)


def bounded(timeout_s: float) -> float:
    """Returns the timeout of a call that may take ``timeout_s``: that, or what is left if it is less (0 at least)."""
    left_s = remaining_s()
    return timeout_s if left_s is None else min(timeout_s, left_s)


def check(what: str, *, needs_s: float = LEAST_S) -> None:
    """Raises Failed ``deadline`` (``applied=False``) when less than ``needs_s`` is left: the call is not started."""
    left_s = remaining_s()
    if left_s is not None and left_s < needs_s:
        raise Failed(
            f"{what}: not started, for {left_s:.2f} s are left of the case's time and it needs {needs_s:.2f} s",
            error_class="deadline",
            applied=False,
            hint="Nothing was sent. Raise the case's `deadline`, or the agent does less.",
        )


def reserve_s(spec: CaseSpec) -> float:
    """Returns how much of a case's time is kept back for the hand-over: as declared, else two seconds or a tenth."""
    if spec.reserve_s is not None:
        return spec.reserve_s
    return min(HAND_OVER_S, SHARE * spec.deadline_s)
