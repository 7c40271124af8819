"""Callers that want the same of the database at the same moment share one asking."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Generic, TypeVar

from bridgehead.errors import Unavailable

Asked = TypeVar("Asked")
Told = TypeVar("Told")
MOST: Final = 64
"""Callers that share one asking at most."""


class Together(Generic[Asked, Told]):
    """Hands what waits to ``run``, oldest first and one call at a time: while it runs, the next gathers.

    ``run`` returns one answer for each, in their order; an answer that is an exception is raised to its caller.
    What ``run`` raises itself is nobody's in particular: each is then asked for alone, but where the database does
    not answer, which all are told.
    """

    def __init__(self, run: Callable[[Sequence[Asked]], Awaitable[Sequence[Told | Exception]]]) -> None:
        self._run = run
        self._waiting: deque[tuple[Asked, asyncio.Future[Told]]] = deque()
        self._running: asyncio.Task[None] | None = None

    async def __call__(self, asked: Asked) -> Told:
        """Returns the answer; a caller that is cancelled before its turn came is left out."""
        answer: asyncio.Future[Told] = asyncio.get_running_loop().create_future()
        self._waiting.append((asked, answer))
        if self._running is None or self._running.done():
            self._running = asyncio.create_task(self._work(), name="bridgehead together")
        return await answer

    async def _work(self) -> None:
        batch: list[tuple[Asked, asyncio.Future[Told]]] = []
        try:
            while self._waiting:
                batch = []
                while self._waiting and len(batch) < MOST:
                    one = self._waiting.popleft()
                    if not one[1].done():
                        batch.append(one)
                await self._carry_out(batch)
        except BaseException:
            for _, answer in (*batch, *self._waiting):
                if not answer.done():
                    answer.set_exception(Unavailable("it was given up", code="db.unavailable"))
            self._waiting.clear()
            raise

    async def _carry_out(self, batch: Sequence[tuple[Asked, asyncio.Future[Told]]]) -> None:
        if not batch:
            return
        told: Sequence[Told | Exception]
        try:
            told = await self._run([asked for asked, _ in batch])
        except Unavailable as error:
            told = [again(error) for _ in batch]
        except Exception as error:  # noqa: BLE001  # one caller's fault, whatever it is: it hurts no other
            if len(batch) > 1:
                for one in batch:
                    await self._carry_out([one])
                return
            told = [error]
        for (_, answer), one_told in zip(batch, told, strict=True):
            if answer.done():
                continue
            if isinstance(one_told, Exception):
                answer.set_exception(one_told)
            else:
                answer.set_result(one_told)


def again(error: Unavailable) -> Unavailable:
    """Returns the same error once more: each caller raises one of its own, with its own traceback."""
    return Unavailable(error.message, code=error.code, hint=error.hint)
