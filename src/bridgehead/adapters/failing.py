"""What a failure inside a framework means, as one of the closed error classes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from bridgehead.errors import BridgeheadError, ErrorClass, Failed

STATUSES: Final[dict[int, ErrorClass]] = {
    401: "auth_expired",
    402: "budget_exhausted",
    403: "forbidden",
    404: "not_found",
    408: "timeout",
    409: "conflict",
    413: "context_overflow",
    429: "throttled",
    504: "timeout",
}
"""RFC 9110 section 15, for what a framework gives a status and no category."""

_SERVER_ERROR: Final = 500
_LONGEST_TEXT: Final = 500


def of_status(status: int) -> ErrorClass:
    """Returns the class of an HTTP status that a model's server answered with."""
    return STATUSES.get(status, "transient" if status >= _SERVER_ERROR else "invalid_input")


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
