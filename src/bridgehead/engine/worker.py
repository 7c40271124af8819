"""A worker: takes hints, claims cases, runs segments, and sweeps for what was left behind."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from pydantic import ValidationError

from bridgehead.cases.agents import Agent
from bridgehead.cases.intake import NewCase, NoCase, ToReview, opening
from bridgehead.cases.runner import run_segment
from bridgehead.cases.segment import Bench
from bridgehead.cases.writes import ReviewOpen
from bridgehead.engine.ports import ArrivalStore, ArrivalWork, Dispatch, Due, Lease, Serving, WorkerStore
from bridgehead.engine.reading import ReaderLost, ReadingProcess
from bridgehead.errors import ERROR_CLASSES, BridgeheadError, ErrorClass, Unavailable
from bridgehead.ids import ArrivalId, CaseId, jitter
from bridgehead.settings import Settings
from bridgehead.spec.deployment import Deployment, Level
from bridgehead.spec.tool import JSON

log = logging.getLogger("bridgehead.worker")
READ_LIMIT = 3
HINT_AFTER_S = 5.0


@dataclass(frozen=True, slots=True)
class Served:
    """One deployment as this worker serves it."""

    deployment: Deployment
    release: bytes
    agent: Agent
    bench: Bench
    reader: str
    level: Callable[[], Awaitable[Level | None]]

    @property
    def serving(self) -> Serving:
        """What the sweep needs to know."""
        spec = self.deployment
        return Serving(
            deployment=spec.name,
            release=self.release,
            role_for={name: spec.fallback.role_for(name) for name in ERROR_CLASSES},
            next_role={role.name: role.then for role in spec.roles.values() if role.then is not None},
            resume_s=spec.case.resume_s,
        )


class Worker:
    """Runs the cases of the deployments it serves until it is told to stop."""

    def __init__(
        self,
        *,
        served: Sequence[Served],
        workers: WorkerStore,
        arrivals: ArrivalStore,
        dispatch: Dispatch,
        register: Callable[[], Lease],
        settings: Settings,
    ) -> None:
        self._served: Mapping[str, Served] = {one.deployment.name: one for one in served}
        self._by_release: Mapping[bytes, Served] = {one.release: one for one in served}
        self._workers = workers
        self._arrivals = arrivals
        self._dispatch = dispatch
        self._register = register
        self._settings = settings
        self._running: set[int] = set()
        self._reading = ReadingProcess()
        self._stopped = asyncio.Event()
        self._lease: Lease | None = None
        self._registering = asyncio.Lock()
        self._beating: threading.Thread | None = None
        self._dead = threading.Event()
        self._quit = threading.Event()

    async def run(self) -> None:
        """Serves until ``stop``; registers anew whenever this worker was declared dead."""
        sweeping = asyncio.create_task(self._sweep_forever())
        try:
            await self._ensure_registered()
            await self._dispatch.run(self._handle, queues=("case", "arrival"), concurrency=self._settings.concurrency)
        finally:
            self._stopped.set()
            sweeping.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await sweeping
            await self._reading.close()
            await asyncio.to_thread(self._retire)

    def stop(self) -> None:
        """Takes nothing further; segments that run come to their end."""
        self._stopped.set()
        self._dispatch.stop()

    async def _handle(self, due: Due, number: int) -> None:
        """Sees to one hint. A database that is away is no failure of the case: the sweep finds it again."""
        try:
            if due == "case":
                await self._run_case(CaseId(number))
            else:
                await self._read_arrival(ArrivalId(number))
        except Unavailable as error:
            log.warning("%s %s put off: %s", due, number, error.message)

    async def _run_case(self, case_id: CaseId) -> None:
        lease = self._lease
        if lease is None or case_id in self._running:
            return
        self._running.add(case_id)
        try:
            claim = await self._workers.claim(lease.worker_id, case_id, list(self._by_release))
            if claim is None:
                return
            one = self._by_release[claim.release]
            became = await run_segment(one.bench, claim, one.agent)
            log.debug("C-%s %s", case_id, became)
        finally:
            self._running.discard(case_id)

    async def _read_arrival(self, arrival_id: ArrivalId) -> None:
        work = await self._arrivals.take(arrival_id, list(self._served))
        if work is None:
            return
        one = self._served[work.deployment]
        spec = one.deployment
        read, reason = await self._read(one, work)
        openings = []
        reviews = []
        for item in read:
            if isinstance(item, ToReview):
                reviews.append(document_review(spec, work, item))
                continue
            try:
                text = item.text if item.text is not None else work.document.decode("utf-8", "replace")
                openings.append(opening(spec, one.bench.hmac, one.agent.input, item, text))
            except (BridgeheadError, ValidationError) as error:
                message = error.message if isinstance(error, BridgeheadError) else "the reader's input does not fit"
                reviews.append(document_review(spec, work, ToReview(message)))
        level = await one.level() or spec.autonomy.level
        await self._arrivals.settle(
            work, one.release, openings, reviews, spec.case.deadline_s, level=level, reason=reason
        )

    async def _read(self, one: Served, work: ArrivalWork) -> tuple[Sequence[NewCase | ToReview], str]:
        if work.attempts > READ_LIMIT:
            why = f"Its reader was lost {work.attempts - 1} times in a row over this document."
            return [ToReview(why, error_class="bug")], ""
        try:
            found = await self._reading.read(one.reader, str(one.deployment.folder), work.document, work.name)
        except ReaderLost as error:
            return [ToReview(error.message, error_class="bug")], ""
        if isinstance(found, NoCase):
            return [], found.reason
        return found, ""

    async def _sweep_forever(self) -> None:
        serving = [one.serving for one in self._served.values()]
        while not self._stopped.is_set():
            try:
                await self._ensure_registered()
                lease = self._lease
                if lease is not None:
                    # Looked up first, compared after: a case claimed in between is in neither list.
                    held = await self._workers.held(lease.worker_id)
                    await self._workers.give_back([one for one in held if one[0] not in self._running])
                swept = await self._workers.sweep(serving, hint_after_s=HINT_AFTER_S)
                if swept.anything:
                    log.debug("swept: %s", swept)
            except Unavailable as error:
                log.warning("sweep put off: %s", error.message)
            # Workers that sweep at the same moment meet each other's locks: spread them.
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopped.wait(), self._settings.sweep_s * (0.5 + jitter()))

    async def _ensure_registered(self) -> None:
        """Registers, or registers anew when this worker was declared dead or lost its connection."""
        async with self._registering:
            if self._lease is not None and not self._dead.is_set():
                return
            await asyncio.to_thread(self._retire)
            self._dead.clear()
            self._quit.clear()
            lease = await asyncio.to_thread(self._register)
            await asyncio.to_thread(
                lease.announce, [(one.deployment.name, one.release) for one in self._served.values()]
            )
            self._lease = lease
            self._beating = threading.Thread(target=self._beat, args=(lease,), name="bridgehead-lease", daemon=True)
            self._beating.start()

    def _beat(self, lease: Lease) -> None:
        """Renews the lease from a thread of its own, so that a busy event loop does not lose it."""
        while not self._quit.wait(self._settings.lease_s / 5):
            try:
                alive = lease.beat()
            except Unavailable as error:
                log.warning("lease: %s", error.message)
                alive = False
            if not alive:
                self._dead.set()
                return

    def _retire(self) -> None:
        self._quit.set()
        if self._beating is not None:
            self._beating.join()
            self._beating = None
        if self._lease is not None:
            self._lease.close()
            self._lease = None


def document_review(deployment: Deployment, work: ArrivalWork, item: ToReview) -> ReviewOpen:
    """Returns the review of an arrival a person must look at: the reason, and how to get the original."""
    error_class: ErrorClass = next((name for name in ERROR_CLASSES if name == item.error_class), "invalid_input")
    role = (
        item.role
        if item.role is not None and item.role in deployment.roles
        else deployment.fallback.role_for(error_class)
    )
    shown: dict[str, JSON] = {
        "reason": item.reason,
        "document": work.name,
        "size_bytes": len(work.document),
        **item.details,
    }
    return ReviewOpen(token="document", kind="document", role=role, shown=shown, error_class=error_class)  # noqa: S106  # a name
