"""``undo``, ``pause``, ``resume``, ``kill`` and ``controls`` on the command line."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from bridgehead import clock
from bridgehead.cases import foreseeing
from bridgehead.cases.undo_ports import Done
from bridgehead.cli import undo
from bridgehead.cli.options import deployment_name
from bridgehead.cli.undo_telling import Totals
from bridgehead.spec.tool import JSON
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


AMOUNTS: tuple[tuple[str, dict[str, JSON]], ...] = (
    ("book", {"order": {"total": "12.00", "currency": "EUR"}}),
    ("book", {"order": {"total": "10.00", "currency": "CHF"}}),
    ("book", {"order": {"total": "20.00", "currency": "CHF"}}),
    ("book", {"order": {"total": "a lot", "currency": "CHF"}}),
    ("credit", {"order": {"total": "-12.00", "currency": "EUR"}}),
    ("mail", {"to": "kim@example.com"}),
)


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
    cli.monkeypatch.chdir(folder)
    return folder


def test_an_undo_is_shown_then_made_once(cli: Cli, desk: Path) -> None:
    """A dry run shows effects, money and price and undoes nothing; the undo does, and a second finds nothing."""
    shown = cli.ok("undo", "--deployment", "orders", "--dry-run").out
    assert "2 of 2 effects, of 2 cases, can be undone." in shown
    assert "book: 540 of amount, which has no currency" in shown
    assert "Undoing them costs 0.20 EUR." in shown
    assert "--by" not in shown, "the login name may be nobody's"
    assert " --by kim --why …" in cli.ok("undo", "--deployment", "orders", "--by", "kim", "--dry-run").out
    assert (desk / "store.json").read_text() == '{"P-1": 500, "P-2": 40}'
    done = cli.ok("undo", "--case", "C-1", "--why", "booked wrongly", "--by", "kim", "--yes").out
    assert "1 undone, 0 left to people." in done
    assert "taken back" in next(line for line in cli.ok("cases").out.splitlines() if "C-1 " in line)
    assert "completed" in next(line for line in cli.ok("cases").out.splitlines() if "C-2 " in line)
    assert "done: taken back" in cli.ok("case", "C-1").out
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


def test_what_was_done_after_the_question_is_not_undone_with_it(
    cli: Cli, desk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An undo that was confirmed is of the effects that were shown: what another case does meanwhile stands."""
    real = foreseeing.foresee

    async def blind(*of: Any, **how: Any) -> list[foreseeing.Foreseen]:  # noqa: ANN401  # what the command passes on
        return [one for one in await real(*of, **how) if one.done.case_id == 1]  # C-2's came after it was shown

    monkeypatch.setattr(foreseeing, "foresee", blind)
    cli.ok("undo", "--tool", "book", "--why", "a test", "--yes")
    assert (desk / "store.json").read_text() == '{"P-2": 40}'


