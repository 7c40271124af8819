"""The threat model says nothing that no test shows."""

from __future__ import annotations

import re
from typing import Final

import pytest

from tests.docs import tree

PAGE: Final = "explanation/threat-model.md"
ENTRIES: Final = (
    *(f"ASI{number:02}" for number in range(1, 11)),
    *(f"C9.{number}" for number in range(1, 9)),
    "AML.T0051.001",
    "AML.T0053",
    "AML.T0080",
    "AML.T0086",
    "AML.T0110",
)


def test_every_test_that_the_threat_model_names_exists() -> None:
    """A test that the page rests on is there, under its very name."""
    named = set(re.findall(r"`(test_\w+)`", tree.page(PAGE)))
    there: set[str] = set()
    for path in tree.below(tree.ROOT / "tests", ".py"):
        there |= set(re.findall(r"^(?:async )?def (test_\w+)\(", path.read_text(encoding="utf-8"), re.MULTILINE))
    assert len(named) > 40
    assert named - there == set()


@pytest.mark.parametrize("entry", ENTRIES)
def test_every_entry_of_the_lists_has_a_row(entry: str) -> None:
    """Each risk of the lists has a row that names a test, or says what cannot be done."""
    (row,) = [line for line in tree.page(PAGE).splitlines() if line.startswith(f"| {entry} |")]
    assert "`test_" in row or "cannot" in row
