"""Takes effects back: each read back first, decided, recorded before it is sent and settled after (D5).

A plan survives whoever carries it out: what was sent and not answered is read back by the next one.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from bridgehead import clock
from bridgehead.cases.failures import RETRIED, failure, failure_json
from bridgehead.cases.ports import Decider
from bridgehead.cases.reading_back import read_back
from bridgehead.cases.stopping import Stopping
from bridgehead.cases.tools import SYSTEMS, BoundTool
from bridgehead.cases.undo_ports import Done, Hold, UndoItem, UndoLost, UndoMove, UndoPlan, UndoStore
from bridgehead.cases.writes import DecisionWrite
from bridgehead.costs import meter
from bridgehead.effects.images import differing, edited
from bridgehead.effects.settle import ReadBack, settle_after_s
from bridgehead.effects.undoing import (
    HARMLESS,
    UNCHECKED,
    UNDO_TRIES,
    Left,
    after_silence,
    before_sending,
    hindrance,
    unseen,
)
from bridgehead.errors import Failed, Unavailable
from bridgehead.gate.model import Call, Decision, View
from bridgehead.ids import show
from bridgehead.resilience.retry import full_jitter_s
from bridgehead.spec.deployment import Deployment
from bridgehead.spec.tool import JSON

log = logging.getLogger("bridgehead.undo")
LOOK_S: Final = 2.0
"""How often a worker looks for plans that nobody finished."""
PAUSE_S: Final = 0.2
PAUSE_MOST_S: Final = 5.0
SUSPENDED: Final = "gate.suspended"


@dataclass(frozen=True, slots=True)
class Looked:
    """Why an undo would not be sent (None: it would be), and more about it.

    ``blind`` says, of one that would be sent, why an edit since could not be seen; empty where it could. ``fields``
    are those that differ, ``now`` is the image of what is there.
    """

    why: Left | None
    text: str = ""
    blind: str = ""
    fields: tuple[str, ...] = ()
    now: Mapping[str, JSON] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Seeing:
    """What ``verify`` says, whether it is what the effect left, and where it differs, field by field."""

    said: ReadBack
    same: bool
    text: str = ""
    fields: tuple[str, ...] = ()
    now: Mapping[str, JSON] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Undoing:
    """Carries out the plans of one deployment, with the code that is served."""

    store: UndoStore
    deployment: Deployment
    gate: Decider
    tools: Mapping[str, BoundTool]
    systems: Mapping[str, object]
    stopping: Stopping
    actor: str
    send_s: float
    checks: bool = True
    """Whether the record is read back first. A bench turns it off to prove that it would notice."""

    def hindrance(self, done: Done) -> Left | None:
        """Returns why an effect cannot be undone as far as declarations tell; None when it can be tried."""
        if done.unreadable:
            return "unreadable"
        bound = self.tools.get(done.tool)
        return hindrance(done.state, done.then, None if bound is None else bound.tool)

    async def foreseen(self, done: Done, *, by: str, unchecked: bool) -> Looked:
        """Returns what would become of an undo now, looked at as ``run`` does it. Nothing is written."""
        why = self.hindrance(done)
        if why is not None:
            return Looked(why)
        bound = self.tools[done.tool]
        decision = await self._decide(done, bound, by)
        if decision.verdict != "allow":
            return Looked("denied", _reasons(decision))
        systems = SYSTEMS.set(self.systems)
        try:
            return await self._checked(done, bound, unchecked=unchecked, stamped=done.stamped)
        finally:
            SYSTEMS.reset(systems)

    async def watch(self, stopped: asyncio.Event) -> None:
        """Finishes what others left unfinished, until ``stopped``."""
        while not stopped.is_set():
            try:
                for number in await self.store.unfinished([self.deployment.name]):
                    await self.run(number)
            except Unavailable as error:
                log.debug("plans of undoing cannot be looked for: %s", error.message)
            except Exception:  # what goes wrong with one plan must not end the worker's looking after all
                log.exception("an undo failed")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stopped.wait(), LOOK_S)

    async def run(self, undo_id: int) -> bool:
        """Carries a plan out to its end; False when somebody alive has it, took it over, or it is finished.

        Raises Unavailable when the database went away: the plan stands as it was last recorded.
        """
        hold = await self.store.take(undo_id, actor=self.actor)
        if hold is None:
            return False
        systems = SYSTEMS.set(self.systems)
        try:
            plan = await self.store.plan(undo_id)
            items = {item.place: item for item in plan.items}
            # What was sent and not answered is settled before anything else is taken back.
            for place in sorted(items, key=lambda one: (items[one].state not in ("intended", "unknown"), one)):
                while items[place].state not in ("undone", "left"):
                    items[place] = await self._next(hold, plan, items, items[place])
            await self.store.finish(hold, self.deployment.fallback.role_for("conflict"))
        except UndoLost as error:
            log.warning("%s", error.message)
            return False
        finally:
            SYSTEMS.reset(systems)
            await self.store.let_go(hold)
        log.info("%s is finished", show("U", undo_id))
        return True

    async def _next(self, hold: Hold, plan: UndoPlan, items: Mapping[int, UndoItem], item: UndoItem) -> UndoItem:
        """Brings one item a step further and returns it as it stands then."""
        if item.state == "intended":  # its runner was lost after the intent
            lost: dict[str, JSON] = {"message": "whoever sent it was lost before the answer was recorded"}
            return await self.store.move(hold, item, UndoMove("unknown", detail=lost))
        later = [items[place] for place in range(item.place) if place in items]
        moved = any(one.state == "undone" and one.done.meets(item.done) for one in later)
        stamped = item.done.stamped and not moved
        if item.state == "unknown":
            return await self._settle(hold, item, stamped=stamped)
        if (why := self._blocked(items, item)) is not None:
            return await self._leave(hold, item, why, None)
        return await self._attempt(hold, plan, item, stamped=stamped)

    def _blocked(self, items: Mapping[int, UndoItem], item: UndoItem) -> Left | None:
        """Returns why an item is not tried at all: what came after it stands, or its declaration says no."""
        for later in (items[place] for place in range(item.place) if place in items):
            if later.done.meets(item.done) and later.state == "left" and later.why not in HARMLESS:
                return "later"
        return self.hindrance(item.done)

    async def _attempt(self, hold: Hold, plan: UndoPlan, item: UndoItem, *, stamped: bool) -> UndoItem:
        """Decides, reads back and sends once; what surely did not happen leaves the item planned."""
        done, bound = item.done, self.tools[item.done.tool]
        decision = await self._decide(done, bound, plan.by)
        verdict = _decision_write(done, decision)
        if decision.verdict != "allow":
            told: dict[str, JSON] = {"message": _reasons(decision)}
            return await self.store.move(hold, item, UndoMove("left", why="denied", detail=told, decision=verdict))
        if self.checks:
            looked = await self._checked(done, bound, unchecked=plan.unchecked, stamped=stamped)
            if looked.why is not None:
                return await self._leave(hold, item, looked.why, {"message": looked.text} if looked.text else None)
        settle_s = settle_after_s(bound.tool, self.send_s)
        send_by_s = clock.boot_s() + self.send_s
        item = await self.store.move(hold, item, UndoMove("intended", decision=verdict, settle_s=settle_s))
        if clock.boot_s() >= send_by_s:  # stood still in between: a successor may have looked already
            late = Failed("its moment to be sent had passed", error_class="transient", applied=False)
            return await self._failed(hold, item, late)
        try:
            async with asyncio.timeout(bound.tool.timeout_s):
                returned = await bound.take_back(done.args, done.result, key=done.key, occurrence=done.occurrence)
        except Exception as error:  # noqa: BLE001  # the boundary to a tool's undo: anything it raises is classified
            failed = failure(error)
            if failed.applied is False:
                return await self._failed(hold, item, failed)
            return await self.store.move(hold, item, UndoMove("unknown", detail=failure_json(failed)))
        return await self._undone(hold, item, {"returned": returned})

    async def _settle(self, hold: Hold, item: UndoItem, *, stamped: bool) -> UndoItem:
        """Reads back an undo that was sent and not answered, and waits as long as it may still arrive."""
        done, bound = item.done, self.tools.get(item.done.tool)
        if bound is None or bound.undo is None:
            return await self._leave(hold, item, "unclear", {"message": f"{done.tool} is not served any more"})
        asked_s = clock.boot_s()
        tries = 0
        while True:
            seen = await self._look(done, bound, stamped=stamped)
            undone = await bound.is_undone(done.args, done.result, key=done.key, occurrence=done.occurrence)
            left_s = item.seconds_left - (clock.boot_s() - asked_s)
            came_to = after_silence(seen.said, same=seen.same, undone=undone, seconds_left=left_s)
            if came_to == "wait" and (seen.said != "failed" or left_s > 0 or tries < UNDO_TRIES):
                tries += seen.said == "failed" and left_s <= 0
                await asyncio.sleep(min(max(left_s, PAUSE_S), PAUSE_MOST_S))
                continue
            break
        if came_to == "undone":
            return await self._undone(hold, item, {"settled_by": "read back"})
        if came_to == "planned" and item.attempt < UNDO_TRIES:
            return await self._again(hold, item, {"message": "it was not undone when its time had passed"})
        why: Left = "failed" if came_to == "planned" else "unclear"
        return await self._leave(hold, item, why, {"message": seen.text} if seen.text else None)

    async def _checked(self, done: Done, bound: BoundTool, *, unchecked: bool, stamped: bool) -> Looked:
        """Reads an effect back, again when that fails, and returns why its undo is not sent."""
        seen = await self._look(done, bound, stamped=stamped)
        for attempt in range(UNDO_TRIES):
            if seen.said != "failed":
                break
            await asyncio.sleep(full_jitter_s(attempt, PAUSE_S, PAUSE_MOST_S))
            seen = await self._look(done, bound, stamped=stamped)
        why = before_sending(seen.said, same=seen.same, unchecked=unchecked)
        blind = "" if why is not None else unseen(done.image) if seen.said == "found" else UNCHECKED
        return Looked(why, seen.text, blind, seen.fields, seen.now)

    async def _look(self, done: Done, bound: BoundTool, *, stamped: bool) -> Seeing:
        found = await read_back(bound, done.key, done.occurrence, done.args)
        if found.said != "found":
            return Seeing(found.said, same=False, text="" if found.said == "absent" else found.text)
        # The image is of the whole record, the result of what the tool answers of it; each may see what the other
        # does not: the image is a moment younger than the write.
        fields = differing(done.result, found.result)
        if done.image:
            fields = tuple(
                sorted({*fields, *edited(done.image, found.image or {}, stamped=stamped, ignored=found.ignored)})
            )
        now = found.image or {}
        if fields:
            return Seeing("found", same=False, text=f"It differs in {', '.join(fields)}.", fields=fields, now=now)
        same = found.result == done.result
        text = "" if same else "what is read back is not what the effect had returned"
        return Seeing("found", same=same, text=text, now=now)

    async def _decide(self, done: Done, bound: BoundTool, by: str) -> Decision:
        stops = await self.stopping.stops(done.deployment, bytes.fromhex(done.release), fresh=True)
        call = Call(tool=bound.tool, args=done.args, args_digest=done.digest)
        view = View(level="autonomous", release=done.release, suspended_tools=stops.killed_tools)
        decision = self.gate.decide_undo(call, view, by=by)
        told = stops.told.get(done.tool)
        if told is None:
            return decision
        reasons = tuple(replace(one, text=told) if one.policy_id == SUSPENDED else one for one in decision.reasons)
        return replace(decision, reasons=reasons)

    async def _failed(self, hold: Hold, item: UndoItem, failed: Failed) -> UndoItem:
        """Records an undo that surely did not happen: to be tried again, or left."""
        told = failure_json(failed)
        if failed.error_class in RETRIED and item.attempt < UNDO_TRIES:
            return await self._again(hold, item, told)
        return await self._leave(hold, item, "changed" if failed.error_class == "conflict" else "failed", told)

    async def _again(self, hold: Hold, item: UndoItem, told: Mapping[str, JSON]) -> UndoItem:
        moved = await self.store.move(hold, item, UndoMove("planned", detail=told, again=True))
        await asyncio.sleep(full_jitter_s(item.attempt, PAUSE_S, PAUSE_MOST_S))
        return moved

    async def _undone(self, hold: Hold, item: UndoItem, told: Mapping[str, JSON]) -> UndoItem:
        bound = self.tools.get(item.done.tool)
        price = None if bound is None else meter.of_tool(bound.tool)
        cost = None if price is None else replace(price, name=f"undo:{item.done.tool}")
        moved = await self.store.move(hold, item, UndoMove("undone", detail=told, cost=cost))
        log.info("%s is undone", show("E", item.done.effect_id))
        return moved

    async def _leave(self, hold: Hold, item: UndoItem, why: Left, told: Mapping[str, JSON] | None) -> UndoItem:
        moved = await self.store.move(hold, item, UndoMove("left", why=why, detail=told))
        log.info("%s is left to a person (%s)", show("E", item.done.effect_id), why)
        return moved


def _reasons(decision: Decision) -> str:
    return "; ".join(reason.text for reason in decision.reasons)


def _decision_write(done: Done, decision: Decision) -> DecisionWrite:
    return DecisionWrite(
        token="undo",  # noqa: S106  # a name within this commit, no secret
        tool=f"undo:{done.tool}",
        digest=done.digest,
        verdict=decision.verdict,
        policy_digest=decision.policy_digest,
        detail=decision.to_json(),  # type: ignore[arg-type]  # Decision.to_json holds JSON only
        policies=tuple(reason.policy_id for reason in decision.reasons),
    )
