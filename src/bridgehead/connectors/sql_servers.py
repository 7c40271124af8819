"""What databases do differently: how a transaction is made read-only and bounded in time, and how a driver is told.

=============  ==========================================  ==================================  =====================
database       a read cannot write                         a statement ends in time            a call is broken off
=============  ==========================================  ==================================  =====================
MariaDB        START TRANSACTION … READ ONLY               max_statement_time                  its socket is shut
MySQL          START TRANSACTION … READ ONLY               max_execution_time (SELECT alone)   its socket is shut
PostgreSQL     SET TRANSACTION READ ONLY                   statement_timeout                   its socket is shut
SQLite         PRAGMA query_only                           by us                               sqlite3_interrupt
DuckDB         opened with access_mode READ_ONLY           by us                               duckdb_interrupt
others         every read is rolled back                   by us                               cancel(), if it has one
=============  ==========================================  ==================================  =====================
"""

# ruff: noqa: ARG002 - one signature for all databases, and each needs a part of it

from __future__ import annotations

import contextlib
import math
import os
import socket
import ssl
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final, cast

from bridgehead.connectors.document_connection import TlsPart
from bridgehead.connectors.sql_binding import Parameters, for_sqlite, without_zone
from bridgehead.errors import UserError

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection
    from sqlalchemy.engine.interfaces import DBAPICursor

_NON_TRANSACTIONAL: Final = 1196
SAVEPOINT: Final = "bridgehead"


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds: how long a connection may take, and the longest call that the specification allows."""

    connect_s: float
    longest_s: float


class Server:
    """A database of which nothing special is known. ``ends_itself``: a call of a procedure may commit."""

    files: ClassVar[bool] = False
    changes: ClassVar[bool] = True
    ends_itself: ClassVar[bool] = True

    def arguments(self, driver: str, times: Times, tls: TlsPart | None, folder: Path) -> dict[str, object]:
        """Returns the driver's arguments; raises UserError when it cannot be told what ``tls`` asks for."""
        if tls is not None:
            raise UserError(
                f"connection.tls: the driver {driver} is not told how to use it", code="connector.tls",
                hint="Use PyMySQL or psycopg, or a TLS tunnel beside the database.",
            )  # fmt: skip
        return {}

    def value(self, value: object) -> object:
        """Returns a plain value as the driver takes it."""
        return value

    def begin_read(self, connection: Connection, timeout_s: float) -> None:
        """Begins a transaction that cannot write and sees one state of the data."""

    def begin_change(self, connection: Connection, timeout_s: float) -> None:
        """Begins a transaction that can write."""

    def batches(
        self, connection: Connection, sql: str, parameters: Parameters, size: int
    ) -> Iterator[tuple[list[str], Sequence[Sequence[object]]]]:
        """Runs a SELECT and yields its columns' labels with its rows, ``size`` at a time, as the server sends them."""
        result = connection.exec_driver_sql(sql, parameters, execution_options={"yield_per": size})
        labels = result.keys()
        names = [str(name) for name in labels]
        yield names, ()
        for rows in result.partitions():
            yield names, rows

    def all_transactional(self, connection: Connection) -> bool:
        """True when a transaction that is broken off surely leaves nothing behind."""
        return True

    def mark(self, connection: Connection) -> None:
        """Marks the transaction, so that ``unbroken`` can tell whether a procedure ended it."""
        if self.ends_itself:
            connection.exec_driver_sql(f"SAVEPOINT {SAVEPOINT}")

    def unbroken(self, connection: Connection) -> bool:
        """Undoes all since ``mark``; False when the transaction that was marked is over."""
        if not self.ends_itself:
            return True
        try:
            connection.exec_driver_sql(f"ROLLBACK TO SAVEPOINT {SAVEPOINT}")
        except Exception:  # noqa: BLE001 - whatever a driver raises: the mark is gone
            return False
        return True

    def roll_back(self, connection: Connection) -> bool:
        """Rolls back; True when nothing of the transaction is left."""
        connection.rollback()
        return True