def test_what_another_plan_has_begun_is_not_said_to_be_undone(
    cli: Cli, desk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a plan was cut short, the next undo of the same names it, how to finish it, and is no success."""

    async def killed(*_: object, **__: object) -> int:
        return 1

    with monkeypatch.context() as cut:
        cut.setattr(undo, "_carry_out", killed)
        assert cli("undo", "--tool", "book", "--why", "a test", "--yes").code == 1
    done = cli("undo", "--tool", "book", "--why", "a test", "--yes")
    assert (done.code, "undo --resume U-1" in done.err) == (1, True)
    assert (desk / "store.json").read_text() == '{"P-1": 500, "P-2": 40}'
    cli.ok("undo", "--resume", "U-1")
    done = cli.ok("undo", "--tool", "book", "--why", "a test", "--yes")
    assert "--resume" not in done.err


WRONG_UNDOS = [
    (["--case", "C-2", "--case", "C-1", "--dry-run"], "--case is said 2 times"),
    (["--tool", "book", "--tool=mail", "--why", "x", "--yes"], "--tool is said 2 times"),
    (["--resume", "U-1", "--case", "C-1"], "has its scope"),
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


def test_a_dry_run_without_the_code_claims_nothing(cli: Cli, desk: Path, tmp_path: Path) -> None:
    """Where the code is not at hand, a record that somebody changed is 'not looked at', and the folder is asked for."""
    (desk / "store.json").write_text('{"P-1": 501, "P-2": 40}')
    cli.monkeypatch.chdir(tmp_path)
    shown = cli.ok("undo", "--case", "C-1", "--dry-run").out
    (line,) = [one for one in shown.splitlines() if one.startswith("E-1")]
    assert line.endswith("not looked at")
    assert "Not looked at: 1 of 1 effects, of 1 case" in shown
    assert "go to its own (cd), or name it with --deployment FOLDER" in shown
    assert "can be undone" not in shown
    command = shown.split("bridgehead undo ")[1].split(" --why")[0]
    assert command.startswith("--case C-1 ")
    assert "--deployment FOLDER" in command
    (told,) = cli.ok("undo", "--case", "C-1", "--dry-run", "--json").json["effects"]
    assert told["can_be_undone"] is None
    shown = cli.ok("undo", "--case", "C-1", "--deployment", desk, "--dry-run").out
    assert "no: Somebody has changed the record since." in shown
    assert "0 of 1 effects, of 0 cases, can be undone." in shown


def test_an_undo_runs_no_code_of_a_folder_beside_it(cli: Cli, desk: Path, tmp_path: Path) -> None:
    """A stranger's folder, broken or of the same name, is not loaded; a broken file here is told by its path."""
    place = tmp_path / "shared"
    for name in ("orders", "broken"):
        (place / name).mkdir(parents=True)
    (place / "broken" / "bridgehead.yaml").write_text("deployment: [")
    (place / "orders" / "bridgehead.yaml").write_text(YAML.format(module="stranger"))
    (place / "orders" / "stranger.py").write_text("open('ran', 'w').close()\n" + CODE)
    cli.monkeypatch.chdir(place)
    done = cli.ok("undo", "--case", "C-1", "--dry-run")
    assert "not looked at" in done.out
    assert "cannot be read" not in done.err
    (place / "bridgehead.yaml").write_text("deployment: [")
    done = cli.ok("undo", "--case", "C-1", "--dry-run")
    assert f"{place / 'bridgehead.yaml'} cannot be read" in done.err
    cli.ok("undo", "--case", "C-1", "--deployment", desk, "--why", "a test", "--yes")
    assert (desk / "store.json").read_text() == '{"P-2": 40}'
    assert not (place / "ran").exists()


def test_since_narrows_an_undo_down(cli: Cli, desk: Path) -> None:
    """--since takes how long ago, or a moment."""
    assert desk.is_dir()
    assert "2 of 2" in cli.ok("undo", "--tool", "book", "--since", "1h", "--dry-run").out
    assert "0 of 0" in cli.ok("undo", "--tool", "book", "--since", "2999-01-01", "--dry-run").out


def test_a_deployment_is_paused_and_resumed(cli: Cli, desk: Path) -> None:
    """A pause is listed with who and why, holds new cases back, and ends with resume."""
    said = cli.ok("pause", "orders", "--why", "stocktaking", "--by", "kim").out
    assert "deployment orders is paused, by kim: stocktaking" in said
    assert "already" in cli.ok("pause", "orders", "--why", "again", "--by", "lee").out
    (one,) = cli.ok("controls", "--json").json
    assert (one["action"], one["kind"], one["name"], one["by"], one["reason"]) == (
        "pause", "deployment", "orders", "kim", "stocktaking",
    )  # fmt: skip
    cli.submit(desk, c={"po": "P-3", "amount": 4})
    assert "stocktaking" in cli.ok("controls").out
    assert "goes on" in cli.ok("resume", "orders", "--why", "counted", "--by", "kim").out
    assert "Nothing is stopped." in cli.ok("controls").out
    cli.work(desk)
    assert "P-3" in (desk / "store.json").read_text()


WRONG_CONTROLS = [
    (["kill", "--tool", "book", "--tool", "mail", "--why", "x"], "--tool is said 2 times"),
    (["kill", "--tool", "book"], "needs a reason"),
    (["pause", "--why", "x"], "not said what is meant"),
    (["kill", "orders", "--all", "--why", "x"], "two things"),
    (["kill", "--tool", "book", "--all", "--why", "x"], "two things"),
    (["resume", "orders"], "not stopped"),
    (["pause", "ordres", "--why", "x"], "did you mean orders"),
    (["kill", "--release", "", "--why", "x"], "begins no release"),
    (["kill", "--tool", " ", "--why", "x"], "names nothing"),
    (["kill", "--all", "--why", "x" * 1_001], "longer than 1000"),
    (["kill", "--tool", "b\udcff", "--even-unknown", "--why", "x"], "not UTF-8"),
    (["pause", "x" * 5_000, "--why", "x"], "no deployment or tool is named"),
]


def test_a_control_that_is_not_understood_stops_nothing(cli: Cli, desk: Path) -> None:
    """A pause or kill without a reason or of two things at once, and a resume of nothing, change nothing."""
    assert desk.is_dir()
    for words, said in WRONG_CONTROLS:
        done = cli(*words)
        assert done.code == 2, (words, done)
        assert said in done.err, words
    assert cli.ok("controls", "--json").json == []


def test_a_tool_that_nobody_knows_is_refused(cli: Cli, desk: Path) -> None:
    """A mistyped tool stops nothing and is named with the nearest one; one yet to be served is stopped when said so."""
    assert desk.is_dir()
    for words in (["kill"], ["pause"], ["kill", "orders"]):
        done = cli(*words, "--tool", "bok", "--why", "x", "--json")
        assert (done.code, "did you mean book?" in done.err, "--even-unknown" in done.err) == (2, True, True), words
    assert cli.ok("controls", "--json").json == []
    cli.ok("kill", "--tool", "bok", "--why", "x", "--even-unknown")
    cli.ok("kill", "--tool", "book", "--why", "x")
    assert "did you mean bok?" in cli("resume", "--tool", "bokk").err
    cli.ok("resume", "--tool", "bok")
    assert [one["name"] for one in cli.ok("controls", "--json").json] == ["book"]


def test_a_killed_tool_is_listed_and_a_kill_is_no_pause(cli: Cli, desk: Path) -> None:
    """A kill of a tool of one deployment is listed as such, and its effects are not undone."""
    cli.ok("kill", desk, "--tool", "book", "--why", "it doubles", "--by", "kim")
    assert "tool book of orders" in cli.ok("controls").out
    done = cli("undo", "--case", "C-1", "--dry-run").out
    assert "no: The rules do not allow its undo." in done


def test_a_scope_does_not_move_while_code_is_loaded(cli: Cli, desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A moment is taken exactly and a duration from when the command began, however long the code takes to load."""
    times = [one["at"] for one in cli.ok("undo", "--tool", "book", "--dry-run", "--json").json["effects"]]
    shown = cli.ok("undo", "--tool", "book", "--since", min(times), "--dry-run", "--json").json
    assert [one["at"] for one in shown["effects"]] == times

    with monkeypatch.context() as moved:

        async def slow(*of: Any) -> str | None:  # noqa: ANN401  # what the command passes on
            began_s = clock.boot_s()
            moved.setattr(clock, "boot_s", lambda: began_s + 3600.0)
            return await deployment_name(*of)

        moved.setattr("bridgehead.cli.undo.deployment_name", slow)
        shown = cli.ok("undo", "--tool", "book", "--since", "10m", "--dry-run", "--json").json
    ago = datetime.fromisoformat(shown["until"]) - datetime.fromisoformat(shown["since"])
    assert timedelta(seconds=4200) <= ago < timedelta(seconds=4290)
    assert cli.ok("undo", "--tool", "book", "--since", max(times), "--dry-run", "--json").json["since"] == max(times)
    assert cli.ok("undo", "--tool", "book", "--until", "1h", "--dry-run", "--json").json["effects"] == []
    bad = cli("undo", "--tool", "book", "--until", "tomorrow", "--dry-run")
    assert (bad.code, "--until tomorrow: neither a time nor how long ago" in bad.err) == (2, True)


def test_a_dry_run_says_the_command_that_undoes_what_it_showed(cli: Cli, desk: Path) -> None:
    """What is done after a dry run is not in the scope of the command that it prints."""
    shown = cli.ok("undo", "--tool", "book", "--since", "10m", "--dry-run").out
    command = shown.split("bridgehead undo ")[1].split(" --why")[0].split()
    cli.submit(desk, c={"po": "P-3", "amount": 5})
    cli.work(desk)
    cli.ok("undo", *command, "--why", "a test", "--yes")
    assert (desk / "store.json").read_text() == '{"P-3": 5}'


def test_money_is_not_added_across_currencies() -> None:
    """Amounts are added by tool and currency without their signs, and those that cannot be read are counted."""
    totals = Totals.of(
        Done(
            effect_id=number, case_id=1, deployment="orders", release="", tool=tool, key=b"", digest=b"", occurrence=0,
            state="committed", args=args, result=None, image=None, stamped=True, at=None, case_state="done",
            level="autonomous", then={"cost": "0.10 EUR"}, rule="order.total <= 100", object=b"",
        )
        for number, (tool, args) in enumerate(AMOUNTS)
    )  # fmt: skip
    assert totals.lines() == [
        "They are about, each amount counted without its sign:",
        "  book: 30.00 CHF, 12.00 EUR",
        "  credit: 12.00 EUR",
        "2 effects have no readable amount.",
    ]
    assert totals.costs == {"EUR": Decimal("0.60")}


def test_what_the_world_changed_after_the_question_is_named(
    cli: Cli, desk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P8: where somebody edits a record between the showing and the undo, it stands, and the difference is told."""

    def meanwhile(*_: object) -> None:
        (desk / "store.json").write_text('{"P-1": 501, "P-2": 40}')

    monkeypatch.setattr(undo, "_confirm", meanwhile)
    done = cli("undo", "--tool", "book", "--why", "a test")
    assert (done.code, (desk / "store.json").read_text()) == (1, '{"P-1": 501}')
    assert "2 of 2 effects, of 2 cases, can be undone." in done.out
    assert "1 effect became something else than was shown:" in done.out
    assert "E-1: it was to be undone and is left: Somebody has changed the record since. (It differs in amount.)" in (
        done.out
    )
