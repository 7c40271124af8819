"""What a provider's refusal means: read off its answer or off the connection's error, told by the taxonomy.

A code in the body is more exact than the status beside it, so it wins. A wording counts for a 400 without a
known code alone: some servers say it in no other way.
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
from bridgehead.resilience.taxonomy import UNKNOWN, find, of_status, worded
from bridgehead.resilience.taxonomy.row import Row
from bridgehead.resilience.taxonomy.signs import broken

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
    of_the_status = of_status("model", status)
    row = _by_code(code) or (worded("model", text) if status == httpx.codes.BAD_REQUEST else None) or of_the_status
    error_class = UNKNOWN["model"] if row is None else row.error_class
    return Failed(
        f"the model's server answered {status}" + (f": {text}" if text else ""),
        error_class=error_class,
        applied=False if all(one is not None and one.applied is False for one in (row, of_the_status)) else None,
        hint=HINTS.get(error_class, ""),
        status=status,
        provider_code=code,
        retry_after=retry_after_s(headers),
    )


def of_event(body: Mapping[str, object]) -> Failed:
    """Returns the failure that an error inside a stream stands for; transient where its code is unknown."""
    code, text = _said(body)
    row = _by_code(code) or worded("model", text)
    error_class = UNKNOWN["model"] if row is None else row.error_class
    return Failed(
        "the model's server broke off its answer" + (f": {text}" if text else ""),
        error_class=error_class,
        hint=HINTS.get(error_class, ""),
        provider_code=code,
    )


def of_transport(error: httpx.TransportError) -> Failed:
    """Returns the failure that an error of the connection stands for."""
    found = broken(error)
    hint = "Name the authority that signed its certificate to this machine." if found.tls is not None else ""
    return Failed(
        f"the model's server was not heard: {found.why} ({type(error).__name__})",
        error_class=found.error_class,
        applied=found.applied,
        hint=hint or HINTS.get(found.error_class, ""),
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
        except (KeyError, ValueError, OverflowError):  # a date out of all bounds overflows
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


def _by_code(code: str) -> Row | None:
    return find("model", "code", code.lower())
