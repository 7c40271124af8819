"""What makes a call the same call: digests of canonical arguments (RFC 8785), keyed by the vault."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Final

from bridgehead.errors import UserError
from bridgehead.ledger.canonical import canonical
from bridgehead.spec.tool import JSON, Tool

Hmac = Callable[[str, bytes], bytes]
"""(purpose, data) → 32 bytes; one vault gives the same digest in every process."""

_DECIMAL: Final = re.compile(r"[+-]?(?:0|[1-9]\d{0,40})(?:\.\d{1,40})?(?:[eE][+-]?\d{1,2})?", re.ASCII)


def args_digest(hmac: Hmac, name: str, args: Mapping[str, JSON]) -> bytes:
    """Returns the digest an approval is bound to and a recorded read is found by."""
    return hmac("args", canonical([name, dict(args)]))


def effect_key(hmac: Hmac, deployment: str, tool: Tool, args: Mapping[str, JSON]) -> bytes:
    """Returns the digest of deployment, tool and the arguments named in ``key=`` (all, if none).

    Two calls with the same key are the same effect. Values count as ``spelled``, so that another
    spelling of one order number is no second effect. Raises UserError when a named argument
    is absent, because a key with a hole would join effects that have nothing in common.
    """
    chosen: JSON
    if tool.key is None:
        chosen = spelled(dict(args), decimals=True)
    else:
        chosen = {path: spelled(_at(tool.name, args, path)) for path in tool.key}
    return hmac("effect", canonical([deployment, tool.name, chosen]))


def object_digest(hmac: Hmac, deployment: str, tool: Tool, args: Mapping[str, JSON]) -> bytes:
    """Returns the digest of what a call is about: the values of its key, whichever tool names them.

    Two tools that are keyed by the same order number write to one order. Where no key is declared,
    a call is about nothing that another call shares.
    """
    if tool.key is None:
        return hmac("object", canonical([deployment, tool.name, spelled(dict(args), decimals=True)]))
    return hmac("object", canonical([deployment, [spelled(_at(tool.name, args, path)) for path in tool.key]]))


def undo_key(key: bytes, occurrence: int) -> str:
    """Returns the idempotency key of an effect's undo: 32 hex digits, stable over attempts, not the effect's own."""
    return idempotency_key(hashlib.sha256(b"undo" + key).digest(), occurrence)


def spelled(value: JSON, *, decimals: bool = False) -> JSON:
    """Returns a value in the one spelling that keys compare.

    Texts are taken in Unicode's compatibility form (NFKC, UAX 15), without invisible characters
    (category Cf), with one kind of dash, single spaces and no difference of case (RFC 8264
    prescribes the like for identifiers). ``decimals`` writes ``1000``, ``1000.0`` and ``1E3``
    alike; an order number is not treated so, because 7.1 and 7.10 are two. Two values that
    only look alike meet as a conflict, which a person settles: that is the safe side.
    """
    if isinstance(value, str):
        return _number(value) if decimals and _DECIMAL.fullmatch(value) else _text(value)
    if isinstance(value, Mapping):
        return {name: spelled(inner, decimals=decimals) for name, inner in value.items()}
    if isinstance(value, Sequence):
        return [spelled(inner, decimals=decimals) for inner in value]
    return value


def _number(text: str) -> str:
    return format(Decimal(text).normalize(), "f")


def _text(text: str) -> str:
    # Taking something out or folding can make what the next form joins: until nothing changes.
    while (once := _folded(text)) != text:
        text = once
    return text


def _folded(text: str) -> str:
    compatible = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    kept = (
        "-" if one == "\u2212" or unicodedata.category(one) == "Pd" else one
        for one in compatible
        if unicodedata.category(one) != "Cf"
    )
    return " ".join("".join(kept).split())


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
