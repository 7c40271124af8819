"""The key of a database: made once, never beside another one, and tried by doctor."""

from __future__ import annotations

from pathlib import Path

import pytest

from bridgehead import ids
from bridgehead.storage import embedded
from tests.cli import desk
from tests.cli.calls import Cli, Done, shell


def key_line(done: Done) -> dict[str, str]:
    """Returns what doctor said of the key."""
    (line,) = (line for line in done.json["lines"] if line["what"] == "key")
    return {name: str(value) for name, value in line.items()}


@pytest.mark.parametrize("command", [["cases"], ["db", "status"], ["reviews"], ["worker", "orders", "--until-idle"]])
def test_no_second_key_is_made(cli: Cli, orders: Path, command: list[str]) -> None:
    """With the key file gone, no command makes another one beside a database that has its own."""
    cli.submit(orders, a={"po": "P-1", "amount": 5})
    key = cli.folder / "home" / "key"
    key.rename(cli.folder / "key.bak")
    done = cli(*command)
    assert not key.exists()
    if command != ["db", "status"]:  # it opens nothing, so it needs no key
        assert done.code == 2
        assert "key.missing" in done.err
        assert "Put the key file back" in done.err
    (cli.folder / "key.bak").rename(key)
    assert "C-1" not in cli.ok("cases").out
    cli.work(orders)
    assert "completed" in cli.ok("cases").out


def test_doctor_tries_the_key(cli: Cli, orders: Path) -> None:
    """Doctor says of a key whether it opens this database: the right one, none, another one, one that is set."""
    assert key_line(cli.ok("doctor", "--json"))["verdict"] == "warn"
    cli.ok("cases")
    assert "nothing is sealed yet" in key_line(cli.ok("doctor", "--json"))["found"]
    cli.submit(orders, a={"po": "P-1", "amount": 5})
    assert "it opens the database" in key_line(cli.ok("doctor", "--json"))["found"]
    own = cli.folder / "home" / "key"
    kept = own.read_bytes()
    own.unlink()
    gone = cli("doctor", "--json")
    assert (gone.code, key_line(gone)["verdict"]) == (1, "fail")
    assert "Put the key file back" in key_line(gone)["remedy"]
    assert not own.exists()
    other = ids.random_bytes(32).hex()
    cli.monkeypatch.setenv("BRIDGEHEAD_KEY", other)
    wrong = cli("doctor", "--json")
    assert (wrong.code, key_line(wrong)["verdict"]) == (1, "fail")
    assert "another one than this database's" in key_line(wrong)["found"]
    assert other not in wrong.out + wrong.err
    cli.monkeypatch.setenv("BRIDGEHEAD_KEY", kept.decode())
    assert key_line(cli.ok("doctor", "--json"))["verdict"] == "ok"


def test_a_home_with_too_long_a_path_stays_empty(tmp_path: Path) -> None:
    """A home whose path is too long for a socket is refused before anything, a key above all, is made in it."""
    home = tmp_path / ("long" * 30)
    desk.write(tmp_path / "orders", "too_long")
    done = shell(tmp_path, {"BRIDGEHEAD_HOME": str(home)}, "submit", "orders", "orders/bridgehead.yaml")
    assert done.code == 2
    assert "db.path" in done.err
    assert not home.exists()


def test_a_database_at_rest_without_its_key_is_told(tmp_path: Path) -> None:
    """Doctor fails where an embedded database lies without a key, though it does not start it to look."""
    home = tmp_path / "h"
    embedded.status(home).folder.mkdir(parents=True)
    done = shell(tmp_path, {"BRIDGEHEAD_HOME": str(home)}, "doctor", "--json")
    assert (done.code, key_line(done)["verdict"]) == (1, "fail")
    assert "a database lies in" in key_line(done)["found"]
    assert not (home / "key").exists()
