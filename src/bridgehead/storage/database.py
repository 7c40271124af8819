"""The connection pool: transactions, and every database error turned into one of ours."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Iterator

import psycopg
from psycopg import AsyncConnection
from psycopg.rows import DictRow, dict_row
from psycopg_pool import AsyncConnectionPool, PoolTimeout

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
_IDLE_MS = "10000"  # a frozen worker's open transaction holds locks on its cases: the server ends it after this
OLDEST = 140000
"""PostgreSQL 14, as ``server_version_num`` counts."""


class Database:
    """A pool of connections to one PostgreSQL, opened once per process."""

    def __init__(self, url: str, *, size: int = 8) -> None:
        self.url = url
        self._pool: AsyncConnectionPool[Connection] = AsyncConnectionPool(
            url,
            min_size=1,
            max_size=size,
            open=False,
            timeout=15.0,
            connection_class=AsyncConnection[DictRow],
            kwargs={"row_factory": dict_row, "application_name": "bridgehead", **KEEPALIVE},
            configure=_autocommit,  # not in kwargs: the queue's listener passes autocommit itself
            check=AsyncConnectionPool.check_connection,
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
        await self._pool.close()

    @contextlib.asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """Gives a connection in autocommit mode; raises Unavailable when the database does not answer."""
        with translated():
            async with self._pool.connection() as conn:
                yield conn

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


@contextlib.contextmanager
def translated() -> Iterator[None]:
    """Turns errors of a database that cannot answer into Unavailable, without the URL in them."""
    try:
        yield
    except (psycopg.OperationalError, psycopg.InterfaceError, PoolTimeout, OSError) as error:
        first = str(error).strip().split("\n", 1)[0]
        raise Unavailable(
            f"the database does not answer: {type(error).__name__}: {first}",
            code="db.unavailable",
            hint="Is it running? See 'bridgehead db status'.",
        ) from error
    except psycopg.errors.InsufficientPrivilege as error:
        first = str(error).strip().split("\n", 1)[0]
        raise Unavailable(
            f"the database refuses this role: {first}",
            code="db.unavailable",
            hint="Let the role own its database: docs/howto/own-database.md has the SQL.",
        ) from error


def url_of(settings: Settings) -> str:
    """Returns the URL to use, starting the embedded server when none is set."""
    if settings.database_url is not None:
        return settings.database_url.get_secret_value()
    return embedded.start(settings.home)
