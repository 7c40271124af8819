"""An OpenID Connect issuer whose tokens say what a test wants, and that checks the proof of each code (PKCE, S256).

Its keys, signatures and HTTP are real; what it claims need not be true.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

from bridgehead.clock import utc_now
from bridgehead.spec.tool import JSON
from tests.support.http_server import Asked, Told, http_server

CODE = "the-code-of-this-test"


@dataclass
class LyingIssuer:
    """The issuer; ``lies`` change what its tokens say (None leaves a claim out), ``described`` what it publishes."""

    url: str = ""
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "one"}))
    signs_with: RSAKey | None = None
    claims: dict[str, JSON] = field(default_factory=lambda: dict[str, JSON](sub="anna", groups=["sales"]))
    lies: dict[str, JSON] = field(default_factory=dict)
    described: dict[str, JSON] = field(default_factory=dict)
    answer: Told | None = None
    challenge: str = ""
    nonce: str = ""
    forms: list[Mapping[str, str]] = field(default_factory=list)
    auth: list[str] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)

    def asked(self, url: str) -> Mapping[str, str]:
        """Takes what a browser brings to the authorization endpoint; returns what it asked for."""
        parts = urlsplit(url)
        assert f"{parts.scheme}://{parts.netloc}{parts.path}" == f"{self.url}/authorize"
        found = {name: values[0] for name, values in parse_qs(parts.query).items()}
        self.challenge, self.nonce = found.get("code_challenge", ""), found.get("nonce", "")
        return found

    def answers(self, asked: Asked) -> Told:
        """Answers as an issuer does."""
        self.paths.append(asked.path)
        if asked.path == "/.well-known/openid-configuration":
            return Told(body=self._described())
        if asked.path == "/jwks":
            return Told(body={"keys": [self.key.as_dict(private=False)]})
        if asked.path == "/token" and asked.method == "POST":
            return self._token(asked)
        return Told(404)

    def _described(self) -> dict[str, JSON]:
        said: dict[str, JSON] = {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/jwks",
            "end_session_endpoint": f"{self.url}/out",
            "code_challenge_methods_supported": ["S256"],
        }
        return {name: value for name, value in (said | self.described).items() if value is not None}

    def _token(self, asked: Asked) -> Told:
        form = {name: values[0] for name, values in parse_qs(asked.body.decode()).items()}
        self.forms.append(form)
        self.auth.append(asked.headers.get("authorization", ""))
        if self.answer is not None:
            return self.answer
        proof = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        proved = base64.urlsafe_b64encode(proof).decode().rstrip("=") == self.challenge
        if form.get("code") != CODE or not proved:
            return Told(400, body={"error": "invalid_grant"})
        now = int(utc_now().timestamp())
        said = {"iss": self.url, "aud": "bridgehead", "iat": now, "exp": now + 300, "nonce": self.nonce, **self.claims}
        claims = {name: value for name, value in (said | self.lies).items() if value is not None}
        token = jwt.encode({"alg": "RS256", "kid": "one"}, claims, self.signs_with or self.key)
        return Told(body={"access_token": "an-access-token", "token_type": "Bearer", "id_token": token})


@asynccontextmanager
async def lying_issuer() -> AsyncIterator[LyingIssuer]:
    """Gives an issuer on a free port of loopback."""
    issuer = LyingIssuer()
    async with http_server(issuer.answers) as server:
        issuer.url = server.url
        yield issuer
