"""The connection pool: transactions, and every database error turned into one of ours."""

from __future__ import annotations

import asyncio
import contextlib
import select
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any, Final

import psycopg
from psycopg import AsyncConnection
from psycopg.rows import DictRow, dict_row
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from bridgehead.clock import boot_s
from bridgehead.errors import Unavailable
from bridgehead.settings import Settings
from bridgehead.storage import embedded

Connection = AsyncConnection[DictRow]
KEEPALIVE: dict[str, str | int] = {
    "connect_timeout": 10,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}
"""Parameters of libpq (its documentation, "Parameter Key Words"): a lost network is an error within about 10 s."""
_OPTIONS: Final[Mapping[str, Any]] = {"row_factory": dict_row, "application_name": "bridgehead", **KEEPALIVE}
_FIRST_WAIT_S = 0.05
RECONNECT_S: Final = 2.0
"""The longest pause before a database that was away is asked for a connection again."""
_NEVER = 2**31 - 1
_IDLE_MS = "10000"  # a frozen worker's open transaction holds locks on its cases: the server ends it after this
OLDEST = 140000
"""PostgreSQL 14, as ``server_version_num`` counts."""


class _Pool(AsyncConnectionPool[Connection]):
    """Asks again for a connection after ``RECONNECT_S`` at most, however long the database was away.

    The library doubles its pauses, up to minutes, and cases would wait for a database that is back.
    """

    async def _add_connection(self, attempt: Any, growing: bool = False) -> None:  # noqa: ANN401, FBT001, FBT002  # as the library calls it
        if attempt is not None:
            attempt.delay = min(attempt.delay, RECONNECT_S / attempt.DELAY_BACKOFF)
        await super()._add_connection(attempt, growing)


class Database:
    """A pool of connections to one PostgreSQL, opened once per process."""

    def __init__(self, url: str, *, size: int = 8) -> None:
        self.url = url
        self._own: list[Connection] = []
        self._pool: AsyncConnectionPool[Connection] = _Pool(
            url,
            min_size=1,
            max_size=size,
            open=False,
            timeout=15.0,
            connection_class=AsyncConnection[DictRow],
            kwargs=dict(_OPTIONS),
            configure=_autocommit,  # not in kwargs: the queue's listener passes autocommit itself
            check=_stands,
        )

    @property
    def pool(self) -> AsyncConnectionPool[Connection]:
        """The pool itself, for the dispatch adapter that shares it."""
        return self._pool

    async def open(self) -> None:
        """Opens the pool; raises Unavailable when the server cannot be reached or is too old."""
        with translated():
            await self._pool.open(wait=True, timeout=15.0)
            async with self._pool.connection() as conn:
                version = conn.info.server_version
        if version < OLDEST:
            await self.close()
            raise Unavailable(
                f"PostgreSQL {version // 10000} is too old",
                code="db.version",
                hint="Bridgehead needs PostgreSQL 14 or newer.",
            )

    async def close(self) -> None:
        """Closes every connection."""
        for conn in self._own:
            await conn.close()
        self._own.clear()
        await self._pool.close()

    async def connect(self, *, within_s: float, lock_timeout_ms: int = 0) -> Connection:
        """Returns a connection beside the pool, closed with it at the latest; tries again for ``within_s`` seconds.

        It prepares what it is told to prepare and nothing else: in a pipeline that fails, the driver
        would take a statement for prepared that it only meant to prepare after so many uses.

        ``lock_timeout_ms``: how long one of its statements waits for a lock; 0: as long as it takes.
        Raises Unavailable when the database cannot be reached.
        """
        ends, wait_s = boot_s() + within_s, _FIRST_WAIT_S
        while True:
            try:
                conn = await AsyncConnection[DictRow].connect(self.url, prepare_threshold=_NEVER, **_OPTIONS)
                try:
                    await _autocommit(conn)
                    await conn.execute("select set_config('lock_timeout', %s, false)", (str(lock_timeout_ms),))
                except BaseException:  # a caller that is cancelled meanwhile leaves nothing open, either
                    await conn.close()
                    raise
            except (psycopg.OperationalError, OSError):
                if boot_s() + wait_s > ends:
                    with translated():
                        raise
                await asyncio.sleep(wait_s)
                wait_s *= 2
            else:
                self._own = [one for one in self._own if not one.closed]
                self._own.append(conn)
                return conn

    @contextlib.asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """Gives a connection in autocommit mode; raises Unavailable when the database does not answer."""
        with translated():
            async with self._pool.connection() as conn:
                yield conn

    @contextlib.asynccontextmanager
    async def begun(self) -> AsyncIterator[Connection]:
        """Gives a connection for a transaction that the block begins and commits itself, in pipelines of its own.

        What the block has begun is undone when it raises. Statements in its pipelines are told to be
        prepared, or not to be (see ``connect``). Raises Unavailable as ``transaction`` does.
        """
        with translated():
            async with self._pool.connection() as conn:
                try:
                    yield conn
                except BaseException:
                    try:
                        await conn.execute(b"rollback", prepare=False)
                    except (psycopg.Error, OSError):
                        await conn.close()
                    raise

    @contextlib.asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """Gives a connection inside one transaction, committed at the end.

        Raises Unavailable when the database cannot say whether the commit happened.
        """
        with translated():
            async with self._pool.connection() as conn, conn.transaction():
                yield conn


