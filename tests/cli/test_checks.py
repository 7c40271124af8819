"""What people do and say of what was checked gives each check its rates, and without any nothing is said."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.calls import Cli

CODE = """
import json
from bridgehead import Case, Context, NewCase, read

def small(*, args, result):
    if result["amount"] == 13:
        raise RuntimeError("no rule for this")
    return None if result["amount"] <= 100 else "more than a hundred\\x1b[2J"

def reader(document, name):
    order = json.loads(document)
    return NewCase(input=order, key={"po": order["po"]})

async def agent(case: Case[dict], ctx: Context) -> dict:
    return {"po": case.input["po"], "amount": case.input["amount"]}
"""
YAML = """
deployment: orders
agent: MODULE:agent
reader: MODULE:reader
owner: desk@example.com
case: {key: [po], deadline: 30m}
outcome: {check: MODULE:small}
roles: {desk: {members: "group:desk"}}
fallback: desk
autonomy: {level: approve}
"""


@pytest.fixture
def orders(cli: Cli, tmp_path: Path) -> Path:
    """Gives a deployment whose outcomes are checked."""
    place = tmp_path / "orders"
    place.mkdir()
    (place / f"{cli.module}.py").write_text(CODE)
    (place / "bridgehead.yaml").write_text(YAML.replace("MODULE", cli.module))
    return place


def run(cli: Cli, orders: Path, tmp_path: Path, *amounts: int) -> None:
    """Lets a case of each amount come to its end; its number is its place, from 1 on."""
    cli.ok("promote", orders, "--to", "autonomous", "--by", "pat", "--why", "a test")
    for number, amount in enumerate(amounts, 1):
        order = tmp_path / f"{number}.json"
        order.write_text(json.dumps({"po": str(number), "amount": amount}))
        cli.ok("submit", orders, order)
    cli.ok("serve", orders, "--until-idle")


def test_no_data_is_said_to_be_none(cli: Cli, orders: Path, tmp_path: Path) -> None:
    """P4: before anybody has said anything the rates are unknown, and what it takes is named."""
    assert "no check has looked at anything" in cli.ok("checks", "rates", orders).out
    assert cli.ok("checks", "rates", orders, "--json").json == []
    run(cli, orders, tmp_path, 5, 500)
    done = cli.ok("checks", "rates", orders)
    told = " ".join((done.out + done.err).split())
    assert "no data yet" in told
    assert "nothing is labelled of what it found wrong and of what it let pass" in told
    (row,) = cli.ok("checks", "rates", orders, "--json").json
    assert (row["found"], row["passed"], row["catches"], row["false_alarms"]) == (1, 1, None, None)


def test_decisions_and_labels_of_people_give_the_rates(cli: Cli, orders: Path, tmp_path: Path) -> None:
    """P4: an outcome that a person gave, a label and a booking each say whether the check was right."""
    run(cli, orders, tmp_path, 5, 500, 600, 13, 8)
    for review in cli.ok("reviews", "--json").json["reviews"]:
        proposed = cli.ok("review", review["id"], "--json").json["shown"]["proposed"]
        if proposed["amount"] == 500:  # right after all
            cli.ok("review", review["id"], "answer", json.dumps(proposed), "--by", "pat")
        elif proposed["amount"] == 600:
            cli.ok("review", review["id"], "answer", json.dumps({**proposed, "amount": 60}), "--by", "pat")
    first = next(one for one in cli.ok("checks", "list", orders, "--json").json if one["case"] == "C-1")
    assert cli.ok("checks", "label", first["id"], "right", "--by", "kim").out.startswith(first["id"])
    bookings = tmp_path / "bookings.json"
    bookings.write_text(json.dumps([{"po": "5", "amount": 9}, {"po": "1", "amount": 6}]))
    (row,) = cli.ok("checks", "rates", orders, "--people", bookings, "--json").json
    assert (row["found"], row["passed"], row["silent"]) == (2, 2, 1)
    assert (row["found_wrong"], row["found_right"], row["passed_wrong"], row["passed_right"]) == (1, 1, 1, 1)
    assert row["catches"]["value"] == row["false_alarms"]["value"] == 0.5
    assert 0 < row["catches"]["low"] < 0.05
    said = {one["case"]: one["labelled_by"] for one in cli.ok("checks", "list", orders, "--json").json}
    assert said["C-1"] == "kim"
    assert said["C-2"] == "the outcome a person gave"
    assert "50.0% (" in cli.ok("checks", "rates", orders, "--people", bookings).out
    waiting = cli.ok("checks", "list", orders, "--unlabelled", "--verdict", "passed", "--json").json
    assert [one["case"] for one in waiting] == ["C-5"]
    cli.ok("ledger", "verify")


def test_a_label_may_be_corrected_and_stays_on_record(cli: Cli, orders: Path, tmp_path: Path) -> None:
    """P6: a later label takes the place of an earlier one, and the chain of the case holds both."""
    run(cli, orders, tmp_path, 5)
    (one,) = cli.ok("checks", "list", orders, "--json").json
    cli.ok("checks", "label", one["id"], "wrong", "--by", "kim")
    told = cli.ok("checks", "label", one["id"], "right", "--by", "pat", "--json").json
    assert (told["right"], told["labelled_by"]) == (True, "pat")
    events = [event for event in cli.ok("case", "C-1", "--json").json["events"] if event["kind"] == "check.labelled"]
    assert [(event["refs"]["right"], event["refs"]["by"]) for event in events] == [(False, "kim"), (True, "pat")]


def test_a_wrong_label_says_what_to_do(cli: Cli) -> None:
    """A label that fits nothing changes nothing and says what was expected."""
    cli.ok("reviews")
    for arguments, told in (
        (("K-99", "right"), "there is no check K-99"),
        (("C-1", "right"), "is no K-number"),
        (("K-1", "maybe"), "expected one of right, wrong"),
    ):
        done = cli("checks", "label", *arguments)
        assert done.code == 2
        assert told in done.err
