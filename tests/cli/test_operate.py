from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import psycopg
import pytest
import typer

from bridgehead.cli.application import app
from bridgehead.settings import Settings
from tests.cli import desk
from tests.cli.calls import Cli, shell

AWAY = "postgresql://who:s3cret@127.0.0.1:9/none"


def test_a_level_is_set_by_name_and_on_the_record(cli: Cli, orders: Path) -> None:
    """A promotion is recorded with name and reason, open cases keep their level, and nothing happens twice."""
    cli.submit(orders, a={"po": "P-1", "amount": 500})
    cli.ok("promote", orders, "--to", "approve", "--why", "first look", "--by", "lee")
    cli.work(orders)
    promoted = cli.ok("promote", orders, "--to", "autonomous", "--why", "98 % agree", "--by", "pat", "--json")
    assert "no shadow evidence for orders: 0 cases" in promoted.err
    done = promoted.json
    assert done == {
        "deployment": "orders",
        "before": "approve",
        "level": "autonomous",
        "changed": True,
        "by": "pat",
        "why": "98 % agree",
        "open_cases": {"approve": 1},
    }
    assert "already" in cli.ok("promote", orders, "--to", "autonomous", "--why", "again").out
    assert (
        "Open cases keep the level they were opened with: 1 at approve."
        in cli.ok("promote", orders, "--to", "shadow", "--why", "a fault", "--by", "pat").out
    )
    with psycopg.connect(os.environ["BRIDGEHEAD_DATABASE_URL"]) as conn:
        rows = conn.execute("select body from ledger where chain = 'D-orders' order by seq").fetchall()
    refs = [json.loads(bytes(body))["refs"] for (body,) in rows]
    assert [(ref["level"], ref["by"], ref["why"]) for ref in refs if "level" in ref] == [
        ("approve", "lee", "first look"),
        ("autonomous", "pat", "98 % agree"),
        ("shadow", "pat", "a fault"),
    ]


def test_a_promotion_after_shadow_is_not_warned_of(cli: Cli, orders: Path) -> None:
    """A deployment that completed cases in shadow is promoted without the remark that there is no evidence."""
    cli.submit(orders, a={"po": "P-1", "amount": 5})
    cli.work(orders)
    done = cli.ok("promote", orders, "--to", "autonomous", "--why", "98 % agree", "--by", "pat")
    assert "no shadow evidence" not in done.err


@pytest.mark.parametrize(
    "flags, said",
    [
        (["--to", "aproved", "--why", "x"], "did you mean approve?"),
        (["--to", "approve", "--why", " "], "needs a reason"),
        (["--to", "approve", "--why", "x", "--by", ""], "who decides"),
        (["--to", "approve"], "--why"),
    ],
)
def test_a_level_without_word_reason_or_name_is_not_set(cli: Cli, orders: Path, flags: list[str], said: str) -> None:
    """A promotion to an unknown level, without a reason, or by nobody changes nothing."""
    done = cli("promote", orders, *flags)
    assert done.code == 2
    assert said in done.err


def test_a_changed_row_is_found(cli: Cli, orders: Path) -> None:
    """The ledger verifies against exported heads, and a row that somebody changed is named, with exit code 1."""
    cli.submit(orders, a={"po": "P-1", "amount": 5})
    cli.work(orders)
    heads = cli.folder / "heads.jsonl"
    assert cli.ok("ledger", "export", heads, "--json").json["file"] == str(heads)
    assert cli("ledger", "export", heads).code == 2
    assert cli.ok("ledger", "verify", "--heads", heads, "--json").json["whole"] is True
    with psycopg.connect(os.environ["BRIDGEHEAD_DATABASE_URL"]) as conn:
        conn.execute("update ledger set body = body || ' '::bytea where chain = 'C-1' and seq = 3")
    for flags in ([], ["--heads", str(heads)]):
        done = cli("ledger", "verify", *flags)
        assert done.code == 1
        assert "C-1 row 3" in done.out
    assert "THE CHAIN IS BROKEN" in cli.ok("explain", "C-1").out
    assert cli("ledger", "verify", "--heads", cli.folder / "none").code == 2


def test_policies_are_shown_as_the_gate_has_them(cli: Cli, orders: Path) -> None:
    """Each tool's Cedar is shown under the digest of the gate, and an unknown tool names the nearest."""
    shown = cli.ok("policy", "show", orders, "--json").json
    assert set(shown["tools"]) == {"customer", "book", "mail"}
    assert shown["built_in"] == {}
    assert "context.args.amount <= 100" in shown["tools"]["book"]
    text = cli.ok("policy", "show", orders, "--tool", "book").out
    assert shown["digest"] in text
    assert "customer" not in text
    assert "did you mean book?" in cli("policy", "show", orders, "--tool", "bok").err


