"""Passwords of local users: kept as an argon2id hash (RFC 9106), compared in the same time whoever is named.

The cost is the second recommended choice of RFC 9106, section 4: 64 MiB, three passes, four lanes. Hashes of
an earlier version (scrypt, RFC 7914) still verify and are replaced when their user signs in.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

from argon2 import PasswordHasher, Type
from argon2.exceptions import Argon2Error, InvalidHashError

from bridgehead.errors import Unavailable, UserError

SHORTEST: Final = 12
_LONGEST: Final = 1_000
_WAITING: Final = 32
_ARGON: Final = PasswordHasher(time_cost=3, memory_cost=65_536, parallelism=4, hash_len=32, salt_len=16, type=Type.ID)
_NOBODY: Final = "$argon2id$v=19$m=65536,t=3,p=4$N6zxOSAOv/c0dTBcK/e/Ew$ajQCWG/NMRfKSHM9WmYchrVK2qR7FY5WnQFNbNaij5E"
"""Compared with where there is no hash; what it is of is unknown, and it counts for nothing."""

_SCRYPT: Final = b"\x01"
_SALT_BYTES: Final = 16
_HASH_BYTES: Final = 32
_N: Final = 1 << 16
_R: Final = 8
_P: Final = 2
_MEMORY: Final = 256 * _N * _R  # twice what OpenSSL asks for: 128 * N * r


@dataclass(frozen=True, slots=True)
class Compared:
    """Whether a password fits, and what to keep of it instead where it was kept in an earlier way."""

    fits: bool
    better: bytes | None = None


def kept(password: str) -> bytes:
    """Returns what is stored of a password; raises UserError (``user.password``) for one that is too short or long."""
    if not SHORTEST <= len(password) <= _LONGEST:
        raise UserError(
            f"a password has {SHORTEST} to {_LONGEST} characters",
            code="user.password",
            hint="A sentence is easy to remember and hard to guess.",
        )
    return _ARGON.hash(_bytes(password)).encode()


def fits(password: str, stored: bytes | None, *, old_kind: bool = False) -> bool:
    """Tells whether a password is the one that was kept; takes as long where there is none.

    ``old_kind``: some user's password may still be kept as scrypt, so that both are computed for everybody.
    """
    return compare(password, stored, old_kind=old_kind).fits


def compare(password: str, stored: bytes | None, *, old_kind: bool = False) -> Compared:
    """Compares as ``fits`` does, and returns what to keep from now on."""
    said = password[: _LONGEST + 1]
    old = stored is not None and len(stored) == 1 + _SALT_BYTES + _HASH_BYTES and stored[:1] == _SCRYPT
    by_argon, stale = _argon(said, None if old else stored)
    by_scrypt = _scrypt(said, stored if old else None) if old or old_kind else False
    found = by_scrypt if old else by_argon
    return Compared(found, kept(password) if found and (old or stale) and len(password) >= SHORTEST else None)


_POOL: Final = ThreadPoolExecutor(max_workers=2, thread_name_prefix="password")
_queued = 0


async def compare_soon(password: str, stored: bytes | None, *, old_kind: bool = False) -> Compared:
    """Compares in a thread of few, so that many sign-ins at once neither stop the process nor take its memory.

    Raises Unavailable (``auth.busy``) where too many wait already.
    """
    global _queued  # noqa: PLW0603  # one count for the one pool, touched by the event loop alone
    if _queued >= _WAITING:
        raise Unavailable(
            "more people sign in at once than passwords can be compared",
            code="auth.busy",
            hint="Try again in a moment.",
        )
    _queued += 1
    try:
        return await asyncio.get_running_loop().run_in_executor(
            _POOL, lambda: compare(password, stored, old_kind=old_kind)
        )
    finally:
        _queued -= 1


async def kept_soon(password: str) -> bytes:
    """Returns what ``kept`` does, computed in a thread; raises as it does."""
    return await asyncio.get_running_loop().run_in_executor(_POOL, kept, password)


def _argon(password: str, stored: bytes | None) -> tuple[bool, bool]:
    """Returns whether it fits, and whether the hash was made at another cost."""
    known = stored is not None and stored.startswith(b"$argon2id$")
    whole = stored.decode("ascii", "replace") if known and stored is not None else _NOBODY
    try:
        _ARGON.verify(whole, _bytes(password))
    except (Argon2Error, InvalidHashError):
        return False, False
    return known, _ARGON.check_needs_rehash(whole)


def _scrypt(password: str, stored: bytes | None) -> bool:
    whole = stored if stored is not None else _SCRYPT + bytes(_SALT_BYTES + _HASH_BYTES)
    found = hashlib.scrypt(
        password.encode("utf-8", "surrogatepass"),
        salt=whole[1 : 1 + _SALT_BYTES],
        n=_N,
        r=_R,
        p=_P,
        dklen=_HASH_BYTES,
        maxmem=_MEMORY,
    )
    return hmac.compare_digest(found, whole[1 + _SALT_BYTES :]) and stored is not None


def _bytes(password: str) -> bytes:
    """Returns the bytes of a password in one form, whichever keyboard composed its letters (NFC, UAX 15)."""
    return unicodedata.normalize("NFC", password).encode("utf-8", "surrogatepass")
