"""Grants as signed tokens: Ed25519 and nothing else, one issuer, one audience, and an end.

The form is a JWT (RFC 7519) signed as RFC 8037 says, under the algorithm ``Ed25519`` of RFC 9864. What a
token's own header asks for decides nothing: the algorithm is fixed, and the key is found by its id among ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import GuestProtocol, OKPKey

from bridgehead.errors import BridgeheadError
from bridgehead.ids import random_bytes
from bridgehead.ledger.canonical import JSON

ALGORITHM: Final = "Ed25519"
TYPE: Final = "bridgehead-grant+jwt"
"""RFC 8725, section 3.11: a token of another kind is never taken for a grant."""
SEED_BYTES: Final = 32
_LONGEST: Final = 64 * 1024


class BadGrant(BridgeheadError):
    """A grant's token is none that counts here; the message never holds the token."""

    code = "grant.token"


@dataclass(frozen=True, slots=True)
class Signer:
    """A private signing key, ready for use. Never shown, never stored bare."""

    kid: str
    _key: OKPKey = field(repr=False)

    def sign(self, claims: Mapping[str, JSON]) -> str:
        """Returns the claims as a compact JWS."""
        header = {"alg": ALGORITHM, "kid": self.kid, "typ": TYPE}
        return jwt.encode(header, dict(claims), self._key, algorithms=[ALGORITHM])


def new_seed() -> bytes:
    """Returns a fresh private key: 32 random bytes (RFC 8032, section 5.1.5)."""
    return random_bytes(SEED_BYTES)


def public_of(seed: bytes) -> bytes:
    """Returns the public key of a private one, 32 bytes."""
    private = Ed25519PrivateKey.from_private_bytes(seed)
    return private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def signer(kid: str, seed: bytes) -> Signer:
    """Returns what signs with a private key of 32 bytes."""
    return Signer(kid, OKPKey.import_key(Ed25519PrivateKey.from_private_bytes(seed)))


def verified(
    token: str,
    keys: Mapping[str, bytes],
    *,
    audience: str,
    grant_id: str,
    now: datetime,
    skew_s: float,
) -> dict[str, JSON]:
    """Returns the claims of a grant signed by one of ``keys`` (public, by id) for exactly this audience and ``jti``.

    Its end is not judged here: who relies on it does, at every call. Raises BadGrant for anything else, also for a
    token that says it was issued later than ``skew_s`` from ``now``.
    """
    if len(token) > _LONGEST:
        raise BadGrant("a grant's token is longer than any that was signed here")

    def find(asked: GuestProtocol) -> OKPKey:
        public = keys.get(str(asked.headers().get("kid")))
        if public is None:
            raise ValueError
        return OKPKey.import_key(Ed25519PublicKey.from_public_bytes(public))

    try:
        found = jwt.decode(token, find, algorithms=[ALGORITHM])
    except (JoseError, ValueError, TypeError):
        raise BadGrant("a grant's token does not verify: it was altered, or signed elsewhere") from None
    claims: dict[str, JSON] = found.claims
    if found.header.get("typ") != TYPE:
        raise BadGrant("a token that is no grant stands where a grant should")
    if claims.get("aud") != audience or claims.get("iss") != "bridgehead":
        raise BadGrant(f"a grant's token is for another audience than {audience}")
    if claims.get("jti") != grant_id:
        raise BadGrant(f"a grant's token is not that of {grant_id}")
    issued = claims.get("iat")
    if isinstance(issued, bool) or not isinstance(issued, int | float) or issued > now.timestamp() + skew_s:
        raise BadGrant("a grant's token was issued in the future")
    return claims
