"""What the engine needs from outside: a queue that carries hints, and the state of workers and cases."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from bridgehead.cases.intake import Opening
from bridgehead.cases.ports import Claim, Loaded
from bridgehead.cases.writes import ReviewOpen
from bridgehead.gate.grants import Granting
from bridgehead.ids import ArrivalId, CaseId, WorkerId
from bridgehead.spec.deployment import Level

Due = Literal["case", "arrival"]
"""What a hint is about."""

Handler = Callable[[Due, int], Awaitable[None]]


class Dispatch(Protocol):
    """Carries hints that a case or an arrival is due. Losing or doubling one harms nothing."""

    @property
    def schema(self) -> str:
        """The queue's own tables, as SQL."""
        ...

    async def hint(self, connection: object, due: Due, numbers: Sequence[int], *, fresh: bool = False) -> None:
        """Hands on hints inside the caller's transaction; one queued hint per subject is enough.

        What this transaction has only just made is ``fresh``: nobody has hinted at it before. Of cases,
        what goes on after a person's decision comes before those, however many are queued.
        """
        ...

    async def run(self, handler: Handler, *, slots: Mapping[Due, int]) -> None:
        """Calls the handler for every hint until ``stop``; survives a database that restarts.

        Each kind of hint has ``slots`` of its own, so neither waits for the other's.
        """
        ...

    def stop(self) -> None:
        """Takes no further hints; handlers that run come to their end."""
        ...


@dataclass(frozen=True, slots=True)
class ArrivalWork:
    """An arrival to be read: the original and what it is called; ``unfit`` says why no reader is to be asked.

    ``first``: nobody has tried to read it before, and taking it has counted this attempt.
    """

    id: ArrivalId
    deployment: str
    document: bytes
    name: str
    unfit: str = ""
    first: bool = False
    on_behalf: bool = False
    """Somebody has shown who they are and submitted it: its cases act for them."""


@dataclass(frozen=True, slots=True)
class Swept:
    """What one sweep found and did, in counts."""

    dead_workers: int = 0
    orphans: int = 0
    timers: int = 0
    overdue: int = 0
    hinted: int = 0
    escalated: int = 0
    lost_for_good: int = 0
    stopped: int = 0

    @property
    def anything(self) -> bool:
        """Whether there was anything to do."""
        return any(
            (
                self.dead_workers,
                self.orphans,
                self.timers,
                self.overdue,
                self.hinted,
                self.escalated,
                self.lost_for_good,
                self.stopped,
            )
        )


@dataclass(frozen=True, slots=True)
class Serving:
    """What a worker needs to know of a deployment it serves, to sweep for it: whom to hand cases to."""

    deployment: str
    release: bytes
    role_for: Mapping[str, str]
    next_role: Mapping[str, str]
    resume_s: float
    grace_s: float = 0.0
    """So long before its deadline a case that its own worker has not handed over is taken from it."""


class WorkerStore(Protocol):
    """The engine's side of the database: workers, claims and the sweep."""

    async def claim(self, worker: WorkerId, case_id: CaseId, releases: Sequence[bytes]) -> Claim | None:
        """Claims a due case of a served release: raises its epoch and takes it. None: nothing to do."""
        ...

    async def held(self, worker: WorkerId) -> Sequence[tuple[int, int]]:
        """Returns the (case, epoch) pairs that this worker holds by its row."""
        ...

    async def give_back(self, held: Sequence[tuple[int, int]], serving: Sequence[Serving]) -> int:
        """Makes cases due again whose (case, epoch) still stands: their release was lost; returns how many.

        One that was lost several times in a row goes to a person instead.
        """
        ...

    async def sweep(self, serving: Sequence[Serving], *, hint_after_s: float) -> Swept:
        """Finds dead workers, orphaned, due and overdue cases, and sees to each."""
        ...

    async def overdue(self, serving: Sequence[Serving]) -> float | None:
        """Hands over what is out of time; returns in how many seconds the next case will be, None if none waits."""
        ...


class AdoptionStore(Protocol):
    """The engine's side of cases whose release nobody serves any more."""

    async def find(self, serving: Sequence[Serving], *, after_s: float, most: int) -> Sequence[CaseId]:
        """Returns due cases of the served deployments whose own release nobody has served for ``after_s``."""
        ...

    async def claim(
        self, worker: WorkerId, case_id: CaseId, serving: Sequence[Serving], *, after_s: float
    ) -> Claim | None:
        """Claims such a case under the release that it has; None when somebody else was first."""
        ...

    async def labels(self, release: bytes) -> Mapping[str, Mapping[str, str]]:
        """Returns what a release said of the results of its tools, by tool and path."""
        ...


class Place(Protocol):
    """Room that a worker has for one case: what an arrival opens runs there at once, without a hint and a claim."""

    worker: WorkerId

    def holds(self, case_id: CaseId) -> None:
        """Is told the case before it is committed as running, so that nobody here takes it for one that was lost."""
        ...

    def take(self, claim: Claim, loaded: Loaded) -> None:
        """Is given the case once it is committed; without this call it does not run here."""
        ...


class ArrivalStore(Protocol):
    """The engine's side of arrivals: each is read as often as it takes and settled once."""

    async def take(self, arrival_id: ArrivalId, deployments: Sequence[str]) -> ArrivalWork | None:
        """Returns a stored arrival to be read; None when it is settled."""
        ...

    async def attempt(self, arrival_id: ArrivalId) -> int:
        """Counts an attempt at reading an arrival, right before it is made, and returns how many there were."""
        ...

    async def was_read(self, numbers: Sequence[ArrivalId]) -> None:
        """Takes back the last attempt at each: its document did its worker no harm."""
        ...

    async def under_way(self, deployment: str, before: ArrivalId, *, within_s: float) -> Sequence[int]:
        """Returns the arrivals before one that are still to be settled and were taken up lately, oldest first."""
        ...

    async def settle(
        self,
        work: ArrivalWork,
        release: bytes,
        openings: Sequence[Opening],
        reviews: Sequence[ReviewOpen],
        deadline_s: float,
        *,
        level: Level,
        reason: str = "",
        late: Callable[[CaseId], ReviewOpen] | None = None,
        place: Place | None = None,
        granting: Granting | None = None,
    ) -> Mapping[str, int]:
        """Opens or attaches an arrival's cases and opens its reviews, once and in one commit.

        Arrivals are settled in the order in which this is called. ``place`` is where a new case runs from this
        commit on; what is no new case is hinted at. Cases have the level that is set for their deployment at this
        moment, and ``level`` where none is. ``late`` makes the review of an order whose newer version was
        taken up before it. ``granting`` makes the grants of cases that somebody submitted.

        Returns how many were ``opened``, attached as ``resend``, opened as ``revision`` and put
        to ``review``; an arrival already settled changes nothing and returns an empty mapping.
        """
        ...


class Lease(Protocol):
    """A worker's registration: alive while it is beaten and its connection stands."""

    worker_id: WorkerId

    def announce(self, releases: Sequence[tuple[str, bytes]]) -> None:
        """Says which (deployment, release) pairs this worker serves."""
        ...

    def beat(self) -> bool:
        """Renews the lease; False when somebody has declared this worker dead, which is final."""
        ...

    def close(self) -> None:
        """Gives up the registration."""
        ...
