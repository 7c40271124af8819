"""Real kills at every crash point, judged by the books of another process: the crash bench in its smallest form."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from bridgehead import points

ROOT = Path(__file__).resolve().parents[2]


def run(*arguments: str) -> tuple[int, dict[str, dict[str, float]], dict[str, float], str]:
    """Runs the bench; returns its exit code, its table by point, its figures, and what it said."""
    done = subprocess.run(
        [sys.executable, "bench/crash.py", "--json", "--without-rivals", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.stdout, done.stderr
    told = json.loads(done.stdout)
    by_point = {str(row["point"]): row for row in told["tables"]["by point"]}
    return done.returncode, by_point, {one["name"]: one["value"] for one in told["figures"]}, done.stdout + done.stderr


def test_a_kill_at_every_point_doubles_and_loses_nothing() -> None:
    """P2: a process killed at any named point leaves every order booked once, and none without an end."""
    code, by_point, figures, said = run("--points")
    assert {name for name in points.NAMES if by_point[name]["kills"] < 1} == set(), said
    assert figures["effects doubled"] == figures["effects lost"] == figures["effects nobody ordered"] == 0, said
    assert figures["cases without an outcome or an open review"] == 0, said
    assert code == 0, said


@pytest.mark.parametrize("guard", ["intent", "verify", "fencing"])
def test_without_a_guard_the_books_show_doubled_effects(guard: str) -> None:
    """P2: each guard is needed: without it the schedule that it is there for books an order twice."""
    code, _, figures, said = run("--without", guard)
    assert figures["effects doubled"] >= 1, said
    assert code == 1, said


def test_with_every_guard_the_same_schedules_double_and_lose_nothing() -> None:
    """P2: killed with a reply in hands, or frozen before a write and returned, no worker books an order twice."""
    code, _, figures, said = run("--without", "nothing")
    assert figures["kills"] >= 4, said
    assert figures["frozen, and returned after their lease"] >= 2, said
    assert figures["effects doubled"] == figures["effects lost"] == 0, said
    assert code == 0, said


def test_a_bench_that_is_told_to_stop_leaves_nothing_behind() -> None:
    """The bench ends what it started when it is ended itself: no worker and no server goes on."""
    with subprocess.Popen(
        [sys.executable, "bench/crash.py", "--points", "--without-rivals"],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if "under load" in line:
                break
        process.send_signal(signal.SIGTERM)
        process.stderr.read()
        assert process.wait(60) == 1
    left = [
        file
        for file in Path("/proc").glob("[0-9]*/stat")
        if (text := _read(file)) and int(text.rpartition(")")[2].split()[3]) == process.pid
    ]
    assert left == []


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
