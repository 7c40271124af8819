from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from pydantic import JsonValue

from bridgehead.clock import utc_now
from bridgehead.connectors.document import Specification
from bridgehead.connectors.opening import open_connector
from bridgehead.connectors.ports import Answer
from bridgehead.connectors.references import Redactor
from bridgehead.connectors.sql_wire import SqlWire
from bridgehead.errors import Failed, UserError
from tests.docs import tree
from tests.docs.walk import Written, steps
from tests.support.foreign_sql import PASSWORD, Cut, Shop, mariadb_shop, sqlite_shop, until
from tests.support.mariadb import Legacy, MariaDB, Replica, start


@pytest.fixture
async def file_shop(tmp_path: Path) -> AsyncIterator[Shop]:
    """Gives the shop in a file."""
    made = sqlite_shop(tmp_path)
    yield made
    for wire in made.wires:
        await wire.aclose()


@pytest.fixture
async def server_shop(
    mariadb_server: MariaDB, monkeypatch: pytest.MonkeyPatch, _counter: list[int]
) -> AsyncIterator[Shop]:
    """Gives the shop in MariaDB."""
    monkeypatch.setenv("SHOP_PASSWORD", PASSWORD)
    _counter[0] += 1
    with mariadb_shop(mariadb_server, f"shop_{_counter[0]}") as made:
        yield made
        for wire in made.wires:
            await wire.aclose()


async def ask(wire: SqlWire, spec: Specification, name: str, *, primary: bool = False, **values: object) -> Answer:
    """Asks one read of the entity `stock`."""
    entity = spec.entities["stock"]
    return await wire.read(entity, entity.reads[name], values, primary=primary)


# --- where it leads


@pytest.mark.parametrize(
    "url, connection, code",
    [
        ("postgresql://u:hidden-one@h/d", {}, "connector.url"),
        ("postgresql://h/d?password=hidden-one", {}, "connector.url"),
        ("postgresql://h/d?service=x", {}, "connector.url"),
        ("mysql://h/d?init_command=hidden-one", {}, "connector.url"),
        ("no url hidden-one", {}, "connector.url"),
        ("postgresql://elsewhere/d", {"hosts": ["db.example"]}, "connector.host"),
        ("postgresql://db.example/d?host=elsewhere", {"hosts": ["db.example"]}, "connector.host"),
        ("postgresql://db.example,elsewhere/d", {"hosts": ["db.example"]}, "connector.host"),
        ("postgresql://db.example:5433/d", {"hosts": ["db.example:5432"]}, "connector.host"),
        ("postgresql:///d?host=/run/pg", {"hosts": ["db.example"]}, "connector.host"),
        ("frob://h/d", {}, "connector.extra"),
        ("mysql+frob://h/d", {}, "connector.extra"),
        ("postgresql://h/d", {"tls": {"ca": "nowhere.pem"}}, "connector.tls"),
        ("sqlite:///shop.sqlite", {"tls": {}}, "connector.tls"),
    ],
)
def test_a_url_that_leads_elsewhere_is_refused(
    file_shop: Shop, tmp_path: Path, url: str, connection: dict[str, JsonValue], code: str
) -> None:
    """A URL with a secret, to a host that is not listed, or with settings from elsewhere does not open."""
    with pytest.raises(UserError) as caught:
        SqlWire(
            file_shop.specification(url=url, connection=connection),
            folder=tmp_path, limits=file_shop.limits, redactor=Redactor(),
        )  # fmt: skip
    assert caught.value.code == code
    assert "hidden-one" not in str(caught.value)


@pytest.mark.parametrize(
    "url, hosts",
    [
        ("postgresql://db.example/d", ["db.example"]),
        ("postgresql://DB.example:5433/d", ["db.example:5433"]),
        ("postgresql:///d?host=/run/pg", ["localhost"]),
        ("mysql://db.example/d", []),
    ],
)
async def test_a_listed_host_may_be_reached(file_shop: Shop, url: str, hosts: list[JsonValue]) -> None:
    """A host that is listed, with its port or without, opens; nothing is connected for it."""
    file_shop.wire(file_shop.specification(url=url, connection={"hosts": hosts}))


