"""One run through the real runtime: documents are stored, workers decide, some are killed, the books are audited."""

from __future__ import annotations

import asyncio
import getpass
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from bridgehead.clock import boot_s
from bridgehead.errors import Failed, Unavailable
from bridgehead.ledger.verify import Verification
from bridgehead.storage.queries import Queries, Tally
from bridgehead.storage.queries_report import ReportQueries
from bridgehead.storage.queries_system import verify_whole
from bridgehead.templates.purchase_orders.demo.audit import (
    Books,
    Finding,
    audit_bookings,
    audit_changes,
    audit_doubles,
    audit_losses,
    audit_rest,
)
from bridgehead.templates.purchase_orders.demo.house import House
from bridgehead.templates.purchase_orders.demo.progress import Moment, Screen
from bridgehead.templates.purchase_orders.demo.record import Decision, read_record
from bridgehead.templates.purchase_orders.demo.score import Latency, Score, Worth, latency, score, worth
from bridgehead.templates.purchase_orders.demo.shadow import ShadowReport, compare
from bridgehead.templates.purchase_orders.demo.truth import ArrivalTruth
from bridgehead.templates.purchase_orders.erp.wire import BookEntry

AT_ONCE: Final = 24
"""How many documents are under way at most: an order desk whose senders do not wait for each other."""

_IN_ORDER: Final = (0, -signal.SIGTERM)
"""How a worker may end that is asked to: by itself, or by the signal while it still starts."""

