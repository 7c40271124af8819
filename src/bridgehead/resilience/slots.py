"""The turns of one worker's callers under a rate: drawn a few at a time, given in order, used on time or not at all."""

from __future__ import annotations

import asyncio
from bisect import insort
from collections.abc import Sequence
from itertools import count
from operator import attrgetter
from typing import Final

from bridgehead.clock import boot_s
from bridgehead.errors import Unavailable
from bridgehead.resilience.ports import LimitStore
from bridgehead.resilience.rate import Rate, start, starts
from bridgehead.resilience.waiting import Attendant, Pause, Waiter, throttled, unasked

AHEAD_S: Final = 0.1
"""About so far ahead turns are drawn, by all workers together: as much is lost at most when they die or are refused."""
LATE_S: Final = 0.05
"""A turn that is not used within this time has lapsed: a worker that stood still does not catch up at once."""


class Slots:
    """Callers in order, and the turns drawn for them.

    A caller waits in ``_waiting``; once it has a turn it is ``_armed`` until that comes. ``_spare`` are
    turns that were drawn and lost their caller. No turn before ``pause.until_s`` is used.
    """

    def __init__(self, system: str, rate: Rate, store: LimitStore, pause: Pause) -> None:
        self._system = system
        self._rate = rate
        self._store = store
        self._pause = pause
        self._most = max(1, int(rate.per_s * AHEAD_S))
        self._batch = self._most
        self._numbers = count()
        self._waiting: list[Waiter[None]] = []
        self._armed: dict[Waiter[None], tuple[float, asyncio.TimerHandle]] = {}
        self._spare: list[float] = []
        self._drawn: list[float] = []
        self._end = ""
        self._tat_s = 0.0  # by this machine's clock; the shared one is never earlier, but for what is given back
        self._owed_until_s = 0.0  # a pause that the store has not been told of
        self._asking = asyncio.Lock()
        self._attendant = Attendant(system, self._serve, self._live)

    def check(self, deadline_s: float) -> None:
        """Raises Failed ``throttled`` when a caller that comes at this moment cannot have its turn in time."""
        soonest_s = self._soonest(len(self._live()))
        if soonest_s > deadline_s:
            raise throttled(self._system, soonest_s - boot_s(), deadline_s)

    async def take(self, deadline_s: float) -> None:
        """Returns when the caller's turn has come; raises Failed ``throttled`` or ``dependency_down``."""
        waiter: Waiter[None] = Waiter(next(self._numbers), deadline_s, asyncio.get_running_loop().create_future())
        self._waiting.append(waiter)
        self._attendant.call()
        try:
            await waiter.wait()
        except TimeoutError:
            raise unasked(self._system) from None
        finally:
            if waiter in self._armed:
                turn_s, timer = self._armed.pop(waiter)
                timer.cancel()
                insort(self._spare, turn_s)
                self._attendant.call()

    async def refused(self, pause_s: float) -> None:
        """Drops every turn that lies in the pause and tells the other workers; raises Unavailable."""
        self._owed_until_s = max(self._owed_until_s, boot_s() + pause_s)
        for waiter, (turn_s, timer) in list(self._armed.items()):
            if turn_s < self._pause.until_s:
                timer.cancel()
                self._back(waiter)
        async with self._asking:
            await self._pay()

    async def aclose(self) -> None:
        """Ends; who still waits is cancelled."""
        await self._attendant.end()

    async def _serve(self) -> None:
        while True:
            self._assign()
            if not self._live():
                await self._give_back()
                if not self._live():
                    return
            elif len(self._armed) > self._batch // 2:
                await self._attendant.rest()
            else:
                try:
                    await self._draw()
                except Unavailable as error:
                    for waiter in self._live():
                        waiter.fail(unasked(self._system, error))

    def _live(self) -> Sequence[Waiter[None]]:
        self._waiting = [waiter for waiter in self._waiting if not waiter.turn.done()]
        return self._waiting

    def _assign(self) -> None:
        """Gives the spare turns to who waits, in order; who cannot use the first of them gets none later either."""
        now_s = boot_s()
        self._spare = [turn_s for turn_s in self._spare if not self._lapsed(turn_s, now_s)]
        for waiter in list(self._live()):
            if not self._spare:
                break
            if self._spare[0] > waiter.deadline_s:
                waiter.fail(throttled(self._system, self._spare[0] - now_s, waiter.deadline_s))
                continue
            turn_s = self._spare.pop(0)
            self._waiting.remove(waiter)
            timer = asyncio.get_running_loop().call_later(max(0.0, turn_s - now_s), self._come, waiter)
            self._armed[waiter] = (turn_s, timer)

    def _come(self, waiter: Waiter[None]) -> None:
        """Lets a caller go whose turn it is, if it still is."""
        turn_s, _ = self._armed[waiter]
        if self._lapsed(turn_s, boot_s()):
            self._back(waiter)
            return
        del self._armed[waiter]
        waiter.give(None)
        if len(self._armed) <= self._batch // 2 and self._waiting:
            self._attendant.call()

    def _back(self, waiter: Waiter[None]) -> None:
        """Puts a caller that lost its turn to its place in the order."""
        del self._armed[waiter]
        insort(self._waiting, waiter, key=attrgetter("number"))
        self._attendant.call()

    def _lapsed(self, turn_s: float, now_s: float) -> bool:
        return turn_s < max(now_s - LATE_S, self._pause.until_s)

    async def _draw(self) -> None:
        """Draws turns for those who wait, a batch at most."""
        async with self._asking:
            await self._pay()
            waiting = self._live()
            if not waiting:
                return
            asked_s = boot_s()
            latest_s = max(waiter.deadline_s for waiter in waiting)
            wanted = min(len(waiting), self._batch - len(self._armed))
            drawn = await self._store.draw(self._rate, max(1, wanted), latest_s - asked_s)
            now_s = boot_s()
            begin_s = now_s + drawn.begin_s
            # The more workers draw, the farther ahead the next turn lies: each then draws fewer.
            crowded = drawn.begin_s - self._rate.slack_s > AHEAD_S
            self._batch = max(1, self._batch // 2) if crowded else min(2 * self._batch, self._most)
            self._drawn, self._end = starts(self._rate, begin_s, now_s, drawn.count), drawn.end
            self._tat_s = begin_s + drawn.count * self._rate.spacing_s
            for turn_s in self._drawn:
                insort(self._spare, turn_s)
        place = 0
        for waiter in self._live():
            soonest_s = self._soonest(place)
            if soonest_s > waiter.deadline_s or (not drawn.count and waiter.deadline_s <= latest_s):
                waiter.fail(throttled(self._system, soonest_s - now_s, waiter.deadline_s))
            else:
                place += 1

    def _soonest(self, place: int) -> float:
        """Returns the earliest turn of a caller that ``place`` others wait before."""
        if place < len(self._spare):
            return self._spare[place]
        soonest_s = start(self._rate, self._tat_s, boot_s(), place - len(self._spare))
        return max(soonest_s, self._pause.until_s)

    async def _pay(self) -> None:
        owed_s = self._owed_until_s
        if (left_s := owed_s - boot_s()) > 0:
            await self._store.push(self._rate, left_s)
        if self._owed_until_s == owed_s:  # a longer one may have come meanwhile
            self._owed_until_s = 0.0

    async def _give_back(self) -> None:
        """Returns the turns at the end of the last draw that nobody waits for."""
        unused = 0
        while self._spare and self._drawn and self._spare[-1] == self._drawn[-1]:
            self._spare.pop()
            self._drawn.pop()
            unused += 1
        if not unused:
            return
        self._tat_s -= unused * self._rate.spacing_s
        try:
            async with self._asking:
                await self._store.give_back(self._rate, unused, self._end)
        except Unavailable:
            return  # they lapse
        self._drawn.clear()
