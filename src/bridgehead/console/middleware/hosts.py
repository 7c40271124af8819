"""The console answers under its own names alone: a page of another place cannot reach it by a name it made up.

A browser that was told a stranger's name for 127.0.0.1 (DNS rebinding) says that name in ``Host``. Behind a
proxy that is trusted, and only from there, the client's address and scheme are those that the proxy names.
"""

from __future__ import annotations

from collections.abc import Collection
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import Final
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})
Network = IPv4Network | IPv6Network


class ProxyLayer:
    """Takes ``X-Forwarded-For`` and ``-Proto`` from the proxies that are trusted, from nobody else."""

    def __init__(self, app: ASGIApp, trusted: Collection[Network]) -> None:
        self._app = app
        self._trusted = trusted

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on as its client sent it."""
        if scope["type"] == "http" and self._trusts((scope.get("client") or ("", 0))[0]):
            headers = Request(scope).headers
            forwarded = headers.get("x-forwarded-for", "").split(",")
            # From the right: what stands left of the last stranger was written by that stranger.
            client = next((one.strip() for one in reversed(forwarded) if not self._trusts(one.strip())), "")
            if client and _is_address(client):
                scope["client"] = (client, 0)
            if headers.get("x-forwarded-proto", "").strip().lower() in {"http", "https"}:
                scope["scheme"] = headers["x-forwarded-proto"].strip().lower()
        await self._app(scope, receive, send)

    def _trusts(self, address: str) -> bool:
        return _is_address(address) and any(ip_address(address) in network for network in self._trusted)


class HostLayer:
    """Refuses a request whose ``Host`` is none of the console's own names, before anything else is read of it."""

    def __init__(self, app: ASGIApp, names: Collection[str]) -> None:
        self._app = app
        self._names = frozenset(name.lower() for name in names)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes on what is asked of this place."""
        if scope["type"] == "http":
            hosts = [value for name, value in scope["headers"] if name == b"host"]
            if len(hosts) != 1 or host_name(hosts[0].decode("latin-1")) not in self._names:
                answer = PlainTextResponse("This console does not go by that name; see BRIDGEHEAD_PUBLIC_URL.\n", 421)
                await answer(scope, receive, send)
                return
        await self._app(scope, receive, send)


def host_name(host: str) -> str:
    """Returns the name in a ``Host`` header, without its port; empty for what is none (RFC 9110, section 7.2)."""
    if any(letter in host for letter in "/@?#\\ \t"):
        return ""
    try:
        found = urlsplit(f"//{host}")
        name = found.hostname if found.port != 0 else None  # a port that is none raises
    except ValueError:
        return ""
    return name or ""


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