async def _autocommit(conn: Connection) -> None:
    await conn.set_autocommit(True)
    await conn.execute("select set_config('idle_in_transaction_session_timeout', %s, false)", (_IDLE_MS,))


@contextlib.asynccontextmanager
async def pipelined(conn: Connection) -> AsyncIterator[None]:
    """Gives a pipeline: its statements go out together. What is raised is what the first failing one met.

    The driver alone may raise that those after it were passed over, and logs the rest.
    """
    first: psycopg.Error | None = None
    try:
        async with conn.pipeline():
            try:
                yield
            except psycopg.Error as error:
                first = error
    except psycopg.errors.PipelineAborted as error:
        cause: BaseException | None = first or error
        while isinstance(cause, psycopg.errors.PipelineAborted) and cause.__context__ is not None:
            cause = cause.__context__
        raise cause or error from None
    if first is not None:
        raise first


async def _stands(conn: Connection) -> None:
    """Raises an OperationalError for a connection that was lost while it lay in the pool.

    A server that closes a connection makes it readable; one that is quiet is asked nothing, which
    saves a round trip for each use.
    """
    if conn.closed or select.select((conn.fileno(),), (), (), 0)[0]:
        await AsyncConnectionPool.check_connection(conn)


@contextlib.contextmanager
def translated() -> Iterator[None]:
    """Turns errors of a database that cannot answer into Unavailable, without the URL in them."""
    try:
        yield
    except (psycopg.Error, PoolTimeout, OSError) as error:
        named = unavailable(error)
        if named is None:
            raise
        raise named from error


def unavailable(error: BaseException) -> Unavailable | None:
    """Returns what an error of a database that cannot answer is called here; None for any other error."""
    first = str(error).strip().split("\n", 1)[0]
    if isinstance(error, (psycopg.OperationalError, psycopg.InterfaceError, PoolTimeout, OSError)):
        return Unavailable(
            f"the database does not answer: {type(error).__name__}: {first}",
            code="db.unavailable",
            hint="Is it running? See 'bridgehead db status'.",
        )
    if isinstance(error, psycopg.errors.InsufficientPrivilege):
        return Unavailable(
            f"the database refuses this role: {first}",
            code="db.unavailable",
            hint="Let the role own its database: docs/howto/own-database.md has the SQL.",
        )
    return None


def url_of(settings: Settings) -> str:
    """Returns the URL to use, starting the embedded server when none is set."""
    if settings.database_url is not None:
        return settings.database_url.get_secret_value()
    return embedded.start(settings.home)
