"""The server of the site: on loopback, or with TLS or behind a proxy that is trusted; nothing else is started."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence
from ipaddress import ip_network
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import uvicorn
from starlette.applications import Starlette

from bridgehead.connectors.listening import BesideWorker, InTime, PortTaken, is_loopback, listen
from bridgehead.console.middleware.hosts import LOOPBACK, Network
from bridgehead.console.signed_in import SignedIn
from bridgehead.console.site import Beside, site
from bridgehead.errors import UserError

if TYPE_CHECKING:
    from bridgehead.app import App
    from bridgehead.desk.explaining import Teller
    from bridgehead.settings import Settings

AT_ONCE: Final = 1024
"""Connections at one time; more are told to come again."""
_GRACE_S: Final = 5


class ConsoleServer:
    """Serves the site of one process; ``prepare`` it, then ``watch``."""

    def __init__(self, app: App, *, beside: Sequence[Beside] = (), teller: Teller | None = None) -> None:
        self._settings = app.settings
        self._listening: socket.socket | None = None
        check_open(app.settings)
        self.site: Starlette = site(
            app,
            SignedIn(app),
            names=names_of(app.settings),
            trusted=proxies_of(app.settings),
            beside=beside,
            teller=teller,
        )

    def prepare(self) -> None:
        """Takes the port; raises UserError (``console.port``)."""
        host, port = self._settings.http_host, self._settings.http_port
        try:
            self._listening = listen(host, port, backlog=AT_ONCE)
        except PortTaken as error:
            raise UserError(
                f"the console cannot be served at {host}, port {port}: {error.why}",
                code="console.port",
                hint="Another program has it: set BRIDGEHEAD_HTTP_PORT (0 takes a free one), or add --no-console."
                if error.taken
                else "Set BRIDGEHEAD_HTTP_HOST and BRIDGEHEAD_HTTP_PORT.",
            ) from error

    @property
    def address(self) -> str:
        """Returns where people reach the console: the public address where one is set."""
        if self._settings.public_url:
            return self._settings.public_url.rstrip("/") + "/"
        host = self._settings.http_host
        shown = f"[{host}]" if ":" in host else host
        port = 0 if self._listening is None else int(self._listening.getsockname()[1])
        return f"{'http' if self._settings.tls_cert is None else 'https'}://{shown}:{port}/"

    async def watch(self, stopped: asyncio.Event) -> None:
        """Serves until ``stopped``; requests under way come to their end, streams end at once."""
        if self._listening is None:
            self.prepare()
        assert self._listening is not None  # noqa: S101  # prepared above
        settings = self._settings
        server = BesideWorker(
            uvicorn.Config(
                self.site, http=InTime, ws="none", log_config=None, log_level="error", access_log=False,
                lifespan="off", server_header=False, proxy_headers=False, limit_concurrency=AT_ONCE, backlog=AT_ONCE,
                timeout_keep_alive=5, timeout_graceful_shutdown=_GRACE_S,
                ssl_certfile=settings.tls_cert, ssl_keyfile=settings.tls_key,
            )
        )  # fmt: skip
        serving = asyncio.create_task(server.serve(sockets=[self._listening]))
        stopping = asyncio.create_task(stopped.wait())
        try:
            await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await self.site.state.live.close()
            server.should_exit = True
            stopping.cancel()
            await serving
            self._listening.close()


def check_open(settings: Settings) -> None:
    """Raises UserError (``console.open``) for an address that others reach without TLS and without a proxy."""
    if (settings.tls_cert is None) != (settings.tls_key is None):
        raise UserError(
            "BRIDGEHEAD_TLS_CERT and BRIDGEHEAD_TLS_KEY go together, and one of them is not set",
            code="console.tls",
            hint="Set both to the paths of PEM files.",
        )
    for file in (settings.tls_cert, settings.tls_key):
        if file is not None and not file.is_file():
            raise UserError(f"there is no file {file}", code="console.tls", hint="Set the path of a PEM file.")
    if is_loopback(settings.http_host):
        return
    if settings.tls_cert is None and not settings.trusted_proxy:
        raise UserError(
            f"the console does not start at {settings.http_host} without TLS: others could read passwords",
            code="console.open",
            hint="Set BRIDGEHEAD_TLS_CERT and BRIDGEHEAD_TLS_KEY, or BRIDGEHEAD_TRUSTED_PROXY to the proxy's address.",
        )
    if settings.public_url is None:
        raise UserError(
            f"the console does not start at {settings.http_host} without the name that people reach it by",
            code="console.open",
            hint="Set BRIDGEHEAD_PUBLIC_URL, such as https://desk.example.com; other names are refused.",
        )


def names_of(settings: Settings) -> frozenset[str]:
    """Returns the names that the console answers under."""
    public = urlsplit(settings.public_url or "").hostname
    own = LOOPBACK if is_loopback(settings.http_host) else frozenset({settings.http_host})
    return own | ({public} if public else frozenset())


def proxies_of(settings: Settings) -> tuple[Network, ...]:
    """Returns the networks of the proxies that are trusted; raises UserError (``console.proxy``) for what is none."""
    try:
        return tuple(ip_network(one) for one in settings.trusted_proxy.replace(",", " ").split())
    except ValueError as error:
        raise UserError(
            f"BRIDGEHEAD_TRUSTED_PROXY: {error}", code="console.proxy", hint="Write addresses or networks: 10.0.0.0/24."
        ) from error
