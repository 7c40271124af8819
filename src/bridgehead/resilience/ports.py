"""The ports of what workers share about a system: its limits (``Limits``, ``LimitStore``), its breaker."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from bridgehead.resilience.breaker import Change, Row
from bridgehead.resilience.rate import Rate


class Limits(Protocol):
    """What one system can bear, over all workers together."""

    def admit(self, *, within_s: float | None = None) -> AbstractAsyncContextManager[None]:
        """Waits until one more request may be sent, and holds its place while it is under way.

        Raises Failed, always with ``applied=False``: ``throttled`` as soon as it is known that the
        turn will not come within ``within_s`` (its attribute ``retry_after`` says in how many seconds it may),
        ``dependency_down`` when the shared limits cannot be asked.
        """
        ...

    async def refused(self, retry_after_s: float) -> None:
        """The system answered 429: no worker sends another request for that long."""
        ...


@dataclass(frozen=True, slots=True)
class Bounds:
    """What is declared of a system; None is no bound."""

    rate: Rate | None = None
    concurrency: int | None = None

    def __post_init__(self) -> None:
        if self.concurrency is not None and self.concurrency < 1:
            raise ValueError(f"no bound: {self.concurrency} requests under way")


@dataclass(frozen=True, slots=True)
class Drawn:
    """What a draw brought: ``count`` requests, the first with its theoretical time ``begin_s`` seconds from now on.

    ``count`` 0: nothing was drawn, for even the first could not be sent in time. ``end`` names the draw's
    end for ``give_back``.
    """

    begin_s: float
    count: int
    end: str


@dataclass(frozen=True, slots=True)
class Held:
    """The places a worker was given (``take``) or still holds (``renew``).

    ``pause_s`` is how long the system asked to be left alone from now on; ``fewest`` what that other
    waiting worker holds which comes first, None when no other waits; ``first`` that this one does.
    """

    places: Sequence[int] = ()
    pause_s: float = 0.0
    fewest: int | None = None
    first: bool = False


class LimitStore(Protocol):
    """The state of one system's limits, shared by who uses it. Raises Unavailable when it cannot be asked."""

    async def draw(self, rate: Rate, count: int, horizon_s: float) -> Drawn:
        """Reserves ``count`` requests, or none if the first could only be sent later than in ``horizon_s``."""
        ...

    async def give_back(self, rate: Rate, count: int, end: str) -> None:
        """Returns the last ``count`` requests of a draw, if nobody drew after it."""
        ...

    async def push(self, rate: Rate | None, pause_s: float) -> None:
        """Nobody's next request is sent before ``pause_s`` from now."""
        ...

    async def take(self, holder: str, cap: int, count: int, held: int, lease_s: float) -> Held:
        """Gives up to ``count`` free places of ``cap`` to a holder that has ``held``.

        When they are fewer it waits: the others are told (``Held.fewest``), and who frees a place
        frees it for the waiting worker that holds fewest.
        """
        ...

    async def renew(self, holder: str, lease_s: float) -> Held:
        """Extends the lease of every place of this holder."""
        ...

    async def release(self, holder: str, places: Sequence[int]) -> None:
        """Frees these places, as far as they are still this holder's."""
        ...


class BreakerStore(Protocol):
    """The breakers that all workers share. Raises Unavailable when they cannot be asked."""

    async def rows(self) -> tuple[float, Mapping[str, Row]]:
        """Returns the store's time, and every breaker that ever opened."""
        ...

    async def change(self, dependency: str, change: Change) -> tuple[float, Row]:
        """Applies a change while nobody else can, and returns the store's time and the row.

        The others are told, unless only what was counted has changed.
        """
        ...

    async def draw(self, dependency: str, per_s: float, within_s: float) -> float | None:
        """Takes the next turn of all workers at a rate, which may differ from turn to turn.

        Returns in how many seconds it is; None when that is later than in ``within_s``, and then none was taken.
        """
        ...

    def changes(self, every_s: float) -> AsyncGenerator[None]:
        """Yields whenever somebody changed a breaker, and at least every ``every_s`` seconds."""
        ...
