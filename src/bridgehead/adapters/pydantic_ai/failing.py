"""What a failure inside the framework means, as one of the closed error classes."""

from __future__ import annotations

from typing import Final

from pydantic_ai import exceptions

from bridgehead.adapters import failing
from bridgehead.errors import ErrorClass

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


def classified(error: BaseException) -> BaseException:
    """Returns what an exception out of a run means: a Failed for the framework's own, itself for any other."""
    return failing.classified(error, _class_of)


def _class_of(error: BaseException) -> ErrorClass | None:
    for kind, found in _KINDS:
        if isinstance(error, kind):
            return found
    if isinstance(error, exceptions.ModelHTTPError):
        return failing.of_status(error.status_code)
    if isinstance(error, exceptions.ModelRequestRejectedError):
        return "invalid_input"
    return "transient" if isinstance(error, exceptions.ModelAPIError) else None
