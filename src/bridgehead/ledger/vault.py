"""Payloads that can be forgotten: sealed under one data key per case, committed to by a salted digest.

The master key derives one key that wraps data keys and one that makes keyed digests (HKDF-SHA-256,
RFC 5869). Data keys and payloads are sealed with AES-256-GCM under random 96-bit nonces, which NIST
SP 800-38D section 8.3 allows for 2^32 seals per key. Once a wrapped data key is erased nobody can
open what it sealed, while the commitments, and the chain over them, stay as they were.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import dataclass, field
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from bridgehead.errors import BridgeheadError
from bridgehead.ids import random_bytes
from bridgehead.ledger.canonical import JSON

KEY_BYTES: Final = 32
_VERSION: Final = b"\x01"
_NONCE_BYTES: Final = 12
_SALT_BYTES: Final = 16
_TAG_BYTES: Final = 16
_COMMITMENT_TAG: Final = b"bridgehead/1/commitment\x00"
_WRAP_USE: Final = b"bridgehead/1/wrap"
_SEAL_USE: Final = b"bridgehead/1/seal"
_HMAC_USE: Final = b"bridgehead/1/hmac"
_ENCODE: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode


def to_bytes(value: JSON) -> bytes:
    """Returns a payload as compact UTF-8 JSON; half a surrogate pair, as bad mail brings, comes back as it was."""
    return _ENCODE(value).encode(errors="surrogatepass")


class Unreadable(BridgeheadError):
    """A sealed payload or a wrapped key does not open.

    Codes: ``ledger.erased`` (its key was erased on purpose), ``ledger.wrong_key`` (another key, or
    altered bytes: authenticated encryption cannot tell these apart), ``ledger.tampered`` (it opens,
    and is not what was committed to, or has no form this version knows).
    """

    code = "ledger.wrong_key"


@dataclass(frozen=True, slots=True)
class Sealed:
    """A payload as it is stored: its public ``commitment`` (32 bytes) and its encrypted ``data``."""

    commitment: bytes
    data: bytes


@dataclass(frozen=True, slots=True)
class DataKey:
    """The key of one case (or one arrival): seals and opens its payloads. Never shown, never stored bare."""

    _cipher: AESGCM = field(repr=False)

    def seal(self, payload: bytes) -> Sealed:
        """Returns ``payload`` encrypted, with its commitment SHA-256(tag, 16 random bytes, payload).

        The salt is sealed with the payload, so a commitment tells nothing about a guessed payload
        once the key is erased, and sealing the same payload twice gives different commitments.
        """
        salted = random_bytes(_SALT_BYTES) + payload
        return Sealed(_commitment(salted), _encrypt(self._cipher, salted, _SEAL_USE))

    def open(self, data: bytes, commitment: bytes) -> bytes:
        """Returns the payload in ``data`` after checking that it is the one committed to.

        Raises Unreadable: ``ledger.wrong_key`` or ``ledger.tampered``.
        """
        salted = _decrypt(
            self._cipher,
            data,
            _SEAL_USE,
            what="A sealed payload",
            hint="Its data key is another one, or its stored bytes were altered.",
        )
        if len(salted) < _SALT_BYTES or not hmac.compare_digest(_commitment(salted), commitment):
            raise Unreadable(
                "A sealed payload opens, but is not the one that was committed to.",
                code="ledger.tampered",
                hint="Another payload of the same case was put in its place, or its commitment was changed.",
            )
        return salted[_SALT_BYTES:]


class Vault:
    """Everything that is derived from the master key: wrapped data keys and keyed digests."""

    __slots__ = ("_hmac_key", "_wrap")

    def __init__(self, master: bytes) -> None:
        """Takes the 32-byte master key; raises ValueError for another length."""
        if len(master) != KEY_BYTES:
            raise ValueError(f"a master key has {KEY_BYTES} bytes")
        self._wrap = AESGCM(_derive(master, _WRAP_USE))
        self._hmac_key = _derive(master, _HMAC_USE)

    def __repr__(self) -> str:
        return "Vault()"

    def new_data_key(self) -> tuple[bytes, DataKey]:
        """Returns a fresh data key, wrapped for storing and ready for use."""
        key = random_bytes(KEY_BYTES)
        return _encrypt(self._wrap, key, _WRAP_USE), DataKey(AESGCM(key))

    def unwrap(self, wrapped: bytes | None) -> DataKey:
        """Returns the data key in ``wrapped``; None stands for a key that was erased.

        Raises Unreadable: ``ledger.erased``, ``ledger.wrong_key`` or ``ledger.tampered``.
        """
        if wrapped is None:
            raise Unreadable(
                "The data key was erased: what it sealed cannot be read any more.",
                code="ledger.erased",
                hint="This is what erasing does. The chain still verifies; only the contents are gone.",
            )
        key = _decrypt(
            self._wrap,
            wrapped,
            _WRAP_USE,
            what="A data key",
            hint="Set BRIDGEHEAD_KEY (or the `key` file in the home folder) to the key this database was started with.",
        )
        if len(key) != KEY_BYTES:
            raise _unknown_form("A data key")
        return DataKey(AESGCM(key))

    def hmac(self, purpose: str, data: bytes) -> bytes:
        """Returns the 32-byte HMAC-SHA-256 of ``data`` under a key only this vault has.

        ``purpose`` (printable ASCII, like ``business-key``) separates uses: equal data under two
        purposes gives unrelated digests. For lookups by equality; use ``DataKey.seal`` to commit.
        """
        if not purpose or not purpose.isascii() or not purpose.isprintable():
            raise ValueError("a purpose is printable ASCII")
        return hmac.digest(self._hmac_key, purpose.encode("ascii") + b"\x00" + data, "sha256")


def _derive(master: bytes, use: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=use).derive(master)


def _commitment(salted: bytes) -> bytes:
    return hashlib.sha256(_COMMITMENT_TAG + salted).digest()


def _encrypt(cipher: AESGCM, plain: bytes, use: bytes) -> bytes:
    nonce = random_bytes(_NONCE_BYTES)
    return _VERSION + nonce + cipher.encrypt(nonce, plain, _VERSION + use)


def _decrypt(cipher: AESGCM, data: bytes, use: bytes, *, what: str, hint: str) -> bytes:
    start = 1 + _NONCE_BYTES
    if len(data) < start + _TAG_BYTES or data[:1] != _VERSION:
        raise _unknown_form(what)
    try:
        return cipher.decrypt(data[1:start], data[start:], _VERSION + use)
    except InvalidTag:
        raise Unreadable(f"{what} does not open with this key.", code="ledger.wrong_key", hint=hint) from None


def _unknown_form(what: str) -> Unreadable:
    return Unreadable(
        f"{what} has no form this version knows.",
        code="ledger.tampered",
        hint="Its stored bytes were altered, or a newer version of Bridgehead wrote it.",
    )
