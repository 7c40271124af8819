"""Fixtures of the command line's tests."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli import desk
from tests.cli.calls import Cli


@pytest.fixture
def cli(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Cli]:
    """Gives the command line over this test's database, called from this test's folder."""
    monkeypatch.setenv("BRIDGEHEAD_DATABASE_URL", database_url)
    monkeypatch.setenv("BRIDGEHEAD_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("BRIDGEHEAD_SWEEP_S", "0.1")
    monkeypatch.setenv("BRIDGEHEAD_SEND_S", "0.2")
    monkeypatch.chdir(tmp_path)
    yield Cli(tmp_path, monkeypatch, capsys)
    sys.modules.pop("deploy", None)  # the code of a template, which another test loads from another folder


@pytest.fixture
def orders(cli: Cli, tmp_path: Path) -> Path:
    """Gives the folder of a small deployment."""
    return desk.write(tmp_path / "orders", cli.module)
