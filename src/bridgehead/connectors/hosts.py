"""Which hosts a connector may reach: every address is checked before a connection is made, wherever it came from."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from typing import Final

import httpx

from bridgehead.errors import Failed, UserError

_PORTS: Final = {"http": 80, "https": 443}


def base_url(text: str, *, connector: str, what: str = "connection.url") -> httpx.URL:
    """Returns an address that was written in a specification or its settings.

    Raises UserError ``connector.url`` when it is none, or when it holds a user or a password. The
    text itself is not repeated, because a secret may stand in it.
    """
    try:
        url = httpx.URL(text.strip())
    except httpx.InvalidURL:
        url = httpx.URL()
    if url.scheme not in _PORTS or not url.host:
        raise UserError(
            f"connector {connector}: {what} is no address", code="connector.url",
            hint="Write it as https://HOST or https://HOST:PORT/PATH, or set the variable that it names so.",
        )  # fmt: skip
    if url.userinfo:
        raise UserError(
            f"connector {connector}: {what} holds a user or a password", code="connector.url",
            hint="Take it out, and name it under auth.basic as env:NAME.",
        )  # fmt: skip
    return url


class Hosts:
    """The allow-list of one connector: the hosts that are listed, or the base URL's own host and port.

    A name without a port stands for every port of that host. Where the base is ``https``, plain
    ``http`` is allowed to this machine alone, so that no answer can make us send a secret in the clear.
    """

    def __init__(self, connector: str, base: httpx.URL, names: Iterable[str] = ()) -> None:
        self._connector = connector
        self._https_only = base.scheme == "https"
        listed = [_named(name) for name in names]
        self._listed = frozenset(listed or [(_host(base), _port(base))])
        self._seen: set[tuple[str, str, int | None]] = set()

    def check(self, url: httpx.URL) -> None:
        """Returns when ``url`` may be reached; raises Failed ``forbidden`` (``connector.host``, ``applied=False``)."""
        place = (url.scheme, url.host, url.port)
        if place in self._seen and not url.userinfo:
            return
        host, port = _host(url), _port(url)
        if url.scheme not in _PORTS or not host:
            raise self._forbidden(url, "it is no http or https address")
        if url.userinfo:
            raise self._forbidden(url, "it holds a user or a password")
        if (host, port) not in self._listed and (host, None) not in self._listed:
            raise self._forbidden(url, "it is not among the hosts that this connector may reach")
        if self._https_only and url.scheme == "http" and not is_loopback(host):
            raise self._forbidden(url, "it would leave https for plain http")
        self._seen.add(place)

    def _forbidden(self, url: httpx.URL, why: str) -> Failed:
        place = f"{url.host[:100]}:{url.port}" if url.port else url.host[:100]
        return Failed(
            f"connector {self._connector}: {place or 'an address without a host'} was not reached: {why}",
            error_class="forbidden",
            applied=False,
            hint="If the system really answers there, add the host to connection.hosts.",
            code="connector.host",
            connector=self._connector,
            host=place,
        )


def _named(name: str) -> tuple[str, int | None]:
    bare = f"[{name}]" if name.count(":") > 1 and not name.startswith("[") else name
    try:
        url = httpx.URL(f"any://{bare}")
    except httpx.InvalidURL:
        url = httpx.URL()
    if not url.host or url.path not in {"", "/"} or url.userinfo:
        raise UserError(f"connection.hosts: {name!r} is no host", code="connector.url", hint="Write NAME or NAME:PORT.")
    return _host(url), url.port


def _host(url: httpx.URL) -> str:
    return url.raw_host.decode("ascii", "replace").lower().rstrip(".").strip("[]")


def _port(url: httpx.URL) -> int | None:
    return url.port or _PORTS.get(url.scheme)


def is_loopback(host: str) -> bool:
    """Tells whether a host is this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
