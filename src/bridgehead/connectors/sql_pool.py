"""Connections to one database: made from a URL without a password, held by a bounded pool, and broken off in time."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

from bridgehead.connectors.document import Specification
from bridgehead.connectors.document_connection import BasicPart
from bridgehead.connectors.references import Redactor, Secret, setting
from bridgehead.connectors.sql_classify import SqlErrors
from bridgehead.connectors.sql_servers import Server, Times, break_off, server_of
from bridgehead.errors import Failed, UserError

if TYPE_CHECKING:
    from sqlalchemy.engine import URL, Connection, Engine

T = TypeVar("T")

RECYCLE_S: Final = 300
GRACE_S: Final = 2.0
AGAIN_S: Final = 0.05
"""How long a call that was broken off may take to say what became of it."""

DRIVERS: Final = {"mysql": "mysql+pymysql", "mariadb": "mariadb+pymysql", "postgresql": "postgresql+psycopg"}
_PLACES: Final = ("host", "hostaddr", "unix_socket")
_ELSEWHERE: Final = (
    "service",
    "servicefile",
    "passfile",
    "read_default_file",
    "read_default_group",
    "client_flag",
    "init_command",
)


class Over(Exception):
    """The call's time is over, or it was cancelled: nothing more may be sent for it."""


class Work:
    """One call's hold on a connection, so that another thread can end it at any moment.

    Once ``end`` has returned, nothing begins any more: no connection is taken, and COMMIT is not
    sent unless ``commit`` was passed before. The connection that was held is never used again.
    ``begun``, ``committing``: how far it came; ``safe``: broken off before COMMIT, it leaves nothing;
    ``clean``: it failed, and its connection is as it was.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._raw: object = None
        self._over = False
        self.begun = False
        self.committing = False
        self.safe = False
        self.clean = False

    @property
    def over(self) -> bool:
        """True once the call was ended from outside."""
        return self._over

    def hold(self, connection: Connection) -> None:
        """Takes a connection for the call; raises Over when the call was ended before."""
        with self._lock:
            if self._over:
                raise Over
            self._raw = connection.connection.driver_connection
            self.begun = True

    def commit(self) -> None:
        """Passes the last point at which the call can be ended without a doubt; raises Over when it was."""
        with self._lock:
            if self._over:
                raise Over
            self.committing = True

    def release(self) -> None:
        """Lets go of the connection before it may be used by another call."""
        with self._lock:
            self._raw = None

    def end(self) -> None:
        """Ends the call: what it is doing fails, and nothing more is sent for it. Never waits."""
        with self._lock:
            self._over = True
            if self._raw is not None:
                break_off(self._raw)


class Pool:
    """Connections to one database and the threads that use them. Nothing is opened before the first call.

    Raises UserError: ``connector.extra`` when SQLAlchemy or the driver is not installed,
    ``connector.url`` when the URL is none, holds a password or leads elsewhere, ``connector.tls``.
    """

    def __init__(
        self, spec: Specification, text: str, *, what: str, folder: Path, size: int, redactor: Redactor
    ) -> None:
        url = _parsed(text, connector=spec.connector, what=what)
        self.server: Server = server_of(url.get_backend_name())
        self.name = spec.connector
        if self.server.files:
            url = _in_folder(url, folder, connector=spec.connector, what=what)
        else:
            _check_hosts(url, spec, folder=folder, what=what)
        times = Times(spec.connection.connect_timeout, _longest_s(spec))
        basic = spec.auth.basic if spec.auth is not None else None
        self.engine = _engine(url, self.server, spec, times=times, folder=folder, size=size, what=what)
        if basic is not None and not self.server.files:
            _log_in(self.engine, basic, folder, redactor)
        self._transactional: bool | None = None
        self._threads = ThreadPoolExecutor(max_workers=size, thread_name_prefix=f"{spec.connector}-sql")

    @contextmanager
    def connection(self, work: Work, errors: SqlErrors, values: Mapping[str, object]) -> Iterator[Connection]:
        """Lends one call a connection; one that was broken off never goes back. Raises Failed ``applied=False``."""
        try:
            connection = self.engine.connect()
        except Exception as error:
            raise errors.of(error, None, work, values, applied=False) from error
        try:
            try:
                work.hold(connection)
            except Over as error:
                raise errors.of(error, connection, work, values, applied=False) from error
            yield connection
        except BaseException:
            if not work.clean:
                connection.invalidate()
            raise
        finally:
            work.release()
            if work.over and not connection.invalidated:
                connection.invalidate()
            connection.close()

    def all_transactional(self, connection: Connection) -> bool:
        """Tells, asked once, whether a transaction that is broken off surely leaves nothing."""
        if self._transactional is None:
            self._transactional = self.server.all_transactional(connection)
            connection.rollback()
        return self._transactional

    async def run(self, work: Work, job: Callable[[Work], T], *, left_s: float) -> T:
        """Returns what ``job`` returns in a thread of this pool; ends it when its time is over.

        Raises what ``job`` raises, and Failed ``timeout`` when it neither ends in time nor tells,
        broken off, what became of it. ``applied`` is then None where something may have been kept.
        """
        future = asyncio.get_running_loop().run_in_executor(self._threads, job, work)
        try:
            done, _ = await asyncio.wait({future}, timeout=max(left_s, 0.0))
            if not done:
                _insist(work, future)
                done, _ = await asyncio.wait({future}, timeout=GRACE_S)
        except asyncio.CancelledError:
            _insist(work, future)
            future.add_done_callback(_forget)
            raise
        if done:
            return future.result()
        future.add_done_callback(_forget)
        raise Failed(
            f"{self.name}: the database did not answer in time", error_class="timeout",
            applied=False if not work.begun or (work.safe and not work.committing) else None, connector=self.name,
        )  # fmt: skip

    async def aclose(self) -> None:
        """Closes the connections that nobody uses; those in use are closed when their call ends."""
        try:
            await asyncio.get_running_loop().run_in_executor(self._threads, self.engine.dispose)
        finally:
            self._threads.shutdown(wait=False, cancel_futures=True)


def _insist(work: Work, future: asyncio.Future[T]) -> None:
    """Ends a call, and again until it has ended: SQLite forgets an interrupt that comes before the statement begins."""
    if not future.done():
        work.end()
        asyncio.get_running_loop().call_later(AGAIN_S, _insist, work, future)


def _forget(future: asyncio.Future[T]) -> None:
    """Takes the outcome of a call that nobody waits for any more."""
    if not future.cancelled():
        future.exception()


def _parsed(text: str, *, connector: str, what: str) -> URL:
    try:
        from sqlalchemy.engine import make_url
        from sqlalchemy.exc import ArgumentError
    except ImportError as error:
        raise UserError(
            f"connector {connector}: kind sql needs SQLAlchemy", code="connector.extra",
            hint="Install it: pip install 'bridgehead[sql]'",
        ) from error  # fmt: skip
    try:
        url = make_url(text.strip())
    except (ArgumentError, ValueError) as error:
        raise UserError(
            f"connector {connector}: {what} is no database URL", code="connector.url",
            hint="Write it as mariadb://HOST:PORT/DATABASE, postgresql://…, sqlite:///FILE or duckdb:///FILE.",
        ) from error  # fmt: skip
    if url.password is not None or "password" in url.query:
        raise UserError(
            f"connector {connector}: {what} holds a password", code="connector.url",
            hint="Take it out, and name user and password under auth.basic.",
        )  # fmt: skip
    return url.set(drivername=DRIVERS.get(url.drivername, url.drivername))


def _in_folder(url: URL, folder: Path, *, connector: str, what: str) -> URL:
    """Returns the URL of a file, which must exist: these databases would make an empty one of a wrong name."""
    path = (folder / (url.database or "")).resolve()
    if not url.database or not path.is_file():
        raise UserError(
            f"connector {connector}: {what}: there is no file {url.database or '(no name)'}", code="connector.url",
            hint="Name the database's file; a relative path starts at the specification's folder.",
        )  # fmt: skip
    return url.set(database=str(path))


def check_address(text: str, spec: Specification) -> None:
    """Raises UserError ``connector.host`` when an address leads to a host that is not among ``connection.hosts``."""
    _check_hosts(_parsed(text, connector=spec.connector, what="connection.url"), spec, folder=Path(), what="its URL")


def targets_of(text: str, *, connector: str) -> list[tuple[str, int | None]]:
    """Returns every host and port that a database's URL may lead to, none for a file; raises UserError for no URL."""
    url = _parsed(text, connector=connector, what="connection.url")
    return [] if server_of(url.get_backend_name()).files else _targets(url)


