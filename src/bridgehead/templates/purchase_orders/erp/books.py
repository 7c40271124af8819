"""The ERP's books: an order that was answered for is on disk, and every booking ever made can be listed.

One thread writes. It takes all changes that wait, commits them in one transaction and only then
answers them, so that a commit (one flush to disk, synchronous=FULL) serves many requests. A change
that fails is rolled back alone, to its savepoint.
"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from pathlib import Path
from queue import SimpleQueue
from typing import Final, Generic, TypeVar

from pydantic import TypeAdapter

from bridgehead import clock
from bridgehead.errors import UserError
from bridgehead.templates.purchase_orders.erp.problems import RequestError
from bridgehead.templates.purchase_orders.erp.wire import (
    BookedBy,
    BookEntry,
    Booking,
    OrderChange,
    OrderRecord,
    OrderStatus,
)

T = TypeVar("T")

_BOOKING: Final = TypeAdapter(Booking)
_RECORD: Final = TypeAdapter(OrderRecord)
_ENTRY: Final = TypeAdapter(BookEntry)
_MOST_AT_ONCE: Final = 256
_ADDED: Final = tuple(field.name for field in fields(OrderRecord) if field.name not in Booking.__dataclass_fields__)

_TABLES: Final = """
create table if not exists orders (
    sequence integer primary key,
    order_number text not null unique,
    customer text not null,
    po_number text not null,
    booking text not null,
    status text not null,
    version integer not null default 1,
    endpoint text not null,
    booked_by text not null,
    booked_at text not null,
    booked_from text,
    idempotency_key text unique,
    loaded_as text unique,
    cancelled_at text,
    note text,
    requested_date text,
    change integer not null,
    changed_at text not null
) strict;
create index if not exists orders_reference on orders (customer, po_number);
create unique index if not exists orders_change on orders (change);
"""
_BY_NUMBER: Final = "select * from orders where order_number = ?"
_BY_KEY: Final = "select * from orders where idempotency_key = ?"
_BY_SEQUENCE: Final = "select * from orders where sequence = ?"
_LAST_CHANGE: Final = "select change, changed_at from orders order by change desc limit 1"
_FILTERS: Final = {"customer": "customer = ?", "po_number": "po_number = ?", "changed_since": "changed_at >= ?"}


@dataclass(frozen=True, slots=True)
class Row:
    """One order as stored; ``version`` counts its changes from 1."""

    sequence: int
    version: int
    endpoint: str
    idempotency_key: str | None
    cancelled_at: str | None
    change: int
    order: OrderRecord

    @property
    def etag(self) -> str:
        """The strong entity tag (RFC 9110, section 8.8.3) of this version of the order."""
        return f'"{self.order.order_number}.{self.version}"'


@dataclass(frozen=True, slots=True)
class Loaded:
    """A booking that is in the books from the start; ``loaded_as`` keeps it from being loaded twice."""

    booking: Booking
    booked_by: BookedBy
    loaded_as: str
    order_number: str | None = None
    booked_from: str | None = None
    status: OrderStatus = "open"


@dataclass(frozen=True, slots=True)
class _Change(Generic[T]):
    work: Callable[[sqlite3.Connection], T]
    future: Future[T]

    def run(self, database: sqlite3.Connection) -> Callable[[], None]:
        """Makes the change inside a savepoint; returns what tells the waiter, to be called after the commit."""
        database.execute("savepoint change")
        try:
            result = self.work(database)
        except (RequestError, sqlite3.Error) as error:
            database.execute("rollback to change")
            database.execute("release change")
            failure = error
            return lambda: self.future.set_exception(failure)
        database.execute("release change")
        return lambda: self.future.set_result(result)


class Books:
    """The orders of one ERP, in one SQLite file."""

    def __init__(self, path: Path) -> None:
        try:
            self._writer = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            self._writer.execute("pragma journal_mode=wal")
            self._writer.execute("pragma synchronous=full")
            self._writer.executescript(_TABLES)
            self._reader = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            self._writer.row_factory = self._reader.row_factory = sqlite3.Row
        except sqlite3.Error as error:
            raise UserError(f"{path} cannot be opened as books: {error}", code="erp.file") from error
        self._changes: SimpleQueue[_Change[object] | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._write, name="books", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Finishes what was asked and closes the file."""
        self._changes.put(None)
        self._thread.join()
        self._reader.close()
        self._writer.close()

    def load(self, bookings: Iterable[Loaded]) -> None:
        """Puts bookings into the books that are not in them yet."""

        def work(database: sqlite3.Connection) -> None:
            for loaded in bookings:
                known = database.execute("select 1 from orders where loaded_as = ?", (loaded.loaded_as,)).fetchone()
                if known is None:
                    _insert(database, loaded, endpoint="start", idempotency_key=None)

        self._submit(work).result()

    async def book(
        self, booking: Booking, *, endpoint: str, idempotency_key: str | None = None
    ) -> tuple[OrderRecord, bool]:
        """Books an order and returns it, with True when it is the first answer to the same key again.

        Raises RequestError 409 when the key came with another body before. Without a key every call
        books; a second order with the same PO number is not refused.
        """

        def work(database: sqlite3.Connection) -> tuple[OrderRecord, bool]:
            if idempotency_key is not None:
                first = _one(database, _BY_KEY, idempotency_key)
                if first is not None and first.order.content() != booking:
                    raise RequestError(409, "this Idempotency-Key was used with another body", field="Idempotency-Key")
                if first is not None:
                    return _as_booked(first.order), True
            loaded = Loaded(booking, "system", "")
            return _insert(database, loaded, endpoint=endpoint, idempotency_key=idempotency_key).order, False

        return await asyncio.wrap_future(self._submit(work))

    async def cancel(self, order_number: str, if_match: str) -> Row:
        """Cancels an open order; raises RequestError 404, 409 (not open) or 412 (changed meanwhile)."""

        def work(database: sqlite3.Connection) -> Row:
            row = _open_row(database, order_number, if_match)
            change, at = _next_change(database)
            database.execute(
                "update orders set status = 'cancelled', version = version + 1, cancelled_at = ?, change = ?,"
                " changed_at = ? where sequence = ?",
                (at, change, at, row.sequence),
            )
            return _must(database, row.sequence)

        return await asyncio.wrap_future(self._submit(work))

    async def change(self, order_number: str, if_match: str, wanted: OrderChange) -> Row:
        """Changes the fields that are set in ``wanted`` on an open order; raises RequestError as ``cancel`` does."""

        def work(database: sqlite3.Connection) -> Row:
            row = _open_row(database, order_number, if_match)
            fields_set = {name: getattr(wanted, name) for name in wanted.model_fields_set}
            kept = {"note": row.order.note, "requested_date": row.order.requested_date} | fields_set
            day = kept["requested_date"]
            change, at = _next_change(database)
            database.execute(
                "update orders set note = ?, requested_date = ?, version = version + 1, change = ?, changed_at = ?"
                " where sequence = ?",
                (kept["note"], None if day is None else day.isoformat(), change, at, row.sequence),
            )
            return _must(database, row.sequence)

        return await asyncio.wrap_future(self._submit(work))

    def order(self, order_number: str) -> Row | None:
        """Returns one order, or None."""
        return _one(self._reader, _BY_NUMBER, order_number)

    def page(self, filters: Mapping[str, str], *, after: int, limit: int) -> tuple[tuple[Row, ...], int, bool]:
        """Returns orders, how many there are on all pages, and whether more follow; cancelled ones included.

        ``filters`` may hold customer and po_number (exact) and changed_since (ISO 8601 in UTC, to the microsecond).
        Orders come by ``sequence``, or by ``change`` where changed_since is given, from the first one beyond ``after``.
        """
        place = "change" if "changed_since" in filters else "sequence"
        where = " and ".join(["true", *(_FILTERS[name] for name in filters)])
        values = tuple(filters.values())
        query = f"select * from orders where {where} and {place} > ? order by {place} limit ?"  # noqa: S608 - constants
        rows = self._reader.execute(query, (*values, after, limit + 1)).fetchall()
        count = f"select count(*) from orders where {where}"  # noqa: S608 - constants joined
        (total,) = self._reader.execute(count, values).fetchone()
        return tuple(_row(row) for row in rows[:limit]), int(total), len(rows) > limit

    def entries(self) -> tuple[BookEntry, ...]:
        """Returns all that was ever booked, in the order of commits."""
        rows = (_row(row) for row in self._reader.execute("select * from orders order by sequence"))
        return tuple(
            _ENTRY.validate_python(
                {
                    "sequence": row.sequence,
                    "endpoint": row.endpoint,
                    "idempotency_key": row.idempotency_key,
                    "cancelled_at": row.cancelled_at,
                    "order": row.order.booked(),
                }
            )
            for row in rows
        )

    def count(self) -> int:
        """Returns how many orders the books hold."""
        return int(self._reader.execute("select count(*) from orders").fetchone()[0])

    def _submit(self, work: Callable[[sqlite3.Connection], T]) -> Future[T]:
        future: Future[T] = Future()
        self._changes.put(_Change(work, future))  # type: ignore[arg-type]  # a queue of changes of any result
        return future

    def _write(self) -> None:
        stopping = False
        while not stopping:
            waiting = [self._changes.get()]
            while not self._changes.empty() and len(waiting) < _MOST_AT_ONCE:
                waiting.append(self._changes.get())
            stopping = None in waiting
            self._commit([change for change in waiting if change is not None])

    def _commit(self, changes: list[_Change[object]]) -> None:
        answers: list[Callable[[], None]] = []
        try:
            self._writer.execute("begin immediate")
            answers = [change.run(self._writer) for change in changes]
            self._writer.execute("commit")
        except sqlite3.Error as error:
            if self._writer.in_transaction:
                self._writer.execute("rollback")
            for change in changes:
                change.future.set_exception(error)
            return
        for answer in answers:
            answer()


