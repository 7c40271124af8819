from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

import pytest
from pydantic import TypeAdapter

from bridgehead.errors import UserError
from bridgehead.templates.purchase_orders.erp.books import Books
from bridgehead.templates.purchase_orders.erp.wire import Booking
from tests.unit.erp import small_master

BOOKING = TypeAdapter(Booking).validate_python(small_master.booking("PO-1"))


def test_times_of_changes_never_go_back(tmp_path: Path) -> None:
    """When the machine's clock was set back, a change gets the time of the one before it, so that no list misses it."""
    books = Books(tmp_path / "db")
    asyncio.run(books.book(BOOKING, endpoint="/orders"))
    with sqlite3.connect(tmp_path / "db") as database:
        database.execute("update orders set changed_at = '2999-01-01T00:00:00.000000+00:00'")
    database.close()
    later, _ = asyncio.run(books.book(BOOKING, endpoint="/orders"))
    assert later.changed_at.year == 2999
    rows, total, more = books.page({"changed_since": "2999-01-01T00:00:00.000000+00:00"}, after=0, limit=10)
    assert ([row.order.order_number for row in rows][-1], total, more) == (later.order_number, 2, False)
    books.close()


def test_books_of_another_shape_are_refused(tmp_path: Path) -> None:
    """A file whose orders have other columns is refused when it is opened, not at the first request."""
    with sqlite3.connect(tmp_path / "db") as database:
        database.execute("create table orders (sequence integer primary key, customer text, po_number text)")
    database.close()
    with pytest.raises(UserError, match="cannot be opened as books"):
        Books(tmp_path / "db")
