"""An OpenID Connect issuer in a process of its own, and people who sign in there."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx

REDIRECT = "http://localhost:9/signed-in"


@dataclass(frozen=True, slots=True)
class IssuerProcess:
    """A running issuer."""

    url: str

    def keys(self) -> list[dict[str, object]]:
        """Returns the keys that it publishes."""
        found: list[dict[str, object]] = httpx.get(f"{self.url}/jwks", trust_env=False).json()["keys"]
        return found

    def sign_in(self, subject: str, *, client: str = "bridgehead", scope: str = "openid") -> str:
        """Signs somebody in as a browser would, and returns the ID token that the client gets."""
        with httpx.Client(timeout=10, trust_env=False) as browser:
            asked = {"response_type": "code", "client_id": client, "redirect_uri": REDIRECT, "scope": scope}
            sent = browser.post(f"{self.url}/oauth2/authorize", params=asked, data={"sub": subject})
            (code,) = parse_qs(urlsplit(sent.headers["location"]).query)["code"]
            form = {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT}
            got = browser.post(f"{self.url}/oauth2/token", data=form, auth=(client, "secret"))
            return str(got.raise_for_status().json()["id_token"])


@contextmanager
def running(folder: Path, *, max_age_s: int = 3600) -> Iterator[IssuerProcess]:
    """Runs an issuer that knows anna of sales and dirk of the desk."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    people = [{"sub": "anna", "groups": ["sales"]}, {"sub": "dirk", "groups": ["desk"]}]
    claims = [part for one in people for part in ("--user-claims", json.dumps(one))]
    with (folder / "issuer.log").open("wb") as log:
        process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "oidc_provider_mock",
                "--port",
                str(port),
                "--token-max-age",
                str(max_age_s),
                *claims,
            ],
            stdout=log,
            stderr=log,
            env={**os.environ, "PYTHONWARNINGS": "ignore"},
        )
    try:
        url = f"http://127.0.0.1:{port}"
        end = time.monotonic() + 30  # noqa: TID251  # a process of its own is waited for
        while True:
            try:
                httpx.get(f"{url}/.well-known/openid-configuration", timeout=5, trust_env=False).raise_for_status()
                break
            except httpx.HTTPError:
                if time.monotonic() > end or process.poll() is not None:  # noqa: TID251  # the same
                    raise
                time.sleep(0.05)  # noqa: TID251  # the same
        yield IssuerProcess(url)
    finally:
        process.terminate()
        process.wait(10)
