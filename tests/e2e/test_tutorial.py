"""The tutorial: its commands, in its order, in an empty folder with a fresh home and an embedded database."""

from __future__ import annotations

import shutil
import socket
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from bridgehead.clock import boot_s
from bridgehead.storage import embedded
from tests.docs import tree
from tests.docs.walk import Command, Walk, environment, steps

WAIT_S = 30


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
def port() -> str:
    """Gives a free port."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return str(taken.getsockname()[1])


def booked(port: str, secret: Path, wanted: set[str]) -> Counter[str]:
    """Returns how often each PO number is in the ERP's books, once all that are wanted are there."""
    end = boot_s() + WAIT_S
    form = {"grant_type": "client_credentials", "client_id": "bridgehead", "client_secret": secret.read_text()}
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as http:
        http.headers["Authorization"] = f"Bearer {http.post('/oauth/token', data=form).json()['access_token']}"
        return _listed(http, wanted, end)


def _listed(http: httpx.Client, wanted: set[str], end: float) -> Counter[str]:
    while True:
        items = http.get("/books").json()["items"]
        found = Counter(str(item["order"]["po_number"]) for item in items)
        if wanted <= set(found) or boot_s() > end:
            return found


@pytest.mark.slow
def test_the_tutorial_does_what_it_shows(place: Path, port: str) -> None:
    """Every command of the tutorial, in order, shows what the page says, and the ERP's books hold each order once."""
    page = tree.page("tutorial/index.md").replace("8750", port)
    todo = [step for step in steps(page) if not isinstance(step, Command) or not step.text.startswith("bridgehead db")]
    assert len(todo) > 25
    work = place / "work"
    work.mkdir()
    with Walk(work, environment(place / "home", Path(sys.executable))) as walk:
        for step in todo:
            walk.do(step)
            if isinstance(step, Command) and step.terminal == "erp":
                _answers(port)
            if isinstance(step, Command) and step.text.startswith("bridgehead review R-1 approve"):
                assert booked(port, work / "erp.secret", {"TP-88131"}) == {"TP-88131": 1}
        assert booked(port, work / "erp.secret", {"TP-88132"}) == {"TP-88131": 1, "TP-88132": 1}


def _answers(port: str) -> None:
    end = boot_s() + WAIT_S
    while boot_s() < end:
        try:
            httpx.get(f"http://127.0.0.1:{port}/health", trust_env=False).raise_for_status()
        except httpx.TransportError:
            continue
        return
    raise AssertionError("the ERP does not answer")
