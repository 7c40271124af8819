"""The corpus fits the ERP that is fed with it."""

from __future__ import annotations

import json
from pathlib import Path

from bridgehead.templates.purchase_orders.corpus.disk import write_corpus
from bridgehead.templates.purchase_orders.erp.books import Books
from bridgehead.templates.purchase_orders.erp.master import Master
from bridgehead.templates.purchase_orders.erp.start import history, people


def test_the_erp_takes_what_the_generator_writes(tmp_path: Path) -> None:
    """Master data, earlier orders and people's bookings load as they are written, each booking once."""
    write_corpus(seed=5, orders=60, out=tmp_path / "corpus", shadow=40)
    master = Master.load(tmp_path / "corpus" / "master.json")
    written = json.loads((tmp_path / "corpus" / "people.json").read_text())
    books = Books(tmp_path / "books.sqlite")
    try:
        for _ in range(2):
            books.load(history(master))
            books.load(people(tmp_path / "corpus" / "people.json"))
        booked = [entry.order.booked_by for entry in books.entries()]
    finally:
        books.close()
    assert booked.count("history") == len(master.history) > 0
    assert booked.count("person") == len(written) > 0
