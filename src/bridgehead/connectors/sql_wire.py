"""Carries the calls of an ``sql`` connector: reads that cannot write, actions in one transaction each.

Every failure is ``Failed`` with its class. ``applied`` is False only where the database surely kept
nothing: see ``sql_act``. A call is tried again only when it surely did nothing, within its time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

from bridgehead.clock import boot_s, utc_now
from bridgehead.connectors.document import Specification
from bridgehead.connectors.document_action import ActionPart
from bridgehead.connectors.document_connection import ReplicaPart
from bridgehead.connectors.document_entity import EntityPart, ReadPart
from bridgehead.connectors.ports import Answer, Limits, Values
from bridgehead.connectors.references import Redactor, setting
from bridgehead.connectors.sql_act import Writer
from bridgehead.connectors.sql_binding import render
from bridgehead.connectors.sql_classify import RETRYABLE, SqlErrors
from bridgehead.connectors.sql_pool import Pool, Work
from bridgehead.connectors.sql_read import Found, Reader
from bridgehead.connectors.sql_statement import Statement, parse_read
from bridgehead.errors import Failed, UserError
from bridgehead.ids import jitter
from bridgehead.resilience.deadline import bounded
from bridgehead.resilience.retry import may_repeat

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

T = TypeVar("T")

MOST_ROWS: Final = 100_000
"""Rows that one read may bring; more are an error, never cut off."""

_SIZE: Final = 8
_LAG_KNOWN_S: Final = 1.0
_REPLICA_LEFT_ALONE_S: Final = 5.0
_LONGEST_PAUSE_S: Final = 5.0


class SqlWire:
    """One database over SQLAlchemy, blocking drivers in threads of its own. Usable from any event loop.

    Raises UserError: what ``Pool`` raises, and ``connector.sql`` for a statement that does not fit its
    place. Nothing is opened and no secret is read before the first call.
    """

    def __init__(
        self, spec: Specification, *, folder: Path, limits: Limits, redactor: Redactor, most_rows: int = MOST_ROWS
    ) -> None:
        self._spec = spec
        self._limits = limits
        self._errors = SqlErrors(spec.connector, spec.errors, redactor)
        if spec.auth is not None and spec.auth.basic is None:
            raise UserError(
                f"connector {spec.connector}: a database is logged in to by auth.basic", code="connector.auth"
            )
        self._readers = {
            id(read): Reader.of(spec.connector, entity, name, read, most_rows=most_rows)
            for entity in spec.entities.values()
            for name, read in entity.reads.items()
        }
        self._writers = {id(action): Writer.of(spec.connector, name, action) for name, action in spec.actions.items()}
        size = spec.limits.concurrency or _SIZE
        url = setting(spec.connection.url, folder=folder)
        self._primary = self.pool(url, what="connection.url", folder=folder, size=size, redactor=redactor)
        if spec.actions and not self._primary.server.changes:
            raise UserError(
                f"connector {spec.connector}: this database is only read here, and actions are declared",
                code="connector.sql", hint="Take the actions out; a warehouse is written by what feeds it.",
            )  # fmt: skip
        self._replica: _Replica | None = None
        if spec.connection.replica is not None:
            part = spec.connection.replica
            copy = setting(part.url, folder=folder)
            pool = self.pool(copy, what="connection.replica.url", folder=folder, size=size, redactor=redactor)
            lag = parse_read(part.lag, f"connector {spec.connector}: connection.replica.lag")
            self._replica = _Replica(pool, part, lag)
        asked = spec.health.sql if spec.health is not None and spec.health.sql else "SELECT 1"
        self._health = parse_read(asked, f"connector {spec.connector}: health")
        self.extra_reads = 0
        """Reads that went to the primary because the copy was not fresh enough, or did not answer."""

    def pool(self, url: str, *, what: str, folder: Path, size: int, redactor: Redactor) -> Pool:
        """Returns the connections to one database; a recorder, or a recording, takes their place here."""
        return Pool(self._spec, url, what=what, folder=folder, size=size, redactor=redactor)

    async def read(self, entity: EntityPart, read: ReadPart, values: Values, *, primary: bool = False) -> Answer:
        """Returns all rows of a read, by their columns' labels, in the drivers' own types.

        The copy is asked first where there is one; its lag is asked on the same connection. Raises
        Failed, ``invalid_output`` for more rows than the wire may bring.
        """
        reader = self._readers.get(id(read)) or Reader.of(
            self._spec.connector, entity, "read", read, most_rows=MOST_ROWS
        )
        timeout_s = bounded(read.timeout or self._spec.connection.timeout)
        until_s = boot_s() + timeout_s
        asked = 0
        if self._replica is not None and not primary:
            answer = await self._from_copy(self._replica, reader, values, timeout_s, until_s)
            if answer is not None:
                return answer
            asked = 1
            self.extra_reads += 1

        def job(work: Work) -> Found:
            return self._read(self._primary, reader, work, values, timeout_s)

        found, tries = await self._tried(self._primary, job, until_s)
        return Answer(rows=found.rows, total=found.total, asked=asked + tries)

    async def act(self, action: ActionPart, values: Values) -> Answer:
        """Runs an action's statements in one transaction. ``rows`` and ``body`` hold what they brought or took.

        It is run again only after a failure that surely left nothing (a deadlock, no connection), and
        within its time.
        """
        writer = self._writers.get(id(action)) or Writer.of(self._spec.connector, "action", action)
        timeout_s = bounded(action.timeout or self._spec.connection.timeout)

        def job(work: Work) -> Answer:
            return writer.run(work, self._primary, self._errors, values, timeout_s)

        answer, _ = await self._tried(self._primary, job, boot_s() + timeout_s)
        return answer

    async def follow(self, action: ActionPart, values: Values) -> None:
        """Does nothing: ``then`` holds requests, which a database does not take (refused at load)."""

    async def health(self) -> None:
        """Returns when the database answers ``health.sql`` (default: SELECT 1); raises Failed."""
        timeout_s = self._spec.connection.timeout

        def job(work: Work) -> object:
            return self._first(self._primary, self._health, work, timeout_s)

        await self._run(self._primary, job, boot_s() + timeout_s)

    async def aclose(self) -> None:
        """Closes every connection that is not in use; one in use is closed when its call ends."""
        await self._primary.aclose()
        if self._replica is not None:
            await self._replica.pool.aclose()

    # --- in a thread

    def _read(self, pool: Pool, reader: Reader, work: Work, values: Values, timeout_s: float) -> Found:
        with pool.connection(work, self._errors, values) as connection:
            return self._rows(pool, reader, work, connection, values, timeout_s)

    def _rows(
        self, pool: Pool, reader: Reader, work: Work, connection: Connection, values: Values, timeout_s: float,
        *, begun: bool = False,
    ) -> Found:  # fmt: skip
        try:
            if not begun:
                pool.server.begin_read(connection, timeout_s)
            return reader.rows(work, connection, pool.server, values)
        except Exception as error:
            raise self._errors.of(error, connection, work, values, applied=False) from error

    def _first(self, pool: Pool, statement: Statement, work: Work, timeout_s: float) -> object:
        with pool.connection(work, self._errors, {}) as connection:
            try:
                pool.server.begin_read(connection, timeout_s)
                return _scalar(connection, statement)
            except Exception as error:
                raise self._errors.of(error, connection, work, {}, applied=False) from error

    # --- the copy

    async def _from_copy(
        self, replica: _Replica, reader: Reader, values: Values, timeout_s: float, until_s: float
    ) -> Answer | None:
        """Returns what the copy answers; None when it is not fresh enough, or fails."""
        if not replica.may_be_asked():
            return None
        asked_at = utc_now()

        def job(work: Work) -> tuple[Found, float] | None:
            with replica.pool.connection(work, self._errors, values) as connection:
                try:
                    replica.pool.server.begin_read(connection, timeout_s)
                    lag_s = replica.lag_s(connection)
                except Exception as error:
                    # Whatever keeps the copy from telling its age: it is not known to be fresh.
                    failed = self._errors.of(error, connection, work, {}, applied=False)
                    raise Failed(failed.message, error_class="stale_fact", applied=False) from error
                if lag_s is None:
                    return None
                found = self._rows(replica.pool, reader, work, connection, values, timeout_s, begun=True)
                return found, lag_s

        try:
            answered = await self._run(replica.pool, job, until_s)
        except Failed as failed:
            if failed.error_class in {"invalid_input", "invalid_output"} or boot_s() >= until_s:
                raise
            replica.failed()
            return None
        if answered is None:
            return None
        found, lag_s = answered
        known_at: datetime = asked_at - timedelta(seconds=lag_s)
        return Answer(rows=found.rows, total=found.total, copy=True, source_time=known_at)

    # --- trying

    async def _tried(self, pool: Pool, job: Callable[[Work], T], until_s: float) -> tuple[T, int]:
        retry = self._spec.retry
        for attempt in range(1, retry.tries + 1):
            try:
                return await self._run(pool, job, until_s), attempt
            except Failed as failed:
                pause_s = min(retry.base * 2 ** (attempt - 1), _LONGEST_PAUSE_S) * (0.5 + jitter())
                again = failed.applied is False and failed.error_class in RETRYABLE and attempt < retry.tries
                if not again or boot_s() + pause_s >= until_s or not may_repeat():
                    raise
            await asyncio.sleep(pause_s)
        raise AssertionError("the last attempt returns or raises")

    async def _run(self, pool: Pool, job: Callable[[Work], T], until_s: float) -> T:
        work = Work()
        async with self._limits.admit(within_s=max(until_s - boot_s(), 0.0)):
            return await pool.run(work, job, left_s=until_s - boot_s())


@dataclass(slots=True)
class _Replica:
    """A copy, and what is known of how far it is behind."""

    pool: Pool
    part: ReplicaPart
    statement: Statement
    known_at_s: float = float("-inf")
    known_s: float | None = None
    left_alone_until_s: float = float("-inf")

    def may_be_asked(self) -> bool:
        """False for a while after it failed, and while it is known to be too far behind."""
        if boot_s() < self.left_alone_until_s:
            return False
        age_s = boot_s() - self.known_at_s
        return age_s > _LAG_KNOWN_S or self._fresh(age_s) is not None

    def failed(self) -> None:
        """Leaves the copy alone for some seconds, so that not every read waits for it in vain."""
        self.left_alone_until_s = boot_s() + _REPLICA_LEFT_ALONE_S

    def lag_s(self, connection: Connection) -> float | None:
        """Returns how many seconds the copy is behind, known for at most a second; None when that is too far."""
        age_s = boot_s() - self.known_at_s
        if age_s > _LAG_KNOWN_S:
            self.known_s = _seconds(_scalar(connection, self.statement))
            self.known_at_s = boot_s()
            age_s = 0.0
        return self._fresh(age_s)

    def _fresh(self, age_s: float) -> float | None:
        lag_s = None if self.known_s is None else self.known_s + age_s
        return lag_s if lag_s is not None and lag_s <= self.part.max_lag else None


def _scalar(connection: Connection, statement: Statement) -> object:
    sql, parameters = render(statement, {}, style=connection.dialect.paramstyle, driver=lambda value: value)
    row = connection.exec_driver_sql(sql, parameters).first()
    return None if row is None else row[0]


def _seconds(value: object) -> float | None:
    """Returns a lag as seconds; None for what is no time, or lies in the future by more than clocks differ."""
    if isinstance(value, timedelta):
        value = value.total_seconds()
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return None
    return max(float(value), 0.0) if float(value) > -1 else None
