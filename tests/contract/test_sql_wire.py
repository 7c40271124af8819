from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from pydantic import JsonValue
from sqlalchemy import Connection
from sqlalchemy.pool import QueuePool

from bridgehead.clock import perf_s
from bridgehead.connectors import sql_pool, sql_read
from bridgehead.connectors.document import Specification
from bridgehead.connectors.ports import Answer
from bridgehead.connectors.sql_servers import break_off
from bridgehead.connectors.sql_statement import parse
from bridgehead.connectors.sql_wire import SqlWire
from bridgehead.errors import Failed, UserError
from tests.support.foreign_sql import PASSWORD, Cut, Shop, mariadb_shop, postgresql_shop, sqlite_shop, until

SERVERS = ("postgresql", "mariadb")
SLOW = {
    "sqlite": "with recursive n(i) as (select 1 union all select i + 1 from n) select count(*) as done from n",
    "postgresql": "select pg_sleep(60) as done",
    "mariadb": "select sleep(60) as done",
}
ADD: list[JsonValue] = [
    {"sql": "insert into log (id, said) values (:id, :said)", "rows": 1},
    {"sql": "select said as done from log where id = :id", "take": True},
]
ADDS: dict[str, JsonValue] = {"add": {"params": {"id": "integer", "said": "text"}, "sql": ADD}}


@pytest.fixture(params=["sqlite", "postgresql", "mariadb"])
async def shop(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, _counter: list[int]
) -> AsyncIterator[Shop]:
    monkeypatch.setenv("SHOP_PASSWORD", PASSWORD)
    if request.param == "mariadb":
        _counter[0] += 1
        with mariadb_shop(request.getfixturevalue("mariadb_server"), f"shop_{_counter[0]}") as made:
            yield made
            await _close(made)
        return
    made = (
        sqlite_shop(tmp_path) if request.param == "sqlite" else postgresql_shop(request.getfixturevalue("database_url"))
    )
    yield made
    await _close(made)


async def _close(shop: Shop) -> None:
    for wire in shop.wires:
        await wire.aclose()


async def ask(wire: SqlWire, spec: Specification, name: str, **values: object) -> Answer:
    """Asks one read of the entity `stock`."""
    entity = spec.entities["stock"]
    return await wire.read(entity, entity.reads[name], values)


def open_connections(wire: SqlWire) -> QueuePool:
    """Returns the pool of the wire's database."""
    pool = wire._primary.engine.pool
    assert isinstance(pool, QueuePool)
    return pool


def read_of(sql: str, **parts: JsonValue) -> dict[str, JsonValue]:
    return {"wanted": {"sql": sql, **parts}}


@pytest.mark.parametrize(
    "values, ids",
    [
        ({"codes": ("A-1", "C%3")}, [1, 3]),
        ({"codes": ("A-1", "B-2", "C%3"), "above": Decimal("7.25")}, [1]),
        ({"codes": ("A-1",), "above": Decimal("10.50")}, []),
        ({"codes": ()}, []),
        ({"codes": ("x') or ('1'='1",)}, []),
        ({"codes": ("A-1", "B-2"), "on": date(2026, 1, 31)}, [1]),
    ],
)
async def test_arguments_are_bound(shop: Shop, values: dict[str, object], ids: list[int]) -> None:
    """Lists, decimals and dates are bound by their type, an absent argument is NULL, an empty list brings nothing."""
    spec = shop.specification(
        reads=read_of(
            "select id, '100 % :above' as said from stock where code in :codes"
            " and (:above is null or price > :above) and (:on is null or born = :on) order by id",
            params={"codes": ["code"], "above": "decimal?", "on": "date?"},
        )
    )
    answer = await ask(shop.wire(spec), spec, "wanted", **values)
    assert [row["id"] for row in answer.rows] == ids
    assert {row["said"] for row in answer.rows} <= {"100 % :above"}


async def test_a_list_that_no_statement_takes_is_a_wrong_argument(shop: Shop) -> None:
    """A hundred thousand values are refused as wrong, at once; the database is not taken for one that is away."""
    spec = shop.specification(reads=read_of("select id from stock where code in :codes", params={"codes": ["code"]}))
    wire = shop.wire(spec)
    with pytest.raises(Failed, match="holds 100000 values") as failed:
        await ask(wire, spec, "wanted", codes=tuple(f"K-{number}" for number in range(100_000)))
    assert (failed.value.error_class, failed.value.applied) == ("invalid_input", False)
    assert len((await ask(wire, spec, "wanted", codes=("A-1",))).rows) == 1


