"""What every rival's process does: waits for an order on standard input, runs it, and tells what it took.

Runs under the rivals' own Python and imports nothing of Bridgehead. An order is one line of JSON,
``{"cases": 64, "concurrency": 32}``. Connections are opened and a case each is run; then the process says that it is
warm, waits for one more line, and answers in one line what the cases took: wall and processor seconds, and the
latency of each step in milliseconds. Connections are closed after the clock stopped.
"""

from __future__ import annotations

import json
import random
import resource
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib.metadata import version
from itertools import pairwise

STEPS = 10
BYTES = 2_048
_VARIANTS = 64


def payloads() -> list[str]:
    """Returns texts of ``BYTES`` bytes each that PostgreSQL's compression makes no smaller, the same everywhere."""
    chance = random.Random(17)
    return [chance.randbytes(BYTES // 2).hex() for _ in range(_VARIANTS)]


PAYLOADS = payloads()


def payload(case: int, step: int) -> str:
    """Returns what a step of a case comes to."""
    return PAYLOADS[(case * STEPS + step) % _VARIANTS]


class Clock:
    """Notes when each step of each case began and when the case ended."""

    def __init__(self) -> None:
        self.marks: dict[int, list[float]] = {}
        self._wall_s = time.perf_counter()
        self._cpu_s = cpu_s()

    def warm(self) -> None:
        """Says that everything is ready, waits for the word, and starts again from nothing."""
        tell({"warm": len(self.marks)})
        sys.stdin.readline()
        self.__init__()  # type: ignore[misc]  # its own, and nobody derives from it

    def mark(self, case: int) -> None:
        """Notes that a step begins, or that the case has ended."""
        self.marks.setdefault(case, []).append(time.perf_counter())

    def stop(self) -> dict[str, object]:
        """Returns the answer to an order; raises AssertionError when a case did not run all its steps."""
        wall_s, used_s = time.perf_counter() - self._wall_s, cpu_s() - self._cpu_s
        assert all(len(marks) == STEPS + 1 for marks in self.marks.values()), "a case did not run all its steps"
        return {"cases": len(self.marks), "wall_s": wall_s, "cpu_s": used_s, "steps_ms": steps_ms(self.marks.values())}


def steps_ms(cases: Iterable[Sequence[float]]) -> list[float]:
    """Returns the time from each mark to the next, in milliseconds, over all cases."""
    return [round((end - start) * 1_000, 4) for marks in cases for start, end in pairwise(marks)]


def cpu_s() -> float:
    """Returns the processor seconds this process has used."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def serve(run: Callable[[int, int], Mapping[str, object]], packages: Sequence[str]) -> None:
    """Answers orders until standard input ends. ``run`` takes the cases and how many go at the same time."""
    tell({"versions": {package: version(package) for package in packages}})
    while line := sys.stdin.readline():
        order = json.loads(line)
        tell(run(order["cases"], order["concurrency"]))


def tell(answer: Mapping[str, object]) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()
