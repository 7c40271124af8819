"""The guides to connectors: their commands, in their order, in an empty folder."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
from pathlib import Path

from bridgehead.clock import boot_s
from bridgehead.connectors.load import load_specification
from tests.docs import tree
from tests.docs.walk import LIMIT_S, Command, Walk, environment, steps


def walked(page: str, folder: Path, *, port: int | None = None) -> None:
    """Walks a page in a folder; what another terminal starts answers on ``port`` before the walk goes on."""
    with Walk(folder, environment(folder / "home", Path(sys.executable))) as walk:
        for step in steps(page):
            walk.do(step)
            if isinstance(step, Command) and step.terminal and port is not None:
                answers(port, walk)


def answers(port: int, walk: Walk) -> None:
    """Waits until something listens on a port of this machine."""
    end = boot_s() + LIMIT_S
    while True:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        assert boot_s() < end, f"nothing answers on {port}"
        # Its end would be the only news sooner than the next try.
        with contextlib.suppress(subprocess.TimeoutExpired):
            walk.going_on[-1].wait(0.05)
            raise AssertionError("what the page starts in another terminal has ended")


def test_connecting_a_database(tmp_path: Path) -> None:
    """Who does what the guide says has a connector whose money, dates and lists are right."""
    walked(tree.page("howto/connect-a-database.md"), tmp_path)
    order = load_specification(tmp_path / "shop.yaml").entities["auftrag"]
    assert (order.fields["netto"].type, order.fields["netto"].scale) == ("money", 2)
    assert order.fields["bestdat"].none == ("00000000",)
    assert order.fields["position"].read == "position_by_aufnr"


def test_connecting_an_http_api(tmp_path: Path) -> None:
    """Who does what the guide says has a connector that reads the demo ERP and would book into it once."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = int(taken.getsockname()[1])
    walked(tree.page("howto/connect-an-http-api.md").replace("8750", str(port)), tmp_path, port=port)
    spec = load_specification(tmp_path / "erp.yaml")
    assert spec.actions["book_order"].lookup is not None
    assert spec.actions["book_order"].undo is not None
