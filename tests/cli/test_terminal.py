"""The worker in a real terminal: what its keys do, and what is on the screen afterwards."""

from __future__ import annotations

import os
import pty
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from select import select

import pytest

from bridgehead.clock import boot_s
from bridgehead.storage import embedded
from tests.cli import desk
from tests.cli.calls import shell

WAIT_S = 40.0
LAUNCH = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.executable, [sys.executable, "-m", "bridgehead", *sys.argv[1:]])
"""
"""Makes the terminal on standard input the controlling one, so that its Ctrl-C signals the whole foreground group."""


@dataclass
class Terminal:
    """A process with a terminal of its own, and all that was on its screen."""

    process: subprocess.Popen[bytes]
    keys: int
    screen: str = ""

    def until(self, seen: Callable[[str], bool]) -> None:
        """Reads the screen until it holds what is looked for."""
        end = boot_s() + WAIT_S
        while not seen(self.screen):
            assert boot_s() < end, self.screen
            assert self.read(), self.screen

    def read(self) -> bool:
        """Reads what comes within a moment; False once the terminal is closed."""
        ready, _, _ = select([self.keys], [], [], 0.2)
        if not ready:
            return True
        try:
            came = os.read(self.keys, 65536)
        except OSError:
            return False  # Linux: EIO once the last process has closed the terminal
        self.screen += came.decode()
        return bool(came)

    def press(self, key: bytes) -> None:
        """Types a key."""
        os.write(self.keys, key)

    def close(self) -> int:
        """Reads to the end and returns the exit code."""
        end = boot_s() + WAIT_S
        while self.read():
            assert boot_s() < end, self.screen
        return self.process.wait(10)


@pytest.fixture
def place() -> Iterator[Path]:
    """Gives a short folder for a home with an embedded server, which is stopped at the end."""
    # Not under pytest's own folder: a socket's path may have 107 characters.
    folder = Path(tempfile.mkdtemp(prefix="bh-"))
    try:
        yield folder
    finally:
        embedded.stop(folder / "home")
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def terminals() -> Iterator[Callable[..., Terminal]]:
    """Gives a function that runs a command in a terminal of its own."""
    opened: list[Terminal] = []

    def run(folder: Path, environment: dict[str, str], *arguments: str) -> Terminal:
        keys, screen = pty.openpty()
        process = subprocess.Popen(
            [sys.executable, "-c", LAUNCH, *arguments],
            cwd=folder,
            env={**os.environ, **environment},
            stdin=screen,
            stdout=screen,
            stderr=screen,
            start_new_session=True,
        )
        os.close(screen)
        opened.append(Terminal(process, keys))
        return opened[-1]

    yield run
    for terminal in opened:
        terminal.process.kill()
        terminal.process.wait(10)
        os.close(terminal.keys)


def test_ctrl_c_ends_a_worker_without_a_traceback(
    tmp_path: Path, database_url: str, terminals: Callable[..., Terminal]
) -> None:
    """Ctrl-C in a terminal stops a worker that has a reader's process beside it: exit 0, and no traceback of either."""
    here = {"BRIDGEHEAD_DATABASE_URL": database_url, "BRIDGEHEAD_HOME": str(tmp_path / "home")}
    desk.write(tmp_path / "orders", "in_a_terminal")
    terminal = terminals(tmp_path, here, "serve", "orders")
    terminal.until(lambda screen: "serving orders" in screen)
    sent = shell(tmp_path, here, "submit", "orders", "-", "--wait", stdin=b'{"po": "P-1", "amount": 5}')
    assert sent.code == 0, sent
    terminal.press(b"\x03")
    assert terminal.close() == 0, terminal.screen
    assert "stopped" in terminal.screen
    assert "Traceback" not in terminal.screen
    assert "KeyboardInterrupt" not in terminal.screen


def test_a_worker_whose_database_went_away_stops_quietly(place: Path, terminals: Callable[..., Terminal]) -> None:
    """With the database stopped under it a worker says once that it cannot sweep, and ends with 0 when told to."""
    here = {"BRIDGEHEAD_HOME": str(place / "home"), "BRIDGEHEAD_SWEEP_S": "0.2"}
    desk.write(place / "orders", "without_database")
    terminal = terminals(place, here, "worker", "orders")
    terminal.until(lambda screen: "serving orders" in screen)
    assert shell(place, here, "db", "stop", "--force").code == 0
    terminal.until(lambda screen: "put off" in screen)
    terminal.process.send_signal(signal.SIGTERM)
    assert terminal.close() == 0, terminal.screen
    assert "stopped" in terminal.screen
    assert "Traceback" not in terminal.screen
    assert len(terminal.screen.splitlines()) < 8, terminal.screen