class MySql(Server):
    """MariaDB and MySQL (InnoDB): procedures commit as they like, and some tables know no transactions."""

    def arguments(self, driver: str, times: Times, tls: TlsPart | None, folder: Path) -> dict[str, object]:
        """Returns PyMySQL's arguments; its read timeout is a last bound for a server that has vanished."""
        if driver != "pymysql":
            return super().arguments(driver, times, tls, folder)
        given: dict[str, object] = {
            "connect_timeout": max(0.001, times.connect_s),
            "read_timeout": times.longest_s + 1,
            "write_timeout": times.longest_s + 1,
        }
        if tls is not None:
            context = ssl.create_default_context(cafile=_file(folder, tls.ca))
            if tls.certificate:
                context.load_cert_chain(_file(folder, tls.certificate) or "", _key_file(folder, tls))
            given["ssl"] = context
        return given

    def value(self, value: object) -> object:
        """Returns times in UTC: these drivers drop a zone in silence."""
        return without_zone(value)

    def begin_read(self, connection: Connection, timeout_s: float) -> None:
        """Begins a read-only transaction on one snapshot."""
        self._bound(connection, timeout_s)
        connection.exec_driver_sql("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY")

    def begin_change(self, connection: Connection, timeout_s: float) -> None:
        """Begins a transaction in which a value that does not fit is an error, never cut or replaced."""
        self._bound(connection, timeout_s)
        if "bridgehead_strict" not in connection.info:
            connection.exec_driver_sql("SET SESSION sql_mode = CONCAT(@@sql_mode, ',STRICT_ALL_TABLES')")
            connection.info["bridgehead_strict"] = True
        connection.exec_driver_sql("START TRANSACTION")

    def all_transactional(self, connection: Connection) -> bool:
        """False when a table that we see is of an engine without transactions (MyISAM, Aria): it keeps its rows."""
        found = connection.exec_driver_sql(
            "SELECT 1 FROM information_schema.TABLES t JOIN information_schema.ENGINES e ON e.ENGINE = t.ENGINE"
            " WHERE COALESCE(e.TRANSACTIONS, 'NO') <> 'YES' AND t.TABLE_TYPE = 'BASE TABLE'"
            " AND t.TABLE_SCHEMA NOT IN ('mysql', 'information_schema', 'performance_schema', 'sys') LIMIT 1"
        )
        return found.first() is None

    def roll_back(self, connection: Connection) -> bool:
        """Rolls back; False when the server warns that a table without transactions was changed."""
        raw = connection.connection.dbapi_connection
        if raw is None:
            raise AssertionError("a connection that is rolled back is open")
        cursor = raw.cursor()
        try:
            cursor.execute("ROLLBACK")
            cursor.execute("SHOW WARNINGS")
            left = [row for row in cursor.fetchall() if row[1] == _NON_TRANSACTIONAL]
        finally:
            cursor.close()
        connection.rollback()
        return not left

    @staticmethod
    def _bound(connection: Connection, timeout_s: float) -> None:
        if connection.info.get("bridgehead_timeout") == timeout_s:
            return
        if getattr(connection.dialect, "is_mariadb", False):
            connection.exec_driver_sql(f"SET SESSION max_statement_time = {max(timeout_s, 0.001):.3f}")
        else:
            connection.exec_driver_sql(f"SET SESSION max_execution_time = {max(1, math.ceil(timeout_s * 1000))}")
        connection.info["bridgehead_timeout"] = timeout_s


class PostgreSql(Server):
    """PostgreSQL: whatever stands in a transaction block, a procedure too, is undone with it."""

    ends_itself = False

    def arguments(self, driver: str, times: Times, tls: TlsPart | None, folder: Path) -> dict[str, object]:
        """Returns psycopg's arguments, which are libpq's."""
        if driver not in {"psycopg", "psycopg2"}:
            return super().arguments(driver, times, tls, folder)
        given: dict[str, object] = {
            "connect_timeout": max(2, math.ceil(times.connect_s)),
            "tcp_user_timeout": math.ceil(times.longest_s * 1000) + 1000,
            "application_name": "bridgehead",
        }
        if tls is not None:
            given |= {"sslmode": "verify-full", "sslrootcert": _file(folder, tls.ca) or "system"}
            if tls.certificate:
                given |= {"sslcert": _file(folder, tls.certificate), "sslkey": _key_file(folder, tls)}
        return given

    def begin_read(self, connection: Connection, timeout_s: float) -> None:
        """Makes this transaction read-only on one snapshot; the session is left as it is, for poolers between."""
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        self._bound(connection, timeout_s)

    def begin_change(self, connection: Connection, timeout_s: float) -> None:
        """Begins a transaction of the database's own default level."""
        self._bound(connection, timeout_s)

    def batches(
        self, connection: Connection, sql: str, parameters: Parameters, size: int
    ) -> Iterator[tuple[list[str], Sequence[Sequence[object]]]]:
        """Yields rows as libpq brings them. Not by a cursor of the server: DECLARE cannot find the types of binds."""
        raw = connection.connection.dbapi_connection
        if not hasattr(raw, "pgconn"):
            yield from super().batches(connection, sql, parameters, size)
            return
        with cast(Any, raw).cursor() as cursor:
            held: list[tuple[object, ...]] = []
            for row in cursor.stream(sql, parameters):
                held.append(row)
                if len(held) == size:
                    yield _labels(cursor), held
                    held = []
            yield _labels(cursor), held

    @staticmethod
    def _bound(connection: Connection, timeout_s: float) -> None:
        connection.exec_driver_sql(f"SET LOCAL statement_timeout = {max(1, math.ceil(timeout_s * 1000))}")


