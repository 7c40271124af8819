"""What a failure inside the framework means, as one of the closed error classes."""

from __future__ import annotations

from typing import Final

from pydantic_ai import exceptions

from bridgehead.errors import BridgeheadError, ErrorClass, Failed

_KINDS: Final[tuple[tuple[type[BaseException], ErrorClass], ...]] = (
    (exceptions.ModelRateLimitError, "throttled"),
    (exceptions.ModelQuotaExceededError, "budget_exhausted"),
    (exceptions.ModelUnavailableError, "transient"),
    (exceptions.ModelServerError, "transient"),
    (exceptions.ModelTimeoutError, "timeout"),
    (exceptions.ModelRequestTimeout, "timeout"),
    (exceptions.ModelConnectionError, "dependency_down"),
    (exceptions.ModelContextWindowExceededError, "context_overflow"),
    (exceptions.ModelAuthenticationError, "auth_expired"),
    (exceptions.ModelNotFoundError, "not_found"),
    (exceptions.ContentFilterError, "refused_by_model"),
    (exceptions.UnexpectedModelBehavior, "invalid_output"),
    (exceptions.UsageLimitExceeded, "budget_exhausted"),
    (exceptions.ConcurrencyLimitExceeded, "throttled"),
    (exceptions.RunTimedOut, "timeout"),
)
"""First match wins, so the exact ones come first."""

_STATUSES: Final[dict[int, ErrorClass]] = {
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
"""RFC 9110 section 15, for what the framework gives a status and no category."""

_SERVER_ERROR: Final = 500
_LONGEST_TEXT: Final = 500


def classified(error: BaseException) -> BaseException:
    """Returns what an exception out of a run means: a Failed for the framework's own, itself for any other.

    Of a group, the first member that says more than "bug" stands for all; Bridgehead's own
    exceptions pass unchanged, however deep a group holds them.
    """
    leaves = _leaves(error)
    for leaf in leaves:
        if isinstance(leaf, BridgeheadError) or not isinstance(leaf, Exception):
            return leaf
    for leaf in leaves:
        found = _class_of(leaf)
        if found is not None:
            return _failed(leaf, found)
    return leaves[0]


def _leaves(error: BaseException) -> list[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        return [leaf for member in error.exceptions for leaf in _leaves(member)]
    return [error]


def _class_of(error: BaseException) -> ErrorClass | None:
    for kind, found in _KINDS:
        if isinstance(error, kind):
            return found
    if isinstance(error, exceptions.ModelHTTPError):
        if error.status_code in _STATUSES:
            return _STATUSES[error.status_code]
        return "transient" if error.status_code >= _SERVER_ERROR else "invalid_input"
    if isinstance(error, exceptions.ModelRequestRejectedError):
        return "invalid_input"
    return "transient" if isinstance(error, exceptions.ModelAPIError) else None


def _failed(error: BaseException, error_class: ErrorClass) -> Failed:
    text = " ".join(str(error).split())[:_LONGEST_TEXT]
    failed = Failed(f"{type(error).__name__}: {text}", error_class=error_class)
    wait = getattr(error, "retry_after", None)
    if isinstance(wait, int | float):
        failed.attributes["retry_after"] = float(wait)
    return failed
