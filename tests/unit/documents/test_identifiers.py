from __future__ import annotations

import pytest

from bridgehead.documents.identifiers import gln_holds, gtin_holds, vat_holds


@pytest.mark.parametrize("number", ["4006381333931", "96385074", "036000291452", "10614141000415"])
def test_numbers_with_their_check_digit_hold(number: str) -> None:
    """GTINs of every length hold, and none does with another last digit."""
    assert gtin_holds(number)
    assert not gtin_holds(number[:-1] + str((int(number[-1]) + 1) % 10))


def test_a_gln_has_thirteen_digits() -> None:
    """A GTIN of another length is no GLN."""
    assert gln_holds("4012345000009")
    assert not gln_holds("96385074")
    assert not gln_holds("4" * 10_000)


@pytest.mark.parametrize(
    "number, holds",
    [
        ("DE136695976", True),
        ("DE 136 695 976", True),
        ("DE136695977", False),
        ("GB980780684", True),
        ("CHE-107.787.577", True),
        ("NO 995 525 828 MVA", True),
        ("NO 995 525 829 MVA", False),
        ("BE0428759497", True),
        ("US12-3456789", None),
        ("", None),
        ("D" * 10_000, None),
    ],
)
def test_vat_numbers_are_judged_where_a_rule_is_known(number: str, holds: bool | None) -> None:
    """A VAT number holds by its country's rule, and is not judged where none is known."""
    assert vat_holds(number) is holds
