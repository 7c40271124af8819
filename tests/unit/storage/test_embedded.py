from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from bridgehead.storage import embedded

START = (
    "import sys; from pathlib import Path; from bridgehead.storage import embedded; embedded.start(Path(sys.argv[1]))"
)


@pytest.fixture
def home() -> Iterator[Path]:
    """Gives a home of its own whose path is short enough for a socket; its server is stopped at the end."""
    folder = Path(tempfile.mkdtemp(prefix="bh-"))
    folder.chmod(0o755)
    yield folder / "home"
    embedded.stop(folder / "home")
    shutil.rmtree(folder, ignore_errors=True)


def test_a_home_that_was_wiped_is_made_again(home: Path) -> None:
    """A process that stopped the server another one had left, and wiped its folder, gets a fresh server there."""
    subprocess.run([sys.executable, "-W", "ignore", "-c", START, str(home)], check=True)
    assert embedded.stop(home)
    shutil.rmtree(home)
    with psycopg.connect(embedded.start(home)) as conn:
        assert conn.execute("select 1").fetchone() == (1,)
    assert embedded.status(home).pid is not None
