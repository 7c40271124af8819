"""Crash points: named places in the code where a test lets its own process die or freeze. Off, they do nothing.

A point stands directly before or after what must not be torn: a commit, a call that acts on the world, or a
claim. Two variables of the environment arm one of them in a process that a test starts, and both must be there:
``BRIDGEHEAD_CRASH_POINT="effects.send.after:3"`` names the point and which of its visits (the first where it is
left out; ``:3:stop`` freezes instead of killing), and ``BRIDGEHEAD_CRASH_TESTS`` must say ``these processes may be
killed``. No command and no setting sets the second one, so a variable left over in a real worker's environment
arms nothing. Armed, the process sends itself SIGKILL or SIGSTOP: no handler runs, no buffer is written.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Mapping
from typing import Final

from bridgehead.errors import UserError

NAMES: Final = (
    "intake.store.before",
    "intake.store.after",
    "intake.settle.before",
    "intake.settle.after",
    "engine.claim.before",
    "engine.claim.after",
    "engine.release.before",
    "engine.release.after",
    "engine.sweep.before",
    "engine.sweep.after",
    "engine.hand_over.before",
    "engine.hand_over.after",
    "journal.commit.before",
    "journal.commit.after",
    "journal.batch.before",
    "journal.batch.after",
    "effects.intent.before",
    "effects.intent.after",
    "effects.send.before",
    "effects.send.after",
    "effects.settle.before",
    "effects.settle.after",
    "effects.read_back.before",
    "effects.read_back.after",
    "effects.hold.before",
    "effects.hold.after",
    "reviews.decide.before",
    "reviews.decide.after",
)
"""Every point there is. ``before``: nothing of it stands in the database yet; ``after``: it stands, nobody knows."""
POINT: Final = "BRIDGEHEAD_CRASH_POINT"
ALLOWED: Final = "BRIDGEHEAD_CRASH_TESTS"
CONSENT: Final = "these processes may be killed"


def _off(name: str) -> None:
    """Does nothing: no point is armed."""


reach: Callable[[str], None] = _off
"""Called at each point with its name, as ``points.reach("effects.send.before")``, so that arming it takes effect."""


def arm(text: str) -> None:
    """Arms ``name[:nth[:stop]]`` in this process; raises UserError for a point that does not exist.

    For processes that a test has forked; a process that is started is armed by its environment.
    """
    name, _, rest = text.partition(":")
    nth, _, mode = rest.partition(":")
    if name not in NAMES or not (nth or "1").isdecimal() or nth == "0" or mode not in ("", "stop"):
        raise UserError(
            f"{POINT}={text!r} names no crash point",
            code="input.crash_point",
            hint=f"Write name[:nth[:stop]] with one of {', '.join(NAMES)}.",
        )
    left, lock = [int(nth or "1")], threading.Lock()
    sent = signal.SIGSTOP if mode else signal.SIGKILL

    def armed(reached: str) -> None:
        global reach  # noqa: PLW0603  # the one switch there is; a module's attribute costs least where it is off
        if reached != name:
            return
        with lock:
            left[0] -= 1
            if left[0]:
                return
            reach = _off  # one that is thawed goes on as any other
        os.kill(os.getpid(), sent)

    global reach  # noqa: PLW0603  # as above
    reach = armed


def disarm() -> None:
    """Lets every point do nothing again."""
    global reach  # noqa: PLW0603  # as above
    reach = _off


def arm_from(environment: Mapping[str, str]) -> None:
    """Arms what the environment names, where it also says that this process may be killed."""
    if environment.get(ALLOWED) == CONSENT and environment.get(POINT):
        arm(environment[POINT])


arm_from(os.environ)
