"""Calls of the command line in tests: in this process, or in one of their own."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from bridgehead import ids
from bridgehead.cli.application import run


@dataclass(frozen=True, slots=True)
class Done:
    """How a call ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:  # noqa: ANN401  # a test looks into whatever JSON a command printed
        return json.loads(self.out)


@dataclass
class Cli:
    """The command line over one database, in this process."""

    folder: Path
    monkeypatch: pytest.MonkeyPatch
    capsys: pytest.CaptureFixture[str]
    module: str = field(default_factory=lambda: f"cli_{ids.random_hex(6)}")

    def __call__(self, *arguments: object, stdin: bytes = b"") -> Done:
        self.capsys.readouterr()
        self.monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        code = run([str(argument) for argument in arguments])
        found = self.capsys.readouterr()
        return Done(code, found.out, found.err)

    def ok(self, *arguments: object, stdin: bytes = b"") -> Done:
        """Calls and expects success."""
        done = self(*arguments, stdin=stdin)
        assert done.code == 0, done
        return done

    def submit(self, folder: Path, **orders: object) -> None:
        """Submits one JSON document per order, named as the keyword."""
        for name, order in orders.items():
            self.ok("submit", folder, "-", "--name", name, stdin=json.dumps(order).encode())

    def work(self, folder: Path) -> None:
        """Runs a worker until nothing is left to do without a person."""
        self.ok("worker", folder, "--until-idle")


def shell(
    folder: Path, environment: Mapping[str, str], *arguments: object, stdin: bytes = b"", timeout_s: float = 60
) -> Done:
    """Calls the command line in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "bridgehead", *map(str, arguments)],
        cwd=folder,
        env={**os.environ, **environment},
        input=stdin,
        capture_output=True,
        timeout=timeout_s,
        check=False,
    )
    return Done(done.returncode, done.stdout.decode(), done.stderr.decode())
