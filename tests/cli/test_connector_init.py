"""``connector init``: a file that loads and reads right, from what a real system says of itself."""

from __future__ import annotations

import asyncio
import json
import re
import sys
from pathlib import Path

import pytest
import typer

from bridgehead.cli import connector_init
from bridgehead.connectors.load import load_specification
from bridgehead.connectors.opening import open_connector
from tests.cli.calls import Cli
from tests.support.dovecot import Dovecot, dovecot
from tests.support.mariadb import Legacy
from tests.unit.erp.running import RunningErp

__all__ = ["dovecot"]
SECRET = "auftrag#2"
LINE = {"line": 1, "item": "A-1", "quantity": "20", "unit": "C62", "price": "3.10", "date": "2026-11-30", "code": "IA"}


@pytest.fixture
def line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Cli:
    """Gives the command line, called from this test's folder; no database of ours is needed."""
    monkeypatch.chdir(tmp_path)
    return Cli(tmp_path, monkeypatch, capsys)


async def _whole(file: Path) -> dict[str, int]:
    connector = open_connector(file)
    try:
        free = [name for name, (_, _, read) in connector.reads.items() if not read.params]
        return {name: len((await connector.read(name, {})).records) for name in free}
    finally:
        await connector.aclose()


def whole(file: Path) -> dict[str, int]:
    """Returns how many records each read brings that needs no argument; all of them must map."""
    return asyncio.run(_whole(file))


def records(line: Cli, file: Path, *arguments: str) -> int:
    """Tries a read and returns how many records it brought; all of them must map."""
    return int(line.ok("connector", "try", file, *arguments, "--json").json["records"])


