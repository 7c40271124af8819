"""What tools with caps may still do: drawn from the database ahead of calls, taken in memory before each (D8)."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Final, Protocol, cast

from bridgehead import clock
from bridgehead.cases.authority import limit_of
from bridgehead.errors import Unavailable
from bridgehead.gate.caps import Use, kinds_of, seen_of, use_of
from bridgehead.gate.history import WINDOWS, History
from bridgehead.gate.shape import DECIMAL_MAX, UnfitError
from bridgehead.money import Money
from bridgehead.spec.caps import Cap, CapKind

if TYPE_CHECKING:
    from bridgehead.cases.ports import Loaded
    from bridgehead.cases.segment import Segment
    from bridgehead.cases.tools import BoundTool
    from bridgehead.ids import WorkerId
    from bridgehead.spec.deployment import Deployment
    from bridgehead.spec.tool import JSON, Tool

IDLE_S: Final = 1.0
"""What a worker has not used for so long flows back."""
PATIENCE_S: Final = 2.5
"""So long a call waits for what others hold to flow back: longer than it lies idle there."""
_LOOK_S: Final = 0.1
_NOT_MADE: Final = frozenset({"proposed", "denied", "held", "superseded", "cancelled", "failed"})
_EVERY: Final[frozenset[CapKind]] = frozenset(("calls", "money", "recipients", "records"))
_ONE: Final = Decimal(1)
_UNCOUNTED: Final = dict.fromkeys(("money_case", *(f"money_{window}" for window in WINDOWS)), DECIMAL_MAX)
_CENT: Final = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Counter:
    """One thing that is counted over all workers: a tool's calls, money, recipients or records in a window.

    ``recorded``: its uses stand in the record of effects, so that those of a dead worker are known.
    """

    deployment: str
    tool: str
    cap: Cap
    recorded: bool
    bounded: bool = True
    """False: it is counted for policies to read, and bounds nothing itself."""

    @property
    def name(self) -> str:
        """What it goes by, beside deployment and tool."""
        return self.cap.counter if self.bounded else f"seen:{self.cap.counter}"

    @property
    def unit(self) -> Decimal:
        """What is drawn is a multiple of it, unless a call needs less."""
        return _CENT if self.cap.kind == "money" else _ONE


@dataclass(frozen=True, slots=True)
class Drew:
    """What a draw brought. ``spent`` is used up or held by this worker, ``elsewhere`` is held by others."""

    allowance: int | None
    amount: Decimal
    spent: Decimal
    elsewhere: Decimal


class AllowanceStore(Protocol):
    """What is left of every cap, shared by all workers. Raises Unavailable when it cannot say."""

    async def draw(self, worker: WorkerId, counter: Counter, needed: Decimal) -> Drew:
        """Draws at least what is needed, or nothing, in a commit of its own."""
        ...

    async def give_back(self, counter: Counter, allowance: int, *, drawn: Decimal | None, used: Decimal) -> None:
        """Keeps ``drawn`` of an allowance, or closes it with what was used of it (``drawn`` None)."""
        ...


@dataclass(slots=True, eq=False)
class _Allowance:
    id: int
    amount: Decimal
    taken: Decimal = Decimal(0)  # used, or held for a call under way
    under_way: int = 0
    touched_s: float = 0.0

    @property
    def left(self) -> Decimal:
        return self.amount - self.taken


@dataclass(slots=True, eq=False)
class _Pool:
    counter: Counter
    open: list[_Allowance] = field(default_factory=list)
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    idle: asyncio.TimerHandle | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """What one call holds of one allowance."""

    pool: _Pool
    allowance: _Allowance
    amount: Decimal


class Allowances:
    """The allowances of this process, shared by all its cases."""

    def __init__(self, store: AllowanceStore) -> None:
        self._store = store
        self._pools: dict[tuple[WorkerId, str, str, str], _Pool] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def take(self, worker: WorkerId, counter: Counter, needed: Decimal) -> tuple[Part | None, Decimal]:
        """Returns what a call takes, if there is enough, and how much is left for it.

        Where too little is left it waits for what others hold to flow back, a moment longer than it may lie idle there.
        """
        pool = self._pool(worker, counter)
        async with pool.lock:
            for one in pool.open:
                if one.left >= needed:
                    return self._part(pool, one, needed), one.left
            await self._join(pool)
            ends = clock.boot_s() + PATIENCE_S
            while True:
                drew = await self._store.draw(worker, counter, needed)
                if drew.allowance is not None:
                    made = _Allowance(drew.allowance, drew.amount)
                    pool.open.append(made)
                    return self._part(pool, made, needed), made.left
                if drew.elsewhere <= 0 or needed > counter.cap.limit or clock.boot_s() >= ends:
                    return None, max(Decimal(0), counter.cap.limit - drew.spent - drew.elsewhere)
                await asyncio.sleep(_LOOK_S)

    async def count(self, worker: WorkerId, counter: Counter, needed: Decimal) -> tuple[Part | None, Decimal]:
        """Counts a call where nothing bounds it; returns what it holds, and what was counted before it."""
        pool = self._pool(worker, counter)
        async with pool.lock:
            await self._join(pool)
            drew = await self._store.draw(worker, counter, needed)
            part = None
            if drew.allowance is not None:
                made = _Allowance(drew.allowance, drew.amount)
                pool.open.append(made)
                part = self._part(pool, made, needed)
            return part, drew.spent + drew.elsewhere

    def end(self, part: Part, *, used: bool, refused: bool = False) -> None:
        """A call under way has ended: what it held was used, or may be used by another.

        ``refused``: its intent may have met an allowance that was taken back, so nothing more is taken of it.
        """
        one = part.allowance
        one.under_way -= 1
        if not used:
            one.taken -= part.amount
        if refused and one in part.pool.open:
            one.amount = one.taken
            self._soon(part.pool)

    async def leave(self, worker: WorkerId) -> None:
        """Gives back what no call of a worker holds, while it still lives: of a dead one, reads count as made."""
        for key in [key for key in self._pools if key[0] == worker]:
            pool = self._pools.pop(key)
            if pool.idle is not None:
                pool.idle.cancel()
            await self._flow_back(pool)

    async def close(self) -> None:
        """Gives everything back that no call holds; nothing is given back later."""
        if self._tasks:
            await asyncio.wait(self._tasks)
        for pool in self._pools.values():
            if pool.idle is not None:
                pool.idle.cancel()
            await self._join(pool)
        self._pools.clear()

    def _pool(self, worker: WorkerId, counter: Counter) -> _Pool:
        return self._pools.setdefault((worker, counter.deployment, counter.tool, counter.name), _Pool(counter))

    def _part(self, pool: _Pool, one: _Allowance, needed: Decimal) -> Part:
        one.taken += needed
        one.under_way += 1
        one.touched_s = clock.boot_s()
        if pool.idle is None:
            pool.idle = asyncio.get_running_loop().call_later(IDLE_S, self._idle, pool)
        return Part(pool, one, needed)

    def _idle(self, pool: _Pool) -> None:
        pool.idle = None
        if not pool.open:
            return
        wait_s = IDLE_S - (clock.boot_s() - max(one.touched_s for one in pool.open))
        if wait_s <= 0:
            self._soon(pool)
        pool.idle = asyncio.get_running_loop().call_later(wait_s if wait_s > 0 else IDLE_S, self._idle, pool)

    def _soon(self, pool: _Pool) -> None:
        task = asyncio.ensure_future(self._flow_back(pool))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _flow_back(self, pool: _Pool) -> None:
        async with pool.lock:
            await self._join(pool)

    async def _join(self, pool: _Pool) -> None:
        """Gives back what no call holds: whole allowances, and the rest of those that calls are under way on."""
        for one in list(pool.open):
            # Before the database is told: whatever becomes of the telling, nobody takes of it any more.
            drawn = None
            if one.under_way:
                if not one.left:
                    continue
                drawn = one.amount = one.taken
            else:
                pool.open.remove(one)
            with contextlib.suppress(Unavailable):  # then it counts as used until this worker is gone
                await self._store.give_back(pool.counter, one.id, drawn=drawn, used=one.taken)


class Tally:
    """What a case has done so far, tool by tool, calls under way included."""

    def __init__(self) -> None:
        self._sums: dict[tuple[str, str], Decimal] = {}
        self.tools: set[str] = set()
        """What the case has called, calls under way included; kept where a policy reads it."""

    @classmethod
    def of_case(
        cls, deployment: Deployment, tools: Mapping[str, BoundTool], loaded: Loaded, *, heeded: bool = False
    ) -> Tally:
        """Returns what is on the record of a case. All counts but what surely was not made."""
        tally, capped = cls(), {name: kinds_of(rule.caps) for name, rule in deployment.tools.items() if rule.caps}
        if heeded:
            capped = dict.fromkeys(tools, _EVERY)
        if not capped:
            return tally
        for effect in loaded.effects:
            if effect.tool in capped and effect.tool in tools and effect.state not in _NOT_MADE:
                tally.count(tools[effect.tool].tool, effect.args, capped[effect.tool])
        for step in loaded.steps:
            args = step.payload.get("args")
            if step.kind == "read" and step.name in capped and step.name in tools and isinstance(args, Mapping):
                error = step.payload.get("error")
                if not (isinstance(error, Mapping) and "refused" in error):
                    tally.count(tools[step.name].tool, args, capped[step.name])
        return tally

    def count(self, tool: Tool, args: Mapping[str, JSON], kinds: frozenset[CapKind]) -> None:
        """Counts a recorded call, as far as it can be counted; as a call it always can."""
        self.add(tool.name, seen_of(tool, args, kinds))
        self.tools.add(tool.name)

    def counts(self, tool: Tool, args: Mapping[str, JSON]) -> History:
        """Returns what the case has done so far, as policies read it; money is in the currency of the call."""
        sums, name = self._sums, tool.name
        try:
            currency = use_of(tool, args, frozenset(("money",))).currency
        except UnfitError:
            currency = ""
        found = {f"{kind}_case": sums.get((name, kind), Decimal(0)) for kind in ("calls", "recipients", "records")}
        found["money_case"] = sums.get((name, f"money:{currency}"), Decimal(0))
        return History(tools=frozenset(self.tools), counts=found)

    def add(self, tool: str, use: Use, sign: int = 1) -> None:
        """Counts a call, or takes back one that was not made."""
        amounts: Mapping[str, Decimal | int | None] = {
            "calls": use.calls, f"money:{use.currency}": use.money, "recipients": use.recipients,
            "records": use.records,
        }  # fmt: skip
        for name, amount in amounts.items():
            if amount:
                self._sums[tool, name] = self._sums.get((tool, name), Decimal(0)) + sign * amount

    def moved(self, currency: str) -> Decimal:
        """Returns what all calls of the case have moved; a bare number counts in whatever currency is asked for."""
        wanted = ("money:", f"money:{currency}")
        return sum((amount for (_, name), amount in self._sums.items() if name in wanted), Decimal(0))

    def of(self, tool: str, cap: Cap) -> Decimal:
        """Returns what the case has used of a cap; a bare number counts in whatever currency the cap is in."""
        if cap.kind != "money":
            return self._sums.get((tool, cap.kind), Decimal(0))
        named, bare = self._sums.get((tool, f"money:{cap.currency}")), self._sums.get((tool, "money:"))
        return (named or Decimal(0)) + (bare or Decimal(0))


@dataclass(slots=True, eq=False)
class Taken:
    """What one call holds of its tool's caps; ``history`` is what the gate sees of it.

    ``made``: the call is made, for all that anybody can know. ``refused``: its intent was not committed.
    """

    history: History = field(default_factory=History)
    parts: list[Part] = field(default_factory=list)
    made: bool = False
    refused: bool = False
    counted: tuple[Segment, str, Use] | None = None

    def uses(self) -> tuple[tuple[int, Decimal], ...]:
        """Returns what is recorded with the intent: which allowance, and how much of it."""
        return tuple((part.allowance.id, part.amount) for part in self.parts)

    def end(self, _: object = None) -> None:
        """The call has ended: what it held was used if it was ``made``, and flows back otherwise."""
        if self.counted is not None:
            segment, tool, use = self.counted
            if not self.made:
                segment.tally.add(tool, use, -1)
            for part in self.parts:
                segment.bench.allowances.end(part, used=self.made, refused=self.refused)  # type: ignore[union-attr]  # parts are its own
        self.counted = None


async def take(segment: Segment, bound: BoundTool, args: Mapping[str, JSON]) -> Taken:
    """Returns what a call may take of its tool's caps; who asks for it ``end``s it.

    A tool without caps takes nothing and waits for nothing.
    """
    rule, name = segment.bench.deployment.tools.get(bound.tool.name), bound.tool.name
    caps, heeded = () if rule is None else rule.caps, segment.bench.gate.heeds_history
    limit, found = limit_of(segment), Taken()
    if not caps and not heeded and (limit is None or bound.tool.moves is None):
        return _with_moved(found, segment, limit)
    if heeded:
        found.history = segment.tally.counts(bound.tool, args)
    found = _with_moved(found, segment, limit)
    try:
        use_of(bound.tool, args, kinds_of(caps))
    except UnfitError:  # the gate refuses what its caps cannot count, and says why
        return found
    use = seen_of(bound.tool, args, _EVERY if heeded or limit is not None else kinds_of(caps))
    left = {str(cap): cap.limit - segment.tally.of(name, cap) for cap in caps if cap.window_s is None}
    # Before anything is waited for: calls made at once share what their case has left.
    segment.tally.add(name, use)
    found.counted = segment, name, use
    try:
        windows = await _draw(segment, bound, caps, use, found.parts)
        if heeded:
            counts = await _count(segment, bound, use, found.parts)
            found.history = replace(found.history, counts={**found.history.counts, **counts})
    except BaseException:
        found.end()
        raise
    if heeded and bound.tool.moves is not None and use.money is None:
        # What cannot be counted is not nothing: to a policy over money it is as much as there can be.
        found.history = replace(found.history, counts={**found.history.counts, **_UNCOUNTED})
    found.history = replace(found.history, left={**left, **windows})
    return found


def _with_moved(found: Taken, segment: Segment, limit: Money | None) -> Taken:
    if limit is not None:
        moved = Money(segment.tally.moved(limit.currency), limit.currency)
        found.history = replace(found.history, moved=moved)
    return found


@asynccontextmanager
async def taken(segment: Segment, bound: BoundTool, args: Mapping[str, JSON]) -> AsyncIterator[Taken]:
    """Gives what a call may take of its tool's caps; unless it was ``made`` all of it flows back after the block."""
    found = await take(segment, bound, args)
    try:
        yield found
    finally:
        found.end()


