"""``connector try`` and ``connector docs``: what a person sees of a system before an agent does."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.calls import Cli
from tests.unit.erp.running import RunningErp

SPECIFICATION = Path(__file__).parents[1] / "support" / "connectors" / "erp.yaml"
ORDER = [
    "customer=C100", "po_number=4500123", "order_date=2026-11-02", "currency=EUR", "ship_to=C100-1", "total=62.00",
]  # fmt: skip
LINE = {"line": 1, "item": "A-1", "quantity": "20", "unit": "C62", "price": "3.10", "date": "2026-11-30", "code": "IA"}


@pytest.fixture(scope="module")
def erp(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningErp]:
    """Gives a running ERP of this module's own."""
    erp = RunningErp(tmp_path_factory.mktemp("erp"))
    erp.start()
    try:
        yield erp
    finally:
        erp.stop()


@pytest.fixture
def line(erp: RunningErp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Cli:
    """Gives the command line beside a specification of the ERP."""
    monkeypatch.setenv("ERP_URL", erp.url)
    monkeypatch.setenv("ERP_TOKEN_URL", f"{erp.url}/oauth/token")
    monkeypatch.setenv("ERP_SECRET", erp.secret)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "erp.yaml").write_text(SPECIFICATION.read_text(encoding="utf-8"), encoding="utf-8")
    return Cli(tmp_path, monkeypatch, capsys)


def changed(tmp_path: Path, before: str, after: str) -> Path:
    """Returns the specification with one text exchanged."""
    text = SPECIFICATION.read_text(encoding="utf-8")
    assert before in text
    (tmp_path / "other.yaml").write_text(text.replace(before, after), encoding="utf-8")
    return tmp_path / "other.yaml"


def test_what_can_be_tried_is_listed(line: Cli) -> None:
    """Without a name, every read and action is listed with its arguments, and nothing is asked."""
    out = line.ok("connector", "try", "erp.yaml").out
    assert "find_customers" in out
    assert "action, irreversible" in out
    names = {one["name"] for one in line.ok("connector", "try", "erp.yaml", "--json").json["offers"]}
    assert names >= {"find_customers", "find_orders", "get_order", "book_order", "cancel_order"}


def test_each_field_stands_beside_what_was_sent(line: Cli) -> None:
    """A record is shown field by field: where it stood, what was sent, what it became, how; and its age and cost."""
    found = line.ok("connector", "try", "erp.yaml", "find_customers", "number=C100", "--json").json
    (record,) = found["shown"]
    fields = {one["field"]: one for one in record["fields"]}
    assert (fields["number"]["raw"], fields["number"]["mapped"]) == ("C100", "C100")
    assert fields["ship_tos.0.country"]["from"] == "country"
    assert fields["blocked"]["mapped"] is False
    assert "duns" in record["not_mapped"]
    assert (found["records"], found["requests"], found["source"]) == (1, 1, "erp.find_customers")
    assert 0 <= found["age_s"] < 60
    assert line.ok("connector", "try", "erp.yaml", "find_customers", "number=C100").out.startswith("field ")


def test_labelled_fields_are_hidden(line: Cli) -> None:
    """What carries a label is shown to nobody who did not say so, in tables and in JSON."""
    for more in ([], ["--json"]):
        hidden = line.ok("connector", "try", "erp.yaml", "find_customers", "number=C100", *more).out
        assert "(hidden)" in hidden
        assert "Rheinwerk" not in hidden
        assert "50000" not in hidden
        shown = line.ok("connector", "try", "erp.yaml", "find_customers", "number=C100", *more, "--show-personal").out
        assert "Rheinwerk" in shown


def test_a_field_that_does_not_fit_is_named(line: Cli, tmp_path: Path) -> None:
    """Every field that does not fit is marked in the record, with what was expected; the command fails."""
    spec = changed(tmp_path, "currency: {from: currency, type: code}", "currency: {from: currency, type: date}")
    done = line("connector", "try", spec, "find_customers", "number=C100", "--json")
    (record,) = done.json["shown"]
    wrong = {one["field"]: one["wrong"] for one in record["fields"] if one["wrong"]}
    assert done.code == 1
    assert list(wrong) == ["currency"]
    assert done.json["error"]["path"] == "currency"
    assert done.json["error"]["row"] == 1
    assert "✗ expected a date" in line("connector", "try", spec, "find_customers", "number=C100").out


def test_a_labelled_field_that_does_not_fit_stays_hidden(line: Cli, tmp_path: Path) -> None:
    """A wrong mapping of a personal field says what was expected and never what stood there."""
    spec = changed(tmp_path, "name: {from: name, label: personal}", "name: {from: name, type: date, label: personal}")
    done = line("connector", "try", spec, "find_customers", "number=C100")
    assert done.code == 1
    assert "expected a date" in done.out
    assert "Rheinwerk" not in done.out + done.err


def test_lists_show_their_first_records(line: Cli, tmp_path: Path) -> None:
    """A long list shows five records and says how many are left; --all shows every one."""
    spec = changed(tmp_path, "params: {customer: code,", 'params: {customer: "code?",')
    for number in range(6):
        book(line, f"45009{number}", send=True)
    first = line.ok("connector", "try", spec, "find_orders", "customer=C100", "--json").json
    every = line.ok("connector", "try", spec, "find_orders", "customer=C100", "--json", "--all").json
    assert len(first["shown"]) == 5
    assert len(every["shown"]) == every["records"] >= 6
    assert "more records: --all shows them" in line.ok("connector", "try", spec, "find_orders", "customer=C100").out


