"""A small order desk in SQLite for ``connectors/desk.yaml``, and every call of it recorded."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final

from bridgehead.connectors.proving.record import record
from bridgehead.spec.tool import JSON

FILE: Final = "desk.sqlite"
TABLES: Final = """
create table kunden (kdnr text, name1 text, limit_eur numeric, seit text, intern text);
insert into kunden values ('10', 'Rheinwerk Müller', 5000.50, '01.03.2019', 'zahlt spät'),
  ('20', 'Northfield', 800, '17.11.2021', null);
create table auftraege (nr text primary key, kdnr text, bestellnr text, summe numeric, stand text);
insert into auftraege values ('10-PO-0', '10', 'PO-0', 12.5, 'O'), ('10-PO-00', '10', 'PO-00', 3, 'S');
create table positionen (bestellnr text, zeile integer, artikel text, menge numeric, preis numeric);
"""
LINES: Final[JSON] = [
    {"item": "A-1", "quantity": "2", "price": "3.10"},
    {"item": "A-2", "quantity": "1", "price": "0.40"},
]


def make_desk(folder: Path) -> str:
    """Makes the database in a folder; returns its URL as a specification in that folder may write it."""
    with closing(sqlite3.connect(folder / FILE)) as database:
        database.executescript(TABLES)
    return f"sqlite:///{FILE}"


async def record_desk(spec: Path) -> None:
    """Records every read and action of the desk whose database lies beside its specification."""
    os.environ["DESK_URL"] = f"sqlite:///{FILE}"
    await record(spec, "find_customers", {})
    await record(
        spec, "book_order", {"customer": "10", "po_number": "PO-1", "lines": LINES, "total": "6.60"}, write=True
    )
    await record(spec, "find_orders", {"customer": "10"})
    await record(spec, "get_order", {"number": "10-PO-1"})
    await record(spec, "cancel_order", {"number": "10-PO-1"}, write=True)
