"""What makes a call the same call: digests of canonical arguments (RFC 8785), keyed by the vault."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from bridgehead.errors import UserError
from bridgehead.ledger.canonical import canonical
from bridgehead.spec.tool import JSON, Tool

Hmac = Callable[[str, bytes], bytes]
"""(purpose, data) → 32 bytes; one vault gives the same digest in every process."""


def args_digest(hmac: Hmac, name: str, args: Mapping[str, JSON]) -> bytes:
    """Returns the digest an approval is bound to and a recorded read is found by."""
    return hmac("args", canonical([name, dict(args)]))


def effect_key(hmac: Hmac, deployment: str, tool: Tool, args: Mapping[str, JSON]) -> bytes:
    """Returns the digest of deployment, tool and the arguments named in ``key=`` (all, if none).

    Two calls with the same key are the same effect. Raises UserError when a named argument
    is absent, because a key with a hole would join effects that have nothing in common.
    """
    chosen = dict(args) if tool.key is None else {path: _at(tool.name, args, path) for path in tool.key}
    return hmac("effect", canonical([deployment, tool.name, chosen]))


def idempotency_key(key: bytes, occurrence: int) -> str:
    """Returns the form passed to systems that accept a key: 32 hex digits, stable over attempts."""
    return f"{key[:14].hex()}{occurrence & 0xFFFF:04x}"


def path_value(value: JSON, path: str) -> JSON:
    """Returns what stands at a dotted path, or None where there is nothing."""
    for part in path.split("."):
        if not isinstance(value, Mapping):
            return None
        value = value.get(part)
    return value


def _at(tool: str, args: Mapping[str, JSON], path: str) -> JSON:
    found = path_value(args, path)
    if found is None:
        raise UserError(
            f"{tool} declares key={path!r}, and this call has no value there",
            code="tool.key",
            hint="Name an argument (or a dotted path into one) that every call carries.",
        )
    return found
