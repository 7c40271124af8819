from __future__ import annotations

import json
from pathlib import Path

import pytest

from bridgehead.cli.application import run
from bridgehead.cli.exits import complain
from bridgehead.errors import ERROR_CLASSES, Failed

DEPLOYMENT = """
deployment: orders
agent: deploy:orders
owner: owner@example.com
case: {key: [po_number], deadline: 30m}
roles: {desk: {members: "group:desk"}, it: {members: "group:it"}}
fallback: {default: desk, auth_expired: it}
"""


def test_every_class_is_listed_with_who_catches_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With a deployment the list says which role catches each class, and without one what is done about it."""
    (tmp_path / "bridgehead.yaml").write_text(DEPLOYMENT, "utf-8")
    assert run(["errors", str(tmp_path), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [one["error_class"] for one in told] == list(ERROR_CLASSES)
    assert {one["role"] for one in told} == {"desk", "it"}
    assert next(one["role"] for one in told if one["error_class"] == "auth_expired") == "it"
    assert run(["errors"]) == 0
    assert "unknown_effect" in capsys.readouterr().out


def test_a_deployment_with_a_hole_is_not_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A table in which a class has no role does not load, and the message names every class without one."""
    holed = DEPLOYMENT.replace("{default: desk, auth_expired: it}", "{auth_expired: it, timeout: desk}")
    (tmp_path / "bridgehead.yaml").write_text(holed, "utf-8")
    assert run(["errors", str(tmp_path)]) == 2
    said = capsys.readouterr().err
    assert all(name in said for name in ERROR_CLASSES if name not in {"auth_expired", "timeout"})


@pytest.mark.parametrize(
    "sign, wanted",
    [
        ("503", {"dependency_down", "transient", "throttled", "invalid_input"}),
        ("418", {"invalid_input", "transient"}),
        ("40P01", {"transient"}),
        ("enospc", {"dependency_down"}),
        ("FATAL: sorry, too many clients already", {"throttled"}),
    ],
)
def test_a_sign_is_looked_up(sign: str, wanted: set[str], capsys: pytest.CaptureFixture[str]) -> None:
    """A sign is found by what it is, whoever says it; a status without a row means what its hundred means."""
    assert run(["errors", "--sign", sign, "--json"]) == 0
    found = {one["error_class"] for one in json.loads(capsys.readouterr().out)}
    assert found == wanted


def test_an_unknown_sign_is_said_to_be_one(capsys: pytest.CaptureFixture[str]) -> None:
    """What no row knows is not guessed at, and is printed without what could move a terminal."""
    assert run(["errors", "--sign", "\x1b[2Jodd"]) == 0
    out = capsys.readouterr().out
    assert "No row" in out
    assert "\x1b" not in out


def test_an_unknown_class_is_wrong_use(capsys: pytest.CaptureFixture[str]) -> None:
    """A class outside of the closed list is refused with the nearest one."""
    assert run(["errors", "--class", "timeuot"]) == 2
    assert "timeout" in capsys.readouterr().err


def test_a_failure_says_where_to_read_on(capsys: pytest.CaptureFixture[str]) -> None:
    """What a command fails with names the command that explains its class."""
    complain(Failed("no answer", error_class="timeout"))
    assert "bridgehead errors --class timeout" in capsys.readouterr().err
