"""What operators stop, as people see it at the cases that it holds up."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from tests.cli.calls import Cli

PAUSED = "the end of a pause: {what} was paused by kim at 20"


def held(cli: Cli, number: int) -> str:
    """Returns what the list says a case waits for; 'case' and 'explain' say the same."""
    (line,) = [one for one in cli.ok("cases", "--json").json["cases"] if one["id"] == f"C-{number}"]
    waits = str(line["waits"])
    assert waits in " ".join(cli.ok("case", f"C-{number}").out.split())
    assert waits in " ".join(cli.ok("explain", f"C-{number}").out.split())
    return waits


@pytest.fixture
def live(cli: Cli, orders: Path) -> Path:
    """Gives the folder of a deployment that acts alone and has done one case."""
    cli.submit(orders, a={"po": "P-1", "amount": 5})
    cli.work(orders)
    cli.ok("promote", orders, "--to", "autonomous", "--by", "pat", "--why", "a test")
    return orders


def test_a_case_of_a_paused_deployment_says_who_paused_it(cli: Cli, live: Path) -> None:
    """A case that a pause of its deployment holds up names who paused it, when, why, and how to resume."""
    cli.ok("pause", "orders", "--why", "stocktaking", "--by", "kim")
    cli.submit(live, b={"po": "P-2", "amount": 5})
    cli.work(live)
    waits = held(cli, 2)
    assert waits.startswith(PAUSED.format(what="deployment orders"))
    assert waits.endswith("UTC: stocktaking; 'bridgehead resume orders' lifts it")
    said = cli("submit", live, "-", "--name", "b", "--wait", "--timeout", "0.1s", stdin=b'{"po": "P-2", "amount": 5}')
    assert f"it waits for {PAUSED.format(what='deployment orders')}" in said.err
    cli.ok("resume", "orders")
    cli.work(live)
    assert "P-2" in (live / "books.jsonl").read_text()


def test_a_case_at_a_paused_tool_says_so(cli: Cli, live: Path) -> None:
    """A case that came to a paused tool names the pause of that tool; one that waits elsewhere does not."""
    cli.ok("pause", "--tool", "book", "--why", "the ERP is moved", "--by", "kim")
    cli.ok("pause", "--tool", "mail", "--why", "no mail", "--by", "kim")
    cli.submit(live, b={"po": "P-2", "amount": 5}, c={"po": "P-3", "amount": 500})
    cli.work(live)
    waits = held(cli, 2)
    assert waits.startswith(PAUSED.format(what="tool book"))
    assert waits.endswith("the ERP is moved; 'bridgehead resume --tool book' lifts it")
    assert "no mail" not in waits


def test_a_kill_is_shown_beside_a_pause_and_counts(cli: Cli, live: Path) -> None:
    """Where one thing is paused and killed under two words, both are shown, and the kill is what happens."""
    cli.ok("pause", "--tool", "book", "--why", "a look", "--by", "kim")
    said = cli.ok("kill", "orders", "--tool", "book", "--why", "it doubles", "--by", "lee").out
    assert "Besides: tool book was paused by kim at 20" in said
    assert "A kill counts, whatever is paused besides." in said
    cli.submit(live, b={"po": "P-2", "amount": 5})
    cli.work(live)
    (line, _) = cli.ok("cases", "--json").json["cases"]
    assert (line["state"], line["error_class"]) == ("with_person", "policy_denied")
    said = cli.ok("resume", "orders", "--tool", "book").out
    assert "stays stopped:\n  tool book was paused by kim" in said
    cli.ok("pause", "orders", "--why", "stocktaking", "--by", "kim")
    cli.submit(live, c={"po": "P-3", "amount": 5})
    cli.work(live)
    cli.ok("kill", "--all", "--why", "the end", "--by", "lee")
    waits = held(cli, 3)
    assert waits.startswith("the hand-over to a person: everything was killed by lee at 20")
    assert "; and deployment orders was paused by kim at 20" in waits


def test_a_resume_under_other_words_says_the_command(cli: Cli, live: Path) -> None:
    """A resume that names a stopped tool in other words prints the command that lifts it, and lifts nothing."""
    assert live.is_dir()
    cli.ok("pause", "orders", "--tool", "book", "--why", "a look", "--by", "kim")
    done = cli("resume", "--tool", "book")
    assert (done.code, "'bridgehead resume orders --tool book' lifts it" in done.err) == (2, True)
    assert "did you mean" not in done.err
    cli.ok("resume", "orders", "--tool", "book")
    assert cli.ok("controls", "--json").json == []


def test_a_misspelt_deployment_is_answered_with_what_there_is(cli: Cli, live: Path) -> None:
    """A word that names nothing is answered with the nearest deployment or tool, and a tool with its option."""
    said = ("--why", "x", "--by", "kim")
    misspelt = cli("pause", "ordrs", *said)
    assert (misspelt.code, "no deployment or tool is named ordrs" in misspelt.err) == (2, True), misspelt.err
    assert "did you mean orders?" in misspelt.err
    assert "--deployment" not in misspelt.err
    assert "book is a tool" in (err := cli("kill", "book", *said).err)
    assert "--tool book" in err
    assert cli.ok("controls", "--json").json in ([], {"controls": []})


def test_controls_have_times_in_utc(cli: Cli, live: Path) -> None:
    """Every moment in what 'controls --json' prints is ISO 8601 in UTC."""
    assert live.is_dir()
    cli.ok("pause", "orders", "--why", "stocktaking", "--by", "kim")
    (one,) = cli.ok("controls", "--json").json
    moments = {name: value for name, value in one.items() if str(value).startswith("20")}
    assert set(moments) == {"at"}
    assert moments["at"].endswith("Z")
    assert datetime.fromisoformat(moments["at"]).tzinfo is not None


def test_a_case_shows_no_traceback(cli: Cli, orders: Path) -> None:
    """Where an agent's code raised, a case says so in a sentence, and where the rest is found."""
    cli.submit(orders, a={"po": "P-1"})
    cli.work(orders)
    said = cli.ok("case", "C-1").out
    assert "KeyError" in said
    assert "Traceback" not in said
    assert "bridgehead case C-1 --json" in said
    assert "Traceback" in cli.ok("case", "C-1", "--json").json["outcome"]["traceback"]
