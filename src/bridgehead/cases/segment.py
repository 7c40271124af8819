"""One run of the agent from the top: its claim, its journal, and when it is over.

Once something has to wait, or the claim is lost, the segment is closed and every later call
in it raises again. The runner reads ``closed`` rather than trusting an exception to travel
through code that may swallow it.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Final, Literal, TypeVar

from bridgehead import clock, points
from bridgehead.cases.allowing import Allowances, Tally
from bridgehead.cases.authority import limit_of
from bridgehead.cases.crosswalk import Crosswalks
from bridgehead.cases.hiding import SECRETS
from bridgehead.cases.journal import Journal
from bridgehead.cases.knowing import Knowing
from bridgehead.cases.ports import CaseStore, Claim, Decider, KeyTaken, Loaded, Models, Revisions
from bridgehead.cases.stopping import NOTHING, Stopping, Stops
from bridgehead.cases.tools import BoundTool
from bridgehead.cases.writes import Finish, HandOver, Note, OutcomeKind, ReviewOpen, Write, frozen
from bridgehead.costs.prices import Prices
from bridgehead.effects.keys import Hmac
from bridgehead.effects.states import EffectState
from bridgehead.errors import ErrorClass, LeaseLost, Suspended, Unavailable
from bridgehead.money import Money
from bridgehead.resilience.answering import Answering
from bridgehead.resilience.dependency import Dependencies
from bridgehead.resilience.leaving import cause_of
from bridgehead.spec.deployment import Deployment
from bridgehead.spec.tool import JSON

if TYPE_CHECKING:
    from bridgehead.cases.checking import OutcomeCheck

T = TypeVar("T")
log = logging.getLogger("bridgehead.cases")
BRANCH: ContextVar[str] = ContextVar("bridgehead_branch", default="")
"""Which branch of a parallel agent a call belongs to; ``ctx.branch`` and adapters set it."""
BEGUN: ContextVar[int] = ContextVar("bridgehead_call", default=0)
"""The how-manieth call of its segment a call is."""


LAG_S: Final = 0.1
"""How long what may be done again waits at most for a commit of its own, in seconds (decision 0016)."""
_TURNS = 50
_WITHOUT_STEP: frozenset[EffectState] = frozenset({"denied", "virtual", "intended", "unknown"})
"""States of an effect that a segment counts as a step though the journal has no step of it."""


@dataclass(frozen=True, slots=True)
class Bench:
    """What every segment of one deployment works with."""

    deployment: Deployment
    store: CaseStore
    gate: Decider
    tools: Mapping[str, BoundTool]
    hmac: Hmac
    actor: str
    send_s: float
    grace_s: float = 1.0
    retry_base_s: float = 0.1
    systems: Mapping[str, object] = field(default_factory=dict)
    """The deployment's connectors by name, for the tools that work over them."""
    crosswalks: Crosswalks | None = None
    revisions: Revisions | None = None
    stopping: Stopping | None = None
    """What operators have stopped; None: nobody can stop anything, as in a trial outside of a worker."""
    dependencies: Dependencies = field(default_factory=Dependencies)
    """What is known of whoever is called; one for all deployments of a process."""
    answering: Answering = field(default_factory=Answering)
    prices: Prices = field(default_factory=Prices)
    outcome: OutcomeCheck | None = None
    """How outcomes are checked; None: they count as they are."""
    models: Models | None = None
    """Whom checks may ask for an opinion; None: nobody, as in a trial outside of a worker."""
    allowances: Allowances | None = None
    """What tools may still do under caps over windows; None: nothing, as in a trial outside of a worker."""


@dataclass(slots=True)
class Closed:
    """Why a segment is over. ``waiting`` carries when to look again and whether the deadline stops."""

    why: Literal["waiting", "ended", "lost"]
    wake_after_s: float | None = None
    stop_clock: bool = False
    at_once: bool = False
    paused_tool: str = ""
    ending: Finish | HandOver | None = None
    review: ReviewOpen | None = None


