"""Passwords of local users: kept as a salted scrypt hash, compared in constant time.

The cost is N = 2^16, r = 8, p = 2 (RFC 7914): 64 MiB and a few tenths of a second for each guess.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Final

from bridgehead.errors import UserError
from bridgehead.ids import random_bytes

SHORTEST: Final = 12
_LONGEST: Final = 1_000
_SALT_BYTES: Final = 16
_HASH_BYTES: Final = 32
_VERSION: Final = b"\x01"
_N: Final = 1 << 16
_R: Final = 8
_P: Final = 2
_MEMORY: Final = 256 * _N * _R  # twice what OpenSSL asks for: 128 * N * r


def kept(password: str) -> bytes:
    """Returns what is stored of a password; raises UserError (``user.password``) for one that is too short or long."""
    if not SHORTEST <= len(password) <= _LONGEST:
        raise UserError(
            f"a password has {SHORTEST} to {_LONGEST} characters",
            code="user.password",
            hint="A sentence is easy to remember and hard to guess.",
        )
    salt = random_bytes(_SALT_BYTES)
    return _VERSION + salt + _hash(password, salt)


def fits(password: str, stored: bytes | None) -> bool:
    """Tells whether a password is the one that was kept; takes as long where there is none."""
    known = stored is not None and len(stored) == 1 + _SALT_BYTES + _HASH_BYTES and stored[:1] == _VERSION
    whole = stored if known and stored is not None else _VERSION + bytes(_SALT_BYTES + _HASH_BYTES)
    found = _hash(password[: _LONGEST + 1], whole[1 : 1 + _SALT_BYTES])
    return hmac.compare_digest(found, whole[1 + _SALT_BYTES :]) and known


def _hash(password: str, salt: bytes) -> bytes:
    return hashlib.scrypt(
        password.encode("utf-8", "surrogatepass"), salt=salt, n=_N, r=_R, p=_P, dklen=_HASH_BYTES, maxmem=_MEMORY
    )