def _check_hosts(url: URL, spec: Specification, *, folder: Path, what: str) -> None:
    if led := [name for name in _ELSEWHERE if name in url.query]:
        raise UserError(
            f"connector {spec.connector}: {what} has {led[0]}, which reads settings from elsewhere",
            code="connector.url", hint="Write host, port and database into the URL.",
        )  # fmt: skip
    listed = {setting(one, folder=folder).lower() for one in spec.connection.hosts}
    if not listed:
        return
    for host, port in _targets(url):
        if host not in listed and f"{host}:{port}" not in listed:
            raise UserError(
                f"connector {spec.connector}: {what} leads to {host}, which is not among connection.hosts",
                code="connector.host", hint="If the database really answers there, add it to connection.hosts.",
            )  # fmt: skip


def _targets(url: URL) -> list[tuple[str, int | None]]:
    """Returns every host and port that a URL may lead to; a socket's path is this machine."""
    hosts: list[str] = [url.host] if url.host else []
    for name in _PLACES:
        given = url.query.get(name, ())
        for one in (given,) if isinstance(given, str) else given:
            hosts += one.split(",")
    ports = {"postgresql": 5432, "mysql": 3306, "mariadb": 3306}
    port = url.port or ports.get(url.get_backend_name())
    targets: list[tuple[str, int | None]] = []
    for host in hosts or ["localhost"]:
        bare, _, own = host.rpartition(":") if host.count(":") == 1 else (host, "", "")
        local = host.startswith("/") or not host
        targets.append(("localhost" if local else (bare or host).lower(), int(own) if own.isdecimal() else port))
    return targets


