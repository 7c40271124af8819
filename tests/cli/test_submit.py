from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from bridgehead.errors import Unavailable
from bridgehead.storage.arrivals import Arrivals
from bridgehead.storage.storing import Stored
from tests.cli.calls import Cli

ORDER = json.dumps({"po": "P-1", "amount": 5}).encode()


def test_a_document_is_acknowledged_once(cli: Cli, orders: Path) -> None:
    """The same file submitted twice is the same arrival, and the second call says so."""
    (cli.folder / "one.json").write_bytes(ORDER)
    assert cli.ok("submit", orders, "one.json").out == "one.json: arrival A-1\n"
    assert cli.ok("submit", orders, "one.json").out == "one.json: already known as A-1\n"
    again = cli.ok("submit", orders, "one.json", "--json").json
    assert again["arrivals"] == [{"file": "one.json", "arrival": "A-1", "again": True, "attached": []}]


def test_what_is_no_document_is_refused_by_name(cli: Cli, orders: Path) -> None:
    """Each refused file is named with its reason, the others are taken, and the exit code is 2."""
    (cli.folder / "good.json").write_bytes(ORDER)
    (cli.folder / "empty").touch()
    os.mkfifo(cli.folder / "pipe")
    with (cli.folder / "huge").open("wb") as huge:
        huge.truncate(1 << 40)  # a sparse tebibyte: reading it whole would not end
    done = cli("submit", orders, "empty", "pipe", "huge", "missing", "orders", "good.json", "--json")
    assert done.code == 2
    found = done.json
    assert [entry["arrival"] for entry in found["arrivals"]] == ["A-1"]
    assert found["not_acknowledged"] == 0
    assert {entry["file"]: entry["code"] for entry in found["refused"]} == {
        "empty": "document.empty",
        "pipe": "document.kind",
        "huge": "document.too_large",
        "missing": "document.missing",
        "orders": "document.directory",
    }
    for name in ("empty", "pipe", "huge", "missing", "orders"):
        assert f"refused: {name}: " in done.err


def test_standard_input_is_bounded_too(cli: Cli, orders: Path) -> None:
    """A document from standard input larger than the limit is refused."""
    cli.monkeypatch.setenv("BRIDGEHEAD_MAX_DOCUMENT_MB", "1")
    done = cli("submit", orders, "-", stdin=b"x" * (1024 * 1024 + 1))
    assert (done.code, done.out) == (2, "")
    assert "stdin: is larger than 1 MiB" in done.err
    assert cli.ok("submit", orders, "-", stdin=b"x" * 1024 * 1024).out == "stdin: arrival A-1\n"


def test_a_pattern_in_quotes_is_expanded(cli: Cli, orders: Path) -> None:
    """A pattern that no shell expanded finds its files, in order."""
    for name in ("b.json", "a.json"):
        (cli.folder / name).write_bytes(ORDER)
    (cli.folder / "[odd].txt").write_bytes(ORDER)
    names = cli.ok("submit", orders, "*.json", "[odd].txt", "--json").json["arrivals"]
    assert [entry["file"] for entry in names] == ["a.json", "b.json", "[odd].txt"]
    assert cli("submit", orders, "*.nothing").code == 2


def test_a_name_can_hold_anything(cli: Cli, orders: Path) -> None:
    """A file name with control characters, or bytes that are no text, is stored and shown harmlessly."""
    for raw in (b"\xff\xfe.json", b"up\x1b[A\xe2\x80\xae.json"):
        (cli.folder / os.fsdecode(raw)).write_bytes(ORDER + raw)
    done = cli.ok("submit", orders, *cli.folder.glob("*.json"))
    listed = cli.ok("arrivals")
    for text in (done.out, listed.out, cli.ok("arrivals", "--json").out):
        assert "\x1b" not in text
        assert "\u202e" not in text
    assert "up\\x1b[A\\u202e.json" in listed.out


