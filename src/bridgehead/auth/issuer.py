"""People of an OpenID Connect issuer: a token that it signed is exchanged for a principal, or refused.

What is checked follows OpenID Connect Core 1.0, section 3.1.3.7, and RFC 8725: the issuer and the audience
are exactly those that are set, the algorithm is one of those that are set, and the key is one that the issuer
publishes. In the words of RFC 8693 the token is the subject token; what a case gets for it is a grant.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final, cast
from urllib.parse import urlsplit

import httpx
from joserfc import jwt
from joserfc.errors import ExpiredTokenError, InvalidClaimError, JoseError, MissingClaimError
from joserfc.jwk import KeySet

from bridgehead import clock
from bridgehead.errors import Unavailable, UserError
from bridgehead.gate.grants import SKEW_S, Principal
from bridgehead.settings import Settings
from bridgehead.spec.tool import JSON

ALGORITHMS: Final = frozenset(
    {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "Ed25519"}
)
"""Signatures by a key that the issuer alone has; none that a shared secret makes."""
KEYS_S: Final = 300.0
"""How long keys count as known; an unknown key id asks again before that, at most every ``AGAIN_S``."""
AGAIN_S: Final = 10.0
_TIMEOUT_S: Final = 5.0
_LARGEST: Final = 512 * 1024
_LONGEST: Final = 64 * 1024
_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})


class Issuer:
    """One issuer, with its keys kept for a while."""

    def __init__(self, url: str, audience: str, *, groups: str = "groups", algorithms: str = "RS256 ES256") -> None:
        """Raises UserError (``auth.settings``) for an address without TLS elsewhere than on this machine, and so on."""
        self._url = secure(url.rstrip("/"), "BRIDGEHEAD_OIDC_ISSUER")
        self._audience = audience
        self._groups = groups
        self._algorithms = sorted(set(algorithms.split()))
        self._keys: KeySet | None = None
        self._read_s = float("-inf")
        self._reading = asyncio.Lock()
        wrong = [name for name in self._algorithms if name not in ALGORITHMS]
        if wrong or not self._algorithms:
            raise UserError(
                f"BRIDGEHEAD_OIDC_ALGORITHMS: {' '.join(wrong) or 'nothing'} is no algorithm that is taken",
                code="auth.settings",
                hint=f"Of these: {', '.join(sorted(ALGORITHMS))}.",
            )
        if not audience:
            raise UserError(
                "BRIDGEHEAD_OIDC_AUDIENCE is not set", code="auth.settings", hint="Name the client that tokens are for."
            )

    @classmethod
    def of(cls, settings: Settings) -> Issuer:
        """Returns the issuer that is set; raises UserError (``auth.settings``) where none is."""
        if settings.oidc_issuer is None:
            raise UserError(
                "no issuer is set, so no token shows who somebody is",
                code="auth.settings",
                hint="Set BRIDGEHEAD_OIDC_ISSUER and BRIDGEHEAD_OIDC_AUDIENCE, or use a local user: --as USER.",
            )
        return cls(
            settings.oidc_issuer,
            settings.oidc_audience,
            groups=settings.oidc_groups,
            algorithms=settings.oidc_algorithms,
        )

    @property
    def url(self) -> str:
        """Its name, as it stands in its tokens."""
        return self._url

    async def principal(self, token: str) -> Principal:
        """Returns whom a token shows. No error holds any part of the token.

        Raises UserError (``auth.token``) for one that does not count, Unavailable (``auth.issuer``) where the
        issuer cannot be asked for its keys.
        """
        claims = await self.claims(token)
        until = claims["exp"]
        return Principal(
            subject=str(claims["sub"]),
            groups=self.groups(claims),
            scopes=words(claims.get("scope", claims.get("scp"))),
            issuer=self._url,
            until=datetime.fromtimestamp(cast("float", until), UTC),
        )

    async def claims(self, token: str) -> Mapping[str, JSON]:
        """Returns what a token says, once it has passed every check; raises as ``principal`` does."""
        bare = token.strip()
        if not bare or len(bare) > _LONGEST or not bare.isascii():
            raise _refused("it is no token")
        claims = await self._verified(bare)
        self._check(claims)
        return claims

    def groups(self, claims: Mapping[str, JSON]) -> frozenset[str]:
        """Returns the groups that claims list."""
        return words(claims.get(self._groups))

    async def described(self) -> Mapping[str, JSON]:
        """Returns what the issuer publishes of itself (OpenID Connect Discovery 1.0, section 4).

        Raises Unavailable (``auth.issuer``) where it cannot be asked, or says that it is another issuer.
        """
        async with httpx.AsyncClient(timeout=_TIMEOUT_S, follow_redirects=False, trust_env=False) as client:
            return await self._described(client)

    async def _described(self, client: httpx.AsyncClient) -> Mapping[str, JSON]:
        described = await _json(client, f"{self._url}/.well-known/openid-configuration")
        if str(described.get("issuer", "")).rstrip("/") != self._url:
            raise _unavailable(f"{self._url} says that it is another issuer")
        return described

    async def _verified(self, token: str) -> dict[str, JSON]:
        keys = await self._known(fresh=False)
        for attempt in range(2):
            try:
                found: dict[str, JSON] = jwt.decode(token, keys, algorithms=self._algorithms).claims
            except (JoseError, ValueError, TypeError, KeyError):
                again = None if attempt else await self._known(fresh=True)
                if again is None or again is keys:
                    break
                keys = again
            else:
                return found
        taken = ", ".join(self._algorithms)
        raise _refused(f"no key of {self._url} signed it, by any of {taken}")

    def _check(self, claims: Mapping[str, JSON]) -> None:
        registry = jwt.JWTClaimsRegistry(
            now=int(clock.utc_now().timestamp()),
            leeway=int(SKEW_S),
            iss={"essential": True},
            sub={"essential": True},
            aud={"essential": True},
            exp={"essential": True},
            iat={"essential": True},
        )
        try:
            registry.validate(dict(claims))
        except ExpiredTokenError:
            raise _refused("it has expired") from None
        except MissingClaimError:
            raise _refused("it lacks iss, sub, aud, exp or iat") from None
        except (InvalidClaimError, JoseError):
            raise _refused("it is not valid yet, or one of its claims is no such claim") from None
        if str(claims["iss"]).rstrip("/") != self._url:
            raise _refused(f"it is of another issuer than {self._url}")
        audience = claims["aud"]
        named = list(audience) if isinstance(audience, list) else [audience]
        if self._audience not in named or (len(named) > 1 and claims.get("azp") != self._audience):
            raise _refused(f"it is for another audience than {self._audience}")
        if not str(claims["sub"]).strip():
            raise _refused("it names nobody")

    async def _known(self, *, fresh: bool) -> KeySet:
        async with self._reading:
            age_s = clock.boot_s() - self._read_s
            if self._keys is None or age_s > KEYS_S or (fresh and age_s > AGAIN_S):
                self._keys = await self._fetch()
                self._read_s = clock.boot_s()
            return self._keys

    async def _fetch(self) -> KeySet:
        async with httpx.AsyncClient(timeout=_TIMEOUT_S, follow_redirects=False, trust_env=False) as client:
            described = await self._described(client)
            keys = await _json(client, secure(str(described.get("jwks_uri", "")), "the issuer's jwks_uri"))
        listed = keys.get("keys")
        usable = [
            key
            for key in (listed if isinstance(listed, list) else [])
            if isinstance(key, dict) and key.get("kty") in ("RSA", "EC", "OKP") and key.get("use") in (None, "sig")
        ]
        try:
            return KeySet.import_key_set({"keys": usable})
        except (JoseError, ValueError, TypeError, KeyError):
            raise _unavailable(f"{self._url} publishes keys of a form that is not known") from None


async def _json(client: httpx.AsyncClient, url: str) -> Mapping[str, JSON]:
    try:
        async with client.stream("GET", url) as response:
            if response.status_code != httpx.codes.OK:
                raise _unavailable(f"{url} answered {response.status_code}")
            body = b""
            async for some in response.aiter_bytes():
                body += some
                if len(body) > _LARGEST:
                    raise _unavailable(f"{url} answered with more than {_LARGEST} bytes")
        found = httpx.Response(200, content=body).json()
    except (httpx.HTTPError, ValueError) as error:
        raise _unavailable(f"{url} does not answer as an issuer does ({type(error).__name__})") from None
    if not isinstance(found, dict):
        raise _unavailable(f"{url} does not answer as an issuer does")
    return found


def secure(url: str, name: str) -> str:
    """Returns an address that nobody can read along, or that is on this machine."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        parts, host = urlsplit(""), ""
    if (
        not host
        or parts.username is not None
        or not (parts.scheme == "https" or (parts.scheme == "http" and host in _LOOPBACK))
    ):
        raise UserError(
            f"{name} is no https:// address",
            code="auth.settings",
            hint="Keys that come over http could be anybody's; only an issuer on this machine may use it.",
        )
    return url


def words(value: JSON) -> frozenset[str]:
    """Returns the words of a claim: a list of texts, or a text with spaces between them (RFC 6749, section 3.3)."""
    if isinstance(value, str):
        return frozenset(value.split())
    return frozenset(one for one in value if isinstance(one, str)) if isinstance(value, list) else frozenset()


def _refused(why: str) -> UserError:
    return UserError(f"the token shows nobody: {why}", code="auth.token", hint="Sign in again, and give the new token.")


def _unavailable(why: str) -> Unavailable:
    return Unavailable(why, code="auth.issuer", hint="Look whether the issuer answers, and try again.")