def test_without_the_extra_the_way_to_it_is_told() -> None:
    """Without SQLAlchemy the connector says what to install, and the room is imported all the same."""
    script = (
        "import sys; sys.modules['sqlalchemy'] = None\n"
        "from pathlib import Path\n"
        "from bridgehead.connectors.document import Specification\n"
        "from bridgehead.connectors.references import Redactor\n"
        "from bridgehead.connectors.sql_wire import SqlWire\n"
        "from bridgehead.errors import UserError\n"
        "spec = {'connector': 'x', 'kind': 'sql', 'connection': {'url': 'sqlite:///x.db'}}\n"
        "try: SqlWire(Specification.model_validate(spec), folder=Path(), limits=None, redactor=Redactor())\n"
        "except UserError as error: print(error.code, error.hint)\n"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=60)
    assert ran.stdout.strip() == "connector.extra Install it: pip install 'bridgehead[sql]'", ran.stderr


async def test_a_wrong_password_is_told_without_it(server_shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """A refused login is auth_expired with nothing applied, and shows no password; the next call reads it anew."""
    spec = server_shop.specification(retry={"tries": 1})
    wire = server_shop.wire(spec)
    monkeypatch.setenv("SHOP_PASSWORD", "wrong-password-1")
    with pytest.raises(Failed) as caught:
        await ask(wire, spec, "all_stock")
    assert (caught.value.error_class, caught.value.applied) == ("auth_expired", False)
    assert "wrong-password-1" not in f"{caught.value!r} {caught.value.attributes}"
    monkeypatch.delenv("SHOP_PASSWORD")
    with pytest.raises(Failed, match="SHOP_PASSWORD"):
        await ask(wire, spec, "all_stock")
    monkeypatch.setenv("SHOP_PASSWORD", PASSWORD)
    assert len((await ask(wire, spec, "all_stock")).rows) == 3


# --- a copy


class Copied:
    """A shop with a copy whose lag a test sets."""

    def __init__(self, main: Shop, copy: Shop) -> None:
        self.main, self.copy = main, copy
        copy.run("create table lag (seconds numeric)", "delete from stock where id > 1")
        self.spec = main.specification(
            connection={"replica": {"url": copy.url, "lag": "select seconds from lag", "max_lag": "30s"}}
        )
        self.wire = main.wire(self.spec)

    def set_lag(self, lag: str) -> None:
        """Writes how far the copy says it is behind."""
        self.copy.run("delete from lag", f"insert into lag values ({lag})")


@pytest.fixture
def copied(file_shop: Shop, tmp_path: Path) -> Copied:
    """Gives a shop with a copy that holds one row of three."""
    (tmp_path / "copy").mkdir()
    return Copied(file_shop, sqlite_shop(tmp_path / "copy"))


async def test_a_fresh_copy_answers(copied: Copied) -> None:
    """A copy that is near enough answers, and the answer says so and how old it is."""
    copied.set_lag("12")
    answer = await ask(copied.wire, copied.spec, "all_stock")
    assert (len(answer.rows), answer.copy, answer.asked) == (1, True, 1)
    assert answer.source_time is not None
    assert timedelta(seconds=11) < utc_now() - answer.source_time < timedelta(seconds=20)
    whole = await ask(copied.wire, copied.spec, "all_stock", primary=True)
    assert (len(whole.rows), whole.copy, whole.source_time) == (3, False, None)
    assert copied.wire.extra_reads == 0


@pytest.mark.parametrize("lag", ["31", "null", "'soon'", "-60", None])
async def test_a_copy_that_lags_is_passed_over(copied: Copied, lag: str | None) -> None:
    """A lag that is too great, NULL, no number or absent sends the read to the primary, and that is counted."""
    if lag is not None:
        copied.set_lag(lag)
    for count in (1, 2):
        answer = await ask(copied.wire, copied.spec, "all_stock")
        assert (len(answer.rows), answer.copy, answer.asked) == (3, False, 2)
        assert copied.wire.extra_reads == count


async def test_a_copy_that_fails_is_passed_over(copied: Copied) -> None:
    """A copy whose lag cannot be asked is no reason to fail."""
    copied.copy.run("drop table lag")
    answer = await ask(copied.wire, copied.spec, "all_stock")
    assert (len(answer.rows), answer.copy) == (3, False)


async def test_a_real_copy_that_is_held_is_passed_over(
    legacy: Legacy, replica: Replica, monkeypatch: pytest.MonkeyPatch, file_shop: Shop
) -> None:
    """A MariaDB replica answers while the clock that is replicated with it runs, and not when it is held back."""
    monkeypatch.setenv("SHOP_PASSWORD", "nur;lesen@1")
    lag = "SELECT TIMESTAMPDIFF(SECOND, STR_TO_DATE(CONCAT(TDAT, TZEIT), '%Y%m%d%H%i%s'), NOW()) FROM TAKT"
    main = f"mariadb://127.0.0.1:{legacy.server.port}/{legacy.database}"
    spec = file_shop.specification(
        url=main,
        auth={"basic": {"user": "lesen", "password": "env:SHOP_PASSWORD"}},
        connection={
            "replica": {
                "url": f"mariadb://127.0.0.1:{replica.server.port}/{replica.database}", "lag": lag, "max_lag": "20s",
            }
        },
        reads={"beat": {"sql": "SELECT LFD AS id, TDAT AS code, @@server_id AS server FROM TAKT"}},
    )  # fmt: skip
    legacy.beat()
    replica.catch_up()
    wire = file_shop.wire(spec)
    fresh = await ask(wire, spec, "beat")
    assert (fresh.copy, [row["server"] for row in fresh.rows]) == (True, [2])
    replica.hold()
    legacy.change("UPDATE TAKT SET TZEIT = '000000', TDAT = '20200101'")
    replica.release()
    late = file_shop.wire(spec)
    stale = await ask(late, spec, "beat")
    assert (stale.copy, [row["server"] for row in stale.rows], late.extra_reads) == (False, [1], 1)


# --- a warehouse


@pytest.fixture
def warehouse(tmp_path: Path) -> Path:
    """Gives a DuckDB file with one table."""
    path = tmp_path / "warehouse.duckdb"
    with duckdb.connect(str(path)) as conn:
        conn.execute("create table sales (id integer, code varchar, total decimal(12, 2), day date, sold timestamp)")
        conn.execute(
            "insert into sales select i, 'C' || i, i * 1.25, date '2026-01-01' + i::integer,"
            " timestamp '2026-01-01 12:00:00' + to_hours(i) from range(1, 2001) r(i)"
        )
    return path


async def test_a_duckdb_warehouse_is_read(file_shop: Shop, warehouse: Path) -> None:
    """A DuckDB file is read by typed arguments, whole or not at all, and neither written nor left."""
    spec = file_shop.specification(
        url=f"duckdb:///{warehouse}",
        reads={
            "sales": {
                "params": {"codes": ["code"], "since": "datetime?"},
                "sql": "select * from sales where code in :codes and (:since is null or sold >= :since) order by id",
            },
            "all_sales": {"sql": "select id from sales"},
            "passwords": {"sql": "select * from read_csv('/etc/passwd')"},
        },
    )
    wire = file_shop.wire(spec)
    answer = await ask(wire, spec, "sales", codes=("C1", "C2", "C3"), since=datetime(2026, 1, 1, 14, tzinfo=UTC))
    assert [(row["id"], str(row["total"])) for row in answer.rows] == [(2, "2.50"), (3, "3.75")]
    assert (await ask(wire, spec, "sales", codes=())).rows == []
    assert len((await ask(wire, spec, "all_sales")).rows) == 2000
    with pytest.raises(Failed):
        await ask(wire, spec, "passwords")
    with pytest.raises(UserError, match="only read"):
        file_shop.wire(
            file_shop.specification(
                url=f"duckdb:///{warehouse}", actions={"a": {"sql": [{"sql": "delete from sales"}]}}
            )
        )


# --- MariaDB's own ways


WAWI = (
    "create table ARTST (ARTNR char(8), LPREIS char(9), PE char(1))",
    "insert into ARTST values ('A-1', '5,20', ''), ('A-2', '5,20', 'H')",
    """create table AUFTRAG (AUFNR int auto_increment primary key, KDNR char(8), BESTTEXT varchar(60), POS varchar(200),
        TAG char(8), STAT char(1) default 'E')""",
    """create procedure AUFANL(kd char(8), ref varchar(60), tag char(8), pos varchar(200), out nr int)
        begin insert into AUFTRAG (KDNR, BESTTEXT, POS, TAG) values (kd, ref, pos, tag);
        set nr = last_insert_id(); end""",
    "create procedure AUFSTO(nr int) update AUFTRAG set STAT = 'S' where AUFNR = nr",
)


async def test_the_guides_procedures_book(server_shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The guide's connector asks by a list, books through a procedure with an OUT parameter once, and cancels."""
    (text,) = (one.text for one in steps(tree.page("howto/connect-a-database.md")) if isinstance(one, Written)
               and one.name == "wawi.yaml")  # fmt: skip
    file = tmp_path / "wawi.yaml"
    user = server_shop.url.rpartition("/")[2]
    file.write_text(text.replace("user: auftrag", f"user: {user}"))
    server_shop.run(*WAWI)
    monkeypatch.setenv("WAWI_URL", server_shop.url)
    monkeypatch.setenv("WAWI_PASSWORD", PASSWORD)
    wawi = open_connector(file)
    try:
        found = await wawi.read("items", {"numbers": ["A-1", "A-2"]})
        prices = {one["number"]: str(one["price"]) for one in map(dict, found.records)}
        assert prices == {"A-1": "5.20 EUR", "A-2": "0.052 EUR"}
        order = {"customer": "7", "reference": "PO-1", "day": date(2026, 3, 5), "lines": [
            {"item": "A-1", "quantity": Decimal("2.5")}, {"item": "A-2", "quantity": Decimal(1)}]}  # fmt: skip
        made = [await wawi.act("book_order", order, key="one") for _ in range(2)]
        assert [getattr(one, "number", None) for one in made] == ["1", "1"]
        assert server_shop.run("select POS, TAG from AUFTRAG") == [("A-1;2,5|A-2;1", "05032026")]
        gone = await wawi.act("cancel_order", {"number": "1"}, key="two")
        assert getattr(gone, "status", None) == "cancelled"
    finally:
        await wawi.aclose()


@pytest.mark.parametrize(
    "wrong",
    [
        "convert('a' using utf8mb4) collate utf8mb4_bin = convert('a' using utf8mb4) collate utf8mb4_german2_ci",
        "json_table('[', '$[*]' columns (n int path '$')) is null",
        "id in (select id from stock limit 1)",
        "procedure_that_is_not_there(1) = 1",
        "id = (select id, id from stock)",
    ],
)
async def test_a_mistake_in_a_statement_is_no_outage(server_shop: Shop, wrong: str) -> None:
    """What MariaDB cannot make sense of is invalid input, in reads and actions: asking again would not help."""
    found = f"select id from stock where {wrong}"
    actions: dict[str, JsonValue] = {"add": {"sql": [{"sql": f"delete from stock where {wrong}"}]}}
    spec = server_shop.specification(reads={"wanted": {"sql": found}}, actions=actions)
    wire = server_shop.wire(spec)
    with pytest.raises(Failed) as caught:
        await wire.read(spec.entities["stock"], spec.entities["stock"].reads["wanted"], {})
    assert caught.value.error_class == "invalid_input", caught.value
    with pytest.raises(Failed) as caught:
        await wire.act(spec.actions["add"], {})
    assert (caught.value.error_class, caught.value.applied) == ("invalid_input", False)


async def test_results_of_a_procedure_are_read_to_the_end(server_shop: Shop) -> None:
    """OUT parameters are taken by session variables; an error behind two result sets is not lost."""
    server_shop.run(
        "create procedure ok(in p int, out n int) begin select 1 as a; select 2 as b; set n = p + 1; end",
        "create procedure bad(in p int) begin select 1 as a; select 2 as b;"
        " signal sqlstate '45123' set message_text = 'no more of 4711-x'; end",
    )
    spec = server_shop.specification(
        actions={
            "ok": {
                "params": {"p": "integer"},
                "sql": [{"sql": "CALL ok(:p, @n)"}, {"sql": "SELECT @n AS done", "take": True}],
            },
            "bad": {"params": {"p": "integer", "x": "text"}, "sql": [{"sql": "CALL bad(:p)"}]},
        }
    )  # fmt: skip
    wire = server_shop.wire(spec)
    assert (await wire.act(spec.actions["ok"], {"p": 6})).body == {"done": 7}
    with pytest.raises(Failed, match=r"no more of \(hidden\)") as caught:
        await wire.act(spec.actions["bad"], {"p": 1, "x": "4711-x"})
    assert (caught.value.error_class, caught.value.applied) == ("invalid_input", False)
    assert caught.value.attributes["sqlstate"] == "45123"


async def test_a_procedure_that_committed_is_not_called_undone(server_shop: Shop) -> None:
    """An error of a procedure that committed before leaves open whether something stays, and something does."""
    server_shop.run(
        "create procedure half() begin start transaction; insert into log values (1, 'kept'); commit;"
        " signal sqlstate '45001' set message_text = 'then it failed'; end"
    )
    calls: JsonValue = {"half": {"sql": [{"sql": "CALL half()"}]}}
    promised: list[JsonValue] = [{"sqlstate": "45%", "error": "conflict", "applied": False}]
    for rules, applied in (([], None), (promised, False)):
        server_shop.run("delete from log")
        spec = server_shop.specification(actions=calls, errors=rules)
        with pytest.raises(Failed) as caught:
            await server_shop.wire(spec).act(spec.actions["half"], {})
        assert caught.value.applied is applied
        assert server_shop.run("select said from log") == [("kept",)]


async def test_a_lost_call_of_a_procedure_is_left_open(server_shop: Shop) -> None:
    """A connection that ends in a procedure leaves open what it did, for it may have committed itself."""
    server_shop.run("create procedure keep() begin insert into log values (1, 'kept'); commit; end")
    with Cut(server_shop.target, b"call keep", passes=True) as cut:
        url = server_shop.url.replace(f":{server_shop.target[1]}/", f":{cut.port}/")
        spec = server_shop.specification(url=url, actions={"keep": {"sql": [{"sql": "CALL keep()"}]}})
        with pytest.raises(Failed) as caught:
            await server_shop.wire(spec).act(spec.actions["keep"], {})
    assert (caught.value.applied, cut.cuts) == (None, 1)
    assert server_shop.run("select said from log") == [("kept",)]


async def test_a_table_without_transactions_is_not_called_undone(server_shop: Shop) -> None:
    """What was written to a MyISAM table stays after a rollback, and the failure does not claim otherwise."""
    server_shop.run("create table notes (id int primary key, said varchar(40)) engine=MyISAM")
    spec = server_shop.specification(
        actions={
            "note": {
                "params": {},
                "sql": [
                    {"sql": "insert into notes values (1, 'stays')"},
                    {"sql": "update stock set version = 2 where id = 99", "rows": 1},
                ],
            }
        }
    )
    with pytest.raises(Failed) as caught:
        await server_shop.wire(spec).act(spec.actions["note"], {})
    assert (caught.value.error_class, caught.value.applied) == ("conflict", None)
    assert server_shop.run("select said from notes") == [("stays",)]


async def test_a_letter_that_the_column_lacks_is_refused(server_shop: Shop) -> None:
    """A text that a column's encoding cannot hold is invalid input, though the server would put question marks."""
    assert server_shop.run("select @@sql_mode") == [("NO_ENGINE_SUBSTITUTION",)]
    spec = server_shop.specification(
        actions={
            "add": {
                "params": {"said": "text"},
                "sql": [
                    {"sql": "insert into log values (1, :said)"},
                    {"sql": "select said as done from log", "take": True},
                ],
            }
        }
    )
    wire = server_shop.wire(spec)
    with pytest.raises(Failed) as caught:
        await wire.act(spec.actions["add"], {"said": "Łódź"})
    assert (caught.value.error_class, caught.value.applied) == ("invalid_input", False)
    assert (await wire.act(spec.actions["add"], {"said": "Köln – 5 €"})).body == {"done": "Köln – 5 €"}


@pytest.fixture
def own_server() -> Iterator[MariaDB]:
    """Gives a MariaDB that a test may kill."""
    server = start(server_id=3)
    try:
        yield server
    finally:
        server.stop()


async def test_a_server_killed_in_mid_transaction_left_nothing(
    own_server: MariaDB, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that is killed before COMMIT was sent has applied nothing, and the wire finds the next one by itself."""
    monkeypatch.setenv("SHOP_PASSWORD", PASSWORD)
    with mariadb_shop(own_server, "shop") as shop:
        spec = shop.specification(
            actions={
                "add": {
                    "sql": [
                        {"sql": "insert into log values (1, 'x')"},
                        {"sql": "select sleep(30) as done", "take": True},
                    ]
                }
            },
            connection={"timeout": "20s"},
            retry={"tries": 1},
        )
        wire = shop.wire(spec)
        task = asyncio.create_task(wire.act(spec.actions["add"], {}))
        await until(lambda: bool(shop.run("select 1 from information_schema.processlist where state = 'User sleep'")))
        own_server.process.kill()
        with pytest.raises(Failed) as caught:
            await task
        own_server.process.wait()
        assert (caught.value.error_class, caught.value.applied) == ("dependency_down", False)
        await wire.aclose()
