from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest

from bridgehead.connectors.watching import Source
from bridgehead.errors import Unavailable
from tests.support.intake import Served, kill, serving
from tests.support.world import World

SPEC = """
connector: wawi
kind: sql
connection: {url: "env:WAWI_URL", timeout: 30s}
intake:
  queue:
    next: "select id, part, body from outbox where state = 'new' order by id, part"
    key: [id, part]
    document: body
    done: "update outbox set state = 'taken' where id = :id and part = :part"
    every: 1s
    suffix: .txt
"""
TABLE = "create table outbox (id integer, part varchar(5), body varchar(2000), state varchar(9) default 'new')"


class Table:
    """The foreign table, as its owner sees it."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.run(TABLE)

    def run(self, statement: str, *values: object) -> list[tuple[object, ...]]:
        with psycopg.connect(self.url, autocommit=True) as conn:
            cursor = conn.execute(statement.encode(), values)
            return cursor.fetchall() if cursor.description else []

    def put(self, *bodies: str | None, part: str = "a") -> None:
        for number, body in enumerate(bodies, 1):
            self.run("insert into outbox (id, part, body) values (%s, %s, %s)", number, part, body)

    def states(self) -> list[object]:
        return [row[0] for row in self.run("select state from outbox order by id, part")]


@pytest.fixture
def table(world: World, monkeypatch: pytest.MonkeyPatch) -> Table:
    url = world.app.settings.database_url
    assert url is not None
    parts = urlsplit(url.get_secret_value())
    place = parse_qs(parts.query)["host"][0]
    monkeypatch.setenv("WAWI_URL", f"postgresql://{parts.username}@{parts.path}?host={place}")
    return Table(url.get_secret_value())


@pytest.fixture
def served(world: World, table: Table) -> Iterator[Served]:
    with serving(world, intake="[{queue: wawi}]", connectors={"wawi": SPEC}) as made:
        yield made


async def look(source: Source) -> None:
    """Looks at a source once; raises what keeps it from being taken."""
    await source.look(asyncio.Event())  # type: ignore[attr-defined]  # of every source that is watched


async def test_each_row_is_one_arrival(served: Served, table: Table) -> None:
    """A worker takes the waiting rows of a table, oldest first: each is an arrival, a case, and marked."""
    table.put("order 1", "order 2")
    table.put("order 3", part="b")
    served.until_idle()
    assert await served.documents() == [b"order 1", b"order 3", b"order 2"]
    assert table.states() == ["taken"] * 3
    assert [case["outcome"] for case in await served.world.cases()] == ["completed"] * 3
    (row, *_) = await served.world.rows("select source, name from arrivals order by id")
    assert row == {"source": "queue", "name": "wawi-1-a.txt"}


async def test_a_kill_between_storing_and_marking_makes_one_arrival(served: Served, table: Table) -> None:
    """A worker that is killed after the arrival is stored and before the row is marked leaves one arrival, not two."""
    table.put("order 1")
    with psycopg.connect(table.url) as owner:
        # Others may read the table, and wait to change it.
        owner.execute("lock table outbox in exclusive mode")
        worker = served.start()
        await served.world.until(served.count, what="the arrival")
        assert table.states() == ["new"]
        kill(worker)
    served.until_idle()
    assert await served.documents() == [b"order 1"]
    assert table.states() == ["taken"]
    assert len(await served.world.cases()) == 1


async def test_no_row_is_marked_before_its_arrival_is_committed(
    served: Served, table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the database does not take arrivals no row is marked, and afterwards none is missing."""
    table.put("order 1", "order 2")
    (source,) = (await served.sources()).all
    store = served.world.app.arrivals.store

    async def away(*_: object, **__: object) -> None:
        raise Unavailable("the database does not answer")

    monkeypatch.setattr(served.world.app.arrivals, "store", away)
    with pytest.raises(Unavailable):
        await look(source)
    assert table.states() == ["new", "new"]
    monkeypatch.setattr(served.world.app.arrivals, "store", store)
    await look(source)
    assert (await served.documents(), table.states()) == ([b"order 1", b"order 2"], ["taken", "taken"])
    assert (source.taken, source.pending) == (2, 0)


async def test_two_workers_take_a_table_together(served: Served, table: Table) -> None:
    """Two workers at one table double nothing and leave nothing."""
    table.run("insert into outbox (id, part, body) select n, 'a', 'order ' || n from generate_series(1, 60) n")
    workers = [served.start() for _ in range(2)]

    async def all_marked() -> bool:
        return set(table.states()) == {"taken"} and await served.world.at_rest()

    await served.world.until(all_marked, timeout_s=40)
    assert sorted(await served.documents()) == sorted(f"order {n}".encode() for n in range(1, 61))
    assert len(await served.world.cases()) == 60
    assert [worker.process.poll() for worker in workers] == [None, None]


async def test_a_row_without_a_document_goes_to_a_person(served: Served, table: Table) -> None:
    """A row whose document is empty reaches a person with the whole row, and keeps no other row waiting."""
    table.put(None, "order 2")
    served.until_idle()
    assert table.states() == ["taken", "taken"]
    (review,) = await served.world.reviews()
    assert "body of this row is empty" in str(review.shown)
    first, second = await served.documents()
    assert (json.loads(first), second) == ({"id": 1, "part": "a", "body": None}, b"order 2")
    assert len(await served.world.cases()) == 1


async def test_a_whole_row_is_a_document(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`document: @row` makes a row itself the document, as JSON in one spelling, bytes in base64."""
    file = tmp_path / "wawi.sqlite"
    with closing(sqlite3.connect(file)) as conn:
        conn.execute("create table outbox (id integer, part text, price decimal(9,2), body blob, state text)")
        conn.execute("insert into outbox values (7, 'ä', 1.5, x'00ff', 'new')")
        conn.commit()
    monkeypatch.setenv("WAWI_URL", f"sqlite:///{file}")
    spec = SPEC.replace("document: body", 'document: "@row"').replace("part, body from", "part, price, body from")
    with serving(world, intake="[{queue: wawi}]", connectors={"wawi": spec}) as served:
        (source,) = (await served.sources()).all
        await look(source)
        await look(source)
        (document,) = await served.documents()
    assert json.loads(document) == {"id": 7, "part": "ä", "price": 1.5, "body": "AP8="}


async def test_a_row_that_cannot_be_marked_stops_no_other(served: Served, table: Table) -> None:
    """A row whose mark the database refuses is told once and tried again; the others are taken, none twice."""
    table.put("order 1", "order 2")
    table.run(
        "create function refuse() returns trigger language plpgsql as"
        " $$ begin if new.id = 1 then raise 'locked by the month end'; end if; return new; end $$"
    )
    table.run("create trigger refuse before update on outbox for each row execute function refuse()")
    worker = served.start()

    async def second_taken() -> bool:
        return table.states() == ["new", "taken"]

    await served.world.until(second_taken)
    table.run("drop trigger refuse on outbox")

    async def both_taken() -> bool:
        return table.states() == ["taken", "taken"]

    await served.world.until(both_taken)
    assert await served.count() == 2
    assert worker.log.read_text().count("queue wawi:") - worker.log.read_text().count("all is well") <= 1
