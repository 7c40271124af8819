"""``undo``, ``pause``, ``resume``, ``kill`` and ``controls`` on the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.calls import Cli

CODE = '''
"""A desk for tests of undo: its records are a file."""
import json
from dataclasses import dataclass
from pathlib import Path
from bridgehead import Case, Context, NewCase, reversible

STORE = Path(__file__).parent / "store.json"

def records():
    return json.loads(STORE.read_text()) if STORE.exists() else {}

@dataclass
class Order:
    po: str
    amount: int

async def find(*, key, args):
    there = records().get(args["po"])
    return None if there is None else Order(args["po"], there)

async def remove(*, key, args, result):
    found = records()
    found.pop(args["po"])
    STORE.write_text(json.dumps(found))

@reversible(key="po", verify=find, undo=remove, cost="0.10 EUR")
async def book(po: str, amount: int) -> Order:
    STORE.write_text(json.dumps({**records(), po: amount}))
    return Order(po, amount)

async def agent(case: Case[Order], ctx: Context) -> str:
    await book(case.input.po, case.input.amount)
    if case.input.amount == 77:
        await ctx.ask("desk", "Seventy-seven?", bool)
    return "booked"

def reader(document, name):
    order = json.loads(document)
    return NewCase(input=order, key={"po": order["po"]})
'''
YAML = """
deployment: orders
agent: {module}:agent
reader: {module}:reader
owner: desk@example.com
case: {{key: [po], deadline: 30m}}
tools: {{book: {{allow: amount <= 1000}}}}
roles: {{desk: {{members: "group:desk"}}}}
fallback: desk
"""


@pytest.fixture
def desk(cli: Cli, tmp_path: Path) -> Path:
    """Gives the folder of a deployment that acts by itself, with two orders booked."""
    folder = tmp_path / "orders"
    folder.mkdir()
    (folder / f"{cli.module}.py").write_text(CODE)
    (folder / "bridgehead.yaml").write_text(YAML.format(module=cli.module))
    cli.ok("promote", folder, "--to", "autonomous", "--why", "a test", "--by", "pat")
    cli.submit(folder, a={"po": "P-1", "amount": 500}, b={"po": "P-2", "amount": 40})
    cli.work(folder)
    return folder


def test_an_undo_is_shown_then_made_once(cli: Cli, desk: Path) -> None:
    """A dry run shows effects, money and price and undoes nothing; the undo does, and a second finds nothing."""
    shown = cli.ok("undo", "--deployment", "orders", "--dry-run").out
    assert "2 of 2 effects, of 2 cases, can be undone." in shown
    assert "They are about 540 amount." in shown
    assert "Undoing them costs 0.20 EUR." in shown
    assert (desk / "store.json").read_text() == '{"P-1": 500, "P-2": 40}'
    done = cli.ok("undo", "--case", "C-1", "--why", "booked wrongly", "--by", "kim", "--yes").out
    assert "1 undone, 0 left to people." in done
    assert (desk / "store.json").read_text() == '{"P-2": 40}'
    assert "was taken back at" in (told := cli.ok("explain", "C-1").out)
    assert "by kim (U-1): booked wrongly." in told
    again = cli.ok("undo", "--case", "C-1", "--why", "once more", "--yes").out
    assert "undone already, by U-1" in again
    assert "nothing was changed" in again
    told = cli.ok("undo", "--resume", "U-1", "--json").json
    assert (told["by"], told["why"], told["counts"]) == ("kim", "booked wrongly", {"undone": 1})


def test_a_changed_record_is_left_with_a_review(cli: Cli, desk: Path) -> None:
    """A record that somebody changed is not undone: exit code 1, and a review that holds what is left."""
    (desk / "store.json").write_text('{"P-1": 501, "P-2": 40}')
    assert "no: Somebody has changed the record since." in cli.ok("undo", "--tool", "book", "--dry-run").out
    done = cli("undo", "--tool", "book", "--why", "a test", "--yes", "--json")
    assert done.code == 1
    assert done.json["counts"] == {"undone": 1, "left": 1}
    (left,) = [one for one in done.json["effects"] if one["undo_state"] == "left"]
    assert (left["case"], left["why"]) == ("C-1", "changed")
    assert "E-1" in cli.ok("review", left["review"]).out
    assert (desk / "store.json").read_text() == '{"P-1": 501}'


def test_a_case_under_way_is_handed_over_first(cli: Cli, desk: Path) -> None:
    """A case that waits is with a person before what it did is undone."""
    cli.submit(desk, c={"po": "P-3", "amount": 77})
    cli.work(desk)
    shown = cli.ok("undo", "--case", "C-3", "--dry-run").out
    assert "Still under way, and handed to a person first: C-3." in shown
    cli.ok("undo", "--case", "C-3", "--why", "a test", "--yes")
    assert "with_person" in cli.ok("case", "C-3").out
    assert "P-3" not in (desk / "store.json").read_text()


WRONG_UNDOS = [
    ([], "not said what is to be undone"),
    (["--case", "C-1"], "needs a reason"),
    (["--case", "C-1", "--why", "x"], "--yes"),
    (["--case", "C-99", "--dry-run"], "no C-99"),
    (["--tool", "nothing", "--dry-run"], "no effect of nothing"),
    (["--release", "ffff", "--dry-run"], "no release"),
    (["--case", "C-1", "--since", "lately", "--dry-run"], "neither a time nor"),
    (["--resume", "U-9"], "no undo U-9"),
]


def test_an_undo_that_is_not_understood_does_nothing(cli: Cli, desk: Path) -> None:
    """A call without scope, reason or confirmation, or with an unknown one, is refused and undoes nothing."""
    for flags, said in WRONG_UNDOS:
        done = cli("undo", *flags)
        assert done.code == 2, (flags, done)
        assert said in done.err, flags
    assert (desk / "store.json").read_text() == '{"P-1": 500, "P-2": 40}'


def test_since_narrows_an_undo_down(cli: Cli, desk: Path) -> None:
    """--since takes how long ago, or a moment."""
    assert desk.is_dir()
    assert "2 of 2" in cli.ok("undo", "--tool", "book", "--since", "1h", "--dry-run").out
    assert "0 of 0" in cli.ok("undo", "--tool", "book", "--since", "2999-01-01", "--dry-run").out


def test_a_deployment_is_paused_and_resumed(cli: Cli, desk: Path) -> None:
    """A pause is listed with who and why, holds new cases back, and ends with resume."""
    said = cli.ok("pause", "orders", "--reason", "stocktaking", "--by", "kim").out
    assert "deployment orders is paused, by kim: stocktaking" in said
    assert "already" in cli.ok("pause", "orders", "--reason", "again", "--by", "lee").out
    (one,) = cli.ok("controls", "--json").json
    assert (one["action"], one["kind"], one["name"], one["by"], one["reason"]) == (
        "pause", "deployment", "orders", "kim", "stocktaking",
    )  # fmt: skip
    cli.submit(desk, c={"po": "P-3", "amount": 4})
    assert "stocktaking" in cli.ok("controls").out
    assert "goes on" in cli.ok("resume", "orders", "--reason", "counted", "--by", "kim").out
    assert "Nothing is stopped." in cli.ok("controls").out
    cli.work(desk)
    assert "P-3" in (desk / "store.json").read_text()


WRONG_CONTROLS = [
    (["kill", "--tool", "book"], "needs a reason"),
    (["pause", "--reason", "x"], "not said what is meant"),
    (["kill", "orders", "--all", "--reason", "x"], "two things"),
    (["kill", "--tool", "book", "--all", "--reason", "x"], "two things"),
    (["resume", "orders"], "not stopped"),
    (["pause", "ordres", "--reason", "x"], "did you mean orders"),
]


def test_a_control_that_is_not_understood_stops_nothing(cli: Cli, desk: Path) -> None:
    """A pause or kill without a reason or of two things at once, and a resume of nothing, change nothing."""
    assert desk.is_dir()
    for words, said in WRONG_CONTROLS:
        done = cli(*words)
        assert done.code == 2, (words, done)
        assert said in done.err, words
    assert cli.ok("controls", "--json").json == []


def test_a_killed_tool_is_listed_and_a_kill_is_no_pause(cli: Cli, desk: Path) -> None:
    """A kill of a tool of one deployment is listed as such, and its effects are not undone."""
    cli.ok("kill", desk, "--tool", "book", "--reason", "it doubles", "--by", "kim")
    assert "tool book of orders" in cli.ok("controls").out
    done = cli("undo", "--case", "C-1", "--dry-run").out
    assert "no: The rules do not allow its undo." in done
