"""What a failure inside LangChain means, as one of the closed error classes."""

from __future__ import annotations

from typing import Final

from langchain.agents.middleware.model_call_limit import ModelCallLimitExceededError
from langchain.agents.middleware.tool_call_limit import ToolCallLimitExceededError
from langchain.agents.structured_output import StructuredOutputError
from langchain_core import exceptions
from langgraph.errors import GraphRecursionError

from bridgehead.adapters import failing
from bridgehead.errors import ErrorClass
from bridgehead.resilience.taxonomy import find
from bridgehead.resilience.taxonomy.signs import by_name

_KINDS: Final[tuple[tuple[type[BaseException], ErrorClass], ...]] = (
    (exceptions.ContextOverflowError, "context_overflow"),
    (exceptions.ModelAuthenticationError, "auth_expired"),
    (exceptions.ModelPermissionDeniedError, "forbidden"),
    (exceptions.ModelNotFoundError, "not_found"),
    (exceptions.ModelInvalidRequestError, "invalid_input"),
    (exceptions.ModelRateLimitError, "throttled"),
    (exceptions.ModelTimeoutError, "timeout"),
    (exceptions.ModelConnectionError, "dependency_down"),
    (exceptions.ModelAPIError, "transient"),
    (exceptions.OutputParserException, "invalid_output"),
    (StructuredOutputError, "invalid_output"),
    (GraphRecursionError, "budget_exhausted"),
    (ModelCallLimitExceededError, "budget_exhausted"),
    (ToolCallLimitExceededError, "budget_exhausted"),
    (TimeoutError, "timeout"),
    (ConnectionError, "dependency_down"),
)
"""First match wins, so the exact ones come first."""


def classified(error: BaseException) -> BaseException:
    """Returns what an exception out of a run means: a Failed for the framework's own, itself for any other."""
    return failing.classified(error, _class_of)


def _class_of(error: BaseException) -> ErrorClass | None:
    code = getattr(error, "code", None)  # of the provider: more exact than the kind of the exception
    row = find("model", "code", code.lower()) if isinstance(code, str) else None
    if row is not None:
        return row.error_class
    for kind, found in _KINDS:
        if isinstance(error, kind):
            return found
    status = getattr(error, "status_code", None)
    if isinstance(status, int):
        return failing.of_status(status)
    # Exceptions of the providers' own clients, and of the HTTP client below them, by name: the adapter imports neither.
    row = by_name("model", error) or by_name("connection", error)
    return None if row is None else row.error_class
