"""What a call ended in: any exception becomes one of the closed error classes, and is recorded as data."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from typing import Final

from pydantic import ValidationError

from bridgehead.cases.hiding import SECRETS
from bridgehead.errors import ERROR_CLASSES, BridgeheadError, ErrorClass, Failed, Mismatch, Refused
from bridgehead.resilience.dispositions import RETRIED
from bridgehead.resilience.taxonomy import unknown
from bridgehead.resilience.taxonomy.signs import broken, by_name
from bridgehead.spec.tool import JSON

__all__ = ["PARKS", "RETRIED", "TRIES", "failure", "failure_from", "failure_json", "recorded_error"]

TRIES = 3
"""Attempts of a read within one segment."""
PARKS = 6
"""After this many waits for one dependency its failure is final."""
_KNOWN: Final = frozenset({"builtins", "socket", "ssl", "json.decoder", "asyncio.exceptions"})
"""Modules whose exceptions are known by name; a class of the same name elsewhere is another one."""


def failure(error: BaseException) -> Failed:
    """Returns what a tool raised as a Failed: its own, or the nearest class.

    Only a Failed with ``applied=False`` says that a write surely did not happen. A connection that
    was refused does not: it may have been the body's second request (a redirect after a POST, a
    look at what it had just written), and only the tool knows. Reads are asked again all the same.
    No secret of this process is in it.
    """
    failed = _classified(error)
    failed.message, failed.hint = SECRETS.hide(failed.message), SECRETS.hide(failed.hint)
    failed.args = (failed.message,)
    told = {name: SECRETS.hide(one) if isinstance(one, str) else one for name, one in failed.attributes.items()}
    failed.attributes.update(told)
    return failed


def _classified(error: BaseException) -> Failed:
    if isinstance(error, Failed):
        return error
    if isinstance(error, ValidationError):
        return Failed("the answer is not of the declared type", error_class="invalid_output")
    if isinstance(error, (Mismatch, Refused)):
        row = by_name("python", error)
        applied = False if isinstance(error, Refused) else None
        return Failed(error.message, error_class="bug" if row is None else row.error_class, applied=applied)
    if _is_of_httpx(error) or isinstance(error, ssl.SSLError):
        found = broken(error)
        return Failed(f"the connection failed: {found.why} ({type(error).__name__})", error_class=found.error_class)
    row = by_name("python", error) if type(error).__module__ in _KNOWN or isinstance(error, OSError) else None
    if row is not None:
        return Failed(f"{row.why} ({type(error).__name__})", error_class=row.error_class)
    return unknown("python", f"{type(error).__name__}: {error}")


def _is_of_httpx(error: BaseException) -> bool:
    """Tells an httpx.TransportError by its names: tools may use httpx, this room does not."""
    names = {kind.__name__ for kind in type(error).__mro__ if kind.__module__.partition(".")[0] == "httpx"}
    return "TransportError" in names


def failure_json(error: Failed) -> dict[str, JSON]:
    """Returns a failure as it is recorded: class, message and attributes, never an object."""
    return {"error_class": error.error_class, "message": error.message, "attributes": dict(error.attributes)}


def failure_from(recorded: Mapping[str, JSON]) -> Failed:
    """Returns the same failure again from its record."""
    named = recorded.get("error_class")
    error_class: ErrorClass = next((known for known in ERROR_CLASSES if known == named), "bug")
    attributes = recorded.get("attributes")
    plain = (
        {name: value for name, value in attributes.items() if isinstance(value, (str, int, float, bool))}
        if isinstance(attributes, Mapping)
        else {}
    )
    again = Failed(str(recorded.get("message", "")), error_class=error_class, applied=False)
    again.attributes.update(plain)
    return again


def recorded_error(payload: Mapping[str, JSON]) -> BridgeheadError:
    """Returns the exception a recorded failure or refusal stands for."""
    error = payload["error"]
    if isinstance(error, Mapping) and "refused" in error:
        return Refused(str(error["refused"]), code=str(error.get("code", "policy.refused")))
    return failure_from(error if isinstance(error, Mapping) else {})
