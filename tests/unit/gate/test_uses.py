"""What a call counts for, whatever a model makes of the argument that is counted."""

from __future__ import annotations

from typing import Final

import pytest

from bridgehead.gate.caps import seen_of, use_of
from bridgehead.gate.shape import UnfitError
from bridgehead.spec.caps import CapKind
from bridgehead.spec.tool import JSON, Tool

SEND: Final = Tool("send", "irreversible", parameters={}, moves="sum", reaches="to", touches="files")


@pytest.mark.parametrize(
    "to, count",
    [
        ("a@x", 1),
        ("a@x, b@x;c@x d@x", 4),
        ("a@x|b@x/c@x", 3),
        ("a@x\uff0cb@x\u3001c@x", 3),
        ("<a@x><b@x>", 2),
        ("a@x\u200bb@x", 2),
        ([["a", "b"], "c,d"], 4),
        ({"name": "Ada Lovelace", "address": "a@x"}, 1),
        ({"to": ["a@x", "b@x"], "cc": "c@x"}, 3),
        ({"id": 7}, 1),
        ([], 0),
    ],
)
def test_recipients_are_counted_however_they_are_joined(to: JSON, count: int) -> None:
    """A thousand addresses in one argument are a thousand, whatever stands between them."""
    assert use_of(SEND, {"to": to}, frozenset(("recipients",))).recipients == count


@pytest.mark.parametrize(
    "amount",
    ["NaN EUR", "inf", "-5 EUR", "1e3 EUR", "5,000 EUR", "5 EUR 600 EUR", "", True, [5], {"amount": 5}, 1e15, 0.00001],
)
def test_what_is_no_amount_is_not_counted_as_one(amount: JSON) -> None:
    """Nothing that two readers could take for two amounts counts, and none is below nothing."""
    with pytest.raises(UnfitError):
        use_of(SEND, {"sum": amount}, frozenset(("money",)))


def test_what_cannot_be_counted_takes_nothing_else_along() -> None:
    """Money counts where recipients and files are left out, and files where the money is none."""
    every = frozenset[CapKind](("calls", "money", "recipients", "records"))
    paid = seen_of(SEND, {"sum": "5 EUR", "to": None}, every)
    assert (str(paid.money), paid.currency, paid.recipients, paid.records) == ("5.0000", "EUR", None, None)
    kept = seen_of(SEND, {"sum": "much", "files": ["a", "b"]}, every)
    assert (kept.money, kept.currency, kept.records) == (None, "", 2)
