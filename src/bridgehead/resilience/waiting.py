"""Callers that wait for their turn, and the pause that a system asked for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from contextvars import Context
from dataclasses import dataclass
from typing import Generic, TypeVar

from bridgehead.clock import boot_s
from bridgehead.errors import Failed, Unavailable

T = TypeVar("T")


@dataclass(frozen=True, slots=True, eq=False)
class Waiter(Generic[T]):
    """One caller: its number in the order of coming, the last moment that is of use to it, and its turn."""

    number: int
    deadline_s: float
    turn: asyncio.Future[T]

    def give(self, what: T) -> None:
        """Lets the caller go on, unless it has gone."""
        if not self.turn.done():
            self.turn.set_result(what)

    def fail(self, error: BaseException) -> None:
        """Lets the caller end in an error, unless it has gone."""
        if not self.turn.done():
            self.turn.set_exception(error)

    async def wait(self) -> T:
        """Returns what was given; raises what it was failed with, TimeoutError a little after its deadline."""
        try:
            async with asyncio.timeout(max(0.0, self.deadline_s - boot_s()) + 0.05):
                return await self.turn
        except TimeoutError:
            if self.turn.done() and not self.turn.cancelled():
                return self.turn.result()  # both in one moment: what was given must not be lost
            raise
        finally:
            if self.turn.done() and not self.turn.cancelled():
                self.turn.exception()  # taken note of, also when the caller was cancelled in the same moment


class Pause:
    """Until when a system wants to be left alone, by this machine's clock."""

    def __init__(self) -> None:
        self.until_s = 0.0

    def extend(self, pause_s: float) -> None:
        """Lengthens the pause to ``pause_s`` from now; never shortens it."""
        self.until_s = max(self.until_s, boot_s() + pause_s)

    async def over(self, system: str, deadline_s: float) -> None:
        """Returns when the pause is over; raises Failed ``throttled`` at once when the deadline is sooner."""
        while (left := self.until_s - boot_s()) > 0:
            if self.until_s > deadline_s:
                raise throttled(system, left, deadline_s)
            await asyncio.sleep(left)


class Attendant:
    """A task that serves waiting callers while there are any; what ends it ends them too."""

    def __init__(
        self, system: str, serve: Callable[[], Coroutine[None, None, None]], waiting: Callable[[], Sequence[Waiter[T]]]
    ) -> None:
        self._system = system
        self._serve = serve
        self._waiting = waiting
        self._task: asyncio.Task[None] | None = None
        self._stir = asyncio.Event()

    def call(self) -> None:
        """Makes sure that the task runs and looks again.

        It belongs to no caller: it has a context of its own, and goes on when one of them is cancelled.
        """
        self._stir.set()
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._serve(), context=Context())
            self._task.add_done_callback(self._ended)

    async def rest(self, timeout_s: float | None = None) -> None:
        """Waits until somebody calls, or has called since the last rest, at most ``timeout_s``."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._stir.wait()
        except TimeoutError:
            return
        self._stir.clear()

    async def end(self) -> None:
        """Ends the task; returns when it has ended."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    def _ended(self, task: asyncio.Task[None]) -> None:
        error = unasked(self._system, Unavailable("closed")) if task.cancelled() else task.exception()
        if error is not None:
            for waiter in self._waiting():
                waiter.fail(error)


def throttled(system: str, wait_s: float, deadline_s: float) -> Failed:
    """Returns the failure of a caller whose turn comes too late for it."""
    left_s = max(0.0, deadline_s - boot_s())
    return Failed(
        f"{system}: its limits leave no room for {wait_s:.1f} s, and the call may wait {left_s:.1f} s",
        error_class="throttled",
        applied=False,
        hint="Nothing was sent. Raise `limits` if the system bears more, or the call's timeout.",
        retry_after=round(wait_s, 3),
    )


def crowded(system: str, cap: int, waited_s: float) -> Failed:
    """Returns the failure of a caller for whom no place fell free."""
    return Failed(
        f"{system}: {cap} requests are under way, as many as it bears, and none ended within {waited_s:.1f} s",
        error_class="throttled",
        applied=False,
        hint="Nothing was sent. Raise `limits.concurrency` if the system bears more, or the call's timeout.",
    )


def unasked(system: str, error: Unavailable | None = None) -> Failed:
    """Returns the failure of a caller for whom the shared limits could not be asked."""
    why = "they did not answer in time" if error is None else error.message
    return Failed(
        f"{system}: nothing was sent, for the limits that all workers share cannot be asked: {why}",
        error_class="dependency_down",
        applied=False,
        hint="Is the database running? See 'bridgehead db status'.",
        ours=True,
    )
