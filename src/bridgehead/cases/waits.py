"""How a case waits for a dependency: put off before a call was made, or parked after one that failed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable
from contextlib import AbstractAsyncContextManager
from typing import Final, TypeVar

from bridgehead.cases.failures import PARKS, RETRIED
from bridgehead.cases.segment import Segment
from bridgehead.cases.tools import BoundTool
from bridgehead.errors import Failed, Suspended
from bridgehead.ids import show
from bridgehead.resilience import deadline
from bridgehead.resilience.dependency import Call
from bridgehead.resilience.retry import full_jitter_s, retry_after_s

T = TypeVar("T")
log = logging.getLogger("bridgehead.cases")

PAUSE_S: Final = 5.0
"""A pause that is longer is no pause within a segment: the case waits, and holds no worker."""
PARK_S: Final = 1.0
PARK_MOST_S: Final = 60.0
"""The bounds of the first and the longest wait of a case for a dependency that failed, before jitter."""


def put_off(segment: Segment, bound: BoundTool, failed: Failed) -> Suspended:
    """Closes the segment of a call that was not made: nothing is recorded, nothing counted, the case comes again."""
    segment.release(bound.tool.cost)
    after_s = retry_after_s(failed) or 0.0
    log.info("%s waits %.1f s: %s", show("C", segment.claim.case_id), after_s, failed.message)
    return segment.wait(wake_after_s=after_s)


def may_wait(segment: Segment, bound: BoundTool, failed: Failed, parked: int) -> bool:
    """Returns whether a case whose call failed waits and comes again, or the failure is final.

    While a breaker is not closed nothing is final but the case's deadline: the next call is one probe among many.
    """
    down = segment.bench.dependencies.of(bound.dependency).row.phase != "closed"
    return failed.error_class in RETRIED and (down or parked < PARKS)


def wake_s(segment: Segment, bound: BoundTool, failed: Failed, parked: int) -> float:
    """Returns when a case whose call failed comes again: with the dependency's next turn, or with full jitter."""
    turn_s = segment.bench.dependencies.of(bound.dependency).wake_s()
    jittered_s = full_jitter_s(parked, PARK_S, PARK_MOST_S, retry_after_s(failed))
    return jittered_s if turn_s is None else max(turn_s, retry_after_s(failed) or 0.0)


def unheard_s(failed: Failed, parked: int) -> float:
    """Returns when a case comes again whose check could not say: when it was told to, or with full jitter."""
    if failed.attributes.get("put_off"):
        return retry_after_s(failed) or 0.0
    return full_jitter_s(parked, PARK_S, PARK_MOST_S, retry_after_s(failed))


def admitted(segment: Segment, bound: BoundTool, *, repeat: bool) -> AbstractAsyncContextManager[Call]:
    """Lets one call of a tool through to its dependency (see ``Dependency.call``); raises Failed when it is put off."""
    return segment.bench.dependencies.of(bound.dependency).call(
        criticality=segment.bench.deployment.case.criticality,
        repeat=repeat,
        fresh=segment.claim.epoch <= 1,
        timeout_s=bound.tool.timeout_s,
    )


async def timed(timeout_s: float, work: Awaitable[T]) -> T:
    """Returns what ``work`` returns within its time and what is left of the case's.

    Raises TimeoutError when its own time is over, Failed ``deadline`` when the case's is.
    """
    bound_s = deadline.bounded(timeout_s)
    try:
        async with asyncio.timeout(bound_s):
            return await work
    except (TimeoutError, Failed) as error:
        # A wire beneath counts the same seconds, and may be the first to say that they are over.
        failed = error if isinstance(error, Failed) else None
        if bound_s < timeout_s and (
            failed is None or (failed.error_class == "timeout" and deadline.bounded(1.0) <= deadline.LEAST_S)
        ):
            raise Failed(
                "the case's time was over before the call had ended",
                error_class="deadline",
                applied=None if failed is None else failed.applied,
            ) from None
        raise