def test_a_report_compares_with_what_people_booked(cli: Cli, orders: Path) -> None:
    """Agreement, differences, what was handed over or never booked, money and minutes are all told."""
    cli.submit(
        orders,
        a={"po": "P-1", "amount": 5},
        b={"po": "P-2", "amount": 6},
        c={"po": "P-3", "amount": 7},
        d={"po": "P-4", "amount": 8, "hand_over": True},
    )
    cli.work(orders)
    (cli.folder / "people.csv").write_text("po,amount,minutes\nP-1,5,4\nP-2,66,5\nP-4,8,9\nP-9,1,1\n")
    found = cli.ok("report", orders, "--people", "people.csv", "--json").json
    assert found["cases"] == {"closed": 4, "open": 0, "unreadable": 0, "handed_over": 1, "not_comparable": 0}
    comparison = found["comparison"]
    assert {
        name: comparison[name] for name in ("compared", "agree", "differ", "no_booking", "bookings_without_case")
    } == {
        "compared": 2,
        "agree": 1,
        "differ": 1,
        "no_booking": 1,
        "bookings_without_case": 2,
    }
    ((field, agent, person),) = [(one["field"], one["agent"], one["person"]) for one in comparison["differences"]]
    assert (field, agent, person) == ("amount", 6, "66")
    assert "number" not in comparison["fields"]
    assert comparison["minutes_of_people"] == "9"
    assert (found["books"]["amounts"], found["books"]["completed"]) == ({"EUR": "0.04"}, 3)
    told = cli.ok("report", orders, "--people", "people.csv", "--field", "amount").out
    assert "50.0% of those compared" in told
    assert "30 minutes for the 3 completed, at 10 each" in told
    assert "Nothing was compared" in cli.ok("report", orders).err
    assert (
        "no booking has a field 'amont'" in cli("report", orders, "--people", "people.csv", "--match", "po=amont").err
    )
    assert cli("report", orders, "--people", "people.csv", "--where", "po").code == 2
    assert cli("report", orders, "--since", "ever").code == 2
    one = cli.ok("report", orders, "--people", "people.csv", "--where", "po=P-1", "--json").json
    assert one["comparison"]["bookings"] == 1


def test_an_unknown_cost_is_said_to_be_unknown(cli: Cli, orders: Path) -> None:
    """A cost without a price makes the cost of a completed case a lower bound, in so many words."""
    cli.submit(orders, a={"po": "P-1", "amount": 5})
    cli.work(orders)
    with psycopg.connect(os.environ["BRIDGEHEAD_DATABASE_URL"]) as conn:
        conn.execute("insert into costs (case_id, kind, name, input_tokens) values (1, 'model', 'm', 10)")
    assert "at least 0.0100 EUR" in cli.ok("report", orders).out
    assert "the price of 1 entry is unknown" in cli.ok("explain", "C-1").out


def test_doctor_tells_of_cases_that_nobody_serves(cli: Cli, orders: Path) -> None:
    """Open cases without a worker are a warning with what to do, and no failure of the machine."""
    cli.submit(orders, a={"po": "P-1", "amount": 5})
    cli.work(orders)
    assert [line for line in cli.ok("doctor", "--json").json["lines"] if line["what"] == "cases"] == []
    with psycopg.connect(os.environ["BRIDGEHEAD_DATABASE_URL"]) as conn:
        conn.execute("update cases set state = 'waiting'")
    (line,) = [line for line in cli.ok("doctor", "--json").json["lines"] if line["what"] == "cases"]
    assert (line["verdict"], line["remedy"]) == ("warn", "Start one: bridgehead serve orders")
    assert line["found"].startswith("1 open case of orders, release ")


