"""Foreign databases for the tests of the sql wire: a small shop in SQLite, PostgreSQL or MariaDB."""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
import sqlite3
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal, Self, cast
from urllib.parse import parse_qs, urlsplit

import psycopg
import pymysql
from pydantic import JsonValue

from bridgehead.clock import perf_s
from bridgehead.connectors.document import Specification
from bridgehead.connectors.references import Redactor
from bridgehead.connectors.sql_wire import MOST_ROWS, SqlWire
from tests.support.mariadb import PASSWORDS, MariaDB

Kind = Literal["sqlite", "postgresql", "mariadb"]

PASSWORD: Final = "laden;geheim-5"
TABLES: Final = (
    """create table stock (id integer not null primary key, code varchar(40) not null unique, price decimal(12,2),
        born date, version integer not null default 1)""",
    "create table log (id integer not null primary key, said varchar(200) not null)",
    "insert into stock values (1, 'A-1', 10.50, '2026-01-31', 1), (2, 'B-2', null, null, 1), (3, 'C%3', 7.25, null, 1)",
)
STOCK: Final = {"key": "id", "fields": {"id": {"from": "id", "type": "integer"}, "code": "code"}}


async def until(true: Callable[[], bool]) -> None:
    """Returns when a condition holds."""
    end = perf_s() + 20
    while not true():
        assert perf_s() < end
        await asyncio.sleep(0)


class Free:
    """Limits that admit everybody, and count."""

    def __init__(self) -> None:
        self.admitted = 0

    @contextlib.asynccontextmanager
    async def admit(self, *, within_s: float | None = None) -> AsyncIterator[None]:
        self.admitted += 1
        yield

    async def refused(self, retry_after_s: float) -> None:
        raise AssertionError("a database sends no Retry-After")


@dataclass
class Shop:
    """One database with the tables above, and how an auditor reads it."""

    kind: Kind
    url: str
    connect: Callable[[], Any]
    target: str | tuple[str, int] = ""
    auth: JsonValue = None
    wires: list[SqlWire] = field(default_factory=list)
    limits: Free = field(default_factory=Free)

    def run(self, *statements: str) -> list[tuple[Any, ...]]:
        """Runs statements and commits; returns the last one's rows."""
        with closing(self.connect()) as conn:
            cursor = conn.cursor()
            found: list[tuple[Any, ...]] = []
            for statement in statements:
                cursor.execute(statement)
                found = list(cursor.fetchall()) if cursor.description else []
            conn.commit()
            return found

    def specification(self, *, url: str | None = None, **parts: JsonValue) -> Specification:
        """Returns a specification over it; ``reads`` and ``actions`` as a file would say them."""
        own = dict(parts)
        reads = own.pop("reads", {"all_stock": {"sql": "select id, code from stock order by id"}})
        actions = cast("dict[str, dict[str, JsonValue]]", own.pop("actions", {}))
        extra = cast("dict[str, JsonValue]", own.pop("connection", {}))
        usual: dict[str, JsonValue] = {"effect": "reversible", "params": {}, "result": {"fields": {"done": "done"}}}
        return Specification.model_validate(
            {
                "connector": "shop",
                "kind": "sql",
                "connection": {"url": url or self.url, "timeout": "5s", **extra},
                "entities": {"stock": {**STOCK, "reads": reads}},
                "actions": {name: {**usual, **action} for name, action in actions.items()},
                **({"auth": self.auth} if self.auth else {}),
                **own,
            }
        )

    def wire(
        self, specification: Specification, *, most_rows: int = MOST_ROWS, redactor: Redactor | None = None
    ) -> SqlWire:
        """Opens a wire that the fixture closes."""
        made = SqlWire(
            specification, folder=Path(), limits=self.limits, redactor=redactor or Redactor(), most_rows=most_rows
        )
        self.wires.append(made)
        return made


def sqlite_shop(folder: Path) -> Shop:
    """Makes the shop in a file."""
    path = folder / "shop.sqlite"
    shop = Shop("sqlite", f"sqlite:///{path}", lambda: sqlite3.connect(path))
    shop.run(*TABLES)
    return shop


def postgresql_shop(database_url: str) -> Shop:
    """Makes the shop in an empty PostgreSQL database, whose server listens at a socket's path."""
    parts = urlsplit(database_url)
    place = parse_qs(parts.query)["host"][0]
    shop = Shop(
        "postgresql",
        f"postgresql://{parts.username}@{parts.path}?host={place}",
        lambda: psycopg.connect(database_url),
        target=f"{place}/.s.PGSQL.{parts.port or 5432}",
    )
    shop.run(*TABLES)
    return shop


@contextmanager
def mariadb_shop(server: MariaDB, database: str) -> Iterator[Shop]:
    """Makes the shop in a database of its own on a MariaDB, dropped at its end."""
    server.run(
        f"CREATE DATABASE `{database}` CHARACTER SET latin1",
        f"CREATE USER '{database}'@'%' IDENTIFIED BY '{PASSWORD}'",
        f"GRANT ALL ON `{database}`.* TO '{database}'@'%'",
    )
    shop = Shop(
        "mariadb",
        f"mariadb://127.0.0.1:{server.port}/{database}",
        lambda: pymysql.connect(
            host="127.0.0.1", port=server.port, user="root", password=PASSWORDS["root"], database=database,
            charset="utf8mb4", ssl_disabled=True,
        ),
        target=("127.0.0.1", server.port),
        auth={"basic": {"user": database, "password": "env:SHOP_PASSWORD"}},
    )  # fmt: skip
    shop.run(*TABLES)
    try:
        yield shop
    finally:
        if server.process.poll() is None:
            server.run("SET lock_wait_timeout = 10", f"DROP DATABASE `{database}`", f"DROP USER '{database}'@'%'")


class Cut:
    """A line to a database, cut when the client sends a word (a pattern): before it passes, or before its reply."""

    def __init__(self, target: str | tuple[str, int], word: bytes, *, passes: bool) -> None:
        self._target, self._word, self._passes = target, re.compile(word, re.IGNORECASE), passes
        self.cuts = 0
        self.most = 1
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._open: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._run(self._accept)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        # Shut first: an accept that waits would go on with a listener that is only closed.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._threads[0].join()
        self._listener.close()
        for one in self._open:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        for thread in self._threads[1:]:
            thread.join()
        for one in self._open:
            one.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.socket(socket.AF_UNIX if isinstance(self._target, str) else socket.AF_INET)
            server.connect(self._target)
            self._open += [client, server]
            gone = threading.Event()
            self._run(self._carry, client, server, gone, self._word)
            self._run(self._carry, server, client, gone, None)

    def _run(self, work: Callable[..., None], *given: object) -> None:
        thread = threading.Thread(target=work, args=given, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _carry(
        self, source: socket.socket, sink: socket.socket, gone: threading.Event, word: re.Pattern[bytes] | None
    ) -> None:
        try:
            while data := source.recv(65_536):
                if word is not None and self.cuts < self.most and word.search(data):
                    self.cuts += 1
                    gone.set()
                    if self._passes:
                        sink.sendall(data)
                        # The reply shows that the word was obeyed; it goes no further.
                        sink.recv(1, socket.MSG_PEEK)
                    break
                if word is None and gone.is_set():
                    break
                sink.sendall(data)
        except OSError:
            pass
        for one in (source, sink):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
