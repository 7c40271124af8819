"""The arithmetic of bench/steps.py and bench/scale.py."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bench import scale, steps
from bench.rivals import processes, serving, usage
from bench.rivals.ours import KINDS, of_marks


def test_a_percentile_is_a_value_that_was_measured() -> None:
    """The nearest rank is taken: of a hundred values p99 is the second largest, of few ones the largest."""
    values = [float(number) for number in range(100, 0, -1)]
    assert steps.percentile(values, 0.99) == 99
    assert steps.percentile(values, 0.5) == 50
    assert steps.percentile(values, 1.0) == 100
    assert steps.percentile([3.0, 1.0, 2.0], 0.99) == 3
    assert steps.percentile([7.0], 0.5) == 7


def test_a_ratio_is_taken_against_the_better_rival_of_each_round() -> None:
    """A round's ratio is ours by the best of theirs in that round, and the median over rounds counts."""
    ours = [100.0, 100.0, 30.0]
    assert steps.ratio(ours, [[50.0, 20.0, 10.0], [25.0, 10.0, 30.0]]) == 2.0
    with pytest.raises(ValueError, match="zip"):
        steps.ratio(ours, [[50.0, 20.0]])


def test_each_step_counts_by_its_kind_and_a_missing_one_is_found() -> None:
    """A case's marks give one latency for each of its ten steps; marks that are not eleven raise."""
    marks = [10.0 + sum(0.001 * (step + 1) for step in range(count)) for count in range(len(KINDS) + 1)]
    ran = of_marks({1: marks}, {1: 9.98}, 2.0, {"worker": 0.25, "reading": 0.5})
    assert ran.steps_ms == pytest.approx([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
    assert ran.by_kind["model"] == pytest.approx([1, 3, 5, 7])
    assert ran.by_kind["effect"] == pytest.approx([9, 10])
    assert ran.starts_ms == pytest.approx([20])
    assert ran.cpu_s == 0.75
    assert ran.at_once == pytest.approx(0.055 / 2)
    with pytest.raises(ValueError, match="zip"):
        of_marks({1: marks[:-1]}, {}, 1.0, {})


def test_a_rivals_steps_are_timed_from_mark_to_mark() -> None:
    """The time from each mark to the next is a step's latency, in milliseconds."""
    assert serving.steps_ms([[1.0, 1.5, 1.75], [3.0, 3.001]]) == [500, 250, 1]


def test_all_steps_bring_two_kilobytes() -> None:
    """What a step comes to has the same size for everybody, and is the same for the same step of the same case."""
    assert {len(serving.payload(case, step).encode()) for case in range(9) for step in range(10)} == {serving.BYTES}
    assert serving.payload(3, 4) == serving.payload(3, 4) != serving.payload(3, 5)


def test_an_interval_widens_with_the_spread() -> None:
    """The upper end of the interval is the mean for equal windows, and Student's bound for others."""
    assert scale.upper([2.0] * 10) == 2.0
    assert scale.upper([1.0, 3.0, 1.0, 3.0, 2.0]) == pytest.approx(2.0 + 2.776 * 1.0 / 5**0.5)


def test_missing_rivals_are_named_with_the_command_that_installs_them(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without the rivals nothing is measured: the exit code is one of its own, and the text names the command."""
    monkeypatch.setattr(processes, "READY", tmp_path / ".venv-rivals" / ".ready")
    with pytest.raises(SystemExit) as ended:
        steps.main(["--quick"])
    assert ended.value.code == processes.MISSING not in (0, 1, 2)
    assert "make rivals" in capsys.readouterr().err


def test_what_a_process_and_its_children_use_is_read_from_the_system() -> None:
    """A child's processor time and memory count with its parent's, while it lives and once it has ended."""
    here = os.getpid()
    before_s = usage.tree_cpu_s(here)
    code = "import sys\nheld = b'x' * 30_000_000\nfor _ in range(3_000_000): pass\nprint(flush=True)\nsys.stdin.read()"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()
        assert child.pid in usage.tree(here)
        own_s = usage.exact_cpu_s([child.pid])
        assert own_s > 0.01
        assert usage.tree_cpu_s(here) - before_s >= own_s - 0.02  # counted in hundredths of a second
        assert usage.memory_bytes(here) > usage.memory_bytes(child.pid) > 30_000_000
    assert child.pid not in usage.tree(here)
    assert usage.tree_cpu_s(here) - before_s >= own_s - 0.02
