"""The places of one worker's callers under a bound on requests under way: leased, kept for the next caller, shared."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Coroutine
from dataclasses import dataclass
from itertools import count
from typing import Final, TypeVar

from bridgehead.clock import boot_s
from bridgehead.errors import Unavailable
from bridgehead.ids import jitter, random_hex
from bridgehead.resilience.ports import Held, LimitStore
from bridgehead.resilience.waiting import Attendant, Pause, Waiter, crowded, unasked

A = TypeVar("A")
log = logging.getLogger(__name__)

KEEP_S: Final = 0.1
"""A place that nobody uses is kept so long for the next caller."""
LOOK_S: Final = 0.25
"""How often a worker that holds places extends them, and looks whether another one waits."""
POLL_S: Final = 0.02
"""How soon the first in line asks again; for the others the pause doubles, up to ten times as much."""


@dataclass(slots=True, eq=False)
class Place:
    """A place held: until when (this machine's clock, counted from before it was asked for), and since when unused."""

    number: int
    until_s: float
    idle_since_s: float | None = None


class Places:
    """Callers in order, and the places that this worker holds for them.

    A worker whose lease of a place ran out (it stood still, or the database was away) hands it to
    nobody: another worker may hold it. Only a request that is under way then counts in vain.
    """

    def __init__(self, system: str, cap: int, store: LimitStore, pause: Pause, lease_s: float) -> None:
        self._system = system
        self._cap = cap
        self._store = store
        self._pause = pause
        self._lease_s = lease_s
        self._holder = random_hex()
        self._numbers = count()
        self._waiting: deque[Waiter[Place]] = deque()
        self._held: dict[int, Place] = {}
        self._leaving: list[int] = []
        self._look_at_s = 0.0
        self._ask_at_s = 0.0
        self._poll_s = POLL_S
        self._yield = False  # another worker waits and holds fewer: the next place that falls free is for it
        self._asked_s: float | None = None  # since when a question to the store has had no answer
        self._attendant = Attendant(system, self._serve, lambda: list(self._waiting))

    async def take(self, deadline_s: float) -> Place:
        """Returns a place; raises Failed ``throttled`` when none falls free in time, or ``dependency_down``."""
        if not self._waiting and (place := self._idle()) is not None:
            place.idle_since_s = None
            return place
        came_s = boot_s()
        waiter: Waiter[Place] = Waiter(next(self._numbers), deadline_s, asyncio.get_running_loop().create_future())
        self._waiting.append(waiter)
        self._attendant.call()
        try:
            return await waiter.wait()
        except TimeoutError:
            waited_s = boot_s() - came_s
            if self._asked_s is not None and boot_s() - self._asked_s > waited_s / 2:
                raise unasked(self._system) from None
            raise crowded(self._system, self._cap, waited_s) from None
        except asyncio.CancelledError:
            if waiter.turn.done() and not waiter.turn.cancelled() and waiter.turn.exception() is None:
                self.put_back(waiter.turn.result())
            raise
        finally:
            if waiter in self._waiting:
                self._waiting.remove(waiter)

    def put_back(self, place: Place) -> None:
        """The request is over: the next caller has the place, without asking anybody."""
        if self._held.get(place.number) is not place:
            return  # its lease ran out meanwhile
        if self._yield:
            self._leave(place)
        else:
            place.idle_since_s = boot_s()
            self._hand_out()
        self._attendant.call()

    async def aclose(self) -> None:
        """Frees every place."""
        await self._attendant.end()
        places = [*self._held, *self._leaving]
        self._held.clear()
        self._leaving.clear()
        if places:
            try:
                await self._store.release(self._holder, places)
            except Unavailable as error:
                log.warning("%s: %d places stay taken until their lease ends: %s", self._system, len(places), error)

    def _idle(self) -> Place | None:
        now_s = boot_s()
        for place in self._held.values():
            if place.idle_since_s is not None and place.until_s > now_s:
                return place
        return None

    def _hand_out(self) -> None:
        while self._waiting and (place := self._idle()) is not None:
            waiter = self._waiting.popleft()
            if not waiter.turn.done():
                place.idle_since_s = None
                waiter.give(place)

    def _leave(self, place: Place) -> None:
        """Gives a place up; when another worker waits for it, that one comes first."""
        del self._held[place.number]
        self._leaving.append(place.number)
        if self._yield:
            self._yield = False
            self._ask_at_s = boot_s() + 2 * POLL_S

    async def _serve(self) -> None:
        while self._waiting or self._held or self._leaving:
            try:
                await self._step()
            except Unavailable as error:
                for waiter in self._waiting:
                    waiter.fail(unasked(self._system, error))
                self._forget_lapsed()
                if not self._held:
                    self._leaving.clear()  # their leases end by themselves
                await asyncio.sleep(POLL_S)
            else:
                await self._attendant.rest(self._until_next())

    async def _step(self) -> None:
        """Does what is due: frees, extends, asks for more."""
        self._hand_out()
        now_s = boot_s()
        for place in list(self._held.values()):
            if place.idle_since_s is not None and (self._yield or place.idle_since_s + KEEP_S <= now_s):
                self._leave(place)
        if self._leaving:
            leaving = list(self._leaving)
            await self._answer(self._store.release(self._holder, leaving))
            del self._leaving[: len(leaving)]
        if self._held and self._look_at_s <= now_s:
            await self._renew()
        wanted = min(len(self._waiting), self._cap - len(self._held))
        if wanted > 0 and self._ask_at_s <= boot_s():
            await self._ask(wanted)
        self._hand_out()

    async def _renew(self) -> None:
        asked_s = boot_s()
        self._look_at_s = asked_s + min(LOOK_S, self._lease_s / 4)
        before = list(self._held.values())
        found = await self._answer(self._store.renew(self._holder, self._lease_s))
        for place in before:
            if place.number in found.places:
                place.until_s = asked_s + self._lease_s
            elif self._held.get(place.number) is place:
                del self._held[place.number]
        self._yield = found.fewest is not None and found.fewest < len(self._held)

    async def _ask(self, wanted: int) -> None:
        asked_s = boot_s()
        held = len(self._held)
        found = await self._answer(self._store.take(self._holder, self._cap, wanted, held, self._lease_s))
        if not self._held:
            self._look_at_s = asked_s + min(LOOK_S, self._lease_s / 4)
        for number in found.places:
            self._held[number] = Place(number, asked_s + self._lease_s, idle_since_s=boot_s())
        self._poll_s = POLL_S if found.places or found.first else min(2 * self._poll_s, 10 * POLL_S)
        self._ask_at_s = boot_s() + self._poll_s * (0.5 + jitter()) if len(found.places) < wanted else 0.0

    async def _answer(self, question: Coroutine[None, None, A]) -> A:
        """Returns the store's answer, and keeps the pause that another worker was asked for."""
        self._asked_s = boot_s()
        try:
            found = await question
        finally:
            self._asked_s = None
        if isinstance(found, Held) and found.pause_s > 0:
            self._pause.extend(found.pause_s)
        return found

    def _forget_lapsed(self) -> None:
        now_s = boot_s()
        self._held = {number: place for number, place in self._held.items() if place.until_s > now_s}

    def _until_next(self) -> float:
        """Returns how long nothing is due if nobody calls."""
        now_s = boot_s()
        due = [self._look_at_s] if self._held else []
        due += [held.idle_since_s + KEEP_S for held in self._held.values() if held.idle_since_s is not None]
        if self._waiting and len(self._held) < self._cap:
            due.append(self._ask_at_s)
        return max(0.0, min(due, default=now_s + LOOK_S) - now_s)
