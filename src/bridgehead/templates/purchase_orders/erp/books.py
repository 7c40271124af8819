"""The ERP's books: an order that was answered for is on disk, and every booking ever made can be listed.

One thread writes. It takes all changes that wait, commits them in one transaction and only then
answers them, so that a commit (one flush to disk, synchronous=FULL) serves many requests. A change
that fails is rolled back alone, to its savepoint.
"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from dataclasses import dataclass, fields, replace
from pathlib import Path
from queue import SimpleQueue
from typing import Final, Generic, TypeVar

from pydantic import TypeAdapter

from bridgehead import clock
from bridgehead.errors import UserError
from bridgehead.templates.purchase_orders.erp.problems import RequestError
from bridgehead.templates.purchase_orders.erp.wire import BookedBy, BookedOrder, BookEntry, Booking, OrderStatus

T = TypeVar("T")

_BOOKING: Final = TypeAdapter(Booking)
_BOOKED: Final = TypeAdapter(BookedOrder)
_ENTRY: Final = TypeAdapter(BookEntry)
_MOST_AT_ONCE: Final = 256

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
    cancelled_at text
) strict;
create index if not exists orders_reference on orders (customer, po_number);
"""
_BY_NUMBER: Final = "select * from orders where order_number = ?"
_BY_KEY: Final = "select * from orders where idempotency_key = ?"
_BY_SEQUENCE: Final = "select * from orders where sequence = ?"


@dataclass(frozen=True, slots=True)
class Row:
    """One order as stored; ``version`` counts its changes from 1."""

    sequence: int
    version: int
    endpoint: str
    idempotency_key: str | None
    cancelled_at: str | None
    order: BookedOrder

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
    ) -> tuple[BookedOrder, bool]:
        """Books an order and returns it, with True when it is the first answer to the same key again.

        Raises RequestError 409 when the key came with another body before. Without a key every call
        books; a second order with the same PO number is not refused.
        """

        def work(database: sqlite3.Connection) -> tuple[BookedOrder, bool]:
            if idempotency_key is not None:
                first = _one(database, _BY_KEY, idempotency_key)
                if first is not None and first.order.content() != booking:
                    raise RequestError(409, "this Idempotency-Key was used with another body", field="Idempotency-Key")
                if first is not None:
                    return replace(first.order, status="open"), True
            loaded = Loaded(booking, "system", "")
            return _insert(database, loaded, endpoint=endpoint, idempotency_key=idempotency_key).order, False

        return await asyncio.wrap_future(self._submit(work))

    async def cancel(self, order_number: str, if_match: str) -> Row:
        """Cancels an open order; raises RequestError 404, 409 (not open) or 412 (changed meanwhile)."""

        def work(database: sqlite3.Connection) -> Row:
            row = _one(database, _BY_NUMBER, order_number)
            if row is None:
                raise RequestError(404, f"there is no order {order_number}")
            if if_match not in {row.etag, "*"}:
                raise RequestError(412, f"order {order_number} has changed: its ETag is {row.etag}", field="If-Match")
            if row.order.status != "open":
                raise RequestError(409, f"order {order_number} is {row.order.status}; only open orders are cancelled")
            database.execute(
                "update orders set status = 'cancelled', version = version + 1, cancelled_at = ? where sequence = ?",
                (clock.utc_now().isoformat(), row.sequence),
            )
            changed = _one(database, _BY_NUMBER, order_number)
            return row if changed is None else changed

        return await asyncio.wrap_future(self._submit(work))

    def order(self, order_number: str) -> Row | None:
        """Returns one order, or None."""
        return _one(self._reader, _BY_NUMBER, order_number)

    def find(self, customer: str, po_number: str) -> tuple[BookedOrder, ...]:
        """Returns the orders of a customer under its PO number (exact), oldest first, cancelled ones included."""
        rows = self._reader.execute(
            "select * from orders where customer = ? and po_number = ? order by sequence",
            (customer, po_number),
        )
        return tuple(_row(row).order for row in rows)

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
                    "order": row.order,
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
    (last,) = database.execute("select coalesce(max(sequence), 0) from orders").fetchone()
    database.execute(
        "insert into orders (sequence, order_number, customer, po_number, booking, status, endpoint, booked_by,"
        " booked_at, booked_from, idempotency_key, loaded_as) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            last + 1,
            loaded.order_number or f"SO-{last + 1:07d}",
            booking.customer,
            booking.po_number,
            _BOOKING.dump_json(booking).decode(),
            loaded.status,
            endpoint,
            loaded.booked_by,
            clock.utc_now().isoformat(),
            loaded.booked_from,
            idempotency_key,
            loaded.loaded_as or None,
        ),
    )
    row = _one(database, _BY_SEQUENCE, last + 1)
    if row is None:
        raise sqlite3.IntegrityError("the order that was just inserted is not there")
    return row


def _one(database: sqlite3.Connection, query: str, value: str | int) -> Row | None:
    row = database.execute(query, (value,)).fetchone()
    return None if row is None else _row(row)


def _row(row: sqlite3.Row) -> Row:
    content = _BOOKING.validate_json(row["booking"])
    added = {name: row[name] for name in ("order_number", "status", "booked_by", "booked_at", "booked_from")}
    return Row(
        sequence=row["sequence"],
        version=row["version"],
        endpoint=row["endpoint"],
        idempotency_key=row["idempotency_key"],
        cancelled_at=row["cancelled_at"],
        order=_BOOKED.validate_python({field.name: getattr(content, field.name) for field in fields(Booking)} | added),
    )
