"""The list of guards that a benchmark removes stays true to the source and to the tests."""

from __future__ import annotations

import pytest

from bench.guards import GUARDS, ROOT, Guard


@pytest.mark.parametrize("guard", GUARDS, ids=lambda guard: guard.name.replace(" ", "-"))
def test_each_guard_stands_where_the_list_says_and_has_a_test(guard: Guard) -> None:
    """P2: a guard can be removed by its text, which is in the source once, and the tests named for it exist."""
    source = (ROOT / "src" / "bridgehead" / guard.file).read_text(encoding="utf-8")
    assert source.count(guard.text) == 1
    for test in guard.tests:
        file, _, name = test.partition("::")
        assert f"def {name.partition('[')[0]}(" in (ROOT / file).read_text(encoding="utf-8")
