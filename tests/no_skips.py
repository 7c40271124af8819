"""A run proves what it says: in CI nothing is skipped, and shared data is found or named."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).resolve().parent.parent
SHARED: Final = ROOT.parent / "shared" / "data"
NO_SHARED: Final = "the shared data is not beside this clone"
NO_MODEL: Final = "no model is on this machine: name a GGUF file in BRIDGEHEAD_TEST_GGUF and install xllamacpp"
"""Weights are no part of the project and come from no package, so that CI has none."""

_skips: Final[list[str]] = []


@pytest.fixture
def shared_data() -> Path:
    """Returns the folder of the data that lies beside the clone; skips where it is absent."""
    if not SHARED.is_dir():
        pytest.skip(NO_SHARED)
    return SHARED


def in_ci() -> bool:
    """Tells whether this run is CI's, where a skipped test is a test that nobody saw fail."""
    return os.environ.get("CI", "").lower() in {"1", "true", "yes"}


def reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    """Returns why a report says skipped, as the test gave it."""
    if isinstance(report.longrepr, tuple):
        return str(report.longrepr[2])
    return str(report.longrepr)


def counts(report: pytest.TestReport | pytest.CollectReport) -> bool:
    """Tells whether a report is a skip that a CI run may not have.

    An expected failure is reported as skipped too, and is none; shared data that is
    truly absent excuses the tests over it, and so does a model that nobody named.
    """
    if not report.skipped or hasattr(report, "wasxfail"):
        return False
    if NO_MODEL in reason(report):
        return bool(os.environ.get("BRIDGEHEAD_TEST_GGUF"))
    return SHARED.is_dir() or NO_SHARED not in reason(report)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Keeps the skips of tests; under xdist the controller sees all of them."""
    if counts(report):
        _skips.append(f"{report.nodeid}: {reason(report)}")


def pytest_collectreport(report: pytest.CollectReport) -> None:
    """Keeps the skips of whole modules."""
    if counts(report):
        _skips.append(f"{report.nodeid}: {reason(report)}")


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fails a CI run that skipped."""
    if in_ci() and _skips and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Names the skips that failed a CI run."""
    if in_ci() and _skips:
        terminalreporter.section("skipped in CI, which fails the run", red=True)
        for line in sorted(set(_skips)):
            terminalreporter.line(line)