async def taken_by_task(segment: Segment, bound: BoundTool, args: Mapping[str, JSON]) -> Taken:
    """Returns what ``taken`` gives, until the current task has ended: each governed call runs in one of its own."""
    found = await take(segment, bound, args)
    task = asyncio.current_task()
    if task is not None and found.counted is not None:
        task.add_done_callback(found.end)
    return found


async def _count(segment: Segment, bound: BoundTool, use: Use, parts: list[Part]) -> Mapping[str, Decimal]:
    """Returns what the tool has done in the windows that some policy reads; this call counts from here on."""
    allowances, found = segment.bench.allowances, dict[str, Decimal]()
    if allowances is None:
        return found
    for name in sorted(segment.bench.gate.heeds_windows):
        kind, window = cast("tuple[CapKind, str]", name.split("_"))
        cap = Cap(kind, Decimal(0), WINDOWS[window], use.currency if kind == "money" else "")
        counter = Counter(segment.claim.deployment, bound.tool.name, cap, bound.tool.is_effect, bounded=False)
        sent = not (segment.shadow and bound.tool.is_effect)
        needed = Decimal(getattr(use, kind) or 0) if sent else Decimal(0)
        part, found[name] = await allowances.count(segment.claim.worker_id, counter, needed)
        if part is not None:
            parts.append(part)
    return found


async def _draw(
    segment: Segment, bound: BoundTool, caps: tuple[Cap, ...], use: Use, parts: list[Part]
) -> Mapping[str, Decimal]:
    """Returns what is left in the windows for this call, which it holds from here on."""
    left: dict[str, Decimal] = {}
    for cap in caps:
        if cap.window_s is None or segment.bench.allowances is None:
            continue
        if segment.shadow and bound.tool.is_effect:  # nothing is sent, and so nothing drawn
            left[str(cap)] = cap.limit
            continue
        try:
            needed = use.of(cap)
        except UnfitError:
            break  # it will be refused
        counter = Counter(segment.claim.deployment, bound.tool.name, cap, bound.tool.is_effect)
        part, left[str(cap)] = await segment.bench.allowances.take(segment.claim.worker_id, counter, needed)
        if part is None:
            break
        parts.append(part)
        left[str(cap)] += needed
    return left
