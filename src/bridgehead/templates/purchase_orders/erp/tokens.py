"""The tokens of an authorization server (RFC 6749): granted for a client's secret, checked, refreshed and taken back.

Nothing here knows HTTP; ``oauth.py`` does. Tokens live in memory: after a restart every token is unknown,
and a client asks for another.
"""

from __future__ import annotations

import hmac
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, Literal

from bridgehead.clock import boot_s
from bridgehead.ids import random_hex

GrantProblem = Literal[
    "invalid_request",
    "invalid_client",
    "invalid_grant",
    "unauthorized_client",
    "unsupported_grant_type",
    "invalid_scope",
]
"""The error codes of RFC 6749, section 5.2."""

OFFLINE: Final = "offline_access"
"""The scope that asks for a refresh token. Without it a grant brings none (RFC 6749, section 4.4.3)."""

_TOKEN_BYTES: Final = 24


class GrantError(Exception):
    """Refuses a grant with a code of RFC 6749, section 5.2, and a sentence for people."""

    def __init__(self, code: GrantProblem, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Client:
    """Who may have tokens; ``subject`` is the account that its tokens open, when it is not the client's own."""

    id: str
    secret: str
    scopes: frozenset[str]
    subject: str = ""


@dataclass(frozen=True, slots=True)
class Access:
    """What one access token allows, until ``ends_s`` on the issuer's clock."""

    client: Client
    scopes: frozenset[str]
    ends_s: float
    family: str


@dataclass(frozen=True, slots=True)
class Granted:
    """The answer to a grant; ``refresh_token`` only where one was asked for."""

    access_token: str
    expires_in_s: int
    scopes: frozenset[str]
    refresh_token: str | None


class Issuer:
    """One authorization server's state. ``grants`` counts what was granted, by grant type."""

    def __init__(
        self, clients: Iterable[Client], *, lifetime_s: int = 120, now_s: Callable[[], float] = boot_s
    ) -> None:
        self.lifetime_s = lifetime_s
        self.grants: Counter[str] = Counter()
        self._clients = {client.id: client for client in clients}
        self._now_s = now_s
        self._access: dict[str, Access] = {}
        self._refresh: dict[str, Access] = {}
        self._used: dict[str, str] = {}

    def client(self, client_id: str, secret: str) -> Client:
        """Returns the client of that secret; raises GrantError ``invalid_client`` for any other pair."""
        known = self._clients.get(client_id)
        expected = known.secret if known is not None else random_hex(_TOKEN_BYTES)
        if not hmac.compare_digest(expected.encode(), secret.encode()) or known is None:
            raise GrantError("invalid_client", "unknown client or wrong secret")
        return known

    def grant(self, client: Client, scope: str = "") -> Granted:
        """Grants by client credentials; without a scope, all of the client's but offline_access."""
        scopes = self._scopes(scope, allowed=client.scopes) or client.scopes - {OFFLINE}
        return self._give("client_credentials", client, scopes, renewable=scopes, family=random_hex(_TOKEN_BYTES))

    def refresh(self, client: Client, token: str, scope: str = "") -> Granted:
        """Grants by a refresh token, which is used up by it and replaced.

        A token that comes a second time was stolen or is used by two: every token of its family is
        taken back (RFC 9700, section 4.14.2), and GrantError ``invalid_grant`` raised.
        """
        held = self._refresh.get(token)
        if held is None or held.client.id != client.id:
            family = self._used.get(token)
            if family is not None:
                self._take_back(family)
            raise GrantError("invalid_grant", "unknown, used or revoked refresh token")
        scopes = self._scopes(scope, allowed=held.scopes) or held.scopes
        del self._refresh[token]
        self._used[token] = held.family
        # A narrower access token does not narrow what is renewed (RFC 6749, section 6).
        return self._give("refresh_token", client, scopes, renewable=held.scopes, family=held.family)

    def check(self, token: str) -> Access | None:
        """Returns what an access token allows; None when it is unknown, expired or revoked."""
        held = self._access.get(token)
        return held if held is not None and self._now_s() < held.ends_s else None

    def left_s(self, access: Access) -> int:
        """Returns how many whole seconds an access still holds."""
        return int(access.ends_s - self._now_s())

    def revoke(self, client: Client, token: str) -> None:
        """Takes a token of that client back (RFC 7009); a refresh token takes its family along."""
        held = self._access.get(token) or self._refresh.get(token)
        if held is None or held.client.id != client.id:
            return
        if token in self._refresh:
            self._take_back(held.family)
        self._access.pop(token, None)

    def expire(self) -> None:
        """Ends every access token; refresh tokens stay good."""
        self._access.clear()

    def forget(self) -> None:
        """Ends every token, refresh tokens too."""
        self._access.clear()
        self._refresh.clear()

    def _scopes(self, scope: str, *, allowed: frozenset[str]) -> frozenset[str]:
        asked = frozenset(scope.split())
        if beyond := asked - allowed:
            raise GrantError("invalid_scope", f"not for this client: {' '.join(sorted(beyond))}")
        return asked

    def _give(
        self, kind: str, client: Client, scopes: frozenset[str], *, renewable: frozenset[str], family: str
    ) -> Granted:
        now_s = self._now_s()
        self._access = {token: held for token, held in self._access.items() if held.ends_s > now_s}
        self.grants[kind] += 1
        token = random_hex(_TOKEN_BYTES)
        ends_s = now_s + self.lifetime_s
        self._access[token] = Access(client, scopes, ends_s, family)
        renewal = random_hex(_TOKEN_BYTES) if OFFLINE in renewable else None
        if renewal is not None:
            self._refresh[renewal] = Access(client, renewable, ends_s, family)
        return Granted(token, self.lifetime_s, scopes, renewal)

    def _take_back(self, family: str) -> None:
        for held in (self._access, self._refresh):
            for token in [token for token, access in held.items() if access.family == family]:
                del held[token]
