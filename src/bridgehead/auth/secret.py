"""Secrets that this installation hands out: 256 random bits each, and only their SHA-256 is ever stored."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import Final

from bridgehead.ids import random_bytes

_BYTES: Final = 32
_LONGEST: Final = 200


def fresh() -> str:
    """Returns 256 random bits as text that fits into a cookie, an address and a header."""
    return coded(random_bytes(_BYTES))


def coded(raw: bytes) -> str:
    """Returns bytes in base64url without padding (RFC 4648, section 5)."""
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def digest(secret: str) -> bytes:
    """Returns what is stored of a secret. No salt and one round do: nobody guesses 256 random bits."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()


def possible(secret: str) -> bool:
    """Tells whether some text could be such a secret at all, before anything is asked."""
    return 0 < len(secret) <= _LONGEST and secret.isascii()


def derived(secret: str, use: str) -> str:
    """Returns another secret that only who holds this one can make again, for one use."""
    return coded(hmac.digest(secret.encode(), use.encode(), "sha256"))