class Sqlite(Server):
    """SQLite through Python's own driver, which must not begin transactions by itself."""

    files = True
    ends_itself = False

    def arguments(self, driver: str, times: Times, tls: TlsPart | None, folder: Path) -> dict[str, object]:
        """Returns sqlite3's arguments: a locked file is waited for as long as a call may take."""
        if tls is not None:
            return super().arguments(driver, times, tls, folder)
        return {"isolation_level": None, "timeout": times.longest_s, "check_same_thread": False}

    def value(self, value: object) -> object:
        """Returns what SQLite can hold."""
        return for_sqlite(value)

    def begin_read(self, connection: Connection, timeout_s: float) -> None:
        """Begins a transaction on a connection that refuses every change."""
        connection.exec_driver_sql("PRAGMA query_only = ON")
        connection.exec_driver_sql("BEGIN")

    def begin_change(self, connection: Connection, timeout_s: float) -> None:
        """Begins a transaction that writes, so that two never wait for each other's locks."""
        connection.exec_driver_sql("PRAGMA query_only = OFF")
        connection.exec_driver_sql("BEGIN IMMEDIATE")


class DuckDb(Server):
    """DuckDB as a warehouse: opened read-only, and out of reach of other files unless the URL says otherwise."""

    files = True
    changes = False
    ends_itself = False

    def arguments(self, driver: str, times: Times, tls: TlsPart | None, folder: Path) -> dict[str, object]:
        """Returns duckdb's arguments."""
        if tls is not None:
            return super().arguments(driver, times, tls, folder)
        return {"read_only": True, "config": {"enable_external_access": False}}

    def value(self, value: object) -> object:
        """Returns times in UTC, as a TIMESTAMP column holds them."""
        return without_zone(value)


_SERVERS: Final[dict[str, Callable[[], Server]]] = {
    "mysql": MySql,
    "mariadb": MySql,
    "postgresql": PostgreSql,
    "sqlite": Sqlite,
    "duckdb": DuckDb,
}


def _labels(cursor: DBAPICursor) -> list[str]:
    return [str(column[0]) for column in cursor.description or ()]


def server_of(name: str) -> Server:
    """Returns what is special about a database, by its name in a URL."""
    return _SERVERS.get(name, Server)()


def break_off(raw: object) -> None:
    """Ends what a driver's connection is doing, from another thread; the connection is of no use afterwards.

    Never waits. The server may go on until it sees the end of the socket or its own time is over.
    """
    for name in ("interrupt",):
        if callable(stop := getattr(raw, name, None)):
            with contextlib.suppress(Exception):
                stop()
            return
    with contextlib.suppress(Exception):
        holder = raw if hasattr(raw, "fileno") else getattr(raw, "_sock")  # noqa: B009 - PyMySQL has no other name
        twin = socket.socket(fileno=os.dup(holder.fileno()))
        try:
            twin.shutdown(socket.SHUT_RDWR)
        finally:
            twin.close()
        return
    if callable(stop := getattr(raw, "cancel", None)):
        with contextlib.suppress(Exception):
            stop()


def _file(folder: Path, name: str | None) -> str | None:
    if name is None:
        return None
    path = folder / name
    if not path.is_file():
        raise UserError(f"connection.tls: there is no file {name}", code="connector.tls", hint="Name a PEM file.")
    return str(path)


def _key_file(folder: Path, tls: TlsPart) -> str | None:
    if tls.key is None:
        return None
    if not tls.key.startswith("file:"):
        raise UserError(
            "connection.tls.key: database drivers read it from a file", code="connector.tls", hint="Write file:PATH."
        )
    return _file(folder, tls.key.removeprefix("file:"))