@pytest.mark.parametrize(
    "sql",
    [
        "delete from stock",
        "select 1; delete from stock",
        "with gone as (delete from stock returning id) select * from gone",
        "select id into other from stock",
        "select * from stock for update",
        "(delete from stock)",
        "update stock set version = 2",
        "select 'a\\' ; delete from stock -- '",
        "select 1 /*! ; delete from stock */",
        "",
    ],
)
def test_a_read_that_is_no_select_is_refused(shop: Shop, sql: str) -> None:
    """A read whose SQL is anything but one SELECT does not load."""
    with pytest.raises((UserError, ValueError)) as caught:
        shop.wire(shop.specification(reads=read_of(sql)))
    assert getattr(caught.value, "code", "connector.sql") == "connector.sql"


async def test_a_read_cannot_write_even_if_its_sql_does(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """The database itself refuses a read that writes, the check of its SQL taken away."""
    monkeypatch.setattr(sql_read, "parse_read", parse)
    writes = ["delete from stock where id = 1 returning id"]
    if shop.kind == "postgresql":
        shop.run(
            "create function sell() returns int language sql"
            " as 'update stock set version = 9 where id = 1 returning id'"
        )
        writes += ["select sell() as id", "with gone as (delete from stock returning id) select id from gone"]
    if shop.kind == "mariadb":
        shop.run(
            "create function sell() returns int deterministic modifies sql data"
            " begin update stock set version = 9; return 1; end"
        )
        writes += ["select sell() as id", "replace into log values (1, 'x')"]
    before = shop.run("select * from stock order by id")
    for sql in writes:
        spec = shop.specification(reads=read_of(sql))
        with pytest.raises(Failed) as caught:
            await ask(shop.wire(spec), spec, "wanted")
        assert caught.value.error_class == "invalid_input", caught.value
        assert shop.run("select * from stock order by id") == before
    assert shop.run("select * from log") == []


async def test_too_many_rows_are_an_error(shop: Shop) -> None:
    """More rows than a read may bring fail it as a whole, and the next read is whole again."""
    spec = shop.specification()
    wire = shop.wire(spec, most_rows=2)
    with pytest.raises(Failed, match="more than 2 rows") as caught:
        await ask(wire, spec, "all_stock")
    assert caught.value.error_class == "invalid_output"
    assert [row["id"] for row in (await ask(shop.wire(spec, most_rows=3), spec, "all_stock")).rows] == [1, 2, 3]


async def test_two_columns_of_one_name_are_an_error(shop: Shop) -> None:
    """A column that would hide another of the same label fails the read."""
    spec = shop.specification(reads=read_of("select id, code as id from stock"))
    with pytest.raises(Failed, match="two columns are called id"):
        await ask(shop.wire(spec), spec, "wanted")


async def test_pages_follow_the_key(shop: Shop) -> None:
    """Pages by keyset bring each row once, counted by the database itself."""
    shop.run(*(f"insert into stock values ({at}, 'N-{at}', 1, null, 1)" for at in range(10, 15)))
    spec = shop.specification(
        reads=read_of(
            "select id, count(*) over () as total from stock where (:after is null or id > :after)"
            " order by id limit :size",
            paging={"keyset": {"field": "id", "param": "after", "size": 3}},
            complete={"count": "total"},
        )
    )
    answer = await ask(shop.wire(spec), spec, "wanted")
    assert [row["id"] for row in answer.rows] == [1, 2, 3, 10, 11, 12, 13, 14]
    assert answer.total == 8


async def test_a_page_that_does_not_move_is_an_error(shop: Shop) -> None:
    """A SELECT that brings the same page again ends in an error and not in a loop."""
    spec = shop.specification(
        reads=read_of(
            "select id from stock where cast(:after as decimal) is null or id >= -1 order by id limit :size",
            paging={"keyset": {"field": "id", "param": "after", "size": 2}},
        )
    )
    with pytest.raises(Failed, match="the same rows again"):
        await ask(shop.wire(spec), spec, "wanted")


async def test_a_statement_that_misses_its_rows_undoes_all(shop: Shop) -> None:
    """A statement that changes another number of rows than declared is a conflict, and nothing of the action stays."""
    spec = shop.specification(
        actions={
            "move": {
                "params": {"id": "integer", "version": "integer"},
                "sql": [
                    {"sql": "insert into log (id, said) values (1, 'moved')"},
                    {
                        "sql": "update stock set version = version + 1 where id = :id and version = :version",
                        "rows": 1,
                    },
                    {"sql": "select version as done from stock where id = :id", "take": True},
                ],
            }
        }
    )
    wire = shop.wire(spec)
    with pytest.raises(Failed) as caught:
        await wire.act(spec.actions["move"], {"id": 1, "version": 7})
    assert (caught.value.error_class, caught.value.applied) == ("conflict", False)
    assert shop.run("select * from log") == []
    answer = await wire.act(spec.actions["move"], {"id": 1, "version": 1})
    assert answer.body == {"done": 2}
    assert shop.run("select version from stock where id = 1") == [(2,)]
    assert shop.run("select said from log") == [("moved",)]


async def test_entries_and_taken_values_are_bound(shop: Shop) -> None:
    """A statement runs once for each entry of a list, with its fields, its number, and columns taken before."""
    spec = shop.specification(
        actions={
            "book": {
                "params": {"code": "code", "lines": [{"item": "code", "count": "integer"}]},
                "sql": [
                    {"sql": "select id as head, code as done from stock where code = :code", "take": True},
                    {
                        "sql": "insert into log (id, said) values (:head * 100 + :number, :text)",
                        "each": "lines",
                        "with": {"text": "{item.item}/{item.count}"},
                        "rows": 1,
                    },
                ],
            }
        }
    )
    lines = ({"item": "x:y%z", "count": 3}, {"item": "it's", "count": 1})
    answer = await shop.wire(spec).act(spec.actions["book"], {"code": "B-2", "lines": lines})
    assert answer.body == {"head": 2, "done": "B-2"}
    assert shop.run("select id, said from log order by id") == [(201, "x:y%z/3"), (202, "it's/1")]


@pytest.mark.parametrize(
    "sql",
    ["commit", "begin", "rollback", "savepoint x", "set autocommit = 1", "insert into log values (1, 'a'); select 1"],
)
def test_an_action_does_not_end_its_transaction(shop: Shop, sql: str) -> None:
    """A statement that controls the transaction, or a second one behind it, does not load."""
    with pytest.raises(UserError) as caught:
        shop.wire(shop.specification(actions={"bad": {"sql": [{"sql": sql}]}}))
    assert caught.value.code == "connector.sql"


def test_a_name_that_is_no_argument_is_refused(shop: Shop) -> None:
    """A bind that nothing fills does not load, for it would be NULL in silence."""
    with pytest.raises(UserError, match=":coed is no argument"):
        shop.wire(shop.specification(reads=read_of("select 1 as id where 'a' = :coed", params={"code": "code"})))
    with pytest.raises(UserError, match=":sayd is no argument"):
        shop.wire(shop.specification(actions={"add": {"sql": [{"sql": "insert into log values (1, :sayd)"}]}}))


async def test_a_key_that_exists_is_a_conflict(shop: Shop) -> None:
    """A duplicate key is a conflict that changed nothing, and its message does not tell the value."""
    spec = shop.specification(actions=ADDS)
    wire = shop.wire(spec)
    await wire.act(spec.actions["add"], {"id": 77123, "said": "first"})
    with pytest.raises(Failed) as caught:
        await wire.act(spec.actions["add"], {"id": 77123, "said": "second"})
    assert (caught.value.error_class, caught.value.applied) == ("conflict", False)
    assert "77123" not in str(caught.value)
    assert shop.run("select said from log") == [("first",)]


async def test_a_wrong_statement_is_the_specifications_fault(shop: Shop) -> None:
    """A table that does not exist is invalid input, in a read and in an action, and is not tried again."""
    spec = shop.specification(
        reads=read_of("select id from nothing_here"), actions={"add": {"sql": [{"sql": "delete from nothing_here"}]}}
    )
    wire = shop.wire(spec)
    with pytest.raises(Failed) as caught:
        await ask(wire, spec, "wanted")
    assert caught.value.error_class == "invalid_input"
    with pytest.raises(Failed) as caught:
        await wire.act(spec.actions["add"], {})
    assert (caught.value.error_class, caught.value.applied) == ("invalid_input", False)


async def test_the_specification_says_what_an_error_means(shop: Shop) -> None:
    """A rule of the specification goes before the tables, by its text, its number or its SQLSTATE."""
    state: dict[str, dict[str, JsonValue]] = {
        "sqlite": {},
        "postgresql": {"sqlstate": "23%"},
        "mariadb": {"sqlstate": "23000", "code": 1062},
    }
    rule: dict[str, JsonValue] = {"text": "(?i)duplicate|unique", "error": "out_of_scope", **state[shop.kind]}
    spec = shop.specification(actions=ADDS, errors=[{"text": "never said", "error": "throttled"}, rule])
    wire = shop.wire(spec)
    await wire.act(spec.actions["add"], {"id": 1, "said": "first"})
    with pytest.raises(Failed) as caught:
        await wire.act(spec.actions["add"], {"id": 1, "said": "second"})
    assert (caught.value.error_class, caught.value.applied) == ("out_of_scope", False)


async def test_a_slow_read_ends_in_time(shop: Shop) -> None:
    """A statement that takes too long is broken off, and the wire goes on with the next call."""
    spec = shop.specification(
        reads={**read_of(SLOW[shop.kind], timeout="0.3s"), "all_stock": {"sql": "select id from stock"}}
    )
    wire = shop.wire(spec)
    begun = perf_s()
    with pytest.raises(Failed) as caught:
        await ask(wire, spec, "wanted")
    assert caught.value.error_class == "timeout"
    assert perf_s() - begun < 4
    assert len((await ask(wire, spec, "all_stock")).rows) == 3


async def test_a_cancelled_read_leaves_nothing_running(shop: Shop) -> None:
    """A call that is cancelled frees its only connection for the next one, which finds it clean."""
    spec = shop.specification(
        reads={**read_of(SLOW[shop.kind]), "all_stock": {"sql": "select id from stock"}}, limits={"concurrency": 1}
    )
    wire = shop.wire(spec)
    task = asyncio.create_task(ask(wire, spec, "wanted"))
    await until(lambda: open_connections(wire).checkedout() == 1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert len((await ask(wire, spec, "all_stock")).rows) == 3


async def test_a_slow_action_leaves_nothing(shop: Shop) -> None:
    """An action that is broken off before COMMIT is told to have changed nothing, and has not."""
    spec = shop.specification(
        actions={
            "add": {
                "sql": [{"sql": "insert into log values (1, 'late')"}, {"sql": SLOW[shop.kind], "take": True}],
                "timeout": "0.4s",
            }
        }
    )
    with pytest.raises(Failed) as caught:
        await shop.wire(spec).act(spec.actions["add"], {})
    assert (caught.value.error_class, caught.value.applied) == ("timeout", False)
    assert shop.run("select * from log") == []


@dataclass(frozen=True, slots=True)
class Lost:
    passes: bool
    applied: bool | None
    rows: int


@pytest.mark.parametrize("shop", SERVERS, indirect=True)
@pytest.mark.parametrize(
    "word, lost",
    [
        (b"insert into log", Lost(passes=False, applied=False, rows=0)),
        (b"insert into log", Lost(passes=True, applied=False, rows=0)),
        (rb"(?<!auto)commit", Lost(passes=False, applied=None, rows=0)),
        (rb"(?<!auto)commit", Lost(passes=True, applied=None, rows=1)),
    ],
)
async def test_a_lost_reply_is_told_as_what_it_is(shop: Shop, word: bytes, lost: Lost) -> None:
    """A connection that ends before COMMIT was sent has changed nothing; after that nobody knows, whatever happened."""
    with Cut(shop.target, word, passes=lost.passes) as cut:
        spec = shop.specification(url=_through(shop, cut), actions=ADDS, retry={"tries": 1})
        with pytest.raises(Failed) as caught:
            await shop.wire(spec).act(spec.actions["add"], {"id": 1, "said": "sent"})
    assert caught.value.applied is lost.applied, caught.value
    assert cut.cuts == 1
    assert len(shop.run("select * from log")) == lost.rows


@pytest.mark.parametrize("shop", SERVERS, indirect=True)
async def test_what_surely_did_nothing_is_tried_again(shop: Shop) -> None:
    """An action whose connection ended before COMMIT is run again, and stands there once."""
    with Cut(shop.target, b"insert into log", passes=True) as cut:
        spec = shop.specification(url=_through(shop, cut), actions=ADDS)
        answer = await shop.wire(spec).act(spec.actions["add"], {"id": 1, "said": "sent"})
    assert (cut.cuts, answer.body) == (1, {"done": "sent"})
    assert shop.run("select said from log") == [("sent",)]


@pytest.mark.parametrize("shop", SERVERS, indirect=True)
async def test_a_deadlock_is_run_again(shop: Shop) -> None:
    """Two actions that block each other both come to pass, each once."""
    step = "update stock set version = version + 1 where id = {}"
    spec = shop.specification(
        connection={"timeout": "20s"},
        actions={
            name: {"sql": [{"sql": step.format(at), "rows": 1} for at in order]}
            for name, order in {"one": (1, 3, 2), "two": (2, 1)}.items()
        },
    )
    wire = shop.wire(spec)
    holder = shop.connect()
    try:
        holder.cursor().execute("update stock set code = 'held' where id = 3")
        first = asyncio.create_task(wire.act(spec.actions["one"], {}))
        await _waiting(shop, 1)
        second = asyncio.create_task(wire.act(spec.actions["two"], {}))
        await _waiting(shop, 2)
        holder.commit()
        await asyncio.gather(first, second)
    finally:
        holder.close()
    assert shop.run("select version from stock order by id") == [(3,), (3,), (2,)]


async def _waiting(shop: Shop, count: int) -> None:
    """Returns when that many sessions wait for a lock."""
    query = {
        "postgresql": "select count(*) from pg_stat_activity"
        " where wait_event_type = 'Lock' and datname = current_database()",
        "mariadb": "select count(*) from information_schema.processlist where db = database() and state = 'Updating'"
        " and time_ms > 50",
    }[shop.kind]
    await until(lambda: bool(shop.run(query)[0][0] >= count))


async def test_a_database_that_is_not_there_is_told_so(shop: Shop, tmp_path: Path) -> None:
    """No connection is dependency_down with nothing applied; a file that is missing does not load."""
    if shop.kind == "sqlite":
        with pytest.raises(UserError, match="there is no file"):
            shop.wire(shop.specification(url=f"sqlite:///{tmp_path}/nowhere.sqlite"))
        assert not (tmp_path / "nowhere.sqlite").exists()
        return
    with Cut(shop.target, b"-", passes=False) as cut:
        gone = _through(shop, cut)
    spec = shop.specification(url=gone, actions=ADDS, retry={"tries": 1})
    wire = shop.wire(spec)
    for call in (wire.act(spec.actions["add"], {"id": 1, "said": "x"}), wire.health(), ask(wire, spec, "all_stock")):
        with pytest.raises(Failed) as caught:
            await call
        assert (caught.value.error_class, caught.value.applied) == ("dependency_down", False)


async def test_calls_side_by_side_share_few_connections(shop: Shop) -> None:
    """No more connections than the declared concurrency are open, however many calls run."""
    spec = shop.specification(limits={"concurrency": 2})
    wire = shop.wire(spec)
    answers = await asyncio.gather(*(ask(wire, spec, "all_stock") for _ in range(20)))
    assert {len(answer.rows) for answer in answers} == {3}
    assert 1 <= open_connections(wire).checkedin() <= 2


def _through(shop: Shop, cut: Cut) -> str:
    database = shop.url.split("?")[0].rsplit("/", 1)[1]
    user = shop.url.split("//")[1].split("/")[0].split("@")[0] + "@" if shop.kind == "postgresql" else ""
    return f"{shop.kind}://{user}127.0.0.1:{cut.port}/{database}"


async def test_an_interrupt_that_came_too_early_comes_again(shop: Shop) -> None:
    """P3: a call is ended until it has ended, so that none that was cancelled before it began keeps its connection."""
    spec = shop.specification(
        reads={**read_of(SLOW[shop.kind]), "all_stock": {"sql": "select id from stock"}}, limits={"concurrency": 1}
    )
    wire = shop.wire(spec)
    taken = 0
    held: list[sql_pool.Work] = []
    hold = sql_pool.Work.hold

    def holds(work: sql_pool.Work, connection: Connection) -> None:
        hold(work, connection)
        held.append(work)

    def late(raw: object) -> None:
        nonlocal taken
        taken += 1
        if taken > 1:  # the first one is lost, as by a statement that has not begun
            break_off(raw)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("bridgehead.connectors.sql_pool.break_off", late)
        patch.setattr(sql_pool.Work, "hold", holds)
        task = asyncio.create_task(ask(wire, spec, "wanted"))
        await until(lambda: bool(held))
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert len((await ask(wire, spec, "all_stock")).rows) == 3
    assert taken > 1
