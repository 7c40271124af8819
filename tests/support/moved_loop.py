"""An event loop whose time passes only while it waits: an hour of waiting takes no time, and every run is the same."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from typing import TypeVar

T = TypeVar("T")


class MovedLoop(asyncio.SelectorEventLoop):
    """A loop on a clock of its own, in seconds; it serves no threads and no sockets."""

    def __init__(self) -> None:
        self.now_s = 1_000.0
        super().__init__(_Jump(self))

    def time(self) -> float:
        """Returns the moved time."""
        return self.now_s


class _Jump(selectors.SelectSelector):
    """Where a loop would wait, it moves the loop's clock instead."""

    def __init__(self, loop: MovedLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Returns at once, with the clock moved by ``timeout``."""
        assert timeout is not None, "everything waits for something that never comes"
        self._loop.now_s += max(0.0, timeout)
        return super().select(0)


def run_moved(loop: MovedLoop, main: Coroutine[None, None, T]) -> T:
    """Runs to the end and returns what it brings."""
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        return runner.run(main)
