from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from bridgehead.connectors.fill import fill, names_in
from bridgehead.errors import Failed

LINES = {"each": "lines", "do": "{item.sku|digits:6};{item.count|comma};{item.note|or:-}", "join": "|", "apart": ";"}


def test_a_list_becomes_one_text() -> None:
    """Entries are joined, codes of digits alone are padded, and what is absent is what `or` says."""
    lines = ({"sku": "4711", "count": Decimal("1.5")}, {"sku": "AB-1", "count": 2, "note": "x"})
    assert fill(LINES, {"lines": lines}) == "004711;1,5;-|AB-1;2;x"
    assert fill(LINES, {"lines": ()}) == ""
    assert names_in(LINES) == {"lines", "item.sku", "item.count", "item.note"}


@pytest.mark.parametrize("bad", ["a;b", "a|b", None])
def test_a_value_that_would_break_the_text_is_refused(bad: str | None) -> None:
    """A value that holds a separator, or is absent where none is declared, is invalid input that names its list."""
    with pytest.raises(Failed) as caught:
        fill(LINES, {"lines": ({"sku": bad, "count": 1},)})
    assert (caught.value.error_class, caught.value.applied) == ("invalid_input", False)
    assert caught.value.attributes["field"] == "lines"


def test_a_time_is_told_where_it_is_needed() -> None:
    """A time with a zone is turned into the time of another one before it is written."""
    assert (
        fill("{at|zone:Europe/Berlin|%d.%m. %H:%M}", {"at": datetime(2026, 7, 1, 22, 30, tzinfo=UTC)}) == "02.07. 00:30"
    )
