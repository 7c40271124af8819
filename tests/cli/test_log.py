"""The worker's log: what an operator wants to hear of, by number, and nothing of what is in a document."""

from __future__ import annotations

import os
import re
from pathlib import Path

import psycopg

from bridgehead.cases.failures import TRIES
from tests.cli import desk
from tests.cli.calls import Cli

SECRET = "SECRET-77"
TOOL = "async def customer(name: str) -> dict:\n"
DOWN = f"""{TOOL}
    tries = BOOKS.with_name("tries")
    with tries.open("a") as file:
        file.write("x")
    if len(tries.read_text()) <= {TRIES}:  # all of the first segment's
        raise Failed("{SECRET}", error_class="throttled")
"""


def lines(err: str) -> list[str]:
    """Returns the log's lines without their times."""
    return [found[1] for found in re.finditer(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ (.*)$", err, re.MULTILINE)]


def test_what_needs_somebody_is_logged(cli: Cli, orders: Path) -> None:
    """A held call, a hand-over, a question and an unreadable document are one line each, with number and role."""
    cli.ok("promote", orders, "--to", "autonomous", "--why", "a test", "--by", "pat")
    cli.submit(orders, a={"po": SECRET, "amount": 500})
    cli.work(orders)
    cli.submit(orders, b={"po": "P-2", "hand_over": True, "name": SECRET})
    cli.ok("submit", orders, "-", "--name", "c", stdin=SECRET.encode())
    cli.submit(orders, d={"po": "P-4", "ask": True}, e={"po": "P-5", "amount": 5})
    done = cli.ok("worker", orders, "--until-idle", "--concurrency", "1")
    logged = "\n".join(lines(done.err))
    assert re.search(r"^C-2 handed to desk as R-\d \(out_of_scope\)$", logged, re.MULTILINE), done.err
    assert "A-3 handed to desk (invalid_input)" in logged
    assert re.search(r"^C-3 waits for desk: R-\d, question$", logged, re.MULTILINE), done.err
    assert "C-4" not in logged  # it went as it should
    assert SECRET not in done.err + done.out


def test_a_held_call_in_shadow_and_for_real(cli: Cli, orders: Path) -> None:
    """A hand-over in shadow asks nobody and says so; for real a held call waits for its role."""
    cli.submit(orders, a={"po": "P-1", "hand_over": True})
    assert "C-1 would_hand_over to desk (out_of_scope), in shadow" in lines(
        cli.ok("worker", orders, "--until-idle").err
    )
    cli.ok("promote", orders, "--to", "approve", "--why", "a test", "--by", "pat")
    cli.submit(orders, b={"po": "P-2", "amount": 5})
    assert "C-2 waits for desk: R-1, approval" in lines(cli.ok("worker", orders, "--until-idle").err)


def test_a_dependency_that_is_down_is_logged(cli: Cli, tmp_path: Path) -> None:
    """A case that is put off is logged with what it waits for and the class of the failure, each time."""
    folder = desk.write(tmp_path / "orders", cli.module)
    code = folder / f"{cli.module}.py"
    text = code.read_text()
    assert TOOL in text
    code.write_text(text.replace(TOOL, DOWN))
    cli.submit(folder, a={"po": "P-1", "amount": 5})
    done = cli.ok("worker", folder, "--until-idle")
    assert lines(done.err) == ["C-1 put off: customer is waited for (throttled)"]
    assert SECRET not in done.err


def test_a_case_of_a_dead_worker_is_logged(cli: Cli, orders: Path) -> None:
    """A worker that died, and each of its cases that another one takes over, is a line."""
    cli.ok("promote", orders, "--to", "approve", "--why", "a test", "--by", "pat")
    cli.submit(orders, a={"po": "P-1", "amount": 5})
    cli.work(orders)
    with psycopg.connect(os.environ["BRIDGEHEAD_DATABASE_URL"]) as conn:
        conn.execute("insert into workers (name, pid, lease_until) values ('host:\x1b[1m', 1, clock_timestamp())")
        conn.execute("update cases set state = 'running', worker_id = (select max(id) from workers), epoch = epoch + 1")
    found = lines(cli.ok("worker", orders, "--until-idle").err)
    assert r"warning: worker host:\x1b[1m is dead: its lease or its connection is over" in found
    assert "C-1 taken over from a dead worker" in found


def test_how_much_is_logged_is_a_setting(cli: Cli, orders: Path) -> None:
    """BRIDGEHEAD_LOG leaves out what is less grave, and takes no other word."""
    cli.monkeypatch.setenv("BRIDGEHEAD_LOG", "warning")
    cli.submit(orders, a={"po": "P-1", "hand_over": True})
    assert lines(cli.ok("worker", orders, "--until-idle").err) == []
    cli.monkeypatch.setenv("BRIDGEHEAD_LOG", "loud")
    refused = cli("worker", orders, "--until-idle")
    assert (refused.code, "BRIDGEHEAD_LOG" in refused.err) == (2, True)
