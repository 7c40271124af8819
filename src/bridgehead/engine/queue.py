"""Hints carried by procrastinate: a PostgreSQL queue with LISTEN/NOTIFY, used for nothing but hints."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import procrastinate
import psycopg
from procrastinate.exceptions import AlreadyEnqueued, ConnectorException
from procrastinate.schema import SchemaManager
from psycopg_pool import PoolTimeout

from bridgehead.engine.ports import Due, Handler

if TYPE_CHECKING:
    from psycopg_pool import AsyncConnectionPool

log = logging.getLogger("bridgehead.queue")
_RESTART_S = 1.0
_POLL_S = 2.0
_FRESH, _GOING_ON = 0, 1
_QUEUED = b"select queueing_lock from procrastinate_jobs where status = 'todo' and queueing_lock = any(%s)"
_TAKE = (
    b"with next as materialized (select id from procrastinate_jobs where status = 'todo' and queue_name = %s"
    b" and (scheduled_at is null or scheduled_at <= now()) order by priority desc, id limit %s"
    b" for update skip locked)"
    b" delete from procrastinate_jobs j using next where j.id = next.id"
    b" returning (j.args->>'number')::bigint as number, j.priority, j.id"
)
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


@contextlib.contextmanager
def _drivers_errors() -> Iterator[None]:
    """Lets out what the driver has raised, without the queue's own error around it."""
    try:
        yield
    except ConnectorException as error:
        if error.__cause__ is None:
            raise
        raise error.__cause__ from None


class ProcrastinateDispatch:
    """The dispatch port on procrastinate, over the pool that everything else uses.

    A job holds an id and nothing else, is queued at most once per subject, and is deleted when it is
    taken, many by one statement: the case row and the sweep know what is still due.
    """

    def __init__(self, pool: AsyncConnectionPool[Any], url: str) -> None:
        self._pool = pool
        self._app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=url))
        self._stopping = asyncio.Event()
        self._opened = False
        self._case = self._app.task(name="bridgehead.case", pass_context=False)(self._named)
        self._arrival = self._app.task(name="bridgehead.arrival", pass_context=False)(self._named)
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
        A connection that is lost raises the driver's error, for whoever has opened the transaction.
        """
        await self._open()
        with _drivers_errors():
            await self._defer(connection, due, numbers, fresh=fresh)

    async def _defer(self, connection: object, due: Due, numbers: Sequence[int], *, fresh: bool) -> None:
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
        """Hands on hints until ``stop``, those of each queue within slots of its own; then waits for its handlers."""
        await self._open()
        news = {due: asyncio.Event() for due in slots}
        serving = [asyncio.create_task(self._serve(handler, due, count, news[due])) for due, count in slots.items()]
        listening = asyncio.create_task(self._listen(news))
        try:
            await asyncio.gather(*serving)
        finally:
            for task in (listening, *serving):
                task.cancel()
            await asyncio.gather(listening, *serving, return_exceptions=True)

    async def _serve(self, handler: Handler, due: Due, slots: int, news: asyncio.Event) -> None:
        """Takes as many hints of one queue at once as it has slots for; a database that went away is asked again."""
        handling: set[asyncio.Task[None]] = set()
        stopping = asyncio.create_task(self._stopping.wait())

        def ended(task: asyncio.Task[None]) -> None:
            handling.discard(task)
            news.set()

        try:
            while not self._stopping.is_set():
                news.clear()
                free, wait_s = slots - len(handling), _POLL_S
                try:
                    numbers = await self._take(due, free) if free else []
                except (psycopg.Error, PoolTimeout, OSError) as error:
                    log.debug("hints put off: %s", error)
                    numbers, wait_s = [], _RESTART_S
                for number in numbers:
                    task = asyncio.create_task(self._hand(handler, due, number), name=f"bridgehead {due} {number}")
                    handling.add(task)
                    task.add_done_callback(ended)
                if len(numbers) < free or not free:
                    arriving = asyncio.create_task(news.wait())
                    await asyncio.wait({arriving, stopping}, timeout=wait_s, return_when=asyncio.FIRST_COMPLETED)
                    arriving.cancel()
            if handling:
                await asyncio.wait(handling)
        finally:
            stopping.cancel()
            for task in handling:
                task.cancel()

    async def _take(self, due: Due, most: int) -> Sequence[int]:
        """Takes hints out of the queue, those of the highest priority first. One that is lost here is made again."""
        async with self._pool.connection() as conn:
            rows = await (await conn.execute(_TAKE, (due, most), prepare=True)).fetchall()
        rows.sort(key=lambda row: (-row["priority"], row["id"]))
        return [int(row["number"]) for row in rows]

    async def _listen(self, news: Mapping[Due, asyncio.Event]) -> None:
        """Tells of new hints as they are committed. What it misses while the database is away is looked for."""

        async def on_notification(*, channel: str, notification: Mapping[str, Any]) -> None:
            del notification
            for due, event in news.items():
                if channel.endswith(f"#{due}"):
                    event.set()

        while True:
            with contextlib.suppress(ConnectorException, OSError):
                await self._app.job_manager.listen_for_jobs(on_notification=on_notification, queues=list(news))
            await asyncio.sleep(_RESTART_S)

    async def _hand(self, handler: Handler, due: Due, number: int) -> None:
        try:
            await handler(due, number)
        except Exception:  # the boundary of a hint: what it was about is found again by the sweep
            log.exception("the hint at %s %s failed", due, number)

    def stop(self) -> None:
        """Takes no further hints; jobs that run come to their end."""
        self._stopping.set()

    async def _open(self) -> None:
        if not self._opened:
            self._opened = True
            await self._app.connector.open_async(self._pool)

    async def _named(self, number: int) -> None:
        """Stands for the names under which hints are queued: they are taken as rows, and never run by name."""
