"""What an order states of its sum, beside lines that no sum can come of."""

from __future__ import annotations

from decimal import Decimal

import pytest

from bridgehead.documents.draft import Draft
from bridgehead.documents.draft_line import DraftLine


@pytest.mark.parametrize("price, amount, doubted", [(None, None, True), ("1.69", None, False), (None, "253.50", False)])
def test_a_total_that_no_line_can_come_to_is_doubted(price: str | None, amount: str | None, *, doubted: bool) -> None:
    """A total beside lines without prices says that something was lost, and the order is not sure."""
    draft = Draft(format="email")
    draft.stated_total = Decimal("253.50")
    line = DraftLine(number=1, quantity=Decimal(150), supplier_part="CA012W4")
    line.price = None if price is None else Decimal(price)
    line.amount = None if amount is None else Decimal(amount)
    draft.lines.append(line)
    assert any("no line has a price" in one for one in draft.finish().warnings) is doubted
