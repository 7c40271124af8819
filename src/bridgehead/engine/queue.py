"""Hints carried by procrastinate: a PostgreSQL queue with LISTEN/NOTIFY, used for nothing but hints."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import procrastinate
from procrastinate.exceptions import AlreadyEnqueued, ConnectorException
from procrastinate.schema import SchemaManager

from bridgehead.engine.ports import Due, Handler

if TYPE_CHECKING:
    from psycopg_pool import AsyncConnectionPool

_RESTART_S = 1.0
_POLL_S = 2.0
_FRESH, _GOING_ON = 0, 1
_QUEUED = b"select queueing_lock from procrastinate_jobs where status = 'todo' and queueing_lock = any(%s)"
_LEAST = 2**31 - 1
"""The queue keeps a priority in 32 bits."""
_KEEP = logging.getLogger("procrastinate")


def _priority(due: Due, number: int, *, fresh: bool) -> int:
    """Returns what the queue takes first: the oldest arrival, and of cases those that go on.

    An arrival whose hint was lost is hinted at again behind all others, and each of those would wait
    for it to be settled before itself.
    """
    if due == "arrival":
        return -min(number, _LEAST)
    return _FRESH if fresh else _GOING_ON


class ProcrastinateDispatch:
    """The dispatch port on procrastinate, over the pool that everything else uses.

    A job holds an id and nothing else, is queued at most once per subject, and is deleted
    when it ends, however it ends: the case row and the sweep know what is still due.
    """

    def __init__(self, pool: AsyncConnectionPool[Any], url: str) -> None:
        self._pool = pool
        self._app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=url))
        self._handler: Handler | None = None
        self._stopping = asyncio.Event()
        self._opened = False
        self._case = self._app.task(name="bridgehead.case", pass_context=False)(self._run_case)
        self._arrival = self._app.task(name="bridgehead.arrival", pass_context=False)(self._run_arrival)
        if _KEEP.level == logging.NOTSET:
            _KEEP.setLevel(logging.WARNING)

    @property
    def schema(self) -> str:
        """The queue's own tables, as SQL."""
        return str(SchemaManager.get_schema())

    async def hint(self, connection: object, due: Due, numbers: Sequence[int], *, fresh: bool = False) -> None:
        """Defers one job per subject inside the caller's transaction; the queue takes the higher priority first.

        A duplicate raises in the database, so they are deferred inside a savepoint: all at once
        where none is queued yet, and one by one when another hinted at the same meanwhile.
        """
        await self._open()
        task = self._case if due == "case" else self._arrival
        conn: Any = connection
        jobs = [
            task.configure(
                queue=due, queueing_lock=f"{due}:{number}", priority=_priority(due, number, fresh=fresh)
            ).make_new_job(number=number)
            for number in numbers
        ]
        if fresh:  # nobody can have hinted at them before, so none is queued
            await self._app.job_manager.batch_defer_jobs_async(jobs, connection=conn)
            return
        if len(jobs) > 1:
            # A sweep hints again at what has waited for long, and nearly all of it is queued already.
            locks = [job.queueing_lock for job in jobs]
            queued = {row["queueing_lock"] for row in await (await conn.execute(_QUEUED, (locks,))).fetchall()}
            jobs = [job for job in jobs if job.queueing_lock not in queued]
        if len(jobs) > 1:
            with contextlib.suppress(AlreadyEnqueued):
                async with conn.transaction():
                    await self._app.job_manager.batch_defer_jobs_async(jobs, connection=conn)
                return
        for job in jobs:
            with contextlib.suppress(AlreadyEnqueued):
                async with conn.transaction():
                    await self._app.job_manager.defer_job_async(job, connection=conn)

    async def run(self, handler: Handler, *, slots: Mapping[Due, int]) -> None:
        """Runs jobs until ``stop``, those of each queue by a procrastinate worker of its own."""
        await self._open()
        self._handler = handler
        serving = [asyncio.create_task(self._serve(queue, count)) for queue, count in slots.items()]
        try:
            await asyncio.gather(*serving)
        finally:
            for task in serving:
                task.cancel()
            await asyncio.gather(*serving, return_exceptions=True)

    async def _serve(self, queue: Due, slots: int) -> None:
        """Runs one queue's jobs; a worker loop that ends because the database went away is started again."""
        while not self._stopping.is_set():
            worker = asyncio.create_task(
                self._app.run_worker_async(
                    queues=[queue],
                    concurrency=slots,
                    wait=True,
                    install_signal_handlers=False,
                    listen_notify=True,
                    delete_jobs="always",
                    fetch_job_polling_interval=_POLL_S,
                )
            )
            stopping = asyncio.create_task(self._stopping.wait())
            try:
                await asyncio.wait({worker, stopping}, return_when=asyncio.FIRST_COMPLETED)
                if not worker.done():
                    worker.cancel()
                with contextlib.suppress(asyncio.CancelledError, ConnectorException, OSError):
                    await worker
            finally:
                stopping.cancel()
            if not self._stopping.is_set():
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._stopping.wait(), _RESTART_S)

    def stop(self) -> None:
        """Takes no further hints; jobs that run come to their end."""
        self._stopping.set()

    async def _open(self) -> None:
        if not self._opened:
            self._opened = True
            await self._app.connector.open_async(self._pool)

    async def _run_case(self, number: int) -> None:
        await self._hand("case", number)

    async def _run_arrival(self, number: int) -> None:
        await self._hand("arrival", number)

    async def _hand(self, due: Due, number: int) -> None:
        if self._handler is not None:
            await self._handler(due, number)
