"""``connector test`` over recordings of the demo ERP: whole as it is, and failing at each edit that promises less."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bridgehead.cli.application import run
from bridgehead.connectors.proving.verdict import BEHAVIOURS

HERE = Path("tests/support/connectors")
READS = ("find_customers", "find_orders", "get_order")
ACTIONS = ("book_order", "cancel_order")


@pytest.fixture
def spec(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Gives the ERP's specification and its recordings, without any setting or secret around it."""
    for name in ("ERP_URL", "ERP_TOKEN_URL", "ERP_SECRET"):
        monkeypatch.delenv(name, raising=False)
    for name in ("erp.yaml", "erp.recorded.yaml"):
        shutil.copy(HERE / name, tmp_path / name)
    return tmp_path / "erp.yaml"


@pytest.fixture
def edited(spec: Path) -> Callable[[str, str], Path]:
    """Gives what exchanges a text in the specification, which must stand there."""

    def edit(old: str, new: str) -> Path:
        text = spec.read_text(encoding="utf-8")
        assert old in text, old
        spec.write_text(text.replace(old, new, 1), encoding="utf-8")
        return spec

    return edit


def verdicts(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, dict[str, dict[str, Any]]]:
    """Returns the exit code and, by ``NAME:BEHAVIOUR``, every verdict."""
    capsys.readouterr()
    code = run(["connector", "test", "--json", *map(str, arguments)])
    (found,) = json.loads(capsys.readouterr().out)
    return code, {f"{one['name']}:{one['behaviour']}": one for one in found["verdicts"]}


