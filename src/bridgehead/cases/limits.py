"""What bounds an agent's loop beside the gate: working time, calls that come again, and not heeding a refusal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bridgehead import clock
from bridgehead.cases.segment import BEGUN
from bridgehead.cases.writes import Worked, Write
from bridgehead.errors import ErrorClass, Refused

if TYPE_CHECKING:
    from bridgehead.cases.segment import Segment

OVER: Final = 10
"""So many calls of one segment are refused for a limit; with the next one the agent is stopped."""


@dataclass(frozen=True, slots=True)
class Until:
    """When an agent that has not come to an end is stopped, and as what: the class and the reason a person reads."""

    seconds: float
    error_class: ErrorClass
    reason: str


def until(segment: Segment, working_s: float | None) -> Until | None:
    """Returns what ends first: the time before the case's deadline, or the agent's working time; None: neither is set.

    ``working_s`` are the seconds until the case must be handed over to meet its deadline.
    """
    found: list[Until] = []
    if working_s is not None:
        left_s = working_s - (clock.boot_s() - segment.started_s)
        found.append(Until(max(0.0, left_s), "deadline", "Its time was over before the agent had come to an end."))
    limit_s = segment.bench.deployment.limits.time_s
    if limit_s is not None:
        left_s = limit_s - segment.loaded.worked_s - (clock.boot_s() - segment.started_s)
        reason = f"The agent has used the {limit_s:g} s that limits.time lets it work on a case."
        found.append(Until(max(0.0, left_s), "budget_exhausted", reason))
    return min(found, key=lambda one: one.seconds, default=None)


def worked(segment: Segment) -> tuple[Write, ...]:
    """Returns the record of this segment's working time, where the deployment limits it."""
    if segment.bench.deployment.limits.time_s is None:
        return ()
    return (Worked(clock.boot_s() - segment.started_s),)


def repeated(segment: Segment, name: str, before: int) -> Refused | None:
    """Returns what a call raises that was answered from the record too often; None when it may be answered once more.

    ``before`` is how often the very same call was made. Nothing would happen in it, so no gate is asked; but an agent
    that makes it again and again goes in a circle.
    """
    if before < segment.bench.deployment.limits.repeats:
        return None
    over(segment)
    return Refused(f"{name} was called with these arguments too often", code="policy.limit")


def over(segment: Segment) -> None:
    """Counts a call beyond a limit. An agent that goes on all the same is stopped: raises Suspended.

    Of calls made at once the first that is refused counts: the others had begun before anything was told.
    """
    if BEGUN.get() <= segment.over_begun:
        return
    segment.over += 1
    segment.over_begun = segment.begun
    if segment.over > OVER:
        raise segment.hand_over(
            "budget_exhausted",
            f"The agent was told {OVER} times that the case has reached a limit, and went on.",
            over=segment.over,
        )
