"""The guide to an agent of one's own: its files and commands, in its order, in an empty folder."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.docs import tree
from tests.docs.walk import Walk, environment, steps


@pytest.mark.slow
def test_the_guide_does_what_it_shows(database_url: str, tmp_path: Path) -> None:
    """Every file and command of the guide, in order, shows what the page says it shows."""
    more = {"BRIDGEHEAD_DATABASE_URL": database_url, "BRIDGEHEAD_SWEEP_S": "0.2"}
    todo = list(steps(tree.page("howto/write-an-agent.md")))
    assert len(todo) > 20
    with Walk(tmp_path, environment(tmp_path / "home", Path(sys.executable), **more)) as walk:
        for step in todo:
            walk.do(step)
