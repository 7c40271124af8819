"""The console for tests: the whole site with every layer, and a browser's manners without a browser."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import cast

import httpx
from starlette.applications import Starlette

from bridgehead.app import App
from bridgehead.auth.actor import Actor, ConsoleRole
from bridgehead.console.middleware.sessions import COOKIE
from bridgehead.console.page import Page
from bridgehead.console.site import Beside, site
from bridgehead.desk.explaining import Teller

HOST = "127.0.0.1:8480"
ORIGIN = f"http://{HOST}"
_TOKEN = re.compile(r'name="csrf" value="([^"]+)"')


@dataclass
class KnownSessions:
    """Sessions of this test: a token stands for whom the test says, until it says otherwise."""

    actors: dict[str, Actor] = field(default_factory=dict)

    async def actor_of(self, token: str) -> Actor | None:
        """Returns whom a token stands for."""
        return self.actors.get(token)


@dataclass
class Visitor:
    """Somebody with a browser: keeps cookies, and sends forms as the page that showed them would."""

    http: httpx.AsyncClient

    async def get(self, path: str, **more: str) -> httpx.Response:
        """Opens a page; redirects are not followed."""
        return await self.http.get(path, headers=more)

    async def token(self, page: str = "/") -> str:
        """Returns the token that the forms of a page carry."""
        found = _TOKEN.search((await self.http.get(page)).text)
        assert found is not None, f"{page} has no form"
        return found[1]

    async def post(self, path: str, values: Mapping[str, str] | None = None, *, page: str = "/") -> httpx.Response:
        """Sends a form with the token of ``page``, from this origin, as a browser does."""
        sent = {"csrf": await self.token(page)} | dict(values or {})
        return await self.http.post(path, data=sent, headers={"Origin": ORIGIN, "Sec-Fetch-Site": "same-origin"})


def made(
    app: App,
    sessions: KnownSessions | None = None,
    *,
    pages: Sequence[Page] | None = None,
    beside: Sequence[Beside] = (),
    body_s: float = 30.0,
    teller: Teller | None = None,
) -> Starlette:
    """Returns the site with every layer."""
    return site(app, sessions or KnownSessions(), pages=pages, beside=beside, body_s=body_s, teller=teller)


@asynccontextmanager
async def visiting(
    app: App,
    roles: Collection[str] | None = ("viewer",),
    *,
    name: str = "visitor",
    groups: Collection[str] = (),
    pages: Sequence[Page] | None = None,
    beside: Sequence[Beside] = (),
    teller: Teller | None = None,
) -> AsyncIterator[Visitor]:
    """Gives somebody who is signed in with these console roles; None: nobody is signed in."""
    sessions = KnownSessions()
    cookies = {}
    if roles is not None:
        held = frozenset(cast("ConsoleRole", role) for role in roles)
        sessions.actors["a token"] = Actor(name, frozenset(groups), held)
        cookies[COOKIE] = "a token"
    transport = httpx.ASGITransport(made(app, sessions, pages=pages, beside=beside, teller=teller))
    async with httpx.AsyncClient(transport=transport, base_url=ORIGIN, cookies=cookies) as http:
        yield Visitor(http)