def book(line: Cli, number: str, *, send: bool) -> dict[str, object]:
    """Tries to book an order; returns what was printed."""
    order = [one for one in ORDER if not one.startswith("po_number")] + [f"po_number={number}"]
    way = ["--send", "--yes"] if send else ["--preview"]
    done = line.ok("connector", "try", "erp.yaml", "book_order", *order, f"lines={json.dumps([LINE])}", *way, "--json")
    found: dict[str, object] = done.json
    return found


def test_a_preview_sends_nothing(line: Cli) -> None:
    """--preview shows method, path and body as they would be sent, and the system holds nothing of it."""
    found = book(line, "4500777", send=False)
    sent = found["would_send"]
    assert isinstance(sent, dict)
    assert sent["request"] == "POST /orders/import"
    assert sent["body"]["po_number"] == "4500777"
    assert sent["body"]["lines"][0]["quantity"] == "20"
    done = line.ok("connector", "try", "erp.yaml", "find_orders", "customer=C100", "po_number=4500777", "--json")
    assert done.json["records"] == 0


def test_a_preview_asks_what_the_action_reads_first(line: Cli, tmp_path: Path) -> None:
    """What an action reads first is read for its preview too; a value that is looked up and not there is named."""
    let = "let: {parties: {read: find_customers, with: {number: C100}, by: number, take: currency}}"
    spec = changed(tmp_path, "    key: [customer, po_number]", f"    {let}\n    key: [customer, po_number]")
    text = spec.read_text(encoding="utf-8").replace("header_code: AD", 'header_code: "{parties[customer]}"')
    spec.write_text(text, encoding="utf-8")
    order = [*ORDER, f"lines={json.dumps([LINE])}", "--preview"]
    done = line.ok("connector", "try", spec, "book_order", *order)
    assert '"header_code": "EUR"' in done.out
    assert "read first: parties by find_customers" in done.out
    spec.write_text(text.replace("take: currency", "take: name"), encoding="utf-8")
    assert '"header_code": "(hidden)"' in line.ok("connector", "try", spec, "book_order", *order).out
    assert "Rheinwerk" in line.ok("connector", "try", spec, "book_order", *order, "--show-personal").out
    order[0] = "customer=C999"
    done = line("connector", "try", spec, "book_order", *order)
    assert done.code == 1
    assert "parties holds nothing for 'C999' (customer)" in done.err


def test_a_refusal_is_shown_with_its_status(line: Cli) -> None:
    """A system's refusal is shown with its status and with what it says."""
    order = [one.replace("C100-1", "C999-1") for one in ORDER]
    done = line("connector", "try", "erp.yaml", "book_order", *order, f"lines={json.dumps([LINE])}", "--send", "--yes")
    assert done.code == 1
    assert "erp answered with status 422." in done.err
    assert "ship-to" in done.err


def test_an_action_is_sent_only_on_purpose(line: Cli) -> None:
    """Without --send nothing is sent; without a terminal --send needs --yes."""
    arguments = ["cancel_order", "order_number=SO-1"]
    for more in ([], ["--send"], ["--send", "--preview"]):
        done = line("connector", "try", "erp.yaml", *arguments, *more)
        assert (done.code, "(input.use)" in done.err) == (2, True)
    done = line("connector", "try", "erp.yaml", *arguments, "--send", "--yes")
    assert done.code == 1
    assert "Surely nothing happened." in done.err


def test_a_second_try_finds_the_first(line: Cli) -> None:
    """Sent twice, an action that is looked up first happens once, and the second answer says so."""
    first, second = book(line, "4500888", send=True), book(line, "4500888", send=True)
    assert (first["there_already"], second["there_already"]) == (False, True)
    assert first["result"] == second["result"]
    assert str(first["key"]).startswith("try-")


@pytest.mark.parametrize(
    "arguments, code, hint",
    [
        (["find_ordes"], "connector.read", "find_orders"),
        (["find_orders"], "input.argument", "customer=…"),
        (["find_orders", "custmer=C100"], "input.argument", "customer"),
        (["find_orders", "customer"], "input.argument", "KEY=VALUE"),
        (["find_orders", "customer=1", "customer=2"], "input.argument", "list"),
        (["book_order", *ORDER, "lines=[", "--preview"], "input.argument", "JSON"),
        (["book_order", *ORDER, "lines=[{}]", "--preview"], "input.argument", "lines"),
        (["find_orders", "customer=1", "--send"], "input.use", "actions"),
    ],
)
def test_wrong_arguments_are_named(line: Cli, arguments: list[str], code: str, hint: str) -> None:
    """A misspelt name, an argument that is missing, unknown or of another form is named with what to write."""
    done = line("connector", "try", "erp.yaml", *arguments)
    assert done.code == 2
    assert f"({code})" in done.err
    assert hint in done.err


def test_the_page_says_what_is_safe_and_what_is_missing(line: Cli, tmp_path: Path, erp: RunningErp) -> None:
    """The page names fields, labels, arguments, how a write is made once, and gaps; no secret is in it."""
    line.ok("connector", "docs", "erp.yaml", "--out", "erp.md")
    page = (tmp_path / "erp.md").read_text(encoding="utf-8")
    assert "| `name` | `name` | text | personal |" in page
    assert "the secret in `env:ERP_SECRET`" in page
    assert "Before it is sent, `find_orders` tells whether it is there already." in page
    assert "`cancel_order` takes it back." in page
    assert "`book_order`: in shadow it has no answer (`preview`)." in page
    assert erp.secret not in page
    assert line("connector", "docs", "erp.yaml", "--out", "erp.md").code == 2
    assert line.ok("connector", "docs", "erp.yaml").out == page