def test_every_behaviour_of_the_recorded_erp_is_proved(spec: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without a system, a setting or a secret, all that applies is proved, and the rest says why it does not."""
    code, found = verdicts(capsys, spec)
    assert code == 0, [one for one in found.values() if one["state"] == "not proved"]
    assert len(found) == 18 * 3 + 21 * 2
    aside = {name: one["why"] for name, one in found.items() if one["state"] != "proved"}
    assert aside == {
        "get_order:not_whole": "it brings one record",
        "get_order:second_record": "its answer is one record",
        "book_order:compare_and_set": "it declares no if_match",
        "cancel_order:undo": "it declares no undo",
        **{f"{one}:needs": "it reads nothing else first" for one in (*READS, *ACTIONS)},
        **{f"{one}:unfinished": "it is one request" for one in ACTIONS},
    }
    assert {one["behaviour"] for one in found.values()} == set(BEHAVIOURS)


_COUNT = "        complete: {count: total}\n      get_order"
_PAGED = "        paging: {cursor: {at: next, param: cursor}}\n" + _COUNT
_NAME = "name: {from: name, label: personal}"
_HOSTS = "timeout: 10s, hosts: [%s]}"
_ERRORS = "errors: [%s]\nentities:\n"
_LATER = "{status: 5xx, error: transient, applied: false}"

EDITS = {
    "mapping": ("{from: total, type", "{from: totals, type", "find_orders:recorded", "total (at totals)"),
    "field": ("{from: customer, type", "{from: po_number, type", "find_orders:recorded", "customer: recorded"),
    "type": ("type: date}", "type: text}", "find_orders:promises", "order_date was of type date and is text"),
    "key": ("key: order_number", "key: customer", "find_orders:promises", "its key was order_number and is customer"),
    "key of a list": ("key: order_number", "key: customer", "find_orders:recorded", "have the key C100"),
    "action's key": ("[customer, po_number]", "[po_number]", "book_order:promises", "its key was customer"),
    "freshness": ("age: 1m", "age: 10d", "find_orders:promises", "its max_age was 60 s and is 864000 s"),
    "no freshness": ("    max_age: 1m\n", "", "get_order:stale", "nothing bounds how old order may be"),
    "allow-list": ("timeout: 10s}", _HOSTS % "other.example", "find_orders:recorded", "was not reached"),
    "wide allow-list": ("timeout: 10s}", _HOSTS % "erp.example, b.example", "find_orders:elsewhere", "lists b.example"),
    "count": (_COUNT, "      get_order", "find_orders:not_whole", "not whole"),
    "paging": (_PAGED, _COUNT, "find_orders:recorded", "not whole: 1 records of 2"),
    "path": ("{path: /orders, query", "{path: /order, query", "find_orders:recorded", "recorded /orders, asked /order"),
    "optional": ("{from: status,", "{from: status, optional: true,", "find_orders:promises", "enum and is enum?"),
    "label": (_NAME, "name: {from: name}", "find_customers:promises", "name carried a label"),
    "no label": (_NAME, "name: {from: name}", "find_customers:personal_data", "customer: name"),
    "comparing": ('      same: {total: "{total}"}\n', "", "book_order:other_content", "not compared"),
    "version": ("header: If-Match}", "header: X-Version}", "cancel_order:recorded", "headers"),
    "right": ("entities:\n", _ERRORS % "{status: 403, error: not_found}", "find_orders:forbidden", "not_found"),
    "false promise": ("entities:\n", _ERRORS % _LATER, "book_order:server_error", "which is not known"),
}


@pytest.mark.parametrize("what", EDITS)
def test_an_edit_that_promises_less_fails_and_is_named(
    edited: Callable[[str, str], Path], capsys: pytest.CaptureFixture[str], what: str
) -> None:
    """Breaking a mapping, a key, a freshness bound, an allow-list or a check ends with 1 and names the culprit."""
    old, new, culprit, named = EDITS[what]
    code, found = verdicts(capsys, edited(old, new))
    assert code == 1
    assert found[culprit]["state"] == "not proved", {k: v for k, v in found.items() if v["state"] == "not proved"}
    assert named in found[culprit]["why"], found[culprit]


def test_without_a_lookup_nothing_of_a_lost_reply_is_proved(
    edited: Callable[[str, str], Path], spec: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """An action that cannot be read back is not proved against lost replies, and is told what to add."""
    text = spec.read_text(encoding="utf-8")
    start = text.index("    lookup:\n      read: find_orders")
    end = text.index("    request:\n      method: POST")
    code, found = verdicts(capsys, edited(text[start:end], ""))
    assert code == 1
    for behaviour in ("lost_reply", "timeout", "server_error", "repeated", "other_content", "lookup_down"):
        assert found[f"book_order:{behaviour}"]["state"] == "not proved", behaviour
        assert found[f"book_order:{behaviour}"]["hint"].startswith("Add lookup"), behaviour


def test_what_was_never_recorded_says_how_to(spec: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without recordings nothing is proved, and each read and action is told the command that records it."""
    (spec.parent / "erp.recorded.yaml").unlink()
    code, found = verdicts(capsys, spec)
    assert code == 1
    assert {one["state"] for one in found.values()} == {"not proved"}
    assert found["find_orders:stale"]["hint"] == "Run: bridgehead connector record erp.yaml find_orders NAME=VALUE …"
    assert found["book_order:undo"]["hint"].endswith("--write")


def test_a_gap_can_be_accepted_by_name(edited: Callable[[str, str], Path], capsys: pytest.CaptureFixture[str]) -> None:
    """A named gap fails nothing and stays in the table; a name that is none is refused with the nearest one."""
    path = edited("        complete: {count: total}\n      get_order", "      get_order")
    code, found = verdicts(capsys, path, "--allow", "find_orders:not_whole")
    assert code == 0
    assert (found["find_orders:not_whole"]["state"], found["find_orders:not_whole"]["allowed"]) == ("not proved", True)
    assert run(["connector", "test", str(path), "--allow", "find_orders:not_hole"]) == 2
    assert "not_whole" in capsys.readouterr().err


def test_the_table_names_what_is_missing(
    edited: Callable[[str, str], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    """People get one row a behaviour, one column a read or action, and below it what to add."""
    path = edited("    max_age: 1m\n", "")
    assert run(["connector", "test", str(path)]) == 1
    shown = capsys.readouterr().out
    row = next(line for line in shown.splitlines() if line.startswith("stale"))
    assert row.split() == ["stale", "proved", "NOT", "PROVED", "NOT", "PROVED"]
    assert "Add max_age to the entity" in shown


@pytest.mark.parametrize("text", ["calls: [", "connector: erp\nkind: http\n", "connector: erp\nunknown: 1\n", "\0"])
def test_a_broken_recording_is_refused(spec: Path, capsys: pytest.CaptureFixture[str], text: str) -> None:
    """A file that is no recording ends with 2, its name and what to do."""
    (spec.parent / "erp.recorded.yaml").write_text(text, encoding="utf-8")
    assert run(["connector", "test", str(spec)]) == 2
    told = capsys.readouterr().err
    assert "erp.recorded.yaml is no recording" in told
    assert "record again" in told


def test_recordings_of_another_connector_are_refused(
    edited: Callable[[str, str], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    """A recording is replayed against the connector that it was made of, and no other."""
    assert run(["connector", "test", str(edited("connector: erp", "connector: crm"))]) == 2
    assert "was recorded of erp, not of crm" in capsys.readouterr().err
