from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli import desk
from tests.cli.calls import Done, shell


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Gives an empty folder to work in."""
    folder = tmp_path / "work"
    folder.mkdir()
    return folder


@pytest.fixture
def here(place: Path, database_url: str) -> dict[str, str]:
    """Gives the environment of the story's commands."""
    return {
        "BRIDGEHEAD_DATABASE_URL": database_url,
        "BRIDGEHEAD_HOME": str(place / "home"),
        "BRIDGEHEAD_SWEEP_S": "0.2",
    }


@pytest.fixture
def erp(place: Path) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Gives a place for processes that are ended afterwards."""
    started: list[subprocess.Popen[bytes]] = []
    yield started
    for process in started:
        process.kill()
        process.wait(10)


def start_erp(place: Path, started: list[subprocess.Popen[bytes]]) -> str:
    """Starts the template's demo ERP over its own master data; returns its URL."""
    port = place / "port"
    module = "bridgehead.templates.purchase_orders.erp"
    command = [sys.executable, "-m", module, "--master", "orders/erp/master.json", "--db", "erp.sqlite"]
    process = subprocess.Popen([*command, "--port-file", str(port)], cwd=place)
    started.append(process)
    while not port.exists():
        assert process.poll() is None
        os.sched_yield()
    return f"http://127.0.0.1:{port.read_text()}"


@pytest.mark.slow
def test_the_whole_way_from_an_empty_folder(
    place: Path, here: dict[str, str], erp: list[subprocess.Popen[bytes]]
) -> None:
    """From init to a verified ledger: shadow first, a report, a promotion, an approval, and one booking in the ERP."""

    def call(*arguments: object, code: int = 0) -> Done:
        done = shell(place, here, *arguments)
        assert done.code == code, done
        return done

    call("init", "orders", "--template", "purchase_orders")
    here["ERP_URL"] = start_erp(place, erp)
    here["ERP_CLIENT_SECRET_FILE"] = "erp.secret"
    assert call("check", "orders", "--json").json["ok"]
    sent = call("submit", "orders", "orders/samples/*", "--json").json
    assert len(sent["arrivals"]) == 4
    assert "at level shadow" in call("worker", "orders", "--until-idle").out
    ended = sorted(case["outcome"] for case in call("cases", "--json").json["cases"])
    assert ended == ["completed", "completed", "completed", "would_hand_over"]
    outputs = (call("case", f"C-{number}", "--json").json["outcome"]["output"] for number in (1, 2))
    booking = next(output for output in outputs if output is not None and "total" in output)
    (place / "people.json").write_text(json.dumps([{**booking, "total": "1.00", "booked_by": "person"}]))
    report = call("report", "orders", "--people", "people.json", "--json").json["comparison"]
    assert (report["compared"], report["no_booking"]) == (1, 2)
    assert [one["field"] for one in report["differences"]] == ["total"]

    call("promote", "orders", "--to", "approve", "--why", "the report", "--by", "lee")
    order = (place / "orders" / "samples" / "1-booked.x12").read_text().replace("TP-88120", "TP-88121")
    (place / "orders" / "in" / "next.x12").write_text(order)
    call("worker", "orders", "--until-idle")
    (moved,) = (place / "orders" / "in" / "done").iterdir()
    assert moved.name == "A-5_next.x12"
    (review,) = call("reviews", "--json").json["reviews"]
    assert review["role"] == "sales-lead"
    call("review", review["id"], "approve", "--by", "pat")
    call("review", review["id"], "approve", "--by", "kim", code=1)
    call("worker", "orders", "--until-idle")
    told = call("explain", review["case"]).out
    assert "pat approved it" in told
    assert "book_order was allowed" in told
    case = call("case", review["case"], "--json").json
    assert case["outcome"]["output"]["order_number"].startswith("SO-")
    assert [effect["state"] for effect in case["effects"]] == ["committed"]
    call("ledger", "export", "heads.jsonl")
    assert call("ledger", "verify", "--heads", "heads.jsonl", "--json").json["whole"]


def test_a_worker_told_to_stop_comes_to_its_end(place: Path, here: dict[str, str]) -> None:
    """SIGTERM and SIGINT let a worker finish and exit with 0; what was under way is done or due, never lost."""
    desk.write(place / "orders", "stopping")
    for number in (signal.SIGTERM, signal.SIGINT):
        process = subprocess.Popen(
            [sys.executable, "-m", "bridgehead", "worker", "orders"],
            cwd=place,
            env={**os.environ, **here},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        assert process.stdout.readline().startswith("serving orders at level shadow")
        process.send_signal(number)
        out, err = process.communicate(timeout=30)
        assert (process.returncode, out) == (0, "stopped\n"), err


def test_deployments_in_one_process_do_not_mix(place: Path, here: dict[str, str]) -> None:
    """Two deployments run side by side, but not two of one name, nor two whose modules have one name."""
    one = desk.write(place / "orders", "deploy_one")
    two = desk.write(place / "mails", "deploy_two")
    described = two / "bridgehead.yaml"
    described.write_text(described.read_text().replace("deployment: orders", "deployment: mails"))
    apart = described.read_text()
    for name in ("orders", "mails"):
        (place / "one.json").write_text('{"po": "P-1", "amount": 5}')
        assert shell(place, here, "submit", name, "one.json").code == 0
    assert shell(place, here, "worker", "orders", "mails", "--until-idle").code == 0
    cases = shell(place, here, "cases", "--json").json["cases"]
    assert sorted((case["deployment"], case["outcome"]) for case in cases) == [
        ("mails", "completed"),
        ("orders", "completed"),
    ]
    described.write_text(apart.replace("./in", "../orders/in"))
    shared = shell(place, here, "worker", "orders", "mails", "--until-idle")
    assert (shared.code, "is watched for another deployment" in shared.err) == (2, True)
    described.write_text(apart)
    twice = shell(place, here, "worker", "orders", one / "bridgehead.yaml", "--until-idle")
    assert (twice.code, "both deployment 'orders'" in twice.err) == (2, True)
    (two / "deploy_two.py").rename(two / "deploy_one.py")
    described.write_text(described.read_text().replace("deploy_two", "deploy_one"))
    mixed = shell(place, here, "worker", "orders", "mails", "--until-idle")
    assert (mixed.code, "is loaded already" in mixed.err) == (2, True)


def test_a_worker_without_a_database_is_code_4(place: Path, here: dict[str, str]) -> None:
    """A worker that finds no database says so and ends with 4."""
    desk.write(place / "orders", "alone")
    away = {**here, "BRIDGEHEAD_DATABASE_URL": "postgresql://who:s3cret@127.0.0.1:9/none"}
    done = shell(place, away, "worker", "orders")
    assert done.code == 4
    assert "s3cret" not in done.err


@pytest.mark.parametrize("intake", [".", "..", "sub/.."])
def test_a_deployment_never_takes_its_own_files(place: Path, here: dict[str, str], intake: str) -> None:
    """An intake folder that holds the deployment is refused when the worker starts, and nothing is moved."""
    folder = desk.write(place / "orders", "own_files")
    (folder / "sub").mkdir()
    file = folder / "bridgehead.yaml"
    file.write_text(file.read_text().replace("{folder: ./in}", f"{{folder: {intake}}}"))
    done = shell(place, here, "worker", "orders", "--until-idle")
    assert (done.code, "holds a deployment's own files" in done.err) == (2, True), done
    assert sorted(entry.name for entry in folder.iterdir() if entry.suffix) == ["bridgehead.yaml", "own_files.py"]
