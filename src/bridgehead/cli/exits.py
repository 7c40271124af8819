"""How a command ends: one number a script can branch on, and for people a message with a hint."""

from __future__ import annotations

import sys
from enum import IntEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from bridgehead.errors import BridgeheadError


class Exit(IntEnum):
    """The exit codes of every command."""

    OK = 0
    FAILED = 1
    WRONG_USE = 2
    REFUSED = 3
    UNAVAILABLE = 4
    INTERRUPTED = 130


_OVERTAKEN: Final = frozenset({"review.decided", "review.changed", "case.closed"})
"""The command was right, and something else came first: failed, not wrong use."""


def exit_code(error: BridgeheadError) -> Exit:
    """Returns the exit code an error ends a command with."""
    from bridgehead.errors import Refused, Unavailable, UserError

    if isinstance(error, Unavailable):
        return Exit.UNAVAILABLE
    if isinstance(error, Refused):
        return Exit.REFUSED
    if isinstance(error, UserError) and error.code not in _OVERTAKEN:
        return Exit.WRONG_USE
    return Exit.FAILED


def complain(error: BridgeheadError) -> None:
    """Writes an error's message, hint and code to standard error."""
    from bridgehead.cli.output import clean

    print(f"error: {clean(error.message, keep_lines=True)}", file=sys.stderr)
    if error.hint:
        print(f"  {clean(error.hint, keep_lines=True)}", file=sys.stderr)
    print(f"  ({error.code}{_more(error.code)})", file=sys.stderr)


def _more(code: str) -> str:
    """Returns how to look an error class up; empty for any other code."""
    from bridgehead.errors import ERROR_CLASSES

    name = code.removeprefix("call.")
    return f"; bridgehead errors --class {name}" if code.startswith("call.") and name in ERROR_CLASSES else ""
