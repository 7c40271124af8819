"""Lines that a mail program broke, and lines that somebody ended."""

from __future__ import annotations

import pytest

from bridgehead.documents.mail.forms import unwrapped

LONG = "Order P-1; 17 pcs RM-7508; 10 pcs RM-7185; Deliver to: Ridge Builders LLC, 14 Depot Road, Waco, TX 76701"
BROKEN = "Please deliver all of these items before the end of the month to our"


@pytest.mark.parametrize("second", ["Delivery as soon as possible.", "warehouse"])
def test_a_line_longer_than_programs_break_at_was_ended_by_somebody(second: str) -> None:
    """What stands below a line of more than 80 characters is no part of it, so no address swallows a sentence."""
    assert unwrapped([(1, LONG), (2, second)]) == [(1, LONG), (2, second)]


def test_a_line_broken_for_want_of_room_is_joined() -> None:
    """A line as long as programs break at goes on in the next one."""
    assert unwrapped([(1, BROKEN), (2, "warehouse in Waco.")]) == [(1, f"{BROKEN} warehouse in Waco.")]