def test_nothing_is_acknowledged_without_a_database(cli: Cli, orders: Path) -> None:
    """With the database away, the exit code is 4 and no file counts as acknowledged."""
    (cli.folder / "one.json").write_bytes(ORDER)
    cli.monkeypatch.setenv("BRIDGEHEAD_DATABASE_URL", "postgresql://who:s3cret@127.0.0.1:9/none")
    done = cli("submit", orders, "one.json")
    assert (done.code, done.out) == (4, "")
    assert "0 acknowledged, 1 not" in done.err
    assert "s3cret" not in done.err
    assert cli("submit", orders, "one.json", "--json").json["arrivals"] == []


def test_an_outage_in_between_says_what_was_acknowledged(cli: Cli, orders: Path) -> None:
    """When the database goes away between two files, the first stays acknowledged and the rest is said not to be."""
    for name in ("a.json", "b.json", "c.json"):
        (cli.folder / name).write_bytes(ORDER + name.encode())
    store = Arrivals.store
    calls: list[str] = []

    async def failing(self: Arrivals, deployment: str, **about: Any) -> Stored:  # noqa: ANN401  # passed through
        calls.append(about["name"])
        if len(calls) > 1:
            raise Unavailable("gone", code="db.unavailable")
        return await store(self, deployment, **about)

    cli.monkeypatch.setattr(Arrivals, "store", failing)
    done = cli("submit", orders, "a.json", "b.json", "c.json")
    assert (done.code, done.out, calls) == (4, "a.json: arrival A-1\n", ["a.json", "b.json"])
    assert "1 acknowledged, 2 not" in done.err
    cli.monkeypatch.setattr(Arrivals, "store", store)
    again = cli.ok("submit", orders, "a.json", "b.json", "c.json", "--json").json["arrivals"]
    assert [(entry["arrival"], entry["again"]) for entry in again] == [("A-1", True), ("A-2", False), ("A-3", False)]


def test_waiting_says_what_hinders(cli: Cli, orders: Path) -> None:
    """Waiting for arrivals that no worker serves ends at its time limit, and says why."""
    done = cli("submit", orders, "-", "--wait", "--timeout", "0.3s", "--json", stdin=ORDER)
    assert done.code == 1
    assert done.json["waited"] == {
        "settled": 0,
        "unsettled": 1,
        "hindered": ["no worker serves this deployment"],
        "waiting": [{"arrival": "A-1", "case": None, "waits": "it is stored and not read: no worker serves it"}],
    }
    assert "A-1: it is stored and not read: no worker serves it" in done.err


def test_waiting_ends_when_all_is_settled(cli: Cli, orders: Path) -> None:
    """Waiting for arrivals that are settled already ends at once."""
    cli.ok("submit", orders, "-", stdin=ORDER)
    cli.work(orders)
    again = cli.ok("submit", orders, "-", "--wait", "--json", stdin=ORDER)
    assert again.json["waited"]["settled"] == 1
    assert "1 done or with a person, 0 not" in again.err


def test_a_case_that_no_worker_goes_on_with_is_named(cli: Cli, orders: Path) -> None:
    """Whoever waits for a case whose worker is gone reads which case it is and what it waits for."""
    cli.ok("promote", orders, "--to", "autonomous", "--why", "a test", "--by", "lee")
    order = json.dumps({"po": "P-1", "amount": 500}).encode()
    cli.ok("submit", orders, "-", stdin=order)
    cli.work(orders)
    assert "1 done or with a person" in cli.ok("submit", orders, "-", "--wait", stdin=order).err
    cli.ok("review", "R-1", "approve", "--by", "pat")
    done = cli("submit", orders, "-", "--wait", "--timeout", "0.3s", stdin=order)
    assert done.code == 1
    assert "0 done or with a person, 1 not" in done.err
    assert "A-1, C-1: it waits for a worker that serves release" in done.err


@pytest.mark.parametrize("bad", [["--timeout", "soon"], []])
def test_wrong_use_stores_nothing(cli: Cli, orders: Path, bad: list[str]) -> None:
    """A wrong flag, or no file, is wrong use and stores nothing."""
    assert cli("submit", orders, *(["-", *bad] if bad else []), stdin=ORDER).code == 2
    assert cli.ok("arrivals", "--json").json["arrivals"] == []
