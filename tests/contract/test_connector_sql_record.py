"""Recordings of a database: made on a real one, played without one, failing at connect, statement and COMMIT."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from bridgehead.connectors.proving.prove import prove
from bridgehead.connectors.proving.record import record
from bridgehead.connectors.proving.verdict import Proof
from bridgehead.errors import UserError
from bridgehead.spec.tool import JSON
from tests.support.desk import LINES, make_desk, record_desk
from tests.support.foreign_sql import PASSWORD, mariadb_shop, postgresql_shop

SPEC = Path("tests/support/connectors/desk.yaml")


@pytest.fixture
def spec(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Gives a specification beside its database."""
    monkeypatch.setenv("DESK_URL", make_desk(tmp_path))
    return Path(shutil.copy(SPEC, tmp_path / "desk.yaml"))


@pytest.fixture
async def recorded(spec: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Gives the specification with all its recordings, and no database any more."""
    await record_desk(spec)
    (spec.parent / "desk.sqlite").rename(spec.parent / "was.sqlite")
    monkeypatch.delenv("DESK_URL")
    return spec


def missing(proof: Proof) -> dict[str, str]:
    """Returns what is not proved, with the reason."""
    return {f"{one.tool}:{one.behaviour}": one.why for one in proof.verdicts if one.state == "not proved"}


async def test_a_recorded_database_is_proved(recorded: Path) -> None:
    """All that applies to reads and transactions is proved, from a file without labelled and unmapped values."""
    text = (recorded.parent / "desk.recorded.yaml").read_text(encoding="utf-8")
    assert not [value for value in ("Rheinwerk", "Northfield", "5000.5", "zahlt", "desk.sqlite") if value in text]
    assert "statement: COMMIT" in text
    with closing(sqlite3.connect(recorded.parent / "was.sqlite")) as database:
        assert database.execute("select stand from auftraege where bestellnr = 'PO-1'").fetchall() == [("S",)]
        assert database.execute("select count(*) from positionen").fetchone() == (2,)
    proof = await prove(recorded)
    assert missing(proof) == {}
    done = {f"{one.tool}:{one.behaviour}" for one in proof.verdicts if one.state == "proved"}
    assert {"book_order:lost_reply", "book_order:undo", "cancel_order:compare_and_set", "find_orders:not_whole"} <= done


def edit(path: Path, old: str, new: str) -> None:
    """Exchanges a text in a file, which must stand there."""
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


@pytest.mark.parametrize(
    "old, new, culprit",
    [
        ("seit, type: date, format", "seid, type: date, format", "find_customers:recorded"),
        ("{from: kdnr, type: code}", "{from: name1, type: code}", "find_customers:recorded"),
        ("    key: number\n    max_age: 1m", "    key: customer\n    max_age: 1m", "find_orders:recorded"),
        ("    max_age: 1m\n", "", "find_orders:stale"),
        ("        complete: {count: total}\n      get_order", "      get_order", "find_orders:not_whole"),
        ("ORDER BY kdnr", "ORDER BY name1", "find_customers:recorded"),
        ("AND stand = 'O'", "", "cancel_order:recorded"),
        ('      same: {total: "{total}"}\n', "", "book_order:other_content"),
    ],
)  # fmt: skip
async def test_an_edit_that_promises_less_fails(recorded: Path, old: str, new: str, culprit: str) -> None:
    """Breaking a mapping, a key, a statement or a check of a database's connector is named."""
    edit(recorded, old, new)
    found = missing(await prove(recorded))
    assert culprit in found, found


async def test_a_transaction_is_recorded_with_leave_and_once(spec: Path) -> None:
    """Without leave nothing is written; what is there already is refused, and the database keeps one."""
    given: dict[str, JSON] = {"customer": "20", "po_number": "PO-9", "lines": LINES, "total": "6.60"}
    with pytest.raises(UserError, match="not carried out"):
        await record(spec, "book_order", given)
    await record(spec, "book_order", given, write=True)
    with pytest.raises(UserError, match="there already"):
        await record(spec, "book_order", given, write=True)
    with closing(sqlite3.connect(spec.parent / "desk.sqlite")) as database:
        assert database.execute("select count(*) from auftraege where bestellnr = 'PO-9'").fetchone() == (1,)


STOCK = """\
connector: shop
kind: sql
connection: {url: "env:SHOP_URL", timeout: 5s}
entities:
  stock:
    key: id
    max_age: 1m
    fields:
      id: {from: id, type: integer}
      code: {from: code, type: code}
      price: {from: price, type: decimal, optional: true}
      born: {from: born, type: date, optional: true, label: confidential}
    reads:
      stock:
        params: {least: integer}
        sql: SELECT id, code, price, born, COUNT(*) OVER () AS total FROM stock WHERE id >= :least ORDER BY id
        complete: {count: total}
      by_code: {params: {code: code}, sql: "SELECT id, code, price, born, 1 AS total FROM stock WHERE code = :code",
        complete: {count: total}}
actions:
  add:
    effect: irreversible
    params: {id: integer, code: code, price: decimal, born: date}
    lookup: {read: by_code, with: {code: "{code}"}, same: {id: "{id}", price: "{price}"}}
    sql: [{sql: "INSERT INTO stock (id, code, price, born) VALUES (:id, :code, :price, :born)", rows: 1}]
    result: {read: by_code, with: {code: "{code}"}}
"""


@pytest.mark.parametrize("kind", ["postgresql", "mariadb"])
async def test_drivers_own_types_go_into_a_recording_and_back(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """Decimals, dates and NULL of PostgreSQL and MariaDB are recorded with the write that made them, and proved."""
    spec = tmp_path / "shop.yaml"
    with contextlib.ExitStack() as stack:
        if kind == "mariadb":
            shop = stack.enter_context(mariadb_shop(request.getfixturevalue("mariadb_server"), "rec_desk"))
            monkeypatch.setenv("SHOP_PASSWORD", PASSWORD)
            login = "auth: {basic: {user: rec_desk, password: 'env:SHOP_PASSWORD'}}\n"
        else:
            shop, login = postgresql_shop(request.getfixturevalue("database_url")), ""
        monkeypatch.setenv("SHOP_URL", shop.url)
        spec.write_text(STOCK + login, encoding="utf-8")
        await record(spec, "stock", {"least": 1})
        await record(spec, "by_code", {"code": "A-1"})
        await record(spec, "add", {"id": 9, "code": "N-9", "price": "4.20", "born": "2026-02-03"}, write=True)
        assert [str(value) for value in shop.run("select id, code, price, born from stock where id = 9")[0]] == [
            "9", "N-9", "4.20", "2026-02-03",
        ]  # fmt: skip
    monkeypatch.delenv("SHOP_URL")
    text = (tmp_path / "shop.recorded.yaml").read_text(encoding="utf-8")
    assert not [hidden for hidden in ("2026-01-31", "2026-02-03", PASSWORD) if hidden in text]
    assert "price: 10.50" in text
    proof = await prove(spec)
    assert set(missing(proof)) <= {"by_code:not_whole"}, missing(proof)
