"""A page tells what to do without a command line."""

from __future__ import annotations

import pytest

from bridgehead.console.rendering import without_commands


@pytest.mark.parametrize(
    "told, shown",
    [
        (
            'Then it is closed: bridgehead review R-3 answer "what was done". The agent does not take it up again.',
            "Then it is closed. The agent does not take it up again.",
        ),
        (
            'unless you send it back once what stopped it is put right: bridgehead review R-3 answer "why" --again',
            "unless you send it back once what stopped it is put right",
        ),
        ("It opened this case. As it came: bridgehead arrival A-2 --original FILE", "It opened this case."),
        ("Bridgehead said: nothing.", "Bridgehead said: nothing."),
    ],
)
def test_commands_are_left_out(told: str, shown: str) -> None:
    """What somebody would type is not on a page that has a button for it; every other word stays."""
    assert without_commands(told) == shown
