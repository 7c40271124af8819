from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

from bridgehead.engine.reading_child import HEADER

SPIN = "from bridgehead.engine import reading_child as child; child.CPU_S = 0; child.main()"
QUICK = "from bridgehead.engine import reading_child as child; child.main()"
READER = """
from bridgehead import NewCase

def spins(document, name):
    while True:
        pass

def counts(document, name):
    return NewCase(input=len(document))

def hoards(document, name):
    return NewCase(input=len(bytes(3 * 2**30)))
"""


def framed(reader: str, folder: Path) -> bytes:
    """Returns a request as the worker sends it."""
    head = json.dumps({"reader": reader, "folder": str(folder), "name": "order"}).encode()
    return b"".join(HEADER.pack(len(part)) + part for part in (head, b"four"))


def ask(program: str, request: bytes) -> subprocess.CompletedProcess[bytes]:
    """Runs a reader's process over one request, its input closed after it."""
    return subprocess.run([sys.executable, "-c", program], input=request, capture_output=True, timeout=60, check=False)


def test_a_reader_that_spins_ends_without_its_worker(tmp_path: Path) -> None:
    """A reader that never ends is ended by the system, also when the worker that would kill it is dead."""
    (tmp_path / "spinning.py").write_text(READER)
    assert ask(SPIN, framed("spinning:spins", tmp_path)).returncode == -signal.SIGXCPU


def test_a_reader_answers_and_ends_with_its_input(tmp_path: Path) -> None:
    """An ordinary document is answered within the bound, and the process ends when nobody asks any more."""
    (tmp_path / "counting.py").write_text(READER)
    done = ask(QUICK, framed("counting:counts", tmp_path))
    assert done.returncode == 0
    assert json.loads(done.stdout[HEADER.size :])["items"][0]["case"]["input"] == 4


def test_a_reader_that_takes_all_memory_gives_its_document_to_a_person(tmp_path: Path) -> None:
    """A document that asks for more memory than a reader may have is a review, and the next one is read."""
    (tmp_path / "hoarding.py").write_text(READER)
    done = ask(QUICK, framed("hoarding:hoards", tmp_path) + framed("hoarding:counts", tmp_path))
    (length,) = HEADER.unpack(done.stdout[: HEADER.size])
    first = json.loads(done.stdout[HEADER.size : HEADER.size + length])
    second = json.loads(done.stdout[2 * HEADER.size + length :])
    assert "MemoryError" in first["items"][0]["review"]["reason"]
    assert second["items"][0]["case"]["input"] == 4
