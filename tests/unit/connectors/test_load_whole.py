"""A list that is whole by its nature says why, and has no pages."""

from __future__ import annotations

from pathlib import Path

import pytest

from bridgehead.connectors.load import load_specification
from bridgehead.errors import UserError

FILE = """
connector: erp
kind: http
connection: {{url: "http://127.0.0.1:1"}}
entities:
  order:
    key: number
    fields: {{number: {{type: code}}}}
    reads:
      orders:
        request: {{path: /orders}}
        {more}
        complete: {{whole: "no limit, so one answer holds all"}}
"""


def test_a_reason_is_enough(tmp_path: Path) -> None:
    """P5: a system without counts and pages can say why one answer is the whole list."""
    file = tmp_path / "erp.yaml"
    file.write_text(FILE.format(more="rows: items"))
    assert load_specification(file).entities["order"].reads["orders"].complete is not None


def test_pages_beside_it_are_a_mistake(tmp_path: Path) -> None:
    """P5: a list of pages cannot be whole by its nature."""
    file = tmp_path / "erp.yaml"
    file.write_text(FILE.format(more="paging: {link: true}"))
    with pytest.raises(UserError, match="no paging beside it"):
        load_specification(file)
