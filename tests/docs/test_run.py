from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs import tree


def run(folder: Path, body: str, *, ci: str) -> subprocess.CompletedProcess[str]:
    """Runs pytest over one test file, with a copy of what watches the project's own runs."""
    tests = folder / "clone" / "tests"
    tests.mkdir(parents=True, exist_ok=True)
    shutil.copy(tree.ROOT / "tests" / "no_skips.py", tests / "conftest.py")
    (tests / "test_one.py").write_text(body, encoding="utf-8")
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:randomly", "tests"],
        cwd=folder / "clone",
        env={**os.environ, "CI": ci},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


SKIPS = """
import pytest

def test_good():
    pass

def test_skipped():
    pytest.skip("no such weather")
"""

WANTS_DATA = """
def test_good():
    pass

def test_wants_data(shared_data):
    assert shared_data.is_dir()
"""


def test_a_skip_fails_a_run_in_ci(tmp_path: Path) -> None:
    """A run in CI that skips a test exits non-zero and says why it skipped."""
    done = run(tmp_path, SKIPS, ci="true")
    assert done.returncode == 1, done.stdout
    assert "no such weather" in done.stdout


def test_a_skip_is_allowed_at_home(tmp_path: Path) -> None:
    """Outside CI a skipped test does not fail the run."""
    assert run(tmp_path, SKIPS, ci="").returncode == 0


def test_absent_shared_data_is_excused(tmp_path: Path) -> None:
    """A test over the shared data may be skipped where that data is absent, in CI too."""
    done = run(tmp_path, WANTS_DATA, ci="true")
    assert done.returncode == 0, done.stdout
    assert "1 passed, 1 skipped" in done.stdout


def test_present_shared_data_is_used(tmp_path: Path) -> None:
    """Where the shared data lies beside the clone, tests over it run."""
    (tmp_path / "shared" / "data").mkdir(parents=True)
    done = run(tmp_path, WANTS_DATA, ci="true")
    assert done.returncode == 0, done.stdout
    assert "2 passed" in done.stdout


def test_every_run_is_watched() -> None:
    """The project's own conftest carries the watch over skips."""
    conftest = (tree.ROOT / "tests" / "conftest.py").read_text("utf-8")
    watch = (tree.ROOT / "tests" / "no_skips.py").read_text("utf-8")
    for hook in re.findall(r"^def (pytest_\w+)", watch, re.MULTILINE):
        assert f"    {hook},\n" in conftest, hook


WANTS_MODEL = """
import pytest
from tests.conftest import NO_MODEL

def test_good():
    pass

def test_asks_a_model():
    pytest.skip(NO_MODEL)
"""


def test_an_absent_model_is_excused_and_a_named_one_is_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A test that asks a model may be skipped in CI, unless a model was named for it."""
    monkeypatch.delenv("BRIDGEHEAD_TEST_GGUF", raising=False)
    done = run(tmp_path, WANTS_MODEL, ci="true")
    assert done.returncode == 0, done.stdout
    assert "1 passed, 1 skipped" in done.stdout
    monkeypatch.setenv("BRIDGEHEAD_TEST_GGUF", "small.gguf")
    assert run(tmp_path, WANTS_MODEL, ci="true").returncode == 1