def test_the_share_of_priced_model_calls_is_told(cli: Cli, orders: Path) -> None:
    """Of the calls of models case, explain and report tell the share with a known price; unknown is no zero."""
    cli.submit(orders, a={"po": "P-1", "amount": 5}, b={"po": "P-2", "amount": 5})
    cli.work(orders)
    assert cli.ok("case", "C-1", "--json").json["price_coverage"] is None
    assert "model calls" not in cli.ok("report", orders).out
    with psycopg.connect(os.environ["BRIDGEHEAD_DATABASE_URL"]) as conn:
        for case, amount in ((1, "0.5"), (1, "0.25"), (1, None), (2, None)):
            conn.execute(
                "insert into costs (case_id, kind, name, input_tokens, amount, currency)"
                " values (%s, 'model', 'm', 10, %s, %s)",
                (case, amount, amount and "USD"),
            )
    assert cli.ok("case", "C-1", "--json").json["price_coverage"] == pytest.approx(2 / 3)
    assert "A price is known of 66.7% of its model calls." in cli.ok("case", "C-1").out
    assert "A price is known of 2 of them (66.7%)." in cli.ok("explain", "C-1").out
    books = cli.ok("report", orders, "--json").json["books"]
    assert (books["model_calls"], books["model_priced"], books["price_coverage"]) == (4, 2, 0.5)
    told = " ".join(cli.ok("report", orders).out.split())
    assert "model calls with a price 2 of 4 (50.0%); of the others it is unknown" in told
    assert books["amounts"]["USD"] == "0.75"


def test_check_says_what_could_happen(cli: Cli, orders: Path) -> None:
    """A sound deployment is shown with its bounds, its worst case and what may not be meant."""
    # In a process of its own: what other tests have declared in this one is no part of the deployment.
    found = shell(cli.folder, {}, "check", orders, "--json").json
    assert found["ok"] is True
    assert {tool["tool"]: tool["reach"] for tool in found["tools"]} == {
        "customer": "always",
        "book": "when",
        "mail": "always",
    }
    assert "book writes when amount <= 100, once for each po, and declares no undo." in found["worst_case"]
    told = cli.ok("check", orders).out
    assert "mail cannot be undone and is allowed on every call." in told
    assert "book is allowed for any negative amount: add 'amount >= 0' to its rule." in told
    assert "desk catches every error class" in told


def test_check_names_every_mistake(cli: Cli, tmp_path: Path) -> None:
    """Each mistake is named with its place and the nearest right word, and the exit code is 2."""
    folder = desk.write(tmp_path / "bad", cli.module, more="limit: {steps: 3}\nautonomy: {level: shadw}")
    done = cli("check", folder)
    assert done.code == 2
    assert "limit: expected a known field, found limit; did you mean limits?" in done.err
    assert "did you mean shadow?" in done.err
    problems = cli("check", folder, "--json").json["problems"]
    assert [(one["field"], one["line"] > 0) for one in problems] == [("limit", True), ("autonomy.level", True)]
    assert cli("check", tmp_path / "nowhere").code == 2


@pytest.mark.parametrize(
    "old, new, said",
    [
        ("async def agent", "async def agnt", "did you mean agnt?"),
        ("import json", "import jsn", "imports 'jsn', which is not installed"),
        ("import json", "import json\n1 / 0", "ZeroDivisionError"),
        ("import json", "import json\ndef broken(", "SyntaxError"),
        ("async def customer", "async def custmer", "did you mean custmer?"),
        ("case: Case[dict], ctx: Context", "case: Case[dict]", "an agent takes (case, ctx)"),
    ],
)
def test_check_names_mistakes_in_code(cli: Cli, orders: Path, old: str, new: str, said: str) -> None:
    """Code that cannot be loaded, or lacks what the file names, is a message with its place and no traceback."""
    file = orders / f"{cli.module}.py"
    file.write_text(file.read_text().replace(old, new, 1))
    done = shell(cli.folder, {}, "check", orders)
    assert done.code == 2, done
    assert said in done.err
    assert "Traceback" not in done.err


def test_no_secret_is_printed(cli: Cli, tmp_path: Path) -> None:
    """Neither check nor doctor prints what a reference or a setting holds."""
    cli.monkeypatch.setenv("A_KEY", "hunter2")
    cli.monkeypatch.setenv("BRIDGEHEAD_DATABASE_URL", AWAY)
    cli.monkeypatch.setenv("BRIDGEHEAD_KEY", "deadbeef" * 8)
    more = "models:\n  default: {url: 'http://m', name: 'env:NOT_SET', key: 'env:A_KEY'}"
    folder = desk.write(tmp_path / "one", cli.module, more=more)
    checked = cli.ok("check", folder)
    assert "models.default.name: env:NOT_SET is not set here" in checked.out
    cli.monkeypatch.setenv("BRIDGEHEAD_LEASE_S", "hunter2")
    wrong = cli("cases")
    assert wrong.code == 2
    assert "BRIDGEHEAD_LEASE_S" in wrong.err
    cli.monkeypatch.delenv("BRIDGEHEAD_LEASE_S")
    seen = [checked, wrong, cli("doctor"), cli("doctor", "--json"), cli("db", "status")]
    for said in seen:
        for secret in ("hunter2", "s3cret", "deadbeef"):
            assert secret not in said.out + said.err


