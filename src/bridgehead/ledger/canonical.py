"""One value, one byte string: what is hashed, keyed or compared goes through here first."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Final, TypeAlias

import rfc8785

from bridgehead.errors import UserError

JSON: TypeAlias = "Mapping[str, JSON] | Sequence[JSON] | str | int | float | bool | None"
"""What JSON can say. Decimals, dates and bytes are written as strings before they come here."""

MAX_INT: Final = 2**53 - 1
"""Largest integer that every JSON reader keeps exactly (RFC 8259 section 6, RFC 7493 section 2.2)."""


_ENCODE: Final = json.JSONEncoder(
    ensure_ascii=False, sort_keys=True, separators=(",", ":"), check_circular=False
).encode


def canonical(value: JSON) -> bytes:
    """Returns the canonical JSON of ``value``: RFC 8785, UTF-8, no insignificant bytes.

    Equal values give equal bytes, whatever the order of their keys; ``1`` and ``1.0`` are equal
    in JSON and here. Raises UserError (``input.not_canonical``), naming the place, for anything
    JSON cannot hold exactly: NaN, infinities, integers past 2^53 - 1 (but those that a double is
    written as), text that is not Unicode, keys that are not text, other types, and nesting beyond
    Python's stack. What was canonical once stays so: reading the bytes and writing them again
    changes none.
    """
    try:
        try:
            if _quick(value):
                return _ENCODE(value).encode()
            return rfc8785.dumps(value)
        except (ValueError, TypeError):
            # The library names neither the place nor the remedy, and knows dict and list only.
            return rfc8785.dumps(_plain(value, "$"))
    except RecursionError:
        raise UserError(
            "The value is nested too deeply, or holds itself.",
            code="input.not_canonical",
            hint="Flatten it: a few hundred levels is the limit.",
        ) from None


def _quick(value: object) -> bool:
    """Whether the standard encoder writes this as RFC 8785 does: no doubles, and keys that sort alike.

    The two differ in how they write doubles and in the order of keys past U+FFFF. The standard
    encoder is in C and several times as fast, and nearly every ledger row is of this kind.
    """
    kind = type(value)
    if kind is str or kind is bool or value is None:
        return True
    if kind is int:
        return -MAX_INT <= value <= MAX_INT  # type: ignore[operator]  # its type was just compared
    if kind is dict:
        for key, inner in value.items():  # type: ignore[attr-defined]  # its type was just compared
            if type(key) is not str or not key.isascii() or (type(inner) is not str and not _quick(inner)):
                return False
        return True
    if kind is list:
        return all(map(_quick, value))  # type: ignore[call-overload]  # its type was just compared
    return False


def _plain(value: object, path: str) -> JSON:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return _text(value, path)
    if isinstance(value, int):
        return value if abs(value) <= MAX_INT else _double(value, path)
    if isinstance(value, float):
        if not math.isfinite(value):
            raise _refusal(path, f"{value}, which is no JSON number", "Use null or leave the field out.")
        return value
    if isinstance(value, Mapping):
        return {_key(key, path): _plain(inner, f"{path}.{key}") for key, inner in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, (bytes, bytearray, memoryview)):
        return [_plain(inner, f"{path}[{index}]") for index, inner in enumerate(value)]
    raise _refusal(path, f"a {type(value).__name__}, which JSON does not know", "Write it as a string.")


def _double(value: int, path: str) -> float:
    """Returns the double that canonical JSON writes with just these digits.

    A float of 2^53 and more is written without a point and read back as an integer; without this
    a value that was canonical once would be refused when it comes back from storage.
    """
    if abs(value) < 10**21 and rfc8785.dumps(float(value)) == str(value).encode("ascii"):
        return float(value)
    raise _refusal(path, "an integer that JSON cannot keep exactly (past 2^53 - 1)", "Write it as a string.")


def _key(key: object, path: str) -> str:
    if not isinstance(key, str):
        raise _refusal(path, f"a key that is a {type(key).__name__}", "Keys are strings.")
    return _text(key, path)


def _text(text: str, path: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise _refusal(path, "text with half a surrogate pair", "Decode it with the right character set.") from None
    return text


def _refusal(path: str, found: str, hint: str) -> UserError:
    # A path may hold the very half surrogate that is refused; errors must be printable.
    shown = path.encode(errors="backslashreplace").decode()
    return UserError(f"{shown} is {found}.", code="input.not_canonical", hint=hint, path=shown)