_POLL_S: Final = 0.1
_STUCK_S: Final = 120.0
_SINCE_S: Final = 86_400.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run came to. ``in_question`` counts bookings of which nobody knows yet, each with an open review."""

    score: Score
    latency: Latency
    worth: Worth | None
    findings: tuple[Finding, ...]
    in_question: int
    decisions: tuple[Decision, ...]
    booked: int
    verification: Verification
    killed: int
    seconds: float

    def count(self, kind: str) -> int:
        """Returns how many findings are of a kind."""
        return sum(finding.kind == kind for finding in self.findings)

    @property
    def sound(self) -> bool:
        """Whether the audit found nothing and the ledger verifies."""
        return not self.findings and self.verification.whole


@dataclass(frozen=True, slots=True)
class _Start:
    """How things stood when a stage began."""

    stage: str
    arrivals: int
    at_s: float
    tally: Tally
    booked: int


class Run:
    """The stages of one run in a house."""

    def __init__(self, house: House, screen: Screen) -> None:
        self._house = house
        self._screen = screen
        self._queries = Queries(house.app.database, house.app.vault)

    async def feed(self, stage: str, truths: Sequence[ArrivalTruth], *, kills: int = 0) -> float:
        """Stores the documents, at most ``AT_ONCE`` under way, until each is done or with a person; returns seconds.

        Kills are spread over the stage by the seed: each comes when some number of documents is decided.
        """
        house, left = self._house, [truth.name for truth in truths]
        moments = sorted(house.chance.uniform(0.02, 0.95) * len(truths) for _ in range(kills))
        began = last = boot_s()
        before: tuple[object, ...] = ()
        start = _Start(stage, len(truths), began, await self._tally(), (await house.erp.health()).orders)
        while True:
            now, busy = await self._tally(), await self._busy()
            flight = now.stored + now.due + now.running
            batch = [left.pop(0) for _ in range(min(len(left), max(0, AT_ONCE - flight)))]
            await asyncio.gather(*(self._store(name) for name in batch))
            # ``busy`` also counts what waits for its time to be read back: that is not decided, and takes no place.
            decided = len(truths) - len(left) - len(batch) - max(flight, busy)
            while moments and decided >= moments[0]:
                moments.pop(0)
                pid = house.kill_one()
                self._screen.say(f"  [red]kill -9[/] worker {pid}, another is started")
            await self._show(start, len(left), max(0, decided), now)
            if not left and not batch and not moments and not max(flight, busy):
                return boot_s() - began
            state = (now, len(left), len(house.killed))
            last, before = (boot_s(), state) if state != before else (last, before)
            if boot_s() - last > _STUCK_S:
                raise Failed(f"nothing moved for {_STUCK_S:.0f} s: {now}; {self._tails()}", error_class="bug")
            self._check_workers()
            await asyncio.sleep(_POLL_S)

    async def shadow(self) -> ShadowReport:
        """Returns the report on the shadow tranche."""
        record = await read_record(self._house.app, self._house.name)
        return compare(self._house.corpus.first, record.arrivals, await self._house.books())

    async def promote(self, why: str) -> str:
        """Raises the level to autonomous in the operator's name, by the command that users type; returns the name."""
        by = _operator()
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "bridgehead", "promote", str(self._house.deployment_folder)),
            *("--to", "autonomous", "--by", by, "--why", why),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        said, _ = await process.communicate()
        if process.returncode:
            raise Failed(f"promote failed: {said.decode(errors='replace')}", error_class="bug")
        return by

    async def judge(self, before: Sequence[BookEntry], seconds: float) -> Outcome:
        """Stops the workers, audits the books against ``before``, and returns what the run came to."""
        house = self._house
        exit_codes = await house.end_workers()
        books = Books(before, await house.books())
        record = await read_record(house.app, house.name)
        rest = house.corpus.rest
        booked = {entry.order.order_number: entry.order.content() for entry in books.after}
        found = score(rest, record.arrivals, booked)
        bookings, in_question = audit_bookings(books, record.decisions)
        names = {truth.name for truth in rest}
        spent = await ReportQueries(house.app.database, house.app.vault).spent(
            house.name, since_s=_SINCE_S, level="autonomous"
        )
        return Outcome(
            score=found,
            latency=latency(one for one in record.arrivals.values() if one.name in names),
            worth=worth(
                house.loaded.deployment,
                found.of_orders,
                found.whole,
                [amount for one in spent for amount in one.amounts],
            ),
            findings=(
                *audit_rest(house.corpus.truths, record.arrivals),
                *audit_losses(books, rest, record.arrivals),
                *audit_doubles(books, house.corpus.truths),
                *bookings,
                *audit_changes(books),
                *(Finding("crashed", f"a worker ended with {code}") for code in exit_codes if code not in _IN_ORDER),
            ),
            in_question=in_question,
            decisions=record.decisions,
            booked=len(books.made()),
            verification=await verify_whole(house.app.database, None),
            killed=len(house.killed),
            seconds=seconds,
        )

    async def _store(self, name: str) -> None:
        house = self._house
        document = await asyncio.to_thread(house.corpus.document, name)
        await house.app.arrivals.store(
            house.name, source="file", source_id=name, document=document, name=name, actor="submit"
        )

    async def _tally(self) -> Tally:
        return await self._queries.tally([self._house.name], 1)

    async def _busy(self) -> int:
        return await self._queries.busy([self._house.name], [self._house.loaded.release.digest])

    async def _show(self, start: _Start, left: int, decided: int, now: Tally) -> None:
        house = self._house
        reading_back = house.killed and not left and decided < start.arrivals and now.waiting
        self._screen.show(
            Moment(
                stage=start.stage,
                arrivals=start.arrivals,
                stored=start.arrivals - left,
                decided=decided,
                booked=(await house.erp.health()).orders - start.booked,
                with_people=max(0, now.waiting + now.with_person - start.tally.waiting - start.tally.with_person),
                per_s=decided / max(boot_s() - start.at_s, 0.1),
                workers=tuple(worker.pid for worker in house.workers),
                killed=tuple(house.killed),
                note="reading back what the killed workers had sent" if reading_back else "",
            )
        )

    def _check_workers(self) -> None:
        for worker in self._house.workers:
            if not worker.lives:
                raise Unavailable(
                    f"a worker ended by itself ({worker.process.returncode}): {worker.tail()}", code="demo.worker"
                )

    def _tails(self) -> str:
        return " | ".join(worker.tail() for worker in self._house.workers)


def _operator() -> str:
    """Returns the name of whoever runs the demo; a machine without one has an operator all the same."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "operator"