def test_doctor_says_what_is_wrong_and_what_to_do(cli: Cli, tmp_path: Path) -> None:
    """A machine that is fit gets ok; a database that is away and a key that others can read fail, with a remedy."""
    found = cli.ok("doctor", "--json").json
    assert found["ok"] is True
    assert {line["what"] for line in found["lines"]} >= {"python", "packages", "database", "key", "disk", "ports"}
    (ports,) = (line for line in found["lines"] if line["what"] == "ports")
    assert f"({Settings().webhook_port} unless set)" in str(ports)
    home = tmp_path / "home"
    home.mkdir(exist_ok=True)
    (home / "key").write_text("ab" * 32)
    (home / "key").chmod(0o644)
    cli.monkeypatch.setenv("BRIDGEHEAD_DATABASE_URL", AWAY)
    done = cli("doctor", "--json")
    assert done.code == 1
    failed = {line["what"]: line["remedy"] for line in done.json["lines"] if line["verdict"] == "fail"}
    assert set(failed) == {"database", "key"}
    assert "chmod 600" in failed["key"]


def test_a_schema_from_the_future_is_refused(cli: Cli) -> None:
    """A database that a newer version wrote is refused by every command, and doctor says why."""
    cli.ok("cases")
    with psycopg.connect(os.environ["BRIDGEHEAD_DATABASE_URL"]) as conn:
        conn.execute("insert into bridgehead_migrations (number, half) values (9999, 'pre')")
    done = cli("cases")
    assert done.code == 2
    assert "db.newer" in done.err
    assert "Install the newer version." in cli("doctor").out


def test_db_status_tells_a_server_that_is_away(cli: Cli) -> None:
    """A server that answers is described; one that does not is code 4; neither is Bridgehead's to stop."""
    cli.ok("cases")
    found = cli.ok("db", "status", "--json").json
    assert (found["running"], found["found"]["schema"]) == (True, found["found"]["known_schema"])
    assert cli("db", "stop").code == 2
    cli.monkeypatch.setenv("BRIDGEHEAD_DATABASE_URL", AWAY)
    assert cli("db", "status").code == 4


def test_the_embedded_database_starts_and_stops(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without a URL the first command starts a database, status says so without starting one, and stop stops it."""
    # Not under pytest's own folder: a socket's path may have 107 characters.
    home = Path(tempfile.mkdtemp(prefix="bh-"))
    home.chmod(0o755)
    monkeypatch.delenv("BRIDGEHEAD_DATABASE_URL", raising=False)
    monkeypatch.setenv("BRIDGEHEAD_HOME", str(home))
    cli = Cli(home, monkeypatch, capsys)
    try:
        assert cli.ok("db", "status", "--json").json["running"] is False
        assert "there is no database in" in cli.ok("cases").err
        assert not (home / "pg").exists()
        (home / "orders").mkdir()
        (home / "orders" / "bridgehead.yaml").write_text(desk.YAML.format(module=cli.module, more=""))
        cli.ok("promote", home / "orders", "--to", "shadow", "--why", "a start", "--by", "lee")
        assert "There are no cases yet." in cli.ok("cases").out
        assert cli.ok("db", "status", "--json").json["running"] is True
        assert cli.ok("db", "stop").out == "stopped\n"
        assert cli.ok("db", "stop").out == "it was not running\n"
    finally:
        cli("db", "stop", "--force")
        shutil.rmtree(home, ignore_errors=True)


def test_help_is_quick_and_has_examples() -> None:
    """Each command's help shows an example, and help loads neither the database driver nor the policy engine."""
    commands = [typer.main.get_command(app)]
    while commands:
        command = commands.pop()
        inner = list(getattr(command, "commands", {}).values())
        assert inner or (command.epilog or "").startswith("Example: bridgehead "), command.name
        commands += inner
    loaded = "import bridgehead.cli, sys; print(*sys.modules)"
    names = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True).stdout.split()
    heavy = {"psycopg", "procrastinate", "cedarpy", "httpx", "jsonschema", "yaml", "starlette", "pydantic_settings"}
    assert heavy & set(names) == set()


def test_a_bug_is_named_without_data(cli: Cli) -> None:
    """A fault of Bridgehead ends with its type and place, code 1, and neither traceback nor data."""

    def broken(*arguments: object) -> None:
        raise ValueError("hunter2")

    cli.monkeypatch.setattr("bridgehead.cli.opening.settings", broken)
    done = cli("cases")
    assert (done.code, done.out) == (1, "")
    assert "ValueError at test_operate.py" in done.err
    assert "hunter2" not in done.err
