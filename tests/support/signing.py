"""Browsers that sign in, each with its own cookies and address: every layer of the site, and real sessions."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx
import pytest
from argon2 import PasswordHasher

from bridgehead.app import App
from bridgehead.auth import passwords
from bridgehead.auth.passwords import kept
from bridgehead.console.middleware.sessions import COOKIE
from bridgehead.console.pages.signing import PAGES
from bridgehead.console.signed_in import SignedIn
from bridgehead.console.site import site

HOST = "127.0.0.1:8480"
PASSWORD = "a horse that nobody rides"
_TOKEN = re.compile(r'name="csrf" value="([^"]+)"')


def cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets argon2id take little time and memory, where a test is about something else than its cost."""
    cheap = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
    monkeypatch.setattr(passwords, "_ARGON", cheap)
    monkeypatch.setattr(passwords, "_NOBODY", cheap.hash("what nobody types"))


@dataclass
class Browser:
    """One browser."""

    http: httpx.AsyncClient
    origin: str

    @property
    def cookie(self) -> str | None:
        """Returns the session's cookie, None where there is none."""
        return self.http.cookies.get(COOKIE)

    async def get(self, path: str) -> httpx.Response:
        """Opens a page; redirects are not followed."""
        return await self.http.get(path)

    async def post(self, path: str, values: dict[str, str | list[str]], *, page: str) -> httpx.Response:
        """Sends the form of a page, from this origin."""
        found = _TOKEN.search((await self.http.get(page)).text)
        assert found is not None, f"{page} has no form"
        return await self.http.post(
            path, data={"csrf": found[1], **values}, headers={"Origin": self.origin, "Sec-Fetch-Site": "same-origin"}
        )

    async def sign_in(self, name: str = "anna", password: str = PASSWORD, target: str = "/account") -> httpx.Response:
        """Types a name and a password into the sign-in page."""
        said: dict[str, str | list[str]] = {"name": name, "password": password, "next": target}
        return await self.post("/sign-in", said, page="/sign-in")

    async def is_in(self) -> bool:
        """Tells whether the account's page opens."""
        answer = await self.get("/account")
        assert answer.status_code in (200, 303), answer.text
        return answer.status_code == 200


@asynccontextmanager
async def browser(app: App, *, address: str = "192.0.2.7", scheme: str = "http") -> AsyncIterator[Browser]:
    """Gives a browser at an address that opens the console of this app."""
    transport = httpx.ASGITransport(site(app, SignedIn(app), pages=PAGES), client=(address, 4711))
    origin = f"{scheme}://{HOST}"
    async with httpx.AsyncClient(transport=transport, base_url=origin) as http:
        yield Browser(http, origin)


async def add(app: App, name: str = "anna", *roles: str, password: str | None = PASSWORD) -> None:
    """Adds a local user with a password, by default a viewer."""
    stored = None if password is None else kept(password)
    await app.users.add(name, ["desk"], stored, by="ops", roles=roles or ["viewer"])