def _longest_s(spec: Specification) -> float:
    own: Sequence[float | None] = [
        *(read.timeout for entity in spec.entities.values() for read in entity.reads.values()),
        *(action.timeout for action in spec.actions.values()),
    ]
    return max([spec.connection.timeout, *(one for one in own if one is not None)])


def _engine(
    url: URL, server: Server, spec: Specification, *, times: Times, folder: Path, size: int, what: str
) -> Engine:  # fmt: skip
    from sqlalchemy import create_engine
    from sqlalchemy.exc import NoSuchModuleError
    from sqlalchemy.pool import QueuePool

    try:
        return create_engine(
            url,
            connect_args=server.arguments(url.get_driver_name(), times, spec.connection.tls, folder),
            poolclass=QueuePool,
            pool_size=size,
            max_overflow=0,
            pool_timeout=times.connect_s,
            pool_pre_ping=True,
            pool_recycle=RECYCLE_S,
            pool_use_lifo=True,
            hide_parameters=True,
        )
    except (ImportError, NoSuchModuleError) as error:
        raise UserError(
            f"connector {spec.connector}: {what} needs the driver {url.drivername}, which is not installed",
            code="connector.extra",
            hint="Install the package that brings it: pymysql and SQLAlchemy come with pip install 'bridgehead[sql]'.",
        ) from error


def _log_in(engine: Engine, basic: BasicPart, folder: Path, redactor: Redactor) -> None:
    from sqlalchemy import event

    password = Secret.of(basic.password, folder)

    def login(_dialect: object, _record: object, _arguments: object, named: dict[str, object]) -> None:
        value = password.reveal()
        redactor.add(value)
        named["user"] = setting(basic.user, folder=folder)
        named["password"] = value

    event.listen(engine, "do_connect", login)