def _insert(database: sqlite3.Connection, loaded: Loaded, *, endpoint: str, idempotency_key: str | None) -> Row:
    booking = loaded.booking
    change, at = _next_change(database)
    (last,) = database.execute("select coalesce(max(sequence), 0) from orders").fetchone()
    database.execute(
        "insert into orders (sequence, order_number, customer, po_number, booking, status, endpoint, booked_by,"
        " booked_at, booked_from, idempotency_key, loaded_as, change, changed_at)"
        " values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            last + 1,
            loaded.order_number or f"SO-{last + 1:07d}",
            booking.customer,
            booking.po_number,
            _BOOKING.dump_json(booking).decode(),
            loaded.status,
            endpoint,
            loaded.booked_by,
            at,
            loaded.booked_from,
            idempotency_key,
            loaded.loaded_as or None,
            change,
            at,
        ),
    )
    return _must(database, last + 1)


def _next_change(database: sqlite3.Connection) -> tuple[int, str]:
    """Returns the number and time of the next change; the time is never before that of the change before it."""
    last = database.execute(_LAST_CHANGE).fetchone()
    at = instant(clock.utc_now())
    return (1, at) if last is None else (last["change"] + 1, max(at, last["changed_at"]))


def instant(moment: datetime) -> str:
    """Returns a moment as the books keep it: UTC to the microsecond, so that the order of texts is that of time."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def _open_row(database: sqlite3.Connection, order_number: str, if_match: str) -> Row:
    row = _one(database, _BY_NUMBER, order_number)
    if row is None:
        raise RequestError(404, f"there is no order {order_number}")
    if if_match not in {row.etag, "*"}:
        raise RequestError(412, f"order {order_number} has changed: its ETag is {row.etag}", field="If-Match")
    if row.order.status != "open":
        raise RequestError(
            409, f"order {order_number} is {row.order.status}; only open orders are changed or cancelled"
        )
    return row


def _must(database: sqlite3.Connection, sequence: int) -> Row:
    row = _one(database, _BY_SEQUENCE, sequence)
    if row is None:
        raise sqlite3.IntegrityError("the order that was just written is not there")
    return row


def _as_booked(order: OrderRecord) -> OrderRecord:
    return replace(order, status="open", note=None, requested_date=None, changed_at=order.booked_at)


def _one(database: sqlite3.Connection, query: str, value: str | int) -> Row | None:
    row = database.execute(query, (value,)).fetchone()
    return None if row is None else _row(row)


def _row(row: sqlite3.Row) -> Row:
    content = _BOOKING.validate_json(row["booking"])
    added = {name: row[name] for name in _ADDED}
    return Row(
        sequence=row["sequence"],
        version=row["version"],
        endpoint=row["endpoint"],
        idempotency_key=row["idempotency_key"],
        cancelled_at=row["cancelled_at"],
        change=row["change"],
        order=_RECORD.validate_python({field.name: getattr(content, field.name) for field in fields(Booking)} | added),
    )