def test_the_demo_erp_is_connected_by_its_own_document(
    line: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """With one answer, what is proposed for the ERP reads its records and books an order once."""
    erp = RunningErp(tmp_path_factory.mktemp("erp"))
    erp.start()
    try:
        done = line.ok("connector", "init", "erp", "--openapi", f"{erp.url}/openapi.json")
        assert "ERP_SECRET" in done.out
        file = tmp_path / "erp.yaml"
        text = file.read_text()
        assert "# ASK: By which name does the system know us (client_id)?" in text
        file.write_text(text.replace("client_id: erp", "client_id: bridgehead"))
        monkeypatch.setenv("ERP_SECRET", erp.secret)
        assert records(line, file, "get_customer", "number=C100") == 1
        assert records(line, file, "list_items") > 1
        assert records(line, file, "search_items", 'numbers=["A-1", "A-2"]') == 2
        order = [
            "customer=C100", "po_number=4500099", "order_date=2026-11-02", "currency=EUR", "ship_to=C100-1",
            "header_code=AD", "total=62.00",
            f"lines={json.dumps(LINE)}",
        ]  # fmt: skip
        first = line.ok("connector", "try", file, "book_order", *order, "--send", "--yes", "--json").json
        second = line.ok("connector", "try", file, "book_order", *order, "--send", "--yes", "--json").json
        assert (first["sent"], second["sent"], second["there_already"]) == (True, False, True)
        assert first["result"]["order_number"] == second["result"]["order_number"]
        number = f"number={first['result']['order_number']}"
        assert line.ok("connector", "try", file, "cancel_order", number, "--send", "--yes", "--json").json["sent"]
        assert records(line, file, "find_orders", "po_number=4500099") == 1
    finally:
        erp.stop()


def test_a_foreign_order_database_is_connected(line: Cli, tmp_path: Path, northwind: str) -> None:
    """Every table of a database that nobody prepared is read whole by what is proposed for it."""
    line.ok("connector", "init", "northwind", "--database", northwind)
    file = tmp_path / "northwind.yaml"
    found = whole(file)
    assert found["all_customers"] > 80
    assert found["all_order_details"] > 2_000
    order = line.ok("connector", "try", file, "get_order", "order_id=10248", "--json").json
    assert len(order["filled"]["order_details"][0]) == 3
    text = file.read_text()
    before = "quantity: {from: Quantity, type: integer"
    file.write_text(text.replace(before, f"{before}, label: x"))
    hidden = line.ok("connector", "try", file, "get_order", "order_id=10248", "--json").json
    assert {one["quantity"] for one in hidden["filled"]["order_details"][0]} == {"(hidden)"}
    spec = load_specification(file)
    assert spec.entities["order"].fields["order_date"].type == "date"
    assert spec.entities["customer"].fields["phone"].label == "personal"
    assert "ASK: In which currency is Orders.Freight?" in file.read_text()


def test_an_awkward_database_is_connected(
    line: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, legacy: Legacy
) -> None:
    """Every row of every table of the old order desk maps, and the password stays out of file and terminal."""
    monkeypatch.setenv("DESK_URL", legacy.url("auftrag"))
    done = line.ok("connector", "init", "wawi", "--database", "env:DESK_URL")
    assert "WAWI_PASSWORD" in done.out
    file = tmp_path / "wawi.yaml"
    text = file.read_text()
    for said in (text, done.out, done.err):
        assert SECRET not in said
        assert "auftrag%232" not in said
    monkeypatch.setenv("WAWI_PASSWORD", SECRET)
    tables = {name.removeprefix("all_").upper(): count for name, count in whole(file).items()}
    assert {name: legacy.rows(f"SELECT COUNT(*) FROM {name}")[0][0] for name in tables} == tables
    assert len(tables) == 14
    fields = load_specification(file).entities["kunst"].fields
    assert fields["krlim"].model_dump(include={"type", "decimal", "sign", "currency"}) == {
        "type": "money", "decimal": "comma", "sign": "trailing", "currency": "WAEHR",
    }  # fmt: skip
    assert (fields["sperr"].type, fields["sperr"].true) == ("boolean", ("J",))
    assert fields["anldat"].format == ("%d%m%Y", "%d%m%y")
    assert fields["aendat"].from_ == ["AENDAT", "AENZEIT"]
    assert load_specification(file).entities["artst"].fields["bez2"].encoding == "cp1252>utf-8?"
    assert "ASK: ARTST.LPREIS is whole and named like an amount" in text
    assert "procedure AUFANL" in text


def test_a_password_on_the_command_line_is_taken_out(line: Cli, tmp_path: Path, legacy: Legacy) -> None:
    """A URL with a password works once, warns that everybody could see it, and leaves none of it in the file."""
    done = line.ok(
        "connector", "init", "wawi", "--database", legacy.url("auftrag"), "--table", "KUNST", "--table", "komm"
    )
    assert "seen by every user of this machine" in done.err
    text = (tmp_path / "wawi.yaml").read_text()
    assert "auftrag%232" not in text
    assert SECRET not in text
    assert list(load_specification(tmp_path / "wawi.yaml").entities) == ["kunst", "komm"]


def test_a_wrong_password_is_not_shown(line: Cli, legacy: Legacy) -> None:
    """A database that refuses is named with what to check, and the password is in nothing that is printed."""
    url = re.sub(r"://[^@]*@", "://auftrag:geheim-99@", legacy.url("auftrag"))
    done = line("connector", "init", "wawi", "--database", url)
    assert done.code == 2
    assert "connector.database" in done.err
    assert "geheim-99" not in done.out + done.err


def test_a_file_is_never_overwritten(line: Cli, tmp_path: Path, northwind: str) -> None:
    """A file that exists is kept unless --force says otherwise, and a proposal that fails leaves nothing behind."""
    (tmp_path / "n.yaml").write_text("mine")
    done = line("connector", "init", "n", "--database", northwind)
    assert (done.code, (tmp_path / "n.yaml").read_text()) == (2, "mine")
    assert "--force" in done.err
    line.ok("connector", "init", "n", "--database", northwind, "--force", "--table", "Customers")
    assert load_specification(tmp_path / "n.yaml").connector == "n"
    assert line("connector", "init", "m", "--database", northwind, "--table", "Custmers").code == 2
    assert {one.name for one in tmp_path.iterdir() if "yaml" in one.name} == {"n.yaml"}


def test_a_person_is_asked(line: Cli, tmp_path: Path, northwind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal each question is put once; an answer goes into the file, ? leaves it open."""
    said = {"How old may a value be when it is acted on?": "1h", "In which currency is Products.UnitPrice?": "3"}
    asked: list[str] = []
    notes: list[str] = []

    def prompt(_text: str, *, default: str, **_: object) -> str:
        asked.append(
            notes[-1] if not notes[-1].startswith("  ") else next(one for one in reversed(notes) if one[0] != " ")
        )
        return said.get(asked[-1], "?")

    monkeypatch.setattr(connector_init, "note", notes.append)
    monkeypatch.setattr(typer, "prompt", prompt)
    monkeypatch.setattr(sys, "stdin", type("Terminal", (), {"isatty": lambda _: True})())
    connector_init.init("n", database=northwind, table=["Products"])
    assert len(asked) == len(set(asked)) == 3
    products = load_specification(tmp_path / "n.yaml").entities["product"]
    assert products.max_age == 3600
    assert (products.fields["unit_price"].type, products.fields["unit_price"].currency) == ("money", "USD")
    assert (tmp_path / "n.yaml").read_text().count("# ASK") == 1


def test_a_mailbox_is_connected(line: Cli, tmp_path: Path, dovecot: Dovecot) -> None:
    """What an IMAP server can decides what becomes of mails; nobody logs in for it."""
    done = line.ok("connector", "init", "inbox", "--mail", f"imap://127.0.0.1:{dovecot.port}")
    spec = load_specification(tmp_path / "inbox.yaml")
    assert spec.intake is not None
    assert spec.intake.mail is not None
    assert (spec.intake.mail.move_to, spec.intake.mail.flag) == ("Stored", None)
    assert "INBOX_PASSWORD" in done.out


@pytest.mark.parametrize(
    "arguments, code",
    [
        (["Erp", "--openapi", "x"], "init.name"),
        (["erp"], "init.source"),
        (["erp", "--openapi", "missing.json"], "connector.openapi"),
        (["erp", "--openapi", "http://127.0.0.1:9/x"], "connector.openapi"),
        (["erp", "--database", "env:NOT_THERE"], "connector.setting"),
        (["erp", "--database", "nonsense"], "connector.url"),
        (["erp", "--database", "sqlite:///missing.db"], "connector.url"),
        (["erp", "--mail", "http://x"], "connector.url"),
        (["erp", "--mail", "imap://127.0.0.1:9"], "connector.mailbox"),
    ],
)
def test_wrong_use_is_named(line: Cli, tmp_path: Path, arguments: list[str], code: str) -> None:
    """A source that is none, or does not answer, is an error with a hint, and no file is written."""
    done = line("connector", "init", *arguments)
    assert done.code == 2
    assert f"({code})" in done.err
    assert not list(tmp_path.glob("*yaml*"))
