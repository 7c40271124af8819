"""What a failure inside a framework means, as one of the closed error classes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from bridgehead.errors import BridgeheadError, ErrorClass, Failed
from bridgehead.resilience import taxonomy

_LONGEST_TEXT: Final = 500


def of_status(status: int) -> ErrorClass:
    """Returns the class of an HTTP status that a model's server answered with."""
    row = taxonomy.of_status("model", status)
    return taxonomy.UNKNOWN["model"] if row is None else row.error_class


def classified(error: BaseException, class_of: Callable[[BaseException], ErrorClass | None]) -> BaseException:
    """Returns what an exception out of a run means: a Failed for the framework's own, itself for any other.

    ``class_of`` knows the framework's exceptions. Of a group, the first member that says more
    than "bug" stands for all; Bridgehead's own exceptions pass unchanged, however deep a group
    holds them.
    """
    leaves = _leaves(error)
    for leaf in leaves:
        if isinstance(leaf, BridgeheadError) or not isinstance(leaf, Exception):
            return leaf
    for leaf in leaves:
        found = class_of(leaf)
        if found is not None:
            return _failed(leaf, found)
    return leaves[0]


def _leaves(error: BaseException) -> list[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        return [leaf for member in error.exceptions for leaf in _leaves(member)]
    return [error]


def _failed(error: BaseException, error_class: ErrorClass) -> Failed:
    text = " ".join(str(error).split())[:_LONGEST_TEXT]
    failed = Failed(f"{type(error).__name__}: {text}", error_class=error_class)
    wait = getattr(error, "retry_after", None)
    if isinstance(wait, int | float):
        failed.attributes["retry_after"] = float(wait)
    return failed