@dataclass(slots=True)
class Segment:
    """The inner side of a Context: commits, waits for replay, closes once and stays closed."""

    bench: Bench
    claim: Claim
    loaded: Loaded
    journal: Journal = field(init=False)
    knowing: Knowing = field(init=False)
    """What the case has read, as far as decisions rest on it."""
    closed: Closed | None = None
    started_s: float = field(default_factory=clock.boot_s)
    dry: bool = False
    """A replay of what is recorded, and of nothing else: no send, no read, no model, no write."""
    over: int = 0
    """How often the agent went on after a call was refused because a limit of the case was reached, and one more."""
    over_begun: int = 0
    """How many calls had begun when it was last refused one: those could not heed it."""
    begun: int = 0
    """How many calls have begun."""
    ended: bool = False
    """The agent has returned: a task it left behind makes no further call."""
    closing: asyncio.Event = field(default_factory=asyncio.Event)
    virtual_marks: set[str] = field(default_factory=set)
    stops: Stops = NOTHING
    """What was stopped when the last call was decided."""
    spent: dict[str, Decimal] = field(init=False)
    """Money by currency: what is on the books, and what calls under way will cost if they happen."""
    steps: int = field(init=False)
    """Recorded calls of the case, and those under way."""
    tally: Tally = field(init=False)
    """What the case has done so far under the caps of its tools, calls under way included."""
    calls: set[asyncio.Task[object]] = field(default_factory=set)
    _commit: asyncio.Lock = field(default_factory=asyncio.Lock)
    _recorded: list[Write] = field(default_factory=list)
    """What was recorded since the last commit, oldest first."""
    _flushing: asyncio.TimerHandle | None = None
    _busy: int = 0
    _waiting: int = 0
    _tokens: int = 0

    def __post_init__(self) -> None:
        self.journal = Journal(self.loaded)
        self.knowing = Knowing(self.bench.gate, self.loaded, self.started_s, self.bench.tools)
        self.spent = dict(self.loaded.spent)
        self.steps = self.journal.recorded
        self.tally = Tally.of_case(
            self.bench.deployment,
            self.bench.tools,
            self.loaded,
            heeded=self.bench.gate.heeds_history or limit_of(self) is not None,
        )
        for row in self.journal.effects():
            if row.state in _WITHOUT_STEP:
                bound = self.bench.tools.get(row.tool)
                free = bound is None or row.state == "denied" or (row.result or {}).get("would", "allow") != "allow"
                self.reserve(None if bound is None or free else bound.tool.cost)

    @property
    def shadow(self) -> bool:
        """Whether writes and questions are virtual."""
        return self.claim.level == "shadow"

    def reserve(self, cost: Money | None) -> None:
        """Counts one step, and its price, from the decision on: what follows is decided with it in view."""
        self.steps += 1
        if cost is not None:
            self.spend(cost)

    def spend(self, cost: Money) -> None:
        """Counts money that was spent."""
        self.spent[cost.currency] = self.spent.get(cost.currency, Decimal(0)) + cost.amount

    def refund(self, cost: Money | None) -> None:
        """Gives back the price of a call that surely did not happen; its step stays counted."""
        if cost is not None:
            self.spent[cost.currency] -= cost.amount

    def release(self, cost: Money | None) -> None:
        """Gives back all of a reservation: the call is not made, or will be decided anew."""
        self.steps -= 1
        self.refund(cost)

    def token(self) -> str:
        """Returns a name by which writes of one commit refer to each other."""
        self._tokens += 1
        return f"t{self._tokens}"

    def check_open(self, *, calling: bool = False) -> None:
        """Raises Suspended or LeaseLost again once the segment is closed, for a new call also once the agent ended."""
        if self.closed is None and not (calling and self.ended):
            return
        if self.closed is not None and self.closed.why == "lost":
            raise LeaseLost
        raise Suspended

    def close(self, closed: Closed) -> None:
        """Closes the segment; a later reason to wait joins the first, a lost claim beats everything."""
        before = self.closed
        if before is None or closed.why == "lost" or (before.why == "waiting" and closed.why == "ended"):
            self.closed = closed
        elif before.why == "waiting" and closed.why == "waiting":
            wakes = [w for w in (before.wake_after_s, closed.wake_after_s) if w is not None]
            before.wake_after_s = min(wakes) if wakes else None
            before.stop_clock = before.stop_clock or closed.stop_clock
            before.at_once = before.at_once or closed.at_once
            before.paused_tool = before.paused_tool or closed.paused_tool
        self.closing.set()

    def put_aside(self) -> None:
        """Closes the segment though nothing is to be waited for: another worker goes on at once."""
        self.close(Closed("waiting", wake_after_s=0.0, at_once=True))

    def wait(self, *, wake_after_s: float | None = None, stop_clock: bool = False, paused_tool: str = "") -> Suspended:
        """Closes the segment because the case must wait (at a paused tool); the caller raises what this returns."""
        self.close(Closed("waiting", wake_after_s=wake_after_s, stop_clock=stop_clock, paused_tool=paused_tool))
        return Suspended()

    def hand_over(
        self,
        error_class: ErrorClass,
        reason: str,
        *,
        role: str | None = None,
        not_comparable: bool = False,
        within_s: float | None = None,
        details: Mapping[str, JSON] | None = None,
        **facts: JSON,
    ) -> Suspended:
        """Closes the segment because a person must go on; in shadow the case just ends saying so.

        ``details`` is what the agent shows beside ``facts``; none of it takes the place of what is named here.

        ``not_comparable``: what is missing exists only because the case runs in shadow, so its
        further way says nothing about the agent.
        """
        wanted = role or self.bench.deployment.fallback.role_for(error_class)
        told: dict[str, JSON] = {**(details or {}), "reason": reason, "error_class": error_class, **facts}
        shown = {name: SECRETS.without(one) for name, one in told.items()}  # an exception may say what it was sent
        cause = cause_of(facts["cause"]) if "cause" in facts else None
        if self.shadow:
            outcome: OutcomeKind = "not_comparable" if not_comparable else "would_hand_over"
            ending: Finish | HandOver = Finish(outcome, {**shown, "role": wanted}, error_class, cause)
            self.close(Closed("ended", ending=ending))
        else:
            review = ReviewOpen(
                token=self.token(),
                kind="deadline" if error_class == "deadline" else "exception",
                role=wanted,
                shown=shown,
                error_class=error_class,
                within_s=within_s,
            )
            self.close(Closed("ended", ending=HandOver(error_class, cause), review=review))
        return Suspended()

    def record(self, *writes: Write) -> None:
        """Records what may be done again should it be lost: it stands with the next commit, at most ``LAG_S`` later.

        Whatever rests on it (an intent, a question, an outcome) is in that commit or a later one, never in an
        earlier one. Its payloads are taken as they are at this moment.
        """
        if self.dry:
            raise self.hand_over("diverged", "The agent went beyond what is recorded.")
        if self.closed is not None and self.closed.why == "lost":
            raise LeaseLost
        self._recorded.extend(map(frozen, writes))
        if self._flushing is None:
            loop = asyncio.get_running_loop()
            # Those of all cases at the same moments, so that they share a commit.
            self._flushing = loop.call_at((loop.time() // LAG_S + 1) * LAG_S, self._flush_later)

    def _flush_later(self) -> None:
        self._flushing = None
        if self._recorded:
            task = asyncio.ensure_future(self.flush())
            kept: asyncio.Task[object] = task
            self.calls.add(kept)
            task.add_done_callback(self._done)

    async def flush(self) -> None:
        """Returns once everything recorded so far stands; raises LeaseLost when the claim is over."""
        if self._recorded or self._commit.locked():
            await self.commit()

    async def commit(self, *writes: Write, begins: Callable[[], None] | None = None) -> Mapping[str, int]:
        """Commits what was recorded and these writes, one at a time; a lost claim closes the segment for good.

        ``begins`` is called when its turn has come, before anything of it is written.

        When the database cannot say whether a commit happened, nothing may be done on the
        strength of it: the segment counts as lost and the case is read again. So it does when
        a commit fails in a way nobody foresaw: going on would leave an effect unsettled.
        """
        if self.dry:  # a note of drift is worth nothing here, and nothing else may come this far
            if all(isinstance(write, Note) for write in writes):
                return {}
            raise self.hand_over("diverged", "The agent went beyond what is recorded.")
        async with self._commit:
            if self.closed is not None and self.closed.why == "lost":
                raise LeaseLost
            recorded, self._recorded = self._recorded, []
            if self._flushing is not None:
                self._flushing.cancel()
                self._flushing = None
            if not recorded and not writes:
                return {}
            if begins is not None:
                begins()
            points.reach("journal.commit.before")
            try:
                tokens = await self.bench.store.commit(self.claim, (*recorded, *writes), actor=self.bench.actor)
            except (LeaseLost, Unavailable):
                self.close(Closed("lost"))
                raise LeaseLost from None
            except KeyTaken:
                self._recorded[:0] = recorded  # nothing of it was written
                raise
            except Exception as error:
                log.exception("C-%s: a commit failed", self.claim.case_id)
                self.close(Closed("lost"))
                raise LeaseLost from error
            points.reach("journal.commit.after")
            return tokens

    async def governed(self, work: Coroutine[object, object, T]) -> T:
        """Runs one call in a task of the segment's own, so that cancelling the caller never cancels it."""
        try:
            self.check_open(calling=True)
        except BaseException:
            work.close()
            raise
        self.begun += 1  # here, and not in the task: of calls made at once the first may end before the last is run
        task: asyncio.Task[T] = asyncio.ensure_future(self._counted(work, self.begun))
        kept: asyncio.Task[object] = task
        self.calls.add(kept)
        task.add_done_callback(self._done)
        return await asyncio.shield(task)

    async def replayed(self, *, own: int = 1) -> None:
        """Returns when every entry of earlier segments has been met.

        A new effect, question or outcome waits here while another branch is still replaying.
        When no other call is under way and none comes for ``grace_s``, the agent has taken
        another way than the one recorded: error class ``diverged``, to a person. ``own`` is
        how many calls under way the caller itself is (0 for the outcome).
        """
        while self.journal.unconsumed:
            self.check_open()
            before = self.journal.progress
            self._waiting += own
            try:
                moved = await self._moved(before)
            finally:
                self._waiting -= own
            if not moved and self._busy <= self._waiting + own:
                raise self.diverged()
        self.check_open()

    async def fresh(self) -> None:
        """Returns when a call may be made that no record answers; in a dry replay none may, and this is its end.

        A branch that came to its end waits until the others have met what is recorded for them.
        """
        if self.dry:
            await self.replayed()
            raise self.wait()

    @contextlib.contextmanager
    def waiting(self) -> Iterator[None]:
        """Counts one call under way as waiting for another, for as long as the block lasts."""
        self._waiting += 1
        try:
            yield
        finally:
            self._waiting -= 1

    def diverged(self) -> Suspended:
        """Closes the segment as diverged and says which recorded steps were not met."""
        missing = self.journal.waiting_for()
        return self.hand_over(
            "diverged",
            "The agent did not repeat what it did before: " + ", ".join(missing[:5]) + " was not met again.",
            missing=list(missing),
        )

    async def drain(self) -> None:
        """Waits until every call under way has come to its own end."""
        while pending := {task for task in self.calls if not task.done()}:
            await asyncio.wait(pending)

    def _done(self, task: asyncio.Task[object]) -> None:
        self.calls.discard(task)
        if not task.cancelled():
            task.exception()

    async def _counted(self, work: Coroutine[object, object, T], begun: int) -> T:
        self._busy += 1
        BEGUN.set(begun)
        try:
            return await work
        finally:
            self._busy -= 1

    async def _moved(self, before: int) -> bool:
        """Returns whether the journal moved on, or the segment was closed, within ``grace_s``.

        The time is counted in turns of the event loop: one long stall of the machine is one turn,
        in which no branch had a chance to move.
        """
        for _ in range(_TURNS):
            if self.journal.progress != before or self.closed is not None:
                return True
            await asyncio.sleep(self.bench.grace_s / _TURNS)
        return self.journal.progress != before or self.closed is not None


def merged(writes: Sequence[Write | None]) -> tuple[Write, ...]:
    """Returns the writes that are there."""
    return tuple(write for write in writes if write is not None)
