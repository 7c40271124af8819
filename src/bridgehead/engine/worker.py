"""A worker: takes hints, claims cases, runs segments, and sweeps for what was left behind."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from pydantic import ValidationError

from bridgehead import points
from bridgehead.cases.adopting import adopt
from bridgehead.cases.agents import Agent
from bridgehead.cases.hiding import SECRETS
from bridgehead.cases.intake import NewCase, NoCase, ToReview, opening
from bridgehead.cases.ports import Claim, Loaded
from bridgehead.cases.runner import run_segment
from bridgehead.cases.segment import Bench, Closed, Segment
from bridgehead.cases.writes import ReviewOpen
from bridgehead.clock import boot_s
from bridgehead.engine.order import Order
from bridgehead.engine.places import SOON_S, Room, WorkerPlace
from bridgehead.engine.ports import AdoptionStore, ArrivalStore, ArrivalWork, Dispatch, Due, Lease, Serving, WorkerStore
from bridgehead.engine.reading import ReaderLost, ReadingPool
from bridgehead.errors import ERROR_CLASSES, BridgeheadError, ErrorClass, LeaseLost, Unavailable
from bridgehead.gate.grants import granted
from bridgehead.ids import ArrivalId, CaseId, jitter, show
from bridgehead.resilience.deadline import reserve_s
from bridgehead.settings import Settings
from bridgehead.spec.deployment import Deployment, Level
from bridgehead.spec.tool import JSON

log = logging.getLogger("bridgehead.worker")
READ_LIMIT = 3
READING = 2
"""Documents read at the same time, beside the cases, each by a reader of its own: one that hangs stops no other."""
ARRIVING = 16
"""Arrivals seen to at the same time: while some are read, others are taken up and settled, many in one commit."""
HINT_AFTER_S = 5.0
LOOK_S = 0.05
WATCH_S = 1.0
"""How often a worker looks for cases that are out of time, besides the moment at which the next one will be."""
AGAIN_S = 0.1
"""So soon it looks again for one that somebody else keeps locked."""
ADOPTING = 4
"""Cases of releases that nobody serves which a worker goes over at the same time, beside its own."""
STUCK_LEASES = 4
"""After so many leases without a turn of its event loop a worker is given up by its own lease thread."""


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
        return serving_of(self.deployment, self.release)


def serving_of(spec: Deployment, release: bytes) -> Serving:
    """Returns whom the cases of a deployment are handed to."""
    return Serving(
        deployment=spec.name,
        release=release,
        role_for={name: spec.fallback.role_for(name) for name in ERROR_CLASSES},
        next_role={role.name: role.then for role in spec.roles.values() if role.then is not None},
        resume_s=spec.case.resume_s,
        grace_s=reserve_s(spec.case) / 2,
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
        beside: Sequence[Callable[[asyncio.Event], Coroutine[object, object, None]]] = (),
        adoptions: AdoptionStore | None = None,
    ) -> None:
        self._served: Mapping[str, Served] = {one.deployment.name: one for one in served}
        self._by_release: Mapping[bytes, Served] = {one.release: one for one in served}
        self._workers = workers
        self._arrivals = arrivals
        self._dispatch = dispatch
        self._register = register
        self._settings = settings
        self._beside = beside
        self._adoptions = adoptions
        self._adopting: set[asyncio.Task[None]] = set()
        self._looked_s = -settings.adopt_after_s
        self._stopped = asyncio.Event()
        self._running: dict[int, Segment | None] = {}
        self._again: set[int] = set()
        self._room = Room(settings.concurrency)
        self._begun: set[asyncio.Task[None]] = set()
        self._arriving: set[int] = set()
        self._reading = ReadingPool(READING)
        self._order = Order(arrivals, self._stopped)
        self._lease: Lease | None = None
        self._registering = asyncio.Lock()
        self._beating: threading.Thread | None = None
        self._dead = threading.Event()
        self._quit = threading.Event()
        self._turned_s = boot_s()

    async def run(self) -> None:
        """Serves until ``stop``; registers anew whenever this worker was declared dead."""
        sweeping = asyncio.create_task(self._sweep_forever())
        watching = asyncio.create_task(self._keep_deadlines())
        letting_go = asyncio.create_task(self._let_go())
        beside = [asyncio.create_task(work(self._stopped)) for work in self._beside]
        try:
            try:
                await self._ensure_registered()
            except Unavailable as error:  # the database went away in this very moment: every sweep tries again
                log.warning("not registered yet: %s", error.message)
            slots: Mapping[Due, int] = {"case": self._settings.concurrency, "arrival": ARRIVING}
            await self._dispatch.run(self._handle, slots=slots)
        finally:
            self._stopped.set()
            if beside_hints := self._adopting | self._begun:
                await asyncio.wait(beside_hints)
            for task in (sweeping, watching, letting_go, *beside):
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task
            await self._reading.close()
            if self._lease is not None:
                for allowances in {one.bench.allowances for one in self._served.values()}:
                    if allowances is not None:
                        await allowances.leave(self._lease.worker_id)
            await asyncio.to_thread(self._retire)

    def stop(self) -> None:
        """Takes nothing further; segments that run come to their end, or are put aside after ``drain_s``."""
        self._stopped.set()
        self._dispatch.stop()

    async def _let_go(self) -> None:
        """Puts aside, once the worker is stopping, what does not end by itself: others go on with it at once."""
        await self._stopped.wait()
        await asyncio.sleep(self._settings.drain_s)
        while True:
            for segment in self._running.values():
                if segment is not None and segment.closed is None:
                    segment.put_aside()
            await asyncio.sleep(LOOK_S)  # one that was claimed just before is loaded only now

    async def _handle(self, due: Due, number: int) -> None:
        """Sees to one hint. A database that is away is no failure of the case: the sweep finds it again."""
        try:
            if due == "case":
                await self._run_case(CaseId(number))
            else:
                await self._take_up(ArrivalId(number))
        except Unavailable as error:
            log.warning("%s %s put off: %s", due, number, error.message)

    async def _run_case(self, case_id: CaseId) -> None:
        if self._runs(case_id):
            return
        async with self._room:
            if not self._runs(case_id):  # it may have begun while there was no room
                await self._hold(case_id, self._run_once)

    def _runs(self, case_id: CaseId) -> bool:
        """Whether a case runs here; if it does, it is looked at again once its segment has ended."""
        if case_id in self._running:
            # Due again while its segment is just ending: to drop this hint would lose it until a sweep.
            self._again.add(case_id)
            return True
        return False

    async def _hold(self, case_id: CaseId, first: Callable[[CaseId], Awaitable[None]]) -> None:
        """Holds a case while ``first`` sees to it, and as long as it is due again after that."""
        self._running[case_id] = None
        try:
            await first(case_id)
            while case_id in self._again:
                self._again.discard(case_id)
                await self._run_once(case_id)
        finally:
            del self._running[case_id]
            self._again.discard(case_id)

    async def _run_once(self, case_id: CaseId) -> None:
        lease = self._lease
        if lease is None or self._stopped.is_set():
            return
        points.reach("engine.claim.before")
        claim = await self._workers.claim(lease.worker_id, case_id, list(self._by_release))
        if claim is None:
            return
        points.reach("engine.claim.after")

        one = self._by_release[claim.release]
        became = await run_segment(one.bench, claim, one.agent, watch=self._watch(case_id))
        log.debug("C-%s %s", case_id, became)

    def begin(self, claim: Claim, loaded: Loaded) -> None:
        """Runs a case that was opened for a place of this worker; gives the place back when it ends."""
        task = asyncio.create_task(self._run_new(claim, loaded), name=f"bridgehead C-{claim.case_id}")
        self._begun.add(task)
        task.add_done_callback(self._begun.discard)

    async def _run_new(self, claim: Claim, loaded: Loaded) -> None:
        case_id, one = claim.case_id, self._by_release[claim.release]

        async def first(case_id: CaseId) -> None:
            became = await run_segment(one.bench, claim, one.agent, watch=self._watch(case_id), loaded=loaded)
            log.debug("C-%s %s", case_id, became)

        try:
            await self._hold(case_id, first)
        except Unavailable as error:
            log.warning("case %s put off: %s", case_id, error.message)
        except Exception:  # the boundary of a segment: the sweep finds its case again
            log.exception("C-%s: its segment failed", case_id)
        finally:
            self._room.free()

    async def _place(self, *, soon: bool) -> WorkerPlace | None:
        """Returns room for one case, if there is some, or comes ``soon``."""
        lease = self._lease
        if lease is None or self._stopped.is_set():
            return None
        if not await (self._room.soon() if soon else self._room.at_once()):
            return None
        return WorkerPlace(lease.worker_id, self._running, self.begin, self._room.free)

    async def _look_for_abandoned(self, serving: Sequence[Serving]) -> None:
        """Takes up cases whose release nobody serves any more, a few at a time, each in a task of its own."""
        after_s, free = self._settings.adopt_after_s, ADOPTING - len(self._adopting)
        if self._adoptions is None or free <= 0 or boot_s() - self._looked_s < after_s / 5:
            return
        found = await self._adoptions.find(serving, after_s=after_s, most=free)
        if not found:  # while there are some, every sweep looks
            self._looked_s = boot_s()
        for case_id in found:
            if case_id not in self._running and not self._stopped.is_set():
                task = asyncio.create_task(self._hold(case_id, self._adopt), name=f"adopt C-{case_id}")
                self._adopting.add(task)
                task.add_done_callback(self._adopting.discard)

    async def _adopt(self, case_id: CaseId) -> None:
        """Lets the served release go over a case that another one began, and go on with it if that matches."""
        lease, store = self._lease, self._adoptions
        if lease is None or store is None:
            return
        try:
            serving = [one.serving for one in self._served.values()]
            claim = await store.claim(lease.worker_id, case_id, serving, after_s=self._settings.adopt_after_s)
            if claim is None:
                return
            one = self._served[claim.deployment]
            level = await one.level() or one.deployment.autonomy.level
            adopted = await adopt(
                one.bench,
                claim,
                one.agent,
                release=one.release,
                level=level,
                labels=await store.labels(claim.release),
                watch=self._watch(case_id),
            )
            if adopted is not None:
                await run_segment(one.bench, adopted, one.agent, watch=self._watch(case_id))
        except (LeaseLost, Unavailable):
            log.info("C-%s was not adopted: it is somebody else's, or the database is away", case_id)
        except Exception:  # its case stays where it is, and the sweep counts it as lost
            log.exception("C-%s was not adopted", case_id)

    def _watch(self, case_id: CaseId) -> Callable[[Segment], None]:
        def watch(segment: Segment) -> None:
            self._running[case_id] = segment

        return watch

    async def _take_up(self, arrival_id: ArrivalId) -> None:
        if arrival_id in self._arriving:  # a further attempt would count against it
            return
        self._arriving.add(arrival_id)
        try:
            await self._read_arrival(arrival_id)
        finally:
            self._arriving.discard(arrival_id)
            self._order.moved.set()

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
                message = error.message if isinstance(error, BridgeheadError) else _unfit(error)
                reviews.append(document_review(spec, work, ToReview(message)))
        alone = len(openings) == 1 and not reviews and not work.on_behalf
        place = await self._place(soon=True) if alone else None
        letting_go = None
        if place is not None:  # a turn that is long in coming keeps no other case from its room
            letting_go = asyncio.get_running_loop().call_later(SOON_S, place.give_back)
        try:
            async with self._order.turn(work):
                if letting_go is not None:
                    letting_go.cancel()
                if place is not None and place.over:
                    place = await self._place(soon=False)
                await self._arrivals.settle(
                    work,
                    one.release,
                    openings,
                    reviews,
                    spec.case.deadline_s,
                    level=spec.autonomy.level,
                    reason=reason,
                    late=partial(late_review, spec, work),
                    place=place,
                    granting=partial(
                        granted,
                        spec.rights,
                        audience=spec.name,
                        release=one.release.hex(),
                        scope=frozenset(one.bench.tools),
                    ),
                )
        finally:
            if letting_go is not None:
                letting_go.cancel()
            if place is not None:
                place.give_back()
        for review in reviews:
            log.info("%s handed to %s (%s)", show("A", arrival_id), review.role, review.error_class)

    async def _read(self, one: Served, work: ArrivalWork) -> tuple[Sequence[NewCase | ToReview], str]:
        if work.unfit:
            return [ToReview(work.unfit, error_class="invalid_output")], ""
        try:
            async with self._reading.process() as process:
                attempts = 1 if work.first else await self._arrivals.attempt(work.id)
                if attempts > READ_LIMIT:
                    why = f"Its reader was lost {attempts - 1} times in a row over this document."
                    return [ToReview(why, error_class="bug")], ""
                found = await process.read(one.reader, str(one.deployment.folder), work.document, work.name)
        except ReaderLost as error:
            return [ToReview(error.message, error_class="bug")], ""
        if isinstance(found, NoCase):
            return [], found.reason
        return found, ""

    async def _sweep_forever(self) -> None:
        serving = [one.serving for one in self._served.values()]
        away = False
        while not self._stopped.is_set():
            try:
                await self._ensure_registered()
                await self._compare(serving)
                swept = await self._workers.sweep(serving, hint_after_s=HINT_AFTER_S)
                await self._look_for_abandoned(serving)
                if swept.anything:
                    log.debug("swept: %s", swept)
                if away:
                    log.warning("the database answers again")
                away = False
            except Unavailable as error:
                if not away:  # said once, not with every sweep
                    log.warning("sweep put off: %s", error.message)
                away = True
            except Exception:  # without a sweep no deadline is kept: nothing that goes wrong in one may end it
                log.exception("a sweep failed")
            # Workers that sweep at the same moment meet each other's locks: spread them.
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopped.wait(), self._settings.sweep_s * (0.5 + jitter()))

    async def _keep_deadlines(self) -> None:
        """Hands over what is out of time when its moment comes, beside the sweep: that one may be about much else."""
        serving = [one.serving for one in self._served.values()]
        while not self._stopped.is_set():
            next_s = None
            try:
                next_s = await self._workers.overdue(serving)
            except Unavailable as error:
                log.debug("deadlines put off: %s", error.message)
            except Exception:  # without this no deadline is kept: nothing that goes wrong in one look may end it
                log.exception("a look at the deadlines failed")
            wait_s = WATCH_S if next_s is None else min(WATCH_S, max(AGAIN_S, next_s))
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopped.wait(), wait_s)

    async def _compare(self, serving: Sequence[Serving]) -> None:
        """Compares what this worker runs with what it holds by its row, and puts both right.

        A case it holds and does not run is given back. A segment whose case somebody else has
        (a person at its deadline, another worker) is closed: its agent may never call again
        and so never learn of it.
        """
        lease = self._lease
        if lease is None:
            return
        # Running ones are looked at first, held ones after: a case claimed in between is in neither list.
        running = list(self._running.values())
        held = await self._workers.held(lease.worker_id)
        for segment in running:
            if segment is not None and (segment.claim.case_id, segment.claim.epoch) not in held:
                segment.close(Closed("lost"))
        await self._workers.give_back([one for one in held if one[0] not in self._running], serving)

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
            self._turn()
            self._beating = threading.Thread(
                target=self._beat, args=(lease, asyncio.get_running_loop()), name="bridgehead-lease", daemon=True
            )
            self._beating.start()

    def _beat(self, lease: Lease, loop: asyncio.AbstractEventLoop) -> None:
        """Renews the lease from a thread of its own, so that a busy event loop does not lose it.

        A loop that has not turned for ``STUCK_LEASES`` leases is not busy but stuck, in an agent
        that never yields: its cases go to others.
        """
        alive = True
        while alive and not self._quit.wait(self._settings.lease_s / 5):
            if boot_s() - self._turned_s > STUCK_LEASES * self._settings.lease_s:
                log.error("the event loop does not turn: some agent blocks it; this worker gives up its cases")
                lease.close()
                break
            with contextlib.suppress(RuntimeError):  # the loop is closed: so will the registration be
                loop.call_soon_threadsafe(self._turn)
            try:
                alive = lease.beat()
            except Exception as error:  # noqa: BLE001  # whatever ends this thread, the worker must know of it
                log.warning("lease: %s", getattr(error, "message", error))
                alive = False
        if not self._quit.is_set():
            self._dead.set()

    def _turn(self) -> None:
        self._turned_s = boot_s()

    def _retire(self) -> None:
        self._quit.set()
        if self._beating is not None:
            self._beating.join()
            self._beating = None
        if self._lease is not None:
            self._lease.close()
            self._lease = None


def late_review(deployment: Deployment, work: ArrivalWork, newer: CaseId) -> ReviewOpen:
    """Returns the review of an order whose newer version became a case before it was read."""
    reason = (
        f"It came before the document that opened {show('C', newer)}, holds other content under the same key,"
        " and was read after it. Somebody must say which of the two counts."
    )
    return document_review(deployment, work, ToReview(reason, error_class="conflict", details={"newer": newer}))


def document_review(deployment: Deployment, work: ArrivalWork, item: ToReview) -> ReviewOpen:
    """Returns the review of an arrival a person must look at: the reason, and how to get the original."""
    error_class: ErrorClass = next((name for name in ERROR_CLASSES if name == item.error_class), "invalid_input")
    role = (
        item.role
        if item.role is not None and item.role in deployment.roles
        else deployment.fallback.role_for(error_class)
    )
    shown: dict[str, JSON] = {
        "reason": SECRETS.hide(item.reason),
        "document": work.name,
        "size_bytes": len(work.document),
        **item.details,
    }
    return ReviewOpen(
        token="document",  # noqa: S106  # a name
        kind="document",
        role=role,
        shown=shown,
        error_class=error_class,
        within_s=item.within_s,
    )


def _unfit(error: ValidationError) -> str:
    """Returns which fields of a reader's input do not fit, and why: the first three."""
    found = error.errors(include_url=False, include_context=False)
    told = [f"{'.'.join(map(str, one['loc'])) or 'the whole'}: {one['msg']}" for one in found[:3]]
    more = f"; and {len(found) - len(told)} more" if len(found) > len(told) else ""
    return f"the reader's input does not fit: {'; '.join(told)}{more}"
