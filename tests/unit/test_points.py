"""Crash points: closed, each in the code, and armed only where a test says so twice."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import timeit
from collections.abc import Iterator
from pathlib import Path

import pytest

import bridgehead
from bridgehead import points
from bridgehead.errors import UserError

REACHED = re.compile(r'points\.reach\("([^"]+)"\)')
PROCESS = """
from bridgehead import points
points.reach("effects.send.before")
points.reach("effects.send.before")
print("survived", flush=True)
"""


@pytest.fixture
def armed() -> Iterator[None]:
    """Disarms whatever a test has armed in this process."""
    yield
    points.disarm()


def run(**environment: str) -> subprocess.Popen[str]:
    """Starts a process that comes to one point twice."""
    return subprocess.Popen(
        [sys.executable, "-c", PROCESS], env={**os.environ, **environment}, stdout=subprocess.PIPE, text=True
    )


def test_every_name_is_reached_in_the_code_and_no_other() -> None:
    """P2: the list of crash points is what the code holds, before and after each thing that must not be torn."""
    folder = Path(bridgehead.__file__).parent
    found = {
        name
        for file in folder.rglob("*.py")
        if file.name != "points.py"
        for name in REACHED.findall(file.read_text(encoding="utf-8"))
    }
    assert found == set(points.NAMES)
    assert {name.rpartition(".")[0] + ".after" for name in found} <= found
    assert {name.rpartition(".")[0] + ".before" for name in found} <= found


def test_an_armed_process_dies_at_the_visit_that_was_named() -> None:
    """A process armed for the second visit of a point is killed there by SIGKILL, without another word."""
    process = run(**{points.POINT: "effects.send.before:2", points.ALLOWED: points.CONSENT})
    said, _ = process.communicate(timeout=30)
    assert process.returncode == -signal.SIGKILL
    assert said == ""


def test_a_process_that_freezes_goes_on_when_it_is_thawed() -> None:
    """A process armed to stop stands still as a zombie does, and goes on as any other once it is thawed."""
    process = run(**{points.POINT: "effects.send.before:1:stop", points.ALLOWED: points.CONSENT})
    _, status = os.waitpid(process.pid, os.WUNTRACED)
    assert os.WIFSTOPPED(status)
    process.send_signal(signal.SIGCONT)
    said, _ = process.communicate(timeout=30)
    assert (process.returncode, said) == (0, "survived\n")


@pytest.mark.parametrize("allowed", ["", "1", "true"])
def test_one_variable_alone_arms_nothing(allowed: str) -> None:
    """A crash point left over in the environment of a real worker does nothing: a second variable must consent."""
    process = run(**{points.POINT: "effects.send.before", points.ALLOWED: allowed})
    said, _ = process.communicate(timeout=30)
    assert (process.returncode, said) == (0, "survived\n")


@pytest.mark.parametrize("text", ["effects.send", "effects.send.before:0", "effects.send.before:x", "a:1:pause"])
def test_an_unknown_point_is_refused_with_the_list(armed: None, text: str) -> None:
    """A name that is no crash point is an error that lists those there are: a typo must not look like survival."""
    with pytest.raises(UserError, match="names no crash point") as error:
        points.arm(text)
    assert "effects.intent.after" in (error.value.hint or "")


def test_a_point_that_is_off_costs_nothing_to_speak_of() -> None:
    """A crash point that is off costs less than a microsecond, even on a busy machine; measured: some 30 ns."""
    best_s = min(timeit.repeat("reach('effects.send.before')", globals={"reach": points.reach}, number=10_000))
    assert best_s / 10_000 < 1e-6
