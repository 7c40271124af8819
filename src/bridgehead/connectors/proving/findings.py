"""What one proof finds: proved, or why not and what to add."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from bridgehead.connectors.proving.verdict import State, Verdict

Finding = tuple[State, str, str]
Prove = Callable[[], Awaitable[Finding]]

PROVED: Final[Finding] = ("proved", "", "")


def open_(why: str, hint: str = "") -> Finding:
    """Returns what is not proved."""
    return "not proved", why, hint


def aside(why: str) -> Finding:
    """Returns what does not apply."""
    return "not applicable", why, ""


def verdict(tool: str, behaviour: str, finding: Finding) -> Verdict:
    """Returns the verdict that a finding stands for."""
    state, why, hint = finding
    return Verdict(tool, behaviour, state, why, hint)
