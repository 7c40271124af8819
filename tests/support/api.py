"""The API for tests: over a real server on a free port, and clients with tokens."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta

import httpx
import uvicorn
from starlette.applications import Starlette

from bridgehead.api.application import routes
from bridgehead.app import App
from bridgehead.auth.actor import ALL_RIGHTS
from bridgehead.auth.tokens import make
from bridgehead.cli.explain import account


@dataclass
class Api:
    """A running server, and what tests ask it with."""

    app: App
    url: str
    clients: list[httpx.AsyncClient] = field(default_factory=list)

    async def token(
        self, name: str, roles: Collection[str], *, groups: Collection[str] = (), scopes: Collection[str] = ALL_RIGHTS
    ) -> str:
        """Adds a user with these roles and returns a token of theirs."""
        await self.app.users.add(name, groups, None, by="tester", roles=roles)
        made_token = await make(self.app, "a test", scopes, timedelta(days=1), of=("", name), by="tester")
        return made_token.text

    async def client(
        self,
        *roles: str,
        name: str | None = None,
        groups: Collection[str] = ("desk",),
        scopes: Collection[str] = ALL_RIGHTS,
    ) -> httpx.AsyncClient:
        """Returns a client of somebody with these console roles."""
        who = name or "-".join(roles) or "nobody"
        return self.with_token(await self.token(who, roles, groups=groups, scopes=scopes))

    def with_token(self, token: str | None) -> httpx.AsyncClient:
        """Returns a client with a token, or without any."""
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        made_client = httpx.AsyncClient(base_url=f"{self.url}/api/v1", headers=headers, timeout=30.0)
        self.clients.append(made_client)
        return made_client


@asynccontextmanager
async def serving(app: App, site: Starlette | None = None) -> AsyncIterator[Api]:
    """Serves the API on a free port until the block ends: alone, or in a site."""
    with contextlib.closing(socket.socket()) as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(128)
        alone = Starlette(routes=routes(app, teller=account))
        config = uvicorn.Config(
            site or alone, log_config=None, log_level="error", access_log=False,
            server_header=False, timeout_graceful_shutdown=2,
        )  # fmt: skip
        server = uvicorn.Server(config)
        task = asyncio.create_task(server.serve(sockets=[listening]))
        api = Api(app, f"http://127.0.0.1:{listening.getsockname()[1]}")
        try:
            yield api
        finally:
            for client in api.clients:
                await client.aclose()
            server.should_exit = True
            await task
