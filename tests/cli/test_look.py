from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.calls import Cli

EVIL = "P-1\x1b]0;owned\x07\x1b[2J\u202e\u2028"


@pytest.fixture
def done(cli: Cli, orders: Path) -> Cli:
    """Gives three cases in shadow, one of them hostile, a newsletter, and something that nobody can read."""
    cli.submit(orders, a={"po": "P-1", "amount": 5}, b={"po": "P-2", "amount": 500}, c={"po": EVIL, "amount": 1})
    cli.ok("submit", orders, "-", "--name", "news", stdin=b"newsletter: buy!")
    cli.ok("submit", orders, "-", "--name", "odd\x1b[31m", stdin=b"{")
    cli.work(orders)
    return cli


def test_lists_page_and_filter(done: Cli, orders: Path) -> None:
    """Pages join without a gap, filters hold, and the last page says that it is the last."""
    first = done.ok("cases", "--limit", "2", "--json").json
    rest = done.ok("cases", "--limit", "2", "--after", first["next"], "--json").json
    numbers = [case["id"] for case in first["cases"] + rest["cases"]]
    assert numbers == ["C-3", "C-2", "C-1"]
    assert rest["next"] is None
    assert len(done.ok("cases", "--deployment", orders, "--state", "done", "--json").json["cases"]) == 3
    assert "There are no such cases." in done.ok("cases", "--state", "running").out
    assert [line["state"] for line in done.ok("arrivals", "--json", "--limit", "2").json["arrivals"]] == [
        "review",
        "no_case",
    ]


def test_cases_are_found_by_what_they_are_about(done: Cli) -> None:
    """A value of the key, an amount and a time find cases; what is no range or time is wrong use."""

    def found(*flags: str) -> list[str]:
        return [case["id"] for case in done.ok("cases", *flags, "--json").json["cases"]]

    (number,) = found("--key", "p-2")
    assert found("--key", "P-9") == []
    assert found("--amount", "100:") == [number]
    assert found("--amount", "500:500") == [number]
    assert number not in found("--amount", ":100")
    assert len(found("--since", "1h")) == 3
    assert found("--until", "2020-01-01") == []
    assert found("--class", "timeout") == []
    for flags in (("--amount", "12"), ("--amount", "x:"), ("--since", "soon"), ("--class", "sad")):
        assert done("cases", *flags).code == 2, flags


def test_json_keeps_its_shape(done: Cli) -> None:
    """The fields that the reference names are there."""
    (line, *_) = done.ok("cases", "--json").json["cases"]
    assert set(line) == {
        "id", "deployment", "release", "level", "state", "outcome", "error_class", "revision", "revises",
        "received_at", "opened_at", "closed_at", "deadline_at", "waits", "served",
        "rejected", "acts_for", "amount", "currency", "customer", "number", "undone", "standing", "undoing",
    }  # fmt: skip
    assert set(done.ok("case", "c1", "--json").json) == {
        "case", "input", "text", "outcome", "unreadable", "arrivals", "steps", "decisions", "effects", "reviews",
        "costs", "revisions", "chain", "events", "price_coverage",
    }  # fmt: skip
    assert set(done.ok("arrival", "5", "--json").json) == {
        "id", "deployment", "source", "name", "size_bytes", "state", "received_at", "settled_at", "cases", "reviews",
        "submitted_by",
        "sender",
        "subject",
    }  # fmt: skip
    assert set(done.ok("reviews", "--json").json["reviews"][0]) == {
        "id", "kind", "role", "state", "deployment", "case", "arrival", "error_class", "opened_at", "escalate_at",
        "overdue", "decided_at", "decided_by", "minutes", "subject", "customer", "number", "reason", "why", "stake",
        "stake_currency",
    }  # fmt: skip
    assert set(done.ok("explain", "C-1", "--json").json) == {"about", "sections"}


def test_no_document_acts_on_a_terminal(done: Cli) -> None:
    """What a document, a tool or a file name says is printed with its control characters escaped, everywhere."""
    for command in (
        ["cases"], ["case", "C-1"], ["case", "C-2"], ["case", "C-3"], ["explain", "C-1"], ["explain", "C-2"],
        ["explain", "C-3"], ["arrivals"], ["arrival", "A-5"], ["explain", "A-5"], ["reviews"], ["review", "R-1"],
    ):  # fmt: skip
        for more in ([], ["--json"]):
            said = done.ok(*command, *more)
            for character in "\x1b\x07\u202e\u2028":
                assert character not in said.out + said.err, (command, more)
    shown = "".join(done.ok("case", number).out for number in ("C-1", "C-2", "C-3"))
    assert "owned" in shown


def test_explain_says_what_is_recorded(done: Cli) -> None:
    """A case is told with its arrival, reads, decisions, effects, costs, end and chain."""
    numbers = {
        case["id"]: done.ok("case", case["id"], "--json").json for case in done.ok("cases", "--json").json["cases"]
    }
    large = next(number for number, case in numbers.items() if case["input"]["amount"] == 500)
    told = {
        section["title"]: " ".join(section["sentences"])
        for section in done.ok("explain", large, "--json").json["sections"]
    }
    assert "b (" in told["What came"]
    assert "at level shadow: reads are real and writes are virtual" in told["What came"]
    assert "it read customer with" in told["What the agent read"]
    assert "book was held for desk" in told["What was decided about its calls"]
    assert "What would change that: amount <= 100" in told["What was decided about its calls"]
    assert "would have waited for desk; in shadow nothing was sent" in told["What it did"]
    assert "0.01 EUR" in told["What it cost"]
    assert "The agent completed it" in told["How it stands"]
    assert "is whole" in told["The record"]
    assert "The reason: a newsletter" in done.ok("explain", "A-4").out
    assert "odd\\x1b[31m is no JSON" in done.ok("explain", "A-5").out


def test_an_original_comes_back_as_it_was(done: Cli) -> None:
    """The original of an arrival is written byte by byte to a new file, and to no other."""
    target = done.folder / "back"
    done.ok("arrival", "A-5", "--original", target)
    assert target.read_bytes() == b"{"
    again = done("arrival", "A-5", "--original", target)
    assert (again.code, target.read_bytes()) == (2, b"{")
    assert done("arrival", "A-5", "--original", done.folder / "no" / "where").code == 2


@pytest.mark.parametrize("command", ["case C-9", "explain C-9", "explain A-9", "arrival A-9", "explain Q-1", "case x"])
def test_an_unknown_number_is_wrong_use(cli: Cli, command: str) -> None:
    """A number that does not exist, or is none, is wrong use and says where to look."""
    done = cli(*command.split())
    assert done.code == 2
    assert "lists them" in done.err or "Write it like" in done.err


@pytest.mark.parametrize(
    "command",
    ["cases", "case C-1", "arrivals", "arrival A-1", "explain C-1", "reviews", "review R-1", "ledger verify"],
)
def test_a_database_that_is_away_is_code_4(cli: Cli, command: str) -> None:
    """Every command that looks says at once that the database does not answer, without its password."""
    cli.monkeypatch.setenv("BRIDGEHEAD_DATABASE_URL", "postgresql://who:s3cret@127.0.0.1:9/none")
    done = cli(*command.split())
    assert (done.code, done.out) == (4, "")
    assert "does not answer" in done.err
    assert "s3cret" not in done.err
