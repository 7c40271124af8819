"""A recorded database: it answers each statement as it did, remembers what was committed, and fails on demand.

The wire's own statements (transactions, limits of time) are answered with nothing. What counts as an
action's write is its COMMIT: before it a database surely keeps nothing. Where procedures may commit by
themselves (MariaDB, MySQL), it is the call of the procedure.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextvars
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Final, TypeVar, cast

import httpx

from bridgehead.connectors.document import Specification
from bridgehead.connectors.document_action import ActionPart
from bridgehead.connectors.document_entity import EntityPart, ReadPart
from bridgehead.connectors.ports import Answer, Limits, Values
from bridgehead.connectors.proving.recording import Exchange
from bridgehead.connectors.proving.world import Loose, Reaction, World, asked_by, tagged
from bridgehead.connectors.references import Redactor
from bridgehead.connectors.sql_binding import Parameters, read_row
from bridgehead.connectors.sql_classify import SqlErrors
from bridgehead.connectors.sql_pool import Pool, Work
from bridgehead.connectors.sql_servers import Server, server_of
from bridgehead.connectors.sql_statement import parse
from bridgehead.connectors.sql_wire import SqlWire

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection, Engine

T = TypeVar("T")

COMMIT: Final[Mapping[str, object]] = {"statement": "COMMIT"}
STATES: Final[Mapping[int, str]] = {401: "28000", 403: "42501", 429: "53300", 500: "40001", 503: "40001"}
"""The SQLSTATE (ISO/IEC 9075-2, PostgreSQL's appendix A) with which a database says what HTTP says by a status."""

LOST: Final = "08006"
_NO_SAVEPOINT: Final = "3B001"
_SIZE: Final = 4


class PlayedError(Exception):
    """What a played driver raises; ``sqlstate`` says why."""

    def __init__(self, sqlstate: str) -> None:
        super().__init__(f"the database says {sqlstate}")
        self.sqlstate = sqlstate


class SqlWorld(World):
    """The database of one call. ``refuses``: the SQLSTATE with which it turns connections away, and how often."""

    refuses: tuple[str, int] = ("", 0)
    lag: object = None
    """What the copy says of how many seconds it is behind."""
    copied: int = 0
    """How many statements the copy was asked."""

    def reset(self) -> None:
        """Lets it be as it was before the first statement."""
        super().reset()
        self.refuses = ("", 0)
        self.connected = 0


class LooseSqlWorld(Loose, SqlWorld):
    """A database whose answers were cleaned."""


class TaggedSqlWire(SqlWire):
    """The wire itself, which tells by which read or action each statement is asked; over connections of ``pool_of``.

    ``pool_of`` is given what makes the real connections, and whether they lead to the copy.
    """

    def __init__(
        self,
        spec: Specification,
        *,
        folder: Path,
        limits: Limits,
        redactor: Redactor,
        pool_of: Callable[[Callable[[], Pool], bool], Pool],
        committed: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._pool_of = pool_of
        self._committed = committed
        self._names = {id(read): name for entity in spec.entities.values() for name, read in entity.reads.items()}
        self._names |= {id(action): name for name, action in spec.actions.items()}
        super().__init__(spec, folder=folder, limits=limits, redactor=redactor)

    def pool(self, url: str, *, what: str, folder: Path, size: int, redactor: Redactor) -> Pool:
        """See the wire."""
        make = super().pool
        return self._pool_of(
            lambda: make(url, what=what, folder=folder, size=size, redactor=redactor), "replica" in what
        )

    async def read(self, entity: EntityPart, read: ReadPart, values: Values, *, primary: bool = False) -> Answer:
        """See the wire."""
        with tagged(self._names.get(id(read), "read"), writes=False):
            return await super().read(entity, read, values, primary=primary)

    async def act(self, action: ActionPart, values: Values) -> Answer:
        """See the wire."""
        name = self._names.get(id(action), "action")
        with tagged(name, writes=True):
            answer = await super().act(action, values)
        self._committed(name)
        return answer

    async def _run(self, pool: Pool, job: Callable[[Work], T], until_s: float) -> T:
        # A thread does not know by itself for whom it works.
        context = contextvars.copy_context()
        return await super()._run(pool, lambda work: context.run(job, work), until_s)


# --- playing


class PlayedPool(Pool):
    """Connections that lead into a world; made on the loop that the world lives on."""

    def __init__(self, world: SqlWorld, *, name: str, kind: Server, copy: bool = False) -> None:
        self.server = _Settling() if kind.ends_itself else _PlayedServer()
        self.name = name
        self.engine = cast("Engine", _Engine(world, asyncio.get_running_loop(), self.server, copy=copy))
        self._transactional = True
        self._threads = ThreadPoolExecutor(max_workers=_SIZE, thread_name_prefix=f"{name}-played")


class _PlayedServer(Server):
    ends_itself = False

    def batches(
        self, connection: Connection, sql: str, parameters: Parameters, size: int  # noqa: ARG002  # the server's signature
    ) -> Iterator[tuple[list[str], Sequence[Sequence[object]]]]:  # fmt: skip
        """Answers a SELECT; breaks off after its first half where the reaction is cut."""
        played = cast("_Connection", connection)
        reaction = played.ask(asked(sql, parameters), write=False)
        names, rows = _table(reaction)
        if reaction.get("cut"):
            yield names, rows[: len(rows) // 2]
            raise PlayedError(LOST)
        yield names, rows


class _Settling(_PlayedServer):
    """A database whose procedures commit as they like."""

    ends_itself = True


class _Engine:
    def __init__(self, world: SqlWorld, loop: asyncio.AbstractEventLoop, server: Server, *, copy: bool) -> None:
        self._world, self._loop, self._server, self._copy = world, loop, server, copy

    def connect(self) -> _Connection:
        world = self._world
        world.connected += 1
        state, times = world.refuses
        if times:
            world.refuses = (state, times - 1)
            raise PlayedError(state)
        return _Connection(world, self._loop, self._server, copy=self._copy)

    def dispose(self) -> None:
        """Nothing is open."""


class _Connection:
    """As much of a connection as the wire uses; ``interrupt`` ends what it waits for."""

    dialect = SimpleNamespace(
        paramstyle="named",
        loaded_dbapi=SimpleNamespace(Error=PlayedError),
        is_disconnect=lambda error, *_: getattr(error, "sqlstate", "").startswith("08"),
    )

    def __init__(self, world: SqlWorld, loop: asyncio.AbstractEventLoop, server: Server, *, copy: bool) -> None:
        self._world, self._loop, self._server, self._copy = world, loop, server, copy
        self._unmarked = self._settled = False
        self._waits: concurrent.futures.Future[Reaction] | None = None
        self._over = threading.Event()
        self.invalidated = self.closed = False
        self.info: dict[str, object] = {}
        self.connection = SimpleNamespace(driver_connection=self, cursor=lambda: _Cursor(self))

    def ask(self, request: Mapping[str, object], *, write: bool) -> Reaction:
        """Returns what the world answers; raises PlayedError for what stands for an error."""
        of, _ = asked_by()
        self._world.copied += self._copy
        self._waits = asyncio.run_coroutine_threadsafe(self._world.answered(of, request, write=write), self._loop)
        try:
            reaction = self._waits.result()
        except (concurrent.futures.CancelledError, OSError, httpx.TransportError) as error:
            raise PlayedError(LOST) from error
        status = reaction.get("status", 200)
        state = reaction.get("sqlstate") or (STATES.get(status) if isinstance(status, int) else None)
        if state is not None:
            self._unmarked = str(state).startswith("40")  # a rolled back transaction has no savepoint left
            raise PlayedError(str(state))
        return reaction

    def run(self, sql: str, parameters: Parameters) -> Reaction:
        """Runs one statement of an action. Where a procedure may commit, its call is the action's write."""
        settles = may_settle(self._server, sql) and not self._settled
        try:
            reaction = self.ask(asked(sql, parameters), write=settles)
        except PlayedError as error:
            # A procedure may have begun a transaction of its own before it refused; not where it may not be called.
            self._unmarked = self._unmarked or (settles and not error.sqlstate.startswith("42"))
            raise
        self._settled = self._settled or settles
        self._unmarked = self._unmarked or settles
        return reaction

    def exec_driver_sql(self, sql: str, *_: object) -> SimpleNamespace:
        """Answers the wire's own statements: savepoints, and how far the copy is behind."""
        if sql.startswith("ROLLBACK TO") and self._unmarked:
            raise PlayedError(_NO_SAVEPOINT)
        return SimpleNamespace(first=lambda: (self._world.lag,))

    def interrupt(self) -> None:
        """Ends what is waited for, from another thread."""
        if self._waits is not None:
            self._waits.cancel()

    def commit(self) -> None:
        """Commits an action; a read has nothing to commit."""
        if asked_by()[1]:
            self.ask(COMMIT, write=not self._settled)

    def rollback(self) -> None:
        """Keeps nothing; nothing was kept."""

    def invalidate(self) -> None:
        """Is never used again."""
        self.invalidated = True

    def close(self) -> None:
        """Is given back."""
        self.closed = True


class _Cursor:
    """As much of a cursor (PEP 249) as actions use."""

    def __init__(self, connection: _Connection) -> None:
        self._connection = connection
        self.rowcount = -1
        self.description: list[tuple[str]] | None = None
        self._rows: list[list[object]] = []

    def execute(self, sql: str, parameters: Parameters) -> None:
        """Runs one statement of an action."""
        reaction = self._connection.run(sql, parameters)
        self.rowcount = cast("int", reaction.get("changed", 0))
        if "columns" in reaction:
            names, self._rows = _table(reaction)
            self.description = [(name,) for name in names]

    def fetchmany(self, count: int) -> list[list[object]]:
        """Returns the rows."""
        return self._rows[:count]

    def close(self) -> None:
        """Is done."""


def asked(sql: str, parameters: object) -> dict[str, object]:
    """Returns a statement as a recording holds it."""
    request: dict[str, object] = {"statement": " ".join(sql.split())}
    if isinstance(parameters, Mapping):
        named = {name.removeprefix("b_").replace("__", "."): value for name, value in parameters.items()}
        return request | ({"values": named} if named else {})
    listed = list(cast("Sequence[object]", parameters or ()))
    return request | ({"values": listed} if listed else {})


def may_settle(server: Server, sql: str) -> bool:
    """Tells whether a statement of an action may commit by itself on a database."""
    return server.ends_itself and not parse(sql, "an action").stays_open


def kind_of(address: str) -> Server:
    """Returns the kind of database that an address leads to."""
    return server_of(address.partition(":")[0].partition("+")[0])


def _table(reaction: Reaction) -> tuple[list[str], list[list[object]]]:
    rows = [dict(row) for row in cast("Sequence[Mapping[str, object]]", reaction.get("body") or ())]
    names = list(rows[0]) if rows else [str(name) for name in cast("Sequence[object]", reaction.get("columns", ()))]
    return names, [[row.get(name) for name in names] for row in rows]


# --- recording


class RecordedPool(Pool):
    """Real connections; what is asked and answered on them is kept."""

    def __init__(self, pool: Pool, keep: Callable[[Exchange], None]) -> None:
        self.__dict__.update(pool.__dict__)
        self._keep = keep
        self.server = cast("Server", _RecordedServer(pool.server, keep))

    @contextmanager
    def connection(self, work: Work, errors: SqlErrors, values: Mapping[str, object]) -> Iterator[Connection]:
        """See the pool."""
        with super().connection(work, errors, values) as connection:
            yield cast("Connection", _RecordedConnection(connection, self._keep, self.server))


class _Through:
    """Stands before something and passes on what it does not know itself."""

    def __init__(self, inner: object, keep: Callable[[Exchange], None], server: Server | None = None) -> None:
        self._inner, self._keep, self._server = inner, keep, server

    def __getattr__(self, name: str) -> object:
        return getattr(self._inner, name)


class _RecordedServer(_Through):
    def batches(
        self, connection: _RecordedConnection, sql: str, parameters: Parameters, size: int
    ) -> Iterator[tuple[list[str], Sequence[Sequence[object]]]]:
        """Runs a SELECT and keeps its rows."""
        of, _ = asked_by()
        rows: list[dict[str, object]] = []
        columns: list[str] = []
        server = cast("Server", self._inner)
        for names, batch in server.batches(cast("Connection", connection._inner), sql, parameters, size):  # noqa: SLF001  # its own wrapper
            columns = list(names)
            rows += [read_row(columns, row) for row in batch]
            yield names, batch
        self._keep(Exchange(of, asked(sql, parameters), {"columns": columns, "body": rows}))


class _RecordedConnection(_Through):
    @property
    def connection(self) -> _RecordedRaw:
        """The driver's own connection."""
        return _RecordedRaw(cast("Connection", self._inner).connection, self._keep, self._server)


class _RecordedRaw(_Through):
    def cursor(self) -> object:
        """Returns a cursor whose statements are kept where they belong to an action."""
        cursor = cast("Callable[[], object]", getattr(self._inner, "cursor"))()  # noqa: B009  # of any driver
        return _RecordedCursor(cursor, self._keep, self._server) if asked_by()[1] else cursor


class _RecordedCursor(_Through):
    def execute(self, sql: str, parameters: Parameters) -> None:
        """Runs a statement and keeps it; its rows follow when they are fetched."""
        cast("Callable[[str, Parameters], object]", getattr(self._inner, "execute"))(sql, parameters)  # noqa: B009  # of any driver
        self._answer: dict[str, object] = {"changed": getattr(self._inner, "rowcount", 0)}
        settles = self._server is not None and may_settle(self._server, sql)
        self._keep(Exchange(asked_by()[0], asked(sql, parameters), self._answer, write=settles))

    def fetchmany(self, count: int) -> Sequence[Sequence[object]]:
        """Returns rows and keeps those of the first result."""
        rows = cast("Callable[[int], Sequence[Sequence[object]]]", getattr(self._inner, "fetchmany"))(count)  # noqa: B009  # of any driver
        if "columns" not in self._answer:
            names = [str(column[0]) for column in getattr(self._inner, "description", ())]
            self._answer |= {"columns": names, "body": [read_row(names, row) for row in rows]}
        return rows
