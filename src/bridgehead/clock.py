"""Time: the only place that asks the machine for it.

Deadlines, expiry and freshness use the database's ``bridgehead_now()``, which the test
clock can move; leases use the database's ``clock_timestamp()``; a send's last moment uses
``boot_s`` because it must be compared without asking anybody.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Final

_BOOT: Final[int | None] = getattr(time, "CLOCK_BOOTTIME", None)


def utc_now() -> datetime:
    """Returns this machine's wall-clock time in UTC, for logs and for files people read."""
    return datetime.now(UTC)


def boot_s() -> float:
    """Returns seconds since boot, counting suspended time where the system can.

    CLOCK_BOOTTIME on Linux (clock_gettime(2)); the monotonic clock elsewhere.
    """
    return time.monotonic() if _BOOT is None else time.clock_gettime(_BOOT)


def perf_s() -> float:
    """Returns a high-resolution monotonic reading in seconds, for measuring durations."""
    return time.perf_counter()
