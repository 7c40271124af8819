"""What a provider's refusal means, as tables: status, code, wording and transport error to error class.

Sources: RFC 9110 section 15 for statuses, the error codes of the OpenAI API reference, and
the wordings that vLLM, llama.cpp, Ollama and Azure OpenAI answer with.
"""

from __future__ import annotations

import email.utils
import re
from collections.abc import Mapping
from datetime import UTC
from typing import Final

import httpx

from bridgehead.clock import utc_now
from bridgehead.errors import ErrorClass, Failed

STATUSES: Final[Mapping[int, ErrorClass]] = {
    400: "invalid_input",
    401: "auth_expired",
    402: "budget_exhausted",
    403: "forbidden",
    404: "not_found",
    405: "invalid_input",
    408: "timeout",
    409: "conflict",
    410: "not_found",
    413: "context_overflow",
    415: "invalid_input",
    422: "invalid_input",
    425: "transient",
    429: "throttled",
    504: "timeout",
    529: "transient",
}
"""Other statuses: 5xx is transient, 3xx and 4xx say that the request is wrong."""

CODES: Final[Mapping[str, ErrorClass]] = {
    "billing_hard_limit_reached": "budget_exhausted",
    "content_filter": "refused_by_model",
    "content_policy_violation": "refused_by_model",
    "context_length_exceeded": "context_overflow",
    "exceed_context_size_error": "context_overflow",
    "insufficient_quota": "budget_exhausted",
    "invalid_api_key": "auth_expired",
    "invalid_prompt": "refused_by_model",
    "model_not_found": "not_found",
    "overloaded_error": "transient",
    "rate_limit_exceeded": "throttled",
    "request_too_large": "context_overflow",
    "responsibleaipolicyviolation": "refused_by_model",
    "server_error": "transient",
    "string_above_max_length": "context_overflow",
    "timeout": "timeout",
    "tokens_limit_reached": "context_overflow",
}
"""A code or type in the body is more exact than the status beside it, so it wins."""

WORDINGS: Final[tuple[tuple[re.Pattern[str], ErrorClass], ...]] = (
    (
        re.compile(r"maximum context length|context (?:size|window|length)|too many tokens", re.IGNORECASE),
        "context_overflow",
    ),
    (re.compile(r"content (?:management )?policy|content filter", re.IGNORECASE), "refused_by_model"),
)
"""Read for a 400 without a known code only: some servers say it in no other way."""

TRANSPORT: Final[tuple[tuple[type[httpx.TransportError], ErrorClass], ...]] = (
    (httpx.ConnectTimeout, "dependency_down"),
    (httpx.ConnectError, "dependency_down"),
    (httpx.ProxyError, "dependency_down"),
    (httpx.UnsupportedProtocol, "invalid_input"),
    (httpx.PoolTimeout, "throttled"),
    (httpx.TimeoutException, "timeout"),
    (httpx.NetworkError, "transient"),
    (httpx.ProtocolError, "transient"),
)
"""First match wins, so the exact ones come first."""

HINTS: Final[Mapping[ErrorClass, str]] = {
    "auth_expired": "Check the key that the model's reference names.",
    "budget_exhausted": "The provider's own spending limit is reached.",
    "context_overflow": "Send less, or use a model with a larger context.",
    "dependency_down": "Check the model's URL and whether the server runs.",
    "forbidden": "The key is valid and may not use this model.",
    "not_found": "Check the model's name, and that the URL ends where /chat/completions begins.",
}

_LONGEST_TEXT: Final = 300
_LONGEST_WAIT_S: Final = 86_400.0
_TOKEN = re.compile(r"^[\w.-]{1,64}$")
# What an error may quote: keys of known shapes. The key that was sent is never read for this.
_KEY_LIKE = re.compile(r"(?:sk|pk|key|Bearer)[-_ ][\w*.-]{6,}|[\w-]{32,}", re.IGNORECASE)


def of_response(status: int, headers: Mapping[str, str], body: object) -> Failed:
    """Returns the failure that an HTTP answer other than 200 stands for.

    ``body`` is its parsed JSON, or None. The failure has the attributes ``status``,
    ``provider_code`` and, where the server named a wait, ``retry_after`` in seconds.
    """
    code, text = _said(body)
    error_class = _by_code(code) or (_by_wording(text) if status == httpx.codes.BAD_REQUEST else None)
    if error_class is None:
        error_class = STATUSES.get(
            status, "transient" if status >= httpx.codes.INTERNAL_SERVER_ERROR else "invalid_input"
        )
    return Failed(
        f"the model's server answered {status}" + (f": {text}" if text else ""),
        error_class=error_class,
        applied=False if status < httpx.codes.INTERNAL_SERVER_ERROR else None,
        hint=HINTS.get(error_class, ""),
        status=status,
        provider_code=code,
        retry_after=retry_after_s(headers),
    )


def of_event(body: Mapping[str, object]) -> Failed:
    """Returns the failure that an error inside a stream stands for; transient where its code is unknown."""
    code, text = _said(body)
    error_class = _by_code(code) or _by_wording(text) or "transient"
    return Failed(
        "the model's server broke off its answer" + (f": {text}" if text else ""),
        error_class=error_class,
        hint=HINTS.get(error_class, ""),
        provider_code=code,
    )


def of_transport(error: httpx.TransportError) -> Failed:
    """Returns the failure that an error of the connection stands for."""
    found: tuple[ErrorClass, ...] = tuple(found for kind, found in TRANSPORT if isinstance(error, kind))
    error_class = found[0] if found else "transient"
    return Failed(
        f"the model's server was not heard: {type(error).__name__}",
        error_class=error_class,
        applied=False if error_class == "dependency_down" else None,
        hint=HINTS.get(error_class, ""),
    )


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Returns the wait that a server asks for, in seconds, at most a day; None where it names none.

    ``Retry-After`` holds seconds or a date (RFC 9110 section 10.2.3); some servers send
    ``retry-after-ms`` beside it, which is finer.
    """
    found = {name.lower(): value.strip() for name, value in headers.items()}
    wait: float | None = None
    try:
        if "retry-after-ms" in found:
            wait = float(found["retry-after-ms"]) / 1000
        elif "retry-after" in found:
            wait = float(found["retry-after"])
    except ValueError:
        try:
            moment = email.utils.parsedate_to_datetime(found["retry-after"])
        except (KeyError, ValueError):
            return None
        wait = (moment.replace(tzinfo=moment.tzinfo or UTC) - utc_now()).total_seconds()
    if wait is None or wait != wait:  # noqa: PLR0124 - not a number
        return None
    return min(max(wait, 0.0), _LONGEST_WAIT_S)


def _said(body: object) -> tuple[str, str]:
    """Returns code and message of an error body; both are a stranger's text, so they are bounded and cleaned."""
    error = body.get("error") if isinstance(body, Mapping) else None
    if isinstance(error, str):
        error = {"message": error}
    if not isinstance(error, Mapping):
        return "", ""
    named = [value for field in ("code", "type") if isinstance(value := error.get(field), str) and _TOKEN.match(value)]
    code = next((value for value in named if _by_code(value)), named[0] if named else "")
    message = error.get("message")
    text = " ".join(message.split()) if isinstance(message, str) else ""
    return code, _KEY_LIKE.sub("[removed]", text)[:_LONGEST_TEXT]


def _by_code(code: str) -> ErrorClass | None:
    return CODES.get(code.lower())


def _by_wording(text: str) -> ErrorClass | None:
    return next((error_class for pattern, error_class in WORDINGS if pattern.search(text)), None)
